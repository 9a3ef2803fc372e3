//! The Git repository around a project: what it ignores and what it tracks.
//!
//! Everything is read from files, so what only Git itself knows (global ignore files) is not known here.

use hardpan_compose::syntax::path::join_paths;
use std::collections::HashMap;
use std::rc::Rc;

use hardpan_compose::PathKind;

use crate::Scope;
use crate::files::TextFile;

/// A folder with a repository, or at least with an ignore file.
pub(super) struct Repository {
    /// Its root.
    root: String,
    /// The sizes of the tracked files by their path below the root; none where there is no index to read.
    tracked: Option<HashMap<String, u32>>,
    /// The ignore files of folders that were asked about.
    exclude: Option<Rc<TextFile>>,
}

/// How many folders above the project are searched: people keep Compose files deep in a repository, but not deeper.
const ABOVE_MAX: usize = 4;
/// The largest index that is read: half a million files.
const INDEX_BYTES_MAX: u64 = 64 << 20;

impl Repository {
    /// The repository that a project is in; where there is none, the topmost folder with an ignore file.
    pub(super) fn find(scope: &Scope<'_>) -> Option<Self> {
        let mut ignoring = None;
        let mut folder = scope.root.trim_end_matches('/');
        for _ in 0..=ABOVE_MAX {
            let git = format!("{folder}/.git");
            let directory = match scope.files.kind(&git) {
                Some(PathKind::Directory) => Some(git),
                Some(PathKind::File) => linked_directory(scope, folder, &git),
                None => None,
            };
            if let Some(directory) = directory {
                let bytes = scope.files.bytes(&format!("{directory}/index"), INDEX_BYTES_MAX);
                return Some(Self {
                    root: folder.to_owned(),
                    // A repository without an index tracks nothing yet.
                    tracked: bytes.map_or_else(|| Some(HashMap::new()), |bytes| parse_index(&bytes)),
                    exclude: scope.files.read(&format!("{directory}/info/exclude")),
                });
            }
            if scope.files.kind(&format!("{folder}/.gitignore")) == Some(PathKind::File) {
                ignoring = Some(folder.to_owned());
            }
            folder = match folder.rsplit_once('/') {
                Some((parent, _)) if !parent.is_empty() => parent,
                _ => break,
            };
        }
        ignoring.map(|root| Self { root, tracked: None, exclude: None })
    }

    /// The path below the root; none for what lies outside.
    pub(super) fn relative<'t>(&self, path: &'t str) -> Option<&'t str> {
        path.strip_prefix(self.root.as_str())?.strip_prefix('/')
    }

    /// The size of the file when it was last added, if it is tracked. None also where nothing is known.
    pub(super) fn tracked_size(&self, path: &str) -> Option<u32> {
        self.tracked.as_ref()?.get(self.relative(path)?).copied()
    }

    /// Whether Git leaves the file out of the repository.
    pub(super) fn is_ignored(&self, scope: &Scope<'_>, path: &str) -> bool {
        let Some(relative) = self.relative(path) else { return true };
        // A folder that is ignored takes everything below it along, and nothing in it can be taken back.
        let ends = relative.match_indices('/').map(|(at, _)| at).chain([relative.len()]);
        ends.into_iter().any(|end| self.is_matched(scope, &relative[..end], end < relative.len()))
    }

    /// Whether the last pattern that matches this one path ignores it.
    fn is_matched(&self, scope: &Scope<'_>, relative: &str, is_folder: bool) -> bool {
        let mut ignored = false;
        let mut apply = |text: &str, below: &str| {
            for line in text.lines() {
                if let Some(negated) = matched_line(line, below, is_folder) {
                    ignored = !negated;
                }
            }
        };
        if let Some(exclude) = &self.exclude {
            apply(exclude.text(), relative);
        }
        let mut from = 0;
        loop {
            let folder = relative[..from].trim_end_matches('/');
            let separator = if folder.is_empty() { "" } else { "/" };
            if let Some(file) = scope.files.read(&format!("{}/{folder}{separator}.gitignore", self.root)) {
                apply(file.text(), &relative[from..]);
            }
            match relative[from..].find('/') {
                Some(at) => from += at + 1,
                None => break,
            }
        }
        ignored
    }
}

