//! Calendar days, for waivers that expire.

use std::fmt;

/// A day of the Gregorian calendar. Ordered as days follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day of a text such as `2026-12-31` (RFC 3339, full-date); none where it is no such day.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |range: std::ops::Range<usize>| {
            let part = text.get(range)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u16>().ok())?
        };
        if text.len() != 10 || text.get(4..5)? != "-" || text.get(7..8)? != "-" {
            return None;
        }
        let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
        let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        ((1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day)).then_some(Self {
            year,
            month,
            day,
        })
    }

    /// The day, in UTC, of a moment given in seconds since 1970-01-01T00:00:00Z. Moments after the year 9999 give its
    /// last day.
    #[must_use]
    pub fn from_unix_seconds(seconds: u64) -> Self {
        let mut days = seconds / (24 * 60 * 60);
        for year in 1970..=9999_u16 {
            let length = if is_leap(year) { 366 } else { 365 };
            if days >= length {
                days -= length;
                continue;
            }
            for month in 1..=12 {
                let length = u64::from(days_in(year, month));
                if days < length {
                    return Self { year, month, day: u8::try_from(days).unwrap_or(0) + 1 };
                }
                days -= length;
            }
        }
        Self { year: 9999, month: 12, day: 31 }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

const fn days_in(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::Date;

    #[test]
    fn reads_days_that_exist() {
        for text in ["2026-11-21", "2024-02-29", "2000-02-29"] {
            assert_eq!(Date::parse(text).map(|date| date.to_string()).as_deref(), Some(text));
        }
        for text in
            ["2026-02-29", "1900-02-29", "2026-13-01", "2026-1-1", "2026-11-31", "26-11-2100", "+026-01-01"]
        {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn knows_the_day_of_a_moment() {
        assert_eq!(Date::from_unix_seconds(0).to_string(), "1970-01-01");
        assert_eq!(Date::from_unix_seconds(951_782_400).to_string(), "2000-02-29");
        assert_eq!(Date::from_unix_seconds(1_795_219_199).to_string(), "2026-11-20");
        assert_eq!(Date::from_unix_seconds(u64::MAX).to_string(), "9999-12-31");
    }
}
