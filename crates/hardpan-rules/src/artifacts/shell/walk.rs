//! All commands of a script in source order, each with what surrounds it.

use super::options::Options;
use super::tree::{
    AndOr, Block, Case, Command, CommandKind, Connector, Function, If, Loop, Pipeline, Redirect, Script,
    SimpleCommand,
};
use super::word::{Part, Substitution, Word, each_part};

/// How many redirections of one compound command are kept in a context. Two are usual; contexts are copied, so that
/// more would let a hostile text grow with its square.
const REDIRECTS_MAX: usize = 32;

/// A simple command and what surrounds it.
#[derive(Clone, Debug)]
pub struct Visited<'a> {
    /// The command.
    pub command: &'a SimpleCommand,
    /// Where it stands.
    pub context: Context<'a>,
}

/// A loop and what surrounds it.
#[derive(Clone, Debug)]
pub struct LoopSite<'a> {
    /// The loop.
    pub node: &'a Loop,
    /// Where it stands. The loop itself is not among the frames.
    pub context: Context<'a>,
}

/// Something that surrounds a command.
#[derive(Clone, Copy, Debug)]
pub enum Frame<'a> {
    /// It is in the condition of this loop.
    LoopCondition(&'a Loop),
    /// It is in the body of this loop.
    LoopBody(&'a Loop),
    /// It is in the condition of an `if` or `elif`.
    IfCondition(&'a If),
    /// It is in what runs when a condition holds, or in `else`.
    IfBranch(&'a If),
    /// It is in an arm of this `case`.
    CaseArm(&'a Case),
    /// It is in `{ … }`.
    Group(&'a Block),
    /// It is in `( … )`.
    Subshell(&'a Block),
    /// It is in the body of this function.
    Function(&'a Function),
    /// It is in `$(…)` or another substitution, in a word of this command; `None` for a word of a compound command.
    Substitution(&'a Substitution, Option<&'a SimpleCommand>),
}

/// Where a command stands.
#[derive(Clone, Debug, Default)]
pub struct Context<'a> {
    /// What surrounds it, outermost first.
    pub frames: Vec<Frame<'a>>,
    /// Its place in its own pipeline, from zero.
    pub pipeline_index: usize,
    /// How many commands its own pipeline has.
    pub pipeline_count: usize,
    /// What joins its pipeline to the one before.
    pub before: Option<Connector>,
    /// What joins its pipeline to the next.
    pub after: Option<Connector>,
    /// Whether its pipeline begins with `!`.
    pub negated: bool,
    /// Whether it, or what surrounds it, runs in the background.
    pub background: bool,
    /// Whether its status decides something: what runs next in `&&`, `||`, `if`, `while`, `until`.
    pub tested: bool,
    /// Whether `set -e` does not apply because the status of it, or of what surrounds it, is tested or inverted. Whether
    /// a function is called from such a place is not known.
    pub errexit_ignored: bool,
    /// Whether it runs only because something failed: it, or what surrounds it, is on the right of `||`.
    pub fallback: bool,
    /// Whether its standard output, or that of what surrounds it, goes into a pipe.
    pub output_piped: bool,
    /// Whether its standard input, or that of what surrounds it, comes out of a pipe.
    pub input_piped: bool,
    /// The redirections of the compound commands around it, outermost first, back to the nearest substitution.
    pub redirects: Vec<&'a Redirect>,
    /// The options that are on when it runs, `set` commands before it in the text included.
    pub options: Options,
}

impl<'a> Context<'a> {
    /// The loops around it, outermost first, whether it is in their condition or in their body.
    pub fn loops(&self) -> impl Iterator<Item = &'a Loop> + '_ {
        self.frames.iter().filter_map(|frame| match frame {
            Frame::LoopCondition(node) | Frame::LoopBody(node) => Some(*node),
            _ => None,
        })
    }

    /// The innermost function around it.
    #[must_use]
    pub fn function(&self) -> Option<&'a Function> {
        self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Function(node) => Some(*node),
            _ => None,
        })
    }

    /// Whether its output becomes text: it is inside `$(…)` or backticks.
    #[must_use]
    pub fn in_substitution(&self) -> bool {
        self.frames.iter().any(|frame| matches!(frame, Frame::Substitution(..)))
    }

    /// Whether it is in the condition of an `if`, `while` or `until`, at any distance.
    #[must_use]
    pub fn in_condition(&self) -> bool {
        self.frames.iter().any(|frame| matches!(frame, Frame::IfCondition(_) | Frame::LoopCondition(_)))
    }

    /// Whether it may not run at all even if everything before it succeeds: it is in a branch, an arm, a loop, a function or
    /// on the right of `&&` or `||`.
    #[must_use]
    pub fn is_conditional(&self) -> bool {
        self.before.is_some()
            || self.fallback
            || self.frames.iter().any(|frame| {
                matches!(
                    frame,
                    Frame::IfBranch(_) | Frame::CaseArm(_) | Frame::LoopBody(_) | Frame::Function(_)
                )
            })
    }
}

/// Every simple command of the script in source order. A command comes before those in its own substitutions.
#[must_use]
pub fn commands(script: &Script) -> Vec<Visited<'_>> {
    commands_with(script, Options::default())
}

/// As [`commands`], with options that are on from the start besides those of the shebang, as `sh -e script` has them.
#[must_use]
pub fn commands_with(script: &Script, options: Options) -> Vec<Visited<'_>> {
    walk(&script.body, options.union(script.initial_options())).commands
}

/// As [`commands`], for one block of a script, as if it were all there is.
#[must_use]
pub fn commands_in(block: &Block, options: Options) -> Vec<Visited<'_>> {
    walk(block, options).commands
}

