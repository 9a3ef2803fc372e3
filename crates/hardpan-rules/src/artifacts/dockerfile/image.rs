//! What the image of a target is configured to be, as far as the file says.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::artifacts::SourceMap;

use super::entries::{EntryKind, entries_of};
use super::expand::Expanded;
use super::instruction::{Dockerfile, Form, Instruction};
use super::stages::{BuildArguments, Stage};
use super::variables::Variables;
use super::words::first_word;

/// The configuration of an image, from the root of its stages to the target. What the base image sets is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// The stages it is made of: the target first.
    pub stages: Vec<Stage>,
    /// The image at the root.
    pub base: Expanded,
    /// Where the root's base is.
    pub base_range: Range<usize>,
    /// The last `USER`.
    pub user: Option<Setting>,
    /// The last `WORKDIR`; a relative one is not joined to those before.
    pub workdir: Option<Setting>,
    /// The last `HEALTHCHECK`.
    pub healthcheck: Option<Healthcheck>,
    /// The last `ENTRYPOINT`.
    pub entrypoint: Option<CommandSetting>,
    /// The last `CMD`, unless an `ENTRYPOINT` of a later stage resets it.
    pub cmd: Option<CommandSetting>,
    /// All of `EXPOSE`.
    pub ports: Vec<Port>,
    /// All of `ENV`; a later entry of the same name wins.
    pub environment: Vec<EnvironmentEntry>,
}

/// A value and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The value, variables replaced.
    pub value: Expanded,
    /// The argument in the file.
    pub range: Range<usize>,
    /// The line of the instruction, from one.
    pub line: usize,
}

/// What `HEALTHCHECK` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Healthcheck {
    /// `HEALTHCHECK NONE`.
    Disabled {
        /// The instruction.
        range: Range<usize>,
        /// Its line, from one.
        line: usize,
    },
    /// `HEALTHCHECK CMD …`.
    Defined {
        /// The instruction.
        range: Range<usize>,
        /// Its line, from one.
        line: usize,
        /// The command.
        command: CommandSetting,
        /// Its flags: `interval`, `timeout`, `start-period`, `start-interval`, `retries`.
        flags: BTreeMap<String, String>,
    },
}

/// A command of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandSetting {
    /// The arguments: those of the JSON form, or the text as the one argument of a shell.
    pub arguments: Vec<String>,
    /// Whether a shell runs the text.
    pub in_shell: bool,
    /// The way back from the text to the file, if a shell runs it.
    pub map: SourceMap,
    /// The command in the file.
    pub range: Range<usize>,
    /// The line of the instruction, from one.
    pub line: usize,
    /// The stage it stands in, from zero.
    pub stage: usize,
}

/// A port or a range of ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The first port; `None` when it is not known or not a number.
    pub first: Option<u16>,
    /// The last port; the first again for a single one.
    pub last: Option<u16>,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// As it is after expansion.
    pub value: Expanded,
    /// Where it is.
    pub range: Range<usize>,
    /// The line of the instruction, from one.
    pub line: usize,
}

/// A variable of the image's environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentEntry {
    /// The name.
    pub name: String,
    /// The value, variables replaced.
    pub value: Expanded,
    /// Name and value in the file.
    pub range: Range<usize>,
    /// The line of the instruction, from one.
    pub line: usize,
}

impl Dockerfile {
    /// The configuration of the target; the last stage for `None`. `None` when there is no such stage.
    #[must_use]
    pub fn image(&self, target: Option<&str>, build_arguments: &BuildArguments) -> Option<Image> {
        let stages = self.chain(target, build_arguments);
        let (base, base_range) = self.base_image(target, build_arguments)?;
        let globals = self.global_arguments(build_arguments);
        let mut state = State {
            escape: self.escape,
            build_arguments,
            globals: &globals,
            variables: Variables::new(self.escape),
            stage: 0,
            image: Image { base, base_range, ..Image::default() },
        };
        let mut parent: Option<&Stage> = None;
        for stage in stages.iter().rev() {
            state.stage = stage.index;
            if let Some(parent) = parent {
                // What the parent left for builds from it comes first.
                for instruction in
                    self.instructions_of(parent).iter().filter(|instruction| instruction.onbuild)
                {
                    state.apply(instruction);
                }
            }
            for instruction in self.instructions_of(stage).iter().filter(|instruction| !instruction.onbuild) {
                state.apply(instruction);
            }
            parent = Some(stage);
        }
        let mut image = state.image;
        image.stages = stages;
        Some(image)
    }

    /// The instructions of a stage, `FROM` included.
    #[must_use]
    pub fn instructions_of(&self, stage: &Stage) -> &[Instruction] {
        self.instructions.get(stage.instructions.clone()).unwrap_or_default()
    }
}

