//! Names and texts inside SQL: data definition takes no parameters, so what a plan says is quoted here.
//!
//! Not responsible for what may be a name; the plan's reader has refused NUL and what is too long. A newcomer needs to know one
//! thing: no SQL of this module's siblings contains a text of the plan that did not pass through here.

/// A name, as it is: case, spaces and quotes included.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Two names with a dot between them.
pub(super) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", identifier(schema), identifier(name))
}

/// A text. With a backslash in it, it is written in the form that means the same whatever `standard_conforming_strings` says.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// A role that gets or loses something; `public` is everybody.
pub(super) fn grantee(role: &str) -> String {
    if role == "public" { "PUBLIC".to_owned() } else { identifier(role) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_do_not_end_a_name_or_a_text() {
        assert_eq!(identifier(r#"a"; DROP ROLE b; --"#), r#""a""; DROP ROLE b; --""#);
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"\'; DROP ROLE b; --"), r"E'\\''; DROP ROLE b; --'");
        assert_eq!(qualified("App", "x y"), r#""App"."x y""#);
        assert_eq!((grantee("public"), grantee("Public")), ("PUBLIC".to_owned(), "\"Public\"".to_owned()));
    }
}
