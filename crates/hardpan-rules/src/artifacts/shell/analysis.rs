//! Questions that several rules ask of a script.

use super::options::Options;
use super::tree::{Assignment, Function, LoopKind, Script};
use super::walk::{Context, LoopSite, Visited, walk};
use super::word::Word;

/// Every loop, also those inside of others and of substitutions, in source order.
#[must_use]
pub fn loops(script: &Script) -> Vec<LoopSite<'_>> {
    let mut loops = walk(&script.body, script.initial_options()).loops;
    loops.sort_by_key(|site| site.node.range.start);
    loops
}

/// Every function definition, in source order.
#[must_use]
pub fn functions(script: &Script) -> Vec<&Function> {
    walk(&script.body, Options::default()).functions
}

/// Whether the status of the command decides what runs next.
#[must_use]
pub fn is_condition_tested(visited: &Visited<'_>) -> bool {
    visited.context.tested
}

/// A place where a variable gets a value.
#[derive(Clone, Debug)]
pub struct AssignmentSite<'a> {
    /// How it gets it.
    pub kind: AssignmentKind,
    /// The name and the value. The value is empty for `read` and for a declaration without one.
    pub assignment: Assignment,
    /// Where it stands.
    pub context: Context<'a>,
}

/// How a variable gets its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignmentKind {
    /// `NAME=value` alone.
    Plain,
    /// `NAME=value command`: only in the environment of that command.
    Prefix,
    /// `export NAME=value`, which programs inherit.
    Export,
    /// `local`, `declare`, `typeset`, `readonly`.
    Declaration,
    /// `read NAME`.
    Read,
    /// `${NAME:=value}`.
    Default,
    /// `for NAME in …`; the value holds the parts of all words.
    Loop,
}

/// Every place where a variable gets a value, in source order.
#[must_use]
pub fn assignments(script: &Script) -> Vec<AssignmentSite<'_>> {
    let walk = walk(&script.body, script.initial_options());
    let mut sites = Vec::new();
    for visited in walk.commands {
        assignments_of(&visited, &mut sites);
    }
    for site in walk.loops {
        let Some(name) = &site.node.variable else { continue };
        if site.node.kind == LoopKind::ForArithmetic {
            continue;
        }
        let range = site.node.keyword.clone();
        let parts = site.node.words.iter().flat_map(|word| word.parts.clone()).collect();
        let value = Word::new(range.clone(), "", parts);
        let assignment = Assignment { range, name: name.clone(), append: false, value };
        sites.push(AssignmentSite { kind: AssignmentKind::Loop, assignment, context: site.context });
    }
    sites.sort_by_key(|site| site.assignment.range.start);
    sites
}

fn assignments_of<'a>(visited: &Visited<'a>, sites: &mut Vec<AssignmentSite<'a>>) {
    let command = visited.command;
    let mut push =
        |kind, assignment| sites.push(AssignmentSite { kind, assignment, context: visited.context.clone() });
    let own = if command.words.is_empty() { AssignmentKind::Plain } else { AssignmentKind::Prefix };
    for assignment in &command.assignments {
        push(own, assignment.clone());
    }
    let kind = match command.name() {
        Some("export") => Some(AssignmentKind::Export),
        Some("local" | "declare" | "typeset" | "readonly") => Some(AssignmentKind::Declaration),
        Some("read") => Some(AssignmentKind::Read),
        _ => None,
    };
    if let Some(kind) = kind {
        for word in command.arguments() {
            match (word.as_assignment(), &word.plain) {
                (Some(assignment), _) if kind != AssignmentKind::Read => push(kind, assignment),
                (None, Some(name)) if is_name(name) => {
                    let value = Word::new(word.range.end..word.range.end, "", Vec::new());
                    push(
                        kind,
                        Assignment { range: word.range.clone(), name: name.clone(), append: false, value },
                    );
                }
                _ => {}
            }
        }
    }
    for word in command.words.iter().chain(command.assignments.iter().map(|assignment| &assignment.value)) {
        for expansion in word.variables() {
            if !matches!(expansion.operator.as_deref(), Some(":=" | "=")) {
                continue;
            }
            let value = expansion.operand.clone().unwrap_or_default();
            let range = expansion.range.clone();
            push(
                AssignmentKind::Default,
                Assignment { range, name: expansion.name.clone(), append: false, value },
            );
        }
    }
}

/// Whether the text is a variable's name.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().enumerate().all(|(index, byte)| super::word::is_name_byte(byte, index == 0))
}
