//! Where to point for a syntax error, and what usually cures it.
//!
//! go-yaml reports where it gave up. People want to know where they went wrong, so this looks at the text around it.

use crate::yaml::cursor::characters;
use crate::yaml::grammar::Range;
use crate::yaml::problem::{Fault, Problem};

const MERGE_CONFLICT: &str =
    "this looks like an unresolved merge conflict; keep one side and remove the marker lines";
/// Longer names are not compared: the comparison costs the product of the lengths, and nobody mistypes such names.
const SIMILAR_NAME_LENGTH_MAX: usize = 64;
const TABS: &str = "indent with spaces; YAML does not take tabs here";

/// What to show for a fault.
pub(super) struct Advice {
    pub(super) range: Range,
    pub(super) help: Option<String>,
}

pub(super) fn advice(fault: Fault, text: &str) -> Advice {
    // A conflict marker upsets the scanner in many ways, and often only lines later.
    if let Some(range) = conflict_marker(text, fault) {
        return Advice { range, help: Some(MERGE_CONFLICT.to_owned()) };
    }
    let place = Place { text, fault };
    let (range, help) = match fault.problem {
        Problem::ControlCharacter => (place.character(), place.control_character()),
        Problem::TokenStart => (place.character(), place.token_start()),
        Problem::TabInPlainScalar | Problem::TabInBlockScalar => (place.character(), Some(TABS.to_owned())),
        Problem::ColonExpected => (place.key_line(), place.colon_expected()),
        Problem::ValueNotAllowed => (place.character(), place.value_not_allowed()),
        Problem::KeyExpected | Problem::DashExpected => (place.character(), place.entry_expected()),
        Problem::EntryNotAllowed => (
            place.character(),
            fixed("begin the list on a line of its own, or quote the value if the dash belongs to it"),
        ),
        Problem::FlowSequenceEnd => place.unclosed_collection(']'),
        Problem::FlowMappingEnd => place.unclosed_collection('}'),
        Problem::NodeContent if place.is_at_end() => {
            (place.opening(), fixed("the bracket that opens here is never closed"))
        }
        Problem::NodeContent => (place.character(), place.node_content()),
        Problem::QuoteUnclosed => (place.opening(), fixed("the quote that opens here is never closed")),
        Problem::DocumentIndicatorInQuotes => {
            (place.opening(), fixed("the quote that opens here is not closed before the end of the document"))
        }
        Problem::EscapeUnknown => {
            (place.escape(), fixed("write `\\\\` for a backslash, or put the value in single quotes"))
        }
        Problem::EscapeHex | Problem::EscapeCode => (
            place.character(),
            fixed("`\\x`, `\\u` and `\\U` take 2, 4 and 8 hexadecimal digits of one character"),
        ),
        Problem::AnchorName => (place.up_to_fault(), place.anchor_name()),
        Problem::TagEnd
        | Problem::TagUri
        | Problem::TagBang
        | Problem::TagClose
        | Problem::UndefinedTagHandle => (place.word(), fixed("quote the value if the `!` belongs to it")),
        Problem::BlockHeader | Problem::BlockIndentZero => (
            place.up_to_fault(),
            fixed("begin the text on the next line, or quote the value if this belongs to it"),
        ),
        Problem::VersionUnsupported => {
            (place.key_line(), fixed("remove this line; only `%YAML 1.1` is accepted"))
        }
        Problem::DirectiveUnknown | Problem::DirectiveName | Problem::DirectiveNameEnd => (
            place.key_line(),
            fixed("a `%` in the first column begins a directive; quote the text if it is none"),
        ),
        Problem::DocumentStart => (place.character(), place.document_start()),
        Problem::KeyNotAllowed => (place.character(), fixed("quote the value if the `?` belongs to it")),
        Problem::FlowTooDeep | Problem::BlockTooDeep | Problem::TooManyNodes => (place.character(), None),
        _ => (place.key_line(), None),
    };
    Advice { range, help }
}

fn fixed(help: &str) -> Option<String> {
    Some(help.to_owned())
}

/// A fault together with the text around it.
struct Place<'text> {
    text: &'text str,
    fault: Fault,
}

