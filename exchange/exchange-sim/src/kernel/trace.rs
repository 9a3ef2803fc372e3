//! What happened, as a digest always and as text on request: two runs of one seed have the same of both.

use std::io::Write;

/// The record of a run.
#[derive(Debug, Clone)]
pub struct Trace {
    digest: u64,
    becomes: TraceText,
    text: String,
}

/// What becomes of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceText {
    /// They are not made.
    Off,
    /// They are kept.
    Kept,
    /// They go to the standard output at once, so that they are there when the code under test panics.
    Shown,
}

impl Trace {
    /// A record of nothing yet.
    #[must_use]
    pub fn new(becomes: TraceText) -> Self {
        Self { digest: 0xcbf2_9ce4_8422_2325, becomes, text: String::new() }
    }

    /// Takes numbers into the digest.
    pub fn words(&mut self, words: &[u64]) {
        for word in words {
            self.digest = (self.digest ^ word).wrapping_mul(0x0000_0100_0000_01b3);
            self.digest ^= self.digest >> 32;
        }
    }

    /// Adds a line, which is made only where somebody will read it.
    pub fn line(&mut self, now_ns: u64, line: impl FnOnce() -> String) {
        self.words(&[now_ns]);
        if self.becomes == TraceText::Off {
            return;
        }
        let since = now_ns - super::START_NS;
        let line = format!("{:>6}.{:06} {}\n", since / 1_000_000, since % 1_000_000, line());
        if self.becomes == TraceText::Kept {
            self.text.push_str(&line);
        } else {
            // Whoever closes the pipe has read enough; the run goes on to its verdict.
            let _ = std::io::stdout().write_all(line.as_bytes());
        }
    }

    /// The digest so far.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The lines that were kept.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}
