//! [`Storage`] in memory, for tests: counts operations, fails where it is told to, runs full, and loses power.
//!
//! It keeps for each file what is durable, what a reader sees now, and the changes between the two, so that
//! [`MemoryStorage::lose_power`] can keep any part of them that the rules of the parent module allow.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Operation, SECTOR, Storage, StorageError, StorageFile};

/// Makes one operation fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Which kind of operation.
    pub operation: Operation,
    /// How many of that kind succeed before it.
    pub after: u64,
    /// What it says.
    pub kind: io::ErrorKind,
}

/// A folder in memory. Cloning gives another handle to the same folder.
#[derive(Debug, Clone, Default)]
pub struct MemoryStorage {
    disk: Arc<Mutex<Disk>>,
}

/// An open file of a [`MemoryStorage`]. It outlives its name, as an open file does.
#[derive(Debug)]
pub struct MemoryFile {
    disk: Arc<Mutex<Disk>>,
    name: String,
    inode: u64,
}

#[derive(Debug, Default)]
struct Disk {
    inodes: BTreeMap<u64, Inode>,
    inode_next: u64,
    names: BTreeMap<String, u64>,
    names_durable: BTreeMap<String, u64>,
    names_changed: Vec<Naming>,
    faults: Vec<Fault>,
    bytes_max: Option<u64>,
}

#[derive(Debug, Default)]
struct Inode {
    now: Vec<u8>,
    durable: Vec<u8>,
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    SetLength(usize),
}

#[derive(Debug)]
enum Naming {
    Link(String, u64),
    Rename(String, String),
    Unlink(String),
}

impl MemoryStorage {
    /// An empty folder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Plans a fault. Each happens once.
    pub fn fail(&self, fault: Fault) {
        self.disk().faults.push(fault);
    }

    /// From now on the files may hold this many bytes together; more is "disk full".
    pub fn limit(&self, bytes_max: u64) {
        self.disk().bytes_max = Some(bytes_max);
    }

    /// Forgets all faults that have not happened, and the limit.
    pub fn heal(&self) {
        let mut disk = self.disk();
        disk.faults.clear();
        disk.bytes_max = None;
    }

    /// The content of a file as a reader sees it now.
    #[must_use]
    pub fn content(&self, name: &str) -> Option<Vec<u8>> {
        let disk = self.disk();
        let inode = disk.names.get(name)?;
        Some(disk.inodes.get(inode)?.now.clone())
    }

    /// Puts a file there, durably, in place of any of that name.
    pub fn put(&self, name: &str, content: Vec<u8>) {
        let mut disk = self.disk();
        let inode = disk.inode_next;
        disk.inode_next += 1;
        disk.inodes.insert(inode, Inode { now: content.clone(), durable: content, changes: Vec::new() });
        disk.names.insert(name.to_owned(), inode);
        disk.names_durable.insert(name.to_owned(), inode);
    }

    /// Another folder with the same files, all durable, without faults or limit.
    #[must_use]
    pub fn copy(&self) -> Self {
        let other = Self::new();
        let disk = self.disk();
        for (name, inode) in &disk.names {
            other.put(name, disk.inodes[inode].now.clone());
        }
        drop(disk);
        other
    }

    /// A crash of the machine. `keep` is asked about every sector written and every change of name or length since the last
    /// sync, in order, and decides whether the crash kept it. Handles that are still open must not be used any more.
    pub fn lose_power(&self, keep: &mut dyn FnMut() -> bool) {
        let mut guard = self.disk();
        let disk = &mut *guard;
        for naming in disk.names_changed.drain(..) {
            if !keep() {
                break;
            }
            apply_naming(&mut disk.names_durable, naming);
        }
        disk.names_changed.clear();
        disk.names = disk.names_durable.clone();
        for inode in disk.inodes.values_mut() {
            let mut content = std::mem::take(&mut inode.durable);
            for change in inode.changes.drain(..) {
                match change {
                    Change::SetLength(length) => {
                        if keep() {
                            content.resize(length, 0);
                        }
                    }
                    Change::Write { offset, bytes } => {
                        let mut from = 0;
                        while from < bytes.len() {
                            let sector_end = (offset + from) / SECTOR * SECTOR + SECTOR;
                            let to = (sector_end - offset).min(bytes.len());
                            if keep() {
                                write(&mut content, offset + from, &bytes[from..to]);
                            }
                            from = to;
                        }
                    }
                }
            }
            inode.now = content.clone();
            inode.durable = content;
        }
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        lock(&self.disk)
    }

