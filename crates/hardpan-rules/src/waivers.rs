//! Which waiver covers what a rule says.

use hardpan_source::Span;

use crate::finding::{Draft, Place, Subject};
use crate::scope::Scope;

/// The number of the waiver that covers a verdict, if one holds today. Its use is noted.
///
/// A waiver names the file that the finding points at, or the one that the service stands in. What is said of waivers
/// themselves cannot be waived.
pub(crate) fn waiver_of(scope: &Scope<'_>, code: &str, draft: &Draft) -> Option<usize> {
    if code.starts_with("HP-WVR-") {
        return None;
    }
    let mut found = None;
    for (number, waiver) in scope.policy.waivers.iter().enumerate() {
        if waiver.rule != code || waiver.service != subject_name(scope, &draft.subject) {
            continue;
        }
        let paths = [place(&draft.place), service_key(scope, &draft.subject)];
        let is_there = |span: Span| {
            let file = scope.files.file(span.file);
            scope.relative(file.path()) == waiver.path
        };
        if !paths.into_iter().flatten().any(is_there) {
            continue;
        }
        // One that has run out is not unmatched.
        scope.used_waivers.borrow_mut().insert(number);
        if waiver.holds(scope.today) && scope.has_decision(waiver) {
            found = found.or(Some(number));
        }
    }
    found
}

fn subject_name(scope: &Scope<'_>, subject: &Subject) -> String {
    match subject {
        Subject::Project => "project".to_owned(),
        Subject::Service(id) => scope.service_of(*id).name.to_owned(),
        Subject::Resource(_, name) => name.clone(),
        Subject::File(path) => scope.relative(path).to_owned(),
    }
}

fn place(place: &Place) -> Option<Span> {
    match place {
        Place::At { span, .. } => Some(*span),
        Place::Missing(_) | Place::Nowhere => None,
    }
}

fn service_key(scope: &Scope<'_>, subject: &Subject) -> Option<Span> {
    match subject {
        Subject::Service(id) => Some(scope.service_of(*id).key),
        _ => None,
    }
}
