//! Excerpts of files: the lines with a mark and their neighbours, masked where they may hold secrets.

use annotate_snippets::{Annotation, AnnotationKind, Group, Snippet};
use hardpan_diag::Label;
use hardpan_source::Span;

use crate::{Sources, secrets};

/// Labels of one file further apart than this are shown as two excerpts.
const GAP_LINES_MAX: u32 = 30;

/// The lines of one file that are shown together.
pub(crate) struct Excerpt<'l> {
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

/// The excerpts that show these labels, the primary one first. Only lines with a mark and what lies between are taken,
/// so that a large file costs nothing.
pub(crate) fn excerpts<'l>(
    sources: &Sources<'l>,
    primary: Option<&'l Label>,
    related: impl Iterator<Item = &'l Label>,
) -> Vec<Excerpt<'l>> {
    let primary = primary.into_iter().map(|label| (label, true));
    let related = related.map(|label| (label, false));
    let mut clusters: Vec<Cluster<'l>> = Vec::new();
    for (label, is_primary) in primary.chain(related) {
        let line = sources.files.get(label.span.file).line_column(label.span.start).line;
        let near = clusters.iter_mut().find(|(labels, first, last)| {
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
            None => clusters.push((vec![(label, is_primary)], line, line)),
        }
    }
    clusters.into_iter().map(|(labels, ..)| excerpt(sources, &labels)).collect()
}

/// Adds the excerpts to what is shown.
pub(crate) fn show<'l>(mut group: Group<'l>, excerpts: &'l [Excerpt<'l>]) -> Group<'l> {
    for excerpt in excerpts {
        let snippet = Snippet::source(excerpt.text.as_str())
            .path(excerpt.path)
            .line_start(excerpt.first_line)
            .annotations(excerpt.marks.iter().map(annotation));
        group = group.element(snippet);
    }
    group
}

fn annotation<'l>(mark: &'l Mark<'l>) -> Annotation<'l> {
    let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
    let annotation = kind.span(mark.range.clone());
    if mark.label.is_empty() { annotation } else { annotation.label(mark.label) }
}

fn excerpt<'l>(sources: &Sources<'l>, labels: &[(&'l Label, bool)]) -> Excerpt<'l> {
    let id = labels[0].0.span.file;
    let file = sources.files.get(id);
    let text = file.text();
    let spans: Vec<Span> = labels.iter().map(|(label, _)| shortened(text, label.span)).collect();
    let start = spans.iter().map(|span| span.start as usize).min().unwrap_or(0);
    let end = spans.iter().map(|span| span.end as usize).max().unwrap_or(0);
    let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let to = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let shown = &text[from..to];
    let is_masked = sources.masked.contains(&id);
    let shown = if is_masked { secrets::keys_only(shown) } else { secrets::masked(&text[..from], shown) };
    Excerpt {
        path: sources.short_path(id),
        text: printable(&shown),
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
