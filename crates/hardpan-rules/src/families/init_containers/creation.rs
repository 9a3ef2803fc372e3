//! Commands that create something and fail, or create it again, when they run a second time.

use std::ops::Range;

use super::scripts::Shell;
use super::shell_lists::{Questions, fallback, only_shrugs};
use super::sql;
use crate::artifacts::shell::{AndOr, EffectiveCommand, Visited, Word, effective_command};

/// A creation in a shell text.
pub(super) struct Creation {
    /// Where it stands in the text.
    pub(super) range: Range<usize>,
    /// What is found, in backticks in messages.
    pub(super) what: String,
    /// What to do about it.
    pub(super) help: &'static str,
    /// The names that it creates, as far as they are known.
    pub(super) names: Vec<String>,
    /// Whether something keeps it from running twice, or its failure from counting.
    pub(super) is_guarded: bool,
}

/// Every creation of a text.
pub(super) fn creations(shell: &Shell<'_>) -> Vec<Creation> {
    let all = shell.commands();
    let questions = Questions::of(shell);
    let mut found = Vec::new();
    for (at, visited) in all.iter().enumerate() {
        let Some(command) = effective_command(&visited.command.words) else { continue };
        let mut own = of_command(shell, visited, &command);
        if own.is_empty() {
            continue;
        }
        let is_guarded = questions.decide(visited)
            || questions.may_have_ended(&all, at)
            || failure_is_taken(questions.lists(), visited);
        for creation in &mut own {
            creation.is_guarded |= is_guarded;
        }
        found.extend(own);
    }
    found
}

/// Whether the command's failure is expected: `|| true`, `|| echo "is there already"`.
fn failure_is_taken(lists: &[&AndOr], visited: &Visited<'_>) -> bool {
    fallback(lists, visited.command).is_some_and(only_shrugs)
}

/// Whether a command is one that creates; such a one may be followed by `|| true`.
pub(super) fn is_creation(shell: &Shell<'_>, visited: &Visited<'_>) -> bool {
    effective_command(&visited.command.words)
        .is_some_and(|command| is_tolerated(&command) || !of_command(shell, visited, &command).is_empty())
}

/// Creations that overwrite what is there, or fail harmlessly when it is.
fn is_tolerated(command: &EffectiveCommand<'_>) -> bool {
    const WORDS: &[&str] = &[
        "create",
        "add",
        "mb",
        "createdb",
        "createuser",
        "useradd",
        "attach",
        "enable",
        "initiate",
        "adduser",
    ];
    let words = command.arguments.iter().filter_map(|word| word.plain.as_deref());
    words.chain([command.program]).any(|word| {
        let word = word.trim_start_matches('-').to_ascii_lowercase();
        WORDS.contains(&word.as_str()) || word.starts_with("create-") || word.starts_with("create_")
    })
}

