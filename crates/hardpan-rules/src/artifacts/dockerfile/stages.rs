//! Stages and what they are built from.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::expand::Expanded;
use super::instruction::{Dockerfile, Instruction};
use super::variables::Variables;

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
        let mut names: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for stage in &stages {
            if let Some(name) = &stage.name {
                names.entry(name.to_ascii_lowercase()).or_default().push(stage.index);
            }
        }
        let mut chain = Vec::new();
        let mut current = find(&stages, target);
        while let Some(stage) = current {
            chain.push(stage.clone());
            let base = globals.expand(&stage.base).text.to_ascii_lowercase();
            // Only an earlier stage can be a base, so this ends. The last of that name counts.
            current = names.get(&base).and_then(|indexes| {
                let before = indexes.partition_point(|index| *index < stage.index);
                stages.get(*indexes.get(before.checked_sub(1)?)?)
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
        let base = self.global_arguments(build_arguments).expand(&root.base);
        Some((base, root.base_range))
    }

    /// The base of each stage that is an image and not another stage, variables replaced.
    #[must_use]
    pub fn external_images(&self, build_arguments: &BuildArguments) -> Vec<(Stage, Expanded)> {
        let stages = self.stages();
        let globals = self.global_arguments(build_arguments);
        let mut names: BTreeSet<String> = BTreeSet::new();
        let mut images = Vec::new();
        for stage in stages {
            let base = globals.expand(&stage.base);
            let is_stage = names.contains(&base.text.to_ascii_lowercase());
            names.extend(stage.name.as_ref().map(|name| name.to_ascii_lowercase()));
            if !is_stage {
                images.push((stage, base));
            }
        }
        images
    }

    /// The variables of `ARG` before the first `FROM`.
    pub(super) fn global_arguments(&self, build_arguments: &BuildArguments) -> Variables {
        let mut globals = Variables::new(self.escape);
        for instruction in self.instructions.iter().take_while(|instruction| instruction.name != "FROM") {
            if instruction.name == "ARG" {
                globals.declare(instruction, build_arguments, None);
            }
        }
        globals
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
