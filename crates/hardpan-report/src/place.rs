//! Places for programs: relative paths, and regions in lines and columns.

use hardpan_source::{FileId, Span};
use serde::Serialize;

use crate::Sources;

/// A range of a file. Lines and columns count from 1, columns in characters; the end is one past the last character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Region {
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// One past the last column.
    pub end_column: u32,
}

/// A range of a file with the file's path, relative to the current folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The path.
    pub file: String,
    /// The range.
    #[serde(flatten)]
    pub region: Region,
}

impl<'s> Sources<'s> {
    pub(crate) fn region(&self, span: Span) -> Region {
        let file = self.files.get(span.file);
        let (start, end) = (file.line_column(span.start), file.line_column(span.end));
        Region { line: start.line, column: start.column, end_line: end.line, end_column: end.column }
    }

    pub(crate) fn position(&self, span: Span) -> Position {
        Position { file: self.path(span.file), region: self.region(span) }
    }

    /// The path of a file relative to the current folder.
    pub(crate) fn path(&self, file: FileId) -> String {
        relative(self.current_dir, self.files.get(file).path())
    }

    /// The path as a person would type it: relative below the current folder, else absolute.
    pub(crate) fn short_path(&self, file: FileId) -> &'s str {
        let path = self.files.get(file).path();
        let rest = path.strip_prefix(self.current_dir.trim_end_matches('/'));
        rest.and_then(|rest| rest.strip_prefix('/')).unwrap_or(path)
    }
}

/// The way from one folder to a path, both absolute or both relative to the same folder; `.` for the folder itself.
/// What is no path, such as `<stdin>`, stays as it is.
#[must_use]
pub fn relative(folder: &str, path: &str) -> String {
    if path.starts_with('/') != folder.starts_with('/') || path.starts_with('<') {
        return path.to_owned();
    }
    let parts = |path: &'_ str| -> Vec<String> {
        let mut parts: Vec<String> = Vec::new();
        for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
            match (part, parts.last().map(String::as_str)) {
                ("..", Some(last)) if last != ".." => drop(parts.pop()),
                _ => parts.push(part.to_owned()),
            }
        }
        parts
    };
    let (folder, path) = (parts(folder), parts(path));
    let common = folder.iter().zip(&path).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", folder.len() - common);
    let way: Vec<&str> = up.chain(path[common..].iter().map(String::as_str)).collect();
    if way.is_empty() { ".".to_owned() } else { way.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_a_folder() {
        assert_eq!(relative("/a/b", "/a/b/c/d.yml"), "c/d.yml");
        assert_eq!(relative("/a/b", "/a/x.yml"), "../x.yml");
        assert_eq!(relative("/a/b", "/a/b"), ".");
        assert_eq!(relative("/", "/a"), "a");
        assert_eq!(relative("/a", "<stdin>"), "<stdin>");
        assert_eq!(relative("x/y", "x/z/f"), "../z/f");
        assert_eq!(relative(".", "x/./y/../f"), "x/f");
    }
}
