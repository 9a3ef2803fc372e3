//! One connection to one database: sessions that do not depend on who logs in, and answers sorted into failures.
//!
//! Not responsible for which server it goes to (`primary`). A newcomer needs to know one thing: a lost connection is no error but
//! [`Failure::NotReady`], after which the runner looks for the primary again, so a failover in the middle needs nothing else.

use std::error::Error as _;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};

use tokio::task::JoinHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Row, SimpleQueryMessage};

use crate::error::Failure;
use crate::plan::Address;
use crate::secret::Secret;
use crate::wait::Context;

/// What every session is set to, whatever the role or the database is set to.
///
/// With nothing but the catalog in the search path, no function or operator that somebody put into `public` is ever called. Who
/// holds a lock on what is to be changed is named as such, before the operation is given up. Times are compared as text.
const SESSION: &str = "SET search_path = pg_catalog; SET lock_timeout = '5s'; SET TimeZone = 'UTC'; \
    SET DateStyle = 'ISO'; SET default_transaction_read_only = off; SET client_min_messages = warning; \
    SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.pg_postmaster_start_time()";

/// One statement may warn for every object; the first warning says enough.
const WARNINGS_MAX: usize = 8;

/// Who connects to what.
#[derive(Clone)]
pub(super) struct Login<'t> {
    pub(super) address: &'t Address,
    pub(super) database: &'t str,
    pub(super) user: &'t str,
    pub(super) password: Option<&'t Secret>,
    /// The target's first database. A further one has been seen by then; where it is missing, a router has led to a standby
    /// that does not have it yet.
    pub(super) is_first: bool,
}

/// A connection to the primary. Dropping it ends the session, with its lock.
pub(super) struct Connection {
    client: Client,
    driver: JoinHandle<()>,
    /// Warnings that a privilege was not granted or not revoked: the server's answer to somebody who holds too little.
    warnings: Arc<Mutex<Vec<String>>>,
    pub(super) address: Address,
    user: String,
    /// When the server was started, by which it is told from another one behind the same router.
    started_at: String,
}

impl Drop for Connection {
    fn drop(&mut self) {
        // What is still being carried out on the server must not hold up whoever comes next.
        self.driver.abort();
    }
}

impl Login<'_> {
    pub(super) fn config(&self) -> Config {
        let mut config = Config::new();
        config.host(&self.address.host).port(self.address.port);
        config.user(self.user).dbname(self.database).application_name("hardpan");
        if let Some(password) = self.password {
            config.password(password.expose());
        }
        config
    }

    /// Connects, and makes sure that this is the primary.
    ///
    /// # Errors
    /// [`Failure::NotReady`] where nobody listens, the server is not up yet, or is a standby; [`Failure::Credentials`];
    /// final ones where the database is missing or closed to this role.
    pub(super) async fn connect(&self) -> Result<Connection, Failure> {
        let connected = self.config().connect(NoTls).await;
        let (client, mut connection) = connected.map_err(|error| self.refused(&error))?;
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&warnings);
        // The driver ends when the client is dropped, or is aborted with it. Its error is the client's as well.
        let driver = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notice(notice) = message
                    && let (code @ ("01006" | "01007"), Ok(mut heard)) = (notice.code().code(), heard.lock())
                    && heard.len() < WARNINGS_MAX
                {
                    heard.push(format!("{} (SQLSTATE {code})", notice.message()));
                }
            }
        });
        let (address, user) = (self.address.clone(), self.user.to_owned());
        let mut connection =
            Connection { client, driver, warnings, address, user, started_at: String::new() };
        let answers = connection.client.simple_query(SESSION).await;
        let answers = answers.map_err(|error| connection.failure(&error))?;
        let mut is_standby = false;
        for answer in &answers {
            if let SimpleQueryMessage::Row(row) = answer {
                is_standby = row.get(0) == Some("t");
                row.get(1).unwrap_or_default().clone_into(&mut connection.started_at);
            }
        }
        if is_standby {
            let waiting_for = format!("{} to be the primary", self.address);
            return Err(Failure::not_ready(waiting_for, "it is a standby"));
        }
        Ok(connection)
    }

    fn refused(&self, error: &tokio_postgres::Error) -> Failure {
        let (user, answer) = (self.user.to_owned(), answer(error));
        let database = self.database;
        let code = error.code().map_or("", |code| code.code());
        match code {
            _ if code.starts_with("28") => Failure::Credentials { user, answer },
            // The server asks for a password and there is none, or it does not know the password itself.
            "" if matches!(error.to_string().as_str(), "authentication error" | "invalid configuration") => {
                Failure::Credentials { user, answer }
            }
            "3D000" if self.is_first => {
                Failure::other(format!("there is no database `{database}` to connect to: {answer}"))
                    .with_help("`database` of the target says to which database hardpan connects first")
            }
            "42501" => {
                let privilege = format!("CONNECT on the database `{database}`");
                Failure::Privilege { user, privilege, action: format!("look into `{database}`"), answer }
            }
            "55000" => Failure::other(format!("the database `{database}` takes no connections: {answer}")),
            _ => Failure::not_ready(format!("{} to accept a connection", self.address), answer),
        }
    }
}

