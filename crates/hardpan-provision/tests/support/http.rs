//! As much of HTTP as a test needs to see that a server is ready.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take before the server counts as one that does not answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// The status of the answer to a GET from a port of this machine.
pub fn status(port: u16, path: &str) -> Result<u16, String> {
    let text = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), ANSWER_MAX).map_err(text)?;
    stream.set_read_timeout(Some(ANSWER_MAX)).map_err(text)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(text)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(text)?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
    status.ok_or_else(|| format!("not HTTP: {answer}"))
}

/// An error unless the status is the expected one.
pub fn expect(port: u16, path: &str, expected: u16) -> Result<(), String> {
    match status(port, path)? {
        found if found == expected => Ok(()),
        found => Err(format!("{path} answers {found}")),
    }
}
