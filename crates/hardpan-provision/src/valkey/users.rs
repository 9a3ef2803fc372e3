//! Users of the access control lists: what a node has, what the plan wants, and the command that makes them the same.
//!
//! Not responsible for where users are kept (`form` and `mod` send the commands). A newcomer needs to know one thing: a password is
//! only ever sent and compared as its SHA-256, which is what nodes themselves keep.

use std::collections::{BTreeMap, BTreeSet};

use redis::Value;

use super::categories::Categories;
use super::connection::text;
use crate::plan::valkey::User;
use crate::step::Difference;

/// A user as a node has it, or is to have it, in a form in which two that may do the same are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rules {
    is_enabled: bool,
    /// Any password will do.
    needs_no_password: bool,
    /// SHA-256 of each, as hexadecimal digits.
    passwords: BTreeSet<String>,
    commands: Vec<String>,
    /// Patterns, with whether they may be read and written.
    keys: BTreeMap<String, (bool, bool)>,
    channels: BTreeSet<String>,
    /// Further sets of rules, which a plan cannot have.
    selectors: usize,
}

impl Rules {
    /// What the plan wants.
    pub(super) fn wanted(user: &User) -> Self {
        let mut rules = Self { is_enabled: user.enabled, ..Self::default() };
        rules.passwords.extend(user.password.iter().map(|file| digest(file.secret().expose())));
        user.read_keys.iter().for_each(|pattern| rules.add_key(pattern, (true, false)));
        user.keys.iter().for_each(|pattern| rules.add_key(pattern, (true, true)));
        user.channels.iter().for_each(|pattern| rules.add_channel(pattern));
        rules.commands = commands(user.commands.iter().map(String::as_str));
        rules
    }

    /// The answer to `ACL GETUSER`; `None` where there is no such user.
    pub(super) fn found(answer: &Value) -> Option<Self> {
        let Value::Array(words) = answer else { return None };
        let value = |name: &str| {
            let mut pairs = words.chunks_exact(2);
            pairs.find(|pair| text(&pair[0]).as_deref() == Some(name)).map(|pair| &pair[1])
        };
        let list = |name: &str| match value(name) {
            Some(Value::Array(items)) => items.iter().filter_map(text).collect(),
            // Keys and channels are one text, or a list in old servers.
            Some(one) => text(one).iter().flat_map(|text| text.split(' ')).map(str::to_owned).collect(),
            None => Vec::new(),
        };
        let flags: Vec<String> = list("flags");
        let has = |flag: &str| flags.iter().any(|one| one == flag);
        let mut rules = Self { is_enabled: has("on"), needs_no_password: has("nopass"), ..Self::default() };
        rules.passwords = list("passwords").into_iter().collect();
        rules.commands = commands(list("commands").iter().map(String::as_str));
        for pattern in list("keys") {
            if let Some(pattern) = pattern.strip_prefix('~') {
                rules.add_key(pattern, (true, true));
            } else if let Some((access, pattern)) =
                pattern.strip_prefix('%').and_then(|rest| rest.split_once('~'))
            {
                rules.add_key(pattern, (access.contains('R'), access.contains('W')));
            }
        }
        for pattern in list("channels") {
            rules.add_channel(pattern.strip_prefix('&').unwrap_or(&pattern));
        }
        if let Some(Value::Array(selectors)) = value("selectors") {
            rules.selectors = selectors.len();
        }
        Some(rules)
    }

    /// True if the rules of commands are said in the same words.
    pub(super) fn has_rules_of(&self, wanted: &Self) -> bool {
        self.commands == wanted.commands
    }

    /// What differs. Of passwords only that they do.
    pub(super) fn differences(&self, wanted: &Self, categories: &Categories) -> Vec<Difference> {
        let mut all = Vec::new();
        let mut compare = |what: &str, from: String, to: String| {
            if from != to {
                all.push(Difference::new(what, from, to));
            }
        };
        compare("enabled", self.is_enabled.to_string(), wanted.is_enabled.to_string());
        if !categories.allow_the_same(&self.commands, &wanted.commands) {
            compare("commands", self.commands.join(" "), wanted.commands.join(" "));
        }
        compare("keys", self.keys(), wanted.keys());
        compare("channels", self.channels(), wanted.channels());
        compare("further rules", self.selectors.to_string(), wanted.selectors.to_string());
        if self.needs_no_password {
            all.push(Difference::new("password", "none needed", "its own"));
        } else if self.passwords != wanted.passwords {
            all.push(Difference::new("password", "", ""));
        }
        all
    }

    /// The words after `ACL SETUSER NAME`. The node takes all of them or none.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = vec!["reset".to_owned(), if self.is_enabled { "on" } else { "off" }.to_owned()];
        words.extend(self.passwords.iter().map(|digest| format!("#{digest}")));
        words.extend(self.key_rules());
        words.extend(self.channels.iter().map(|pattern| format!("&{pattern}")));
        words.extend(self.commands.iter().cloned());
        words
    }

    /// `*` is all, and a server takes no pattern beside it.
    fn add_key(&mut self, pattern: &str, (read, write): (bool, bool)) {
        if self.keys.get("*") == Some(&(true, true)) {
            return;
        }
        if pattern == "*" && read && write {
            self.keys.clear();
        }
        let access = self.keys.entry(pattern.to_owned()).or_default();
        *access = (access.0 || read, access.1 || write);
    }

    fn add_channel(&mut self, pattern: &str) {
        if pattern == "*" {
            self.channels.clear();
        } else if pattern.is_empty() || self.channels.contains("*") {
            return;
        }
        self.channels.insert(pattern.to_owned());
    }

    fn key_rules(&self) -> Vec<String> {
        let rule = |(pattern, access): (&String, &(bool, bool))| match access {
            (true, true) => format!("~{pattern}"),
            (true, false) => format!("%R~{pattern}"),
            _ => format!("%W~{pattern}"),
        };
        self.keys.iter().map(rule).collect()
    }

    fn keys(&self) -> String {
        listed(&self.key_rules())
    }

    fn channels(&self) -> String {
        listed(&self.channels.iter().map(|pattern| format!("&{pattern}")).collect::<Vec<_>>())
    }
}

