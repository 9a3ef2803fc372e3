//! Attributes with a form of their own: commands, hosts, ssh keys, modes, limits (compose-go's `DecodeMapstructure`
//! methods, one each).

use super::decode::Decoder;
use super::shape::Kind;
use crate::keys;
use crate::syntax::gofloat::parse_int;
use crate::syntax::hosts::Hosts;
use crate::syntax::shellwords;
use crate::text::{go_type, sprint};
use crate::tree::{NodeId, Value};

impl Decoder<'_, '_> {
    /// Paths may be written as any scalar; a key without one stands for the agent.
    pub(super) fn ssh(&mut self, node: NodeId) {
        let entries = self.session.tree.entries(node).to_vec();
        let entries = self.file_extensions(node, entries);
        for entry in &entries {
            if !self.session.tree.is_null(entry.value) {
                let text = sprint(&self.session.tree, entry.value);
                self.set(entry.value, Value::str(text));
            }
        }
        self.set(node, Value::Map(Box::new(entries.into_iter().collect())));
    }

    pub(super) fn command(&mut self, node: NodeId) {
        let Value::Str(line) = self.session.tree.value(node) else {
            return self.strings(node, Kind::Strings);
        };
        match shellwords::split(line) {
            Ok(words) => self.words(node, words),
            Err(error) => self.problem(node, &error.to_string()),
        }
    }

    fn words(&mut self, node: NodeId, words: Vec<String>) {
        let origin = self.session.tree.origin(node);
        let items = words.into_iter().map(|word| self.session.tree.add_str(word, origin)).collect();
        self.set(node, Value::Seq(items));
    }

    pub(super) fn health_test(&mut self, node: NodeId) {
        let Value::Str(line) = self.session.tree.value(node) else {
            return self.strings(node, Kind::Strings);
        };
        let words = vec!["CMD-SHELL".to_owned(), line.to_string()];
        self.words(node, words);
    }

    pub(super) fn hosts(&mut self, node: NodeId) {
        let mut hosts = Hosts::new();
        let filled = match self.session.tree.value(node) {
            Value::Map(map) => {
                let entries = map.entries().to_vec();
                for entry in self.file_extensions(node, entries) {
                    let addresses: Vec<String> = match self.session.tree.value(entry.value) {
                        Value::Null => vec![String::new()],
                        Value::Seq(items) => {
                            items.iter().map(|&item| sprint(&self.session.tree, item)).collect()
                        }
                        Value::Map(_) => {
                            let what = "unexpected value type map[string]interface {} for extra_hosts entry";
                            return self.problem(node, what);
                        }
                        _ => vec![sprint(&self.session.tree, entry.value)],
                    };
                    hosts.set(self.session.tree.key_str(entry.key), addresses);
                }
                Ok(())
            }
            Value::Seq(items) => {
                items.iter().try_for_each(|&item| hosts.add_entry(&sprint(&self.session.tree, item)))
            }
            _ => return self.problem(node, "unexpected value type for extra_hosts"),
        };
        match filled.and_then(|()| hosts.to_list()) {
            // No hosts are not printed, but hosts without an address are, as an empty list.
            Ok(_) if hosts == Hosts::new() => self.set(node, Value::Null),
            Ok(list) => self.words(node, list),
            Err(error) => self.problem(node, &error.to_string()),
        }
    }

    pub(super) fn file_mode(&mut self, node: NodeId) {
        match self.session.tree.value(node) {
            Value::Int(_) => {}
            Value::Str(text) => match parse_int(text, 8) {
                Ok(mode) => self.set(node, Value::Int(mode)),
                Err(error) => self.problem(node, &error.to_string()),
            },
            other => {
                let what = format!("unexpected value type {} for mode", go_type(other));
                self.problem(node, &what);
            }
        }
    }

    pub(super) fn device_count(&mut self, node: NodeId) {
        match self.session.tree.value(node) {
            Value::Int(_) => {}
            Value::Str(text) if text.to_lowercase() == "all" => self.set(node, Value::Int(-1)),
            Value::Str(text) => match parse_int(text, 10) {
                Ok(count) => self.set(node, Value::Int(count)),
                Err(_) => {
                    let what = format!("invalid value {text:?}, the only value allowed is 'all' or a number");
                    self.problem(node, &what);
                }
            },
            other => {
                let what = format!("invalid type {} for device count", go_type(other));
                self.problem(node, &what);
            }
        }
    }

    pub(super) fn ulimits(&mut self, node: NodeId) {
        let entries = self.session.tree.entries(node).to_vec();
        let entries = self.file_extensions(node, entries);
        self.set(node, Value::Map(Box::new(entries.iter().copied().collect())));
        for entry in entries {
            let name = self.session.tree.key_str(entry.key).to_owned();
            self.at(&format!("[{name}]"), |decoder| decoder.ulimit(entry.value));
        }
    }

    fn ulimit(&mut self, node: NodeId) {
        if let Value::Int(single) = *self.session.tree.value(node) {
            let origin = self.session.tree.origin(node);
            let single = self.session.tree.add(Value::Int(single), origin);
            self.set(node, Value::Map(Box::default()));
            return self.session.tree.set(node, keys::SINGLE, origin.span, single);
        }
        if self.session.tree.map(node).is_none() {
            let what = format!("invalid type {} for ulimit", go_type(self.session.tree.value(node)));
            return self.problem(node, &what);
        }
        for key in [keys::SOFT, keys::HARD] {
            let Some(limit) = self.session.tree.get(node, key) else { continue };
            if !matches!(self.session.tree.value(limit), Value::Int(_)) {
                let what = format!("invalid type {} for ulimit", go_type(self.session.tree.value(limit)));
                self.problem(limit, &what);
            }
        }
    }
}
