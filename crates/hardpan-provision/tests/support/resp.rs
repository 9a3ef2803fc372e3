//! The protocol of Valkey, as much as a test needs to ask a node without the code under test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long an answer may take before the node counts as one that does not answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// An answer that is no error.
pub enum Reply {
    Text(String),
    List(Vec<Reply>),
    Nothing,
}

impl Reply {
    /// As text, a line for each element of a list.
    pub fn lines(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::List(elements) => elements.iter().map(Self::lines).collect::<Vec<_>>().join("\n"),
            Self::Nothing => String::new(),
        }
    }
}

pub type Connection = BufReader<TcpStream>;

/// Connects; the error is text.
pub fn connect(address: &str) -> Result<Connection, String> {
    let socket = address.to_socket_addrs().map_err(text)?.next().ok_or("no address")?;
    let stream = TcpStream::connect_timeout(&socket, ANSWER_MAX).map_err(text)?;
    stream.set_read_timeout(Some(ANSWER_MAX)).map_err(text)?;
    Ok(BufReader::new(stream))
}

/// Sends a command and reads the answer; an error is the node's or the connection's.
pub fn call(connection: &mut Connection, command: &[&str]) -> Result<Reply, String> {
    let mut bytes = format!("*{}\r\n", command.len()).into_bytes();
    for word in command {
        bytes.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    connection.get_mut().write_all(&bytes).map_err(text)?;
    read(connection)
}

fn read(connection: &mut Connection) -> Result<Reply, String> {
    let mut line = String::new();
    if connection.read_line(&mut line).map_err(text)? == 0 {
        return Err("the connection was closed".into());
    }
    let line = line.trim_end();
    let rest = line.get(1..).ok_or("an empty answer")?;
    match line.as_bytes()[0] {
        b'+' | b':' => Ok(Reply::Text(rest.into())),
        b'-' => Err(rest.into()),
        b'$' => match usize::try_from(rest.parse::<i64>().map_err(text)?) {
            Ok(length) => {
                let mut bytes = vec![0; length + 2];
                connection.read_exact(&mut bytes).map_err(text)?;
                Ok(Reply::Text(String::from_utf8_lossy(&bytes[..length]).into_owned()))
            }
            Err(_) => Ok(Reply::Nothing),
        },
        b'*' => match usize::try_from(rest.parse::<i64>().map_err(text)?) {
            Ok(length) => (0..length).map(|_| read(connection)).collect::<Result<_, _>>().map(Reply::List),
            Err(_) => Ok(Reply::Nothing),
        },
        _ => Err(format!("an answer of an unknown kind: {line}")),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
