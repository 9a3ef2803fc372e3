//! Which variables and words of a shell's text hold a credential.
//!
//! A variable does if its name says so, or if its value is read from below `/run/secrets`, directly or by way of
//! another variable or a function. Nothing is run, so this is a good guess and no proof.

use std::collections::HashSet;

use super::programs::Shell;
use crate::artifacts::shell::{
    AssignmentKind, Block, Expansion, Options, Redirect, Word, assignments, commands_in, effective_command,
    functions,
};
use crate::secret_names::{is_secret_name, words};

/// Where secrets are mounted.
pub(super) const SECRETS: &str = "/run/secrets";

/// What a shell's text is known to keep in its variables.
pub(super) struct Taint {
    /// Variables that hold what was read from a secret's file, or was made of it.
    read: HashSet<String>,
    /// Variables that have a secret's name but hold a path, a number or an item of a list.
    harmless: HashSet<String>,
    /// Functions that print what they read from a secret's file.
    readers: HashSet<String>,
}

/// What a word gives away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leak {
    /// The value of a variable.
    Variable(String),
    /// The content of a secret's file.
    File,
}

/// Programs that pass on what they read.
const COPIERS: &[&str] = &[
    "cat", "tr", "head", "tail", "sed", "awk", "cut", "grep", "echo", "printf", "base64", "xargs", "jq",
    "yq", "envsubst", "tee", "rev", "sort", "od", "xxd",
];

impl Taint {
    /// Reads a shell's text.
    pub(super) fn of(shell: &Shell) -> Self {
        let mut taint = Self { read: HashSet::new(), harmless: HashSet::new(), readers: HashSet::new() };
        for (unit, script) in shell.scripts() {
            for function in functions(script) {
                let text = shell.text().get(shell.range(unit, &function.range)).unwrap_or_default();
                let is_named =
                    ["secret", "password", "file_env"].iter().any(|part| function.name.contains(part));
                if text.contains(SECRETS) || is_named && text.contains("cat ") {
                    taint.readers.insert(function.name.clone());
                }
            }
        }
        let mut known = HashSet::new();
        // Twice, for a variable that is made of one that the text sets later, as functions do.
        for _ in 0..2 {
            for (_, script) in shell.scripts() {
                for site in assignments(script) {
                    let assignment = &site.assignment;
                    let name = &assignment.name;
                    // The name of a user may come from a secret's file and is none.
                    if is_user_name(name) {
                        taint.harmless.insert(name.clone());
                        continue;
                    }
                    if taint.leak(&assignment.value).is_some() {
                        taint.read.insert(name.clone());
                        continue;
                    }
                    let is_harmless = match site.kind {
                        AssignmentKind::Loop => true,
                        AssignmentKind::Read => {
                            if site.assignment.value.parts.is_empty() && reads_secret_file(&site, shell) {
                                taint.read.insert(name.clone());
                            }
                            false
                        }
                        _ => is_harmless(&assignment.value),
                    };
                    if is_harmless {
                        taint.harmless.insert(name.clone());
                    } else {
                        known.insert(name.clone());
                    }
                }
            }
        }
        taint.harmless.retain(|name| !known.contains(name));
        taint
    }

    /// Whether a variable holds a credential.
    pub(super) fn is_secret(&self, name: &str) -> bool {
        self.read.contains(name) || is_secret_name(name) && !self.harmless.contains(name)
    }

    /// What a word gives away when it is expanded.
    pub(super) fn leak(&self, word: &Word) -> Option<Leak> {
        for expansion in word.variables() {
            if !expansion.length && !is_test(expansion) && self.is_secret(&expansion.name) {
                return Some(Leak::Variable(expansion.name.clone()));
            }
        }
        word.substitutions().into_iter().find_map(|substitution| self.output(&substitution.body))
    }

