//! Rules that hang on places in the model, written as the reference writes them: `services.*.build.args`.
//!
//! A table of patterns becomes a small trie. A walk over the model carries a [`Place`] along and asks at each node
//! whether a rule stands there; below a place without rules it can stop.

use foldhash::{HashMap, HashMapExt as _};

/// A position in the trie of a [`PathTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u32);

impl Place {
    /// The top of the model.
    pub(crate) const ROOT: Self = Self(0);
    /// Below every pattern.
    pub(crate) const NOWHERE: Self = Self(u32::MAX);
}

#[derive(Debug)]
struct Step<T> {
    named: HashMap<&'static str, Place>,
    any: Place,
    rule: Option<T>,
}

/// Rules by place. `*` stands for any key or list item.
#[derive(Debug)]
pub(crate) struct PathTable<T> {
    steps: Vec<Step<T>>,
}

impl<T: Copy> PathTable<T> {
    pub(crate) fn new(rules: &[(&'static str, T)]) -> Self {
        let mut table = Self { steps: vec![Self::step()] };
        for &(pattern, rule) in rules {
            let mut at = 0;
            for part in pattern.split('.') {
                at = table.descend(at, part);
            }
            table.steps[at].rule = Some(rule);
        }
        table
    }

    fn step() -> Step<T> {
        Step { named: HashMap::new(), any: Place::NOWHERE, rule: None }
    }

    fn descend(&mut self, at: usize, part: &'static str) -> usize {
        let known =
            if part == "*" { Some(self.steps[at].any) } else { self.steps[at].named.get(part).copied() };
        if let Some(place) = known.filter(|&place| place != Place::NOWHERE) {
            return place.0 as usize;
        }
        let place = Place(crate::tree::small(self.steps.len()));
        self.steps.push(Self::step());
        if part == "*" {
            self.steps[at].any = place;
        } else {
            self.steps[at].named.insert(part, place);
        }
        place.0 as usize
    }

    /// The place of a mapping's key.
    pub(crate) fn key(&self, at: Place, key: &str) -> Place {
        match self.steps.get(at.0 as usize) {
            Some(step) => step.named.get(key).copied().unwrap_or(step.any),
            None => Place::NOWHERE,
        }
    }

    /// The place of a list's items.
    pub(crate) fn item(&self, at: Place) -> Place {
        self.steps.get(at.0 as usize).map_or(Place::NOWHERE, |step| step.any)
    }

    /// The rule that stands at a place.
    pub(crate) fn rule(&self, at: Place) -> Option<T> {
        self.steps.get(at.0 as usize)?.rule
    }
}

/// A path for messages, as the reference prints it: `services.db.ports.[]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    text: String,
    marks: Vec<usize>,
}

impl Trail {
    pub(crate) fn push(&mut self, part: &str) {
        self.marks.push(self.text.len());
        if !self.text.is_empty() {
            self.text.push('.');
        }
        self.text.push_str(part);
    }

    pub(crate) fn pop(&mut self) {
        if let Some(mark) = self.marks.pop() {
            self.text.truncate(mark);
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_parts_win_over_stars() {
        let table = PathTable::new(&[("services.*.ports.*", 1), ("services.*.ports", 2), ("*.x", 3)]);
        let service = table.key(table.key(Place::ROOT, "services"), "db");
        let ports = table.key(service, "ports");
        assert_eq!(table.rule(ports), Some(2));
        assert_eq!(table.rule(table.item(ports)), Some(1));
        assert_eq!(table.rule(table.key(table.key(Place::ROOT, "volumes"), "x")), Some(3));
        assert_eq!(table.key(table.key(ports, "a"), "b"), Place::NOWHERE);
    }

    #[test]
    fn a_trail_reads_like_the_reference() {
        let mut trail = Trail::default();
        trail.push("services");
        trail.push("a");
        trail.push("[]");
        assert_eq!(trail.as_str(), "services.a.[]");
        trail.pop();
        assert_eq!(trail.as_str(), "services.a");
    }
}
