//! What documents the inputs of a project: example env files, committed env files, README, scripts.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use hardpan_compose::{PathKind, VariableSource};

use super::raw;
use crate::Scope;
use crate::files::TextFile;

/// The texts that tell a newcomer what to provide.
#[derive(Debug)]
pub(super) struct Documentation {
    /// Example env files, the declared one first.
    pub(super) examples: Vec<Rc<TextFile>>,
    /// The variables in them, also those in commented lines.
    names: HashSet<String>,
    /// Texts that may mention a variable or file: README, scripts.
    texts: Vec<Rc<TextFile>>,
}

impl Documentation {
    /// Whether a variable is told of somewhere.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name) || self.mentions(name)
    }

    /// Whether an example env file has the variable.
    pub(super) fn is_in_example(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether some text has the word.
    pub(super) fn mentions(&self, word: &str) -> bool {
        !word.is_empty() && self.texts.iter().chain(&self.examples).any(|file| has_word(file.text(), word))
    }
}

/// The folders that belong to the project itself.
pub(super) fn folders(scope: &Scope<'_>) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    folders.insert(scope.root.trim_end_matches('/').to_owned());
    folders.insert(scope.project.working_dir().trim_end_matches('/').to_owned());
    for (id, _) in &scope.compose_files {
        folders.insert(raw::parent(scope.files.file(*id).path()).to_owned());
    }
    folders
}

/// How many scripts are read.
const SCRIPTS_MAX: usize = 100;

/// Reads what documents the inputs.
pub(super) fn documentation(scope: &Scope<'_>) -> Documentation {
    let mut examples = Vec::new();
    let mut texts = Vec::new();
    examples.extend(scope.files.read(&scope.absolute(&scope.policy.parameters.env_example)));
    for folder in folders(scope) {
        for (name, kind) in scope.files.list(&folder) {
            if kind == PathKind::Directory {
                continue;
            }
            let target = if is_example(&name) {
                &mut examples
            } else if name.to_ascii_lowercase().starts_with("readme") {
                &mut texts
            } else {
                continue;
            };
            if let Some(file) = scope.files.read(&format!("{folder}/{name}"))
                && !target.iter().any(|known| known.id == file.id)
            {
                target.push(file);
            }
        }
    }
    for path in committed_env_files(scope) {
        if let Some(file) = scope.files.read(&path)
            && !examples.iter().any(|known| known.id == file.id)
        {
            examples.push(file);
        }
    }
    texts.extend(scripts(scope));
    let names = examples.iter().flat_map(|file| names(file.text())).map(str::to_owned).collect();
    Documentation { examples, names, texts }
}

/// `.env.example`, `env.sample`, `default.env` and the like.
fn is_example(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = ["example", "sample", "template", "dist", "default"];
    name.contains("env") && words.iter().any(|word| name.contains(word)) && !name.ends_with(".yml")
}

/// The env files that were read and that lie in the repository for all to see: `.env` only if it is not ignored.
fn committed_env_files(scope: &Scope<'_>) -> BTreeSet<String> {
    let ids: HashSet<_> = scope
        .environment
        .iter()
        .filter_map(|(.., source)| match source {
            VariableSource::File(span) => Some(span.file),
            _ => None,
        })
        .collect();
    let paths = ids.into_iter().map(|id| scope.files.file(id).path().to_owned());
    paths.filter(|path| raw::file_name(path) != ".env" || !is_ignored(scope, path)).collect()
}

/// Whether a `.gitignore` beside the file or at the root has a line for it.
fn is_ignored(scope: &Scope<'_>, path: &str) -> bool {
    let name = raw::file_name(path);
    let places = [raw::parent(path), scope.root.trim_end_matches('/')];
    places.iter().filter_map(|folder| scope.files.read(&format!("{folder}/.gitignore"))).any(|file| {
        file.text().lines().any(|line| {
            let line = line.trim().trim_start_matches("**/").trim_start_matches('/');
            line == name || line == "*.env" || line == ".env*"
        })
    })
}

/// Scripts of the root and of the usual folders.
pub(super) fn scripts(scope: &Scope<'_>) -> Vec<Rc<TextFile>> {
    let root = scope.root.trim_end_matches('/');
    let mut found = Vec::new();
    for folder in
        [root.to_owned(), format!("{root}/scripts"), format!("{root}/script"), format!("{root}/bin")]
    {
        for (name, kind) in scope.files.list(&folder) {
            let is_script = [".sh", ".bash", ".ps1", ".py"].iter().any(|ending| name.ends_with(ending))
                || matches!(name.as_str(), "Makefile" | "makefile" | "justfile" | "Justfile")
                || (!name.contains('.') && folder != root);
            if kind == PathKind::File && is_script && found.len() < SCRIPTS_MAX {
                found.extend(scope.files.read(&format!("{folder}/{name}")));
            }
        }
    }
    found
}

/// The variables of an env file, also those that are commented out.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_start().trim_start_matches('#').trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let is_set = line[end..].trim_start().starts_with(['=', ':']);
        (end > 0 && is_set).then_some(&line[..end])
    })
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::{has_word, is_example, names};

    #[test]
    fn example_files_by_name() {
        for name in [".env.example", "env.sample", ".env.template", "default.env", "example.env", ".env.dist"]
        {
            assert!(is_example(name), "{name}");
        }
        for name in [".env", ".env.local", "example.yml", "compose.yaml", "environment.env.yml"] {
            assert!(!is_example(name), "{name}");
        }
    }

    #[test]
    fn variables_of_an_example() {
        let text = "# Title of a section\nA=1\n#B=2\n  export C = x\nnot a line\n# D: explained\n=x\n";
        assert_eq!(names(text).collect::<Vec<_>>(), ["A", "B", "C", "D"]);
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("set DB_HOST first", "DB_HOST"));
        assert!(!has_word("set DB_HOSTNAME first", "DB_HOST"));
    }
}
