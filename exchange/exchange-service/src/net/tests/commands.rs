//! What a follower of the log takes, what it refuses, and how it comes back.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use exchange_types::codec::FrameHeader;
use exchange_types::{Epoch, Sequence, TimestampNs, encode_frame};

use super::super::{
    Arrive, COMMANDS, Client, CommandStream, DURABLE, Place, Reconnect, Said, Turn, Upgrade, Wanted, frame,
};
use super::{Server, soon};

fn record(sequence: u64) -> Vec<u8> {
    let header = FrameHeader { epoch: Epoch(3), sequence: Sequence(sequence), time: TimestampNs(sequence) };
    let mut bytes = Vec::new();
    encode_frame(header, b"payload", &mut bytes).unwrap();
    bytes
}

fn put_record(out: &mut Vec<u8>, item: u64, record: &[u8]) {
    frame::put_item(out, item, |out| out.extend_from_slice(record));
}

fn put_durable(out: &mut Vec<u8>, durable: u64) {
    frame::put_frame(out, DURABLE, |out| out.extend_from_slice(&durable.to_le_bytes()));
}

/// Sends these bytes to everybody and closes the connection.
async fn server(bytes: Vec<u8>) -> Server {
    async fn send(State(bytes): State<Bytes>, upgrade: Upgrade) -> Response {
        upgrade.accept(7, 3, move |link| async move { link.writer.send(&bytes).await })
    }
    Server::start(Router::new().route(COMMANDS, get(send)).with_state(Bytes::from(bytes))).await
}

/// What a follower says that resumes behind record 5: sequences, durable positions, and why it ended.
async fn follow(bytes: Vec<u8>) -> (Vec<(&'static str, u64)>, String) {
    let server = server(bytes).await;
    let place = Place { sequence: 5, epoch: Some(3) };
    let opened = CommandStream::open(Client::new(), server.address.clone(), place, Wanted::Records).await;
    let mut stream = opened.unwrap();
    assert_eq!((stream.asked(), stream.end(), stream.reign()), (place, 7, 3));
    let mut said = Vec::new();
    loop {
        if let Err(error) = soon(stream.arrive()).await {
            return (said, error.to_string());
        }
        loop {
            match stream.next_ready() {
                Ok(None) => break,
                Ok(Some(Said::Durable(durable))) => said.push(("durable", durable)),
                Ok(Some(Said::Record(record))) => said.push(("record", record.header.sequence.0)),
                Err(error) => return (said, error.to_string()),
            }
        }
    }
}

#[tokio::test]
async fn records_and_positions_come_in_their_order() {
    let mut bytes = Vec::new();
    put_durable(&mut bytes, 5);
    put_record(&mut bytes, 6, &record(6));
    put_record(&mut bytes, 7, &record(7));
    put_durable(&mut bytes, 7);
    let (said, ended) = follow(bytes).await;
    assert_eq!(said, [("durable", 5), ("record", 6), ("record", 7), ("durable", 7)]);
    assert_eq!(ended, "the other side closed the connection");
}

#[tokio::test]
async fn what_is_not_the_next_record_is_refused() {
    let mut damaged = record(6);
    damaged[40 - 2] ^= 1;
    let mut trailing = record(6);
    trailing.push(0);
    let odd: [(u64, Vec<u8>, &str); 6] = [
        (7, record(7), "found record 7, expected 6"),
        (5, record(5), "found record 5, expected 6"),
        (6, record(7), "item 6 is not the record of that number alone"),
        (6, trailing, "item 6 is not the record of that number alone"),
        (6, damaged, "found checksum"),
        (6, Vec::new(), "the frame is cut short"),
    ];
    for (item, record, expected) in odd {
        let mut bytes = Vec::new();
        put_record(&mut bytes, item, &record);
        let (said, ended) = follow(bytes).await;
        assert!(said.is_empty() && ended.contains(expected), "{ended}");
    }
}

#[tokio::test]
async fn a_frame_of_another_kind_is_refused() {
    for (kind, payload) in [(77, &b""[..]), (DURABLE, &b"short"[..]), (frame::ITEM, &b"short"[..])] {
        let mut bytes = Vec::new();
        frame::put_frame(&mut bytes, kind, |out| out.extend_from_slice(payload));
        let (said, ended) = follow(bytes).await;
        assert_eq!((said, ended), (Vec::new(), format!("found a frame of kind {kind}")));
    }
}

#[tokio::test]
async fn a_lost_stream_is_opened_again_from_where_it_was_and_a_refusal_is_said() {
    let mut bytes = Vec::new();
    put_record(&mut bytes, 6, &record(6));
    let server = server(bytes).await;
    let mut log = Reconnect::<CommandStream>::default();
    let (address, place) = (server.address.clone(), Place { sequence: 5, epoch: None });
    let open = || CommandStream::open(Client::new(), address.clone(), place, Wanted::Records);
    for _ in 0..3 {
        assert!(matches!(soon(log.turn(open)).await, Turn::Opened));
        assert!(matches!(soon(log.turn(open)).await, Turn::Arrived));
        let stream = log.get().unwrap();
        assert!(matches!(stream.next_ready(), Ok(Some(Said::Record(_)))));
        loop {
            assert!(matches!(soon(log.turn(open)).await, Turn::Arrived));
            if log.get().unwrap().next_ready().is_err() {
                log.fail();
                break;
            }
        }
    }
    server.stop().await;
    assert!(matches!(soon(log.turn(open)).await, Turn::Refused(error) if error.status().is_none()));
    assert!(log.get().is_none());
}

#[tokio::test]
async fn an_attempt_that_is_cancelled_goes_on_where_it_was() {
    async fn refuse() -> Response {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        StatusCode::CONFLICT.into_response()
    }
    let server = Server::start(Router::new().route(COMMANDS, get(refuse))).await;
    let mut log = Reconnect::<CommandStream>::default();
    let mut attempts = 0;
    let mut open = || {
        attempts += 1;
        CommandStream::open(Client::new(), server.address.clone(), Place::default(), Wanted::Durable)
    };
    let mut turns = 0;
    let refused = loop {
        turns += 1;
        let brief = std::time::Duration::from_millis(1);
        if let Ok(turn) = tokio::time::timeout(brief, log.turn(&mut open)).await {
            break turn;
        }
    };
    assert!(matches!(refused, Turn::Refused(error) if error.status() == Some(StatusCode::CONFLICT)));
    assert!(turns > 3 && attempts == 1, "{turns} turns, {attempts} attempts");
}
