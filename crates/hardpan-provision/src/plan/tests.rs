//! Plans: what is read, and what is said of what is wrong.

use std::collections::HashMap;

use hardpan_compose::{Loader, PathKind, ReadError};
use hardpan_diag::Diagnostic;
use hardpan_source::FileTable;

use super::{Plan, Target, masked, read};
use crate::step::ObjectId;

/// Each problem as `line:column code message | help`.
fn said(text: &str, problems: &[Diagnostic]) -> Vec<String> {
    let mut files = FileTable::new();
    let file = files.add("provision.yml", text);
    let one = |problem: &Diagnostic| {
        let at = problem.primary.as_ref().map(|label| files.get(file).line_column(label.span.start));
        let at = at.map_or("-".to_owned(), |at| format!("{}:{}", at.line, at.column));
        format!("{at} {} {} | {}", problem.code.0, problem.message, problem.help.as_deref().unwrap_or("-"))
    };
    problems.iter().map(one).collect()
}

fn load(text: &str) -> (Plan, Vec<String>) {
    let mut files = FileTable::new();
    let file = files.add("provision.yml", text);
    let variables =
        HashMap::from([("BROKERS".to_owned(), "3".to_owned()), ("SHOUT".to_owned(), "yes!".to_owned())]);
    let (plan, problems) = read(text, file, &variables);
    (plan, said(text, &problems))
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(load(text).1, expected, "{text}");
}

fn ids(plan: &Plan) -> Vec<String> {
    plan.targets.iter().flat_map(Target::objects).map(|id| id.to_string()).collect()
}

#[test]
fn a_plan_is_read_with_its_variables_and_aliases() {
    let (plan, problems) = load(
        "
x-app: &app {login: true, connection_limit: 20}
timeout: 1m30s
postgresql:
  mng-pg:
    host: mng-pg
    password_file: mng_pg_password
    roles:
      n8n: {<<: *app, password_file: n8n_db_password, login: false}
    databases:
      n8n: {owner: n8n, encoding: UTF8, extensions: [pg_trgm, {name: citext, schema: public}], schemas: {app: }}
kafka:
  kafka: {bootstrap: [kafka-1:19092], brokers: '${BROKERS}', topics: {orders: {partitions: 3, replication: 3}}}
",
    );
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(
        ids(&plan),
        [
            "mng-pg/role/n8n",
            "mng-pg/database/n8n",
            "mng-pg/database/n8n/schema/app",
            "mng-pg/database/n8n/extension/pg_trgm",
            "mng-pg/database/n8n/extension/citext",
            "kafka/topic/orders",
        ]
    );
    assert_eq!(plan.timeout, Some(std::time::Duration::from_secs(90)));
    let (Target::Postgresql(pg), Target::Kafka(kafka)) = (&plan.targets[0], &plan.targets[1]) else {
        panic!("targets come in the order of the backends")
    };
    assert_eq!((pg.roles["n8n"].login, pg.roles["n8n"].connection_limit), (Some(false), Some(20)));
    assert_eq!((pg.hosts[0].to_string().as_str(), kafka.brokers), ("mng-pg:5432", 3));
}

#[test]
fn a_secret_in_the_plan_is_refused_and_not_repeated() {
    let expected = "put it into a file below /run/secrets/ and name the file with `password_file`";
    for (key, column) in [("password", 29), ("pasword", 29), ("admin_token", 29)] {
        let message = format!(
            "1:{column} plan::literal-secret a secret is not written into a plan: `{key}` means nothing here | {expected}"
        );
        check(&format!("postgresql: {{pg: {{host: pg, {key}: hunter2}}}}"), &[&message]);
    }
}

#[test]
fn all_mistakes_are_told_at_once_and_in_the_order_of_the_text() {
    check(
        "
postgresql:
  pg:
    hots: pg
    port: 70000
    roles: {app: {login: yes, valid_until: 2027-01-01}}
    databases:
      app: {grants: [{on: tables, privileges: [SELEC], to: [app]}]}
kafk: {}
valkey:
  pg: {nodes: [a:6379, a:6379, 'b'], replicas: two}
",
        &[
            "4:5 plan::unknown-key `hots` means nothing here | did you mean `host`?",
            "4:5 plan::missing-key `host` is missing | -",
            "5:11 plan::invalid-value expected a whole number from 1 to 65535 | -",
            "6:26 plan::invalid-value expected `true` or `false` | -",
            "8:22 plan::missing-key `schema` is missing | -",
            "8:48 plan::invalid-value expected one of `ALL`, `CONNECT`, `CREATE`, `TEMPORARY`, `USAGE`, `SELECT`, `INSERT`, `UPDATE`, `DELETE`, `TRUNCATE`, `REFERENCES`, `TRIGGER`, `EXECUTE` | did you mean `SELECT`?",
            "9:1 plan::unknown-key `kafk` means nothing here | did you mean `kafka`?",
            "11:3 plan::conflict two targets are called `pg` | -",
            "11:15 plan::conflict a cluster needs three primaries: 6 nodes with 1 replica(s) each, not 3 | -",
            "11:24 plan::conflict the node is there twice | -",
            "11:32 plan::invalid-value expected a name, or a mapping with `address` | -",
            "11:48 plan::invalid-value expected a whole number from 0 to 5 | -",
        ],
    );
}