/// What a walk finds.
pub(super) struct Walk<'a> {
    pub(super) commands: Vec<Visited<'a>>,
    pub(super) loops: Vec<LoopSite<'a>>,
    pub(super) functions: Vec<&'a Function>,
    options: Options,
}

pub(super) fn walk(block: &Block, options: Options) -> Walk<'_> {
    let mut walk = Walk { commands: Vec::new(), loops: Vec::new(), functions: Vec::new(), options };
    walk.block(block, &Context::default());
    walk
}

impl<'a> Walk<'a> {
    fn block(&mut self, block: &'a Block, around: &Context<'a>) {
        let count = block.items.len();
        for (index, item) in block.items.iter().enumerate() {
            let tested = around.tested && index + 1 == count && !item.background;
            self.list(
                item,
                &Context { tested, background: around.background || item.background, ..around.clone() },
            );
        }
    }

    fn list(&mut self, list: &'a AndOr, around: &Context<'a>) {
        let mut before = None;
        let mut fallback = around.fallback;
        let mut pipeline = &list.first;
        for next in list.rest.iter().map(Some).chain([None]) {
            let after = next.map(|(connector, _)| *connector);
            fallback |= before == Some(Connector::Or);
            let context = Context {
                before,
                after,
                fallback,
                tested: after.is_some() || around.tested,
                errexit_ignored: after.is_some() || around.errexit_ignored,
                ..around.clone()
            };
            self.pipeline(pipeline, context);
            if let Some((connector, following)) = next {
                before = Some(*connector);
                // What follows `&&` no longer runs only because something failed.
                fallback = around.fallback;
                pipeline = following;
            }
        }
    }

    fn pipeline(&mut self, pipeline: &'a Pipeline, mut context: Context<'a>) {
        context.negated = pipeline.negated;
        context.errexit_ignored |= pipeline.negated;
        context.pipeline_count = pipeline.commands.len();
        let last = pipeline.commands.len().saturating_sub(1);
        let options = self.options;
        let (output_piped, input_piped, tested) = (context.output_piped, context.input_piped, context.tested);
        for (index, command) in pipeline.commands.iter().enumerate() {
            context.pipeline_index = index;
            context.output_piped = output_piped || index < last;
            context.input_piped = input_piped || index > 0;
            context.tested = tested && (index == last || options.pipefail);
            self.command(command, &context);
            if last > 0 {
                // Each command of a pipeline has a shell of its own.
                self.options = options;
            }
        }
    }

