//! Durations: `1m30s`, `1.5h`, `2w`, and how Go prints them.
//!
//! All duration attributes of a Compose file share this syntax: `healthcheck.interval`, `timeout`, `start_period` and
//! `start_interval`, `stop_grace_period`, and the delays of `deploy`. A number without a unit is refused, except `0`.

use std::fmt;

const MICROSECOND: i64 = 1_000;
const MILLISECOND: i64 = 1_000 * MICROSECOND;
const SECOND: i64 = 1_000 * MILLISECOND;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DurationError {
    /// It is empty, has no digits where they must be, or does not fit in 63 bits of nanoseconds.
    Invalid {
        /// The whole text.
        text: String,
    },
    /// A number is not followed by a unit.
    MissingUnit {
        /// The whole text.
        text: String,
    },
    /// A number is followed by a unit that does not exist.
    UnknownUnit {
        /// The unit.
        unit: String,
        /// The whole text.
        text: String,
    },
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { text } => write!(f, "time: invalid duration \"{text}\""),
            Self::MissingUnit { text } => write!(f, "time: missing unit in duration \"{text}\""),
            Self::UnknownUnit { unit, text } => {
                write!(f, "time: unknown unit \"{unit}\" in duration \"{text}\"")
            }
        }
    }
}

impl std::error::Error for DurationError {}

/// Parses a duration into nanoseconds (compose-spec, specifying durations; xhit/go-str2duration as compose-go 2.9.1
/// uses it): a sign, then numbers with an optional fraction, each followed by `w`, `d`, `h`, `m`, `s`, `ms`, `us`,
/// `µs` or `ns`, in any order and any number of times.
///
/// # Errors
/// [`DurationError`], by what is wrong. Overflow is [`DurationError::Invalid`]; the reference refuses even `i64::MIN`.
pub fn parse(text: &str) -> Result<i64, DurationError> {
    let invalid = || DurationError::Invalid { text: text.to_owned() };
    let (negative, mut rest) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let (whole, after_whole) = split_digits(rest);
        let (fraction, after_number) = match after_whole.strip_prefix('.') {
            Some(after_point) => split_digits(after_point),
            None => ("", after_whole),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let count = if whole.is_empty() { 0 } else { whole.parse::<i64>().map_err(|_| invalid())? };
        let unit_end =
            after_number.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after_number.len());
        let (unit, after_unit) = after_number.split_at(unit_end);
        if unit.is_empty() {
            return Err(DurationError::MissingUnit { text: text.to_owned() });
        }
        let scale = unit_nanoseconds(unit)
            .ok_or_else(|| DurationError::UnknownUnit { unit: unit.to_owned(), text: text.to_owned() })?;
        total = count
            .checked_mul(scale)
            .and_then(|nanoseconds| nanoseconds.checked_add(fraction_nanoseconds(fraction, scale)))
            .and_then(|nanoseconds| total.checked_add(nanoseconds))
            .ok_or_else(invalid)?;
        rest = after_unit;
    }
    Ok(if negative { -total } else { total })
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

fn unit_nanoseconds(unit: &str) -> Option<i64> {
    Some(match unit {
        "ns" => 1,
        // The micro sign and the Greek letter mu are different characters that look alike.
        "us" | "\u{b5}s" | "\u{3bc}s" => MICROSECOND,
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        "w" => WEEK,
        _ => return None,
    })
}

/// The nanoseconds in `0.<digits>` of a unit. Digits that do not fit an `i64` are ignored, and the product is a
/// float, so that the last nanosecond comes out as in the reference.
fn fraction_nanoseconds(digits: &str, scale: i64) -> i64 {
    let mut value: i64 = 0;
    let mut divisor = 1.0_f64;
    for digit in digits.bytes().map(|byte| i64::from(byte - b'0')) {
        match value.checked_mul(10).and_then(|shifted| shifted.checked_add(digit)) {
            Some(longer) => value = longer,
            None => break,
        }
        divisor *= 10.0;
    }
    (value as f64 * (scale as f64 / divisor)) as i64
}

/// Prints nanoseconds as Go's `time.Duration` does: `1m30s`, `1.5s`, `100µs`, `36h0m0s`, `0s`.
#[must_use]
pub fn format(nanoseconds: i64) -> String {
    if nanoseconds == 0 {
        return "0s".to_owned();
    }
    let magnitude = nanoseconds.unsigned_abs();
    let mut out = String::new();
    if nanoseconds < 0 {
        out.push('-');
    }
    if magnitude < SECOND.unsigned_abs() {
        let (unit, suffix) = match magnitude {
            0..1_000 => (1, "ns"),
            1_000..1_000_000 => (MICROSECOND, "\u{b5}s"),
            _ => (MILLISECOND, "ms"),
        };
        push_decimal(&mut out, magnitude, unit.unsigned_abs());
        out.push_str(suffix);
        return out;
    }
    let hours = magnitude / HOUR.unsigned_abs();
    let minutes = magnitude / MINUTE.unsigned_abs() % 60;
    if hours > 0 {
        out.push_str(&format!("{hours}h"));
    }
    if hours > 0 || minutes > 0 {
        out.push_str(&format!("{minutes}m"));
    }
    push_decimal(&mut out, magnitude % MINUTE.unsigned_abs(), SECOND.unsigned_abs());
    out.push('s');
    out
}

/// Appends `value / unit` with as many decimals as are not zero; `unit` is a power of ten.
fn push_decimal(out: &mut String, value: u64, unit: u64) {
    out.push_str(&(value / unit).to_string());
    let remainder = value % unit;
    if remainder > 0 {
        let width = unit.ilog10() as usize;
        let decimals = format!("{remainder:0width$}");
        out.push('.');
        out.push_str(decimals.trim_end_matches('0'));
    }
}

