//! The simulated disk: files, a folder, a cache that a power loss empties, and faults that are armed for a later operation.
//!
//! It does not decide when a fault happens; the plan of the run does. A newcomer needs to know one thing: a process crash
//! loses nothing that was written, because the system keeps it; a power loss loses anything that was not synced, in one of the
//! ways of [`Loss`].

mod file;
mod storage;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

pub use file::{Loss, SECTOR_BYTES, SimFile};
pub use storage::{SharedDisk, is_fault};

use crate::random::Random;

/// What an armed fault does to the operation it meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskFault {
    /// A write fails and has written nothing.
    FailedWrite,
    /// A write fails and has written a part.
    TornWrite,
    /// A sync fails, and some of what it should have written is lost.
    FailedSync,
    /// The power goes in the middle of any operation.
    PowerLoss,
}

/// Why an operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskError {
    /// No file has this name.
    NotFound,
    /// A file has this name already.
    Exists,
    /// An armed fault.
    Fault,
    /// The disk is full.
    Full,
    /// The machine has no power.
    NoPower,
}

/// The names of a folder and the files behind them.
#[derive(Debug, Clone, Default)]
struct Folder {
    names: BTreeMap<String, u64>,
    /// What each name stood for before a change that no sync of the folder has followed.
    undo: Vec<Vec<(String, Option<u64>)>>,
}

/// One disk.
#[derive(Debug, Clone)]
pub struct Disk {
    folder: Folder,
    files: BTreeMap<u64, SimFile>,
    next_file: u64,
    random: Random,
    /// Bytes that all files together may have.
    capacity: u64,
    armed: Vec<(DiskFault, u64)>,
    no_power: bool,
    faults_met: u64,
    locks: BTreeSet<String>,
}

impl Disk {
    /// An empty disk.
    #[must_use]
    pub fn new(random: Random) -> Self {
        Self {
            folder: Folder::default(),
            files: BTreeMap::new(),
            next_file: 0,
            random,
            capacity: u64::MAX,
            armed: Vec::new(),
            no_power: false,
            faults_met: 0,
            locks: BTreeSet::new(),
        }
    }

    /// Gives the disk another source of chance: a copy has that of its original.
    pub fn reseed(&mut self, random: Random) {
        self.random = random;
    }

    /// Lets the operation after `operations` others of its kind meet a fault.
    pub fn arm(&mut self, fault: DiskFault, operations: u64) {
        self.armed.push((fault, operations));
    }

    /// Forgets the faults that have met nothing yet.
    pub fn disarm(&mut self) {
        self.armed.clear();
    }

