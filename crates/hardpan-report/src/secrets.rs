//! Lines of a file with what may be secret in them masked. The length in bytes stays, so that marks still fit.

use hardpan_rules::secret_names::{is_secret_name, mask_line};

/// Values of env files may be secrets: only names are shown.
pub(crate) fn keys_only(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| match line.find(['=', ':']) {
            Some(at) => format!("{}{}", &line[..=at], "*".repeat(line.len() - at - 1)),
            None => "*".repeat(line.len()),
        })
        .collect();
    lines.join("\n")
}

/// The lines of `shown`, which follow on `before`, with secrets masked: what a line says itself, and what it is the
/// continuation of.
pub(crate) fn masked(before: &str, shown: &str) -> String {
    let mut above: Vec<&str> = before.lines().rev().take(LINES_ABOVE_MAX).collect();
    above.reverse();
    let lines = shown.split('\n').map(|line| {
        let masked = if continues_secret(&above, line) {
            hide(line)
        } else if line.trim_start().trim_start_matches("- ").starts_with("secrets:") {
            // A list of names, not of values.
            line.to_owned()
        } else {
            mask_line(line)
        };
        above.push(line);
        masked
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// How far up the key of a text in several lines is looked for: longer than any key or certificate.
const LINES_ABOVE_MAX: usize = 120;

/// True for the value of an option or key that stands on a line above.
fn continues_secret(above: &[&str], line: &str) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let item = |line: &'_ str| -> Option<String> {
        let item = line.trim().strip_prefix("- ")?;
        Some(item.trim().trim_matches(['"', '\'']).to_owned())
    };
    let previous = above.iter().rev().find(|line| !line.trim().is_empty());
    // `- --requirepass` and `- value` in two lines.
    if let (Some(option), Some(_)) = (previous.and_then(|line| item(line)), item(line))
        && option.starts_with('-')
        && !option.contains(['=', ' '])
        && is_secret_name(option.trim_start_matches('-'))
    {
        return true;
    }
    if line.trim_start().starts_with("- ") {
        return false;
    }
    let parent = above.iter().rev().find(|above| !above.trim().is_empty() && indent(above) < indent(line));
    let Some((key, rest)) = parent.and_then(|parent| parent.split_once(':')) else { return false };
    let is_block = rest.trim_start().starts_with(['|', '>']);
    let is_plain = rest.trim().is_empty() && !line.contains(": ") && !line.trim_end().ends_with(':');
    let key = key.trim().trim_start_matches("- ").trim_matches(['"', '\'']);
    // A `content` may be of anything, and so be a key or a password.
    (is_block || is_plain) && (is_secret_name(key) && key != "secrets" || is_block && key == "content")
}

/// The line without its text.
fn hide(line: &str) -> String {
    let text = line.trim_start();
    let start = line.len() - text.strip_prefix("- ").unwrap_or(text).len();
    format!("{}{}", &line[..start], "*".repeat(line.len() - start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_env_files_are_masked() {
        assert_eq!(keys_only("A=secret\nB: x\nrest of a value"), "A=******\nB:**\n***************");
    }

    fn check(before: &str, shown: &str, expected: &str) {
        assert_eq!(masked(before, shown), expected, "{before:?} {shown:?}");
    }

    #[test]
    fn what_a_line_calls_secret_is_masked() {
        check("", "  POSTGRES_PASSWORD: hunter2", "  POSTGRES_PASSWORD: *******");
        check("", "  url: postgres://app:pw@db/app", "  url: postgres://app:**@db/app");
        check("", "  PASSWORD: ${PASSWORD}\n  image: db:1", "  PASSWORD: ${PASSWORD}\n  image: db:1");
    }

    #[test]
    fn what_continues_a_secret_is_masked() {
        check("  - --requirepass\n", "  - hunter2", "  - *******");
        check("", "  - --requirepass\n  - hunter2", "  - --requirepass\n  - *******");
        check("  TLS_PRIVATE_KEY: |\n    first\n", "    second", "    ******");
        check("  DB_PASSWORD:\n", "    hunter2", "    *******");
    }

    #[test]
    fn names_of_secrets_stay() {
        check("", "    secrets: [db_password]", "    secrets: [db_password]");
        check("    secrets:\n", "      - db_password", "      - db_password");
        check("secrets:\n", "  db_password:\n    file: a", "  db_password:\n    file: a");
    }
}
