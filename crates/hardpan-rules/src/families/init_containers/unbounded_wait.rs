//! HP-INI-004: an init container may wait for ever.

use super::init_containers;
use super::scripts::{self, Role, Shell};
use super::shell_lists::program;
use crate::artifacts::shell::{Block, Loop, LoopKind, Visited, effective_command, loops, nested_script};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Verdicts};

/// See `rules/unbounded-wait/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-INI-004",
    name: "unbounded-wait",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 002, REQ-SPC-AUTO-002"],
    doc: include_str!("../../../rules/unbounded-wait/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in init_containers(scope, verdicts) {
        let scripts = scripts::of(scope, service);
        let mut found = false;
        for shell in scripts.shells.iter().filter(|shell| shell.role != Role::Words && !shell.is_bounded) {
            let commands = shell.commands();
            for site in loops(&shell.script) {
                if !is_unbounded_wait(shell, &commands, site.node) {
                    continue;
                }
                found = true;
                let end = site.node.condition.range.end.max(site.node.keyword.end);
                let place = shell.place(&(site.node.keyword.start..end));
                verdicts
                    .violation(service, place, "readiness loop has no end: it waits for ever if what it waits for never comes")
                    .label("neither a counter nor a deadline ends it")
                    .help("count the attempts and `exit 1` after the last, or put `timeout 60` before the shell that loops");
            }
        }
        match found {
            true => {}
            false if scripts.is_opaque && scripts.shells.is_empty() => {
                verdicts.unknown(service, service, "what it waits for is in its image");
            }
            false => verdicts.satisfied(service),
        }
    }
}

fn is_unbounded_wait(shell: &Shell<'_>, commands: &[Visited<'_>], node: &Loop) -> bool {
    if !matches!(node.kind, LoopKind::While | LoopKind::Until) {
        return false;
    }
    let inside: Vec<&Visited<'_>> = commands
        .iter()
        .filter(|visited| {
            node.range.start <= visited.command.range.start && visited.command.range.end <= node.range.end
        })
        .collect();
    let condition: Vec<&&Visited<'_>> =
        inside.iter().filter(|visited| within(&node.condition, visited)).collect();
    let names: Vec<&str> = condition.iter().filter_map(|visited| program(visited.command)).collect();
    if names.iter().any(|name| matches!(*name, "read" | "getopts" | "kill" | "pgrep" | "shift")) {
        return false;
    }
    if inside.iter().any(|visited| counts(shell, visited)) || tests_counter(shell, &inside) {
        return false;
    }
    let sleeps = inside.iter().any(|visited| program(visited.command) == Some("sleep"));
    let is_endless = names.iter().all(|name| matches!(*name, "true" | ":"));
    if is_endless {
        // A loop that nothing leaves is the work of a service, not a wait.
        return inside
            .iter()
            .any(|visited| matches!(visited.command.name(), Some("break" | "exit" | "return")));
    }
    let asks = names.iter().any(|name| !matches!(*name, "[" | "test" | "[[" | "((" | "true" | ":" | "echo"));
    sleeps || asks
}

fn within(block: &Block, visited: &Visited<'_>) -> bool {
    block.range.start <= visited.command.range.start && visited.command.range.end <= block.range.end
}

/// Whether a variable that is counted up or down in the loop is compared with something, as in `[ "$n" = 30 ]`.
fn tests_counter(shell: &Shell<'_>, inside: &[&Visited<'_>]) -> bool {
    let counters = inside
        .iter()
        .flat_map(|visited| &visited.command.assignments)
        .filter(|assignment| assignment.value.raw.contains("$((") || assignment.value.raw.contains("expr "));
    let names: Vec<&str> = counters.map(|assignment| assignment.name.as_str()).collect();
    inside.iter().any(|visited| {
        let is_test = matches!(visited.command.name(), Some("[" | "[[" | "test"));
        is_test
            && visited.command.words.iter().any(|word| names.iter().any(|name| word.expands(name)))
            && !shell.slice(&visited.command.range).contains("$(")
    })
}

/// Whether a command compares a number or a time: the loop counts, or has a deadline.
fn counts(shell: &Shell<'_>, visited: &Visited<'_>) -> bool {
    let text = shell.slice(&visited.command.range);
    let in_text = |word: &str| text.split_whitespace().any(|part| part.trim_matches('"') == word);
    match visited.command.name() {
        Some("[" | "test" | "[[") => {
            let compares =
                ["-lt", "-le", "-gt", "-ge", "-eq", "-ne"].iter().any(|operator| in_text(operator));
            // `[ $? -eq 0 ]` looks at a status; `$(…)` asks something else.
            (compares && !text.contains("$?") && !text.contains("$(") && !text.contains('`'))
                || text.contains("SECONDS")
                || text.contains("date +%s")
        }
        Some("((") => text.contains(['<', '>']) || text.contains("--") || text.contains("=="),
        _ => {
            let bounded = effective_command(&visited.command.words)
                .is_some_and(|command| matches!(command.program, "exit" | "return" | "break"))
                && text.contains("SECONDS");
            bounded || nested_script(visited.command).is_some_and(|nested| nested.text.contains("-ge"))
        }
    }
}
