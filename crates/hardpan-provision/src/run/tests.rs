//! The order of a run, with a backend that keeps its objects in memory and fails where a test says so.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Progress, attempts};
use crate::backend::Backend;
use crate::error::Failure;
use crate::report::{Event, Report};
use crate::secret::Secret;
use crate::step::{Difference, ObjectId, Outcome, Step};
use crate::wait::Context;

/// A server that holds numbers under names; `b` cannot be there without `a`.
#[derive(Default)]
struct Server {
    objects: RefCell<BTreeMap<String, i64>>,
    /// What the next calls fail with, by what is called: `open`, `probe`, or the name of an object.
    failures: RefCell<BTreeMap<&'static str, VecDeque<Failure>>>,
    /// Every call that changed something.
    changes: RefCell<Vec<String>>,
    /// Changes are accepted and lost.
    forgets: bool,
    /// Changes never end.
    hangs: bool,
    open: RefCell<i32>,
}

struct Wish {
    server: Rc<Server>,
    objects: Vec<(&'static str, i64)>,
}

struct Memory(Rc<Server>);

fn id(name: &str) -> ObjectId {
    ObjectId::target("memory").join(name)
}

impl Server {
    fn fail(&self, call: &'static str, failures: &[Failure]) {
        self.failures.borrow_mut().entry(call).or_default().extend(failures.iter().cloned());
    }

    fn next(&self, call: &str) -> Result<(), Failure> {
        match self.failures.borrow_mut().get_mut(call).and_then(VecDeque::pop_front) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }
}

impl Backend for Memory {
    type Target = Wish;
    type State = BTreeMap<String, i64>;
    type Change = (String, i64);

    async fn open(target: &Wish, context: &Context) -> Result<Self, Failure> {
        context.bounded("memory to answer", async { target.server.next("open") }).await??;
        *target.server.open.borrow_mut() += 1;
        Ok(Self(Rc::clone(&target.server)))
    }

    async fn probe(&mut self, _: &Wish, _: &Context) -> Result<Self::State, Failure> {
        self.0.next("probe")?;
        Ok(self.0.objects.borrow().clone())
    }

    fn plan(target: &Wish, state: &Self::State) -> Vec<Step<Self::Change>> {
        let step = |&(name, wanted): &(&str, i64)| match state.get(name) {
            Some(&found) if found == wanted => Step::unchanged(id(name)),
            Some(&found) if found > wanted => {
                Step::refuse(id(name), vec![Difference::new("size", found, wanted)], "shrink it by hand")
            }
            Some(&found) => Step::change(
                id(name),
                vec![Difference::new("size", found, wanted)],
                (name.to_owned(), wanted),
            ),
            None => Step::create(id(name), (name.to_owned(), wanted)),
        };
        let needs = |name: &str| (name == "b").then(|| id("a"));
        target.objects.iter().map(|wish| step(wish).needs(needs(wish.0))).collect()
    }

    async fn apply(&mut self, _: &Wish, change: &Self::Change, _: &Context) -> Result<(), Failure> {
        self.0.next(&change.0)?;
        if self.0.hangs {
            std::future::pending::<()>().await;
        }
        self.0.changes.borrow_mut().push(change.0.clone());
        if !self.0.forgets {
            self.0.objects.borrow_mut().insert(change.0.clone(), change.1);
        }
        Ok(())
    }

