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
    let text = line.trim_start();
    let Some(previous) = above.iter().rev().find(|line| !line.trim().is_empty()) else { return false };
    if follows_option(above, previous, line) {
        return true;
    }
    // `? KEY` and `: value` in two lines.
    if let (Some(key), true) = (previous.trim().strip_prefix("? "), text.starts_with(": ")) {
        return is_secret_name(key.trim_matches(['"', '\'']));
    }
    let is_plain = !text.starts_with("- ") && !line.contains(": ") && !line.trim_end().ends_with(':');
    ancestors(above, line).enumerate().any(|(distance, parent)| {
        let (key, rest) = key_and_rest(parent);
        let is_block = rest.starts_with(['|', '>']);
        // A mapping or a sequence may stand below a key that has nothing beside it, a text below any other.
        let is_text = is_block || distance == 0 && (is_plain || !rest.is_empty());
        // A `content` may be of anything, and so be a key or a password.
        is_text && (is_secret_name(key) && key != "secrets" || is_block && key == "content")
    })
}

/// `- --requirepass` and `- value` in two lines, and `command --requirepass` before `value` in a folded text.
fn follows_option(above: &[&str], previous: &str, line: &str) -> bool {
    if previous.trim_start().starts_with("- ") != line.trim_start().starts_with("- ") {
        return false;
    }
    let Some(option) = previous.split_whitespace().last().map(|word| word.trim_matches(['"', '\'', '\\']))
    else {
        return false;
    };
    let is_redis = || {
        let near = above.iter().rev().take(LINES_OF_COMMAND_MAX);
        near.flat_map(|line| ["redis", "valkey", "keydb"].map(|name| line.contains(name))).any(|has| has)
    };
    option.starts_with('-')
        && !option.contains('=')
        && (is_secret_name(option.trim_start_matches('-')) || option == "-a" && is_redis())
}

/// How far up the program of an option is looked for.
const LINES_OF_COMMAND_MAX: usize = 8;

/// The lines above that are indented less, each less than the one before.
fn ancestors<'l>(above: &'l [&str], line: &str) -> impl Iterator<Item = &'l str> {
    let mut inner = indent(line);
    let mut lines = above.iter().rev().copied();
    std::iter::from_fn(move || {
        // Nothing is indented less than not at all.
        while inner > 0 {
            let above = lines.next()?;
            let own = indent(above);
            // The key stands at the indentation or behind it, so most lines need no closer look.
            if own < inner && own < above.len() && column(above) < inner {
                inner = own;
                return Some(above);
            }
        }
        None
    })
}

fn indent(line: &str) -> usize {
    line.bytes().take_while(u8::is_ascii_whitespace).count()
}

/// Where the key of a line begins: behind the dash of an item, if it is a mapping.
fn column(line: &str) -> usize {
    let text = line.trim_start();
    let item = text.trim_start_matches("- ");
    let is_mapping =
        !item.starts_with(['"', '\'']) && (item.contains(": ") || item.trim_end().ends_with(':'));
    indent(line) + if is_mapping { text.len() - item.len() } else { 0 }
}

/// The key of a line, and what stands beside it but for comments, anchors and tags.
fn key_and_rest(line: &str) -> (&str, &str) {
    let text = line.trim().trim_start_matches("- ").trim_start_matches(['"', '\'']);
    let Some((key, rest)) = text.split_once([':', '=']) else { return (text, "") };
    let mut rest = rest.trim();
    while rest.starts_with(['&', '!']) {
        rest = rest.split_once(' ').map_or("", |(_, rest)| rest.trim_start());
    }
    (key.trim_matches(['"', '\'']), if rest.starts_with('#') { "" } else { rest })
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
        check("  DB_PASSWORD: |\n    a\n      b\n", "      c: d", "      ****");
        check("  DB_PASSWORD: \"hun\n", "    ter2\"", "    *****");
        check("  DB_PASSWORD: hun\n", "    ter: 2", "    ******");
        check("  - \"DB_PASSWORD=hun\n", "    ter2\"", "    *****");
        check("  ? DB_PASSWORD\n", "  : hunter2", "  *********");
        check("  DB_PASSWORD: &pw !!str >-\n", "    hunter2", "    *******");
        check("    redis-server --requirepass\n", "    hunter2", "    *******");
        check("  - redis-cli\n  - -a\n", "  - hunter2", "  - *******");
    }

    #[test]
    fn names_of_secrets_stay() {
        check("", "    secrets: [db_password]", "    secrets: [db_password]");
        check("    secrets:\n", "      - db_password", "      - db_password");
        check("secrets:\n", "  db_password:\n    file: a", "  db_password:\n    file: a");
        check("  db_password: # why\n", "    file: a", "    file: a");
        check("  - token: a\n", "    name: b", "    name: b");
        check("  token-service:\n", "    ports:\n      - 80:80", "    ports:\n      - 80:80");
    }
}
