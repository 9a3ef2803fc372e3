//! How a service is, and why.
//!
//! Not responsible for finding out: each part of a service [reports](Health::set) its own state. A newcomer needs to know one
//! thing: the service is as well as its worst part, and it is ready when every part that it was built with has said so once and none is
//! unhealthy.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

/// How a part is, or the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It does what it is for.
    Healthy,
    /// It does some of it, or does it worse.
    Degraded,
    /// It does not.
    Unhealthy,
}

/// What one part says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// How it is.
    pub status: Status,
    /// Why, where it is not healthy; or what it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What `/health` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The service.
    pub service: &'static str,
    /// As its worst part.
    pub status: Status,
    /// Whether it takes work.
    pub ready: bool,
    /// Every part by name.
    pub parts: BTreeMap<&'static str, Part>,
}

/// The state of a service. Cloning gives another handle to the same.
#[derive(Debug, Clone)]
pub struct Health {
    service: &'static str,
    parts: Arc<Mutex<BTreeMap<&'static str, Entry>>>,
}

#[derive(Debug)]
struct Entry {
    part: Part,
    /// It has been well at least once.
    started: bool,
}

impl Health {
    /// A service whose parts have not reported yet: it is degraded and not ready until each of them has.
    #[must_use]
    pub fn new(service: &'static str, parts: &[&'static str]) -> Self {
        let starting = || Entry {
            part: Part { status: Status::Degraded, reason: Some("starting".into()) },
            started: false,
        };
        let parts = parts.iter().map(|name| (*name, starting())).collect();
        Self { service, parts: Arc::new(Mutex::new(parts)) }
    }

    /// The name of the service.
    #[must_use]
    pub fn service(&self) -> &'static str {
        self.service
    }

    /// A part is well.
    pub fn healthy(&self, part: &'static str) {
        self.set(part, Status::Healthy, None);
    }

    /// A part is not well. A change is logged, as what it is: a part that has never been well yet waits for another service, as every
    /// start does.
    pub fn set(&self, part: &'static str, status: Status, reason: Option<String>) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = parts.entry(part).or_insert_with(|| Entry {
            part: Part { status: Status::Degraded, reason: None },
            started: false,
        });
        let changed = entry.part.status != status;
        entry.started |= status == Status::Healthy;
        entry.part = Part { status, reason };
        if changed {
            let reason = entry.part.reason.as_deref().unwrap_or_default();
            match status {
                Status::Healthy => tracing::info!(part, "healthy"),
                _ if !entry.started => tracing::info!(part, reason, "waiting"),
                Status::Degraded => tracing::warn!(part, reason, "degraded"),
                Status::Unhealthy => tracing::error!(part, reason, "unhealthy"),
            }
        }
    }

    /// A part does not do what it is for.
    pub fn unhealthy(&self, part: &'static str, reason: impl Into<String>) {
        self.set(part, Status::Unhealthy, Some(reason.into()));
    }

    /// A part does less than it should.
    pub fn degraded(&self, part: &'static str, reason: impl Into<String>) {
        self.set(part, Status::Degraded, Some(reason.into()));
    }

    /// Everything.
    #[must_use]
    pub fn report(&self) -> Report {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let status = parts.values().map(|entry| entry.part.status).max().unwrap_or(Status::Healthy);
        let ready = status != Status::Unhealthy && parts.values().all(|entry| entry.started);
        let parts = parts.iter().map(|(name, entry)| (*name, entry.part.clone())).collect();
        Report { service: self.service, status, ready, parts }
    }
}
