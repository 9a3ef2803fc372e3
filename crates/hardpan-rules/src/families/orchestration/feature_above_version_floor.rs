//! HP-ORC-006: the project needs a newer Docker Compose than it says, or says what no Docker Compose reads.

use std::rc::Rc;

use hardpan_source::{Edit, Span};

use super::raw::{self, RawNode};
use crate::codes::Severity;
use crate::files::TextFile;
use crate::policy::Parameters;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Subject, Verdicts};

/// See `rules/feature-above-version-floor/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-ORC-006",
    name: "feature-above-version-floor",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 000, section 1", "compose-spec, version and name", "Docker Compose release notes"],
    doc: include_str!("../../../rules/feature-above-version-floor/doc.md"),
    check,
};

/// A version of Docker Compose.
type Version = (u32, u32, u32);

/// What came with which version: path below the top level (`*` for any name or item) and the version.
const FEATURES: &[(&[&str], Version)] = &[
    (&["include"], (2, 20, 0)),
    (&["models"], (2, 38, 0)),
    (&["configs", "*", "content"], (2, 23, 1)),
    (&["configs", "*", "environment"], (2, 23, 1)),
    (&["networks", "*", "enable_ipv4"], (2, 33, 1)),
    (&["services", "*", "attach"], (2, 20, 0)),
    (&["services", "*", "build", "additional_contexts"], (2, 17, 0)),
    (&["services", "*", "build", "dockerfile_inline"], (2, 17, 0)),
    (&["services", "*", "build", "entitlements"], (2, 27, 1)),
    (&["services", "*", "build", "ulimits"], (2, 23, 1)),
    (&["services", "*", "depends_on", "*", "required"], (2, 20, 0)),
    (&["services", "*", "depends_on", "*", "restart"], (2, 17, 0)),
    (&["services", "*", "develop"], (2, 22, 0)),
    (&["services", "*", "env_file", "*", "format"], (2, 30, 0)),
    (&["services", "*", "env_file", "*", "required"], (2, 24, 0)),
    (&["services", "*", "gpus"], (2, 30, 0)),
    (&["services", "*", "healthcheck", "start_interval"], (2, 20, 2)),
    (&["services", "*", "label_file"], (2, 32, 2)),
    (&["services", "*", "models"], (2, 38, 0)),
    (&["services", "*", "networks", "*", "gw_priority"], (2, 33, 1)),
    (&["services", "*", "networks", "*", "interface_name"], (2, 36, 0)),
    (&["services", "*", "post_start"], (2, 30, 0)),
    (&["services", "*", "pre_stop"], (2, 30, 0)),
    (&["services", "*", "provider"], (2, 36, 0)),
];

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let parameters = &scope.policy.parameters;
    // Without a policy the floor is nobody's word.
    let is_declared =
        scope.policy.house_rules || parameters.compose_floor != Parameters::default().compose_floor;
    let floor = version(&parameters.compose_floor).filter(|_| is_declared);
    for file in raw::compose_files(scope) {
        let mut is_kept = !obsolete_version(&file, verdicts);
        if let (Some(floor), Some(root)) = (floor, raw::root(&file)) {
            for (path, needed) in FEATURES.iter().filter(|(_, needed)| *needed > floor) {
                let mut keys = Vec::new();
                find(root, path, &mut keys);
                for key in keys {
                    is_kept = false;
                    newer(scope, verdicts, &file, key, path, *needed);
                }
            }
        }
        if is_kept {
            verdicts.satisfied(Subject::File(file.path().to_owned()));
        }
    }
}

/// Reports `version:`; true if it is there.
fn obsolete_version(file: &Rc<TextFile>, verdicts: &mut Verdicts<'_>) -> bool {
    let Some(root) = raw::root(file) else { return false };
    let Some((_, key, value)) = root.entries().find(|(name, ..)| *name == "version") else { return false };
    let draft = verdicts.violation(
        Subject::File(file.path().to_owned()),
        key.to(value.span()),
        "`version` has no effect any more",
    );
    draft.severity(Severity::Info).label("Docker Compose ignores it and warns").help("remove the line");
    if let Some(line) = whole_lines(file, key.to(value.span())) {
        let repair = Repair::Edits(vec![Edit { span: line, replacement: String::new() }]);
        draft.fix(Safety::Safe, "remove the obsolete `version`", repair);
    }
    true
}

/// The lines of a span, if nothing else stands on them.
fn whole_lines(file: &TextFile, span: Span) -> Option<Span> {
    let text = file.text();
    let start = text.get(..span.start as usize)?.rfind('\n').map_or(0, |at| at + 1);
    let rest = text.get(span.end as usize..)?;
    let end = rest.find('\n').map_or(text.len(), |at| span.end as usize + at + 1);
    let before = text.get(start..span.start as usize)?;
    let after = text.get(span.end as usize..end)?.trim();
    (before.trim().is_empty() && (after.is_empty() || after.starts_with('#'))).then(|| file.span(start..end))
}

/// The keys at a path below a value.
fn find(node: RawNode<'_>, path: &[&str], keys: &mut Vec<Span>) {
    let Some((&step, rest)) = path.split_first() else { return };
    for (name, key, value) in node.entries().filter(|(name, ..)| step == "*" || *name == step) {
        if !rest.is_empty() {
            find(value, rest, keys);
        } else if !name.starts_with("x-") {
            keys.push(key);
        }
    }
    if step == "*" {
        for item in node.items() {
            find(item, rest, keys);
        }
    }
}

fn newer(
    scope: &Scope<'_>,
    verdicts: &mut Verdicts<'_>,
    file: &TextFile,
    key: Span,
    path: &[&str],
    (major, minor, patch): Version,
) {
    let shown: Vec<&str> = path.iter().copied().filter(|step| !matches!(*step, "*" | "services")).collect();
    let floor = &scope.policy.parameters.compose_floor;
    verdicts
        .violation(
            Subject::File(file.path().to_owned()),
            key,
            format!(
                "`{}` needs Docker Compose {major}.{minor}.{patch}, but the declared floor is {floor}",
                shown.join(".")
            ),
        )
        .label(format!("older versions refuse or ignore it, such as {floor}"))
        .help(format!("raise `compose_floor` in the policy to {major}.{minor}.{patch}, or do without"));
}

/// `2.20`, `v2.20.3`, `2.20+`; none for anything else.
fn version(text: &str) -> Option<Version> {
    let text = text.trim().trim_start_matches('v').trim_end_matches('+');
    let mut parts = text.split('.').map(|part| part.parse().ok());
    let major = parts.next()??;
    let minor = parts.next().unwrap_or(Some(0))?;
    // A floor that names no patch means any of them.
    let patch = parts.next().unwrap_or(Some(u32::MAX))?;
    Some((major, minor, patch))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_as_people_write_them() {
        assert_eq!(version("2.20"), Some((2, 20, u32::MAX)));
        assert_eq!(version("v2.24.4"), Some((2, 24, 4)));
        assert_eq!(version("2.20+"), Some((2, 20, u32::MAX)));
        assert_eq!(version("new"), None);
    }
}
