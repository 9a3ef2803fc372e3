//! HP-ORC-005: an input that the project needs and of which nobody is told.

use std::collections::BTreeMap;

use hardpan_compose::{Hop, NodeRef, VariableSource};
use hardpan_source::Span;

use super::inputs::{self, Documentation};
use super::raw;
use super::variables::{self, Form};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Names, Place, Scope, Subject, Verdicts};

/// See `rules/undocumented-input/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-ORC-005",
    name: "undocumented-input",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 000, VAL-BSL-02", "document 000, section 6", "compose-spec, interpolation"],
    doc: include_str!("../../../rules/undocumented-input/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let variables = bare_variables(scope);
    let files = absent_files(scope);
    let needs_inputs = !variables.is_empty() || scope.project.section("secrets").next().is_some();
    if !needs_inputs && files.is_empty() {
        verdicts.not_applicable(Subject::Project, "the project needs no inputs");
        return;
    }
    let documentation = inputs::documentation(scope);
    let is_told = judge_variables(scope, verdicts, &documentation, &variables);
    let are_there = judge_files(scope, verdicts, &documentation, files);
    if is_told && are_there {
        verdicts.satisfied(Subject::Project);
    }
    if scope.policy.house_rules && needs_inputs {
        preflight(scope, verdicts);
    }
}

/// A variable that is used without default.
struct Needed<'p> {
    uses: Vec<Span>,
    set: &'p VariableSource,
}

/// Every variable that has a bare reference, by name. `${NAME:?reason}` stops the start with a message by itself.
fn bare_variables<'p>(scope: &Scope<'p>) -> BTreeMap<&'p str, Needed<'p>> {
    let mut found: BTreeMap<&str, Needed<'_>> = BTreeMap::new();
    for one in scope.variables() {
        if variables::is_of_the_session(one.name) || one.name.starts_with("COMPOSE_") {
            continue;
        }
        let span = one.node.origin().span;
        let text = scope.files.text(span);
        if variables::has_bare_hash(&text) {
            continue;
        }
        let bare = variables::references(&text)
            .into_iter()
            .find(|reference| reference.name == one.name && reference.form == Form::Bare);
        let Some(bare) = bare else { continue };
        let offset = |at: usize| span.start + u32::try_from(at).unwrap_or(0);
        let span = Span::new(span.file, offset(bare.range.start), offset(bare.range.end));
        let needed = found.entry(one.name).or_insert_with(|| Needed { uses: Vec::new(), set: one.set });
        if !needed.uses.contains(&span) {
            needed.uses.push(span);
        }
    }
    for (name, node) in given_by_environment(scope) {
        let is_set = scope.environment.iter().find(|(known, ..)| known == name);
        let set = is_set.map_or(&VariableSource::Unset, |(.., source)| source);
        found.entry(name).or_insert_with(|| Needed { uses: Vec::new(), set }).uses.push(node.origin().span);
    }
    for needed in found.values_mut() {
        needed.uses.sort_by_key(|span| (span.file, span.start));
    }
    found
}

/// The variables that secrets and configs take their content from.
fn given_by_environment<'p>(scope: &Scope<'p>) -> impl Iterator<Item = (&'p str, NodeRef<'p>)> {
    let resources = ["secrets", "configs"].into_iter().flat_map(|section| scope.project.section(section));
    resources.filter_map(|(_, resource)| {
        let node = resource.get("environment")?;
        Some((node.as_str().filter(|name| !name.is_empty())?, node))
    })
}

/// Reports all variables without documentation at once; true if there is none.
fn judge_variables(
    scope: &Scope<'_>,
    verdicts: &mut Verdicts<'_>,
    documentation: &Documentation,
    variables: &BTreeMap<&str, Needed<'_>>,
) -> bool {
    let untold: Vec<(&str, &Needed<'_>)> = variables
        .iter()
        .filter(|(name, _)| !documentation.has(name))
        .map(|(name, needed)| (*name, needed))
        .collect();
    let first = untold
        .iter()
        .filter_map(|(_, needed)| needed.uses.first())
        .min_by_key(|span| (span.file, span.start));
    let Some(&first) = first else { return true };
    let names: Vec<String> = untold.iter().map(|(name, _)| (*name).to_owned()).collect();
    let noun = if names.len() == 1 { "variable" } else { "variables" };
    let message = match documentation.examples.first() {
        Some(example) => {
            format!("`{}` does not tell of the {noun} {}", scope.relative(example.path()), Names(&names))
        }
        None => format!("nothing tells of the {noun} {}, used without a default", Names(&names)),
    };
    let draft = verdicts.violation(Subject::Project, first, message);
    draft.label("used without a default").help(format!(
        "add {} to `{}`, with a comment and an example value; `${{NAME:?reason}}` stops the start where it is missing",
        if names.len() == 1 { "it" } else { "them" },
        documentation
            .examples
            .first()
            .map_or(scope.policy.parameters.env_example.as_str(), |file| scope.relative(file.path())),
    ));
    if untold.iter().all(|(_, needed)| !matches!(needed.set, VariableSource::Unset)) {
        // Here it starts; only the next person is left to guess.
        draft.severity(Severity::Medium);
    }
    for (name, needed) in &untold {
        if let Some(&span) = needed.uses.first().filter(|&&span| span != first) {
            draft.related(span, format!("`{name}` is used without a default"));
        }
    }
    false
}

/// A file of a secret or config that is not there.
struct Absent<'p> {
    section: &'static str,
    name: &'p str,
    path: &'p str,
    node: NodeRef<'p>,
}

