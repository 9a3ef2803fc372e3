//! Settings of a bucket as S3 writes them: XML to values and back.
//!
//! Not responsible for asking. A newcomer needs to know one thing: whatever a server has that the plan has no word for goes into
//! `other`, so that it differs from every wish and is not taken for something it is not.

use std::collections::BTreeMap;
use std::fmt;

use super::xml::{Element, document};
use crate::plan::s3::{Encryption, LifecycleRule, Period, Retention};

/// A rule as it is, or as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(super) rule: LifecycleRule,
    /// What else the server's rule has, by name.
    pub(super) other: Vec<String>,
}

/// Rules, for people.
pub(super) struct Rules<'a>(pub(super) &'a [Rule]);

impl fmt::Display for Rules<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules: Vec<String> = self.0.iter().map(describe).collect();
        formatter.write_str(if rules.is_empty() { "none" } else { "" })?;
        formatter.write_str(&rules.join("; "))
    }
}

fn describe(Rule { rule, other }: &Rule) -> String {
    let mut words = vec![format!("{}:", rule.id)];
    let days = [
        ("expire_days", rule.expire_days),
        ("noncurrent_days", rule.noncurrent_days),
        ("abort_multipart_days", rule.abort_multipart_days),
    ];
    words.extend(days.iter().filter_map(|(name, days)| Some(format!("{name} {}", (*days)?))));
    if rule.remove_delete_markers == Some(true) {
        words.push("remove_delete_markers".to_owned());
    }
    if !rule.prefix.is_empty() {
        words.push(format!("prefix {}", rule.prefix));
    }
    if !rule.enabled {
        words.push("disabled".to_owned());
    }
    words.extend(other.iter().cloned());
    words.join(" ")
}

/// The rules of the plan, in the order in which they are compared.
pub(super) fn wanted_rules(rules: &[LifecycleRule]) -> Vec<Rule> {
    let rules = rules.iter().map(|rule| {
        // Not said and `false` are the same to a server.
        let remove_delete_markers = rule.remove_delete_markers.filter(|remove| *remove);
        Rule { rule: LifecycleRule { remove_delete_markers, ..rule.clone() }, other: Vec::new() }
    });
    sorted(rules.collect())
}

fn sorted(mut rules: Vec<Rule>) -> Vec<Rule> {
    rules.sort_by(|a, b| a.rule.id.cmp(&b.rule.id));
    rules
}

/// Reads `LifecycleConfiguration`.
pub(super) fn read_lifecycle(root: &Element) -> Vec<Rule> {
    sorted(root.all("Rule").map(read_rule).collect())
}

fn read_rule(element: &Element) -> Rule {
    let mut other = Vec::new();
    let mut rule = LifecycleRule {
        id: String::new(),
        enabled: false,
        prefix: String::new(),
        expire_days: None,
        noncurrent_days: None,
        abort_multipart_days: None,
        remove_delete_markers: None,
    };
    for child in &element.children {
        match child.name.as_str() {
            "ID" => rule.id.clone_from(&child.text),
            "Status" => rule.enabled = child.text.trim() == "Enabled",
            "Prefix" => rule.prefix.clone_from(&child.text),
            "Filter" => read_filter(child, &mut rule.prefix, &mut other),
            "Expiration" => {
                for part in &child.children {
                    match part.name.as_str() {
                        "Days" => rule.expire_days = number(part),
                        "ExpiredObjectDeleteMarker" => {
                            rule.remove_delete_markers = (part.text.trim() == "true").then_some(true);
                        }
                        name => note(part, name, &mut other),
                    }
                }
            }
            "NoncurrentVersionExpiration" => {
                for part in &child.children {
                    match part.name.as_str() {
                        "NoncurrentDays" => rule.noncurrent_days = number(part),
                        name => note(part, name, &mut other),
                    }
                }
            }
            "AbortIncompleteMultipartUpload" => {
                rule.abort_multipart_days = child.child("DaysAfterInitiation").and_then(number);
            }
            name => note(child, name, &mut other),
        }
    }
    Rule { rule, other }
}

fn read_filter(filter: &Element, prefix: &mut String, other: &mut Vec<String>) {
    for part in &filter.children {
        match part.name.as_str() {
            "Prefix" => prefix.clone_from(&part.text),
            "And" => read_filter(part, prefix, other),
            name => note(part, name, other),
        }
    }
}

