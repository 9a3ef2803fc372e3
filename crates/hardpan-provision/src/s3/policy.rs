//! Policies: the documents that the plan means, and whether two documents mean the same.
//!
//! Not responsible for where a policy is attached. A newcomer needs to know one thing: documents are compared by what they
//! allow and deny, not by their text: servers reorder statements, merge them, and write one action as a text or as a list.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::plan::s3::{Bucket, Policy, Statement};

/// Statements whose parts multiply to more than this are compared as they are, without being taken apart.
const ATOMS_MAX: usize = 10_000;

/// What a document says, taken apart into the smallest statements: one principal, one action, one resource each.
pub(super) type Meaning = BTreeSet<String>;

/// What the statements of a document mean.
pub(super) fn meaning<'a>(statements: impl IntoIterator<Item = &'a Value>) -> Meaning {
    statements.into_iter().flat_map(atoms).collect()
}

/// The statements of a document.
///
/// # Errors
/// What is wrong with it.
pub(super) fn statements(document: &[u8]) -> Result<Vec<Value>, String> {
    let document: Value = serde_json::from_slice(document).map_err(|error| error.to_string())?;
    statements_of(&document)
}

/// The statements of a document that has been read.
///
/// # Errors
/// What is wrong with it.
pub(super) fn statements_of(document: &Value) -> Result<Vec<Value>, String> {
    match document.get("Statement") {
        Some(Value::Array(list)) => Ok(list.clone()),
        Some(Value::Null) => Ok(Vec::new()),
        Some(one @ Value::Object(_)) => Ok(vec![one.clone()]),
        _ => Err("a policy without statements".to_owned()),
    }
}

/// A document with these statements.
pub(super) fn document(statements: &[Value]) -> Vec<u8> {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string().into_bytes()
}

/// True for a statement that allows something to everybody.
pub(super) fn is_public(statement: &Value) -> bool {
    let allows = statement
        .get("Effect")
        .and_then(Value::as_str)
        .is_some_and(|effect| effect.eq_ignore_ascii_case("allow"));
    let to_all = statement.get("Principal").is_some_and(|principal| principals(principal).contains("AWS *"));
    // Whoever is not named is everybody else.
    allows && (to_all || statement.get("NotPrincipal").is_some())
}

/// The statements that let everybody read what the plan says everybody may read.
pub(super) fn public_statements(name: &str, bucket: &Bucket) -> Vec<Value> {
    if bucket.public_read != Some(true) {
        return Vec::new();
    }
    let resources: Vec<String> = if bucket.public_prefixes.is_empty() {
        vec![format!("arn:aws:s3:::{name}/*")]
    } else {
        bucket.public_prefixes.iter().map(|prefix| format!("arn:aws:s3:::{name}/{prefix}*")).collect()
    };
    vec![json!({
        "Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject"], "Resource": resources,
    })]
}

/// A statement of the plan.
pub(super) fn statement(wanted: &Statement) -> Value {
    let mut value = json!({
        "Effect": if wanted.allow { "Allow" } else { "Deny" },
        "Action": wanted.actions,
        "Resource": wanted.resources,
    });
    if !wanted.principals.is_empty() {
        value["Principal"] = json!({"AWS": wanted.principals});
    }
    if !wanted.conditions.is_empty() {
        value["Condition"] = json!(wanted.conditions);
    }
    value
}

/// The statements of a policy for users.
pub(super) fn user_statements(policy: &Policy) -> Vec<Value> {
    let groups: [(&[String], &[&str], &[&str]); 3] = [
        (&policy.read, &["s3:GetBucketLocation", "s3:ListBucket"], &["s3:GetObject"]),
        (
            &policy.write,
            &["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
            &["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
        ),
        (
            &policy.read_write,
            &["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            &[
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ],
        ),
    ];
    let mut statements = Vec::new();
    for (buckets, on_bucket, on_objects) in groups.into_iter().filter(|(buckets, ..)| !buckets.is_empty()) {
        let resources = |end: &str| -> Vec<String> {
            buckets.iter().map(|bucket| format!("arn:aws:s3:::{bucket}{end}")).collect()
        };
        statements.push(json!({"Effect": "Allow", "Action": on_bucket, "Resource": resources("")}));
        statements.push(json!({"Effect": "Allow", "Action": on_objects, "Resource": resources("/*")}));
    }
    statements.extend(policy.statements.iter().map(statement));
    statements
}

/// The smallest statements that together mean the same as this one.
fn atoms(statement: &Value) -> Vec<String> {
    let Value::Object(statement) = statement else { return vec![statement.to_string()] };
    let mut rest = Map::new();
    let mut parts: [BTreeSet<String>; 3] = Default::default();
    for (key, value) in statement {
        match key.as_str() {
            // A name that means nothing.
            "Sid" => {}
            "Effect" => {
                let effect = value.as_str().unwrap_or_default().to_ascii_lowercase();
                rest.insert(key.clone(), effect.into());
            }
            "Principal" => parts[0] = principals(value),
            // Actions are compared without regard to case (IAM reference, Action).
            "Action" => parts[1] = texts(value).iter().map(|text| text.to_ascii_lowercase()).collect(),
            "Resource" => parts[2] = texts(value),
            "Condition" => {
                let conditions = conditions(value);
                if conditions != json!({}) {
                    rest.insert(key.clone(), conditions);
                }
            }
            // What excludes something says another thing about each part, so it stays whole.
            _ => {
                rest.insert(key.clone(), json!(texts(value)));
            }
        }
    }
    let rest = Value::Object(rest).to_string();
    if parts.iter().map(|part| part.len().max(1)).product::<usize>() > ATOMS_MAX {
        return vec![format!("{rest} {parts:?}")];
    }
    let [principals, actions, resources] = parts.map(or_none);
    let mut atoms = Vec::new();
    for principal in &principals {
        for action in &actions {
            for resource in &resources {
                atoms.push(format!("{rest} {principal} {action} {resource}"));
            }
        }
    }
    atoms
}

fn or_none(mut part: BTreeSet<String>) -> BTreeSet<String> {
    if part.is_empty() {
        part.insert("-".to_owned());
    }
    part
}

/// A text, or the texts of a list, without order.
fn texts(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(list) => list.iter().map(text).collect(),
        one => BTreeSet::from([text(one)]),
    }
}

/// Values of conditions may be numbers and truth values; they mean the same as texts.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `"*"` is everybody, and so is `{"AWS": "*"}`.
fn principals(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(kinds) => kinds
            .iter()
            .flat_map(|(kind, names)| texts(names).into_iter().map(move |name| format!("{kind} {name}")))
            .collect(),
        other => texts(other).into_iter().map(|name| format!("AWS {name}")).collect(),
    }
}

