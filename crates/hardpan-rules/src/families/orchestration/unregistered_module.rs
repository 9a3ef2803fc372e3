//! HP-ORC-001: a module that the root Compose file does not take in.

use hardpan_compose::syntax::path::clean_path;
use std::collections::HashSet;
use std::rc::Rc;

use hardpan_source::{Edit, Span};

use super::modules::{self, Module};
use super::raw;
use crate::codes::Severity;
use crate::files::TextFile;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Names, Repair, Safety, Scope, Subject, Verdicts};

/// See `rules/unregistered-module/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-ORC-001",
    name: "unregistered-module",
    audience: Audience::House,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 000, REQ-BSL-01", "document 000, VAL-BSL-01", "compose-spec, include"],
    doc: include_str!("../../../rules/unregistered-module/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let Some(folder) = modules::folder(scope) else {
        verdicts.not_applicable(Subject::Project, "there is no modules folder");
        return;
    };
    let all = modules::all(scope, &folder);
    let files = raw::compose_files(scope);
    let (loaded, left): (Vec<Module>, Vec<Module>) = all.into_iter().partition(|module| module.is_loaded);
    // What a leftover file takes in comes and goes with that file.
    let taken: HashSet<String> = left
        .iter()
        .flat_map(|module| {
            let mut paths = modules::extended_files(module);
            paths.extend(modules::included_files(module));
            paths.retain(|path| *path != module.path);
            paths
        })
        .collect();
    for module in &loaded {
        verdicts.satisfied(Subject::File(module.path.clone()));
    }
    for module in &left {
        judge(
            scope,
            verdicts,
            module,
            &Others { loaded: &loaded, left: &left, taken: &taken, files: &files },
        );
    }
}

/// What a leftover file is seen beside.
struct Others<'m> {
    loaded: &'m [Module],
    left: &'m [Module],
    /// Files that leftover files extend or include.
    taken: &'m HashSet<String>,
    /// The Compose files of the project, the root file first.
    files: &'m [Rc<TextFile>],
}

fn judge(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>, module: &Module, others: &Others<'_>) {
    let subject = Subject::File(module.path.clone());
    let absent: Vec<&(String, Span)> =
        module.services.iter().filter(|(name, _)| scope.service(name).is_none()).collect();
    let Some(&(_, first)) = absent.first().copied() else {
        verdicts.not_applicable(subject, "all its services are in the project");
        return;
    };
    if is_optional(scope, module) {
        verdicts.not_applicable(subject, "the module is declared optional");
        return;
    }
    if is_template(scope, module, others.taken) {
        verdicts.not_applicable(subject, "the file is only there for others to use");
        return;
    }
    if let Some(main) = main_of(module, others.left) {
        debug_assert_ne!(main.path, module.path);
        verdicts.not_applicable(subject, "a variant of a module that is not registered itself");
        return;
    }
    let names: Vec<String> = absent.iter().map(|(name, _)| name.clone()).collect();
    let path = scope.relative(&module.path).to_owned();
    let commented = others.files.iter().find_map(|file| commented_include(file, &module.path));
    let sibling = others.loaded.iter().find(|other| raw::parent(&other.path) == raw::parent(&module.path));
    let draft = match (&commented, sibling) {
        (Some(commented), _) => verdicts.violation(
            subject,
            commented.path,
            format!("module `{path}` is commented out: {} not in the project", are(&names)),
        ),
        (None, Some(sibling)) => verdicts.violation(
            subject,
            first,
            format!(
                "variant `{path}` of the registered `{}` is not in the project",
                raw::file_name(&sibling.path)
            ),
        ),
        (None, None) => verdicts.violation(
            subject,
            first,
            format!("module `{path}` is not registered: {} not in the project", are(&names)),
        ),
    };
    if sibling.is_some() {
        // Of two variants of one module only one can run.
        draft.severity(Severity::Info);
        draft.help("add the file to `optional_modules` in the policy, or delete it");
        return;
    }
    draft.label(if commented.is_some() { "switched off here" } else { "this service is never started" });
    draft.help(format!(
        "include `{path}` in the root Compose file, or add it to `optional_modules` in the policy"
    ));
    if let Some(commented) = commented {
        draft.related(first, "the module's services begin here");
        if commented.is_item {
            let repair = Repair::Edits(vec![Edit { span: commented.mark, replacement: String::new() }]);
            draft.fix(Safety::Unsafe, "include the module again", repair);
        }
    } else if let Some((list, edit)) = others.files.first().and_then(|root| appended(root, &module.path)) {
        draft.related(list, "the modules that are registered");
        draft.fix(Safety::Unsafe, "include the module", Repair::Edits(vec![edit]));
    }
}

