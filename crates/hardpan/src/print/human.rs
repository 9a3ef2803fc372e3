//! Diagnostics for people, on standard error.

use hardpan_compose::Loaded;
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
    hardpan_report::diagnostics(&sources, loaded.diagnostics.as_slice(), renderer)
}
