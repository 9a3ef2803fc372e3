//! The JSON schema and the reader accept the same plans: every value of a plan that says everything is replaced by every
//! kind of other value, and both are asked.

use std::collections::HashMap;

use hardpan_source::{FileTable, yaml};
use serde_json::{Value, json};

use super::PLAN;
use super::shape::{Field, Shape};

/// A plan in which every key of every table stands.
const EVERYTHING: &str = include_str!("everything.yml");

/// What a value is replaced by.
fn others() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(5),
        json!(-2),
        json!(1.5),
        json!(""),
        json!(" "),
        json!("5"),
        json!("x y"),
        json!("some-name"),
        json!("UPPER_CASE"),
        json!("../up"),
        json!("a/b/"),
        json!("host:6379"),
        json!("host:0"),
        json!("host:65536"),
        json!("[::1]:80"),
        json!("http://minio:9000"),
        json!("http://minio:9000/path"),
        json!("https://minio"),
        json!("+@read"),
        json!("s3:GetObject"),
        json!("90s"),
        json!("90"),
        json!([]),
        json!(["some-name"]),
        json!([1]),
        json!({}),
        json!({"some-name": null}),
        json!({"some-name": "x"}),
        json!({"name": "some-name", "id": "x"}),
    ]
}

/// A plan as JSON, its aliases and merge keys followed.
fn tree_of(text: &str) -> Value {
    let mut files = FileTable::new();
    let file = files.add("provision.yml", text);
    let stream = yaml::parse(text, file);
    assert!(stream.errors.is_empty(), "{:?}", stream.errors);
    let mut problems = Vec::new();
    let root = super::tree::build(&stream.documents[0], &HashMap::new(), &mut problems).expect("a tree");
    json(&root)
}

fn json(node: &super::tree::Node) -> Value {
    use super::tree::{ScalarKind, Value as Tree};
    match &node.value {
        Tree::Null => Value::Null,
        Tree::Scalar { text, kind: ScalarKind::Text } => json!(text),
        // Where a variable stood, a variable stands.
        Tree::Scalar { kind: ScalarKind::Substituted, .. } => json!("${VALUE}"),
        Tree::Scalar { text, .. } => serde_json::from_str(text).expect("a number or a truth value"),
        Tree::List(items) => Value::Array(items.iter().map(json).collect()),
        Tree::Map(entries) => entries.iter().map(|one| (one.key.clone(), json(&one.node))).collect(),
    }
}

/// True if the reader finds nothing wrong with the shape; what does not go together is none of the schema's business.
fn reader_accepts(plan: &Value, variables: &HashMap<String, String>) -> (bool, String) {
    let text = serde_json::to_string_pretty(plan).expect("JSON can be written");
    let mut files = FileTable::new();
    let file = files.add("plan.json", text.clone());
    let stream = yaml::parse(&text, file);
    let mut problems = Vec::new();
    let root = super::tree::build(&stream.documents[0], variables, &mut problems).expect("a tree");
    super::reader::hold(&root, Shape::Object(PLAN), &mut problems);
    let said: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    (problems.is_empty(), said.join("; "))
}

/// The pointers of all values below the top.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, item)| (key.replace('~', "~0").replace('/', "~1"), item)).collect()
        }
        _ => Vec::new(),
    };
    for (key, item) in below {
        let pointer = format!("{at}/{key}");
        pointers(item, &pointer, found);
        found.push(pointer);
    }
}

#[test]
fn the_schema_and_the_reader_accept_the_same_plans() {
    let schema: Value = serde_json::from_str(&super::schema()).expect("the schema is JSON");
    let schema = jsonschema::draft202012::new(&schema).expect("the schema is sound");
    let example = tree_of(EVERYTHING);
    assert_eq!(reader_accepts(&example, &HashMap::new()), (true, String::new()));
    assert!(schema.is_valid(&example), "{:?}", schema.iter_errors(&example).next());
    let mut compared = 0;
    // One key at a time: a small plan is read and judged in a fraction of the time.
    let Value::Object(parts) = example else { panic!("a plan is an object") };
    for (key, part) in parts {
        compared += compare(&schema, &json!({key: part}));
    }
    assert!(compared > 3_000, "{compared}");
}

/// Replaces every value of the plan and counts the comparisons.
fn compare(schema: &jsonschema::Validator, example: &Value) -> usize {
    let mut all = Vec::new();
    pointers(example, "", &mut all);
    let mut compared = 0;
    for pointer in &all {
        let original = example.pointer(pointer).expect("it was found there").clone();
        let check = |other: Value, variables: &HashMap<String, String>| {
            let mut plan = example.clone();
            *plan.pointer_mut(pointer).expect("it was found there") = other.clone();
            let (accepted, said) = reader_accepts(&plan, variables);
            assert_eq!(accepted, schema.is_valid(&plan), "{pointer} = {other}; the reader says: {said}");
        };
        for other in others() {
            check(other, &HashMap::new());
            compared += 1;
        }
        // A variable in the place of any single value.
        if !original.is_object() && !original.is_array() && !original.is_null() {
            let text = original.as_str().map_or_else(|| original.to_string(), str::to_owned);
            check(json!("${VALUE}"), &HashMap::from([("VALUE".to_owned(), text)]));
        }
        // A key that means nothing.
        if original.is_object() {
            let mut more = original.clone();
            more["Un known"] = json!({});
            check(more, &HashMap::new());
        }
    }
    compared
}

#[test]
fn the_plan_that_says_everything_does() {
    fn collect(shape: Shape, fields: &mut Vec<&'static Field>) {
        match shape {
            Shape::Object(own) | Shape::Short(_, own) => {
                for field in own {
                    fields.push(field);
                    collect(field.shape, fields);
                }
            }
            Shape::List(inner) | Shape::SomeOf(inner) | Shape::Map(_, inner) => collect(*inner, fields),
            _ => {}
        }
    }
    let mut fields = Vec::new();
    collect(Shape::Object(PLAN), &mut fields);
    for field in fields {
        assert!(EVERYTHING.contains(&format!("{}:", field.key)), "`{}` is missing", field.key);
    }
    let mut files = FileTable::new();
    let file = files.add("everything.yml", EVERYTHING);
    let (_, problems) = super::read(EVERYTHING, file, &HashMap::new());
    let said: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    // `host` and `hosts` cannot stand in one target, so there are two.
    assert_eq!(said, Vec::<&str>::new());
}

#[test]
fn the_schema_accepts_the_plans_of_the_stack() {
    let schema: Value = serde_json::from_str(&super::schema()).expect("the schema is JSON");
    let schema = jsonschema::draft202012::new(&schema).expect("the schema is sound");
    let plans = [
        include_str!("../../../../infra/04-data/minio/provision.yml"),
        include_str!("../../../../infra/04-data/valkey-cluster/provision.yml"),
        include_str!("../../../../infra/04-data/mng-db/provision.yml"),
        include_str!("../../../../infra/04-data/postgresql-cluster/provision.yml"),
        include_str!("../../../../infra/05-messaging/kafka/provision.yml"),
    ];
    for text in plans {
        let plan = tree_of(text);
        assert!(schema.is_valid(&plan), "{:?}", schema.iter_errors(&plan).next());
    }
}
