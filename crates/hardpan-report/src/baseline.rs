//! An earlier report as a baseline: what it knows is not reported again.
//!
//! A finding is known by its rule, its verdict, the services, the file and the message, so that lines may move. Of
//! several that are alike, as many are known as the baseline has.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;

use hardpan_rules::Finding;
use serde::Deserialize;

use crate::{Sources, json, relative};

/// The findings of an earlier report.
#[derive(Clone, Debug)]
pub struct Baseline {
    counts: HashMap<Key, usize>,
}

/// Why a text is no baseline.
#[derive(Debug)]
pub enum BaselineError {
    /// It is not JSON, or not a report.
    NotAReport(serde_json::Error),
    /// It is a report of another version.
    Version(u32),
}

impl fmt::Display for BaselineError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAReport(_) => formatter.write_str("not a report of `hardpan check --format json`"),
            Self::Version(version) => {
                write!(
                    formatter,
                    "a report of version {version}; this hardpan reads version {}",
                    json::VERSION
                )
            }
        }
    }
}

impl Error for BaselineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotAReport(error) => Some(error),
            Self::Version(_) => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    rule: String,
    verdict: String,
    services: Vec<String>,
    /// Relative to the project's folder, so that it does not matter where hardpan was started.
    file: Option<String>,
    message: String,
}

#[derive(Deserialize)]
struct Document {
    version: u32,
    project: Project,
    findings: Vec<Entry>,
}

#[derive(Deserialize)]
struct Project {
    directory: String,
}

#[derive(Deserialize)]
struct Entry {
    rule: String,
    verdict: String,
    services: Vec<String>,
    message: String,
    location: Option<Location>,
}

#[derive(Deserialize)]
struct Location {
    file: String,
}

impl Baseline {
    /// Reads an earlier report in JSON.
    ///
    /// # Errors
    /// If it is no such report, or one of another version.
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        let document: Document = serde_json::from_str(text).map_err(BaselineError::NotAReport)?;
        if document.version != json::VERSION {
            return Err(BaselineError::Version(document.version));
        }
        let mut counts = HashMap::new();
        for entry in document.findings {
            let file = entry.location.map(|location| relative(&document.project.directory, &location.file));
            let Entry { rule, verdict, services, message, .. } = entry;
            *counts.entry(Key { rule, verdict, services, file, message }).or_default() += 1;
        }
        Ok(Self { counts })
    }

    /// True for a finding that the baseline has; each of its findings is taken once. `directory` is the project's folder.
    #[must_use]
    pub fn take(&mut self, finding: &Finding, sources: &Sources<'_>, directory: &str) -> bool {
        let file = finding.primary.as_ref().map(|label| {
            let path = sources.path(label.span.file);
            relative(&relative(sources.current_dir, directory), &path)
        });
        let key = Key {
            rule: finding.code.clone(),
            verdict: finding.verdict.as_str().to_owned(),
            services: finding.services.clone(),
            file,
            message: finding.message.clone(),
        };
        match self.counts.get_mut(&key) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_report_is_refused() {
        let message = |text: &str| Baseline::read(text).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(message("{}"), Err("not a report of `hardpan check --format json`".to_owned()));
        assert_eq!(
            message(r#"{"version":9,"project":{"directory":"."},"findings":[]}"#),
            Err("a report of version 9; this hardpan reads version 1".to_owned())
        );
    }
}
