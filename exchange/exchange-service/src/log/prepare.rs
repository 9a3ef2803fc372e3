//! The next segment, made while the one before is written.
//!
//! Not responsible for when it is used. A newcomer needs to know one thing: what is made here has the name of a leftover until
//! the log begins it, so a crash at any time leaves nothing that recovery would look into.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::segment::SPARE;
use crate::storage::{Operation, Storage, StorageError, StorageFile};

/// How many bytes are written between two syncs: one sync of all at once would make the log's next sync wait behind it.
const SYNC_EVERY: usize = 1 << 20;

/// A thread that makes one segment at a time.
#[derive(Debug)]
pub(crate) struct Preparer<F> {
    /// Closed to end the thread. One request at most is under way, so sending never waits.
    requests: Option<SyncSender<u64>>,
    made: Receiver<Result<F, StorageError>>,
    thread: Option<JoinHandle<()>>,
}

impl<F: Send + 'static> Preparer<F> {
    pub(crate) fn start<S>(storage: S) -> io::Result<Self>
    where
        S: Storage<File = F> + Send + 'static,
        F: StorageFile,
    {
        let (requests, requested) = sync_channel(1);
        let (send, made) = sync_channel(1);
        let thread = thread::Builder::new().name("log-prepare".into()).spawn(move || {
            while let Ok(bytes) = requested.recv() {
                if send.send(make(&storage, bytes)).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { requests: Some(requests), made, thread: Some(thread) })
    }
}

impl<F> Preparer<F> {
    /// Asks for a segment of so many bytes. There must be none under way.
    pub(crate) fn request(&mut self, bytes: u64) {
        if let Some(requests) = &self.requests {
            // A thread that is gone shows when the segment is taken.
            let _ = requests.try_send(bytes);
        }
    }

    /// The segment that was asked for; waits where it is not there yet.
    pub(crate) fn take(&mut self) -> Result<F, StorageError> {
        self.made.recv().unwrap_or_else(|_| {
            let gone = io::Error::other("the thread that makes segments is gone");
            Err(StorageError::new(Operation::Create, SPARE, gone))
        })
    }
}

impl<F> Drop for Preparer<F> {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing to report: what it made was not needed.
            let _ = thread.join();
        }
    }
}

fn make<S: Storage>(storage: &S, bytes: u64) -> Result<S::File, StorageError> {
    let file = storage.create(SPARE, 0)?;
    let zeroes = vec![0; SYNC_EVERY];
    let mut offset = 0;
    while offset < bytes {
        let piece = usize::try_from(bytes - offset).map_or(SYNC_EVERY, |rest| rest.min(SYNC_EVERY));
        file.write_at(offset, &zeroes[..piece])?;
        file.sync_data()?;
        offset += piece as u64;
    }
    Ok(file)
}
