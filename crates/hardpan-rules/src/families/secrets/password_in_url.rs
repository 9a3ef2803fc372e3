//! HP-SCR-002: a URL or connection string has a password in it.

use hardpan_source::Span;

use super::connection_strings::{password, password_in_url};
use super::programs::{Program, mounted_files, programs};
use super::values::{Source, named_values};
use super::written::Written;
use crate::rule::{Audience, Confidence, Rule};
use crate::secret_names::expansion_end;
use crate::{Scope, Service, Verdicts};

/// See `rules/password-in-url/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SCR-002",
    name: "password-in-url",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 000, REQ-BSL-03", "document 002, SEC-SPC-AUTO-001", "RFC 3986, section 3.2.1"],
    doc: include_str!("../../../rules/password-in-url/doc.md"),
    check,
};

const HELP: &str = "give the program the parts of it, and the password in the file of a secret";

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let before = verdicts.drafts.len();
        check_values(scope, service, verdicts);
        check_programs(scope, service, verdicts);
        check_configs(scope, service, verdicts);
        if verdicts.drafts.len() == before {
            verdicts.satisfied(service);
        }
    }
}

fn check_values<'p>(scope: &Scope<'p>, service: &Service<'p>, verdicts: &mut Verdicts<'_>) {
    for named in named_values(scope, service) {
        let found = match password(&named.written) {
            Some(range) => Some(kind(&named.written[range])),
            // The whole URL may come from a variable.
            None if named.source == Source::Variable => password(&named.value).map(|_| Kind::Carried),
            None => None,
        };
        let Some(kind) = found else { continue };
        let key = &named.key;
        let message = match &kind {
            Kind::Literal => format!("`{key}` has a password in its connection string"),
            Kind::Variable(name) => {
                format!("`{key}` has the password of `{name}` put into its connection string")
            }
            Kind::Carried => format!("`{key}` gets a connection string with a password from a variable"),
        };
        verdicts.violation(service, named.place(), message).label(label(&kind)).help(HELP);
    }
}

fn check_programs(scope: &Scope<'_>, service: &Service<'_>, verdicts: &mut Verdicts<'_>) {
    for program in programs(scope, service) {
        match &program {
            Program::Shell(shell) if shell.is_scalar() => {
                let mut from = 0;
                for line in shell.text().split_inclusive('\n') {
                    if let Some(range) = password_in_url(line) {
                        let place = from + range.start..from + range.end;
                        // A variable of the shell may well have been read from a secret's file.
                        let is_own =
                            line[range.clone()].starts_with(['$', '`']) && !shell.is_composed(0, &place);
                        if !is_own {
                            let kind = kind(&line[range]);
                            report_command(service, shell.text_span(&place), &kind, verdicts);
                        }
                    }
                    from += line.len();
                }
            }
            Program::Shell(_) => {}
            Program::Arguments(arguments) => {
                for argument in arguments {
                    if let Some(range) = password_in_url(&argument.written.text) {
                        let kind = kind(&argument.written.text[range]);
                        report_command(service, argument.span, &kind, verdicts);
                    }
                }
            }
        }
    }
}

fn report_command(service: &Service<'_>, span: Span, kind: &Kind, verdicts: &mut Verdicts<'_>) {
    let message = match kind {
        Kind::Variable(name) => format!("a command has the password of `{name}` put into a URL"),
        _ => "a command has a password in a URL".to_owned(),
    };
    verdicts.violation(service, span, message).label(label(kind)).help(HELP);
}

/// Files that are no configuration, whatever they talk about.
const OTHER_FILES: &[&str] =
    &["md", "html", "js", "ts", "css", "svg", "lock", "py", "go", "rs", "java", "php", "rb", "txt", "csv"];

fn check_configs(scope: &Scope<'_>, service: &Service<'_>, verdicts: &mut Verdicts<'_>) {
    for grant in service.configs() {
        let content = scope.resource("configs", grant.source).and_then(|config| config.get("content"));
        let Some(content) = content.filter(|node| node.as_str().is_some()) else { continue };
        let scalar = content.origin().span;
        let written = Written::decode(&scope.files.text(scalar));
        check_text(&written.text, service, verdicts, |range| written.span(scalar, &range));
    }
    for mounted in mounted_files(scope, service) {
        let path = mounted.file.path();
        let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, end)| end);
        if extension.is_some_and(|extension| OTHER_FILES.contains(&extension)) {
            continue;
        }
        let file = &mounted.file;
        check_text(file.text(), service, verdicts, |range| file.span(range));
    }
}

fn check_text(
    text: &str,
    service: &Service<'_>,
    verdicts: &mut Verdicts<'_>,
    span: impl Fn(std::ops::Range<usize>) -> Span,
) {
    let is_script = text.starts_with("#!");
    let mut from = 0;
    for line in text.split_inclusive('\n') {
        let is_comment = ["#", "//", ";", "--"].iter().any(|sign| line.trim_start().starts_with(sign));
        if !is_comment
            && line.contains("://")
            && let Some(range) = password_in_url(line)
            && !(is_script && line[range.clone()].starts_with(['$', '`']))
        {
            let kind = kind(&line[range.clone()]);
            let message = match &kind {
                Kind::Variable(name) => {
                    format!("a mounted file has the password of `{name}` put into a URL")
                }
                _ => "a mounted file has a password in a URL".to_owned(),
            };
            verdicts
                .violation(service, span(from + range.start..from + range.end), message)
                .label(label(&kind))
                .help(HELP);
        }
        from += line.len();
    }
}

/// What stands where the password belongs.
enum Kind {
    Literal,
    Variable(String),
    /// The whole text comes from a variable.
    Carried,
}

/// A reference without a default of its own is a variable; all else shows the password.
fn kind(password: &str) -> Kind {
    if password.starts_with('$') && expansion_end(password, 0) == password.len() {
        let name: String = password
            .trim_start_matches(['$', '{'])
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
            .collect();
        let has_default = password.contains(":-") && !password.ends_with(":-}");
        if !has_default && !name.is_empty() {
            return Kind::Variable(name);
        }
    }
    Kind::Literal
}

fn label(kind: &Kind) -> &'static str {
    match kind {
        Kind::Literal => "anybody who reads this file has it",
        Kind::Variable(_) | Kind::Carried => "the password ends up in the container's configuration",
    }
}
