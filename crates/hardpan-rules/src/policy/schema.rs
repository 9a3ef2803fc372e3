//! The JSON schema of the policy file, for editors.

use std::fmt::Write as _;

use super::shape::{Field, POLICY, Shape};
use crate::codes;

/// The schema (JSON Schema, draft 2020-12) as text, indented by two spaces.
#[must_use]
pub fn schema() -> String {
    let mut text = String::from("{\n");
    text.push_str("  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n");
    text.push_str("  \"title\": \"hardpan policy\",\n");
    let _ = write!(text, "  {}", body(Shape::Object(POLICY), 1));
    text.push_str("\n}\n");
    text
}

/// The members of a schema, without braces, at a depth of indentation.
fn body(shape: Shape, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    match shape {
        Shape::Text => "\"type\": \"string\", \"minLength\": 1".to_owned(),
        Shape::Path => {
            r#""type": "string", "minLength": 1, "pattern": "^(?!/)(?!(.*/)?\\.\\.(/|$))""#.to_owned()
        }
        Shape::Date => {
            r#""type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$""#.to_owned()
        }
        Shape::Version => "\"const\": 1".to_owned(),
        Shape::Bytes => {
            r#""type": ["string", "integer"], "pattern": "^[0-9]+([bB]|[kKmMgGtT]([iI]?[bB])?)?$""#.to_owned()
        }
        Shape::Word(words) => format!("\"enum\": [{}]", quoted(words.iter().copied())),
        Shape::Rule => format!("\"enum\": [{}]", quoted(codes::all().map(|rule| rule.code))),
        Shape::AnyList => "\"type\": \"array\"".to_owned(),
        Shape::List(inner) => format!("\"type\": \"array\", \"items\": {{{}}}", body(*inner, depth)),
        Shape::ByRule(inner) => format!(
            "\"type\": \"object\", \"propertyNames\": {{{}}}, \"additionalProperties\": {{{}}}",
            body(Shape::Rule, depth),
            body(*inner, depth)
        ),
        Shape::Object(fields) => {
            let required = fields.iter().filter(|field| field.required).map(|field| field.key);
            let properties: Vec<String> = fields.iter().map(|field| property(field, depth + 1)).collect();
            format!(
                "\"type\": \"object\",\n{pad}\"additionalProperties\": false,\n{pad}\"required\": [{}],\n{pad}\"properties\": {{\n{}\n{pad}}}",
                quoted(required),
                properties.join(",\n"),
            )
        }
    }
}

fn property(field: &Field, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    format!(
        "{pad}\"{}\": {{\n{pad}  \"description\": {:?},\n{pad}  {}\n{pad}}}",
        field.key,
        field.doc,
        body(field.shape, depth + 1)
    )
}

fn quoted<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}