fn conditions(value: &Value) -> Value {
    let Value::Object(operators) = value else { return value.clone() };
    let keys = |keys: &Value| -> BTreeMap<String, BTreeSet<String>> {
        let Value::Object(keys) = keys else { return BTreeMap::new() };
        // Keys are compared without regard to case (IAM reference, Condition).
        keys.iter().map(|(key, values)| (key.to_ascii_lowercase(), texts(values))).collect()
    };
    let operators: BTreeMap<&String, _> =
        operators.iter().map(|(operator, values)| (operator, keys(values))).collect();
    json!(operators)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Meaning {
        meaning(&statements(text.as_bytes()).expect("a policy"))
    }

    #[test]
    fn documents_that_mean_the_same_are_equal_however_they_are_written() {
        let one = r#"{"Version":"2012-10-17","Statement":[
            {"Sid":"a","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b/*"],
             "Condition":{"NumericLessThan":{"s3:Max-Keys":10}}}]}"#;
        let other = r#"{"Statement":[
            {"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:getobject"],"Resource":"arn:aws:s3:::b/*",
             "Condition":{"NumericLessThan":{"s3:max-keys":["10"]}}},
            {"Resource":["arn:aws:s3:::a/*"],"Effect":"Allow","Principal":{"AWS":"*"},"Action":["s3:GetObject"],
             "Condition":{"NumericLessThan":{"s3:max-keys":"10"}}}],"Version":"2012-10-17"}"#;
        assert_eq!(of(one), of(other));
    }

    #[test]
    fn documents_that_differ_in_one_part_are_not_equal() {
        let base = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}"#;
        let whole = |statement: &str| of(&format!("{{\"Statement\":{statement}}}"));
        for (from, to) in [
            ("Allow", "Deny"),
            ("1:root", "2:root"),
            ("GetObject", "PutObject"),
            ("a/*", "A/*"),
            ("\"Action\"", "\"NotAction\""),
            ("\"Resource\"", "\"NotResource\""),
            ("{\"Effect\"", "{\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"true\"}},\"Effect\""),
        ] {
            assert!(base.contains(from));
            assert_ne!(whole(base), whole(&base.replace(from, to)), "{from} -> {to}");
        }
    }

    #[test]
    fn a_statement_of_many_parts_is_compared_whole() {
        let many: Vec<String> = (0..200).map(|n| format!("\"s3:A{n}\"")).collect();
        let many = many.join(",");
        let text = format!(r#"{{"Statement":{{"Effect":"Allow","Action":[{many}],"Resource":[{many}]}}}}"#);
        assert_eq!(of(&text).len(), 1);
    }

    #[test]
    fn only_a_statement_that_allows_something_to_everybody_is_public() {
        for (text, public) in [
            (r#"{"Effect":"Allow","Principal":"*"}"#, true),
            (r#"{"Effect":"Allow","Principal":{"AWS":["x","*"]}}"#, true),
            (r#"{"Effect":"Allow","NotPrincipal":{"AWS":"x"}}"#, true),
            (r#"{"Effect":"Deny","Principal":"*"}"#, false),
            (r#"{"Effect":"Allow","Principal":{"AWS":"x"}}"#, false),
        ] {
            assert_eq!(is_public(&serde_json::from_str(text).expect("JSON")), public, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_policy_is_refused() {
        for text in ["", "[]", "{}", "{\"Statement\":7}", "null"] {
            assert!(statements(text.as_bytes()).is_err(), "{text}");
        }
    }
}
