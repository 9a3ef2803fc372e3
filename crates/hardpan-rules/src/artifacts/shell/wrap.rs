//! Looking through programs that only start another one, and through shells that are given a text.

use std::ops::Range;

use crate::artifacts::SourceMap;

use super::options::Options;
use super::parser::base_name;
use super::tree::SimpleCommand;
use super::word::Word;

/// How many wrappers may stand before a program. Three are unusual; the ceiling keeps a hostile command linear.
const WRAPPERS_MAX: usize = 32;

/// The program that a command runs in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveCommand<'a> {
    /// Which of the words names it.
    pub index: usize,
    /// Its base name.
    pub program: &'a str,
    /// The words after it.
    pub arguments: &'a [Word],
    /// Which words name wrappers, such as `exec` or `timeout`.
    pub wrappers: Vec<usize>,
}

/// Which of the words of a command is the program, and which are wrappers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wrapped {
    /// The program; the count of words if there is none.
    pub index: usize,
    /// The wrappers before it.
    pub wrappers: Vec<usize>,
    /// Arguments of `env` and `sudo` that are `NAME=value`.
    pub assignments: Vec<usize>,
}

/// A shell that is started with a text or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellInvocation {
    /// Which argument names the shell.
    pub shell: usize,
    /// Which argument is the text of `-c`.
    pub text: Option<usize>,
    /// Which argument is the script's file, if there is no `-c`.
    pub file: Option<usize>,
    /// The options given to the shell.
    pub options: Options,
    /// Which arguments name wrappers before the shell.
    pub wrappers: Vec<usize>,
}

/// A script inside of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NestedScript {
    /// How it is run.
    pub kind: NestedKind,
    /// The text, quotes of the outer script removed. Parse it again to see its commands.
    pub text: String,
    /// Whether the text is known before the outer script runs. If not, the outer expansions stand in it as written.
    pub exact: bool,
    /// The way back from the text to the outer script.
    pub map: SourceMap,
    /// Where the word or words are in the outer script.
    pub range: Range<usize>,
    /// The options given to the shell. An `eval` has those of its surroundings, which are not in here.
    pub options: Options,
    /// Names of the wrappers before it, such as `timeout`.
    pub wrappers: Vec<String>,
}

/// How a nested script is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NestedKind {
    /// `sh -c text`.
    Shell,
    /// `eval text`.
    Eval,
    /// `su -c text`.
    SwitchUser,
}

/// The program that these words run in the end: `psql` for `exec env A=b timeout 5 /usr/bin/psql`. `None` if there is
/// none or if it is only known when the script runs.
#[must_use]
pub fn effective_command(words: &[Word]) -> Option<EffectiveCommand<'_>> {
    let plain = known(words);
    let wrapped = effective_index(&plain);
    let program = base_name(plain.get(wrapped.index).copied().flatten()?);
    let arguments = words.get(wrapped.index + 1..).unwrap_or_default();
    Some(EffectiveCommand { index: wrapped.index, program, arguments, wrappers: wrapped.wrappers })
}

/// As [`effective_command`], for arguments of which `None` is one that is not known.
#[must_use]
pub fn effective_index(arguments: &[Option<&str>]) -> Wrapped {
    let mut wrapped = Wrapped::default();
    for _ in 0..WRAPPERS_MAX {
        let Some(Some(program)) = arguments.get(wrapped.index) else { break };
        let Some(wrapper) = wrapper(base_name(program)) else { break };
        let Some(next) = wrapper.skip(arguments, wrapped.index + 1, &mut wrapped.assignments) else { break };
        wrapped.wrappers.push(wrapped.index);
        wrapped.index = next;
    }
    wrapped
}

/// The shell that these arguments start, looked for behind wrappers.
#[must_use]
pub fn shell_invocation(arguments: &[Option<&str>]) -> Option<ShellInvocation> {
    let wrapped = effective_index(arguments);
    let shell = wrapped.index;
    let name = base_name(arguments.get(shell).copied().flatten()?);
    if !matches!(name, "sh" | "bash" | "ash" | "dash" | "ksh" | "zsh" | "mksh" | "rbash") {
        return None;
    }
    let mut options = Options::default();
    let mut takes_text = false;
    let mut at = shell + 1;
    while let Some(Some(argument)) = arguments.get(at).copied() {
        match argument {
            "--" | "-" => {
                at += 1;
                break;
            }
            "--rcfile" | "--init-file" => at += 2,
            _ if argument.starts_with("--") => at += 1,
            _ if argument.len() > 1 && (argument.starts_with('-') || argument.starts_with('+')) => {
                takes_text |= argument.starts_with('-') && argument.contains('c');
                let named = usize::from(argument.contains('o') || argument.contains('O'));
                options.apply(arguments.iter().skip(at).take(1 + named).copied());
                at += 1 + named;
            }
            _ => break,
        }
    }
    let rest = (at < arguments.len()).then_some(at);
    let (text, file) = if takes_text { (rest, None) } else { (None, rest) };
    Some(ShellInvocation { shell, text, file, options, wrappers: wrapped.wrappers })
}

