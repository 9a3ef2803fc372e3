//! Choices of profiles under policies of several kinds: without one, with a matrix, with `COMPOSE_PROFILES`.

use hardpan_compose::load;
use hardpan_rules::policy::Date;
use hardpan_rules::{Settings, check};

mod common;

use common::Memory;

/// The messages of HP-ORC-004 about a project, each with its services.
fn messages(compose: &str, policy: Option<&str>, env_file: &str) -> Vec<String> {
    let memory = Memory::new(&[("compose.yaml", compose), (".env", env_file)]);
    let settings = Settings {
        root: "/p".to_owned(),
        policy: policy.map(|text| ("/p/hardpan.yml".to_owned(), text.to_owned())),
        house_rules: false,
        today: Date::parse("2026-11-21").expect("a day"),
    };
    let outcome = check(load(&common::request(), &memory), &settings, &memory);
    let findings = outcome.findings.into_iter().filter(|finding| finding.code == "HP-ORC-004");
    findings.map(|finding| format!("{}: {}", finding.services.join(","), finding.message)).collect()
}

const PROJECT: &str = "
services:
  app:
    image: registry.example/app:1.0.0
    profiles: [front, all]
    depends_on: [db]
  db:
    image: registry.example/db:1.0.0
    profiles: [back, all]
  always:
    image: registry.example/always:1.0.0
";

#[test]
fn without_a_policy_each_profile_alone_is_a_choice() {
    let expected = ["app: depends on `db`, which is not enabled with profile `front`"];
    assert_eq!(messages(PROJECT, None, ""), expected);
}

#[test]
fn what_always_runs_needs_what_always_runs() {
    let project = "
services:
  app:
    image: registry.example/app:1.0.0
    depends_on: [db]
  db:
    image: registry.example/db:1.0.0
    profiles: [db]
  other:
    image: registry.example/other:1.0.0
    profiles: [other]
";
    let expected = ["app: depends on `db`, which is not enabled with no profile or profile `other`"];
    assert_eq!(messages(project, None, ""), expected);
    let expected = ["app: depends on `db`, which is not enabled with profile `other`"];
    assert_eq!(messages(project, None, "COMPOSE_PROFILES=db\n"), expected);
}

#[test]
fn a_matrix_takes_the_place_of_single_profiles() {
    assert_eq!(messages(PROJECT, Some("version: 1\nmatrix: [[front, back], [all]]\n"), ""), [""; 0]);
    let expected = ["app: depends on `db`, which is not enabled in the matrix row `front`"];
    assert_eq!(messages(PROJECT, Some("version: 1\nmatrix: [[front], [back, all]]\n"), ""), expected);
}

#[test]
fn a_project_without_profiles_has_no_choices() {
    assert_eq!(messages("services: {app: {image: registry.example/app:1.0.0}}\n", None, ""), [""; 0]);
}
