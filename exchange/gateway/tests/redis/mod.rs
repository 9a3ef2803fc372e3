//! A real Redis for a test: started on a free port, killed, started again.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server without a disk. It ends with the test.
pub(crate) struct Redis {
    port: u16,
    password: Option<&'static str>,
    child: Child,
}

impl Redis {
    /// `None`, and said so, where the program is not installed.
    pub(crate) fn start(password: Option<&'static str>) -> Option<Self> {
        let present = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        if !present.is_ok_and(|status| status.success()) {
            skipped(
                "limits shared through Redis, because there is no `redis-server` (Debian package redis-server)",
            );
            return None;
        }
        // Somebody else may take the port before Redis does; then it ends at once and another one is tried.
        for _ in 0..10 {
            let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
            let port = listener.local_addr().expect("it has an address").port();
            drop(listener);
            let mut redis = Self { port, password, child: spawn(port, password) };
            if redis.is_up() {
                return Some(redis);
            }
        }
        panic!("redis-server does not start");
    }

    pub(crate) fn url(&self) -> String {
        let password = self.password.map_or_else(String::new, |password| format!(":{password}@"));
        format!("redis://{password}127.0.0.1:{}", self.port)
    }

    /// As with `kill -9`: what it held is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it has ended");
    }

    /// A new one at the same place.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.port, self.password);
        assert!(self.is_up(), "redis-server starts again");
    }

    /// Waits until it accepts connections; false: it has ended.
    fn is_up(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if self.child.try_wait().expect("its state is known").is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn spawn(port: u16, password: Option<&str>) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string()]);
    if let Some(password) = password {
        command.args(["--requirepass", password]);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("redis-server can be started")
}

/// Written past the capture of the test harness: a test that did not run never passes silently.
fn skipped(what: &str) {
    drop(writeln!(std::io::stderr(), "SKIPPED: {what}"));
}
