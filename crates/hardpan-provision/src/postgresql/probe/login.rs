//! Finding out by a login attempt whether a role has a password, where what is stored of it may not be read.
//!
//! Not responsible for connections that do anything. A newcomer needs to know one thing: a login that succeeds says nothing where
//! the server did not ask for a password (`trust`), so what is looked at is the server's side of the conversation.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context as TaskContext, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_postgres::NoTls;

use super::super::connection::{Login, answer, passes};
use super::super::state::Password;
use crate::error::Failure;
use crate::plan::Address;
use crate::secret::Secret;
use crate::wait::Context;

/// Tries a password. A role that may not log in, or not into this database, is turned away only after its password was taken.
///
/// # Errors
/// [`Failure::NotReady`] where the server could not be asked.
pub(super) async fn check(
    address: &Address,
    database: &str,
    role: &str,
    password: &Secret,
    context: &Context,
) -> Result<Password, Failure> {
    let login = Login { address, database, user: role, password: Some(password), is_first: true };
    let waiting_for = format!("{address} to check the password of `{role}`");
    let seen = Arc::new(AtomicU8::new(0));
    let attempt = async {
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
        let watched = Watched { stream, parser: Parser::default(), seen: Arc::clone(&seen) };
        Ok::<_, io::Error>(login.config().connect_raw(watched, NoTls).await.err())
    };
    let error = match context.bounded(&waiting_for, attempt).await? {
        Ok(error) => error,
        Err(error) => return Err(Failure::not_ready(waiting_for, error)),
    };
    let seen = seen.load(Ordering::Relaxed);
    match (seen & ASKED != 0, seen & ACCEPTED != 0, error) {
        (true, true, _) => Ok(Password::Accepted),
        (false, true, _) | (_, _, None) => {
            Ok(Password::Unknown("the server asks for no password here".to_owned()))
        }
        (_, false, Some(error)) => match error.code().map(|code| code.code()) {
            Some("28P01") => Ok(Password::Refused),
            Some(_) if !passes(&error) => Ok(Password::Unknown(answer(&error))),
            _ => Err(Failure::not_ready(waiting_for, answer(&error))),
        },
    }
}

/// The server asked for a password, in whichever form.
const ASKED: u8 = 1;
/// The server let the role in, whatever it said afterwards.
const ACCEPTED: u8 = 2;

/// A connection that is listened to until the server has decided.
struct Watched {
    stream: TcpStream,
    parser: Parser,
    seen: Arc<AtomicU8>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if result.is_ready() {
            let seen = self.parser.feed(&buffer.filled()[before..]);
            self.seen.fetch_or(seen, Ordering::Relaxed);
        }
        result
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Picks the authentication messages out of what the server sends: a letter, a length that counts itself, a body. Of an `R`
/// the body begins with a number: 0 is "you are in", 3, 5 and 10 ask for a password (in clear, MD5, SCRAM).
#[derive(Default)]
struct Parser {
    /// The first bytes of the message: letter, length, number.
    head: Vec<u8>,
    /// Bytes of its body that do not matter.
    skip: usize,
    is_done: bool,
}

impl Parser {
    fn feed(&mut self, mut bytes: &[u8]) -> u8 {
        let mut seen = 0;
        while let (false, Some((&byte, rest))) = (self.is_done, bytes.split_first()) {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                self.skip -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            bytes = rest;
            self.head.push(byte);
            if let &[letter, a, b, c, d, ref number @ ..] = self.head.as_slice() {
                let length = u32::from_be_bytes([a, b, c, d]) as usize;
                if letter != b'R' || length < 8 {
                    // An error, or no server of this kind: there is nothing more to learn.
                    self.is_done = true;
                } else if let &[a, b, c, d] = number {
                    match u32::from_be_bytes([a, b, c, d]) {
                        0 => {
                            seen |= ACCEPTED;
                            self.is_done = true;
                        }
                        3 | 5 | 10 => seen |= ASKED,
                        _ => {}
                    }
                    self.skip = length - 8;
                    self.head.clear();
                }
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(letter: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[letter], length.as_slice(), body].concat()
    }

    fn seen(stream: &[u8], at_once: usize) -> u8 {
        let mut parser = Parser::default();
        stream.chunks(at_once).fold(0, |seen, bytes| seen | parser.feed(bytes))
    }

    #[test]
    fn it_is_seen_whether_a_password_was_asked_for_and_taken_however_the_bytes_come() {
        let sasl = message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0");
        let more = message(b'R', b"\0\0\0\x0br=abc");
        let last = message(b'R', b"\0\0\0\x0cv=abc");
        let ok = message(b'R', &[0; 4]);
        let error = message(b'E', b"SFATAL\0C28000\0\0");
        for at_once in [1, 3, 7, 1000] {
            let scram = [sasl.clone(), more.clone(), last.clone(), ok.clone(), error.clone()].concat();
            assert_eq!(seen(&scram, at_once), ASKED | ACCEPTED);
            assert_eq!(seen(&[sasl.clone(), more.clone(), error.clone()].concat(), at_once), ASKED);
            assert_eq!(seen(&ok, at_once), ACCEPTED, "trust asks for nothing");
            assert_eq!(seen(&error, at_once), 0);
            assert_eq!(seen(b"HTTP/1.1 400 Bad Request\r\n\r\n", at_once), 0);
            assert_eq!(seen(b"R\0\0\0\x01\0\0\0\0\0", at_once), 0, "a length that cannot be");
        }
    }
}
