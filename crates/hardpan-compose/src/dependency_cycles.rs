//! Services that wait for one another in a circle never start.

use std::collections::HashMap;

use hardpan_diag::{Code, Diagnostic};

use crate::keys::{self, Key};
use crate::session::Session;
use crate::tree::{Entry, NodeId};

/// Finds one cycle of dependencies, if there is any, by walking with an explicit stack.
pub(crate) fn check(session: &mut Session<'_>, services: NodeId) {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Open,
        Done,
    }
    let mut names: Vec<Key> = session.tree.entries(services).iter().map(|entry| entry.key).collect();
    names.sort_unstable_by_key(|&key| session.tree.key_str(key));
    let mut states: HashMap<Key, State> = HashMap::new();
    for start in names {
        if states.contains_key(&start) {
            continue;
        }
        let mut path: Vec<(Key, Vec<Entry>)> = vec![(start, dependencies(session, services, start))];
        states.insert(start, State::Open);
        while let Some((at, pending)) = path.last_mut() {
            let Some(next) = pending.pop() else {
                states.insert(*at, State::Done);
                path.pop();
                continue;
            };
            match states.get(&next.key) {
                Some(State::Done) => {}
                Some(State::Open) => {
                    let from = path.iter().position(|(key, _)| *key == next.key).unwrap_or(0);
                    let cycle: Vec<Key> =
                        path[from..].iter().map(|(key, _)| *key).chain([next.key]).collect();
                    report_cycle(session, services, &cycle);
                    return;
                }
                None => {
                    states.insert(next.key, State::Open);
                    let pending = dependencies(session, services, next.key);
                    path.push((next.key, pending));
                }
            }
        }
    }
}

/// The enabled services that one depends on, the first of them last, to be popped in order.
fn dependencies(session: &Session<'_>, services: NodeId, service: Key) -> Vec<Entry> {
    let depends_on =
        session.tree.get(services, service).and_then(|node| session.tree.get(node, keys::DEPENDS_ON));
    let entries = depends_on.map_or(&[][..], |node| session.tree.entries(node));
    entries.iter().rev().filter(|entry| session.tree.get(services, entry.key).is_some()).copied().collect()
}

fn report_cycle(session: &mut Session<'_>, services: NodeId, cycle: &[Key]) {
    let names: Vec<&str> = cycle.iter().map(|&key| session.tree.key_str(key)).collect();
    let mut spans = cycle.windows(2).filter_map(|pair| {
        let depends_on =
            session.tree.get(services, pair[0]).and_then(|node| session.tree.get(node, keys::DEPENDS_ON))?;
        Some((session.tree.get_entry(depends_on, pair[1])?.key_span, pair[0], pair[1]))
    });
    let mut diagnostic = Diagnostic::error(
        Code("compose::dependency-cycle"),
        format!("dependency cycle detected: {}", names.join(" -> ")),
    )
    .with_help("remove one of these dependencies");
    if let Some((span, from, to)) = spans.next() {
        let label = format!("`{}` depends on `{}`", session.tree.key_str(from), session.tree.key_str(to));
        diagnostic = diagnostic.with_label(span, label);
    }
    for (span, from, to) in spans {
        let label = format!("`{}` depends on `{}`", session.tree.key_str(from), session.tree.key_str(to));
        diagnostic = diagnostic.with_related(span, label);
    }
    session.diagnostics.push(diagnostic);
}
