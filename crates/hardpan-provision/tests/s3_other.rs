//! Object stores: a real server that speaks S3 and checks signatures, and has nothing of MinIO's own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "these are tests")]
#![expect(clippy::disallowed_types, reason = "a test makes an account with the server's own tool")]

mod s3;
mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use hardpan_provision::Options;
use s3::{DRY, OPTIONS, Secrets, plan, plan_as, run};
use support::s3::{ACCESS_KEY, Server};
use support::{fresh_password, http, ports, program};

/// As much as S3 has without lifecycle and encryption.
const ALL: &str = "
    buckets:
      plain: {}
      logs: {versioning: enabled, tags: {team: core}}
      assets: {public_read: true, public_prefixes: [public/]}
      locked: {object_lock: true, retention: {mode: compliance, years: 1}}
";

#[tokio::test]
async fn a_first_run_makes_everything_and_a_second_changes_nothing() {
    let Some(server) = Server::versity() else { return };
    let secrets = Secrets::of(&server);
    let plan = plan(&server.endpoint(), ALL);
    let dry = run(&plan, &secrets, DRY).await;
    assert!(dry.is("would create"), "{}", dry.said);
    let start = Instant::now();
    let first = run(&plan, &secrets, OPTIONS).await;
    let first_took = start.elapsed();
    assert!(first.is("created"), "{}", first.said);
    let start = Instant::now();
    let second = run(&plan, &secrets, OPTIONS).await;
    let second_took = start.elapsed();
    assert!(second.is("unchanged"), "{}", second.said);
    println!("first run {first_took:?}, unchanged rerun {second_took:?}");
    for canary in secrets.canaries() {
        assert!(!server.log().contains(canary), "{}", server.log());
    }
}

#[tokio::test]
async fn what_differs_is_brought_in_line_and_what_cannot_be_is_refused() {
    let Some(server) = Server::versity() else { return };
    let secrets = Secrets::of(&server);
    let before = "
    buckets:
      logs: {versioning: enabled, tags: {team: other}}
      assets: {public_read: true}
      locked: {}
";
    let ran = run(&plan(&server.endpoint(), before), &secrets, OPTIONS).await;
    assert!(ran.is("created"), "{}", ran.said);
    let ran = run(&plan(&server.endpoint(), ALL), &secrets, OPTIONS).await;
    assert_eq!(
        ran.verdicts(),
        ["bucket/assets changed", "bucket/locked refused", "bucket/logs changed", "bucket/plain created"],
        "{}",
        ran.said
    );
    assert_eq!(ran.exit(), 1);
    assert_eq!(ran.differences("bucket/logs"), "tags team=other -> team=core");
    assert!(ran.differences("bucket/locked").contains("object_lock false -> true"), "{}", ran.said);
    let private = "    buckets: {assets: {public_read: false}}\n";
    let ran = run(&plan(&server.endpoint(), private), &secrets, OPTIONS).await;
    assert!(ran.is("changed"), "{}", ran.said);
    assert_eq!(http::status(server.port, "/assets/public/nothing"), Ok(403));
}

#[tokio::test]
async fn what_the_server_does_not_have_is_said_of_the_object_that_wants_it() {
    let Some(server) = Server::versity() else { return };
    let secrets = Secrets::of(&server).with("app_key", &fresh_password());
    let objects = "
    buckets:
      logs: {lifecycle: [{id: old, expire_days: 1}]}
      none: {lifecycle: []}
      safe: {encryption: {algorithm: AES256}}
    policies: {logs: {read: [logs]}}
    users: {app: {secret_key_file: app_key, policies: [logs]}}
";
    for round in ["created", "unchanged"] {
        let ran = run(&plan(&server.endpoint(), objects), &secrets, OPTIONS).await;
        assert_eq!(ran.exit(), 1, "{}", ran.said);
        assert_eq!(
            ran.verdicts(),
            [
                "bucket/logs failed",
                &format!("bucket/none {round}"),
                "bucket/safe failed",
                "policy/logs failed",
                "user/app failed"
            ],
            "{}",
            ran.said
        );
        for (id, expected) in [
            ("bucket/logs", "the server does not offer lifecycle rules ("),
            ("bucket/logs", "leave `lifecycle` out of the plan"),
            ("bucket/safe", "the server does not offer default encryption ("),
            ("policy/logs", "does not offer MinIO's admin interface"),
            ("user/app", "manage them with the server's own tools"),
        ] {
            assert!(ran.reason(id).contains(expected), "{id}: {}", ran.reason(id));
        }
    }
}

