//! The simulated disk behind the trait that the log and the snapshots are written against.
//!
//! It adds no behaviour: every rule of what survives what is in [`Disk`]. A newcomer needs to know one thing: a handle is bound
//! to one life of one process, and a handle of an earlier life does nothing any more.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use exchange_service::storage::{Operation, Storage, StorageError, StorageFile};

use super::{Disk, DiskError};

/// A disk that several processes of one machine use.
#[derive(Debug, Clone)]
pub struct SharedDisk {
    disk: Rc<RefCell<Disk>>,
    /// The broken variants of the simulator's own adapter.
    sync_is_a_lie: bool,
}

impl SharedDisk {
    /// Shares a disk.
    #[must_use]
    pub fn new(disk: Disk) -> Self {
        Self { disk: Rc::new(RefCell::new(disk)), sync_is_a_lie: false }
    }

    /// A handle whose syncs report success and do nothing: what the mutation check breaks.
    #[must_use]
    pub fn with_lying_sync(self) -> Self {
        Self { sync_is_a_lie: true, ..self }
    }

    /// Looks at the disk or changes it from outside, as a fault or a checker does.
    pub fn with<T>(&self, act: impl FnOnce(&mut Disk) -> T) -> T {
        act(&mut self.disk.borrow_mut())
    }

    /// A disk of its own with the same content, for checks that must not disturb the run.
    #[must_use]
    pub fn copy(&self) -> Self {
        let mut copy = self.disk.borrow().clone();
        copy.disarm();
        copy.make_room();
        copy.power_on();
        Self::new(copy)
    }
}

/// An open file of a [`SharedDisk`].
#[derive(Debug)]
pub struct SharedFile {
    disk: SharedDisk,
    name: String,
    file: u64,
}

impl Storage for SharedDisk {
    type File = SharedFile;

    fn list(&self) -> Result<Vec<String>, StorageError> {
        let disk = self.disk.borrow();
        if disk.has_no_power() {
            return Err(StorageError::new(Operation::List, "/", source(DiskError::NoPower)));
        }
        Ok(disk.names().map(str::to_owned).collect())
    }

    fn create(&self, name: &str, length: u64) -> Result<SharedFile, StorageError> {
        let mut disk = self.disk.borrow_mut();
        let fail = |error| StorageError::new(Operation::Create, name, source(error));
        let file = disk.create(name).map_err(fail)?;
        if length > 0 {
            disk.set_length(file, length).map_err(fail)?;
        }
        Ok(SharedFile { disk: self.clone(), name: name.to_owned(), file })
    }

    fn open(&self, name: &str) -> Result<SharedFile, StorageError> {
        let file = self.disk.borrow_mut().open(name);
        let file = file.map_err(|error| StorageError::new(Operation::Open, name, source(error)))?;
        Ok(SharedFile { disk: self.clone(), name: name.to_owned(), file })
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), StorageError> {
        let renamed = self.disk.borrow_mut().rename(from, to);
        renamed.map_err(|error| StorageError::new(Operation::Rename, from, source(error)))
    }

    fn remove(&self, name: &str) -> Result<(), StorageError> {
        let removed = self.disk.borrow_mut().remove(name);
        removed.map_err(|error| StorageError::new(Operation::Remove, name, source(error)))
    }

    fn sync_directory(&self) -> Result<(), StorageError> {
        if self.sync_is_a_lie {
            return Ok(());
        }
        let synced = self.disk.borrow_mut().sync_folder();
        synced.map_err(|error| StorageError::new(Operation::SyncDirectory, "/", source(error)))
    }
}

impl StorageFile for SharedFile {
    fn length(&self) -> Result<u64, StorageError> {
        let length = self.disk.disk.borrow().length(self.file);
        length.map_err(|error| StorageError::new(Operation::Length, &self.name, source(error)))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, StorageError> {
        let read = self.disk.disk.borrow().read(self.file, offset, buffer);
        read.map_err(|error| StorageError::at(Operation::Read, &self.name, offset, source(error)))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        let written = self.disk.disk.borrow_mut().write(self.file, offset, bytes);
        written.map_err(|error| StorageError::at(Operation::Write, &self.name, offset, source(error)))
    }

    fn set_length(&self, length: u64) -> Result<(), StorageError> {
        let set = self.disk.disk.borrow_mut().set_length(self.file, length);
        set.map_err(|error| StorageError::at(Operation::SetLength, &self.name, length, source(error)))
    }

    fn sync_data(&self) -> Result<(), StorageError> {
        if self.disk.sync_is_a_lie {
            return Ok(());
        }
        let synced = self.disk.disk.borrow_mut().sync(self.file);
        synced.map_err(|error| StorageError::new(Operation::SyncData, &self.name, source(error)))
    }
}

/// True where the simulated disk has failed on purpose. A name that is missing or taken is somebody's mistake.
#[must_use]
pub fn is_fault(error: &StorageError) -> bool {
    matches!(error.source.kind(), io::ErrorKind::Other | io::ErrorKind::StorageFull)
}

fn source(error: DiskError) -> io::Error {
    match error {
        DiskError::NotFound => io::ErrorKind::NotFound.into(),
        DiskError::Exists => io::ErrorKind::AlreadyExists.into(),
        DiskError::Full => io::ErrorKind::StorageFull.into(),
        DiskError::Fault => io::Error::other("the disk reports an error"),
        DiskError::NoPower => io::Error::other("the machine has lost its power"),
    }
}
