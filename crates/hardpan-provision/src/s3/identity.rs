//! Policies for users, and users: what there is and what has to be done about it.
//!
//! Not responsible for requests; `identity_calls` makes them. A newcomer needs to know one thing: S3 has no word for users, so
//! they are managed by MinIO's admin interface, and a server without it is told apart and said so.

use std::collections::BTreeSet;

use serde_json::Value;

use super::bucket::describe_meaning;
use super::policy::{meaning, user_statements};
use crate::error::Failure;
use crate::plan::s3::{Policy, Target, User};
use crate::step::{Difference, Step};

/// A user as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UserState {
    pub(super) enabled: bool,
    pub(super) policies: BTreeSet<String>,
    /// Whether the plan's secret key is its own; `None` where that cannot be known because it may not log in.
    pub(super) key_matches: Option<bool>,
}

/// What was found of an object; `None` where it is not there. An error is final.
pub(super) type Found<T> = Result<Option<T>, Failure>;

/// What has to be done to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserChange {
    pub(super) name: String,
    /// Make it, or give it the plan's secret key and status.
    pub(super) write: bool,
    /// Give it the plan's status only.
    pub(super) status: bool,
    /// Attach the plan's policies and no others.
    pub(super) policies: bool,
}

/// What has to be done about a policy.
pub(super) fn plan_policy(
    target: &Target,
    name: &str,
    wanted: &Policy,
    found: &Found<Vec<Value>>,
) -> Step<super::Change> {
    let id = target.policy_id(name);
    let statements = user_statements(wanted);
    let shall = meaning(&statements);
    let change = super::Change::Policy { name: name.to_owned(), statements };
    match found {
        Err(failure) => Step::fail(id, failure.clone()),
        Ok(None) => Step::create(id, change),
        Ok(Some(found)) => {
            let is = meaning(found);
            if is == shall {
                return Step::unchanged(id);
            }
            let (from, to) = (describe_meaning(&is, &shall), describe_meaning(&shall, &is));
            Step::change(id, vec![Difference::new("statements", from, to)], change)
        }
    }
}

/// What has to be done about a user.
pub(super) fn plan_user(
    target: &Target,
    name: &str,
    wanted: &User,
    found: &Found<UserState>,
) -> Step<super::Change> {
    let id = target.user_id(name);
    if target.access_key.secret().expose() == name {
        let failure =
            Failure::other("it is the account that carries out the plan, which cannot manage itself");
        return Step::fail(id, failure.with_help("leave it out of `users`"));
    }
    let needs: Vec<_> = wanted
        .policies
        .iter()
        .filter(|policy| target.policies.contains_key(*policy))
        .map(|policy| target.policy_id(policy))
        .collect();
    let policies: BTreeSet<String> = wanted.policies.iter().cloned().collect();
    let mut change = UserChange { name: name.to_owned(), write: false, status: false, policies: false };
    let found = match found {
        Err(failure) => return Step::fail(id, failure.clone()),
        Ok(None) => {
            change.write = true;
            change.policies = wanted.enabled && !policies.is_empty();
            return Step::create(id, super::Change::User(change)).needs(needs);
        }
        Ok(Some(found)) => found,
    };
    let mut differences = Vec::new();
    if found.key_matches == Some(false) {
        differences.push(Difference::new("secret_key", "", ""));
        change.write = true;
    }
    if found.enabled != wanted.enabled {
        differences.push(Difference::new("enabled", found.enabled, wanted.enabled));
        // The key of one that may not log in is unknown; it gets the plan's before it may.
        change.write |= wanted.enabled;
        change.status = !change.write;
    }
    // MinIO attaches nothing to a user who may not log in; it is made up for when the user may.
    if wanted.enabled && found.policies != policies {
        let (from, to) = (list(&found.policies), list(&policies));
        differences.push(Difference::new("policies", from, to));
        change.policies = true;
    }
    if differences.is_empty() {
        return Step::unchanged(id);
    }
    Step::change(id, differences, super::Change::User(change)).needs(needs)
}

fn list(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
