//! HP-SCR-009: a credential is a default or an obvious word.

use hardpan_compose::{Hop, VariableSource};

use super::exposed_secret_source::is_example;
use super::repository::Repository;
use super::secret_in_environment::is_credential;
use super::values::{Home, Named, Source, named_values};
use crate::artifacts::image::family_of;
use crate::rule::{Audience, Confidence, Rule};
use crate::secret_names::{is_secret_name, url_passwords, words};
use crate::{Place, Scope, Service, Subject, Verdicts};

/// See `rules/weak-credential/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SCR-009",
    name: "weak-credential",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 000, section 9", "CWE-1392", "CWE-521"],
    doc: include_str!("../../../rules/weak-credential/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let values = named_values(scope, service);
        let before = verdicts.drafts.len();
        let mut has_credential = false;
        for named in values.iter().filter(|named| named.source != Source::Host) {
            if is_credential(named) && is_secret_name(&named.key) && !is_identifier(&named.key) {
                has_credential = true;
                check_value(scope, service, named, values, verdicts);
            } else if let Some(weakness) = weakness_in_url(service, named) {
                has_credential = true;
                report(scope, service, named, weakness, verdicts);
            }
        }
        if !has_credential {
            verdicts.not_applicable(service, "it has no credential in the environment");
        } else if verdicts.drafts.len() == before {
            verdicts.satisfied(service);
        }
    }
    check_secret_files(scope, verdicts);
}

fn check_value(
    scope: &Scope<'_>,
    service: &Service<'_>,
    named: &Named<'_>,
    values: &[Named<'_>],
    verdicts: &mut Verdicts<'_>,
) {
    let is_users_name = values
        .iter()
        .any(|other| (is_user(&other.key) || is_identifier(&other.key)) && other.value == named.value);
    let Some(weakness) = weakness(&named.value, &names(service, named), is_users_name) else { return };
    let key = words(&named.key);
    let is_password = key.iter().any(|word| word.contains("pass") || word == "pwd");
    // Tokens and keys have lengths of their own.
    if weakness == Weakness::Short && !is_password {
        return;
    }
    report(scope, service, named, weakness, verdicts);
}

/// Why the password of the URL that is written here is weak. One that a variable sets is judged by its own name.
fn weakness_in_url(service: &Service<'_>, named: &Named<'_>) -> Option<Weakness> {
    let is_written = matches!(named.source, Source::Literal | Source::Default);
    let password = url_passwords(&named.value).into_iter().next().filter(|_| is_written)?;
    let user = named.value[..password.start - 1].rsplit('/').next().unwrap_or_default();
    // A command that puts the password in when it runs.
    if named.value[password.clone()].starts_with('$') {
        return None;
    }
    let is_users_name = named.value[password.clone()] == *user;
    weakness(&named.value[password], &names(service, named), is_users_name)
}

/// Words of the service that defaults are made of.
fn names(service: &Service<'_>, named: &Named<'_>) -> Vec<String> {
    let mut names = words(service.name);
    names.extend(service.image().into_iter().flat_map(|image| words(family_of(image))));
    names.extend(words(&named.key));
    names
}

fn report(
    scope: &Scope<'_>,
    service: &Service<'_>,
    named: &Named<'_>,
    weakness: Weakness,
    verdicts: &mut Verdicts<'_>,
) {
    // What an env file sets is wrong there, and wrong once.
    let set = named.node.and_then(|node| {
        node.hops().find_map(|hop| match hop {
            Hop::Variable { name, set } => Some((name, set)),
            _ => None,
        })
    });
    let (name, place) = match set {
        Some((name, VariableSource::File(span))) => (name.to_string(), Place::from(*span)),
        // What the shell has is nobody's text.
        Some((_, VariableSource::Process)) => return,
        _ => (named.key.clone(), named.place()),
    };
    let file = match &place {
        Place::At { span, .. } => scope.files.file(span.file).path().to_owned(),
        _ => String::new(),
    };
    let is_env_file = named.home == Home::EnvFile || matches!(set, Some((_, VariableSource::File(_))));
    if is_env_file && is_example(&file) {
        return;
    }
    let what = if url_passwords(&named.value).is_empty() { "credential" } else { "password in" };
    verdicts
        .violation(service, place, format!("{what} `{name}` {}", weakness.as_str()))
        .label("the first thing that is tried")
        .help("make a random one (`openssl rand -base64 24`) and keep it in the file of a secret");
}

/// Whether the key names the half of a pair of keys that is no secret by itself.
fn is_identifier(key: &str) -> bool {
    let words = words(key);
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    has("access") && has("key") && !has("secret")
}

fn is_user(key: &str) -> bool {
    words(key).last().is_some_and(|word| matches!(word.as_str(), "user" | "username" | "login"))
}

fn check_secret_files(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let mut repository = None;
    for (name, secret) in scope.project.section("secrets") {
        let Some(file) = secret.get("file") else { continue };
        let Some(path) = file.as_str().filter(|path| !is_example(path)) else { continue };
        let Some(content) = scope.files.bytes(path, 4096).and_then(|bytes| String::from_utf8(bytes).ok())
        else {
            continue;
        };
        let Some(weakness) = weakness(content.trim(), &words(name), false) else { continue };
        // What is ignored stays on this machine, and is its owner's business.
        let repository = repository.get_or_insert_with(|| Repository::find(scope));
        let is_private = repository.as_ref().is_some_and(|repository| {
            repository.tracked_size(path).is_none() && repository.is_ignored(scope, path)
        });
        if !is_private {
            verdicts
                .violation(
                    Subject::Resource("secret", name.to_owned()),
                    file,
                    format!("content of secret `{name}` {}", weakness.as_str()),
                )
                .label("the first thing that is tried")
                .help("make a random one (`openssl rand -base64 24`), and do not commit it");
        }
    }
}

/// Why a credential is weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weakness {
    Placeholder,
    Default,
    UsersName,
    Short,
}

