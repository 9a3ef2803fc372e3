//! The model's storage: one arena of nodes, each a value with its origin.
//!
//! Nodes are named by [`NodeId`] and never freed before the tree is, so a deep or wide model is dropped without
//! recursion and a reference to a node is a `u32`. Stages of the resolver change nodes in place; a node that has two
//! parents (alias, `extends`) is copied first, because the copies have different origins.

use foldhash::{HashMap, HashMapExt as _, HashSet};
use hardpan_source::Span;

use crate::keys::{self, Key};
use crate::origin::{Chain, Chains, Hop, Origin};

/// Names one node of a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

/// A value as go-yaml resolves it, before or after interpolation and casts.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An integer above the range of [`Value::Int`].
    UInt(u64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Str(Box<str>),
    /// An unquoted date or time, which go-yaml turns into a timestamp and no attribute accepts. Holds the text.
    Time(Box<str>),
    /// A sequence.
    Seq(Vec<NodeId>),
    /// A mapping, in the order written.
    Map(Box<Map>),
}

impl Value {
    /// Text from anything that becomes a string.
    pub fn str(text: impl Into<Box<str>>) -> Self {
        Self::Str(text.into())
    }

    /// The word of the Compose error messages for this kind of value.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::UInt(_) => "integer",
            Self::Float(_) => "number",
            Self::Str(_) => "string",
            Self::Time(_) => "timestamp",
            Self::Seq(_) => "array",
            Self::Map(_) => "mapping",
        }
    }
}

/// One key and its value in a [`Map`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// Where the key is written.
    pub key_span: Span,
    /// The value.
    pub value: NodeId,
}

/// A mapping that keeps the order of its entries and finds them fast.
#[derive(Clone, Debug, Default)]
pub struct Map {
    entries: Vec<Entry>,
    /// Built when the map outgrows [`Map::SCAN_MAX`]; smaller maps are scanned.
    index: Option<HashMap<Key, u32>>,
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Map {
    /// Up to this many entries a scan over 4-byte keys beats hashing.
    const SCAN_MAX: usize = 24;

    /// The entries in the order written.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True without entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn position(&self, key: Key) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(&key).map(|&at| at as usize),
            None => self.entries.iter().position(|entry| entry.key == key),
        }
    }

    /// The entry of a key.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&Entry> {
        self.position(key).map(|at| &self.entries[at])
    }

    /// Sets a key: replaces the value in place, or appends.
    pub fn set(&mut self, entry: Entry) {
        if let Some(at) = self.position(entry.key) {
            self.entries[at] = entry;
            return;
        }
        if let Some(index) = &mut self.index {
            index.insert(entry.key, small(self.entries.len()));
        }
        self.entries.push(entry);
        if self.index.is_none() && self.entries.len() > Self::SCAN_MAX {
            self.reindex();
        }
    }

    /// Removes a key and keeps the order of the others.
    pub fn remove(&mut self, key: Key) -> Option<Entry> {
        let at = self.position(key)?;
        let entry = self.entries.remove(at);
        if self.index.is_some() {
            self.reindex();
        }
        Some(entry)
    }

    /// Removes many keys at the cost of one pass, and keeps the order of the others.
    pub fn remove_all(&mut self, gone: &HashSet<Key>) {
        self.entries.retain(|entry| !gone.contains(&entry.key));
        if self.index.is_some() {
            self.reindex();
        }
    }

    fn reindex(&mut self) {
        self.index = Some(self.entries.iter().enumerate().map(|(at, e)| (e.key, small(at))).collect());
    }
}

impl FromIterator<Entry> for Map {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut map = Self::default();
        for entry in entries {
            map.set(entry);
        }
        map
    }
}

#[derive(Clone, Debug)]
struct Node {
    value: Value,
    origin: Origin,
}

/// What a node takes with its entry in a mapping and its share of allocations.
const NODE_BYTES: usize = 64;

/// The arena.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    keys: keys::Interner,
    chains: Chains,
    bytes: usize,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: Vec::new(), keys: keys::Interner::new(), chains: Chains::default(), bytes: 0 }
    }
}

impl Tree {
    /// Adds a node.
    pub(crate) fn add(&mut self, value: Value, origin: Origin) -> NodeId {
        let id = NodeId(small(self.nodes.len()));
        self.bytes += NODE_BYTES;
        if let Value::Str(text) | Value::Time(text) = &value {
            self.bytes += text.len();
        }
        self.nodes.push(Node { value, origin });
        id
    }

