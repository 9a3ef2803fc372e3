//! HAProxy as a router in front of databases.
//!
//! What a newcomer must know: with [`Check::Leader`] it asks Patroni who leads, as routers of a Patroni cluster do; with
//! [`Check::Port`] it knows nothing of roles, so that one connection may end at the primary and the next at a standby.

use tempfile::TempDir;

use super::process::{Process, Run};
use super::{http, ports, program};

/// How the router finds out whom it may send connections to.
#[derive(Clone, Copy)]
pub enum Check {
    /// Whoever listens, one after the other.
    Port,
    /// Whoever says on this HTTP port that it leads: the port is the backend's second one.
    Leader,
}

/// What the router sends connections to.
pub struct Backend {
    pub port: u16,
    /// Where Patroni answers; not used with [`Check::Port`].
    pub http_port: u16,
}

/// A running router.
pub struct Router {
    /// Where clients come in.
    pub port: u16,
    process: Process,
    folder: TempDir,
}

impl Router {
    /// A router that listens. Whether a backend is there is another matter.
    pub fn start(backends: &[Backend], check: Check) -> Option<Self> {
        let program = program("haproxy")?;
        let folder = TempDir::with_prefix("haproxy-").unwrap();
        let (port, monitor) = (ports::free(), ports::free());
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, configuration(backends, check, port, monitor)).unwrap();
        let mut process = Process::start(&Run {
            name: "haproxy",
            program,
            // In the foreground, without a word of each state.
            arguments: vec!["-db".into(), "-f".into(), file.display().to_string()],
            environment: vec![],
            folder: folder.path(),
            signal: "TERM",
            unprivileged: false,
        });
        process.wait_until_ready(|| http::expect(monitor, "/", 200));
        Some(Self { port, process, folder })
    }

    /// All that it has written.
    pub fn log(&self) -> String {
        self.process.log()
    }
}

fn configuration(backends: &[Backend], check: Check, port: u16, monitor: u16) -> String {
    let mut text = format!(
        "defaults\n\
         \x20 mode tcp\n\
         \x20 timeout connect 2s\n\
         \x20 timeout client 60s\n\
         \x20 timeout server 60s\n\
         \x20 timeout check 2s\n\
         frontend monitor\n\
         \x20 mode http\n\
         \x20 bind 127.0.0.1:{monitor}\n\
         \x20 monitor-uri /\n\
         listen databases\n\
         \x20 bind 127.0.0.1:{port}\n\
         \x20 balance roundrobin\n"
    );
    if matches!(check, Check::Leader) {
        text.push_str("  option httpchk GET /primary\n  http-check expect status 200\n");
    }
    // A connection to one that leads no more would go on in vain.
    text.push_str("  default-server inter 300ms fall 2 rise 1 on-marked-down shutdown-sessions\n");
    for (number, backend) in backends.iter().enumerate() {
        text.push_str(&format!("  server database-{number} 127.0.0.1:{} check", backend.port));
        if matches!(check, Check::Leader) {
            text.push_str(&format!(" port {}", backend.http_port));
        }
        text.push('\n');
    }
    text
}
