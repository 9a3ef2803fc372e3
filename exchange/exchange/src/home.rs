//! `--home`: everything below one folder, for trying the exchange out.
//!
//! Not responsible for what is in it. A newcomer needs to know one thing: it only sets variables that are not set, so a home can be
//! overruled in every point.

use std::path::{Path, PathBuf};

use exchange_service::config::Environment;
use exchange_service::service::Prepared;

use crate::keys::{self, KeysError};

/// The keys of a home.
pub(crate) fn keys(home: &Path) -> PathBuf {
    home.join("keys")
}

/// Makes what is missing, and lets the settings point to it.
pub(crate) fn furnish(home: &Path, environment: &mut Environment) -> Result<(), KeysError> {
    let keys = keys(home);
    keys::provide(&keys)?;
    environment.preset("JWT_PUBLIC_KEY_FILE", keys.join(keys::PUBLIC).to_string_lossy());
    environment.preset("DATA_DIR", home.join("data").to_string_lossy());
    environment.preset("LOG_FORMAT", "text");
    Ok(())
}

/// What somebody who has just started it wants to know.
pub(crate) fn welcome(home: &Path, services: &[Prepared]) -> String {
    let home = home.display();
    let address = services.iter().find(|service| service.name() == "gateway").map(Prepared::listen);
    let at = address.map_or_else(String::new, |address| format!("The gateway is at http://{address}/\n"));
    format!(
        "{at}Everything is kept in {home}. In another terminal:\n  \
         exchange token --home {home} --account 1    a token to trade with\n  \
         exchange token --home {home} --admin        a token to deposit with\n"
    )
}
