//! Which other services of the project an init container talks to, as far as its scripts and variables tell.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hardpan_source::Span;

use super::scripts::{Role, Scripts};
use crate::artifacts::shell::{Part, SimpleCommand, Word, assignments, effective_command};
use crate::{Scope, Service, ServiceId};

/// The names by which containers of the project find each other.
pub(super) fn names<'p>(scope: &Scope<'p>) -> HashMap<&'p str, ServiceId> {
    let mut names = HashMap::new();
    for service in scope.services() {
        for name in [service.text("container_name"), service.text("hostname")].into_iter().flatten() {
            names.entry(name).or_insert(service.id);
        }
        for (_, network) in service.networks() {
            let aliases = network.get("aliases").into_iter().flat_map(|aliases| aliases.items());
            for alias in aliases.filter_map(|alias| alias.as_str()) {
                names.entry(alias).or_insert(service.id);
            }
        }
    }
    for service in scope.services() {
        names.insert(service.name, service.id);
    }
    names
}

/// The services that an init container talks to, with where it does.
#[derive(Default)]
pub(super) struct Endpoints {
    /// Named in what its scripts do.
    pub(super) in_scripts: BTreeMap<ServiceId, Option<Span>>,
    /// Named only in variables of a program that the files do not show.
    pub(super) in_variables: BTreeMap<ServiceId, Option<Span>>,
}

/// Finds the endpoints of a service.
pub(super) fn endpoints(
    service: &Service<'_>,
    scripts: &Scripts<'_>,
    names: &HashMap<&str, ServiceId>,
) -> Endpoints {
    let mut found = Endpoints::default();
    let known = |host: &str| names.get(host).copied().filter(|id| *id != service.id);
    for shell in &scripts.shells {
        let mut variables: HashMap<String, String> = HashMap::new();
        for (name, node) in service.environment() {
            if let Some(value) = node.as_str() {
                variables.insert(name.to_owned(), value.to_owned());
            }
        }
        for site in assignments(&shell.script) {
            let value = expand(&site.assignment.value, &variables);
            if !value.is_empty() {
                variables.insert(site.assignment.name.clone(), value);
            }
        }
        for visited in shell.commands() {
            let mut hosts = BTreeSet::new();
            hosts_of_command(visited.command, visited.context.output_piped, &variables, &mut hosts);
            for id in hosts.iter().filter_map(|host| known(host)) {
                let place = shell.span(&visited.command.range);
                found.in_scripts.entry(id).or_insert(place);
            }
        }
    }
    let is_shown = !scripts.is_opaque && scripts.shells.iter().any(|shell| shell.role != Role::Words);
    if !is_shown {
        for (name, node) in service.environment() {
            let Some(value) = node.as_str() else { continue };
            let mut hosts = BTreeSet::new();
            hosts_of_text(value, &mut hosts);
            if is_host_variable(name) {
                hosts.extend(value.split(',').map(|part| part.trim().to_owned()));
            }
            for id in hosts.iter().filter_map(|host| known(host)) {
                found.in_variables.entry(id).or_insert(Some(node.origin().span));
            }
        }
    }
    found
}

/// Whether a variable holds the name of a host.
fn is_host_variable(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let words =
        ["HOST", "HOSTNAME", "SERVER", "SERVERS", "ADDR", "ADDRESS", "ENDPOINT", "HOSTS", "NODES", "BROKER"];
    name.rsplit('_').next().is_some_and(|last| words.contains(&last)) || name == "PGHOST"
}

/// The word with what is known of its variables.
fn expand(word: &Word, variables: &HashMap<String, String>) -> String {
    let mut text = String::new();
    for part in &word.parts {
        match part {
            Part::Literal(literal) => text.push_str(&literal.text),
            Part::Variable(expansion) => match variables.get(&expansion.name) {
                Some(value) => text.push_str(value),
                None => {
                    let operand = expansion
                        .operand
                        .as_ref()
                        .filter(|_| matches!(expansion.operator.as_deref(), Some(":-" | "-" | ":=" | "=")));
                    text.push_str(&operand.map(Word::unquoted).unwrap_or_default());
                }
            },
            Part::Substitution(_) | Part::Arithmetic(_) => text.push('\u{1}'),
        }
    }
    text
}

