//! Logs as lines of JSON.
//!
//! Not responsible for what is logged. A newcomer needs to know one thing: a line is one JSON object on standard output, and what
//! is logged is chosen by `LOG_LEVEL`, for example `info` or `info,gateway=debug`.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{Environment, Parse};

/// How logs look and which there are.
#[derive(Debug, Clone)]
pub struct TelemetrySettings {
    /// Which lines.
    filter: Filter,
    /// How a line looks.
    format: LogFormat,
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
        }
    }

    /// Starts logging. Only the first call in a process has an effect.
    pub fn start(&self) {
        let filter = EnvFilter::new(&self.filter.0);
        let lines = tracing_subscriber::fmt().with_env_filter(filter).with_span_events(FmtSpan::NONE);
        let started = match self.format {
            LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).try_init(),
            LogFormat::Text => lines.try_init(),
        };
        // Refused where a test has started logging before.
        drop(started);
    }
}
