//! A connection to one node: connecting, logging in, asking, and what an error means.
//!
//! Not responsible for what is asked. A newcomer needs to know one thing: a name is resolved anew at every attempt, because a
//! container that was started again may have another address, and the address that answered is the one other nodes get.

use std::net::SocketAddr;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, ConnectionAddr, ErrorKind, IntoConnectionInfo, Pipeline, ProtocolVersion,
    RedisError, Value,
};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::error::Failure;
use crate::plan::Address;
use crate::plan::valkey::Target;
use crate::wait::Context;

/// The name of a connection that belongs to a run: whoever has it on the first node works on the cluster alone.
const LOCK: &str = "hardpan-provision";

/// How long one address may take: a name may have another one, which answers.
const CONNECT_MAX: Duration = Duration::from_secs(3);

/// A connection to a node, as the user of the plan.
pub(super) struct Connection {
    /// What the plan calls the node.
    pub(super) name: String,
    /// Where it answered.
    pub(super) at: SocketAddr,
    user: String,
    commands: MultiplexedConnection,
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Connects and logs in.
    pub(super) async fn open(target: &Target, address: &Address, context: &Context) -> Result<Self, Failure> {
        let name = address.to_string();
        let waiting_for = format!("{name} to accept a connection");
        let refused = |error: String| Failure::not_ready(waiting_for.clone(), error);
        let connected = context.bounded(&waiting_for, connect(address)).await?;
        let (stream, at) = connected.map_err(refused)?;
        let (commands, driver) = context
            .bounded(&waiting_for, start(stream))
            .await?
            .map_err(|error| Failure::not_ready(waiting_for.clone(), error))?;
        let mut connection = Self { name, at, user: target.user.clone(), commands, driver };
        if let Some(password) = &target.password {
            let words = ["AUTH", &target.user, password.secret().expose()];
            connection.call(&words, "log in", context).await?;
        } else if target.user != "default" {
            connection.call(&["AUTH", &target.user, ""], "log in", context).await?;
        }
        connection.call(&["PING"], "ask whether it answers", context).await?;
        Ok(connection)
    }

    /// Sends one command; an error of the server is a failure.
    pub(super) async fn call(
        &mut self,
        words: &[&str],
        action: &str,
        context: &Context,
    ) -> Result<Value, Failure> {
        match self.try_call(words, action, context).await? {
            Ok(value) => Ok(value),
            Err(answer) => Err(Failure::other(format!("{}: cannot {action}: {answer}", self.name))),
        }
    }

    /// Sends one command. An `ERR` of the server, which is about what was asked and not about who asks or when, is
    /// left to the caller.
    pub(super) async fn try_call(
        &mut self,
        words: &[&str],
        action: &str,
        context: &Context,
    ) -> Result<Result<Value, String>, Failure> {
        let mut pipeline = Pipeline::new();
        push(&mut pipeline, words);
        match self.pipeline(&pipeline, 0, 1, action, context).await?.pop() {
            Some(Value::ServerError(error)) => self.sort(&error, action).map(Err),
            Some(value) => Ok(Ok(value)),
            None => Err(self.lost("no answer")),
        }
    }

    /// Sends several commands at once and gives an answer for each.
    pub(super) async fn calls(
        &mut self,
        commands: &[Vec<&str>],
        action: &str,
        context: &Context,
    ) -> Result<Vec<Value>, Failure> {
        let mut pipeline = Pipeline::new();
        commands.iter().for_each(|words| push(&mut pipeline, words));
        let values = self.pipeline(&pipeline, 0, commands.len(), action, context).await?;
        self.check(values, commands.len(), action)
    }

