//! From a repair to the bytes to change.

use hardpan_source::yaml::{Kind, NodeIndex};
use hardpan_source::{Edit, Span};

use super::Refusal;
use super::layout::{Layout, Slot};
use crate::finding::Repair;

/// The edits of one file that carry out a repair whose finding points at `primary`.
pub(super) fn edits(layout: &Layout<'_>, primary: Span, repair: &Repair) -> Result<Vec<Edit>, Refusal> {
    let edit = match repair {
        Repair::Edits(edits) => return Ok(edits.clone()),
        Repair::Set { path, value } => set(layout, primary, path, value)?,
        Repair::Replace { value } => {
            let node = layout.value_at(primary).ok_or(Refusal::NotFound)?;
            if matches!(layout.node(node).kind, Kind::Alias { .. }) {
                return Err(Refusal::Anchor);
            }
            let space = if layout.text[..primary.start as usize].ends_with(':') { " " } else { "" };
            Edit { span: primary, replacement: format!("{space}{value}") }
        }
        Repair::Append { item } => {
            let node = layout.value_at(primary).ok_or(Refusal::NotFound)?;
            append(layout, primary, node, item)?
        }
        Repair::Remove => {
            let node = layout.value_at(primary).ok_or(Refusal::NotFound)?;
            remove(layout, primary, node)?
        }
    };
    Ok(vec![edit])
}

/// Sets an attribute below the service whose key is at `key`.
fn set(layout: &Layout<'_>, key: Span, path: &str, value: &str) -> Result<Edit, Refusal> {
    let mut node = layout.value_of_key_at(key).ok_or(Refusal::NotFound)?;
    let mut keys: Vec<&str> = path.split('.').collect();
    let mut own_key = key;
    while let Some(&name) = keys.first() {
        match &layout.node(node).kind {
            Kind::Mapping(_) => {}
            Kind::Scalar(scalar) if scalar.text.is_empty() => break,
            Kind::Alias { .. } => return Err(Refusal::Anchor),
            Kind::Scalar(_) | Kind::Sequence(_) => return Err(Refusal::OtherForm),
        }
        let found = layout.entries(node).iter().find(|&&(entry, _)| layout.scalar(entry) == Some(name));
        let Some(&(entry, child)) = found else { break };
        own_key = layout.key_span(entry);
        node = child;
        keys.remove(0);
    }
    if keys.is_empty() {
        return replace_or_extend(layout, node, value);
    }
    insert(layout, own_key, node, &keys, value)
}

/// The attribute is there already: items are added to a list, anything else is replaced.
fn replace_or_extend(layout: &Layout<'_>, node: NodeIndex, value: &str) -> Result<Edit, Refusal> {
    let span = layout.node(node).span;
    // What `!reset` stands at is thrown away, whatever it is: the tag has to go as well.
    if let Some(tag) = layout.node(node).tag.as_ref().filter(|tag| &*tag.name == "!reset") {
        return Ok(Edit { span: Span { start: tag.span.start, ..span }, replacement: value.to_owned() });
    }
    let items = value.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match (&layout.node(node).kind, items) {
        (Kind::Alias { .. }, _) => Err(Refusal::Anchor),
        (Kind::Sequence(_), Some(items)) => append(layout, span, node, items.trim()),
        _ => {
            let space = if layout.text[..span.start as usize].ends_with(':') { " " } else { "" };
            Ok(Edit { span, replacement: format!("{space}{value}") })
        }
    }
}

/// Writes `keys: value` into a mapping (or an empty value) that belongs to the key at `own_key`.
fn insert(
    layout: &Layout<'_>,
    own_key: Span,
    mapping: NodeIndex,
    keys: &[&str],
    value: &str,
) -> Result<Edit, Refusal> {
    let span = layout.node(mapping).span;
    let entries = layout.entries(mapping);
    let is_mapping = matches!(layout.node(mapping).kind, Kind::Mapping(_));
    if is_mapping && layout.is_flow(mapping) {
        let (last, outer) = keys.split_last().ok_or(Refusal::NotFound)?;
        let nested = format!("{last}: {value}");
        let nested = outer.iter().rev().fold(nested, |inner, key| format!("{key}: {{{inner}}}"));
        return Ok(into_flow(layout, span, entries.is_empty(), &nested));
    }
    let (indent, at) = match entries.first() {
        Some(&(first, _)) => {
            let last = entries[entries.len() - 1].1;
            (layout.column(layout.key_span(first).start), layout.next_line(layout.end(last)))
        }
        // Nothing stands there yet: the first entry goes below its key.
        None => (layout.column(own_key.start) + INDENT, layout.next_line(own_key.end)),
    };
    if indent > 0 && !entries.is_empty() {
        let first = layout.key_span(entries[0].0).start;
        let before = &layout.text[layout.line_start(first) as usize..first as usize];
        // A mapping that starts behind a dash or on the line of its key is continued below its first entry.
        if before.contains('\t') {
            return Err(Refusal::OtherForm);
        }
    }
    Ok(lines(layout, at, &block(indent, keys, value)))
}

