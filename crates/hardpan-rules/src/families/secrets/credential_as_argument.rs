//! HP-SCR-003: a credential is passed as an argument of a program.

use std::collections::HashSet;

use super::printed_secret::is_log_function;
use super::programs::{Argument, Program, Shell, composed_secret, programs};
use super::taint::{Leak, Taint};
use super::values::is_no_credential;
use crate::artifacts::command::program as program_of;
use crate::artifacts::shell::{Word, effective_command, functions, nested_script};
use crate::rule::{Audience, Confidence, Rule};
use crate::secret_names::is_secret_name;
use crate::{Scope, Service, Verdicts};

/// See `rules/credential-as-argument/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SCR-003",
    name: "credential-as-argument",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 001, section 9", "document 002, section 9", "proc(5), /proc/PID/cmdline"],
    doc: include_str!("../../../rules/credential-as-argument/doc.md"),
    check,
};

/// Commands that the shell itself carries out, so that nobody sees their arguments.
const BUILTINS: &[&str] = &[
    "!",
    "((",
    ".",
    ":",
    "[",
    "[[",
    "alias",
    "break",
    "case",
    "cd",
    "continue",
    "declare",
    "echo",
    "eval",
    "exit",
    "export",
    "false",
    "getopts",
    "hash",
    "let",
    "local",
    "mapfile",
    "printf",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "source",
    "test",
    "trap",
    "true",
    "type",
    "typeset",
    "unset",
    "wait",
];

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let programs = programs(scope, service);
        if programs.is_empty() {
            verdicts.not_applicable(service, "no command of it is written in the project");
            continue;
        }
        let before = verdicts.drafts.len();
        for program in programs {
            match program {
                Program::Shell(shell) => check_shell(service, shell, verdicts),
                Program::Arguments(arguments) => check_arguments(service, arguments, verdicts),
            }
        }
        if verdicts.drafts.len() == before {
            verdicts.satisfied(service);
        }
    }
}

fn check_shell(service: &Service<'_>, shell: &Shell, verdicts: &mut Verdicts<'_>) {
    let taint = Taint::of(shell);
    let own: HashSet<&str> = shell
        .scripts()
        .flat_map(|(_, script)| functions(script))
        .map(|function| function.name.as_str())
        .collect();
    for (unit, _) in shell.scripts() {
        for visited in shell.commands(unit) {
            let command = visited.command;
            if nested_script(command).is_some() {
                continue;
            }
            // A text that begins with an option continues the image's own entrypoint.
            let is_continued = command.words.first().is_some_and(|word| word.raw.starts_with('-'));
            let (program, arguments) = match effective_command(&command.words) {
                _ if is_continued => ("", command.words.as_slice()),
                Some(effective) => (effective.program, effective.arguments),
                None => ("", command.arguments()),
            };
            if BUILTINS.contains(&program) || own.contains(program) || is_log_function(program) {
                continue;
            }
            let leaks =
                || arguments.iter().filter_map(|word| Some((word, leak_of(shell, unit, &taint, word)?)));
            // Of a user's name and a password that were both read from files, the password is worth the words.
            let found = leaks().find(|(_, shown)| shown.is_named()).or_else(|| leaks().next());
            let found = found.or_else(|| {
                let texts: Vec<Option<&str>> = arguments.iter().map(|word| word.plain.as_deref()).collect();
                let is_composed =
                    |at: usize| arguments.get(at).is_some_and(|word| shell.is_composed(unit, &word.range));
                let at = literal(program, &texts, &is_composed)?;
                let word = &arguments[at];
                let variable = shell.composed_variable(unit, &word.range);
                Some((word, variable.map_or(Shown::Literal, |name| Shown::Variable(name.to_owned()))))
            });
            if let Some((word, shown)) = found {
                report(service, shell.span(unit, &word.range), program, &shown, verdicts);
            }
        }
    }
}

fn leak_of(shell: &Shell, unit: usize, taint: &Taint, word: &Word) -> Option<Shown> {
    if let Some(name) = shell.composed_secret(unit, &word.range) {
        return Some(Shown::Variable(name.to_owned()));
    }
    match taint.leak(word)? {
        Leak::Variable(name) => Some(Shown::Variable(name)),
        Leak::File => Some(Shown::File),
    }
}

