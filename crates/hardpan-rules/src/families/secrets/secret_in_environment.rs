//! HP-SCR-001: a credential is in the environment, a build argument or a label.

use super::file_variables;
use super::values::{Home, Named, Source, is_no_credential, named_values};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::secret_names::{is_secret_name, is_users_label, url_passwords, words};
use crate::{Scope, Service, Verdicts};

/// See `rules/secret-in-environment/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SCR-001",
    name: "secret-in-environment",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &[
        "document 000, REQ-BSL-03",
        "document 001, REQ-SPC-OPT-004",
        "document 002, SEC-SPC-AUTO-001",
        "compose-spec, services, secrets",
    ],
    doc: include_str!("../../../rules/secret-in-environment/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let mut is_clean = true;
        for named in named_values(scope, service) {
            if is_credential(named) {
                is_clean = false;
                report(service, named, verdicts);
            }
        }
        if is_clean {
            verdicts.satisfied(service);
        }
    }
}

/// Whether the value is a credential by its name and does not look like anything else.
pub(super) fn is_credential(named: &Named<'_>) -> bool {
    if named.source == Source::Empty {
        return false;
    }
    if named.home == Home::Label && is_users_label(&named.key) {
        return true;
    }
    if !is_secret_name(&named.key) && secret_inside(named).is_none() {
        return false;
    }
    if named.source == Source::Host {
        return true;
    }
    // A password inside of a URL is what HP-SCR-002 is about.
    if !url_passwords(&named.written).is_empty() || !url_passwords(&named.value).is_empty() {
        return false;
    }
    if named.value.is_empty() {
        return named.source == Source::Variable;
    }
    if words(&named.key).iter().any(|word| word == "dsn") {
        return is_keyed_address(&named.value);
    }
    !is_no_credential(&named.value)
}

/// The variable with a credential that a value of another name is made of: `--requirepass ${REDIS_PASSWORD}`.
fn secret_inside<'n>(named: &'n Named<'_>) -> Option<&'n str> {
    let last = |name: &str| words(name).pop().unwrap_or_default();
    if ["file", "path", "name", "user", "username", "login"].contains(&last(&named.key).as_str()) {
        return None;
    }
    let mut rest = named.written.as_str();
    while let Some((_, after)) = rest.split_once("${") {
        let end =
            after.find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').unwrap_or(after.len());
        let (name, operator) = after.split_at(end);
        // `${NAME:+…}` only tells whether there is a value. The half of a pair of keys is a user's name.
        if is_secret_name(name) && last(name) != "id" && !operator.trim_start_matches(':').starts_with('+') {
            return Some(name);
        }
        rest = operator;
    }
    None
}

/// `https://KEY@host/1`: a web service is addressed with a key. What is secret in other connection strings is for
/// HP-SCR-002 to find.
fn is_keyed_address(value: &str) -> bool {
    value.split_once("://").is_some_and(|(scheme, rest)| {
        scheme.starts_with("http") && rest.split('/').next().is_some_and(|authority| authority.contains('@'))
    })
}

fn report(service: &Service<'_>, named: &Named<'_>, verdicts: &mut Verdicts<'_>) {
    let (key, home) = (named.key.as_str(), named.home.as_str());
    let message = match named.source {
        _ if !is_secret_name(key)
            && let Some(inside) = secret_inside(named) =>
        {
            format!("credential `{inside}` is put into {home} as a part of `{key}`")
        }
        Source::Literal => format!("credential `{key}` is written into {home}"),
        Source::Default => format!("credential `{key}` is in {home}, with its default written there"),
        Source::Host => format!("credential `{key}` is passed into {home} from the host's"),
        Source::Variable | Source::Empty => format!("credential `{key}` is put into {home}"),
    };
    let label = match (named.source, named.variable()) {
        (Source::Literal | Source::Default, _) => "anybody who reads this file has it".to_owned(),
        (Source::Variable, Some(variable)) => {
            format!("the value of `{variable}` ends up in the container's configuration")
        }
        _ => "the value ends up in the container's configuration".to_owned(),
    };
    let draft = verdicts.violation(service, named.place(), message);
    draft.label(label).help(help(service, named));
    if !matches!(named.source, Source::Literal | Source::Default) {
        draft.severity(Severity::High);
    }
}

fn help(service: &Service<'_>, named: &Named<'_>) -> String {
    match named.home {
        Home::BuildArgument | Home::ImageArgument => {
            "use a build secret: `RUN --mount=type=secret,id=…` and `build.secrets`".to_owned()
        }
        Home::Label => "labels are public to everything that can list containers: remove it".to_owned(),
        Home::ImageEnvironment => {
            "remove it from the image, and read the file of a secret when the container starts".to_owned()
        }
        Home::Environment | Home::EnvFile => {
            let secret = named.key.to_ascii_lowercase();
            let image = service.image().unwrap_or_default();
            match file_variables::for_variable(image, &named.key) {
                Some(file_variable) => format!(
                    "grant a secret and set `{}: {}/run/secrets/{secret}` instead",
                    file_variable.name, file_variable.prefix
                ),
                None => {
                    format!("grant a secret, and let the program read `/run/secrets/{secret}` when it starts")
                }
            }
        }
    }
}
