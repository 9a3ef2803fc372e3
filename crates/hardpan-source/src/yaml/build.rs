//! Turns events into trees, with an explicit stack in place of recursion.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::yaml::cursor::first_forbidden;
use crate::yaml::grammar::{Event, Grammar, Properties, Range};
use crate::yaml::problem::{Fault, Problem};
use crate::yaml::syntax;
use crate::yaml::{Anchor, Comment, Document, Kind, Node, NodeIndex, Scalar, Stream, SyntaxError, Tag};
use crate::{FileId, Span};

/// How many unknown anchors are reported for one text. go-yaml stops at the first; past these, nobody reads on.
const UNKNOWN_ANCHORS_MAX: usize = 100;

/// How many nodes one text may hold. A node takes about a hundred bytes, so this is a gigabyte; texts of the loader's
/// largest size hold fewer unless they consist of values of one character.
const NODES_MAX: usize = 10_000_000;

/// Parses one text, with all documents it holds, into trees that know their bytes.
///
/// Never panics, and never recurses on the depth of the input. After the first syntax error nothing more is read, as in
/// go-yaml; the documents before it are complete. An unknown anchor is an error too, but reading goes on behind it.
#[must_use]
pub fn parse(text: &str, file: FileId) -> Stream {
    let forbidden = first_forbidden(text);
    let readable = &text[..forbidden.unwrap_or(text.len())];
    let mut builder = Builder::new(readable, file);
    let mut grammar = Grammar::new(readable);
    let fault = builder.read(&mut grammar).err();
    if let Some(fault) = fault.filter(|fault| forbidden.is_none() || fault.at < last_line_start(readable)) {
        builder.errors.push(syntax::explain(fault, text, file));
    }
    if let Some(at) = forbidden {
        let fault = Fault { problem: Problem::ControlCharacter, at, context: at };
        builder.errors.push(syntax::explain(fault, text, file));
    }
    let comments =
        grammar.scanner.comments.iter().map(|&range| Comment { span: builder.span(range) }).collect();
    builder.finish(comments)
}

/// Where a text is cut short by a character that may not be read, only what is wrong before that line is wrong for
/// sure: the rest may just lack its end.
fn last_line_start(text: &str) -> usize {
    text.rfind('\n').map_or(0, |before| before + 1)
}

/// A collection whose end has not come yet.
struct Open {
    node: NodeIndex,
    first_child: usize,
    is_mapping: bool,
}

struct Builder<'text> {
    text: &'text str,
    file: FileId,
    nodes: Vec<Node>,
    /// The open collections, outermost first.
    open: Vec<Open>,
    /// The children so far of every open collection, those of the innermost last.
    children: Vec<NodeIndex>,
    /// The latest node of each anchor name. Kept from document to document, as go-yaml does.
    anchors: HashMap<&'text str, NodeIndex>,
    first_of_document: usize,
    roots: Vec<(NodeIndex, usize)>,
    errors: Vec<SyntaxError>,
}

impl<'text> Builder<'text> {
    fn new(text: &'text str, file: FileId) -> Self {
        Self {
            text,
            file,
            nodes: Vec::new(),
            open: Vec::new(),
            children: Vec::new(),
            anchors: HashMap::new(),
            first_of_document: 0,
            roots: Vec::new(),
            errors: Vec::new(),
        }
    }

    fn read(&mut self, grammar: &mut Grammar<'text>) -> Result<(), Fault> {
        loop {
            if self.nodes.len() >= NODES_MAX {
                let at = self.nodes.last().map_or(0, |node| node.span.start as usize);
                return Err(Fault { problem: Problem::TooManyNodes, at, context: at });
            }
            match grammar.next()? {
                Event::StreamEnd => return Ok(()),
                Event::DocumentStart => self.first_of_document = self.nodes.len(),
                Event::DocumentEnd => self.end_document(),
                Event::Alias(range) => self.alias(range),
                Event::Scalar { style, value, range, properties } => {
                    let text = match value {
                        Cow::Borrowed(text) => text.into(),
                        Cow::Owned(text) => text.into_boxed_str(),
                    };
                    self.push(Kind::Scalar(Scalar { style, text }), range, properties);
                }
                Event::SequenceStart { range, properties } => self.start(false, range, properties),
                Event::MappingStart { range, properties } => self.start(true, range, properties),
                Event::CollectionEnd(end) => self.end(end),
            }
        }
    }

    fn alias(&mut self, range: Range) {
        let name = &self.text[range.0 + 1..range.1];
        let target = self.anchors.get(name).copied();
        if target.is_none() && self.errors.len() < UNKNOWN_ANCHORS_MAX {
            let known = self.anchors.keys().copied();
            self.errors.push(syntax::unknown_anchor(name, known, self.span(range)));
        }
        self.push(Kind::Alias { name: name.into(), target }, range, Properties::default());
    }

    fn start(&mut self, is_mapping: bool, range: Range, properties: Properties) {
        // The kind is a placeholder until the end event brings the children.
        let node = self.push(Kind::Sequence(Box::default()), range, properties);
        self.open.push(Open { node, first_child: self.children.len(), is_mapping });
    }

    fn end(&mut self, end: Option<usize>) {
        let Some(open) = self.open.pop() else { return };
        let children = &self.children[open.first_child..];
        let last = children.last().map(|last| self.nodes[last.to_usize()].span.end);
        let kind = if open.is_mapping {
            Kind::Mapping(children.chunks_exact(2).map(|entry| (entry[0], entry[1])).collect())
        } else {
            Kind::Sequence(children.into())
        };
        self.children.truncate(open.first_child);
        let node = &mut self.nodes[open.node.to_usize()];
        node.kind = kind;
        node.span.end = end.map(offset).or(last).unwrap_or(node.span.end);
    }

    fn push(&mut self, kind: Kind, range: Range, properties: Properties) -> NodeIndex {
        let index = NodeIndex::new(self.nodes.len());
        let anchor = properties.anchor.map(|range| {
            let name = &self.text[range.0 + 1..range.1];
            self.anchors.insert(name, index);
            Box::new(Anchor { name: name.into(), span: self.span(range) })
        });
        let tag = properties.tag.map(|(name, range)| Box::new(Tag { name, span: self.span(range) }));
        self.nodes.push(Node { kind, span: self.span(range), tag, anchor });
        self.children.push(index);
        index
    }

    fn end_document(&mut self) {
        if let Some(root) = self.children.pop() {
            self.roots.push((root, self.nodes.len() - self.first_of_document));
        }
    }

    fn finish(mut self, comments: Vec<Comment>) -> Stream {
        let complete = self.roots.last().map_or(0, |&(root, len)| root.to_usize() + len);
        // What was begun and not finished is in no document; its collections have no children yet.
        self.nodes.truncate(complete);
        self.nodes.shrink_to_fit();
        let nodes = Arc::new(self.nodes);
        let documents =
            self.roots.into_iter().map(|(root, len)| Document::new(Arc::clone(&nodes), root, len)).collect();
        Stream { documents, errors: self.errors, comments }
    }

    fn span(&self, (start, end): Range) -> Span {
        Span::new(self.file, offset(start), offset(end))
    }
}

/// Invariant: a text is shorter than 4 GiB, as [`FileTable::add`](crate::FileTable::add) asserts.
fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("a source text is shorter than 4 GiB")
}
