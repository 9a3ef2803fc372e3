//! The file as a list of instructions.

use std::ops::Range;

use crate::artifacts::SourceMap;

use super::lines::{Lines, Logical};
use super::words::{Argument, first_word, json_list, split};

/// A Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dockerfile {
    /// The parser directives at the top.
    pub directives: Vec<Directive>,
    /// The character that continues a line: a backslash or a backtick.
    pub escape: char,
    /// All instructions, in order.
    pub instructions: Vec<Instruction>,
    /// Whether all of it was understood: every here-document ends and every instruction is one that exists.
    pub complete: bool,
}

/// A parser directive, such as `# syntax=docker/dockerfile:1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Its name in lower case.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The line.
    pub range: Range<usize>,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Its name in upper case; for `ONBUILD` that of the instruction behind it.
    pub name: String,
    /// Where the name is.
    pub name_range: Range<usize>,
    /// Whether `ONBUILD` stands before it, so that it runs only in builds from this image.
    pub onbuild: bool,
    /// All of it, here-documents included, without the last line end.
    pub range: Range<usize>,
    /// Its first line, from one.
    pub line: usize,
    /// `--name=value` between the name and the arguments.
    pub flags: Vec<Flag>,
    /// What follows the flags as one text, continuations joined and comments dropped.
    pub text: String,
    /// Where that text is.
    pub text_range: Range<usize>,
    /// The way back from that text to the file.
    pub map: SourceMap,
    /// That text split at blanks, quotes kept.
    pub arguments: Vec<Argument>,
    /// Whether that text is a JSON list of strings.
    pub form: Form,
    /// The here-documents, in order.
    pub heredocs: Vec<HeredocBody>,
}

impl Instruction {
    /// The value of a flag; empty for one without a value.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().find(|flag| flag.name == name).map(|flag| flag.value.as_deref().unwrap_or_default())
    }

    /// The shell script of the instruction, with the way back to the file: the body of the here-document when a `RUN` is
    /// nothing but that and its shell, else the text.
    #[must_use]
    pub fn script<'a>(&'a self, file: &'a str) -> (&'a str, SourceMap) {
        match self.heredocs.as_slice() {
            [body] if self.name == "RUN" && self.arguments.iter().all(is_part_of_script) => {
                let mut map = SourceMap::default();
                map.push(0, body.range.clone());
                (file.get(body.range.clone()).unwrap_or_default(), map)
            }
            _ => (&self.text, self.map.clone()),
        }
    }
}

/// Whether an argument is the here-document that a shell reads, or that shell: `RUN <<EOF bash`.
fn is_part_of_script(argument: &Argument) -> bool {
    let program = argument.text.rsplit('/').next().unwrap_or_default();
    argument.text.starts_with("<<") || matches!(program, "sh" | "bash" | "ash" | "dash")
}

/// How the arguments are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// As text, which a shell runs where the instruction is a command.
    Shell,
    /// As a JSON list of strings, run without a shell.
    Exec(Vec<Argument>),
}

/// `--name` or `--name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The name without the dashes.
    pub name: String,
    /// What follows `=`.
    pub value: Option<String>,
    /// All of it.
    pub range: Range<usize>,
}

/// A here-document of `RUN`, `COPY` or `ADD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeredocBody {
    /// The delimiter.
    pub name: String,
    /// The body in the file, without the line of the delimiter.
    pub range: Range<usize>,
    /// Whether variables in it are expanded: the delimiter is not quoted.
    pub expanded: bool,
    /// Whether leading tabs go (`<<-`).
    pub strips_tabs: bool,
}

const NAMES: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Reads a Dockerfile. Never fails: see [`Dockerfile::complete`].
#[must_use]
pub fn parse(text: &str) -> Dockerfile {
    let mut lines = Lines::new(text);
    let directives = directives(&mut lines);
    let mut file = Dockerfile { directives, escape: lines.escape, instructions: Vec::new(), complete: true };
    while let Some(logical) = lines.logical() {
        let mut instruction = instruction(&logical, lines.escape);
        file.complete &= NAMES.contains(&instruction.name.as_str());
        if matches!(instruction.name.as_str(), "RUN" | "COPY" | "ADD") {
            file.complete &= heredocs(&mut lines, &mut instruction);
        }
        file.instructions.push(instruction);
    }
    file
}