/// Worktrees and submodules have a file that says where their repository is.
fn linked_directory(scope: &Scope<'_>, folder: &str, git: &str) -> Option<String> {
    let file = scope.files.read(git)?;
    let path = file.text().strip_prefix("gitdir:")?.trim();
    Some(if path.starts_with('/') { path.to_owned() } else { join_paths(folder, path) })
}

/// Whether a line of an ignore file matches, and if so whether it is negated (gitignore(5)).
fn matched_line(line: &str, path: &str, is_folder: bool) -> Option<bool> {
    let line = line.trim_end_matches(['\r']);
    let line = if line.ends_with("\\ ") { line } else { line.trim_end_matches(' ') };
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (negated, pattern) = match line.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, line.strip_prefix('\\').filter(|rest| rest.starts_with(['#', '!'])).unwrap_or(line)),
    };
    let (pattern, only_folders) = match pattern.strip_suffix('/') {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    if pattern.is_empty() || only_folders && !is_folder {
        return None;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let (pattern, text) = match pattern.strip_prefix('/') {
        Some(rest) => (rest, path),
        None if pattern.contains('/') => (pattern, path),
        None => (pattern, name),
    };
    let mut steps = STEPS_MAX;
    matches(pattern.as_bytes(), text.as_bytes(), &mut steps).then_some(negated)
}

/// How many steps one match may take: patterns with many asterisks could take forever.
const STEPS_MAX: usize = 20_000;

fn matches(pattern: &[u8], text: &[u8], steps: &mut usize) -> bool {
    if *steps == 0 {
        return false;
    }
    *steps -= 1;
    match pattern {
        [] => text.is_empty(),
        // `**/` is any number of folders, `/**` everything below.
        [b'*', b'*', b'/', rest @ ..] => {
            matches(rest, text, steps)
                || text
                    .iter()
                    .enumerate()
                    .any(|(at, byte)| *byte == b'/' && matches(rest, &text[at + 1..], steps))
        }
        [b'*', b'*'] => !text.is_empty(),
        [b'*', rest @ ..] => {
            let end = text.iter().position(|byte| *byte == b'/').unwrap_or(text.len());
            (0..=end).any(|at| matches(rest, &text[at..], steps))
        }
        [b'?', rest @ ..] => matches!(text, [byte, ..] if *byte != b'/') && matches(rest, &text[1..], steps),
        [b'[', class @ ..] => {
            let Some((&byte, after)) = text.split_first() else { return false };
            match in_class(class, byte) {
                Some((true, len)) => byte != b'/' && matches(&class[len..], after, steps),
                Some((false, _)) => false,
                None => byte == b'[' && matches(class, after, steps),
            }
        }
        [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
            matches!(text, [first, ..] if first == byte) && matches(rest, &text[1..], steps)
        }
    }
}

/// Whether the byte is in the class whose `[` was just read, and how long the class is.
fn in_class(class: &[u8], byte: u8) -> Option<(bool, usize)> {
    let negated = matches!(class.first(), Some(b'!' | b'^'));
    let mut at = usize::from(negated);
    let first = at;
    let mut found = false;
    loop {
        match *class.get(at)? {
            b']' if at > first => return Some((found != negated, at + 1)),
            low => match (class.get(at + 1), class.get(at + 2)) {
                (Some(b'-'), Some(&high)) if high != b']' => {
                    found |= (low..=high).contains(&byte);
                    at += 3;
                }
                _ => {
                    found |= low == byte;
                    at += 1;
                }
            },
        }
    }
}

/// The paths and sizes of an index of version 2, 3 or 4 (gitformat-index(5)); none where it is something else.
fn parse_index(bytes: &[u8]) -> Option<HashMap<String, u32>> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let version = number(4)?;
    if bytes.get(..4)? != b"DIRC" || !(2..=4).contains(&version) {
        return None;
    }
    let count = number(8)? as usize;
    let mut found = HashMap::new();
    let mut path: Vec<u8> = Vec::new();
    let mut at = 12;
    for _ in 0..count {
        let size = number(at + 36)?;
        let flags = u16::from_be_bytes(bytes.get(at + 60..at + 62)?.try_into().ok()?);
        let mut name = at + 62;
        if version >= 3 && flags & 0x4000 != 0 {
            name += 2;
        }
        if version == 4 {
            let (strip, width) = offset_number(bytes.get(name..)?)?;
            path.truncate(path.len().checked_sub(strip)?);
            name += width;
        } else {
            path.clear();
        }
        let len = bytes.get(name..)?.iter().position(|byte| *byte == 0)?;
        path.extend_from_slice(&bytes[name..name + len]);
        at = if version == 4 {
            name + len + 1
        } else {
            // One to eight zero bytes fill the entry up to a multiple of eight.
            at + (name + len - at + 8) / 8 * 8
        };
        if let Ok(path) = std::str::from_utf8(&path) {
            found.insert(path.to_owned(), size);
        }
    }
    Some(found)
}