impl Connection {
    /// True if the two go to the same server. Behind a router they need not.
    pub(super) fn is_to_server_of(&self, other: &Self) -> bool {
        self.started_at == other.started_at
    }

    pub(super) fn is_lost(&self) -> bool {
        self.client.is_closed()
    }

    /// Rows of a query that only reads.
    ///
    /// # Errors
    /// What the server answers instead.
    pub(super) async fn rows(
        &self,
        context: &Context,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Failure> {
        let waiting_for = format!("{} to answer a query", self.address);
        let answer = context.bounded(&waiting_for, self.client.query_typed(sql, parameters)).await?;
        answer.map_err(|error| self.failure(&error))
    }

    /// Carries out one statement, which may take its time: an extension is made in one. The outer failure is that there was no answer, the inner one is the server's answer.
    pub(super) async fn execute(
        &self,
        context: &Context,
        sql: &str,
    ) -> Result<Result<(), tokio_postgres::Error>, Failure> {
        let waiting_for = format!("{} to carry out a statement", self.address);
        context.until_deadline(&waiting_for, self.client.batch_execute(sql)).await
    }

    /// The first warning since it was last asked that a privilege was not granted or not revoked. It is there before the
    /// statement's own answer, because the server says it before.
    pub(super) fn warning(&self) -> Option<String> {
        let warnings = self.warnings.lock().map(|mut heard| std::mem::take(&mut *heard)).unwrap_or_default();
        warnings.into_iter().next()
    }

    /// Says goodbye and waits for the session's end, so that what it holds is free afterwards.
    pub(super) async fn close(self, context: &Context) {
        // Ending the session by force is all that is left where the server does not end it.
        let unlock = self.client.batch_execute("SELECT pg_catalog.pg_advisory_unlock_all()");
        let _ = context.bounded("the session to end", unlock).await;
    }

    /// What follows from an answer that is no result.
    pub(super) fn failure(&self, error: &tokio_postgres::Error) -> Failure {
        let answer = answer(error);
        if passes(error) {
            return Failure::not_ready(format!("{} to answer a query", self.address), answer);
        }
        if is_privilege(error) {
            let (user, privilege) = (self.user.clone(), "SELECT on the catalog".to_owned());
            return Failure::Privilege { user, privilege, action: "see what there is".to_owned(), answer };
        }
        Failure::other(answer)
    }
}

/// True if the server says that the role may not do this.
pub(super) fn is_privilege(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| code.code() == "42501")
}

/// True if another attempt may work: the connection was lost, the server is starting or ending or has become a standby, is
/// out of connections, or somebody else changed or holds the same thing.
pub(super) fn passes(error: &tokio_postgres::Error) -> bool {
    let Some(answer) = error.as_db_error() else {
        let is_io = error.source().is_some_and(|source| source.is::<std::io::Error>());
        return error.is_closed() || is_io;
    };
    match answer.code().code() {
        "25006" | "40001" | "40P01" | "55006" | "55P03" => true,
        // `tuple concurrently updated`: two who grant at once. The server has no code of its own for it.
        "XX000" => answer.routine().is_some_and(|routine| routine.starts_with("simple_heap_")),
        code => ["08", "53", "57"].iter().any(|class| code.starts_with(class)),
    }
}

/// The server's answer in one line, or what happened to the connection.
pub(super) fn answer(error: &tokio_postgres::Error) -> String {
    if let Some(answer) = error.as_db_error() {
        let mut text = answer.message().to_owned();
        for more in [answer.detail(), answer.hint()].into_iter().flatten() {
            text.push_str("; ");
            text.push_str(more);
        }
        return format!("{text} (SQLSTATE {})", answer.code().code());
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// One column of a row.
///
/// # Errors
/// The server gave something of another type: not a PostgreSQL that this was written for.
pub(super) fn column<'r, T: tokio_postgres::types::FromSql<'r>>(
    row: &'r Row,
    index: usize,
) -> Result<T, Failure> {
    row.try_get(index).map_err(|error| {
        Failure::other(format!("the catalog of the server is not as expected: {}", answer(&error)))
    })
}