    async fn close(self, _: &Context) {
        *self.0.open.borrow_mut() -= 1;
    }
}

/// Runs the backend and gives its lines in the end, those it told of on the way, and the exit code.
async fn run(wish: &Wish, dry_run: bool, only: &[&str]) -> (Vec<String>, Vec<String>, u8) {
    let told = Rc::new(RefCell::new(Vec::new()));
    let listener = {
        let told = Rc::clone(&told);
        Rc::new(move |event: &Event| told.borrow_mut().push(event.human()))
    };
    let secrets = vec![Secret::new("canary-1")];
    let start = Instant::now();
    let target = ObjectId::target("memory");
    let context = Context::new(target.clone(), start + Duration::from_secs(20), dry_run, secrets, listener);
    let objects = wish.objects.iter().map(|(name, _)| id(name));
    let objects = objects.filter(|id| only.is_empty() || only.contains(&id.as_str())).collect();
    let (outcomes, in_the_way) = (BTreeMap::new(), BTreeSet::new());
    let mut progress = Progress { id: target, objects, outcomes, in_the_way, context: &context };
    let failure = attempts::<Memory>(wish, &mut progress).await;
    let outcomes = progress.finish(failure);
    assert!(start.elapsed() <= Duration::from_secs(20), "the deadline was kept");
    let lines = outcomes.iter().map(|one| Event::Outcome(Outcome::clone(one)).human()).collect();
    let report = Report { outcomes, elapsed: Duration::ZERO };
    drop(context);
    let told = told.borrow().clone();
    (lines, told, report.exit().code())
}

fn wish(objects: &[(&'static str, i64)]) -> Wish {
    Wish { server: Rc::default(), objects: objects.to_vec() }
}

#[tokio::test(start_paused = true)]
async fn the_first_run_makes_everything_and_the_second_changes_nothing() {
    let wish = wish(&[("a", 1), ("b", 2)]);
    let (lines, told, code) = run(&wish, false, &[]).await;
    assert_eq!(
        (lines.as_slice(), code),
        (["created      memory/a", "created      memory/b"].map(String::from).as_slice(), 0)
    );
    assert_eq!(lines, told);
    let (lines, _, code) = run(&wish, false, &[]).await;
    assert_eq!(
        (lines, code),
        (vec!["unchanged    memory/a".to_owned(), "unchanged    memory/b".to_owned()], 0)
    );
    assert_eq!(*wish.server.changes.borrow(), ["a", "b"]);
    assert_eq!(*wish.server.open.borrow(), 0, "whatever was opened was closed");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let wish = wish(&[("a", 1), ("c", 3)]);
    wish.server.objects.borrow_mut().insert("c".to_owned(), 2);
    let (lines, _, code) = run(&wish, true, &[]).await;
    assert_eq!(lines, ["would create memory/a", "would change memory/c: size 2 -> 3"]);
    assert_eq!((code, wish.server.changes.borrow().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_needs_something_that_failed_is_skipped_and_the_rest_is_done() {
    let wish = wish(&[("a", 1), ("b", 2), ("c", 3)]);
    let failure = Failure::Privilege {
        user: "app".to_owned(),
        privilege: "CREATEROLE".to_owned(),
        action: "create a".to_owned(),
        answer: "permission denied, said canary-1".to_owned(),
    };
    wish.server.fail("a", &[failure]);
    let (lines, _, code) = run(&wish, false, &[]).await;
    assert_eq!(
        lines,
        [
            "failed       memory/a: `app` lacks the privilege CREATEROLE to create a: permission denied, said [secret] (help: give `app` CREATEROLE, or connect as another account)",
            "skipped      memory/b: it needs memory/a",
            "created      memory/c",
        ]
    );
    assert_eq!(code, 1);
}

#[tokio::test(start_paused = true)]
async fn what_differs_and_may_not_be_changed_is_refused_with_the_difference() {
    let wish = wish(&[("a", 1), ("b", 2)]);
    wish.server.objects.borrow_mut().insert("a".to_owned(), 5);
    let (lines, _, code) = run(&wish, false, &[]).await;
    assert_eq!(
        lines,
        [
            "refused      memory/a: size 5 -> 1: it exists and differs, and is left alone (help: shrink it by hand)",
            "skipped      memory/b: it needs memory/a",
        ]
    );
    assert_eq!(code, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_the_way_of_an_object_is_so_also_where_only_the_object_was_asked_for() {
    let wish = wish(&[("a", 1), ("b", 2)]);
    wish.server.objects.borrow_mut().insert("a".to_owned(), 5);
    let (lines, _, code) = run(&wish, false, &["memory/b"]).await;
    let failed =
        "failed       memory/b: it needs memory/a, which is not as the plan wants it; see to that first";
    assert_eq!((lines, code), (vec![failed.to_owned()], 1));
    assert!(wish.server.changes.borrow().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_connection_lost_in_the_middle_begins_again_and_finishes() {
    let wish = wish(&[("a", 1), ("b", 2)]);
    let lost = Failure::not_ready("memory to answer", "connection reset");
    wish.server.fail("open", &[lost.clone(), lost.clone()]);
    wish.server.fail("b", std::slice::from_ref(&lost));
    wish.server.fail("probe", &[lost]);
    let (lines, told, code) = run(&wish, false, &[]).await;
    assert_eq!(lines, ["created      memory/a", "created      memory/b"]);
    assert_eq!(*wish.server.changes.borrow(), ["a", "b"], "what was made is not made twice");
    assert_eq!(told.iter().filter(|line| line.starts_with("waiting")).count(), 1, "{told:?}");
    assert_eq!((code, *wish.server.open.borrow()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_it_is_said_what_was_waited_for_and_the_last_answer() {
    let wish = wish(&[("a", 1)]);
    wish.server.fail("open", &vec![Failure::not_ready("memory to answer", "connection refused"); 100]);
    let (lines, _, code) = run(&wish, false, &[]).await;
    assert_eq!(
        lines,
        [
            "not ready    memory: waited for memory to answer until the deadline; the last answer: connection refused",
            "skipped      memory/a: see memory",
        ]
    );
    assert_eq!(code, 3);
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_tried_until_the_deadline() {
    let wish = wish(&[("a", 1)]);
    let refused = Failure::Credentials { user: "app".to_owned(), answer: "WRONGPASS".to_owned() };
    wish.server.fail("open", &vec![refused; 100]);
    let (lines, _, code) = run(&wish, false, &[]).await;
    assert!(
        lines[0]
            .contains("the credentials of `app` were refused until the deadline; the last answer: WRONGPASS")
    );
    assert_eq!(code, 3);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_never_ends_is_cut_at_the_deadline() {
    let wish = Wish { server: Rc::new(Server { hangs: true, ..Server::default() }), objects: vec![("a", 1)] };
    let (lines, _, code) = run(&wish, false, &[]).await;
    assert!(lines[0].starts_with("not ready    memory: waited for"), "{lines:?}");
    assert_eq!(code, 3);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_not_there_afterwards_failed() {
    let wish = Wish {
        server: Rc::new(Server { forgets: true, ..Server::default() }),
        objects: vec![("a", 1), ("c", 1)],
    };
    wish.server.objects.borrow_mut().insert("c".to_owned(), 0);
    let (lines, _, code) = run(&wish, false, &[]).await;
    assert_eq!(
        lines,
        [
            "failed       memory/a: it was changed without an error and is not there",
            "failed       memory/c: size 0 -> 1: it was changed without an error and still differs",
        ]
    );
    assert_eq!(code, 1);
}

#[tokio::test(start_paused = true)]
async fn a_target_without_objects_is_waited_for_and_told_of() {
    let wish = wish(&[]);
    wish.server.fail("open", &[Failure::not_ready("memory to answer", "connection refused")]);
    let (lines, _, code) = run(&wish, false, &[]).await;
    assert_eq!((lines, code), (vec!["unchanged    memory".to_owned()], 0));
}

#[tokio::test(start_paused = true)]
async fn only_what_was_asked_for_is_done() {
    let wish = wish(&[("a", 1), ("c", 3)]);
    let (lines, _, code) = run(&wish, false, &["memory/c"]).await;
    assert_eq!((lines, code), (vec!["created      memory/c".to_owned()], 0));
    assert_eq!(*wish.server.changes.borrow(), ["c"]);
}
