//! Walks the YAML of a program's configuration: aliases and merge keys are followed, and every value has its place.

use hardpan_source::Span;
use hardpan_source::yaml::{Document, Kind, NodeIndex, ScalarStyle, Stream};

/// Merge keys that nest deeper are not followed: nobody writes them, and a circle has no end.
const MERGE_DEPTH_MAX: usize = 8;

/// A value of a configuration file.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'d> {
    document: &'d Document,
    node: NodeIndex,
    /// Where the lines are of a text that is part of another file.
    inset: Option<&'d Inset>,
}

/// A text that is a value of another file: where the value is, and where each of its lines.
pub(super) struct Inset {
    at: Span,
    lines: Vec<Span>,
    /// The offset in the text at which each line begins.
    starts: Vec<u32>,
}

impl Inset {
    /// `raw` is what stands at `at`, and `text` what it means. Lines are only known of a literal block.
    pub(super) fn new(at: Span, raw: &str, text: &str) -> Self {
        let mut lines = Vec::new();
        if raw.starts_with('|') {
            let mut start = at.start;
            for line in raw.split_inclusive('\n') {
                let indent = line.len() - line.trim_start().len();
                let (from, to) = (offset(indent), offset(line.trim_end().len().max(indent)));
                lines.push(Span::new(at.file, start + from, start + to));
                start += offset(line.len());
            }
            lines.remove(0);
        }
        let starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| offset(at + 1))).collect();
        Self { at, lines, starts }
    }

    /// Where a place of the text is: its line, or the whole value.
    pub(super) fn place(&self, start: u32) -> Span {
        let line = self.starts.partition_point(|&from| from <= start).saturating_sub(1);
        self.lines.get(line).copied().unwrap_or(self.at)
    }
}

fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl<'d> Cursor<'d> {
    /// The top values, one for each document of the text.
    pub(super) fn roots(stream: &'d Stream, inset: Option<&'d Inset>) -> impl Iterator<Item = Self> {
        stream
            .documents
            .iter()
            .filter_map(move |document| Some(Self { document, node: document.root()?, inset }))
    }

    fn kind(self) -> &'d Kind {
        let mut node = self.node;
        for _ in 0..MERGE_DEPTH_MAX {
            match &self.document.node(node).kind {
                Kind::Alias { target: Some(target), .. } => node = *target,
                kind => return kind,
            }
        }
        &self.document.node(self.node).kind
    }

    /// Where the value is written; for an alias, the alias.
    pub(super) fn span(self) -> Span {
        let span = self.document.node(self.node).span;
        self.inset.map_or(span, |inset| inset.place(span.start))
    }

    /// True if the text may be edited at [`Cursor::span`].
    pub(super) fn is_own_text(self) -> bool {
        self.inset.is_none() && !matches!(self.document.node(self.node).kind, Kind::Alias { .. })
    }

    /// The text of a scalar.
    pub(super) fn text(self) -> Option<&'d str> {
        match self.kind() {
            Kind::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// True for a value that is omitted or null.
    pub(super) fn is_null(self) -> bool {
        match self.kind() {
            Kind::Scalar(scalar) => {
                scalar.style == ScalarStyle::Plain && matches!(&*scalar.text, "" | "~" | "null")
            }
            _ => false,
        }
    }

    pub(super) fn is_mapping(self) -> bool {
        matches!(self.kind(), Kind::Mapping(_))
    }

    /// The items of a sequence.
    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        let items: &[NodeIndex] = match self.kind() {
            Kind::Sequence(items) => items,
            _ => &[],
        };
        items.iter().map(move |&node| Self { node, ..self })
    }

    /// The texts of a sequence, or the one text that stands for it.
    pub(super) fn texts(self) -> impl Iterator<Item = (&'d str, Span)> {
        let alone = self.text().filter(|_| !self.is_null()).map(|text| (text, self.span()));
        alone.into_iter().chain(self.items().filter_map(|item| Some((item.text()?, item.span()))))
    }

    fn own_entries(self) -> impl Iterator<Item = (Self, Self)> {
        let entries: &[(NodeIndex, NodeIndex)] = match self.kind() {
            Kind::Mapping(entries) => entries,
            _ => &[],
        };
        entries.iter().map(move |&(key, node)| (Self { node: key, ..self }, Self { node, ..self }))
    }

    /// The entries of a mapping with the places of their keys. What a merge key brings in comes last.
    pub(super) fn entries(self) -> Vec<(&'d str, Span, Self)> {
        let mut entries = Vec::new();
        self.collect(&mut entries, 0);
        entries
    }

    fn collect(self, entries: &mut Vec<(&'d str, Span, Self)>, depth: usize) {
        let mut merged = Vec::new();
        for (key, value) in self.own_entries() {
            match key.text() {
                Some("<<") => merged.push(value),
                Some(name) if !entries.iter().any(|(known, ..)| *known == name) => {
                    entries.push((name, key.span(), value));
                }
                _ => {}
            }
        }
        if depth < MERGE_DEPTH_MAX {
            for value in merged {
                value.collect(entries, depth + 1);
                for item in value.items() {
                    item.collect(entries, depth + 1);
                }
            }
        }
    }

    /// The value of a key; null counts as absent.
    pub(super) fn get(self, key: &str) -> Option<Self> {
        self.find(key, 0).filter(|value| !value.is_null())
    }

    fn find(self, key: &str, depth: usize) -> Option<Self> {
        let own = self.own_entries().find(|(name, _)| name.text() == Some(key));
        if let Some((_, value)) = own {
            return Some(value);
        }
        if depth == MERGE_DEPTH_MAX {
            return None;
        }
        let merged = self.own_entries().filter(|(name, _)| name.text() == Some("<<"));
        merged.map(|(_, value)| value).find_map(|value| {
            value.find(key, depth + 1).or_else(|| value.items().find_map(|item| item.find(key, depth + 1)))
        })
    }

    /// Where a key is written.
    pub(super) fn key_span(self, key: &str) -> Option<Span> {
        self.own_entries().find(|(name, _)| name.text() == Some(key)).map(|(name, _)| name.span())
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;
    use hardpan_source::{FileTable, Span, yaml};

    #[test]
    fn lines_of_a_text_within_a_file_have_places() {
        let raw = "|\n    a: 1\n    b:\n      c: $$x";
        let mut files = FileTable::new();
        let file = files.add("x", raw);
        let text = "a: 1\nb:\n  c: $x";
        let inset = super::Inset::new(Span::new(file, 0, 34), raw, text);
        let shown = |word: &str| {
            let at = u32::try_from(text.find(word).expect("it is there")).expect("a short text");
            files.text(inset.place(at))
        };
        assert_eq!(shown("a:"), "a: 1");
        assert_eq!(shown("$x"), "c: $$x");
    }

    #[test]
    fn aliases_and_merge_keys_are_followed() {
        let text = "base: &base {a: 1, b: 2}\nuse:\n  <<: [*base, {c: 4}]\n  b: 3\nlist: [*base]\nloop: &l {<<: *l}\n";
        let mut files = FileTable::new();
        let stream = yaml::parse(text, files.add("x", text));
        let root = Cursor::roots(&stream, None).next().expect("a document");
        let get =
            |path: &[&str]| path.iter().try_fold(root, |value, key| value.get(key)).and_then(Cursor::text);
        assert_eq!(get(&["use", "a"]), Some("1"));
        assert_eq!(get(&["use", "b"]), Some("3"));
        assert_eq!(get(&["use", "c"]), Some("4"));
        assert_eq!(get(&["loop", "x"]), None);
        let keys: Vec<&str> =
            root.get("use").expect("it is there").entries().into_iter().map(|(key, ..)| key).collect();
        assert_eq!(keys, ["b", "a", "c"]);
        let first = root.get("list").and_then(|list| list.items().next()).and_then(|item| item.get("a"));
        assert_eq!(first.and_then(Cursor::text), Some("1"));
    }
}
