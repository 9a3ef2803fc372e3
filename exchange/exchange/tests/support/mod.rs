//! What the end-to-end tests share: the services as processes of this very build.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "not every test uses all of it, and all of it is for tests"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use exchange_load::durable::without_limits;
use exchange_load::venue::{Programs, Settings, Venue};

/// How long the services may take to be ready on a machine that runs other tests.
const START_MAX: Duration = Duration::from_secs(60);

/// The program that is any of the services.
pub(crate) fn programs() -> Programs {
    Programs::Exchange(PathBuf::from(env!("CARGO_BIN_EXE_exchange")))
}

/// All services in one process, without limits but for these variables.
pub(crate) fn together(folder: &Path, variables: &[(&str, &str)]) -> Venue {
    let mut environment: BTreeMap<String, String> = without_limits();
    environment.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let settings = Settings { programs: programs(), folder: folder.to_owned(), together: true, environment };
    Venue::start(settings, START_MAX).unwrap()
}

/// A Python with the packages that the tests use, where `cargo xtask test` could provide it.
pub(crate) fn python(what: &str) -> Option<PathBuf> {
    let python = std::env::var_os("EXCHANGE_PYTHON").map(PathBuf::from);
    if python.is_none() {
        eprintln!(
            "SKIPPED: {what}\n         EXCHANGE_PYTHON is not set; `cargo xtask test` sets it where it can"
        );
    }
    python
}
