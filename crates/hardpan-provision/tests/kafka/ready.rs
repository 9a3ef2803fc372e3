//! Waiting: for what does not answer, for what answers something else, and for brokers that come late.

use std::time::{Duration, Instant};

use hardpan_provision::Event;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::bench::Bench;
use crate::brokers::shared;
use crate::observer;
use crate::support::kafka::{ADMIN, Cluster};
use crate::support::{START_MAX, fresh_password, ports};

const TOPIC: &str = "topics: {late.topic: {partitions: 2, replication: 3}}";

/// Carries a plan out that cannot be, and gives what was waited for and the last answer.
async fn fails_in_time(bootstrap: &[String]) -> String {
    let bench = Bench::at(bootstrap, 3, Some(ADMIN)).impatient();
    bench.secret(ADMIN, &fresh_password());
    let start = Instant::now();
    let run = bench.run(TOPIC).await;
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    assert_eq!(run.exit(), 3, "{:#?}", run.report);
    assert_eq!(run.lines(), ["not ready kafka", "skipped kafka/topic/late.topic"]);
    bench.assert_secret("");
    run.reason("kafka").to_owned()
}

#[tokio::test]
async fn nobody_listens() {
    let bootstrap = [0; 3].map(|_| format!("127.0.0.1:{}", ports::free()));
    let reason = fails_in_time(&bootstrap).await;
    assert!(reason.contains(&format!("waited for one of {} to answer", bootstrap.join(", "))), "{reason}");
    assert!(reason.contains("refused"), "{reason}");
}

#[tokio::test]
async fn somebody_listens_and_never_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let reason = fails_in_time(std::slice::from_ref(&address)).await;
    assert!(reason.contains(&format!("{address} to answer ApiVersions")), "{reason}");
}

#[tokio::test]
async fn somebody_answers_something_else() {
    let answers: [(&[u8], &str); 5] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it speaks HTTP"),
        (&[0x15, 3, 3, 0, 2, 2, 40], "it speaks TLS"),
        (&[0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1], "not Kafka's protocol"),
        (&[0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0x7f, 0xff, 0xff, 0xff], "not what Kafka's protocol says"),
        (&[0, 0, 0, 10, 0, 0, 0, 1], "the connection was closed"),
    ];
    for (answer, expected) in answers {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                // What was asked is read, or closing the connection would take the answer back.
                stream.readable().await.unwrap();
                let mut asked = [0; 512];
                drop(stream.try_read(&mut asked));
                drop(stream.write_all(answer).await);
            }
        });
        let reason = fails_in_time(std::slice::from_ref(&address)).await;
        assert!(reason.contains(expected), "{expected}: {reason}");
        server.abort();
    }
}

#[tokio::test]
async fn fewer_brokers_than_expected_are_waited_for_and_named() {
    let Some(cluster) = shared() else { return };
    let bench = Bench::at(&cluster.bootstrap(), 4, Some(ADMIN)).impatient();
    bench.secret(ADMIN, &cluster.password);
    let run = bench.run(TOPIC).await;
    assert_eq!(run.exit(), 3);
    let reason = run.reason("kafka");
    assert!(reason.starts_with("waited for 4 brokers until the deadline"), "{reason}");
    assert!(
        run.events.iter().any(|event| matches!(event, Event::Waiting { .. })),
        "it is told while it goes on"
    );
    let port = cluster.brokers[2].port;
    assert!(reason.contains(&format!("knows 3: 1 (127.0.0.1:{}", cluster.brokers[0].port)), "{reason}");
    assert!(reason.contains(&format!("3 (127.0.0.1:{port})")), "{reason}");
    assert_eq!(observer::replicas(&cluster, "late.topic"), [0; 0], "nothing was made");
}

#[tokio::test]
async fn a_quorum_and_late_brokers_are_waited_for_and_a_crash_of_one_is_survived() {
    let Some(mut cluster) = Cluster::prepare(3) else { return };
    let bench = Bench::new(&cluster).patient(START_MAX);
    cluster.begin(0);
    // One of three is no quorum, so it does not even let clients in.
    let impatient = Bench::new(&cluster).impatient();
    let run = impatient.run(TOPIC).await;
    assert_eq!(run.exit(), 3, "{:#?}", run.report);

    let (run, ()) = tokio::join!(bench.run(TOPIC), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cluster.begin(1);
        tokio::time::sleep(Duration::from_secs(1)).await;
        cluster.begin(2);
    });
    assert_eq!(run.lines(), ["created kafka/topic/late.topic"], "{:#?}", run.report);
    assert_eq!(run.exit(), 0);

    // The first broker of the list dies, and comes back while it is waited for.
    cluster.wait();
    cluster.kill(0);
    let more = TOPIC.replace("partitions: 2", "partitions: 4");
    let (run, ()) = tokio::join!(bench.run(&more), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cluster.begin(0);
    });
    assert_eq!(run.exit(), 0, "{:#?}", run.report);
    cluster.wait();
    assert_eq!(observer::replicas(&cluster, "late.topic"), [3; 4]);

    // It hangs: others of the list answer, at once or when the cluster no longer counts on it.
    cluster.freeze(0);
    let two = Bench::at(&cluster.bootstrap(), 2, Some(ADMIN)).patient(START_MAX);
    two.secret(ADMIN, &cluster.password);
    let run = two.run("topics: {late.topic: {config: {retention.ms: 5000}}}").await;
    cluster.thaw(0);
    assert_eq!(run.exit(), 0, "{:#?}", run.report);
    two.assert_secret("");
    bench.assert_secret(&cluster.logs());
}
