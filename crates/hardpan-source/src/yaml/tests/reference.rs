//! What go-yaml 3.0.4 makes of a text, we make of it too: the same tree, or the same error.

use super::reference_table::REFERENCE;
use super::{outcome, parsed, rendered};
use crate::yaml::Kind;

#[test]
fn every_text_of_the_table_has_the_outcome_of_the_reference() {
    for &(text, expected) in REFERENCE {
        assert_eq!(outcome(&parsed(text)), expected, "for {text:?}");
    }
}

#[test]
fn a_simple_key_may_have_1024_characters() {
    let key = "é".repeat(1024);
    assert_eq!(outcome(&parsed(&format!("{key}: v"))), format!("{{={key}: =v}}"));
    assert_eq!(
        outcome(&parsed(&format!("{key}k: v"))),
        "error: mapping values are not allowed in this context"
    );
    assert_eq!(outcome(&parsed(&format!("a: b\n{key}k: v"))), "error: could not find expected ':'");
}

#[test]
fn any_number_of_comments_may_stand_in_a_row() {
    let comments = "# c\n".repeat(5000);
    let stream = parsed(&format!("a:\n{comments}  b: c\n"));
    assert_eq!(outcome(&stream), "{=a: {=b: =c}}");
    assert_eq!(stream.comments.len(), 5000);
}

#[test]
fn an_alias_may_name_an_anchor_of_an_earlier_document() {
    let stream = parsed("a: &x 1\n---\nb: *x\n");
    assert_eq!(outcome(&stream), "{=a: &x =1} --- {=b: *x}");
    let second = &stream.documents[1];
    let target = stream.documents[1].root().and_then(|root| match &second.node(root).kind {
        Kind::Mapping(entries) => match second.node(entries[0].1).kind {
            Kind::Alias { target, .. } => target,
            _ => None,
        },
        _ => None,
    });
    assert_eq!(target.map(|target| rendered(second, target)), Some("&x =1".to_owned()));
}
