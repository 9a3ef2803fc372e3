//! Tests of the whole way from text to tree, through the public functions.

mod depth;
mod errors;
mod properties;
mod reference;
mod reference_table;
mod scalars;
mod spans;

use crate::yaml::{Document, Kind, NodeIndex, ScalarStyle, Stream, parse};
use crate::{FileId, FileTable, Span};

/// Parses a text that is a file of its own.
fn parsed(text: &str) -> Stream {
    parse(text, file())
}

fn file() -> FileId {
    FileTable::new().add("test.yml", "")
}

/// The bytes of a span.
fn slice(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

/// A tree in one line: `=` plain, `'` and `"` quoted, `|` literal, `>` folded, `*` alias, `&` anchor, `<tag>`.
fn rendered(document: &Document, index: NodeIndex) -> String {
    let node = document.node(index);
    let mut out = String::new();
    if let Some(anchor) = &node.anchor {
        out += &format!("&{} ", anchor.name);
    }
    if let Some(tag) = node.tag.as_ref().filter(|tag| &*tag.name != "!") {
        out += &format!("<{}> ", tag.name);
    }
    match &node.kind {
        Kind::Scalar(scalar) => {
            out.push(match scalar.style {
                ScalarStyle::Plain => '=',
                ScalarStyle::SingleQuoted => '\'',
                ScalarStyle::DoubleQuoted => '"',
                ScalarStyle::Literal => '|',
                ScalarStyle::Folded => '>',
            });
            out += &scalar.text;
        }
        Kind::Sequence(items) => {
            let items: Vec<String> = items.iter().map(|&item| rendered(document, item)).collect();
            out += &format!("[{}]", items.join(", "));
        }
        Kind::Mapping(entries) => {
            let entry =
                |&(key, value): &_| format!("{}: {}", rendered(document, key), rendered(document, value));
            out += &format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "));
        }
        Kind::Alias { name, .. } => out += &format!("*{name}"),
    }
    out
}

/// All documents of a stream, or its first error.
fn outcome(stream: &Stream) -> String {
    if let Some(error) = stream.errors.first() {
        return format!("error: {}", error.message);
    }
    let documents = stream.documents.iter().filter_map(|document| Some(rendered(document, document.root()?)));
    documents.collect::<Vec<_>>().join(" --- ")
}
