//! Questions about a shell text that need its lists: what follows a command when it fails, and whose status counts.

use std::collections::HashSet;

use super::scripts::Shell;
use crate::artifacts::shell::{
    AndOr, Block, Command, CommandKind, Connector, Frame, Pipeline, SimpleCommand, Visited, Word,
    assignments, effective_command, functions,
};

/// Programs that provision nothing and whose failure nobody minds.
const NOISE: &[&str] = &[
    "echo", "printf", "true", "false", ":", "test", "[", "[[", "((", "export", "set", "unset", "local",
    "readonly", "declare", "typeset", "cd", "umask", "trap", "shift", "return", "exit", "sleep", "wait",
    "date", "read", ".", "source", "eval", "alias", "command", "type", "hash", "cat", "ls", "head", "tail",
    "env", "printenv", "id", "whoami", "pwd", "break", "continue", "let", "shopt", "getopts", "tee", "which",
    "hostname", "uname", "logger", "sync", "tr", "cut", "sed", "awk", "sort", "uniq", "wc", "grep", "egrep",
    "fgrep", "basename", "dirname", "xargs", "jq", "yes", "seq", "rm", "kill", "ps", "df", "du", "stat",
    "nslookup", "find", "less", "clear", "tput", "figlet",
];

/// Functions that scripts define to print.
const PRINTERS: &[&str] =
    &["log", "info", "warn", "warning", "error", "debug", "say", "msg", "notice", "banner"];

/// The base name of the program that a command runs in the end.
pub(super) fn program(command: &SimpleCommand) -> Option<&str> {
    effective_command(&command.words).map(|found| found.program)
}

/// The functions of a text that do no work of their own.
pub(super) fn idle_functions(shell: &Shell<'_>) -> HashSet<String> {
    let defined = functions(&shell.script);
    let visited = shell.commands();
    let works = |name: &str| {
        visited.iter().any(|visited| {
            visited.context.function().is_some_and(|function| function.name == name)
                && program(visited.command).is_some_and(|program| !NOISE.contains(&program))
        })
    };
    let idle = defined.iter().filter(|function| !works(&function.name));
    idle.map(|function| function.name.clone()).collect()
}

/// Whether a command does work: its failure is a failure of the provisioning.
pub(super) fn is_work(command: &SimpleCommand, idle: &HashSet<String>) -> bool {
    program(command)
        .is_some_and(|name| !NOISE.contains(&name) && !PRINTERS.contains(&name) && !idle.contains(name))
}

/// Every list of a text, the inner ones after the outer ones; those in substitutions are left out.
pub(super) fn lists(block: &Block) -> Vec<&AndOr> {
    let mut found = Vec::new();
    let mut pending = vec![block];
    while let Some(block) = pending.pop() {
        for list in &block.items {
            found.push(list);
            for command in pipelines(list).flat_map(|pipeline| &pipeline.commands) {
                pending.extend(blocks(command));
            }
        }
    }
    found
}

/// The pipelines of a list.
pub(super) fn pipelines(list: &AndOr) -> impl Iterator<Item = &Pipeline> {
    std::iter::once(&list.first).chain(list.rest.iter().map(|(_, pipeline)| pipeline))
}

fn blocks(command: &Command) -> Vec<&Block> {
    match &command.kind {
        CommandKind::Simple(_) => Vec::new(),
        CommandKind::Group(block) | CommandKind::Subshell(block) => vec![block],
        CommandKind::If(node) => {
            let branches = node.branches.iter().flat_map(|branch| [&branch.condition, &branch.body]);
            branches.chain(&node.otherwise).collect()
        }
        CommandKind::Loop(node) => vec![&node.condition, &node.body],
        CommandKind::Case(node) => node.arms.iter().map(|arm| &arm.body).collect(),
        CommandKind::Function(node) => blocks(&node.body),
    }
}

