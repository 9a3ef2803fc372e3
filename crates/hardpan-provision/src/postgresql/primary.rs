//! Finding the primary among several servers, or behind a router.
//!
//! Not responsible for what a connection does. A newcomer needs to know one thing: every server is asked at once and the first
//! primary is taken, so one server that hangs does not hold up the others.

use tokio::task::JoinSet;

use super::connection::{Connection, Login};
use crate::error::Failure;
use crate::plan::postgresql::Target;
use crate::wait::Context;

/// A connection to the target's first database on the primary.
///
/// # Errors
/// The one server's own failure, or of several what each of them said.
pub(super) async fn find(target: &Target, context: &Context) -> Result<Connection, Failure> {
    let mut asked = JoinSet::new();
    for (at, address) in target.hosts.iter().cloned().enumerate() {
        let (database, user) = (target.database.clone(), target.user.clone());
        let password = target.password.as_ref().map(|file| file.secret().clone());
        asked.spawn(async move {
            let login = Login {
                address: &address,
                database: &database,
                user: &user,
                password: password.as_ref(),
                is_first: true,
            };
            (at, login.connect().await)
        });
    }
    let mut answers: Vec<Option<Failure>> = vec![None; target.hosts.len()];
    let waiting_for = match target.hosts.as_slice() {
        [only] => format!("{only} to accept a connection"),
        _ => format!("a primary among {}", addresses(target)),
    };
    let found = context
        .bounded(&waiting_for, async {
            while let Some(answer) = asked.join_next().await {
                match answer {
                    Ok((_, Ok(connection))) => return Some(connection),
                    Ok((at, Err(failure))) => answers[at] = Some(failure),
                    Err(_) => {}
                }
            }
            None
        })
        .await;
    match found {
        Ok(Some(connection)) => Ok(connection),
        // Nobody has said anything: this is the failure of all, or the one of the attempt before.
        Err(failure) if answers.iter().all(Option::is_none) => Err(failure),
        Ok(None) | Err(_) => Err(combined(target, waiting_for, &answers)),
    }
}

fn addresses(target: &Target) -> String {
    target.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What all of them said. Credentials weigh more than a server that is down, because they are what somebody can cure.
fn combined(target: &Target, waiting_for: String, answers: &[Option<Failure>]) -> Failure {
    if let [Some(only)] = answers {
        return only.clone();
    }
    let is_credentials = |answer: &&Failure| matches!(answer, Failure::Credentials { .. });
    if let Some(failure) = answers.iter().flatten().find(is_credentials) {
        return failure.clone();
    }
    let is_final = |answer: &Option<Failure>| answer.as_ref().is_some_and(|one| !one.is_retryable());
    if let (true, Some(Some(failure))) = (answers.iter().all(is_final), answers.first()) {
        return failure.clone();
    }
    let said = target.hosts.iter().zip(answers).map(|(address, answer)| match answer {
        Some(Failure::NotReady { answer, .. }) => format!("{address}: {answer}"),
        Some(failure) => format!("{address}: {failure}"),
        None => format!("{address}: no answer"),
    });
    Failure::not_ready(waiting_for, said.collect::<Vec<_>>().join("; "))
}