    fn command(&mut self, command: &'a Command, around: &Context<'a>) {
        let mut context = around.clone();
        context.redirects.extend(command.redirects.iter().take(REDIRECTS_MAX));
        for redirect in &command.redirects {
            self.word(&redirect.target, None, around);
        }
        let options = self.options;
        match &command.kind {
            CommandKind::Simple(simple) => self.simple(simple, &context),
            CommandKind::Group(block) => self.block(block, &framed(&context, Frame::Group(block))),
            CommandKind::Subshell(block) => {
                self.block(block, &framed(&context, Frame::Subshell(block)));
                self.options = options;
            }
            CommandKind::If(node) => {
                for branch in &node.branches {
                    let condition = condition(&context, Frame::IfCondition(node));
                    self.block(&branch.condition, &condition);
                    self.block(&branch.body, &framed(&context, Frame::IfBranch(node)));
                }
                if let Some(block) = &node.otherwise {
                    self.block(block, &framed(&context, Frame::IfBranch(node)));
                }
            }
            CommandKind::Loop(node) => {
                self.loops.push(LoopSite { node, context: Context { options, ..around.clone() } });
                for word in &node.words {
                    self.word(word, None, &context);
                }
                self.block(&node.condition, &condition(&context, Frame::LoopCondition(node)));
                let body = Context { tested: false, ..framed(&context, Frame::LoopBody(node)) };
                self.block(&node.body, &body);
            }
            CommandKind::Case(node) => {
                self.word(&node.subject, None, &context);
                for arm in &node.arms {
                    for pattern in &arm.patterns {
                        self.word(pattern, None, &context);
                    }
                    self.block(&arm.body, &framed(&context, Frame::CaseArm(node)));
                }
            }
            CommandKind::Function(node) => {
                self.functions.push(node);
                let body = Context { frames: context.frames.clone(), ..Context::default() };
                self.command(&node.body, &framed(&body, Frame::Function(node)));
                self.options = options;
            }
        }
    }

    fn simple(&mut self, command: &'a SimpleCommand, around: &Context<'a>) {
        let context = Context { options: self.options, ..around.clone() };
        self.commands.push(Visited { command, context: context.clone() });
        // A substitution's status is that of the command only if the command is nothing but assignments.
        let inner = Context { tested: context.tested && command.words.is_empty(), ..context };
        let mut words: Vec<&'a Word> =
            command.assignments.iter().map(|assignment| &assignment.value).collect();
        words.extend(&command.words);
        for redirect in &command.redirects {
            words.push(&redirect.target);
            words.extend(redirect.heredoc.as_ref().map(|heredoc| &heredoc.body));
        }
        words.sort_by_key(|word| word.range.start);
        for word in words {
            self.word(word, Some(command), &inner);
        }
        if command.name() == Some("set") {
            self.options.apply(command.arguments().iter().map(|word| word.plain.as_deref()));
        }
    }

    fn word(&mut self, word: &'a Word, of: Option<&'a SimpleCommand>, around: &Context<'a>) {
        let mut found = Vec::new();
        each_part(&word.parts, &mut |part| {
            if let Part::Substitution(substitution) = part {
                found.push(substitution);
            }
        });
        let options = self.options;
        for substitution in found {
            let inner = Context {
                output_piped: false,
                redirects: Vec::new(),
                negated: false,
                before: None,
                after: None,
                ..framed(around, Frame::Substitution(substitution, of))
            };
            self.block(&substitution.body, &inner);
            self.options = options;
        }
    }
}

fn framed<'a>(context: &Context<'a>, frame: Frame<'a>) -> Context<'a> {
    let mut context = context.clone();
    context.frames.push(frame);
    context
}

fn condition<'a>(context: &Context<'a>, frame: Frame<'a>) -> Context<'a> {
    Context { tested: true, errexit_ignored: true, ..framed(context, frame) }
}
