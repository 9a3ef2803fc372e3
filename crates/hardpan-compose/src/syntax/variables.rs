//! The variables a text mentions, for `config --variables`: a listing, not an evaluation.

use std::ops::Range;

use super::interpolate::NESTING_MAX;
use super::scan::{Operator, Scanner, Token};

/// A variable as a text mentions it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variable {
    /// The name; empty for a `${` that begins nothing, which the reference lists too.
    pub name: String,
    /// The text after `-` or `:-`, as written.
    pub default: String,
    /// The text after `+` or `:+`, as written.
    pub alternate: String,
    /// Whether the operator is `?` or `:?`.
    pub required: bool,
}

/// Lists the variables of a text (compose-go 2.9.1 `template.ExtractVariables`), those in defaults and alternates
/// included, those in the message of a required variable not. Of several entries with one name the last counts.
///
/// Defaults nested deeper than [`NESTING_MAX`] are not looked into.
#[must_use]
pub fn variables(template: &str) -> Vec<Variable> {
    let mut found = Vec::new();
    collect(template, 0..template.len(), 0, &mut found);
    found
}

fn collect(template: &str, part: Range<usize>, depth: usize, found: &mut Vec<Variable>) {
    let mut scanner = Scanner::new(template, part);
    // The reference lists what follows a reference with an operator on its line before the reference itself.
    let mut waiting: Vec<Vec<Variable>> = Vec::new();
    while let Some(token) = scanner.next() {
        match token {
            Token::Literal(_) => {}
            Token::Invalid { .. } => found.push(Variable::default()),
            Token::Reference { name, operation: None, .. } => {
                let name = listed_name(name).unwrap_or(name).to_owned();
                found.push(Variable { name, ..Variable::default() });
            }
            Token::Reference { name, range, operation: Some((operator, operand)) } => {
                let mut group = vec![Variable::default()];
                let is_looked_into = match listed_name(name) {
                    Some(listed) if listed.len() == name.len() => {
                        group[0] = described(listed, operator, &template[operand.clone()]);
                        !group[0].required
                    }
                    Some(listed) => {
                        listed.clone_into(&mut group[0].name);
                        false
                    }
                    None => {
                        template[range.start + 2..range.end - 1].clone_into(&mut group[0].name);
                        false
                    }
                };
                if is_looked_into && depth < NESTING_MAX {
                    collect(template, operand, depth + 1, &mut group);
                }
                waiting.push(group);
            }
        }
        if !scanner.is_in_tail() {
            while let Some(mut group) = waiting.pop() {
                found.append(&mut group);
            }
        }
    }
}

/// The name as the listing cuts it: up to the first character that is not ASCII. `None` when that is the first one,
/// and then the listing shows everything between the braces.
fn listed_name(name: &str) -> Option<&str> {
    let len = name.find(|c: char| !c.is_ascii()).unwrap_or(name.len());
    (len > 0).then(|| &name[..len])
}

fn described(name: &str, operator: Operator, operand: &str) -> Variable {
    let mut variable = Variable { name: name.to_owned(), ..Variable::default() };
    match operator {
        Operator::Default { .. } => operand.clone_into(&mut variable.default),
        Operator::Alternate { .. } => operand.clone_into(&mut variable.alternate),
        Operator::Required { .. } => variable.required = true,
    }
    variable
}
