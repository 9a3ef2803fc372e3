//! What a seed decides before the first command: sizes, rates, mixes, and which faults happen when.
//!
//! It runs nothing. A newcomer needs to know one thing: every run draws its own subset of operations and faults and its own
//! extremes (swarm testing), because a run in which everything happens a little finds less than many runs in which a few
//! things happen a lot.

use crate::disk::{DiskFault, Loss};
use crate::generator::{Market, Mix};
use crate::kernel::Party;
use crate::random::Random;

/// Fewest commands of a run.
pub const COMMANDS_MIN: u64 = 2_000;
/// Fewest faults of a run that happen for sure. Faults armed on a disk come on top: they may meet no operation.
pub const FAULTS_MIN: usize = 5;

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;

/// Everything a seed decides before the first command.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Commands that are submitted in all, preparations included.
    pub commands: u64,
    /// Clients that trade; one more administrates.
    pub traders: usize,
    /// Consumers of the events that keep a feed.
    pub feeds: usize,
    /// Subscribers that rebuild depth from a feed's updates.
    pub subscribers: usize,
    /// Instruments, accounts and prices.
    pub market: Market,
    /// What is asked how often.
    pub mix: Mix,
    /// Commands a client has under way at most.
    pub window: usize,
    /// Mean pause of a client between commands, in ns.
    pub pause_ns: u64,
    /// The network.
    pub network: NetworkPlan,
    /// The log and its disk.
    pub log: LogPlan,
    /// What goes wrong, by the number of commands submitted until then.
    pub faults: Vec<PlannedFault>,
}

/// How messages travel.
#[derive(Debug, Clone, Copy)]
pub struct NetworkPlan {
    /// The shortest way, in ns.
    pub delay_min_ns: u64,
    /// The longest way, in ns.
    pub delay_max_ns: u64,
    /// How many of a hundred thousand messages break their link.
    pub breaks: u64,
    /// Messages under way to a subscriber before it counts as too slow and loses its connection, and messages that a feed takes
    /// before it asks for more.
    pub in_flight_max: usize,
}

/// How the log and the snapshots are kept.
#[derive(Debug, Clone, Copy)]
pub struct LogPlan {
    /// Most commands in one batch.
    pub batch_max: usize,
    /// Commands that wait for a batch before more are refused.
    pub queue_max: usize,
    /// The shortest sync, in ns.
    pub sync_min_ns: u64,
    /// The longest sync, in ns.
    pub sync_max_ns: u64,
    /// Bytes of a segment; small ones change often.
    pub segment_bytes: u64,
    /// A snapshot is made after this many events,
    pub snapshot_every: u64,
    /// or after this long, in ns.
    pub snapshot_interval_ns: u64,
    /// Snapshots that are kept.
    pub snapshots_kept: usize,
    /// How often the follower reads on, in ns.
    pub follow_every_ns: u64,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A process ends at once and loses its memory.
    Crash(Party),
    /// The machine of the log loses its power; everything on it ends.
    PowerLoss(Loss),
    /// A link breaks.
    Break(Party),
    /// Everything to a process takes this much longer for a while, both in ns.
    Slow(Party, u64, u64),
    /// An operation of the log's disk, this many from now, fails.
    Disk(DiskFault, u64),
    /// The log's disk has this many bytes left, for so many ns.
    Full(u64, u64),
    /// The clock of the sequencer goes back by so many ns at its next start.
    ClockBack(u64),
    /// Copies of the disk lose their power in every way and must all recover; the run itself goes on undisturbed.
    PowerLossOfCopies,
    /// A copy of the log is pruned below its oldest snapshot, the power goes meanwhile, and what is left must do; the run itself
    /// goes on undisturbed.
    PruneCopy,
    /// A copy of the disk has a bit flipped in an old record and must be refused; the run itself goes on undisturbed.
    RotLog,
    /// A copy of the disk has a bit flipped in its newest snapshot, and an older one must do.
    RotSnapshot,
}

