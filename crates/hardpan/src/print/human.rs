//! Diagnostics for people, on standard error.

use hardpan_compose::Loaded;
use hardpan_diag::Diagnostic;
use hardpan_report::{Renderer, Sources};

/// Prints all diagnostics of a load, and a line that counts them.
/// Paths below `current_dir` are shown relative to it, as they would be typed.
pub(crate) fn diagnostics(loaded: &Loaded, current_dir: &str) {
    if !loaded.diagnostics.as_slice().is_empty() {
        super::line_to_stderr(&text(loaded, current_dir, &Renderer::styled()));
    }
}

/// All diagnostics of a load with empty lines between them, and a line that counts them.
pub(crate) fn text(loaded: &Loaded, current_dir: &str, renderer: &Renderer) -> String {
    let sources = Sources { files: &loaded.files, masked: &loaded.masked, current_dir };
    let all = loaded.diagnostics.as_slice();
    hardpan_report::diagnostics(&sources, all, "the project cannot be loaded", renderer)
}

/// Prints what is wrong with a file that is no Compose file, and what follows from it.
pub(crate) fn problems(sources: &Sources<'_>, all: &[Diagnostic], consequence: &str) {
    if !all.is_empty() {
        let text = hardpan_report::diagnostics(sources, all, consequence, &Renderer::styled());
        super::line_to_stderr(&text);
    }
}
