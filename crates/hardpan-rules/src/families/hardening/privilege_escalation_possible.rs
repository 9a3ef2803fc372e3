//! HP-SEC-001: a process can gain privileges that its parent does not have.

use hardpan_compose::NodeRef;

use super::open_item;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Verdicts};

/// See `rules/privilege-escalation-possible/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-001",
    name: "privilege-escalation-possible",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, SEC-SPC-OPT-001", "document 004, AC-SPEC-01", "CIS Docker 1.6.0, 5.26"],
    doc: include_str!("../../../rules/privilege-escalation-possible/doc.md"),
    check,
};

const OPTION: &str = "no-new-privileges:true";

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in super::containers(scope, verdicts) {
        // The engine takes the options in order, so the last one counts.
        let last = service.items("security_opt").filter_map(|node| Some((node, state(node)?))).last();
        match (last, service.get("security_opt")) {
            (Some((_, true)), _) => verdicts.satisfied(service),
            (Some((option, false)), _) => {
                let mut options = service.items("security_opt");
                let is_there = options.any(|option| state(option) == Some(true));
                let draft = verdicts.violation(
                    service,
                    option,
                    "processes can gain privileges: the protection is switched off",
                );
                if is_there {
                    draft.help("remove it: the last entry counts").fix(
                        Safety::Safe,
                        "remove what switches the protection off",
                        Repair::Remove,
                    );
                } else {
                    let repair = Repair::Replace { value: OPTION.to_owned() };
                    draft.help(format!("replace it by `{OPTION}`")).fix(
                        Safety::Safe,
                        "forbid new privileges",
                        repair,
                    );
                }
            }
            (None, Some(options)) if options.items().next().is_none() => {
                verdicts
                    .violation(service, options, "processes can gain privileges")
                    .help(format!("add `{OPTION}` to this list"))
                    .fix(
                        Safety::Safe,
                        "forbid new privileges",
                        Repair::Replace { value: format!("[\"{OPTION}\"]") },
                    );
            }
            (None, Some(options)) if let Some((option, variable)) = open_item(options) => {
                verdicts.unknown(
                    service,
                    option,
                    format!(
                        "whether processes can gain privileges depends on `{variable}`, which is not set"
                    ),
                );
            }
            (None, Some(options)) => {
                verdicts
                    .violation(service, options, "processes can gain privileges")
                    .help(format!("add `{OPTION}` to this list"))
                    .fix(Safety::Safe, "forbid new privileges", Repair::Append { item: OPTION.to_owned() });
            }
            (None, None) => {
                verdicts
                    .violation(service, service, "processes can gain privileges")
                    .help(format!("add `security_opt: [{OPTION}]`"))
                    .fix(
                        Safety::Safe,
                        "forbid new privileges",
                        Repair::Set { path: "security_opt".to_owned(), value: format!("[\"{OPTION}\"]") },
                    );
            }
        }
    }
}

/// Whether the option switches the protection on; none for other options. Docker takes `=` for `:`, the bare word
/// for `true`, and what Go's `ParseBool` takes.
fn state(option: NodeRef<'_>) -> Option<bool> {
    let rest = option.as_str()?.trim().strip_prefix("no-new-privileges")?;
    match rest.strip_prefix([':', '=']) {
        None if rest.is_empty() => Some(true),
        Some(value) => Some(matches!(value, "1" | "t" | "T" | "true" | "True" | "TRUE")),
        None => None,
    }
}
