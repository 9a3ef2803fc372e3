//! The five services together.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::keys::Keys;
use super::ports::free_ports;
use super::process::Process;
use super::usage::Usage;
use crate::client::Target;

/// The services, in the order in which they are started.
pub const SERVICES: [Name; 5] =
    [Name::Persistence, Name::RiskEngine, Name::MatchingEngine, Name::MarketData, Name::Gateway];

/// One of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// It has the log.
    Persistence,
    /// It admits and settles.
    RiskEngine,
    /// It has the books.
    MatchingEngine,
    /// It has depth, trades and candles.
    MarketData,
    /// It speaks to clients.
    Gateway,
}

impl Name {
    /// As programs and hosts are named.
    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            Self::Persistence => "persistence",
            Self::RiskEngine => "risk-engine",
            Self::MatchingEngine => "matching-engine",
            Self::MarketData => "market-data",
            Self::Gateway => "gateway",
        }
    }

    /// As variables begin.
    fn variable(self) -> &'static str {
        match self {
            Self::Persistence => "PERSISTENCE",
            Self::RiskEngine => "RISK_ENGINE",
            Self::MatchingEngine => "MATCHING_ENGINE",
            Self::MarketData => "MARKET_DATA",
            Self::Gateway => "GATEWAY",
        }
    }
}

/// What is run.
#[derive(Debug, Clone)]
pub enum Programs {
    /// The programs of the services, in this folder, and beside them `exchange`.
    Folder(PathBuf),
    /// `exchange` alone, which is any of the services.
    Exchange(PathBuf),
}

impl Programs {
    /// The folder that they are in.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.clone(),
            Self::Exchange(program) => program.with_file_name(""),
        }
    }

    /// The program of a service with its arguments; `None`: of all of them.
    fn program(&self, name: Option<Name>) -> (PathBuf, Vec<&'static str>) {
        match (self, name) {
            (Self::Folder(folder), Some(name)) => (folder.join(name.program()), Vec::new()),
            (Self::Folder(folder), None) => (folder.join("exchange"), vec!["--target", "all"]),
            (Self::Exchange(program), name) => {
                (program.clone(), vec!["--target", name.map_or("all", Name::program)])
            }
        }
    }
}

/// What is started and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What is run.
    pub programs: Programs,
    /// Where data, secrets and logs go.
    pub folder: PathBuf,
    /// All services in one process (`exchange --target all`).
    pub together: bool,
    /// Further variables.
    pub environment: BTreeMap<String, String>,
}

/// The services as processes. They are killed when this goes.
#[derive(Debug)]
pub struct Venue {
    settings: Settings,
    keys: Keys,
    ports: BTreeMap<Name, u16>,
    /// Five processes, or one for all.
    processes: BTreeMap<Name, Process>,
}

impl Venue {
    /// Starts all of them and waits until each is ready.
    ///
    /// # Errors
    /// When one cannot be started or is not ready in time.
    pub fn start(settings: Settings, most: Duration) -> Result<Self> {
        for folder in [settings.folder.join("logs"), settings.folder.join("data")] {
            std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        }
        let ports: BTreeMap<Name, u16> = SERVICES.into_iter().zip(free_ports(SERVICES.len())?).collect();
        let keys = Keys::generate(&settings.folder)?;
        let mut venue = Self { settings, keys, ports, processes: BTreeMap::new() };
        if venue.settings.together {
            let process = venue.process(None);
            venue.processes.insert(Name::Gateway, process);
        } else {
            for name in SERVICES {
                let process = venue.process(Some(name));
                venue.processes.insert(name, process);
            }
        }
        for process in venue.processes.values_mut() {
            process.start()?;
        }
        venue.wait_ready(most)?;
        Ok(venue)
    }

