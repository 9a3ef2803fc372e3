//! Logs as lines of JSON, and traces to a collector.
//!
//! Not responsible for what is logged. A newcomer needs to know one thing: a line is one JSON object on standard output, and what
//! is logged is chosen by `LOG_LEVEL`, for example `info` or `info,gateway=debug`. A panic is a line too.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{Environment, Parse};
use crate::trace::{self, Exporter, TraceSettings};

/// How logs look and which there are.
#[derive(Debug, Clone)]
pub struct TelemetrySettings {
    /// Which lines.
    filter: Filter,
    /// How a line looks.
    format: LogFormat,
    traces: TraceSettings,
}

/// Logging and tracing of a process. When it is dropped, the traces that wait are sent.
#[derive(Debug)]
#[must_use = "traces that wait are sent when this is dropped"]
pub struct Telemetry {
    _traces: Option<Exporter>,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object.
    Json,
    /// Text for people.
    Text,
}

impl Parse for LogFormat {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err("`json` or `text`".into()),
        }
    }
}

#[derive(Debug, Clone)]
struct Filter(String);

impl Parse for Filter {
    fn parse(text: &str) -> Result<Self, String> {
        let valid = EnvFilter::try_new(text).is_ok();
        valid
            .then(|| Self(text.into()))
            .ok_or_else(|| "`error`, `warn`, `info`, `debug`, `trace`, or `info,gateway=debug`".into())
    }
}

impl TelemetrySettings {
    /// Reads the variables.
    pub fn read(environment: &mut Environment) -> Self {
        Self {
            filter: environment.or(
                "LOG_LEVEL",
                "info",
                "which lines are logged: a level, or a level for each part",
            ),
            format: environment.or("LOG_FORMAT", "json", "how a line of the log looks: `json` or `text`"),
            traces: TraceSettings {
                collector: environment.optional(
                    "OTEL_EXPORTER_OTLP_ENDPOINT",
                    "where traces go: an OTLP collector over HTTP, such as `http://collector:4318`; unset: there are none",
                ),
                sampling: environment.or(
                    "OTEL_TRACES_SAMPLER_ARG",
                    "1",
                    "the share of requests that are traced, from 0 to 1, where the caller has not decided",
                ),
            },
        }
    }

    /// Starts logging and tracing. Only the first call in a process has an effect.
    pub fn start(&self) -> Telemetry {
        let filter = EnvFilter::new(&self.filter.0);
        let lines = tracing_subscriber::fmt().with_env_filter(filter).with_span_events(FmtSpan::NONE);
        let started = match self.format {
            LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).try_init(),
            LogFormat::Text => lines.try_init(),
        };
        // Refused where a test has started logging before: then panics are printed as they were.
        if started.is_ok() {
            std::panic::set_hook(Box::new(log_panic));
        }
        Telemetry { _traces: trace::start(&self.traces) }
    }
}

/// A panic is a broken invariant, and whoever collects the lines must see it among them.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let reason = panic.payload_as_str().unwrap_or("no text");
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(reason, place, thread = std::thread::current().name(), backtrace, "panicked");
}
