//! HP-INI-003: an init container may end with success although its work has failed.

use std::collections::HashSet;
use std::ops::Range;

use hardpan_source::{Edit, Span};

use super::creation::{is_creation, is_database_client};
use super::init_containers;
use super::scripts::{self, Role, Shell};
use super::shell_lists::{
    fallback, idle_functions, is_work, last_commands, leaves, lists, only_shrugs, program,
};
use crate::artifacts::shell::{AndOr, Frame, RedirectOperator, SimpleCommand, Visited, effective_command};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Service, Verdicts};

/// See `rules/discarded-exit-status/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-INI-003",
    name: "discarded-exit-status",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 002, REQ-SPC-AUTO-002", "document 002, section 6"],
    doc: include_str!("../../../rules/discarded-exit-status/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in init_containers(scope, verdicts) {
        let scripts = scripts::of(scope, service);
        let mut found = false;
        for shell in scripts.shells.iter().filter(|shell| shell.role != Role::Words) {
            found |= check_shell(scope, service, shell, verdicts);
        }
        if found {
            continue;
        }
        if scripts.is_opaque {
            verdicts.unknown(service, service, "whether it fails when its work fails is in its image");
        } else {
            verdicts.satisfied(service);
        }
    }
}

/// A shell text with what is asked of it again and again.
struct Text<'s, 'p> {
    shell: &'s Shell<'p>,
    commands: &'s [Visited<'s>],
    lists: Vec<&'s AndOr>,
    last: Vec<&'s SimpleCommand>,
    idle: HashSet<String>,
    /// Whether `set -e` is on somewhere: functions are defined before it and called after it.
    has_errexit: bool,
}

fn check_shell(
    scope: &Scope<'_>,
    service: &Service<'_>,
    shell: &Shell<'_>,
    verdicts: &mut Verdicts<'_>,
) -> bool {
    let commands = shell.commands();
    let mut last = Vec::new();
    if shell.role == Role::Own {
        last_commands(&shell.script.body, &mut last);
    }
    let text = Text {
        shell,
        commands: &commands,
        lists: lists(&shell.script.body),
        last,
        idle: idle_functions(shell),
        has_errexit: shell.options.errexit || commands.iter().any(|visited| visited.context.options.errexit),
    };
    let mut found = report_unchecked(scope, service, &text, verdicts);
    for visited in text.commands {
        found |= report_swallowed(service, &text, visited, verdicts);
        found |= report_programs(service, &text, visited, verdicts);
    }
    found | report_pipes(service, &text, verdicts)
}

/// Commands after whose failure the script goes on as if nothing had happened: one finding for all of them.
fn report_unchecked(
    scope: &Scope<'_>,
    service: &Service<'_>,
    text: &Text<'_, '_>,
    verdicts: &mut Verdicts<'_>,
) -> bool {
    // A trap on errors sees them all.
    let has_trap = text.commands.iter().any(|visited| {
        visited.command.name() == Some("trap")
            && visited.command.arguments().iter().any(|word| word.plain.as_deref() == Some("ERR"))
    });
    if has_trap {
        return false;
    }
    let unchecked: Vec<&Visited<'_>> =
        text.commands.iter().filter(|visited| is_unchecked(text, visited)).collect();
    let Some(first) = unchecked.first() else { return false };
    let name = program(first.command).unwrap_or_default();
    let more = match unchecked.len() - 1 {
        0 => String::new(),
        1 => " and of one more command".to_owned(),
        count => format!(" and of {count} more commands"),
    };
    let place = text.shell.place(&first.command.range);
    let draft = verdicts.violation(service, place, format!("goes on after a failure of `{name}`{more}"));
    draft
        .label("its exit status is not looked at")
        .help("begin the script with `set -e`, or join the steps with `&&`");
    if let Some(shrug) = success_at_end(text).and_then(|range| text.shell.span(&range)) {
        draft.related(shrug, "ends with success in any case");
    }
    if let Some(edit) = set_errexit(scope, text) {
        draft.fix(Safety::Unsafe, "end the script at the first failure", Repair::Edits(vec![edit]));
    }
    true
}

fn is_unchecked(text: &Text<'_, '_>, visited: &Visited<'_>) -> bool {
    let context = &visited.context;
    if !is_work(visited.command, &text.idle) || context.tested || context.background {
        return false;
    }
    let errexit = context.options.errexit || (context.function().is_some() && text.has_errexit);
    // What a pipe or a substitution does with a status is looked at elsewhere.
    if (errexit && !context.errexit_ignored)
        || context.in_substitution()
        || context.pipeline_index + 1 < context.pipeline_count
        || context.fallback
    {
        return false;
    }
    let is_last = text.last.iter().any(|last| last.range == visited.command.range);
    !is_last && !status_is_read(text, visited)
}

