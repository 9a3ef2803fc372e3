//! What is missing of a cluster, and the commands that come next. A pure function of the plan and of what all nodes say.
//!
//! Not responsible for sending commands (`form`). A newcomer needs to know one thing: there is no memory and there are no phases.
//! From whatever nodes say now follow all commands that are possible now, so a run that was killed anywhere is finished by
//! the next one without anybody knowing how far it came.

use std::cmp::Reverse;

use super::contest::contested;
use super::layout::{Misfit, Role, layout};
use super::nodes::{Known, Said};
use super::slots::Slots;
use crate::plan::valkey::Reset;
use crate::step::Difference;

/// What is wanted.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// What the plan calls the nodes.
    pub(super) names: Vec<String>,
    /// The machines they run on.
    pub(super) hosts: Vec<String>,
    pub(super) replicas: usize,
    pub(super) reset: Reset,
}

/// A command for a node. Nodes are numbered as in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Make the node blank again; with its data where that is said.
    Reset { node: usize, with_data: bool },
    /// Forget a node that is not there any more.
    Forget { node: usize, id: String },
    /// Give a node that knows nobody a configuration epoch of its own, so that no two primaries begin with the same.
    SetEpoch { node: usize, epoch: u64 },
    /// Give slots that nobody has.
    AddSlots { node: usize, slots: Slots },
    /// Introduce a node to another one.
    Meet { node: usize, other: usize },
    /// Make it a replica.
    Replicate { node: usize, primary: usize },
}

/// What is to be done about a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing: it is formed, and all nodes say so.
    Nothing,
    /// Nothing but to wait.
    Wait(Waiting),
    /// Something is missing.
    Work {
        /// True where no node knows another one or has a slot.
        is_blank: bool,
        /// What is missing.
        differences: Vec<Difference>,
        /// What to do about it now; more may follow.
        commands: Vec<Command>,
    },
    /// It is in the way, and nobody said that it may be taken out of it.
    Refuse(Vec<Difference>, String),
}

/// What is waited for, and what is the case instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) waiting_for: String,
    pub(super) answer: String,
}

fn wait(waiting_for: impl Into<String>, answer: impl Into<String>) -> Option<Waiting> {
    Some(Waiting { waiting_for: waiting_for.into(), answer: answer.into() })
}

/// What comes next.
pub(super) fn next(wish: &Wish, nodes: &[Said]) -> Next {
    let picture = Picture { wish, nodes };
    if let Some(difference) = picture.twice() {
        return Next::Refuse(
            vec![difference],
            "give every node of the plan an address of its own".to_owned(),
        );
    }
    let mut commands = Vec::new();
    let mut differences = Vec::new();
    let mut faults = Vec::new();
    if let Some(waiting) = contested(&wish.names, nodes, &picture.groups()) {
        // They settle it among themselves as soon as they can reach each other.
        picture.readdress(&mut commands, &mut differences);
        let is_blank = false;
        return if commands.is_empty() {
            Next::Wait(waiting)
        } else {
            Next::Work { is_blank, differences, commands }
        };
    }
    let mut dead = Vec::new();
    let mut waiting = None;
    for node in 0..nodes.len() {
        for other in picture.strangers(node) {
            match picture.stranger(other) {
                Stranger::Gone => commands.push(Command::Forget { node, id: other.id.clone() }),
                Stranger::Succeeded(name) => {
                    let waiting_for = format!("{name} to take over the slots of a node that is gone");
                    waiting = waiting.or_else(|| wait(waiting_for, format!("it is {} still", other.slots)));
                }
                Stranger::Unsure => {
                    let waiting_for = format!("{} to reach {}:{}", picture.name(node), other.ip, other.port);
                    waiting = waiting.or_else(|| wait(waiting_for, "it neither does nor gives it up"));
                }
                Stranger::Dead => dead.push((node, other)),
                Stranger::Foreign => faults.push(Fault::foreign(&picture, node, other)),
            }
        }
    }
    faults.extend(picture.misplaced());
    if let (Some(waiting), true) = (waiting, faults.is_empty()) {
        return Next::Wait(waiting);
    }
    dead.retain(|(node, _)| faults.iter().all(|fault| fault.node != *node));
    if !dead.is_empty() {
        return picture.bury(&dead);
    }
    let roles = match layout(&wish.hosts, wish.replicas, &picture.roles()) {
        Ok(roles) => roles,
        Err(misfit) if faults.is_empty() => {
            faults.extend(picture.in_the_way());
            if faults.is_empty() || wish.reset == Reset::Never {
                return Next::Refuse(vec![picture.misfit(&misfit)], MISFIT.to_owned());
            }
            Vec::new()
        }
        Err(_) => Vec::new(),
    };
    if !faults.is_empty() {
        return picture.clear(faults);
    }
    picture.build(&roles, &mut commands, &mut differences);
    if commands.is_empty() {
        return picture.disagreement(&roles).map_or(Next::Nothing, Next::Wait);
    }
    let is_blank = nodes.iter().all(|said| said.others.is_empty() && said.own.slots.is_empty());
    Next::Work { is_blank, differences, commands }
}

