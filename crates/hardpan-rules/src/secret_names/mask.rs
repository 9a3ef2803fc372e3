//! Lines made safe to show.

use std::ops::Range;

use super::{expansion_end, is_harmless_value, is_secret_name, is_users_label, url_passwords};

/// The line with its credentials replaced by asterisks, byte for byte, so that columns stay where they are: values of
/// keys and options that look secret, and passwords in URLs. References such as `${NAME}` stay; a default inside of
/// one does not.
///
/// It sees one line: what a key of an earlier line means for this one it cannot know.
#[must_use]
pub fn mask_line(line: &str) -> String {
    let mut ranges = url_passwords(line);
    assigned_values(line, &mut ranges);
    option_values(line, &mut ranges);
    let mut bytes = line.as_bytes().to_vec();
    for range in ranges {
        mask(line, range, &mut bytes);
    }
    // Only whole characters are replaced, so it stays text.
    String::from_utf8(bytes).unwrap_or_else(|_| "*".repeat(line.len()))
}

/// Replaces a value but for the references in it. Words that are no secrets stay as they are.
fn mask(line: &str, range: Range<usize>, bytes: &mut [u8]) {
    let value = &line[range.clone()];
    if is_harmless_value(value) {
        return;
    }
    let mut at = range.start;
    while at < range.end {
        if line.as_bytes()[at] != b'$' {
            bytes[at] = b'*';
            at += 1;
            continue;
        }
        let end = expansion_end(line, at).min(range.end);
        let reference = &line[at..end];
        if reference.starts_with("${") || reference.starts_with("$${") {
            // `${NAME:-default}`: the name and the operator stay, and so does the text of an error.
            if let Some(operator) = reference.find([':', '-', '+', '?'])
                && !reference[operator..].starts_with(":?")
                && !reference[operator..].starts_with('?')
            {
                let rest = reference[operator..].trim_start_matches([':', '-', '+']);
                let from = end - rest.len();
                let to = if reference.ends_with('}') { end - 1 } else { end };
                mask(line, from..to.max(from), bytes);
            }
        } else if end - at == 1 || is_hash(reference) || is_mixed(reference) {
            bytes[at..end].fill(b'*');
        }
        at = end.max(at + 1);
    }
}

/// Names of variables are of one case. What is not may well be a password with a dollar before it.
fn is_mixed(reference: &str) -> bool {
    let has = |is_case: fn(&char) -> bool| reference.chars().any(|sign| is_case(&sign));
    reference.starts_with("$$") && has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase)
}

/// `$2b`, `$$apr1` and such begin a password hash and are no references.
fn is_hash(reference: &str) -> bool {
    let name = reference.trim_start_matches('$');
    name.starts_with(|sign: char| sign.is_ascii_digit())
        || name.is_empty()
        || name == "apr1"
        || name.starts_with("argon2")
}

