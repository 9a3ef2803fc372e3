//! The order of a run: open, probe, plan, apply, verify; all targets at once, each step of a target after the other.
//!
//! Not responsible for what a step does. A newcomer needs to know one thing: whatever may pass (nothing listens yet, a
//! connection is lost in the middle) makes the target begin again from `open`, with a fresh look at what is there, until
//! the deadline; every step can be repeated, so this is safe.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, timeout_at};

use crate::backend::Backend;
use crate::error::Failure;
use crate::plan::{Prepared, Target};
use crate::report::{Event, Report};
use crate::step::{Action, ObjectId, Outcome, Step, Verdict};
use crate::wait::{Context, Listener, Pause};
use crate::{kafka, postgresql, s3, valkey};

/// How long a change may take to be seen after it was made: clusters pass news on from node to node.
const VERIFY_MAX: Duration = Duration::from_secs(10);

/// How a run is done.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long everything may take.
    pub timeout: Duration,
    /// Look and say what would be done, but change nothing.
    pub dry_run: bool,
}

/// Carries out a plan and tells of every step as it is done. It always ends by the deadline.
///
/// To be called inside a Tokio runtime with time and IO; everything stays on the calling thread.
pub async fn run(plan: Prepared, options: Options, listener: Listener) -> Report {
    let start = Instant::now();
    let deadline = start + options.timeout;
    let tasks = LocalSet::new();
    let only = Rc::new(plan.only);
    let ids: Vec<(ObjectId, Vec<ObjectId>)> =
        plan.targets.iter().map(|(target, _)| (ObjectId::target(target.id()), target.objects())).collect();
    let mut outcomes: Vec<Vec<Outcome>> = vec![Vec::new(); plan.targets.len()];
    let mut running = JoinSet::new();
    for (at, (target, secrets)) in plan.targets.into_iter().enumerate() {
        let id = ids[at].0.clone();
        let context = Context::new(id, deadline, options.dry_run, secrets, Rc::clone(&listener));
        let only = Rc::clone(&only);
        running.spawn_local_on(async move { (at, run_target(&target, &only, &context).await) }, &tasks);
    }
    tasks
        .run_until(async {
            while let Some(done) = running.join_next().await {
                if let Ok((at, found)) = done {
                    outcomes[at] = found;
                }
            }
        })
        .await;
    // A target without outcomes panicked: a defect, which must not look like success.
    for (at, found) in outcomes.iter_mut().enumerate().filter(|(_, found)| found.is_empty()) {
        let outcome =
            failed(ids[at].0.clone(), "a defect of hardpan ended the work on this target".to_owned());
        listener(&Event::Outcome(outcome.clone()));
        found.push(outcome);
    }
    Report { outcomes: outcomes.into_iter().flatten().collect(), elapsed: start.elapsed() }
}

async fn run_target(target: &Target, only: &[ObjectId], context: &Context) -> Vec<Outcome> {
    let id = ObjectId::target(target.id());
    let is_wanted = |object: &ObjectId| only.is_empty() || only.iter().any(|id| id.covers(object));
    let objects: Vec<ObjectId> = target.objects().into_iter().filter(is_wanted).collect();
    let mut progress =
        Progress { id, objects, outcomes: BTreeMap::new(), in_the_way: BTreeSet::new(), context };
    let failure = match target {
        Target::Postgresql(target) => attempts::<postgresql::Postgresql>(target, &mut progress).await,
        Target::Valkey(target) => attempts::<valkey::Valkey>(target, &mut progress).await,
        Target::Kafka(target) => attempts::<kafka::Kafka>(target, &mut progress).await,
        Target::S3(target) => attempts::<s3::S3>(target, &mut progress).await,
    };
    progress.finish(failure)
}

fn failed(id: ObjectId, reason: String) -> Outcome {
    Outcome { id, verdict: Verdict::Failed, differences: Vec::new(), reason: Some(reason), help: None }
}

/// What is known so far of the objects of one target.
struct Progress<'c> {
    id: ObjectId,
    /// The objects that were asked for.
    objects: Vec<ObjectId>,
    outcomes: BTreeMap<ObjectId, Outcome>,
    /// Objects that cannot be brought in line, whether they were asked for or not.
    in_the_way: BTreeSet<ObjectId>,
    context: &'c Context,
}

