//! The options of the shell that rules ask for.

/// Which of the shell's options are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `-e`: a command that fails ends the shell.
    pub errexit: bool,
    /// `-u`: an unset variable is an error.
    pub nounset: bool,
    /// `-x`: commands are printed after expansion.
    pub xtrace: bool,
    /// `-v`: lines are printed as they are read.
    pub verbose: bool,
    /// `-o pipefail`: a pipeline fails when any of its commands does.
    pub pipefail: bool,
}

impl Options {
    /// Applies arguments as `set` takes them: `-eux`, `+e`, `-o pipefail`, `-euo pipefail`. `None` is an argument that
    /// is not known before the script runs. It ends at `--`, `-` or at the first argument that is no option.
    ///
    /// Returns how many arguments it took.
    pub fn apply<'a>(&mut self, arguments: impl IntoIterator<Item = Option<&'a str>>) -> usize {
        let mut taken = 0;
        let mut wants_name: Option<bool> = None;
        for argument in arguments {
            let Some(argument) = argument else { break };
            if let Some(on) = wants_name.take() {
                self.set_named(argument, on);
                taken += 1;
                continue;
            }
            let on = match argument.as_bytes().first() {
                Some(b'-') => true,
                Some(b'+') => false,
                _ => break,
            };
            taken += 1;
            if argument == "--" || argument == "-" {
                break;
            }
            if argument.starts_with("--") {
                continue;
            }
            for letter in argument.chars().skip(1) {
                if letter == 'o' {
                    wants_name = Some(on);
                } else {
                    self.set_letter(letter, on);
                }
            }
        }
        taken
    }

    /// Turns on whatever `other` has on.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            errexit: self.errexit || other.errexit,
            nounset: self.nounset || other.nounset,
            xtrace: self.xtrace || other.xtrace,
            verbose: self.verbose || other.verbose,
            pipefail: self.pipefail || other.pipefail,
        }
    }

    fn set_letter(&mut self, letter: char, on: bool) {
        match letter {
            'e' => self.errexit = on,
            'u' => self.nounset = on,
            'x' => self.xtrace = on,
            'v' => self.verbose = on,
            _ => {}
        }
    }

    fn set_named(&mut self, name: &str, on: bool) {
        match name {
            "errexit" => self.errexit = on,
            "nounset" => self.nounset = on,
            "xtrace" => self.xtrace = on,
            "verbose" => self.verbose = on,
            "pipefail" => self.pipefail = on,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], expected: &str, taken: usize) {
        let mut options = Options::default();
        assert_eq!(options.apply(arguments.iter().map(|argument| Some(*argument))), taken, "{arguments:?}");
        let letters: String = [
            (options.errexit, 'e'),
            (options.nounset, 'u'),
            (options.xtrace, 'x'),
            (options.verbose, 'v'),
            (options.pipefail, 'p'),
        ]
        .into_iter()
        .filter_map(|(on, letter)| on.then_some(letter))
        .collect();
        assert_eq!(letters, expected, "{arguments:?}");
    }

    #[test]
    fn options_are_applied_as_set_takes_them() {
        check(&["-e"], "e", 1);
        check(&["-eux"], "eux", 1);
        check(&["-euo", "pipefail"], "eup", 2);
        check(&["-o", "errexit", "-o", "pipefail"], "ep", 4);
        check(&["-ex", "+x"], "e", 2);
        check(&["-e", "--", "-x"], "e", 2);
        check(&["word", "-e"], "", 0);
        check(&["-v", "-o"], "v", 2);
        check(&[], "", 0);
    }
}