    fn process(&self, name: Option<Name>) -> Process {
        let (program, arguments) = self.settings.programs.program(name);
        let shown = name.map_or("exchange", Name::program);
        let log = self.settings.folder.join("logs").join(format!("{shown}.log"));
        // All in one process are ready when the gateway is, which waits for the others.
        Process::new(shown, &program, self.address(name.unwrap_or(Name::Gateway)), &log)
            .arguments(arguments)
            .environment(self.environment())
    }

    /// Every service gets the same variables; each reads those that concern it.
    fn environment(&self) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::from([
            ("DATA_DIR".to_owned(), self.data().display().to_string()),
            ("LOG_LEVEL".to_owned(), "warn".to_owned()),
        ]);
        variables.extend(self.keys.environment());
        for name in SERVICES {
            let address = self.address(name);
            variables.insert(format!("{}_LISTEN", name.variable()), address.to_string());
            variables.insert(format!("{}_URL", name.variable()), format!("http://{address}"));
        }
        variables.extend(self.settings.environment.clone());
        variables
    }

    /// The folder that persistence writes.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.settings.folder.join("data")
    }

    /// The keys whose tokens the gateway believes.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Where a service listens.
    ///
    /// # Panics
    /// Never: every service has a port.
    #[must_use]
    pub fn address(&self, name: Name) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports[&name]))
    }

    /// Where clients go.
    ///
    /// # Errors
    /// Never in practice: an address is a target.
    pub fn gateway(&self) -> Result<Target> {
        Ok(format!("http://{}", self.address(Name::Gateway)).parse()?)
    }

    /// Waits until every process is ready.
    ///
    /// # Errors
    /// When one ends, or is not ready in time.
    pub fn wait_ready(&mut self, most: Duration) -> Result<Duration> {
        let began = Instant::now();
        for process in self.processes.values_mut() {
            process.wait_ready(most.saturating_sub(began.elapsed()))?;
        }
        Ok(began.elapsed())
    }

    /// One of the processes.
    ///
    /// # Errors
    /// When the services run in one.
    pub fn service(&mut self, name: Name) -> Result<&mut Process> {
        self.processes.get_mut(&name).with_context(|| format!("{} has no process of its own", name.program()))
    }

    /// What each process has used.
    ///
    /// # Errors
    /// When one does not run.
    pub fn usage(&self) -> Result<Vec<(String, Usage)>> {
        self.processes
            .values()
            .map(|process| {
                let id = process.id().with_context(|| format!("{} does not run", process.name()))?;
                Ok((process.name().to_owned(), Usage::of(id)?))
            })
            .collect()
    }

    /// Those that ended by themselves, with the end of their logs.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn ended(&mut self) -> Result<Vec<String>> {
        let mut ended = Vec::new();
        for process in self.processes.values_mut() {
            if let Some(status) = process.ended()? {
                ended.push(format!("{} ended by itself: {status}\n{}", process.name(), process.last_words()));
            }
        }
        Ok(ended)
    }

    /// Starts those again that ended by themselves.
    ///
    /// # Errors
    /// When one cannot be started.
    pub fn start_ended(&mut self) -> Result<()> {
        for process in self.processes.values_mut() {
            if process.ended()?.is_some() {
                process.start()?;
            }
        }
        Ok(())
    }

    /// Asks all of them to end, clients' side first, and waits for that.
    ///
    /// # Errors
    /// When one does not end in time or not with success.
    pub fn stop(mut self) -> Result<()> {
        let mut failed = Vec::new();
        for name in SERVICES.into_iter().rev() {
            if let Some(process) = self.processes.get_mut(&name)
                && let Err(error) = process.stop()
            {
                failed.push(format!("{error:#}"));
            }
        }
        ensure!(failed.is_empty(), "{}", failed.join("\n"));
        Ok(())
    }
}

/// A folder for a venue, beside the programs so that it lies on the same disk; it must not exist.
///
/// # Errors
/// When it cannot be made.
pub fn folder_beside(programs: &Path, purpose: &str) -> Result<PathBuf> {
    let folder = programs.join(format!("{purpose}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    Ok(folder)
}
