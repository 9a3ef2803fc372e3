//! What rules of commands amount to, by the categories of a server.
//!
//! Not responsible for reading rules (`users`). A newcomer needs to know one thing: servers before 7.2 do not keep the rules of a
//! user but make up others that amount to the same, so there rules are compared by the commands that they allow.

use std::collections::{BTreeMap, BTreeSet};

use redis::Value;

use super::connection::{Connection, text};
use super::nodes::field;
use crate::error::Failure;
use crate::wait::Context;

/// The commands of each category. Empty for a server that keeps rules as they were said.
#[derive(Debug, Default)]
pub(super) struct Categories(BTreeMap<String, BTreeSet<String>>);

impl Categories {
    /// Asks a server, if it is one that makes up rules.
    pub(super) async fn ask(node: &mut Connection, context: &Context) -> Result<Self, Failure> {
        let action = "compare the rules of users";
        let info = node.call(&["INFO", "server"], action, context).await?;
        if keeps_rules(&text(&info).unwrap_or_default()) {
            return Ok(Self::default());
        }
        let names = texts(&node.call(&["ACL", "CAT"], action, context).await?);
        let commands: Vec<Vec<&str>> = names.iter().map(|name| vec!["ACL", "CAT", name]).collect();
        let answers = node.calls(&commands, action, context).await?;
        let sets = answers.iter().map(|answer| texts(answer).into_iter().collect());
        Ok(Self(names.iter().cloned().zip(sets).collect()))
    }

    /// True if it is known that both allow the same.
    pub(super) fn allow_the_same(&self, one: &[String], other: &[String]) -> bool {
        !self.0.is_empty() && self.allowed(one) == self.allowed(other)
    }

    fn allowed(&self, rules: &[String]) -> BTreeSet<String> {
        let mut allowed = BTreeSet::new();
        for rule in rules {
            let Some(name) = rule.get(1..) else { continue };
            let named = self.named(name);
            if rule.starts_with('+') {
                allowed.extend(named);
            } else {
                allowed.retain(|command| !named.contains(command));
            }
        }
        // A command that has subcommands is nothing without them.
        let has_parts = |name: &String| self.all().any(|other| is_part(other, name));
        allowed.retain(|command| !has_parts(command));
        allowed
    }

    /// The commands that a rule is about.
    fn named(&self, name: &str) -> BTreeSet<String> {
        match name.strip_prefix('@') {
            Some("all") => self.all().cloned().collect(),
            Some(category) => self.0.get(category).cloned().unwrap_or_default(),
            None => {
                let parts = self.all().filter(|other| is_part(other, name)).cloned();
                parts.chain([name.to_owned()]).collect()
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.0.values().flatten()
    }
}

fn is_part(command: &str, of: &str) -> bool {
    command.strip_prefix(of).is_some_and(|rest| rest.starts_with('|'))
}

/// Valkey calls itself a Redis 7.2 for those who ask for that.
fn keeps_rules(info: &str) -> bool {
    let mut numbers = field(info, "redis_version").unwrap_or_default().split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (7, 2),
        _ => true,
    }
}

fn texts(value: &Value) -> Vec<String> {
    let Value::Array(items) = value else { return Vec::new() };
    items.iter().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::{Categories, keeps_rules};

    fn rules(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn rules_that_a_server_made_up_are_the_same_where_they_allow_the_same() {
        let mut categories = Categories::default();
        for (name, commands) in [
            ("read", "get mget memory|usage memory"),
            ("string", "get mget set"),
            ("admin", "config config|get config|set memory|doctor"),
        ] {
            categories.0.insert(name.to_owned(), rules(commands).into_iter().collect());
        }
        for (one, other, same) in [
            ("-@all +@read", "-@all +@string -set +memory|usage", true),
            ("-@all +@read", "-@all +@string +memory|usage", false),
            ("+@all -config", "+@all -config|get -config|set", true),
            ("+@all -config", "+@all -config|set", false),
            ("-@all +config|get", "-@all +config", false),
            ("-@all +select|0", "-@all", false),
        ] {
            assert_eq!(categories.allow_the_same(&rules(one), &rules(other)), same, "{one} and {other}");
        }
        assert!(!Categories::default().allow_the_same(&rules("-@all"), &rules("-@all")), "nothing is known");
    }

    #[test]
    fn only_servers_before_seven_two_make_up_rules() {
        for (version, keeps) in
            [("6.2.7", false), ("7.0.15", false), ("7.2.4", true), ("8.0.1", true), ("x", true)]
        {
            assert_eq!(keeps_rules(&format!("redis_version:{version}\r\n")), keeps, "{version}");
        }
    }
}