fn of_command(shell: &Shell<'_>, visited: &Visited<'_>, command: &EffectiveCommand<'_>) -> Vec<Creation> {
    let range = visited.command.range.clone();
    let words: Vec<&str> =
        command.arguments.iter().map(|word| word.plain.as_deref().unwrap_or(&word.raw)).collect();
    let has = |word: &str| words.contains(&word);
    let has_any = |options: &[&str]| options.iter().any(|option| has(option));
    let starts = |option: &str| words.iter().any(|word| word.starts_with(option));
    let after = |option: &str| {
        let at = words.iter().position(|word| *word == option)?;
        words.get(at + 1).map(|word| (*word).to_owned())
    };
    let of = |what: &str, help: &'static str, is_guarded: bool, names: Vec<String>| {
        vec![Creation { range: range.clone(), what: what.to_owned(), help, names, is_guarded }]
    };
    let last = || words.iter().rev().find(|word| !word.starts_with('-')).map(|word| (*word).to_owned());
    match command.program {
        "mc" | "mcli" if has("mb") => {
            let names = words.iter().filter(|word| !word.starts_with('-') && word.contains('/'));
            let names = names.map(|word| word.rsplit('/').next().unwrap_or(word).to_owned()).collect();
            of("mc mb", "add `--ignore-existing`", has_any(&["--ignore-existing", "-p"]), names)
        }
        "mc" | "mcli" if has("svcacct") && has("add") => of(
            "mc admin user svcacct add",
            "look for the account first: `mc admin user svcacct info`",
            false,
            Vec::new(),
        ),
        program if program.starts_with("kafka-topics") && has("--create") => {
            let names = after("--topic").into_iter().collect();
            of("kafka-topics --create", "add `--if-not-exists`", has("--if-not-exists"), names)
        }
        "rpk" if has("topic") && has("create") => of(
            "rpk topic create",
            "look for the topic first: `rpk topic describe`",
            has("--if-not-exists"),
            last().into_iter().collect(),
        ),
        "useradd" | "groupadd" | "adduser" | "addgroup" => of(
            command.program,
            "look for it first: `id NAME || useradd NAME`",
            has_any(&["-f", "--force"]) && command.program == "groupadd",
            Vec::new(),
        ),
        "rabbitmqctl" if has("add_user") => {
            let names = after("add_user").into_iter().collect();
            of("rabbitmqctl add_user", "look for the user first: `rabbitmqctl list_users`", false, names)
        }
        "createdb" | "createuser" => {
            of(command.program, "look for it in the catalogue first", false, last().into_iter().collect())
        }
        "aws" | "awslocal" if has("s3") && has("mb") => {
            let names = last().map(|name| name.trim_start_matches("s3://").to_owned());
            of(
                "aws s3 mb",
                "look for the bucket first: `aws s3api head-bucket`",
                false,
                names.into_iter().collect(),
            )
        }
        "aws" | "awslocal" if has("create-bucket") || has("create-table") => {
            let names = after("--bucket").or(after("--table-name")).into_iter().collect();
            of(
                "aws create",
                "look for it first: `aws s3api head-bucket`, `aws dynamodb describe-table`",
                false,
                names,
            )
        }
        "redis-cli" | "valkey-cli" | "keydb-cli" if has("--cluster") && has("create") => of(
            "--cluster create",
            "ask for `cluster info` first and leave with success when `cluster_state:ok`",
            false,
            Vec::new(),
        ),
        "curl" if posts(&words, &starts) => of(
            "curl -X POST",
            "ask whether it exists first, or take the answer 409 for success",
            false,
            Vec::new(),
        ),
        "influx" if has("create") || has("setup") => of(
            "influx create",
            "look for it first: `influx bucket list`",
            false,
            after("--name").into_iter().collect(),
        ),
        "vault" if has("operator") && has("init") => {
            of("vault operator init", "ask `vault operator init -status` first", has("-status"), Vec::new())
        }
        "vault" if has("enable") => of(
            "vault enable",
            "look for it first: `vault secrets list`, `vault auth list`",
            false,
            Vec::new(),
        ),
        "kcadm.sh" | "kcadm" if has("create") => {
            of("kcadm create", "look for it first: `kcadm.sh get`", false, Vec::new())
        }
        "nats" if has("add") => of("nats add", "look for it first: `nats stream info`", false, Vec::new()),
        "pulsar-admin" if has("create") => {
            of("pulsar-admin create", "look for it first: `pulsar-admin tenants list`", false, Vec::new())
        }
        "python" | "python3" | "manage.py" | "uv" | "poetry" if has("createsuperuser") => of(
            "createsuperuser",
            "look for the user first, or expect the failure: `|| true`",
            false,
            Vec::new(),
        ),
        "kubectl" if has("create") => of(
            "kubectl create",
            "use `kubectl apply`, or pipe `--dry-run=client -o yaml` into it",
            starts("--dry-run"),
            Vec::new(),
        ),
        "docker" if has("create") && has_any(&["network", "volume"]) => {
            of("docker create", "look for it first: `docker network inspect`", has("volume"), Vec::new())
        }
        "mkdir" => {
            let makes_parents = words.iter().any(|word| *word == "--parents" || is_flag(word, 'p'));
            of("mkdir", "add `-p`", makes_parents, Vec::new())
        }
        "ln" => {
            let is_forced = words.iter().any(|word| *word == "--force" || is_flag(word, 'f'));
            of("ln", "add `-f`", is_forced, Vec::new())
        }
        program if is_database_client(program) => in_statements(shell, visited),
        "echo" | "printf" | "cat" if visited.context.output_piped && is_piped_to_database(shell, visited) => {
            in_statements(shell, visited)
        }
        _ => Vec::new(),
    }
}

