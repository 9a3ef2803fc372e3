//! Who follows one topic, and what they have had.
//!
//! Everybody begins with a first message (a snapshot) that is asked of market data once for all who wait for it. What comes of the
//! feed meanwhile is kept, and of it each gets what the snapshot does not contain: so the two are one stream without a gap and
//! without a repetition.

use super::topic::{First, Item, Next};

/// How many messages are kept while a first message is on its way. At ten thousand a second these are seconds; **when there are
/// more, they are dropped and the first message is asked for again.**
const KEPT_MAX: usize = 20_000;

/// The number of a client.
pub(super) type ClientId = u64;

/// How somebody stands in a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Waits for the first message.
    Waiting,
    /// Has had everything up to this place.
    Live(u64),
    /// Was too slow and gets nothing until there is room.
    Stale,
}

/// What a message led to for one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// It is in the queue.
    Queued,
    /// The queue is full: nothing of it was taken.
    Full,
}

#[derive(Debug)]
struct Follower {
    client: ClientId,
    standing: Standing,
    /// It has been told that its first message takes longer.
    told: bool,
}

/// A first message is on its way.
#[derive(Debug)]
struct Asked {
    /// Which question it answers.
    question: u64,
    /// What came of the feed since it was asked for.
    kept: Vec<Item>,
    /// Something that came was not kept.
    lost: bool,
}

/// The followers of one topic.
#[derive(Debug, Default)]
pub(super) struct Room {
    followers: Vec<Follower>,
    asked: Option<Asked>,
    /// How often in a row it was asked for in vain.
    pub(super) attempts: u32,
}

impl Room {
    /// False: the client follows it already.
    pub(super) fn join(&mut self, client: ClientId) -> bool {
        if self.followers.iter().any(|follower| follower.client == client) {
            return false;
        }
        self.followers.push(Follower { client, standing: Standing::Waiting, told: false });
        true
    }

    pub(super) fn leave(&mut self, client: ClientId) {
        self.followers.retain(|follower| follower.client != client);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.followers.is_empty()
    }

    /// Whether somebody waits for a first message and none is on its way.
    pub(super) fn needs_first(&self) -> bool {
        self.asked.is_none() && self.followers.iter().any(|follower| follower.standing == Standing::Waiting)
    }

    /// A first message is asked for, with a question that has a number of its own.
    pub(super) fn asked(&mut self, question: u64) {
        self.asked = Some(Asked { question, kept: Vec::new(), lost: false });
    }

    /// The feed has broken off: what was kept is worthless, and everybody begins again.
    pub(super) fn begin_again(&mut self) {
        self.asked = None;
        for follower in &mut self.followers {
            if matches!(follower.standing, Standing::Live(_)) {
                follower.standing = Standing::Waiting;
            }
        }
    }

    /// There is room again in the queue of a client that was too slow.
    pub(super) fn take_back(&mut self, client: ClientId) {
        let stale =
            |follower: &&mut Follower| follower.client == client && follower.standing == Standing::Stale;
        if let Some(follower) = self.followers.iter_mut().find(stale) {
            follower.standing = Standing::Waiting;
        }
    }

    /// A message of the feed. `send` puts it into the queue of a client.
    pub(super) fn item(&mut self, item: &Item, mut send: impl FnMut(ClientId, &Item) -> Sent) {
        if let Some(asked) = &mut self.asked {
            asked.kept.push(item.clone());
            if asked.kept.len() > KEPT_MAX {
                asked.kept.clear();
                asked.lost = true;
            }
        }
        for follower in &mut self.followers {
            let Standing::Live(last) = follower.standing else { continue };
            follower.standing = match item.place.after(last) {
                Next::Skip => Standing::Live(last),
                Next::Gap => Standing::Waiting,
                Next::Send(at) => match send(follower.client, item) {
                    Sent::Queued => Standing::Live(at),
                    Sent::Full => Standing::Stale,
                },
            };
        }
    }