impl Place<'_> {
    fn is_at_end(&self) -> bool {
        self.fault.at >= self.text.trim_end().len()
    }

    /// The character where reading stopped; nothing at the end of the text.
    fn character(&self) -> Range {
        self.character_at(self.fault.at)
    }

    /// The character that begins the construct: a quote or a bracket.
    fn opening(&self) -> Range {
        self.character_at(self.fault.context)
    }

    fn character_at(&self, at: usize) -> Range {
        let length = self.text[at..].chars().next().map_or(0, char::len_utf8);
        (at, at + length)
    }

    /// From where the construct begins to where reading stopped.
    fn up_to_fault(&self) -> Range {
        (self.fault.context, self.character().1)
    }

    /// A backslash and the character behind it.
    fn escape(&self) -> Range {
        let length = self.text[self.fault.at..].chars().take(2).map(char::len_utf8).sum::<usize>();
        (self.fault.at, self.fault.at + length)
    }

    /// From where the construct begins to the next white space.
    fn word(&self) -> Range {
        let rest = &self.text[self.fault.context..];
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        (self.fault.context, self.fault.context + length)
    }

    /// From where the construct begins to the end of its line.
    fn key_line(&self) -> Range {
        let rest = &self.text[self.fault.context..];
        (self.fault.context, self.fault.context + line(rest).trim_end().len())
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind(['\n', '\r']).map_or(0, |before| before + 1)
    }

    fn column(&self, at: usize) -> usize {
        characters(&self.text.as_bytes()[self.line_start(at)..at])
    }

    fn line_number(&self, at: usize) -> usize {
        1 + self.text[..at].bytes().filter(|&byte| byte == b'\n').count()
    }

    /// What stands before the fault on its line.
    fn before(&self) -> &str {
        &self.text[self.line_start(self.fault.at)..self.fault.at]
    }

    fn next_character(&self) -> Option<char> {
        self.text[self.fault.at..].chars().next()
    }

    fn control_character(&self) -> Option<String> {
        let code = u32::from(self.next_character()?);
        Some(format!("remove the character U+{code:04X}, or write it as an escape in double quotes"))
    }

    fn token_start(&self) -> Option<String> {
        match self.next_character()? {
            '\t' => fixed(TABS),
            '`' => fixed("quote the value; nothing may begin with a backtick"),
            '@' => fixed("quote the value; nothing may begin with `@`"),
            character => Some(format!("quote the value if it begins with `{character}`")),
        }
    }

    fn colon_expected(&self) -> Option<String> {
        let key = &self.text[self.fault.context..self.key_line().1];
        if key.starts_with('-') && !key.starts_with("- ") {
            return fixed("put a space behind the dash");
        }
        if let Some(at) = key.find(':')
            && key[at + 1..].chars().next().is_some_and(|next| !next.is_whitespace())
        {
            return fixed("put a space behind the colon");
        }
        fixed(
            "a mapping needs `key: value` here; add the colon, or indent the line to continue the one before",
        )
    }

    fn value_not_allowed(&self) -> Option<String> {
        let before = self.before();
        if before.contains(": ") || before.trim_start().starts_with("- ") && before.contains(':') {
            return fixed("quote the whole value; a plain one cannot hold a colon with a space behind it");
        }
        fixed(
            "this line is indented deeper than the key before it, which has a value already, or that key lacks its colon",
        )
    }

    fn entry_expected(&self) -> Option<String> {
        if !self.before().trim().is_empty() && self.before().contains(['"', '\'', ']', '}']) {
            return fixed("nothing may follow a closing quote or bracket; quote the whole value");
        }
        let (found, expected) = (self.column(self.fault.at), self.column(self.fault.context));
        let what = if self.fault.problem == Problem::DashExpected { "list" } else { "mapping" };
        let line = self.line_number(self.fault.context);
        if found == expected {
            return Some(match self.next_character() {
                Some('-') => format!(
                    "a list item cannot stand among the keys of the mapping that begins in line {line}"
                ),
                _ => format!("this does not belong to the {what} that begins in line {line}"),
            });
        }
        Some(format!(
            "indented by {found}, but the {what} that begins in line {line} is indented by {expected}"
        ))
    }

    fn unclosed_collection(&self, close: char) -> (Range, Option<String>) {
        if self.is_at_end() {
            return (
                self.opening(),
                Some(format!("the bracket that opens here is never closed by `{close}`")),
            );
        }
        let line = self.line_number(self.fault.context);
        let help =
            format!("separate the entries by commas, or close what was opened in line {line} by `{close}`");
        (self.character(), Some(help))
    }

    fn node_content(&self) -> Option<String> {
        match self.next_character()? {
            ',' => fixed("remove the comma, or put an entry before it"),
            '-' => fixed("a list with dashes cannot stand in brackets; separate the entries by commas"),
            ']' | '}' => fixed("this bracket closes nothing; quote the value if it belongs to it"),
            character @ ('|' | '>') => Some(format!("quote the value if it begins with `{character}`")),
            _ => None,
        }
    }

    fn anchor_name(&self) -> Option<String> {
        if self.text[self.fault.context..].starts_with('*') {
            return fixed(
                "quote the value if the `*` belongs to it; names of anchors are letters, digits, `_` and `-`",
            );
        }
        fixed("quote the value if the `&` belongs to it; names of anchors are letters, digits, `_` and `-`")
    }

    fn document_start(&self) -> Option<String> {
        if self.before().trim().is_empty() {
            return fixed("this is indented less than the document begins, or needs `---` before it");
        }
        fixed("nothing may follow the end of the document on its line")
    }
}

fn line(text: &str) -> &str {
    text.split(['\n', '\r']).next().unwrap_or_default()
}

/// The line of the conflict marker that led to the fault: the first opening one before it, else the one at it.
fn conflict_marker(text: &str, fault: Fault) -> Option<Range> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let is_opening = content.starts_with("<<<<<<<") && !content.contains(": ");
        let is_other =
            content == "=======" || content.starts_with(">>>>>>>") || content.starts_with("|||||||");
        let end = start + line.len();
        let is_at_fault = (start..end).contains(&fault.at) || (start..end).contains(&fault.context);
        if start > fault.at {
            return None;
        }
        if is_opening || is_other && is_at_fault {
            return Some((start, start + content.len()));
        }
        start = end;
    }
    None
}

/// The known name that differs least from this one, if the difference is small enough to be a slip.
pub(super) fn similar<'name>(name: &str, known: impl Iterator<Item = &'name str>) -> Option<&'name str> {
    if name.len() > SIMILAR_NAME_LENGTH_MAX {
        return None;
    }
    let most = name.len() / 3 + 1;
    known
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= most)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|&(distance, _)| distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The Levenshtein distance in bytes; names of anchors are ASCII.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, a) in left.bytes().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for (column, b) in right.bytes().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[column + 1];
            row[column + 1] = substituted.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
