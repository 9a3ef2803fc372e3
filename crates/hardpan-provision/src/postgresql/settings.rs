//! Settings of roles and databases: compared, and set.
//!
//! Not responsible for which settings there are; the server says so. A newcomer needs to know one thing: a few settings are lists of
//! names, and `search_path = 'a, b'` would be one schema of that odd name, so lists are taken apart here.

use std::collections::BTreeMap;

use super::quote;
use crate::step::Difference;

/// Settings whose value is a list of names that are quoted one by one (`GUC_LIST_QUOTE` in the server's source).
const LISTS: &[&str] = &[
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

fn is_list(name: &str) -> bool {
    LISTS.iter().any(|list| list.eq_ignore_ascii_case(name))
}

/// What differs, and the ends of the statements that bring it in line: `SET "work_mem" TO '64MB'`.
pub(super) fn compare(found: &[String], wish: &BTreeMap<String, String>) -> (Vec<Difference>, Vec<String>) {
    let (mut differences, mut ends) = (Vec::new(), Vec::new());
    for (name, value) in wish {
        let mut pairs = found.iter().filter_map(|setting| setting.split_once('='));
        // The names of settings are the same in capitals.
        let found = pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        let is_same = found.is_some_and(|found| {
            if is_list(name) { names(found) == names(value) } else { found == value.as_str() }
        });
        if !is_same {
            let from = found.unwrap_or("not set");
            differences.push(Difference::new(format!("setting {name}"), from, value));
            ends.push(set(name, value));
        }
    }
    (differences, ends)
}

fn set(name: &str, value: &str) -> String {
    let quoted: Vec<String> = name.split('.').map(quote::identifier).collect();
    let values: Vec<String> = match is_list(name) {
        true => names(value).iter().map(|one| quote::literal(one)).collect(),
        false => vec![quote::literal(value)],
    };
    let values = if values.is_empty() { "''".to_owned() } else { values.join(", ") };
    format!("SET {} TO {values}", quoted.join("."))
}

/// Takes a list of names apart as the server does: at commas, with double quotes around what is to stay as it is; without
/// them, capitals do not count.
fn names(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let (mut is_quoted, mut was_quoted) = (false, false);
    let mut characters = list.chars().peekable();
    let mut finish = |name: &mut String, was_quoted: &mut bool| {
        let done = std::mem::take(name);
        let done = if *was_quoted { done } else { done.trim().to_lowercase() };
        if *was_quoted || !done.is_empty() {
            names.push(done);
        }
        *was_quoted = false;
    };
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                name.push('"');
            }
            '"' => {
                is_quoted = !is_quoted;
                if is_quoted {
                    name.clear();
                }
                was_quoted = true;
            }
            ',' if !is_quoted => finish(&mut name, &mut was_quoted),
            // Between a closing quote and the comma there is nothing but space.
            _ if was_quoted && !is_quoted => {}
            other => name.push(other),
        }
    }
    finish(&mut name, &mut was_quoted);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(name: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn a_list_of_names_is_set_name_by_name_and_compared_without_its_spelling() {
        let found = vec!["search_path=app, public, \"$user\"".to_owned()];
        assert_eq!(compare(&found, &wish("search_path", "app,public , \"$user\"")).0, []);
        let (differences, ends) = compare(&found, &wish("search_path", "\"App\", public"));
        assert_eq!(differences.len(), 1);
        assert_eq!(ends, [r#"SET "search_path" TO 'App', 'public'"#]);
        assert_eq!(names("App, \"B\"\"c, d\" ,"), ["app", "B\"c, d"]);
        assert_eq!(compare(&[], &wish("search_path", "")).1, [r#"SET "search_path" TO ''"#]);
    }

    #[test]
    fn a_setting_is_compared_by_value_and_found_whatever_its_capitals() {
        let found = vec!["TimeZone=UTC".to_owned(), "work_mem=64MB".to_owned()];
        assert_eq!(compare(&found, &wish("timezone", "UTC")).0, []);
        let (differences, ends) = compare(&found, &wish("work_mem", "1GB"));
        assert_eq!(differences, [Difference::new("setting work_mem", "64MB", "1GB")]);
        assert_eq!(ends, [r#"SET "work_mem" TO '1GB'"#]);
        let (differences, ends) = compare(&found, &wish("app.tenant", "it's"));
        assert_eq!(differences, [Difference::new("setting app.tenant", "not set", "it's")]);
        assert_eq!(ends, [r#"SET "app"."tenant" TO 'it''s'"#]);
    }
}