/// "service `a` is" or "services `a` and `b` are".
fn are(names: &[String]) -> String {
    match names {
        [_] => format!("its service {} is", Names(names)),
        _ => format!("its services {} are", Names(names)),
    }
}

fn is_optional(scope: &Scope<'_>, module: &Module) -> bool {
    scope.policy.parameters.optional_modules.iter().any(|optional| {
        let optional = clean_path(&scope.absolute(optional));
        module.path == optional
            || module.path.strip_prefix(&optional).is_some_and(|rest| rest.starts_with('/'))
    })
}

/// Whether a file only holds what others extend or include.
fn is_template(scope: &Scope<'_>, module: &Module, taken: &HashSet<String>) -> bool {
    let declared = clean_path(&scope.absolute(&scope.policy.parameters.template_file));
    module.path == declared
        || taken.contains(&module.path)
        || module.services.iter().all(|(name, _)| {
            name.starts_with("template-") || name.starts_with("base-") || name.ends_with("-template")
        })
}

/// The file that a leftover file is a variant of: `docker-compose.yml` for `docker-compose.dev.yml` beside it.
fn main_of<'m>(module: &Module, left: &'m [Module]) -> Option<&'m Module> {
    if is_main(&module.path) || !modules::has_compose_name(&module.path) {
        return None;
    }
    left.iter().find(|other| is_main(&other.path) && raw::parent(&other.path) == raw::parent(&module.path))
}

fn is_main(path: &str) -> bool {
    matches!(
        raw::file_name(path),
        "docker-compose.yml" | "docker-compose.yaml" | "compose.yml" | "compose.yaml"
    )
}

/// A line of an include list that is commented out.
struct Commented {
    /// The path in it.
    path: Span,
    /// The comment mark with the space behind it.
    mark: Span,
    /// Whether the line is an item of its own in a list that is not commented out.
    is_item: bool,
}

fn commented_include(file: &TextFile, module: &str) -> Option<Commented> {
    file.yaml().comments.iter().find_map(|comment| {
        let (start, end) = (comment.span.start as usize, comment.span.end as usize);
        let text = file.text().get(start..end)?;
        let rest = text.trim_start_matches('#');
        let item = rest.trim_start();
        let item_at = start + text.len() - item.len();
        let path = item.strip_prefix("- ").or_else(|| item.strip_prefix("path:"))?;
        let path = path.trim().strip_prefix("path:").unwrap_or(path).trim();
        let path = path.split(" #").next().unwrap_or(path).trim_end().trim_matches(['"', '\'']);
        if path.is_empty() || raw::join(raw::parent(file.path()), path) != module {
            return None;
        }
        let at = item_at + item.find(path)?;
        let list = raw::root(file).and_then(|root| root.get("include"));
        let is_item = list.is_some_and(|list| list.items().next().is_some())
            && item
                .strip_prefix("- ")
                .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(path));
        Some(Commented { path: file.span(at..at + path.len()), mark: file.span(start..item_at), is_item })
    })
}

/// The include list of the root file, and the edit that appends a path to it.
fn appended(root: &TextFile, module: &str) -> Option<(Span, Edit)> {
    let folder = format!("{}/", raw::parent(root.path()));
    let path = module.strip_prefix(&folder)?;
    let include = raw::root(root)?.get("include")?;
    let last = include.items().last()?.span();
    let text = root.text();
    let start = text.get(..last.start as usize)?.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..last.start as usize)?;
    // Only a list with one item to a line can take another line.
    let indent = line.strip_suffix("- ").filter(|indent| indent.trim().is_empty())?;
    let end = text.get(last.end as usize..)?.find('\n').map_or(text.len(), |at| last.end as usize + at);
    let replacement = format!("\n{indent}- {path}");
    Some((include.span(), Edit { span: root.span(end..end), replacement }))
}
