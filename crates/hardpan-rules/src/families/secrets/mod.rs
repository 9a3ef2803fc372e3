//! HP-SCR: where credentials are and where they must not be (RULES.md, section 3).

mod blank_variable;
mod connection_strings;
mod credential_as_argument;
mod exposed_secret_source;
mod file_variables;
mod password_in_url;
mod printed_secret;
mod programs;
mod repository;
mod secret_in_environment;
mod taint;
mod unexpanded_placeholder;
mod ungranted_secret;
mod values;
mod weak_credential;
mod written;

use std::cell::OnceCell;

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[
    &secret_in_environment::RULE,
    &password_in_url::RULE,
    &credential_as_argument::RULE,
    &printed_secret::RULE,
    &ungranted_secret::RULE,
    &exposed_secret_source::RULE,
    &unexpanded_placeholder::RULE,
    &blank_variable::RULE,
    &weak_credential::RULE,
];

/// What several rules of the family want to know of every service, by its number.
#[derive(Debug, Default)]
pub(crate) struct Shared<'p> {
    values: OnceCell<Vec<Vec<values::Named<'p>>>>,
    programs: OnceCell<Vec<Vec<programs::Program>>>,
}