    fn handle(&self, name: &str, inode: u64) -> MemoryFile {
        MemoryFile { disk: Arc::clone(&self.disk), name: name.to_owned(), inode }
    }
}

impl Disk {
    /// Consumes the fault that is due for this operation, if any.
    fn fault(&mut self, operation: Operation) -> Result<(), io::Error> {
        let mut due = None;
        self.faults.retain_mut(|fault| {
            if fault.operation != operation {
                return true;
            }
            if fault.after == 0 && due.is_none() {
                due = Some(fault.kind);
                return false;
            }
            fault.after = fault.after.saturating_sub(1);
            true
        });
        due.map_or(Ok(()), |kind| Err(io::Error::new(kind, "injected fault")))
    }

    /// How many of `bytes` more bytes still fit.
    fn room(&self, bytes: u64) -> u64 {
        let Some(bytes_max) = self.bytes_max else { return bytes };
        let used: u64 = self.names.values().map(|inode| self.inodes[inode].now.len() as u64).sum();
        bytes_max.saturating_sub(used).min(bytes)
    }

    fn naming(&mut self, naming: Naming) {
        let copy = match &naming {
            Naming::Link(name, inode) => Naming::Link(name.clone(), *inode),
            Naming::Rename(from, to) => Naming::Rename(from.clone(), to.clone()),
            Naming::Unlink(name) => Naming::Unlink(name.clone()),
        };
        apply_naming(&mut self.names, naming);
        self.names_changed.push(copy);
    }
}

impl Storage for MemoryStorage {
    type File = MemoryFile;

    fn list(&self) -> Result<Vec<String>, StorageError> {
        let mut disk = self.disk();
        disk.fault(Operation::List).map_err(|source| StorageError::new(Operation::List, "memory", source))?;
        Ok(disk.names.keys().cloned().collect())
    }

    fn create(&self, name: &str, length: u64) -> Result<MemoryFile, StorageError> {
        let fail = |source| StorageError::new(Operation::Create, name, source);
        let mut disk = self.disk();
        if disk.names.contains_key(name) {
            return Err(fail(io::ErrorKind::AlreadyExists.into()));
        }
        let result = disk.fault(Operation::Create);
        let room = disk.room(length);
        let inode = disk.inode_next;
        disk.inode_next += 1;
        let bytes = vec![0; index(if result.is_ok() { room } else { room / 2 })];
        let changes = vec![Change::Write { offset: 0, bytes: bytes.clone() }];
        disk.inodes.insert(inode, Inode { now: bytes, durable: Vec::new(), changes });
        disk.naming(Naming::Link(name.to_owned(), inode));
        result.map_err(fail)?;
        if room < length {
            return Err(fail(io::ErrorKind::StorageFull.into()));
        }
        drop(disk);
        Ok(self.handle(name, inode))
    }