/// A number in the encoding of pack files for offsets, and how many bytes it takes.
fn offset_number(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = usize::from(bytes.first()? & 0x7f);
    let mut at = 0;
    while bytes.get(at)? & 0x80 != 0 {
        at += 1;
        value = value.checked_add(1)?.checked_mul(128)?.checked_add(usize::from(bytes.get(at)? & 0x7f))?;
    }
    Some((value, at + 1))
}

#[cfg(test)]
mod tests {
    use super::{matched_line, parse_index};

    #[test]
    fn lines_of_ignore_files() {
        let check = |line: &str, path: &str, is_folder: bool, expected: Option<bool>| {
            assert_eq!(matched_line(line, path, is_folder), expected, "{line} {path}");
        };
        check("*.txt", "secrets/db.txt", false, Some(false));
        check("/*.txt", "secrets/db.txt", false, None);
        check("secrets/", "secrets", true, Some(false));
        check("secrets/", "secrets", false, None);
        check("secrets/", "infra/secrets", true, Some(false));
        check("secrets/*", "secrets/db.txt", false, Some(false));
        check("secrets/*", "secrets/a/db.txt", false, None);
        check("secrets/**", "secrets/a/db.txt", false, Some(false));
        check("secrets/**/*.txt", "secrets/db.txt", false, Some(false));
        check("secrets/**/*.txt", "secrets/a/b/db.txt", false, Some(false));
        check("**/secrets/*", "a/b/secrets/db", false, Some(false));
        check("!secrets/db.txt", "secrets/db.txt", false, Some(true));
        check("# secrets", "secrets", true, None);
        check("\\#a", "#a", false, Some(false));
        check("db.???", "db.txt", false, Some(false));
        check("db.[a-t]x[!a]", "db.txt", false, Some(false));
        check("db.[", "db.[", false, Some(false));
        check(&format!("{}b", "*a".repeat(40)), &"a".repeat(200), false, None);
        check("*.key  ", "a.key", false, Some(false));
    }

    /// An entry of an index without the path.
    fn entry(size: u32, flags: u16) -> Vec<u8> {
        let mut bytes = vec![0_u8; 36];
        bytes.extend(size.to_be_bytes());
        bytes.extend([0; 20]);
        bytes.extend(flags.to_be_bytes());
        bytes
    }

    fn header(version: u32, count: u32) -> Vec<u8> {
        [b"DIRC".as_slice(), &version.to_be_bytes(), &count.to_be_bytes()].concat()
    }

    #[test]
    fn tracked_files_are_read_from_the_index() {
        let mut bytes = header(2, 2);
        for (path, size) in [("a", 1), ("secrets/db.txt", 9)] {
            let mut entry = [entry(size, 0), path.as_bytes().to_vec()].concat();
            entry.resize(entry.len() + 8 - entry.len() % 8, 0);
            bytes.extend(entry);
        }
        let found = parse_index(&bytes).expect("an index of version 2");
        assert_eq!((found.len(), found.get("secrets/db.txt")), (2, Some(&9)));
    }

    #[test]
    fn paths_of_version_four_share_their_beginning() {
        let mut bytes = header(4, 2);
        bytes.extend([entry(1, 0), vec![0], b"secrets/a\0".to_vec()].concat());
        bytes.extend([entry(2, 0), vec![1], b"bc\0".to_vec()].concat());
        let found = parse_index(&bytes).expect("an index of version 4");
        assert_eq!((found.get("secrets/a"), found.get("secrets/bc")), (Some(&1), Some(&2)));
    }

    #[test]
    fn what_is_no_index_is_refused() {
        assert!(parse_index(b"").is_none());
        assert!(parse_index(&header(9, 0)).is_none());
        assert!(parse_index(&header(2, u32::MAX)).is_none());
        assert!(parse_index(&[header(4, 1), entry(1, 0), vec![9, b'a', 0]].concat()).is_none());
    }
}
