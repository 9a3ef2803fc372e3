//! What the log and the snapshots need of a disk, as a trait: so that the same code runs on files and in a simulation.
//!
//! Nothing here knows what a segment or a snapshot is. A newcomer needs to know one thing: **nothing is durable until it is
//! synced, and there are two syncs**. The bytes of a file are durable after [`StorageFile::sync_data`]; that a *name* exists,
//! was changed or is gone is durable after [`Storage::sync_directory`]. Until then a crash may keep any part of it.
//!
//! # What a crash may do
//!
//! The code above relies on exactly this and on no more, and a simulated disk should be as hostile as this allows:
//!
//! - Whatever was synced stays as it was.
//! - Of the writes to a file since its last completed sync, each sector of [`SECTOR`] bytes is old or new, each for
//!   itself: writes may be dropped, torn between sectors and reordered. A sector that is overwritten with the bytes it
//!   already holds keeps them; this is why a batch may share a sector with the one before.
//! - Truncations take part in the same lottery; so do creations, renames and removals until the directory is synced, but of
//!   those a crash keeps a *prefix*: journalling file systems order them. A file whose name is lost is lost.
//! - The end of a *process* loses nothing: what was written can be read by the next process although it is not durable.
//!   Recovery must therefore sync what it reads before it relies on it.
//! - After a failed sync nothing is known about the unsynced bytes, not even after a later sync succeeds: the operating
//!   system may have marked them clean. So nobody retries a sync; see `log`.

mod error;
mod file;
mod memory;

pub use error::{Operation, StorageError};
pub use file::{FileStorage, FileStorageFile};
pub use memory::{Fault, MemoryFile, MemoryStorage};

/// The unit that a disk writes as a whole, in bytes.
///
/// Half a kibibyte is what every disk in use guarantees; most promise four.
pub const SECTOR: usize = 512;

/// A flat folder of files with names. Cloning gives another handle to the same folder.
pub trait Storage: Clone {
    /// An open file.
    type File: StorageFile;

    /// All names in the folder, in ascending order, whatever they stand for.
    ///
    /// # Errors
    /// When the folder cannot be read, or a name is not UTF-8.
    fn list(&self) -> Result<Vec<String>, StorageError>;

    /// Makes a file that did not exist, with `length` zero bytes whose room on the disk is taken.
    ///
    /// The zeroes are *written*, not merely reserved: the first write into reserved room changes metadata too, and then a
    /// sync of data pays for a commit of the file system's journal (measured: half as fast again at 13 kB per sync).
    ///
    /// Neither the zeroes nor the name are durable when this returns.
    ///
    /// # Errors
    /// When the name is taken, or the disk is full: a file that could not be filled is left for the caller to remove.
    fn create(&self, name: &str, length: u64) -> Result<Self::File, StorageError>;

    /// Opens a file that exists.
    ///
    /// # Errors
    /// When it does not, or may not be read and written.
    fn open(&self, name: &str) -> Result<Self::File, StorageError>;

    /// Gives a file another name; a file of that name is replaced in one step. Durable after
    /// [`sync_directory`](Self::sync_directory).
    ///
    /// # Errors
    /// When there is no such file, or the folder cannot be changed.
    fn rename(&self, from: &str, to: &str) -> Result<(), StorageError>;

    /// Takes a name away. Durable after [`sync_directory`](Self::sync_directory).
    ///
    /// # Errors
    /// When there is no such file, or the folder cannot be changed.
    fn remove(&self, name: &str) -> Result<(), StorageError>;

    /// Makes all creations, renames and removals so far durable.
    ///
    /// # Errors
    /// When the disk does not confirm. What holds then is unknown; do not retry.
    fn sync_directory(&self) -> Result<(), StorageError>;
}

/// An open file. All offsets and lengths are in bytes.
pub trait StorageFile {
    /// Its length.
    ///
    /// # Errors
    /// When the disk fails.
    fn length(&self) -> Result<u64, StorageError>;

    /// Fills `buffer` from `offset` and returns how many bytes there were: fewer than asked for only at the end of the file.
    ///
    /// # Errors
    /// When the disk fails.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, StorageError>;

    /// Writes all of `bytes` at `offset`, growing the file where needed. Not durable until [`sync_data`](Self::sync_data).
    ///
    /// # Errors
    /// When the disk fails or is full; some of the bytes may then have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), StorageError>;

    /// Cuts the file to `length`, or extends it with zeroes. Not durable until [`sync_data`](Self::sync_data).
    ///
    /// # Errors
    /// When the disk fails.
    fn set_length(&self, length: u64) -> Result<(), StorageError>;

    /// Makes every write and change of length so far durable. The one boundary: what happened before a sync that returned
    /// `Ok` survives any crash, what happened after it may not.
    ///
    /// # Errors
    /// When the disk does not confirm. What holds then is unknown; do not retry.
    fn sync_data(&self) -> Result<(), StorageError>;
}
