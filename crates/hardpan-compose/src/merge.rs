//! Merging an override onto what was loaded before it (compose-spec, "Merge"; compose-go `override`).
//!
//! By default mappings merge key by key, sequences append, scalars are replaced and a null override keeps the base.
//! The table below lists the attributes that follow another rule.

use std::sync::LazyLock;

use hardpan_diag::{Code, Diagnostic};

use crate::keys;
use crate::origin::{Chain, Hop, Origin};
use crate::path::{PathTable, Place, Trail};
use crate::session::Session;
use crate::text;
use crate::tree::{Entry, Map, NodeId, Value};

#[derive(Clone, Copy, Debug)]
enum Rule {
    /// The override wins whole.
    Replace,
    /// Mappings become `key=value` lists (sorted by key) and single strings lists of one; then lists append.
    Append,
    /// As [`Rule::Append`], without what the base already has.
    AppendNew,
    /// A string stands for `{context: string}`.
    Build,
    /// A list of names stands for a mapping with this value for each.
    Names(NameValue),
    /// Merged only when both use the same driver, or one names none.
    Logging,
    /// Pools merge by subnet.
    IpamConfig,
}

#[derive(Clone, Copy, Debug)]
enum NameValue {
    Null,
    Dependency,
}

static RULES: LazyLock<PathTable<Rule>> = LazyLock::new(|| {
    PathTable::new(&[
        ("networks.*.ipam.config", Rule::IpamConfig),
        ("networks.*.labels", Rule::Append),
        ("volumes.*.labels", Rule::Append),
        ("services.*.annotations", Rule::Append),
        ("services.*.build", Rule::Build),
        ("services.*.build.args", Rule::Append),
        ("services.*.build.additional_contexts", Rule::Append),
        ("services.*.build.extra_hosts", Rule::AppendNew),
        ("services.*.build.labels", Rule::Append),
        ("services.*.command", Rule::Replace),
        ("services.*.depends_on", Rule::Names(NameValue::Dependency)),
        ("services.*.deploy.labels", Rule::Append),
        ("services.*.dns", Rule::Append),
        ("services.*.dns_opt", Rule::Append),
        ("services.*.dns_search", Rule::Append),
        ("services.*.entrypoint", Rule::Replace),
        ("services.*.env_file", Rule::Append),
        ("services.*.label_file", Rule::Append),
        ("services.*.environment", Rule::Append),
        ("services.*.extra_hosts", Rule::AppendNew),
        ("services.*.healthcheck.test", Rule::Replace),
        ("services.*.labels", Rule::Append),
        ("services.*.volumes.*.volume.labels", Rule::Append),
        ("services.*.logging", Rule::Logging),
        ("services.*.models", Rule::Names(NameValue::Null)),
        ("services.*.networks", Rule::Names(NameValue::Null)),
        ("services.*.sysctls", Rule::Append),
        ("services.*.tmpfs", Rule::Append),
        ("services.*.ulimits.*", Rule::Replace),
    ])
});

/// Merges a whole document onto what was loaded before it and gives the merged root.
pub(crate) fn merge(session: &mut Session<'_>, base: NodeId, over: NodeId) -> NodeId {
    Merger { session, trail: Trail::default() }.values(base, over, Place::ROOT)
}

/// Merges a service onto the service it extends.
pub(crate) fn merge_service(session: &mut Session<'_>, base: NodeId, over: NodeId) -> NodeId {
    let place = RULES.item(RULES.key(Place::ROOT, "services"));
    let mut trail = Trail::default();
    trail.push("services");
    trail.push("x");
    Merger { session, trail }.values(base, over, place)
}

struct Merger<'s, 'a> {
    session: &'s mut Session<'a>,
    trail: Trail,
}

impl Merger<'_, '_> {
    fn values(&mut self, base: NodeId, over: NodeId, place: Place) -> NodeId {
        if let Some(rule) = RULES.rule(place) {
            return self.by_rule(rule, base, over, place);
        }
        if self.session.tree.is_null(over) {
            return base;
        }
        match (self.session.tree.value(base), self.session.tree.value(over)) {
            (Value::Map(_), Value::Map(_)) => self.mappings(base, over, place),
            (Value::Map(_) | Value::Seq(_), _) if !self.same_kind(base, over) => self.clash(base, over),
            (Value::Seq(_), Value::Seq(_)) => self.append(base, over),
            _ => self.replaced(base, over),
        }
    }

    fn same_kind(&self, a: NodeId, b: NodeId) -> bool {
        std::mem::discriminant(self.session.tree.value(a))
            == std::mem::discriminant(self.session.tree.value(b))
    }

