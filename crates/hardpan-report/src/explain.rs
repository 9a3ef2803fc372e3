//! The page of a rule or of a requirement, and the index of all rules.

use std::fmt::Write as _;

use hardpan_diag::did_you_mean;
use hardpan_rules::codes::{self, Basis, RuleCode};
use hardpan_rules::requirements::{self, Document, Proof, Requirement};
use hardpan_rules::rule::Audience;
use hardpan_rules::{Rule, find_rule, rules};

/// What there is to say about an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// The page, in Markdown.
    Found(String),
    /// Nothing has that id.
    Unknown {
        /// The nearest one that exists.
        near: Option<&'static str>,
        /// Codes and names that have the text in them.
        alike: Vec<(&'static str, &'static str)>,
    },
}

/// The page of the rule with that code or name, or of the requirement with that id. Case does not matter.
#[must_use]
pub fn explain(id: &str) -> Page {
    if let Some(rule) = find_rule(id) {
        return Page::Found(rule_page(rule));
    }
    if let Some(code) = codes::all().find(|code| code.code.eq_ignore_ascii_case(id)) {
        return Page::Found(code_page(code));
    }
    if let Some(found) = requirements::all().find(|one| one.id.eq_ignore_ascii_case(id)) {
        return Page::Found(requirement_page(found));
    }
    let names = rules().map(|rule| rule.name);
    let known = codes::all().map(|code| code.code).chain(names).chain(requirements::all().map(|one| one.id));
    let wanted = id.to_ascii_lowercase();
    let has_it = |text: &str| !wanted.is_empty() && text.to_ascii_lowercase().contains(&wanted);
    let alike = rules().filter(|rule| has_it(rule.code) || has_it(rule.name));
    Page::Unknown { near: did_you_mean(id, known), alike: alike.map(|rule| (rule.code, rule.name)).collect() }
}

/// The codes and names of all rules, one a line.
#[must_use]
pub fn list() -> String {
    rules().map(|rule| format!("{}  {}\n", rule.code, rule.name)).collect()
}

fn rule_page(rule: &Rule) -> String {
    let mut text = format!("{}\n\n## At a glance\n\n", rule.doc.trim_end());
    let info = rule.info();
    let _ = writeln!(text, "- holds when: {}", info.statement);
    let _ = writeln!(text, "- severity: {}", info.severity.as_str());
    let _ = writeln!(text, "- confidence: {}", rule.confidence.as_str());
    let _ = writeln!(text, "- audience: {}", audience(rule));
    let _ = writeln!(text, "- since: {}", rule.since);
    if let Some(observes) = info.observes() {
        let _ = writeln!(text, "- on a running system: {observes}");
    }
    proves(rule.code, info, &mut text);
    text
}

/// A code that has no rule over files.
fn code_page(code: &RuleCode) -> String {
    let mut text = format!("# {}\n\n{}\n\n", code.code, code.statement);
    let _ = writeln!(text, "- severity: {}", code.severity.as_str());
    if let Some(observes) = code.observes() {
        let _ = writeln!(text, "- on a running system: {observes}");
    }
    let _ = writeln!(text, "- `hardpan check` does not judge this");
    proves(code.code, code, &mut text);
    text
}

fn proves(code: &str, info: &RuleCode, text: &mut String) {
    if let Basis::Hygiene(source) = info.basis {
        let _ = writeln!(text, "- asked for by no requirement; good practice after {source}");
    }
    for (heading, list) in [
        ("Requirements it proves", requirements::proven_by(code)),
        ("Requirements that wait for an observation or a later rule", requirements::planned_by(code)),
    ] {
        if list.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n## {heading}\n");
        for one in list {
            let _ = writeln!(text, "- {}: {}", one.id, one.title);
        }
    }
}

fn audience(rule: &Rule) -> &'static str {
    match rule.audience {
        Audience::Anybody => "anybody",
        Audience::House => "house: on with `--house` or a policy",
    }
}