/// Whether the next command looks at `$?`, or the command runs in a shell that has it looked at.
fn status_is_read(text: &Text<'_, '_>, visited: &Visited<'_>) -> bool {
    let rest = text.shell.text.get(visited.command.range.end..).unwrap_or_default();
    let next = rest.trim_start_matches([';', ' ', '\n', '\t', '\r', ')', '}']);
    let line = next.split(['\n', ';']).next().unwrap_or_default();
    line.contains("$?") || visited.command.name() == Some("exec")
}

/// The last command, if it is one that always succeeds.
fn success_at_end(text: &Text<'_, '_>) -> Option<Range<usize>> {
    let last = text.last.last()?;
    let is_zero = last.arguments().first().is_none_or(|word| word.plain.as_deref() == Some("0"));
    let succeeds = match last.name() {
        Some("exit") => is_zero,
        Some("true" | ":" | "echo" | "printf") => true,
        _ => false,
    };
    succeeds.then(|| last.range.clone())
}

/// The edit that puts `set -e` before the first command.
fn set_errexit(scope: &Scope<'_>, text: &Text<'_, '_>) -> Option<Edit> {
    if text.has_errexit || text.shell.role != Role::Own {
        return None;
    }
    let start = text.shell.script.body.range.start;
    let span = text.shell.span(&(start..start + 1))?;
    let file = scope.files.file(span.file);
    let before = file.text().get(..span.start as usize)?;
    let line = before.rsplit('\n').next()?;
    // A line of its own only where a line break is one in the shell: in files and in literal blocks.
    let is_folded = !text.shell.text.contains('\n') || !line.trim().is_empty() || !keeps_lines(text);
    let separator = if is_folded { "; ".to_owned() } else { format!("\n{line}") };
    let at = Span::new(span.file, span.start, span.start);
    Some(Edit { span: at, replacement: format!("set -e{separator}") })
}

/// Whether the first two commands stand on lines of their own in the text, as they do in the file.
fn keeps_lines(text: &Text<'_, '_>) -> bool {
    let items = &text.shell.script.body.items;
    items.len() < 2 || text.shell.is_file() || {
        let end = items.first().map_or(0, |item| item.range.end);
        text.shell.text.get(end..).is_some_and(|rest| rest.trim_start_matches([';', ' ']).starts_with('\n'))
    }
}

/// `work || true`: the failure is thrown away. What creates and may be there already is allowed to.
fn report_swallowed(
    service: &Service<'_>,
    text: &Text<'_, '_>,
    visited: &Visited<'_>,
    verdicts: &mut Verdicts<'_>,
) -> bool {
    let context = &visited.context;
    if !is_work(visited.command, &text.idle)
        || context.in_condition()
        || context.in_substitution()
        || context.fallback
        || is_housekeeping(visited.command)
        || is_creation(text.shell, visited)
    {
        return false;
    }
    let Some(fallback) = fallback(&text.lists, visited.command) else { return false };
    if leaves(fallback) || !only_shrugs(fallback) || is_in_loop_with_exit(visited) {
        return false;
    }
    let name = program(visited.command).unwrap_or_default();
    verdicts
        .violation(service, text.shell.place(&fallback.range), format!("failure of `{name}` is thrown away"))
        .label("turns the failure into success")
        .related_place(text, visited)
        .help("let it fail, or test for the one case that is expected");
    true
}

/// Attempts in a loop may fail.
fn is_in_loop_with_exit(visited: &Visited<'_>) -> bool {
    visited.context.frames.iter().any(|frame| matches!(frame, Frame::LoopBody(_)))
        && visited.context.after.is_some()
}

/// What may fail because there is nothing to do.
fn is_housekeeping(command: &SimpleCommand) -> bool {
    let name = program(command).unwrap_or_default();
    let is_removal = effective_command(&command.words).is_some_and(|found| {
        found.arguments.iter().filter_map(|word| word.plain.as_deref()).any(|word| {
            matches!(word, "rm" | "rb" | "remove" | "delete" | "--delete" | "stop" | "disable" | "down")
        })
    });
    is_removal
        || matches!(
            name,
            "chown"
                | "chmod"
                | "umount"
                | "pkill"
                | "mkdir"
                | "ln"
                | "dropdb"
                | "dropuser"
                | "userdel"
                | "install"
                | "mv"
                | "cp"
                | "touch"
                | "update-ca-certificates"
        )
}

/// Programs that end with success although they have failed, unless they are told not to.
fn report_programs(
    service: &Service<'_>,
    text: &Text<'_, '_>,
    visited: &Visited<'_>,
    verdicts: &mut Verdicts<'_>,
) -> bool {
    let Some(command) = effective_command(&visited.command.words) else { return false };
    let words: Vec<&str> =
        command.arguments.iter().map(|word| word.plain.as_deref().unwrap_or(&word.raw)).collect();
    let place = || text.shell.place(&visited.command.range);
    match command.program {
        "curl" if accepts_errors(&words) && !answer_is_read(visited) => {
            verdicts
                .violation(
                    service,
                    place(),
                    "`curl` takes an error of the server for success: it has no `-f`",
                )
                .help("add `-f` (`--fail`): it makes the exit status follow the HTTP status");
            true
        }
        "psql" if runs_on(text, visited, &words) => {
            verdicts
                .violation(
                    service,
                    place(),
                    "`psql` goes on after a failed statement: `ON_ERROR_STOP` is not set",
                )
                .help("add `-v ON_ERROR_STOP=1`");
            true
        }
        _ => false,
    }
}

