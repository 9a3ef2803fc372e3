//! A tolerant reader of POSIX shell and the common part of bash.
//!
//! It is not an interpreter: nothing is expanded, no path is matched, aliases are unknown. [`parse`] gives a tree,
//! [`commands`] lists every simple command in source order with what surrounds it, and the helpers of
//! [`effective_command`] and [`nested_script`] look through wrappers such as `exec`, `timeout 60` and `sh -c`.
//! The one thing to know: broken text still gives a tree, and [`Script::complete`] says whether all of it was understood.

mod analysis;
mod compound;
mod dollar;
mod heredoc;
mod options;
mod parser;
mod simple;
mod tree;
mod walk;
mod word;
mod words;
mod wrap;

pub use analysis::{AssignmentKind, AssignmentSite, assignments, functions, is_condition_tested, loops};
pub use options::Options;
pub use parser::{DEPTH_MAX, parse};
pub use tree::{
    AndOr, Assignment, Block, Branch, Case, CaseArm, Command, CommandKind, Connector, Function, Heredoc, If,
    Loop, LoopKind, Pipeline, Redirect, RedirectOperator, Script, Shebang, SimpleCommand,
};
pub use walk::{Context, Frame, LoopSite, Visited, commands, commands_in, commands_with};
pub use word::{Arithmetic, Expansion, Literal, Part, Substitution, SubstitutionKind, Word};
pub use wrap::{
    EffectiveCommand, NestedKind, NestedScript, ShellInvocation, Wrapped, effective_command, effective_index,
    nested_script, shell_invocation,
};

#[cfg(test)]
mod tests;
