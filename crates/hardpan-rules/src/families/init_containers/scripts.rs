//! What a service runs, as far as the files tell: shell texts of its command, and scripts that are mounted or built in.

use std::cell::OnceCell;
use std::ops::Range;
use std::rc::Rc;

use hardpan_compose::NodeRef;
use hardpan_diag::Label;
use hardpan_source::Span;

use super::aligned::Aligner;
use super::container_files::{ContainerFile, Image, find_file};
use crate::artifacts::shell::{
    self, NestedKind, Options, Script, Visited, commands_in, effective_command, nested_script, parse,
};
use crate::artifacts::{SourceMap, command};
use crate::files::TextFile;
use crate::{Place, Scope, Service};

/// What a service runs.
#[derive(Default)]
pub(super) struct Scripts<'p> {
    /// Every shell text, each after the one that runs it.
    pub(super) shells: Vec<Shell<'p>>,
    /// Whether a program runs that is no shell and stands directly in the command; its text is among the shells.
    pub(super) is_direct: bool,
    /// Whether something runs that the files do not show: the image's own program or a script that is not there.
    pub(super) is_opaque: bool,
}

/// How a shell text is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Its status is that of the container, or of the command that runs it.
    Own,
    /// Read into another shell by `.`, `source` or `eval`.
    Sourced,
    /// No shell at all: the words of a program, quoted.
    Words,
}

/// A shell text with where it comes from.
pub(super) struct Shell<'p> {
    /// The text.
    pub(super) text: String,
    /// The text, parsed.
    pub(super) script: Script,
    /// The options that are on from the start, the shebang's included where it counts.
    pub(super) options: Options,
    /// How it is run.
    pub(super) role: Role,
    /// Whether `timeout` or the like runs it.
    pub(super) is_bounded: bool,
    maps: Vec<SourceMap>,
    source: Source<'p>,
}