    /// Sends several commands that are carried out together, or not at all when this connection is lost before.
    pub(super) async fn together(
        &mut self,
        commands: &[Vec<&str>],
        action: &str,
        context: &Context,
    ) -> Result<Vec<Value>, Failure> {
        let mut pipeline = Pipeline::new();
        push(&mut pipeline, &["MULTI"]);
        commands.iter().for_each(|words| push(&mut pipeline, words));
        push(&mut pipeline, &["EXEC"]);
        // What is wrong with a command is said when it is queued; the end only says that there was something.
        let answers = self.pipeline(&pipeline, 0, commands.len() + 2, action, context).await?;
        match self.check(answers, commands.len() + 2, action)?.pop() {
            Some(Value::Array(values)) => self.check(values, commands.len(), action),
            _ => Err(Failure::other(format!("{}: cannot {action}: EXEC gave no list", self.name))),
        }
    }

    /// Takes the lock that makes runs follow each other, and keeps it as long as the connection lasts. It can be taken
    /// before there is a cluster, when no key can be written: it is the name of the connection, and the list of names
    /// is read and the own name set in one step that no other client can come between.
    pub(super) async fn lock(&mut self, context: &Context) -> Result<(), Failure> {
        let list = vec!["CLIENT", "LIST"];
        loop {
            self.until_unlocked(&list, context).await?;
            let take = [list.clone(), vec!["CLIENT", "SETNAME", LOCK]];
            let answers = self.together(&take, "take the lock", context).await?;
            if answers.first().and_then(holder).is_none() {
                return Ok(());
            }
            // Somebody was faster, and the name must not look like a lock that is held.
            self.call(&["CLIENT", "SETNAME", ""], "give the lock back", context).await?;
        }
    }

    async fn until_unlocked(&mut self, list: &[&str], context: &Context) -> Result<(), Failure> {
        context
            .until(async || match holder(&self.call(list, "see who holds the lock", context).await?) {
                None => Ok(()),
                Some(holder) => {
                    let waiting_for = format!("another run of hardpan on {} to end", self.name);
                    Err(Failure::not_ready(waiting_for, format!("it is connected from {holder}")))
                }
            })
            .await
    }

    async fn pipeline(
        &mut self,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
        action: &str,
        context: &Context,
    ) -> Result<Vec<Value>, Failure> {
        let waiting_for = format!("{} to answer (to {action})", self.name);
        let answer = self.commands.send_packed_commands(pipeline, offset, count);
        match context.bounded(&waiting_for, answer).await? {
            Ok(values) => Ok(values),
            Err(error) => Err(self.lost(&error.to_string())),
        }
    }

    fn check(&self, values: Vec<Value>, count: usize, action: &str) -> Result<Vec<Value>, Failure> {
        for value in &values {
            if let Value::ServerError(error) = value {
                let answer = self.sort(error, action)?;
                return Err(Failure::other(format!("{}: cannot {action}: {answer}", self.name)));
            }
        }
        if values.len() == count { Ok(values) } else { Err(self.lost("answers are missing")) }
    }

    /// The failure that an error of the server is; or its text, where it is about what was asked.
    fn sort(&self, error: &redis::ServerError, action: &str) -> Result<String, Failure> {
        let details = error.details().unwrap_or_default();
        let answer = format!("{} {details}", error.code());
        let said = || format!("{}: {answer}", self.name);
        // One that has no password at all says so with a plain `ERR`.
        let is_about_password = details.starts_with("AUTH ") || details.contains("Client sent AUTH");
        match error.code() {
            "NOAUTH" | "WRONGPASS" => Err(Failure::Credentials { user: self.user.clone(), answer: said() }),
            "ERR" if is_about_password => {
                Err(Failure::Credentials { user: self.user.clone(), answer: said() })
            }
            "NOPERM" => Err(Failure::Privilege {
                user: self.user.clone(),
                privilege: privilege(details),
                action: action.to_owned(),
                answer: said(),
            }),
            "LOADING" | "CLUSTERDOWN" | "MASTERDOWN" | "TRYAGAIN" | "BUSY" => Err(self.lost(&answer)),
            _ if details.contains("cluster support disabled") => Err(Failure::other(said())
                .with_help("start the node with `cluster-enabled yes`, or say `mode: standalone`")),
            _ => Ok(answer),
        }
    }

