//! HP-SCR-001: a credential is in the environment, a build argument or a label.

use super::file_variables;
use super::values::{Home, Named, Source, is_no_credential, named_values};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::secret_names::{is_secret_name, url_passwords, words};
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
    if !is_secret_name(&named.key) || named.source == Source::Empty {
        return false;
    }
    if named.source == Source::Host {
        return true;
    }
    // A password inside of a URL is what HP-SCR-002 is about.
    if !url_passwords(&named.written).is_empty() || !url_passwords(&named.value).is_empty() {
        return false;
    }
    if matches!(named.source, Source::Literal | Source::Default) && is_plain_dsn(named) {
        return false;
    }
    !is_no_credential(&named.value) || named.value.is_empty() && named.source == Source::Variable
}

/// A connection string: what is secret in it is for HP-SCR-002 to find.
fn is_plain_dsn(named: &Named<'_>) -> bool {
    words(&named.key).iter().any(|word| word == "dsn")
}

fn report(service: &Service<'_>, named: &Named<'_>, verdicts: &mut Verdicts<'_>) {
    let (key, home) = (named.key.as_str(), named.home.as_str());
    let message = match named.source {
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
