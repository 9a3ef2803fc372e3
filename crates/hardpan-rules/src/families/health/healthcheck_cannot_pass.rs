//! HP-HLT-004: a healthcheck fails however well the service does.

use std::collections::BTreeMap;
use std::ops::Range;

use hardpan_compose::NodeRef;

use super::built::{self, Source};
use super::image_tools::{Tools, is_plain_base};
use super::ports::{Ports, has_number, is_mentioned};
use super::probe::{Probe, Program};
use super::state::{Health, health};
use super::times::Times;
use crate::artifacts::dockerfile::Healthcheck;
use crate::builds::Build;
use crate::finding::Place;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, ServiceKind, Verdicts};

/// See `rules/healthcheck-cannot-pass/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-HLT-004",
    name: "healthcheck-cannot-pass",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["compose-spec, services, healthcheck", "Dockerfile reference, HEALTHCHECK"],
    doc: include_str!("../../../rules/healthcheck-cannot-pass/doc.md"),
    check,
};

/// One healthcheck with what is needed to judge it.
struct Case<'c, 'p> {
    service: &'c Service<'p>,
    probe: Probe<'c>,
    /// The word of the test with this number as a place.
    place: &'c dyn Fn(usize) -> Place,
    /// The builds that the image stands on; empty for one of a registry.
    builds: &'c [&'c Build],
    /// Whether it is known where the image comes from.
    is_known: bool,
}

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let before = verdicts.drafts.len();
        let (builds, is_known) = match built::source(scope, service) {
            Source::Built(builds) => (builds, true),
            Source::Registry => (Vec::new(), true),
            Source::Elsewhere => (Vec::new(), false),
        };
        match health(scope, service) {
            Health::Tested(test) => {
                let nodes: Vec<NodeRef<'_>> = test.items().collect();
                let words: Vec<&str> = nodes.iter().map(|node| node.as_str().unwrap_or_default()).collect();
                if service.kind == ServiceKind::Init {
                    verdicts
                        .violation(
                            service,
                            whole(service, test),
                            "has a healthcheck, though it ends by itself",
                        )
                        .label("never asked after the end")
                        .help("remove it, and let others wait for `service_completed_successfully`");
                }
                if let Some(probe) = Probe::of_test(&words) {
                    let place = |at: usize| Place::from(nodes.get(at + 1).copied().unwrap_or(test));
                    let case = Case { service, probe, place: &place, builds: &builds, is_known };
                    case.judge(verdicts);
                }
                Times::of_compose(service).judge(service, verdicts);
            }
            Health::Built(_) => {
                if let Some((built, words, in_shell, range, flags)) = of_dockerfile(&builds) {
                    let mut times = Times::of_compose(service);
                    times.add_flags(flags, built.span(&range));
                    times.judge(service, verdicts);
                    let place = |_: usize| Place::from(built.span(&range));
                    let probe = Probe { in_shell, words: words.iter().map(String::as_str).collect() };
                    let case = Case { service, probe, place: &place, builds: &builds, is_known };
                    case.judge(verdicts);
                }
            }
            _ => {
                verdicts.not_applicable(service, "the files have no healthcheck to judge");
                continue;
            }
        }
        if verdicts.drafts.len() == before {
            verdicts.satisfied(service);
        }
    }
}

/// The healthcheck as a whole: its key, with the way of its test.
fn whole(service: &Service<'_>, test: NodeRef<'_>) -> Place {
    match (Place::from(test), service.node.key_span("healthcheck")) {
        (Place::At { span, way }, Some(key)) if key.file == span.file => Place::At { span: key, way },
        (place, _) => place,
    }
}

type Command<'b> = (&'b Build, &'b [String], bool, Range<usize>, &'b BTreeMap<String, String>);

