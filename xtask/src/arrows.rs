//! The allowed dependency directions: the table itself, its check against `cargo metadata`, its copy in ARCHITECTURE.md.
//!
//! A crate exists to forbid something, and a forbidden thing that nobody checks comes in on a busy day. The table here
//! is the only one: the page prints it between two markers and the check fails when the two differ.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace::Workspace;

/// What a crate may depend on inside the workspace.
enum Allowed {
    /// These members and no others.
    Only(&'static [&'static str]),
    /// Every `hardpan-*` crate.
    AllHardpan,
    /// Whatever it exercises; for crates that no product crate may depend on.
    DevelopmentOnly,
}

/// The rows in the order of the layers, from the bottom.
const TABLE: [(&str, Allowed); 25] = [
    ("hardpan-source", Allowed::Only(&[])),
    ("hardpan-diag", Allowed::Only(&["hardpan-source"])),
    ("hardpan-compose", Allowed::Only(&["hardpan-source", "hardpan-diag"])),
    ("hardpan-rules", Allowed::Only(&["hardpan-source", "hardpan-diag", "hardpan-compose"])),
    ("hardpan-report", Allowed::Only(&["hardpan-source", "hardpan-diag", "hardpan-rules"])),
    ("hardpan-k8s", Allowed::Only(&["hardpan-diag", "hardpan-compose"])),
    ("hardpan-observe", Allowed::Only(&["hardpan-diag"])),
    ("hardpan-boot", Allowed::Only(&["hardpan-diag", "hardpan-compose"])),
    ("hardpan-provision", Allowed::Only(&["hardpan-source", "hardpan-diag", "hardpan-compose"])),
    ("hardpan-engine", Allowed::Only(&["hardpan-diag", "hardpan-compose", "hardpan-observe"])),
    (
        "hardpan-audit",
        Allowed::Only(&["hardpan-diag", "hardpan-compose", "hardpan-rules", "hardpan-observe"]),
    ),
    (
        "hardpan-run",
        Allowed::Only(&[
            "hardpan-diag",
            "hardpan-compose",
            "hardpan-rules",
            "hardpan-boot",
            "hardpan-engine",
            "hardpan-observe",
            "hardpan-audit",
        ]),
    ),
    ("hardpan", Allowed::AllHardpan),
    ("exchange-types", Allowed::Only(&[])),
    ("exchange-core", Allowed::Only(&["exchange-types"])),
    ("exchange-service", Allowed::Only(&["exchange-types"])),
    ("gateway", Allowed::Only(&["exchange-types", "exchange-service"])),
    ("risk-engine", Allowed::Only(&["exchange-types", "exchange-core", "exchange-service"])),
    ("matching-engine", Allowed::Only(&["exchange-types", "exchange-core", "exchange-service"])),
    ("market-data", Allowed::Only(&["exchange-types", "exchange-core", "exchange-service"])),
    ("persistence", Allowed::Only(&["exchange-types", "exchange-core", "exchange-service"])),
    (
        "exchange",
        Allowed::Only(&[
            "exchange-types",
            "exchange-service",
            "gateway",
            "risk-engine",
            "matching-engine",
            "market-data",
            "persistence",
        ]),
    ),
    ("exchange-sim", Allowed::DevelopmentOnly),
    ("exchange-load", Allowed::DevelopmentOnly),
    ("xtask", Allowed::DevelopmentOnly),
];

/// A crate from outside that only some members may use, with the sentence that says why.
struct Fence {
    outside: &'static [&'static str],
    members: Members,
    why: &'static str,
}

