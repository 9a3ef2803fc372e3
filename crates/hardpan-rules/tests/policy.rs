//! What a policy does to the judgement of a project: projects and policies as texts, findings as lines.

use hardpan_compose::load;
use hardpan_rules::policy::Date;
use hardpan_rules::{Outcome, Settings, check};

mod common;

use common::Memory;

const COMPOSE: &str = "\
services:
  a:
    extends: base
  b:
    extends: base
  base:
    image: registry.example/app:1.0
    security_opt: [no-new-privileges:true]
";

fn run(policy: &str) -> Outcome {
    let files = [("compose.yaml", COMPOSE), ("docs/adr/1.md", "# One\n")];
    let memory = Memory::new(&files);
    let settings = Settings {
        root: "/p".to_owned(),
        policy: Some(("/p/hardpan.yml".to_owned(), policy.to_owned())),
        house_rules: false,
        today: Date::parse("2026-11-21").expect("a day"),
    };
    check(load(&common::request(), &memory), &settings, &memory)
}

/// The findings with this code: severity, verdict, services, message, and whether they are waived.
fn findings(outcome: &Outcome, code: &str) -> Vec<String> {
    let of_code = outcome.findings.iter().filter(|finding| finding.code == code);
    of_code
        .map(|finding| {
            let at = finding
                .primary
                .as_ref()
                .map_or(0, |label| outcome.files.get(label.span.file).line_column(label.span.start).line);
            let waived = if finding.waived_by.is_some() { " (waived)" } else { "" };
            format!(
                "{at}: {} {} [{}] {}{waived}",
                finding.severity.as_str(),
                finding.verdict.as_str(),
                finding.services.join(" "),
                finding.message
            )
        })
        .collect()
}

#[track_caller]
fn check_findings(policy: &str, code: &str, expected: &[&str]) {
    let outcome = run(&format!("version: 1\n{policy}"));
    assert_eq!(findings(&outcome, code), expected);
    let problems: Vec<&str> = outcome.diagnostics.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(problems, Vec::<&str>::new());
}

fn waiver(service: &str, expires: &str) -> String {
    format!(
        "  - {{rule: HP-SEC-004, path: compose.yaml, service: {service}, reason: r, adr: docs/adr/1.md, owner: o, expires: {expires}}}\n"
    )
}

#[test]
fn without_waivers_a_shared_template_is_reported_once() {
    check_findings("", "HP-SEC-004", &["6: medium violation [a b base] has no init process"]);
}

#[test]
fn a_waiver_covers_its_service_and_no_other() {
    let policy = format!("waivers:\n{}", waiver("a", "2026-11-21"));
    check_findings(
        &policy,
        "HP-SEC-004",
        &[
            "6: medium violation [a] has no init process (waived)",
            "6: medium violation [b base] has no init process",
        ],
    );
}

#[test]
fn an_expired_waiver_covers_nothing_and_is_reported() {
    let policy = format!("waivers:\n{}", waiver("base", "2026-11-20"));
    check_findings(&policy, "HP-SEC-004", &["6: medium violation [a b base] has no init process"]);
    check_findings(
        &policy,
        "HP-WVR-001",
        &["3: high violation [] the waiver of `HP-SEC-004` for `base` ran out on 2026-11-20"],
    );
    check_findings(&policy, "HP-WVR-002", &[]);
}

#[test]
fn the_owner_changes_severities_and_turns_rules_off() {
    check_findings(
        "severity: {HP-SEC-004: low}\n",
        "HP-SEC-004",
        &["6: low violation [a b base] has no init process"],
    );
    check_findings("off: [{rule: HP-SEC-004, reason: r}]\n", "HP-SEC-004", &[]);
}

#[test]
fn a_custom_rule_points_at_the_value_it_names_or_at_the_service() {
    let custom = |more: &str| {
        format!(
            "custom:\n  - {{rule: ACME-IMG-001, {more}, message: comes from elsewhere, severity: high, requirement: ACME-1}}\n"
        )
    };
    let image = custom("require: 'service.image.startsWith(\"acme/\")', at: image");
    check_findings(&image, "ACME-IMG-001", &["7: high violation [a b base] comes from elsewhere"]);
    let absent = custom("require: 'service.name == \"a\"', at: deploy.replicas");
    check_findings(
        &absent,
        "ACME-IMG-001",
        &["4: high violation [b] comes from elsewhere", "6: high violation [base] comes from elsewhere"],
    );
    let when =
        custom("require: 'false', when: 'service.name == \"b\" && kind == \"long-running\"', at: image");
    check_findings(&when, "ACME-IMG-001", &["7: high violation [b] comes from elsewhere"]);
    let missing = custom("require: 'service.user != \"0\"', at: user");
    check_findings(
        &missing,
        "ACME-IMG-001",
        &[
            "6: high unknown [a b base] comes from elsewhere: the expression cannot be evaluated: there is no `user`",
        ],
    );
    let project = custom("for: project, require: 'project.services.size() > 5', at: services");
    check_findings(&project, "ACME-IMG-001", &["2: high violation [] comes from elsewhere"]);
}

#[test]
fn a_custom_rule_that_is_no_expression_is_a_problem_of_the_policy() {
    let outcome = run(
        "version: 1\ncustom:\n  - {rule: ACME-1, require: 'service.', at: image, message: m, severity: low, requirement: R}\n",
    );
    let codes: Vec<&str> = outcome.diagnostics.iter().map(|one| one.code.0).collect();
    assert_eq!(codes, ["policy::expression"]);
}
