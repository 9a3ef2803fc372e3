//! What the service reads from the environment.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use exchange_service::config::{Environment, Secret};
use exchange_service::log::{LogOptions, SEGMENT_BYTES_MIN};
use exchange_service::net::Address;
use exchange_service::snapshot::SnapshotOptions;

/// What the service needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The folder that holds everything; it belongs to one process at a time.
    pub data_dir: PathBuf,
    /// How the log is kept.
    pub log: LogOptions,
    /// When snapshots are made.
    pub snapshots: SnapshotOptions,
    /// After what time without a record a tick is logged.
    pub tick_interval: Duration,
    /// Where the outcomes come from that make the history.
    pub matching: Address,
    /// The address of a PostgreSQL database for the history; `None`: it is kept in a file.
    pub database: Option<Secret>,
    /// How long records are kept at least; `None`: for ever.
    pub log_retention: Option<Duration>,
    /// How many bytes of the log's end are kept in memory for those who follow it.
    pub ring_bytes: usize,
    /// How long the log's writer waits at most for those it has just answered to come back.
    pub linger: Duration,
}

impl Settings {
    /// Reads all variables.
    pub(crate) fn read(environment: &mut Environment) -> Self {
        let segment_bytes = environment.or(
            "LOG_SEGMENT_BYTES",
            "67108864",
            "how long a segment of the log is, in bytes; half a million commands in 64 MiB",
        );
        if segment_bytes < SEGMENT_BYTES_MIN {
            let problem = format!("found {segment_bytes}, expected {SEGMENT_BYTES_MIN} or more");
            environment.report("LOG_SEGMENT_BYTES", problem);
        }
        let interval: Duration = environment.or(
            "SNAPSHOT_INTERVAL",
            "1m",
            "after what time a snapshot is made, if anything happened",
        );
        let snapshots = SnapshotOptions {
            events: environment.or("SNAPSHOT_EVENTS", "1000000", "after how many events a snapshot is made"),
            interval_ns: u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX),
            keep: environment.or("SNAPSHOT_KEEP", "3", "how many valid snapshots are kept; at least one is"),
        };
        let tick_interval: Duration = environment.or(
            "TICK_INTERVAL",
            "1s",
            "after what time without a command a tick is logged, so that orders end and candles close",
        );
        if tick_interval < Duration::from_millis(1) {
            environment.report("TICK_INTERVAL", "expected a millisecond or more".into());
        }
        Self {
            listen: environment.listen("PERSISTENCE_LISTEN", "127.0.0.1:8084"),
            data_dir: environment.or("DATA_DIR", "data", "the folder of the log, the snapshots and the history"),
            log: LogOptions { segment_bytes, ..LogOptions::default() },
            snapshots,
            tick_interval,
            matching: environment.matching_engine(),
            database: environment.secret(
                "DATABASE_URL_FILE",
                "a file with the address of a PostgreSQL database for the history; unset: it is kept in a file",
            ),
            log_retention: environment.optional(
                "LOG_RETENTION",
                "how long records are kept; older ones go once snapshots and history cover them; unset: for ever",
            ),
            ring_bytes: environment.or(
                "LOG_RING_BYTES",
                "16777216",
                "how many bytes of the log's end are kept in memory for followers; who is further behind reads files",
            ),
            linger: environment.or(
                "COMMIT_LINGER",
                "0us",
                "how long the writer of the log spins at most to let those it has answered into the next batch",
            ),
        }
    }
}
