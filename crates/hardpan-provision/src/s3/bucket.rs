//! Buckets: what there is, and what has to be done about it.
//!
//! Not responsible for requests; `bucket_calls` makes them. A newcomer needs to know one thing: only what the plan says is asked
//! for and compared, so that an account needs no permission for anything else.

use std::collections::BTreeMap;

use serde_json::Value;

use super::policy::{self, Meaning, meaning};
use super::settings::{Rule, Rules, describe_encryption, describe_retention, wanted_rules};
use crate::error::Failure;
use crate::plan::s3::{Bucket, Encryption, Retention, Target, Versioning};
use crate::step::{Difference, Step};

/// Whether a bucket is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existence {
    Absent,
    /// The account may not know. It may be somebody else's, or not there.
    Hidden,
    Here,
}

/// A setting as it was found. `None`: it was not asked for. An error is final: the account may not read it, or the server
/// does not have it.
pub(super) type Found<T> = Option<Result<T, Failure>>;

/// A bucket as it was found.
#[derive(Clone, Debug)]
pub(super) struct BucketState {
    pub(super) existence: Existence,
    /// `None` inside: versions were never kept.
    pub(super) versioning: Found<Option<Versioning>>,
    pub(super) object_lock: Found<(bool, Option<Retention>)>,
    pub(super) encryption: Found<Option<Encryption>>,
    pub(super) lifecycle: Found<Vec<Rule>>,
    /// The statements of its policy.
    pub(super) policy: Found<Vec<Value>>,
    pub(super) tags: Found<BTreeMap<String, String>>,
}

impl BucketState {
    /// A bucket of which nothing is known but whether it is there.
    pub(super) fn of(existence: Existence) -> Self {
        Self {
            existence,
            versioning: None,
            object_lock: None,
            encryption: None,
            lifecycle: None,
            policy: None,
            tags: None,
        }
    }
}

/// One thing to do to a bucket.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Edit {
    Create {
        object_lock: bool,
    },
    Versioning(Versioning),
    Retention(Retention),
    Encryption(Encryption),
    Lifecycle(Vec<Rule>),
    /// These statements and no others.
    Policy(Vec<Value>),
    Tags(BTreeMap<String, String>),
}

/// What has to be done about a bucket.
pub(super) fn plan(target: &Target, name: &str, wanted: &Bucket, state: &BucketState) -> Step<super::Change> {
    let id = target.bucket_id(name);
    let mut comparison = Comparison::default();
    if let Err(failure) = comparison.compare(name, wanted, state) {
        return Step::fail(id, failure);
    }
    let Comparison { differences, edits, fixed } = comparison;
    let change = |edits| super::Change::Bucket { name: name.to_owned(), edits };
    if state.existence != Existence::Here {
        let object_lock = wanted.object_lock == Some(true);
        let mut all = vec![Edit::Create { object_lock }];
        all.extend(edits);
        return Step::create(id, change(all));
    }
    if fixed {
        let help = "whether objects can be locked is decided when a bucket is made: make another one, move the \
                    objects, and name that in the plan";
        return Step::refuse(id, differences, help);
    }
    if edits.is_empty() { Step::unchanged(id) } else { Step::change(id, differences, change(edits)) }
}

#[derive(Default)]
struct Comparison {
    differences: Vec<Difference>,
    edits: Vec<Edit>,
    /// True where something differs that cannot be changed.
    fixed: bool,
}

impl Comparison {
    fn compare(&mut self, name: &str, wanted: &Bucket, state: &BucketState) -> Result<(), Failure> {
        self.object_lock(wanted, state)?;
        self.versioning(wanted, state)?;
        if let Some(wanted) = &wanted.encryption {
            let found = known(&state.encryption, false)?;
            if found.as_ref() != Some(wanted) {
                let (from, to) = (describe_encryption(found.as_ref()), describe_encryption(Some(wanted)));
                self.add(Difference::new("encryption", from, to), Edit::Encryption(wanted.clone()));
            }
        }
        if let Some(rules) = &wanted.lifecycle {
            let rules = wanted_rules(rules);
            let found = known(&state.lifecycle, rules.is_empty())?;
            if found != rules {
                let difference = Difference::new("lifecycle", Rules(&found), Rules(&rules));
                self.add(difference, Edit::Lifecycle(rules));
            }
        }
        self.policy(name, wanted, state)?;
        if let Some(tags) = &wanted.tags {
            let found = known(&state.tags, tags.is_empty())?;
            if found != *tags {
                let difference = Difference::new("tags", describe_tags(&found), describe_tags(tags));
                self.add(difference, Edit::Tags(tags.clone()));
            }
        }
        Ok(())
    }