    fn by_rule(&mut self, rule: Rule, base: NodeId, over: NodeId, place: Place) -> NodeId {
        match rule {
            Rule::Replace => self.replaced(base, over),
            Rule::Append | Rule::AppendNew => {
                let mut items = self.as_list(base);
                let more = self.as_list(over);
                for item in more {
                    let known = matches!(rule, Rule::AppendNew)
                        && items.iter().any(|&other| self.session.tree.equal(item, other));
                    if !known {
                        items.push(item);
                    }
                }
                let origin = self.session.tree.origin(over);
                self.session.tree.add(Value::Seq(items), origin)
            }
            Rule::Build => {
                let base = self.as_build(base);
                let over = self.as_build(over);
                self.merge_maps(base, over, place)
            }
            Rule::Names(value) => {
                let base = self.as_names(base, value);
                let over = self.as_names(over, value);
                self.merge_maps(base, over, place)
            }
            Rule::Logging => self.logging(base, over, place),
            Rule::IpamConfig => self.ipam(base, over, place),
        }
    }

    /// Merges two values that stand for mappings, of which either may turn out to be none. Where it is the base, the
    /// reference crashes as soon as there is an entry to add to it.
    fn merge_maps(&mut self, base: NodeId, over: NodeId, place: Place) -> NodeId {
        match (self.session.tree.map(base).is_some(), self.session.tree.map(over).is_some()) {
            (true, true) => self.mappings(base, over, place),
            (true, false) => base,
            (false, true) if !self.session.tree.entries(over).is_empty() => self.crash(base, over),
            (false, true) => over,
            (false, false) => {
                let origin = self.session.tree.origin(over);
                self.session.tree.add_map(origin)
            }
        }
    }

    /// A merge in which the reference ends with a Go panic. It refuses such a project, if not in words.
    fn crash(&mut self, base: NodeId, over: NodeId) -> NodeId {
        let tree = &self.session.tree;
        let (is, was) = (tree.value(over).kind(), tree.value(base).kind());
        let diagnostic = Diagnostic::error(
            Code("compose::cannot-override"),
            format!("cannot override {}: a {was} cannot be merged with a {is}", self.trail.as_str()),
        )
        .with_label(tree.span(over), format!("this is a {is}"))
        .with_related(tree.span(base), format!("it would override this {was}"))
        .with_help("leave the empty one out, or mark the override with `!override`")
        .with_note("Docker Compose 2.40.3 crashes here");
        self.session.diagnostics.push(diagnostic);
        base
    }

    fn mappings(&mut self, base: NodeId, over: NodeId, place: Place) -> NodeId {
        for at in 0..self.session.tree.entries(over).len() {
            let Some(entry) = self.session.tree.entry(over, at) else { break };
            let Some(known) = self.session.tree.get_entry(base, entry.key) else {
                self.session.tree.set(base, entry.key, entry.key_span, entry.value);
                continue;
            };
            let text = self.session.tree.key_str(entry.key).to_owned();
            self.trail.push(&text);
            let merged = self.values(known.value, entry.value, RULES.key(place, &text));
            self.trail.pop();
            self.session.tree.set(base, entry.key, known.key_span, merged);
        }
        base
    }

    fn append(&mut self, base: NodeId, over: NodeId) -> NodeId {
        let more = self.session.tree.items(over).to_vec();
        if let Value::Seq(items) = self.session.tree.value_mut(base) {
            items.extend(more);
        }
        base
    }

    fn replaced(&mut self, base: NodeId, over: NodeId) -> NodeId {
        let at = self.session.tree.span(base);
        if at != self.session.tree.span(over) {
            self.session.tree.add_hop(over, Hop::Overrides { at });
        }
        over
    }

    fn clash(&mut self, base: NodeId, over: NodeId) -> NodeId {
        let tree = &self.session.tree;
        let (is, was) = (tree.value(over).kind(), tree.value(base).kind());
        let diagnostic = Diagnostic::error(
            Code("compose::cannot-override"),
            format!("cannot override {}", self.trail.as_str()),
        )
        .with_label(tree.span(over), format!("this is a {is}"))
        .with_related(tree.span(base), format!("it would override this {was}"))
        .with_help("write both in the same form, or mark the override with `!override`");
        self.session.diagnostics.push(diagnostic);
        base
    }

