//! The history in a real PostgreSQL, where there is one.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::archive::log_all;
use super::history::{check, never_has_anything};
use super::process::Process;
use super::support::{DEADLINE, Served, block_on};
use super::venue::Flow;

/// Where distributions put the programs of the server.
const FOLDERS: [&str; 3] = ["/usr/lib/postgresql/15/bin", "/usr/local/bin", "/usr/bin"];

/// The password, to be found nowhere.
const PASSWORD: &str = "Kp4-never-seen";

/// A server of the test's own.
struct Server {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
}

impl Server {
    /// `None`, with a word about it: there is no PostgreSQL here.
    fn new() -> Option<Self> {
        let programs = FOLDERS.iter().map(PathBuf::from).find(|folder| folder.join("initdb").exists());
        let Some(programs) = programs else {
            super::support::skipped("no PostgreSQL is installed here, so the history is not tested on one");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        // The server refuses to run as root.
        if is_root() {
            let owned = Command::new("chown").args(["-R", "nobody"]).arg(folder.path()).status().unwrap();
            assert!(owned.success());
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { programs, folder, port, child: None };
        let output = server
            .command("initdb")
            .args([
                "--auth=scram-sha-256",
                "--username=history",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ])
            .arg(format!("--pwfile={}", password.display()))
            .arg(&data)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(server)
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path()).env_clear().env("PATH", "/usr/bin:/bin");
        command
    }

    fn start(&mut self) {
        let child = self
            .command("postgres")
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .arg("-k")
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // At once, whoever is connected.
            let stopped = Command::new("kill").args(["-QUIT", &child.id().to_string()]).status();
            drop(stopped);
            drop(child.wait());
        }
    }

    /// The file with its address.
    fn address(&self, folder: &Path) -> String {
        let file = folder.join("database-url");
        let url = format!("postgresql://history:{PASSWORD}@127.0.0.1:{}/postgres", self.port);
        std::fs::write(&file, url + "\n").unwrap();
        file.display().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0)
}

#[test]
fn a_database_has_the_same_history_also_when_it_goes_away_for_a_while() {
    let Some(mut server) = Server::new() else { return };
    let (folder, secret) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let matching = never_has_anything();
    let address = server.address(secret.path());
    let variables =
        [("MATCHING_ENGINE_URL", matching.address.as_str()), ("DATABASE_URL_FILE", address.as_str())];
    let mut flow = Flow::new(11);
    // It comes later than the service, whose log does not wait for it.
    let served = Served::start_unready(folder.path(), &variables);
    served.wait("the log takes submissions", || served.health.report().parts["log"].reason.is_none());
    let last = block_on(log_all(&served.address, &flow.payloads(300)));
    let degraded = || format!("{:?}", served.health.report().parts["history"].reason);
    served.wait("it says that the database is missing", || degraded().contains("PostgreSQL failed"));
    server.start();
    served.wait("the history is open", || served.health.report().parts["history"].reason.is_none());
    block_on(check(&served, last));
    server.stop();
    let last = block_on(log_all(&served.address, &flow.payloads(300)));
    served.wait("it says that the database is gone", || degraded().contains("PostgreSQL failed"));
    server.start();
    block_on(async {
        let began = Instant::now();
        while !served
            .metrics
            .exposition()
            .contains(&format!("exchange_history_position{{service=\"persistence\"}} {last}"))
        {
            assert!(began.elapsed() < DEADLINE, "{}", degraded());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        check(&served, last).await;
    });
    served.end().unwrap();
    // Another life finds its tables and goes on.
    let served = Served::start(folder.path(), &variables);
    block_on(async {
        let last = log_all(&served.address, &flow.payloads(300)).await;
        check(&served, last).await;
    });
    served.end().unwrap();
    assert!(!folder.path().join("history.redb").exists());
}

#[test]
fn the_address_of_a_database_is_shown_nowhere() {
    let (folder, secret) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = secret.path().join("database-url");
    for url in [
        format!("postgresql://history:{PASSWORD}@127.0.0.1:1/postgres"),
        format!("postgresql://history:{PASSWORD}@[127.0.0.1:x/"),
    ] {
        std::fs::write(&file, &url).unwrap();
        let mut process = Process::start(folder.path(), &[("DATABASE_URL_FILE", file.to_str().unwrap())]);
        let line = process.line("orders and trades are not up to date");
        assert!(!line.contains(PASSWORD), "{line}");
        process.signal("-TERM");
        let output = process.wait();
        assert_eq!(output.code, Some(0));
        assert!(output.lines.iter().all(|line| !line.contains(PASSWORD)), "{:#?}", output.lines);
    }
}
