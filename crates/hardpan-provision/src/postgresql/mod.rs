//! PostgreSQL: roles, databases, and what is inside them, on whichever server is the primary.
//!
//! Not responsible for setting servers up or for replication. A newcomer needs to know one thing: a run holds an advisory lock in
//! the target's first database, so two runs follow each other, and every connection goes to the server that holds the lock.

mod change;
mod connection;
mod primary;
mod probe;
mod quote;
mod scram;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod wish;

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::types::Type;

use crate::backend::Backend;
use crate::error::Failure;
use crate::plan::postgresql::Target;
use crate::step::Step;
use crate::wait::Context;
use change::Change;
use connection::{Connection, Login, column};
use state::State;

/// The key of the advisory lock: `hardpan` in ASCII.
const LOCK: i64 = 0x68_61_72_64_70_61_6e;

/// How often a further connection is tried before the search for the primary begins again: about four seconds.
const ATTEMPTS: u32 = 8;

/// A connection to the primary, with others to further databases of it.
pub(crate) struct Postgresql {
    /// To the target's first database. It holds the lock.
    first: Connection,
    others: BTreeMap<String, Connection>,
    /// Roles whose password was set in this session. Where passwords cannot be compared, this is what is known of them.
    set: BTreeSet<String>,
    user: String,
}

impl Backend for Postgresql {
    type Target = Target;
    type State = State;
    type Change = Change;

    async fn open(target: &Target, context: &Context) -> Result<Self, Failure> {
        let first = primary::find(target, context).await?;
        if !context.is_dry_run() {
            lock(&first, context).await?;
        }
        let (others, set) = (BTreeMap::new(), BTreeSet::new());
        Ok(Self { first, others, set, user: target.user.clone() })
    }

    async fn probe(&mut self, target: &Target, context: &Context) -> Result<State, Failure> {
        let mut state = probe::server(&self.first, target, &self.set, context).await?;
        // A role may be set to become another one when it logs in.
        self.user.clone_from(&state.server.user);
        for (name, wish) in &target.databases {
            if let Some(found) = state.databases.get_mut(name)
                && probe::inside::is_wanted(wish)
            {
                let connection = self.to(target, name, context).await?;
                found.inside = Some(probe::inside::inside(connection, wish, context).await?);
            }
        }
        Ok(state)
    }

    fn plan(target: &Target, state: &State) -> Vec<Step<Change>> {
        wish::steps(target, state)
    }

    async fn apply(&mut self, target: &Target, change: &Change, context: &Context) -> Result<(), Failure> {
        let user = self.user.clone();
        let connection = match &change.database {
            None => &self.first,
            Some(database) => self.to(target, database, context).await?,
        };
        change.apply(connection, &user, context).await?;
        self.set.extend(change.password_of.clone());
        Ok(())
    }

    async fn close(self, context: &Context) {
        self.first.close(context).await;
    }
}

impl Postgresql {
    /// A connection to a database on the server that holds the lock.
    async fn to(
        &mut self,
        target: &Target,
        database: &str,
        context: &Context,
    ) -> Result<&Connection, Failure> {
        if database == target.database {
            return Ok(&self.first);
        }
        if !self.others.contains_key(database) {
            let connection = self.connect(target, database, context).await?;
            self.others.insert(database.to_owned(), connection);
        }
        // Invariant: it was there or has just been put there.
        self.others.get(database).ok_or_else(|| Failure::other("a connection was lost inside hardpan"))
    }
}

impl Postgresql {
    /// A further connection to the server that holds the lock. A router that does not know which server is the primary may
    /// need several attempts until it leads there.
    async fn connect(
        &self,
        target: &Target,
        database: &str,
        context: &Context,
    ) -> Result<Connection, Failure> {
        let password = target.password.as_ref().map(|file| file.secret());
        let login =
            Login { address: &self.first.address, database, user: &target.user, password, is_first: false };
        let waiting_for = format!("{} to accept a connection to `{database}`", login.address);
        let mut left = ATTEMPTS;
        let connected = context.until(async || {
            left -= 1;
            let failure = match context.bounded(&waiting_for, login.connect()).await {
                Ok(Ok(connection)) if connection.is_to_server_of(&self.first) => return Ok(Ok(connection)),
                Ok(Ok(_)) => Failure::not_ready(&waiting_for, "it led to another server than before"),
                Ok(Err(failure)) | Err(failure) => failure,
            };
            // Where the first connection is of no use any more, this one is none either: the runner begins again.
            if left == 0 || self.first.is_lost() { Ok(Err(failure)) } else { Err(failure) }
        });
        connected.await?
    }
}

/// Takes the lock, waiting for whoever has it. It ends with the session.
async fn lock(connection: &Connection, context: &Context) -> Result<(), Failure> {
    let taken = context.until(async || {
        let rows = connection.rows(context, "SELECT pg_try_advisory_lock($1)", &[(&LOCK, Type::INT8)]).await;
        // A lost connection does not come back by asking it again; the outer layer is a failure for the runner.
        let rows = match rows {
            Ok(rows) => rows,
            Err(failure) => return Ok(Err(failure)),
        };
        match rows.first().map(|row| column::<bool>(row, 0)) {
            Some(Ok(true)) => Ok(Ok(())),
            Some(Err(failure)) => Ok(Err(failure)),
            _ => {
                let waiting_for = format!("{} to have no other run at work", connection.address);
                Err(Failure::not_ready(waiting_for, "another run holds the lock"))
            }
        }
    });
    taken.await?
}
