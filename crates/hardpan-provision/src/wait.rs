//! Waiting: one deadline for the run, growing pauses, and a bound on every single operation.
//!
//! Not responsible for what is waited for. A newcomer needs to know one thing: nothing in this crate sleeps without asking
//! something afterwards, and nothing waits without the deadline.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::error::Failure;
use crate::report::Event;
use crate::secret::Secret;
use crate::step::ObjectId;

/// How long everything may take where nobody says so.
pub const TIMEOUT: Duration = Duration::from_secs(120);

/// How long one operation may take: a connection, a query, a request. Longer is as good as no answer.
pub const OPERATION_MAX: Duration = Duration::from_secs(10);

/// The first pause; each is twice the one before, up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// A server whose answers differ each time may not fill the log.
const NOTICES_MAX: u32 = 20;

/// Where what happens is told.
pub type Listener = Rc<dyn Fn(&Event)>;

/// What a backend needs while it works on one target: the deadline, and what it is to know of the run.
pub struct Context {
    target: ObjectId,
    deadline: Instant,
    dry_run: bool,
    secrets: Vec<Secret>,
    listener: Listener,
    doing: RefCell<String>,
    last_notice: RefCell<String>,
    last_failure: RefCell<Option<Failure>>,
    notices: Cell<u32>,
}

impl Context {
    pub(crate) fn new(
        target: ObjectId,
        deadline: Instant,
        dry_run: bool,
        mut secrets: Vec<Secret>,
        listener: Listener,
    ) -> Self {
        // One may be the beginning of another, whose end would be left.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self {
            target,
            deadline,
            dry_run,
            secrets,
            listener,
            doing: RefCell::default(),
            last_notice: RefCell::default(),
            last_failure: RefCell::default(),
            notices: Cell::new(0),
        }
    }

    /// The moment at which everything has to be done.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// True if nothing may be changed, not even a lock taken.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// The secrets of the target, hidden in a text: servers repeat what they were sent now and then.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| secret.redact(&text))
    }

    pub(crate) fn tell(&self, event: &Event) {
        (self.listener)(event);
    }

    /// What was going on last, and the last failure that was worth another attempt: what to say at the deadline.
    pub(crate) fn at_deadline(&self) -> Failure {
        match self.last_failure.borrow().clone() {
            Some(failure) => failure,
            None => Failure::not_ready(self.doing.borrow().clone(), "no answer yet"),
        }
    }

    /// What failed before has passed and is not what the deadline is missed by.
    pub(crate) fn forget_failure(&self) {
        self.last_failure.replace(None);
    }

    /// Carries out one operation in at most [`OPERATION_MAX`], and not beyond the deadline. `waiting_for` names what is
    /// waited for, such as `mng-pg:5432 to accept a connection`.
    ///
    /// # Errors
    /// [`Failure::NotReady`] where it takes longer. Where it was the deadline that ended it, what was the matter before: an
    /// answer tells more than one that had no time to come.
    pub async fn bounded<T>(
        &self,
        waiting_for: &str,
        operation: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        waiting_for.clone_into(&mut self.doing.borrow_mut());
        let end = (Instant::now() + OPERATION_MAX).min(self.deadline);
        let answer = timeout_at(end, operation).await;
        answer.map_err(|_| {
            // What the deadline cuts off had no time to answer; the last answer that there was says more.
            if end == self.deadline {
                return self.at_deadline();
            }
            Failure::not_ready(waiting_for, format!("no answer within {} s", OPERATION_MAX.as_secs()))
        })
    }

    /// Carries out one operation that may take as long as there is time: work of a server, which it would have to begin anew.
    ///
    /// # Errors
    /// [`Failure::NotReady`] at the deadline.
    pub async fn until_deadline<T>(
        &self,
        waiting_for: &str,
        operation: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        waiting_for.clone_into(&mut self.doing.borrow_mut());
        let answer = timeout_at(self.deadline, operation).await;
        answer.map_err(|_| Failure::not_ready(waiting_for, "it was still at it"))
    }

    /// Asks until the answer is there, with growing pauses. Failures that are final end it at once.
    ///
    /// # Errors
    /// The last failure, once the deadline is there or where it is final.
    pub async fn until<T>(&self, mut ask: impl AsyncFnMut() -> Result<T, Failure>) -> Result<T, Failure> {
        let mut pause = Pause::default();
        loop {
            match ask().await {
                Err(failure) if failure.is_retryable() => self.pause(&mut pause, failure).await?,
                answer => {
                    self.forget_failure();
                    return answer;
                }
            }
        }
    }

    /// Pauses after a failure that may pass, and tells of it where it is news.
    ///
    /// # Errors
    /// The failure itself, where the deadline comes before the end of the pause.
    pub(crate) async fn pause(&self, pause: &mut Pause, failure: Failure) -> Result<(), Failure> {
        self.notice(&failure);
        self.last_failure.replace(Some(failure.clone()));
        let end = Instant::now() + pause.next();
        if end >= self.deadline {
            return Err(failure);
        }
        tokio::time::sleep_until(end).await;
        Ok(())
    }

    fn notice(&self, failure: &Failure) {
        let text = self.redact(&failure.to_string());
        if *self.last_notice.borrow() == text || self.notices.get() >= NOTICES_MAX {
            return;
        }
        self.notices.set(self.notices.get() + 1);
        let (waiting_for, answer) = match failure {
            Failure::NotReady { waiting_for, answer } => (waiting_for.clone(), answer.clone()),
            other => ("the credentials to be accepted".to_owned(), other.to_string()),
        };
        self.tell(&Event::Waiting {
            target: self.target.clone(),
            waiting_for: self.redact(&waiting_for),
            answer: self.redact(&answer),
        });
        self.last_notice.replace(text);
    }
}