/// Programs whose words name no peers.
fn is_mute(program: &str) -> bool {
    matches!(
        program,
        "chown"
            | "chgrp"
            | "docker"
            | "export"
            | "local"
            | "install"
            | "openssl"
            | "sed"
            | "grep"
            | "awk"
            | "test"
            | "["
            | "[["
            | "readonly"
            | "declare"
            | "set"
            | "mkdir"
            | "cp"
            | "rm"
            | "cd"
            | "keytool"
    )
}

fn hosts_of_command(
    command: &SimpleCommand,
    is_piped: bool,
    variables: &HashMap<String, String>,
    hosts: &mut BTreeSet<String>,
) {
    for redirect in &command.redirects {
        let target = expand(&redirect.target, variables);
        if let Some((_, rest)) = target.split_once("/dev/tcp/") {
            hosts.extend(rest.split('/').next().map(str::to_owned));
        }
    }
    let Some(found) = effective_command(&command.words) else { return };
    if is_mute(found.program) || (matches!(found.program, "echo" | "printf" | "cat") && !is_piped) {
        return;
    }
    let words: Vec<String> = found.arguments.iter().map(|word| expand(word, variables)).collect();
    // To write down an address is not to talk to it.
    if words.iter().any(|word| matches!(word.as_str(), "set-config" | "set-env")) {
        return;
    }
    let asks_for_host = matches!(
        found.program,
        "nc" | "ncat"
            | "netcat"
            | "ping"
            | "telnet"
            | "nslookup"
            | "dig"
            | "host"
            | "getent"
            | "dockerize"
            | "ssh"
    ) || found.program.starts_with("wait-for")
        || found.program.starts_with("wait_for");
    let mut expects_host = false;
    for word in &words {
        if expects_host || (asks_for_host && !word.starts_with('-')) {
            hosts.extend(word.split([',', ' ']).map(|part| before_port(part).to_owned()));
        }
        expects_host = matches!(
            word.as_str(),
            "-h" | "--host"
                | "--hostname"
                | "-H"
                | "--server"
                | "--bootstrap-server"
                | "--address"
                | "--addr"
                | "--zookeeper"
                | "-S"
                | "--brokers"
                | "--endpoint"
        );
        if let Some((option, value)) = word.split_once('=')
            && (option.trim_start_matches('-').ends_with("host") || option == "host")
        {
            hosts.insert(before_port(value.split([' ', '&']).next().unwrap_or_default()).to_owned());
        }
        if let Some(value) = word.strip_prefix("-h").filter(|value| !value.is_empty()) {
            hosts.insert(before_port(value).to_owned());
        }
        hosts_of_text(word, hosts);
    }
}

fn before_port(text: &str) -> &str {
    text.split(':').next().unwrap_or(text)
}

/// Hosts in addresses: `scheme://user@host:port/`, `host:port`.
fn hosts_of_text(text: &str, hosts: &mut BTreeSet<String>) {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("://") {
        let end =
            after.find(['/', '?', '#', '"', '\'', ' ', ';', ')', '<', '\n', '\\']).unwrap_or(after.len());
        let authority = &after[..end];
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        hosts.extend(authority.split(',').map(|host| before_port(host).to_owned()));
        rest = &after[end..];
    }
    for token in text.split([' ', ',', ';', '"', '\'', '(', ')', '=', '@', '\n', '\t', '/']) {
        if let Some((host, port)) = token.split_once(':')
            && !host.is_empty()
            && (2..=5).contains(&port.len())
            && port.bytes().all(|byte| byte.is_ascii_digit())
        {
            hosts.insert(host.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::hosts_of_text;

    fn check(text: &str, expected: &[&str]) {
        let mut hosts = std::collections::BTreeSet::new();
        hosts_of_text(text, &mut hosts);
        for host in expected {
            assert!(hosts.contains(*host), "{text}: {hosts:?}");
        }
    }

    #[test]
    fn hosts_are_found_in_addresses() {
        check("http://minio:9000", &["minio"]);
        check("postgres://u:p@db/name", &["db"]);
        check("kafka-1:9092,kafka-2:9092", &["kafka-1", "kafka-2"]);
        check("mongodb://a:1@m1:27017,m2:27017/x", &["m1", "m2"]);
        check("jdbc:mysql://db:3306/x", &["db"]);
        check("tcp(db:3306)/x", &["db"]);
    }
}
