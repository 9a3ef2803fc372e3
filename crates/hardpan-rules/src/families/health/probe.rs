//! The test of a healthcheck taken apart: how it is started, which programs it runs and which ports of its own
//! container it asks.

use crate::artifacts::{command, shell};

/// A test.
#[derive(Debug)]
pub(super) struct Probe<'t> {
    /// Whether `/bin/sh` is given the first word as a text.
    pub(super) in_shell: bool,
    /// The text, or the program and its arguments.
    pub(super) words: Vec<&'t str>,
}

/// A program that a test runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// Its base name.
    pub(super) name: String,
    /// Whether it runs only when something before it failed.
    pub(super) is_fallback: bool,
}

impl<'t> Probe<'t> {
    /// From `healthcheck.test`, which begins with `CMD` or `CMD-SHELL`.
    pub(super) fn of_test(test: &[&'t str]) -> Option<Self> {
        let (&first, words) = test.split_first()?;
        let in_shell = match first {
            "CMD-SHELL" => true,
            "CMD" => false,
            _ => return None,
        };
        (!words.is_empty()).then(|| Self { in_shell, words: words.to_vec() })
    }

    /// The shell text that is run, if there is one.
    fn text(&self) -> Option<&'t str> {
        if self.in_shell {
            return self.words.first().copied();
        }
        let found = command::shell_text(&self.words)?;
        self.words.get(found.index).copied()
    }

    /// The shell that has to be there.
    pub(super) fn shell(&self) -> Option<&'t str> {
        if self.in_shell {
            return Some("sh");
        }
        let program = *self.words.get(command::program(&self.words).index)?;
        let name = base_name(program);
        matches!(name, "sh" | "bash" | "ash" | "dash").then_some(name)
    }

    /// The programs in the order they stand, without the shell that runs a text.
    pub(super) fn programs(&self) -> Vec<Program> {
        let Some(text) = self.text() else {
            let program = self.words.get(command::program(&self.words).index);
            return program.map(|name| Program::new(base_name(name), false)).into_iter().collect();
        };
        let script = shell::parse(text);
        let mut programs = Vec::new();
        for visited in shell::commands(&script) {
            if let Some(found) = shell::effective_command(&visited.command.words) {
                programs.push(Program::new(found.program, visited.context.fallback));
                // `bash -c text` inside the text: what it runs is out of sight, the shell is what counts.
            }
        }
        programs
    }

    /// True if the text uses `/dev/tcp`, which only bash knows.
    pub(super) fn uses_dev_tcp(&self) -> bool {
        self.words.iter().any(|word| word.contains("/dev/tcp/"))
    }

    /// The ports of the container itself that the test names, with the word they stand in.
    pub(super) fn own_ports(&self, names: &[&str]) -> Vec<(usize, u16)> {
        let mut ports: Vec<(usize, u16)> = Vec::new();
        for (at, word) in self.words.iter().enumerate() {
            for host in LOOPBACK.iter().chain(names) {
                for port in ports_after(word, host) {
                    if !ports.iter().any(|(_, known)| *known == port) {
                        ports.push((at, port));
                    }
                }
            }
        }
        ports
    }
}

impl Program {
    fn new(name: &str, is_fallback: bool) -> Self {
        Self { name: name.to_owned(), is_fallback }
    }
}

const LOOPBACK: &[&str] = &["localhost", "127.0.0.1", "0.0.0.0", "[::1]"];

/// The last part of a path. What is called below `/busybox`, as in the debug images of distroless, is not what is
/// missing elsewhere, so it keeps its path.
fn base_name(program: &str) -> &str {
    if program.starts_with("/busybox/") { program } else { program.rsplit('/').next().unwrap_or(program) }
}

/// The numbers in `host:1234`, `/dev/tcp/host/1234`, and `host 1234` of a text.
fn ports_after(text: &str, host: &str) -> Vec<u16> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    text.match_indices(host)
        .filter(|(at, _)| !text[..*at].ends_with(is_name))
        .filter_map(|(at, _)| {
            let rest = &text[at + host.len()..];
            let digits = match rest.chars().next()? {
                ':' | ' ' => &rest[1..],
                '/' if text[..at].ends_with("/dev/tcp/") => &rest[1..],
                _ => return None,
            };
            let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
            // A number that goes on is no port: `localhost:80${SUFFIX}`.
            let goes_on = digits[end..].starts_with(|next: char| next == '$' || next == '.' || is_name(next));
            (!goes_on).then(|| digits[..end].parse().ok()).flatten()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(test: &[&str]) -> Vec<String> {
        let probe = Probe::of_test(test).expect("the test is one");
        probe.programs().into_iter().map(|program| program.name).collect()
    }

    #[test]
    fn programs_are_found_in_both_forms() {
        assert_eq!(programs(&["CMD", "/usr/bin/curl", "-f", "http://localhost"]), ["curl"]);
        assert_eq!(programs(&["CMD", "sh", "-c", "wget -q x || exit 1"]), ["wget", "exit"]);
        assert_eq!(
            programs(&["CMD-SHELL", "timeout 5 curl x | grep -q ok && nc -z a 1"]),
            ["curl", "grep", "nc"]
        );
    }

    #[test]
    fn own_ports_are_found() {
        let ports = |text: &str| -> Vec<u16> {
            let probe = Probe { in_shell: true, words: vec![text] };
            probe.own_ports(&["web"]).into_iter().map(|(_, port)| port).collect()
        };
        assert_eq!(ports("curl http://localhost:8080/health || exit 1"), [8080]);
        assert_eq!(ports("nc -z 127.0.0.1 5432"), [5432]);
        assert_eq!(ports("echo > /dev/tcp/localhost/9000"), [9000]);
        assert_eq!(ports("curl web:80 other-web:81 localhost:82$X http://localhost/83"), [80]);
    }
}
