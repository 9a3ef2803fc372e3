//! The requirements catalogue: every statement of the five requirements documents, and what proves it.
//!
//! The catalogue is data and judges nothing. Statements are in our words; the ids that the documents give are used
//! verbatim, and a statement without one has an id made of its place: `BASE-1.1-gateway` for the tables of document
//! 003, `001-s0.2-test-strategy` for the others. A newcomer needs to know one thing: every proof of a requirement has
//! to hold, and one that is [`Proof::Planned`] never counts as held.

mod d000;
mod d001;
mod d001_governance;
mod d002;
mod d002_governance;
mod d003_inventory;
mod d003_operation;
mod d004;
mod model;
mod proofs;

pub use model::{Document, Priority, Proof, Requirement};

/// Every requirement, by document and in the order of its text.
pub fn all() -> impl Iterator<Item = &'static Requirement> {
    [
        d000::REQUIREMENTS,
        d001_governance::REQUIREMENTS,
        d001::REQUIREMENTS,
        d002_governance::REQUIREMENTS,
        d002::REQUIREMENTS,
        d003_inventory::REQUIREMENTS,
        d003_operation::REQUIREMENTS,
        d004::REQUIREMENTS,
    ]
    .into_iter()
    .flatten()
}

/// The requirement of that id, spelled as in the documents: `REQ-BSL-01`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Requirement> {
    all().find(|requirement| requirement.id == id)
}

/// The requirements that the rule proves, alone or with others. What is only planned is not among them.
#[must_use]
pub fn proven_by(rule_code: &str) -> Vec<&'static Requirement> {
    all().filter(|requirement| requirement.is_proven_by(rule_code)).collect()
}

/// The requirements that wait for the rule, or for the part of it that a running system shows.
#[must_use]
pub fn planned_by(rule_code: &str) -> Vec<&'static Requirement> {
    all().filter(|requirement| requirement.is_planned_by(rule_code)).collect()
}