fn accepts_errors(words: &[&str]) -> bool {
    let fails = words.iter().any(|word| {
        word.starts_with("--fail")
            || (word.starts_with('-') && !word.starts_with("--") && flags_of(word).contains('f'))
    });
    let is_request =
        words.iter().any(|word| word.contains("://") || word.contains('$') || word.contains(':'));
    !fails && is_request
}

/// The letters of a bundle of flags of curl, up to one that takes a value.
fn flags_of(word: &str) -> &str {
    let word = word.trim_start_matches('-');
    let end = word.find(['X', 'd', 'H', 'o', 'u', 'w', 'm', 'T', 'F', 'A', 'b', 'c', 'e', 'E', 'r', 'x']);
    end.map_or(word, |end| &word[..end])
}

/// Whether what curl prints is looked at, or its status is only one of many attempts.
fn answer_is_read(visited: &Visited<'_>) -> bool {
    let context = &visited.context;
    context.in_substitution() || context.output_piped || context.in_condition() || context.fallback
}

/// Whether psql reads more than one statement and does not stop at the first that fails.
fn runs_on(text: &Text<'_, '_>, visited: &Visited<'_>, words: &[&str]) -> bool {
    let all = text.shell.slice(&visited.command.range);
    let heredocs = visited.command.redirects.iter().filter_map(|redirect| redirect.heredoc.as_ref());
    let stops = all.contains("ON_ERROR_STOP")
        || heredocs.clone().any(|heredoc| heredoc.body.raw.contains("ON_ERROR_STOP"))
        || text.shell.text.contains("PSQL_OPTS")
        || (visited.context.input_piped && text.shell.text.contains("\\set ON_ERROR_STOP"));
    let reads_file = words.iter().any(|word| {
        matches!(*word, "-f" | "--file")
            || word.starts_with("--file=")
            || (word.starts_with("-f") && word.contains('/'))
    });
    let reads_input = visited.command.redirects.iter().any(|redirect| {
        matches!(
            redirect.operator,
            RedirectOperator::Input
                | RedirectOperator::Heredoc
                | RedirectOperator::HeredocStripTabs
                | RedirectOperator::HereString
        )
    });
    let has_command = words.iter().any(|word| {
        matches!(*word, "-c" | "--command" | "-l" | "--list")
            || word.starts_with("--command=")
            || (word.starts_with('-') && !word.starts_with("--") && word.ends_with('c'))
    });
    !stops && (reads_file || (!has_command && (reads_input || visited.context.input_piped)))
}

/// Work whose status a pipe hides: one finding for the first.
fn report_pipes(service: &Service<'_>, text: &Text<'_, '_>, verdicts: &mut Verdicts<'_>) -> bool {
    let hidden = text.commands.iter().find(|visited| {
        let context = &visited.context;
        let is_piped = context.pipeline_index + 1 < context.pipeline_count;
        let pipefail = context.options.pipefail
            || (context.function().is_some() && text.shell.text.contains("pipefail"));
        is_piped
            && !pipefail
            && !context.in_condition()
            && !context.in_substitution()
            && !context.fallback
            && !context.tested
            && is_work(visited.command, &text.idle)
            && !is_question(text, visited)
    });
    let Some(visited) = hidden else { return false };
    let name = program(visited.command).unwrap_or_default();
    verdicts
        .violation(
            service,
            text.shell.place(&visited.command.range),
            format!("pipe hides a failure of `{name}`: only the status of the last command counts"),
        )
        .severity(if is_database_client(name) { Severity::High } else { Severity::Medium })
        .help("use `set -o pipefail` where the shell has it, or write to a file in between");
    true
}

/// Whether the pipe's end decides something: `list | grep -q x || create`.
fn is_question(text: &Text<'_, '_>, visited: &Visited<'_>) -> bool {
    text.lists.iter().any(|list| {
        let holds =
            list.range.start <= visited.command.range.start && visited.command.range.end <= list.range.end;
        holds && !list.rest.is_empty()
    })
}

trait RelatedPlace {
    /// Shows the command beside what hides its failure.
    fn related_place(&mut self, text: &Text<'_, '_>, visited: &Visited<'_>) -> &mut Self;
}

impl RelatedPlace for crate::Draft {
    fn related_place(&mut self, text: &Text<'_, '_>, visited: &Visited<'_>) -> &mut Self {
        if let Some(span) = text.shell.span(&visited.command.range) {
            self.related(span, "fails here");
        }
        self
    }
}
