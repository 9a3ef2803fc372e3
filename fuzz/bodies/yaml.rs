//! The YAML parser: it ends, every span is a piece of the text, and every scalar can be resolved.

use hardpan_source::yaml::{Document, Kind, NodeIndex, parse, resolve_scalar};
use hardpan_source::{FileTable, Span};

/// Parses one text and checks what comes of it.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut files = FileTable::new();
    let file = files.add("fuzz.yml", text);
    let stream = parse(text, file);
    for error in &stream.errors {
        check_span(text, error.span);
        assert!(!error.message.is_empty(), "an error says what is wrong");
        let _ = files.get(file).line_column(error.span.start);
    }
    for comment in &stream.comments {
        check_span(text, comment.span);
        assert!(files.text(comment.span).starts_with('#'), "a comment begins with its mark");
    }
    let mut end = 0;
    for document in &stream.documents {
        let root = document.root().expect("a parsed document has a root");
        assert!(root.to_usize() >= end, "documents share no node");
        end = root.to_usize() + document.len();
        check_tree(text, document, root);
    }
}

/// Walks a tree without recursion and without following aliases.
fn check_tree(text: &str, document: &Document, root: NodeIndex) {
    let mut open = vec![root];
    let mut count = 0;
    while let Some(index) = open.pop() {
        count += 1;
        let node = document.node(index);
        check_span(text, node.span);
        if let Some(tag) = &node.tag {
            check_span(text, tag.span);
        }
        if let Some(anchor) = &node.anchor {
            check_span(text, anchor.span);
        }
        let children: Vec<NodeIndex> = match &node.kind {
            Kind::Scalar(scalar) => {
                let _ = resolve_scalar(scalar, node.tag.as_deref().map(|tag| &*tag.name));
                let _ = resolve_scalar(scalar, None);
                Vec::new()
            }
            Kind::Sequence(items) => items.to_vec(),
            Kind::Mapping(entries) => entries.iter().flat_map(|&(key, value)| [key, value]).collect(),
            Kind::Alias { target, .. } => {
                if let Some(target) = *target {
                    let _ = document.node(target);
                }
                Vec::new()
            }
        };
        for child in children {
            assert!(child > index, "a parent's index is smaller than its children's");
            let span = document.node(child).span;
            assert!(
                span.start >= node.span.start && span.end <= node.span.end,
                "a collection covers its children: {:?} in {:?}",
                span,
                node.span
            );
            open.push(child);
        }
    }
    assert_eq!(count, document.len(), "a document counts the nodes it wrote");
}

fn check_span(text: &str, span: Span) {
    assert!(
        text.get(span.start as usize..span.end as usize).is_some(),
        "a span is a piece of the text: {span:?} of {} bytes",
        text.len()
    );
}
