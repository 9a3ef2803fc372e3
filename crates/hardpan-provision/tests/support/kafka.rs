//! A Kafka cluster of brokers that are controllers too, with passwords (SCRAM) and permissions (ACLs).
//!
//! What a newcomer must know: each broker has two doors. The first wants a password and obeys ACLs; the second, for the brokers
//! among themselves, wants none and may do everything, so that a test can look behind the back of the code under test.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use super::process::{self, Process, Run};
use super::{fresh_password, ports, program, servers, skipped};

/// The account that may do everything, known by SCRAM-SHA-256, SCRAM-SHA-512 and PLAIN alike.
pub const ADMIN: &str = "admin";
/// One that may log in and has no permission.
pub const LIMITED: &str = "limited";
/// How long an answer may take before the broker counts as one that does not answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
const CLUSTER_ID: &str = "aGFyZHBhbi10ZXN0cy0wMQ";

/// A running cluster.
pub struct Cluster {
    pub brokers: Vec<Broker>,
    /// Of [`ADMIN`].
    pub password: String,
    /// Of [`LIMITED`].
    pub limited_password: String,
}

/// One broker.
pub struct Broker {
    pub id: i32,
    /// Where clients come in, with a password.
    pub port: u16,
    /// Where brokers come in, without one.
    pub internal_port: u16,
    controller_port: u16,
    folder: TempDir,
    process: Option<Process>,
}

impl Cluster {
    /// Three brokers that know each other, without a topic.
    pub fn start() -> Option<Self> {
        let mut cluster = Self::prepare(3)?;
        for index in 0..cluster.brokers.len() {
            cluster.begin(index);
        }
        cluster.wait();
        Some(cluster)
    }

    /// As [`Cluster::start`], but none runs yet: see [`Cluster::go_on`].
    pub fn prepare(count: u16) -> Option<Self> {
        program("java")?;
        if !libraries().is_dir() {
            skipped("Kafka is missing; `cargo xtask servers` provides it where it can");
            return None;
        }
        let brokers: Vec<Broker> = (1..=count).map(|id| Broker::new(i32::from(id))).collect();
        let cluster = Self { brokers, password: fresh_password(), limited_password: fresh_password() };
        for broker in &cluster.brokers {
            std::fs::write(broker.path("server.properties"), cluster.properties(broker)).unwrap();
            std::fs::write(broker.path("log4j2.properties"), LOGGING).unwrap();
        }
        cluster.format();
        Some(cluster)
    }

    /// Starts one broker and does not wait for it, because one alone may not be enough to be ready.
    pub fn begin(&mut self, index: usize) {
        let broker = &mut self.brokers[index];
        let process =
            Process::start(&broker.how("kafka", &["kafka.Kafka", &broker.path("server.properties")]));
        broker.process = Some(process);
    }

    /// Starts a broker again after [`Cluster::stop`] or [`Cluster::kill`], and waits until all know each other.
    pub fn go_on(&mut self, index: usize) {
        self.begin(index);
        self.wait();
    }