/// The values of `KEY: value`, `KEY=value` and `"key": "value"` whose key looks secret.
fn assigned_values(line: &str, ranges: &mut Vec<Range<usize>>) {
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !is_key_byte(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && is_key_byte(bytes[at]) {
            at += 1;
        }
        let key = &line[start..at];
        if !is_secret_name(key) && !is_users_label(key) {
            continue;
        }
        let mut next = at;
        let is_quoted = matches!(bytes.get(next), Some(b'"' | b'\''));
        if is_quoted {
            next += 1;
        }
        while matches!(bytes.get(next), Some(b' ' | b'\t')) {
            next += 1;
        }
        let is_instruction = {
            let before = line[..start].trim();
            before.eq_ignore_ascii_case("env") || before.eq_ignore_ascii_case("arg")
        };
        let separated = match bytes.get(next) {
            // `${PASSWORD:-default}` is looked at where the reference stands.
            Some(b':') if matches!(bytes.get(next + 1), Some(b'-' | b'?' | b'+')) => {
                let reference = line[..start].rfind('$').unwrap_or(start);
                let end = expansion_end(line, reference);
                if end > at {
                    ranges.push(reference..end);
                    at = end;
                }
                continue;
            }
            // A colon without a blank is part of a path or an image's name, but for JSON.
            Some(b':')
                if !is_quoted && bytes.get(next + 1).is_some_and(|byte| !byte.is_ascii_whitespace()) =>
            {
                false
            }
            // `<password>value</password>`.
            Some(b'>') if line[..start].ends_with('<') => {
                let from = at + 1;
                let end = line[from..].find('<').map_or(line.len(), |length| from + length);
                ranges.push(from..end);
                at = end;
                continue;
            }
            Some(b'=' | b':') => {
                next += 1;
                true
            }
            Some(_) if is_instruction && next > at => true,
            _ => false,
        };
        if !separated {
            continue;
        }
        while matches!(bytes.get(next), Some(b' ' | b'\t')) {
            next += 1;
        }
        let range = value_range(line, start, next);
        at = range.end.max(at);
        ranges.push(range);
    }
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The value that begins at `from`, of the key that begins at `key`.
fn value_range(line: &str, key: usize, from: usize) -> Range<usize> {
    let rest = &line[from..];
    if let Some(quote) = rest.chars().next().filter(|sign| matches!(sign, '"' | '\'')) {
        let end = rest[1..].find(quote).map_or(rest.len(), |at| at + 1);
        // A quote inside of the value, or something that is no YAML.
        let is_closed =
            rest[end..].chars().nth(1).is_none_or(|sign| sign.is_whitespace() || ",;:})]\"'".contains(sign));
        let is_doubled = rest[end..].starts_with("\"\"") || rest[end..].starts_with("''");
        let is_escaped = rest[..end].ends_with('\\');
        let end = if is_closed && !is_doubled && !is_escaped { end } else { rest.trim_end().len().max(1) };
        return from + 1..from + end;
    }
    let before = line[..key].trim_start();
    let opening = line[..key].chars().next_back();
    if let Some(quote) = opening.filter(|sign| matches!(sign, '"' | '\''))
        && let Some(end) = rest.find(quote)
    {
        // `"KEY=value"`.
        return from..from + end;
    }
    let is_whole_line = before.trim_matches(['-', ' ', '"', '\'', '?']).is_empty() || before == "export ";
    let end = if is_whole_line {
        rest.find(" #").unwrap_or(rest.len())
    } else {
        let mut at = from;
        while let Some(&byte) = line.as_bytes().get(at) {
            if byte == b'$' {
                at = expansion_end(line, at).max(at + 1);
                continue;
            }
            if byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b',' | b'}' | b'&' | b';') {
                break;
            }
            at += 1;
        }
        at.min(line.len()) - from
    };
    let value = rest[..end].trim_end();
    from..from + value.len()
}

/// The values of options and commands: `--requirepass value`, `redis-cli -a value`, `mysql -pvalue`,
/// `curl -u user:value`, `mc alias set name url user value`, `Bearer value`, `IDENTIFIED BY 'value'`.
fn option_values(line: &str, ranges: &mut Vec<Range<usize>>) {
    let has = |programs: &[&str]| programs.iter().any(|program| line.contains(program));
    let (is_redis, is_mysql) = (has(&["redis", "valkey", "keydb"]), has(&["mysql", "mariadb"]));
    let (is_curl, takes_p) = (has(&["curl"]), has(&["mongo", "sshpass", "docker login"]));
    let words: Vec<Range<usize>> = shell_words(line);
    let word = |at: usize| words.get(at).map_or("", |range| &line[range.clone()]);
    for (at, range) in words.iter().enumerate() {
        // What stands between this word and the next: a blank, and a quote or not.
        let gap = words.get(at + 1).map_or("", |next| line[range.end..next.start].trim_end_matches('\\'));
        let is_quoted = gap.starts_with(' ') && gap.ends_with(['"', '\'']);
        let takes_next = match word(at) {
            "-a" => is_redis,
            "-u" | "--user" => is_curl,
            "-p" => takes_p || is_mysql && gap.len() == 1 && !gap.starts_with(' '),
            "Bearer" | "Basic" => true,
            "password" if is_mysql => gap.starts_with(' '),
            "PASSWORD" | "password" | "BY" | "by" => is_quoted,
            option => option.starts_with('-') && !option.contains('=') && is_secret_name(option),
        };
        if takes_next
            && let Some(next) = words.get(at + 1)
            && !line[next.clone()].starts_with('-')
        {
            ranges.push(next.clone());
        }
        if is_mysql && word(at).len() > 2 && word(at).starts_with("-p") {
            ranges.push(range.start + 2..range.end);
        }
        let is_alias = matches!((word(at), word(at + 1)), ("alias", "set") | ("host", "add"));
        if is_alias && let Some(secret) = words.get(at + 5) {
            ranges.push(secret.clone());
        }
    }
}

