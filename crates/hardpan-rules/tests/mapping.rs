//! The links between requirements and rules are those of the rule catalogue.
//!
//! The tables repeat the catalogue: its section 9, from requirement to rules, and the requirement column of its
//! tables, from rule to requirements. A key is the id of a requirement, or a document and a section such as
//! `001 s4.1`; `003 s1.` means every section below that.

use hardpan_rules::codes::{self, Basis};
use hardpan_rules::requirements::{self, Requirement};

/// Section 9: the key, and the rules that have to be among the proofs, checked or planned.
const REQUIREMENT_TO_RULES: &[(&str, &[&str])] = &[
    ("REQ-BSL-01", &["ORC-001"]),
    ("REQ-BSL-02", &["OBS-001..003"]),
    ("REQ-BSL-03", &["SCR-001..009"]),
    ("VAL-BSL-01", &["ORC-001", "ORC-003"]),
    ("VAL-BSL-02", &["ORC-005", "SCR-008"]),
    ("VAL-BSL-03", &["OBS-001"]),
    ("000 s0.", &["DOC-001"]),
    ("000 s1", &["ORC-006"]),
    ("000 s3", &["ORC-007", "ORC-008"]),
    ("000 s4", &["NET-004", "NET-007"]),
    ("000 s5", &["BAS-001"]),
    ("000 s6", &["ORC-005", "HLT-005"]),
    ("000 s8", &["ORC-009", "IMG-001"]),
    ("000 s9", &["SCR-006", "HLT-001"]),
    ("REQ-SPC-OPT-001", &["ORC-002"]),
    ("REQ-SPC-OPT-002", &["RES-001", "RES-002"]),
    ("SEC-SPC-OPT-001", &["SEC-001..005"]),
    ("REQ-SPC-OPT-003", &["NET-001..003"]),
    ("REQ-SPC-OPT-004", &["SCR-001", "SCR-005", "SCR-006"]),
    ("001 s3", &["ORC-008"]),
    ("001 s4.1", &["SEC-015", "RES-002"]),
    ("001 s4.2", &["NET-008"]),
    ("001 s6", &["OBS-002", "OBS-003", "SEC-016", "WVR-001..003"]),
    ("VAL-OPT-001", &["ORC-003"]),
    ("VAL-OPT-002", &["ORC-004"]),
    ("001-s8-stability", &["HLT-001..003"]),
    ("001-s8-portability", &["NET-001..005"]),
    ("001 s9", &["OBS-001", "SCR-003", "SCR-004"]),
    ("REQ-SPC-AUTO-001", &["INI-006"]),
    ("REQ-SPC-AUTO-002", &["INI-003", "INI-004"]),
    ("SEC-SPC-AUTO-001", &["SCR-001", "SCR-002", "SCR-007"]),
    ("REQ-SPC-AUTO-003", &["NET-001", "NET-002"]),
    ("002 s1", &["INI-001", "INI-002"]),
    ("002 s3", &["INI-007"]),
    // The catalogue says HLT; 004 is hygiene and 005 belongs to document 000.
    ("002 s4.1", &["HLT-001..003", "SCR-005", "NET-004", "NET-005"]),
    ("002 s5", &["INI-010"]),
    ("002 s6", &["INI-003", "INI-006", "INI-009"]),
    ("VAL-AUTO-001", &["ORC-003"]),
    ("VAL-AUTO-002", &["INI-008"]),
    ("002-s8-determinism", &["INI-002", "INI-005"]),
    ("002 s9", &["INI-012", "SCR-004"]),
    ("003 s1.", &["BAS-001..006", "BAS-010..012"]),
    // The catalogue says K8S-*; 015 is hygiene.
    ("003 s2", &["BAS-007", "K8S-001..014"]),
    ("003 s3", &["BAS-008"]),
    ("003 s4", &["BAS-009"]),
    ("NFR-SEC-01", &["SEC-006", "WVR-001..003"]),
    ("NFR-OBS-01", &["OBS-002", "OBS-004"]),
    ("NFR-RES-01", &["RES-004"]),
    ("Strategy-ST-01", &["SCR-006"]),
    ("Strategy-ST-02", &["NET-004"]),
    ("Strategy-ST-03", &["SEC-012"]),
    ("004 s3", &["OBS-006", "NET-007"]),
    ("004 s4", &["SEC-015", "SEC-007"]),
    ("004 s5", &["OBS-009", "OBS-010"]),
    ("AC-SPEC-01", &["SEC-001"]),
    ("AC-SPEC-02", &["OBS-004", "OBS-005", "OBS-011"]),
    ("AC-SPEC-03", &["RES-003"]),
];

