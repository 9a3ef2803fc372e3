//! A small executor: one thread drives many tasks.
//!
//! Not a general one: its tasks end by themselves, and they are woken by the log's writer or not at all. It spins for about as
//! long as a sync takes before it sleeps: waking a processor that sleeps costs up to half a sync, which would be measured as
//! a weakness of the log.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How long a thread without ready tasks spins before it sleeps: some two syncs of a fast disk.
const SPIN: Duration = Duration::from_micros(200);

/// A task.
pub(crate) type Task<'scope> = Pin<Box<dyn Future<Output = ()> + 'scope>>;

struct Ready {
    tasks: Mutex<Vec<usize>>,
    /// Whether there are any, without the lock.
    any: AtomicBool,
    thread: Thread,
    sleeps: AtomicBool,
}

struct TaskWaker {
    ready: Arc<Ready>,
    index: usize,
}

impl Ready {
    fn swap(&self, tasks: &mut Vec<usize>) {
        let mut ready = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut *ready, tasks);
        self.any.store(false, Ordering::Release);
    }

    /// Waits a little for a ready task, without sleeping.
    fn spin(&self) {
        let began = Instant::now();
        while !self.any.load(Ordering::Acquire) && began.elapsed() < SPIN {
            std::hint::spin_loop();
        }
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        {
            let mut tasks = self.ready.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            tasks.push(self.index);
            self.ready.any.store(true, Ordering::Release);
        }
        if self.ready.sleeps.swap(false, Ordering::SeqCst) {
            self.ready.thread.unpark();
        }
    }
}

/// Drives all tasks to their end on this thread.
pub(crate) fn drive(mut tasks: Vec<Task<'_>>) {
    let ready = Arc::new(Ready {
        tasks: Mutex::new((0..tasks.len()).collect()),
        any: AtomicBool::new(true),
        thread: thread::current(),
        sleeps: AtomicBool::new(false),
    });
    let wakers: Vec<Waker> = (0..tasks.len())
        .map(|index| Waker::from(Arc::new(TaskWaker { ready: Arc::clone(&ready), index })))
        .collect();
    let mut left = tasks.len();
    let mut batch = Vec::new();
    while left > 0 {
        ready.spin();
        ready.swap(&mut batch);
        if batch.is_empty() {
            ready.sleeps.store(true, Ordering::SeqCst);
            ready.swap(&mut batch);
            if batch.is_empty() {
                thread::park();
            }
            ready.sleeps.store(false, Ordering::SeqCst);
        }
        for index in batch.drain(..) {
            let mut context = Context::from_waker(&wakers[index]);
            if tasks[index].as_mut().poll(&mut context).is_ready() {
                left -= 1;
            }
        }
    }
}