const MISFIT: &str =
    "move slots or nodes by `valkey-cli --cluster`, or change the plan to what is there; nothing was touched";

/// All that is known, with the questions that are asked of it.
struct Picture<'p> {
    wish: &'p Wish,
    nodes: &'p [Said],
}

/// A node that somebody knows and that is not in the plan.
enum Stranger {
    /// Somebody else is at its address now, and it has nothing.
    Gone,
    /// Somebody else is at its address now, and a replica is about to take over its slots.
    Succeeded(String),
    /// Nobody reaches it, and it has nothing: a node of this cluster that lost its memory and is at another address now, or
    /// one of somebody else. Only people know which.
    Dead,
    /// It is not reached just now, and not yet taken for failed.
    Unsure,
    /// It belongs to somebody else.
    Foreign,
}

/// A node in the way.
struct Fault {
    node: usize,
    difference: Difference,
}

impl Fault {
    fn foreign(picture: &Picture<'_>, node: usize, other: &Known) -> Self {
        let what = format!("cluster of {}", picture.wish.names[node]);
        let from = format!("with {}:{}, which is not in the plan", other.ip, other.port);
        Self { node, difference: Difference::new(what, from, "this one") }
    }
}

impl<'p> Picture<'p> {
    fn name(&self, node: usize) -> &'p str {
        &self.wish.names[node]
    }

    fn id(&self, node: usize) -> &'p str {
        &self.nodes[node].own.id
    }

    fn index(&self, id: &str) -> Option<usize> {
        self.nodes.iter().position(|said| said.own.id == id)
    }

    fn knows(&self, node: usize, other: usize) -> Option<&'p Known> {
        self.nodes[node].of(self.id(other))
    }

    fn all(&self) -> std::ops::Range<usize> {
        0..self.nodes.len()
    }

    fn twice(&self) -> Option<Difference> {
        let mut pairs = self.all().flat_map(|one| (0..one).map(move |other| (other, one)));
        let (one, other) = pairs.find(|(one, other)| self.id(*one) == self.id(*other))?;
        Some(Difference::new(self.name(other), format!("the same node as {}", self.name(one)), "another one"))
    }

    fn strangers(&self, node: usize) -> impl Iterator<Item = &'p Known> {
        let others = self.nodes[node].others.iter();
        let ids: Vec<&str> = self.all().map(|node| self.id(node)).collect();
        others.filter(move |other| !other.is_handshake && !ids.contains(&other.id.as_str()))
    }

    fn stranger(&self, other: &Known) -> Stranger {
        // At an address of the plan is the node that answered there, whatever others still remember.
        let is_there = |said: &Said| said.own.ip == other.ip && said.own.port == other.port;
        let is_replaced = self.nodes.iter().any(is_there) || (other.is_gone && !other.is_connected);
        // A node that was started just now has not yet seen what the others have.
        let is_dead = |known: &Known| known.is_failed && !known.is_connected;
        let is_dead =
            || is_dead(other) || self.nodes.iter().filter_map(|said| said.of(&other.id)).any(is_dead);
        if !is_replaced && other.is_connected {
            return Stranger::Foreign;
        }
        if !is_replaced && !is_dead() {
            return Stranger::Unsure;
        }
        if other.slots.is_empty() {
            return if is_replaced { Stranger::Gone } else { Stranger::Dead };
        }
        let heir = self.nodes.iter().position(|said| said.own.primary.as_deref() == Some(&other.id));
        heir.map_or(Stranger::Foreign, |heir| Stranger::Succeeded(self.name(heir).to_owned()))
    }

    /// Nodes of the plan that know each other, directly or through others; the ones that have most first.
    fn groups(&self) -> Vec<Vec<usize>> {
        let mut group: Vec<usize> = self.all().collect();
        for one in self.all() {
            for other in self.all().filter(|other| self.knows(one, *other).is_some()) {
                let (keep, gone) = (group[one].min(group[other]), group[one].max(group[other]));
                group.iter_mut().filter(|at| **at == gone).for_each(|at| *at = keep);
            }
        }
        let members = |first: usize| self.all().filter(|node| group[*node] == first).collect::<Vec<_>>();
        let mut groups: Vec<Vec<usize>> =
            self.all().filter(|node| group[*node] == *node).map(members).collect();
        let slots =
            |nodes: &[usize]| nodes.iter().map(|node| self.nodes[*node].own.slots.count()).sum::<usize>();
        let has_keys = |nodes: &[usize]| nodes.iter().any(|node| self.nodes[*node].keys > 0);
        groups.sort_by_key(|nodes| {
            (Reverse(has_keys(nodes)), Reverse(slots(nodes)), Reverse(nodes.len()), nodes[0])
        });
        groups
    }

    /// Data and slots that could not stay where they are.
    fn misplaced(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut taken = Slots::default();
        for (rank, group) in self.groups().iter().enumerate() {
            for &node in group {
                let said = &self.nodes[node];
                let is_idle = !said.own.is_replica && said.own.slots.is_empty();
                // Data is in its place only in a cluster, and two clusters with data never become one.
                if said.keys > 0 && (group.len() == 1 || is_idle || rank > 0) {
                    let what = format!("keys in {}", self.name(node));
                    faults.push(Fault { node, difference: Difference::new(what, said.keys, 0) });
                } else if !said.own.slots.common(&taken).is_empty() {
                    let what = format!("slots of {}", self.name(node));
                    let from = format!("{}, which another cluster has too", said.own.slots);
                    faults.push(Fault { node, difference: Difference::new(what, from, "its share") });
                }
            }
            for node in group {
                taken = taken.union(&self.nodes[*node].own.slots);
            }
        }
        faults
    }

    /// Nodes that have other slots than they would have if all were blank.
    fn in_the_way(&self) -> Vec<Fault> {
        let blank = vec![Role::default(); self.nodes.len()];
        let ideal = layout(&self.wish.hosts, self.wish.replicas, &blank).unwrap_or_default();
        let is_off = |(said, role): (&Said, &Role)| !said.own.slots.minus(&role.slots).is_empty();
        let off = self.nodes.iter().zip(&ideal).enumerate().filter(|(_, pair)| is_off(*pair));
        off.map(|(node, (said, role))| {
            let what = format!("slots of {}", self.name(node));
            Fault { node, difference: Difference::new(what, &said.own.slots, &role.slots) }
        })
        .collect()
    }

    fn roles(&self) -> Vec<Role> {
        let role = |said: &Said| Role {
            slots: said.own.slots.clone(),
            replica_of: said.own.primary.as_deref().and_then(|id| self.index(id)),
        };
        self.nodes.iter().map(role).collect()
    }

    fn misfit(&self, misfit: &Misfit) -> Difference {
        let groups = self.nodes.len() / (self.wish.replicas + 1);
        match misfit {
            Misfit::Primaries(found) => Difference::new("primaries", found, groups),
            Misfit::Slots(node) => {
                Difference::new(format!("slots of {}", self.name(*node)), "none", "its share")
            }
            Misfit::Replicas(node, found) => {
                Difference::new(format!("replicas of {}", self.name(*node)), found, self.wish.replicas)
            }
        }
    }

    /// Asks for a decision about nodes that are known and not there. Nothing is reset for their sake: those who know them may
    /// be the cluster itself, with its data.
    fn bury(&self, dead: &[(usize, &Known)]) -> Next {
        let mut differences = Vec::new();
        let mut helps: Vec<String> = Vec::new();
        for (node, other) in dead {
            let address = format!("{}:{}", other.ip, other.port);
            let what = format!("cluster of {}", self.name(*node));
            let from = format!("with {address}, which is not in the plan and does not answer");
            differences.push(Difference::new(what, from, "this one"));
            let help = format!("if {address} is gone for good: CLUSTER FORGET {} on every node", other.id);
            if !helps.contains(&help) {
                helps.push(help);
            }
        }
        Next::Refuse(differences, helps.join("; "))
    }

    /// Resets what is in the way where all of it may be; nothing is reset in vain.
    fn clear(&self, mut faults: Vec<Fault>) -> Next {
        let may = |fault: &Fault| match self.wish.reset {
            Reset::Never => false,
            Reset::Empty => self.nodes[fault.node].keys == 0,
            Reset::WithData => true,
        };
        let is_allowed = faults.iter().all(may);
        let help = match self.wish.reset {
            Reset::Never => {
                "take these nodes out of the plan, or say `reset: empty` (nodes without a key) or `reset: with-data` there, which loses their data"
            }
            _ => "take these nodes out of the plan, or say `reset: with-data` there, which loses their data",
        };
        faults.sort_by_key(|fault| fault.node);
        let mut nodes: Vec<usize> = faults.iter().map(|fault| fault.node).collect();
        nodes.dedup();
        let mut differences: Vec<Difference> = Vec::new();
        for fault in faults {
            let is_new = differences.iter().all(|seen| seen.what != fault.difference.what);
            if is_new {
                differences.push(fault.difference);
            }
        }
        if !is_allowed {
            return Next::Refuse(differences, help.to_owned());
        }
        let with_data = self.wish.reset == Reset::WithData;
        let commands = nodes.into_iter().map(|node| Command::Reset { node, with_data }).collect();
        Next::Work { is_blank: false, differences, commands }
    }

    /// Everything that is missing and can be done now.
    fn build(&self, roles: &[Role], commands: &mut Vec<Command>, differences: &mut Vec<Difference>) {
        for command in &*commands {
            if let Command::Forget { node, id } = command {
                differences.push(Difference::new(
                    format!("{} of {}", short(id), self.name(*node)),
                    "gone",
                    "forgotten",
                ));
            }
        }
        for (node, said) in self.nodes.iter().enumerate() {
            if said.others.is_empty() && said.own.epoch == 0 {
                commands.push(Command::SetEpoch { node, epoch: node as u64 + 1 });
            }
        }
        let owned = self.nodes.iter().fold(Slots::default(), |all, said| all.union(&said.own.slots));
        for (node, role) in roles.iter().enumerate() {
            let wanted = role.slots.minus(&owned);
            if !wanted.is_empty() {
                let what = format!("slots of {}", self.name(node));
                differences.push(Difference::new(what, &self.nodes[node].own.slots, &role.slots));
            }
            // A slot that somebody is still said to have is given when the news that nobody has it has come around.
            let others = self.nodes[node].others.iter();
            let said = others.fold(Slots::default(), |all, other| all.union(&other.slots));
            let slots = wanted.minus(&said);
            if !slots.is_empty() {
                commands.push(Command::AddSlots { node, slots });
            }
        }
        for node in self.all() {
            let known = self.all().filter(|other| self.knows(node, *other).is_some()).count();
            if known + 1 < self.nodes.len() {
                let what = format!("nodes that {} knows", self.name(node));
                differences.push(Difference::new(what, known, self.nodes.len() - 1));
            }
            for other in self.all().filter(|other| *other != node) {
                self.meet(node, other, commands, differences);
            }
        }
        for (node, role) in roles.iter().enumerate() {
            let Some(primary) = role.replica_of else { continue };
            if self.nodes[node].own.primary.as_deref() == Some(self.id(primary)) {
                continue;
            }
            let what = format!("primary of {}", self.name(node));
            let from = self.nodes[node].own.primary.as_deref().and_then(|id| self.index(id));
            let from = from.map_or("none", |from| self.name(from));
            differences.push(Difference::new(what, from, self.name(primary)));
            if self.knows(node, primary).is_some_and(|known| !known.is_replica) {
                commands.push(Command::Replicate { node, primary });
            }
        }
    }

    fn meet(
        &self,
        node: usize,
        other: usize,
        commands: &mut Vec<Command>,
        differences: &mut Vec<Difference>,
    ) {
        let peer = &self.nodes[other].own;
        match self.knows(node, other) {
            None => {
                let is_known_back = self.knows(other, node).is_some();
                if (node < other || is_known_back) && !self.nodes[node].is_meeting(peer) {
                    commands.push(Command::Meet { node, other });
                }
            }
            // A container that was started again may have another address, which the other does not know. A node that
            // announces an address of its own is connected to there.
            Some(known) if !known.is_connected && (known.ip != peer.ip || known.port != peer.port) => {
                if !self.nodes[node].is_meeting(peer) {
                    commands.push(Command::Meet { node, other });
                    differences.push(Difference::new(
                        format!("address of {} in {}", self.name(other), self.name(node)),
                        format!("{}:{}", known.ip, known.port),
                        format!("{}:{}", peer.ip, peer.port),
                    ));
                }
            }
            Some(_) => {}
        }
    }

    /// Introduces nodes again that know each other and cannot reach each other.
    fn readdress(&self, commands: &mut Vec<Command>, differences: &mut Vec<Difference>) {
        for node in self.all() {
            for other in self.all().filter(|other| self.knows(node, *other).is_some()) {
                self.meet(node, other, commands, differences);
            }
        }
    }

    /// What somebody sees otherwise than it is, or does not think to be well.
    fn disagreement(&self, roles: &[Role]) -> Option<Waiting> {
        for (node, said) in self.nodes.iter().enumerate() {
            let is_role = said.own.slots == roles[node].slots
                && said.own.primary.as_deref() == roles[node].replica_of.map(|primary| self.id(primary));
            if !is_role {
                return wait(format!("{} to take its part", self.name(node)), "it has not yet");
            }
            if let Some(primary) = &said.own.primary
                && !said.sees_together(&said.own.id, primary)
            {
                return wait(
                    format!("{} to join the shard of its primary", self.name(node)),
                    "it has not yet",
                );
            }
            for other in self.all().filter(|other| *other != node) {
                let peer = &self.nodes[other].own;
                let seen =
                    |answer: &str| wait(format!("{} to see {}", self.name(node), self.name(other)), answer);
                match self.knows(node, other) {
                    None => return seen("it does not know it"),
                    Some(known) if known.is_failed => return seen("it takes it for failed"),
                    Some(known) if !known.is_connected => return seen("it is not connected to it"),
                    Some(known) if known.slots != peer.slots => {
                        return seen(&format!("it sees {} instead of {}", known.slots, peer.slots));
                    }
                    Some(known) if known.primary != peer.primary => return seen("it sees another primary"),
                    // A node that is started again before it knows who belongs together cannot read its own file.
                    Some(Known { primary: Some(primary), .. }) if !said.sees_together(&peer.id, primary) => {
                        return seen("it does not see it in one shard with its primary");
                    }
                    Some(_) => {}
                }
            }
        }
        if let Some(fails) = self.nodes.iter().position(|said| !said.is_ok) {
            return wait(format!("{} to say cluster_state:ok", self.name(fails)), "cluster_state:fail");
        }
        // A replica that cannot log in to its primary is well otherwise.
        let wanted = |node| roles.iter().filter(|role| role.replica_of == Some(node)).count();
        let lacks = |node: &usize| self.nodes[*node].replicas.is_some_and(|count| count < wanted(*node));
        let lacks = self.all().find(lacks)?;
        let found = self.nodes[lacks].replicas.unwrap_or_default();
        let waiting_for = format!("{} replica(s) to log in to {}", wanted(lacks), self.name(lacks));
        let answer =
            format!("{found} did; where nodes have a password, `primaryauth` has to be set on all of them");
        wait(waiting_for, answer)
    }
}

/// The beginning of an id, as logs of nodes show it.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