#[derive(Clone)]
enum Source<'p> {
    /// The value of a node, with the offset in its source for each byte.
    Node(NodeRef<'p>, Rc<Vec<u32>>),
    /// The words of a command: from which byte of the text on which node counts.
    Words(Rc<Vec<(usize, NodeRef<'p>)>>),
    /// A file, from an offset on.
    File(Rc<TextFile>, SourceMap, Option<Label>),
}

impl<'p> Shell<'p> {
    /// Every command, in order.
    pub(super) fn commands(&self) -> Vec<Visited<'_>> {
        commands_in(&self.script.body, self.options)
    }

    /// The slice of the text.
    pub(super) fn slice(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// Where a range of the text is written, cut to its first line where that is asked for by a rule.
    pub(super) fn place(&self, range: &Range<usize>) -> Place {
        let mut range = range.clone();
        for map in &self.maps {
            range = map.range(&range);
        }
        match &self.source {
            Source::Node(node, offsets) => {
                let mut place = Place::from(*node);
                if let Place::At { span, .. } = &mut place {
                    *span = within(*span, offsets, &range);
                }
                place
            }
            Source::Words(words) => {
                let at = words.partition_point(|(start, _)| *start <= range.start);
                let node = at.checked_sub(1).and_then(|at| words.get(at)).or(words.first());
                node.map_or(Place::Nowhere, |(_, node)| Place::from(*node))
            }
            Source::File(file, map, label) => {
                let span = file.span(map.range(&range));
                Place::At { span, way: label.clone().into_iter().collect() }
            }
        }
    }

    /// The span of a range, where it has one.
    pub(super) fn span(&self, range: &Range<usize>) -> Option<Span> {
        match self.place(range) {
            Place::At { span, .. } => Some(span),
            _ => None,
        }
    }

    /// The whole file, if the text is all of a file that nothing was cut from.
    pub(super) fn is_file(&self) -> bool {
        matches!(self.source, Source::File(..)) && self.maps.is_empty()
    }

    fn nested(&self, text: String, options: Options, role: Role, map: SourceMap, is_bounded: bool) -> Self {
        let mut maps = vec![map];
        maps.extend(self.maps.iter().cloned());
        let script = parse(&text);
        let is_bounded = self.is_bounded || is_bounded;
        Self { text, script, options, role, is_bounded, maps, source: self.source.clone() }
    }
}

/// The span of a range of a value whose bytes lie at these offsets of the scalar's source.
fn within(scalar: Span, offsets: &[u32], range: &Range<usize>) -> Span {
    let offset = |at: usize| offsets.get(at).or(offsets.last()).copied().unwrap_or(0);
    let start = scalar.start.saturating_add(offset(range.start)).min(scalar.end);
    let end = match range.end {
        end if end > range.start => scalar.start.saturating_add(offset(end - 1)).saturating_add(1),
        _ => start,
    };
    Span::new(scalar.file, start, end.clamp(start, scalar.end))
}

/// One argument of what the container runs.
#[derive(Clone)]
pub(super) struct Argument<'p> {
    /// Its text.
    pub(super) text: String,
    /// The value it comes from, if the Compose file has it.
    pub(super) node: Option<NodeRef<'p>>,
    offsets: OnceCell<Rc<Vec<u32>>>,
}

/// The arguments of a command attribute with the way back to their source.
pub(super) fn arguments<'p>(scope: &Scope<'p>, service: &Service<'p>, path: &str) -> Vec<Argument<'p>> {
    let mut found = Vec::new();
    let mut aligner: Option<(Span, String, usize)> = None;
    for node in service.words(path) {
        let text = node.as_str().unwrap_or_default().to_owned();
        let span = node.origin().span;
        // The words of a string share the span of the string: the walk goes on where the last word ended.
        let (source, from) = match aligner.take() {
            Some((last, source, from)) if last == span => (source, Some(from)),
            _ => (scope.files.text(span), None),
        };
        let mut walk = Aligner::new(&source);
        if let Some(from) = from {
            walk.resume(from);
        }
        let offsets = walk.offsets(&text);
        let end = walk.position();
        let cell = OnceCell::new();
        let _ = cell.set(Rc::new(offsets));
        aligner = Some((span, source, end));
        found.push(Argument { text, node: Some(node), offsets: cell });
    }
    found
}

/// How many shell texts are looked into: enough for any project, and an end for scripts that run themselves.
const SHELLS_MAX: usize = 40;

/// What a service runs.
pub(super) fn of<'s, 'p>(scope: &'s Scope<'p>, service: &Service<'p>) -> &'s Scripts<'p> {
    let scripts = scope
        .shared
        .init_containers
        .scripts
        .get_or_init(|| scope.services().iter().map(|_| OnceCell::new()).collect());
    scripts[service.id.index()].get_or_init(|| read(scope, service))
}

fn read<'p>(scope: &Scope<'p>, service: &Service<'p>) -> Scripts<'p> {
    let mut scripts = Scripts::default();
    let image = Image::of(scope, service);
    let mut words = arguments(scope, service, "entrypoint");
    let has_entrypoint = !words.is_empty();
    words.extend(arguments(scope, service, "command"));
    let has_command = !service.words("command").is_empty();
    if let Some(image) = &image
        && !(has_entrypoint && has_command)
    {
        let built = image.shells(has_entrypoint, has_command, &words);
        if let Some(mut built) = built {
            words = std::mem::take(&mut built.words);
            scripts.shells.extend(built.shell);
        }
    }
    if scripts.shells.is_empty() {
        start(scope, service, image.as_ref(), &words, &mut scripts);
    }
    follow(scope, service, image.as_ref(), &mut scripts);
    scripts
}

fn start<'p>(
    scope: &Scope<'p>,
    service: &Service<'p>,
    image: Option<&Image>,
    words: &[Argument<'p>],
    scripts: &mut Scripts<'p>,
) {
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    if texts.is_empty() {
        scripts.is_opaque = true;
        return;
    }
    if let Some(found) = command::shell_text(&texts) {
        let word = &words[found.index];
        let is_bounded = found.wrappers.iter().any(|&at| is_bounding(base_name(texts[at])));
        scripts.shells.push(of_argument(word, found.options, is_bounded));
        return;
    }
    let (index, options) = match command::shell_file(&texts) {
        Some(index) => (index, shell_options(&texts)),
        None => (command::program(&texts).index, None),
    };
    let path = texts.get(index).copied().unwrap_or_default();
    match find_file(scope, service, image, path) {
        Some(file) => match of_file(scope, file, options) {
            Some(shell) => scripts.shells.push(shell),
            None => scripts.is_opaque = true,
        },
        None if options.is_some() || is_script_name(path) => scripts.is_opaque = true,
        None => {
            scripts.is_direct = true;
            scripts.shells.push(of_words(words));
        }
    }
}

/// The options of a shell that is given a file; none where no shell is.
fn shell_options(texts: &[&str]) -> Option<Options> {
    let known: Vec<Option<&str>> = texts.iter().copied().map(Some).collect();
    shell::shell_invocation(&known).map(|found| found.options)
}

fn is_script_name(path: &str) -> bool {
    path.ends_with(".sh") || path.ends_with(".py") || path.ends_with(".bash")
}

fn is_bounding(program: &str) -> bool {
    matches!(program, "timeout" | "gtimeout")
}

pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn of_argument<'p>(word: &Argument<'p>, options: Options, is_bounded: bool) -> Shell<'p> {
    let source = match word.node {
        Some(node) => Source::Node(node, word.offsets.get().cloned().unwrap_or_default()),
        None => Source::Words(Rc::default()),
    };
    let script = parse(&word.text);
    Shell { text: word.text.clone(), script, options, role: Role::Own, is_bounded, maps: Vec::new(), source }
}