fn absent_files<'p>(scope: &Scope<'p>) -> Vec<Absent<'p>> {
    let mut found = Vec::new();
    for section in ["configs", "secrets"] {
        for (name, resource) in scope.project.section(section) {
            let Some(node) = resource.get("file") else { continue };
            let Some(path) = node.as_str().filter(|path| !path.is_empty()) else { continue };
            // A path that a blank is part of is no path; HP-CFG-004 tells of the blank.
            let is_blank =
                node.hops().any(|hop| matches!(hop, Hop::Variable { set: VariableSource::Unset, .. }));
            if !is_blank && scope.files.kind(path).is_none() {
                found.push(Absent { section, name, path, node });
            }
        }
    }
    found
}

/// Reports files that are neither there nor told of; true if there is none.
fn judge_files(
    scope: &Scope<'_>,
    verdicts: &mut Verdicts<'_>,
    documentation: &Documentation,
    absent: Vec<Absent<'_>>,
) -> bool {
    let untold: Vec<Absent<'_>> = absent
        .into_iter()
        .filter(|one| !documentation.mentions(raw::file_name(one.path)) && !has_example(scope, one.path))
        .collect();
    for section in ["configs", "secrets"] {
        let of_section: Vec<&Absent<'_>> = untold.iter().filter(|one| one.section == section).collect();
        let Some(first) = of_section.first() else { continue };
        let noun = match (section, of_section.len()) {
            ("configs", 1) => "the file of the config",
            ("configs", _) => "the files of the configs",
            (_, 1) => "the file of the secret",
            (_, _) => "the files of the secrets",
        };
        let names: Vec<String> = of_section.iter().map(|one| one.name.to_owned()).collect();
        let (verb, it) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
        let draft = verdicts.violation(
            Subject::Project,
            first.node,
            format!("{noun} {} {verb} not there and nothing tells how to make {it}", Names(&names)),
        );
        draft.label("no such file");
        draft.help(format!(
            "put an example beside it, such as `{}.example`, or name it in the README or in `{}`",
            raw::file_name(first.path),
            scope.policy.parameters.env_example
        ));
        for other in &of_section[1..] {
            draft.related(other.node.origin().span, "no such file either");
        }
    }
    untold.is_empty()
}

/// Whether an example or a note lies where the file should be, or above it in the project.
fn has_example(scope: &Scope<'_>, path: &str) -> bool {
    let (folder, name) = (raw::parent(path), raw::file_name(path));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let is_example = |other: &str| {
        let other = other.to_ascii_lowercase();
        other.starts_with(&stem.to_ascii_lowercase())
            && ["example", "sample", "template", "dist"].iter().any(|word| other.contains(word))
    };
    if scope.files.list(folder).iter().any(|(other, _)| is_example(other)) {
        return true;
    }
    // A README of a folder above the project's own files tells of what belongs into it.
    let root = scope.root.trim_end_matches('/');
    let mut folder = folder;
    while folder.len() > root.len() && folder.starts_with(root) {
        let list = scope.files.list(folder);
        if list.iter().any(|(other, _)| other.to_ascii_lowercase().starts_with("readme")) {
            return true;
        }
        folder = raw::parent(folder);
    }
    false
}

/// Judges whether something checks the inputs before the start and fails.
fn preflight(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    const WORDS: [&str; 9] =
        ["preflight", "bootstrap", "check", "validate", "verify", "setup", "init", "doctor", "prereq"];
    let mut silent = None;
    for script in inputs::scripts(scope) {
        let name = raw::file_name(script.path()).to_ascii_lowercase();
        let is_recipe = name == "makefile" || name == "justfile";
        if !is_recipe && !WORDS.iter().any(|word| name.contains(word)) {
            continue;
        }
        let fails = ["exit 1", "exit 2", "return 1", "set -e", "sys.exit", "false", ":?"]
            .iter()
            .any(|sign| script.text().contains(sign));
        if fails {
            verdicts.satisfied(Subject::File(script.path().to_owned()));
            return;
        }
        if !is_recipe {
            silent.get_or_insert(script);
        }
    }
    match silent {
        Some(script) => verdicts
            .violation(
                Subject::File(script.path().to_owned()),
                script.span(0..script.text().find('\n').unwrap_or(0)),
                format!("`{}` ends with success whatever is missing", scope.relative(script.path())),
            )
            .severity(Severity::Medium)
            .help("end it with `exit 1` and name what is missing"),
        None => verdicts
            .violation(
                Subject::Project,
                scope.entry().map_or(Place::Nowhere, Place::from),
                "nothing checks the inputs before the start",
            )
            .severity(Severity::Medium)
            .help("add `scripts/preflight.sh`, which names each missing input and ends with `exit 1`"),
    };
}
