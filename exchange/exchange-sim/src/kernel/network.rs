//! Links between parties: who opens them, which session is the current one, and what is under way.

use super::Party;

/// A link that a party keeps to another, over all its sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkId(pub usize);

/// One connection on a link. Never zero and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session(pub u64);

/// One link.
#[derive(Debug)]
pub struct Link {
    initiator: Party,
    server: Party,
    current: Option<Session>,
    /// When the last message of each direction arrives: no later one may overtake it.
    last_arrival_ns: [u64; 2],
    in_flight: [usize; 2],
}

/// All links.
#[derive(Debug)]
pub struct Links {
    links: Vec<Link>,
    sessions: u64,
}

impl Links {
    /// Links, each as its initiator and its server. All are down.
    #[must_use]
    pub fn new(ends: Vec<(Party, Party)>) -> Self {
        let links = ends
            .into_iter()
            .map(|(initiator, server)| Link {
                initiator,
                server,
                current: None,
                last_arrival_ns: [0; 2],
                in_flight: [0; 2],
            })
            .collect();
        Self { links, sessions: 0 }
    }

    pub(super) fn initiator(&self, link: LinkId) -> Party {
        self.links[link.0].initiator
    }

    pub(super) fn server(&self, link: LinkId) -> Party {
        self.links[link.0].server
    }

    pub(super) fn current(&self, link: LinkId) -> Option<Session> {
        self.links[link.0].current
    }

    pub(super) fn is_up(&self, link: LinkId) -> bool {
        self.links[link.0].current.is_some()
    }

    /// A new session.
    pub(super) fn open(&mut self, link: LinkId) -> Session {
        self.sessions += 1;
        let session = Session(self.sessions);
        let link = &mut self.links[link.0];
        link.current = Some(session);
        link.in_flight = [0; 2];
        session
    }

    /// Ends the session; false where there is none.
    pub(super) fn close(&mut self, link: LinkId) -> bool {
        self.links[link.0].current.take().is_some()
    }

    /// To whom a message of a party goes, and in which direction, where the session is the current one.
    pub(super) fn other_end(&self, link: LinkId, session: Session, from: Party) -> Option<(Party, usize)> {
        let link = &self.links[link.0];
        if link.current != Some(session) {
            return None;
        }
        Some(if from == link.initiator { (link.server, 0) } else { (link.initiator, 1) })
    }

    /// A message sets off and should arrive at a time. Gives when it does, and how many are under way.
    pub(super) fn depart(&mut self, link: LinkId, direction: usize, at_ns: u64) -> (u64, usize) {
        let link = &mut self.links[link.0];
        let at_ns = at_ns.max(link.last_arrival_ns[direction] + 1);
        link.last_arrival_ns[direction] = at_ns;
        link.in_flight[direction] += 1;
        (at_ns, link.in_flight[direction])
    }

    /// A message arrives; false where its session is gone.
    pub(super) fn arrive(&mut self, link: LinkId, session: Session, to: Party) -> bool {
        let link = &mut self.links[link.0];
        if link.current != Some(session) {
            return false;
        }
        let direction = usize::from(to == link.initiator);
        link.in_flight[direction] -= 1;
        true
    }

    pub(super) fn of(&self, party: Party) -> Vec<LinkId> {
        let concerned = |link: &Link| link.initiator == party || link.server == party;
        (0..self.links.len()).filter(|index| concerned(&self.links[*index])).map(LinkId).collect()
    }

    pub(super) fn between(&self, initiator: Party, server: Party) -> LinkId {
        let found = self.links.iter().position(|link| link.initiator == initiator && link.server == server);
        LinkId(found.expect("every link is drawn at the beginning"))
    }
}
