//! HP-NET-003: a network fixes its subnet.

use hardpan_compose::{Hop, NodeRef, VariableSource};
use hardpan_source::{Edit, Span};

use super::address::literals;
use super::reach::is_external;
use crate::finding::Subject;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Verdicts};

/// See `rules/static-subnet/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-NET-003",
    name: "static-subnet",
    audience: Audience::House,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, section 8", "document 002, section 8", "compose-spec, networks, ipam"],
    doc: include_str!("../../../rules/static-subnet/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for (name, network) in scope.project.section("networks") {
        let subject = || Subject::Resource("network", name.to_owned());
        if is_external(network) {
            verdicts.not_applicable(subject(), "the network belongs to somebody else");
            continue;
        }
        let pools = network.get("ipam").and_then(|ipam| ipam.get("config"));
        let mut is_judged = false;
        for pool in pools.into_iter().flat_map(NodeRef::items) {
            is_judged |= judge(scope, name, network, pool, verdicts);
        }
        if !is_judged {
            verdicts.satisfied(subject());
        }
    }
}

/// Judges one address pool; false if it fixes nothing.
fn judge(
    scope: &Scope<'_>,
    name: &str,
    network: NodeRef<'_>,
    pool: NodeRef<'_>,
    verdicts: &mut Verdicts<'_>,
) -> bool {
    let subject = Subject::Resource("network", name.to_owned());
    let parts: Vec<(&str, NodeRef<'_>)> =
        pool.entries().filter(|(key, _)| matches!(*key, "subnet" | "gateway" | "ip_range")).collect();
    let mut fixed = parts.iter().filter(|(_, node)| is_written(scope, *node));
    let Some(&(key, node)) = fixed.next() else {
        let blank = parts.iter().find(|(_, node)| node.as_str().is_none_or(str::is_empty));
        if let Some(&(key, node)) = blank
            && node.hops().any(|hop| matches!(hop, Hop::Variable { set: VariableSource::Unset, .. }))
        {
            verdicts.unknown(subject, node, format!("the {key} comes from a variable without a value"));
            return true;
        }
        return false;
    };
    let value = node.as_str().unwrap_or_default();
    let draft = verdicts.violation(
        subject,
        node,
        format!("network `{name}` fixes its {key} to `{value}`, expected Docker to choose"),
    );
    draft.label("fixed here").help("remove `ipam`; containers find each other by name");
    for (key, node) in fixed {
        draft.related(node.origin().span, format!("its {key} is fixed too"));
    }
    if let Some(edit) = removal(scope, network) {
        let safety = if is_relied_on(scope, name, node) { Safety::Unsafe } else { Safety::Safe };
        draft.fix(safety, "let Docker choose the subnet", Repair::Edits(vec![edit]));
    }
    true
}

/// True if the address stands in the text, alone or as the default of a variable. What only the environment brings is
/// the operator's choice for this host.
fn is_written(scope: &Scope<'_>, node: NodeRef<'_>) -> bool {
    let written = scope.files.text(node.origin().span);
    let is_v6 = |text: &str| {
        text.split(['"', '\'', '}', ' ', '-', '$', '{']).any(|word| {
            let word = word.split('/').next().unwrap_or_default();
            word.contains(':')
                && word.trim_start_matches(':').contains(':')
                && word.len() > 2
                && word.trim_start_matches(":-").parse::<std::net::Ipv6Addr>().is_ok()
        })
    };
    let default = written.split_once('-').map_or("", |(_, default)| default);
    !literals(&written).is_empty()
        || (node.as_str().is_some_and(|value| value.contains(':')) && (is_v6(&written) || is_v6(default)))
        // The default starts right after the dash, which the search above takes for a part of a longer word.
        || !literals(default).is_empty()
}

/// True if something else in the project relies on the subnet: a fixed address on the network, or the same text.
fn is_relied_on(scope: &Scope<'_>, network: &str, subnet: NodeRef<'_>) -> bool {
    let has_address = scope.services().iter().any(|service| {
        service.networks().any(|(name, node)| {
            name == network && (node.get("ipv4_address").is_some() || node.get("ipv6_address").is_some())
        })
    });
    let value = subnet.as_str().unwrap_or_default();
    // `172.28.` of `172.28.0.0/24`: whoever names an address of the subnet names its first two numbers.
    let prefix = value.match_indices(['.', ':']).nth(1).map_or(value, |(at, _)| &value[..=at]);
    let is_named = || {
        scope.services().iter().any(|service| {
            super::texts::own(service).iter().any(|text| text.value.contains(prefix))
                || super::texts::mounted_files(scope, service).iter().any(|file| file.text().contains(prefix))
        })
    };
    has_address || is_named()
}

/// Removes the lines of `ipam`, where it says nothing but the pools and stands on lines of its own.
fn removal(scope: &Scope<'_>, network: NodeRef<'_>) -> Option<Edit> {
    let ipam = network.get("ipam")?;
    if ipam
        .entries()
        .any(|(key, node)| key != "config" && !(key == "driver" && node.as_str() == Some("default")))
    {
        return None;
    }
    if ipam.hops().next().is_some() {
        return None;
    }
    let key = network.key_span("ipam")?;
    let span = ipam.origin().span;
    if key.file != span.file {
        return None;
    }
    let file = scope.files.file(key.file);
    let text = file.text();
    let start = text[..key.start as usize].rfind('\n').map_or(0, |at| at + 1);
    let is_block = text[start..key.start as usize].bytes().all(|byte| byte == b' ');
    let rest = &text[span.end as usize..];
    let line_end = rest.find('\n').map_or(text.len(), |at| span.end as usize + at + 1);
    let ends_line = text[span.end as usize..line_end].trim().is_empty();
    let small = |at: usize| u32::try_from(at).ok();
    let span = Span::new(key.file, small(start)?, small(line_end)?);
    // An alias elsewhere may need an anchor in there.
    let has_anchor = text[start..line_end].contains('&');
    (is_block && ends_line && !has_anchor).then_some(Edit { span, replacement: String::new() })
}
