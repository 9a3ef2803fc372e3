//! Object stores: a real MinIO, with users and policies.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "these are tests")]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test kills a process of its own program"
)]

mod s3;
mod support;

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hardpan_provision::Options;
use s3::proxy::{Proxy, Stop};
use s3::{DRY, OPTIONS, Secrets, plan, plan_as, run};
use support::s3::Server;
use support::{fresh_password, http, ports};

/// One of everything.
const ALL: &str = "
    buckets:
      plain: {}
      logs:
        versioning: enabled
        encryption: {algorithm: AES256}
        lifecycle:
          - {id: old, prefix: a&b/, expire_days: 30}
          - {id: versions, noncurrent_days: 7}
          - {id: markers, remove_delete_markers: true}
        tags: {team: 'core + web', cost: 7}
      assets:
        public_read: true
        public_prefixes: [public/]
        policy:
          - {principals: ['arn:aws:iam::123456789012:root'], actions: ['s3:GetObject'], resources: ['assets/*']}
      locked:
        object_lock: true
        retention: {mode: governance, days: 3}
        versioning: enabled
    policies:
      logs-reader: {read: [logs]}
      logs-writer:
        read_write: [logs, plain]
        statements:
          - {actions: ['s3:GetObject'], resources: ['assets/*'], conditions: {IpAddress: {'aws:SourceIp': [127.0.0.1/32]}}}
    users:
      reader: {secret_key_file: reader_key, policies: [logs-reader]}
      writer: {secret_key_file: writer_key, policies: [logs-writer, diagnostics]}
      nobody: {secret_key_file: nobody_key, enabled: false}
";

fn secrets(server: &Server) -> Secrets {
    Secrets::of(server)
        .with("reader_key", &fresh_password())
        .with("writer_key", &fresh_password())
        .with("nobody_key", &fresh_password())
}

