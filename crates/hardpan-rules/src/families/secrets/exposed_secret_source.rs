//! HP-SCR-006: the source of a secret is where others can get at it.

use hardpan_compose::{Hop, NodeRef};

use super::repository::Repository;
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Subject, Verdicts};

/// See `rules/exposed-secret-source/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SCR-006",
    name: "exposed-secret-source",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 004, Strategy-ST-01", "compose-spec, secrets", "gitignore(5)"],
    doc: include_str!("../../../rules/exposed-secret-source/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let repository = Repository::find(scope);
    let mut unseen = None;
    for (name, secret) in scope.project.section("secrets") {
        let subject = Subject::Resource("secret", name.to_owned());
        if let Some(variable) = secret.get("environment").filter(|node| node.as_str().is_some()) {
            verdicts
                .violation(
                    subject,
                    variable,
                    format!("secret `{name}` comes from a variable of the environment"),
                )
                .severity(Severity::Medium)
                .label("every process that Compose was started from has it")
                .help("put it into a file: `file: ./secrets/…`");
        } else if let Some(file) = secret.get("file").filter(|node| node.as_str().is_some()) {
            check_file(scope, repository.as_ref(), name, file, &mut unseen, verdicts);
        } else {
            verdicts.satisfied(subject);
        }
    }
    // Said once for all of them.
    if let Some(file) = unseen {
        verdicts.unknown(
            Subject::Project,
            file,
            "whether the files of secrets are kept out of version control is not known: no repository is found",
        );
    }
}

fn check_file<'p>(
    scope: &Scope<'p>,
    repository: Option<&Repository>,
    name: &str,
    file: NodeRef<'p>,
    unseen: &mut Option<NodeRef<'p>>,
    verdicts: &mut Verdicts<'_>,
) {
    let subject = Subject::Resource("secret", name.to_owned());
    let path = file.as_str().unwrap_or_default();
    let shown = scope.relative(path);
    // A path with a variable that is not set is not the one that will be read.
    if file.hops().any(|hop| matches!(hop, Hop::Variable { set: hardpan_compose::VariableSource::Unset, .. }))
    {
        verdicts.unknown(
            subject,
            file,
            format!("the path of secret `{name}` has a variable that is not set"),
        );
        return;
    }
    if is_example(path) {
        verdicts.not_applicable(subject, "its file is an example or a placeholder");
        return;
    }
    if let Some(repository) = repository
        && repository.relative(path).is_some()
    {
        if let Some(size) = repository.tracked_size(path) {
            let has_content =
                size > 0 || scope.files.bytes(path, 1 << 20).is_some_and(|bytes| !bytes.is_empty());
            let message = if has_content {
                format!("file of secret `{name}` is tracked by Git, with its content")
            } else {
                format!("file of secret `{name}` is tracked by Git, empty so far")
            };
            let draft = verdicts.violation(subject, file, message);
            draft
                .label("everybody with the repository has it")
                .help(format!("`git rm --cached {shown}`, ignore the file, and replace the secret"));
            if has_content {
                draft.severity(Severity::Critical);
            }
            return;
        }
        if !repository.is_ignored(scope, path) {
            verdicts
                .violation(subject, file, format!("file of secret `{name}` is not ignored by Git"))
                .label("the next `git add` takes it along")
                .help(format!("add `{shown}`, or its folder, to `.gitignore`"));
            return;
        }
    }
    let folder = scope.policy.parameters.secrets.trim_matches('/');
    let is_inside = shown.starts_with('/') || shown.contains(&format!("{folder}/"));
    if scope.policy.house_rules && !is_inside {
        verdicts
            .violation(subject, file, format!("file of secret `{name}` is outside of `{folder}/`"))
            .label("not where secrets are kept")
            .help(format!("move it below `{folder}/`, which is ignored as a whole"));
        return;
    }
    match repository {
        Some(_) => verdicts.satisfied(subject),
        None => {
            verdicts.not_applicable(subject, "no repository is found around the project");
            unseen.get_or_insert(file);
        }
    }
}

/// Files that are there to show the form.
pub(super) fn is_example(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == ".gitkeep"
        || name.split(['.', '-', '_']).any(|part| matches!(part, "example" | "sample" | "template" | "dist"))
}
