//! The variables that interpolation sees, and where each was set.

use std::collections::HashMap;
use std::rc::Rc;

use crate::origin::VariableSource;

/// A variable's value and where it was set.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    /// The value.
    pub(crate) value: String,
    /// Where it was set.
    pub(crate) set: VariableSource,
}

/// Variables in layers. An `include` adds the variables of its own env file below those of the including project: the
/// outer layer wins (compose-spec, include, env_file).
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    outer: Option<Rc<Environment>>,
    own: HashMap<String, Variable>,
}

impl Environment {
    /// No variables.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A further layer below `outer`.
    pub(crate) fn below(outer: &Rc<Self>) -> Self {
        Self { outer: Some(Rc::clone(outer)), own: HashMap::new() }
    }

    /// Looks a variable up, the outer layers first.
    pub(crate) fn get(&self, name: &str) -> Option<&Variable> {
        self.outer.as_ref().and_then(|outer| outer.get(name)).or_else(|| self.own.get(name))
    }

    /// The value of a variable.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(|variable| variable.value.as_str())
    }

    /// Sets a variable in this layer.
    pub(crate) fn set(&mut self, name: impl Into<String>, value: impl Into<String>, set: VariableSource) {
        self.own.insert(name.into(), Variable { value: value.into(), set });
    }

    /// Sets a variable unless it is set.
    pub(crate) fn set_if_missing(&mut self, name: &str, value: String, set: VariableSource) {
        if self.get(name).is_none() {
            self.set(name, value, set);
        }
    }

    /// The names of all variables, in no order; a name that several layers have comes several times.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self), |layer| layer.outer.as_deref())
            .flat_map(|layer| layer.own.keys().map(String::as_str))
    }

    /// All variables as they are seen, sorted by name.
    pub(crate) fn sorted(&self) -> Vec<(&str, &Variable)> {
        let mut all: HashMap<&str, &Variable> = HashMap::new();
        let mut layer = Some(self);
        while let Some(environment) = layer {
            all.extend(environment.own.iter().map(|(name, variable)| (name.as_str(), variable)));
            layer = environment.outer.as_deref();
        }
        let mut sorted: Vec<_> = all.into_iter().collect();
        sorted.sort_unstable_by_key(|&(name, _)| name);
        sorted
    }
}

impl crate::syntax::interpolate::Lookup for Environment {
    fn lookup(&self, name: &str) -> Option<&str> {
        self.value(name)
    }
}