    fn open(&self, name: &str) -> Result<MemoryFile, StorageError> {
        let fail = |source| StorageError::new(Operation::Open, name, source);
        let mut disk = self.disk();
        disk.fault(Operation::Open).map_err(fail)?;
        let inode = *disk.names.get(name).ok_or_else(|| fail(io::ErrorKind::NotFound.into()))?;
        drop(disk);
        Ok(self.handle(name, inode))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), StorageError> {
        let fail = |source| StorageError::new(Operation::Rename, from, source);
        let mut disk = self.disk();
        disk.fault(Operation::Rename).map_err(fail)?;
        if !disk.names.contains_key(from) {
            return Err(fail(io::ErrorKind::NotFound.into()));
        }
        disk.naming(Naming::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), StorageError> {
        let fail = |source| StorageError::new(Operation::Remove, name, source);
        let mut disk = self.disk();
        disk.fault(Operation::Remove).map_err(fail)?;
        if !disk.names.contains_key(name) {
            return Err(fail(io::ErrorKind::NotFound.into()));
        }
        disk.naming(Naming::Unlink(name.to_owned()));
        Ok(())
    }

    fn sync_directory(&self) -> Result<(), StorageError> {
        let mut disk = self.disk();
        disk.fault(Operation::SyncDirectory)
            .map_err(|source| StorageError::new(Operation::SyncDirectory, "memory", source))?;
        disk.names_durable = disk.names.clone();
        disk.names_changed.clear();
        Ok(())
    }
}

impl MemoryFile {
    fn with<T>(
        &self,
        operation: Operation,
        offset: Option<u64>,
        body: impl FnOnce(&mut Disk, u64) -> Result<T, io::Error>,
    ) -> Result<T, StorageError> {
        let mut disk = lock(&self.disk);
        let result = body(&mut disk, self.inode);
        result.map_err(|source| StorageError { operation, file: self.name.clone(), offset, source })
    }
}

impl StorageFile for MemoryFile {
    fn length(&self) -> Result<u64, StorageError> {
        self.with(Operation::Length, None, |disk, inode| {
            disk.fault(Operation::Length)?;
            Ok(disk.inodes[&inode].now.len() as u64)
        })
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, StorageError> {
        self.with(Operation::Read, Some(offset), |disk, inode| {
            disk.fault(Operation::Read)?;
            let rest = disk.inodes[&inode].now.get(index(offset)..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        self.with(Operation::Write, Some(offset), |disk, inode| {
            let result = disk.fault(Operation::Write);
            let end = offset + bytes.len() as u64;
            let more = end.saturating_sub(disk.inodes[&inode].now.len() as u64);
            let missing = more - disk.room(more);
            // A write that fails has written some of its bytes: half where a fault says so, what fits where the disk is full.
            let count =
                if result.is_err() { bytes.len() / 2 } else { bytes.len() - index(missing).min(bytes.len()) };
            let file = disk.inodes.get_mut(&inode).ok_or(io::ErrorKind::NotFound)?;
            write(&mut file.now, index(offset), &bytes[..count]);
            file.changes.push(Change::Write { offset: index(offset), bytes: bytes[..count].to_vec() });
            result?;
            if missing > 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        })
    }

    fn set_length(&self, length: u64) -> Result<(), StorageError> {
        self.with(Operation::SetLength, Some(length), |disk, inode| {
            disk.fault(Operation::SetLength)?;
            let file = disk.inodes.get_mut(&inode).ok_or(io::ErrorKind::NotFound)?;
            file.now.resize(index(length), 0);
            file.changes.push(Change::SetLength(index(length)));
            Ok(())
        })
    }

    fn sync_data(&self) -> Result<(), StorageError> {
        self.with(Operation::SyncData, None, |disk, inode| {
            let result = disk.fault(Operation::SyncData);
            let file = disk.inodes.get_mut(&inode).ok_or(io::ErrorKind::NotFound)?;
            let changes = std::mem::take(&mut file.changes);
            // A sync that fails loses the changes, and the reader goes on seeing them: as Linux does it.
            result?;
            for change in changes {
                match change {
                    Change::SetLength(length) => file.durable.resize(length, 0),
                    Change::Write { offset, bytes } => write(&mut file.durable, offset, &bytes),
                }
            }
            Ok(())
        })
    }
}

fn write(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

fn apply_naming(names: &mut BTreeMap<String, u64>, naming: Naming) {
    match naming {
        Naming::Link(name, inode) => {
            names.insert(name, inode);
        }
        Naming::Rename(from, to) => {
            if let Some(inode) = names.remove(&from) {
                names.insert(to, inode);
            }
        }
        Naming::Unlink(name) => {
            names.remove(&name);
        }
    }
}

/// Offsets of files in memory fit a `usize`, or the allocation fails long before.
fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// A panic elsewhere in a test must not hide behind a poisoned lock.
fn lock(disk: &Mutex<Disk>) -> MutexGuard<'_, Disk> {
    disk.lock().unwrap_or_else(PoisonError::into_inner)
}
