//! The tree of a script: lists, pipelines, commands and redirections. Words are in [`super::word`].

use std::ops::Range;

use super::options::Options;
use super::word::Word;

/// A whole script, or the text of a `sh -c`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The first line, if it is `#!…`.
    pub shebang: Option<Shebang>,
    /// What the script does, in order.
    pub body: Block,
    /// Where the comments are, each from `#` to the end of its line; the shebang is not among them.
    pub comments: Vec<Range<usize>>,
    /// Whether all of the text was understood. If not, the tree holds what was.
    pub complete: bool,
}

impl Script {
    /// The options that are on when the first command runs, as the shebang has them.
    #[must_use]
    pub fn initial_options(&self) -> Options {
        self.shebang.as_ref().map(Shebang::options).unwrap_or_default()
    }
}

/// The interpreter line, such as `#!/bin/sh -e`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shebang {
    /// The line, from `#!` to its end.
    pub range: Range<usize>,
    /// The base name of the interpreter; `bash` for `#!/usr/bin/env bash`.
    pub program: String,
    /// What follows the interpreter, split at blanks.
    pub flags: Vec<String>,
}

impl Shebang {
    /// The options that the flags turn on.
    #[must_use]
    pub fn options(&self) -> Options {
        let mut options = Options::default();
        options.apply(self.flags.iter().map(|flag| Some(flag.as_str())));
        options
    }
}

/// A sequence of lists, as between `do` and `done`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// From the first to the last byte of its lists; empty at the place where it would be when there are none.
    pub range: Range<usize>,
    /// The lists, each ended by `;`, `&` or a line end.
    pub items: Vec<AndOr>,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AndOr {
    /// From the first to the last pipeline.
    pub range: Range<usize>,
    /// The first pipeline.
    pub first: Pipeline,
    /// The other pipelines, each with what stands before it.
    pub rest: Vec<(Connector, Pipeline)>,
    /// Whether it ends in `&`, so that nobody waits for its status.
    pub background: bool,
}

/// What joins two pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connector {
    /// `&&`: runs when the one before succeeded.
    And,
    /// `||`: runs when the one before failed.
    Or,
}

/// Commands joined by `|`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// From `!` or the first command to the last.
    pub range: Range<usize>,
    /// Whether the status is inverted by `!`.
    pub negated: bool,
    /// The commands; never empty.
    pub commands: Vec<Command>,
}

/// One command of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The whole command, its redirections included.
    pub range: Range<usize>,
    /// What it is.
    pub kind: CommandKind,
    /// The redirections of a compound command; those of a simple command are in [`SimpleCommand::redirects`].
    pub redirects: Vec<Redirect>,
}

/// What a command is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandKind {
    /// Assignments, words and redirections; also `[[ … ]]` and `(( … ))`, whose first word is `[[` or `((`.
    Simple(SimpleCommand),
    /// `{ …; }`.
    Group(Block),
    /// `( … )`.
    Subshell(Block),
    /// `if … fi`.
    If(If),
    /// `while`, `until`, `for`, `select`.
    Loop(Loop),
    /// `case … esac`.
    Case(Case),
    /// A function definition.
    Function(Function),
}

/// A simple command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimpleCommand {
    /// Everything of it.
    pub range: Range<usize>,
    /// `NAME=value` before the first word, or alone.
    pub assignments: Vec<Assignment>,
    /// The program and its arguments; empty when there are only assignments or redirections.
    pub words: Vec<Word>,
    /// Its redirections, in order.
    pub redirects: Vec<Redirect>,
}

impl SimpleCommand {
    /// The first word, when it has no expansions.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.words.first().and_then(|word| word.plain.as_deref())
    }

    /// The words after the first.
    #[must_use]
    pub fn arguments(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }
}

/// `NAME=value`, `NAME+=value`, `NAME[index]=value` or `NAME=(…)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// From the name to the end of the value.
    pub range: Range<usize>,
    /// The name, without an index.
    pub name: String,
    /// Whether it is `+=`.
    pub append: bool,
    /// The value; for an array the parts of all its elements.
    pub value: Word,
}

/// A redirection, such as `2>&1` or `<<EOF`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// From the descriptor to the end of the target. The body of a here-document is not part of it.
    pub range: Range<usize>,
    /// The descriptor before the operator, if one is written.
    pub descriptor: Option<u32>,
    /// The operator.
    pub operator: RedirectOperator,
    /// The file, descriptor, here-string or delimiter.
    pub target: Word,
    /// The body, if the operator is `<<` or `<<-`.
    pub heredoc: Option<Heredoc>,
}

impl Redirect {
    /// Whether standard output goes to what this names (`>`, `1>>`, `&>`, `>&`).
    #[must_use]
    pub fn takes_standard_output(&self) -> bool {
        match self.operator {
            RedirectOperator::OutputAndError | RedirectOperator::AppendOutputAndError => true,
            RedirectOperator::Output
            | RedirectOperator::Append
            | RedirectOperator::Clobber
            | RedirectOperator::DuplicateOutput => self.descriptor.is_none_or(|descriptor| descriptor == 1),
            _ => false,
        }
    }
}

/// The operator of a redirection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectOperator {
    /// `<`
    Input,
    /// `>`
    Output,
    /// `>>`
    Append,
    /// `>|`
    Clobber,
    /// `<>`
    ReadWrite,
    /// `<&`
    DuplicateInput,
    /// `>&`
    DuplicateOutput,
    /// `&>`
    OutputAndError,
    /// `&>>`
    AppendOutputAndError,
    /// `<<`
    Heredoc,
    /// `<<-`
    HeredocStripTabs,
    /// `<<<`
    HereString,
}

/// The body of a here-document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The body, from the line after the operator to before the line of the delimiter. Leading tabs are kept, also
    /// with `<<-`. Its expansions are known unless the delimiter is quoted.
    pub body: Word,
    /// Whether the delimiter is quoted, so that nothing in the body is expanded.
    pub quoted: bool,
}

/// `if … then … elif … else … fi`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct If {
    /// From `if` to `fi`.
    pub range: Range<usize>,
    /// `if` and each `elif`.
    pub branches: Vec<Branch>,
    /// What follows `else`.
    pub otherwise: Option<Block>,
}

/// A condition and what runs when it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// What is tested.
    pub condition: Block,
    /// What runs then.
    pub body: Block,
}

/// A loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// From the keyword to `done`.
    pub range: Range<usize>,
    /// The keyword, as a range.
    pub keyword: Range<usize>,
    /// Which loop it is.
    pub kind: LoopKind,
    /// What `while` and `until` test; empty for the others.
    pub condition: Block,
    /// The variable of `for` and `select`.
    pub variable: Option<String>,
    /// What `for` and `select` go through; the text between the parentheses for `for ((…))`.
    pub words: Vec<Word>,
    /// What is repeated.
    pub body: Block,
}

/// Which loop it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopKind {
    /// `while`
    While,
    /// `until`
    Until,
    /// `for name in …`
    For,
    /// `for ((…; …; …))`
    ForArithmetic,
    /// `select name in …`
    Select,
}

/// `case … in … esac`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// From `case` to `esac`.
    pub range: Range<usize>,
    /// What is compared.
    pub subject: Word,
    /// The arms, in order.
    pub arms: Vec<CaseArm>,
}

/// One arm of a `case`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseArm {
    /// The patterns, any of which selects it.
    pub patterns: Vec<Word>,
    /// What runs then.
    pub body: Block,
}

/// A function definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// From the name or `function` to the end of the body.
    pub range: Range<usize>,
    /// Its name.
    pub name: String,
    /// What a call runs.
    pub body: Box<Command>,
}
