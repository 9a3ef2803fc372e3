//! HP-INI-011: a command written as a string is not what runs, because Compose splits and interpolates it first.

use hardpan_compose::{Hop, NodeRef, VariableSource};
use hardpan_source::yaml::{self, Kind};
use hardpan_source::{Edit, Span};

use super::aligned::{Aligner, reference_length};
use super::word_splitting::{Loss, losses};
use crate::artifacts::command;
use crate::artifacts::shell::{AssignmentKind, assignments, parse};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Place, Repair, Safety, Scope, Service, Verdicts};

/// See `rules/mangled-command-string/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-INI-011",
    name: "mangled-command-string",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["compose-spec, services, command", "compose-spec, interpolation"],
    doc: include_str!("../../../rules/mangled-command-string/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let mut has_command = false;
        let mut found = false;
        for path in ["entrypoint", "command"] {
            let Some(attribute) = service.get(path) else { continue };
            let words = service.words(path);
            if words.is_empty() {
                continue;
            }
            has_command = true;
            let is_string = words.iter().all(|word| word.origin().span == attribute.origin().span);
            if is_string {
                found |= check_string(scope, service, path, attribute, verdicts);
            }
            found |= check_variables(scope, service, &words, verdicts);
        }
        match (has_command, found) {
            (_, true) => {}
            (true, false) => verdicts.satisfied(service),
            (false, false) => verdicts.not_applicable(service, "has no command of its own"),
        }
    }
}

/// A string as YAML has it, before Compose works on it, with the way back to its bytes.
struct Written {
    text: String,
    offsets: Vec<u32>,
    scalar: Span,
}

impl Written {
    fn of(scope: &Scope<'_>, scalar: Span) -> Option<Self> {
        let source = scope.files.text(scalar);
        let stream = yaml::parse(&source, scalar.file);
        let document = stream.documents.first()?;
        let Kind::Scalar(value) = &document.node(document.root()?).kind else { return None };
        let text = value.text.to_string();
        let offsets = Aligner::without_variables(&source).offsets(&text);
        Some(Self { text, offsets, scalar })
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let offset = |at: usize| self.offsets.get(at).or(self.offsets.last()).copied().unwrap_or(0);
        let from = self.scalar.start.saturating_add(offset(start)).min(self.scalar.end);
        let to = self.scalar.start.saturating_add(offset(end.saturating_sub(1))).saturating_add(1);
        Span::new(self.scalar.file, from, to.clamp(from, self.scalar.end))
    }

    fn place(&self, node: NodeRef<'_>, start: usize, end: usize) -> Place {
        let mut place = Place::from(node);
        if let Place::At { span, .. } = &mut place {
            *span = self.span(start, end);
        }
        place
    }
}

fn check_string(
    scope: &Scope<'_>,
    service: &Service<'_>,
    path: &str,
    attribute: NodeRef<'_>,
    verdicts: &mut Verdicts<'_>,
) -> bool {
    let Some(written) = Written::of(scope, attribute.origin().span) else { return false };
    let (own, shell_word) = shell_word(service, path);
    let losses = losses(&written.text, shell_word, own);
    for loss in &losses {
        let (start, end) = (loss.range().start, loss.range().end);
        let place = written.place(attribute, start, end);
        let shown = written.text.get(start..end).unwrap_or_default().trim();
        match loss {
            Loss::Dropped { is_harmless, .. } => {
                let is_all = written.text.get(end..).is_none_or(|rest| rest.trim().is_empty());
                let more = if is_all { "" } else { " and what follows" };
                let draft = verdicts.violation(
                    service,
                    place,
                    format!("`{shown}`{more} is dropped: Compose runs no shell for a command"),
                );
                draft.help("write `[\"sh\", \"-c\", \"…\"]`");
                if *is_harmless {
                    draft.severity(Severity::Low).help("leave it out: the engine collects both outputs");
                    continue;
                }
                if !written.text.contains('\n') && shell_word.is_none() {
                    let text = written.text.replace('\\', "\\\\").replace('"', "\\\"");
                    let value = format!("[\"sh\", \"-c\", \"{text}\"]");
                    let is_whole = attribute.origin().span.file == service.key.file;
                    if is_whole && start_of(scope, attribute) {
                        let edit = Edit { span: attribute.origin().span, replacement: value };
                        draft.fix(Safety::Unsafe, "run it in a shell", Repair::Edits(vec![edit]));
                    }
                }
            }
            Loss::Backslash { .. } => {
                verdicts
                    .violation(
                        service,
                        place,
                        format!("`{shown}` loses its backslash when Compose splits the command"),
                    )
                    .help("write the command as a list, or double the backslash");
            }
            Loss::Continuation { in_quotes, .. } => {
                let message = match in_quotes {
                    true => {
                        "continuation of the line is lost: the shell gets a line break in the middle of a command"
                    }
                    false => "backslash at the end of a line becomes part of an argument",
                };
                verdicts
                    .violation(service, place, message)
                    .help("leave the backslash out in a folded block (`>`), or write the command as a list");
            }
            Loss::InnerQuotes { is_harmless, .. } => {
                let draft = verdicts.violation(
                    service,
                    place,
                    "inner quotes end the quoted text: Compose takes them away",
                );
                draft.help(
                    "escape them (`\\\"`), use the other kind of quote, or write the command as a list",
                );
                if *is_harmless {
                    draft.severity(Severity::Low);
                }
            }
            Loss::Outside { .. } => {
                verdicts
                    .violation(
                        service,
                        place,
                        "shell runs only the first word: the rest becomes its parameters",
                    )
                    .help("put the whole script in quotes, or write the command as a list of `sh`, `-c` and the script");
            }
        }
    }
    !losses.is_empty()
}

