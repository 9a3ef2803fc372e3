//! Where the policy comes from.

use anyhow::bail;
use hardpan_rules::policy::Policy;

use crate::cli::CheckArgs;

/// The policy for the project in this folder.
pub(super) fn policy(args: &CheckArgs, _directory: &str) -> anyhow::Result<Policy> {
    if let Some(path) = &args.policy {
        bail!("cannot use {}: policy files are not read yet", path.display());
    }
    Ok(Policy { house_rules: args.house, ..Policy::default() })
}
