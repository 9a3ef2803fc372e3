//! HP-ORC-004: a choice of profiles that Docker Compose refuses, or that starts nothing.

use std::collections::{BTreeSet, HashSet};

use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Names, Place, Scope, Service, ServiceKind, Subject, Verdicts};

/// See `rules/broken-profile-matrix/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-ORC-004",
    name: "broken-profile-matrix",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, VAL-OPT-002", "compose-spec, profiles", "Docker Compose 2.40.3"],
    doc: include_str!("../../../rules/broken-profile-matrix/doc.md"),
    check,
};

/// One choice of profiles.
struct Row {
    profiles: Vec<String>,
    /// How people read it in a message.
    name: String,
}

/// The choices that a project is judged by.
struct Choices {
    rows: Vec<Row>,
    /// They are the rows of the matrix, and not what people start without one.
    are_matrix: bool,
}

impl Row {
    fn enables(&self, service: &Service<'_>) -> bool {
        let mut own = service.profiles().peekable();
        own.peek().is_none() || own.any(|profile| self.profiles.iter().any(|one| one == profile))
    }
}

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    if scope.is_incomplete() {
        verdicts.not_applicable(Subject::Project, "files of the project are missing or cannot be read");
        return;
    }
    let matrix = &scope.policy.matrix();
    let declared: BTreeSet<&str> = profiles(scope).collect();
    let is_about_it = matrix.iter().flatten().any(|profile| declared.contains(profile.as_str()));
    let follows_matrix = scope.policy.matrix.is_some() || (scope.policy.house_rules && is_about_it);
    if declared.is_empty() && scope.policy.matrix.is_none() {
        verdicts.not_applicable(Subject::Project, "no service has a profile");
        return;
    }
    if follows_matrix {
        vacuous(scope, matrix, &declared, verdicts);
    } else if scope.policy.house_rules {
        foreign(scope, &declared, verdicts);
    }
    let rows = if follows_matrix { matrix_rows(matrix) } else { single_rows(scope, &declared) };
    let choices = Choices { rows, are_matrix: follows_matrix };
    for service in scope.services() {
        let is_whole = dependencies(scope, verdicts, service, &choices);
        let is_reached = !(follows_matrix && is_about_it) || reached(verdicts, service, &choices.rows);
        if is_whole && is_reached {
            verdicts.satisfied(service);
        }
    }
}

/// The profiles of all services. A variable that is not set leaves a blank one.
fn profiles<'p>(scope: &Scope<'p>) -> impl Iterator<Item = &'p str> {
    scope.services().iter().flat_map(Service::profiles).filter(|profile| !profile.is_empty())
}

/// The matrix of the documents has no profile of this project: worth a word, and no reason to judge by it.
fn foreign(scope: &Scope<'_>, declared: &BTreeSet<&str>, verdicts: &mut Verdicts<'_>) {
    let names: Vec<String> = declared.iter().map(|&profile| profile.to_owned()).collect();
    let message = match names.as_slice() {
        [_] => format!("the profile matrix has no profile of this project: found {}", Names(&names)),
        _ => format!("the profile matrix has none of the profiles of this project: found {}", Names(&names)),
    };
    verdicts
        .violation(Subject::Project, entry(scope), message)
        .severity(Severity::Info)
        .help("write the profiles that are started together into `matrix` in the policy");
}

fn matrix_rows(matrix: &[Vec<String>]) -> Vec<Row> {
    let rows = matrix.iter().map(|profiles| Row {
        profiles: profiles.clone(),
        name: if profiles.is_empty() {
            "without profiles".to_owned()
        } else {
            format!("`{}`", profiles.join(","))
        },
    });
    rows.collect()
}

/// What people start: nothing chosen (or what `COMPOSE_PROFILES` chooses), and each profile alone.
fn single_rows(scope: &Scope<'_>, declared: &BTreeSet<&str>) -> Vec<Row> {
    let chosen = scope.environment.iter().find(|(name, ..)| name == "COMPOSE_PROFILES");
    let chosen: Vec<String> = chosen
        .into_iter()
        .flat_map(|(_, value, _)| value.split(','))
        .map(|profile| profile.trim().to_owned())
        .filter(|profile| !profile.is_empty() && profile != "*")
        .collect();
    let first = match chosen.as_slice() {
        [] => Row { profiles: Vec::new(), name: "no profile".to_owned() },
        chosen => Row {
            profiles: chosen.to_vec(),
            name: format!("profiles `{}` of `COMPOSE_PROFILES`", chosen.join(",")),
        },
    };
    let single = declared
        .iter()
        .map(|&profile| Row { profiles: vec![profile.to_owned()], name: format!("profile `{profile}`") });
    std::iter::once(first).chain(single).collect()
}

