//! What a service runs: its command, entrypoint and healthcheck, and the shell scripts mounted into it, each with the
//! way back to the text it stands in.

use std::ops::Range;
use std::rc::Rc;

use hardpan_compose::NodeRef;
use hardpan_source::Span;

use super::written::Written;
use crate::artifacts::SourceMap;
use crate::artifacts::command::{Healthcheck, healthcheck, shell_text};
use crate::artifacts::shell::{self, Options, Script, Visited};
use crate::files::TextFile;
use crate::secret_names::is_secret_name;
use crate::{Scope, Service};

/// Something that a service runs.
#[derive(Debug)]
pub(super) enum Program {
    /// A shell's text: written in the project, or a script.
    Shell(Shell),
    /// A program with its arguments, without a shell.
    Arguments(Vec<Argument>),
}

/// An argument of a program that is run without a shell.
#[derive(Debug)]
pub(super) struct Argument {
    /// As it is written, `$$` made one dollar.
    pub(super) written: Written,
    /// Where it stands.
    pub(super) span: Span,
}

/// A text for a shell.
#[derive(Debug)]
pub(super) struct Shell {
    text: Text,
    /// The parsed text, and the texts inside of it (`sh -c '…'`), each with the way back to the text around it.
    units: Vec<Unit>,
}

#[derive(Debug)]
struct Unit {
    script: Script,
    options: Options,
    /// The way back, the innermost first.
    maps: Vec<SourceMap>,
}

#[derive(Debug)]
enum Text {
    Scalar(Written, Span),
    File(Rc<TextFile>),
}

/// How deep shells are looked for inside of shells.
const NESTING_MAX: usize = 3;

impl Shell {
    fn new(text: Text, options: Options) -> Self {
        let script = shell::parse(match &text {
            Text::Scalar(written, _) => &written.text,
            Text::File(file) => file.text(),
        });
        let mut units = Vec::new();
        add_units(script, options, &[], &mut units);
        Self { text, units }
    }

    /// Whether the text stands in the project itself.
    pub(super) fn is_scalar(&self) -> bool {
        matches!(self.text, Text::Scalar(..))
    }

    /// The whole text.
    pub(super) fn text(&self) -> &str {
        match &self.text {
            Text::Scalar(written, _) => &written.text,
            Text::File(file) => file.text(),
        }
    }

    /// The script of this text itself, without the ones inside of it.
    pub(super) fn script(&self) -> &Script {
        &self.units[0].script
    }

    /// All scripts, those inside of others after them.
    pub(super) fn scripts(&self) -> impl Iterator<Item = (usize, &Script)> {
        self.units.iter().map(|unit| &unit.script).enumerate()
    }

    /// The commands of one of the scripts.
    pub(super) fn commands(&self, unit: usize) -> Vec<Visited<'_>> {
        let unit = &self.units[unit];
        shell::commands_with(&unit.script, unit.options)
    }

    /// The range in the whole text of a range of one of the scripts.
    pub(super) fn range(&self, unit: usize, range: &Range<usize>) -> Range<usize> {
        self.units[unit].maps.iter().fold(range.clone(), |range, map| map.range(&range))
    }

    /// Where a range of one of the scripts stands.
    pub(super) fn span(&self, unit: usize, range: &Range<usize>) -> Span {
        self.text_span(&self.range(unit, range))
    }

    /// Where a range of the whole text stands.
    pub(super) fn text_span(&self, range: &Range<usize>) -> Span {
        match &self.text {
            Text::Scalar(written, scalar) => written.span(*scalar, range),
            Text::File(file) => file.span(range.clone()),
        }
    }

    /// A variable with a secret's name that Compose puts into this range of one of the scripts.
    pub(super) fn composed_secret(&self, unit: usize, range: &Range<usize>) -> Option<&str> {
        let Text::Scalar(written, _) = &self.text else { return None };
        let range = self.range(unit, range);
        composed_secret(written, &range)
    }

    /// The variable that Compose puts in at this range of one of the scripts.
    pub(super) fn composed_variable(&self, unit: usize, range: &Range<usize>) -> Option<&str> {
        let Text::Scalar(written, _) = &self.text else { return None };
        let range = self.range(unit, range);
        let touches = |place: &Range<usize>| place.start < range.end && range.start < place.end;
        written.variables.iter().find(|(place, _)| touches(place)).map(|(_, name)| name.as_str())
    }

    /// Whether Compose puts in a variable at this range of one of the scripts.
    pub(super) fn is_composed(&self, unit: usize, range: &Range<usize>) -> bool {
        self.composed_variable(unit, range).is_some()
    }
}