    /// The first message has come. `Err`: the feed does not continue it, ask again.
    pub(super) fn first(
        &mut self,
        question: u64,
        first: &First,
        mut send_first: impl FnMut(ClientId, &First) -> Sent,
        mut send: impl FnMut(ClientId, &Item) -> Sent,
    ) -> Result<(), ()> {
        // The answer to an older question was asked for before the feed broke off.
        let Some(asked) = self.asked.take_if(|asked| asked.question == question) else { return Err(()) };
        if asked.lost || !continues(first, &asked.kept) {
            return Err(());
        }
        self.attempts = 0;
        for follower in &mut self.followers {
            if follower.standing != Standing::Waiting {
                continue;
            }
            follower.told = false;
            follower.standing = match send_first(follower.client, first) {
                Sent::Queued => Standing::Live(first.place),
                Sent::Full => Standing::Stale,
            };
            for item in &asked.kept {
                let Standing::Live(last) = follower.standing else { break };
                if let Next::Send(at) = item.place.after(last) {
                    follower.standing = match send(follower.client, item) {
                        Sent::Queued => Standing::Live(at),
                        Sent::Full => Standing::Stale,
                    };
                }
            }
        }
        Ok(())
    }

    /// No first message could be had, and it is not asked for at the moment. Those who wait and have not been told yet.
    pub(super) fn failed(&mut self, question: u64) -> Vec<ClientId> {
        if self.asked.take_if(|asked| asked.question == question).is_none() {
            return Vec::new();
        }
        self.attempts = self.attempts.saturating_add(1);
        self.untold()
    }

    /// Those who wait and have not been told yet; they are told now.
    pub(super) fn untold(&mut self) -> Vec<ClientId> {
        let waits = |follower: &&mut Follower| follower.standing == Standing::Waiting && !follower.told;
        let untold = self.followers.iter_mut().filter(waits);
        untold
            .map(|follower| {
                follower.told = true;
                follower.client
            })
            .collect()
    }
}

