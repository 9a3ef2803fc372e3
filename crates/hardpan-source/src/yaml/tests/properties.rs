//! Whatever the text, parsing it ends, and every span can be relied on.

use proptest::prelude::*;

use super::parsed;
use crate::Span;
use crate::yaml::{Document, Kind, NodeIndex, Stream};

/// Pieces that YAML gives a meaning to, so that random texts reach the odd corners.
const PIECES: &[&str] = &[
    "a",
    "b: ",
    "c:",
    "- ",
    "-",
    "? ",
    ": ",
    ":",
    " ",
    "  ",
    "\n",
    "\n  ",
    "\n    ",
    "\t",
    "# c",
    "#",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&x ",
    "*x",
    "&",
    "!t ",
    "!!str ",
    "!",
    "!<t> ",
    "|",
    "|\n",
    ">-\n",
    "|2\n",
    "'",
    "\"",
    "\\",
    "\\x41",
    "---",
    "\n---\n",
    "\n...\n",
    "%YAML 1.1\n",
    "%TAG ! x\n",
    "<<: ",
    "@",
    "`",
    "é",
    "\u{2028}",
    "\u{85}",
    "\r\n",
    "\r",
    "\u{FEFF}",
    "1",
    "~",
    "key: value\n",
    "  - x\n",
    "\u{1F600}",
    "\u{7}",
    "\0",
];

fn yaml_like() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let stream = parsed(text);
    let in_text = |span: Span| text.get(span.start as usize..span.end as usize).is_some();
    prop_assert!(stream.comments.iter().all(|comment| in_text(comment.span)));
    prop_assert!(stream.comments.is_sorted_by_key(|comment| comment.span.start));
    prop_assert!(stream.errors.iter().all(|error| in_text(error.span)));
    prop_assert!(!stream.errors.iter().any(|error| error.message.is_empty()));
    check_trees(&stream, in_text)
}

fn check_trees(stream: &Stream, in_text: impl Fn(Span) -> bool) -> Result<(), TestCaseError> {
    for document in &stream.documents {
        let root = document.root().expect("a parsed document has a root");
        for position in root.to_usize()..root.to_usize() + document.len() {
            let index = NodeIndex::new(position);
            let node = document.node(index);
            prop_assert!(in_text(node.span));
            prop_assert!(
                node.tag.as_ref().is_none_or(|tag| in_text(tag.span) && tag.span.end <= node.span.start)
            );
            prop_assert!(
                node.anchor.as_ref().is_none_or(|it| in_text(it.span) && it.span.end <= node.span.start)
            );
            let mut end = node.span.start;
            for child in children(document, index) {
                let span = document.node(child).span;
                prop_assert!(child > index, "a parent comes before its children");
                prop_assert!(
                    end <= span.start && span.end <= node.span.end,
                    "children lie in their parent in order"
                );
                end = span.end;
            }
            if let Kind::Alias { name, target: None } = &node.kind {
                let is_reported = stream.errors.iter().any(|error| error.message.contains(&**name));
                prop_assert!(is_reported);
            }
        }
    }
    Ok(())
}

fn children(document: &Document, index: NodeIndex) -> Vec<NodeIndex> {
    match &document.node(index).kind {
        Kind::Sequence(items) => items.to_vec(),
        Kind::Mapping(entries) => entries.iter().flat_map(|&(key, value)| [key, value]).collect(),
        Kind::Scalar(_) | Kind::Alias { .. } => Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn spans_of_any_text_are_sound(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn spans_of_yaml_like_text_are_sound(text in yaml_like()) {
        check(&text)?;
    }
}
