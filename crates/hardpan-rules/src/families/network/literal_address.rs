//! HP-NET-002: a setting reaches somebody by a literal address.

use std::collections::HashSet;

use hardpan_compose::NodeRef;

use super::address::{Literal, literals};
use super::texts::{self, Kind, Text};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, Verdicts};

/// See `rules/literal-address/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-NET-002",
    name: "literal-address",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 001, REQ-SPC-OPT-003", "document 002, REQ-SPC-AUTO-003"],
    doc: include_str!("../../../rules/literal-address/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let fixed = fixed_addresses(scope);
    for service in scope.services() {
        let mut is_clean = true;
        let texts = texts::own(service).into_iter().chain(texts::mounted(scope, service));
        for text in texts {
            if !text.value.bytes().any(|byte| byte.is_ascii_digit()) {
                continue;
            }
            for literal in literals(&text.value) {
                if reaches(&text, &literal, &fixed)
                    && !is_allowed(scope, &literal)
                    && !text.comes_from_process(scope, &literal.range)
                {
                    is_clean = false;
                    report(scope, service, &text, &literal, verdicts);
                }
            }
        }
        is_clean &= !judge_hosts_file(scope, service, verdicts);
        is_clean &= !judge_resolvers(service, &fixed, verdicts);
        if is_clean {
            verdicts.satisfied(service);
        }
    }
}

fn report(
    scope: &Scope<'_>,
    service: &Service<'_>,
    text: &Text<'_>,
    literal: &Literal,
    verdicts: &mut Verdicts<'_>,
) {
    let place = text.place(scope, literal.range.clone());
    let draft = verdicts.violation(service, place, message(&literal.address.to_string()));
    draft.label("a literal address").help("use the name of the service, or a name that DNS knows");
    if !literal.is_private() {
        // The world outside has addresses that do not change with the next `docker compose up`.
        draft.severity(Severity::Medium);
    }
}

/// True for hosts outside that the policy lists by their address.
fn is_allowed(scope: &Scope<'_>, literal: &Literal) -> bool {
    scope.policy.parameters.external_hosts.contains(&literal.address.to_string())
}

fn message(address: &str) -> String {
    format!("reaches `{address}` by its address, expected a name")
}

/// The addresses that services of the project have fixed: whoever names one reaches that service.
fn fixed_addresses<'p>(scope: &Scope<'p>) -> HashSet<&'p str> {
    let networks = scope.services().iter().flat_map(Service::networks);
    let keys = ["ipv4_address", "ipv6_address"];
    networks.flat_map(|(_, node)| keys.map(|key| node.get(key).and_then(NodeRef::as_str))).flatten().collect()
}

/// Entries of `extra_hosts`; true if one is a violation.
fn judge_hosts_file(scope: &Scope<'_>, service: &Service<'_>, verdicts: &mut Verdicts<'_>) -> bool {
    let mut found = false;
    let list = service.items("extra_hosts");
    let map = service.entries("extra_hosts").map(|(_, node)| node);
    for entry in list.chain(map).flat_map(|node| std::iter::once(node).chain(node.items())) {
        let Some(text) = entry.as_str() else { continue };
        let start = text.find(['=', ':']).map_or(0, |at| at + 1);
        // An address of version 6 has colons of its own and no name in front of it.
        let after = literals(&text[start..]).into_iter().next().map(|one| (start, one));
        let one = after.or_else(|| literals(text).into_iter().next().map(|one| (0, one)));
        if let Some((start, literal)) = one.filter(|(_, one)| !one.is_harmless() && !is_allowed(scope, one)) {
            found = true;
            let range = start + literal.range.start..start + literal.range.end;
            verdicts
                .violation(
                    service,
                    texts::place_within(scope, entry, range),
                    message(&literal.address.to_string()),
                )
                .label("a literal address in the hosts file")
                .help("use the name of the service, or `host-gateway` for the host itself");
        }
    }
    found
}

/// Entries of `dns`: a resolver outside can only be named by its address, one inside must not be; true if one is.
fn judge_resolvers(service: &Service<'_>, fixed: &HashSet<&str>, verdicts: &mut Verdicts<'_>) -> bool {
    let mut found = false;
    for entry in service.items("dns") {
        if let Some(address) = entry.as_str().filter(|address| fixed.contains(address)) {
            found = true;
            verdicts
                .violation(service, entry, message(address))
                .label("the fixed address of a service of this project")
                .help(
                    "leave name resolution to Docker, and give services aliases where they need other names",
                );
        }
    }
    found
}