    /// Waits until all brokers that run know as many brokers as run, and who leads.
    pub fn wait(&mut self) {
        let running = self.brokers.iter().filter(|broker| broker.process.is_some()).count();
        for broker in &mut self.brokers {
            let internal_port = broker.internal_port;
            let port = broker.port;
            if let Some(process) = &mut broker.process {
                process.wait_until_ready(|| {
                    let known = known_brokers(internal_port)?;
                    // The door for clients is opened last.
                    TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.to_string())?;
                    if known == running {
                        Ok(())
                    } else {
                        Err(format!("it knows {known} of {running} brokers"))
                    }
                });
            }
        }
    }

    /// Ends a broker in its own way; data and port stay.
    pub fn stop(&mut self, index: usize) {
        self.brokers[index].process = None;
    }

    /// Ends a broker as a crash does.
    pub fn kill(&mut self, index: usize) {
        if let Some(mut process) = self.brokers[index].process.take() {
            process.kill();
        }
    }

    /// Lets a broker hang: it takes connections and does not answer, until [`Cluster::thaw`].
    pub fn freeze(&self, index: usize) {
        self.brokers[index].process.as_ref().expect("it runs").send("STOP");
    }

    pub fn thaw(&self, index: usize) {
        self.brokers[index].process.as_ref().expect("it runs").send("CONT");
    }

    /// Where clients begin, each as `HOST:PORT`.
    pub fn bootstrap(&self) -> Vec<String> {
        self.brokers.iter().map(|broker| format!("127.0.0.1:{}", broker.port)).collect()
    }

    /// The doors without a password.
    pub fn internal_bootstrap(&self) -> Vec<String> {
        self.brokers.iter().map(|broker| format!("127.0.0.1:{}", broker.internal_port)).collect()
    }

    /// What all of them have logged.
    pub fn logs(&self) -> String {
        self.brokers.iter().map(Broker::log).collect()
    }

    /// Writes what a data folder begins with. A Java for each broker would cost seconds, and only two numbers differ.
    fn format(&self) {
        let first = &self.brokers[0];
        let mut arguments = vec!["kafka.tools.StorageTool".to_owned(), "format".into()];
        arguments.extend(["--cluster-id".into(), CLUSTER_ID.into()]);
        arguments.extend(["--config".into(), first.path("server.properties")]);
        for (name, password) in [(ADMIN, &self.password), (LIMITED, &self.limited_password)] {
            for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
                arguments.push("--add-scram".into());
                arguments.push(format!("{mechanism}=[name={name},password={password},iterations=4096]"));
            }
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        process::run_to_end(&first.how("format", &arguments));
        let written = std::fs::read_to_string(first.path("data/meta.properties")).unwrap();
        for broker in &self.brokers[1..] {
            std::fs::create_dir(broker.path("data")).unwrap();
            let bootstrap = "data/bootstrap.checkpoint";
            std::fs::copy(first.path(bootstrap), broker.path(bootstrap)).unwrap();
            let lines: Vec<String> = written.lines().map(|line| broker.own(line)).collect();
            std::fs::write(broker.path("data/meta.properties"), lines.join("\n")).unwrap();
        }
    }

    fn properties(&self, broker: &Broker) -> String {
        let voters: Vec<String> = self
            .brokers
            .iter()
            .map(|broker| format!("{}@127.0.0.1:{}", broker.id, broker.controller_port))
            .collect();
        let copies = self.brokers.len().min(3);
        let scram = "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;";
        let plain = format!(
            "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
             user_{ADMIN}=\"{}\" user_{LIMITED}=\"{}\";",
            self.password, self.limited_password
        );
        let (id, port, internal) = (broker.id, broker.port, broker.internal_port);
        let doors = format!("CLIENT://127.0.0.1:{port},INTERNAL://127.0.0.1:{internal}");
        format!(
            "process.roles=broker,controller\n\
             node.id={id}\n\
             controller.quorum.voters={voters}\n\
             controller.listener.names=CONTROLLER\n\
             listeners=CONTROLLER://127.0.0.1:{controller},{doors}\n\
             advertised.listeners={doors}\n\
             listener.security.protocol.map=CONTROLLER:PLAINTEXT,CLIENT:SASL_PLAINTEXT,INTERNAL:PLAINTEXT\n\
             inter.broker.listener.name=INTERNAL\n\
             sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512,PLAIN\n\
             listener.name.client.plain.{plain}\n\
             listener.name.client.scram-sha-256.{scram}\n\
             listener.name.client.scram-sha-512.{scram}\n\
             authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
             super.users=User:{ADMIN};User:ANONYMOUS\n\
             log.dirs={data}\n\
             auto.create.topics.enable=false\n\
             default.replication.factor={copies}\n\
             offsets.topic.replication.factor={copies}\n\
             offsets.topic.num.partitions=1\n\
             controller.quorum.election.timeout.ms=3000\n\
             controller.quorum.fetch.timeout.ms=5000\n\
             num.network.threads=2\n\
             num.io.threads=2\n\
             log.cleaner.enable=false\n",
            voters = voters.join(","),
            controller = broker.controller_port,
            data = broker.path("data"),
        )
    }
}

