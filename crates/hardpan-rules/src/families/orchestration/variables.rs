//! How variables are written in a text: with a default, demanded, or bare.

/// The ways to refer to a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `$NAME` or `${NAME}`: blank where the variable has no value.
    Bare,
    /// `${NAME:-default}` or `${NAME-default}`.
    Default,
    /// `${NAME:?reason}` or `${NAME?reason}`: Compose stops with the reason.
    Demanded,
    /// `${NAME:+text}` or `${NAME+text}`.
    Alternate,
}

/// One reference to a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference<'t> {
    /// The variable's name.
    pub(super) name: &'t str,
    /// Where it begins and ends in the text: the whole reference if it is bare, else up to the operator.
    pub(super) range: std::ops::Range<usize>,
    /// How it is written.
    pub(super) form: Form,
}

/// Every reference in a text, those inside defaults included.
pub(super) fn references(text: &str) -> Vec<Reference<'_>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find('$') {
        let start = at + next;
        at = start + 1;
        match bytes.get(at) {
            // An escaped dollar sign.
            Some(b'$') => at += 1,
            Some(b'{') => {
                let name = name(text, at + 1);
                let after = at + 1 + name.len();
                if name.is_empty() {
                    continue;
                }
                let operator = text[after..].strip_prefix(':').unwrap_or(&text[after..]);
                let form = match operator.bytes().next() {
                    Some(b'}') => Form::Bare,
                    Some(b'-') => Form::Default,
                    Some(b'?') => Form::Demanded,
                    Some(b'+') => Form::Alternate,
                    _ => continue,
                };
                let end = if form == Form::Bare { after + 1 } else { after };
                found.push(Reference { name, range: start..end, form });
                at = end;
            }
            _ => {
                let name = name(text, at);
                at += name.len();
                if !name.is_empty() {
                    found.push(Reference { name, range: start..at, form: Form::Bare });
                }
            }
        }
    }
    found
}

/// The name that begins at an offset; empty where none does.
fn name(text: &str, at: usize) -> &str {
    let rest = &text[at..];
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return "";
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    &rest[..end]
}

/// Whether a text has a password hash in which the dollar signs are not escaped: what follows each is taken for a
/// variable and lost. Parts of the hash are no names that may be shown.
pub(super) fn has_bare_hash(text: &str) -> bool {
    const SCHEMES: [&str; 9] = ["apr1", "2a", "2b", "2y", "1", "5", "6", "argon2id", "argon2i"];
    SCHEMES.iter().any(|scheme| {
        let mark = format!("${scheme}$");
        text.match_indices(&mark).any(|(at, _)| {
            let is_escaped = text[..at].ends_with('$');
            let after = text[at + mark.len()..].bytes().next();
            !is_escaped && after.is_some_and(|byte| byte != b'$' && byte != b'{')
        })
    })
}

/// Variables that every login session sets.
pub(super) fn is_of_the_session(name: &str) -> bool {
    matches!(
        name,
        "HOME"
            | "USER"
            | "PWD"
            | "LOGNAME"
            | "SHELL"
            | "PATH"
            | "XDG_RUNTIME_DIR"
            | "DISPLAY"
            | "SSH_AUTH_SOCK"
    )
}

#[cfg(test)]
mod tests {
    use super::{Form, has_bare_hash, references};

    #[test]
    fn hashes_whose_dollar_signs_are_not_escaped() {
        assert!(has_bare_hash("user:$apr1$ab12$xyz"));
        assert!(has_bare_hash("$2y$05$abc"));
        assert!(!has_bare_hash("user:$$apr1$$ab12$$xyz"));
        assert!(!has_bare_hash("costs 2a$ or $A$B"));
    }

    #[test]
    fn references_of_all_forms() {
        let found = |text: &'static str| -> Vec<(&str, Form)> {
            references(text).into_iter().map(|reference| (reference.name, reference.form)).collect()
        };
        assert_eq!(found("$A ${B} $$C $${D}"), [("A", Form::Bare), ("B", Form::Bare)]);
        assert_eq!(found("${A:-x}${B-x}"), [("A", Form::Default), ("B", Form::Default)]);
        assert_eq!(found("${A:-${B}}"), [("A", Form::Default), ("B", Form::Bare)]);
        assert_eq!(found("${A:?no}${B:+y}"), [("A", Form::Demanded), ("B", Form::Alternate)]);
        assert_eq!(found("5$ and $1 and ${} and ${A"), []);
        assert_eq!(found("käse$A€"), [("A", Form::Bare)]);
    }

    #[test]
    fn a_bare_reference_covers_its_braces() {
        assert_eq!(references("x${AB}y")[0].range, 1..6);
        assert_eq!(references("x$AB.y")[0].range, 1..4);
    }
}