/// Servers write empty elements and zeros for what is not set.
fn note(element: &Element, name: &str, other: &mut Vec<String>) {
    let is_set = !element.children.is_empty() || !matches!(element.text.trim(), "" | "0" | "false");
    if is_set {
        other.push(name.to_owned());
    }
}

fn number(element: &Element) -> Option<u32> {
    element.text.trim().parse().ok().filter(|number| *number > 0)
}

/// Writes `LifecycleConfiguration`.
pub(super) fn write_lifecycle(rules: &[Rule]) -> Vec<u8> {
    document("LifecycleConfiguration", |xml| {
        for Rule { rule, .. } in rules {
            xml.element("Rule", |xml| {
                xml.text("ID", &rule.id);
                xml.element("Filter", |xml| xml.text("Prefix", &rule.prefix));
                xml.text("Status", if rule.enabled { "Enabled" } else { "Disabled" });
                if let Some(days) = rule.expire_days {
                    xml.element("Expiration", |xml| xml.text("Days", &days.to_string()));
                } else if rule.remove_delete_markers == Some(true) {
                    xml.element("Expiration", |xml| xml.text("ExpiredObjectDeleteMarker", "true"));
                }
                if let Some(days) = rule.noncurrent_days {
                    xml.element("NoncurrentVersionExpiration", |xml| {
                        xml.text("NoncurrentDays", &days.to_string());
                    });
                }
                if let Some(days) = rule.abort_multipart_days {
                    xml.element("AbortIncompleteMultipartUpload", |xml| {
                        xml.text("DaysAfterInitiation", &days.to_string());
                    });
                }
            });
        }
    })
}

/// How new objects are encrypted, for people.
pub(super) fn describe_encryption(encryption: Option<&Encryption>) -> String {
    match encryption {
        None => "none".to_owned(),
        Some(Encryption { algorithm, key: None }) => algorithm.clone(),
        Some(Encryption { algorithm, key: Some(key) }) => format!("{algorithm} with {key}"),
    }
}

/// Reads `ServerSideEncryptionConfiguration`.
pub(super) fn read_encryption(root: &Element) -> Option<Encryption> {
    let default = root.child("Rule")?.child("ApplyServerSideEncryptionByDefault")?;
    let key = default.text_of("KMSMasterKeyID").filter(|key| !key.is_empty());
    Some(Encryption { algorithm: default.text_of("SSEAlgorithm")?.to_owned(), key: key.map(str::to_owned) })
}

/// Writes `ServerSideEncryptionConfiguration`.
pub(super) fn write_encryption(encryption: &Encryption) -> Vec<u8> {
    document("ServerSideEncryptionConfiguration", |xml| {
        xml.element("Rule", |xml| {
            xml.element("ApplyServerSideEncryptionByDefault", |xml| {
                xml.text("SSEAlgorithm", &encryption.algorithm);
                if let Some(key) = &encryption.key {
                    xml.text("KMSMasterKeyID", key);
                }
            });
        });
    })
}

/// How long new objects are locked, for people.
pub(super) fn describe_retention(retention: Option<&Retention>) -> String {
    let Some(Retention { compliance, period }) = retention else { return "none".to_owned() };
    let mode = if *compliance { "compliance" } else { "governance" };
    match period {
        Period::Days(days) => format!("{mode} {days} days"),
        Period::Years(years) => format!("{mode} {years} years"),
    }
}

/// Reads `ObjectLockConfiguration`: whether objects can be locked, and how long new ones are.
pub(super) fn read_object_lock(root: &Element) -> (bool, Option<Retention>) {
    let enabled = root.text_of("ObjectLockEnabled").is_some_and(|text| text.trim() == "Enabled");
    let default = root.child("Rule").and_then(|rule| rule.child("DefaultRetention"));
    let retention = default.and_then(|default| {
        let days = default.child("Days").and_then(number).map(Period::Days);
        let period = days.or_else(|| default.child("Years").and_then(number).map(Period::Years))?;
        let compliance = default.text_of("Mode")?.trim() == "COMPLIANCE";
        Some(Retention { compliance, period })
    });
    (enabled, retention)
}