/// The members on one side of a fence.
enum Members {
    Only(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

const BINARIES: &[&str] = &[
    "hardpan",
    "gateway",
    "risk-engine",
    "matching-engine",
    "market-data",
    "persistence",
    "exchange",
    "exchange-sim",
    "exchange-load",
    "xtask",
];

const FENCES: [Fence; 13] = [
    Fence {
        outside: &["tokio", "tokio-util", "tokio-stream", "futures"],
        members: Members::Only(&[
            "hardpan-observe",
            "hardpan-engine",
            "hardpan-provision",
            "hardpan-audit",
            "hardpan-run",
            "hardpan",
            "exchange-service",
            "gateway",
            "risk-engine",
            "matching-engine",
            "market-data",
            "persistence",
            "exchange",
            "exchange-load",
        ]),
        why: "async only where there is IO",
    },
    Fence {
        outside: &["bollard"],
        members: Members::Only(&["hardpan-observe"]),
        why: "one crate talks to the engine's API, and its types do not leave that crate",
    },
    Fence {
        outside: &["clap", "clap_complete", "clap_mangen"],
        members: Members::Only(BINARIES),
        why: "a library does not know how it was called",
    },
    Fence {
        outside: &["anyhow"],
        members: Members::Only(BINARIES),
        why: "libraries have error types whose variants a caller can match",
    },
    Fence {
        outside: &["cel"],
        members: Members::Only(&["hardpan-rules"]),
        why: "expressions are an input of rules, and the crate's types do not leave that crate",
    },
    Fence {
        outside: &["tracing"],
        members: Members::AllBut(&["hardpan-source", "hardpan-diag", "exchange-types", "exchange-core"]),
        why: "the innermost crates only compute",
    },
    Fence {
        outside: &["redis"],
        members: Members::Only(&["gateway", "hardpan-provision"]),
        why: "limits are shared at the door and nowhere else, and nothing that trades waits for Redis; hardpan sets clusters up",
    },
    Fence { outside: &["redb"], members: Members::Only(&["persistence"]), why: "one service has a disk" },
    Fence {
        outside: &["tokio-postgres"],
        members: Members::Only(&["persistence", "hardpan-provision"]),
        why: "one service has a history; hardpan sets servers up",
    },
    Fence {
        outside: &["kafka-protocol", "argon2"],
        members: Members::Only(&["hardpan-provision"]),
        why: "clusters and object stores are set up in one place",
    },
    Fence {
        outside: &["ring"],
        members: Members::Only(&["gateway", "hardpan-provision"]),
        why: "tokens are checked, and for tests made, at the door, and provisioning proves who it is; nobody else handles a key",
    },
    Fence {
        outside: &["annotate-snippets", "anstream", "anstyle"],
        members: Members::Only(&["hardpan", "hardpan-report"]),
        why: "rendering happens in one place",
    },
    Fence {
        outside: &["reqwest", "ureq", "isahc", "attohttpc", "hyper-util"],
        members: Members::Only(&["exchange-service", "exchange-load"]),
        why: "one HTTP client for the whole workspace: that of hyper-util, which the servers bring anyway (ADR 0010)",
    },
];

const BEGIN: &str = "<!-- arrows:begin (written by `cargo xtask arrows --write`) -->";
const END: &str = "<!-- arrows:end -->";

/// `cargo xtask arrows [--write]`
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let mut problems = Vec::new();
    for package in workspace.packages() {
        check_package(package, &members(workspace), &mut problems);
    }
    let page = workspace.root.join("ARCHITECTURE.md");
    let text = fs::read_to_string(&page).context("reading ARCHITECTURE.md")?;
    let wanted = with_table(&text, &members(workspace))?;
    if text != wanted {
        if arguments.iter().any(|argument| argument == "--write") {
            fs::write(&page, wanted).context("writing ARCHITECTURE.md")?;
            println!("ARCHITECTURE.md: table rewritten");
        } else {
            problems.push("the table in ARCHITECTURE.md is stale: run `cargo xtask arrows --write`".into());
        }
    }
    if !problems.is_empty() {
        bail!("{} arrow(s) that are not drawn:\n  {}", problems.len(), problems.join("\n  "));
    }
    println!("arrows: {} crates as drawn", members(workspace).len());
    Ok(())
}

fn members(workspace: &Workspace) -> BTreeSet<&str> {
    workspace.packages().filter_map(|package| package["name"].as_str()).collect()
}

fn check_package(package: &Value, members: &BTreeSet<&str>, problems: &mut Vec<String>) {
    let name = package["name"].as_str().unwrap_or_default();
    let Some(allowed) = row(name) else {
        problems.push(format!("`{name}` has no row in the table of xtask/src/arrows.rs"));
        return;
    };
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        let target = dependency["name"].as_str().unwrap_or_default();
        let development = dependency["kind"] == "dev";
        if crosses_worlds(name, target) {
            problems
                .push(format!("`{name}` -> `{target}`: hardpan and the exchange never depend on each other"));
        } else if development {
            // Tests may use what they like, in either direction of the table.
        } else if members.contains(target) {
            if !permits(allowed, target) {
                problems.push(format!("`{name}` -> `{target}`"));
            }
        } else if let Some(fence) = FENCES.iter().find(|fence| fence.outside.contains(&target))
            && !inside(&fence.members, name)
        {
            problems.push(format!("`{name}` -> `{target}`: {}", fence.why));
        }
    }
}

fn row(name: &str) -> Option<&'static Allowed> {
    TABLE.iter().find(|(member, _)| *member == name).map(|(_, allowed)| allowed)
}

