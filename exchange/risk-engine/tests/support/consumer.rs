//! Somebody who reads all outcomes and remembers them.

use std::sync::{Arc, Mutex};

use exchange_service::net::{Address, Client, OutcomeStream};

use super::process::{Process, free_port};

/// Outcomes in the order in which they came.
type Read = Arc<Mutex<Vec<Vec<u8>>>>;

/// The reader, on a thread of its own.
pub struct Consumer {
    read: Read,
    failure: Arc<Mutex<Option<String>>>,
    _process: Process,
}

impl Consumer {
    /// Reads from the first outcome on. The stream itself refuses gaps and repetitions.
    pub fn start(matching: Address, archive: Address) -> Self {
        let (read, failure) = (Read::default(), Arc::new(Mutex::new(None)));
        let (out, failed) = (Arc::clone(&read), Arc::clone(&failure));
        let process = Process::run(free_port(), async move |_| {
            let mut stream = OutcomeStream::new(Client::new(), matching, archive, Some(0), 0);
            loop {
                let take = |_: u64, outcome: &[u8]| out.lock().unwrap().push(outcome.to_vec());
                if let Err(error) = stream.next(take).await {
                    *failed.lock().unwrap() = Some(error.to_string());
                    return;
                }
            }
        });
        Self { read, failure, _process: process }
    }

    /// How many there are.
    #[track_caller]
    pub fn count(&self) -> u64 {
        assert_eq!(*self.failure.lock().unwrap(), None);
        self.read.lock().unwrap().len() as u64
    }

    /// All of them.
    pub fn outcomes(&self) -> Vec<Vec<u8>> {
        self.read.lock().unwrap().clone()
    }
}