/// A variable with a secret's name that Compose puts into this range.
pub(super) fn composed_secret<'w>(written: &'w Written, range: &Range<usize>) -> Option<&'w str> {
    let within = |place: &Range<usize>| range.start <= place.start && place.end <= range.end;
    written
        .variables
        .iter()
        .find(|(place, name)| within(place) && is_secret_name(name))
        .map(|(_, name)| name.as_str())
}

fn add_units(script: Script, options: Options, maps: &[SourceMap], units: &mut Vec<Unit>) {
    let mut nested = Vec::new();
    if maps.len() < NESTING_MAX {
        for visited in shell::commands(&script) {
            if let Some(inner) = shell::nested_script(visited.command) {
                nested.push(inner);
            }
        }
    }
    units.push(Unit { script, options, maps: maps.to_vec() });
    for inner in nested {
        let maps = [std::slice::from_ref(&inner.map), maps].concat();
        add_units(shell::parse(&inner.text), inner.options, &maps, units);
    }
}

/// Everything that a service runs, as far as the files show it.
pub(super) fn programs<'s>(scope: &'s Scope<'_>, service: &Service<'_>) -> &'s [Program] {
    let all = scope
        .shared
        .secrets
        .programs
        .get_or_init(|| scope.services().iter().map(|service| read_programs(scope, service)).collect());
    &all[service.id.index()]
}

fn read_programs(scope: &Scope<'_>, service: &Service<'_>) -> Vec<Program> {
    let mut programs = Vec::new();
    let (entrypoint, command) = (service.words("entrypoint"), service.words("command"));
    add_command(scope, &entrypoint, &command, &mut programs);
    let test = service.words("healthcheck.test");
    let texts: Vec<&str> = test.iter().filter_map(|node| node.as_str()).collect();
    match healthcheck(&texts) {
        Healthcheck::Disabled => {}
        Healthcheck::Shell(found) => programs.extend(shell_item(scope, &test, found.index, found.options)),
        Healthcheck::Program(_) => {
            let words = test.get(1..).unwrap_or_default();
            programs.push(Program::Arguments(words.iter().map(|node| argument(scope, *node)).collect()));
        }
    }
    for hook in ["post_start", "pre_stop"] {
        for item in service.items(hook) {
            let words: Vec<NodeRef<'_>> = item.get("command").into_iter().flat_map(NodeRef::items).collect();
            add_command(scope, &[], &words, &mut programs);
        }
    }
    let scripts = mounted_scripts(scope, service);
    programs.extend(scripts);
    programs
}