impl Fault {
    /// Its kind, for people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Crash(Party::Sequencer) => "crash of the sequencer",
            Self::Crash(Party::Risk) => "crash of risk",
            Self::Crash(Party::Matching) => "crash of matching",
            Self::Crash(Party::Follower) => "crash of the follower",
            Self::Crash(_) => "crash of a consumer",
            Self::PowerLoss(Loss::Nothing) => "power loss, nothing lost",
            Self::PowerLoss(Loss::Everything) => "power loss, everything lost",
            Self::PowerLoss(Loss::Prefix) => "power loss, a prefix stays",
            Self::PowerLoss(Loss::TornSector) => "power loss, a sector is torn",
            Self::PowerLoss(Loss::Reordered) => "power loss, reordered",
            Self::Break(_) => "broken link",
            Self::Slow(..) => "slow party",
            Self::Disk(DiskFault::FailedWrite, _) => "armed: failed write",
            Self::Disk(DiskFault::TornWrite, _) => "armed: torn write",
            Self::Disk(DiskFault::FailedSync, _) => "armed: failed sync",
            Self::Disk(DiskFault::PowerLoss, _) => "armed: power loss",
            Self::Full(..) => "full disk",
            Self::ClockBack(_) => "clock goes back",
            Self::PowerLossOfCopies => "power loss of copies",
            Self::PruneCopy => "power loss while pruning",
            Self::RotLog => "damage to a record",
            Self::RotSnapshot => "damage to a snapshot",
        }
    }
}

/// When what goes wrong.
#[derive(Debug, Clone, Copy)]
pub struct PlannedFault {
    /// After this many submitted commands.
    pub after: u64,
    /// And this much later, in ns.
    pub later_ns: u64,
    /// What.
    pub fault: Fault,
}

impl Plan {
    /// What this seed decides.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let traders = random.magnitude(1, 8) as usize;
        let feeds = random.range(1, 2) as usize;
        let subscribers = random.range(1, 3) as usize;
        let delay_min_ns = random.magnitude(MICROSECOND, 200 * MICROSECOND);
        let network = NetworkPlan {
            delay_min_ns,
            delay_max_ns: delay_min_ns + random.magnitude(MICROSECOND, 3 * MILLISECOND),
            breaks: if random.permille(500) { random.magnitude(1, 60) } else { 0 },
            in_flight_max: random.magnitude(16, 512) as usize,
        };
        let sync_min_ns = random.magnitude(5 * MICROSECOND, MILLISECOND);
        let log = LogPlan {
            batch_max: random.magnitude(1, 128) as usize,
            queue_max: random.magnitude(8, 256) as usize,
            sync_min_ns,
            sync_max_ns: sync_min_ns * random.range(1, 8),
            segment_bytes: random.magnitude(4 << 10, 256 << 10) & !0xfff,
            snapshot_every: random.magnitude(40, 1_500),
            snapshot_interval_ns: random.magnitude(5 * MILLISECOND, 10_000 * MILLISECOND),
            snapshots_kept: random.range(2, 5) as usize,
            follow_every_ns: random.magnitude(200 * MICROSECOND, 50 * MILLISECOND),
        };
        let commands = COMMANDS_MIN + random.below(COMMANDS_MIN / 4);
        let market = Market::new(&mut random.fork(), traders);
        let mix = Mix::new(&mut random.fork());
        let window = random.magnitude(1, 32) as usize;
        let pause_ns = random.magnitude(MICROSECOND, 2 * MILLISECOND);
        let faults = faults(&mut random.fork(), commands, traders, feeds, subscribers);
        Self { commands, traders, feeds, subscribers, market, mix, window, pause_ns, network, log, faults }
    }
}

/// Kinds of faults.
const KINDS: usize = 16;

