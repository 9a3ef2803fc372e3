//! HP-SCR: where credentials are and where they must not be (RULES.md, section 3).

mod connection_strings;
mod file_variables;
mod password_in_url;
mod programs;
mod secret_in_environment;
mod values;
mod written;

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[&secret_in_environment::RULE, &password_in_url::RULE];
