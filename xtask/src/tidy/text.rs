//! Rules over the lines of a single file.

use super::File;

/// A longer file hides a seam. Tables and data that grow by nature are listed with the reason.
const LINES_MAX: usize = 700;
const LONG_FILES: [(&str, &str); 1] = [("CHANGELOG.md", "grows with every release")];

/// File types whose comments are ours. In prose the same words may be the subject.
const CODE: [&str; 6] = ["rs", "toml", "sh", "py", "just", "yml"];

/// Registries of packages, each as parts that are joined with dots, so that this list does not break its own rule.
const REGISTRY_HOSTS: [&[&str]; 11] = [
    &["deb", "debian", "org"],
    &["snapshot", "debian", "org"],
    &["index", "crates", "io"],
    &["static", "crates", "io"],
    &["pypi", "org"],
    &["files", "pythonhosted", "org"],
    &["registry", "npmjs", "org"],
    &["proxy", "golang", "org"],
    &["sum", "golang", "org"],
    &["repo1", "maven", "org"],
    &["repo", "maven", "apache", "org"],
];

/// Folders that exist on one machine only, as parts for the same reason.
const MACHINE_FOLDERS: [&str; 3] = ["work", "root", "farm"];

/// Applies every rule of this file.
pub(super) fn check(file: &File<'_>, complaints: &mut Vec<String>) {
    let mut complain = |line: usize, what: &str| complaints.push(format!("{}:{line}: {what}", file.name));
    if !file.is_data() {
        whitespace(file, &mut complain);
        length(file, &mut complain);
        module_doc(file, &mut complain);
        notes(file, &mut complain);
    }
    if !file.name.ends_with(".lock") {
        places(file, &mut complain);
    }
    if file.name == "CHANGELOG.md" && !file.text.lines().any(|line| line.trim() == "## [Unreleased]") {
        complain(1, "there is no section `## [Unreleased]`");
    }
}

fn whitespace(file: &File<'_>, complain: &mut impl FnMut(usize, &str)) {
    for (index, line) in file.text.split('\n').enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            complain(index + 1, "white space at the end of the line");
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        complain(file.text.lines().count(), "the last line does not end");
    }
}

fn length(file: &File<'_>, complain: &mut impl FnMut(usize, &str)) {
    let lines = file.text.lines().count();
    let exempt = LONG_FILES.iter().any(|(name, _)| *name == file.name);
    if lines > LINES_MAX && !exempt && matches!(file.extension(), "rs" | "md" | "py" | "sh") {
        complain(LINES_MAX, &format!("{lines} lines, at most {LINES_MAX}: look for a seam"));
    }
}

fn module_doc(file: &File<'_>, complain: &mut impl FnMut(usize, &str)) {
    let is_module = file.extension() == "rs" && file.name.split('/').any(|part| part == "src");
    let documented =
        file.text.lines().find(|line| !line.trim().is_empty()).is_some_and(|l| l.starts_with("//!"));
    if is_module && !documented {
        complain(1, "a module begins with its doc: `//!`, what it is for and what it is not");
    }
}

fn notes(file: &File<'_>, complain: &mut impl FnMut(usize, &str)) {
    let script = file.extension().is_empty() && file.text.starts_with("#!");
    if !CODE.contains(&file.extension()) && !script {
        return;
    }
    let (later, broken, debug) = (concat!("TO", "DO"), concat!("FIX", "ME"), concat!("db", "g!("));
    for (index, line) in file.text.lines().enumerate() {
        if has_word(line, broken) {
            complain(index + 1, &format!("`{broken}` does not survive a merge"));
        }
        if has_word(line, later) && !has_issue_number(line, later) {
            complain(index + 1, &format!("`{later}` needs an issue number: `{later}(#12)`"));
        }
        if line.contains(debug) {
            complain(index + 1, "a debugging print does not survive a merge");
        }
    }
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let free = |character: Option<char>| character.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        free(line[..at].chars().next_back()) && free(line[at + word.len()..].chars().next())
    })
}

fn has_issue_number(line: &str, word: &str) -> bool {
    line.split(word)
        .nth(1)
        .and_then(|rest| rest.strip_prefix("(#"))
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn places(file: &File<'_>, complain: &mut impl FnMut(usize, &str)) {
    for (index, line) in file.text.lines().enumerate() {
        if MACHINE_FOLDERS.iter().any(|folder| names_folder(line, folder)) {
            complain(index + 1, "names a folder of one machine");
        }
        let lower = line.to_ascii_lowercase();
        if let Some(host) =
            REGISTRY_HOSTS.iter().map(|parts| parts.join(".")).find(|host| lower.contains(host))
        {
            complain(index + 1, &format!("names a package registry ({host})"));
        }
    }
}

/// True for an absolute path below the folder; `a/work/b` and `https://x/work/` are other things.
fn names_folder(line: &str, folder: &str) -> bool {
    let pattern = format!("/{folder}/");
    line.match_indices(&pattern).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + pattern.len()..].chars().next();
        before.is_none_or(|c| !c.is_alphanumeric() && !"._-}*".contains(c))
            && after.is_some_and(|c| c.is_ascii_lowercase() || c == '.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(name: &str, text: &str, expected: &[&str]) {
        let mut complaints = Vec::new();
        check(&File { name, text }, &mut complaints);
        assert_eq!(complaints, expected, "{name}: {text:?}");
    }

    #[test]
    fn a_note_for_later_needs_an_issue() {
        let later = concat!("TO", "DO");
        check_text("a.sh", &format!("# {later}(#12): faster\n"), &[]);
        check_text(
            "a.sh",
            &format!("# {later}: faster\n"),
            &[&format!("a.sh:1: `{later}` needs an issue number: `{later}(#12)`")],
        );
        check_text("a.md", &format!("The word {later} in prose.\n"), &[]);
    }

    #[test]
    fn a_module_without_a_doc_is_named() {
        check_text(
            "crates/a/src/lib.rs",
            "fn a() {}\n",
            &[
                "crates/a/src/lib.rs:1: a module begins with its doc: `//!`, what it is for and what it is not",
            ],
        );
        check_text("crates/a/tests/b.rs", "fn a() {}\n", &[]);
    }

    #[test]
    fn white_space_at_the_end_is_named_but_not_in_fixtures() {
        check_text("a.md", "one \n", &["a.md:1: white space at the end of the line"]);
        check_text("a.md", "one", &["a.md:1: the last line does not end"]);
        check_text("crates/a/fixtures/a.env", "A=1 \r\nB=2", &[]);
    }

    #[test]
    fn machine_folders_and_registries_are_named() {
        let path = ["", "work", "main"].join("/");
        check_text("a.md", &format!("see {path}\n"), &["a.md:1: names a folder of one machine"]);
        check_text("a.md", &format!("see frame{path}\n"), &[]);
        let host = ["pypi", "org"].join(".");
        check_text(
            "a.md",
            &format!("see {host}\n"),
            &[&format!("a.md:1: names a package registry ({host})")],
        );
    }

    #[test]
    fn the_changelog_has_an_unreleased_section() {
        check_text("CHANGELOG.md", "## [Unreleased]\n", &[]);
        check_text(
            "CHANGELOG.md",
            "## [1.0.0]\n",
            &["CHANGELOG.md:1: there is no section `## [Unreleased]`"],
        );
    }
}
