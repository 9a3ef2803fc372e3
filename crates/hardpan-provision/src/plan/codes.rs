//! Every code a problem of a plan can have, with what it means. Codes are public and never reused.

use hardpan_compose::CodeInfo;

const fn error(code: &'static str, meaning: &'static str) -> CodeInfo {
    CodeInfo { code, meaning, severity: "error" }
}

/// All codes, by name. A test holds the list to the sources.
pub const CODES: &[CodeInfo] = &[
    error("plan::conflict", "two things that a plan says do not go together"),
    error("plan::documents", "a plan has more than one document"),
    error("plan::duplicate-key", "a key is there twice"),
    error("plan::empty-secret", "a secret file is empty"),
    error("plan::invalid-template", "a variable is written in a way that nobody reads"),
    error("plan::invalid-value", "a value has another form than is wanted"),
    error("plan::literal-secret", "a secret stands in the plan itself"),
    error("plan::missing-key", "something is missing"),
    error("plan::missing-secret", "there is no such secret file"),
    error("plan::required-variable", "a variable that has to be set is not"),
    error("plan::syntax", "the plan is not YAML"),
    error("plan::tag", "a YAML tag that means nothing here"),
    error("plan::too-large", "the plan is larger or deeper than what is read"),
    error("plan::unknown-id", "nothing in the plan has the id that was asked for"),
    error("plan::unknown-key", "a key that means nothing here"),
    error("plan::unreadable-secret", "a secret file cannot be read, or is not text"),
    CodeInfo {
        code: "plan::unset-variable",
        meaning: "a variable has no value and becomes a blank text",
        severity: "warning",
    },
];
