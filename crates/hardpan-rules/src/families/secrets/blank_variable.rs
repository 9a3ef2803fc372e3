//! HP-SCR-008: a variable refers to itself, or a required one is blank.

use hardpan_compose::{Hop, NodeRef, VariableSource};
use hardpan_source::Span;

use super::values::{Home, Named, Source, env_file_value, named_values};
use crate::rule::{Audience, Confidence, Rule};
use crate::secret_names::is_secret_name;
use crate::{Scope, Service, Subject, Verdicts};

/// See `rules/blank-variable/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SCR-008",
    name: "blank-variable",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 000, VAL-BSL-02", "compose-spec, interpolation"],
    doc: include_str!("../../../rules/blank-variable/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for (name, _, set) in scope.environment {
        if let VariableSource::File(key) = set
            && refers_to_itself(&env_file_value(scope, *key), name)
        {
            let path = scope.files.file(key.file).path().to_owned();
            report_self(Subject::File(path), *key, name, verdicts);
        }
    }
    for service in scope.services() {
        let before = verdicts.drafts.len();
        check_service(scope, service, verdicts);
        if verdicts.drafts.len() == before {
            verdicts.satisfied(service);
        }
    }
}

fn check_service<'p>(scope: &Scope<'p>, service: &Service<'p>, verdicts: &mut Verdicts<'_>) {
    for named in named_values(scope, service) {
        if named.home == Home::EnvFile && refers_to_itself(&named.written, &named.key) {
            report_self(service.into(), named.span, &named.key, verdicts);
            continue;
        }
        // Without a credential a program stops, or lets everybody in.
        let is_blank = named.source == Source::Variable && named.value.is_empty();
        if is_blank && named.home == Home::EnvFile && is_secret_name(&named.key) {
            report_blank_placeholder(service, named, verdicts);
            continue;
        }
        let is_required = is_blank && is_required(&named.key);
        if is_required && let Some(node) = named.node {
            report_blank(
                scope,
                service,
                node,
                &named.written,
                &format!("credential `{}`", named.key),
                verdicts,
            );
        }
    }
    if let Some(image) = service.get("image") {
        let written = scope.files.text(image.origin().span);
        report_blank(scope, service, image, &written, "the image's name", verdicts);
    }
    for mount in service.mounts().filter(|mount| mount.kind == "bind") {
        let node = mount.node.get("source").unwrap_or(mount.node);
        let written = scope.files.text(node.origin().span);
        report_blank(scope, service, node, &written, "the source of a mount", verdicts);
    }
}

/// An env file hands a credential on from a variable that has no value.
fn report_blank_placeholder(service: &Service<'_>, named: &Named<'_>, verdicts: &mut Verdicts<'_>) {
    let Some(variable) = named.variable().filter(|name| is_bare(&named.written, name)) else { return };
    verdicts
        .violation(
            service,
            named.place(),
            format!("variable `{variable}` of credential `{}` has no value", named.key),
        )
        .label(format!("`{variable}` is set nowhere"))
        .help(format!(
            "write `{}=${{{variable}:?set {variable}}}` so that nothing starts without it",
            named.key
        ));
}

/// Credentials that no server of databases, stores or accounts works without. Of most others only the program knows.
const REQUIRED: &[&str] = &[
    "DB_PASSWORD",
    "DATABASE_PASSWORD",
    "POSTGRES_PASSWORD",
    "MYSQL_PASSWORD",
    "MYSQL_ROOT_PASSWORD",
    "MARIADB_PASSWORD",
    "MARIADB_ROOT_PASSWORD",
    "MONGO_INITDB_ROOT_PASSWORD",
    "MINIO_ROOT_PASSWORD",
    "NEO4J_AUTH",
    "RABBITMQ_DEFAULT_PASS",
    "KEYCLOAK_ADMIN_PASSWORD",
    "KC_BOOTSTRAP_ADMIN_PASSWORD",
    "GF_SECURITY_ADMIN_PASSWORD",
    "PGADMIN_DEFAULT_PASSWORD",
    "SECRET_KEY_BASE",
];

fn is_required(key: &str) -> bool {
    is_secret_name(key)
        && REQUIRED
            .iter()
            .any(|name| key.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('_')))
}

/// `NAME=$NAME` or `NAME=${NAME}`: it has the value it had before, which most often is none.
fn refers_to_itself(written: &str, name: &str) -> bool {
    written.strip_prefix('$').is_some_and(|rest| {
        rest == name || rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) == Some(name)
    })
}

fn report_self(subject: Subject, key: Span, name: &str, verdicts: &mut Verdicts<'_>) {
    verdicts
        .violation(subject, key, format!("variable `{name}` is set to itself"))
        .label("it is blank unless the shell happens to have it")
        .help(format!("write its value, or `{name}=${{{name}:?set {name}}}` to stop where it is missing"));
}

/// Reports the first variable of a value that is blank although the text has no default for it.
fn report_blank(
    scope: &Scope<'_>,
    service: &Service<'_>,
    node: NodeRef<'_>,
    written: &str,
    what: &str,
    verdicts: &mut Verdicts<'_>,
) {
    for hop in node.hops() {
        let Hop::Variable { name, set } = hop else { continue };
        let value = scope
            .environment
            .iter()
            .find(|(known, ..)| **known == **name)
            .map(|(_, value, _)| value.as_str());
        if !is_bare(written, name) || value.is_some_and(|value| !value.is_empty()) {
            continue;
        }
        let message = format!("variable `{name}` of {what} has no value");
        let help =
            format!("set `{name}`, and write `${{{name}:?set {name}}}` so that nothing starts without it");
        match set {
            VariableSource::File(_) => {
                verdicts.violation(service, node, message).label(format!("`{name}` is blank")).help(help);
            }
            VariableSource::Unset if has_env_file(scope) => {
                verdicts
                    .violation(service, node, message)
                    .label(format!("`{name}` is set nowhere"))
                    .help(help);
            }
            VariableSource::Unset => {
                verdicts
                    .unknown(service, node, format!("variable `{name}` of {what} is set in no file at hand"))
                    .help(help);
            }
            _ => continue,
        }
        return;
    }
}

/// Whether the text has the variable without a default.
fn is_bare(text: &str, name: &str) -> bool {
    text.contains(&format!("${{{name}}}")) || has_unbraced(text, name)
}

/// `$NAME` that is not the beginning of a longer name.
fn has_unbraced(text: &str, name: &str) -> bool {
    let pattern = format!("${name}");
    text.match_indices(&pattern).any(|(at, _)| {
        !text[at + pattern.len()..].starts_with(|sign: char| sign.is_ascii_alphanumeric() || sign == '_')
    })
}

/// Whether the project was loaded with the file that sets its variables. Without it nothing is known of them.
fn has_env_file(scope: &Scope<'_>) -> bool {
    scope.environment.iter().any(|(_, _, set)| matches!(set, VariableSource::File(_)))
}
