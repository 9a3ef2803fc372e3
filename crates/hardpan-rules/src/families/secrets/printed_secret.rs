//! HP-SCR-004: a script prints a secret.

use std::collections::HashSet;
use std::ops::Range;

use super::programs::{Program, Shell, programs};
use super::taint::{Leak, Taint, is_secret_path};
use crate::artifacts::shell::{
    Context, Frame, Redirect, RedirectOperator, SimpleCommand, Visited, effective_command,
};
use crate::rule::{Audience, Confidence, Rule};
use crate::secret_names::is_secret_name;
use crate::{Scope, Service, Verdicts};

/// See `rules/printed-secret/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SCR-004",
    name: "printed-secret",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 001, section 9", "document 002, section 9", "CWE-532"],
    doc: include_str!("../../../rules/printed-secret/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let programs = programs(scope, service);
        let before = verdicts.drafts.len();
        let mut has_shell = false;
        for program in programs {
            if let Program::Shell(shell) = program {
                has_shell = true;
                check_shell(service, shell, verdicts);
            }
        }
        if !has_shell {
            verdicts.not_applicable(service, "no shell script of it is in the project");
        } else if verdicts.drafts.len() == before {
            verdicts.satisfied(service);
        }
    }
}

fn check_shell(service: &Service<'_>, shell: &Shell, verdicts: &mut Verdicts<'_>) {
    let taint = Taint::of(shell);
    let printing = printing_functions(shell);
    let mut traced: Option<(usize, Range<usize>)> = None;
    let mut trace_place = None;
    for (unit, _) in shell.scripts() {
        for visited in shell.commands(unit) {
            if is_trace_switch(visited.command) {
                trace_place = Some((unit, visited.command.range.clone()));
            }
            let shown = is_shown(&visited, &printing);
            if let Some((range, what)) = printed(shell, unit, &taint, &visited).filter(|_| shown) {
                report(service, shell, unit, &range, &what, verdicts);
            }
            if traced.is_none() && (visited.context.options.xtrace) && uses_secret(&taint, visited.command) {
                traced = Some((unit, visited.command.range.clone()));
            }
        }
    }
    let Some((unit, range)) = traced else { return };
    let use_place = shell.span(unit, &range);
    let place = match trace_place.or_else(|| {
        shell
            .script()
            .shebang
            .as_ref()
            .filter(|shebang| shebang.options().xtrace)
            .map(|found| (0, found.range.clone()))
    }) {
        Some((unit, range)) => shell.span(unit, &range),
        None => use_place,
    };
    let draft = verdicts.violation(service, place, "the shell prints every command, those with a secret too");
    draft
        .label("tracing is on from here")
        .help("leave tracing off, or switch it off with `set +x` before the secret is read");
    if place != use_place {
        draft.related(use_place, "a secret is used here");
    }
}

fn report(
    service: &Service<'_>,
    shell: &Shell,
    unit: usize,
    range: &Range<usize>,
    what: &str,
    verdicts: &mut Verdicts<'_>,
) {
    verdicts
        .violation(service, shell.span(unit, range), format!("script prints {what}"))
        .label("it ends up in the container's log")
        .help("print that it is set, not what it is, or send it to the file or program that needs it");
}

/// What a command prints that it should not, if its output is shown.
fn printed(
    shell: &Shell,
    unit: usize,
    taint: &Taint,
    visited: &Visited<'_>,
) -> Option<(Range<usize>, String)> {
    let command = visited.command;
    let effective = effective_command(&command.words)?;
    let of_leak = |leak: Leak| match leak {
        Leak::Variable(name) => format!("the credential `{name}`"),
        Leak::File => "the content of a secret's file".to_owned(),
    };
    let arguments = effective.arguments;
    match effective.program {
        "echo" | "printf" => arguments.iter().find_map(|word| {
            if let Some(name) = shell.composed_secret(unit, &word.range) {
                return Some((word.range.clone(), format!("the credential `{name}`")));
            }
            Some((word.range.clone(), of_leak(taint.leak(word)?)))
        }),
        "cat" | "head" | "tail" | "base64" | "xxd" | "more" | "less" => {
            if let Some(word) = arguments.iter().find(|word| is_secret_path(word) && !is_listing(word)) {
                return Some((word.range.clone(), "the content of a secret's file".to_owned()));
            }
            command.redirects.iter().find_map(|redirect| {
                let heredoc = redirect.heredoc.as_ref()?;
                let leak = taint.leak(&heredoc.body)?;
                let variables = heredoc.body.variables();
                let place = variables.iter().find(|found| leak == Leak::Variable(found.name.clone()));
                Some((place.map_or(&redirect.range, |found| &found.range).clone(), of_leak(leak)))
            })
        }
        "env" | "printenv" if arguments.is_empty() => environment_has_secret(shell, taint)
            .then(|| (command.range.clone(), "its whole environment".to_owned())),
        "printenv" => arguments.iter().find_map(|word| {
            let name = word.plain.as_deref().filter(|name| is_secret_name(name))?;
            Some((word.range.clone(), format!("the credential `{name}`")))
        }),
        "export" | "declare" | "set"
            if arguments.iter().all(|word| matches!(word.plain.as_deref(), Some("-p" | "-x")))
                && (effective.program == "set") == arguments.is_empty() =>
        {
            environment_has_secret(shell, taint)
                .then(|| (command.range.clone(), "its whole environment".to_owned()))
        }
        name if is_log_function(name) => {
            arguments.iter().find_map(|word| Some((word.range.clone(), of_leak(taint.leak(word)?))))
        }
        _ => None,
    }
}