#[tokio::test]
async fn a_first_run_makes_everything_and_a_second_changes_nothing() {
    let Some(server) = Server::minio() else { return };
    let secrets = secrets(&server);
    let plan = plan(&server.endpoint(), ALL);
    let dry = run(&plan, &secrets, DRY).await;
    assert!(dry.is("would create"), "{}", dry.said);
    let start = Instant::now();
    let first = run(&plan, &secrets, OPTIONS).await;
    let first_took = start.elapsed();
    assert!(first.is("created"), "{}", first.said);
    assert_eq!(first.verdicts().len(), 9, "{}", first.said);
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
async fn buckets_of_a_run_that_breaks_off_at_any_request_are_finished_by_the_next() {
    let objects = "
    buckets:
      logs-N: {versioning: enabled, lifecycle: [{id: old, expire_days: 30}], public_read: true, tags: {a: b}}
      locked-N: {object_lock: true, retention: {mode: governance, years: 1}}
";
    break_off_at_every_request(objects, 15).await;
}

#[tokio::test]
async fn users_of_a_run_that_breaks_off_at_any_request_are_finished_by_the_next() {
    let objects = "
    policies: {reader-N: {read: [logs]}}
    users: {app-N: {secret_key_file: app_key, policies: [reader-N]}}
";
    break_off_at_every_request(objects, 7).await;
}

/// Lets a run lose its first request, its second and so on, gives it up there, and runs the plan again. `N` stands for
/// something else each time, so that every run begins with nothing.
async fn break_off_at_every_request(objects: &str, requests_min: usize) {
    let Some(server) = Server::minio() else { return };
    let secrets = Secrets::of(&server).with("app_key", &fresh_password());
    for at in 0..100 {
        for stop in [Stop::Before, Stop::After] {
            let suffix = format!("-{at}-{}", if stop == Stop::Before { "b" } else { "a" });
            let objects = objects.replace("-N", &suffix);
            let proxy = Proxy::stopping(server.port, at, stop);
            let through = plan(&format!("http://127.0.0.1:{}", proxy.port), &objects);
            let lost = async {
                while proxy.requests() <= at {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                // As long as the server may need for what it got.
                tokio::time::sleep(Duration::from_millis(20)).await;
            };
            let is_done = tokio::select! {
                ran = run(&through, &secrets, OPTIONS) => ran.exit() == 0,
                () = lost => false,
            };
            let whole = plan(&server.endpoint(), &objects);
            let next = run(&whole, &secrets, OPTIONS).await;
            assert_eq!(next.exit(), 0, "after request {at} {stop:?}:\n{}", next.said);
            let last = run(&whole, &secrets, OPTIONS).await;
            assert!(last.is("unchanged"), "after request {at} {stop:?}:\n{}", last.said);
            if is_done {
                assert!(next.is("unchanged") && at >= requests_min, "{at}:\n{}", next.said);
                return;
            }
        }
    }
    panic!("the run never ends");
}

/// Says to the test program where a plan with its secrets lies, and makes it the process that a test kills.
const VICTIM: &str = "HARDPAN_TEST_S3_VICTIM";

#[tokio::test]
async fn a_process_that_is_killed_shows_no_secret_and_its_work_is_finished_by_the_next() {
    if let Some(folder) = std::env::var_os(VICTIM) {
        let secrets = Secrets::read(folder.as_ref());
        let plan = std::fs::read_to_string(std::path::Path::new(&folder).join("plan")).unwrap();
        let ran = run(&plan, &secrets, OPTIONS).await;
        println!("{}", ran.said);
        return;
    }
    let Some(server) = Server::minio() else { return };
    let secrets = secrets(&server);
    for at in ["PUT /assets?policy", "PUT /logs?tagging", "PUT /minio/admin/v3/set-user"] {
        let proxy = Proxy::holding(server.port, at);
        let folder = tempfile::tempdir().unwrap();
        secrets.write(folder.path());
        let through = plan(&format!("http://127.0.0.1:{}", proxy.port), ALL);
        std::fs::write(folder.path().join("plan"), through).unwrap();
        let name = "a_process_that_is_killed_shows_no_secret_and_its_work_is_finished_by_the_next";
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(VICTIM, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while proxy.held() == 0 {
            assert!(Instant::now() < deadline, "{at} did not come");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let of_process = |name: &str| std::fs::read(format!("/proc/{}/{name}", victim.id())).unwrap();
        let mut seen = [of_process("cmdline"), of_process("environ"), of_process("status")].concat();
        victim.kill().unwrap();
        victim.stdout.take().unwrap().read_to_end(&mut seen).unwrap();
        victim.stderr.take().unwrap().read_to_end(&mut seen).unwrap();
        victim.wait().unwrap();
        let seen = String::from_utf8_lossy(&seen);
        assert!(seen.contains(VICTIM), "the environment was seen");
        for canary in secrets.canaries() {
            assert!(!seen.contains(canary), "{seen}");
        }
    }
    let whole = plan(&server.endpoint(), ALL);
    let next = run(&whole, &secrets, OPTIONS).await;
    assert_eq!(next.exit(), 0, "{}", next.said);
    assert!(next.verdicts()[0].ends_with("unchanged"), "some of it had been done:\n{}", next.said);
    let last = run(&whole, &secrets, OPTIONS).await;
    assert!(last.is("unchanged"), "{}", last.said);
    for canary in secrets.canaries() {
        assert!(!server.log().contains(canary), "{}", server.log());
    }
}

#[tokio::test]
async fn a_server_that_is_down_or_hangs_ends_the_run_at_the_deadline_with_3() {
    let Some(server) = Server::minio() else { return };
    let secrets = Secrets::of(&server);
    let objects = "    buckets: {logs: {}}\n";
    let options = Options { timeout: Duration::from_secs(2), dry_run: false };
    let nowhere = format!("http://127.0.0.1:{}", ports::free());
    server.freeze();
    for endpoint in [nowhere, server.endpoint()] {
        let start = Instant::now();
        let ran = run(&plan(&endpoint, objects), &secrets, options).await;
        assert_eq!(ran.exit(), 3, "{}", ran.said);
        assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
        assert!(ran.reason("").contains(endpoint.trim_start_matches("http://")), "{}", ran.said);
        assert_eq!(ran.verdicts()[1], "bucket/logs skipped");
    }
    server.thaw();
}

#[tokio::test]
async fn a_server_that_starts_late_is_waited_for() {
    let Some(mut server) = Server::minio() else { return };
    let secrets = Secrets::of(&server);
    server.stop();
    let plan = plan(&server.endpoint(), "    buckets: {logs: {}}\n");
    let waiting = run(&plan, &secrets, OPTIONS);
    let (ran, _server) = tokio::join!(waiting, async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let start = move || {
            server.go_on();
            server
        };
        // It is handed on: the server ends when nobody holds it.
        tokio::task::spawn_blocking(start).await.unwrap()
    });
    assert!(ran.is("created"), "{}", ran.said);
    assert!(ran.said.contains("waiting"), "{}", ran.said);
}

#[tokio::test]
async fn wrong_credentials_are_tried_until_the_deadline_and_named() {
    let Some(server) = Server::minio() else { return };
    let secrets = Secrets::of(&server).with("wrong", &fresh_password());
    let options = Options { timeout: Duration::from_secs(4), dry_run: false };
    for (user, key, code) in
        [("root_user", "wrong", "SignatureDoesNotMatch"), ("wrong", "root_key", "InvalidAccessKeyId")]
    {
        let plan = plan_as(&server.endpoint(), user, key, "    buckets: {logs: {}}\n");
        let ran = run(&plan, &secrets, options).await;
        assert_eq!(ran.exit(), 3, "{}", ran.said);
        let expected = format!("the credentials of `{user}` were refused until the deadline");
        assert!(ran.reason("").contains(&expected) && ran.reason("").contains(code), "{}", ran.said);
    }
}

#[tokio::test]
async fn an_account_without_a_privilege_is_told_which_and_does_the_rest() {
    let Some(server) = Server::minio() else { return };
    let secrets = Secrets::of(&server)
        .with("narrow_user", "narrow")
        .with("narrow_key", &fresh_password())
        .with("app_key", &fresh_password());
    let setting_up = "
    buckets: {mine: {}, theirs: {tags: {a: b}}}
    policies:
      narrow:
        statements:
          - {actions: ['s3:GetBucketLocation', 's3:GetBucketVersioning', 's3:PutBucketVersioning'], resources: [mine]}
          - {actions: ['s3:ListBucket', 's3:GetBucketTagging'], resources: [theirs]}
    users: {narrow: {secret_key_file: narrow_key, policies: [narrow]}}
";
    let ran = run(&plan(&server.endpoint(), setting_up), &secrets, OPTIONS).await;
    assert!(ran.is("created"), "{}", ran.said);
    let objects = "
    buckets:
      fresh: {}
      mine: {versioning: enabled}
      theirs: {tags: {a: c}, lifecycle: [{id: old, expire_days: 1}]}
    policies: {wide: {read: [mine]}}
    users: {app: {secret_key_file: app_key}}
";
    let plan = plan_as(&server.endpoint(), "narrow_user", "narrow_key", objects);
    let start = Instant::now();
    let ran = run(&plan, &secrets, OPTIONS).await;
    assert_eq!(ran.exit(), 1, "{}", ran.said);
    assert!(start.elapsed() < Duration::from_secs(20), "it is said at once");
    assert_eq!(
        ran.verdicts(),
        [
            "bucket/fresh failed",
            "bucket/mine changed",
            "bucket/theirs failed",
            "policy/wide failed",
            "user/app failed"
        ],
        "{}",
        ran.said
    );
    for (id, expected) in [
        (
            "bucket/fresh",
            "`narrow_user` lacks the privilege s3:CreateBucket on fresh to create the bucket fresh",
        ),
        ("bucket/theirs", "s3:GetLifecycleConfiguration on theirs"),
        ("policy/wide", "admin:GetPolicy"),
        ("user/app", "admin:GetUser"),
    ] {
        assert!(ran.reason(id).contains(expected), "{id}: {}", ran.reason(id));
    }
}

#[tokio::test]
async fn what_differs_is_brought_in_line_and_what_cannot_be_is_refused() {
    let Some(server) = Server::minio() else { return };
    let secrets = secrets(&server);
    let before = "
    buckets:
      plain: {}
      logs: {versioning: suspended, encryption: {algorithm: AES256}, tags: {team: other},
        lifecycle: [{id: old, expire_days: 2}], public_read: true}
      assets: {public_read: true}
      locked: {object_lock: false}
    policies:
      logs-reader: {write: [logs]}
    users:
      reader: {secret_key_file: reader_key, policies: [readwrite], enabled: false}
      nobody: {secret_key_file: nobody_key, policies: [logs-reader]}
";
    let ran = run(&plan(&server.endpoint(), before), &secrets, OPTIONS).await;
    assert!(ran.is("created"), "{}", ran.said);
    let all = plan(&server.endpoint(), ALL);
    let ran = run(&all, &secrets, OPTIONS).await;
    assert_eq!(ran.exit(), 1, "{}", ran.said);
    assert_eq!(
        ran.verdicts(),
        [
            "bucket/assets changed",
            "bucket/locked refused",
            "bucket/logs changed",
            "bucket/plain unchanged",
            "policy/logs-reader changed",
            "policy/logs-writer created",
            "user/nobody changed",
            "user/reader changed",
            "user/writer created"
        ],
        "{}",
        ran.said
    );
    for (id, expected) in [
        ("bucket/locked", "object_lock false -> true, retention none -> governance 3 days"),
        (
            "bucket/logs",
            "versioning none -> enabled, lifecycle old: expire_days 2 -> markers: remove_delete_markers",
        ),
        ("bucket/logs", "tags team=other -> cost=7 team=core + web"),
        ("bucket/assets", "public_read "),
        ("policy/logs-reader", "statements "),
        ("user/reader", "enabled false -> true, policies none -> logs-reader"),
        ("user/nobody", "enabled true -> false"),
    ] {
        assert!(ran.differences(id).contains(expected), "{id}: {}", ran.differences(id));
    }
    assert!(ran.reason("bucket/locked").contains("make another one"), "{}", ran.said);
    // What the plan does not speak of stays: the plan says nothing of what everybody may read of `logs`.
    let left = run(&all, &secrets, OPTIONS).await;
    assert_eq!(left.verdicts().iter().filter(|line| line.ends_with("unchanged")).count(), 8, "{}", left.said);
    let private = "    buckets: {logs: {public_read: false}}\n";
    let ran = run(&plan(&server.endpoint(), private), &secrets, OPTIONS).await;
    assert!(ran.is("changed"), "{}", ran.said);
}

#[tokio::test]
async fn only_what_the_plan_makes_public_can_be_read_by_everybody() {
    let Some(server) = Server::minio() else { return };
    let secrets = Secrets::of(&server);
    let public = "    buckets: {open: {public_read: true}, closed: {}}\n";
    let ran = run(&plan(&server.endpoint(), public), &secrets, OPTIONS).await;
    assert!(ran.is("created"), "{}", ran.said);
    // An object that is not there: who may read is told so, who may not is not told even that.
    let ask = |bucket: &str| http::status(server.port, &format!("/{bucket}/nothing"));
    assert_eq!((ask("open"), ask("closed")), (Ok(404), Ok(403)));
    assert_eq!(http::status(server.port, "/open"), Ok(403), "reading is not listing");
    let closed = "    buckets: {open: {public_read: false}}\n";
    let ran = run(&plan(&server.endpoint(), closed), &secrets, OPTIONS).await;
    assert!(ran.is("changed"), "{}", ran.said);
    assert_eq!(ask("open"), Ok(403));
}

#[tokio::test]
async fn two_runs_at_once_do_not_collide() {
    let Some(server) = Server::minio() else { return };
    let secrets = secrets(&server);
    let plan = plan(&server.endpoint(), ALL);
    let (one, other) = tokio::join!(run(&plan, &secrets, OPTIONS), run(&plan, &secrets, OPTIONS));
    assert_eq!((one.exit(), other.exit()), (0, 0), "{}\n{}", one.said, other.said);
    let last = run(&plan, &secrets, OPTIONS).await;
    assert!(last.is("unchanged"), "{}", last.said);
}

#[tokio::test]
async fn a_user_gets_the_key_of_a_file_that_changed_and_its_policies_hold() {
    let Some(server) = Server::minio() else { return };
    let objects = "
    buckets: {logs: {}, other: {}}
    policies: {logs: {read_write: [logs]}}
    users: {app: {secret_key_file: app_key, policies: [logs]}}
";
    let secrets = Secrets::of(&server).with("app_user", "app").with("app_key", &fresh_password());
    let whole = plan(&server.endpoint(), objects);
    let ran = run(&whole, &secrets, OPTIONS).await;
    assert!(ran.is("created"), "{}", ran.said);
    let rotated = secrets.clone().with("app_key", &fresh_password());
    let ran = run(&whole, &rotated, OPTIONS).await;
    assert_eq!(ran.differences("user/app"), "secret_key", "{}", ran.said);
    assert_eq!(ran.verdicts()[3], "user/app changed");
    assert!(run(&whole, &rotated, OPTIONS).await.is("unchanged"));
    // As the user itself: the new key is good, the old one is not, and it sees its own bucket and no other.
    let own = plan_as(&server.endpoint(), "app_user", "app_key", "    buckets: {logs: {}, other: {}}\n");
    let ran = run(&own, &rotated, OPTIONS).await;
    assert_eq!(ran.verdicts(), ["bucket/logs unchanged", "bucket/other failed"], "{}", ran.said);
    let short = Options { timeout: Duration::from_secs(4), dry_run: false };
    let ran = run(&own, &secrets, short).await;
    assert!(ran.exit() == 3 && ran.reason("").contains("SignatureDoesNotMatch"), "{}", ran.said);
}

#[tokio::test]
async fn a_clock_that_is_off_is_named_with_both_times() {
    let Some(server) = Server::minio() else { return };
    let proxy = Proxy::changing(server.port, |request| {
        let text = String::from_utf8(request).unwrap();
        let at = text.find("x-amz-date: 20").unwrap() + "x-amz-date: ".len();
        let mut bytes = text.into_bytes();
        bytes[at..at + 4].copy_from_slice(b"2020");
        bytes
    });
    let secrets = Secrets::of(&server);
    let endpoint = format!("http://127.0.0.1:{}", proxy.port);
    let options = Options { timeout: Duration::from_secs(4), dry_run: false };
    let ran = run(&plan(&endpoint, "    buckets: {logs: {}}\n"), &secrets, options).await;
    assert_eq!(ran.exit(), 3, "{}", ran.said);
    let reason = ran.reason("");
    assert!(reason.contains("RequestTimeTooSkewed") && reason.contains(" here and "), "{reason}");
    assert!(reason.contains(" GMT there"), "{reason}");
}

#[tokio::test]
async fn what_the_server_takes_and_forgets_is_said() {
    let Some(server) = Server::minio() else { return };
    let secrets = Secrets::of(&server);
    for rule in ["{id: a, expire_days: 3, abort_multipart_days: 1}", "{id: a, abort_multipart_days: 1}"] {
        let objects = format!("    buckets: {{logs: {{lifecycle: [{rule}]}}}}\n");
        let ran = run(&plan(&server.endpoint(), &objects), &secrets, OPTIONS).await;
        assert_eq!(ran.exit(), 1, "{}", ran.said);
        let help = "some servers do not have `abort_multipart_days`";
        assert!(ran.reason("bucket/logs").contains(help), "{}", ran.said);
    }
}

#[tokio::test]
async fn a_policy_that_does_not_exist_and_the_own_account_are_refused_with_what_to_do() {
    let Some(server) = Server::minio() else { return };
    let secrets = Secrets::of(&server).with("app_key", &fresh_password());
    let objects = "
    users:
      app: {secret_key_file: app_key, policies: [nowhere]}
      provision-root: {secret_key_file: app_key}
";
    let ran = run(&plan(&server.endpoint(), objects), &secrets, OPTIONS).await;
    assert_eq!(ran.exit(), 1, "{}", ran.said);
    assert!(ran.reason("user/app").contains("say the policy under `policies`"), "{}", ran.said);
    assert!(ran.reason("user/provision-root").contains("cannot manage itself"), "{}", ran.said);
}
