//! SCRAM users: what they can log in with, what differs, and setting passwords.
//!
//! Not responsible for the exchange of a login. A newcomer needs to know one thing: brokers tell mechanism and rounds of a
//! credential and nothing of the password, so that a login as the user with the password of the plan is tried, and only what it
//! shows is called the same.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use super::cluster;
use super::code::Code;
use super::login::Login;
use super::message::{AlterScram, DescribeScram, Status, Upsertion};
use super::scram::{random, salted_password};
use super::{Change, Kafka};
use crate::error::Failure;
use crate::plan::kafka::{Mechanism, Target, User};
use crate::step::{Difference, ObjectId, Step};
use crate::wait::Context;

/// Rounds of the hash for a new user. Kafka's own tools take 4,096.
const ITERATIONS: i32 = 8_192;

/// A user that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) credentials: BTreeMap<Mechanism, Credential>,
}

/// What a user can log in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credential {
    pub(super) iterations: i32,
    pub(super) password: Password,
}

/// Whether the password is the plan's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Password {
    Same,
    Differs,
    /// The listener does not let anybody try.
    Unknown,
}

/// What has to be done about a user.
pub(super) fn step(id: ObjectId, name: &str, wish: &User, found: Option<&Found>) -> Step<Change> {
    let none = BTreeMap::new();
    let found = found.map_or(&none, |found| &found.credentials);
    let mut differences = Vec::new();
    let mut credentials = Vec::new();
    for mechanism in &wish.mechanisms {
        let is = found.get(mechanism);
        let rounds = wish.iterations.or(is.map(|is| is.iterations)).unwrap_or(ITERATIONS);
        match is {
            None => {}
            Some(is) if is.iterations != rounds => {
                let what = format!("iterations of {}", mechanism.name());
                differences.push(Difference::new(what, is.iterations, rounds));
            }
            Some(Credential { password: Password::Same, .. }) => continue,
            Some(Credential { password: Password::Differs, .. }) => {
                differences.push(Difference::new(format!("password for {}", mechanism.name()), "", ""));
            }
            Some(Credential { password: Password::Unknown, .. }) => {
                let what = format!("password for {} (no login on this listener shows it)", mechanism.name());
                differences.push(Difference::new(what, "", ""));
            }
        }
        credentials.push((*mechanism, rounds));
    }
    let change = Change::SetPassword { user: name.to_owned(), credentials: credentials.clone() };
    if found.is_empty() {
        return Step::create(id, change);
    }
    let names = |mechanisms: &mut dyn Iterator<Item = &Mechanism>| {
        mechanisms.map(|mechanism| mechanism.name()).collect::<Vec<_>>().join(", ")
    };
    let (is, wanted) = (names(&mut found.keys()), names(&mut wish.mechanisms.iter()));
    if is != wanted {
        differences.insert(0, Difference::new("mechanisms", is, wanted));
    }
    let others: Vec<&str> = found
        .keys()
        .filter(|mechanism| !wish.mechanisms.contains(mechanism))
        .map(|mechanism| mechanism.name())
        .collect();
    if !others.is_empty() {
        let others = others.join(", ");
        let help = format!(
            "somebody may log in with {others}: add it to `mechanisms`, or delete it with kafka-configs"
        );
        Step::refuse(id, differences, help)
    } else if credentials.is_empty() {
        Step::unchanged(id)
    } else {
        Step::change(id, differences, change)
    }
}

/// The protocol's code of a mechanism; PLAIN has none and no plan can want it for a user.
const fn code(mechanism: Mechanism) -> i8 {
    match mechanism {
        Mechanism::ScramSha256 => 1,
        Mechanism::ScramSha512 => 2,
        Mechanism::Plain => 0,
    }
}

impl Kafka {
    pub(super) async fn probe_users(
        &mut self,
        target: &Target,
        context: &Context,
    ) -> Result<BTreeMap<String, Found>, Failure> {
        // Without a name brokers would list every user there is.
        if target.users.is_empty() {
            return Ok(BTreeMap::new());
        }
        let users: Vec<&str> = target.users.keys().map(String::as_str).collect();
        let (status, answers) = self.connection.call(&DescribeScram { users: &users }, context).await?;
        let ask = self.ask("DESCRIBE on the cluster", "look at SCRAM users");
        ask.check(&status)?;
        let mut found = BTreeMap::new();
        for answer in answers {
            if answer.status.code == Code::RESOURCE_NOT_FOUND {
                continue;
            }
            self.ask("DESCRIBE on the cluster", "look at SCRAM users").check(&answer.status)?;
            let mut credentials = BTreeMap::new();
            for mechanism in [Mechanism::ScramSha256, Mechanism::ScramSha512] {
                let credential = answer.credentials.iter().find(|(number, _)| *number == code(mechanism));
                let Some(&(_, iterations)) = credential else { continue };
                let password = self.try_password(target, &answer.user, mechanism, context).await?;
                credentials.insert(mechanism, Credential { iterations, password });
            }
            found.insert(answer.user, Found { credentials });
        }
        Ok(found)
    }

    async fn try_password(
        &self,
        target: &Target,
        user: &str,
        mechanism: Mechanism,
        context: &Context,
    ) -> Result<Password, Failure> {
        let wish = target.users.get(user).filter(|wish| wish.mechanisms.contains(&mechanism));
        // Nobody asked for what would be found.
        let Some(wish) = wish else { return Ok(Password::Unknown) };
        let mut connection = cluster::beside(&self.connection, context).await?;
        Ok(match connection.log_in(mechanism, user, wish.password.secret(), context).await? {
            Login::Accepted => Password::Same,
            Login::Refused(_) => Password::Differs,
            Login::NotOffered(_) if self.set.contains(&(user.to_owned(), mechanism)) => Password::Same,
            Login::NotOffered(_) => Password::Unknown,
        })
    }

    pub(super) async fn set_password(
        &mut self,
        target: &Target,
        user: &str,
        credentials: &[(Mechanism, i32)],
        context: &Context,
    ) -> Result<(), Failure> {
        let Some(wish) = target.users.get(user) else { return Ok(()) };
        for &(mechanism, iterations) in credentials {
            let salt = random().ok_or_else(|| Failure::other("the system has no random numbers"))?;
            let rounds = u32::try_from(iterations).ok().and_then(NonZeroU32::new);
            let rounds =
                rounds.ok_or_else(|| Failure::other(format!("{iterations} rounds of a hash are none")))?;
            let upsertion = Upsertion {
                mechanism: code(mechanism),
                iterations,
                salt: salt.to_vec(),
                salted_password: salted_password(mechanism, wish.password.secret().expose(), &salt, rounds),
            };
            let status = Status::only(self.connection.call(&AlterScram { user, upsertion }, context).await?);
            let action = format!("set the password of the user {user} for {}", mechanism.name());
            self.ask("ALTER on the cluster", &action).check(&status)?;
            self.set.insert((user.to_owned(), mechanism));
        }
        Ok(())
    }
}
