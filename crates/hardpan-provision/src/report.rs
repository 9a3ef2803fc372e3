//! What is told of a run: events while it goes on, a report at its end, as lines for people and as JSON Lines.
//!
//! Not responsible for printing; strings come out. A newcomer needs to know one thing: where an object is told of twice, because
//! it still differed after it was changed, the later line counts.

use std::fmt::Write as _;
use std::time::Duration;

use hardpan_diag::Exit;
use serde_json::{Value, json};

use crate::step::{ObjectId, Outcome, Verdict};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A target is waited for; told again when its answer changes.
    Waiting {
        /// The target.
        target: ObjectId,
        /// What is waited for.
        waiting_for: String,
        /// The last answer.
        answer: String,
    },
    /// It is known what became of an object, or of a target as a whole.
    Outcome(Outcome),
}

/// What became of everything.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every outcome that counts, target by target in the order of the plan.
    pub outcomes: Vec<Outcome>,
    /// How long it took.
    pub elapsed: Duration,
}

/// The exit codes of `hardpan provision` with their meanings, for `--help` and the reference.
pub const EXIT_CODES: [(Exit, &str); 4] = [
    (Exit::Clean, "everything is as the plan wants it, or would be after what `--dry-run` lists"),
    (Exit::Findings, "a step failed: a privilege is missing, or what exists differs and was left alone"),
    (Exit::Input, "the plan is invalid, or a secret file is missing; nothing was connected to"),
    (Exit::Environment, "something was not ready in time, or credentials were refused until the deadline"),
];

impl Event {
    /// One line for people, without a line break.
    #[must_use]
    pub fn human(&self) -> String {
        match self {
            Self::Waiting { target, waiting_for, answer } => {
                format!("{:<12} {target}: for {}: {}", "waiting", one_line(waiting_for), one_line(answer))
            }
            Self::Outcome(outcome) => outcome.human(),
        }
    }

    /// One line of JSON, without a line break.
    #[must_use]
    pub fn json(&self) -> String {
        match self {
            Self::Waiting { target, waiting_for, answer } => json!({
                "event": "waiting", "id": target.as_str(), "for": waiting_for, "answer": answer,
            }),
            Self::Outcome(outcome) => outcome.json(),
        }
        .to_string()
    }
}

impl Outcome {
    fn human(&self) -> String {
        let mut line = format!("{:<12} {}", self.verdict.as_str(), self.id);
        let differences: Vec<String> =
            self.differences.iter().map(|difference| one_line(&difference.to_string())).collect();
        if !differences.is_empty() {
            let _ = write!(line, ": {}", differences.join(", "));
        }
        if let Some(reason) = &self.reason {
            let _ = write!(line, ": {}", one_line(reason));
        }
        if let Some(help) = &self.help {
            let _ = write!(line, " (help: {})", one_line(help));
        }
        line
    }

    fn json(&self) -> Value {
        let difference =
            |one: &crate::step::Difference| json!({"what": one.what, "from": one.from, "to": one.to});
        json!({
            "event": "step",
            "id": self.id.as_str(),
            "verdict": self.verdict.as_str(),
            "differences": self.differences.iter().map(difference).collect::<Vec<_>>(),
            "reason": self.reason,
            "help": self.help,
        })
    }
}

/// A text of somebody else's in one line: a server's answer may have several.
fn one_line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_control()).map(str::trim).filter(|part| !part.is_empty()).collect();
    words.join(" ")
}

impl Report {
    /// How the run ends. A failure weighs more than something that was not ready, because waiting longer does not cure it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        let has = |wanted: &[Verdict]| self.outcomes.iter().any(|one| wanted.contains(&one.verdict));
        if has(&[Verdict::Failed, Verdict::Refused]) {
            Exit::Findings
        } else if has(&[Verdict::NotReady, Verdict::Skipped]) {
            Exit::Environment
        } else {
            Exit::Clean
        }
    }

    fn counts(&self) -> impl Iterator<Item = (Verdict, usize)> {
        Verdict::ALL.into_iter().filter_map(|verdict| {
            let count = self.outcomes.iter().filter(|one| one.verdict == verdict).count();
            (count > 0).then_some((verdict, count))
        })
    }

    /// The last line for people, without a line break.
    #[must_use]
    pub fn human(&self) -> String {
        let word = if self.exit() == Exit::Clean { "done" } else { "not done" };
        let counts: Vec<String> =
            self.counts().map(|(verdict, count)| format!("{count} {}", verdict.as_str())).collect();
        format!("{word}: {} ({:.1} s)", counts.join(", "), self.elapsed.as_secs_f64())
    }

    /// The last line of JSON, without a line break.
    #[must_use]
    pub fn json(&self) -> String {
        let counts: serde_json::Map<String, Value> =
            self.counts().map(|(verdict, count)| (verdict.as_str().to_owned(), json!(count))).collect();
        let milliseconds = u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX);
        json!({"event": "summary", "exit": self.exit().code(), "counts": counts, "milliseconds": milliseconds})
            .to_string()
    }
}