fn listed(rules: &[String]) -> String {
    if rules.is_empty() { "none".to_owned() } else { rules.join(" ") }
}

/// Rules of commands as a node keeps them: a rule about everything takes away all before it, and one about a command or
/// category takes away earlier ones about the same, subcommands included.
fn commands<'r>(rules: impl Iterator<Item = &'r str>) -> Vec<String> {
    let mut kept: Vec<String> = vec!["-@all".to_owned()];
    for rule in rules {
        let Some(name) = rule.strip_prefix(['+', '-']) else { continue };
        if name == "@all" {
            kept = vec![rule.to_owned()];
            continue;
        }
        let is_about = |other: &String| {
            let rest = other[1..].strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('|'))
        };
        kept.retain(|other| !is_about(other));
        kept.push(rule.to_owned());
    }
    kept
}

/// SHA-256 as hexadecimal digits.
fn digest(password: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, password.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::{Categories, Rules, commands, digest};
    use crate::plan::valkey::User;

    fn user(keys: &[&str], read_keys: &[&str], rules: &[&str]) -> User {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        User {
            enabled: true,
            password: None,
            keys: owned(keys),
            read_keys: owned(read_keys),
            channels: owned(&["news"]),
            commands: owned(rules),
        }
    }

    fn answer(pairs: &[(&str, Value)]) -> Value {
        let word = |text: &str| Value::BulkString(text.into());
        Value::Array(pairs.iter().flat_map(|(name, value)| [word(name), value.clone()]).collect())
    }

    fn one(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    fn list(texts: &[&str]) -> Value {
        Value::Array(texts.iter().map(|text| one(text)).collect())
    }

    #[test]
    fn rules_of_commands_are_kept_as_a_node_keeps_them() {
        let kept = |rules: &str| commands(rules.split(' ')).join(" ");
        assert_eq!(kept("+@read +get"), "-@all +@read +get");
        assert_eq!(kept("+get +@read +get"), "-@all +@read +get");
        assert_eq!(kept("+config|get +client|list -config"), "-@all +client|list -config");
        assert_eq!(kept("+get +@all -flushall"), "+@all -flushall");
        assert_eq!(kept("-@all +getex +get"), "-@all +getex +get");
        assert_eq!(kept(""), "-@all");
    }

    #[test]
    fn a_user_that_a_node_has_is_compared_by_what_it_may_do() {
        let found = Rules::found(&answer(&[
            ("flags", list(&["on", "sanitize-payload"])),
            ("passwords", list(&[])),
            ("commands", one("-@all +@read -get")),
            ("keys", one("~app:* %R~log:*")),
            ("channels", one("&news")),
            ("selectors", Value::Array(vec![])),
        ]));
        let found = found.unwrap();
        let same = Rules::wanted(&user(&["app:*"], &["log:*", "app:*"], &["+@read", "-get"]));
        assert_eq!(found.differences(&same, &Categories::default()), []);
        let other = Rules::wanted(&user(&["*"], &["log:*"], &["+@read"]));
        let texts: Vec<String> =
            found.differences(&other, &Categories::default()).iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["commands -@all +@read -get -> -@all +@read", "keys ~app:* %R~log:* -> ~*"]);
        assert_eq!(Rules::found(&Value::Nil), None);
    }

    #[test]
    fn a_user_that_needs_no_password_or_has_further_rules_or_others_passwords_differs() {
        let found = Rules::found(&answer(&[
            ("flags", list(&["off", "nopass"])),
            ("commands", one("-@all")),
            ("keys", one("")),
            ("channels", one("&news")),
            ("selectors", Value::Array(vec![answer(&[])])),
        ]));
        let texts: Vec<String> = found
            .unwrap()
            .differences(&Rules::wanted(&user(&[], &[], &[])), &Categories::default())
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            texts,
            ["enabled false -> true", "further rules 1 -> 0", "password none needed -> its own"]
        );
        let mut with_password = Rules::wanted(&user(&[], &[], &[]));
        with_password.passwords.insert(digest("canary"));
        let texts = with_password.differences(&Rules::wanted(&user(&[], &[], &[])), &Categories::default());
        assert_eq!(texts[0].to_string(), "password");
        assert_eq!(with_password.words()[2], format!("#{}", digest("canary")));
        assert_eq!(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_user_is_set_with_every_rule_at_once() {
        let rules = Rules::wanted(&user(&["app:*"], &["log:*"], &["+@read", "-get"]));
        assert_eq!(rules.words(), ["reset", "on", "~app:*", "%R~log:*", "&news", "-@all", "+@read", "-get"]);
    }
}