#[tokio::test]
async fn wrong_credentials_and_a_server_that_is_down_end_with_3() {
    let Some(server) = Server::versity() else { return };
    let secrets = Secrets::of(&server).with("wrong", &fresh_password());
    let options = Options { timeout: Duration::from_secs(3), dry_run: false };
    let objects = "    buckets: {logs: {}}\n";
    let ran = run(&plan_as(&server.endpoint(), "root_user", "wrong", objects), &secrets, options).await;
    assert_eq!(ran.exit(), 3, "{}", ran.said);
    assert!(ran.reason("").contains("SignatureDoesNotMatch"), "{}", ran.said);
    let nowhere = format!("http://127.0.0.1:{}", ports::free());
    let ran = run(&plan(&nowhere, objects), &secrets, options).await;
    assert_eq!(ran.exit(), 3, "{}", ran.said);
}

#[tokio::test]
async fn two_runs_at_once_do_not_collide() {
    let Some(server) = Server::versity() else { return };
    let secrets = Secrets::of(&server);
    let plan = plan(&server.endpoint(), ALL);
    let (one, other) = tokio::join!(run(&plan, &secrets, OPTIONS), run(&plan, &secrets, OPTIONS));
    assert_eq!((one.exit(), other.exit()), (0, 0), "{}\n{}", one.said, other.said);
    let last = run(&plan, &secrets, OPTIONS).await;
    assert!(last.is("unchanged"), "{}", last.said);
}

#[tokio::test]
async fn a_bucket_of_another_account_is_refused() {
    let Some(server) = Server::versity() else { return };
    let secrets = Secrets::of(&server).with("user", "another").with("user_key", &fresh_password());
    let ran = run(&plan(&server.endpoint(), "    buckets: {taken: {}}\n"), &secrets, OPTIONS).await;
    assert!(ran.is("created"), "{}", ran.said);
    let made = Command::new(program("versitygw").unwrap())
        .args(["admin", "--access", ACCESS_KEY, "--secret", &server.secret_key])
        .args(["--endpoint-url", &server.endpoint(), "create-user", "--access", "another"])
        .args(["--secret", &secrets.value("user_key"), "--role", "userplus"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let objects = "    buckets: {taken: {}, own-one: {}}\n";
    let plan = plan_as(&server.endpoint(), "user", "user_key", objects);
    let ran = run(&plan, &secrets, OPTIONS).await;
    assert_eq!(ran.verdicts(), ["bucket/own-one created", "bucket/taken failed"], "{}", ran.said);
    assert_eq!(ran.exit(), 1);
    assert!(
        ran.reason("bucket/taken").contains("the bucket taken belongs to another account"),
        "{}",
        ran.said
    );
}

#[tokio::test]
async fn another_region_is_refused_with_the_one_to_say() {
    let Some(server) = Server::versity() else { return };
    let secrets = Secrets::of(&server);
    let objects = "    region: eu-west-1\n    buckets: {logs: {}}\n";
    let ran = run(&plan(&server.endpoint(), objects), &secrets, OPTIONS).await;
    assert_eq!(ran.exit(), 1, "{}", ran.said);
    assert!(ran.reason("").contains("region"), "{}", ran.said);
}

#[tokio::test]
async fn what_answers_and_is_not_s3_is_waited_for_and_named() {
    let options = Options { timeout: Duration::from_secs(3), dry_run: false };
    let secrets = Secrets::default().with("root_user", "root").with("root_key", &fresh_password());
    let endless = "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n";
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>";
    let gateway = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>";
    for (answer, expected) in [
        (page, "to answer as S3 does"),
        (gateway, "to answer as S3 does"),
        (endless, "broke off"),
        ("garbage\r\n\r\n", "to answer"),
        ("", "to answer"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut request = [0; 4096];
                if stream.read(&mut request).is_ok() {
                    drop(stream.write_all(answer.as_bytes()));
                }
            }
        });
        let ran = run(&plan(&endpoint, "    buckets: {logs: {}}\n"), &secrets, options).await;
        assert_eq!(ran.exit(), 3, "{}", ran.said);
        assert!(ran.reason("").contains(expected), "{answer}: {}", ran.said);
    }
}
