//! The catalogue and the list of codes are whole: every statement has a proof path, and every link leads somewhere.

use std::collections::{BTreeMap, BTreeSet};

use hardpan_rules::codes::{self, Arrival, Basis};
use hardpan_rules::requirements::{self, Document, Proof, Requirement};

/// Every id that the documents give a requirement.
const IDS_OF_THE_DOCUMENTS: [&str; 28] = [
    "REQ-BSL-01",
    "REQ-BSL-02",
    "REQ-BSL-03",
    "VAL-BSL-01",
    "VAL-BSL-02",
    "VAL-BSL-03",
    "REQ-SPC-OPT-001",
    "REQ-SPC-OPT-002",
    "SEC-SPC-OPT-001",
    "REQ-SPC-OPT-003",
    "REQ-SPC-OPT-004",
    "VAL-OPT-001",
    "VAL-OPT-002",
    "REQ-SPC-AUTO-001",
    "REQ-SPC-AUTO-002",
    "SEC-SPC-AUTO-001",
    "REQ-SPC-AUTO-003",
    "VAL-AUTO-001",
    "VAL-AUTO-002",
    "NFR-SEC-01",
    "NFR-OBS-01",
    "NFR-RES-01",
    "Strategy-ST-01",
    "Strategy-ST-02",
    "Strategy-ST-03",
    "AC-SPEC-01",
    "AC-SPEC-02",
    "AC-SPEC-03",
];

/// Every id that the documents name as an origin.
const PARENTS: [&str; 9] = [
    "REQ-PRD-FUN-01",
    "REQ-PRD-FUN-03",
    "REQ-PRD-FUN-05",
    "REQ-PRD-SYS-FUN-01",
    "REQ-PRD-SYS-FUN-04",
    "REQ-PRD-SYS-FUN-05",
    "REQ-PRD-AUTO-FUN-01",
    "REQ-SPT-05",
    "REQ-SPT-10",
];

/// Document, section, and how many rows, bullets or sentences it has.
const ROWS: [(Document, &str, usize); 57] = [
    (Document::D000, "header", 1),
    (Document::D000, "0.1", 3),
    (Document::D000, "0.2", 3),
    (Document::D000, "1", 5),
    (Document::D000, "2", 3),
    (Document::D000, "3", 3),
    (Document::D000, "4", 2),
    (Document::D000, "5", 3),
    (Document::D000, "6", 2),
    (Document::D000, "7", 3),
    (Document::D000, "8", 2),
    (Document::D000, "9", 2),
    (Document::D001, "header", 1),
    (Document::D001, "0.1", 5),
    (Document::D001, "0.2", 7),
    (Document::D001, "0.3", 5),
    (Document::D001, "1", 5),
    (Document::D001, "2", 5),
    (Document::D001, "3", 2),
    (Document::D001, "4.1", 1),
    (Document::D001, "4.2", 2),
    (Document::D001, "5", 2),
    (Document::D001, "6", 2),
    (Document::D001, "7", 2),
    (Document::D001, "8", 2),
    (Document::D001, "9", 2),
    (Document::D002, "header", 1),
    (Document::D002, "0.1", 5),
    (Document::D002, "0.2", 7),
    (Document::D002, "0.3", 5),
    (Document::D002, "1", 4),
    (Document::D002, "2", 4),
    (Document::D002, "3", 2),
    (Document::D002, "4.1", 3),
    (Document::D002, "5", 5),
    (Document::D002, "6", 2),
    (Document::D002, "7", 2),
    (Document::D002, "8", 2),
    (Document::D002, "9", 2),
    (Document::D003, "header", 1),
    (Document::D003, "1.1", 5),
    (Document::D003, "1.2", 4),
    (Document::D003, "1.3", 9),
    (Document::D003, "1.4", 5),
    (Document::D003, "1.5", 7),
    (Document::D003, "1.6", 3),
    (Document::D003, "1.7", 5),
    (Document::D003, "1.8", 2),
    (Document::D003, "2", 10),
    (Document::D003, "3", 7),
    (Document::D003, "4", 4),
    (Document::D004, "1", 3),
    (Document::D004, "2", 3),
    (Document::D004, "3", 2),
    (Document::D004, "4", 2),
    (Document::D004, "5", 2),
    (Document::D004, "6", 3),
];

