//! HP-IMG-002: an image reference names something else tomorrow, or nothing at all.

use std::collections::HashSet;

use hardpan_compose::{Hop, NodeRef, VariableSource};

use crate::artifacts::image::{ImageProblem, ImageRef};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, Verdicts};

/// See `rules/unpinned-image/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-IMG-002",
    name: "unpinned-image",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 003, section 3", "CIS Docker 1.6.0, 4.2", "distribution/reference, grammar"],
    doc: include_str!("../../../rules/unpinned-image/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let built: HashSet<&str> = scope
        .services()
        .iter()
        .filter(|service| service.get("build").is_some())
        .filter_map(Service::image)
        .map(untagged_latest)
        .collect();
    for service in scope.services() {
        let Some(node) = service.get("image") else {
            verdicts.not_applicable(service, "has no image reference");
            continue;
        };
        let Some(text) = node.as_str() else { continue };
        let is_built = service.get("build").is_some() || built.contains(untagged_latest(text));
        match ImageRef::parse(text.trim()) {
            Ok(_) if is_built => verdicts.not_applicable(service, "the image is built by the project"),
            Ok(_) if service.text("pull_policy") == Some("never") => {
                verdicts.not_applicable(service, "the image is never pulled");
            }
            Ok(image) => judge(scope, service, node, &image, verdicts),
            Err(problem) => invalid(service, node, text, problem, verdicts),
        }
    }
}

fn untagged_latest(reference: &str) -> &str {
    reference.strip_suffix(":latest").unwrap_or(reference)
}

fn judge(
    scope: &Scope<'_>,
    service: &Service<'_>,
    node: NodeRef<'_>,
    image: &ImageRef,
    verdicts: &mut Verdicts<'_>,
) {
    if let Some(registry) = image.registry.as_deref()
        && registry.bytes().any(|byte| byte.is_ascii_uppercase())
        && !registry.contains(['.', ':'])
    {
        verdicts
            .violation(
                service,
                node,
                format!("image reference has upper-case letters, so `{registry}` is taken for a registry"),
            )
            .severity(Severity::High)
            .help("write the repository in lower case");
        return;
    }
    let Some(why) = moves(image) else { return verdicts.satisfied(service) };
    if image.tag.is_none()
        && let Some(variable) = unset_variable(node)
        && ends_with_variable(&scope.files.text(node.origin().span))
    {
        // `name${TAG}`, as long as nobody sets it; in `${PREFIX}name` the tag is missing either way.
        verdicts
            .unknown(service, node, format!("tag of the image depends on `{variable}`, which is not set"))
            .help(format!("give it a default version, such as `${{{variable}:-1.2.3}}`"));
        return;
    }
    let draft = verdicts.violation(service, node, why);
    draft.label("may be another image tomorrow");
    match variable_of_tag(scope, node) {
        Some((name, true)) => {
            draft.help(format!("let the default of `{name}` be a version, or a version with its digest"));
        }
        Some((name, false)) => {
            draft.help(format!("set `{name}` to a version, or to a version with its digest"));
        }
        None => {
            draft.help("write the version that runs today as the tag; with its digest (`@sha256:…`) it cannot change");
        }
    }
}

/// Why the reference may name another image tomorrow; none where it names a version.
fn moves(image: &ImageRef) -> Option<String> {
    if image.digest.is_some() {
        return None;
    }
    let Some(tag) = image.tag.as_deref() else {
        return Some("image has no tag, which means `latest`".to_owned());
    };
    let lower = tag.to_ascii_lowercase();
    if lower == "latest" {
        return Some("image has the tag `latest`".to_owned());
    }
    let pieces = || lower.split(['-', '_', '.', '+']);
    if pieces().any(|piece| piece == "latest") {
        return Some(format!("image has the moving tag `{tag}`"));
    }
    // A branch with the commit or the day it was built from stays what it is.
    let is_build = |piece: &str| {
        piece.len() >= 6
            && piece.bytes().all(|byte| byte.is_ascii_hexdigit())
            && piece.bytes().any(|byte| byte.is_ascii_digit())
    };
    if pieces().any(is_build) || is_local(&lower) || is_release_name(image, &lower) {
        return None;
    }
    let is_moving = image.is_floating() || !tag.bytes().any(|byte| byte.is_ascii_digit());
    is_moving.then(|| format!("image has the moving tag `{tag}`"))
}

