//! HP-SCR-007: a placeholder is left in a file whose reader does not fill it in.

use std::ops::Range;

use super::programs::{MountedFile, Program, mounted_files, programs};
use super::values::{Home, named_values};
use crate::artifacts::image::ImageRef;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, Subject, Verdicts};

/// See `rules/unexpanded-placeholder/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SCR-007",
    name: "unexpanded-placeholder",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 002, SEC-SPC-AUTO-001", "psql 16, variables", "Loki 3.0, configuration file"],
    doc: include_str!("../../../rules/unexpanded-placeholder/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let mut has_reader = false;
        let before = verdicts.drafts.len();
        check_env_files(scope, service, verdicts);
        let mounted = mounted_files(scope, service);
        let readers: Vec<(&MountedFile, &'static str)> =
            mounted.iter().filter_map(|file| Some((file, reader(service, file)?))).collect();
        if !readers.is_empty() && !fills_in(scope, service, &mounted) {
            for (file, reader) in readers {
                has_reader = true;
                check_file(service, file, reader, verdicts);
            }
        }
        if verdicts.drafts.len() > before {
            continue;
        }
        if has_reader {
            verdicts.satisfied(service);
        } else {
            verdicts.not_applicable(service, "it has no file whose reader is known to leave placeholders");
        }
    }
    check_secrets(scope, verdicts);
}

/// How many lines of one file are reported: who sees five knows the rest.
const LINES_MAX: usize = 20;

fn check_file(service: &Service<'_>, mounted: &MountedFile, reader: &str, verdicts: &mut Verdicts<'_>) {
    let text = mounted.file.text();
    let (mut from, mut reported) = (0, 0);
    for line in text.split_inclusive('\n') {
        let is_comment = ["#", "--", "//"].iter().any(|sign| line.trim_start().starts_with(sign));
        if !is_comment
            && !line.trim_start().starts_with("replacement:")
            && let Some((range, name)) = placeholder(line)
        {
            let span = mounted.file.span(from + range.start..from + range.end);
            verdicts
                .violation(
                    service,
                    span,
                    format!("placeholder `${{{name}}}` is read by {reader}, which does not fill it in"),
                )
                .label("taken as it stands")
                .help(help(reader));
            reported += 1;
            if reported == LINES_MAX {
                break;
            }
        }
        from += line.len();
    }
}

fn help(reader: &str) -> &'static str {
    match reader {
        "psql" => {
            "run it from a script: `psql -v name=…` with `:'name'` in the file, or `envsubst < file | psql`"
        }
        "the server without `-config.expand-env`" => "add `-config.expand-env=true` to the command",
        _ => {
            "fill it in before the program starts (`envsubst`), or use what the program has for files of secrets"
        }
    }
}

/// The first `${NAME}` of a line, in capitals as variables of the environment are, with its name.
fn placeholder(line: &str) -> Option<(Range<usize>, &str)> {
    line.match_indices("${").find_map(|(at, _)| {
        let rest = &line[at + 2..];
        let end =
            rest.find(|sign: char| !sign.is_ascii_uppercase() && !sign.is_ascii_digit() && sign != '_')?;
        let name = &rest[..end];
        let is_name =
            name.starts_with(|sign: char| sign.is_ascii_uppercase() || sign == '_') && name.len() > 1;
        let close = rest.find('}')?;
        (is_name && (rest[end..].starts_with('}') || rest[end..].starts_with(":-")))
            .then_some((at..at + 2 + close + 1, name))
    })
}