#[test]
fn what_is_no_plan_is_told() {
    let help = "begin with one of `postgresql:`, `valkey:`, `kafka:` and `s3:`";
    check("", &[&format!("1:1 plan::missing-key the plan has no target | {help}")]);
    check("version: 1\n", &[&format!("1:1 plan::missing-key the plan has no target | {help}")]);
    check("version: 2\n", &["1:10 plan::invalid-value expected the number `1` | -"]);
    check("- a\n", &["1:1 plan::invalid-value expected a mapping | -"]);
    check("timeout: 0s\n", &["1:10 plan::invalid-value expected a duration such as `90s` | -"]);
    check(
        "s3: {a/b: }\n",
        &[
            "1:6 plan::invalid-value the key has to be an id: letters, digits, `.`, `_` and `-`, beginning with a letter or digit | -",
            "1:10 plan::invalid-value expected a mapping with `endpoint`, `access_key_file`, `secret_key_file` | -",
        ],
    );
    let (_, problems) = load("postgresql: {pg: {host: [}}\n");
    assert!(problems[0].contains("plan::syntax"), "{problems:?}");
    let (_, problems) = load("kafka: {k: {bootstrap: ['k:1']}}\n---\nkafka: {}\n");
    assert_eq!(problems, ["3:1 plan::documents a plan has one document | -"]);
}

#[test]
fn variables_are_as_in_compose() {
    check("kafka: {k: {bootstrap: ['k:1'], brokers: '$BROKERS'}}", &[]);
    check("kafka: {k: {bootstrap: ['k:1'], brokers: '${MISSING:-3}'}}", &[]);
    check(
        "kafka: {k: {bootstrap: ['k:1'], brokers: $BROKER}}",
        &[
            "1:42 plan::unset-variable The \"BROKER\" variable is not set. Defaulting to a blank string. | `BROKERS` is set: did you mean `${BROKERS}`?",
            "1:42 plan::invalid-value expected a whole number from 1 to 10000 | -",
        ],
    );
    check(
        "kafka: {k: {bootstrap: ['k:1'], brokers: '${NUMBER:?how many}'}}",
        &[
            "1:42 plan::required-variable required variable NUMBER is missing a value: how many | set `NUMBER` in the environment",
        ],
    );
    check(
        "kafka: {k: {bootstrap: ['k:1'], brokers: '${'}}",
        &["1:42 plan::invalid-template Invalid template: \"${\" | write `$$` for a literal `$`"],
    );
    let (plan, problems) =
        load("kafka: {k: {bootstrap: ['k:1'], topics: {t: {config: {a: 'x$$y', b: '${SHOUT}', c: 7}}}}}");
    assert_eq!(problems, Vec::<String>::new());
    let Target::Kafka(kafka) = &plan.targets[0] else { panic!("a Kafka target") };
    assert_eq!(kafka.topics["t"].config.values().collect::<Vec<_>>(), ["x$y", "yes!", "7"]);
}