fn check_arguments(service: &Service<'_>, arguments: &[Argument], verdicts: &mut Verdicts<'_>) {
    let texts: Vec<&str> = arguments.iter().map(|argument| argument.written.text.as_str()).collect();
    let is_continued = texts.first().is_some_and(|text| text.starts_with('-'));
    let (name, rest) = if is_continued {
        ("", arguments)
    } else {
        let at = program_of(&texts).index;
        let name = texts.get(at).map_or("", |path| path.rsplit('/').next().unwrap_or(path));
        (name, arguments.get(at + 1..).unwrap_or_default())
    };
    for argument in rest {
        let text = &argument.written.text;
        if let Some(variable) = composed_secret(&argument.written, &(0..text.len())) {
            report(service, argument.span, name, &Shown::Variable(variable.to_owned()), verdicts);
            return;
        }
    }
    let texts: Vec<Option<&str>> = rest.iter().map(|argument| Some(argument.written.text.as_str())).collect();
    let is_composed = |at: usize| rest.get(at).is_some_and(|argument| !argument.written.variables.is_empty());
    if let Some(at) = literal(name, &texts, &is_composed) {
        let variable = rest[at].written.variables.first();
        let shown = variable.map_or(Shown::Literal, |(_, name)| Shown::Variable(name.clone()));
        report(service, rest[at].span, name, &shown, verdicts);
    }
}

/// The argument that is a credential by the option it belongs to. A variable of Compose counts as the value it has.
fn literal(program: &str, arguments: &[Option<&str>], is_composed: &dyn Fn(usize) -> bool) -> Option<usize> {
    let is_value = |text: &str| {
        !text.is_empty()
            && !text.starts_with('-')
            && !is_no_credential(text)
            && !text.starts_with(['<', '@', '{'])
            && !text.bytes().all(|byte| byte.is_ascii_digit())
    };
    // What the shell would expand is not known here, but what Compose puts in is.
    let is_known = |at: usize| {
        let text = arguments.get(at).copied().flatten();
        text.is_some_and(|text| !text.contains('$') || is_composed(at)) || text.is_none() && is_composed(at)
    };
    for (at, argument) in arguments.iter().enumerate() {
        let Some(option) = *argument else { continue };
        if !option.starts_with('-') {
            continue;
        }
        if let Some((name, value)) = option.split_once('=') {
            if is_secret_name(name) && is_known(at) && is_value(value) {
                return Some(at);
            }
            continue;
        }
        if is_mysql(program) && option.len() > 2 && option.starts_with("-p") && is_known(at) {
            return Some(at);
        }
        let takes_secret = match option {
            "-a" => is_redis_client(program),
            "-u" | "--user" => {
                program == "curl"
                    && arguments.get(at + 1).copied().flatten().is_some_and(|value| {
                        value.split_once(':').is_some_and(|(_, password)| !password.is_empty())
                    })
            }
            "-p" => matches!(program, "mongo" | "mongosh" | "mongodump"),
            _ => is_secret_name(option),
        };
        let next = at + 1;
        if takes_secret && is_known(next) && arguments.get(next).copied().flatten().is_none_or(is_value) {
            return Some(next);
        }
    }
    None
}

fn is_mysql(program: &str) -> bool {
    program.starts_with("mysql") || program.starts_with("mariadb")
}

fn is_redis_client(program: &str) -> bool {
    matches!(program, "redis-cli" | "valkey-cli" | "keydb-cli" | "dragonfly-cli")
}

/// What is passed.
enum Shown {
    Variable(String),
    File,
    Literal,
}

impl Shown {
    /// True for what is called a credential, and more than the half of a pair of keys that is like a user's name.
    fn is_named(&self) -> bool {
        matches!(self, Self::Variable(name) if is_secret_name(name) && !name.to_ascii_lowercase().ends_with("_id"))
    }
}

fn report(
    service: &Service<'_>,
    span: hardpan_source::Span,
    program: &str,
    shown: &Shown,
    verdicts: &mut Verdicts<'_>,
) {
    let whom = if program.is_empty() { "the program".to_owned() } else { format!("`{program}`") };
    let message = match shown {
        Shown::Variable(name) => format!("{whom} gets credential `{name}` as an argument"),
        Shown::File => format!("{whom} gets the content of a secret's file as an argument"),
        Shown::Literal => format!("{whom} gets a credential that is written here as an argument"),
    };
    verdicts
        .violation(service, span, message)
        .label("every process of the host can read it in `/proc/PID/cmdline`")
        .help(help(program));
}

fn help(program: &str) -> &'static str {
    match program {
        "redis-cli" | "valkey-cli" => {
            "give it in the environment of the one command: `REDISCLI_AUTH=\"$$(cat /run/secrets/…)\" redis-cli …`"
        }
        "redis-server" | "valkey-server" | "keydb-server" => {
            "write `requirepass` into a configuration file when the container starts, and pass the path of that"
        }
        "psql" | "pg_dump" | "pg_isready" | "createdb" => {
            "use `PGPASSFILE`, or `PGPASSWORD=… ` before the command"
        }
        "curl" => "use `--config -` with a here-document, `--netrc-file`, or `-H @file`",
        "mc" => "use `MC_HOST_<alias>` in the environment of the one command",
        "sed" => "use a program that reads the value from the environment or a file, such as `envsubst`",
        _ if is_mysql(program) => "use `--defaults-extra-file`, or `MYSQL_PWD=… ` before the command",
        _ => {
            "pass it by a file, by standard input, or by the environment of the one command: `NAME=… command`"
        }
    }
}
