//! The table of loaded files and the way from byte offsets to lines and columns.

use std::sync::{Arc, OnceLock};

/// Names one file of a [`FileTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u32);

/// A position for people: both numbers count from 1, the column counts characters (Unicode scalar values).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One file: the path it was asked for under and its text.
#[derive(Debug)]
pub struct SourceFile {
    path: String,
    text: String,
    line_starts: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// The path as it was resolved by the loader (absolute, or a name such as `<stdin>`).
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset; an offset past the end answers for the end of the text.
    #[must_use]
    pub fn line_column(&self, offset: u32) -> LineColumn {
        let starts = self.line_starts.get_or_init(|| line_starts(&self.text));
        let index = starts.partition_point(|&start| start <= offset).saturating_sub(1);
        let start = starts[index] as usize;
        let end = self.text.floor_char_boundary(offset as usize).max(start);
        let column = self.text[start..end].chars().count();
        LineColumn { line: number(index + 1), column: number(column + 1) }
    }
}

fn line_starts(text: &str) -> Vec<u32> {
    std::iter::once(0)
        .chain(text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| number(at + 1)))
        .collect()
}

/// Invariant: texts are shorter than 4 GiB (the loader's own limit is far below), so counts in them fit `u32`.
fn number(count: usize) -> u32 {
    u32::try_from(count).expect("a source text is shorter than 4 GiB")
}

/// All files of one load. Files are added and never removed, so a [`FileId`] stays valid as long as its table.
#[derive(Debug, Default)]
pub struct FileTable {
    files: Vec<Arc<SourceFile>>,
}

impl FileTable {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file and names it.
    ///
    /// # Panics
    /// If the text is 4 GiB or longer; loaders refuse such files long before.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let text = text.into();
        let _ = number(text.len());
        let id = FileId(number(self.files.len()));
        self.files.push(Arc::new(SourceFile { path: path.into(), text, line_starts: OnceLock::new() }));
        id
    }

    /// The file of this name.
    #[must_use]
    pub fn get(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The file of this name, to keep while more files are added.
    #[must_use]
    pub fn share(&self, id: FileId) -> Arc<SourceFile> {
        Arc::clone(&self.files[id.0 as usize])
    }

    /// The text a span covers.
    #[must_use]
    pub fn text(&self, span: crate::Span) -> &str {
        self.get(span.file).text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Every file in the order it was added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(number(index)), &**file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, offset: u32, line: u32, column: u32) {
        let mut table = FileTable::new();
        let id = table.add("a.yml", text);
        assert_eq!(table.get(id).line_column(offset), LineColumn { line, column }, "{text:?} at {offset}");
    }

    #[test]
    fn line_and_column_count_from_one() {
        check("a: 1\nb: 2\n", 0, 1, 1);
        check("a: 1\nb: 2\n", 5, 2, 1);
        check("a: 1\nb: 2\n", 8, 2, 4);
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        check("é: x", 3, 1, 3);
    }

    #[test]
    fn an_offset_past_the_end_answers_for_the_end() {
        check("ab\nc", 99, 2, 2);
        check("", 0, 1, 1);
    }
}
