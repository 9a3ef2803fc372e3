//! Logging in on a connection: SCRAM or PLAIN.
//!
//! Not responsible for the computations; `scram` is. A newcomer needs to know one thing: an attempt to log in is also the only
//! way to see whether a user's password is the one in the plan, because brokers tell nothing of it.

use super::code::Code;
use super::connection::Connection;
use super::message::{SaslAuthenticate, SaslHandshake, Status};
use super::scram::{Broken, Exchange, random};
use crate::error::Failure;
use crate::plan::kafka::Mechanism;
use crate::secret::Secret;
use crate::wait::Context;

/// How an attempt ended that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// The password is right.
    Accepted,
    /// The broker says that it is not, in these words.
    Refused(String),
    /// The listener does not have the mechanism, or no login at all; the text says what it has.
    NotOffered(String),
}

impl Connection {
    /// Tries to log in.
    pub(super) async fn log_in(
        &mut self,
        mechanism: Mechanism,
        user: &str,
        password: &Secret,
        context: &Context,
    ) -> Result<Login, Failure> {
        let request = SaslHandshake { mechanism: mechanism.name() };
        let (code, offered) = self.call(&request, context).await?;
        match code {
            Code::NONE => {}
            Code::UNSUPPORTED_SASL_MECHANISM => {
                let offered = if offered.is_empty() { "nothing".to_owned() } else { offered.join(", ") };
                let (address, name) = (self.address(), mechanism.name());
                return Ok(Login::NotOffered(format!("{address} offers {offered}, not {name}")));
            }
            Code::ILLEGAL_SASL_STATE => {
                return Ok(Login::NotOffered(format!("the listener at {} has no login", self.address())));
            }
            code => {
                return Err(Failure::not_ready(format!("{} to let `{user}` log in", self.address()), code));
            }
        }
        match mechanism {
            Mechanism::Plain => {
                let message = format!("\0{user}\0{}", password.expose());
                let (status, _) = self.say(message.as_bytes(), context).await?;
                self.judge(status, user).map(|refused| refused.map_or(Login::Accepted, Login::Refused))
            }
            Mechanism::ScramSha256 | Mechanism::ScramSha512 => {
                self.scram(mechanism, user, password, context).await
            }
        }
    }

    async fn scram(
        &mut self,
        mechanism: Mechanism,
        user: &str,
        password: &Secret,
        context: &Context,
    ) -> Result<Login, Failure> {
        let nonce = random().ok_or_else(|| Failure::other("the system has no random numbers"))?;
        let exchange = Exchange::new(mechanism, user, &nonce);
        let (status, server_first) = self.say(exchange.first().as_bytes(), context).await?;
        if let Some(refused) = self.judge(status, user)? {
            return Ok(Login::Refused(refused));
        }
        let broken = |why: Broken| Failure::other(format!("logging in as `{user}`: {why}"));
        let (answer, expected) = exchange.answer(password.expose(), &server_first).map_err(broken)?;
        let (status, server_final) = self.say(answer.as_bytes(), context).await?;
        if let Some(refused) = self.judge(status, user)? {
            return Ok(Login::Refused(refused));
        }
        expected.check(&server_final).map_err(broken)?;
        Ok(Login::Accepted)
    }

    async fn say(&mut self, bytes: &[u8], context: &Context) -> Result<(Status, Vec<u8>), Failure> {
        self.call(&SaslAuthenticate { bytes }, context).await
    }

    /// The words of a refusal; none where the login goes on.
    fn judge(&self, status: Status, user: &str) -> Result<Option<String>, Failure> {
        match status.code {
            Code::NONE => Ok(None),
            Code::SASL_AUTHENTICATION_FAILED => Ok(Some(status.to_string())),
            _ => Err(Failure::not_ready(format!("{} to let `{user}` log in", self.address()), status)),
        }
    }
}
