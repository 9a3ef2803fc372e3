//! Stages and what they are built from.

use std::collections::BTreeMap;
use std::ops::Range;

use super::expand::{Expanded, Value, expand};
use super::instruction::{Dockerfile, Instruction};

/// The arguments that are given to a build, as in `build.args`.
pub type BuildArguments = BTreeMap<String, String>;

/// One stage: `FROM` and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its number, from zero.
    pub index: usize,
    /// The name behind `AS`.
    pub name: Option<String>,
    /// What it is built from, as it is written: an image or the name of an earlier stage.
    pub base: String,
    /// Where the base is.
    pub base_range: Range<usize>,
    /// `--platform`, as it is written.
    pub platform: Option<String>,
    /// The line of its `FROM`, from one.
    pub line: usize,
    /// Its instructions among [`Dockerfile::instructions`], `FROM` included.
    pub instructions: Range<usize>,
}

impl Dockerfile {
    /// The stages in order.
    #[must_use]
    pub fn stages(&self) -> Vec<Stage> {
        let mut stages: Vec<Stage> = Vec::new();
        for (at, instruction) in self.instructions.iter().enumerate() {
            if instruction.name != "FROM" || instruction.onbuild {
                continue;
            }
            if let Some(last) = stages.last_mut() {
                last.instructions.end = at;
            }
            stages.push(stage(stages.len(), at, self.instructions.len(), instruction));
        }
        stages
    }

    /// The stage of this name or number, case aside; the last one for `None`.
    #[must_use]
    pub fn stage(&self, target: Option<&str>) -> Option<Stage> {
        find(&self.stages(), target).cloned()
    }

    /// The stages that make the target: the target first, then the stage it is built from, and so on. Empty when there
    /// is no such stage.
    #[must_use]
    pub fn chain(&self, target: Option<&str>, build_arguments: &BuildArguments) -> Vec<Stage> {
        let stages = self.stages();
        let globals = self.global_arguments(build_arguments);
        let mut chain = Vec::new();
        let mut current = find(&stages, target);
        while let Some(stage) = current {
            chain.push(stage.clone());
            let base = self.expanded_base(stage, &globals);
            // Only an earlier stage can be a base, so this ends.
            let earlier = stages.get(..stage.index).unwrap_or_default();
            current = earlier.iter().rev().find(|other| {
                other.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&base.text))
            });
        }
        chain
    }

    /// The image at the root of the target's stages, variables replaced.
    #[must_use]
    pub fn base_image(
        &self,
        target: Option<&str>,
        build_arguments: &BuildArguments,
    ) -> Option<(Expanded, Range<usize>)> {
        let root = self.chain(target, build_arguments).pop()?;
        let base = self.expanded_base(&root, &self.global_arguments(build_arguments));
        Some((base, root.base_range))
    }

    /// The base of each stage that is an image and not another stage, variables replaced.
    #[must_use]
    pub fn external_images(&self, build_arguments: &BuildArguments) -> Vec<(Stage, Expanded)> {
        let stages = self.stages();
        let globals = self.global_arguments(build_arguments);
        let mut names: Vec<String> = Vec::new();
        let mut images = Vec::new();
        for stage in stages {
            let base = self.expanded_base(&stage, &globals);
            let is_stage = names.contains(&base.text.to_ascii_lowercase());
            names.extend(stage.name.as_ref().map(|name| name.to_ascii_lowercase()));
            if !is_stage {
                images.push((stage, base));
            }
        }
        images
    }

    fn expanded_base(&self, stage: &Stage, globals: &BTreeMap<String, Value>) -> Expanded {
        expand(&stage.base, self.escape, &|name| lookup(globals, name))
    }

    /// The variables of `ARG` before the first `FROM`.
    pub(super) fn global_arguments(&self, build_arguments: &BuildArguments) -> BTreeMap<String, Value> {
        let mut globals = BTreeMap::new();
        for instruction in self.instructions.iter().take_while(|instruction| instruction.name != "FROM") {
            if instruction.name == "ARG" {
                declare_arguments(instruction, self.escape, build_arguments, None, &mut globals);
            }
        }
        globals
    }
}

/// Adds what an `ARG` instruction declares. `globals` is what a stage may take a value from.
pub(super) fn declare_arguments(
    instruction: &Instruction,
    escape: char,
    build_arguments: &BuildArguments,
    globals: Option<&BTreeMap<String, Value>>,
    variables: &mut BTreeMap<String, Value>,
) {
    for argument in &instruction.arguments {
        let (name, default) = match argument.text.split_once('=') {
            Some((name, default)) => (name, Some(default)),
            None => (argument.text.as_str(), None),
        };
        let value = match (build_arguments.get(name), default) {
            (Some(given), _) => Value::Known(given.clone()),
            (None, Some(default)) => {
                let expanded = expand(default, escape, &|name| lookup(variables, name));
                if expanded.unresolved.is_empty() { Value::Known(expanded.text) } else { Value::Unknown }
            }
            (None, None) => match globals.and_then(|globals| globals.get(name)) {
                Some(value) => value.clone(),
                None => Value::Unknown,
            },
        };
        variables.insert(name.to_owned(), value);
    }
}

/// The value of a variable; those that the builder sets for every build are unknown.
pub(super) fn lookup(variables: &BTreeMap<String, Value>, name: &str) -> Value {
    let preset = ["TARGET", "BUILD"].iter().any(|prefix| {
        name.strip_prefix(prefix).is_some_and(|rest| matches!(rest, "PLATFORM" | "OS" | "ARCH" | "VARIANT"))
    });
    match variables.get(name) {
        Some(value) => value.clone(),
        None if preset => Value::Unknown,
        None => Value::Unset,
    }
}

fn find<'a>(stages: &'a [Stage], target: Option<&str>) -> Option<&'a Stage> {
    let Some(target) = target.filter(|target| !target.is_empty()) else { return stages.last() };
    stages
        .iter()
        .rev()
        .find(|stage| stage.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(target)))
        .or_else(|| target.parse().ok().and_then(|index: usize| stages.get(index)))
}

fn stage(index: usize, at: usize, end: usize, from: &Instruction) -> Stage {
    let base = from.arguments.first();
    let name = match from.arguments.get(1..) {
        Some([keyword, name, ..]) if keyword.text.eq_ignore_ascii_case("AS") => Some(name.text.clone()),
        _ => None,
    };
    Stage {
        index,
        name,
        base: base.map(|argument| argument.text.clone()).unwrap_or_default(),
        base_range: base.map_or(from.text_range.clone(), |argument| argument.range.clone()),
        platform: from.flag("platform").map(str::to_owned),
        line: from.line,
        instructions: at..end,
    }
}
