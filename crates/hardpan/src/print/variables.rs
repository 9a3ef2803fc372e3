//! The variables that a project's files use, as `docker compose config --variables` lists them.

use std::collections::BTreeMap;

use hardpan_compose::syntax::variables::{Variable, variables};
use hardpan_compose::{NodeRef, Value};
use serde::Serialize;

/// A table of name, required, default and alternate value.
pub(crate) fn text(root: NodeRef<'_>) -> String {
    let mut found = BTreeMap::new();
    collect(root, &mut found);
    let mut rows = vec![["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"].map(str::to_owned)];
    rows.extend(found.into_values().map(|variable: Variable| {
        [variable.name, variable.required.to_string(), variable.default, variable.alternate]
    }));
    table(&rows)
}

/// The same as JSON, as Go writes it: four spaces a level, and what could end a script in a web page escaped.
pub(crate) fn json(root: NodeRef<'_>) -> anyhow::Result<String> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Row {
        name: String,
        default_value: String,
        presence_value: String,
        required: bool,
    }
    let mut found = BTreeMap::new();
    collect(root, &mut found);
    let rows: BTreeMap<String, Row> = found
        .into_iter()
        .map(|(key, variable)| {
            let Variable { name, required, default, alternate } = variable;
            (key, Row { name, default_value: default, presence_value: alternate, required })
        })
        .collect();
    let mut text = Vec::new();
    let indented = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    rows.serialize(&mut serde_json::Serializer::with_formatter(&mut text, indented))?;
    let text = String::from_utf8(text)?;
    Ok(text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026") + "\n\n")
}

/// Takes the variables of all texts; of several uses of one variable the last counts, in order of keys.
fn collect(root: NodeRef<'_>, found: &mut BTreeMap<String, Variable>) {
    let mut pending = vec![root];
    while let Some(node) = pending.pop() {
        match node.value() {
            Value::Str(text) => {
                for variable in variables(text) {
                    found.insert(variable.name.clone(), variable);
                }
            }
            Value::Seq(_) => {
                let first = pending.len();
                pending.extend(node.items());
                pending[first..].reverse();
            }
            Value::Map(_) => {
                let mut entries: Vec<_> = node.entries().collect();
                entries.sort_unstable_by_key(|&(name, _)| std::cmp::Reverse(name));
                pending.extend(entries.into_iter().map(|(_, value)| value));
            }
            _ => {}
        }
    }
}

/// Columns padded to their widest cell and three spaces, as Go's tabwriter sets them.
fn table(rows: &[[String; 4]]) -> String {
    let widths: Vec<usize> = (0..4)
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default() + 3)
        .map(|width| width.max(20))
        .collect();
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            text.push_str(cell);
            if column < 3 {
                let padding = widths[column] - cell.chars().count();
                text.extend(std::iter::repeat_n(' ', padding));
            }
        }
        text.push('\n');
    }
    text
}