/// The healthcheck of the first build that has one.
fn of_dockerfile<'b>(builds: &'b [&'b Build]) -> Option<Command<'b>> {
    builds.iter().copied().find_map(|built| match &built.image.healthcheck {
        Some(Healthcheck::Defined { command, range, flags, .. }) => {
            Some((built, command.arguments.as_slice(), command.in_shell, range.clone(), flags))
        }
        _ => None,
    })
}

impl Case<'_, '_> {
    fn judge(&self, verdicts: &mut Verdicts<'_>) {
        // What is not run as it is meant says nothing about programs and ports.
        if !self.judge_form(verdicts) {
            self.judge_programs(verdicts);
            self.judge_ports(verdicts);
        }
    }

    /// True if the test is not run as it is meant.
    fn judge_form(&self, verdicts: &mut Verdicts<'_>) -> bool {
        let words = &self.probe.words;
        if self.probe.in_shell {
            if words.len() < 2 {
                return false;
            }
            verdicts
                .violation(self.service, (self.place)(1), "`CMD-SHELL` runs only its first word, found more")
                .label("not part of the command")
                .help("write the command as one string, or use `CMD` for a list of words");
            return true;
        }
        if let Some(at) = words.iter().position(|word| matches!(*word, "||" | "&&" | "|" | ";")) {
            verdicts
                .violation(
                    self.service,
                    (self.place)(at),
                    format!("`{}` is an argument here: `CMD` runs no shell", words[at]),
                )
                .label("not an operator")
                .help("use `CMD-SHELL` with the command as one string; without a shell any failure counts anyway");
            return true;
        }
        if let [only] = words.as_slice()
            && only.contains(' ')
            && !only.contains('\\')
        {
            verdicts
                .violation(
                    self.service,
                    (self.place)(0),
                    "`CMD` takes the whole command for the name of a program",
                )
                .label("not split into words")
                .help("use `CMD-SHELL`, or write each word as an item");
            return true;
        }
        false
    }

    fn judge_programs(&self, verdicts: &mut Verdicts<'_>) {
        const TRIVIAL: [&str; 6] = ["echo", "exit", "false", "kill", "return", "true"];
        let Some(tools) = self.tools() else { return };
        if let Some(shell) = self.probe.shell().filter(|shell| self.lacks(tools, shell)) {
            verdicts
                .violation(
                    self.service,
                    (self.place)(0),
                    format!("test needs `{shell}`, which {} does not have", tools.family),
                )
                .label("cannot be run")
                .help("let the program test itself, if it has a command for it, or test from outside");
            return;
        }
        if self.probe.uses_dev_tcp() && self.probe.in_shell && self.lacks(tools, "bash") {
            verdicts
                .violation(
                    self.service,
                    (self.place)(0),
                    format!("test uses `/dev/tcp`, which needs bash, and {} does not have it", tools.family),
                )
                .help("use `nc -z` or `wget`");
            return;
        }
        let programs = self.probe.programs();
        // Whoever asks whether a program is there, or has another one at hand, knows what the image has.
        let asks = |program: &Program| matches!(program.name.as_str(), "command" | "which" | "type" | "hash");
        let falls_back = |program: &Program| {
            program.is_fallback
                && !TRIVIAL.contains(&program.name.as_str())
                && !self.lacks(tools, &program.name)
        };
        let has_other =
            |program: &Program| NETWORK.contains(&program.name.as_str()) && !self.lacks(tools, &program.name);
        if programs.iter().any(|program| asks(program) || falls_back(program) || has_other(program)) {
            return;
        }
        let missing =
            programs.iter().find(|program| !program.is_fallback && self.lacks(tools, &program.name));
        if let Some(program) = missing {
            let instead = NETWORK
                .iter()
                .find(|other| !self.lacks(tools, other) && !matches!(**other, "bash" | "ncat" | "netcat"));
            let help = match instead {
                Some(other) => format!("use `{other}`, which is there, or what the program itself brings"),
                None => {
                    "use what the program itself brings, or add the tool to an image of your own".to_owned()
                }
            };
            verdicts
                .violation(
                    self.service,
                    (self.place)(0),
                    format!("test needs `{}`, which {} does not have", program.name, tools.family),
                )
                .label("cannot be run")
                .help(help);
        }
    }

    fn tools(&self) -> Option<Tools> {
        match self.builds.last() {
            Some(_) => Tools::of_builds(self.builds),
            None if self.is_known => Tools::of_image(self.service.image()?),
            None => None,
        }
    }

    fn lacks(&self, tools: Tools, program: &str) -> bool {
        tools.lack(program) && !self.builds.iter().any(|build| built::mentions(build, program))
    }

    fn judge_ports(&self, verdicts: &mut Verdicts<'_>) {
        let service = self.service;
        let names: Vec<&str> = [Some(service.name), service.text("hostname"), service.text("container_name")]
            .into_iter()
            .flatten()
            .collect();
        let asked = self.probe.own_ports(&names);
        let Some(&(at, port)) = asked.first() else { return };
        let ports = Ports::of(service, self.builds);
        let is_configured = |port: u16| {
            ports.contains(port)
                || is_mentioned(service, port)
                || self
                    .builds
                    .iter()
                    .flat_map(|built| &built.image.environment)
                    .any(|entry| has_number(&entry.value.text, port))
        };
        if asked.iter().any(|(_, port)| is_configured(*port)) {
            return;
        }
        if let Some(inside) = ports.behind(port) {
            verdicts
                .violation(
                    service,
                    (self.place)(at),
                    format!(
                        "test asks port {port}, which is one of the host: in the container it is {inside}"
                    ),
                )
                .label("nothing is known to listen there")
                .help(format!("ask port {inside}"));
            return;
        }
        // Images listen on ports that no file here names, unless all of the image is made here.
        let is_own = self.builds.last().is_some_and(|root| is_plain_base(&root.image.base.text));
        let known = ports.list();
        if is_own && !known.is_empty() {
            let list: Vec<String> = known.iter().map(u16::to_string).collect();
            verdicts
                .violation(
                    service,
                    (self.place)(at),
                    format!("test asks port {port}, expected one that is configured: {}", list.join(", ")),
                )
                .label("nothing is known to listen there")
                .help("ask the port that the service listens on");
        }
    }
}

/// The programs that ask over the network.
const NETWORK: &[&str] = &["wget", "curl", "nc", "ncat", "netcat", "bash"];
