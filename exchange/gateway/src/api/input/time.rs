//! Moments as people and programs write them.

use exchange_types::TimestampNs;

const EXPECTED: &str =
    "expected nanoseconds since 1970 as digits, or a time such as `2026-11-21T21:00:00Z` (RFC 3339)";

/// Reads nanoseconds since the Unix epoch, or RFC 3339.
///
/// # Errors
/// What was expected.
pub(in crate::api) fn parse_time(text: &str) -> Result<TimestampNs, &'static str> {
    let ns = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        rfc3339(text)
    };
    ns.map(TimestampNs).ok_or(EXPECTED)
}

/// A number of exactly so many digits at the beginning of a text, and the text behind it.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (digits, rest) = text.split_at_checked(count)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten().map(|number| (number, rest))
}

fn rfc3339(text: &str) -> Option<u64> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (hour, rest) = digits(rest.strip_prefix(['T', 't', ' '])?, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (fraction_ns, rest) = fraction(rest)?;
    let offset_minutes = offset(rest)?;
    let valid = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !valid {
        return None;
    }
    let minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
    let seconds = u64::try_from(minutes * 60 + second).ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(fraction_ns)
}

/// A fraction of a second, in nanoseconds; finer digits are not read.
fn fraction(text: &str) -> Option<(u64, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    if !(1..=9).contains(&end) {
        return None;
    }
    let (digits, rest) = rest.split_at(end);
    format!("{digits:0<9}").parse().ok().map(|ns| (ns, rest))
}

fn offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = digits(&text[1..], 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(':')?, 2)?;
    (rest.is_empty() && hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counted from March, so that the leap day is the last of its year.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month_from_march * 153 + 2) / 5 + day - 719_469
}

/// Writes RFC 3339, with nine decimals where there are any.
pub(crate) fn format_time(time: TimestampNs) -> String {
    let (seconds, fraction) = (time.0 / 1_000_000_000, time.0 % 1_000_000_000);
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if fraction != 0 {
        text.push_str(&format!(".{fraction:09}"));
    }
    text.push('Z');
    text
}

/// Year, month and day of a day counted from 1970-01-01. Counted in days from 0000-03-01, in eras of 400 years, which all have the
/// same number of days.
const fn civil(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + (month <= 2) as u64;
    (year, month, of_year - (153 * from_march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_a_moment_are_read() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-03-01T00:00:00Z", 59 * 86_400),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-11-21T21:00:00Z", 1_795_294_800),
            ("2026-11-21t22:30:00+01:30", 1_795_294_800),
            ("2026-11-21 16:00:00-05:00", 1_795_294_800),
            ("1969-12-31T23:30:00-01:00", 1_800),
        ] {
            assert_eq!(parse_time(text), Ok(TimestampNs(seconds * 1_000_000_000)), "{text}");
        }
        assert_eq!(parse_time("1970-01-01T00:00:00.000000001Z"), Ok(TimestampNs(1)));
        assert_eq!(parse_time("1970-01-01T00:00:00.5Z"), Ok(TimestampNs(500_000_000)));
        assert_eq!(parse_time("18446744073709551615"), Ok(TimestampNs(u64::MAX)));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut ns: u64 = 0;
        for step in 0..50_000_u64 {
            assert_eq!(parse_time(&format_time(TimestampNs(ns))), Ok(TimestampNs(ns)));
            ns += 86_400_000_000_000 * (step % 9) + 3_599_000_000_001 * (step % 2);
            ns %= 18_000_000_000_000_000_000;
        }
        assert_eq!(format_time(TimestampNs(951_868_799_000_000_000)), "2000-02-29T23:59:59Z");
        assert_eq!(format_time(TimestampNs(1)), "1970-01-01T00:00:00.000000001Z");
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "-1",
            "1.5",
            "18446744073709551616",
            "2026-11-21",
            "2026-11-21T21:00:00",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-31T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T21:60:00Z",
            "2026-11-21T21:00:60Z",
            "2026-11-21T21:00:00.Z",
            "2026-11-21T21:00:00.1234567890Z",
            "2026-11-21T21:00:00+1:00",
            "2026-11-21T21:00:00+24:00",
            "2026-11-21T21:00:00Zx",
            "1969-12-31T23:59:59Z",
            "9999-12-31T23:59:59Z",
            "+026-11-21T21:00:00Z",
            "\u{664}026-11-21T21:00:00Z",
        ] {
            assert_eq!(parse_time(text), Err(EXPECTED), "{text}");
        }
    }
}
