//! The frame that a service runs in: from the environment to the exit code.
//!
//! Not responsible for what a service does: that is [`Service::run`]. A newcomer needs to know one thing, the order: logging,
//! configuration (all of its errors at once, nothing bound yet), listener, service, and at the end a drain.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use tokio::net::TcpListener;

use crate::config::Environment;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::stop::Stop;
use crate::telemetry::TelemetrySettings;

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

/// Exit code of a service that was asked to end, or that ended its work.
const DONE: u8 = 0;
/// Exit code of a service that failed.
const FAILED: u8 = 1;
/// Exit code of a wrong configuration.
const USAGE: u8 = 2;
/// Exit code of a machine that does not give what is needed.
const ENVIRONMENT: u8 = 3;

/// The whole of a service's `main`.
#[must_use]
pub fn main<S: Service>() -> ExitCode {
    let mut environment = Environment::of_process();
    let telemetry = TelemetrySettings::read(&mut environment);
    let settings = S::settings(&mut environment);
    if let Err(errors) = environment.finish() {
        return say_and_exit(S::NAME, &errors.to_string(), USAGE);
    }
    telemetry.start();
    let stop = Stop::new();
    ExitCode::from(match run_on_thread::<S>(settings, stop, true) {
        Ok(()) => DONE,
        Err(error) => {
            tracing::error!(service = S::NAME, reason = %error, "ended");
            if error.environment { ENVIRONMENT } else { FAILED }
        }
    })
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
    runtime.block_on(async {
        if signals {
            stop.on_signals().map_err(|error| ServiceError::environment(format!("no signals: {error}")))?;
        }
        let address = S::listen(&settings);
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| ServiceError::environment(format!("cannot listen on {address}: {error}")))?;
        let bound = listener.local_addr().unwrap_or(address);
        tracing::info!(service = S::NAME, address = %bound, version = env!("CARGO_PKG_VERSION"), "listening");
        let frame = Frame { stop, health: Health::new(S::NAME, S::PARTS), metrics: Metrics::new(S::NAME) };
        S::run(settings, listener, frame).await
    })
}

/// A wrong configuration is for the person at the terminal, before there is a log.
fn say_and_exit(service: &str, text: &str, code: u8) -> ExitCode {
    // Where standard error is closed there is nobody to tell.
    drop(writeln!(std::io::stderr(), "error: {service}: {text}"));
    ExitCode::from(code)
}