fn permits(allowed: &Allowed, target: &str) -> bool {
    match allowed {
        Allowed::Only(list) => list.contains(&target),
        Allowed::AllHardpan => target.starts_with("hardpan-"),
        Allowed::DevelopmentOnly => true,
    }
}

fn inside(members: &Members, name: &str) -> bool {
    match members {
        Members::Only(list) => list.contains(&name),
        Members::AllBut(list) => !list.contains(&name),
    }
}

/// True for an arrow between hardpan and the exchange. The development crate `xtask` belongs to neither.
fn crosses_worlds(from: &str, to: &str) -> bool {
    let world = |name: &str| -> Option<bool> {
        if name == "xtask" || row(name).is_none() {
            return None;
        }
        Some(name == "hardpan" || name.starts_with("hardpan-"))
    };
    matches!((world(from), world(to)), (Some(a), Some(b)) if a != b)
}

fn with_table(page: &str, members: &BTreeSet<&str>) -> Result<String> {
    let (before, rest) =
        page.split_once(BEGIN).with_context(|| format!("ARCHITECTURE.md lacks `{BEGIN}`"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("ARCHITECTURE.md lacks `{END}`"))?;
    Ok(format!("{before}{BEGIN}\n{}{END}{after}", table(members)))
}

fn table(members: &BTreeSet<&str>) -> String {
    let mut text = String::from("\n| crate | may depend on | state |\n|---|---|---|\n");
    for (member, allowed) in &TABLE {
        let list = match allowed {
            Allowed::Only([]) => "–".to_owned(),
            Allowed::Only(list) => list.iter().map(|one| short(one)).collect::<Vec<_>>().join(", "),
            Allowed::AllHardpan => "all `hardpan-*`".to_owned(),
            Allowed::DevelopmentOnly => "whatever it exercises (development only)".to_owned(),
        };
        let state = if members.contains(member) { "here" } else { "planned" };
        text.push_str(&format!("| `{member}` | {list} | {state} |\n"));
    }
    text.push_str("\n| from outside | only in | why |\n|---|---|---|\n");
    for fence in &FENCES {
        let join = |list: &[&str]| list.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
        let place = match fence.members {
            Members::Only([]) => "nowhere".to_owned(),
            Members::Only(BINARIES) => "binaries and `xtask`".to_owned(),
            Members::Only(list) => join(list),
            Members::AllBut(list) => format!("everywhere but {}", join(list)),
        };
        text.push_str(&format!("| {} | {place} | {} |\n", join(fence.outside), fence.why));
    }
    text.push('\n');
    text
}

fn short(name: &str) -> &str {
    name.strip_prefix("hardpan-").or_else(|| name.strip_prefix("exchange-")).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(manifest: &str, expected: &[&str]) {
        let package: Value = serde_json::from_str(manifest).expect("the test's JSON is well formed");
        let members: BTreeSet<&str> = ["hardpan-source", "hardpan-diag", "exchange-types"].into();
        let mut problems = Vec::new();
        check_package(&package, &members, &mut problems);
        assert_eq!(problems, expected);
    }

    #[test]
    fn an_arrow_that_points_up_is_refused() {
        check(
            r#"{"name":"hardpan-source","dependencies":[{"name":"hardpan-diag","kind":null}]}"#,
            &["`hardpan-source` -> `hardpan-diag`"],
        );
    }

    #[test]
    fn a_drawn_arrow_and_a_development_dependency_pass() {
        check(
            r#"{"name":"hardpan-diag","dependencies":[{"name":"hardpan-source","kind":null},{"name":"anyhow","kind":"dev"}]}"#,
            &[],
        );
    }

    #[test]
    fn a_fence_is_kept_with_its_reason() {
        check(
            r#"{"name":"hardpan-compose","dependencies":[{"name":"clap","kind":null}]}"#,
            &["`hardpan-compose` -> `clap`: a library does not know how it was called"],
        );
    }

    #[test]
    fn hardpan_and_the_exchange_do_not_meet_even_in_tests() {
        check(
            r#"{"name":"hardpan","dependencies":[{"name":"exchange-types","kind":"dev"}]}"#,
            &["`hardpan` -> `exchange-types`: hardpan and the exchange never depend on each other"],
        );
    }

    #[test]
    fn a_crate_without_a_row_is_refused() {
        check(
            r#"{"name":"hardpan-new","dependencies":[]}"#,
            &["`hardpan-new` has no row in the table of xtask/src/arrows.rs"],
        );
    }
}
