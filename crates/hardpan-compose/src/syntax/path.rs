//! Lexical path arithmetic as Go does it on Linux. No file system is asked and no link is followed.

/// The shortest equivalent of a path: no `.` elements, no doubled slashes, `..` taken back where possible; an empty
/// path is `.` (Go `path.Clean`).
#[must_use]
pub fn clean_path(path: &str) -> String {
    if is_clean(path) {
        return path.to_owned();
    }
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for element in path.split('/') {
        match element {
            "" | "." => {}
            ".." => match kept.last() {
                Some(&last) if last != ".." => {
                    kept.pop();
                }
                // Above the root there is only the root.
                _ if rooted => {}
                _ => kept.push(".."),
            },
            element => kept.push(element),
        }
    }
    let joined = kept.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// Most paths are clean already; this spares them the element list.
fn is_clean(path: &str) -> bool {
    match path {
        "" => false,
        "/" => true,
        path => {
            let elements = path.strip_prefix('/').unwrap_or(path);
            elements.split('/').all(|element| !matches!(element, "" | "." | ".."))
        }
    }
}

/// Joins two paths and cleans the result; an empty one is left out, and two empty ones give an empty path
/// (Go `filepath.Join` on Linux). An absolute `relative` does not win: it is appended.
#[must_use]
pub fn join_paths(base: &str, relative: &str) -> String {
    match (base.is_empty(), relative.is_empty()) {
        (true, true) => String::new(),
        (true, false) => clean_path(relative),
        (false, true) => clean_path(base),
        (false, false) => clean_path(&format!("{base}/{relative}")),
    }
}

/// Whether a path is absolute on Windows (compose-go 2.9.1 `paths.IsWindowsAbs`): it begins with two slashes of
/// either kind, as shares and devices do, or with a drive or `\??\name` and a slash. Compose files are read on one
/// system and run on another.
#[must_use]
pub fn is_windows_abs(path: &str) -> bool {
    match path.as_bytes() {
        [first, second, ..] if is_slash(*first) && is_slash(*second) => true,
        // As in Go, any byte is good enough for a drive.
        [_, b':', after, ..] => is_slash(*after),
        [first, b'?', b'?', fourth, name @ ..] if is_slash(*first) && is_slash(*fourth) => {
            name.iter().copied().any(is_slash)
        }
        _ => false,
    }
}

fn is_slash(byte: u8) -> bool {
    byte == b'/' || byte == b'\\'
}

#[cfg(test)]
mod tests {
    use super::{clean_path, is_windows_abs, join_paths};

    #[test]
    fn paths_are_cleaned_and_joined_as_go_does() {
        // Compared with Go 1.26 `path.Clean` and `filepath.Join`.
        let cleaned = [
            ("", "."),
            ("/", "/"),
            ("//", "/"),
            ("a/", "a"),
            ("./a//b/.", "a/b"),
            ("a/../..", ".."),
            ("../../a", "../../a"),
            ("/../a", "/a"),
            ("/x//y/../z", "/x/z"),
            ("a/..", "."),
            ("...", "..."),
        ];
        for (path, expected) in cleaned {
            assert_eq!(clean_path(path), expected, "{path:?}");
        }
        let joined = [
            ("", "", ""),
            ("", "a/", "a"),
            ("/p/", "", "/p"),
            ("/p", "/a", "/p/a"),
            ("/p", "../a", "/a"),
            ("p", "../../a", "../a"),
        ];
        for (base, relative, expected) in joined {
            assert_eq!(join_paths(base, relative), expected, "{base:?} {relative:?}");
        }
    }

    #[test]
    fn windows_paths_are_recognised_on_linux() {
        // Compared with the bind sources that Docker Compose 2.40.3 leaves alone.
        let absolute = ["c:\\x", "c:/x", "1:\\", "\\\\a", "//a", "\\/a", "\\\\.\\pipe\\x", "\\??\\c:\\x"];
        for path in absolute {
            assert!(is_windows_abs(path), "{path:?}");
        }
        for path in ["", "c:", "c:x", "\\x", "/x", "é:\\x", "\\??\\x", "\\??", "cd:\\x"] {
            assert!(!is_windows_abs(path), "{path:?}");
        }
    }
}
