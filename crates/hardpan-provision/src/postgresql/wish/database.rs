//! Databases: owner, encoding, locale, connection limit, settings.
//!
//! Not responsible for what is inside. A newcomer needs to know one thing: encoding and locale are for life, so a difference there
//! is refused and everything inside is left alone with it.

use tokio_postgres::error::SqlState;

use super::super::change::{Change, Statement};
use super::super::state::{Database as Found, State};
use super::super::{quote, settings};
use crate::plan::postgresql::{Database, Target};
use crate::step::{Difference, Step};

/// The limit that an interrupted DROP DATABASE leaves behind.
const INVALID: i32 = -2;

/// What to do about one database.
pub(super) fn step(target: &Target, name: &str, state: &State) -> Step<Change> {
    let id = target.database_id(name);
    let Some(wish) = target.databases.get(name) else { return Step::unchanged(id) };
    let needs = super::roles(target, &wish.owner);
    let Some(found) = state.databases.get(name) else {
        let template = wish.template.iter().map(|template| target.database_id(template));
        return Step::create(id, create(name, wish, state)).needs(needs).needs(template);
    };
    let fixed = fixed(wish, found, state);
    if found.connection_limit == INVALID {
        let differences = vec![Difference::new("state", "half dropped", "usable")];
        let help = format!("a DROP DATABASE was interrupted; drop {name} again, and the next run makes it");
        return Step::refuse(id, differences, help);
    }
    if !fixed.is_empty() {
        let help = "they are for life: dump the database, drop it and restore it into a new one, or let the plan \
                    say what is there";
        return Step::refuse(id, fixed, help);
    }
    let mut differences = Vec::new();
    let mut change = Change::atomic(None, Vec::new());
    let quoted = quote::identifier(name);
    let mut alter = |end: String, what: &str, needs: String| {
        let sql = format!("ALTER DATABASE {quoted} {end}");
        change.statements.push(Statement::new(sql, format!("change {what} of the database {name}"), needs));
    };
    let (different, ends) = settings::compare(&found.settings, &wish.settings);
    differences.extend(different);
    let owner_needs = format!("ownership of the database `{name}`");
    for end in ends {
        alter(end, "settings", format!("{owner_needs}, or to set this setting"));
    }
    if let Some(limit) = wish.connection_limit.filter(|limit| *limit != found.connection_limit) {
        differences.push(Difference::new("connection_limit", found.connection_limit, limit));
        alter(format!("CONNECTION LIMIT {limit}"), "the connection limit", owner_needs.clone());
    }
    // Last, because who gives a database away may not change it any more.
    if let Some(owner) = wish.owner.as_ref().filter(|owner| **owner != found.owner) {
        differences.push(Difference::new("owner", &found.owner, owner));
        let needs = format!("CREATEDB, ownership of the database `{name}`, and membership in `{owner}`");
        alter(format!("OWNER TO {}", quote::identifier(owner)), "the owner", needs);
    }
    if change.statements.is_empty() {
        Step::unchanged(id)
    } else {
        Step::change(id, differences, change).needs(needs)
    }
}