    /// The `key=value` list that stands for a value under [`Rule::Append`].
    fn as_list(&mut self, node: NodeId) -> Vec<NodeId> {
        match self.session.tree.value(node) {
            Value::Seq(items) => items.clone(),
            Value::Str(_) => vec![node],
            Value::Map(map) => {
                let mut pairs = Vec::with_capacity(map.len());
                for entry in map.entries() {
                    let key = self.session.tree.key_str(entry.key);
                    match self.session.tree.value(entry.value) {
                        Value::Null => pairs.push((key.to_owned(), entry.value)),
                        Value::Seq(items) => pairs.extend(items.iter().map(|&item| {
                            (format!("{key}={}", text::sprint(&self.session.tree, item)), item)
                        })),
                        _ => pairs.push((
                            format!("{key}={}", text::sprint(&self.session.tree, entry.value)),
                            entry.value,
                        )),
                    }
                }
                pairs.sort();
                pairs
                    .into_iter()
                    .map(|(pair, source)| {
                        let origin = self.session.tree.origin(source);
                        self.session.tree.add_str(pair, origin)
                    })
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    fn as_build(&mut self, node: NodeId) -> NodeId {
        if self.session.tree.str(node).is_none() {
            return node;
        }
        let origin = self.session.tree.origin(node);
        let map = self.session.tree.add_map(origin);
        self.session.tree.set(map, keys::CONTEXT, origin.span, node);
        map
    }

    fn as_names(&mut self, node: NodeId, value: NameValue) -> NodeId {
        let Value::Seq(items) = self.session.tree.value(node) else { return node };
        let items = items.clone();
        let map: Map = items.into_iter().filter_map(|item| self.name_entry(item, value)).collect();
        let origin = self.session.tree.origin(node);
        self.session.tree.add(Value::Map(Box::new(map)), origin)
    }

    fn name_entry(&mut self, item: NodeId, value: NameValue) -> Option<Entry> {
        let name = self.session.tree.str(item)?.to_owned();
        let key = self.session.tree.key(&name);
        let origin = self.session.tree.origin(item);
        let value = match value {
            NameValue::Null => self.session.tree.add(Value::Null, origin),
            NameValue::Dependency => dependency(self.session, origin, true),
        };
        Some(Entry { key, key_span: origin.span, value })
    }

    fn logging(&mut self, base: NodeId, over: NodeId, place: Place) -> NodeId {
        if self.session.tree.map(base).is_none() || self.session.tree.map(over).is_none() {
            return self.crash(base, over);
        }
        let driver = |node| self.session.tree.get(node, keys::DRIVER);
        let merges = match (driver(base), driver(over)) {
            (Some(a), Some(b)) => self.session.tree.equal(a, b),
            _ => true,
        };
        if merges { self.merge_maps(base, over, place) } else { self.replaced(base, over) }
    }

    /// The reference's nested loop, with its habit of keeping only some of several unmatched base pools.
    fn ipam(&mut self, base: NodeId, over: NodeId, place: Place) -> NodeId {
        if !self.same_kind(base, over) || self.session.tree.map(base).is_some() {
            return self.clash(base, over);
        }
        let mut pools: Vec<NodeId> = Vec::new();
        let (originals, overrides) =
            (self.session.tree.items(base).to_vec(), self.session.tree.items(over).to_vec());
        for &original in &originals {
            for &override_ in &overrides {
                if !self.same_subnet(original, override_)
                    && !pools.iter().any(|&pool| self.same_subnet(pool, override_))
                {
                    pools.push(override_);
                    continue;
                }
                let merged = self.merge_maps(original, override_, place);
                match pools.iter().position(|&pool| self.same_subnet(pool, merged)) {
                    Some(at) => pools[at] = merged,
                    None => pools.push(merged),
                }
            }
        }
        let origin = self.session.tree.origin(over);
        self.session.tree.add(Value::Seq(pools), origin)
    }

    fn same_subnet(&self, a: NodeId, b: NodeId) -> bool {
        let subnet = |pool| self.session.tree.get(pool, keys::SUBNET);
        match (subnet(a), subnet(b)) {
            (Some(a), Some(b)) => self.session.tree.equal(a, b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }
}

/// The long form of a short dependency: `{condition: service_started, required: true}`.
pub(crate) fn dependency(session: &mut Session<'_>, origin: Origin, required: bool) -> NodeId {
    let implied = Origin {
        span: origin.span,
        chain: session.tree.chain(Hop::Implied { reason: "short form of depends_on" }, Chain::NONE),
    };
    let map = session.tree.add_map(origin);
    let condition = session.tree.add_str("service_started", implied);
    session.tree.set(map, keys::CONDITION, origin.span, condition);
    let required = session.tree.add(Value::Bool(required), implied);
    session.tree.set(map, keys::REQUIRED, origin.span, required);
    map
}
