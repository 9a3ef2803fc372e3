//! From a YAML document to the model: aliases expanded, merge keys merged, `!reset` and `!override` collected.
//!
//! The order of checks is the reference's: the tags, duplicate keys and alias cycles are found on the way down, merge
//! keys and key types when the mapping is built (go-yaml's decoder, compose-go's `ResetProcessor`).

use std::collections::HashMap;

use hardpan_diag::{Code, Diagnostic};
use hardpan_source::Span;
use hardpan_source::yaml::{Document, Kind, NodeIndex, Resolved, decode_binary, resolve_scalar};

use crate::keys::{self, Key};
use crate::origin::{Chain, Hop, Origin};
use crate::path::Trail;
use crate::session::Session;
use crate::tree::{Entry, Map, NodeId, Value};

/// The paths that a document marks with `!reset` or `!override`; they are deleted from what was loaded before it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resets {
    paths: Vec<Vec<Key>>,
}

impl Resets {
    /// True when the document marks nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Deletes the marked paths below `root`. List items cannot be reset, as in the reference.
    pub(crate) fn apply(&self, session: &mut Session<'_>, root: NodeId) {
        for path in &self.paths {
            let Some((&last, parents)) = path.split_last() else { continue };
            let parent = parents.iter().try_fold(root, |at, &key| session.tree.get(at, key));
            if let Some(parent) = parent {
                session.tree.remove(parent, last);
            }
        }
    }
}

/// How many nodes one document may become. Aliases can make a small file mean a huge one ("billion laughs"); the
/// largest real projects have about a hundred thousand nodes.
const NODES_MAX: usize = 4_000_000;

/// How deep the model may nest once aliases are expanded; go-yaml stops at the same depth before expansion.
pub(crate) const DEPTH_MAX: usize = 10_000;

/// Builds the model of one document. Problems are recorded and the rest is built, so that one broken line does not
/// hide the others.
pub(crate) fn build(session: &mut Session<'_>, document: &Document) -> (Option<NodeId>, Resets) {
    let first = session.tree.node_count();
    let mut builder = Builder {
        session,
        document,
        resets: Resets::default(),
        path: Vec::new(),
        trail: Trail::default(),
        chain: Chain::NONE,
        open: Vec::new(),
        alias_sites: HashMap::new(),
        first,
        depth: 0,
        stopped: false,
    };
    let root = document.root().and_then(|root| builder.node(root));
    (root, builder.resets)
}

struct Builder<'s, 'a> {
    session: &'s mut Session<'a>,
    document: &'s Document,
    resets: Resets,
    /// Keys from the top to the current node; list items count as their number.
    path: Vec<Key>,
    /// The same as text, for messages.
    trail: Trail,
    /// The aliases and merge keys that led here.
    chain: Chain,
    /// Alias targets being expanded; meeting one again is a cycle.
    open: Vec<NodeIndex>,
    /// Where each anchor has been used so far; see [`Builder::is_cycle`].
    alias_sites: HashMap<NodeIndex, Vec<String>>,
    first: usize,
    depth: usize,
    stopped: bool,
}

impl Builder<'_, '_> {
    /// The model of one YAML node; `None` where it is reset or cannot be built.
    fn node(&mut self, index: NodeIndex) -> Option<NodeId> {
        if self.stopped || !self.within_budget(index) {
            return None;
        }
        let document = self.document;
        let node = document.node(index);
        if let Kind::Alias { target, .. } = &node.kind {
            return self.alias(node.span, (*target)?);
        }
        match node.tag.as_deref().map(|tag| &*tag.name) {
            Some("!reset") => {
                self.resets.paths.push(self.path.clone());
                return None;
            }
            Some("!override") => self.resets.paths.push(self.path.clone()),
            _ => {}
        }
        self.depth += 1;
        let built = match &node.kind {
            Kind::Scalar(_) => self.scalar(index),
            Kind::Sequence(items) => Some(self.sequence(node.span, items)),
            Kind::Mapping(entries) => self.mapping(node.span, entries),
            Kind::Alias { .. } => None,
        };
        self.depth -= 1;
        built
    }

    fn within_budget(&mut self, index: NodeIndex) -> bool {
        let message = if self.depth >= DEPTH_MAX {
            format!("exceeded max depth of {DEPTH_MAX}")
        } else if self.session.tree.node_count() - self.first > NODES_MAX {
            "document contains excessive aliasing".to_owned()
        } else {
            return true;
        };
        let span = self.document.node(index).span;
        self.session.error("yaml::budget", span, format!("yaml: {message}"));
        self.stopped = true;
        false
    }

    fn origin(&self, span: Span) -> Origin {
        Origin { span, chain: self.chain }
    }

