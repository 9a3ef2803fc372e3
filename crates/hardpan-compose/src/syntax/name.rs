//! Project names: what is a valid one and what a directory or a `name:` is turned into.
//!
//! Where a name comes from, and which source wins, is decided by the loader.

use super::chars::to_lower;

/// Turns any text into a project name: lower case, without the characters a name cannot have, without leading `_`
/// and `-` (compose-spec, name top-level element, as compose-go 2.9.1 does). The result may be empty, which the
/// caller reports.
#[must_use]
pub fn normalize_project_name(text: &str) -> String {
    let kept: String = to_lower(text).chars().filter(|&c| is_name_char(c)).collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}

/// Whether the text can be a project name as it stands, as a name given on the command line or in
/// `COMPOSE_PROJECT_NAME` must be.
#[must_use]
pub fn is_valid_project_name(text: &str) -> bool {
    !text.is_empty() && normalize_project_name(text) == text
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-'
}

#[cfg(test)]
mod tests {
    use super::{is_valid_project_name, normalize_project_name};

    #[test]
    fn names_are_normalised_as_the_reference_does() {
        // Compared with `name:` and COMPOSE_PROJECT_NAME in Docker Compose 2.40.3.
        let cases = [
            ("abc", "abc", true),
            ("Abc", "abc", false),
            ("a b", "ab", false),
            ("-a", "a", false),
            ("_-a", "a", false),
            ("a-", "a-", true),
            ("1a", "1a", true),
            ("É", "", false),
            ("aé", "a", false),
            ("", "", false),
            ("---", "", false),
            ("A_B-c", "a_b-c", false),
            ("a.b", "ab", false),
            ("İx", "ix", false),
            ("Ka", "ka", false),
            ("a/b", "ab", false),
        ];
        for (text, expected, is_valid) in cases {
            assert_eq!(normalize_project_name(text), expected, "{text:?}");
            assert_eq!(is_valid_project_name(text), is_valid, "{text:?}");
        }
    }
}
