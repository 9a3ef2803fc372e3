//! The variables of a build, with a ceiling on what expanding them may yield.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::expand::{Expanded, Value, expand};
use super::instruction::Instruction;
use super::stages::BuildArguments;

/// The most bytes that expansion may add for one target. A Dockerfile adds some hundreds; without a ceiling, doubling a
/// variable forty times would fill the memory. Beyond it, variables are unknown.
const GROWTH_MAX: usize = 1 << 20;

/// The variables that an instruction sees.
#[derive(Clone, Debug)]
pub(super) struct Variables {
    values: BTreeMap<String, Value>,
    /// Those set by `ENV`, which no `ARG` overrides.
    environment: BTreeSet<String>,
    growth: Cell<usize>,
    escape: char,
}

impl Variables {
    pub(super) fn new(escape: char) -> Self {
        Self { values: BTreeMap::new(), environment: BTreeSet::new(), growth: Cell::new(0), escape }
    }

    /// Replaces variables and removes quotes.
    pub(super) fn expand(&self, text: &str) -> Expanded {
        let inside = Cell::new(self.growth.get());
        let expanded = expand(text, self.escape, &|name| {
            let value = self.lookup(name);
            if let Value::Known(known) = &value {
                inside.set(inside.get().saturating_add(known.len()));
            }
            if inside.get() > GROWTH_MAX { Value::Unknown } else { value }
        });
        self.growth.set(inside.get());
        expanded
    }

    /// The value of a variable; those that the builder sets for every build are unknown.
    fn lookup(&self, name: &str) -> Value {
        let preset = ["TARGET", "BUILD"].iter().any(|prefix| {
            name.strip_prefix(prefix)
                .is_some_and(|rest| matches!(rest, "PLATFORM" | "OS" | "OSVERSION" | "ARCH" | "VARIANT"))
        });
        match self.values.get(name) {
            Some(value) => value.clone(),
            None if preset => Value::Unknown,
            None => Value::Unset,
        }
    }

    /// Adds what an `ARG` instruction declares. `globals` is what a stage may take a value from.
    pub(super) fn declare(
        &mut self,
        instruction: &Instruction,
        given: &BuildArguments,
        globals: Option<&Self>,
    ) {
        for argument in &instruction.arguments {
            let (name, default) = match argument.text.split_once('=') {
                Some((name, default)) => (name, Some(default)),
                None => (argument.text.as_str(), None),
            };
            if self.environment.contains(name) {
                continue;
            }
            let value = match (given.get(name), default) {
                (Some(given), _) => Value::Known(given.clone()),
                (None, Some(default)) => known(self.expand(default)),
                (None, None) => {
                    globals.and_then(|globals| globals.values.get(name)).cloned().unwrap_or(Value::Unknown)
                }
            };
            self.values.insert(name.to_owned(), value);
        }
    }

    /// Adds what `ENV` sets.
    pub(super) fn set_environment(&mut self, name: &str, value: &Expanded) {
        self.environment.insert(name.to_owned());
        self.values.insert(name.to_owned(), known(value.clone()));
    }
}

fn known(expanded: Expanded) -> Value {
    if expanded.unresolved.is_empty() { Value::Known(expanded.text) } else { Value::Unknown }
}