fn faults(
    random: &mut Random,
    commands: u64,
    traders: usize,
    feeds: usize,
    subscribers: usize,
) -> Vec<PlannedFault> {
    let mut weights: [u32; KINDS] = std::array::from_fn(|_| if random.permille(500) { 4 } else { 0 });
    // A crash of the log's owner or of its machine is what most of the code is about: one of them is always possible.
    let always = random.index(2);
    weights[always] = weights[always].max(4);
    let wanted = FAULTS_MIN + random.magnitude(1, 16) as usize;
    let mut planned = Vec::new();
    let mut certain = 0;
    while certain < FAULTS_MIN || planned.len() < wanted {
        let kind = random.weighted(&weights).unwrap_or(always);
        let fault = fault(kind, random, traders, feeds, subscribers);
        if !matches!(fault, Fault::Disk(..) | Fault::Full(..) | Fault::ClockBack(_)) {
            certain += 1;
        }
        let after = random.range(1, commands - 1);
        let later_ns = random.below(5 * MILLISECOND);
        planned.push(PlannedFault { after, later_ns, fault });
        // Faults come in crowds: a crash during the recovery from another one is where the interesting orders are.
        if random.permille(300) {
            let kind = random.weighted(&weights).unwrap_or(always);
            let fault = self::fault(kind, random, traders, feeds, subscribers);
            planned.push(PlannedFault { after, later_ns: later_ns + random.below(20 * MILLISECOND), fault });
        }
    }
    planned.sort_by_key(|planned| (planned.after, planned.later_ns));
    planned
}

fn fault(kind: usize, random: &mut Random, traders: usize, feeds: usize, subscribers: usize) -> Fault {
    let anybody = |random: &mut Random| match random.below(7) {
        0 => Party::Sequencer,
        1 => Party::Risk,
        2 => Party::Matching,
        3 => Party::Feed(random.index(feeds)),
        4 => Party::Subscriber(random.index(subscribers)),
        _ => Party::Client(random.index(traders + 1)),
    };
    let disk = |random: &mut Random, fault| Fault::Disk(fault, random.magnitude(1, 64) - 1);
    match kind {
        0 => Fault::Crash(Party::Sequencer),
        1 => Fault::PowerLoss(*random.pick(&Loss::ALL).unwrap_or(&Loss::Everything)),
        2 => Fault::Crash(Party::Risk),
        3 => Fault::Crash(Party::Matching),
        4 => Fault::Crash(Party::Follower),
        5 if random.permille(500) => Fault::Crash(Party::Feed(random.index(feeds))),
        5 => Fault::Crash(Party::Subscriber(random.index(subscribers))),
        6 => Fault::Break(anybody(random)),
        7 => {
            let target = anybody(random);
            let extra = random.magnitude(MILLISECOND, 100 * MILLISECOND);
            Fault::Slow(target, extra, random.magnitude(MILLISECOND, 500 * MILLISECOND))
        }
        8 if random.permille(500) => disk(random, DiskFault::FailedWrite),
        8 => disk(random, DiskFault::TornWrite),
        9 => disk(random, DiskFault::FailedSync),
        10 => disk(random, DiskFault::PowerLoss),
        11 => Fault::Full(random.below(20_000), random.magnitude(MILLISECOND, 200 * MILLISECOND)),
        12 => Fault::ClockBack(random.magnitude(1, 1_000 * MILLISECOND)),
        13 => Fault::PowerLossOfCopies,
        14 => Fault::PruneCopy,
        15 if random.permille(500) => Fault::RotSnapshot,
        _ => Fault::RotLog,
    }
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS_MIN, FAULTS_MIN, Fault, Plan};

    #[test]
    fn every_plan_has_the_commands_and_the_faults_it_promises() {
        for seed in 0..500 {
            let plan = Plan::new(seed);
            assert!(plan.commands >= COMMANDS_MIN);
            let certain = plan
                .faults
                .iter()
                .filter(|planned| {
                    !matches!(planned.fault, Fault::Disk(..) | Fault::Full(..) | Fault::ClockBack(_))
                })
                .count();
            assert!(certain >= FAULTS_MIN, "seed {seed}: {certain}");
            assert!(plan.faults.iter().all(|planned| planned.after < plan.commands));
        }
    }
}
