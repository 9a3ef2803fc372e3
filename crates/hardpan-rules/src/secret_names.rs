//! What looks like a credential: names by their words, passwords inside of URLs, and lines made safe to show.
//!
//! This module knows texts only, nothing of projects. A newcomer needs to know one thing: [`is_secret_name`] judges a
//! name alone, so `TOKEN_URL` and `DB_PASSWORD_FILE` are no secrets, while what their values hold is for the rules to
//! say.

use std::ops::Range;

/// Words that make a name the name of a credential. Plurals of `token` are left out: they are counts.
const SECRET_WORDS: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "pass",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "secrets",
    "token",
    "credential",
    "credentials",
    "dsn",
    "apikey",
    "apikeys",
    "apitoken",
    "authtoken",
    "authkey",
    "accesstoken",
    "accesskey",
    "secretkey",
    "privatekey",
    "clientsecret",
    "requirepass",
    "masterauth",
];

/// Words that make a following `key` (or `keys`) a credential.
const KEY_KINDS: &[&str] = &[
    "access",
    "account",
    "api",
    "auth",
    "cipher",
    "crypt",
    "enc",
    "encryption",
    "master",
    "private",
    "role",
    "salt",
    "secret",
    "signing",
];

/// Names that are credentials by custom, whatever their words.
const SECRET_NAMES: &[&str] = &["rediscli_auth", "neo4j_auth", "pgpass"];

/// Last words of names that tell where a credential is, how long it lasts or how it is made, and so hold none.
const ATTRIBUTES: &[&str] = &[
    "address",
    "age",
    "alg",
    "algo",
    "algorithm",
    "algorithms",
    "allowed",
    "attempts",
    "attribute",
    "audience",
    "backend",
    "bits",
    "bytes",
    "chars",
    "claim",
    "class",
    "cmd",
    "command",
    "complexity",
    "cookie",
    "cost",
    "count",
    "days",
    "dir",
    "directory",
    "disabled",
    "duration",
    "email",
    "enable",
    "enabled",
    "encoder",
    "encoding",
    "encryption",
    "endpoint",
    "expiration",
    "expire",
    "expires",
    "expiry",
    "field",
    "file",
    "filename",
    "folder",
    "format",
    "grace",
    "header",
    "host",
    "hours",
    "in",
    "interval",
    "iss",
    "issuer",
    "iterations",
    "leeway",
    "length",
    "lifespan",
    "lifetime",
    "limit",
    "location",
    "login",
    "max",
    "method",
    "min",
    "minutes",
    "mode",
    "ms",
    "name",
    "names",
    "path",
    "pattern",
    "period",
    "policy",
    "port",
    "prefix",
    "provider",
    "ref",
    "regex",
    "region",
    "required",
    "retries",
    "rotation",
    "rounds",
    "scope",
    "scopes",
    "seconds",
    "size",
    "source",
    "sources",
    "store",
    "strategy",
    "suffix",
    "template",
    "timeout",
    "ttl",
    "type",
    "uri",
    "url",
    "urls",
    "user",
    "username",
    "validity",
    "version",
];

/// First words of names that switch something on or off, or bound it.
const SWITCHES: &[&str] =
    &["allow", "disable", "enable", "has", "is", "max", "min", "num", "require", "skip", "use"];

/// Whether a variable, attribute or option of this name holds a credential. The name is cut into words at `_`, `-`,
/// `.` and other signs, and where lower case turns into upper case.
///
/// ```
/// # use hardpan_rules::secret_names::is_secret_name;
/// assert!(is_secret_name("POSTGRES_PASSWORD"));
/// assert!(is_secret_name("clientSecret"));
/// assert!(!is_secret_name("POSTGRES_PASSWORD_FILE"));
/// assert!(!is_secret_name("TOKEN_URL"));
/// assert!(!is_secret_name("MAX_TOKENS"));
/// ```
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    // Most names have none of these, and this is asked often.
    if !may_hold_secret_word(name) {
        return false;
    }
    let words = words(name);
    let joined = words.join("_");
    if SECRET_NAMES.iter().any(|known| joined == *known || joined.ends_with(&format!("_{known}"))) {
        return true;
    }
    // The working directory of the shell.
    if matches!(joined.as_str(), "pwd" | "oldpwd") || words.first().is_some_and(|word| word == "oldpwd") {
        return false;
    }
    let Some(last) = words.iter().rev().find(|word| !word.bytes().all(|byte| byte.is_ascii_digit())) else {
        return false;
    };
    if ATTRIBUTES.contains(&last.as_str()) {
        return false;
    }
    if words.len() > 1 && SWITCHES.contains(&words[0].as_str()) {
        return false;
    }
    let is_public = |at: usize| at > 0 && matches!(words[at - 1].as_str(), "public" | "publishable" | "anon");
    words.iter().enumerate().any(|(at, word)| {
        let is_secret = SECRET_WORDS.contains(&word.as_str())
            || ["password", "passwd", "apikey", "secretkey"].iter().any(|end| word.ends_with(end))
            || (matches!(word.as_str(), "key" | "keys")
                && at > 0
                && KEY_KINDS.contains(&words[at - 1].as_str()));
        // `ACCESS_KEY` after `PUBLIC` stands one word further back.
        is_secret && !is_public(at) && !(word.starts_with("key") && at > 1 && is_public(at - 1))
    })
}