impl Weakness {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Placeholder => "is a placeholder that was never replaced",
            Self::Default => "is a well-known default",
            Self::UsersName => "is the same as its user's name",
            Self::Short => "is shorter than six characters",
        }
    }
}

/// Words that defaults are made of.
const VOCABULARY: &[&str] = &[
    "access",
    "admin",
    "administrator",
    "airflow",
    "api",
    "app",
    "auth",
    "awx",
    "client",
    "cookie",
    "database",
    "db",
    "default",
    "demo",
    "dev",
    "development",
    "elastic",
    "encryption",
    "example",
    "foo",
    "bar",
    "grafana",
    "guest",
    "hello",
    "internal",
    "jwt",
    "key",
    "keycloak",
    "kibana",
    "letmein",
    "local",
    "localhost",
    "login",
    "master",
    "minio",
    "mongo",
    "mongodb",
    "my",
    "mysql",
    "mariadb",
    "neo4j",
    "neo",
    "not",
    "only",
    "owner",
    "pass",
    "passwd",
    "password",
    "postgres",
    "postgresql",
    "prod",
    "production",
    "pw",
    "pwd",
    "qwerty",
    "rabbitmq",
    "really",
    "redis",
    "root",
    "sa",
    "sample",
    "secret",
    "secure",
    "session",
    "some",
    "staging",
    "strong",
    "super",
    "superuser",
    "supersecret",
    "sys",
    "system",
    "test",
    "testing",
    "the",
    "token",
    "toor",
    "top",
    "user",
    "valkey",
    "very",
    "welcome",
    "world",
    "abc",
    "minioadmin",
    "and",
    "for",
    "is",
    "a",
    "this",
    "insecure",
    "unsafe",
];

/// Words that say that something is still to be written here.
const PLACEHOLDERS: &[&str] = &[
    "changeme",
    "changethis",
    "changeit",
    "replaceme",
    "replacethis",
    "replacewith",
    "yourpassword",
    "yoursecret",
    "yoursuper",
    "yourtoken",
    "yourapikey",
    "yourkey",
    "yourstrong",
    "youraccess",
    "yourencryption",
    "yourjwt",
    "putyour",
    "insertyour",
    "enteryour",
    "pleasechange",
    "mustchange",
    "tobechanged",
    "todo",
    "placeholder",
    "fillin",
    "generatea",
    "setme",
    "yourown",
    "examplepassword",
    "examplekey",
    "examplesecret",
    "dummy",
];

