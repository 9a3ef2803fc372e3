//! HP-DKR-005: packages are installed in whatever version there is, or their lists stay in the image.

use crate::artifacts::shell::{Word, commands, effective_command, parse};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Verdicts};

/// See `rules/packages-unpinned-or-lists-kept/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-DKR-005",
    name: "packages-unpinned-or-lists-kept",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["hadolint 2.12, DL3008, DL3009, DL3018"],
    doc: include_str!("../../../rules/packages-unpinned-or-lists-kept/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for (service, build) in super::builds(scope) {
        let mut is_clean = true;
        for run in build.instructions().filter(|instruction| instruction.name == "RUN") {
            let (text, map) = run.script(build.text());
            let script = parse(text);
            let has_cache = run.flags.iter().any(|flag| {
                flag.name == "mount"
                    && flag.value.as_deref().is_some_and(|value| value.contains("type=cache"))
            });
            let all = commands(&script);
            for visited in &all {
                let Some(command) = effective_command(&visited.command.words) else { continue };
                let words: Vec<&str> =
                    command.arguments.iter().filter_map(|word| word.plain.as_deref()).collect();
                let Some(manager) = Manager::of(command.program) else { continue };
                if !words.contains(&manager.verb()) {
                    continue;
                }
                let mut wrong = Vec::new();
                if packages(command.arguments, manager).any(|package| !manager.is_pinned(package)) {
                    wrong.push("packages have no version");
                }
                if !has_cache && !manager.cleans(&words, text) {
                    wrong.push("the lists of packages stay in the image");
                }
                if wrong.is_empty() {
                    continue;
                }
                is_clean = false;
                let range = map.range(&visited.command.range);
                verdicts.violation(service, build.span(&range), wrong.join(", and ")).help(manager.help());
            }
        }
        if is_clean {
            verdicts.satisfied(service);
        }
    }
}

/// The programs that install packages in the images that people build on.
#[derive(Clone, Copy)]
enum Manager {
    Apt,
    Apk,
}

impl Manager {
    fn of(program: &str) -> Option<Self> {
        match program {
            "apt" | "apt-get" => Some(Self::Apt),
            "apk" => Some(Self::Apk),
            _ => None,
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Apt => "install",
            Self::Apk => "add",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Apt => "write `name=version`, and end the same `RUN` with `rm -rf /var/lib/apt/lists/*`",
            Self::Apk => "write `apk add --no-cache name=version`",
        }
    }

    fn is_pinned(self, package: &Word) -> bool {
        // A package that is a variable or a file may be pinned where it is set.
        let Some(plain) = package.plain.as_deref() else { return true };
        let is_file = plain.starts_with(['.', '/']) || plain.ends_with(".deb") || plain.ends_with(".apk");
        is_file || plain.contains(['=', '<', '>', '~'])
    }

    fn cleans(self, words: &[&str], script: &str) -> bool {
        match self {
            Self::Apt => script.contains("/var/lib/apt/lists"),
            Self::Apk => words.contains(&"--no-cache") || script.contains("/var/cache/apk"),
        }
    }
}

/// The packages among the arguments: what comes behind the verb and is no option, nor the value of one.
fn packages(arguments: &[Word], manager: Manager) -> impl Iterator<Item = &Word> {
    const WITH_VALUE: [&str; 7] = ["-t", "--virtual", "--repository", "-X", "-o", "--target-release", "-c"];
    let verb = arguments.iter().position(|word| word.plain.as_deref() == Some(manager.verb()));
    let behind = &arguments[verb.map_or(arguments.len(), |at| at + 1)..];
    let is_value = move |at: usize| {
        at > 0 && (behind[at - 1].plain.as_deref().is_some_and(|word| WITH_VALUE.contains(&word)))
    };
    behind
        .iter()
        .enumerate()
        .filter(move |(at, word)| {
            let is_option = word.plain.as_deref().is_some_and(|plain| plain.starts_with('-'));
            !is_option && !is_value(*at)
        })
        .map(|(_, word)| word)
}
