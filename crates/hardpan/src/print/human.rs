//! Diagnostics for people: the message, an excerpt of the file, related places, and what to do.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use hardpan_compose::Loaded;
use hardpan_diag::{Diagnostic, Label, Severity};
use hardpan_source::Span;

/// Prints all diagnostics of a load, and a line that counts them.
/// Paths below `current_dir` are shown relative to it, as they would be typed.
pub(crate) fn diagnostics(loaded: &Loaded, current_dir: &str) {
    if !loaded.diagnostics.as_slice().is_empty() {
        super::line_to_stderr(&text(loaded, current_dir, &Renderer::styled()));
    }
}

/// All diagnostics of a load with empty lines between them, and a line that counts them.
pub(crate) fn text(loaded: &Loaded, current_dir: &str, renderer: &Renderer) -> String {
    let base = format!("{}/", current_dir.trim_end_matches('/'));
    let all = loaded.diagnostics.as_slice();
    let shown = all.iter().take(PRINTED_MAX);
    let mut text: String = shown.map(|one| render(loaded, &base, one, renderer) + "\n\n").collect();
    text.push_str(&summary(all));
    text
}

/// More than this nobody reads; the summary counts the rest.
const PRINTED_MAX: usize = 200;

fn summary(all: &[Diagnostic]) -> String {
    let count = |severity| all.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let mut text = match (errors, warnings) {
        (0, warnings) => plural(warnings, "warning"),
        (errors, 0) => plural(errors, "error"),
        (errors, warnings) => format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
    };
    if all.len() > PRINTED_MAX {
        text.push_str(&format!(" ({} not shown)", all.len() - PRINTED_MAX));
    }
    if errors > 0 {
        text.push_str(": the project cannot be loaded");
    }
    text
}

fn render(loaded: &Loaded, base: &str, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let excerpts = Excerpts::new(loaded, diagnostic);
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.0);
    let mut group = Group::with_title(title);
    for excerpt in &excerpts.files {
        let mut snippet = Snippet::source(excerpt.text.as_str())
            .path(excerpt.path.strip_prefix(base).unwrap_or(excerpt.path))
            .line_start(excerpt.first_line);
        for mark in &excerpt.marks {
            let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let mut annotation = kind.span(mark.range.clone());
            if !mark.label.is_empty() {
                annotation = annotation.label(mark.label);
            }
            snippet = snippet.annotation(annotation);
        }
        group = group.element(snippet);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    if let Some(note) = &diagnostic.note {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    renderer.render(&[group])
}

/// The lines to show, by file: only those with a mark and their neighbours, so that a large file costs nothing.
struct Excerpts<'l> {
    files: Vec<Excerpt<'l>>,
}

struct Excerpt<'l> {
    path: &'l str,
    text: String,
    first_line: usize,
    marks: Vec<Mark<'l>>,
}

struct Mark<'l> {
    range: std::ops::Range<usize>,
    label: &'l str,
    primary: bool,
}

/// Labels that are shown together, each with whether it is the primary one, and their first and last line.
type Cluster<'l> = (Vec<(&'l Label, bool)>, u32, u32);

/// How many related places are shown: a cycle of ten thousand services is understood from its beginning.
const RELATED_MAX: usize = 30;

/// Labels of one file further apart than this are shown as two excerpts.
const GAP_LINES_MAX: u32 = 30;

impl<'l> Excerpts<'l> {
    fn new(loaded: &'l Loaded, diagnostic: &'l Diagnostic) -> Self {
        let primary = diagnostic.primary.iter().map(|label| (label, true));
        let related = diagnostic.related.iter().take(RELATED_MAX).map(|label| (label, false));
        let mut files: Vec<Cluster<'_>> = Vec::new();
        for (label, is_primary) in primary.chain(related) {
            let file = loaded.files.get(label.span.file);
            let line = file.line_column(label.span.start).line;
            let near = files.iter_mut().find(|(labels, first, last)| {
                labels[0].0.span.file == label.span.file
                    && line + GAP_LINES_MAX >= *first
                    && line <= *last + GAP_LINES_MAX
            });
            match near {
                Some((labels, first, last)) => {
                    labels.push((label, is_primary));
                    *first = line.min(*first);
                    *last = line.max(*last);
                }
                None => files.push((vec![(label, is_primary)], line, line)),
            }
        }
        let files = files.into_iter().map(|(labels, ..)| excerpt(loaded, &labels)).collect();
        Self { files }
    }
}

fn excerpt<'l>(loaded: &'l Loaded, labels: &[(&'l Label, bool)]) -> Excerpt<'l> {
    let file = loaded.files.get(labels[0].0.span.file);
    let text = file.text();
    let spans: Vec<Span> = labels.iter().map(|(label, _)| shortened(text, label.span)).collect();
    let start = spans.iter().map(|span| span.start as usize).min().unwrap_or(0);
    let end = spans.iter().map(|span| span.end as usize).max().unwrap_or(0);
    let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let to = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let shown = &text[from..to];
    let masked = loaded.masked.contains(&labels[0].0.span.file);
    Excerpt {
        path: file.path(),
        text: if masked { mask(shown) } else { printable(shown) },
        first_line: file.line_column(u32::try_from(from).unwrap_or(u32::MAX)).line as usize,
        marks: labels
            .iter()
            .zip(&spans)
            .map(|((label, primary), span)| Mark {
                range: span.start as usize - from..span.end as usize - from,
                label: &label.text,
                primary: *primary,
            })
            .collect(),
    }
}

/// A mark covers one line at most: the first of a long value says enough.
fn shortened(text: &str, span: Span) -> Span {
    let covered = &text[span.start as usize..span.end as usize];
    match covered.find('\n') {
        Some(at) => Span { end: span.start + u32::try_from(at).unwrap_or(0), ..span },
        None => span,
    }
}

/// Control characters would move the cursor; they are shown as a replacement of the same length in bytes.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_control() && !matches!(c, '\n' | '\t') { ' ' } else { c }).collect()
}

/// Values of env files may be secrets: only names are shown. The length in bytes stays, so that marks still fit.
fn mask(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| match line.find(['=', ':']) {
            Some(at) => format!("{}{}", &line[..=at], "*".repeat(line.len() - at - 1)),
            None => "*".repeat(line.len()),
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_env_files_are_masked() {
        assert_eq!(mask("A=secret\nB: x\nrest of a value"), "A=******\nB:**\n***************");
    }
}
