//! Recognises the timestamps that go-yaml does: Go's `time.Parse` with go-yaml's four layouts.

/// True where go-yaml's `parseTimestamp` succeeds. The value itself is never needed: Compose refuses timestamps.
pub(super) fn is_timestamp(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits != 4 {
        return false;
    }
    let mut cursor = Cursor(text.as_bytes());
    cursor.date().is_some() && (cursor.0.is_empty() || cursor.time().is_some() && cursor.0.is_empty())
}

/// What is left to read. A method that answers `None` may have read something; the whole text is then no timestamp.
struct Cursor<'text>(&'text [u8]);

impl Cursor<'_> {
    /// The layout `2006-1-2`.
    fn date(&mut self) -> Option<()> {
        let mut year = 0;
        for _ in 0..4 {
            year = year * 10 + self.digit()?;
        }
        self.literal(b'-')?;
        let month = self.number().filter(|month| (1..=12).contains(month))?;
        self.literal(b'-')?;
        self.number().filter(|&day| day >= 1 && day <= days_in(month, year))?;
        Some(())
    }

    /// The rest of the three layouts with a time: `T15:4:5.999999999Z07:00`, the same with `t`, and
    /// ` 15:4:5.999999999`, where Go takes any number of spaces and no time zone.
    fn time(&mut self) -> Option<()> {
        let has_zone = match self.0.first()? {
            b'T' | b't' => {
                self.0 = &self.0[1..];
                true
            }
            b' ' => {
                let spaces = self.0.iter().take_while(|&&byte| byte == b' ').count();
                self.0 = &self.0[spaces..];
                false
            }
            _ => return None,
        };
        self.number().filter(|&hour| hour < 24)?;
        self.literal(b':')?;
        self.number().filter(|&minute| minute < 60)?;
        self.literal(b':')?;
        self.number().filter(|&second| second < 60)?;
        if let [b'.' | b',', digit, ..] = self.0
            && digit.is_ascii_digit()
        {
            let digits = self.0[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            self.0 = &self.0[1 + digits..];
        }
        if has_zone { self.zone() } else { Some(()) }
    }

    /// The layout `Z07:00`. Go takes offsets of 24 hours and 60 minutes, "as some people do write" them.
    fn zone(&mut self) -> Option<()> {
        if self.literal(b'Z').is_some() {
            return Some(());
        }
        self.literal(b'+').or_else(|| self.literal(b'-'))?;
        self.two_digits().filter(|&hours| hours <= 24)?;
        self.literal(b':')?;
        self.two_digits().filter(|&minutes| minutes <= 60)?;
        Some(())
    }

    /// One or two digits.
    fn number(&mut self) -> Option<u32> {
        let first = self.digit()?;
        Some(self.digit().map_or(first, |second| first * 10 + second))
    }

    fn two_digits(&mut self) -> Option<u32> {
        Some(self.digit()? * 10 + self.digit()?)
    }

    fn digit(&mut self) -> Option<u32> {
        let (&first, rest) = self.0.split_first()?;
        let value = first.is_ascii_digit().then(|| u32::from(first - b'0'))?;
        self.0 = rest;
        Some(value)
    }

    fn literal(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }
}

fn days_in(month: u32, year: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
