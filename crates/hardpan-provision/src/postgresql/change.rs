//! A change: statements, with what to say where the server does not carry them out.
//!
//! Not responsible for what has to change (`wish`). A newcomer needs to know one thing: a statement that fails because somebody
//! else was faster makes the runner look again, so what the other one made is compared as well.

use tokio_postgres::error::SqlState;

use super::connection::{Connection, answer, is_privilege, passes};
use super::{quote, scram};
use crate::error::Failure;
use crate::secret::Secret;
use crate::wait::Context;

/// What is done to bring one object in line.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The database in which it is done; `None` where that does not matter.
    pub(super) database: Option<String>,
    /// All or nothing. Databases are made outside of transactions.
    pub(super) is_atomic: bool,
    /// The role whose password is set.
    pub(super) password_of: Option<String>,
    pub(super) statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) sql: String,
    /// A password whose verifier ends the statement.
    pub(super) password: Option<Secret>,
    /// What it does, as in `create the role n8n`.
    pub(super) action: String,
    /// What the connecting role needs for it.
    pub(super) privilege: String,
    /// Answers that mean that somebody else was faster.
    pub(super) races: &'static [SqlState],
    /// What somebody can do where the server refuses for a reason of its own.
    pub(super) help: Option<String>,
}

impl Statement {
    pub(super) fn new(
        sql: impl Into<String>,
        action: impl Into<String>,
        privilege: impl Into<String>,
    ) -> Self {
        Self {
            sql: sql.into(),
            password: None,
            action: action.into(),
            privilege: privilege.into(),
            races: &[],
            help: None,
        }
    }

    pub(super) fn races(mut self, races: &'static [SqlState]) -> Self {
        self.races = races;
        self
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What is sent: with the verifier of the password where there is one.
    fn text(&self) -> Result<String, Failure> {
        match &self.password {
            None => Ok(self.sql.clone()),
            Some(password) => {
                let verifier = scram::verifier(password)?;
                Ok(format!("{} PASSWORD {}", self.sql, quote::literal(verifier.expose())))
            }
        }
    }

    fn lacks_privilege(&self, user: &str, answer: String) -> Failure {
        let (privilege, action) = (self.privilege.clone(), self.action.clone());
        Failure::Privilege { user: user.to_owned(), privilege, action, answer }
    }

    fn failure(&self, error: &tokio_postgres::Error, connection: &Connection, user: &str) -> Failure {
        let answer = answer(error);
        if is_privilege(error) {
            return self.lacks_privilege(user, answer);
        }
        let is_race = error.code().is_some_and(|code| self.races.contains(code));
        if is_race || passes(error) {
            return Failure::not_ready(format!("{} to {}", connection.address, self.action), answer);
        }
        let failure = Failure::other(format!("cannot {}: {answer}", self.action));
        match &self.help {
            Some(help) => failure.with_help(help.clone()),
            None => failure,
        }
    }
}

impl Change {
    /// One statement or several, all or nothing.
    pub(super) fn atomic(database: Option<&str>, statements: Vec<Statement>) -> Self {
        Self { database: database.map(str::to_owned), is_atomic: true, password_of: None, statements }
    }

    /// Carries it out over a connection to its database. `user` is who does it.
    pub(super) async fn apply(
        &self,
        connection: &Connection,
        user: &str,
        context: &Context,
    ) -> Result<(), Failure> {
        let is_transaction = self.is_atomic && self.statements.len() > 1;
        let plain = |sql: &str| Statement::new(sql, "end the transaction", "");
        if is_transaction {
            send(connection, &plain("BEGIN"), user, context).await?;
        }
        for statement in &self.statements {
            if let Err(failure) = send(connection, statement, user, context).await {
                if is_transaction {
                    // What the connection is used for next must not be part of it; where even this fails, it is lost.
                    send(connection, &plain("ROLLBACK"), user, context).await?;
                }
                return Err(failure);
            }
        }
        if is_transaction {
            send(connection, &plain("COMMIT"), user, context).await?;
        }
        Ok(())
    }
}

async fn send(
    connection: &Connection,
    statement: &Statement,
    user: &str,
    context: &Context,
) -> Result<(), Failure> {
    let sql = statement.text()?;
    let answer = connection.execute(context, &sql).await?;
    answer.map_err(|error| statement.failure(&error, connection, user))?;
    match connection.warning() {
        Some(warning) => Err(statement.lacks_privilege(user, warning)),
        None => Ok(()),
    }
}
