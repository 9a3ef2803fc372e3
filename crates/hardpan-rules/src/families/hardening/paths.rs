//! Absolute paths as text: cleaned, and compared by whole components.

use hardpan_compose::syntax::path::clean_path;

/// The path without `//`, `.`, `..` and a slash at its end. A path that is not absolute comes back as it is.
pub(super) fn clean(path: &str) -> String {
    if !path.starts_with('/') {
        return path.to_owned();
    }
    clean_path(path)
}

/// Whether a clean path is `root` or lies below it.
pub(super) fn is_within(path: &str, root: &str) -> bool {
    path == root || is_below(path, root)
}

/// Whether a clean path lies below `root`.
pub(super) fn is_below(path: &str, root: &str) -> bool {
    match root {
        "/" => path.len() > 1 && path.starts_with('/'),
        _ => path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/') && rest.len() > 1),
    }
}

/// The last component.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// The parts of a short form between colons, those in `${…}` and `[…]` not counted.
pub(super) fn split_outside_variables(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::{clean, is_below, is_within, split_outside_variables};

    #[test]
    fn colons_in_variables_do_not_split() {
        assert_eq!(split_outside_variables("${A:-1}:[::1]:${B}"), ["${A:-1}", "[::1]", "${B}"]);
    }

    #[test]
    fn paths_are_cleaned() {
        for (path, expected) in [
            ("/", "/"),
            ("/var//run/", "/var/run"),
            ("/a/./b/../c", "/a/c"),
            ("/..", "/"),
            ("relative/", "relative/"),
        ] {
            assert_eq!(clean(path), expected);
        }
    }

    #[test]
    fn paths_are_compared_by_components() {
        assert!(is_within("/etc", "/etc") && is_within("/etc/passwd", "/etc") && is_within("/etc", "/"));
        assert!(!is_within("/etcetera", "/etc") && !is_below("/etc", "/etc") && !is_below("/", "/"));
    }
}
