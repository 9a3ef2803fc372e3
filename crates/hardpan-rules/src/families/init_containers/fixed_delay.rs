//! HP-INI-005: an init container sleeps instead of asking whether what it needs is ready.

use super::init_containers;
use super::scripts::{self, Role, Shell};
use super::shell_lists::{idle_functions, is_work, program};
use crate::artifacts::shell::{Frame, Loop, LoopKind, Visited};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Verdicts};

/// See `rules/fixed-delay/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-INI-005",
    name: "fixed-delay",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 002, NFR Determinism"],
    doc: include_str!("../../../rules/fixed-delay/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in init_containers(scope, verdicts) {
        let scripts = scripts::of(scope, service);
        let mut found = false;
        for shell in scripts.shells.iter().filter(|shell| shell.role != Role::Words) {
            let commands = shell.commands();
            for (at, visited) in commands.iter().enumerate() {
                if program(visited.command) != Some("sleep") || !is_blind(shell, &commands, at) {
                    continue;
                }
                found = true;
                let written = shell.slice(&visited.command.range).trim().to_owned();
                verdicts
                    .violation(
                        service,
                        shell.place(&visited.command.range),
                        format!("relies on a fixed delay: `{written}` with no check of what comes next"),
                    )
                    .help(
                        "wait for `condition: service_healthy` in `depends_on`, or test for readiness in a loop \
                         that counts its attempts",
                    );
            }
        }
        if found {
            continue;
        }
        if scripts.is_opaque && scripts.shells.is_empty() {
            verdicts.unknown(service, service, "whether it relies on delays is in its image");
        } else {
            verdicts.satisfied(service);
        }
    }
}

/// Whether nothing is tested between this delay and the next work.
fn is_blind(shell: &Shell<'_>, commands: &[Visited<'_>], at: usize) -> bool {
    let visited = &commands[at];
    let context = &visited.context;
    // Sleeping because something failed is backing off; sleeping to the end of time is not waiting for anything.
    let is_endless =
        visited.command.arguments().first().is_some_and(|word| word.plain.as_deref() == Some("infinity"));
    if is_endless || context.fallback || context.background || context.in_condition() {
        return false;
    }
    if context.frames.iter().any(|frame| match frame {
        Frame::IfBranch(_) | Frame::CaseArm(_) => true,
        Frame::LoopBody(node) => is_tested(commands, node),
        _ => false,
    }) {
        return false;
    }
    let idle = idle_functions(shell);
    // `sleep 5 && next` and `sleep 5; next` are followed by the next command in the text.
    for next in commands.iter().skip(at + 1) {
        let is_test = matches!(next.command.name(), Some("[" | "[[" | "test"));
        if next.context.in_condition() || is_test {
            return false;
        }
        if is_work(next.command, &idle) {
            return !(next.context.tested && next.context.after.is_some() && leaves_loop(next));
        }
    }
    false
}

/// `ready && break` tests as well.
fn leaves_loop(visited: &Visited<'_>) -> bool {
    visited.context.loops().next().is_some()
}

/// Whether a loop is left when something holds: it has a condition, or a body that tests and breaks.
fn is_tested(commands: &[Visited<'_>], node: &Loop) -> bool {
    let inside = |visited: &&Visited<'_>| {
        node.range.start <= visited.command.range.start && visited.command.range.end <= node.range.end
    };
    let has_condition = matches!(node.kind, LoopKind::While | LoopKind::Until)
        && commands.iter().filter(inside).any(|visited| {
            visited.context.in_condition() && !matches!(program(visited.command), Some("true" | ":"))
        });
    has_condition
        || commands
            .iter()
            .filter(inside)
            .any(|visited| matches!(visited.command.name(), Some("break" | "exit" | "return")))
}
