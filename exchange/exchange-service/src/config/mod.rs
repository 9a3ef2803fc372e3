//! Configuration: variables of the environment, and files that they name.
//!
//! Not responsible for what a service needs. A newcomer needs to know one thing: a service reads all of its variables before it
//! does anything, every one that is wrong is reported at once, and a secret is never a variable but the name of a file.
//!
//! Each read says the variable's name, meaning and default, so that the page of all variables is written from the code.

mod parse;
mod secret;

pub use parse::{Listen, Parse};
pub use secret::Secret;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::markets::Markets;
use crate::net::Address;

/// One variable, for the page of all variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The service that reads it.
    pub service: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it means, with its unit.
    pub meaning: &'static str,
    /// What it is when it is not set; `None`: it may stay unset, or it is required.
    pub default: Option<String>,
    /// It must be set.
    pub required: bool,
}

/// Everything that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors(pub Vec<ConfigError>);

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Of which variable.
    pub variable: &'static str,
    /// What was found, what was expected, and what to do. Never the value of a secret.
    pub problem: String,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} variable(s) of the environment are wrong:", self.0.len())?;
        self.0.iter().try_for_each(|error| write!(formatter, "\n  {}: {}", error.variable, error.problem))
    }
}

/// Reads variables and remembers what is wrong with them.
#[derive(Debug)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    errors: Vec<ConfigError>,
    read: Vec<Variable>,
    /// Who reads now.
    service: &'static str,
}

/// The name under which variables are listed that every service reads.
pub const EVERY_SERVICE: &str = "every service";

impl Environment {
    /// The environment of the process. Variables that are not UTF-8 are as if they were not set.
    #[must_use]
    pub fn of_process() -> Self {
        let texts = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::new(texts)
    }

    /// An environment with these variables.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            variables: variables.into_iter().collect(),
            errors: Vec::new(),
            read: Vec::new(),
            service: EVERY_SERVICE,
        }
    }

    /// What a variable is set to, for a program that derives others from it. Whoever needs its value reads it by one of the others.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Sets a variable that is not set: what a program knows better than the default.
    pub fn preset(&mut self, name: &str, value: impl Into<String>) {
        let text = self.variables.entry(name.to_owned()).or_default();
        if text.is_empty() {
            *text = value.into();
        }
    }

    /// From here on this service reads.
    pub fn read_for(&mut self, service: &'static str) {
        self.service = service;
    }

    /// A variable that has a default.
    ///
    /// # Panics
    /// If the default is not a value of the variable: a mistake in the program.
    pub fn or<T: Parse>(&mut self, name: &'static str, default: &str, meaning: &'static str) -> T {
        self.describe(name, meaning, Some(default.to_owned()), false);
        let set = self.text(name).and_then(|text| self.parse(name, &text));
        set.unwrap_or_else(|| match T::parse(default) {
            Ok(value) => value,
            Err(expected) => panic!("the default `{default}` of {name} is wrong, expected {expected}"),
        })
    }

    /// A variable that has a default and must be more than nothing: a number or a time with which a service could not work if it were
    /// zero.
    ///
    /// # Panics
    /// As [`or`](Self::or).
    pub fn some<T: Parse + Default + PartialEq>(
        &mut self,
        name: &'static str,
        default: &str,
        meaning: &'static str,
    ) -> T {
        let value: T = self.or(name, default, meaning);
        if value == T::default() {
            self.report(name, format!("found nothing, expected more than that, such as `{default}`"));
        }
        value
    }

    /// A variable that may be unset.
    pub fn optional<T: Parse>(&mut self, name: &'static str, meaning: &'static str) -> Option<T> {
        self.describe(name, meaning, None, false);
        let text = self.text(name)?;
        self.parse(name, &text)
    }

    /// A variable that must be set. `None` only where an error was recorded.
    pub fn required<T: Parse>(&mut self, name: &'static str, meaning: &'static str) -> Option<T> {
        self.describe(name, meaning, None, true);
        let Some(text) = self.text(name) else {
            self.report(name, "it is not set".into());
            return None;
        };
        self.parse(name, &text)
    }

    /// A secret: the variable names a file that holds it. `None`: it is not set, or an error was recorded.
    pub fn secret(&mut self, name: &'static str, meaning: &'static str) -> Option<Secret> {
        let path: PathBuf = self.optional(name, meaning)?;
        match Secret::read(&path) {
            Ok(secret) => Some(secret),
            Err(problem) => {
                self.report(name, problem);
                None
            }
        }
    }

    /// Where a service listens: `variable` with its default `127.0.0.1:port`.
    pub fn listen(&mut self, variable: &'static str, default: &str) -> SocketAddr {
        let listen: Listen = self.or(variable, default, "address and port on which the service listens");
        listen.0
    }

    /// Where persistence is.
    pub fn persistence(&mut self) -> Address {
        self.or("PERSISTENCE_URL", "http://127.0.0.1:8084", "where persistence is")
    }

    /// Where the risk engine is.
    pub fn risk_engine(&mut self) -> Address {
        self.or("RISK_ENGINE_URL", "http://127.0.0.1:8083", "where the risk engine is")
    }

    /// Where the matching engine is.
    pub fn matching_engine(&mut self) -> Address {
        self.or("MATCHING_ENGINE_URL", "http://127.0.0.1:8081", "where the matching engine is")
    }

    /// Where market data is.
    pub fn market_data(&mut self) -> Address {
        self.or("MARKET_DATA_URL", "http://127.0.0.1:8082", "where market data is")
    }

    /// The markets file; the embedded one where none is named.
    pub fn markets(&mut self) -> Markets {
        let name = "MARKETS_FILE";
        let path: Option<PathBuf> = self
            .optional(name, "the markets file: names, decimals, tiers, instruments; unset: the embedded one");
        let Some(path) = path else { return Markets::embedded() };
        let read = std::fs::read_to_string(&path).map_err(|error| format!("cannot be read: {error}"));
        match read.and_then(|json| Markets::parse(&json).map_err(|error| format!("is wrong: {error}"))) {
            Ok(markets) => markets,
            Err(problem) => {
                self.report(name, format!("the file `{}` {problem}", path.display()));
                Markets::embedded()
            }
        }
    }

    /// Records that a variable is wrong in a way that only the caller can tell. What two services complain of is recorded once.
    pub fn report(&mut self, variable: &'static str, problem: String) {
        let error = ConfigError { variable, problem };
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    /// The variables read so far.
    #[must_use]
    pub fn variables(&self) -> &[Variable] {
        &self.read
    }

    /// The end of reading.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub fn finish(self) -> Result<(), ConfigErrors> {
        if self.errors.is_empty() { Ok(()) } else { Err(ConfigErrors(self.errors)) }
    }

    fn describe(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        default: Option<String>,
        required: bool,
    ) {
        self.read.push(Variable { service: self.service, name, meaning, default, required });
    }

    /// A variable that is set to nothing is as if it were not set: Compose files cannot unset one.
    fn text(&self, name: &str) -> Option<String> {
        self.raw(name).map(str::to_owned)
    }

    fn parse<T: Parse>(&mut self, name: &'static str, text: &str) -> Option<T> {
        match T::parse(text) {
            Ok(value) => Some(value),
            Err(expected) => {
                self.report(name, format!("found `{}`, expected {expected}", text.escape_debug()));
                None
            }
        }
    }
}
