//! What became of requests.

use exchange_service::net::{Client, QueryError};
use serde::{Deserialize, Serialize};

use super::support::{FollowerOfLog, Served, block_on, send, submitter};

#[derive(Serialize)]
struct Question {
    requests: Vec<u64>,
    after: u64,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Answer {
    found: Vec<(u64, u64)>,
    position: u64,
}

async fn ask(served: &Served, requests: Vec<u64>, after: u64) -> Result<Answer, QueryError> {
    let question = Question { requests, after };
    Client::new().post(&served.address, "/internal/resolve", &question).await
}

#[test]
fn requests_are_found_exactly_behind_the_place_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &[("LOG_SEGMENT_BYTES", "4096")]);
    block_on(async {
        let nothing = ask(&served, vec![1], 0).await.unwrap();
        assert_eq!(nothing, Answer { found: vec![], position: 0 });
        let gateway = submitter(&served.address, 1).await;
        let mut follower = FollowerOfLog::open(&served.address, 0, 0).await;
        // A batch is at most as long as a segment; more at once is refused.
        for first in (1..=300).step_by(20) {
            send(&gateway, 1_000 + first..1_020 + first).await;
            follower.up_to(first + 19).await;
        }
        let answer = ask(&served, vec![1_300, 1_001, 999, 1_150], 0).await.unwrap();
        assert_eq!(answer.found, [(1_001, 1), (1_150, 150), (1_300, 300)]);
        assert_eq!(answer.position, 300);
        let answer = ask(&served, vec![1_001, 1_150, 1_151], 150).await.unwrap();
        assert_eq!(answer.found, [(1_151, 151)]);
        assert_eq!(ask(&served, vec![1_300], 300).await.unwrap().found, []);
        assert_eq!(ask(&served, vec![1_300], u64::MAX).await.unwrap().found, []);
        assert_eq!(ask(&served, vec![], 0).await.unwrap().position, 300);
    });
}

#[test]
fn whatever_was_taken_from_a_connection_that_is_gone_is_found_and_nothing_else_ever_will_be() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &[]);
    block_on(async {
        let mut sent = 0;
        for round in 0..20_u64 {
            let gateway = submitter(&served.address, 5).await;
            let ids: Vec<u64> = (sent + 1..=sent + 200).collect();
            sent += 200;
            send(&gateway, ids.iter().copied()).await;
            // The gateway comes back before it has heard anything, and asks what was logged.
            let second = submitter(&served.address, 5).await;
            let before = ask(&served, ids.clone(), 0).await.unwrap();
            let after = ask(&served, ids.clone(), 0).await.unwrap();
            assert_eq!(before.found, after.found, "round {round}: an answer is final");
            let taken: Vec<u64> = before.found.iter().map(|(id, _)| *id).collect();
            assert_eq!(
                taken,
                ids[..taken.len()],
                "round {round}: what was taken is a prefix of what was sent"
            );
            drop((gateway, second));
        }
    });
}
