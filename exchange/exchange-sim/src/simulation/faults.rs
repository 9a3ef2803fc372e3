//! What goes wrong: who ends, what comes back, and when.

use super::Simulation;
use crate::check::{self, Violation};
use crate::disk::Disk;
use crate::kernel::{Item, Party};
use crate::plan::Fault;
use crate::process::{FeedProcess, Follower, MatchingProcess, RiskProcess, Sequencer, Stop, Subscriber};

impl Simulation {
    /// Looks, after everything that happens, for what follows from it: trading begins, a fault is due, the machine has no power.
    pub(super) fn after_step(&mut self) {
        if !self.trading && self.clients.last().is_some_and(|administrator| !administrator.prepares()) {
            self.trading = true;
            for client in &mut self.clients {
                client.start(&mut self.stage);
            }
        }
        while let Some(planned) = self.stage.plan.faults.get(self.next_fault)
            && planned.after <= self.stage.commands()
        {
            self.stage.kernel.after(planned.later_ns, Item::Fault(planned.fault));
            self.next_fault += 1;
        }
        if self.stage.disk.with(|disk| disk.has_no_power()) {
            // Whatever runs on that machine ends with it.
            self.end_process(Party::Sequencer);
        }
    }

    pub(super) fn go_wrong(&mut self, fault: Fault) -> Result<(), Violation> {
        let now = self.stage.kernel.now_ns();
        self.stage.kernel.trace.line(now, || format!("FAULT {fault:?}"));
        if !matches!(fault, Fault::Disk(..)) {
            self.faults += 1;
        }
        self.stage.oracle.coverage().happened(fault.name());
        match fault {
            Fault::Crash(party) => self.end_process(party),
            Fault::PowerLoss(loss) => {
                self.stage.disk.with(|disk| disk.lose_power(loss));
            }
            Fault::Break(party) => {
                let links = self.stage.kernel.links_of(party);
                if let Some(link) = self.stage.kernel.random.pick(&links).copied() {
                    self.stage.kernel.break_link(link);
                }
            }
            Fault::Slow(party, extra_ns, for_ns) => self.stage.kernel.slow_down(party, extra_ns, for_ns),
            Fault::Disk(fault, operations) => self.stage.disk.with(|disk| disk.arm(fault, operations)),
            Fault::Full(bytes, for_ns) => {
                self.stage.disk.with(|disk| disk.leave_free(bytes));
                self.stage.kernel.after(for_ns, Item::MakeRoom);
            }
            Fault::ClockBack(ns) => self.stage.clock_back_ns = ns,
            Fault::PowerLossOfCopies => check::check_power_loss(&mut self.stage)?,
            Fault::PruneCopy => check::check_prune(&mut self.stage)?,
            Fault::RotLog => check::check_log_rot(&mut self.stage)?,
            Fault::RotSnapshot => check::check_snapshot_rot(&mut self.stage)?,
        }
        Ok(())
    }

    /// A process ends with its memory, and starts again after a while.
    pub(super) fn end_process(&mut self, party: Party) {
        if !self.stage.kernel.is_up(party) {
            return;
        }
        let now = self.stage.kernel.now_ns();
        self.stage.kernel.trace.line(now, || format!("{party:?} ends"));
        match party {
            Party::Sequencer => {
                self.sequencer = None;
                self.end_process(Party::Follower);
            }
            Party::Risk => self.risk = None,
            Party::Matching => self.matching = None,
            Party::Follower => self.follower = None,
            Party::Feed(number) => self.feeds[number] = None,
            Party::Subscriber(number) => self.subscribers[number] = None,
            Party::Client(_) => return,
        }
        self.stage.kernel.end_life(party);
        let pause = self.stage.kernel.random.magnitude(10_000, 50_000_000);
        self.stage.kernel.after(pause, Item::Start(party));
    }

    pub(super) fn start(&mut self, party: Party) -> Result<(), Violation> {
        if self.stage.kernel.is_up(party) {
            return Ok(());
        }
        if party == Party::Sequencer {
            self.stage.disk.with(Disk::power_on);
        } else if party == Party::Follower && self.sequencer.is_none() {
            // It is a part of that process.
            self.stage.kernel.after(1_000_000, Item::Start(party));
            return Ok(());
        }
        let now = self.stage.kernel.now_ns();
        self.stage.kernel.trace.line(now, || format!("{party:?} starts"));
        self.stage.kernel.begin_life(party);
        if let Err(stop) = self.start_process(party) {
            return self.judge(party, Err(stop));
        }
        for link in self.stage.kernel.links_of(party) {
            if self.stage.kernel.keeps(party, link) {
                self.stage.kernel.connect(link);
            }
        }
        Ok(())
    }

    fn start_process(&mut self, party: Party) -> Result<(), Stop> {
        let stage = &mut self.stage;
        match party {
            Party::Sequencer => self.sequencer = Some(Sequencer::start(stage)?),
            Party::Risk => {
                let log = stage.kernel.link(Party::Risk, Party::Sequencer);
                let matching = stage.kernel.link(Party::Risk, Party::Matching);
                self.risk = Some(RiskProcess::new(log, matching));
            }
            Party::Matching => {
                let log = stage.kernel.link(Party::Matching, Party::Sequencer);
                self.matching = Some(MatchingProcess::new(log));
            }
            Party::Follower => {
                if let Some(sequencer) = &self.sequencer {
                    self.follower = Some(Follower::start(stage, &sequencer.source())?);
                }
            }
            Party::Feed(number) => {
                let link = stage.kernel.link(party, Party::Sequencer);
                let saved = self.saved_feeds.get(&number).map(Vec::as_slice);
                self.feeds[number] = Some(FeedProcess::start(stage, number, link, saved)?);
            }
            Party::Subscriber(number) => {
                let feed = Party::Feed(number % stage.plan.feeds);
                let link = stage.kernel.link(party, feed);
                self.subscribers[number] = Some(Subscriber::new(number, link));
            }
            Party::Client(_) => {}
        }
        Ok(())
    }
}
