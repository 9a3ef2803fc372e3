//! Benchmarks of the exchange. Each compares with something plain in the same run, because machines are shared and differ.
//!
//! Nothing here prints. A newcomer needs to know one thing: a benchmark returns a [`Report`], whose verdicts are the targets
//! in words and whether they were reached.

mod book;
mod engine;

pub use book::{BookBenchError, book};
pub use engine::engine;

use std::fmt;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Rounds; the figures are their medians.
    pub rounds: usize,
    /// Operations of each stream; `None`: as many as the mix prescribes.
    pub operations: Option<u64>,
}

/// What a benchmark found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The figures, line by line.
    pub lines: Vec<String>,
    /// Targets.
    pub verdicts: Vec<Verdict>,
}

/// A target and whether it was reached.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// In words, with the figure found.
    pub text: String,
    /// True where it was.
    pub reached: bool,
}

impl Report {
    /// Adds a target that is reached from `least` upwards.
    pub(crate) fn at_least(&mut self, what: &str, found: f64, least: f64) {
        let text = format!("{what}: {found:.2}, at least {least}");
        self.verdicts.push(Verdict { text, reached: found >= least });
    }

    /// Adds a target that is reached up to `most`.
    pub(crate) fn at_most(&mut self, what: &str, found: f64, most: f64) {
        let text = format!("{what}: {found:.1}, at most {most}");
        self.verdicts.push(Verdict { text, reached: found <= most });
    }

    /// True where every target was reached.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.reached)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(formatter, "{line}")?;
        }
        writeln!(formatter)?;
        for Verdict { text, reached } in &self.verdicts {
            writeln!(formatter, "{}  {text}", if *reached { "PASS" } else { "MISS" })?;
        }
        Ok(())
    }
}

/// The middle of some figures; of an even number the upper one of the middle two. Zero where there are none.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}
