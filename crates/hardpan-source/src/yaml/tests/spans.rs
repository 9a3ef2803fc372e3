//! Every part of a tree covers the bytes it was written as.

use super::{parsed, slice};
use crate::yaml::{Kind, Node, NodeIndex, Stream};

/// The nodes of a text in the order they were written, each with its source.
fn sources(text: &str) -> Vec<&str> {
    let stream = parsed(text);
    assert!(stream.errors.is_empty(), "{:?}", stream.errors);
    all_nodes(&stream).map(|node| slice(text, node.span)).collect()
}

fn all_nodes(stream: &Stream) -> impl Iterator<Item = &Node> {
    stream.documents.iter().flat_map(|document| {
        let first = document.root().map_or(0, NodeIndex::to_usize);
        (first..first + document.len()).map(move |position| document.node(NodeIndex::new(position)))
    })
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(sources(text), expected, "for {text:?}");
}

/// Checks where the one omitted node of a text is: `text` has a `^` there.
fn check_omitted(marked: &str) {
    let text = marked.replacen('^', "", 1);
    let stream = parsed(&text);
    let omitted: Vec<u32> =
        all_nodes(&stream).filter(|node| node.span.is_empty()).map(|node| node.span.start).collect();
    let place = marked.find('^').expect("the place is marked") as u32;
    assert_eq!(omitted, [place], "for {marked:?}");
}

#[test]
fn scalars_cover_their_quotes() {
    check("a: 'b'\n\"c\" : d e  # f\n", &["a: 'b'\n\"c\" : d e", "a", "'b'", "\"c\"", "d e"]);
    check("é: \"ü\u{1F600}\"", &["é: \"ü\u{1F600}\"", "é", "\"ü\u{1F600}\""]);
}

#[test]
fn scalars_of_several_lines_cover_all_of_them() {
    check("a: b\n  c  \n  # d\n", &["a: b\n  c", "a", "b\n  c"]);
    check("a: \"b\n  c\"\r\nd: e", &["a: \"b\n  c\"\r\nd: e", "a", "\"b\n  c\"", "d", "e"]);
}

#[test]
fn block_scalars_reach_from_their_header_to_their_last_line() {
    check("a: |\n  b\n  c\n\n\nd: e\n", &["a: |\n  b\n  c\n\n\nd: e", "a", "|\n  b\n  c", "d", "e"]);
    check(
        "a: !t # | >\n  >+2 # x\n  b \n\n  # c\n",
        &["a: !t # | >\n  >+2 # x\n  b \n\n  # c", "a", ">+2 # x\n  b \n\n  # c"],
    );
    check("a: |-\nb: c\n", &["a: |-\nb: c", "a", "|-", "b", "c"]);
    check("- |\n x", &["- |\n x", "|\n x"]);
}

#[test]
fn flow_collections_cover_their_brackets() {
    check("a: [b, {c: d}, ]\n", &["a: [b, {c: d}, ]", "a", "[b, {c: d}, ]", "b", "{c: d}", "c", "d"]);
    check("[a: b , \"c\":d]", &["[a: b , \"c\":d]", "a: b", "a", "b", "\"c\":d", "\"c\"", "d"]);
}

#[test]
fn block_collections_reach_from_the_first_key_or_dash_to_the_last_child() {
    check(
        "a:\n  - b\n  - c: d\n    e: f # g\n\n# h\ni: j\n",
        &[
            "a:\n  - b\n  - c: d\n    e: f # g\n\n# h\ni: j",
            "a",
            "- b\n  - c: d\n    e: f",
            "b",
            "c: d\n    e: f",
            "c",
            "d",
            "e",
            "f",
            "i",
            "j",
        ],
    );
    check("a:\n- b\n- c\nd: e", &["a:\n- b\n- c\nd: e", "a", "- b\n- c", "b", "c", "d", "e"]);
    check("? a\n: b\n", &["? a\n: b", "a", "b"]);
    check("&x a: b\n", &["&x a: b", "a", "b"]);
}

#[test]
fn omitted_nodes_stand_behind_what_announces_them() {
    check_omitted("a:^");
    check_omitted("a:^ # b\nc: d");
    check_omitted("a: !t^\nb: c");
    check_omitted("a: &x^\nb: c");
    check_omitted("- a\n-^\n- b");
    check_omitted("- -^\n  - a");
    check_omitted("a:\n-^\nb: c");
    check_omitted("{a: b, c:^ , d: e}");
    check_omitted("{a^ , b: c}");
    check_omitted("? a^\n");
    check_omitted("?^\n: a");
    check_omitted("---^ # a\n");
}

#[test]
fn tags_anchors_and_aliases_have_spans_of_their_own() {
    let text = "a: &x !<tag:yaml.org,2002:str> b\nc: !reset &y\n  d: *x\ne: [*y , *x]\n";
    let stream = parsed(text);
    let mut tags = Vec::new();
    let mut anchors = Vec::new();
    let mut aliases = Vec::new();
    for node in all_nodes(&stream) {
        tags.extend(node.tag.as_ref().map(|tag| (&*tag.name, slice(text, tag.span))));
        anchors.extend(node.anchor.as_ref().map(|anchor| (&*anchor.name, slice(text, anchor.span))));
        if let Kind::Alias { name, target } = &node.kind {
            let target = target.map(|target| slice(text, stream.documents[0].node(target).span));
            aliases.push((&**name, slice(text, node.span), target));
        }
    }
    assert_eq!(tags, [("!!str", "!<tag:yaml.org,2002:str>"), ("!reset", "!reset")]);
    assert_eq!(anchors, [("x", "&x"), ("y", "&y")]);
    let (x, y) = (Some("b"), Some("d: *x"));
    assert_eq!(aliases, [("x", "*x", x), ("y", "*y", y), ("x", "*x", x)]);
}

#[test]
fn comments_are_in_order_and_without_their_line_break() {
    let text = "# a\n\nb: c # d\r\n#\n- e: |# f\n";
    let text = text.replace("- e", "e");
    let stream = parsed(&text);
    let comments: Vec<&str> = stream.comments.iter().map(|comment| slice(&text, comment.span)).collect();
    assert_eq!(comments, ["# a", "# d", "#", "# f"]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_anything() {
    check("\u{FEFF}a: b", &["a: b", "a", "b"]);
}

#[test]
fn the_end_of_a_document_does_not_hide_the_ones_before_an_error() {
    let stream = parsed("a: b\n---\nc: d\n---\ne: [");
    assert_eq!(stream.documents.len(), 2);
    assert_eq!(stream.errors.len(), 1);
}