/// The simple commands whose status is that of the block: its last ones.
pub(super) fn last_commands<'a>(block: &'a Block, found: &mut Vec<&'a SimpleCommand>) {
    let Some(list) = block.items.last() else { return };
    let all: Vec<&Pipeline> = pipelines(list).collect();
    for (at, pipeline) in all.iter().enumerate() {
        // With `||` behind it a failure is not the end.
        if list.rest.get(at).is_some_and(|(connector, _)| *connector == Connector::Or) {
            continue;
        }
        let Some(command) = pipeline.commands.last() else { continue };
        match &command.kind {
            CommandKind::Simple(simple) => found.push(simple),
            CommandKind::Group(block) | CommandKind::Subshell(block) => last_commands(block, found),
            CommandKind::If(node) => {
                for branch in &node.branches {
                    last_commands(&branch.body, found);
                }
                if let Some(otherwise) = &node.otherwise {
                    last_commands(otherwise, found);
                }
            }
            CommandKind::Case(node) => {
                for arm in &node.arms {
                    last_commands(&arm.body, found);
                }
            }
            CommandKind::Loop(_) | CommandKind::Function(_) => {}
        }
    }
}

/// What runs when a command of a list fails: the first pipeline behind `||` after it.
pub(super) fn fallback<'a>(lists: &[&'a AndOr], command: &SimpleCommand) -> Option<&'a Pipeline> {
    let list = innermost(lists, command)?;
    let at = pipelines(list).position(|pipeline| holds(pipeline, command))?;
    let mut after = list.rest.get(at..)?.iter();
    after.find(|(connector, _)| *connector == Connector::Or).map(|(_, pipeline)| pipeline)
}

fn innermost<'a>(lists: &[&'a AndOr], command: &SimpleCommand) -> Option<&'a AndOr> {
    let around = lists
        .iter()
        .filter(|list| list.range.start <= command.range.start && command.range.end <= list.range.end);
    around.min_by_key(|list| list.range.len()).copied()
}

fn holds(pipeline: &Pipeline, command: &SimpleCommand) -> bool {
    pipeline.range.start <= command.range.start && command.range.end <= pipeline.range.end
}

/// Whether a pipeline ends the script, the function or the loop with a failure, or at all.
pub(super) fn leaves(pipeline: &Pipeline) -> bool {
    let mut found = Vec::new();
    for command in &pipeline.commands {
        match &command.kind {
            CommandKind::Simple(simple) => found.push(simple),
            _ => {
                for block in blocks(command) {
                    for list in lists(block) {
                        let commands = pipelines(list).flat_map(|pipeline| &pipeline.commands);
                        found.extend(commands.filter_map(|command| match &command.kind {
                            CommandKind::Simple(simple) => Some(simple),
                            _ => None,
                        }));
                    }
                }
            }
        }
    }
    found.iter().any(|command| {
        let name = command.name().unwrap_or_default();
        let zero = command.arguments().first().is_some_and(|word| word.plain.as_deref() == Some("0"));
        match name {
            "exit" => !zero,
            "return" | "false" | "break" | "continue" | "kill" => true,
            // Functions such as `die` and `fail` are there to end the script.
            _ => ["die", "fail", "abort", "fatal", "err"].iter().any(|word| name.contains(word)),
        }
    })
}

/// Whether a pipeline does nothing but say that all is well: `true`, `:`, `echo`, `exit 0`.
pub(super) fn only_shrugs(pipeline: &Pipeline) -> bool {
    pipeline.commands.iter().all(|command| match &command.kind {
        CommandKind::Simple(simple) => match simple.name() {
            Some("true" | ":" | "echo" | "printf" | "continue" | "sleep") => true,
            Some("exit" | "return") => {
                simple.arguments().first().is_none_or(|word| word.plain.as_deref() == Some("0"))
            }
            Some(name) => PRINTERS.contains(&name) || name.starts_with("log"),
            None => false,
        },
        CommandKind::Group(block) | CommandKind::Subshell(block) => {
            block.items.iter().all(|list| pipelines(list).all(only_shrugs))
        }
        _ => false,
    })
}

