//! PostgreSQL: one server, or a primary with a standby that follows it.
//!
//! What a newcomer must know: it logs every statement, so that a test can look for what should not be in the log.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

use super::process::{self, Process, Run};
use super::{block_on, fresh_password, ports, program};

/// The account that may do everything.
pub const SUPERUSER: &str = "postgres";

/// A server of the test's own.
pub struct Server {
    pub port: u16,
    /// Of [`SUPERUSER`].
    pub password: String,
    folder: TempDir,
    process: Option<Process>,
}

impl Server {
    /// A ready server with an empty database cluster.
    pub fn start() -> Option<Self> {
        let mut server = Self::prepare(fresh_password())?;
        let password = server.folder.path().join("password");
        std::fs::write(&password, &server.password).unwrap();
        process::give_to_unprivileged(server.folder.path());
        server.run_to_end(
            "initdb",
            vec![
                "--auth=scram-sha-256".into(),
                format!("--username={SUPERUSER}"),
                "--encoding=UTF8".into(),
                "--locale=C".into(),
                "--no-sync".into(),
                format!("--pwfile={}", password.display()),
                server.data().display().to_string(),
            ],
            vec![],
        );
        std::fs::remove_file(&password).unwrap();
        server.go_on();
        Some(server)
    }

    /// A ready standby of this server, which follows it and takes no writes.
    pub fn standby(&self) -> Option<Self> {
        let mut standby = Self::prepare(self.password.clone())?;
        let passwords = standby.folder.path().join("passwords");
        std::fs::write(&passwords, format!("*:*:*:*:{}\n", self.password)).unwrap();
        restrict(&passwords);
        process::give_to_unprivileged(standby.folder.path());
        standby.run_to_end(
            "pg_basebackup",
            vec![
                "--write-recovery-conf".into(),
                "--wal-method=stream".into(),
                "--checkpoint=fast".into(),
                "--no-sync".into(),
                format!("--dbname=host=127.0.0.1 port={} user={SUPERUSER}", self.port),
                format!("--pgdata={}", standby.data().display()),
            ],
            vec![("PGPASSFILE".into(), passwords.display().to_string())],
        );
        standby.go_on();
        Some(standby)
    }

    fn prepare(password: String) -> Option<Self> {
        for name in ["postgres", "initdb", "pg_basebackup"] {
            program(name)?;
        }
        let folder = TempDir::with_prefix("postgresql-").unwrap();
        Some(Self { port: ports::free(), password, folder, process: None })
    }

    /// Starts it again after [`Server::stop`] or [`Server::kill`], on the same port and with its data.
    pub fn go_on(&mut self) {
        let settings = [
            ("listen_addresses", "127.0.0.1"),
            ("unix_socket_directories", ""),
            ("fsync", "off"),
            ("shared_buffers", "16MB"),
            ("max_connections", "50"),
            ("log_statement", "all"),
            ("log_connections", "on"),
            ("hot_standby", "on"),
        ];
        let mut arguments =
            vec!["-D".into(), self.data().display().to_string(), "-p".into(), self.port.to_string()];
        for (name, value) in settings {
            arguments.push("-c".into());
            arguments.push(format!("{name}={value}"));
        }
        let passwords = self.folder.path().join("passwords").display().to_string();
        let mut process =
            Process::start(&self.how("postgres", arguments, vec![("PGPASSFILE".into(), passwords)]));
        process.wait_until_ready(|| self.try_query("SELECT 1").map(drop));
        self.process = Some(process);
    }

    /// Ends it, whoever is connected; data and port stay.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Lets it hang: it takes new connections and does not answer, until [`Server::thaw`]. Connections it has are served on.
    pub fn freeze(&self) {
        self.process.as_ref().expect("it runs").send("STOP");
    }

    pub fn thaw(&self) {
        self.process.as_ref().expect("it runs").send("CONT");
    }

    /// Makes a standby the primary of its own history.
    pub fn promote(&self) {
        assert_eq!(self.query("SELECT pg_promote(true, 60)"), [["t"]]);
    }

    /// All that it has logged, statements among it.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("postgres.log")).unwrap_or_default()
    }

    /// A connection's parameters; name a database, or another user with a password, to differ.
    pub fn config(&self) -> Config {
        self.through(self.port)
    }

    /// The same through a router.
    pub fn through(&self, port: u16) -> Config {
        let mut config = Config::new();
        config.host("127.0.0.1").port(port).user(SUPERUSER).password(&self.password).dbname("postgres");
        config
    }

    /// Rows as text, as the superuser in the database `postgres`; NULL is an empty text.
    pub fn query(&self, sql: &str) -> Vec<Vec<String>> {
        self.try_query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Rows as text in another database.
    pub fn query_in(&self, database: &str, sql: &str) -> Vec<Vec<String>> {
        let mut config = self.config();
        config.dbname(database);
        query(&config, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn try_query(&self, sql: &str) -> Result<Vec<Vec<String>>, String> {
        query(&self.config(), sql)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn run_to_end(&self, program: &str, arguments: Vec<String>, environment: Vec<(String, String)>) {
        process::run_to_end(&self.how(program, arguments, environment));
    }

    fn how<'a>(
        &'a self,
        name: &'a str,
        arguments: Vec<String>,
        environment: Vec<(String, String)>,
    ) -> Run<'a> {
        Run {
            name,
            program: program(name).expect("it was there before"),
            arguments,
            environment,
            folder: self.folder.path(),
            // Without waiting for those who are connected.
            signal: "INT",
            unprivileged: true,
        }
    }
}

/// Runs statements over a connection of their own and returns rows as text.
pub fn query(config: &Config, sql: &str) -> Result<Vec<Vec<String>>, String> {
    let mut config = config.clone();
    config.connect_timeout(std::time::Duration::from_secs(5));
    block_on(async {
        let (client, connection) = config.connect(NoTls).await.map_err(|error| format!("{error:?}"))?;
        let connection = tokio::spawn(connection);
        let messages = client.simple_query(sql).await.map_err(|error| format!("{error:?}"))?;
        drop(client);
        drop(connection.await);
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|index| row.get(index).unwrap_or_default().to_owned()).collect())
            }
            _ => None,
        });
        Ok(rows.collect())
    })
}

/// Lets nobody but its owner read a file.
fn restrict(file: &Path) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(file, mode).unwrap();
}