/// Functions and programs that write a log.
pub(super) fn is_log_function(name: &str) -> bool {
    matches!(
        name,
        "log"
            | "logger"
            | "info"
            | "warn"
            | "error"
            | "debug"
            | "die"
            | "log_info"
            | "log_warn"
            | "log_error"
            | "log_debug"
            | "log_success"
            | "print_info"
            | "print_status"
    )
}

/// `/run/secrets/*` and the folder itself are looked into for their names.
fn is_listing(word: &crate::artifacts::shell::Word) -> bool {
    word.raw.trim_matches('"').ends_with('/')
}

/// Whether a variable that programs inherit holds a secret.
fn environment_has_secret(shell: &Shell, taint: &Taint) -> bool {
    shell.scripts().any(|(_, script)| {
        crate::artifacts::shell::assignments(script).iter().any(|site| {
            let name = &site.assignment.name;
            site.kind == crate::artifacts::shell::AssignmentKind::Export && taint.is_secret(name)
        })
    })
}

fn uses_secret(taint: &Taint, command: &SimpleCommand) -> bool {
    let values = command.assignments.iter().map(|assignment| &assignment.value);
    command.words.iter().chain(values).any(|word| taint.leak(word).is_some())
}

/// `set -x`, in any of its spellings.
fn is_trace_switch(command: &SimpleCommand) -> bool {
    let mut options = crate::artifacts::shell::Options::default();
    command.name() == Some("set") && {
        options.apply(command.arguments().iter().map(|word| word.plain.as_deref()));
        options.xtrace
    }
}

/// Whether what a command prints is seen: it goes neither to a file, nor to another program, nor into a variable.
fn is_shown(visited: &Visited<'_>, printing: &HashSet<String>) -> bool {
    let context = &visited.context;
    if context.output_piped || context.in_substitution() {
        return false;
    }
    let own = visited.command.redirects.iter();
    let around = context.redirects.iter().rev().copied();
    if let Some(redirect) = own.chain(around).find(|redirect| redirect.takes_standard_output()) {
        return is_log(redirect);
    }
    !is_captured(context, printing)
}

/// Whether a redirection leads to the container's log all the same.
fn is_log(redirect: &Redirect) -> bool {
    let target = redirect.target.plain.as_deref().unwrap_or_default();
    match redirect.operator {
        RedirectOperator::DuplicateOutput => matches!(target, "1" | "2"),
        _ => matches!(target, "/dev/stderr" | "/dev/stdout" | "/dev/tty" | "/proc/1/fd/1" | "/proc/1/fd/2"),
    }
}

/// Whether it is in a function whose output is never shown, as far as this text tells: others may call it.
fn is_captured(context: &Context<'_>, printing: &HashSet<String>) -> bool {
    context.frames.iter().any(|frame| match frame {
        Frame::Function(function) => !printing.contains(&function.name),
        _ => false,
    })
}

/// Functions that are called where their output is shown.
fn printing_functions(shell: &Shell) -> HashSet<String> {
    let mut printing = HashSet::new();
    for (unit, _) in shell.scripts() {
        for visited in shell.commands(unit) {
            let Some(name) = visited.command.name() else { continue };
            let is_redirected = visited.command.redirects.iter().any(Redirect::takes_standard_output);
            if !visited.context.in_substitution() && !visited.context.output_piped && !is_redirected {
                printing.insert(name.to_owned());
            }
        }
    }
    printing
}
