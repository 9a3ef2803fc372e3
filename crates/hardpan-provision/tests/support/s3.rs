//! S3 servers that check signatures: MinIO, and the Versity gateway, which has nothing of MinIO's own.
//!
//! What a newcomer must know: both know bucket policies and versions; lifecycle, users, attached policies and encryption are
//! MinIO's here.

use tempfile::TempDir;

use super::process::{Process, Run};
use super::{fresh_password, http, ports, program};

/// The region both say they are in.
pub const REGION: &str = "us-east-1";
/// The account that may do everything.
pub const ACCESS_KEY: &str = "provision-root";

/// A server of the test's own.
pub struct Server {
    pub port: u16,
    /// Of [`ACCESS_KEY`].
    pub secret_key: String,
    kind: Kind,
    folder: TempDir,
    process: Option<Process>,
}

#[derive(Clone, Copy)]
enum Kind {
    MinIo,
    Versity,
}

impl Server {
    /// A ready MinIO without a bucket. It can encrypt, and it has the interface for users and policies.
    pub fn minio() -> Option<Self> {
        Self::start(Kind::MinIo)
    }

    /// A ready Versity gateway without a bucket.
    pub fn versity() -> Option<Self> {
        Self::start(Kind::Versity)
    }

    fn start(kind: Kind) -> Option<Self> {
        program(kind.program())?;
        let folder = TempDir::with_prefix("s3-").unwrap();
        for name in ["data", "versions", "users", "attributes"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let mut server =
            Self { port: ports::free(), secret_key: fresh_password(), kind, folder, process: None };
        server.go_on();
        Some(server)
    }

    /// Starts it again after [`Server::stop`] or [`Server::kill`], on the same port and with its data.
    pub fn go_on(&mut self) {
        let address = format!("127.0.0.1:{}", self.port);
        let (arguments, environment) = match self.kind {
            Kind::MinIo => (
                vec!["server".into(), "--address".into(), address, self.path("data")],
                self.minio_environment(),
            ),
            Kind::Versity => {
                let mut arguments: Vec<String> =
                    ["--port", &address, "--region", REGION].map(Into::into).to_vec();
                arguments.extend(["--iam-dir".into(), self.path("users")]);
                arguments.push("posix".into());
                arguments.extend(["--versioning-dir".into(), self.path("versions")]);
                // Not every file system keeps attributes of files.
                arguments.extend(["--sidecar".into(), self.path("attributes"), self.path("data")]);
                (arguments, self.versity_environment())
            }
        };
        let mut process = Process::start(&Run {
            name: self.kind.program(),
            program: program(self.kind.program()).expect("it was there before"),
            arguments,
            environment,
            folder: self.folder.path(),
            signal: "TERM",
            unprivileged: false,
        });
        // Who does not sign is refused, by a server that knows its accounts; one that is still starting answers 503.
        process.wait_until_ready(|| http::expect(self.port, "/", 403));
        self.process = Some(process);
    }

    fn minio_environment(&self) -> Vec<(String, String)> {
        [
            ("MINIO_ROOT_USER", ACCESS_KEY),
            ("MINIO_ROOT_PASSWORD", &self.secret_key),
            // The key that encrypts: 32 bytes, the same in all tests.
            ("MINIO_KMS_SECRET_KEY", "tests:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
            ("MINIO_BROWSER", "off"),
            ("MINIO_UPDATE", "off"),
            // It would refuse a data folder on the disk of the system.
            ("MINIO_CI_CD", "on"),
            ("HOME", &self.path("")),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into()
    }

    fn versity_environment(&self) -> Vec<(String, String)> {
        vec![
            ("ROOT_ACCESS_KEY_ID".into(), ACCESS_KEY.into()),
            ("ROOT_SECRET_ACCESS_KEY".into(), self.secret_key.clone()),
        ]
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

    /// Lets it hang: it takes connections and does not answer, until [`Server::thaw`].
    pub fn freeze(&self) {
        self.process.as_ref().expect("it runs").send("STOP");
    }

    pub fn thaw(&self) {
        self.process.as_ref().expect("it runs").send("CONT");
    }

    /// As a plan names it.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All that it has written.
    pub fn log(&self) -> String {
        let file = self.folder.path().join(format!("{}.log", self.kind.program()));
        std::fs::read_to_string(file).unwrap_or_default()
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

impl Kind {
    fn program(self) -> &'static str {
        match self {
            Self::MinIo => "minio",
            Self::Versity => "versitygw",
        }
    }
}