fn requirement_page(requirement: &Requirement) -> String {
    let Requirement { id, title, statement, document, section, priority, proof, parent } = requirement;
    let mut text = format!("# {id} {title}\n\n{statement}\n\n");
    let _ = writeln!(text, "- document: {} {}", document.number(), document.title());
    let _ = writeln!(text, "- section: {section}");
    let _ = writeln!(text, "- priority: {}", priority.as_str());
    if let Some(parent) = parent {
        let _ = writeln!(text, "- from: {parent}");
    }
    text.push_str("\n## Proofs, all of which have to hold\n\n");
    for one in *proof {
        let _ = match one {
            Proof::Rule(code) => match find_rule(code) {
                Some(rule) => writeln!(text, "- rule {code} {}: {}", rule.name, rule.info().statement),
                None => writeln!(text, "- rule {code}, which is not built yet: {}", statement_of(code)),
            },
            Proof::Runtime(what) => writeln!(text, "- on a running system: {what}"),
            Proof::Process(why) => writeln!(text, "- by people: {why}"),
            Proof::Planned { by, why } if codes::find(by).is_some() => {
                writeln!(text, "- planned, {by} ({}): {why}", statement_of(by))
            }
            Proof::Planned { by, why } => writeln!(text, "- planned, {by}: {why}"),
        };
    }
    text
}

fn statement_of(code: &str) -> &'static str {
    codes::find(code).map_or("", |info| info.statement)
}

/// The index of all rules, and how many requirements of each document they prove, in Markdown.
#[must_use]
pub fn rules_index() -> String {
    let mut text = String::from(
        "# Rules\n\n`hardpan explain CODE` prints the page of a rule. House rules are on with `--house` or a policy.\n\n\
         | code | name | severity | audience | requirements |\n|---|---|---|---|---|\n",
    );
    for rule in rules() {
        let audience = match rule.audience {
            Audience::Anybody => "anybody",
            Audience::House => "house",
        };
        let requirements: Vec<&str> = rule.requirements().iter().map(|requirement| requirement.id).collect();
        let _ = writeln!(
            text,
            "| {} | `{}` | {} | {audience} | {} |",
            rule.code,
            rule.name,
            rule.info().severity.as_str(),
            requirements.join(", ")
        );
    }
    text.push_str("\n## Requirements\n\n| document | statements | proven by rules alone or with others |\n|---|---|---|\n");
    for document in Document::ALL {
        let all = || requirements::all().filter(|one| one.document == document);
        let proven = all().filter(|one| rules().any(|rule| one.is_proven_by(rule.code))).count();
        let _ =
            writeln!(text, "| {} {} | {} | {proven} |", document.number(), document.title(), all().count());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(id: &str) -> String {
        match explain(id) {
            Page::Found(text) => text,
            Page::Unknown { near, .. } => panic!("{id} has no page; {near:?}"),
        }
    }

    #[test]
    fn rules_and_requirements_have_pages() {
        assert_eq!(found("hp-sec-001"), found("privilege-escalation-possible"));
        assert!(found("HP-SEC-001").contains("SEC-SPC-OPT-001"));
        assert!(found("sec-spc-opt-001").contains("HP-SEC-001"));
        for code in codes::all() {
            assert!(found(code.code).starts_with(&format!("# {}", code.code)));
        }
        for requirement in requirements::all() {
            assert!(found(requirement.id).starts_with(&format!("# {}", requirement.id)));
        }
    }

    #[test]
    fn a_mistyped_id_gets_the_nearest() {
        assert_eq!(explain("HP-SEC-OO1"), Page::Unknown { near: Some("HP-SEC-001"), alike: Vec::new() });
        assert_eq!(
            explain("privilege-escalation-posible"),
            Page::Unknown { near: Some("privilege-escalation-possible"), alike: Vec::new() }
        );
        assert_eq!(explain("frobnicate everything"), Page::Unknown { near: None, alike: Vec::new() });
    }
}