    fn alias(&mut self, span: Span, target: NodeIndex) -> Option<NodeId> {
        if self.is_cycle(target, span) {
            return None;
        }
        let outer = self.chain;
        self.chain = self.session.tree.chain(Hop::Alias { at: span }, outer);
        self.open.push(target);
        let built = self.node(target);
        self.open.pop();
        self.chain = outer;
        built
    }

    /// A cycle is an alias inside its own anchor. The reference decides by comparing the places where an anchor is
    /// used, which also refuses an anchor merged into a mapping and used again inside that mapping; so do we.
    fn is_cycle(&mut self, target: NodeIndex, span: Span) -> bool {
        let here = self.trail.as_str();
        let earlier = self.alias_sites.get(&target).map_or(&[][..], Vec::as_slice);
        let clash = earlier.iter().find(|site| nested(site, here) && !in_different_services(site, here));
        let clash = match clash {
            Some(site) => site.clone(),
            None if self.open.contains(&target) => here.to_owned(),
            None => {
                let here = here.to_owned();
                self.alias_sites.entry(target).or_default().push(here);
                return false;
            }
        };
        let message = format!("cycle detected: node at path {here} references node at path {clash}");
        let anchor = self.document.node(target);
        let at = anchor.anchor.as_ref().map_or(anchor.span, |anchor| anchor.span);
        self.session.diagnostics.push(
            Diagnostic::error(Code("yaml::alias-cycle"), message)
                .with_label(span, "this alias")
                .with_related(at, "stands for a node that contains it")
                .with_help("write the value out instead of the alias"),
        );
        true
    }

    fn scalar(&mut self, index: NodeIndex) -> Option<NodeId> {
        let document = self.document;
        let node = document.node(index);
        let Kind::Scalar(scalar) = &node.kind else { return None };
        let tag = node.tag.as_deref().map(|tag| &*tag.name).filter(|tag| *tag != "!override");
        let value = match resolve_scalar(scalar, tag) {
            Ok(resolved) => match resolved {
                Resolved::Null => Value::Null,
                Resolved::Bool(value) => Value::Bool(value),
                Resolved::Int(value) => Value::Int(value),
                Resolved::UInt(value) => Value::UInt(value),
                Resolved::Float(value) => Value::Float(value),
                Resolved::Timestamp => Value::Time(scalar.text.clone()),
                Resolved::Merge | Resolved::Str => Value::Str(scalar.text.clone()),
                Resolved::Binary => Value::str(String::from_utf8_lossy(&decode_binary(&scalar.text).ok()?)),
            },
            Err(error) => {
                self.session.error("yaml::scalar", node.span, format!("yaml: {error}"));
                return None;
            }
        };
        let origin = self.origin(node.span);
        Some(self.session.tree.add(value, origin))
    }

    fn sequence(&mut self, span: Span, items: &[NodeIndex]) -> NodeId {
        let mut built = Vec::with_capacity(items.len());
        for (at, &item) in items.iter().enumerate() {
            let number = at.to_string();
            self.enter(&number);
            built.extend(self.node(item));
            self.leave();
        }
        let origin = self.origin(span);
        self.session.tree.add(Value::Seq(built), origin)
    }

    fn enter(&mut self, part: &str) {
        let key = self.session.tree.key(part);
        self.path.push(key);
        self.trail.push(part);
    }

    fn leave(&mut self) {
        self.path.pop();
        self.trail.pop();
    }

    fn mapping(&mut self, span: Span, entries: &[(NodeIndex, NodeIndex)]) -> Option<NodeId> {
        let mut map = Map::default();
        let mut seen: HashMap<Key, Span> = HashMap::new();
        let mut merge = None;
        for &(key_index, value_index) in entries {
            let Some((key, key_span, is_merge)) = self.mapping_key(key_index) else { continue };
            // Small maps, nearly all of them, are scanned instead of hashed.
            let twin = if entries.len() <= SCAN_MAX {
                map.get(key).map(|entry| entry.key_span).or_else(|| seen.get(&key).copied())
            } else {
                seen.get(&key).copied()
            };
            if let Some(first) = twin {
                self.duplicate_key(key, key_span, first);
                continue;
            }
            if is_merge {
                seen.insert(key, key_span);
                merge = Some((key_span, value_index));
                continue;
            }
            let text = self.session.tree.key_str(key).to_owned();
            self.enter(&text);
            let value = self.node(value_index);
            self.leave();
            match value {
                Some(value) => map.set(Entry { key, key_span, value }),
                None => drop(seen.insert(key, key_span)),
            }
            if entries.len() > SCAN_MAX {
                seen.insert(key, key_span);
            }
        }
        if let Some((at, value)) = merge {
            self.merge(&mut map, at, value);
        }
        let origin = self.origin(span);
        Some(self.session.tree.add(Value::Map(Box::new(map)), origin))
    }

