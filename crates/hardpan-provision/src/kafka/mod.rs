//! Kafka: topics, SCRAM users and access control lists, over a connection of its own.
//!
//! Not responsible for waiting and order; the runner is. A newcomer needs to know one thing: Kafka has no lock that a client
//! could take, so every change is one that two runs at once may both make: what is there already is no failure, and partitions are
//! set to a number, never added.

mod acl;
mod cluster;
mod code;
mod connection;
mod login;
mod message;
mod scram;
#[cfg(test)]
mod tests;
mod topic;
mod user;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use crate::backend::Backend;
use crate::error::Failure;
use crate::plan::kafka::{Mechanism, Target};
use crate::step::Step;
use crate::wait::Context;
use code::Ask;
use connection::Connection;
use message::AclEntry;

/// A connection to the target.
pub(crate) struct Kafka {
    connection: Connection,
    /// As whom the cluster knows us.
    principal: String,
    /// Passwords that were set by this run. It knows them, also where no listener lets it try them.
    set: BTreeSet<(String, Mechanism)>,
}

/// What was found of that which the plan names.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    topics: BTreeMap<String, topic::Found>,
    users: BTreeMap<String, user::Found>,
    /// All entries of the access control lists.
    acls: BTreeSet<AclEntry>,
}

/// What is done about one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Makes a topic of the plan.
    CreateTopic(String),
    /// Brings a topic in line.
    AlterTopic {
        /// Its name.
        topic: String,
        /// How many partitions it shall have, where it has fewer.
        partitions: Option<i32>,
        /// The settings that differ.
        config: BTreeMap<String, String>,
    },
    /// Sets the password of a user of the plan for some mechanisms, with so many rounds of the hash.
    SetPassword {
        /// The user.
        user: String,
        /// Mechanisms and rounds.
        credentials: Vec<(Mechanism, i32)>,
    },
    /// Makes entries of the access control lists.
    CreateAcls(Vec<AclEntry>),
}

impl Kafka {
    /// What is asked of the cluster, for messages.
    fn ask<'a>(&'a self, privilege: &'a str, action: &'a str) -> Ask<'a> {
        Ask { user: &self.principal, privilege, action }
    }
}

impl Backend for Kafka {
    type Target = Target;
    type State = State;
    type Change = Change;

    async fn open(target: &Target, context: &Context) -> Result<Self, Failure> {
        let connection = cluster::open(target, context).await?;
        // Without a login a listener that wants none takes everybody for this user.
        let user = target.sasl.as_ref().map_or("ANONYMOUS", |sasl| sasl.user.as_str());
        Ok(Self { connection, principal: format!("User:{user}"), set: BTreeSet::new() })
    }

    async fn probe(&mut self, target: &Target, context: &Context) -> Result<State, Failure> {
        Ok(State {
            users: self.probe_users(target, context).await?,
            topics: self.probe_topics(target, context).await?,
            acls: self.probe_acls(target, context).await?,
        })
    }

    fn plan(target: &Target, state: &State) -> Vec<Step<Change>> {
        let users = target
            .users
            .iter()
            .map(|(name, wish)| user::step(target.user_id(name), name, wish, state.users.get(name)));
        let topics = target
            .topics
            .iter()
            .map(|(name, wish)| topic::step(target.topic_id(name), name, wish, state.topics.get(name)));
        let acls = target.acls.iter().map(|acl| acl::step(target.acl_id(acl), acl, &state.acls));
        users.chain(topics).chain(acls).collect()
    }

    async fn apply(&mut self, target: &Target, change: &Change, context: &Context) -> Result<(), Failure> {
        match change {
            Change::CreateTopic(topic) => self.create_topic(target, topic, context).await,
            Change::AlterTopic { topic, partitions, config } => {
                self.alter_config(topic, config, context).await?;
                match partitions {
                    Some(count) => self.grow(topic, *count, context).await,
                    None => Ok(()),
                }
            }
            Change::SetPassword { user, credentials } => {
                self.set_password(target, user, credentials, context).await
            }
            Change::CreateAcls(entries) => self.create_acls(entries, context).await,
        }
    }

    async fn close(self, _context: &Context) {}
}