/// Whether the messages behind a first one can be applied to it, one after the other.
fn continues(first: &First, kept: &[Item]) -> bool {
    let mut last = first.place;
    kept.iter().all(|item| match item.place.after(last) {
        Next::Skip => true,
        Next::Gap => false,
        Next::Send(at) => {
            last = at;
            true
        }
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use exchange_types::InstrumentId;

    use super::{Room, Sent};
    use crate::stream::topic::{Channel, First, Item, Place, Topic};

    fn delta(previous: u64, at: u64) -> Item {
        let topic = Topic { instrument: InstrumentId(0), channel: Channel::Depth };
        Item { topic, place: Place::Chained { previous, at }, text: format!("{previous}>{at}").into() }
    }

    fn snapshot(place: u64) -> First {
        First { text: format!("={place}").into(), place }
    }

    /// A room and what its clients got.
    #[derive(Default)]
    struct World {
        room: Room,
        got: RefCell<Vec<(u64, String)>>,
        full: bool,
        questions: u64,
    }

    impl World {
        fn delta(&mut self, previous: u64, at: u64) {
            let (got, full) = (&self.got, self.full);
            self.room.item(&delta(previous, at), |client, item| {
                if full {
                    return Sent::Full;
                }
                got.borrow_mut().push((client, item.text.as_str().to_owned()));
                Sent::Queued
            });
        }

        /// The answer to the last question.
        fn first(&mut self, place: u64) -> bool {
            self.answer(self.questions, place)
        }

        fn answer(&mut self, question: u64, place: u64) -> bool {
            let got = &self.got;
            let put = |client, text: &str| {
                got.borrow_mut().push((client, text.to_owned()));
                Sent::Queued
            };
            let first = snapshot(place);
            let done = self.room.first(
                question,
                &first,
                |client, first| put(client, first.text.as_str()),
                |client, item| put(client, item.text.as_str()),
            );
            done.is_ok()
        }

        fn of(&self, client: u64) -> String {
            let got = self.got.borrow();
            let texts = got.iter().filter(|(whose, _)| *whose == client).map(|(_, text)| text.as_str());
            texts.collect::<Vec<_>>().join(" ")
        }

        fn ask(&mut self) {
            assert!(self.room.needs_first());
            self.questions += 1;
            self.room.asked(self.questions);
            assert!(!self.room.needs_first(), "one question for all who wait");
        }
    }

    #[test]
    fn what_came_while_the_snapshot_was_fetched_follows_it_without_gap_or_repetition() {
        let mut world = World::default();
        assert!(world.room.join(1));
        assert!(!world.room.join(1), "twice is once");
        world.ask();
        world.delta(3, 5);
        world.delta(5, 6);
        assert!(world.room.join(2), "whoever comes meanwhile waits for the same one");
        world.delta(6, 9);
        assert!(world.first(6));
        world.delta(9, 10);
        assert_eq!(world.of(1), "=6 6>9 9>10");
        assert_eq!(world.of(2), "=6 6>9 9>10");
    }

    #[test]
    fn a_snapshot_ahead_of_the_feed_swallows_what_it_contains() {
        let mut world = World::default();
        world.room.join(1);
        world.ask();
        assert!(world.first(9));
        for (previous, at) in [(3, 6), (6, 9), (9, 12)] {
            world.delta(previous, at);
        }
        assert_eq!(world.of(1), "=9 9>12");
    }

    #[test]
    fn a_snapshot_that_the_feed_does_not_continue_is_not_used() {
        let mut world = World::default();
        world.room.join(1);
        world.ask();
        world.delta(5, 8);
        assert!(!world.first(3), "something between 3 and 5 is missing");
        assert!(world.room.needs_first());
        world.ask();
        world.delta(8, 9);
        assert!(!world.first(7), "a place inside a message");
        world.ask();
        assert!(world.first(9));
        assert_eq!(world.of(1), "=9");
    }

    #[test]
    fn a_gap_in_the_feed_makes_everybody_begin_again() {
        let mut world = World::default();
        world.room.join(1);
        world.ask();
        assert!(world.first(5));
        world.delta(6, 7);
        world.ask();
        assert!(world.first(7));
        assert_eq!(world.of(1), "=5 =7");
    }

    #[test]
    fn after_the_feed_broke_off_an_answer_on_its_way_is_worthless() {
        let mut world = World::default();
        for client in [1, 2] {
            world.room.join(client);
        }
        world.ask();
        assert!(world.first(5));
        world.room.begin_again();
        world.ask();
        world.room.begin_again();
        assert!(!world.first(6), "it was asked for before the feed broke off again");
        world.ask();
        world.delta(8, 9);
        assert!(!world.answer(2, 8), "so was this, and a newer one is on its way");
        assert!(world.first(8));
        assert_eq!((world.of(1), world.of(2)), ("=5 =8 8>9".to_owned(), "=5 =8 8>9".to_owned()));
    }

    #[test]
    fn who_is_too_slow_gets_nothing_until_there_is_room_and_then_a_snapshot() {
        let mut world = World::default();
        world.room.join(1);
        world.ask();
        assert!(world.first(5));
        world.full = true;
        world.delta(5, 6);
        world.full = false;
        world.delta(6, 7);
        assert!(!world.room.needs_first());
        world.room.take_back(1);
        world.ask();
        assert!(world.first(7));
        world.delta(7, 8);
        assert_eq!(world.of(1), "=5 =7 7>8");
    }

    #[test]
    fn more_than_can_be_kept_makes_the_answer_worthless() {
        let mut world = World::default();
        world.room.join(1);
        world.ask();
        for at in 1..=super::KEPT_MAX as u64 + 1 {
            world.delta(at - 1, at);
        }
        assert!(!world.first(super::KEPT_MAX as u64 + 1));
        assert!(world.room.needs_first());
    }

    #[test]
    fn who_waits_in_vain_is_told_once() {
        let mut world = World::default();
        world.room.join(1);
        world.ask();
        assert_eq!(world.room.failed(world.questions), [1]);
        world.room.join(2);
        world.ask();
        assert_eq!((world.room.failed(world.questions), world.room.attempts), (vec![2], 2));
        world.ask();
        assert!(world.first(1));
        world.room.begin_again();
        assert_eq!(world.room.untold(), [1, 2]);
    }
}
