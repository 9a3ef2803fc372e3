//! How many files a log keeps open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::storage::{MemoryFile, StorageError, StorageFile};

/// A folder that counts the files which are open.
#[derive(Debug, Clone)]
struct Counted {
    storage: MemoryStorage,
    open: Arc<()>,
    open_max: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct CountedFile {
    file: MemoryFile,
    _open: Arc<()>,
}

impl Counted {
    fn file(&self, file: MemoryFile) -> CountedFile {
        let open = Arc::clone(&self.open);
        self.open_max.fetch_max(Arc::strong_count(&self.open), Ordering::SeqCst);
        CountedFile { file, _open: open }
    }
}

impl Storage for Counted {
    type File = CountedFile;

    fn list(&self) -> Result<Vec<String>, StorageError> {
        self.storage.list()
    }

    fn create(&self, name: &str, length: u64) -> Result<CountedFile, StorageError> {
        Ok(self.file(self.storage.create(name, length)?))
    }

    fn open(&self, name: &str) -> Result<CountedFile, StorageError> {
        Ok(self.file(self.storage.open(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), StorageError> {
        self.storage.rename(from, to)
    }

    fn remove(&self, name: &str) -> Result<(), StorageError> {
        self.storage.remove(name)
    }

    fn sync_directory(&self) -> Result<(), StorageError> {
        self.storage.sync_directory()
    }
}

impl StorageFile for CountedFile {
    fn length(&self) -> Result<u64, StorageError> {
        self.file.length()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, StorageError> {
        self.file.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        self.file.write_at(offset, bytes)
    }

    fn set_length(&self, length: u64) -> Result<(), StorageError> {
        self.file.set_length(length)
    }

    fn sync_data(&self) -> Result<(), StorageError> {
        self.file.sync_data()
    }
}

#[test]
fn a_log_of_many_segments_is_opened_with_a_few_open_files() {
    let storage = MemoryStorage::new();
    let (mut log, _) = open(&storage, 1);
    for _ in 0..500 {
        commit(&mut log, &["a record of some length"]);
    }
    drop(log);
    let open_max = Arc::new(AtomicUsize::new(0));
    let counted = Counted { storage, open: Arc::new(()), open_max: Arc::clone(&open_max) };
    let (log, recovery) = SegmentedLog::open(counted, SMALL, Epoch(2)).unwrap();
    assert!(recovery.segments > 10 && log.durable() == Sequence(500));
    // The count begins with the folder's own handle, which the log's own copies of the folder add to.
    let most = open_max.load(Ordering::SeqCst);
    assert!(most < 10, "{most} handles for {} segments", recovery.segments);
}
