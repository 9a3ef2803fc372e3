//! House rules that neither rustfmt nor clippy knows, checked over every file of the repository.
//!
//! Each rule is a small function from one file's text to complaints, so that its test needs no file. A complaint names
//! the file, the line and what to do.

mod links;
mod text;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// One text file of the repository.
struct File<'a> {
    /// Path relative to the root, with forward slashes.
    name: &'a str,
    text: &'a str,
}

impl File<'_> {
    fn extension(&self) -> &str {
        Path::new(self.name).extension().and_then(|extension| extension.to_str()).unwrap_or_default()
    }

    /// True for test data, whose every byte may be the point: fixtures, fuzz corpora, snapshots, and files that
    /// other programs write.
    fn is_data(&self) -> bool {
        self.name.ends_with(".lock")
            || self.name.starts_with("docs/reference/")
            || self.name.split('/').any(|part| matches!(part, "fixtures" | "corpus" | "snapshots"))
    }
}

/// `cargo xtask tidy`
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    let names = workspace.files()?;
    let mut complaints = Vec::new();
    let mut count = 0;
    for path in &names {
        let Some(name) = path.to_str() else {
            complaints.push(format!("{}: a file name must be text", path.display()));
            continue;
        };
        let bytes = fs::read(workspace.root.join(path)).with_context(|| format!("reading {name}"))?;
        // What is not text has no lines to complain about.
        let Ok(content) = String::from_utf8(bytes) else { continue };
        let file = File { name, text: &content };
        count += 1;
        text::check(&file, &mut complaints);
        links::check(&file, &|target| workspace.root.join(target).exists(), &mut complaints);
    }
    if !names.iter().any(|name| name == Path::new("CHANGELOG.md")) {
        complaints.push("CHANGELOG.md: is missing".into());
    }
    if !complaints.is_empty() {
        bail!("{} complaint(s):\n  {}", complaints.len(), complaints.join("\n  "));
    }
    println!("tidy: {count} files in order");
    Ok(())
}
