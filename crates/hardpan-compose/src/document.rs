//! From a YAML document to the model: aliases expanded, merge keys merged, `!reset` and `!override` collected.
//!
//! The order of checks is the reference's: the tags, duplicate keys and alias cycles are found on the way down, merge
//! keys and key types when the mapping is built (go-yaml's decoder, compose-go's `ResetProcessor`).

use std::collections::{HashMap, HashSet};

use hardpan_diag::{Code, Diagnostic};
use hardpan_source::Span;
use hardpan_source::yaml::{Document, Kind, NodeIndex, Resolved, decode_binary, resolve_scalar};

use crate::alias_sites::AliasSites;
use crate::keys::{self, Key};
use crate::origin::{Chain, Hop, Origin};
use crate::path::Trail;
use crate::session::Session;
use crate::tree::{Entry, Map, NodeId, Value};

/// The paths that a document marks with `!reset` or `!override`; they are deleted from what was loaded before it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resets {
    paths: Vec<Vec<Key>>,
    /// Where in `paths` those below each service are.
    by_service: HashMap<Key, Vec<usize>>,
}

impl Resets {
    /// True when the document marks nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    fn push(&mut self, path: &[Key]) {
        if let [keys::SERVICES, service, _, ..] = path {
            self.by_service.entry(*service).or_default().push(self.paths.len());
        }
        self.paths.push(path.to_vec());
    }

    /// Deletes the paths that are marked below a service from that service's definition.
    pub(crate) fn apply_to_service(&self, session: &mut Session<'_>, name: Key, service: NodeId) {
        for &at in self.by_service.get(&name).map_or(&[][..], Vec::as_slice) {
            let Some((&last, parents)) = self.paths[at][2..].split_last() else { continue };
            let parent = parents.iter().try_fold(service, |at, &key| session.tree.get(at, key));
            if let Some(parent) = parent {
                session.tree.remove(parent, last);
            }
        }
    }

    /// Deletes the marked paths below `root`. List items cannot be reset, as in the reference.
    pub(crate) fn apply(&self, session: &mut Session<'_>, root: NodeId) {
        // Resets of one mapping follow each other, so they are gone in one pass over it.
        for siblings in self.paths.chunk_by(|a, b| a.split_last().map(|a| a.1) == b.split_last().map(|b| b.1))
        {
            let Some((_, parents)) = siblings[0].split_last() else { continue };
            let parent = parents.iter().try_fold(root, |at, &key| session.tree.get(at, key));
            if let Some(parent) = parent {
                let gone = siblings.iter().filter_map(|path| path.last().copied()).collect();
                session.tree.remove_all(parent, &gone);
            }
        }
    }
}

/// How many nodes of a document may be copies made by aliases, which can make a small file mean a huge one ("billion
/// laughs"). The largest real projects have about a hundred thousand nodes in all.
const NODES_MAX: usize = 4_000_000;

/// go-yaml's words for a document that is mostly aliases.
const EXCESSIVE_ALIASING: &str = "document contains excessive aliasing";

/// How deep the model may nest once aliases are expanded; go-yaml stops at the same depth before expansion.
pub(crate) const DEPTH_MAX: usize = 10_000;

