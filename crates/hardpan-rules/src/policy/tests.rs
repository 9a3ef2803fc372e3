//! The policy file: what is read, and what is said of what is wrong.

use hardpan_source::FileTable;

use super::{Date, Policy};

/// Each problem as `line:column code message | help`, and the policy.
fn read(text: &str) -> (Policy, Vec<String>) {
    let mut files = FileTable::new();
    let file = files.add("hardpan.yml", text);
    let (policy, problems) = Policy::read(text, file);
    let problems = problems
        .iter()
        .map(|problem| {
            let at =
                files.get(file).line_column(problem.primary.as_ref().map_or(0, |label| label.span.start));
            let help = problem.help.as_deref().unwrap_or("-");
            format!("{}:{} {} {} | {help}", at.line, at.column, problem.code.0, problem.message)
        })
        .collect();
    (policy, problems)
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(read(text).1, expected, "{text}");
}

#[test]
fn a_complete_policy_is_read() {
    let (policy, problems) = read(
        "\
version: 1
rules: house
on: [HP-OBS-001]
off:
  - {rule: HP-NET-003, reason: fixed subnets are agreed with the network team}
severity: {HP-SEC-013: high}
parameters:
  log_driver: json-file
  gateway_services: [proxy]
  host_memory: 64G
matrix: [[], [core, data]]
engine: process
",
    );
    assert_eq!(problems, Vec::<String>::new());
    assert!(policy.house_rules);
    assert_eq!(policy.parameters.log_driver, "json-file");
    assert_eq!(policy.parameters.gateway_services, ["proxy"]);
    assert_eq!(policy.parameters.host_memory_bytes, Some(64 << 30));
    assert_eq!(policy.matrix(), [vec![], vec!["core".to_owned(), "data".to_owned()]]);
    assert_eq!(policy.off.len(), 1);
    assert_eq!(policy.severity["HP-SEC-013"].as_str(), "high");
}

#[test]
fn nothing_is_silently_ignored() {
    check("", &["1:1 policy::missing-key the policy file is empty | begin it with `version: 1`"]);
    check("version: 2\n", &["1:10 policy::invalid-value expected the number `1` | -"]);
    check(
        "version: 1\nwaiver: []\n",
        &["2:1 policy::unknown-key `waiver` means nothing here | did you mean `waivers`?"],
    );
    check("version: 1\nversion: 1\n", &["2:1 policy::duplicate-key `version` is there twice | -"]);
    check(
        "version: 1\nseverity: {HP-SEC-999: high, HP-SEC-001: bad}\n",
        &[
            "2:12 policy::unknown-rule there is no rule `HP-SEC-999` | did you mean `HP-SEC-009`?",
            "2:42 policy::invalid-value expected one of `info`, `low`, `medium`, `high`, `critical` | -",
        ],
    );
    check("version: 1\non: HP-OBS-001\n", &["2:5 policy::invalid-value expected a list | -"]);
    check(
        "version: 1\noff: [HP-SEC-001]\nrules: hosue\n",
        &[
            "2:7 policy::invalid-value expected a mapping with `rule`, `reason` | -",
            "3:8 policy::invalid-value expected one of `anybody`, `house` | did you mean `house`?",
        ],
    );
    check(
        "version: 1\noff: [{rule: HP-SEC-001}]\n",
        &["2:7 policy::missing-key `reason` is missing | add `reason:` with text"],
    );
    check(
        "version: 1\nparameters: {modules: ../other}\n",
        &["2:23 policy::invalid-value expected a path from the project's root | -"],
    );
}

#[test]
fn problems_of_waivers_are_kept_with_them() {
    let (policy, problems) = read("\
version: 1
waivers:
  - {rule: HP-SEC-003, path: compose.yml, service: vault, reason: r, adr: docs/adr/1.md, owner: me, expires: 2026-11-21}
  - {rule: HP-SEC-003, path: compose.yml, service: '*', reason: r, adr: docs/adr/1.md, owner: me, expires: soon}
");
    assert_eq!(problems, Vec::<String>::new());
    let day = |text| Date::parse(text).expect("a day");
    assert!(policy.waivers[0].holds(day("2026-11-21")), "the last day is included");
    assert!(!policy.waivers[0].holds(day("2026-11-22")));
    let said: Vec<&str> = policy.waivers[1].problems.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(said, ["expected a day such as `2026-12-31`", "`service` has a wildcard"]);
    assert!(!policy.waivers[1].holds(day("2026-11-21")));
}

#[test]
fn the_example_of_the_documentation_is_sound() {
    let page = include_str!("../../../../docs/policy.md");
    let example =
        page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let (policy, problems) = read(example);
    assert_eq!(problems, Vec::<String>::new());
    assert!(policy.waivers.iter().all(|waiver| waiver.problems.is_empty()));
    assert_eq!((policy.waivers.len(), policy.custom.len()), (1, 1));
}
