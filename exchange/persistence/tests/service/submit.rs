//! What is sent to be logged.

use exchange_service::net::frame::put_frame;
use exchange_service::net::{COMMAND, Client, REFUSED, Unavailable};

use super::support::{FollowerOfLog, Served, block_on, id_of, request, send, submitter};

#[test]
fn what_is_submitted_comes_out_in_order_and_is_durable_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &[]);
    block_on(async {
        let gateway = submitter(&served.address, 1).await;
        let mut follower = FollowerOfLog::open(&served.address, 0, 0).await;
        assert_eq!((follower.link.position, follower.link.epoch), (0, 1));
        send(&gateway, 1..=500).await;
        let got = follower.up_to(500).await;
        let expected: Vec<(u64, u32, Vec<u8>)> = (1..=500).map(|id| (id, 1, request(id))).collect();
        let got: Vec<_> = got.into_iter().map(|got| (got.sequence, got.epoch, got.payload)).collect();
        assert_eq!(got, expected);
    });
    served.end().unwrap();
}

#[test]
fn what_is_no_request_is_refused_by_its_id_and_nothing_of_it_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &[]);
    block_on(async {
        let mut gateway = submitter(&served.address, 1).await;
        let mut cut = request(8);
        cut.pop();
        let mut out = Vec::new();
        let long = [request(9), vec![0; 100_000]].concat();
        for payload in [request(7), cut, Vec::new(), long, b"EXLOG".to_vec(), request(10)] {
            put_frame(&mut out, COMMAND, |out| out.extend_from_slice(&payload));
        }
        gateway.writer.send(&out).await.unwrap();
        let mut refused = Vec::new();
        while refused.len() < 4 {
            let frame = gateway.reader.next().await.unwrap().unwrap();
            assert_eq!((frame.kind, frame.payload.len()), (REFUSED, 9));
            let id = u64::from_le_bytes(frame.payload[..8].try_into().unwrap());
            refused.push((id, Unavailable::from_code(frame.payload[8]).unwrap()));
        }
        let malformed = Unavailable::Malformed;
        assert_eq!(refused, [(8, malformed), (0, malformed), (9, malformed), (0, malformed)]);
        let mut follower = FollowerOfLog::open(&served.address, 0, 0).await;
        let ids: Vec<u64> = follower.up_to(2).await.iter().map(|got| id_of(&got.payload)).collect();
        assert_eq!(ids, [7, 10]);
    });
    assert!(
        served
            .metrics
            .exposition()
            .contains("log_refused_total{service=\"persistence\",reason=\"malformed\"} 4")
    );
}

#[test]
fn a_frame_of_another_kind_ends_the_connection_and_what_came_before_it_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &[]);
    block_on(async {
        let mut gateway = submitter(&served.address, 1).await;
        let mut out = Vec::new();
        put_frame(&mut out, COMMAND, |out| out.extend_from_slice(&request(1)));
        put_frame(&mut out, 99, |_| {});
        put_frame(&mut out, COMMAND, |out| out.extend_from_slice(&request(2)));
        gateway.writer.send(&out).await.unwrap();
        while let Ok(Some(_)) = gateway.reader.next().await {}
        let got = FollowerOfLog::open(&served.address, 0, 0).await.up_to(1).await;
        assert_eq!(got.iter().map(|got| id_of(&got.payload)).collect::<Vec<_>>(), [1]);
        let other = submitter(&served.address, 2).await;
        send(&other, [3]).await;
        let got = FollowerOfLog::open(&served.address, 1, 1).await.up_to(2).await;
        assert_eq!(got.iter().map(|got| id_of(&got.payload)).collect::<Vec<_>>(), [3]);
    });
}

#[test]
fn a_second_stream_of_a_session_ends_the_first_and_two_sessions_do_not_meet() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &[]);
    block_on(async {
        let (mut first, other) = (submitter(&served.address, 1).await, submitter(&served.address, 2).await);
        send(&first, [1]).await;
        send(&other, [100]).await;
        let mut follower = FollowerOfLog::open(&served.address, 0, 0).await;
        follower.up_to(2).await;
        let second = submitter(&served.address, 1).await;
        // The older connection may still be written to; nothing of it is logged.
        let mut out = Vec::new();
        put_frame(&mut out, COMMAND, |out| out.extend_from_slice(&request(2)));
        drop(first.writer.send(&out).await);
        while let Ok(Some(_)) = first.reader.next().await {}
        send(&second, [3]).await;
        let got = follower.up_to(3).await;
        assert_eq!(got.iter().map(|got| id_of(&got.payload)).collect::<Vec<_>>(), [3]);
        send(&other, [101]).await;
        assert_eq!(id_of(&follower.up_to(4).await[0].payload), 101);
    });
}

#[test]
fn a_stream_without_a_session_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &[]);
    block_on(async {
        let error = Client::new().stream(&served.address, "/internal/stream/submit").await.unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), 400);
    });
}