impl Broker {
    fn new(id: i32) -> Self {
        Self {
            id,
            port: ports::free(),
            internal_port: ports::free(),
            controller_port: ports::free(),
            folder: TempDir::with_prefix("kafka-").unwrap(),
            process: None,
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("kafka.log")).unwrap_or_default()
    }

    /// The number of its process.
    pub fn process_id(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// A line of another broker's `meta.properties` as it is in this one's.
    fn own(&self, line: &str) -> String {
        match line.split_once('=') {
            Some(("node.id", _)) => format!("node.id={}", self.id),
            Some(("directory.id", _)) => {
                // 128 bits in the alphabet of URLs. Those that Kafka reserves begin with many zero bits.
                let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
                let unique = format!("{time:032x}");
                format!("directory.id=T{:02}{}A", self.id, &unique[unique.len() - 18..])
            }
            _ => line.to_owned(),
        }
    }

    fn how<'a>(&'a self, name: &'a str, arguments: &[&str]) -> Run<'a> {
        // Little memory, and no second compiler: it lives for seconds.
        let java = ["-Xmx256m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"];
        let mut all: Vec<String> = java.map(Into::into).to_vec();
        all.push(libraries().join("*").display().to_string());
        all.push(format!("-Dlog4j2.configurationFile={}", self.path("log4j2.properties")));
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        Run {
            name,
            program: program("java").expect("it was there before"),
            arguments: all,
            environment: vec![],
            folder: self.folder.path(),
            signal: "TERM",
            unprivileged: false,
        }
    }
}

const LOGGING: &str = "rootLogger.level = INFO\n\
    rootLogger.appenderRef.output.ref = OUTPUT\n\
    appender.output.type = Console\n\
    appender.output.name = OUTPUT\n\
    appender.output.layout.type = PatternLayout\n\
    appender.output.layout.pattern = %d{HH:mm:ss.SSS} %p %m (%c)%n\n";

fn libraries() -> PathBuf {
    servers().join("kafka").join("libs")
}

/// How many brokers one knows, once there is a leader among them: the protocol's request for metadata of no topic.
fn known_brokers(port: u16) -> Result<usize, String> {
    let text = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), ANSWER_MAX).map_err(text)?;
    stream.set_read_timeout(Some(ANSWER_MAX)).map_err(text)?;
    // Key 3, version 1, correlation 7, no name of the client, no topics; before it, how long that is.
    let request = [0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 7, 0xff, 0xff, 0, 0, 0, 0];
    stream.write_all(&request).map_err(text)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).map_err(text)?;
    let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length)).map_err(|error| error.to_string())?];
    stream.read_exact(&mut answer).map_err(text)?;
    count_brokers(&answer).ok_or_else(|| "metadata that cannot be read".to_owned())
}

/// The correlation, then for each broker its id, host, port and rack; then who leads, and topics.
fn count_brokers(answer: &[u8]) -> Option<usize> {
    let mut at = 4;
    let mut number = |size: usize| -> Option<i64> {
        let bytes = answer.get(at..at + size)?;
        at += size;
        let value = bytes.iter().fold(0_i64, |value, byte| value << 8 | i64::from(*byte));
        let bits = 64 - 8 * u32::try_from(size).ok()?;
        // The sign is the first bit of the bytes read.
        let value = value << bits >> bits;
        Some(value)
    };
    let count = number(4)?;
    for _ in 0..count {
        number(4)?;
        for _ in 0..number(2)? {
            number(1)?;
        }
        number(4)?;
        for _ in 0..number(2)? {
            number(1)?;
        }
    }
    let leader = number(4)?;
    if leader < 0 { Some(0) } else { usize::try_from(count).ok() }
}
