//! Requests around a trader's commands: who waits, and sometimes a key; and now and then a key that was used before.
//!
//! A client that does not know whether it was heard asks the log's owner, which is another matter (`process::client`): what is
//! sent again here is a new request with a new id, as after a restart that forgot what was asked. A newcomer needs to know one
//! thing: no two requests of a trader are the same bytes, because their ids differ.

use std::collections::VecDeque;

use exchange_types::{Command, IdempotencyKey, RequestHead, RequestId, encode_request};

use super::mix::Mix;
use crate::random::Random;

/// Requests that may come again.
const KEPT: usize = 32;

/// What a trader has asked under keys.
#[derive(Debug)]
pub(super) struct Requests {
    trader: u64,
    made: u64,
    past: VecDeque<(IdempotencyKey, Command)>,
}

impl Requests {
    pub(super) fn new(trader: usize) -> Self {
        Self { trader: trader as u64 + 1, made: 0, past: VecDeque::new() }
    }

    /// The payload of a request for this command, or instead of it for one that was asked before.
    pub(super) fn write(&mut self, command: &Command, mix: &Mix, random: &mut Random) -> Vec<u8> {
        let mut payload = Vec::new();
        self.made += 1;
        let id = RequestId(self.trader << 32 | self.made);
        if !random.permille(mix.keyed) {
            // Some records are commands alone, as those of the administrator are.
            let id = if random.permille(500) { id } else { RequestId(0) };
            encode_request(&RequestHead { id, key: None }, command, &mut payload);
            return payload;
        }
        let past = random.index(self.past.len().max(1));
        let (key, command) = match (self.past.get(past), random.below(10)) {
            (Some((key, before)), 0..2) => (Some(*key), before),
            (Some((key, _)), 2) => (Some(*key), command),
            _ => {
                // The same numbers for every trader: a key belongs to its account.
                let key = IdempotencyKey::new(u128::from(self.made) << 64 | 1);
                self.past.extend(key.map(|key| (key, command.clone())));
                (key, command)
            }
        };
        encode_request(&RequestHead { id, key }, command, &mut payload);
        if self.past.len() > KEPT {
            self.past.pop_front();
        }
        payload
    }
}
