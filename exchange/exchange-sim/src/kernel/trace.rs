//! What happened, as a digest always and as text on request: two runs of one seed have the same of both.

/// The record of a run.
#[derive(Debug, Clone)]
pub struct Trace {
    digest: u64,
    text: Option<String>,
}

/// What becomes of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceText {
    /// They are not made.
    Off,
    /// They are kept.
    Kept,
}

impl Trace {
    /// A record of nothing yet.
    #[must_use]
    pub fn new(text: TraceText) -> Self {
        let text = (text == TraceText::Kept).then(String::new);
        Self { digest: 0xcbf2_9ce4_8422_2325, text }
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
        if let Some(text) = &mut self.text {
            let since = now_ns - super::START_NS;
            text.push_str(&format!("{:>6}.{:06} ", since / 1_000_000, since % 1_000_000));
            text.push_str(&line());
            text.push('\n');
        }
    }

    /// The digest so far.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The lines so far; nothing where none are kept.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }
}