/// The requirement column: rules, and the keys each of them has to be linked from. What is hygiene is not here.
const RULE_TO_REQUIREMENTS: &[(&str, &[&str])] = &[
    ("ORC-001", &["REQ-BSL-01", "VAL-BSL-01"]),
    ("ORC-002", &["REQ-SPC-OPT-001"]),
    ("ORC-003", &["VAL-OPT-001", "VAL-AUTO-001"]),
    ("ORC-004", &["VAL-OPT-002"]),
    ("ORC-005", &["VAL-BSL-02"]),
    ("ORC-006", &["000 s1"]),
    ("ORC-007", &["000 s3"]),
    ("ORC-008", &["000 s3", "001 s3"]),
    ("ORC-009", &["000 s8"]),
    ("SEC-001", &["SEC-SPC-OPT-001", "AC-SPEC-01"]),
    ("SEC-002", &["SEC-SPC-OPT-001"]),
    ("SEC-003", &["001 s6"]),
    ("SEC-004", &["001 s1"]),
    ("SEC-005", &["SEC-SPC-OPT-001"]),
    ("SEC-006", &["NFR-SEC-01"]),
    ("SEC-007", &["004 s4"]),
    ("SEC-012", &["Strategy-ST-03", "002 s3"]),
    ("SEC-015", &["004 s4", "001 s4.1"]),
    ("SEC-016", &["001 s6"]),
    ("SCR-001", &["REQ-BSL-03", "REQ-SPC-OPT-004", "SEC-SPC-AUTO-001", "001 s0.2", "002 s0.2"]),
    ("SCR-002", &["REQ-BSL-03", "REQ-SPC-OPT-004", "SEC-SPC-AUTO-001", "001 s0.2", "002 s0.2"]),
    ("SCR-003", &["001 s9", "002 s9"]),
    ("SCR-004", &["001 s9", "002 s9"]),
    ("SCR-005", &["REQ-SPC-OPT-004"]),
    ("SCR-006", &["Strategy-ST-01"]),
    ("SCR-007", &["SEC-SPC-AUTO-001"]),
    ("SCR-008", &["VAL-BSL-02"]),
    ("SCR-009", &["000 s9"]),
    ("NET-001", &["REQ-SPC-OPT-003", "REQ-SPC-AUTO-003"]),
    ("NET-002", &["REQ-SPC-OPT-003", "REQ-SPC-AUTO-003"]),
    ("NET-003", &["001-s8-portability"]),
    ("NET-004", &["000 s4", "002 s4.1", "Strategy-ST-02"]),
    ("NET-005", &["002 s4.1"]),
    ("NET-006", &["003 s1.2", "003 s2"]),
    ("NET-007", &["004 s3", "000 s4"]),
    ("NET-008", &["001 s4.2"]),
    ("RES-001", &["REQ-SPC-OPT-002"]),
    ("RES-002", &["REQ-SPC-OPT-002"]),
    ("RES-003", &["AC-SPEC-03"]),
    ("RES-004", &["NFR-RES-01"]),
    ("HLT-001", &["000 s9", "001-s8-stability"]),
    ("HLT-002", &["001-s8-stability"]),
    ("HLT-003", &["001-s8-stability"]),
    ("HLT-005", &["000 s6"]),
    ("INI-001", &["002 s1"]),
    ("INI-002", &["002 s1", "002-s8-determinism"]),
    ("INI-003", &["REQ-SPC-AUTO-002"]),
    ("INI-004", &["REQ-SPC-AUTO-002"]),
    ("INI-005", &["002-s8-determinism"]),
    ("INI-006", &["REQ-SPC-AUTO-001"]),
    ("INI-007", &["002 s3"]),
    ("INI-008", &["VAL-AUTO-002"]),
    ("INI-009", &["002 s6"]),
    ("INI-010", &["002 s5"]),
    ("INI-012", &["002 s0.3", "002 s9"]),
    ("OBS-001", &["REQ-BSL-02", "VAL-BSL-03", "001 s9"]),
    ("OBS-002", &["NFR-OBS-01", "001 s6"]),
    ("OBS-003", &["001 s6"]),
    ("OBS-004", &["NFR-OBS-01", "AC-SPEC-02"]),
    ("OBS-005", &["AC-SPEC-02", "004 s5"]),
    ("OBS-006", &["004 s3"]),
    ("OBS-007", &["003 s1.5"]),
    ("OBS-008", &["003 s2"]),
    ("OBS-009", &["003 s1.5", "003 s2", "004 s5"]),
    ("OBS-010", &["004 s5"]),
    ("OBS-011", &["AC-SPEC-02"]),
    ("BAS-001", &["003 s1.1", "003 s1.2", "003 s1.3", "003 s1.5", "003 s1.6", "003 s1.7", "003 s1.8"]),
    ("BAS-002", &["003 s1.1"]),
    ("BAS-003", &["003 s1.2"]),
    ("BAS-004", &["003 s1.3"]),
    ("BAS-005", &["003 s1.4"]),
    ("BAS-006", &["003 s1.6"]),
    ("BAS-007", &["003 s2"]),
    ("BAS-008", &["003 s3"]),
    ("BAS-009", &["003 s4"]),
    ("BAS-010", &["003 s1.7"]),
    ("BAS-011", &["003 s1.7"]),
    ("BAS-012", &["003 s1.8"]),
    ("K8S-001..008", &["003 s2"]),
    ("K8S-009", &["003 s1.4"]),
    ("K8S-010", &["003 s1.4"]),
    ("K8S-011", &["003 s1.3"]),
    ("K8S-012", &["003 s2"]),
    ("K8S-013", &["REQ-SPC-OPT-004"]),
    ("K8S-014", &["003 s2"]),
    ("CI-001", &["003 s2", "003 s4"]),
    // The catalogue cites documents 003 and 004 s4 for the whole family; these are the ones a sentence asks for.
    ("DKR-001", &["004 s4", "003 s2"]),
    ("DKR-002", &["003 s2"]),
    ("DKR-006", &["REQ-BSL-03", "REQ-SPC-OPT-004"]),
    ("IMG-001", &["000 s8"]),
    ("IMG-002", &["003 s3"]),
    ("DOC-001", &["000 s0.", "001 s0.", "002 s0."]),
    ("WVR-001..003", &["001 s6", "NFR-SEC-01"]),
];

