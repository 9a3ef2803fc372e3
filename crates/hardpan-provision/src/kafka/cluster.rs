//! Getting to a cluster that is ready: a broker that answers, enough brokers, a controller, a quorum.
//!
//! Not responsible for trying again; the runner is. A newcomer needs to know one thing: like Kafka's own tools, everything is
//! asked of the broker that the metadata names as controller, at the address that it advertises. Where controllers are no
//! brokers (KRaft) it is any broker, which passes requests on.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::code::Code;
use super::connection::Connection;
use super::login::Login;
use super::message::{Broker, DescribeQuorum, Metadata, MetadataFound};
use crate::error::Failure;
use crate::plan::Address;
use crate::plan::kafka::Target;
use crate::wait::Context;

/// How long one broker of the list is waited for before the next is asked: one that hangs may not hold up what others can do.
const PATIENCE: Duration = Duration::from_secs(1);

/// One attempt to get to a cluster that is ready.
pub(super) async fn open(target: &Target, context: &Context) -> Result<Connection, Failure> {
    let mut connection = open_any(target, context).await?;
    let found = connection.call(&Metadata { topics: &[] }, context).await?;
    let controller = check(target, &found, connection.address())?;
    if controller.address != *connection.address() {
        connection = log_in(target, &controller.address, context).await?;
    }
    // Elsewhere than in KRaft the controller is elected by other means and the metadata have just named it.
    if connection.knows::<DescribeQuorum>() {
        wait_for_quorum(&mut connection, context).await?;
    }
    Ok(connection)
}

/// The first broker of the list that answers. Those that take their time are asked again only when no other answers.
async fn open_any(target: &Target, context: &Context) -> Result<Connection, Failure> {
    let mut slow = Vec::new();
    let mut answers = Vec::new();
    for address in &target.bootstrap {
        match timeout(PATIENCE, log_in(target, address, context)).await {
            Err(_) => slow.push(address),
            Ok(Err(Failure::NotReady { waiting_for, answer })) if !is_over(context) => {
                answers.push((waiting_for, answer));
            }
            Ok(answer) => return answer,
        }
    }
    for address in slow {
        match log_in(target, address, context).await {
            Err(Failure::NotReady { waiting_for, answer }) if !is_over(context) => {
                answers.push((waiting_for, answer));
            }
            answer => return answer,
        }
    }
    if let [(waiting_for, answer)] = answers.as_slice() {
        return Err(Failure::not_ready(waiting_for, answer));
    }
    let names: Vec<String> = target.bootstrap.iter().map(Address::to_string).collect();
    let answers: Vec<String> =
        answers.iter().map(|(waiting_for, answer)| format!("{waiting_for}: {answer}")).collect();
    Err(Failure::not_ready(format!("one of {} to answer", names.join(", ")), answers.join("; ")))
}

/// True at the deadline, when no answer of another broker could come any more.
fn is_over(context: &Context) -> bool {
    Instant::now() >= context.deadline()
}

/// A connection on which the account of the plan has logged in.
async fn log_in(target: &Target, address: &Address, context: &Context) -> Result<Connection, Failure> {
    let mut connection = Connection::open(address, context).await?;
    let Some(sasl) = &target.sasl else { return Ok(connection) };
    match connection.log_in(sasl.mechanism, &sasl.user, sasl.password.secret(), context).await? {
        Login::Accepted => Ok(connection),
        Login::Refused(answer) => Err(Failure::Credentials { user: sasl.user.clone(), answer }),
        Login::NotOffered(why) => Err(Failure::other(format!("cannot log in as `{}`: {why}", sasl.user))
            .with_help("name a listener with this mechanism in `bootstrap`, or change `sasl` in the plan")),
    }
}

/// Compares the brokers that there are with those that are expected, and gives the controller.
fn check<'m>(target: &Target, found: &'m MetadataFound, asked: &Address) -> Result<&'m Broker, Failure> {
    if found.brokers.len() < target.brokers {
        let here: Vec<String> =
            found.brokers.iter().map(|broker| format!("{} ({})", broker.id, broker.address)).collect();
        let answer = format!("{asked} knows {}: {}", here.len(), here.join(", "));
        return Err(Failure::not_ready(format!("{} brokers", target.brokers), answer));
    }
    let controller = found.brokers.iter().find(|broker| broker.id == found.controller);
    controller.ok_or_else(|| Failure::not_ready("a controller", format!("{asked} knows none")))
}

async fn wait_for_quorum(connection: &mut Connection, context: &Context) -> Result<(), Failure> {
    let (code, leader) = connection.call(&DescribeQuorum, context).await?;
    match (code, leader) {
        (Code::NONE, Some(_)) => Ok(()),
        (Code::NONE, None) => Err(Failure::not_ready("the controllers to elect a leader", "there is none")),
        // It takes a privilege to be told more, but it was the controllers who said so.
        (Code::CLUSTER_AUTHORIZATION_FAILED, _) => Ok(()),
        (code, _) => Err(Failure::not_ready("the controllers to say who leads them", code)),
    }
}

/// A connection to the same broker for another user, who has not logged in.
pub(super) async fn beside(connection: &Connection, context: &Context) -> Result<Connection, Failure> {
    Connection::open(&connection.address().clone(), context).await
}

#[cfg(test)]
mod tests {
    use super::{Broker, Failure, MetadataFound, check};
    use crate::kafka::tests::target;
    use crate::plan::Address;

    fn broker(id: i32) -> Broker {
        Broker { id, address: Address { host: format!("kafka-{id}"), port: 19092 } }
    }

    #[test]
    fn too_few_brokers_are_counted_and_named() {
        let target = target("brokers: 3");
        let mut found = MetadataFound { brokers: vec![broker(1), broker(3)], controller: 3, topics: vec![] };
        let answer = "kafka-1:19092 knows 2: 1 (kafka-1:19092), 3 (kafka-3:19092)";
        let asked = &broker(1).address;
        assert_eq!(check(&target, &found, asked), Err(Failure::not_ready("3 brokers", answer)));
        found.brokers.push(broker(2));
        assert_eq!(check(&target, &found, asked), Ok(&broker(3)));
        found.controller = -1;
        let failure = Failure::not_ready("a controller", "kafka-1:19092 knows none");
        assert_eq!(check(&target, &found, asked), Err(failure));
    }
}