fn add_command(
    scope: &Scope<'_>,
    entrypoint: &[NodeRef<'_>],
    command: &[NodeRef<'_>],
    programs: &mut Vec<Program>,
) {
    let both = [entrypoint, command].concat();
    let texts: Vec<&str> = both.iter().filter_map(|node| node.as_str()).collect();
    if let Some(found) = shell_text(&texts)
        && let Some(program) = shell_item(scope, &both, found.index, found.options)
    {
        programs.push(program);
        return;
    }
    for words in [entrypoint, command] {
        if let Some(scalar) = one_scalar(words) {
            programs.push(scalar_program(scope, scalar, Options::default()));
        } else if !words.is_empty() {
            programs.push(Program::Arguments(words.iter().map(|node| argument(scope, *node)).collect()));
        }
    }
}

/// The shell's text at this index; where all words stand in one scalar, that whole scalar.
fn shell_item(scope: &Scope<'_>, words: &[NodeRef<'_>], index: usize, options: Options) -> Option<Program> {
    let span = words.get(index)?.origin().span;
    Some(scalar_program(scope, span, options))
}

fn scalar_program(scope: &Scope<'_>, span: Span, options: Options) -> Program {
    let written = Written::decode(&scope.files.text(span));
    Program::Shell(Shell::new(Text::Scalar(written, span), options))
}

fn argument(scope: &Scope<'_>, node: NodeRef<'_>) -> Argument {
    let span = node.origin().span;
    Argument { written: Written::decode(&scope.files.text(span)), span }
}

/// The scalar that all words were split from, if there is one.
fn one_scalar(words: &[NodeRef<'_>]) -> Option<Span> {
    let first = words.first()?.origin().span;
    (words.len() > 1 && words.iter().all(|word| word.origin().span == first)).then_some(first)
}

/// A text file that is mounted into a service.
pub(super) struct MountedFile {
    /// The file.
    pub(super) file: Rc<TextFile>,
    /// Its path in the container.
    pub(super) target: String,
}

/// How many files of a mounted directory are looked at, and how many bytes of each.
const DIRECTORY_FILES_MAX: usize = 64;
const FILE_BYTES_MAX: usize = 128 << 10;

/// The text files that are mounted into a service by bind mounts and configs. Of a directory those right in it, and
/// one level below.
pub(super) fn mounted_files(scope: &Scope<'_>, service: &Service<'_>) -> Vec<MountedFile> {
    let mut found = Vec::new();
    for mount in service.mounts().filter(|mount| mount.kind == "bind") {
        if let Some(source) = mount.source
            && is_own(scope, mount.node, source)
        {
            add_mounted(scope, source, mount.target.trim_end_matches('/'), 0, &mut found);
        }
    }
    for grant in service.configs() {
        let file = scope.resource("configs", grant.source).and_then(|config| config.get("file"));
        if let Some(path) = file.and_then(NodeRef::as_str) {
            let target = match grant.file() {
                path if path.starts_with('/') => path.to_owned(),
                name => format!("/{name}"),
            };
            add_mounted(scope, path, &target, 0, &mut found);
        }
    }
    found
}

/// Whether a mount's source is the project's text: below its root, or written as a relative path. Sockets, devices and
/// the host's own configuration are not.
fn is_own(scope: &Scope<'_>, mount: NodeRef<'_>, source: &str) -> bool {
    let written = mount.get("source").map_or(mount, |node| node).origin().span;
    let below = source.strip_prefix(scope.root.trim_end_matches('/'));
    below.is_some_and(|rest| rest.starts_with('/'))
        || scope.files.text(written).trim_start_matches(['"', '\'']).starts_with("..")
}

fn add_mounted(scope: &Scope<'_>, source: &str, target: &str, depth: usize, found: &mut Vec<MountedFile>) {
    use hardpan_compose::PathKind;
    if found.len() > DIRECTORY_FILES_MAX {
        return;
    }
    match scope.files.kind(source) {
        Some(PathKind::File) => {
            if let Some(file) = scope.files.read(source).filter(|file| file.text().len() <= FILE_BYTES_MAX) {
                found.push(MountedFile { file, target: target.to_owned() });
            }
        }
        Some(PathKind::Directory) if depth < 2 && source.trim_end_matches('/') != scope.root => {
            for (name, _) in scope.files.list(source).into_iter().take(DIRECTORY_FILES_MAX) {
                if name != ".git" && name != "node_modules" {
                    let (source, target) = (format!("{source}/{name}"), format!("{target}/{name}"));
                    add_mounted(scope, &source, &target, depth + 1, found);
                }
            }
        }
        _ => {}
    }
}

/// Folders whose scripts the entrypoints of well-known images run.
const SCRIPT_FOLDERS: &[&str] = &[
    "/docker-entrypoint-initdb.d/",
    "/docker-entrypoint.d/",
    "/docker-entrypoint-startup.d/",
    "/etc/cont-init.d/",
];

fn mounted_scripts(scope: &Scope<'_>, service: &Service<'_>) -> Vec<Program> {
    let words: Vec<&str> = ["entrypoint", "command", "healthcheck.test"]
        .into_iter()
        .flat_map(|path| service.words(path))
        .filter_map(NodeRef::as_str)
        .collect();
    let mut found: Vec<Program> = Vec::new();
    let mut waiting = mounted_files(scope, service);
    waiting.retain(|mounted| is_shell_script(&mounted.file));
    // A script that is run may run others.
    loop {
        let is_run = |mounted: &MountedFile| {
            let target = mounted.target.as_str();
            SCRIPT_FOLDERS.iter().any(|folder| target.starts_with(folder))
                || words.iter().any(|word| word.contains(target))
                || found
                    .iter()
                    .any(|program| matches!(program, Program::Shell(shell) if shell.text().contains(target)))
        };
        let (run, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_run);
        waiting = rest;
        if run.is_empty() {
            return found;
        }
        let shells = run.into_iter().map(|mounted| Shell::new(Text::File(mounted.file), Options::default()));
        found.extend(shells.map(Program::Shell));
    }
}

/// Whether a shell runs the file: by its first line, else by its name.
fn is_shell_script(file: &TextFile) -> bool {
    let first = file.text().lines().next().unwrap_or_default();
    if first.starts_with("#!") {
        let mut words = first.trim_start_matches("#!").split_whitespace();
        let shell = words.next().map(base_name).filter(|name| *name != "env").or_else(|| words.next());
        return shell
            .is_some_and(|name| matches!(base_name(name), "sh" | "bash" | "ash" | "dash" | "ksh" | "zsh"));
    }
    file.path().ends_with(".sh") || file.path().ends_with(".bash")
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