/// Reports the dependencies of a service that some row enabling it leaves out; true if there are none.
fn dependencies(
    scope: &Scope<'_>,
    verdicts: &mut Verdicts<'_>,
    service: &Service<'_>,
    choices: &Choices,
) -> bool {
    let enabling: Vec<&Row> = choices.rows.iter().filter(|row| row.enables(service)).collect();
    let mut is_whole = true;
    for dependency in service.depends_on().filter(|dependency| dependency.required) {
        // A service that does not exist at all is no matter of profiles.
        let Some(target) = scope.service(dependency.service) else { continue };
        let broken: Vec<&str> =
            enabling.iter().filter(|row| !row.enables(target)).map(|row| row.name.as_str()).collect();
        if broken.is_empty() {
            continue;
        }
        is_whole = false;
        let place = service.get("depends_on").and_then(|node| node.key_span(dependency.service));
        let place = place.unwrap_or(dependency.node.origin().span);
        let choices = match (choices.are_matrix, broken.len()) {
            (true, 1) => "in the matrix row",
            (true, _) => "in the matrix rows",
            (false, _) => "with",
        };
        let message =
            format!("depends on `{}`, which is not enabled {choices} {}", target.name, list(&broken));
        let draft = verdicts.violation(service, place, message);
        draft.label("Docker Compose refuses to start it without this");
        let profiles = target.get("profiles").map_or(target.key, |node| node.origin().span);
        draft.related(profiles, format!("the profiles of `{}`", target.name));
        if let Some(own) = service.get("profiles") {
            draft.related(own.origin().span, format!("the profiles of `{}`", service.name));
        }
        let own: Vec<String> = service.profiles().map(str::to_owned).collect();
        // A shared namespace or mount cannot do without the other service.
        let written = scope.files.text(place);
        let optional = if written.trim_matches(['"', '\'']) == target.name {
            format!(", or mark the dependency on `{}` as `required: false`", target.name)
        } else {
            String::new()
        };
        draft.help(match own.as_slice() {
            [] => format!("remove the profiles of `{}`{optional}", target.name),
            [one] => format!("give `{}` the profile `{one}` too{optional}", target.name),
            own => format!("give `{}` the profiles {} too{optional}", target.name, Names(own)),
        });
    }
    is_whole
}

/// Reports a service that no row enables; true if there is one that does.
fn reached(verdicts: &mut Verdicts<'_>, service: &Service<'_>, rows: &[Row]) -> bool {
    if rows.iter().any(|row| row.enables(service)) {
        return true;
    }
    if service.kind == ServiceKind::OnDemand {
        verdicts.not_applicable(service, "an on-demand tool is started by its own profile");
        return false;
    }
    let Some(profiles) = service.get("profiles") else { return true };
    let names: Vec<String> = service.profiles().map(str::to_owned).collect();
    let message = match names.as_slice() {
        [_] => format!("no row of the profile matrix enables it: found the profile {}", Names(&names)),
        _ => format!("no row of the profile matrix enables it: found the profiles {}", Names(&names)),
    };
    verdicts
        .violation(service, profiles, message)
        .label("in no row of the matrix")
        .help("give the service a profile of the matrix, or add a row to `matrix` in the policy");
    false
}

/// Reports profiles of the matrix that no service has: their rows test nothing.
fn vacuous(
    scope: &Scope<'_>,
    matrix: &[Vec<String>],
    declared: &BTreeSet<&str>,
    verdicts: &mut Verdicts<'_>,
) {
    let mut seen = HashSet::new();
    let names: Vec<String> = matrix
        .iter()
        .flatten()
        .filter(|profile| !declared.contains(profile.as_str()) && seen.insert(profile.as_str()))
        .cloned()
        .collect();
    match names.as_slice() {
        [] => {}
        [_] => {
            let message = format!("no service has the profile {} of the profile matrix", Names(&names));
            verdicts
                .violation(Subject::Project, entry(scope), message)
                .help("give it to the services it is for, or remove it from `matrix` in the policy");
        }
        names => {
            let message = format!("no service has the profiles {} of the profile matrix", all(names));
            verdicts
                .violation(Subject::Project, entry(scope), message)
                .help("give them to the services they are for, or remove them from `matrix` in the policy");
        }
    }
}

/// Where a project's lack of profiles is reported.
fn entry(scope: &Scope<'_>) -> Place {
    scope.entry().map_or(Place::Nowhere, Place::from)
}

/// All names: which profiles are meant is the point of the message.
fn all(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// How many rows a message names.
const ROWS_SHOWN_MAX: usize = 3;

fn list(rows: &[&str]) -> String {
    match rows {
        [shown @ .., last] if !shown.is_empty() && rows.len() <= ROWS_SHOWN_MAX => {
            format!("{} or {last}", shown.join(", "))
        }
        rows if rows.len() > ROWS_SHOWN_MAX => {
            format!("{} or {} more", rows[..ROWS_SHOWN_MAX].join(", "), rows.len() - ROWS_SHOWN_MAX)
        }
        rows => rows.join(""),
    }
}