fn weakness(value: &str, names: &[String], is_users_name: bool) -> Option<Weakness> {
    let value = value.trim();
    if value.is_empty()
        || value.len() > 200
        || value.contains("://")
        || value.starts_with("-----")
        || value.starts_with(['{', '['])
    {
        return None;
    }
    let lower = value.to_lowercase();
    let letters: String = lower.chars().filter(char::is_ascii_alphabetic).collect();
    let is_marked = value.starts_with('<') && value.ends_with('>') || value.starts_with("xxx");
    if is_marked || PLACEHOLDERS.iter().any(|word| letters.contains(word)) {
        return Some(Weakness::Placeholder);
    }
    // Letters are written as digits within a word; what stands behind it is only there to please a check.
    let spelled: String = lower
        .trim_end_matches(|sign: char| !sign.is_ascii_alphabetic())
        .chars()
        .filter_map(|letter| match letter {
            '@' | '4' => Some('a'),
            '0' => Some('o'),
            '3' => Some('e'),
            '$' | '5' => Some('s'),
            '1' => Some('i'),
            letter => letter.is_ascii_alphabetic().then_some(letter),
        })
        .collect();
    let is_words = |text: &str| !text.is_empty() && is_made_of(text, names);
    let digits = value.chars().filter(char::is_ascii_digit).count();
    // Many digits beside the words make it a word no more.
    if digits <= 6 && (is_words(&letters) || is_words(&spelled)) || is_sequence(&lower) {
        return Some(Weakness::Default);
    }
    if is_users_name {
        return Some(Weakness::UsersName);
    }
    (value.chars().count() < 6).then_some(Weakness::Short)
}

/// Digits in a row or all the same, however many.
fn is_sequence(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_alike = bytes.windows(2).all(|pair| pair[0] == pair[1]);
    let is_counting = bytes.iter().all(u8::is_ascii_digit)
        && bytes.windows(2).all(|pair| pair[1] == pair[0] + 1 || pair[0] == b'9' && pair[1] == b'0');
    is_alike || is_counting
}

/// Whether the text is made of known words and nothing else.
fn is_made_of(text: &str, names: &[String]) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() > 96 {
        return false;
    }
    let mut reachable = vec![false; bytes.len() + 1];
    reachable[0] = true;
    for at in 0..bytes.len() {
        if !reachable[at] {
            continue;
        }
        let known =
            VOCABULARY.iter().copied().chain(names.iter().map(String::as_str).filter(|name| name.len() > 2));
        for word in known {
            if bytes[at..].starts_with(word.as_bytes()) {
                reachable[at + word.len()] = true;
            }
        }
    }
    reachable[bytes.len()]
}

#[cfg(test)]
mod tests {
    use super::{Weakness, weakness};

    #[test]
    fn defaults_and_placeholders_are_known() {
        let check = |value: &str, expected: Option<Weakness>| {
            assert_eq!(weakness(value, &["wiki".to_owned()], false), expected, "{value}");
        };
        for value in [
            "admin",
            "password",
            "Passw0rd",
            "P@ssw0rd!",
            "postgres",
            "admin123",
            "supersecret",
            "my-secret-pw",
            "minioadmin",
            "mysecretpassword",
            "123456",
            "12345678",
            "111111",
            "root",
            "dev_password",
            "wiki",
            "wikipassword",
            "secret_key_2024",
        ] {
            check(value, Some(Weakness::Default));
        }
        for value in [
            "changeme",
            "CHANGE_ME",
            "change-this-secret",
            "<password>",
            "your-super-secret-jwt-token",
            "REPLACE_WITH_TOKEN",
            "xxxxxxxx",
            "please_change_me_123",
        ] {
            check(value, Some(Weakness::Placeholder));
        }
        check("x7f", Some(Weakness::Short));
        for value in
            ["hunter22x", "correcthorsebattery", "k3JH8sd0kLq2", "", "/run/secrets/x y z", "9f86d081884c7d65"]
        {
            check(value, None);
        }
        assert_eq!(weakness("zabbix", &[], true), Some(Weakness::UsersName));
    }
}
