//! A Patroni cluster: two PostgreSQL servers of which one leads, an etcd where they keep who that is, a router to the leader.
//!
//! What a newcomer must know: a database is a child of its Patroni and ends with it; who leads changes by itself when the leader
//! goes away, within seconds when it is stopped and after the lease of 20 s when it crashes.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::haproxy::{Backend, Check, Router};
use super::postgresql::{self, SUPERUSER};
use super::process::{self, Process, Run};
use super::{fresh_password, http, ports, program, servers};

/// A running cluster.
pub struct Cluster {
    pub nodes: Vec<Node>,
    /// Of [`SUPERUSER`].
    pub password: String,
    /// In front of it; leads to who leads.
    pub router: Router,
    etcd: Etcd,
}

/// A database and the Patroni that runs it.
pub struct Node {
    pub port: u16,
    /// Where Patroni says what it is.
    pub http_port: u16,
    folder: TempDir,
    process: Option<Process>,
}

struct Etcd {
    port: u16,
    process: Process,
    folder: TempDir,
}

impl Cluster {
    /// Two nodes: one leads, the other follows it.
    pub fn start() -> Option<Self> {
        for name in ["patroni", "haproxy", "postgres", "initdb", "pg_basebackup"] {
            program(name)?;
        }
        let etcd = Etcd::start()?;
        let (password, replication) = (fresh_password(), fresh_password());
        let mut nodes: Vec<Node> = (1..=2).map(|_| Node::new()).collect();
        for (number, node) in nodes.iter().enumerate() {
            node.configure(number, etcd.port, &password, &replication);
        }
        for node in &mut nodes {
            node.begin();
        }
        let backends: Vec<Backend> =
            nodes.iter().map(|node| Backend { port: node.port, http_port: node.http_port }).collect();
        let router = Router::start(&backends, Check::Leader)?;
        let mut cluster = Self { nodes, password, router, etcd };
        cluster.wait();
        Some(cluster)
    }

    /// Waits until one leads, every other that runs follows, and the router leads to the leader.
    pub fn wait(&mut self) {
        let config = self.config();
        let roles: Vec<(u16, bool)> =
            self.nodes.iter().map(|node| (node.http_port, node.process.is_some())).collect();
        let running = roles.iter().filter(|(_, runs)| *runs).count();
        for process in self.nodes.iter_mut().filter_map(|node| node.process.as_mut()) {
            process.wait_until_ready(|| {
                let count =
                    |path| roles.iter().filter(|(port, _)| http::status(*port, path) == Ok(200)).count();
                let (leaders, followers) = (count("/primary"), count("/replica"));
                if (leaders, followers) != (1, running - 1) {
                    return Err(format!("{leaders} lead and {followers} follow, of {running}"));
                }
                let answer = postgresql::query(&config, "SELECT pg_is_in_recovery()")?;
                if answer == [["f"]] { Ok(()) } else { Err("the router leads to a follower".into()) }
            });
        }
    }

    /// The place of the node that leads.
    pub fn leader(&self) -> usize {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let found =
                self.nodes.iter().position(|node| http::status(node.http_port, "/primary") == Ok(200));
            if let Some(found) = found {
                return found;
            }
            assert!(Instant::now() < deadline, "nobody leads");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The parameters of a connection through the router.
    pub fn config(&self) -> tokio_postgres::Config {
        self.config_of(self.router.port)
    }

    /// The parameters of a connection to one node's own port.
    pub fn config_of(&self, port: u16) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(port).user(SUPERUSER).password(&self.password).dbname("postgres");
        config
    }

    /// Ends a node in its own way, which hands over the lead.
    pub fn stop(&mut self, index: usize) {
        self.nodes[index].stop();
    }

    /// Starts a node again and waits until it follows.
    pub fn go_on(&mut self, index: usize) {
        self.nodes[index].begin();
        self.wait();
    }
}