impl Progress<'_> {
    /// Notes an outcome and tells of it. What was made stays made when a later look finds nothing left to do.
    fn record(&mut self, mut outcome: Outcome) {
        if outcome.verdict == Verdict::Unchanged && self.outcomes.contains_key(&outcome.id) {
            return;
        }
        let redact = |text: &mut String| *text = self.context.redact(text);
        outcome.reason.iter_mut().chain(&mut outcome.help).for_each(redact);
        for difference in &mut outcome.differences {
            [&mut difference.what, &mut difference.from, &mut difference.to].into_iter().for_each(redact);
        }
        if self.outcomes.get(&outcome.id) == Some(&outcome) {
            return;
        }
        self.context.tell(&Event::Outcome(outcome.clone()));
        self.outcomes.insert(outcome.id.clone(), outcome);
    }

    fn verdict(&self, id: &ObjectId) -> Option<Verdict> {
        self.outcomes.get(id).map(|outcome| outcome.verdict)
    }

    fn blocks(&self, id: &ObjectId) -> bool {
        self.verdict(id).is_some_and(Verdict::blocks)
    }

    fn skip(&mut self, id: ObjectId, reason: String) {
        let verdict = Verdict::Skipped;
        self.record(Outcome { id, verdict, differences: Vec::new(), reason: Some(reason), help: None });
    }

    /// Says of the target why it failed, of every object without an outcome that it was not attempted, and gives
    /// everything in order.
    fn finish(mut self, failure: Option<Failure>) -> Vec<Outcome> {
        let objects = std::mem::take(&mut self.objects);
        let missing: Vec<ObjectId> =
            objects.iter().filter(|id| !self.outcomes.contains_key(id)).cloned().collect();
        if let Some(failure) = &failure {
            let id = self.id.clone();
            self.record(outcome_of(id, failure));
        }
        for id in missing {
            match &failure {
                Some(_) => self.skip(id, format!("see {}", self.id)),
                None => self.record(failed(id, "a defect of hardpan left it out".to_owned())),
            }
        }
        if objects.is_empty() && failure.is_none() {
            // A plan may only want to know that something is ready.
            let (id, verdict) = (self.id.clone(), Verdict::Unchanged);
            self.record(Outcome { id, verdict, differences: Vec::new(), reason: None, help: None });
        }
        let own = self.outcomes.remove(&self.id);
        let mut all: Vec<Outcome> = own.into_iter().collect();
        all.extend(objects.iter().filter_map(|id| self.outcomes.remove(id)));
        all
    }
}

fn outcome_of(id: ObjectId, failure: &Failure) -> Outcome {
    let verdict = if failure.is_retryable() { Verdict::NotReady } else { Verdict::Failed };
    let reason = match failure {
        Failure::NotReady { waiting_for, answer } => {
            format!("waited for {waiting_for} until the deadline; the last answer: {answer}")
        }
        Failure::Credentials { user, answer } => {
            format!("the credentials of `{user}` were refused until the deadline; the last answer: {answer}")
        }
        other => other.to_string(),
    };
    Outcome { id, verdict, differences: Vec::new(), reason: Some(reason), help: failure.help() }
}

/// Begins again until everything is done, something is final, or the deadline is there.
async fn attempts<B: Backend>(target: &B::Target, progress: &mut Progress<'_>) -> Option<Failure> {
    let context = progress.context;
    let mut pause = Pause::default();
    loop {
        let failure = match timeout_at(context.deadline(), attempt::<B>(target, progress)).await {
            Ok(Ok(())) => return None,
            Ok(Err(failure)) => failure,
            Err(_) => return Some(context.at_deadline()),
        };
        if !failure.is_retryable() {
            return Some(failure);
        }
        if let Err(failure) = context.pause(&mut pause, failure).await {
            return Some(failure);
        }
    }
}

async fn attempt<B: Backend>(target: &B::Target, progress: &mut Progress<'_>) -> Result<(), Failure> {
    let mut backend = B::open(target, progress.context).await?;
    progress.context.forget_failure();
    let result = work(&mut backend, target, progress).await;
    backend.close(progress.context).await;
    result
}

