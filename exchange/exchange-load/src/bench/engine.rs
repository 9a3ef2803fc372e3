//! The engine's thread, replay and restart, with ten thousand live orders and with a million.

use super::{Effort, Report, median};
use crate::engine::{EngineLoadError, Pass, Restart, Traffic, answer, replay, restart};

/// Millions of commands per second that the engine's thread answers, with ten thousand live orders.
const ANSWERED_M_MIN: f64 = 5.0;
/// Millions of events per second that a replay folds, with ten thousand live orders.
const REPLAYED_M_MIN: f64 = 5.0;
/// Seconds from a snapshot and [`TAIL_EVENTS`] of log to an engine that goes on.
const RESTART_S_MAX: f64 = 2.0;
/// Events of the log behind the snapshot.
const TAIL_EVENTS: usize = 1_000_000;
/// Commands that are measured, where nothing else is asked for.
const COMMANDS: usize = 2_000_000;

/// Measures both sizes, one after the other.
///
/// # Errors
/// [`EngineLoadError`]: in particular when any of the passes ends in another state than the generator saw.
pub fn engine(effort: Effort) -> Result<Report, EngineLoadError> {
    let mut report = Report::default();
    let commands = effort.operations.and_then(|asked| usize::try_from(asked).ok()).unwrap_or(COMMANDS);
    let touch = Traffic {
        live_orders: 10_000,
        accounts: 1_000,
        instruments: 4,
        commands,
        mean_distance: 12,
        seed: 1,
    };
    let deep = Traffic { live_orders: 1_000_000, mean_distance: 400, ..touch };
    for (name, traffic, judged) in [("10,000 live", touch, true), ("1,000,000 live", deep, false)] {
        let scene = traffic.generate()?;
        let (mut answers, mut replays, mut restarts) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..effort.rounds {
            answers.push(answer(&scene)?);
            replays.push(replay(&scene)?);
            restarts.push(restart(&scene, TAIL_EVENTS)?);
        }
        let answered = middle(&answers, Pass::commands_m);
        let replayed = middle(&replays, Pass::events_m);
        let back = middle(&restarts, seconds);
        report.lines.push(format!(
            "{name:<16} engine {answered:.2} M commands/s, {:.2} M events/s; replay {:.2} M commands/s, {replayed:.2} M events/s",
            middle(&answers, Pass::events_m),
            middle(&replays, Pass::commands_m),
        ));
        report.lines.push(format!(
            "{:<16} snapshot of {:.1} MB written in {:.3} s, read in {:.3} s; with {} events of log back in {back:.3} s",
            "",
            restarts.first().map_or(0.0, |one| one.bytes as f64 / 1e6),
            middle(&restarts, |one| one.written.as_secs_f64()),
            middle(&restarts, |one| one.restored.as_secs_f64()),
            restarts.first().map_or(0, |one| one.tail.events),
        ));
        // A short run shows that it works, and its speeds say nothing.
        if effort.operations.is_none() {
            if judged {
                report.at_least("engine, M commands/s", answered, ANSWERED_M_MIN);
                report.at_least("replay, M events/s", replayed, REPLAYED_M_MIN);
            }
            report.at_most(&format!("restart with {name}, s"), back, RESTART_S_MAX);
        }
    }
    Ok(report)
}

fn seconds(restart: &Restart) -> f64 {
    (restart.restored + restart.tail.time).as_secs_f64()
}

fn middle<T>(passes: &[T], figure: impl Fn(&T) -> f64) -> f64 {
    median(passes.iter().map(figure).collect())
}
