//! The resolver's diagnostics for people: the message, an excerpt of the file, related places, and what to do.

use annotate_snippets::{Group, Level, Renderer};
use hardpan_diag::{Diagnostic, Severity};

use crate::{Sources, excerpt};

/// More than this nobody reads; the summary counts the rest.
const PRINTED_MAX: usize = 200;

/// How many related places are shown: a cycle of ten thousand services is understood from its beginning.
const RELATED_MAX: usize = 30;

/// All diagnostics of a load with empty lines between them, and a line that counts them and says what follows from
/// errors, as in `the project cannot be loaded`.
/// Paths below the current folder are shown relative to it, as they would be typed.
#[must_use]
pub fn diagnostics(
    sources: &Sources<'_>,
    all: &[Diagnostic],
    consequence: &str,
    renderer: &Renderer,
) -> String {
    let shown = all.iter().take(PRINTED_MAX);
    let mut text: String = shown.map(|one| render(sources, one, renderer) + "\n\n").collect();
    text.push_str(&summary(all, consequence));
    text
}

fn summary(all: &[Diagnostic], consequence: &str) -> String {
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
        text.push_str(": ");
        text.push_str(consequence);
    }
    text
}

pub(crate) fn render(sources: &Sources<'_>, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let related = diagnostic.related.iter().take(RELATED_MAX);
    let excerpts = excerpt::excerpts(sources, diagnostic.primary.as_ref(), related);
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.0);
    let mut group = excerpt::show(Group::with_title(title), &excerpts);
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    if let Some(note) = &diagnostic.note {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    renderer.render(&[group])
}