    /// What the output of commands gives away.
    pub(super) fn output(&self, block: &Block) -> Option<Leak> {
        let commands = commands_in(block, Options::default());
        let last = commands.iter().rev().find(|visited| !visited.context.in_substitution())?;
        let program = effective_command(&last.command.words).map_or("cat", |effective| effective.program);
        if !COPIERS.contains(&program) && !self.readers.contains(program) {
            return None;
        }
        for visited in &commands {
            let command = visited.command;
            let program = effective_command(&command.words).map_or("cat", |effective| effective.program);
            // `test -f /run/secrets/x` and `ls /run/secrets` tell nothing of what is in it.
            if !COPIERS.contains(&program) && !self.readers.contains(program) {
                continue;
            }
            let reads = command.words.iter().skip(1).any(is_secret_path)
                || command
                    .redirects
                    .iter()
                    .any(|redirect| is_input(redirect) && is_secret_path(&redirect.target))
                || self.readers.contains(program);
            if reads {
                return Some(Leak::File);
            }
            let leaks = command.words.iter().skip(1).chain(here_texts(&command.redirects));
            if let Some(leak) =
                leaks.filter(|word| word.substitutions().is_empty()).find_map(|word| self.leak(word))
            {
                return Some(leak);
            }
        }
        None
    }
}

fn here_texts(redirects: &[Redirect]) -> impl Iterator<Item = &Word> {
    redirects.iter().filter_map(|redirect| match &redirect.heredoc {
        Some(heredoc) => Some(&heredoc.body),
        None => matches!(redirect.operator, crate::artifacts::shell::RedirectOperator::HereString)
            .then_some(&redirect.target),
    })
}

fn is_input(redirect: &Redirect) -> bool {
    matches!(
        redirect.operator,
        crate::artifacts::shell::RedirectOperator::Input
            | crate::artifacts::shell::RedirectOperator::ReadWrite
    )
}

/// `read NAME < /run/secrets/…`.
fn reads_secret_file(site: &crate::artifacts::shell::AssignmentSite<'_>, shell: &Shell) -> bool {
    shell.scripts().any(|(unit, _)| {
        shell.commands(unit).iter().any(|visited| {
            let range = &visited.command.range;
            range.start <= site.assignment.range.start
                && site.assignment.range.end <= range.end
                && visited.command.name() == Some("read")
                && visited
                    .command
                    .redirects
                    .iter()
                    .any(|redirect| is_input(redirect) && is_secret_path(&redirect.target))
        })
    })
}

/// A path below `/run/secrets`, or a variable that holds the path of a credential's file.
pub(super) fn is_secret_path(word: &Word) -> bool {
    let names_secret = word.raw.find("/run/secrets/").is_some_and(|at| {
        let name = word.raw[at + "/run/secrets/".len()..].trim_end_matches(['"', '\'', ')', '}', '`']);
        !is_user_name(name.split_whitespace().next().unwrap_or(name))
    });
    names_secret
        || word.variables().iter().any(|expansion| {
            ["_FILE", "_PATH"].iter().any(|end| expansion.name.strip_suffix(end).is_some_and(is_secret_name))
        })
}

/// Whether the name is that of a user's name.
fn is_user_name(name: &str) -> bool {
    words(name).last().is_some_and(|word| matches!(word.as_str(), "user" | "username" | "login"))
}

/// `${NAME:+…}` and `${NAME+…}` only tell whether there is a value.
fn is_test(expansion: &Expansion) -> bool {
    matches!(expansion.operator.as_deref(), Some("+" | ":+"))
}

/// A value that is no credential: a path, a number, a parameter of a function or nothing.
fn is_harmless(value: &Word) -> bool {
    if let Some(text) = &value.plain {
        return text.is_empty()
            || text.starts_with('/')
            || text.bytes().all(|byte| byte.is_ascii_digit())
            || matches!(text.as_str(), "true" | "false" | "yes" | "no");
    }
    let variables = value.variables();
    value.substitutions().is_empty()
        && !variables.is_empty()
        && (value.raw.trim_start_matches('"').starts_with('/')
            || variables.iter().all(|expansion| expansion.name.bytes().all(|byte| byte.is_ascii_digit())))
}