    fn add(&mut self, difference: Difference, edit: Edit) {
        self.differences.push(difference);
        self.edits.push(edit);
    }

    fn object_lock(&mut self, wanted: &Bucket, state: &BucketState) -> Result<(), Failure> {
        let needs_nothing = wanted.object_lock != Some(true) && wanted.retention.is_none();
        let (locked, retention) = known(&state.object_lock, needs_nothing)?;
        if let Some(wanted) = wanted.object_lock.filter(|wanted| *wanted != locked) {
            self.differences.push(Difference::new("object_lock", locked, wanted));
            self.fixed = true;
        }
        if let Some(wanted) = wanted.retention.filter(|wanted| Some(*wanted) != retention) {
            let (from, to) = (describe_retention(retention.as_ref()), describe_retention(Some(&wanted)));
            self.add(Difference::new("retention", from, to), Edit::Retention(wanted));
        }
        Ok(())
    }

    fn versioning(&mut self, wanted: &Bucket, state: &BucketState) -> Result<(), Failure> {
        let Some(wanted_versioning) = wanted.versioning else { return Ok(()) };
        let is_new = state.existence != Existence::Here;
        let found = known(&state.versioning, wanted_versioning == Versioning::Suspended)?;
        // A bucket that is made for locks keeps versions from the beginning.
        let found =
            if is_new && wanted.object_lock == Some(true) { Some(Versioning::Enabled) } else { found };
        // Never kept and not kept any more are the same for new objects.
        if found.unwrap_or(Versioning::Suspended) != wanted_versioning {
            let word = |versioning| match versioning {
                None => "none",
                Some(Versioning::Enabled) => "enabled",
                Some(Versioning::Suspended) => "suspended",
            };
            let difference = Difference::new("versioning", word(found), word(Some(wanted_versioning)));
            self.add(difference, Edit::Versioning(wanted_versioning));
        }
        Ok(())
    }

    /// A policy has two parts, which the plan speaks of with two keys: what everybody may, and the rest. What the plan does
    /// not speak of stays.
    fn policy(&mut self, name: &str, wanted: &Bucket, state: &BucketState) -> Result<(), Failure> {
        if wanted.public_read.is_none() && wanted.policy.is_none() {
            return Ok(());
        }
        let public = policy::public_statements(name, wanted);
        let others: Vec<Value> = wanted.policy.iter().flatten().map(policy::statement).collect();
        let found = known(&state.policy, public.is_empty() && others.is_empty())?;
        let (found_public, found_others): (Vec<Value>, Vec<Value>) =
            found.into_iter().partition(policy::is_public);
        let parts = [
            ("public_read", wanted.public_read.is_some(), found_public, public),
            ("policy", wanted.policy.is_some(), found_others, others),
        ];
        let before = self.differences.len();
        let mut statements = Vec::new();
        for (what, is_said, found, wanted) in parts {
            let (is, shall) = (meaning(&found), meaning(&wanted));
            if is_said && is != shall {
                let (from, to) = (describe_meaning(&is, &shall), describe_meaning(&shall, &is));
                self.differences.push(Difference::new(what, from, to));
            }
            statements.extend(if is_said { wanted } else { found });
        }
        if self.differences.len() > before {
            self.edits.push(Edit::Policy(statements));
        }
        Ok(())
    }
}

/// What was found. A server that does not have something is as good as one that has nothing of it, where the plan wants
/// nothing.
fn known<T: Clone + Default>(found: &Found<T>, wants_nothing: bool) -> Result<T, Failure> {
    match found {
        None => Ok(T::default()),
        Some(Ok(found)) => Ok(found.clone()),
        Some(Err(Failure::Other { .. })) if wants_nothing => Ok(T::default()),
        Some(Err(failure)) => Err(failure.clone()),
    }
}

fn describe_tags(tags: &BTreeMap<String, String>) -> String {
    let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if tags.is_empty() { "none".to_owned() } else { tags.join(" ") }
}

/// What one document says and another does not, the beginning of it.
pub(super) fn describe_meaning(one: &Meaning, other: &Meaning) -> String {
    const SHOWN_MAX: usize = 3;
    let only: Vec<&str> = one.difference(other).map(String::as_str).collect();
    let shown: Vec<String> =
        only.iter().take(SHOWN_MAX).map(|text| text.chars().take(200).collect()).collect();
    match only.len() {
        0 => "nothing".to_owned(),
        count if count > SHOWN_MAX => format!("{} and {} more", shown.join(", "), count - SHOWN_MAX),
        _ => shown.join(", "),
    }
}