/// The lengths of pauses.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    last: Option<Duration>,
}

impl Pause {
    pub(crate) fn next(&mut self) -> Duration {
        let next = self.last.map_or(PAUSE_MIN, |last| (last * 2).min(PAUSE_MAX));
        self.last = Some(next);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(timeout: Duration) -> (Context, Rc<RefCell<Vec<String>>>) {
        let told = Rc::new(RefCell::new(Vec::new()));
        let listener = {
            let told = Rc::clone(&told);
            Rc::new(move |event: &Event| told.borrow_mut().push(format!("{event:?}")))
        };
        let secrets = vec![Secret::new("canary")];
        let deadline = Instant::now() + timeout;
        (Context::new(ObjectId::target("pg"), deadline, false, secrets, listener), told)
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_to_a_second_and_end_before_the_deadline() {
        let (context, told) = context(Duration::from_secs(10));
        let start = Instant::now();
        let mut asked = 0;
        let failure = context
            .until(async || {
                asked += 1;
                Err::<(), _>(Failure::not_ready("pg to answer", "connection refused"))
            })
            .await
            .expect_err("nothing ever answers");
        assert_eq!(failure, Failure::not_ready("pg to answer", "connection refused"));
        assert!(start.elapsed() <= Duration::from_secs(10), "{:?}", start.elapsed());
        assert!((12..=15).contains(&asked), "{asked}");
        assert_eq!(told.borrow().len(), 1, "the same answer is told once: {:?}", told.borrow());
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_without_an_answer_ends_at_its_bound() {
        let (context, _) = context(Duration::from_secs(60));
        let start = Instant::now();
        let answer = context.bounded("pg to answer", std::future::pending::<()>()).await;
        assert_eq!(answer, Err(Failure::not_ready("pg to answer", "no answer within 10 s")));
        assert_eq!(start.elapsed(), OPERATION_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_that_the_deadline_ends_does_not_hide_the_last_answer() {
        let (context, _) = context(Duration::from_secs(5));
        let nothing = context.bounded("pg to answer", std::future::pending::<()>()).await;
        assert_eq!(nothing, Err(Failure::not_ready("pg to answer", "no answer yet")));
        let refused = Failure::not_ready("pg to answer", "connection refused");
        drop(context.pause(&mut Pause::default(), refused.clone()).await);
        let nothing = context.bounded("pg to answer again", std::future::pending::<()>()).await;
        assert_eq!(nothing, Err(refused));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_final_is_not_tried_again_and_secrets_are_hidden_in_notices() {
        let (context, told) = context(Duration::from_secs(10));
        let mut asked = 0;
        let failure = context
            .until(async || {
                asked += 1;
                Err::<(), _>(match asked {
                    1 => Failure::not_ready("pg", "you sent canary"),
                    _ => Failure::other("no"),
                })
            })
            .await;
        assert_eq!((failure, asked), (Err(Failure::other("no")), 2));
        assert!(told.borrow()[0].contains("you sent [secret]"), "{:?}", told.borrow());
    }
}