/// Writes `ObjectLockConfiguration`.
pub(super) fn write_retention(retention: &Retention) -> Vec<u8> {
    document("ObjectLockConfiguration", |xml| {
        xml.text("ObjectLockEnabled", "Enabled");
        xml.element("Rule", |xml| {
            xml.element("DefaultRetention", |xml| {
                xml.text("Mode", if retention.compliance { "COMPLIANCE" } else { "GOVERNANCE" });
                match retention.period {
                    Period::Days(days) => xml.text("Days", &days.to_string()),
                    Period::Years(years) => xml.text("Years", &years.to_string()),
                }
            });
        });
    })
}

/// Reads `Tagging`.
pub(super) fn read_tags(root: &Element) -> BTreeMap<String, String> {
    let tags = root.child("TagSet").into_iter().flat_map(|set| set.all("Tag"));
    tags.filter_map(|tag| Some((tag.text_of("Key")?.to_owned(), tag.text_of("Value")?.to_owned()))).collect()
}

/// Writes `Tagging`.
pub(super) fn write_tags(tags: &BTreeMap<String, String>) -> Vec<u8> {
    document("Tagging", |xml| {
        xml.element("TagSet", |xml| {
            for (key, value) in tags {
                xml.element("Tag", |xml| {
                    xml.text("Key", key);
                    xml.text("Value", value);
                });
            }
        });
    })
}

#[cfg(test)]
mod tests {
    use super::super::xml::parse;
    use super::*;

    fn rule(id: &str) -> LifecycleRule {
        LifecycleRule {
            id: id.to_owned(),
            enabled: true,
            prefix: String::new(),
            expire_days: Some(30),
            noncurrent_days: None,
            abort_multipart_days: None,
            remove_delete_markers: None,
        }
    }

    #[test]
    fn settings_are_read_back_as_they_were_written() {
        let all = LifecycleRule {
            prefix: "a&b/".to_owned(),
            noncurrent_days: Some(7),
            abort_multipart_days: Some(2),
            enabled: false,
            ..rule("z")
        };
        let markers = LifecycleRule { expire_days: None, remove_delete_markers: Some(true), ..rule("m") };
        let rules = wanted_rules(&[all, markers, rule("a")]);
        assert_eq!(read_lifecycle(&parse(&write_lifecycle(&rules)).expect("XML")), rules);

        let encryption = Encryption { algorithm: "aws:kms".to_owned(), key: Some("arn:<key>".to_owned()) };
        let read = read_encryption(&parse(&write_encryption(&encryption)).expect("XML"));
        assert_eq!(read, Some(encryption));

        for period in [Period::Days(3), Period::Years(1)] {
            let retention = Retention { compliance: true, period };
            let read = read_object_lock(&parse(&write_retention(&retention)).expect("XML"));
            assert_eq!(read, (true, Some(retention)));
        }
        let tags = BTreeMap::from([("a<".to_owned(), " x ".to_owned()), ("b".to_owned(), String::new())]);
        assert_eq!(read_tags(&parse(&write_tags(&tags)).expect("XML")), tags);
    }

    #[test]
    fn a_rule_with_more_than_the_plan_can_say_differs_from_every_rule_of_the_plan() {
        for more in [
            "<Transition><Days>1</Days></Transition>",
            "<Filter><And><Prefix></Prefix><Tag><Key>a</Key><Value>b</Value></Tag></And></Filter>",
            "<Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration>",
            "<NoncurrentVersionExpiration><NewerNoncurrentVersions>3</NewerNoncurrentVersions></NoncurrentVersionExpiration>",
        ] {
            let text = format!(
                "<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status><Expiration><Days>30</Days>\
                 </Expiration>{more}</Rule></LifecycleConfiguration>"
            );
            assert_ne!(
                read_lifecycle(&parse(text.as_bytes()).expect("XML")),
                wanted_rules(&[rule("a")]),
                "{more}"
            );
        }
        let filled = "<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status><Filter><ObjectSizeLessThan>0\
            </ObjectSizeLessThan></Filter><Prefix></Prefix><Expiration><Days>30</Days></Expiration></Rule>\
            </LifecycleConfiguration>";
        assert_eq!(read_lifecycle(&parse(filled.as_bytes()).expect("XML")), wanted_rules(&[rule("a")]));
    }
}