fn is_of_the_documents(requirement: &Requirement) -> bool {
    IDS_OF_THE_DOCUMENTS.contains(&requirement.id)
}

#[test]
fn ids_are_unique_and_found() {
    let mut seen = BTreeSet::new();
    for requirement in requirements::all() {
        assert!(seen.insert(requirement.id), "{} stands twice", requirement.id);
        assert_eq!(requirements::find(requirement.id), Some(requirement));
    }
    assert_eq!(requirements::find("REQ-BSL-99"), None);
}

#[test]
fn every_id_of_the_documents_is_there_verbatim() {
    for id in IDS_OF_THE_DOCUMENTS {
        assert!(requirements::find(id).is_some(), "{id} is missing");
    }
    let parents: BTreeSet<&str> = requirements::all().filter_map(|requirement| requirement.parent).collect();
    assert_eq!(parents, PARENTS.into_iter().collect());
}

#[test]
fn our_own_ids_name_their_place() {
    for requirement in requirements::all().filter(|requirement| !is_of_the_documents(requirement)) {
        let Requirement { id, section, document, .. } = requirement;
        let prefix = match (*document, *section) {
            (Document::D003, "header") => {
                assert_eq!(*id, "BASE-header");
                continue;
            }
            (_, "header") => {
                assert_eq!(*id, format!("{}-header", document.number()));
                continue;
            }
            (Document::D003, section) => format!("BASE-{section}-"),
            (document, section) => format!("{}-s{section}-", document.number()),
        };
        let topic = id.strip_prefix(&prefix).unwrap_or_else(|| panic!("{id} does not begin with {prefix}"));
        assert!(!topic.is_empty() && !topic.starts_with('-') && !topic.ends_with('-'), "{id}");
        assert!(topic.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{id}");
    }
}

#[test]
fn every_row_of_every_document_is_there() {
    let mut counts = BTreeMap::new();
    for requirement in requirements::all() {
        *counts.entry((requirement.document, requirement.section)).or_insert(0) += 1;
    }
    let expected: BTreeMap<_, usize> =
        ROWS.into_iter().map(|(document, section, count)| ((document, section), count)).collect();
    assert_eq!(counts, expected);
}

#[test]
fn requirements_stand_in_the_order_of_the_documents() {
    let documents: Vec<Document> = requirements::all().map(|requirement| requirement.document).collect();
    assert!(documents.is_sorted());
    let mut present = documents;
    present.dedup();
    assert_eq!(present, Document::ALL);
}

#[test]
fn every_requirement_can_be_read() {
    for Requirement { id, title, statement, .. } in requirements::all() {
        assert!(!title.is_empty() && !title.ends_with('.'), "{id}: the title is a few words");
        assert!(statement.ends_with('.') && statement.len() > 30, "{id}: the statement is a sentence");
        assert!(!statement.contains("  ") && !title.contains("  "), "{id}: a gap in the text");
        assert!(
            statement.starts_with(|c: char| c == '`' || c.is_uppercase() || c.is_ascii_digit()),
            "{id}: a sentence begins with a capital or a name"
        );
    }
}

#[test]
fn every_requirement_has_a_proof_path() {
    for Requirement { id, proof, .. } in requirements::all() {
        assert!(!proof.is_empty(), "{id} has no proof");
        for (index, one) in proof.iter().enumerate() {
            assert!(!proof[..index].contains(one), "{id}: {one:?} stands twice");
            let texts = match one {
                Proof::Rule(code) => vec![*code],
                Proof::Runtime(text) | Proof::Process(text) => vec![*text],
                Proof::Planned { by, why } => vec![*by, *why],
            };
            assert!(texts.iter().all(|text| !text.trim().is_empty()), "{id}: an empty proof");
        }
    }
}

#[test]
fn every_rule_that_a_proof_names_is_known() {
    for Requirement { id, proof, .. } in requirements::all() {
        for one in *proof {
            match one {
                Proof::Rule(code) => {
                    let rule =
                        codes::find(code).unwrap_or_else(|| panic!("{id}: no rule has the code {code}"));
                    assert!(
                        rule.is_checked(),
                        "{id}: {code} is not decided by `hardpan check`: it is planned"
                    );
                }
                Proof::Planned { by, .. } if by.starts_with("HP-") => {
                    let rule = codes::find(by).unwrap_or_else(|| panic!("{id}: no rule has the code {by}"));
                    assert!(rule.arrival == Arrival::Later || rule.observes().is_some(), "{id}: {by}");
                }
                Proof::Planned { by, .. } => assert!(by.contains(' '), "{id}: `{by}` is no observation"),
                Proof::Runtime(_) | Proof::Process(_) => {}
            }
        }
    }
}

#[test]
fn what_a_rule_declares_is_planned_to_be_observed() {
    for requirement in requirements::all() {
        for one in requirement.proof {
            if let Proof::Rule(code) = one
                && codes::find(code).is_some_and(|rule| rule.observes().is_some())
            {
                assert!(requirement.is_planned_by(code), "{}: observe {code}", requirement.id);
            }
        }
    }
}

#[test]
fn a_rule_serves_a_requirement_or_is_hygiene() {
    for rule in codes::all() {
        let checked = requirements::proven_by(rule.code);
        let planned = requirements::planned_by(rule.code);
        match rule.basis {
            Basis::Hygiene(source) => {
                assert!(!source.is_empty(), "{}: the source of the practice", rule.code);
                assert!(checked.is_empty() && planned.is_empty(), "{} is more than hygiene", rule.code);
            }
            Basis::Requirement => {
                assert_eq!(!checked.is_empty(), rule.is_checked(), "{}: as a proof", rule.code);
                let waits = rule.observes().is_some() || rule.arrival == Arrival::Later;
                assert_eq!(!planned.is_empty(), waits, "{}: as planned", rule.code);
            }
        }
    }
}

#[test]
fn governance_rows_are_answered() {
    let rows = requirements::all().filter(|requirement| requirement.section.starts_with("0."));
    let mut count = 0;
    for row in rows {
        count += 1;
        assert!(row.is_planned_by("HP-DOC-001"), "{}: whether the row is answered", row.id);
        assert!(row.proof.len() > 1, "{}: what the answer says", row.id);
    }
    assert_eq!(count, 40);
}

#[test]
fn only_what_a_running_system_shows_awaits_observation() {
    let awaits = |id| requirements::find(id).expect("the id is in the catalogue").awaits_observation();
    assert!(awaits("000-s8-bootstrap-time"), "only observed");
    assert!(awaits("SEC-SPC-OPT-001"), "declared and observed");
    assert!(awaits("000-s8-vulnerabilities"), "an outside report");
    assert!(awaits("001-s6-loki-driver"), "an observation without a rule");
    assert!(!awaits("REQ-BSL-01"), "the files are enough");
    assert!(!awaits("BASE-1.1-gateway"), "a rule over files that is not built yet");
    assert!(!awaits("BASE-4-version"), "a rule that is not built yet comes before its observation");
}

#[test]
fn codes_are_unique_well_formed_and_complete() {
    let families: [(&str, u8, usize); 16] = [
        ("ORC", 1, 10),
        ("CFG", 1, 1),
        ("SEC", 2, 16),
        ("SCR", 3, 9),
        ("NET", 4, 9),
        ("RES", 5, 5),
        ("HLT", 5, 5),
        ("INI", 6, 12),
        ("OBS", 7, 11),
        ("BAS", 8, 12),
        ("K8S", 8, 15),
        ("CI", 8, 2),
        ("DKR", 8, 9),
        ("IMG", 8, 2),
        ("DOC", 8, 1),
        ("WVR", 8, 3),
    ];
    let expected: Vec<(String, u8)> = families
        .into_iter()
        .flat_map(|(family, section, count)| {
            // The only code of its family so far was numbered by the conventions of the catalogue.
            let first = if family == "CFG" { 4 } else { 1 };
            (first..first + count).map(move |number| (format!("HP-{family}-{number:03}"), section))
        })
        .collect();
    let actual: Vec<(String, u8)> = codes::all().map(|rule| (rule.code.to_owned(), rule.section)).collect();
    assert_eq!(actual, expected);
    for rule in codes::all() {
        assert_eq!(codes::find(rule.code), Some(rule));
        assert!(rule.code.contains(&format!("-{}-", rule.family())));
        assert!(!rule.statement.is_empty() && !rule.statement.ends_with('.'), "{}", rule.code);
        assert!(rule.observes().is_none_or(|text| !text.is_empty()), "{}", rule.code);
    }
}