impl Node {
    fn new() -> Self {
        let folder = TempDir::with_prefix("patroni-").unwrap();
        // Whoever may not enter the target folder can still run a copy.
        let bin = folder.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::fs::copy(servers().join("bin").join("patroni"), bin.join("patroni")).unwrap();
        let copied = Command::new("cp")
            .arg("-R")
            .arg(servers().join("patroni"))
            .arg(folder.path().join("patroni"))
            .status()
            .unwrap();
        assert!(copied.success());
        Self { port: ports::free(), http_port: ports::free(), folder, process: None }
    }

    fn configure(&self, number: usize, etcd: u16, password: &str, replication: &str) {
        let postgres = program("postgres").expect("it was there before");
        let programs = postgres.parent().expect("a program lies in a folder").display();
        let folder = self.folder.path().display();
        let (port, http_port) = (self.port, self.http_port);
        let text = format!(
            "scope: tests
name: node-{number}
restapi: {{ listen: '127.0.0.1:{http_port}', connect_address: '127.0.0.1:{http_port}' }}
etcd3: {{ hosts: ['127.0.0.1:{etcd}'] }}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 1
    retry_timeout: 5
    postgresql: {{ use_pg_rewind: true, parameters: {{ max_connections: 50 }} }}
  initdb:
    - encoding: UTF8
    - locale: C
    - no-sync
    - auth: scram-sha-256
postgresql:
  listen: 127.0.0.1:{port}
  connect_address: 127.0.0.1:{port}
  bin_dir: {programs}
  data_dir: {folder}/data
  pgpass: {folder}/passwords
  authentication:
    superuser: {{ username: {SUPERUSER}, password: {password} }}
    replication: {{ username: replicator, password: {replication} }}
    rewind: {{ username: rewinder, password: {replication} }}
  pg_hba:
    - host all all 127.0.0.1/32 scram-sha-256
    - host replication all 127.0.0.1/32 scram-sha-256
  parameters:
    unix_socket_directories: '{folder}'
    fsync: 'off'
    shared_buffers: 16MB
    log_statement: all
"
        );
        std::fs::write(self.folder.path().join("patroni.yml"), text).unwrap();
        process::give_to_unprivileged(self.folder.path());
    }

    fn begin(&mut self) {
        self.process = Some(Process::start(&Run {
            name: "patroni",
            program: self.folder.path().join("bin").join("patroni"),
            arguments: vec![self.folder.path().join("patroni.yml").display().to_string()],
            environment: vec![],
            folder: self.folder.path(),
            signal: "TERM",
            unprivileged: true,
        }));
    }

    /// The number of the database's process, while it runs.
    fn database(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.folder.path().join("data").join("postmaster.pid")).ok()?;
        text.lines().next()?.parse().ok()
    }

    fn stop(&mut self) {
        let running = self.process.take().is_some();
        // Patroni ends its database, unless it had to be killed.
        if let Some(database) = self.database().filter(|_| running) {
            process::send(database, "QUIT");
        }
    }

    /// All that Patroni and the database have written.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("patroni.log")).unwrap_or_default()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Etcd {
    fn start() -> Option<Self> {
        let program: PathBuf = program("etcd")?;
        let folder = TempDir::with_prefix("etcd-").unwrap();
        let (port, peers) = (ports::free(), ports::free());
        let (own, peer) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peers}"));
        let mut process = Process::start(&Run {
            name: "etcd",
            program,
            arguments: vec![
                format!("--data-dir={}", folder.path().join("data").display()),
                format!("--listen-client-urls={own}"),
                format!("--advertise-client-urls={own}"),
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
                format!("--initial-cluster=default={peer}"),
            ],
            environment: vec![],
            folder: folder.path(),
            signal: "TERM",
            unprivileged: false,
        });
        process.wait_until_ready(|| http::expect(port, "/health", 200));
        Some(Self { port, process, folder })
    }
}