/// The words of a program as one command, each in quotes.
fn of_words<'p>(words: &[Argument<'p>]) -> Shell<'p> {
    let mut text = String::new();
    let mut starts = Vec::new();
    for word in words {
        if let Some(node) = word.node {
            starts.push((text.len(), node));
        }
        text.push('\'');
        text.push_str(&word.text.replace('\'', "'\\''"));
        text.push_str("' ");
    }
    let script = parse(&text);
    let source = Source::Words(Rc::new(starts));
    let options = Options::default();
    Shell { text, script, options, role: Role::Words, is_bounded: false, maps: Vec::new(), source }
}

/// A file as a shell text; none where its first line asks for another interpreter. Options that a shell was given
/// mean that the first line does not count.
pub(super) fn of_file<'p>(
    scope: &Scope<'p>,
    file: ContainerFile<'p>,
    options: Option<Options>,
) -> Option<Shell<'p>> {
    let (text, source) = match file {
        ContainerFile::Disk { file, asked_for } => {
            let mut map = SourceMap::default();
            map.push(0, 0..file.text().len());
            let label = asked_for.map(|span| Label { span, text: "run because of this".to_owned() });
            (file.text().to_owned(), Source::File(file, map, label))
        }
        ContainerFile::Inline { node } => {
            let text = node.as_str()?.to_owned();
            let offsets = Aligner::new(&scope.files.text(node.origin().span)).offsets(&text);
            (text, Source::Node(node, Rc::new(offsets)))
        }
    };
    let script = parse(&text);
    let is_shell = script.shebang.as_ref().is_none_or(|shebang| {
        matches!(shebang.program.as_str(), "sh" | "bash" | "ash" | "dash" | "ksh" | "zsh")
    });
    let options = options.unwrap_or_else(|| script.initial_options());
    is_shell.then(|| Shell {
        text,
        script,
        options,
        role: Role::Own,
        is_bounded: false,
        maps: Vec::new(),
        source,
    })
}

/// Adds what the shells run themselves: nested texts, scripts and what they source.
fn follow<'p>(scope: &Scope<'p>, service: &Service<'p>, image: Option<&Image>, scripts: &mut Scripts<'p>) {
    let mut at = 0;
    while at < scripts.shells.len() && scripts.shells.len() < SHELLS_MAX {
        let shell = &scripts.shells[at];
        at += 1;
        let mut more = Vec::new();
        for visited in shell.commands() {
            if let Some(nested) = nested_script(visited.command) {
                let role = if nested.kind == NestedKind::Eval { Role::Sourced } else { Role::Own };
                let is_bounded = nested.wrappers.iter().any(|name| is_bounding(name));
                let options = if role == Role::Sourced { visited.context.options } else { nested.options };
                more.push(shell.nested(nested.text, options, role, nested.map, is_bounded));
                continue;
            }
            // One level of files: what a script of a script does is seen seldom and rarely there.
            if !shell.is_file() || shell.role != Role::Sourced {
                more.extend(run_file(scope, service, image, &visited));
            }
        }
        scripts.shells.extend(more);
    }
    scripts.shells.truncate(SHELLS_MAX);
}

fn run_file<'p>(
    scope: &Scope<'p>,
    service: &Service<'p>,
    image: Option<&Image>,
    visited: &Visited<'_>,
) -> Option<Shell<'p>> {
    let words = &visited.command.words;
    let known: Vec<Option<&str>> = words.iter().map(|word| word.plain.as_deref()).collect();
    if matches!(known.first(), Some(Some("." | "source"))) {
        let file = find_file(scope, service, image, known.get(1).copied().flatten()?)?;
        let mut shell = of_file(scope, file, Some(visited.context.options))?;
        shell.role = Role::Sourced;
        return Some(shell);
    }
    if let Some(found) = shell::shell_invocation(&known) {
        let file = find_file(scope, service, image, known.get(found.file?).copied().flatten()?)?;
        return of_file(scope, file, Some(found.options));
    }
    let program = effective_command(words)?;
    let path = words.get(program.index)?.plain.as_deref()?;
    if !path.contains('/') {
        return None;
    }
    of_file(scope, find_file(scope, service, image, path)?, None)
}

/// What an image brings to run, where the Compose file leaves it to the image.
pub(super) struct Built<'p> {
    /// The words to run, those of the Compose file included.
    pub(super) words: Vec<Argument<'p>>,
    /// The shell text of the Dockerfile, if it has one.
    pub(super) shell: Option<Shell<'p>>,
}

impl<'p> Argument<'p> {
    /// An argument that a Dockerfile has.
    pub(super) fn built(text: &str) -> Self {
        Self { text: text.to_owned(), node: None, offsets: OnceCell::new() }
    }
}

/// A shell text of a Dockerfile.
pub(super) fn of_dockerfile<'p>(file: &Rc<TextFile>, text: &str, map: &SourceMap) -> Shell<'p> {
    let script = parse(text);
    Shell {
        text: text.to_owned(),
        script,
        options: Options::default(),
        role: Role::Own,
        is_bounded: false,
        maps: Vec::new(),
        source: Source::File(Rc::clone(file), map.clone(), None),
    }
}
