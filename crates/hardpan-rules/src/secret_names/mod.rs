//! What looks like a credential: names by their words, passwords inside of URLs, and lines made safe to show.
//!
//! This module knows texts only, nothing of projects. A newcomer needs to know one thing: [`is_secret_name`] judges a
//! name alone, so `TOKEN_URL` and `DB_PASSWORD_FILE` are no secrets, while what their values hold is for the rules to
//! say.

mod mask;

use std::ops::Range;

pub use mask::mask_line;

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
    "cloak",
    "crypt",
    "crypto",
    "daemon",
    "enc",
    "encryption",
    "fernet",
    "master",
    "nonce",
    "openssl",
    "private",
    "role",
    "salt",
    "secret",
    "server",
    "service",
    "signing",
];

/// Names that are credentials by custom, whatever their words, also behind other words.
const SECRET_NAMES: &[&str] = &[
    "rediscli_auth",
    "redis_auth",
    "valkey_auth",
    "neo4j_auth",
    "pgpass",
    "salt",
    "basic_auth_user_info",
    "erlang_cookie",
    "release_cookie",
];

/// Names that are credentials where no other words stand before them: the key of Laravel, not that of an account.
const WHOLE_SECRET_NAMES: &[&str] = &["app_key"];

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
    "engine",
    "exp",
    "expiration",
    "expire",
    "expires",
    "expiry",
    "field",
    "file",
    "filename",
    "filepath",
    "files",
    "folder",
    "format",
    "grace",
    "hasher",
    "hashers",
    "header",
    "host",
    "hours",
    "in",
    "interval",
    "iss",
    "issuer",
    "iterations",
    "keyfile",
    "label",
    "leeway",
    "length",
    "lifespan",
    "lifetime",
    "limit",
    "link",
    "location",
    "login",
    "manager",
    "max",
    "method",
    "min",
    "minutes",
    "mode",
    "model",
    "mount",
    "ms",
    "name",
    "names",
    "namespace",
    "path",
    "paths",
    "pattern",
    "period",
    "policy",
    "port",
    "prefix",
    "provider",
    "providers",
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
    "strength",
    "suffix",
    "template",
    "threshold",
    "time",
    "timeout",
    "ttl",
    "type",
    "uri",
    "url",
    "urls",
    "user",
    "username",
    "users",
    "validity",
    "version",
    "window",
];

/// How many words may stand behind the one that makes a name a credential's: `API_KEY_FOR_PLUGIN`.
const WORDS_AFTER_MAX: usize = 2;

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
    let is_known = |known: &&str| {
        joined.strip_suffix(*known).is_some_and(|before| before.is_empty() || before.ends_with('_'))
    };
    if SECRET_NAMES.iter().any(is_known) || WHOLE_SECRET_NAMES.contains(&joined.as_str()) {
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
    // `SECRET_PARAM_STORE_BOOTSTRAP_SERVERS` is about something else by the time it ends.
    let is_near_end = |at: usize| {
        let after = words[at + 1..].iter().filter(|word| !word.bytes().all(|byte| byte.is_ascii_digit()));
        after.count() <= WORDS_AFTER_MAX
    };
    let is_public = |at: usize| at > 0 && matches!(words[at - 1].as_str(), "public" | "publishable" | "anon");
    words.iter().enumerate().any(|(at, word)| {
        let is_secret = SECRET_WORDS.contains(&word.as_str())
            || ["password", "passwd", "apikey", "secretkey", "secret", "token"]
                .iter()
                .any(|end| word.ends_with(end))
            || (matches!(word.as_str(), "key" | "keys")
                && at > 0
                && KEY_KINDS.contains(&words[at - 1].as_str()));
        // What a proxy passes on, and what passes through, is no word to pass.
        let neighbour = |wanted: &str, at: Option<usize>| {
            at.and_then(|at| words.get(at)).is_some_and(|word| word == wanted)
        };
        if word == "pass" && (neighbour("proxy", at.checked_sub(1)) || neighbour("through", Some(at + 1))) {
            return false;
        }
        // Which key or token it is, is no secret. That of an access key is half of the credential.
        let is_half = at > 0 && words[at - 1] == "access";
        if (word.ends_with("key") && !is_half || word == "token") && neighbour("id", Some(at + 1)) {
            return false;
        }
        // `ACCESS_KEY` after `PUBLIC` stands one word further back.
        is_secret
            && is_near_end(at)
            && !is_public(at)
            && !(word.starts_with("key") && at > 1 && is_public(at - 1))
    })
}

/// Whether a label of Traefik lists users with the hashes of their passwords.
#[must_use]
pub fn is_users_label(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with(".basicauth.users") || name.ends_with(".digestauth.users")
}

fn may_hold_secret_word(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.iter().enumerate().any(|(at, letter)| {
        let stems: &[&[u8]] = match letter.to_ascii_lowercase() {
            b'a' => &[b"auth"],
            b'c' => &[b"credential", b"cookie"],
            b'd' => &[b"dsn"],
            b'k' => &[b"key"],
            b'm' => &[b"masterauth"],
            b'p' => &[b"pass", b"pwd"],
            b's' => &[b"secret", b"salt"],
            b't' => &[b"token"],
            _ => return false,
        };
        let starts =
            |stem: &&[u8]| bytes[at..].get(..stem.len()).is_some_and(|part| part.eq_ignore_ascii_case(stem));
        stems.iter().any(starts)
    })
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

#[cfg(test)]
mod tests {
    use super::{is_secret_name, url_passwords};

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
            "CREDENTIAL_AES_256_KEY",
            "REDIS_AUTH",
            "SALT",
            "NODESECRET",
            "SUPABASE_SERVICE_KEY",
            "PG_META_CRYPTO_KEY",
            "AIRFLOW__CORE__FERNET_KEY",
            "PLUGIN_DAEMON_KEY",
            "OPENSSL_KEY_V1",
            "APP_KEY",
            "RABBITMQ_ERLANG_COOKIE",
            "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO",
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
            "CONFIG_PROVIDERS_SECRET_PARAM_STORE_BOOTSTRAP_SERVERS",
            "AUTHENTICATION_APIKEY_USERS",
            "BACK_PROXY_PASS",
            "TLS_PASS_THROUGH",
            "PUSHER_APP_KEY",
            "SALT_ROUNDS",
            "SALT_STORE_TYPE",
            "SIGNING_KEY_ID",
            "API_TOKEN_ID",
            "CREDENTIALS_KEY_FILEPATH",
            "TOKEN_EXPIRATION_TIME",
            "SESSION_COOKIE_SECURE",
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
}