/// Whether the attribute is a value of its own in the service, so that a list can stand in its place.
fn start_of(scope: &Scope<'_>, attribute: NodeRef<'_>) -> bool {
    let text = scope.files.text(attribute.origin().span);
    !text.starts_with(['|', '>']) && attribute.hops().next().is_none()
}

/// Which word of the string is the text of a shell, if any; and how many words of an entry point stand before it.
fn shell_word(service: &Service<'_>, path: &str) -> (usize, Option<usize>) {
    let texts =
        |path: &str| -> Vec<&str> { service.words(path).iter().filter_map(|node| node.as_str()).collect() };
    let before = if path == "command" { texts("entrypoint") } else { Vec::new() };
    let own = texts(path);
    // A script may be what the splitter has cut it to, so that nothing after `-c` is required.
    let all = [before.as_slice(), own.as_slice()].concat();
    let found = command::shell_text(&all).map(|found| found.index);
    (own.len(), found.and_then(|index| index.checked_sub(before.len())))
}

/// Variables of the shell that Compose has replaced by nothing.
fn check_variables(
    scope: &Scope<'_>,
    service: &Service<'_>,
    words: &[NodeRef<'_>],
    verdicts: &mut Verdicts<'_>,
) -> bool {
    let mut found = false;
    let mut seen: Vec<(Span, &str)> = Vec::new();
    for word in words {
        let span = word.origin().span;
        for hop in word.hops() {
            let Hop::Variable { name, set } = hop else { continue };
            let (is_unset, is_default) = (*set == VariableSource::Unset, *set == VariableSource::Default);
            if !(is_unset || is_default) || seen.contains(&(span, name)) {
                continue;
            }
            seen.push((span, name));
            let Some(written) = Written::of(scope, span) else { continue };
            let is_own = sets(&written.text, name);
            let is_in_environment = is_unset && has_variable(service, name);
            if !is_own && !is_in_environment {
                continue;
            }
            found = true;
            let range = reference(&written.text, name);
            let (start, end) = range.unwrap_or((0, written.text.len()));
            let message = match is_own {
                true => format!(
                    "`${name}` is a variable of the script, but Compose replaces it before the script runs"
                ),
                false => {
                    format!("`${name}` is a variable of the container, but Compose replaces it by nothing")
                }
            };
            let draft = verdicts.violation(service, written.place(*word, start, end), message);
            draft.help(format!("write `$${name}`"));
            if let Some((start, _)) = range {
                let at = written.span(start, start + 1);
                let at = Span::new(at.file, at.start, at.start);
                let edit = Edit { span: at, replacement: "$".to_owned() };
                draft.fix(Safety::Unsafe, format!("leave `${name}` to the shell"), Repair::Edits(vec![edit]));
            }
        }
    }
    found
}

/// Whether a script gives the variable a value itself.
fn sets(text: &str, name: &str) -> bool {
    let has = |text: &str| {
        assignments(&parse(text)).iter().any(|site| {
            site.assignment.name == name
                && matches!(
                    site.kind,
                    AssignmentKind::Plain
                        | AssignmentKind::Export
                        | AssignmentKind::Declaration
                        | AssignmentKind::Read
                        | AssignmentKind::Loop
                )
        })
    };
    if has(text) {
        return true;
    }
    // The text of `sh -c "…"` in a string.
    let words = hardpan_compose::syntax::shellwords::split(text).unwrap_or_default();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    command::shell_text(&words).is_some_and(|found| words.get(found.index).is_some_and(|text| has(text)))
}

/// Whether the container has the variable with a value that is not made of the same variable.
fn has_variable(service: &Service<'_>, name: &str) -> bool {
    service.environment().any(|(key, node)| {
        key == name
            && node.as_str().is_some_and(|value| !value.is_empty())
            && !node.hops().any(|hop| matches!(hop, Hop::Variable { name: other, .. } if &**other == name))
    })
}

/// Where the first unescaped reference to the variable stands.
fn reference(text: &str, name: &str) -> Option<(usize, usize)> {
    let mut at = 0;
    while let Some(next) = text.get(at..)?.find('$') {
        let start = at + next;
        let rest = &text[start..];
        if rest.starts_with("$$") {
            at = start + 2;
            continue;
        }
        match reference_length(rest) {
            Some(length) => {
                let inner = rest[1..length].trim_start_matches('{');
                let is_it = inner.strip_prefix(name).is_some_and(|rest| {
                    !rest.starts_with(|letter: char| letter == '_' || letter.is_ascii_alphanumeric())
                });
                if is_it {
                    return Some((start, start + length));
                }
                at = start + length;
            }
            None => at = start + 1,
        }
    }
    None
}
