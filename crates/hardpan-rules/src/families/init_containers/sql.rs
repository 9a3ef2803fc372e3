//! SQL as far as it creates things: statements that fail when they run a second time.

use std::ops::Range;

/// A statement that creates something without asking whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Creation {
    /// Where the statement begins, up to the name.
    pub(super) range: Range<usize>,
    /// What is created, in upper case: `DATABASE`.
    pub(super) kind: String,
    /// Its name, without quotes.
    pub(super) name: String,
}

/// Every unguarded creation of a text, in order.
pub(super) fn creations(text: &str) -> Vec<Creation> {
    let mut found = Vec::new();
    let mut dropped: Vec<(String, String)> = Vec::new();
    for words in statements(text) {
        let upper = |at: usize| words.get(at).map(|word| word.text.to_ascii_uppercase()).unwrap_or_default();
        match upper(0).as_str() {
            "DROP" => {
                let skip = if upper(2) == "IF" { 4 } else { 2 };
                dropped.push((upper(1), plain(&upper(skip))));
            }
            "CREATE" => {
                let Some((kind, at)) = kind(&upper) else { continue };
                let all: Vec<String> = (0..words.len()).map(&upper).collect();
                let has_guard = all.windows(3).any(|three| three == ["IF", "NOT", "EXISTS"]);
                let name = plain(&upper(at));
                let was_dropped = dropped.iter().any(|(other, gone)| *other == kind && *gone == name);
                if has_guard || was_dropped {
                    continue;
                }
                let start = words.first().map_or(0, |word| word.range.start);
                let end = words.get(at).or(words.last()).map_or(start, |word| word.range.end);
                let name = words.get(at).map(|word| plain(&word.text)).unwrap_or_default();
                found.push(Creation { range: start..end, kind, name });
            }
            _ => {}
        }
    }
    found
}

/// What is created, and which word names it.
fn kind(upper: &dyn Fn(usize) -> String) -> Option<(String, usize)> {
    const KINDS: &[&str] = &[
        "DATABASE",
        "ROLE",
        "USER",
        "TABLE",
        "SCHEMA",
        "EXTENSION",
        "SEQUENCE",
        "TYPE",
        "INDEX",
        "KEYSPACE",
        "LOGIN",
        "GROUP",
        "DOMAIN",
        "VIEW",
        "TRIGGER",
        "PUBLICATION",
        "FUNCTION",
        "PROCEDURE",
    ];
    for at in 1..4 {
        let word = upper(at);
        if KINDS.contains(&word.as_str()) {
            // An index may be without a name.
            return Some((word, at + 1));
        }
        if !matches!(
            word.as_str(),
            "UNIQUE" | "MATERIALIZED" | "UNLOGGED" | "GLOBAL" | "LOCAL" | "CONSTRAINT"
        ) {
            return None;
        }
    }
    None
}

fn plain(name: &str) -> String {
    name.trim_matches(['"', '`', '\'', '[', ']', '(']).to_owned()
}

struct Word {
    text: String,
    range: Range<usize>,
}

/// The words of each statement; strings, comments and quoted bodies are left out.
fn statements(text: &str) -> Vec<Vec<Word>> {
    let bytes = text.as_bytes();
    let mut all = Vec::new();
    let mut words: Vec<Word> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = text.get(at..).unwrap_or_default();
        let byte = bytes[at];
        if rest.starts_with("--") {
            at += line_length(rest);
        } else if rest.starts_with("/*") {
            at += rest.find("*/").map_or(rest.len(), |end| end + 2);
        } else if byte == b'\'' {
            at += 1 + rest.get(1..).and_then(|inner| inner.find('\'')).map_or(rest.len(), |end| end + 1);
        } else if let Some(length) = dollar_quoted(rest) {
            at += length;
        } else if byte == b'\\' {
            // A command of psql: `\gexec` runs what the statement before it has selected.
            all.push(std::mem::take(&mut words));
            at += line_length(rest);
        } else if byte == b';' {
            all.push(std::mem::take(&mut words));
            at += 1;
        } else if is_word(byte) {
            let length = rest.bytes().position(|byte| !is_word(byte)).unwrap_or(rest.len());
            let word = rest.get(..length).unwrap_or_default().to_owned();
            let is_batch_end = word == "GO" && (at == 0 || bytes[at - 1] == b'\n');
            if is_batch_end {
                all.push(std::mem::take(&mut words));
            } else {
                words.push(Word { text: word, range: at..at + length });
            }
            at += length;
        } else {
            at += 1;
        }
    }
    all.push(words);
    all.retain(|words| !words.is_empty());
    all
}

fn line_length(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len()).max(1)
}

/// Names may be quoted, or be made of variables of psql or of the shell.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'"' | b'`' | b'$' | b'{' | b'}' | b':' | b'.' | b'-')
        || byte >= 0x80
}

/// The length of `$$…$$` or `$tag$…$tag$`; in a here-document the signs may be escaped.
fn dollar_quoted(text: &str) -> Option<usize> {
    let (open, sign) = match text.strip_prefix("\\$") {
        Some(_) => (2, "\\$"),
        None => (text.starts_with('$').then_some(1)?, "$"),
    };
    let rest = text.get(open..)?;
    let tag = rest.find(sign)?;
    let is_tag = rest.get(..tag)?.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_tag {
        return None;
    }
    let delimiter = text.get(..open + tag + sign.len())?;
    let body = text.get(delimiter.len()..)?;
    Some(body.find(delimiter).map_or(text.len(), |end| delimiter.len() + end + delimiter.len()))
}

#[cfg(test)]
mod tests {
    use super::creations;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = creations(text);
        let found: Vec<(&str, &str)> =
            found.iter().map(|creation| (creation.kind.as_str(), creation.name.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn unguarded_creations_are_found() {
        check("CREATE DATABASE a; create user \"b\" with password 'x';", &[("DATABASE", "a"), ("USER", "b")]);
        check("CREATE TABLE t (id int);\nCREATE UNIQUE INDEX i ON t(id);", &[("TABLE", "t"), ("INDEX", "i")]);
        check("GRANT ALL ON DATABASE a TO b", &[]);
        check("CREATE DATABASE :name;", &[("DATABASE", ":name")]);
        check("CREATE DATABASE ${DB};", &[("DATABASE", "${DB}")]);
    }

    #[test]
    fn guarded_creations_are_not() {
        check("CREATE TABLE IF NOT EXISTS t (id int); CREATE OR REPLACE VIEW v AS SELECT 1", &[]);
        check("SELECT 'CREATE DATABASE a' WHERE NOT EXISTS (SELECT 1)\\gexec\nSELECT 1;", &[]);
        check("DO $$ BEGIN CREATE ROLE a; END $$;", &[]);
        check("DO \\$\\$ BEGIN CREATE ROLE a; END \\$\\$;", &[]);
        check("DO $do$ BEGIN CREATE ROLE a; END $do$;", &[]);
        check("DROP TABLE IF EXISTS t; CREATE TABLE t (id int);", &[]);
        check("-- CREATE TABLE a;\n/* CREATE TABLE b; */ SELECT 1", &[]);
        check("IF NOT EXISTS (SELECT 1) CREATE DATABASE a;", &[]);
    }

    #[test]
    fn broken_texts_are_survived() {
        for text in ["'", "$$", "$a$", "/*", "\\", "CREATE", "CREATE DATABASE", "ü'$ü$;", "\\$"] {
            let _ = creations(text);
        }
    }
}
