//! [`Storage`] on a folder of the file system.
//!
//! The folder belongs to one process at a time: an advisory lock on the file [`LOCK_FILE`] is held for as long as any handle
//! lives, and the operating system drops it with the process, however that ends.

#![expect(clippy::disallowed_types, reason = "this is the file that touches the disk")]

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Operation, Storage, StorageError, StorageFile};

/// The file whose lock says that the folder is owned. It is not listed, and it stays when the owner goes.
pub(crate) const LOCK_FILE: &str = "lock";

/// How many zeroes are written at a time when a file is made. Larger pieces do not make it faster.
const ZEROES: usize = 1 << 20;

/// A folder that this process owns.
#[derive(Debug, Clone)]
pub struct FileStorage {
    folder: Arc<Folder>,
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Open so that the directory can be synced.
    directory: File,
    /// Held for its lock.
    _lock: File,
}

impl FileStorage {
    /// Makes the folder where it is missing and takes possession of it.
    ///
    /// # Errors
    /// When it cannot be made or read, or another process owns it ([`io::ErrorKind::WouldBlock`]).
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let name = path.display().to_string();
        let fail = |source| StorageError::new(Operation::Lock, name.clone(), source);
        fs::create_dir_all(path).map_err(fail)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join(LOCK_FILE))
            .map_err(fail)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                fail(io::Error::new(io::ErrorKind::WouldBlock, "another process owns this folder"))
            }
            TryLockError::Error(source) => fail(source),
        })?;
        let directory = File::open(path).map_err(fail)?;
        // The folder itself may be new; its name is durable only once its parent is synced.
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(parent).and_then(|parent| parent.sync_all()).map_err(fail)?;
        }
        Ok(Self { folder: Arc::new(Folder { path: path.to_owned(), directory, _lock: lock }) })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path.join(name)
    }
}

impl Storage for FileStorage {
    type File = FileStorageFile;

    fn list(&self) -> Result<Vec<String>, StorageError> {
        let folder = self.folder.path.display().to_string();
        let fail = |source| StorageError::new(Operation::List, folder.clone(), source);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder.path).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let name = entry.file_name().into_string().map_err(|name| {
                let text = format!("the name {name:?} is not UTF-8");
                fail(io::Error::new(io::ErrorKind::InvalidData, text))
            })?;
            if name != LOCK_FILE && entry.file_type().map_err(fail)?.is_file() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn create(&self, name: &str, length: u64) -> Result<FileStorageFile, StorageError> {
        let fail = |source| StorageError::new(Operation::Create, name, source);
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).open(self.path(name)).map_err(fail)?;
        let zeroes = vec![0; ZEROES];
        let mut offset = 0;
        while offset < length {
            let piece = usize::try_from(length - offset).map_or(ZEROES, |rest| rest.min(ZEROES));
            file.write_all_at(&zeroes[..piece], offset).map_err(fail)?;
            offset += piece as u64;
        }
        Ok(FileStorageFile { name: name.to_owned(), file })
    }

    fn open(&self, name: &str) -> Result<FileStorageFile, StorageError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.path(name))
            .map_err(|source| StorageError::new(Operation::Open, name, source))?;
        Ok(FileStorageFile { name: name.to_owned(), file })
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), StorageError> {
        fs::rename(self.path(from), self.path(to))
            .map_err(|source| StorageError::new(Operation::Rename, from, source))
    }

    fn remove(&self, name: &str) -> Result<(), StorageError> {
        fs::remove_file(self.path(name)).map_err(|source| StorageError::new(Operation::Remove, name, source))
    }

    fn sync_directory(&self) -> Result<(), StorageError> {
        let folder = &self.folder;
        folder.directory.sync_all().map_err(|source| {
            StorageError::new(Operation::SyncDirectory, folder.path.display().to_string(), source)
        })
    }
}

/// An open file of a [`FileStorage`].
#[derive(Debug)]
pub struct FileStorageFile {
    name: String,
    file: File,
}

impl StorageFile for FileStorageFile {
    fn length(&self) -> Result<u64, StorageError> {
        let metadata = self.file.metadata();
        Ok(metadata.map_err(|source| StorageError::new(Operation::Length, &self.name, source))?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, StorageError> {
        let mut done = 0;
        while done < buffer.len() {
            match self.file.read_at(&mut buffer[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(StorageError::at(Operation::Read, &self.name, offset, source)),
            }
        }
        Ok(done)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        self.file
            .write_all_at(bytes, offset)
            .map_err(|source| StorageError::at(Operation::Write, &self.name, offset, source))
    }

    fn set_length(&self, length: u64) -> Result<(), StorageError> {
        self.file
            .set_len(length)
            .map_err(|source| StorageError::at(Operation::SetLength, &self.name, length, source))
    }

    fn sync_data(&self) -> Result<(), StorageError> {
        self.file.sync_data().map_err(|source| StorageError::new(Operation::SyncData, &self.name, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_and_is_free_again_when_the_owner_goes() {
        let folder = tempfile::tempdir().unwrap();
        let first = FileStorage::open(folder.path()).unwrap();
        let handle = first.clone();
        drop(first);
        let error = FileStorage::open(folder.path()).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(error.source.to_string(), "another process owns this folder");
        drop(handle);
        FileStorage::open(folder.path()).unwrap();
    }

    #[test]
    fn a_folder_that_is_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::write(&path, b"x").unwrap();
        assert_eq!(FileStorage::open(&path).unwrap_err().operation, Operation::Lock);
    }
}