#[cfg(test)]
mod tests {
    use super::{format, parse};

    #[test]
    fn durations_are_read_and_printed_as_the_reference_does() {
        // Compared with `stop_grace_period` in Docker Compose 2.40.3.
        let cases: &[(&str, Result<&str, &str>)] = &[
            ("1w", Ok("168h0m0s")),
            ("1d", Ok("24h0m0s")),
            ("1h", Ok("1h0m0s")),
            ("10", Err(r#"time: missing unit in duration "10""#)),
            ("0", Ok("0s")),
            ("", Err(r#"time: invalid duration """#)),
            ("-1s", Ok("-1s")),
            ("+1s", Ok("1s")),
            ("1.5s", Ok("1.5s")),
            ("1.5m", Ok("1m30s")),
            ("1us", Ok("1µs")),
            ("1µs", Ok("1µs")),
            ("1μs", Ok("1µs")),
            ("1ns", Ok("1ns")),
            ("1s1m", Ok("1m1s")),
            (".5s", Ok("500ms")),
            (".s", Err(r#"time: invalid duration ".s""#)),
            ("1.s", Ok("1s")),
            ("1m30", Err(r#"time: missing unit in duration "1m30""#)),
            ("1 s", Err(r#"time: unknown unit " s" in duration "1 s""#)),
            ("1S", Err(r#"time: unknown unit "S" in duration "1S""#)),
            ("106751d", Ok("2562024h0m0s")),
            ("106752d", Err(r#"time: invalid duration "106752d""#)),
            ("9223372036854775807ns", Ok("2562047h47m16.854775807s")),
            ("9223372036854775808ns", Err(r#"time: invalid duration "9223372036854775808ns""#)),
            ("-9223372036854775808ns", Err(r#"time: invalid duration "-9223372036854775808ns""#)),
            ("1e3s", Err(r#"time: unknown unit "e" in duration "1e3s""#)),
            ("0.0000000001s", Ok("0s")),
            ("1.99999999999999999999999s", Ok("2s")),
            ("0.1234567891h", Ok("7m24.44444076s")),
            ("36h", Ok("36h0m0s")),
            ("-0", Ok("0s")),
            ("+0", Ok("0s")),
            ("00", Err(r#"time: missing unit in duration "00""#)),
            ("1w2d3h4m5s6ms7us8ns", Ok("219h4m5.006007008s")),
            ("15250.2w", Ok("2562033h36m0s")),
            ("-", Err(r#"time: invalid duration "-""#)),
            ("+", Err(r#"time: invalid duration "+""#)),
            ("--1s", Err(r#"time: invalid duration "--1s""#)),
            ("-.s", Err(r#"time: invalid duration "-.s""#)),
            ("..5s", Err(r#"time: invalid duration "..5s""#)),
            ("1..5s", Err(r#"time: missing unit in duration "1..5s""#)),
            ("9223372036854775807.9ns", Ok("2562047h47m16.854775807s")),
            ("9223372036s", Ok("2562047h47m16s")),
            ("9223372037s", Err(r#"time: invalid duration "9223372037s""#)),
            ("2562047h47m16.854775807s", Ok("2562047h47m16.854775807s")),
            ("2562047h47m16.854775808s", Err(r#"time: invalid duration "2562047h47m16.854775808s""#)),
            ("0s", Ok("0s")),
            ("-0s", Ok("0s")),
            ("1.5", Err(r#"time: missing unit in duration "1.5""#)),
            ("1month", Err(r#"time: unknown unit "month" in duration "1month""#)),
            ("1y", Err(r#"time: unknown unit "y" in duration "1y""#)),
            ("1é", Err(r#"time: unknown unit "é" in duration "1é""#)),
            ("é", Err(r#"time: invalid duration "é""#)),
            ("0.000000001s", Ok("1ns")),
            ("0.9999999999999999999999ns", Ok("1ns")),
            ("0.3333333333333333333h", Ok("20m0s")),
            ("99999999999999999999s", Err(r#"time: invalid duration "99999999999999999999s""#)),
            ("00001s", Ok("1s")),
            ("1m-1s", Err(r#"time: unknown unit "m-" in duration "1m-1s""#)),
            ("1M", Err(r#"time: unknown unit "M" in duration "1M""#)),
            ("1µ", Err(r#"time: unknown unit "µ" in duration "1µ""#)),
            ("5 m", Err(r#"time: unknown unit " m" in duration "5 m""#)),
            ("1h ", Err(r#"time: unknown unit "h " in duration "1h ""#)),
            (" 1h", Err(r#"time: invalid duration " 1h""#)),
            ("1.5ms", Ok("1.5ms")),
            ("0.5us", Ok("500ns")),
            ("1000us", Ok("1ms")),
            ("999ns", Ok("999ns")),
            ("59s", Ok("59s")),
            ("60s", Ok("1m0s")),
            ("3600s", Ok("1h0m0s")),
            ("1.000000001s", Ok("1.000000001s")),
            ("100ms", Ok("100ms")),
        ];
        for (text, expected) in cases {
            let found = parse(text).map(format).map_err(|error| error.to_string());
            assert_eq!(found.as_deref().map_err(String::as_str), *expected, "{text:?}");
        }
    }

    #[test]
    fn the_smallest_duration_is_printed_though_none_is_read() {
        // Compared with Go 1.26.
        assert_eq!(format(i64::MIN), "-2562047h47m16.854775808s");
        assert_eq!(format(-1), "-1ns");
        assert_eq!(format(1_000_500), "1.0005ms");
    }
}
