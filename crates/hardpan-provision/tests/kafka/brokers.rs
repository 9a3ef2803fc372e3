//! One cluster for all tests that do not stop brokers: to start it takes longer than all of them.
//!
//! What a newcomer must know: it ends with the last test that uses it, so what a test makes has names of its own, and a plan that
//! speaks of users or topics of others would collide.

use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use crate::support::kafka::Cluster;

/// How long it is kept when nobody uses it: the next test begins right after the last one.
const KEPT: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_millis(10);

/// The cluster, while a test uses it.
pub struct Shared(Option<Arc<Cluster>>);

impl std::ops::Deref for Shared {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        self.0.as_ref().expect("it is taken out on drop")
    }
}

/// The cluster, started where it does not run.
pub fn shared() -> Option<Shared> {
    static CLUSTER: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
    // A test that failed while it held the lock left no half of anything.
    let mut cluster = CLUSTER.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(running) = cluster.upgrade() {
        return Some(Shared(Some(running)));
    }
    let started = Arc::new(Cluster::start()?);
    *cluster = Arc::downgrade(&started);
    Some(Shared(Some(started)))
}

impl Drop for Shared {
    fn drop(&mut self) {
        let Some(cluster) = self.0.take() else { return };
        let end = Instant::now() + KEPT;
        while Arc::strong_count(&cluster) == 1 && Instant::now() < end {
            std::thread::sleep(POLL);
        }
    }
}
