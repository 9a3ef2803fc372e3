//! The frame that a service runs in: from the environment to the exit code.
//!
//! Not responsible for what a service does: that is [`Service::run`]. A newcomer needs to know one thing, the order: logging,
//! configuration (all of its errors at once, nothing bound yet), listener, service, and at the end a drain.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::config::Environment;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::stop::Stop;
use crate::telemetry::TelemetrySettings;
use crate::trace;

/// What every service is given.
#[derive(Debug, Clone)]
pub struct Frame {
    /// When to end.
    pub stop: Stop,
    /// How it is.
    pub health: Health,
    /// What it measures.
    pub metrics: Metrics,
}

/// How long work on other threads may hold up the end of a service that has already said that it is done.
const LEFTOVER_MAX: Duration = Duration::from_secs(1);

/// Why a service ended that nobody asked to.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct ServiceError {
    /// What happened and what to do.
    pub reason: String,
    /// True where the machine is at fault (a port, a disk), false where the service is.
    pub environment: bool,
}

impl ServiceError {
    /// The service is at fault.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), environment: false }
    }

    /// The machine is at fault.
    pub fn environment(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), environment: true }
    }
}

/// A service.
pub trait Service {
    /// Its name, as hosts and labels have it.
    const NAME: &'static str;
    /// The parts whose health it reports.
    const PARTS: &'static [&'static str];
    /// What it reads from the environment.
    type Settings: Send + 'static;

    /// Reads all variables.
    fn settings(environment: &mut Environment) -> Self::Settings;

    /// Where it listens.
    fn listen(settings: &Self::Settings) -> SocketAddr;

    /// Works until `frame.stop`, drains, and returns.
    fn run(
        settings: Self::Settings,
        listener: TcpListener,
        frame: Frame,
    ) -> impl Future<Output = Result<(), ServiceError>>;
}

/// How a program of the exchange ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Ending {
    /// It was asked to end, or its work is done.
    Done = 0,
    /// A service failed.
    Failed = 1,
    /// Wrong usage or a wrong configuration; nothing was begun.
    Usage = 2,
    /// The machine is at fault: a port, a disk, signals.
    Environment = 3,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(ending as u8)
    }
}

impl From<&ServiceError> for Ending {
    fn from(error: &ServiceError) -> Self {
        if error.environment { Self::Environment } else { Self::Failed }
    }
}

/// A service whose settings have been read. What is left is to run it.
pub struct Prepared {
    name: &'static str,
    listen: SocketAddr,
    run: Box<dyn FnOnce(Stop) -> Result<(), ServiceError> + Send>,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Prepared").field("name", &self.name).field("listen", &self.listen).finish()
    }
}

impl Prepared {
    /// Reads the settings of a service. Nothing is bound, opened or begun yet.
    #[must_use]
    pub fn read<S: Service>(environment: &mut Environment) -> Self {
        environment.read_for(S::NAME);
        let settings = S::settings(environment);
        let listen = S::listen(&settings);
        Self { name: S::NAME, listen, run: Box::new(move |stop| run_on_thread::<S>(settings, stop, false)) }
    }

    /// The service's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where it will listen.
    #[must_use]
    pub fn listen(&self) -> SocketAddr {
        self.listen
    }

    /// Runs it on this thread, which becomes its only one, until `stop`.
    ///
    /// # Errors
    /// As [`run_on_thread`].
    pub fn run(self, stop: Stop) -> Result<(), ServiceError> {
        (self.run)(stop)
    }
}

/// The whole program of one service.
#[must_use]
pub fn main<S: Service>() -> ExitCode {
    let mut environment = Environment::of_process();
    let telemetry = TelemetrySettings::read(&mut environment);
    environment.read_for(S::NAME);
    let settings = S::settings(&mut environment);
    if let Err(errors) = environment.finish() {
        // A wrong configuration is for the person at the terminal, before there is a log. Where standard error is closed there is
        // nobody to tell.
        drop(writeln!(std::io::stderr(), "error: {}: {errors}", S::NAME));
        return Ending::Usage.into();
    }
    let _telemetry = telemetry.start();
    match run_on_thread::<S>(settings, Stop::new(), true) {
        Ok(()) => Ending::Done.into(),
        Err(error) => {
            tracing::error!(service = S::NAME, reason = %error, "ended");
            Ending::from(&error).into()
        }
    }
}

/// Runs a service on this thread, which becomes its only one.
///
/// # Errors
/// When it cannot listen, or ends by itself.
pub fn run_on_thread<S: Service>(
    settings: S::Settings,
    stop: Stop,
    signals: bool,
) -> Result<(), ServiceError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| ServiceError::environment(format!("no runtime: {error}")))?;
    // Lines of the log say which service they are of, also where several share a process.
    trace::name_thread(S::NAME);
    let _named = tracing::error_span!("service", service = S::NAME).entered();
    let ended = runtime.block_on(async {
        if signals {
            stop.on_signals().map_err(|error| ServiceError::environment(format!("no signals: {error}")))?;
        }
        let address = S::listen(&settings);
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| ServiceError::environment(format!("cannot listen on {address}: {error}")))?;
        let bound = listener.local_addr().unwrap_or(address);
        tracing::info!(address = %bound, version = env!("CARGO_PKG_VERSION"), "listening");
        let frame = Frame { stop, health: Health::new(S::NAME, S::PARTS), metrics: Metrics::new(S::NAME) };
        S::run(settings, listener, frame).await
    });
    // Whatever still folds on another thread works for nobody any more.
    runtime.shutdown_timeout(LEFTOVER_MAX);
    ended
}
