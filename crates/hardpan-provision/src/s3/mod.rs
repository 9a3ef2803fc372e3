//! Object stores that speak S3: buckets with their settings, and where the server offers MinIO's admin interface, policies and
//! users.
//!
//! Not responsible for objects in buckets; nothing here reads or removes one. A newcomer needs to know one thing: S3 has no
//! transactions and no locks, so every change replaces one configuration as a whole, and two runs at once write the same.

mod bucket;
mod bucket_calls;
mod client;
mod http;
mod identity;
mod identity_calls;
mod policy;
mod seal;
mod settings;
mod sign;
#[cfg(test)]
mod tests;
mod xml;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::backend::Backend;
use crate::error::Failure;
use crate::plan::s3::Target;
use crate::step::{Action, Step};
use crate::wait::Context;
use bucket::{BucketState, Edit};
use client::{Account, Call, Client};
use http::Connection;
use identity::{UserChange, UserState};
use seal::SealKey;

/// A connection to the target.
pub(crate) struct S3 {
    client: Client,
    /// Derived when the first user is written.
    seal_key: Option<SealKey>,
}

/// What was found, for everything that the plan names.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    buckets: BTreeMap<String, BucketState>,
    policies: BTreeMap<String, identity::Found<Vec<Value>>>,
    users: BTreeMap<String, identity::Found<UserState>>,
}

/// What has to be done about one object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    Bucket { name: String, edits: Vec<Edit> },
    Policy { name: String, statements: Vec<Value> },
    User(UserChange),
}

impl Backend for S3 {
    type Target = Target;
    type State = State;
    type Change = Change;

    /// The server is ready when it accepts a signature; whether the account may list buckets does not matter.
    async fn open(target: &Target, context: &Context) -> Result<Self, Failure> {
        let account = Account {
            label: target.access_key.path.clone(),
            access_key: target.access_key.secret().clone(),
            secret_key: target.secret_key.secret().clone(),
        };
        let connection = Connection::new(target.endpoint.clone());
        let mut client = Client::new(connection, &target.region, account);
        let list = Call { method: "GET", path: "/".to_owned(), ..Call::default() };
        let answer = client.send(&list, context).await?;
        let stranger = match &answer {
            Ok(body) => !xml::parse(body).is_ok_and(|root| root.name == "ListAllMyBucketsResult"),
            // Something in front of the server refuses in its own way.
            Err(refusal) => refusal.code.is_empty(),
        };
        if stranger {
            let said =
                answer.err().map_or_else(|| "not a list of buckets".to_owned(), |error| error.answer());
            return Err(Failure::not_ready(format!("{} to answer as S3 does", client.address()), said));
        }
        if let Err(refusal) = answer
            && !refusal.is_denied()
        {
            let action = "list the buckets";
            let intent = client::Intent { permission: "s3:ListAllMyBuckets", action, feature: None };
            return Err(refusal.failure(&client.account, intent));
        }
        Ok(Self { client, seal_key: None })
    }

    async fn probe(&mut self, target: &Target, context: &Context) -> Result<State, Failure> {
        let mut state = State::default();
        for (name, wanted) in &target.buckets {
            let found = bucket_calls::probe(&mut self.client, name, wanted, context).await?;
            state.buckets.insert(name.clone(), found);
        }
        for name in target.policies.keys() {
            state.policies.insert(name.clone(), self.probe_policy(name, context).await?);
        }
        for (name, wanted) in &target.users {
            state.users.insert(name.clone(), self.probe_user(name, wanted, context).await?);
        }
        Ok(state)
    }

    fn plan(target: &Target, state: &State) -> Vec<Step<Change>> {
        let buckets = target.buckets.iter().filter_map(|(name, wanted)| {
            state.buckets.get(name).map(|found| bucket::plan(target, name, wanted, found))
        });
        let policies = target.policies.iter().filter_map(|(name, wanted)| {
            state.policies.get(name).map(|found| identity::plan_policy(target, name, wanted, found))
        });
        let users = target.users.iter().filter_map(|(name, wanted)| {
            state.users.get(name).map(|found| identity::plan_user(target, name, wanted, found))
        });
        buckets.chain(policies).chain(users).collect()
    }

    async fn apply(&mut self, target: &Target, change: &Change, context: &Context) -> Result<(), Failure> {
        match change {
            Change::Bucket { name, edits } => self.apply_bucket(target, name, edits, context).await,
            Change::Policy { name, statements } => self.apply_policy(name, statements, context).await,
            Change::User(change) => self.apply_user(target, change, context).await,
        }
    }

    async fn close(self, _context: &Context) {}
}

/// How often a bucket is gone over.
const ROUNDS_MAX: usize = 3;

impl S3 {
    /// Carries out edits, and those again that are gone afterwards: a server may keep all settings of a bucket in one file, which
    /// two runs at once overwrite for each other.
    async fn apply_bucket(
        &mut self,
        target: &Target,
        name: &str,
        edits: &[Edit],
        context: &Context,
    ) -> Result<(), Failure> {
        let Some(wanted) = target.buckets.get(name) else {
            return Err(Failure::other("a change of a bucket that the plan does not have"));
        };
        let mut edits = edits.to_vec();
        for _ in 0..ROUNDS_MAX {
            for edit in &edits {
                bucket_calls::apply(&mut self.client, &target.region, name, edit, context).await?;
            }
            let found = bucket_calls::probe(&mut self.client, name, wanted, context).await?;
            match bucket::plan(target, name, wanted, &found).action {
                Action::Change(Change::Bucket { edits: left, .. }) => edits = left,
                // Whatever else it is, the look at everything that follows will tell.
                _ => break,
            }
        }
        Ok(())
    }
}
