//! The list of diagnostic codes and the sources name the same codes.

use std::collections::BTreeSet;
use std::path::Path;

use hardpan_compose::CODES;

/// Every string literal of the sources that looks like a code: `word::words-with-dashes`.
fn codes_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("the sources can be listed") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            codes_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("codes.rs") {
            let text = std::fs::read_to_string(&path).expect("a source can be read");
            let literals = text.split('"').filter(|part| is_code(part));
            found.extend(literals.map(str::to_owned));
        }
    }
}

fn is_code(text: &str) -> bool {
    let Some((area, name)) = text.split_once("::") else { return false };
    ["yaml", "schema", "compose", "interpolation", "file", "env-file"].contains(&area)
        && !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
}

#[test]
fn every_code_is_listed_once_and_used() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut used = BTreeSet::new();
    for name in ["hardpan-source", "hardpan-compose", "hardpan"] {
        codes_in(&crates.join(name).join("src"), &mut used);
    }
    let listed: BTreeSet<String> = CODES.iter().map(|info| info.code.to_owned()).collect();
    assert_eq!(listed.len(), CODES.len(), "a code is listed twice");
    assert!(CODES.is_sorted_by_key(|info| info.code), "the list is sorted by name");
    assert_eq!(used, listed, "codes in the sources and in the list");
}