/// What a text finds out before it acts: the way to tell a question from a switch.
pub(super) struct Questions<'s, 'p> {
    shell: &'s Shell<'p>,
    lists: Vec<&'s AndOr>,
    /// Variables whose value is the output of a command.
    answers: HashSet<String>,
}

impl<'s, 'p> Questions<'s, 'p> {
    pub(super) fn of(shell: &'s Shell<'p>) -> Self {
        let sites = assignments(&shell.script);
        let asked = sites.iter().filter(|site| !site.assignment.value.substitutions().is_empty());
        let answers = asked.map(|site| site.assignment.name.clone()).collect();
        Self { shell, lists: lists(&shell.script.body), answers }
    }

    /// The lists of the text.
    pub(super) fn lists(&self) -> &[&'s AndOr] {
        &self.lists
    }

    /// Whether a command runs only because of what was found out before: behind `||`, in a branch whose condition
    /// asks, or behind a test with `&&`. That a switch is on is nothing that was found out.
    pub(super) fn decide(&self, visited: &Visited<'_>) -> bool {
        visited.context.fallback
            || visited.context.in_condition()
            || visited.context.frames.iter().any(|frame| match frame {
                Frame::IfBranch(node) => {
                    node.branches.iter().any(|branch| self.asks_block(&branch.condition))
                }
                Frame::CaseArm(node) => self.asks_word(&node.subject),
                _ => false,
            })
            || self.before(visited).any(|pipeline| self.tests(pipeline))
    }

    /// Whether an earlier command may already have ended the text with success: `[ -f done ] && exit 0`.
    pub(super) fn may_have_ended(&self, all: &[Visited<'_>], at: usize) -> bool {
        all.iter().take(at).any(|visited| {
            let arguments = visited.command.arguments();
            visited.command.name() == Some("exit")
                && visited.context.function().is_none()
                && arguments.first().is_none_or(|word| word.plain.as_deref() == Some("0"))
                && (self.decide(visited) || self.before(visited).any(|pipeline| self.asks(pipeline)))
        })
    }

    /// The pipelines before a command in its own list.
    fn before(&self, visited: &Visited<'_>) -> impl Iterator<Item = &'s Pipeline> {
        let list = innermost(&self.lists, visited.command);
        let start = visited.command.range.start;
        list.into_iter().flat_map(pipelines).filter(move |pipeline| pipeline.range.end <= start)
    }

    fn asks_block(&self, block: &Block) -> bool {
        block.items.iter().flat_map(pipelines).any(|pipeline| self.asks(pipeline))
    }

    /// Whether a pipeline finds something out: any program, or a test of more than a setting.
    fn asks(&self, pipeline: &Pipeline) -> bool {
        self.tests(pipeline)
            || pipeline.commands.iter().any(|command| match &command.kind {
                CommandKind::Simple(simple) => !matches!(
                    simple.name(),
                    None | Some("[" | "[[" | "test" | "((" | "true" | "echo" | "printf" | "export")
                ),
                _ => true,
            })
    }

    /// Whether a pipeline is a test of files or answers, or is there to fail.
    fn tests(&self, pipeline: &Pipeline) -> bool {
        pipeline.commands.iter().any(|command| {
            let CommandKind::Simple(simple) = &command.kind else { return false };
            if !matches!(simple.name(), Some("[" | "[[" | "test" | "((")) {
                return pipeline.negated;
            }
            let is_file =
                |word: &Word| matches!(word.plain.as_deref(), Some("-f" | "-e" | "-d" | "-s" | "-L"));
            simple.words.iter().any(|word| is_file(word) || self.asks_word(word))
                || self.shell.slice(&simple.range).contains("$?")
        })
    }

    fn asks_word(&self, word: &Word) -> bool {
        !word.substitutions().is_empty()
            || word.variables().iter().any(|variable| self.answers.contains(&variable.name))
    }
}