/// True if the address stands there to reach somebody.
fn reaches(text: &Text<'_>, literal: &Literal, fixed: &HashSet<&str>) -> bool {
    if literal.is_harmless() || literal.is_block || is_version(text, literal) {
        return false;
    }
    let key = flag(text, literal);
    let is_resolver =
        has_word(&key, &["dns", "resolver", "resolvers", "nameserver", "nameservers", "forward"]);
    if literal.is_public_resolver() || (is_resolver && !fixed.contains(&*literal.address.to_string())) {
        return false;
    }
    let last = key.rsplit(|character: char| !character.is_ascii_alphanumeric()).next().unwrap_or_default();
    if has_word(&key, SETS) || (!literal.in_url && has_word(last, LABELS)) {
        return false;
    }
    match text.kind {
        // A rule or a link for people is no connection; addresses of servers are.
        Kind::Label if !literal.in_url => {
            stands_alone(&text.value, literal) && (literal.is_destination || has_word(last, DESTINATIONS))
        }
        Kind::Environment | Kind::Yaml if !literal.is_destination => {
            let names_one = has_word(&key, DESTINATIONS);
            stands_alone(&text.value, literal) && (names_one || literal.is_private())
        }
        _ if literal.is_destination || literal.is_private() => true,
        _ => has_word(&key, DESTINATIONS),
    }
}

/// Settings that hold sets of addresses to let in or to keep out, parts of a network's definition, or the own address.
const SETS: &[&str] = &[
    "acl",
    "allow",
    "allowed",
    "allowlist",
    "bind",
    "blacklist",
    "block",
    "bypass",
    "cidr",
    "cidrs",
    "deny",
    "exclude",
    "from",
    "geo",
    "href",
    "ignore",
    "ipallowlist",
    "ipwhitelist",
    "link",
    "listen",
    "mask",
    "netmask",
    "no",
    "noproxy",
    "pool",
    "proxies",
    "range",
    "ranges",
    "realip",
    "sourcerange",
    "subnet",
    "subnets",
    "trust",
    "trusted",
    "trustedips",
    "whitelist",
];

/// Settings whose last word says that the value only looks like an address.
const LABELS: &[&str] = &["build", "network", "networks", "release", "revision", "tag", "version"];

/// Settings that hold a destination.
const DESTINATIONS: &[&str] = &[
    "addr",
    "address",
    "advertise",
    "advertised",
    "announce",
    "backend",
    "broker",
    "brokers",
    "endpoint",
    "host",
    "hostname",
    "hosts",
    "ip",
    "node",
    "nodes",
    "peer",
    "peers",
    "proxy",
    "remote",
    "server",
    "servers",
    "serverurl",
    "targets",
    "upstream",
    "uri",
    "url",
];

/// The name of the setting that an address is the value of: the variable, or the flag before it in a command or line.
fn flag(text: &Text<'_>, literal: &Literal) -> String {
    let mut key = text.key.clone();
    if matches!(text.kind, Kind::Command | Kind::Healthcheck | Kind::Line) {
        let before = text.value[..literal.range.start].trim_end_matches(['"', '\'', ' ', '=', '[']);
        let start = before.rfind(|character: char| character.is_whitespace() || character == ';');
        let last = &before[start.map_or(0, |at| at + 1)..];
        if !last.is_empty() && !last.contains("://") {
            key = match text.kind {
                Kind::Line => format!("{key} {last}"),
                _ => last.to_owned(),
            };
        }
    }
    key
}

/// True if a word of a name such as `trustedIPs` or `--no-proxy` is in the list.
fn has_word(name: &str, list: &[&str]) -> bool {
    let mut words = name.split(|character: char| !character.is_ascii_alphanumeric());
    words.any(|word| {
        let camel = word.find(|character: char| character.is_ascii_uppercase()).filter(|&at| at > 0);
        let first = camel.map_or(word, |at| &word[..at]);
        list.iter().any(|one| word.eq_ignore_ascii_case(one) || first.eq_ignore_ascii_case(one))
    })
}

/// True if the value is the address, or a list of hosts with it. In a sentence an address reaches nobody.
fn stands_alone(value: &str, literal: &Literal) -> bool {
    let is_separator = |character: char| character.is_whitespace() || matches!(character, ',' | ';');
    let before = value[..literal.range.start].trim_end_matches(['[', '"']);
    let after = value[literal.range.end..].trim_start_matches([']', '"']);
    let mut words = value.split(is_separator).filter(|word| !word.is_empty());
    (before.is_empty() || before.ends_with(is_separator))
        && (after.is_empty() || after.starts_with(is_separator))
        && words.all(|word| word.contains(['.', ':']))
}

/// True for four numbers that are a version: of an image, or asked for by `==`.
fn is_version(text: &Text<'_>, literal: &Literal) -> bool {
    let before = &text.value[..literal.range.start];
    !literal.in_url && (before.ends_with("==") || before.ends_with("/v") || before.ends_with("version "))
}