    fn lost(&self, answer: &str) -> Failure {
        Failure::not_ready(format!("{} to answer", self.name), answer)
    }
}

fn push(pipeline: &mut Pipeline, words: &[&str]) {
    let mut command = redis::Cmd::new();
    words.iter().for_each(|word| {
        command.arg(*word);
    });
    pipeline.add_command(command);
}

/// The privilege that an answer names, as an ACL rule.
fn privilege(answer: &str) -> String {
    match answer.split('\'').nth(1) {
        Some(command) => format!("`+{command}`"),
        None => "that the answer names".to_owned(),
    }
}

/// Where whoever holds the lock is connected from, in a list of clients.
fn holder(list: &Value) -> Option<String> {
    let is_lock = |line: &&str| line.split(' ').any(|word| word.strip_prefix("name=") == Some(LOCK));
    let list = text(list)?;
    let line = list.lines().find(is_lock)?;
    let from = line.split(' ').find_map(|word| word.strip_prefix("addr="));
    Some(from.unwrap_or("elsewhere").to_owned())
}

/// An answer as text; `None` where it is none.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text.clone()),
        Value::Okay => Some("OK".to_owned()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Tries every address that the name has; the error is the last one's.
async fn connect(address: &Address) -> Result<(TcpStream, SocketAddr), String> {
    let resolved = lookup_host((address.host.as_str(), address.port)).await;
    let resolved = resolved.map_err(|error| format!("cannot resolve `{}`: {error}", address.host))?;
    let mut last = format!("`{}` has no address", address.host);
    for at in resolved {
        match timeout(CONNECT_MAX, TcpStream::connect(at)).await {
            Err(_) => last = format!("{at}: no answer within {} s", CONNECT_MAX.as_secs()),
            Ok(Ok(stream)) => {
                stream.set_nodelay(true).map_err(|error| error.to_string())?;
                return Ok((stream, at));
            }
            Ok(Err(error)) => last = format!("{at}: {error}"),
        }
    }
    Err(last)
}

/// Makes a connection of a stream, and the task that moves its bytes.
async fn start(stream: TcpStream) -> Result<(MultiplexedConnection, JoinHandle<()>), RedisError> {
    // The address does not matter: the stream is there. No credentials either, because the library would not tell what
    // the server said of them.
    let info = ConnectionAddr::Tcp(String::new(), 0).into_connection_info()?;
    let settings = info.redis_settings().clone();
    let settings = settings.set_protocol(ProtocolVersion::RESP2).set_skip_set_lib_name();
    // Every call has a bound of its own.
    let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
    let (sender, connection) = oneshot::channel();
    // The library's driver borrows the settings, so both live in the task.
    let driver = tokio::spawn(async move {
        match MultiplexedConnection::new_with_config(&settings, stream, config).await {
            Ok((connection, driver)) => {
                drop(sender.send(Ok(connection)));
                driver.await;
            }
            Err(error) => drop(sender.send(Err(error))),
        }
    });
    match connection.await {
        Ok(connection) => connection.map(|connection| (connection, driver)),
        Err(_) => Err((ErrorKind::Io, "the connection ended at once").into()),
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::{holder, privilege};

    #[test]
    fn the_privilege_is_named_as_the_rule_that_gives_it() {
        let answer = "User app has no permissions to run the 'cluster|meet' command";
        assert_eq!(privilege(answer), "`+cluster|meet`");
        assert_eq!(privilege("no"), "that the answer names");
    }

    #[test]
    fn the_lock_is_held_by_a_connection_of_exactly_its_name() {
        let list = |name: &str| {
            Value::BulkString(
                format!("id=3 addr=10.0.0.7:5 name={name} db=0\nid=4 addr=a:1 name= db=0\n").into(),
            )
        };
        assert_eq!(holder(&list("hardpan-provision")), Some("10.0.0.7:5".to_owned()));
        assert_eq!(holder(&list("hardpan-provision-2")), None);
        assert_eq!(holder(&list("")), None);
        assert_eq!(holder(&Value::Nil), None);
    }
}