fn may_hold_secret_word(name: &str) -> bool {
    const STEMS: [&[u8]; 9] =
        [b"pass", b"secret", b"token", b"key", b"credential", b"dsn", b"pwd", b"_auth", b"masterauth"];
    let bytes = name.as_bytes();
    STEMS.iter().any(|stem| bytes.windows(stem.len()).any(|window| window.eq_ignore_ascii_case(stem)))
}

/// The words of a name, in lower case.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut previous = ' ';
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let begins = letter.is_uppercase()
            && (previous.is_lowercase()
                || previous.is_ascii_digit() && letters.peek().is_some_and(|next| next.is_lowercase())
                || previous.is_uppercase() && letters.peek().is_some_and(|next| next.is_lowercase()));
        if (begins || !letter.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        previous = letter;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The passwords in the URLs and connection strings of a text, each as its range of bytes: `PASS` of
/// `scheme://user:PASS@host`, and of `user:PASS@tcp(host)/name`. An empty password is no password.
#[must_use]
pub fn url_passwords(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("://").map(|at| from + at + 3) {
        from = at;
        let has_scheme = text[..at - 3].ends_with(|sign: char| sign.is_ascii_alphanumeric() || sign == '}');
        if has_scheme && let Some(password) = authority_password(text, at) {
            from = password.end;
            found.push(password);
        }
    }
    for marker in ["@tcp(", "@unix(", "@("] {
        let Some(end) = text.find(marker) else { continue };
        let start = text[..end]
            .rfind(|sign: char| sign.is_whitespace() || matches!(sign, '"' | '\'' | '=' | ','))
            .map_or(0, |at| at + 1);
        let userinfo = &text[start..end];
        if let Some(colon) = userinfo.find(':').filter(|_| !userinfo.contains("://"))
            && colon > 0
            && start + colon + 1 < end
        {
            found.push(start + colon + 1..end);
            break;
        }
    }
    found
}

/// The password of the authority that begins here.
fn authority_password(text: &str, start: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut at, mut colon, mut sign) = (start, None, None);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' => break,
            byte if byte.is_ascii_whitespace() => break,
            b'$' => {
                at = expansion_end(text, at);
                continue;
            }
            b':' if sign.is_none() => colon = colon.or(Some(at)),
            b'@' => sign = Some(at),
            _ => {}
        }
        at += 1;
    }
    let (colon, sign) = (colon?, sign?);
    (colon + 1 < sign).then_some(colon + 1..sign)
}

/// Where the `$NAME`, `${…}`, `$(…)` or `$$…` ends that begins here; never behind the end of the text.
#[must_use]
pub fn expansion_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    while bytes.get(at) == Some(&b'$') {
        at += 1;
    }
    let (open, close) = match bytes.get(at) {
        Some(b'{') => (b'{', b'}'),
        Some(b'(') => (b'(', b')'),
        _ => {
            while bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
                at += 1;
            }
            return at;
        }
    };
    let mut depth = 0_usize;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    bytes.len()
}

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
        } else if end - at == 1 || is_hash(reference) {
            bytes[at..end].fill(b'*');
        }
        at = end.max(at + 1);
    }
}

/// `$2b`, `$$apr1` and such begin a password hash and are no references.
fn is_hash(reference: &str) -> bool {
    let name = reference.trim_start_matches('$');
    name.starts_with(|sign: char| sign.is_ascii_digit())
        || name.is_empty()
        || name == "apr1"
        || name.starts_with("argon2")
}

