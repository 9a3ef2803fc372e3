//! Commands as lists of arguments, as a project has them after loading: `command`, `entrypoint`, `healthcheck.test`.
//!
//! It finds the shell and its text; the text is read by [`super::shell`]. The one thing to know: an index is one of the
//! list that was handed in, so that the caller finds the origin of that item.

use super::shell::{self, Options, Script, Wrapped, parse};

/// A shell's text in a list of arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellText {
    /// Which argument is the text.
    pub index: usize,
    /// The options given to the shell.
    pub options: Options,
    /// Which arguments name wrappers before the shell, such as `timeout`.
    pub wrappers: Vec<usize>,
}

/// What the `test` of a healthcheck does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Healthcheck {
    /// `["NONE"]`, or an empty list: there is none.
    Disabled,
    /// A shell runs a text: `["CMD-SHELL", text]` or `["CMD", "sh", "-c", text]`.
    Shell(ShellText),
    /// A program is run without a shell. The index of its name, wrappers stepped over.
    Program(usize),
}

/// The text that a shell is started with: `sh -c text`, `/bin/bash -ec text`, also behind wrappers.
#[must_use]
pub fn shell_text(arguments: &[&str]) -> Option<ShellText> {
    let known: Vec<Option<&str>> = arguments.iter().copied().map(Some).collect();
    let found = shell::shell_invocation(&known)?;
    Some(ShellText { index: found.text?, options: found.options, wrappers: found.wrappers })
}

/// As [`shell_text`], for an `entrypoint` followed by a `command`; the index counts through both. This finds the text
/// also when `entrypoint: ["sh", "-c"]` takes it from `command`.
#[must_use]
pub fn shell_text_of_both(entrypoint: &[&str], command: &[&str]) -> Option<ShellText> {
    shell_text(&[entrypoint, command].concat())
}

/// The script's file that a shell is started with: `sh -e /init.sh`.
#[must_use]
pub fn shell_file(arguments: &[&str]) -> Option<usize> {
    let known: Vec<Option<&str>> = arguments.iter().copied().map(Some).collect();
    shell::shell_invocation(&known)?.file
}

/// The program of the arguments, wrappers stepped over.
#[must_use]
pub fn program(arguments: &[&str]) -> Wrapped {
    let known: Vec<Option<&str>> = arguments.iter().copied().map(Some).collect();
    shell::effective_index(&known)
}

/// Reads the `test` of a healthcheck. A list that begins with neither word is taken as `CMD`.
#[must_use]
pub fn healthcheck(test: &[&str]) -> Healthcheck {
    let offset = match test.first() {
        None | Some(&"NONE") => return Healthcheck::Disabled,
        Some(&"CMD-SHELL") => {
            if test.len() < 2 {
                return Healthcheck::Disabled;
            }
            return Healthcheck::Shell(ShellText {
                index: 1,
                options: Options::default(),
                wrappers: Vec::new(),
            });
        }
        Some(&"CMD") => 1,
        Some(_) => 0,
    };
    let rest = test.get(offset..).unwrap_or_default();
    match shell_text(rest) {
        Some(mut found) => {
            found.index += offset;
            found.wrappers.iter_mut().for_each(|index| *index += offset);
            Healthcheck::Shell(found)
        }
        None => Healthcheck::Program(program(rest).index + offset),
    }
}

/// The script of a list of arguments, parsed, if a shell is given one.
#[must_use]
pub fn script(arguments: &[&str]) -> Option<(ShellText, Script)> {
    let found = shell_text(arguments)?;
    let script = parse(arguments.get(found.index)?);
    Some((found, script))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], expected: Option<(usize, bool)>) {
        let found = shell_text(arguments).map(|found| (found.index, found.options.errexit));
        assert_eq!(found, expected, "{arguments:?}");
    }

    #[test]
    fn the_text_of_a_shell_is_found() {
        check(&["sh", "-c", "a"], Some((2, false)));
        check(&["/bin/bash", "-ec", "a", "name"], Some((2, true)));
        check(&["bash", "-e", "-o", "pipefail", "-c", "a"], Some((5, true)));
        check(&["bash", "-euo", "pipefail", "-c", "a"], Some((4, true)));
        check(&["timeout", "60", "sh", "-c", "a"], Some((4, false)));
        check(&["tini", "--", "/bin/sh", "-c", "a"], Some((4, false)));
        check(&["sh", "-c"], None);
        check(&["sh", "/init.sh"], None);
        check(&["redis-server", "-c", "a"], None);
        check(&[], None);
        assert_eq!(shell_text_of_both(&["sh", "-c"], &["a"]).map(|found| found.index), Some(2));
        assert_eq!(shell_file(&["bash", "-e", "/init.sh"]), Some(2));
        assert_eq!(program(&["env", "A=b", "psql"]).index, 2);
        assert!(script(&["sh", "-c", "a; b"]).is_some_and(|(_, script)| script.body.items.len() == 2));
    }

    #[test]
    fn the_test_of_a_healthcheck_is_read() {
        let shell = |index| {
            Healthcheck::Shell(ShellText { index, options: Options::default(), wrappers: Vec::new() })
        };
        assert_eq!(healthcheck(&["CMD-SHELL", "a || exit 1"]), shell(1));
        assert_eq!(healthcheck(&["CMD", "sh", "-c", "a"]), shell(3));
        assert_eq!(healthcheck(&["CMD", "curl", "-f", "u"]), Healthcheck::Program(1));
        assert_eq!(healthcheck(&["CMD", "timeout", "5", "curl"]), Healthcheck::Program(3));
        assert_eq!(healthcheck(&["NONE"]), Healthcheck::Disabled);
        assert_eq!(healthcheck(&[]), Healthcheck::Disabled);
        assert_eq!(healthcheck(&["CMD-SHELL"]), Healthcheck::Disabled);
    }
}
