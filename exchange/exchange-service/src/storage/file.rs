//! [`Storage`] on a folder of the file system.
//!
//! The folder belongs to one process at a time: an advisory lock on the file [`LOCK_FILE`] is held for as long as any handle
//! lives, and the operating system drops it with the process, however that ends.

#![expect(clippy::disallowed_types, reason = "this is the file that touches the disk")]

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

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
    directory: Directory,
    /// Held for its lock.
    _lock: File,
}

/// The open folder itself, for making names durable.
///
/// The operating system reports a failed sync *once* for each handle, to whoever asks first. The log and the snapshots share this
/// one: without a memory the snapshots would hear of it, and the log would be told next that all is well.
#[derive(Debug)]
struct Directory {
    file: File,
    /// What failed. Held during a sync, so that nobody asks between a failure and its note.
    failed: Mutex<Option<(io::ErrorKind, String)>>,
}

impl Directory {
    fn sync(&self, sync: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((kind, text)) = &*failed {
            return Err(io::Error::new(*kind, format!("an earlier sync failed: {text}")));
        }
        sync(&self.file).inspect_err(|error| *failed = Some((error.kind(), error.to_string())))
    }
}

impl FileStorage {
    /// Makes the folder where it is missing and takes possession of it.
    ///
    /// # Errors
    /// When it cannot be made or read, or another process owns it ([`io::ErrorKind::WouldBlock`]).
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let name = path.display().to_string();
        let fail = |source| StorageError::new(Operation::Lock, name.clone(), source);
        let changed = holders(path);
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
        // The folder itself may be new; its name is durable only once the folder that holds it is synced.
        for holder in changed {
            File::open(holder).and_then(|holder| holder.sync_all()).map_err(fail)?;
        }
        let directory = Directory { file: directory, failed: Mutex::new(None) };
        Ok(Self { folder: Arc::new(Folder { path: path.to_owned(), directory, _lock: lock }) })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path.join(name)
    }
}

/// The folders that hold a name which making `path` makes: its parent always, for the process before may have made it and ended
/// before it was synced; and further up for as long as the folder is missing.
fn holders(path: &Path) -> Vec<PathBuf> {
    let mut holders = Vec::new();
    for ancestor in path.ancestors().skip(1) {
        // The parent of a relative path of one name is written as nothing.
        let here = if ancestor.as_os_str().is_empty() { Path::new(".") } else { ancestor };
        holders.push(here.to_owned());
        if here.exists() {
            break;
        }
    }
    holders
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
            // Links and folders, too: a segment that somebody moved away and linked must not seem to be gone.
            if name != LOCK_FILE {
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
        folder.directory.sync(File::sync_all).map_err(|source| {
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
    fn every_folder_that_gets_a_new_name_is_synced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert_eq!(holders(&at("a/b/c")), [at("a/b"), at("a"), folder.path().to_owned()]);
        FileStorage::open(&at("a/b/c")).unwrap();
        assert_eq!(holders(&at("a/b/c")), [at("a/b")]);
        assert_eq!(holders(Path::new("log")), [Path::new(".")]);
    }

    #[test]
    fn a_failed_sync_of_the_directory_is_told_to_everyone_who_asks_later() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory { file: File::open(folder.path()).unwrap(), failed: Mutex::new(None) };
        directory.sync(File::sync_all).unwrap();
        directory.sync(|_| Err(io::Error::other("the disk is gone"))).unwrap_err();
        let error = directory.sync(File::sync_all).unwrap_err();
        assert_eq!(error.to_string(), "an earlier sync failed: the disk is gone");
    }

    #[test]
    fn a_file_that_is_only_linked_to_is_listed_and_read() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let storage = FileStorage::open(folder.path()).unwrap();
        fs::write(elsewhere.path().join("moved"), b"x").unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join("moved"), folder.path().join("1.log")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join("gone"), folder.path().join("2.log")).unwrap();
        assert_eq!(storage.list().unwrap(), ["1.log", "2.log"]);
        assert_eq!(storage.open("1.log").unwrap().length().unwrap(), 1);
        assert!(storage.open("2.log").unwrap_err().is_missing());
    }

    #[test]
    fn a_folder_that_is_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::write(&path, b"x").unwrap();
        assert_eq!(FileStorage::open(&path).unwrap_err().operation, Operation::Lock);
    }
}