/// The words of a line as ranges, without quotes, brackets and commas around them.
fn shell_words(line: &str) -> Vec<Range<usize>> {
    let bytes = line.as_bytes();
    let is_separator =
        |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b',' | b'[' | b']');
    let (mut words, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if is_separator(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && !is_separator(bytes[at]) {
            at = if bytes[at] == b'$' { expansion_end(line, at).max(at + 1) } else { at + 1 };
        }
        words.push(start..at.min(bytes.len()));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::mask_line;

    #[test]
    fn lines_keep_their_length_and_lose_their_credentials() {
        let check = |line: &str, expected: &str| {
            let masked = mask_line(line);
            assert_eq!(masked, expected);
            assert_eq!(masked.len(), line.len());
        };
        check("      POSTGRES_PASSWORD: s3cret", "      POSTGRES_PASSWORD: ******");
        check("      POSTGRES_PASSWORD: \"s3 cret\" # why", "      POSTGRES_PASSWORD: \"*******\" # why");
        check("      DB_PASSWORD: 'it''s abc' # why", "      DB_PASSWORD: '****************");
        check("      DB_PASSWORD: \"a\\\"bc\"", "      DB_PASSWORD: \"******");
        check("      DB_PASSWORD: \"\"\"abc\"\"\"", "      DB_PASSWORD: \"********");
        check("  - DB_PASSWORD=a b", "  - DB_PASSWORD=***");
        check("  - \"DB_PASSWORD=a b\"", "  - \"DB_PASSWORD=***\"");
        check("DB_PASSWORD=ab#c", "DB_PASSWORD=****");
        check("  DB_PASSWORD: ${DB_PASSWORD}", "  DB_PASSWORD: ${DB_PASSWORD}");
        check("  DB_PASSWORD: ${DB_PASSWORD:-abc}", "  DB_PASSWORD: ${DB_PASSWORD:-***}");
        check("  DB: ${DB_PASSWORD:-abc}", "  DB: ${DB_PASSWORD:-***}");
        check("  DB_PASSWORD: ${A:-${B}}", "  DB_PASSWORD: ${A:-${B}}");
        check("  DB_PASSWORD: ${DB_PASSWORD:?set it}", "  DB_PASSWORD: ${DB_PASSWORD:?set it}");
        check("  DB_URL: postgres://app:abc@db/app", "  DB_URL: postgres://app:***@db/app");
        check("  DB_URL: postgres://app:${PW}@db/app", "  DB_URL: postgres://app:${PW}@db/app");
        check("  TOKEN_URL: https://id/token", "  TOKEN_URL: https://id/token");
        check("  A: {SECRET: abc, B: c}", "  A: {SECRET: ***, B: c}");
        check("  PASSWORD_FILE: /run/secrets/x", "  PASSWORD_FILE: /run/secrets/x");
        check("  command: redis-server --requirepass abc", "  command: redis-server --requirepass ***");
        check("  [\"--requirepass\", \"abc\"]", "  [\"--requirepass\", \"***\"]");
        check("  test: redis-cli -a abc ping", "  test: redis-cli -a *** ping");
        check("  test: mysqladmin -uroot -pabc ping", "  test: mysqladmin -uroot -p*** ping");
        check("  mysql -uroot -p'abc' -e 'x'", "  mysql -uroot -p'***' -e 'x'");
        check("  mc alias set m http://m:9000 u abc", "  mc alias set m http://m:9000 u ***");
        check("  curl -H 'Authorization: Bearer abc'", "  curl -H 'Authorization: Bearer ***'");
        check("ALTER USER a WITH PASSWORD 'abc';", "ALTER USER a WITH PASSWORD '***';");
        check("  mongosh -u a -p abc", "  mongosh -u a -p ***");
        check("<u><password>abc</password></u>", "<u><password>***</password></u>");
        check("  DB_PASSWORD: $$Abc", "  DB_PASSWORD: *****");
        check("  test: MYSQL_PWD=$$PASSWORD mysql", "  test: MYSQL_PWD=$$PASSWORD mysql");
        check("ENV API_TOKEN abc", "ENV API_TOKEN ***");
        check("ENV A=b API_TOKEN=abc C=d", "ENV A=b API_TOKEN=*** C=d");
        check("  secrets:", "  secrets:");
        check("  TOKEN: pässe", "  TOKEN: ******");
        check("  - ./credentials:/etc/credentials", "  - ./credentials:/etc/credentials");
        check("{\"password\":\"abc\"}", "{\"password\":\"***\"}");
        check("host=db password=abc user=x", "host=db password=*** user=x");
    }

    #[test]
    fn odd_lines_are_survived() {
        let line = "é- \"é_PASSWORD: 'ü ${PASSWORD:-é$${A:=}é@x://é:${é@ --token é -pé mysql $(é é:b@tcp(";
        let starts = || line.char_indices().map(|(at, _)| at).chain([line.len()]);
        for from in starts() {
            for to in starts().filter(|to| *to >= from) {
                assert_eq!(mask_line(&line[from..to]).len(), to - from);
            }
        }
    }
}