/// Tags by which people mark what they build on their own machine and pull from nowhere.
fn is_local(tag: &str) -> bool {
    tag == "local" || tag.ends_with("-local")
}

/// Distributions name their releases: `debian:bookworm-slim` is no more than `debian:12-slim`, and no less.
fn is_release_name(image: &ImageRef, tag: &str) -> bool {
    const RELEASES: [&str; 12] = [
        "stretch", "buster", "bullseye", "bookworm", "trixie", "forky", "bionic", "focal", "jammy", "noble",
        "plucky", "questing",
    ];
    matches!(image.family(), "debian" | "ubuntu" | "buildpack-deps")
        && tag.split('-').next().is_some_and(|first| RELEASES.contains(&first))
}

fn invalid(
    service: &Service<'_>,
    node: NodeRef<'_>,
    text: &str,
    problem: ImageProblem,
    verdicts: &mut Verdicts<'_>,
) {
    if let Some(variable) = unset_variable(node) {
        let left = if text.is_empty() { String::new() } else { format!(": `{text}` names no image") };
        verdicts
            .unknown(
                service,
                node,
                format!("image reference depends on `{variable}`, which is not set{left}"),
            )
            .help(format!("set it, give it a default, or demand it with `${{{variable}:?}}`"));
        return;
    }
    if problem == ImageProblem::Unresolved {
        // A variable that must be set is not: the resolver has said so, and nothing was put in its place.
        verdicts.unknown(service, node, "image reference depends on a variable that is not set");
        return;
    }
    let (why, help) = match problem {
        ImageProblem::Empty => ("is empty", "name an image, or remove the attribute beside `build`"),
        ImageProblem::UpperCase => {
            ("has upper-case letters in the repository", "write the repository in lower case")
        }
        ImageProblem::Registry => ("has no valid registry", "write a host name, with a port if it needs one"),
        ImageProblem::Repository => (
            "has no valid repository",
            "use lower-case letters, digits and single `.`, `_`, `-` between them",
        ),
        ImageProblem::TooLong => ("is too long", "keep registry and repository within 255 characters"),
        ImageProblem::Tag => ("has no valid tag", "use letters, digits, `_`, `.`, `-` after the colon"),
        ImageProblem::Digest => ("has no valid digest", "write `@sha256:` and 64 hexadecimal digits"),
        ImageProblem::Unresolved | ImageProblem::Identifier => {
            ("is the id of an image", "name the image, and pin it by its digest")
        }
    };
    verdicts
        .violation(service, node, format!("image reference `{text}` {why}"))
        .severity(Severity::High)
        .label("the engine refuses this")
        .help(help);
}

fn unset_variable(node: NodeRef<'_>) -> Option<&str> {
    node.hops().find_map(|hop| match hop {
        Hop::Variable { name, set: VariableSource::Unset } => Some(&**name),
        _ => None,
    })
}

/// The variable that the reference ends with, which is where the tag is, and whether its default was taken.
fn variable_of_tag<'p>(scope: &Scope<'_>, node: NodeRef<'p>) -> Option<(&'p str, bool)> {
    let written = scope.files.text(node.origin().span);
    if !ends_with_variable(&written) {
        return None;
    }
    let variables = node.hops().filter_map(|hop| match hop {
        Hop::Variable { name, set } => Some((&**name, *set == VariableSource::Default)),
        _ => None,
    });
    variables.max_by_key(|(name, _)| written.rfind(name))
}

fn ends_with_variable(written: &str) -> bool {
    written.trim_end_matches(['"', '\'']).ends_with('}')
}
