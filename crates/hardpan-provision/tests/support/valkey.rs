//! Valkey nodes that could be a cluster and are none yet.
//!
//! What a newcomer must know: nodes may stand on several addresses of the loopback interface, which are different hosts to
//! whoever spreads replicas.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::process::{self, Process, Run};
use super::resp::{self, Reply};
use super::{fresh_password, ports, program};

/// What the nodes are to be like.
pub struct Settings {
    /// One node each; a host may come up more than once.
    pub hosts: Vec<&'static str>,
    /// The default user needs a password, the same on all nodes, by which they also know each other.
    pub password: bool,
    /// Users can be kept by `ACL SAVE`.
    pub acl_file: bool,
}

impl Default for Settings {
    /// Six nodes on three hosts, with a password and a file of users.
    fn default() -> Self {
        let hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
        Self { hosts: hosts.into_iter().chain(hosts).collect(), password: true, acl_file: true }
    }
}

/// Running nodes.
pub struct Nodes {
    pub nodes: Vec<Node>,
    /// Of the default user.
    pub password: Option<String>,
}

impl Nodes {
    /// Blank nodes that answer.
    pub fn start(settings: &Settings) -> Option<Self> {
        program("valkey-server")?;
        let password = settings.password.then(fresh_password);
        let mut nodes: Vec<Node> =
            settings.hosts.iter().map(|host| Node::prepare(host, password.clone(), settings)).collect();
        // All begin before the first is waited for.
        for node in &mut nodes {
            node.begin();
        }
        for node in &mut nodes {
            node.wait();
        }
        Some(Self { nodes, password })
    }

    /// Each as `HOST:PORT`.
    pub fn addresses(&self) -> Vec<String> {
        self.nodes.iter().map(Node::address).collect()
    }

    /// Forms a cluster of all nodes by Valkey's own means, and waits until each says that it is ok.
    pub fn form(&self, replicas: usize) {
        let mut arguments = vec!["--cluster".into(), "create".into()];
        arguments.extend(self.addresses());
        arguments.extend(["--cluster-replicas".into(), replicas.to_string(), "--cluster-yes".into()]);
        let password = self.password.iter().map(|password| ("REDISCLI_AUTH".into(), password.clone()));
        process::run_to_end(&Run {
            name: "valkey-cli",
            program: program("valkey-cli").expect("it comes with the server"),
            arguments,
            environment: password.collect(),
            folder: self.nodes[0].folder.path(),
            signal: "TERM",
            unprivileged: false,
        });
        let deadline = Instant::now() + Duration::from_secs(60);
        for node in &self.nodes {
            while !node.call(&["CLUSTER", "INFO"]).contains("cluster_state:ok") {
                assert!(Instant::now() < deadline, "{} is not ok: {}", node.address(), node.log());
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// What all of them have logged.
    pub fn logs(&self) -> String {
        self.nodes.iter().map(Node::log).collect()
    }
}

/// One node.
pub struct Node {
    pub host: &'static str,
    pub port: u16,
    password: Option<String>,
    folder: TempDir,
    process: Option<Process>,
}

impl Node {
    fn prepare(host: &'static str, password: Option<String>, settings: &Settings) -> Self {
        let folder = TempDir::with_prefix("valkey-").unwrap();
        let port = ports::free_with_bus();
        // A node is known by the address that its connections come from. The rest lies below the defaults, so that a failure is noticed while a test waits for it.
        let mut text = format!(
            "bind {host}\nbind-source-addr {host}\nport {port}\nprotected-mode no\ndir {}\ncluster-enabled yes\ncluster-node-timeout 3000\n\
             save \"\"\nappendonly yes\nappendfsync no\nshutdown-timeout 0\n",
            folder.path().display()
        );
        if let Some(password) = &password {
            text.push_str(&format!("primaryauth {password}\n"));
            if !settings.acl_file {
                text.push_str(&format!("requirepass {password}\n"));
            }
        }
        if settings.acl_file {
            let users = folder.path().join("users.acl");
            let rule =
                password.as_ref().map_or_else(|| "nopass".to_owned(), |password| format!(">{password}"));
            std::fs::write(&users, format!("user default on {rule} ~* &* +@all\n")).unwrap();
            text.push_str(&format!("aclfile {}\n", users.display()));
        }
        std::fs::write(folder.path().join("valkey.conf"), text).unwrap();
        Self { host, port, password, folder, process: None }
    }

    fn begin(&mut self) {
        self.process = Some(Process::start(&Run {
            name: "valkey",
            program: program("valkey-server").expect("it was there before"),
            arguments: vec![self.folder.path().join("valkey.conf").display().to_string()],
            environment: vec![],
            folder: self.folder.path(),
            signal: "TERM",
            unprivileged: false,
        }));
    }

    fn wait(&mut self) {
        let mut process = self.process.take().expect("it was begun");
        process.wait_until_ready(|| self.try_call(&["PING"]).map(drop));
        self.process = Some(process);
    }

    /// Starts it again after [`Node::stop`] or [`Node::kill`], on the same port and with its data.
    pub fn go_on(&mut self) {
        self.begin();
        self.wait();
    }

    /// Ends it; data and port stay.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Lets it hang: it takes connections and does not answer, until [`Node::thaw`].
    pub fn freeze(&self) {
        self.process.as_ref().expect("it runs").send("STOP");
    }

    pub fn thaw(&self) {
        self.process.as_ref().expect("it runs").send("CONT");
    }

    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The number of its process.
    pub fn process_id(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// The file of users, as it stands on disk.
    pub fn acl_file(&self) -> PathBuf {
        self.folder.path().join("users.acl")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("valkey.log")).unwrap_or_default()
    }

    /// The answer to a command as text, a line for each element of a list. The test fails when it is an error.
    pub fn call(&self, command: &[&str]) -> String {
        self.try_call(command).unwrap_or_else(|error| panic!("{} {command:?}: {error}", self.address()))
    }

    /// The same, with the error.
    pub fn try_call(&self, command: &[&str]) -> Result<String, String> {
        let mut connection = resp::connect(&self.address())?;
        if let Some(password) = &self.password {
            resp::call(&mut connection, &["AUTH", password])?;
        }
        resp::call(&mut connection, command).map(|reply: Reply| reply.lines())
    }

    /// A command as another user.
    pub fn try_call_as(&self, user: &str, password: &str, command: &[&str]) -> Result<String, String> {
        let mut connection = resp::connect(&self.address())?;
        resp::call(&mut connection, &["AUTH", user, password])?;
        resp::call(&mut connection, command).map(|reply| reply.lines())
    }
}
