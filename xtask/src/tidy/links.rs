//! Links in Markdown pages to files of the repository must lead somewhere.

use std::path::{Component, Path, PathBuf};

use super::File;

/// Complains of every relative link whose target does not exist. Addresses on the web are not followed: the gate has
/// no business with other people's servers.
pub(super) fn check(file: &File<'_>, exists: &dyn Fn(&Path) -> bool, complaints: &mut Vec<String>) {
    if file.extension() != "md" || file.is_data() {
        return;
    }
    let folder = Path::new(file.name).parent().unwrap_or(Path::new(""));
    let mut fenced = false;
    for (index, line) in file.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for target in targets(line) {
            let path = target.split(['#', '?']).next().unwrap_or_default();
            if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
                continue;
            }
            let resolved = match path.strip_prefix('/') {
                Some(from_root) => Some(PathBuf::from(from_root)),
                None => normalise(&folder.join(path)),
            };
            if !resolved.is_some_and(|resolved| exists(&resolved)) {
                complaints.push(format!("{}:{}: the link to `{path}` leads nowhere", file.name, index + 1));
            }
        }
    }
}

/// What stands in `](…)` outside of code spans.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    // Every second piece between backticks is code.
    line.split('`').step_by(2).flat_map(|prose| {
        prose.split("](").skip(1).filter_map(|rest| {
            let end = rest.find(')')?;
            rest[..end].split_whitespace().next()
        })
    })
}

/// Resolves `..` in the text; a link that leaves the repository has no target in it.
fn normalise(path: &Path) -> Option<PathBuf> {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                if !result.pop() {
                    return None;
                }
            }
            Component::CurDir => {}
            other => result.push(other),
        }
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_page(name: &str, text: &str, expected: &[&str]) {
        let mut complaints = Vec::new();
        let exists = |path: &Path| path == Path::new("README.md") || path == Path::new("docs/adr/0001-a.md");
        check(&File { name, text }, &exists, &mut complaints);
        assert_eq!(complaints, expected, "{text:?}");
    }

    #[test]
    fn links_are_resolved_from_the_page() {
        check_page("docs/a.md", "[up](../README.md#top) [down](adr/0001-a.md) [root](/README.md)\n", &[]);
        check_page("docs/a.md", "[x](README.md)\n", &["docs/a.md:1: the link to `README.md` leads nowhere"]);
        check_page("a.md", "[x](../README.md)\n", &["a.md:1: the link to `../README.md` leads nowhere"]);
    }

    #[test]
    fn the_web_and_code_are_left_alone() {
        check_page("a.md", "[x](https://example.org/a) [y](#here) `[z](gone.md)`\n", &[]);
        check_page("a.md", "```\n[z](gone.md)\n```\n", &[]);
    }
}
