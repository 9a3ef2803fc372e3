//! Short forms of the proofs that many rows of the catalogue share.

use super::Proof;

/// What a running system will show about the rule; its code says what is observed.
pub(super) const fn verify(code: &'static str) -> Proof {
    Proof::Planned { by: code, why: VERIFY }
}

/// A rule over files that `hardpan check` does not have yet.
pub(super) const fn later(code: &'static str) -> Proof {
    Proof::Planned { by: code, why: "`hardpan check` does not have this rule yet" }
}

/// The reason of every proof that waits for an observation.
pub(super) const VERIFY: &str = "`hardpan verify`, which looks at the running system, is not built yet";

/// For governance rows that the document answers with N/A.
pub(super) const NOT_APPLICABLE: Proof = Proof::Process(
    "the document declares the row not applicable; whether it is so, its owner says on review",
);

/// For governance rows that point to a document that is not among the five.
pub(super) const ELSEWHERE: Proof = Proof::Process(
    "the document leaves it to another specification, which is not among the five; its owner answers for it",
);

/// For sentences that say what a document is about.
pub(super) const SCOPE: Proof =
    Proof::Process("it states what the document covers and demands nothing; its owner keeps it true");

/// For the facts that a document states about itself.
pub(super) const HEADER: Proof = Proof::Process(
    "status, owner and the documents referred to lie outside the project; the owner keeps them true",
);