/// The script that a command carries in its words: `sh -c 'text'`, `su -c text`, `eval text`.
#[must_use]
pub fn nested_script(command: &SimpleCommand) -> Option<NestedScript> {
    let words = &command.words;
    let plain = known(words);
    let names = |indexes: &[usize]| -> Vec<String> {
        indexes
            .iter()
            .filter_map(|index| plain.get(*index).copied().flatten())
            .map(|name| base_name(name).to_owned())
            .collect()
    };
    if let Some(shell) = shell_invocation(&plain) {
        let word = words.get(shell.text?)?;
        return Some(nested(
            NestedKind::Shell,
            std::slice::from_ref(word),
            shell.options,
            names(&shell.wrappers),
        ));
    }
    let wrapped = effective_index(&plain);
    let wrappers = names(&wrapped.wrappers);
    let arguments = words.get(wrapped.index + 1..).filter(|rest| !rest.is_empty())?;
    match base_name(plain.get(wrapped.index).copied().flatten()?) {
        "eval" => Some(nested(NestedKind::Eval, arguments, Options::default(), wrappers)),
        "su" | "runuser" => {
            let flag = arguments
                .iter()
                .position(|word| matches!(word.plain.as_deref(), Some("-c" | "--command" | "-lc")))?;
            let word = arguments.get(flag + 1)?;
            Some(nested(NestedKind::SwitchUser, std::slice::from_ref(word), Options::default(), wrappers))
        }
        _ => None,
    }
}

/// The words as far as they are known: an assignment is known by its name, whatever its value expands.
fn known(words: &[Word]) -> Vec<Option<&str>> {
    words
        .iter()
        .map(|word| word.plain.as_deref().or_else(|| word.as_assignment().map(|_| word.raw.as_str())))
        .collect()
}

fn nested(kind: NestedKind, words: &[Word], options: Options, wrappers: Vec<String>) -> NestedScript {
    let mut text = String::new();
    let mut map = SourceMap::default();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            text.push(' ');
        }
        word.unquote_into(&mut text, &mut map);
    }
    let start = words.first().map_or(0, |word| word.range.start);
    let end = words.last().map_or(start, |word| word.range.end);
    let exact = words.iter().all(|word| word.plain.is_some());
    NestedScript { kind, text, exact, map, range: start..end, options, wrappers }
}

/// How to step over the arguments of a wrapper.
#[derive(Clone, Copy)]
struct Wrapper {
    /// Options that take the next argument as their value.
    valued: &'static [&'static str],
    /// Arguments before the program, such as the limit of `timeout`.
    operands: usize,
    /// Options with which it starts nothing, such as `command -v`.
    queries: &'static [&'static str],
}

fn wrapper(name: &str) -> Option<Wrapper> {
    let of = |operands, valued| Wrapper { valued, operands, queries: &[] };
    Some(match name {
        "exec" => of(0, &["-a"]),
        "env" => Wrapper { queries: &["-S", "--split-string"], ..of(0, &["-u", "--unset", "-C", "--chdir"]) },
        "timeout" | "gtimeout" => of(1, &["-s", "--signal", "-k", "--kill-after", "-t"]),
        "nice" => of(0, &["-n", "--adjustment"]),
        "ionice" => of(0, &["-c", "--class", "-n", "--classdata"]),
        "sudo" => Wrapper {
            queries: &["-l", "-v", "-e", "-V", "-K", "-k"],
            ..of(0, &["-u", "--user", "-g", "--group", "-h", "-p", "-C", "-D", "-R", "-T", "-r", "-t", "-U"])
        },
        "doas" => of(0, &["-u", "-C"]),
        "su-exec" | "gosu" | "s6-setuidgid" | "setuidgid" | "setuser" | "step-down" => of(1, &[]),
        "setpriv" => of(
            0,
            &[
                "--reuid",
                "--regid",
                "--groups",
                "--bounding-set",
                "--inh-caps",
                "--ambient-caps",
                "--securebits",
                "--pdeathsig",
            ],
        ),
        "command" => Wrapper { queries: &["-v", "-V"], ..of(0, &[]) },
        "builtin" | "nohup" | "setsid" | "busybox" | "catatonit" | "docker-init" | "chronic" | "unbuffer" => {
            of(0, &[])
        }
        "time" => of(0, &["-f", "--format", "-o", "--output"]),
        "stdbuf" => of(0, &["-i", "--input", "-o", "--output", "-e", "--error"]),
        "tini" | "tini-static" => of(0, &["-p", "-e"]),
        "dumb-init" => of(0, &["-r", "--rewrite"]),
        "flock" => Wrapper {
            queries: &["-c", "--command"],
            ..of(1, &["-w", "--timeout", "-E", "--conflict-exit-code"])
        },
        "chpst" => of(0, &["-u", "-U", "-b", "-d", "-e", "-m", "-n"]),
        _ => return None,
    })
}

impl Wrapper {
    /// The index of what it starts; `None` when it starts nothing that can be told.
    fn skip(self, arguments: &[Option<&str>], from: usize, assignments: &mut Vec<usize>) -> Option<usize> {
        let mut at = from;
        let mut operands = self.operands;
        // One that is not known is what was looked for: the operand or the program.
        while let Some(argument) = *arguments.get(at)? {
            if self.queries.contains(&argument) {
                return None;
            }
            if argument == "--" {
                at += 1;
                break;
            }
            if argument.len() < 2 || !argument.starts_with('-') {
                let is_assignment =
                    argument.split_once('=').is_some_and(|(name, _)| !name.is_empty() && !name.contains('/'));
                if is_assignment && self.operands == 0 {
                    assignments.push(at);
                    at += 1;
                    continue;
                }
                if argument == "-" {
                    at += 1;
                    continue;
                }
                break;
            }
            at += 1;
            if self.valued.contains(&argument) {
                at += 1;
                // The old `timeout -t 10` of busybox has no operand.
                if argument == "-t" {
                    operands = 0;
                }
            }
        }
        at += operands;
        (at < arguments.len()).then_some(at)
    }
}