/// The program that reads a mounted file, if it is one that leaves placeholders alone.
fn reader(service: &Service<'_>, mounted: &MountedFile) -> Option<&'static str> {
    let target = mounted.target.as_str();
    let name = target.rsplit('/').next().unwrap_or(target);
    if [".template", ".tmpl", ".tpl", ".j2", ".tftpl"].iter().any(|part| name.contains(part)) {
        return None;
    }
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let image = ImageRef::parse(service.image().unwrap_or_default()).ok();
    let family = image.as_ref().map_or("", |image| image.repository.rsplit('/').next().unwrap_or_default());
    if target.starts_with("/docker-entrypoint-initdb.d/") && ends(&[".sql"]) {
        return Some(if family.contains("my") || family.contains("maria") { "the client" } else { "psql" });
    }
    let is_yaml = ends(&[".yml", ".yaml"]);
    match family {
        "prometheus" if is_yaml => Some("Prometheus"),
        "alertmanager" if is_yaml => Some("Alertmanager"),
        "loki" | "tempo" | "mimir" | "promtail" | "pyroscope" if is_yaml => {
            let is_expanding =
                service.words("command").iter().chain(&service.words("entrypoint")).any(|word| {
                    word.as_str()
                        .is_some_and(|word| word.contains("config.expand-env") && !word.ends_with("=false"))
                });
            (!is_expanding).then_some("the server without `-config.expand-env`")
        }
        "redis" | "valkey" | "keydb" if ends(&[".conf"]) => Some("the server"),
        "traefik" if is_yaml || ends(&[".toml"]) => Some("Traefik"),
        "nginx" | "nginx-unprivileged" if ends(&[".conf"]) && !target.contains("/templates/") => {
            Some("nginx")
        }
        "eclipse-mosquitto" if ends(&[".conf"]) => Some("Mosquitto"),
        "rabbitmq" if ends(&[".conf", ".json"]) => Some("RabbitMQ"),
        "mysql" | "mariadb" if ends(&[".cnf"]) => Some("the server"),
        "pgbouncer" if ends(&[".ini", ".txt"]) => Some("PgBouncer"),
        _ => None,
    }
}

/// Programs that fill in placeholders.
const FILLERS: &[&str] = &[
    "envsubst",
    "gomplate",
    "sed ",
    "confd",
    "dockerize",
    "jinja",
    "j2 ",
    "perl ",
    "awk ",
    "eval ",
    "consul-template",
];

/// Whether something that the service runs fills in placeholders.
fn fills_in(scope: &Scope<'_>, service: &Service<'_>, mounted: &[MountedFile]) -> bool {
    let is_filler = |text: &str| FILLERS.iter().any(|filler| text.contains(filler));
    let runs = programs(scope, service).iter().any(|program| match program {
        Program::Shell(shell) => is_filler(shell.text()),
        Program::Arguments(arguments) => {
            arguments.iter().any(|argument| is_filler(&format!("{} ", argument.written.text)))
        }
    });
    // A script may be run by the image.
    runs || mounted.iter().any(|file| file.file.text().starts_with("#!") && is_filler(file.file.text()))
}

/// What an env file leaves as it stands (`format: raw`, single quotes) reaches the program so.
fn check_env_files<'p>(scope: &Scope<'p>, service: &Service<'p>, verdicts: &mut Verdicts<'_>) {
    for named in named_values(scope, service) {
        if named.home == Home::EnvFile
            && named.value == named.written
            && let Some((_, name)) = placeholder(&named.value)
        {
            verdicts
                .violation(
                    service,
                    named.place(),
                    format!(
                        "`{}` has the placeholder `${{{name}}}`, which the env file does not fill in",
                        named.key
                    ),
                )
                .label("the program gets it as it stands")
                .help("take the quotes or `format: raw` away, or write the value");
        }
    }
}

/// The file of a secret is passed on byte for byte.
fn check_secrets(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for (name, secret) in scope.project.section("secrets") {
        let Some(file) = secret.get("file") else { continue };
        let Some(path) = file.as_str().filter(|path| !super::exposed_secret_source::is_example(path)) else {
            continue;
        };
        let Some(content) = scope.files.bytes(path, 64 << 10).and_then(|bytes| String::from_utf8(bytes).ok())
        else {
            continue;
        };
        if let Some((_, variable)) = content.lines().find_map(placeholder) {
            verdicts
                .violation(
                    Subject::Resource("secret", name.to_owned()),
                    file,
                    format!("file of secret `{name}` has the placeholder `${{{variable}}}`, which nothing fills in"),
                )
                .label("a secret is passed on as it stands")
                .help("write the value into the file");
        }
    }
}