/// The requirements that a key means; a test fails on a key that means none.
fn requirements_of(key: &str) -> Vec<&'static Requirement> {
    let found: Vec<&Requirement> = match key.split_once(" s") {
        None => requirements::find(key).into_iter().collect(),
        Some((number, section)) => requirements::all()
            .filter(|requirement| requirement.document.number() == number)
            .filter(|requirement| match section.ends_with('.') {
                true => requirement.section.starts_with(section),
                false => requirement.section == section,
            })
            .collect(),
    };
    assert!(!found.is_empty(), "`{key}` means no requirement");
    found
}

/// `SEC-001..003` means three codes, `SEC-001` one; all of them exist.
fn codes_of(range: &str) -> Vec<String> {
    let (first, last) = range.split_once("..").unwrap_or((range, &range[range.len() - 3..]));
    let (family, first) = first.rsplit_once('-').expect("a code ends with a number");
    let number = |text: &str| text.parse::<u32>().expect("a code ends with a number");
    let list: Vec<String> =
        (number(first)..=number(last)).map(|number| format!("HP-{family}-{number:03}")).collect();
    assert!(list.iter().all(|code| codes::find(code).is_some()), "`{range}` names an unknown code");
    list
}

fn assert_linked(key: &str, code: &str) {
    let linked = requirements_of(key)
        .into_iter()
        .any(|requirement| requirement.is_proven_by(code) || requirement.is_planned_by(code));
    assert!(linked, "{key} is not linked to {code}");
}

#[test]
fn every_requirement_has_the_rules_of_the_coverage_check() {
    for (key, ranges) in REQUIREMENT_TO_RULES {
        for code in ranges.iter().flat_map(|range| codes_of(range)) {
            assert_linked(key, &code);
        }
    }
}

#[test]
fn every_rule_is_linked_from_the_requirements_of_its_row() {
    let mut seen = Vec::new();
    for (range, keys) in RULE_TO_REQUIREMENTS {
        for code in codes_of(range) {
            for key in *keys {
                assert_linked(key, &code);
            }
            seen.push(code);
        }
    }
    let expected: Vec<&str> =
        codes::all().filter(|rule| rule.basis == Basis::Requirement).map(|rule| rule.code).collect();
    assert_eq!(seen, expected, "the table has a row for every rule that is not hygiene, in order");
}

#[test]
fn what_is_planned_is_not_listed_as_proven() {
    let ids = |list: Vec<&Requirement>| list.iter().map(|requirement| requirement.id).collect::<Vec<_>>();
    assert_eq!(ids(requirements::proven_by("HP-ORC-002")).first(), Some(&"000-s5-root"));
    assert_eq!(ids(requirements::planned_by("HP-ORC-002")), [""; 0]);
    assert_eq!(ids(requirements::proven_by("HP-INI-008")), [""; 0]);
    assert!(ids(requirements::planned_by("HP-INI-008")).contains(&"VAL-AUTO-002"));
}
