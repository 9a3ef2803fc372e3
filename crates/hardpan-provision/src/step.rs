//! What a backend wants to do: one step for every object of the plan, and what has become of it.
//!
//! Not responsible for order and outcome; `run` carries steps out. A newcomer needs to know one thing: every object of the
//! plan is one step with an id of its own, also where nothing has to be done.

use std::fmt;

use crate::error::Failure;

/// Names a target (`mng-pg`) or an object in it (`mng-pg/role/n8n`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(String);

impl ObjectId {
    /// The id of a target.
    #[must_use]
    pub fn target(id: &str) -> Self {
        Self(id.to_owned())
    }

    /// An id as it was typed. It may name nothing.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.trim_end_matches('/').to_owned())
    }

    /// The id of something below this one.
    #[must_use]
    pub fn join(&self, part: &str) -> Self {
        Self(format!("{}/{part}", self.0))
    }

    /// True for the same object and for everything below this one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let rest = other.0.strip_prefix(&self.0);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One thing that is not as the plan wants it. Secrets are never in it: of a password only that it differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs, in the plan's word.
    pub what: String,
    /// What is.
    pub from: String,
    /// What the plan wants.
    pub to: String,
}

impl Difference {
    /// A difference.
    #[must_use]
    pub fn new(what: impl Into<String>, from: impl fmt::Display, to: impl fmt::Display) -> Self {
        Self { what: what.into(), from: from.to_string(), to: to.to_string() }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from.as_str(), self.to.as_str()) {
            ("", "") => formatter.write_str(&self.what),
            (from, to) => write!(formatter, "{} {from} -> {to}", self.what),
        }
    }
}

/// What has to be done about one object. `C` is the backend's own change: whatever it needs to carry it out.
#[derive(Clone, Debug)]
pub struct Step<C> {
    /// The object.
    pub id: ObjectId,
    /// Objects without which this one cannot be made: it is skipped where one of them failed.
    pub needs: Vec<ObjectId>,
    /// What is not as it should be.
    pub differences: Vec<Difference>,
    /// What to do about it.
    pub action: Action<C>,
}

/// What to do about an object.
#[derive(Clone, Debug)]
pub enum Action<C> {
    /// Nothing: it is as the plan wants it.
    Nothing,
    /// Make what is not there.
    Create(C),
    /// Bring in line what is there.
    Change(C),
    /// Nothing, because it could only be brought in line at the price of data or by force. The text says what somebody
    /// can do who wants that.
    Refuse(String),
    /// Nothing, because the look at it failed for good: the account may not see it, or the server does not have such
    /// things.
    Fail(Failure),
}

impl<C> Action<C> {
    /// True for what stands in the way of everything that needs the object.
    pub(crate) fn blocks(&self) -> bool {
        matches!(self, Self::Refuse(_) | Self::Fail(_))
    }
}

impl<C> Step<C> {
    fn new(id: ObjectId, differences: Vec<Difference>, action: Action<C>) -> Self {
        Self { id, needs: Vec::new(), differences, action }
    }

    /// An object that is as the plan wants it.
    #[must_use]
    pub fn unchanged(id: ObjectId) -> Self {
        Self::new(id, Vec::new(), Action::Nothing)
    }

    /// An object that is not there.
    #[must_use]
    pub fn create(id: ObjectId, change: C) -> Self {
        Self::new(id, Vec::new(), Action::Create(change))
    }

    /// An object that differs and is brought in line.
    #[must_use]
    pub fn change(id: ObjectId, differences: Vec<Difference>, change: C) -> Self {
        Self::new(id, differences, Action::Change(change))
    }

    /// An object that differs and is left alone, with what somebody can do about it.
    #[must_use]
    pub fn refuse(id: ObjectId, differences: Vec<Difference>, help: impl Into<String>) -> Self {
        Self::new(id, differences, Action::Refuse(help.into()))
    }

    /// An object that cannot be looked at.
    #[must_use]
    pub fn fail(id: ObjectId, failure: Failure) -> Self {
        Self::new(id, Vec::new(), Action::Fail(failure))
    }

    /// The same step, which cannot be done where one of these failed.
    #[must_use]
    pub fn needs(mut self, needs: impl IntoIterator<Item = ObjectId>) -> Self {
        self.needs.extend(needs);
        self
    }
}

/// What became of an object, or of a target as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It was as the plan wants it.
    Unchanged,
    /// It was made.
    Created,
    /// It was brought in line.
    Changed,
    /// It would be made.
    WouldCreate,
    /// It would be brought in line.
    WouldChange,
    /// It differs and was left alone.
    Refused,
    /// It could not be made or brought in line.
    Failed,
    /// The target was not ready in time.
    NotReady,
    /// It was not attempted, because of something else.
    Skipped,
}

impl Verdict {
    /// All, in the order in which they are counted.
    pub const ALL: [Self; 9] = [
        Self::Unchanged,
        Self::Created,
        Self::Changed,
        Self::WouldCreate,
        Self::WouldChange,
        Self::Refused,
        Self::Failed,
        Self::NotReady,
        Self::Skipped,
    ];

    /// The word for people and machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Created => "created",
            Self::Changed => "changed",
            Self::WouldCreate => "would create",
            Self::WouldChange => "would change",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::NotReady => "not ready",
            Self::Skipped => "skipped",
        }
    }

    /// True for what stands in the way of everything that needs the object.
    #[must_use]
    pub const fn blocks(self) -> bool {
        matches!(self, Self::Refused | Self::Failed | Self::NotReady | Self::Skipped)
    }
}

/// What became of one object, or of a target as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The object or the target.
    pub id: ObjectId,
    /// What became of it.
    pub verdict: Verdict,
    /// What was different.
    pub differences: Vec<Difference>,
    /// Why it failed, was refused or skipped.
    pub reason: Option<String>,
    /// What somebody can do about it.
    pub help: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::{Difference, ObjectId};

    #[test]
    fn an_id_covers_what_is_below_it_and_nothing_that_only_begins_alike() {
        let role = ObjectId::target("pg").join("role").join("app");
        for (id, covers) in
            [("pg", true), ("pg/role", true), ("pg/role/app", true), ("pg/role/ap", false), ("p", false)]
        {
            assert_eq!(ObjectId::from_text(id).covers(&role), covers, "{id}");
        }
        assert!(ObjectId::from_text("pg/role/").covers(&role), "a slash at the end is no part of an id");
    }

    #[test]
    fn a_difference_says_what_was_and_what_is_wanted_and_of_a_password_only_that_it_differs() {
        assert_eq!(Difference::new("connection_limit", -1, 10).to_string(), "connection_limit -1 -> 10");
        assert_eq!(Difference::new("password", "", "").to_string(), "password");
    }
}