    /// Adds an empty mapping.
    pub(crate) fn add_map(&mut self, origin: Origin) -> NodeId {
        self.add(Value::Map(Box::default()), origin)
    }

    /// Adds text.
    pub(crate) fn add_str(&mut self, text: impl Into<Box<str>>, origin: Origin) -> NodeId {
        self.add(Value::Str(text.into()), origin)
    }

    /// About how much memory all nodes made so far take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Notes text that was put into a node later than it was made.
    pub(crate) fn count_text(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// The value of a node.
    pub(crate) fn value(&self, id: NodeId) -> &Value {
        &self.nodes[id.0 as usize].value
    }

    /// The value of a node, to change.
    pub(crate) fn value_mut(&mut self, id: NodeId) -> &mut Value {
        &mut self.nodes[id.0 as usize].value
    }

    /// Where a node comes from.
    pub(crate) fn origin(&self, id: NodeId) -> Origin {
        self.nodes[id.0 as usize].origin
    }

    /// The bytes a node comes from.
    pub(crate) fn span(&self, id: NodeId) -> Span {
        self.origin(id).span
    }

    /// Gives a node another origin.
    pub(crate) fn set_origin(&mut self, id: NodeId, origin: Origin) {
        self.nodes[id.0 as usize].origin = origin;
    }

    /// Prepends a hop to the chain of a node.
    pub(crate) fn add_hop(&mut self, id: NodeId, hop: Hop) {
        let chain = self.chains.push(hop, self.origin(id).chain);
        self.nodes[id.0 as usize].origin.chain = chain;
    }

    /// Makes a chain that starts with `hop` and goes on with `rest`.
    pub(crate) fn chain(&mut self, hop: Hop, rest: Chain) -> Chain {
        self.chains.push(hop, rest)
    }

    /// The hops of a chain, the latest first.
    pub(crate) fn hops(&self, chain: Chain) -> impl Iterator<Item = &Hop> {
        self.chains.hops(chain)
    }

    /// Interns a key.
    pub(crate) fn key(&mut self, text: &str) -> Key {
        self.keys.intern(text)
    }

    /// The key of this text, if any map ever had it.
    pub(crate) fn find_key(&self, text: &str) -> Option<Key> {
        self.keys.find(text)
    }

    /// The text of a key.
    pub(crate) fn key_str(&self, key: Key) -> &str {
        self.keys.text(key)
    }

    /// The mapping in a node, if it is one.
    pub(crate) fn map(&self, id: NodeId) -> Option<&Map> {
        match self.value(id) {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The entries of a node; none where it is not a mapping.
    pub(crate) fn entries(&self, id: NodeId) -> &[Entry] {
        self.map(id).map_or(&[], Map::entries)
    }

    /// The entry at a position of a mapping.
    pub(crate) fn entry(&self, id: NodeId, at: usize) -> Option<Entry> {
        self.entries(id).get(at).copied()
    }

    /// The items of a node; none where it is not a sequence.
    pub(crate) fn items(&self, id: NodeId) -> &[NodeId] {
        match self.value(id) {
            Value::Seq(items) => items,
            _ => &[],
        }
    }

    /// The text of a node, if it is text.
    pub(crate) fn str(&self, id: NodeId) -> Option<&str> {
        match self.value(id) {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// True for an explicit or implicit null.
    pub(crate) fn is_null(&self, id: NodeId) -> bool {
        matches!(self.value(id), Value::Null)
    }

    /// The value of a key.
    pub(crate) fn get(&self, id: NodeId, key: Key) -> Option<NodeId> {
        self.get_entry(id, key).map(|entry| entry.value)
    }

    /// The entry of a key.
    pub(crate) fn get_entry(&self, id: NodeId, key: Key) -> Option<Entry> {
        self.map(id)?.get(key).copied()
    }

    /// The text of a key's value.
    pub(crate) fn get_str(&self, id: NodeId, key: Key) -> Option<&str> {
        self.str(self.get(id, key)?)
    }

    /// Sets a key of a mapping; `key_span` is where the key is written, or what stands for it.
    pub(crate) fn set(&mut self, id: NodeId, key: Key, key_span: Span, value: NodeId) {
        if let Value::Map(map) = self.value_mut(id) {
            map.set(Entry { key, key_span, value });
        }
    }

    /// Replaces the value of a key that is there.
    pub(crate) fn replace(&mut self, id: NodeId, key: Key, value: NodeId) {
        if let Some(entry) = self.get_entry(id, key) {
            self.set(id, key, entry.key_span, value);
        }
    }

    /// Sets a key that the resolver adds by itself; it stands where the mapping stands.
    pub(crate) fn set_implied(&mut self, id: NodeId, key: Key, value: Value, reason: &'static str) -> NodeId {
        let span = self.span(id);
        let chain = self.chains.push(Hop::Implied { reason }, Chain::NONE);
        let node = self.add(value, Origin { span, chain });
        self.set(id, key, span, node);
        node
    }

    /// Removes a key of a mapping.
    pub(crate) fn remove(&mut self, id: NodeId, key: Key) -> Option<Entry> {
        match self.value_mut(id) {
            Value::Map(map) => map.remove(key),
            _ => None,
        }
    }

    /// Removes many keys of a mapping at the cost of one pass.
    pub(crate) fn remove_all(&mut self, id: NodeId, gone: &HashSet<Key>) {
        if !gone.is_empty()
            && let Value::Map(map) = self.value_mut(id)
        {
            map.remove_all(gone);
        }
    }

    /// A deep copy whose every node has one more hop in front.
    pub(crate) fn copy_with_hop(&mut self, id: NodeId, hop: &Hop) -> NodeId {
        self.copy_inner(id, hop, &mut HashMap::new())
    }

    fn copy_inner(&mut self, id: NodeId, hop: &Hop, made: &mut HashMap<Chain, Chain>) -> NodeId {
        let mut origin = self.origin(id);
        // Most nodes of a template share one chain, so the longer one is made once per distinct chain.
        origin.chain = match made.get(&origin.chain) {
            Some(&chain) => chain,
            None => {
                let chain = self.chains.push(hop.clone(), origin.chain);
                made.insert(origin.chain, chain);
                chain
            }
        };
        let value = match self.value(id).clone() {
            Value::Seq(items) => {
                Value::Seq(items.into_iter().map(|item| self.copy_inner(item, hop, made)).collect())
            }
            Value::Map(mut map) => {
                for entry in &mut map.entries {
                    entry.value = self.copy_inner(entry.value, hop, made);
                }
                Value::Map(map)
            }
            scalar => scalar,
        };
        self.add(value, origin)
    }

    /// Equality of values and types, origins and key order aside: what Go's `reflect.DeepEqual` says of the reference's model.
    pub(crate) fn equal(&self, a: NodeId, b: NodeId) -> bool {
        if a == b {
            return true;
        }
        match (self.value(a), self.value(b)) {
            (Value::Seq(a), Value::Seq(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| self.equal(a, b))
            }
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len()
                    && a.entries.iter().all(|entry| {
                        b.get(entry.key).is_some_and(|other| self.equal(entry.value, other.value))
                    })
            }
            (a, b) => a == b,
        }
    }
}

/// Invariant: node and entry counts fit `u32`; the loader's budgets stop far below.
pub(crate) fn small(count: usize) -> u32 {
    u32::try_from(count).expect("the model has fewer than 2^32 nodes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hardpan_source::FileTable;

    fn origin() -> Origin {
        let mut files = FileTable::new();
        Origin::at(Span::new(files.add("x", ""), 0, 0))
    }

    #[test]
    fn a_large_map_keeps_order_and_finds_every_key() {
        let mut tree = Tree::default();
        let map = tree.add_map(origin());
        for i in 0..100 {
            let key = tree.key(&format!("k{i}"));
            let value = tree.add(Value::Int(i), origin());
            tree.set(map, key, origin().span, value);
        }
        let gone = tree.key("k50");
        assert!(tree.remove(map, gone).is_some());
        assert_eq!(tree.entries(map).len(), 99);
        let last = tree.key("k99");
        assert_eq!(tree.get(map, last).map(|id| tree.value(id).clone()), Some(Value::Int(99)));
        assert_eq!(tree.get(map, gone), None);
    }

    #[test]
    fn a_copy_shares_nothing_and_has_one_more_hop() {
        let mut tree = Tree::default();
        let map = tree.add_map(origin());
        let key = tree.key("a");
        let value = tree.add(Value::Int(1), origin());
        tree.set(map, key, origin().span, value);
        let copy = tree.copy_with_hop(map, &Hop::Implied { reason: "test" });
        assert!(tree.equal(map, copy));
        let copied = tree.get(copy, key).expect("the copy has the key");
        assert_ne!(copied, value);
        assert_eq!(tree.hops(tree.origin(copied).chain).count(), 1);
        *tree.value_mut(copied) = Value::Int(2);
        assert!(!tree.equal(map, copy));
    }
}