#[test]
fn things_that_do_not_go_together_are_told() {
    let s3 = |rest: &str| {
        format!("s3: {{m: {{endpoint: 'http://m:9000', access_key_file: a, secret_key_file: s, {rest}}}}}")
    };
    let conflicts = |text: &str, expected: &[&str]| {
        let found: Vec<String> = load(text).1;
        let found: Vec<&str> = found
            .iter()
            .filter_map(|line| line.split_once("plan::conflict "))
            .map(|(_, rest)| rest)
            .collect();
        assert_eq!(found, expected, "{text}");
    };
    conflicts(
        &s3("buckets: {logs: {retention: {mode: governance, days: 1}}}"),
        &["`retention` needs `object_lock: true` | -"],
    );
    conflicts(
        &s3("buckets: {logs: {object_lock: true, retention: {mode: governance}}}"),
        &["`retention` has either `days` or `years` | -"],
    );
    conflicts(
        &s3("buckets: {logs: {public_prefixes: [a]}}"),
        &["`public_prefixes` needs `public_read: true` | -"],
    );
    conflicts(
        &s3("buckets: {logs: {policy: [{principals: ['*'], actions: ['s3:GetObject'], resources: [logs]}]}}"),
        &["a policy does not make a bucket public: say `public_read: true` | -"],
    );
    conflicts(&s3("buckets: {logs: {lifecycle: [{id: none}]}}"), &["the rule lets nothing go away | -"]);
    conflicts(
        "s3: {m: {endpoint: 'https://m', buckets: {logs: {public_prefixes: [a]}}, policies: {none: }}}",
        &["`public_prefixes` needs `public_read: true` | -", "the policy allows nothing | -"],
    );
    conflicts(
        &s3("admin: none, users: {app: {secret_key_file: k}}"),
        &["`users` cannot be managed with `admin: none` | -"],
    );
    conflicts(&s3("policies: {none: }"), &["the policy allows nothing | -"]);
    conflicts(
        "kafka: {k: {bootstrap: ['k:1'], brokers: 2, topics: {t: {replication: 3, config: {min.insync.replicas: 4}}}}}",
        &[
            "3 replicas need as many brokers, and `brokers` is 2 | -",
            "4 replicas in sync can never be had of 3 | -",
        ],
    );
    conflicts(
        "kafka: {k: {bootstrap: ['k:1'], acls: [&a {principal: 'User:a', resource: topic, name: t, operations: [READ]}, *a]}}",
        &["the plan says `k/acl/User:a/topic/t` twice | -"],
    );
    conflicts("postgresql: {p: {host: a, hosts: ['a:1']}}", &[]);
    conflicts(
        "postgresql: {p: {hosts: ['a:1'], port: 5}}",
        &["every address of `hosts` has its own port | -"],
    );
    conflicts(
        "postgresql: {p: {host: a, databases: {d: {grants: [{on: database, privileges: [SELECT], to: [a]}]}}}}",
        &["there is no privilege `SELECT` on database | there are `ALL`, `CONNECT`, `CREATE`, `TEMPORARY`"],
    );
    conflicts(
        "valkey: {v: {nodes: ['a:1'], mode: standalone, replicas: 1}}",
        &["servers by themselves have no replicas | -"],
    );
}

#[test]
fn the_user_that_carries_out_a_plan_for_valkey_is_not_managed_by_it() {
    let plan = |rest: &str| format!("valkey:\n  v: {{nodes: ['a:1'], mode: standalone, {rest}}}\n");
    let expected = |place: &str, user: &str| {
        format!(
            "{place} plan::conflict `{user}` carries out the plan, which cannot manage it | \
             take it out of `users`, or carry the plan out as another `user`"
        )
    };
    check(&plan("users: {default: {commands: [+get]}}"), &[&expected("2:49", "default")]);
    check(&plan("user: root, users: {app: {}, root: {}}"), &[&expected("2:70", "root")]);
    check(&plan("user: root, users: {default: {enabled: false}}"), &[]);
}

#[test]
fn aliases_of_aliases_end_at_a_limit() {
    let mut text = String::from("x-0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n");
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("x-{level}: &a{level} [{aliases}]\n"));
    }
    let (_, problems) = load(&text);
    assert!(problems.iter().any(|line| line.contains("plan::too-large")), "{problems:?}");
    let deep = format!("x-deep: {}1{}\n", "[".repeat(100), "]".repeat(100));
    assert!(load(&deep).1.iter().any(|line| line.contains("plan::too-large")));
}

