//! `NAME=value` in `ENV`, `ARG` and `LABEL`.

use std::ops::Range;

use super::expand::{Value, expand};
use super::instruction::{Dockerfile, Instruction};

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which instruction it is in.
    pub kind: EntryKind,
    /// The name.
    pub name: String,
    /// The value with quotes and escapes removed and variables as written; `None` for `ARG NAME`.
    pub value: Option<String>,
    /// The value as it is written.
    pub raw: Option<String>,
    /// Name and value in the file.
    pub range: Range<usize>,
    /// The line of the instruction, from one.
    pub line: usize,
    /// The stage, from zero; `None` before the first `FROM`.
    pub stage: Option<usize>,
    /// Whether it is behind `ONBUILD`.
    pub onbuild: bool,
}

/// Which instruction an entry is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// `ENV`
    Env,
    /// `ARG`
    Arg,
    /// `LABEL`
    Label,
}

impl Dockerfile {
    /// Every entry of `ENV` and `ARG` in the file, in order.
    #[must_use]
    pub fn env_and_args(&self) -> Vec<Entry> {
        let mut found = self.entries();
        found.retain(|entry| entry.kind != EntryKind::Label);
        found
    }

    /// Every entry of `ENV`, `ARG` and `LABEL` in the file, in order.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let mut stage = None;
        let mut found = Vec::new();
        for instruction in &self.instructions {
            if instruction.name == "FROM" && !instruction.onbuild {
                stage = Some(stage.map_or(0, |stage: usize| stage + 1));
            }
            entries_of(instruction, self.escape, stage, &mut found);
        }
        found
    }
}

pub(super) fn entries_of(
    instruction: &Instruction,
    escape: char,
    stage: Option<usize>,
    found: &mut Vec<Entry>,
) {
    let kind = match instruction.name.as_str() {
        "ENV" => EntryKind::Env,
        "ARG" => EntryKind::Arg,
        "LABEL" => EntryKind::Label,
        _ => return,
    };
    let mut push = |name: &str, raw: Option<&str>, range: Range<usize>| {
        let unquote = |raw: &str| expand(raw, escape, &|_| Value::Unknown).text;
        found.push(Entry {
            kind,
            name: unquote(name),
            value: raw.map(unquote),
            raw: raw.map(str::to_owned),
            range,
            line: instruction.line,
            stage,
            onbuild: instruction.onbuild,
        });
    };
    let old_form = kind != EntryKind::Arg
        && instruction.arguments.first().is_some_and(|argument| !argument.text.contains('='));
    if old_form {
        // `ENV NAME the rest`: everything after the name is the value.
        let text = instruction.text.as_str();
        let (name, value) =
            text.split_once(|character: char| character.is_ascii_whitespace()).unwrap_or((text, ""));
        push(name, Some(value.trim_start()), instruction.text_range.clone());
        return;
    }
    for argument in &instruction.arguments {
        match argument.text.split_once('=') {
            Some((name, value)) => push(name, Some(value), argument.range.clone()),
            None if kind == EntryKind::Arg => push(&argument.text, None, argument.range.clone()),
            None => {}
        }
    }
}
