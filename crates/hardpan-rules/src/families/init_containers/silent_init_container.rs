//! HP-INI-012: an init container says nothing of what it does, or says it where nobody looks.

use std::collections::HashSet;

use super::init_containers;
use super::scripts::{self, Role};
use super::shell_lists::{is_work, program};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Service, Verdicts};

/// See `rules/silent-init-container/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-INI-012",
    name: "silent-init-container",
    audience: Audience::House,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 002, section 0.3", "document 002, section 9"],
    doc: include_str!("../../../rules/silent-init-container/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let expected = scope.policy.parameters.log_driver.as_str();
    for service in init_containers(scope, verdicts) {
        let mut found = false;
        match service.get("logging.driver") {
            Some(driver) if driver.as_str() == Some(expected) => {}
            Some(driver) => {
                found = true;
                let value = driver.as_str().unwrap_or_default();
                verdicts
                    .violation(service, driver, format!("logs to `{value}`, expected `{expected}`"))
                    .help(format!("set `logging.driver: {expected}`"));
            }
            None => {
                found = true;
                verdicts
                    .unknown(service, service, "log driver is the daemon's default")
                    .help(format!(
                        "set `logging.driver: {expected}`, or extend the shared template that does"
                    ))
                    .fix(
                        Safety::Unsafe,
                        format!("log to {expected}"),
                        Repair::Set { path: "logging.driver".to_owned(), value: expected.to_owned() },
                    );
            }
        }
        found |= report_silence(scope, service, verdicts);
        if !found {
            verdicts.satisfied(service);
        }
    }
}

/// A script that works and prints no line of its own leaves nothing to find it by.
fn report_silence<'p>(scope: &Scope<'p>, service: &Service<'p>, verdicts: &mut Verdicts<'_>) -> bool {
    let scripts = scripts::of(scope, service);
    let shells: Vec<_> = scripts.shells.iter().filter(|shell| shell.role != Role::Words).collect();
    if scripts.is_opaque || shells.is_empty() {
        return false;
    }
    let nothing = HashSet::new();
    let mut first_work = None;
    for shell in &shells {
        for visited in shell.commands() {
            let is_printed = !visited.context.output_piped
                && !visited.context.in_substitution()
                && visited.command.redirects.iter().all(|redirect| {
                    !redirect.takes_standard_output() || redirect.target.plain.as_deref() == Some("2")
                });
            let prints = matches!(program(visited.command), Some("echo" | "printf" | "logger"))
                || visited.context.options.xtrace;
            if prints && is_printed {
                return false;
            }
            if first_work.is_none() && is_work(visited.command, &nothing) {
                first_work = Some(shell.place(&visited.command.range));
            }
        }
    }
    let Some(place) = first_work else { return false };
    verdicts
        .violation(service, place, "script prints no line of its own")
        .label("begins without a word")
        .help("print one line for each phase, such as `echo \"creating buckets\"`, and one at the end");
    true
}