/// What people indent by.
const INDENT: usize = 2;

/// `keys: value` as lines, each further in than the one before.
fn block(indent: usize, keys: &[&str], value: &str) -> String {
    let mut text = String::new();
    for (depth, key) in keys.iter().enumerate() {
        text.push_str(&" ".repeat(indent + depth * INDENT));
        text.push_str(key);
        text.push(':');
        if depth + 1 == keys.len() {
            text.push(' ');
            text.push_str(value);
        }
        text.push('\n');
    }
    text
}

/// Whole lines put in where a line starts.
fn lines(layout: &Layout<'_>, at: u32, text: &str) -> Edit {
    let span = layout.position(at);
    let breaks = at == 0 || layout.text.as_bytes()[at as usize - 1] == b'\n';
    let crlf = layout.text[..at as usize].ends_with("\r\n");
    let text = if crlf { text.replace('\n', "\r\n") } else { text.to_owned() };
    // The last line of a file may lack its line break; then the new last one shall lack it too.
    let replacement = if breaks { text } else { format!("\n{}", text.trim_end_matches('\n')) };
    Edit { span, replacement }
}

/// Puts an item or entry in front of the closing bracket at the end of `span`.
fn into_flow(layout: &Layout<'_>, span: Span, is_empty: bool, text: &str) -> Edit {
    let inside = &layout.text[..span.end as usize - 1];
    let at = inside.trim_end().len() as u32;
    let has_comma = inside.trim_end().ends_with(',');
    let replacement = match (is_empty, has_comma) {
        (true, _) => text.to_owned(),
        (false, true) => format!(" {text}"),
        (false, false) => format!(", {text}"),
    };
    Edit { span: Span { start: at, end: at, ..span }, replacement }
}

fn append(layout: &Layout<'_>, span: Span, node: NodeIndex, item: &str) -> Result<Edit, Refusal> {
    let Kind::Sequence(items) = &layout.node(node).kind else {
        return Err(if matches!(layout.node(node).kind, Kind::Alias { .. }) {
            Refusal::Anchor
        } else {
            Refusal::OtherForm
        });
    };
    if layout.is_flow(node) {
        return Ok(into_flow(layout, span, items.is_empty(), item));
    }
    let Some(&last) = items.last() else { return Err(Refusal::OtherForm) };
    let indent = layout.column(span.start);
    let at = layout.next_line(layout.end(last));
    Ok(lines(layout, at, &format!("{}- {item}\n", " ".repeat(indent))))
}

/// Removes the entry or item that holds a value; what would be left empty goes with it.
fn remove(layout: &Layout<'_>, span: Span, node: NodeIndex) -> Result<Edit, Refusal> {
    let (parent, count, from) = match layout.slot(node) {
        Slot::Root => return Err(Refusal::OtherForm),
        Slot::Entry { parent, at } => {
            let entries = layout.entries(parent);
            (parent, entries.len(), layout.key_span(entries[at].0).start)
        }
        Slot::Item { parent, .. } => {
            let Kind::Sequence(items) = &layout.node(parent).kind else { return Err(Refusal::OtherForm) };
            (parent, items.len(), span.start)
        }
    };
    if count == 1 {
        let above = layout.node(parent);
        return match layout.slot(parent) {
            Slot::Root => Err(Refusal::OtherForm),
            _ if above.anchor.is_some() => Err(Refusal::Anchor),
            _ => remove(layout, above.span, parent),
        };
    }
    if layout.is_flow(parent) {
        return Ok(remove_from_flow(layout, parent, from, span));
    }
    let (start, end) = (layout.line_start(from), layout.next_line(span.end.max(from)));
    // The first entry behind a dash cannot go with its line: the dash stays.
    let before = layout.text[start as usize..from as usize].trim();
    let is_own_line = before.is_empty() || before == "-" && matches!(layout.slot(node), Slot::Item { .. });
    if !is_own_line {
        return Err(Refusal::OtherForm);
    }
    Ok(Edit { span: Span { start, end, ..span }, replacement: String::new() })
}

fn remove_from_flow(layout: &Layout<'_>, parent: NodeIndex, from: u32, span: Span) -> Edit {
    let after = &layout.text[span.end as usize..];
    let rest = after.trim_start();
    let (start, end) = if let Some(behind) = rest.strip_prefix(',') {
        let end = layout.text.len() - behind.trim_start_matches([' ', '\t']).len();
        (from, end as u32)
    } else {
        let open = layout.node(parent).span.start as usize;
        let before = layout.text[open..from as usize].trim_end().trim_end_matches(',').trim_end();
        ((open + before.len()) as u32, span.end)
    };
    Edit { span: Span { start, end, ..span }, replacement: String::new() }
}
