//! Passwords in URLs and connection strings.

use std::ops::Range;

use crate::secret_names::{expansion_end, is_harmless_value, url_passwords};

/// The first password in a URL (`scheme://user:PASS@host`), in its query (`?password=PASS`) or in a connection string
/// (`host=db password=PASS`). Masks and templates of other programs are no passwords.
pub(super) fn password(text: &str) -> Option<Range<usize>> {
    let in_url = url_passwords(text).into_iter();
    in_url.chain(parameters(text)).find(|range| is_password(&text[range.clone()]))
}

/// As [`password`], for text in which `password=PASS` alone may be an option of a program.
pub(super) fn password_in_url(text: &str) -> Option<Range<usize>> {
    let queries = parameters(text).into_iter().filter(|range| {
        let before = &text[..range.start];
        let name = before.trim_end_matches('=').trim_end_matches(|sign: char| sign.is_ascii_alphanumeric());
        name.ends_with(['?', '&']) && before.contains("://")
    });
    url_passwords(text).into_iter().chain(queries).find(|range| is_password(&text[range.clone()]))
}

fn is_password(text: &str) -> bool {
    let text = text.trim();
    !is_harmless_value(text)
        && !text.starts_with("{{")
        // A command that puts the password in when it runs.
        && !text.starts_with("$(")
        && !text.starts_with('`')
        && !text.starts_with(['<', '[', '%', '*'])
        && !text.bytes().all(|byte| matches!(byte, b'x' | b'X' | b'.' | b'*'))
}

/// The values of parameters that are passwords.
fn parameters(text: &str) -> Vec<Range<usize>> {
    const NAMES: [&str; 4] = ["password", "passwd", "pwd", "passphrase"];
    let mut found = Vec::new();
    // One parameter alone is a plain assignment; it takes others to be a connection string.
    if text.matches('=').count() < 2 && !text.contains("://") {
        return found;
    }
    for (equals, _) in text.match_indices('=') {
        let before = text[..equals].trim_end();
        let start = before
            .rfind(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_' && sign != '.')
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let name = before[start..].to_ascii_lowercase();
        if !NAMES.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let mut from = equals + 1;
        let bytes = text.as_bytes();
        let quote = bytes.get(from).copied().filter(|byte| matches!(byte, b'"' | b'\''));
        from += usize::from(quote.is_some());
        let mut at = from;
        while let Some(&byte) = bytes.get(at) {
            if byte == b'$' {
                at = expansion_end(text, at).max(at + 1);
                continue;
            }
            let ends = match quote {
                Some(quote) => byte == quote,
                None => {
                    byte.is_ascii_whitespace() || matches!(byte, b'&' | b';' | b'"' | b'\'' | b'}' | b',')
                }
            };
            if ends {
                break;
            }
            at += 1;
        }
        if at > from && text.is_char_boundary(from) && text.is_char_boundary(at) {
            found.push(from..at);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::password;

    #[test]
    fn passwords_of_connection_strings() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(password(text).map(|range| &text[range]), expected, "{text}");
        };
        check("postgres://app:pw@db/app", Some("pw"));
        check("redis://:pw@cache", Some("pw"));
        check("jdbc:postgresql://db/app?user=app&password=pw&ssl=true", Some("pw"));
        check("postgresql://db/app?sslpassword=${PW}", Some("${PW}"));
        check("Server=db;User Id=sa;Password=pw;", Some("pw"));
        check("host=db user=app password=pw", Some("pw"));
        check("org.apache.PlainLoginModule required username=\"a\" password=\"pw\";", Some("pw"));
        check("postgres://app:<password>@db", None);
        check("postgres://app:{{ password }}@db", None);
        check("password=pw", None);
        check("postgres://app@db/app", None);
        check("http://x/?a=é&password=é", Some("é"));
    }
}