/// Builds the model of one document. Problems are recorded and the rest is built, so that one broken line does not
/// hide the others.
pub(crate) fn build(session: &mut Session<'_>, document: &Document) -> (Option<NodeId>, Resets) {
    let mut builder = Builder {
        session,
        document,
        resets: Resets::default(),
        path: Vec::new(),
        trail: Trail::default(),
        chain: Chain::NONE,
        open: HashSet::new(),
        alias_sites: AliasSites::default(),
        followed: HashSet::new(),
        dropped: HashSet::new(),
        verbatim: false,
        copied: 0,
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
    open: HashSet<NodeIndex>,
    /// Where each anchor has been used so far; see [`Builder::is_cycle`].
    alias_sites: AliasSites,
    /// Aliases that were expanded once. The reference writes the target in the alias's place, so a second visit, by way
    /// of an anchor around it, meets no alias any more.
    followed: HashSet<NodeIndex>,
    /// Nodes that were reset. The reference takes them out of the YAML tree, so a second visit does not meet them either,
    /// and nothing is reset where the anchor around them is used.
    dropped: HashSet<NodeIndex>,
    /// Inside of `!override`: the reference looks for no tags there.
    verbatim: bool,
    /// Nodes visited by way of an alias.
    copied: usize,
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
            return self.alias(index, (*target)?);
        }
        let outer = self.verbatim;
        match node.tag.as_deref().map(|tag| &*tag.name) {
            Some("!reset") if !self.verbatim => {
                self.resets.push(&self.path);
                self.dropped.insert(index);
                return None;
            }
            Some("!override") if !self.verbatim => {
                self.resets.push(&self.path);
                self.verbatim = true;
            }
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
        self.verbatim = outer;
        built
    }

    fn within_budget(&mut self, index: NodeIndex) -> bool {
        let span = self.document.node(index).span;
        self.copied += usize::from(!self.open.is_empty());
        if self.depth >= DEPTH_MAX {
            self.stop(span, &format!("exceeded max depth of {DEPTH_MAX}"));
        } else if self.copied > NODES_MAX {
            self.stop(span, EXCESSIVE_ALIASING);
        } else if !self.session.may_grow(span) {
            self.stopped = true;
        }
        !self.stopped
    }

    fn stop(&mut self, span: Span, message: &str) {
        self.session.error("yaml::budget", span, format!("yaml: {message}"));
        self.stopped = true;
    }

    fn origin(&self, span: Span) -> Origin {
        Origin { span, chain: self.chain }
    }

    fn alias(&mut self, index: NodeIndex, target: NodeIndex) -> Option<NodeId> {
        let span = self.document.node(index).span;
        if self.is_cycle(index, target, span) {
            return None;
        }
        let outer = self.chain;
        self.chain = self.session.tree.chain(Hop::Alias { at: span }, outer);
        self.open.insert(target);
        let built = self.node(target);
        self.open.remove(&target);
        self.chain = outer;
        if !self.verbatim {
            self.followed.insert(index);
            if self.dropped.contains(&target) {
                self.dropped.insert(index);
            }
        }
        built
    }

    /// A cycle is an alias inside its own anchor. The reference decides by comparing the places where an anchor is
    /// used, which also refuses an anchor merged into a mapping and used again inside that mapping; so do we.
    fn is_cycle(&mut self, alias: NodeIndex, target: NodeIndex, span: Span) -> bool {
        let here = self.trail.as_str();
        let is_judged = self.verbatim || self.followed.contains(&alias);
        let clash = if is_judged { None } else { self.alias_sites.clash(target, here) };
        let clash = match clash {
            Some(site) => site.to_owned(),
            None if self.open.contains(&target) => here.to_owned(),
            None if is_judged => return false,
            None => {
                if self.alias_sites.add(target, here).is_err() {
                    self.stop(span, EXCESSIVE_ALIASING);
                }
                return self.stopped;
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
        let tag = node.tag.as_deref().map(|tag| &*tag.name);
        if tag == Some("!override") && matches!(resolve_scalar(scalar, None), Ok(Resolved::Null)) {
            self.overridden_by_null(node.span, &scalar.text);
        }
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

    /// To go-yaml a tag of one's own makes text of a scalar, so `!override null` is the text `null`.
    fn overridden_by_null(&mut self, span: Span, text: &str) {
        let diagnostic = Diagnostic::warning(
            Code("compose::override-by-text"),
            format!("{}: `!override` makes the text {text:?} of a null", self.trail.as_str()),
        )
        .with_span(span)
        .with_help("use `!reset null` to delete the value")
        .with_note("Docker Compose reads a scalar behind `!override` as text");
        self.session.diagnostics.push(diagnostic);
    }

    fn reset_without_effect(&mut self, index: NodeIndex, message: &str) {
        let diagnostic = Diagnostic::warning(Code("compose::reset-without-effect"), message)
            .with_span(self.document.node(index).span)
            .with_help("write the `!reset` where the value is, or replace the value with `!override`")
            .with_note("Docker Compose ignores it without a word");
        self.session.diagnostics.push(diagnostic);
    }

    fn sequence(&mut self, span: Span, items: &[NodeIndex]) -> NodeId {
        let mut built = Vec::with_capacity(items.len());
        let dropped = &self.dropped;
        let present: Vec<NodeIndex> = items.iter().copied().filter(|item| !dropped.contains(item)).collect();
        for (at, item) in present.into_iter().enumerate() {
            let number = at.to_string();
            self.enter(&number);
            built.extend(self.node(item));
            self.leave();
            if self.dropped.contains(&item) {
                self.reset_without_effect(item, "`!reset` deletes no items of lists");
            }
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
            if self.dropped.contains(&value_index) {
                self.reset_without_effect(
                    value_index,
                    "`!reset` counts where its anchor stands, not where it is used",
                );
                continue;
            }
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
        if !self.verbatim && target.tag.as_deref().is_some_and(|tag| &*tag.name == "!reset") {
            self.resets.push(&self.path);
            self.dropped.insert(value);
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