/// The directives at the top. Anything else, an ordinary comment included, ends them.
fn directives(lines: &mut Lines<'_>) -> Vec<Directive> {
    let mut found: Vec<Directive> = Vec::new();
    loop {
        let (pos, line) = (lines.pos, lines.line);
        let directive = lines.physical().and_then(|(start, text)| {
            let (name, value) = text.trim_start().strip_prefix('#')?.split_once('=')?;
            let (name, value) = (name.trim(), value.trim());
            let known = matches!(name.to_ascii_lowercase().as_str(), "syntax" | "escape" | "check");
            (known && !value.is_empty()).then(|| Directive {
                name: name.to_ascii_lowercase(),
                value: value.to_owned(),
                range: start..start + text.len(),
            })
        });
        let Some(directive) =
            directive.filter(|directive| found.iter().all(|other| other.name != directive.name))
        else {
            lines.pos = pos;
            lines.line = line;
            return found;
        };
        if directive.name == "escape" && directive.value == "`" {
            lines.escape = '`';
        }
        found.push(directive);
    }
}

fn instruction(logical: &Logical, escape: char) -> Instruction {
    let text = logical.text.as_str();
    let slice = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
    let (mut name, mut rest) = first_word(text, 0);
    let onbuild = slice(&name).eq_ignore_ascii_case("ONBUILD");
    if onbuild {
        (name, rest) = first_word(text, rest);
    }
    let upper = slice(&name).to_ascii_uppercase();
    let mut flags = Vec::new();
    if matches!(upper.as_str(), "FROM" | "RUN" | "COPY" | "ADD" | "HEALTHCHECK") {
        loop {
            let (word, next) = first_word(text, rest);
            let Some(flag) = slice(&word).strip_prefix("--").filter(|flag| !flag.is_empty()) else { break };
            let (flag, value) = match flag.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (flag, None),
            };
            flags.push(Flag { name: flag.to_owned(), value, range: logical.source(&word) });
            rest = next;
        }
    }
    let argument =
        |range: &Range<usize>| Argument { text: slice(range).to_owned(), range: logical.source(range) };
    let body = rest..text.len();
    let arguments = split(text, rest, escape).iter().map(argument).collect();
    let form = json_form(&upper, text, rest, logical);
    Instruction {
        name: upper,
        name_range: logical.source(&name),
        onbuild,
        range: logical.range.clone(),
        line: logical.line,
        flags,
        text: slice(&body).to_owned(),
        text_range: logical.source(&body),
        map: logical.map.without(rest),
        arguments,
        form,
        heredocs: Vec::new(),
    }
}

fn json_form(name: &str, text: &str, from: usize, logical: &Logical) -> Form {
    let from = match name {
        "RUN" | "CMD" | "ENTRYPOINT" | "SHELL" | "VOLUME" | "COPY" | "ADD" => from,
        "HEALTHCHECK" => {
            let (word, next) = first_word(text, from);
            if !text.get(word).is_some_and(|word| word.eq_ignore_ascii_case("CMD")) {
                return Form::Shell;
            }
            next
        }
        _ => return Form::Shell,
    };
    match json_list(text, from) {
        Some(items) => Form::Exec(
            items.into_iter().map(|(text, range)| Argument { text, range: logical.source(&range) }).collect(),
        ),
        None => Form::Shell,
    }
}

/// Reads the bodies that the words of the instruction ask for. Returns whether all of them end.
fn heredocs(lines: &mut Lines<'_>, instruction: &mut Instruction) -> bool {
    if matches!(instruction.form, Form::Exec(_)) {
        return true;
    }
    let wanted: Vec<HeredocBody> =
        instruction.arguments.iter().filter_map(|argument| heredoc_word(&argument.text)).collect();
    let mut all_end = true;
    for mut heredoc in wanted {
        let start = lines.pos;
        let mut end = start;
        let mut ends = false;
        while let Some((at, line)) = lines.physical() {
            instruction.range.end = at + line.len();
            let line = if heredoc.strips_tabs { line.trim_start_matches('\t') } else { line };
            if line == heredoc.name {
                ends = true;
                break;
            }
            end = lines.pos;
        }
        all_end &= ends;
        heredoc.range = start..end;
        instruction.heredocs.push(heredoc);
    }
    all_end
}

/// `<<NAME`, `<<-NAME`, `<<"NAME"`, each with a descriptor before it or not.
fn heredoc_word(word: &str) -> Option<HeredocBody> {
    let rest = word.trim_start_matches(|character: char| character.is_ascii_digit()).strip_prefix("<<")?;
    let (strips_tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if rest.starts_with('<') {
        return None;
    }
    let name: String = rest.chars().filter(|character| !matches!(character, '"' | '\'')).collect();
    let valid = !name.is_empty() && !name.contains(['<', '>', '&', '|', ';', '(', ')', '$']);
    let expanded = name.len() == rest.len();
    valid.then_some(HeredocBody { name, range: 0..0, expanded, strips_tabs })
}
