//! Plans: what is read, and what is said of what is wrong.

use std::collections::HashMap;

use hardpan_source::FileTable;

use super::{Plan, read};

fn load(text: &str) -> (Plan, Vec<String>) {
    let mut files = FileTable::new();
    let file = files.add("provision.yml", text);
    let variables = HashMap::from([("BROKERS".to_owned(), "3".to_owned())]);
    let (plan, problems) = read(text, file, &variables);
    let said = problems.iter().map(|problem| {
        let at = files.get(file).line_column(problem.primary.as_ref().map_or(0, |label| label.span.start));
        let help = problem.help.as_deref().unwrap_or("-");
        format!("{}:{} {} {} | {help}", at.line, at.column, problem.code.0, problem.message)
    });
    let said = said.collect();
    (plan, said)
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(load(text).1, expected, "{text}");
}

#[test]
fn a_plan_for_every_backend_is_read() {
    let (plan, problems) = load(
        "
postgresql:
  mng-pg:
    host: mng-pg
    password_file: mng_pg_password
    roles:
      n8n: {login: true, password_file: n8n_db_password}
    databases:
      n8n: {owner: n8n, encoding: UTF8, extensions: [pg_trgm, {name: citext, schema: public}]}
kafka:
  kafka: {bootstrap: [kafka-1:19092], brokers: '${BROKERS}', topics: {orders: {partitions: 3, replication: 3}}}
",
    );
    assert_eq!(problems, Vec::<String>::new());
    let ids: Vec<String> =
        plan.targets.iter().flat_map(super::Target::objects).map(|id| id.to_string()).collect();
    assert_eq!(
        ids,
        [
            "mng-pg/role/n8n",
            "mng-pg/database/n8n",
            "mng-pg/database/n8n/extension/pg_trgm",
            "mng-pg/database/n8n/extension/citext",
            "kafka/topic/orders",
        ]
    );
}

#[test]
fn a_secret_in_the_plan_is_refused_and_not_repeated() {
    check(
        "postgresql: {pg: {host: pg, password: hunter2}}",
        &[
            "1:29 plan::literal-secret a secret is not written into a plan: `password` means nothing here | put it into a file below /run/secrets/ and name the file with `password_file`",
        ],
    );
}