struct State<'a> {
    escape: char,
    build_arguments: &'a BuildArguments,
    globals: &'a Variables,
    variables: Variables,
    stage: usize,
    image: Image,
}

impl State<'_> {
    fn expand(&self, text: &str) -> Expanded {
        self.variables.expand(text)
    }

    fn setting(&self, instruction: &Instruction) -> Option<Setting> {
        let value = self.expand(instruction.text.trim());
        let range = instruction.text_range.clone();
        (!instruction.text.is_empty()).then_some(Setting { value, range, line: instruction.line })
    }

    fn apply(&mut self, instruction: &Instruction) {
        match instruction.name.as_str() {
            "ARG" => self.variables.declare(instruction, self.build_arguments, Some(self.globals)),
            "ENV" => self.environment(instruction),
            "USER" => self.image.user = self.setting(instruction).or(self.image.user.take()),
            "WORKDIR" => self.image.workdir = self.setting(instruction).or(self.image.workdir.take()),
            "EXPOSE" => self.expose(instruction),
            "CMD" => self.image.cmd = Some(self.command(instruction)),
            "ENTRYPOINT" => {
                self.image.entrypoint = Some(self.command(instruction));
                if self.image.cmd.as_ref().is_some_and(|cmd| cmd.stage != self.stage) {
                    self.image.cmd = None;
                }
            }
            "HEALTHCHECK" => {
                self.image.healthcheck = self.healthcheck(instruction).or(self.image.healthcheck.take())
            }
            _ => {}
        }
    }

    fn environment(&mut self, instruction: &Instruction) {
        let mut entries = Vec::new();
        entries_of(instruction, self.escape, Some(self.stage), &mut entries);
        // All entries of one instruction see the variables as they were before it.
        let values: Vec<Expanded> =
            entries.iter().map(|entry| self.expand(entry.raw.as_deref().unwrap_or_default())).collect();
        for (entry, value) in entries.into_iter().zip(values) {
            debug_assert_eq!(entry.kind, EntryKind::Env, "only ENV is handed in");
            self.variables.set_environment(&entry.name, &value);
            let (range, line) = (entry.range, entry.line);
            self.image.environment.push(EnvironmentEntry { name: entry.name, value, range, line });
        }
    }

    fn expose(&mut self, instruction: &Instruction) {
        for argument in &instruction.arguments {
            let value = self.expand(&argument.text);
            for word in value.text.split_ascii_whitespace() {
                let (ports, protocol) = word.split_once('/').unwrap_or((word, "tcp"));
                let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
                self.image.ports.push(Port {
                    first: first.parse().ok(),
                    last: last.parse().ok(),
                    protocol: protocol.to_ascii_lowercase(),
                    value: Expanded { text: word.to_owned(), unresolved: value.unresolved.clone() },
                    range: argument.range.clone(),
                    line: instruction.line,
                });
            }
        }
    }

    fn command(&self, instruction: &Instruction) -> CommandSetting {
        self.command_from(instruction, 0)
    }

    /// The command in the text of an instruction, from an offset in that text on.
    fn command_from(&self, instruction: &Instruction, from: usize) -> CommandSetting {
        let (arguments, in_shell) = match &instruction.form {
            Form::Exec(items) => (items.iter().map(|item| item.text.clone()).collect(), false),
            Form::Shell => (vec![instruction.text.get(from..).unwrap_or_default().to_owned()], true),
        };
        let skipped = usize::from(from > 0);
        let start =
            instruction.arguments.get(skipped).map_or(instruction.text_range.start, |word| word.range.start);
        let range = start.min(instruction.text_range.end)..instruction.text_range.end;
        let map = if in_shell { instruction.map.without(from) } else { SourceMap::default() };
        CommandSetting { arguments, in_shell, map, range, line: instruction.line, stage: self.stage }
    }

    fn healthcheck(&self, instruction: &Instruction) -> Option<Healthcheck> {
        let (range, line) = (instruction.range.clone(), instruction.line);
        let (word, rest) = first_word(&instruction.text, 0);
        let keyword = instruction.text.get(word).unwrap_or_default();
        if keyword.eq_ignore_ascii_case("NONE") {
            return Some(Healthcheck::Disabled { range, line });
        }
        if !keyword.eq_ignore_ascii_case("CMD") {
            return None;
        }
        let command = self.command_from(instruction, rest);
        let flags = instruction
            .flags
            .iter()
            .map(|flag| (flag.name.clone(), flag.value.clone().unwrap_or_default()))
            .collect();
        Some(Healthcheck::Defined { range, line, command, flags })
    }
}