#[test]
fn what_is_written_in_full_where_a_file_belongs_is_masked_for_excerpts() {
    for value in ["{value: hunter2}", "[hunter2]"] {
        let text = format!("postgresql: {{pg: {{host: h, password_file: {value}}}}}");
        let mut files = FileTable::new();
        let file = files.add("p", text.clone());
        let (_, problems) = read(&text, file, &HashMap::new());
        assert!(!problems.is_empty());
        assert!(problems.iter().all(|problem| !problem.message.contains("hunter2")), "{problems:?}");
        let shown = masked(&text, file, &problems);
        assert!(shown.len() == text.len() && !shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn what_stands_behind_an_unknown_key_is_masked_for_excerpts() {
    let text = "postgresql:\n  pg: {host: pg, pasword: hünter2, port: 1}\n  x:\n    paswort: |\n      two\n      lines\n    host: b\n";
    let mut files = FileTable::new();
    let file = files.add("p", text);
    let (_, problems) = read(text, file, &HashMap::new());
    let shown = masked(text, file, &problems);
    assert!(!shown.contains("nter2") && shown.contains("host: pg, pasword: ********, port: 1"), "{shown}");
    assert!(!shown.contains("two") && !shown.contains("lines") && shown.contains("host: b"), "{shown}");
    assert_eq!(shown.len(), text.len());
}

/// Secret files that exist only here.
struct Secrets(HashMap<&'static str, &'static [u8]>);

impl Loader for Secrets {
    fn read(&self, path: &str, _: u64) -> Result<Vec<u8>, ReadError> {
        self.0.get(path).map(|bytes| bytes.to_vec()).ok_or(ReadError::NotFound)
    }

    fn kind(&self, _: &str) -> Option<PathKind> {
        None
    }

    fn real_path(&self, _: &str) -> Option<String> {
        None
    }
}

const TWO: &str = "
postgresql:
  one: {host: a, password_file: one, roles: {app: {password_file: /elsewhere/app}}}
  two: {host: b, password_file: two}
";

#[test]
fn secrets_are_read_without_the_line_break_at_their_end() {
    let secrets = Secrets(HashMap::from([
        ("/run/secrets/one", b"s3cr\n".as_slice()),
        ("/elsewhere/app", b" with blanks \r\n"),
        ("/run/secrets/two", b"x"),
    ]));
    let prepared = load(TWO).0.prepare(&[], &secrets, "/run/secrets/").expect("all secrets are there");
    let (Target::Postgresql(one), values) = &prepared.targets[0] else { panic!("a PostgreSQL target") };
    assert_eq!(one.password.as_ref().expect("a password").secret().expose(), "s3cr");
    assert_eq!(one.roles["app"].password.as_ref().expect("a password").secret().expose(), " with blanks ");
    assert_eq!(values.len(), 2);
    assert!(!format!("{prepared:?}").contains("s3cr"), "no secret in a debug print");
}

#[test]
fn secrets_that_cannot_be_used_are_told_with_the_place_that_names_them() {
    let secrets = Secrets(HashMap::from([("/s/one", b"\n".as_slice()), ("/elsewhere/app", b"\xff")]));
    let problems = load(TWO).0.prepare(&[], &secrets, "/s").expect_err("none of the secrets is sound");
    assert_eq!(
        said(TWO, &problems),
        [
            "3:33 plan::empty-secret /s/one is empty | write the secret into it",
            "3:67 plan::unreadable-secret /elsewhere/app is not text | a secret is UTF-8",
            "4:33 plan::missing-secret there is no file /s/two | give the service the secret, or create the file",
        ]
    );
}

#[test]
fn only_chooses_targets_and_objects_and_needs_only_their_secrets() {
    let secrets = Secrets(HashMap::from([("/s/two", b"x".as_slice())]));
    let only = |id: &str| load(TWO).0.prepare(&[id.to_owned()], &secrets, "/s");
    let prepared = only("two").expect("the other target's secrets do not matter");
    assert_eq!(prepared.targets.len(), 1);
    assert_eq!(prepared.only, [ObjectId::target("two")]);
    assert!(only("one/role/app").is_err(), "the secrets of `one` are missing");
    let problems = only("one/role/ap").expect_err("there is no such object");
    assert_eq!(
        said(TWO, &problems),
        ["- plan::unknown-id the plan has nothing called `one/role/ap` | did you mean `one/role/app`?"]
    );
}

#[test]
fn the_examples_of_the_documentation_are_sound() {
    let pages = [include_str!("../../../../docs/provision.md"), include_str!("../../../../README.md")];
    let mut found = 0;
    for page in pages {
        for example in page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            let is_plan = ["postgresql:", "valkey:", "kafka:", "s3:"].iter().any(|key| example.contains(key));
            if is_plan {
                check(example, &[]);
                found += 1;
            }
        }
    }
    assert_eq!(found, 6);
    for (exit, meaning) in crate::EXIT_CODES {
        assert!(pages[0].contains(&format!("| {} | {meaning} |", exit.code())), "{meaning}");
    }
    for verdict in crate::step::Verdict::ALL {
        assert!(pages[0].contains(&format!("`{}`", verdict.as_str())), "{verdict:?}");
    }
}

#[test]
fn every_code_is_listed_once_and_used() {
    let sources = [
        include_str!("mod.rs"),
        include_str!("reader.rs"),
        include_str!("tree.rs"),
        include_str!("secret_file.rs"),
        include_str!("postgresql.rs"),
        include_str!("valkey.rs"),
        include_str!("kafka.rs"),
        include_str!("s3.rs"),
    ];
    let used: std::collections::BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| source.split('"'))
        .filter(|part| part.strip_prefix("plan::").is_some_and(|name| !name.contains([' ', ':'])))
        .collect();
    let listed: Vec<&str> = super::CODES.iter().map(|info| info.code).collect();
    assert_eq!(used.into_iter().collect::<Vec<_>>(), listed);
}