fn create(name: &str, wish: &Database, state: &State) -> Change {
    let template = wish.template.as_deref().unwrap_or("template0");
    let mut sql =
        format!("CREATE DATABASE {} WITH TEMPLATE {}", quote::identifier(name), quote::identifier(template));
    let is_builtin = wish.locale_provider.as_deref() == Some("builtin");
    let (lc_collate, lc_ctype) = locale(wish);
    let literals = [
        ("ENCODING", wish.encoding.as_deref()),
        ("LOCALE_PROVIDER", wish.locale_provider.as_deref()),
        ("BUILTIN_LOCALE", wish.locale.as_deref().filter(|_| is_builtin)),
        ("LC_COLLATE", lc_collate),
        ("LC_CTYPE", lc_ctype),
        ("ICU_LOCALE", wish.icu_locale.as_deref()),
    ];
    for (option, value) in literals {
        if let Some(value) = value {
            sql = format!("{sql} {option} {}", quote::literal(value));
        }
    }
    if let Some(limit) = wish.connection_limit {
        sql = format!("{sql} CONNECTION LIMIT {limit}");
    }
    if let Some(owner) = &wish.owner {
        sql = format!("{sql} OWNER {}", quote::identifier(owner));
    }
    let needs = match &wish.owner {
        Some(owner) if state.server.may_create_databases => format!("membership in `{owner}`, with SET"),
        _ => "CREATEDB".to_owned(),
    };
    let create = Statement::new(sql, format!("create the database {name}"), needs)
        .races(&[SqlState::DUPLICATE_DATABASE, SqlState::UNIQUE_VIOLATION]);
    let mut statements = vec![create];
    for end in settings::compare(&[], &wish.settings).1 {
        let sql = format!("ALTER DATABASE {} {end}", quote::identifier(name));
        let needs = format!("ownership of the database `{name}`, or to set this setting");
        statements.push(Statement::new(sql, format!("change settings of the database {name}"), needs));
    }
    // Where it is ended in between, the settings are what the next run finds missing.
    Change { database: None, is_atomic: false, password_of: None, statements }
}

/// Collation and character classes as the C library has them; a builtin locale is something else.
fn locale(wish: &Database) -> (Option<&str>, Option<&str>) {
    let both = wish.locale.as_deref().filter(|_| wish.locale_provider.as_deref() != Some("builtin"));
    (wish.lc_collate.as_deref().or(both), wish.lc_ctype.as_deref().or(both))
}

/// What differs and cannot be changed.
fn fixed(wish: &Database, found: &Found, state: &State) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut compare = |what: &str, wish: Option<&str>, found: &str, is_same: bool| {
        if let Some(wish) = wish.filter(|_| !is_same) {
            differences.push(Difference::new(what, if found.is_empty() { "none" } else { found }, wish));
        }
    };
    let encoding = wish
        .encoding
        .as_ref()
        .map(|name| state.encodings.get(name).cloned().flatten().unwrap_or_else(|| name.clone()));
    let is_same = encoding.as_deref() == Some(found.encoding.as_str());
    compare("encoding", encoding.as_deref(), &found.encoding, is_same);
    let (lc_collate, lc_ctype) = locale(wish);
    for (what, wish, found) in
        [("lc_collate", lc_collate, &found.lc_collate), ("lc_ctype", lc_ctype, &found.lc_ctype)]
    {
        compare(what, wish, found, wish.is_some_and(|wish| same_locale(wish, found)));
    }
    let provider = wish.locale_provider.as_deref();
    compare(
        "locale_provider",
        provider,
        &found.locale_provider,
        provider == Some(found.locale_provider.as_str()),
    );
    let found_locale = found.icu_locale.as_deref().unwrap_or_default();
    let is_builtin = provider == Some("builtin");
    let other = wish.icu_locale.as_deref().or(wish.locale.as_deref().filter(|_| is_builtin));
    compare(
        if is_builtin { "locale" } else { "icu_locale" },
        other,
        found_locale,
        other == Some(found_locale),
    );
    differences
}

/// `en_US.UTF-8` and `en_US.utf8` are one locale: the C library reads the encoding in any spelling. `POSIX` is `C`.
fn same_locale(a: &str, b: &str) -> bool {
    let parts = |name: &str| {
        let (language, encoding) = name.split_once('.').unwrap_or((name, ""));
        let encoding: String = encoding.chars().filter(char::is_ascii_alphanumeric).collect();
        let language = if name == "POSIX" { "C" } else { language };
        (language.to_owned(), encoding.to_ascii_lowercase())
    };
    parts(a) == parts(b)
}

#[cfg(test)]
mod tests {
    use super::same_locale;

    #[test]
    fn the_spelling_of_the_encoding_makes_no_other_locale() {
        assert!(same_locale("en_US.UTF-8", "en_US.utf8"));
        assert!(same_locale("C", "POSIX"));
        for (a, b) in [("C", "C.UTF-8"), ("en_US.UTF-8", "en_GB.UTF-8"), ("de_DE.utf8", "de_DE.latin1")] {
            assert!(!same_locale(a, b), "{a} {b}");
        }
    }
}
