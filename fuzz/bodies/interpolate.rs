//! Substitution, the list of variables, and dotenv files, with a fixed set of variables.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use hardpan_compose::syntax::dotenv::{self, Entry};
use hardpan_compose::syntax::interpolate::{TEXT_BYTES_MAX, substitute};
use hardpan_compose::syntax::variables::variables;

/// Reads one text as a template and as a dotenv file.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let lookup: BTreeMap<String, String> =
        [("A", "one"), ("B", ""), ("C", "${A}"), ("LONG", "0123456789abcdef0123456789abcdef"), ("É", "x")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    if let Ok(result) = substitute(text, &lookup) {
        assert!(result.text.len() <= TEXT_BYTES_MAX, "a result stays within the limit");
        for used in &result.uses {
            check_range(text, &used.range);
            assert!(text[used.range.clone()].starts_with('$'), "a use begins with its dollar sign");
        }
        if !text.contains('$') {
            assert_eq!(result.text, text, "text without a dollar sign stays as it is");
        }
    }
    let _ = variables(text);
    let mut known = HashMap::new();
    match dotenv::parse(text, &lookup, &mut known) {
        Ok(entries) => check_entries(text, &entries),
        Err(error) => {
            check_range(text, &error.range);
            let _ = error.to_string();
        }
    }
    match dotenv::parse_raw(text, &lookup) {
        Ok(entries) => check_entries(text, &entries),
        Err(error) => {
            check_range(text, &error.range);
            let _ = error.to_string();
        }
    }
}

fn check_entries(text: &str, entries: &[Entry]) {
    for entry in entries {
        check_range(text, &entry.key_range);
        assert!(entry.line >= 1, "lines count from one");
    }
}

fn check_range(text: &str, range: &Range<usize>) {
    assert!(text.get(range.clone()).is_some(), "{range:?} is a piece of {} bytes", text.len());
}
