//! Services on threads of one process: how they begin, and how they end.
//!
//! Not responsible for what goes between them; they speak over their ports as if they were processes of their own. A newcomer needs
//! to know one thing: when one service ends by itself, the others are drained and the program ends with that service's reason.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use exchange_service::config::Environment;
use exchange_service::service::{Ending, Prepared, ServiceError};
use exchange_service::stop::Stop;
use exchange_service::telemetry::TelemetrySettings;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::home;
use crate::target::{self, Target};

/// How long a service may take to end, its own limits for requests under way included. Then the next one is asked all the same.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads all settings, runs the services asked for until a signal or an end, and says how it went.
pub(crate) fn run(targets: &[Target], home: Option<&Path>) -> Ending {
    let mut environment = Environment::of_process();
    if let Some(home) = home
        && let Err(error) = home::furnish(home, &mut environment)
    {
        eprintln!("error: {error}");
        return Ending::Environment;
    }
    target::introduce(targets, &mut environment);
    let telemetry = TelemetrySettings::read(&mut environment);
    let services = target::prepare(targets, &mut environment);
    if let Err(errors) = environment.finish() {
        eprintln!("error: {errors}");
        return Ending::Usage;
    }
    let _telemetry = telemetry.start();
    if let Some(home) = home {
        eprint!("{}", home::welcome(home, &services));
    }
    let supervised = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .and_then(|runtime| runtime.block_on(supervise(services)));
    supervised.unwrap_or_else(|error| {
        tracing::error!(%error, "the services cannot be watched");
        Ending::Environment
    })
}

/// A service on its thread.
struct Running {
    name: &'static str,
    stop: Stop,
    /// Taken when it has ended.
    thread: Option<JoinHandle<Result<(), ServiceError>>>,
}

/// Says that a thread is at its end, however it got there.
struct Farewell {
    place: usize,
    ended: mpsc::Sender<usize>,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        // There is room for all; and where nobody listens any more, nobody wants to know.
        let _ = self.ended.try_send(self.place);
    }
}

async fn supervise(services: Vec<Prepared>) -> std::io::Result<Ending> {
    let mut signals = Signals::new()?;
    // Each thread says one thing, once: the channel cannot be full.
    let (sender, mut ended) = mpsc::channel(services.len().max(1));
    let mut running = Vec::with_capacity(services.len());
    for (place, service) in services.into_iter().enumerate() {
        let (name, stop) = (service.name(), Stop::new());
        let farewell = Farewell { place, ended: sender.clone() };
        let own = stop.clone();
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
            let _farewell = farewell;
            service.run(own)
        })?;
        running.push(Running { name, stop, thread: Some(thread) });
    }
    drop(sender);

    let mut ending = tokio::select! {
        biased; // whoever asks for the end gets it, also when a service ends at the same time
        name = signals.next() => {
            tracing::info!(signal = name, "stopping");
            Ending::Done
        }
        Some(place) = ended.recv() => running[place].ended(false).await,
        else => Ending::Done,
    };
    for next in 0..running.len() {
        running[next].stop.stop();
        let mut patience = std::pin::pin!(tokio::time::sleep(PATIENCE));
        while running[next].thread.is_some() {
            tokio::select! {
                Some(place) = ended.recv() => {
                    let asked = running[place].stop.is_stopped();
                    ending = ending.max(running[place].ended(asked).await);
                }
                name = signals.next() => {
                    tracing::warn!(signal = name, "stopping all at once");
                    running.iter().for_each(|service| service.stop.stop());
                }
                () = &mut patience => {
                    tracing::error!(service = running[next].name, "did not end in time");
                    ending = ending.max(Ending::Failed);
                    break;
                }
            }
        }
    }
    tracing::info!(code = ending as u8, "ended");
    Ok(ending)
}

impl Running {
    /// Its thread has said farewell: how it went.
    async fn ended(&mut self, asked: bool) -> Ending {
        let Some(thread) = self.thread.take() else { return Ending::Done };
        // The farewell is the last thing but one that a thread does.
        while !thread.is_finished() {
            tokio::task::yield_now().await;
        }
        let (ending, reason) = match thread.join() {
            Ok(Ok(())) if asked => return Ending::Done,
            Ok(Ok(())) => (Ending::Failed, "it ended although nobody had asked it to".to_owned()),
            Ok(Err(error)) => (Ending::from(&error), error.to_string()),
            Err(_) => (Ending::Failed, "it panicked".to_owned()),
        };
        tracing::error!(service = self.name, reason, "ended by itself");
        ending
    }
}

/// The two signals that ask for the end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
