//! The JSON schema of the plan, for editors.
//!
//! Not responsible for what a plan may hold: it prints the tables that the reader reads by. A newcomer needs to know one
//! thing: wherever a value may come from a variable, a text with a `$` is allowed beside it.

use serde_json::{Map, Value, json};

use super::PLAN;
use super::shape::{Field, Shape};

/// The schema (JSON Schema, draft 2020-12) as text, indented by two spaces.
#[must_use]
pub fn schema() -> String {
    let mut schema = body(Shape::Object(PLAN));
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("hardpan plan"));
    schema.insert("patternProperties".to_owned(), json!({"^x-": {}}));
    // Values of JSON can always be written.
    let text = serde_json::to_string_pretty(&Value::Object(schema)).unwrap_or_default();
    text + "\n"
}

/// A port in a regular expression: 1 to 65535.
const PORT: &str = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";

/// A host in a regular expression.
const HOST: &str = r"([a-zA-Z0-9._-]+|\[[a-zA-Z0-9._:-]+\])";

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// What a shape asks of a text, or a variable in its place.
fn text(pattern: &str) -> Map<String, Value> {
    object(json!({"type": "string", "anyOf": [{"pattern": pattern}, {"pattern": "[$]"}]}))
}

fn body(shape: Shape) -> Map<String, Value> {
    match shape {
        Shape::Text => object(json!({"type": "string", "pattern": r"\S"})),
        Shape::Name(max) => object(json!({"type": "string", "pattern": r"\S", "maxLength": max})),
        Shape::Matching(pattern) => text(pattern.regex),
        Shape::SecretFile => object(json!({
            "type": "string",
            "pattern": r"^(?=.*\S)(?!(.*/)?\.\.(/|$))[^\x00-\x1f]*[^\x00-\x1f/]$",
        })),
        Shape::Address => text(&format!("^{HOST}:{PORT}$")),
        Shape::Endpoint => text(&format!("^http://{HOST}(:{PORT})?/?$")),
        Shape::Integer(least, i64::MAX) => {
            object(json!({"type": ["integer", "string"], "minimum": least, "pattern": "[$]"}))
        }
        Shape::Integer(least, most) => object(json!({
            "type": ["integer", "string"], "minimum": least, "maximum": most, "pattern": "[$]",
        })),
        Shape::Bool => object(json!({"type": ["boolean", "string"], "pattern": "[$]"})),
        Shape::Duration => text(r"^[+]?([0-9]*[.]?[0-9]*(w|d|h|m|s|ms|us|µs|ns))+$"),
        Shape::Word(words) => {
            object(json!({"anyOf": [{"enum": words}, {"type": "string", "pattern": "[$]"}]}))
        }
        Shape::Setting => object(json!({"type": ["string", "number", "boolean"]})),
        Shape::List(inner) => object(json!({"type": ["array", "null"], "items": body(*inner)})),
        Shape::SomeOf(inner) => object(json!({"type": "array", "minItems": 1, "items": body(*inner)})),
        Shape::Map(key, inner) => {
            let mut names = body(*key);
            // Keys are never interpolated, so a variable is no way out.
            if let Shape::Matching(pattern) = key {
                names = object(json!({"pattern": pattern.regex}));
            }
            names.remove("type");
            object(
                json!({"type": ["object", "null"], "propertyNames": names, "additionalProperties": body(*inner)}),
            )
        }
        Shape::Object(fields) => fields_of(fields, true),
        Shape::Short(key, fields) => {
            let short = fields.iter().find(|field| field.key == key).map(|field| body(field.shape));
            object(json!({"anyOf": [short.unwrap_or_default(), fields_of(fields, false)]}))
        }
    }
}

fn fields_of(fields: &[Field], may_be_empty: bool) -> Map<String, Value> {
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.key).collect();
    let mut properties = Map::new();
    for field in fields {
        let mut schema = Map::from_iter([("description".to_owned(), json!(field.doc))]);
        schema.append(&mut body(field.shape));
        properties.insert(field.key.to_owned(), Value::Object(schema));
    }
    let kind = if required.is_empty() && may_be_empty { json!(["object", "null"]) } else { json!("object") };
    object(json!({
        "type": kind, "additionalProperties": false, "required": required, "properties": properties,
    }))
}