    /// The key's text, place, and whether it is a merge key. Other types than text are refused, as the reference does.
    fn mapping_key(&mut self, index: NodeIndex) -> Option<(Key, Span, bool)> {
        let document = self.document;
        let mut node = document.node(index);
        let span = node.span;
        if let Kind::Alias { target, .. } = &node.kind {
            node = document.node((*target)?);
        }
        let Kind::Scalar(scalar) = &node.kind else {
            self.session.error("yaml::key", span, "yaml: a mapping key must be text");
            return None;
        };
        let tag = node.tag.as_deref().map(|tag| &*tag.name);
        match resolve_scalar(scalar, tag) {
            Ok(Resolved::Str | Resolved::Binary) => {
                let key = self.session.tree.key(&scalar.text);
                Some((key, span, false))
            }
            Ok(Resolved::Merge) => Some((keys::MERGE, span, true)),
            Ok(_) => {
                let place = match self.trail.as_str() {
                    "" => "at top level".to_owned(),
                    path => format!("in {path}"),
                };
                let diagnostic =
                    Diagnostic::error(Code("yaml::key"), format!("non-string key {place}: {}", scalar.text))
                        .with_span(span)
                        .with_help(format!("quote the key: \"{}\"", scalar.text));
                self.session.diagnostics.push(diagnostic);
                None
            }
            Err(error) => {
                self.session.error("yaml::scalar", span, format!("yaml: {error}"));
                None
            }
        }
    }

    fn duplicate_key(&mut self, key: Key, span: Span, first: Span) {
        let line =
            |session: &Session<'_>, span: Span| session.files.get(span.file).line_column(span.start).line;
        let message = format!(
            "yaml: line {}: mapping key {:?} already defined at line {}",
            line(self.session, span),
            self.session.tree.key_str(key),
            line(self.session, first)
        );
        self.session.diagnostics.push(
            Diagnostic::error(Code("yaml::duplicate-key"), message)
                .with_label(span, "defined again here")
                .with_related(first, "first defined here")
                .with_help("keep one of the two"),
        );
    }

    /// Adds the entries of `<<` that the mapping does not have itself; of several sources the earlier wins.
    fn merge(&mut self, map: &mut Map, at: Span, value: NodeIndex) {
        let document = self.document;
        let mut target = document.node(value);
        if let Kind::Alias { target: Some(index), .. } = &target.kind {
            target = document.node(*index);
        }
        if target.tag.as_deref().is_some_and(|tag| &*tag.name == "!reset") {
            self.resets.paths.push(self.path.clone());
            return;
        }
        let sources: Vec<NodeIndex> = match &target.kind {
            Kind::Mapping(_) => vec![value],
            Kind::Sequence(items) => items.to_vec(),
            _ => return self.merge_wants_map(at, target.span),
        };
        let outer = self.chain;
        self.chain = self.session.tree.chain(Hop::Merge { at }, outer);
        let listed = matches!(target.kind, Kind::Sequence(_));
        for (number, source) in sources.into_iter().enumerate() {
            if !self.is_mapping(source) {
                self.merge_wants_map(at, self.document.node(source).span);
                continue;
            }
            if listed {
                self.enter(&number.to_string());
            }
            let built = self.node(source);
            if listed {
                self.leave();
            }
            let Some(built) = built else { continue };
            for entry in self.session.tree.entries(built).to_vec() {
                if map.get(entry.key).is_none() {
                    map.set(entry);
                }
            }
        }
        self.chain = outer;
    }

    fn is_mapping(&self, index: NodeIndex) -> bool {
        match &self.document.node(index).kind {
            Kind::Mapping(_) => true,
            Kind::Alias { target: Some(target), .. } => {
                matches!(self.document.node(*target).kind, Kind::Mapping(_))
            }
            _ => false,
        }
    }

    fn merge_wants_map(&mut self, at: Span, value: Span) {
        self.session.diagnostics.push(
            Diagnostic::error(
                Code("yaml::merge"),
                "yaml: map merge requires map or sequence of maps as the value",
            )
            .with_label(value, "not a mapping")
            .with_related(at, "merged here"),
        );
    }
}

/// Up to this many entries a mapping is scanned for duplicate keys instead of hashed.
const SCAN_MAX: usize = 24;

/// True where one of two different paths lies inside the other and neither is a merge.
fn nested(a: &str, b: &str) -> bool {
    let inside = |outer: &str, inner: &str| {
        inner.len() > outer.len() && inner.starts_with(outer) && inner.as_bytes()[outer.len()] == b'.'
    };
    (inside(a, b) || inside(b, a)) && !a.is_empty() && !b.is_empty()
}

fn in_different_services(a: &str, b: &str) -> bool {
    let service =
        |path: &str| path.strip_prefix("services.").map(|rest| rest.split('.').next().map(str::to_owned));
    matches!((service(a), service(b)), (Some(a), Some(b)) if a != b)
}
