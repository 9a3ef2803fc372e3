//! HP-SEC-009: a protection that the engine switches on by itself is switched off.

use hardpan_compose::NodeRef;

use super::privileged;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Verdicts};

/// See `rules/disabled-confinement/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-009",
    name: "disabled-confinement",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["CIS Docker 1.6.0, 5.2", "CIS Docker 1.6.0, 5.22", "compose-spec, services, security_opt"],
    doc: include_str!("../../../rules/disabled-confinement/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let options: Vec<(Protection, bool, NodeRef<'_>)> =
            service.items("security_opt").filter_map(read).collect();
        let mut found = false;
        for (at, &(protection, off, node)) in options.iter().enumerate() {
            // The engine takes the options in order, so a later one of the same kind counts. Those of SELinux and the
            // one for system paths it collects: whatever follows, `disable` stays.
            let is_collected = matches!(protection, Protection::Label | Protection::SystemPaths);
            let is_last = is_collected || !options[at + 1..].iter().any(|(later, ..)| *later == protection);
            if off && is_last {
                found = true;
                verdicts
                    .violation(service, node, format!("{} is switched off", protection.what()))
                    .help(format!("remove it{}", protection.instead()))
                    .fix(Safety::Safe, "switch the protection on again", Repair::Remove);
            }
        }
        if found {
        } else if privileged(service).is_some() {
            verdicts.not_applicable(service, "privileged, which HP-SEC-005 reports");
        } else {
            verdicts.satisfied(service);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protection {
    Seccomp,
    AppArmor,
    SystemPaths,
    Label,
}

impl Protection {
    const fn what(self) -> &'static str {
        match self {
            Self::Seccomp => "seccomp, the filter of system calls,",
            Self::AppArmor => "AppArmor",
            Self::SystemPaths => "the masking of `/proc` and `/sys`",
            Self::Label => "SELinux separation",
        }
    }

    const fn instead(self) -> &'static str {
        match self {
            Self::Seccomp => ", or name a profile that allows what the program needs: `seccomp:profile.json`",
            Self::AppArmor => ", or name a profile that allows what the program needs: `apparmor:profile`",
            Self::SystemPaths => "",
            Self::Label => ", and let `:z` or `:Z` label what is mounted",
        }
    }
}

/// The protection that an option is about, and whether it switches it off. Docker takes `=` for `:`.
fn read(option: NodeRef<'_>) -> Option<(Protection, bool, NodeRef<'_>)> {
    let (name, value) = option.as_str()?.trim().split_once([':', '='])?;
    let value = value.trim();
    let (protection, off) = match name {
        "seccomp" => (Protection::Seccomp, value == "unconfined"),
        "apparmor" => (Protection::AppArmor, value == "unconfined"),
        "systempaths" => (Protection::SystemPaths, value == "unconfined"),
        "label" => (Protection::Label, value == "disable"),
        _ => return None,
    };
    Some((protection, off, option))
}
