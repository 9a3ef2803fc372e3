//! HP-OBS: logs, labels, metrics and alerts (RULES.md, section 7).

mod alloy;
mod cursor;
mod dangling_telemetry;
mod foreign_log_driver;
mod grafana;
mod log_labels;
mod logging;
mod logging_loop;
mod missing_telemetry_service;
mod missing_tier_label;
mod modules;
mod mounts;
mod names;
mod producers;
mod programs;
mod promql;
mod rule_files;
mod scrape;
mod silent_alert;
mod slow_scrape;
mod unobserved_service;
mod unsearchable_log;
mod unworkable_log_options;

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[
    &foreign_log_driver::RULE,
    &unworkable_log_options::RULE,
    &logging_loop::RULE,
    &missing_tier_label::RULE,
    &unobserved_service::RULE,
    &dangling_telemetry::RULE,
    &slow_scrape::RULE,
    &silent_alert::RULE,
    &missing_telemetry_service::RULE,
    &unsearchable_log::RULE,
];
