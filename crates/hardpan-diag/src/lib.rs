//! What hardpan has to say about a project: diagnostics as data, and the exit-code table. No rendering here.

mod diagnostic;
mod exit;
mod suggest;

pub use diagnostic::{Code, Diagnostic, Diagnostics, Label, Severity};
pub use exit::Exit;
pub use suggest::did_you_mean;
