//! The answer to a request whose head does not arrive in time.
//!
//! Nobody's handler has seen such a request, so it is answered here, in the form that clients know from everything else.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::Socket;

/// The code of the problem that is answered. It never changes its meaning.
pub const LATE_CODE: &str = "header-timeout";
/// What the code means.
pub const LATE_MEANING: &str = "The head of the request did not arrive in time.";

/// How long the answer may take: whoever sends slowly may read slowly as well.
const TELL_MAX: Duration = Duration::from_secs(1);

/// Tells whoever has sent half a head that it was too slow, and ends the connection.
pub(super) async fn tell(mut socket: Socket) {
    let body = serde_json::json!({
        "type": format!("urn:exchange:problem:{LATE_CODE}"),
        "title": LATE_MEANING,
        "status": 408,
        "code": LATE_CODE,
        "detail": LATE_MEANING,
    });
    let body = body.to_string();
    let answer = format!(
        "HTTP/1.1 408 Request Timeout\r\ncontent-type: application/problem+json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let told = async {
        socket.write_all(answer.as_bytes()).await?;
        socket.shutdown().await
    };
    // A client that has gone, or does not read, is told nothing.
    drop(tokio::time::timeout(TELL_MAX, told).await);
}