    /// True while a fault waits for its operation.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        !self.armed.is_empty()
    }

    /// How many armed faults have met an operation.
    #[must_use]
    pub fn faults_met(&self) -> u64 {
        self.faults_met
    }

    /// Leaves this much free space.
    pub fn leave_free(&mut self, bytes: u64) {
        self.capacity = self.used() + bytes;
    }

    /// Makes room again.
    pub fn make_room(&mut self) {
        self.capacity = u64::MAX;
    }

    /// True after an armed power loss until [`power_on`](Self::power_on).
    #[must_use]
    pub fn has_no_power(&self) -> bool {
        self.no_power
    }

    /// The power goes: every file and the folder lose something.
    pub fn lose_power(&mut self, loss: Loss) {
        let undo = std::mem::take(&mut self.folder.undo);
        let kept = match loss {
            Loss::Nothing => undo.len(),
            Loss::Everything => 0,
            Loss::Prefix | Loss::TornSector | Loss::Reordered => self.random.index(undo.len() + 1),
        };
        for change in undo.into_iter().skip(kept).rev() {
            for (name, before) in change {
                match before {
                    Some(file) => self.folder.names.insert(name, file),
                    None => self.folder.names.remove(&name),
                };
            }
        }
        for file in self.files.values_mut() {
            file.lose(loss, &mut self.random);
        }
        let named: BTreeSet<u64> = self.folder.names.values().copied().collect();
        self.files.retain(|file, _| named.contains(file));
        self.no_power = true;
        self.armed.clear();
        self.locks.clear();
    }

    /// The power is back.
    pub fn power_on(&mut self) {
        self.no_power = false;
    }

    /// The process that held locks on this disk has ended.
    pub fn release_locks(&mut self) {
        self.locks.clear();
    }

    /// The names in the folder, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.folder.names.keys().map(String::as_str)
    }

    /// The content of a file.
    #[must_use]
    pub fn content(&self, name: &str) -> Option<&[u8]> {
        self.folder.names.get(name).and_then(|file| self.files.get(file)).map(SimFile::content)
    }

    /// Flips one bit of a file.
    pub fn flip(&mut self, name: &str, offset: usize, bit: u8) {
        if let Some(file) = self.folder.names.get(name).and_then(|file| self.files.get_mut(file)) {
            file.flip(offset, bit);
        }
    }

    /// The file behind a name.
    pub(crate) fn open(&mut self, name: &str) -> Result<u64, DiskError> {
        self.check_power()?;
        self.folder.names.get(name).copied().ok_or(DiskError::NotFound)
    }

    /// A new, empty file.
    pub(crate) fn create(&mut self, name: &str) -> Result<u64, DiskError> {
        self.check_power()?;
        if self.folder.names.contains_key(name) {
            return Err(DiskError::Exists);
        }
        match self.fault(&[DiskFault::FailedWrite, DiskFault::PowerLoss]) {
            Some(DiskFault::PowerLoss) => return Err(self.cut_power()),
            Some(_) => return Err(DiskError::Fault),
            None => {}
        }
        self.next_file += 1;
        self.files.insert(self.next_file, SimFile::default());
        self.folder.names.insert(name.to_owned(), self.next_file);
        self.folder.undo.push(vec![(name.to_owned(), None)]);
        Ok(self.next_file)
    }

    /// Gives a file another name, in place of what had it.
    pub(crate) fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        self.check_power()?;
        let file = self.folder.names.get(from).copied().ok_or(DiskError::NotFound)?;
        if let Some(DiskFault::PowerLoss) = self.fault(&[DiskFault::PowerLoss]) {
            return Err(self.cut_power());
        }
        self.folder.names.remove(from);
        let before = self.folder.names.insert(to.to_owned(), file);
        self.folder.undo.push(vec![(from.to_owned(), Some(file)), (to.to_owned(), before)]);
        Ok(())
    }

    /// Takes a name away. The space comes back with the next power cycle or at once; nobody here depends on which.
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), DiskError> {
        self.check_power()?;
        if !self.folder.names.contains_key(name) {
            return Err(DiskError::NotFound);
        }
        if let Some(DiskFault::PowerLoss) = self.fault(&[DiskFault::PowerLoss]) {
            return Err(self.cut_power());
        }
        let file = self.folder.names.remove(name).ok_or(DiskError::NotFound)?;
        self.folder.undo.push(vec![(name.to_owned(), Some(file))]);
        Ok(())
    }

    /// Makes the names durable.
    pub(crate) fn sync_folder(&mut self) -> Result<(), DiskError> {
        self.check_power()?;
        match self.fault(&[DiskFault::FailedSync, DiskFault::PowerLoss]) {
            Some(DiskFault::PowerLoss) => Err(self.cut_power()),
            Some(_) => Err(DiskError::Fault),
            None => {
                self.folder.undo.clear();
                Ok(())
            }
        }
    }

    /// How long a file is, in bytes.
    pub(crate) fn length(&self, file: u64) -> Result<u64, DiskError> {
        self.check_power()?;
        self.files.get(&file).map(|file| file.content().len() as u64).ok_or(DiskError::NotFound)
    }

    /// Reads as much as there is, at most what fits.
    pub(crate) fn read(&self, file: u64, offset: u64, into: &mut [u8]) -> Result<usize, DiskError> {
        self.check_power()?;
        let content = self.files.get(&file).ok_or(DiskError::NotFound)?.content();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let count = into.len().min(content.len() - start);
        into[..count].copy_from_slice(&content[start..start + count]);
        Ok(count)
    }

    /// Writes all of this.
    pub(crate) fn write(&mut self, file: u64, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        self.check_power()?;
        let length = self.length(file)?;
        let grown = (offset + bytes.len() as u64).saturating_sub(length);
        if !self.has_room(grown) {
            return Err(DiskError::Full);
        }
        let fault = self.fault(&[DiskFault::FailedWrite, DiskFault::TornWrite, DiskFault::PowerLoss]);
        let count = match fault {
            None => bytes.len(),
            Some(DiskFault::FailedWrite) => 0,
            Some(_) => self.random.index(bytes.len() + 1),
        };
        if let Some(file) = self.files.get_mut(&file)
            && count > 0
        {
            file.write(usize::try_from(offset).unwrap_or(usize::MAX), &bytes[..count]);
        }
        match fault {
            None => Ok(()),
            Some(DiskFault::PowerLoss) => Err(self.cut_power()),
            Some(_) => Err(DiskError::Fault),
        }
    }

    /// Makes a file this long.
    pub(crate) fn set_length(&mut self, file: u64, length: u64) -> Result<(), DiskError> {
        self.check_power()?;
        let before = self.length(file)?;
        if !self.has_room(length.saturating_sub(before)) {
            return Err(DiskError::Full);
        }
        match self.fault(&[DiskFault::FailedWrite, DiskFault::PowerLoss]) {
            Some(DiskFault::PowerLoss) => return Err(self.cut_power()),
            Some(_) => return Err(DiskError::Fault),
            None => {}
        }
        if let Some(file) = self.files.get_mut(&file) {
            file.set_length(usize::try_from(length).unwrap_or(usize::MAX));
        }
        Ok(())
    }

    /// Makes the content of a file durable.
    pub(crate) fn sync(&mut self, file: u64) -> Result<(), DiskError> {
        self.check_power()?;
        match self.fault(&[DiskFault::FailedSync, DiskFault::PowerLoss]) {
            Some(DiskFault::PowerLoss) => Err(self.cut_power()),
            Some(_) => {
                // Either the system drops pages it could not write, at once, and nobody is told which; or it believes that it
                // has written them, shows them to every reader, and forgets them when the power goes.
                if self.random.permille(500) {
                    if let Some(file) = self.files.get_mut(&file) {
                        file.believe_clean();
                    }
                    return Err(DiskError::Fault);
                }
                let loss = *self.random.pick(&Loss::ALL).unwrap_or(&Loss::Everything);
                let mut random = self.random.fork();
                if let Some(file) = self.files.get_mut(&file) {
                    file.lose(loss, &mut random);
                }
                Err(DiskError::Fault)
            }
            None => {
                if let Some(file) = self.files.get_mut(&file) {
                    file.sync();
                }
                Ok(())
            }
        }
    }

    fn used(&self) -> u64 {
        self.files.values().map(|file| file.content().len() as u64).sum()
    }

    fn has_room(&self, bytes: u64) -> bool {
        bytes == 0 || self.capacity == u64::MAX || self.used().saturating_add(bytes) <= self.capacity
    }

    fn check_power(&self) -> Result<(), DiskError> {
        if self.no_power { Err(DiskError::NoPower) } else { Ok(()) }
    }

    fn cut_power(&mut self) -> DiskError {
        let loss = *self.random.pick(&Loss::ALL).unwrap_or(&Loss::Everything);
        self.lose_power(loss);
        DiskError::NoPower
    }

    /// The armed fault that this operation meets. All faults of these kinds come one operation closer.
    fn fault(&mut self, kinds: &[DiskFault]) -> Option<DiskFault> {
        let mut met = None;
        for (index, (fault, left)) in self.armed.iter_mut().enumerate() {
            if kinds.contains(fault) {
                if *left == 0 {
                    met = met.or(Some(index));
                } else {
                    *left -= 1;
                }
            }
        }
        met.map(|index| {
            self.faults_met += 1;
            self.armed.remove(index).0
        })
    }
}