fn is_flag(word: &str, letter: char) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.contains(letter)
}

/// Whether curl creates something; to log in, to search and to reload is no creation.
fn posts(words: &[&str], starts: &dyn Fn(&str) -> bool) -> bool {
    const OTHER: &[&str] = &[
        "login", "token", "auth", "search", "query", "refresh", "reload", "health", "unseal", "graphql",
        "session", "webhook", "_count", "_bulk", "notify", "slack", "discord", "hooks", "ping", "flush",
        "restart", "reset",
    ];
    let is_post = starts("-XPOST")
        || words
            .windows(2)
            .any(|two| matches!(two[0], "-X" | "--request") && two[1].trim_matches('"') == "POST")
        || starts("--request=POST");
    let address =
        words.iter().find(|word| word.contains("://") || word.contains("_URL") || word.contains("/api"));
    let address = address.map(|address| address.to_ascii_lowercase()).unwrap_or_default();
    is_post && !OTHER.iter().any(|other| address.contains(other))
}

pub(super) fn is_database_client(program: &str) -> bool {
    matches!(
        program,
        "psql"
            | "mysql"
            | "mariadb"
            | "sqlcmd"
            | "cqlsh"
            | "clickhouse-client"
            | "sqlite3"
            | "mongosh"
            | "mongo"
            | "cockroach"
    )
}

fn is_piped_to_database(shell: &Shell<'_>, visited: &Visited<'_>) -> bool {
    let rest = shell.text.get(visited.command.range.end..).unwrap_or_default();
    let next = rest.trim_start().strip_prefix('|').unwrap_or_default();
    let line = next.split('\n').next().unwrap_or_default();
    line.split_whitespace().any(|word| is_database_client(super::scripts::base_name(word)))
}

/// The creations in the statements that a command carries in its words and here-documents.
fn in_statements(shell: &Shell<'_>, visited: &Visited<'_>) -> Vec<Creation> {
    let mut found = Vec::new();
    let texts = visited.command.words.iter().chain(visited.command.redirects.iter().flat_map(|redirect| {
        let body = redirect.heredoc.as_ref().map(|heredoc| &heredoc.body);
        [Some(&redirect.target), body].into_iter().flatten()
    }));
    let mut all = String::new();
    for word in texts {
        let text = word.unquoted();
        for creation in sql::creations(&text) {
            let written = text.get(creation.range.clone()).unwrap_or_default();
            let range = locate(shell, word, written);
            found.push(Creation {
                range,
                what: format!("CREATE {}", creation.kind),
                help: help_of(&creation.kind),
                names: vec![creation.name],
                is_guarded: false,
            });
        }
        let guards = ["try", "catch", "getUser", "rs.status", "if (", "if("];
        for call in ["createUser(", "rs.initiate(", "createCollection("] {
            if text.contains(call) && !guards.iter().any(|guard| text.contains(guard)) {
                found.push(Creation {
                    range: locate(shell, word, call),
                    what: call.trim_end_matches('(').to_owned(),
                    help: "ask first whether it is there: `db.getUser`, `rs.status`",
                    names: Vec::new(),
                    is_guarded: false,
                });
            }
        }
        all.push_str(&text);
    }
    // What `\gexec` runs was selected, and so was asked for.
    if all.contains("\\gexec") {
        found.clear();
    }
    found
}

pub(super) fn help_of(kind: &str) -> &'static str {
    match kind {
        "DATABASE" => {
            "PostgreSQL: `SELECT 'CREATE DATABASE …' WHERE NOT EXISTS (…) \\gexec`; elsewhere `IF NOT EXISTS`"
        }
        "ROLE" | "USER" | "GROUP" => {
            "PostgreSQL: a `DO` block that asks `pg_roles` first; elsewhere `IF NOT EXISTS`"
        }
        "VIEW" | "FUNCTION" | "PROCEDURE" | "TRIGGER" => "use `CREATE OR REPLACE`",
        _ => "add `IF NOT EXISTS`",
    }
}

fn locate(shell: &Shell<'_>, word: &Word, written: &str) -> Range<usize> {
    let raw = shell.slice(&word.range);
    match raw.find(written) {
        Some(at) if !written.is_empty() => word.range.start + at..word.range.start + at + written.len(),
        _ => word.range.clone(),
    }
}