/// Values that give nothing away: none, switches, and paths of secret files.
#[must_use]
pub fn is_harmless_value(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    value.is_empty()
        || value.starts_with("/run/secrets/")
        || ["true", "false", "yes", "no", "on", "off", "null", "~"]
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word))
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
        if !is_secret_name(key) && !key.to_ascii_lowercase().ends_with("basicauth.users") {
            continue;
        }
        let mut next = at;
        if matches!(bytes.get(next), Some(b'"' | b'\'')) {
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

/// The values of options: `--requirepass value`, `redis-cli -a value`, `mysql -pvalue`, `curl -u user:value`.
fn option_values(line: &str, ranges: &mut Vec<Range<usize>>) {
    if !line.contains('-') {
        return;
    }
    let has = |programs: &[&str]| programs.iter().any(|program| line.contains(program));
    let (is_redis, is_mysql) = (has(&["redis", "valkey", "keydb"]), has(&["mysql", "mariadb"]));
    let is_curl = has(&["curl"]);
    let words: Vec<Range<usize>> = shell_words(line);
    for (at, range) in words.iter().enumerate() {
        let word = &line[range.clone()];
        let is_option = match word {
            "-a" => is_redis,
            "-u" | "--user" => is_curl,
            _ => word.starts_with('-') && !word.contains('=') && is_secret_name(word),
        };
        if is_option
            && let Some(next) = words.get(at + 1)
            && !line[next.clone()].starts_with('-')
        {
            ranges.push(next.clone());
        }
        if is_mysql && word.len() > 2 && word.starts_with("-p") {
            ranges.push(range.start + 2..range.end);
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
    use super::{is_secret_name, mask_line, url_passwords};

    #[test]
    fn names_of_credentials() {
        for name in [
            "PASSWORD",
            "POSTGRES_PASSWORD",
            "PGPASSWORD",
            "MYSQL_PWD",
            "DB_PASS",
            "JWT_SECRET",
            "SECRET_KEY_BASE",
            "API_KEY",
            "OPENAI_API_KEY",
            "apiKey",
            "clientSecret",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "N8N_ENCRYPTION_KEY",
            "GITHUB_TOKEN",
            "SENTRY_DSN",
            "GOOGLE_CREDENTIALS",
            "spring.datasource.password",
            "REDISCLI_AUTH",
            "DB_PASSWORD_2",
            "--requirepass",
            "AdminPassword",
            "MINIO_ROOT_PASSWORD",
            "ADMIN_PASSWORD_HASH",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_sound_like_credentials() {
        for name in [
            "POSTGRES_PASSWORD_FILE",
            "GF_SECURITY_ADMIN_PASSWORD__FILE",
            "GF_AUTH_GENERIC_OAUTH_TOKEN_URL",
            "TOKEN_URL",
            "PUBLIC_KEY",
            "JWT_PUBLIC_KEY",
            "TOKEN_ENDPOINT",
            "PASSWORD_MIN_LENGTH",
            "TOKEN_TTL",
            "ACCESS_TOKEN_EXPIRY",
            "ACCESS_TOKEN_EXPIRE_MINUTES",
            "JWT_SECRET_PATH",
            "PASSWORD_CMD",
            "PASSWORD_LOGIN_ENABLED",
            "MAX_TOKENS",
            "TOKENIZER",
            "PWD",
            "BYPASS",
            "COMPASS",
            "KEYCLOAK_URL",
            "AWS_REGION",
            "ALLOW_EMPTY_PASSWORD",
            "SECRET_NAME",
            "KEY",
            "MONKEY",
            "SUPABASE_ANON_KEY",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn passwords_in_urls() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<&str> = url_passwords(text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("postgres://app:s3cret@db:5432/app", &["s3cret"]);
        check("redis://:pw@cache", &["pw"]);
        check("amqp://app:${PASS:-a/b@c}@mq", &["${PASS:-a/b@c}"]);
        check("postgres://app:$(cat /run/secrets/db)@db/app", &["$(cat /run/secrets/db)"]);
        check("http://db:5432/a@b", &[]);
        check("http://user@db", &[]);
        check("http://user:@db", &[]);
        check("app:pw@tcp(db:3306)/app", &["pw"]);
        check("DATA=app:pw@(db:3306)/", &["pw"]);
        check("a://b:c@d e://f:g@h", &["c", "g"]);
        check("://x:y@z ${", &[]);
    }

    #[test]
    fn lines_keep_their_length_and_lose_their_credentials() {
        let check = |line: &str, expected: &str| {
            let masked = mask_line(line);
            assert_eq!(masked, expected);
            assert_eq!(masked.len(), line.len());
        };
        check("      POSTGRES_PASSWORD: s3cret", "      POSTGRES_PASSWORD: ******");
        check("      POSTGRES_PASSWORD: \"s3 cret\" # why", "      POSTGRES_PASSWORD: \"*******\" # why");
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
        check("ENV API_TOKEN abc", "ENV API_TOKEN ***");
        check("ENV A=b API_TOKEN=abc C=d", "ENV A=b API_TOKEN=*** C=d");
        check("  secrets:", "  secrets:");
        check("  TOKEN: pässe", "  TOKEN: ******");
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