async fn work<B: Backend>(
    backend: &mut B,
    target: &B::Target,
    progress: &mut Progress<'_>,
) -> Result<(), Failure> {
    let context = progress.context;
    let state = backend.probe(target, context).await?;
    let mut applied = Vec::new();
    let steps = B::plan(target, &state);
    // Also those that were not asked for: what is in the way of an object is in its way whatever else is seen to.
    progress.in_the_way =
        steps.iter().filter(|step| step.action.blocks()).map(|step| step.id.clone()).collect();
    for step in steps {
        if progress.objects.contains(&step.id)
            && !progress.blocks(&step.id)
            && let Some(id) = carry_out(backend, target, step, progress).await?
        {
            applied.push(id);
        }
    }
    if applied.is_empty() { Ok(()) } else { verify(backend, target, &applied, progress).await }
}

/// Carries out one step; gives its id where something was changed.
///
/// # Errors
/// A failure that may pass. One that is final is an outcome of the object.
async fn carry_out<B: Backend>(
    backend: &mut B,
    target: &B::Target,
    step: Step<B::Change>,
    progress: &mut Progress<'_>,
) -> Result<Option<ObjectId>, Failure> {
    let Step { id, needs, differences, action } = step;
    let context = progress.context;
    let (change, done, would) = match action {
        Action::Nothing => {
            let verdict = Verdict::Unchanged;
            progress.record(Outcome { id, verdict, differences, reason: None, help: None });
            return Ok(None);
        }
        Action::Refuse(help) => {
            let reason = Some("it exists and differs, and is left alone".to_owned());
            let verdict = Verdict::Refused;
            progress.record(Outcome { id, verdict, differences, reason, help: Some(help) });
            return Ok(None);
        }
        Action::Fail(failure) => {
            progress.record(Outcome { differences, ..outcome_of(id, &failure) });
            return Ok(None);
        }
        Action::Create(change) => (change, Verdict::Created, Verdict::WouldCreate),
        Action::Change(change) => (change, Verdict::Changed, Verdict::WouldChange),
    };
    if let Some(need) = needs.iter().find(|need| progress.blocks(need)) {
        progress.skip(id, format!("it needs {need}"));
        return Ok(None);
    }
    if let Some(need) = needs.iter().find(|need| progress.in_the_way.contains(need)) {
        let reason = format!("it needs {need}, which is not as the plan wants it; see to that first");
        progress.record(Outcome { differences, ..failed(id, reason) });
        return Ok(None);
    }
    if context.is_dry_run() {
        progress.record(Outcome { id, verdict: would, differences, reason: None, help: None });
        return Ok(None);
    }
    match backend.apply(target, &change, context).await {
        Ok(()) => {
            progress.record(Outcome { id: id.clone(), verdict: done, differences, reason: None, help: None });
            Ok(Some(id))
        }
        Err(failure) if failure.is_retryable() => Err(failure),
        Err(failure) => {
            progress.record(Outcome { differences, ..outcome_of(id, &failure) });
            Ok(None)
        }
    }
}

/// Probes again until everything that was changed is as the plan wants it; what still differs after [`VERIFY_MAX`] failed.
async fn verify<B: Backend>(
    backend: &mut B,
    target: &B::Target,
    applied: &[ObjectId],
    progress: &mut Progress<'_>,
) -> Result<(), Failure> {
    let context = progress.context;
    let end = (Instant::now() + VERIFY_MAX).min(context.deadline());
    let mut pause = Pause::default();
    loop {
        let state = backend.probe(target, context).await?;
        let mut left = B::plan(target, &state);
        left.retain(|step| applied.contains(&step.id) && !matches!(step.action, Action::Nothing));
        if left.is_empty() {
            return Ok(());
        }
        let next = Instant::now() + pause.next();
        if next < end {
            tokio::time::sleep_until(next).await;
            continue;
        }
        if end == context.deadline() {
            let ids: Vec<&str> = left.iter().map(|step| step.id.as_str()).collect();
            return Err(Failure::not_ready(
                format!("{} to be as it was made", ids.join(", ")),
                "not seen yet",
            ));
        }
        for Step { id, differences, action, .. } in left {
            if let Action::Fail(failure) = &action {
                progress.record(Outcome { differences, ..outcome_of(id, failure) });
                continue;
            }
            let what = if matches!(action, Action::Create(_)) { "is not there" } else { "still differs" };
            let reason = format!("it was changed without an error and {what}");
            progress.record(Outcome { differences, ..failed(id, reason) });
        }
        return Ok(());
    }
}

#[cfg(test)]
mod tests;
