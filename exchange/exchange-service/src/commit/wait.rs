//! Waiting for a future on a thread.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Wakes one thread.
struct Unpark {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::Release) {
            self.thread.unpark();
        }
    }
}

thread_local! {
    /// Made once for each thread that waits.
    static PARKER: RefCell<Option<Arc<Unpark>>> = const { RefCell::new(None) };
}

/// Polls a future until it is ready, and sleeps in between.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let parker = PARKER.with_borrow_mut(|parker| {
        let make = || Arc::new(Unpark { thread: thread::current(), woken: AtomicBool::new(false) });
        Arc::clone(parker.get_or_insert_with(make))
    });
    let waker = Waker::from(Arc::clone(&parker));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        // A token that was left over by an earlier wait makes `park` return at once, so only the flag counts.
        while !parker.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}
