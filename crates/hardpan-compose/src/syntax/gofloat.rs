//! Numbers as Go writes and reads them, where that differs from Rust.
//!
//! The reference passes numbers through text more than once (`fmt.Sprint`, `encoding/json`, `strconv`), so the exact
//! spelling of a float and the exact message of a bad number are visible in its output.

use std::fmt;

use super::hexfloat;
use super::quote::quote;

/// Why a text is not a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberError {
    /// The Go function whose name the message bears.
    pub function: &'static str,
    /// The whole text.
    pub text: String,
    /// What is wrong with it.
    pub kind: NumberErrorKind,
}

/// What is wrong with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberErrorKind {
    /// It is not written as a number.
    Syntax,
    /// It is a number, but too large for the type.
    Range,
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.kind {
            NumberErrorKind::Syntax => "invalid syntax",
            NumberErrorKind::Range => "value out of range",
        };
        write!(f, "strconv.{}: parsing {}: {reason}", self.function, quote(&self.text))
    }
}

impl std::error::Error for NumberError {}

fn number_error(function: &'static str, text: &str, kind: NumberErrorKind) -> NumberError {
    NumberError { function, text: text.to_owned(), kind }
}

/// Reads a decimal integer as Go's `strconv.Atoi` on a 64-bit machine: an optional sign and digits, nothing else.
///
/// # Errors
/// [`NumberError`] naming `Atoi`.
pub fn atoi(text: &str) -> Result<i64, NumberError> {
    integer("Atoi", text, 10)
}

/// Reads an integer as Go's `strconv.ParseInt(text, base, 64)` for an explicit base from 2 to 36: no prefix and no
/// underscore is allowed.
///
/// # Errors
/// [`NumberError`] naming `ParseInt`.
pub fn parse_int(text: &str, base: u32) -> Result<i64, NumberError> {
    integer("ParseInt", text, base)
}

fn integer(function: &'static str, text: &str, base: u32) -> Result<i64, NumberError> {
    let error = |kind| number_error(function, text, kind);
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() {
        return Err(error(NumberErrorKind::Syntax));
    }
    let mut magnitude: u64 = 0;
    for c in digits.chars() {
        let digit = c.to_digit(base.clamp(2, 36)).ok_or_else(|| error(NumberErrorKind::Syntax))?;
        // Go stops at the digit that overflows, without looking at what follows.
        magnitude = magnitude
            .checked_mul(u64::from(base))
            .and_then(|shifted| shifted.checked_add(u64::from(digit)))
            .ok_or_else(|| error(NumberErrorKind::Range))?;
    }
    let value =
        if negative { 0_i64.checked_sub_unsigned(magnitude) } else { 0_i64.checked_add_unsigned(magnitude) };
    value.ok_or_else(|| error(NumberErrorKind::Range))
}

/// Converts as Go does on amd64: towards zero, and to `i64::MIN` what does not fit, however large its sign.
#[must_use]
pub fn truncate_to_i64(value: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&value) { value as i64 } else { i64::MIN }
}

/// Prints as Go's `fmt.Sprint(float64)`: shortest digits, with an exponent below 1e-4 and from 1e+06 on.
#[must_use]
pub fn sprint_f64(value: f64) -> String {
    if let Some(name) = non_finite(value) {
        return name.to_owned();
    }
    Digits::of_f64(value).sprint()
}

/// As [`sprint_f64`] for a `float32`, with the digits that a `float32` needs.
#[must_use]
pub fn sprint_f32(value: f32) -> String {
    if let Some(name) = non_finite(f64::from(value)) {
        return name.to_owned();
    }
    Digits::of_f32(value).sprint()
}

/// Prints as Go's `encoding/json` does a `float64`: an exponent below 1e-6 and from 1e+21 on.
///
/// JSON has no infinity; the reference fails on one, here it comes out as [`sprint_f64`] prints it.
#[must_use]
pub fn json_f64(value: f64) -> String {
    non_finite(value).map_or_else(|| Digits::of_f64(value).json(), str::to_owned)
}

/// As [`json_f64`] for a `float32`, with the digits that a `float32` needs.
#[must_use]
pub fn json_f32(value: f32) -> String {
    non_finite(f64::from(value)).map_or_else(|| Digits::of_f32(value).json(), str::to_owned)
}

fn non_finite(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value.is_infinite() {
        Some(if value > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        None
    }
}

/// The shortest decimal digits of a number and the power of ten of the first one.
struct Digits {
    negative: bool,
    digits: String,
    exponent: i32,
}

impl Digits {
    fn of_f64(value: f64) -> Self {
        Self::choose(&format!("{value:e}"), |decimals| {
            let even = format!("{value:.decimals$e}");
            (even.parse::<f64>() == Ok(value)).then_some(even)
        })
    }

    fn of_f32(value: f32) -> Self {
        Self::choose(&format!("{value:e}"), |decimals| {
            let even = format!("{value:.decimals$e}");
            (even.parse::<f32>() == Ok(value)).then_some(even)
        })
    }

    /// Where two shortest spellings are equally near, Rust takes the upper one and Go the even one, which is what
    /// formatting with that many decimals gives.
    fn choose(shortest: &str, to_even: impl Fn(usize) -> Option<String>) -> Self {
        let shortest = Self::split(shortest);
        match to_even(shortest.digits.len() - 1).as_deref().map(Self::split) {
            Some(even) if even.exponent == shortest.exponent => even,
            _ => shortest,
        }
    }

    fn split(scientific: &str) -> Self {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
        Self {
            negative: mantissa.starts_with('-'),
            digits: mantissa.chars().filter(char::is_ascii_digit).collect(),
            exponent: exponent.parse().unwrap_or(0),
        }
    }

    fn sprint(&self) -> String {
        if (-4..6).contains(&self.exponent) { self.plain() } else { self.scientific(2) }
    }

    fn json(&self) -> String {
        match self.exponent {
            -6..21 => self.plain(),
            // Unlike `fmt`, JSON drops the zero of a two-digit exponent, but only of a negative one.
            exponent => self.scientific(if exponent < 0 { 1 } else { 2 }),
        }
    }

    fn plain(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits = &self.digits;
        match usize::try_from(self.exponent) {
            Err(_) => {
                let zeros = self.exponent.unsigned_abs() as usize - 1;
                format!("{sign}0.{:0<zeros$}{digits}", "")
            }
            Ok(exponent) if digits.len() <= exponent + 1 => {
                format!("{sign}{digits:0<width$}", width = exponent + 1)
            }
            Ok(exponent) => format!("{sign}{}.{}", &digits[..=exponent], &digits[exponent + 1..]),
        }
    }

    fn scientific(&self, width: usize) -> String {
        let sign = if self.negative { "-" } else { "" };
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if self.exponent < 0 { '-' } else { '+' };
        format!("{sign}{first}{point}{rest}e{exponent_sign}{:0width$}", self.exponent.unsigned_abs())
    }
}

/// Reads a float as Go's `strconv.ParseFloat(text, 64)`: underscores between digits and hexadecimal floats are
/// numbers, `inf` and `infinity` with a sign and `nan` without one too, and overflow is an error.
///
/// # Errors
/// [`NumberError`] naming `ParseFloat`.
pub fn parse_f64(text: &str) -> Result<f64, NumberError> {
    let value = match shape(text) {
        Some(Shape::Plain) => text.parse::<f64>().ok(),
        Some(Shape::Underscored) => text.replace('_', "").parse::<f64>().ok(),
        Some(Shape::Special(value)) => return Ok(value),
        Some(Shape::Hexadecimal) => hexfloat::parse(text, 53, -1074, 1023),
        None => None,
    };
    finite(text, value, f64::is_finite)
}

/// As [`parse_f64`] with `bitSize` 32: rounded once, and out of range beyond the largest `f32`.
///
/// # Errors
/// [`NumberError`] naming `ParseFloat`.
pub fn parse_f32(text: &str) -> Result<f32, NumberError> {
    let value = match shape(text) {
        Some(Shape::Plain) => text.parse::<f32>().ok(),
        Some(Shape::Underscored) => text.replace('_', "").parse::<f32>().ok(),
        Some(Shape::Special(value)) => return Ok(value as f32),
        Some(Shape::Hexadecimal) => hexfloat::parse(text, 24, -149, 127).map(|value| value as f32),
        None => None,
    };
    finite(text, value, f32::is_finite)
}

fn finite<T>(text: &str, value: Option<T>, is_finite: fn(T) -> bool) -> Result<T, NumberError>
where
    T: Copy,
{
    match value {
        Some(value) if is_finite(value) => Ok(value),
        Some(_) => Err(number_error("ParseFloat", text, NumberErrorKind::Range)),
        None => Err(number_error("ParseFloat", text, NumberErrorKind::Syntax)),
    }
}

/// How a float is written.
enum Shape {
    /// Rust reads it the same way.
    Plain,
    /// Rust does once the underscores are gone.
    Underscored,
    Special(f64),
    Hexadecimal,
}

fn shape(text: &str) -> Option<Shape> {
    let (sign, unsigned) = match text.as_bytes() {
        [b'-', ..] => (Some(-1.0), &text[1..]),
        [b'+', ..] => (Some(1.0), &text[1..]),
        _ => (None, text),
    };
    if unsigned.eq_ignore_ascii_case("inf") || unsigned.eq_ignore_ascii_case("infinity") {
        return Some(Shape::Special(f64::INFINITY * sign.unwrap_or(1.0)));
    }
    if sign.is_none() && unsigned.eq_ignore_ascii_case("nan") {
        return Some(Shape::Special(f64::NAN));
    }
    let is_hexadecimal = unsigned.starts_with("0x") || unsigned.starts_with("0X");
    let (is_digit, exponent_letter): (fn(u8) -> bool, u8) = if is_hexadecimal {
        (|byte| byte.is_ascii_hexdigit(), b'p')
    } else {
        (|byte| byte.is_ascii_digit(), b'e')
    };
    let mut bytes = unsigned.as_bytes();
    let mut previous = b'.';
    if is_hexadecimal {
        bytes = &bytes[2..];
        previous = b'0';
    }
    let mut seen = Seen::default();
    for &byte in bytes {
        let was_digit = is_digit(previous);
        match byte {
            b'_' if was_digit => seen.underscore = true,
            byte if is_digit(byte) && !seen.exponent => seen.mantissa_digit = true,
            byte if byte.is_ascii_digit() => seen.exponent_digit = true,
            _ if previous == b'_' => return None,
            b'.' if !seen.point && !seen.exponent => seen.point = true,
            byte if byte.to_ascii_lowercase() == exponent_letter && !seen.exponent => seen.exponent = true,
            b'+' | b'-' if seen.exponent && previous.to_ascii_lowercase() == exponent_letter => {}
            _ => return None,
        }
        previous = byte;
    }
    let exponent_is_whole = seen.exponent == seen.exponent_digit;
    if previous == b'_' || !seen.mantissa_digit || !exponent_is_whole || (is_hexadecimal && !seen.exponent) {
        return None;
    }
    Some(match (is_hexadecimal, seen.underscore) {
        (true, _) => Shape::Hexadecimal,
        (false, true) => Shape::Underscored,
        (false, false) => Shape::Plain,
    })
}

#[derive(Default)]
struct Seen {
    mantissa_digit: bool,
    point: bool,
    exponent: bool,
    exponent_digit: bool,
    underscore: bool,
}

#[cfg(test)]
mod tests {
    use super::{
        NumberErrorKind, atoi, json_f32, json_f64, parse_f32, parse_f64, parse_int, sprint_f64,
        truncate_to_i64,
    };

    #[test]
    fn floats_are_printed_as_go_does() {
        // Compared with `fmt.Sprint` and `encoding/json` of Go 1.26.
        let cases = [
            (0.0, "0", "0"),
            (-0.0, "-0", "-0"),
            (1.0, "1", "1"),
            (1.5, "1.5", "1.5"),
            (-2.25, "-2.25", "-2.25"),
            (0.1, "0.1", "0.1"),
            (100000.0, "100000", "100000"),
            (123456.0, "123456", "123456"),
            (999999.5, "999999.5", "999999.5"),
            (1000000.0, "1e+06", "1000000"),
            (1234567.0, "1.234567e+06", "1234567"),
            (1e+20, "1e+20", "100000000000000000000"),
            (1e+21, "1e+21", "1e+21"),
            (1e+22, "1e+22", "1e+22"),
            (0.0001, "0.0001", "0.0001"),
            (1e-05, "1e-05", "0.00001"),
            (1e-06, "1e-06", "0.000001"),
            (1e-07, "1e-07", "1e-7"),
            (1e-10, "1e-10", "1e-10"),
            (5e-324, "5e-324", "5e-324"),
            (1.7976931348623157e+308, "1.7976931348623157e+308", "1.7976931348623157e+308"),
            (1305461424871594.2, "1.3054614248715942e+15", "1305461424871594.2"),
        ];
        for (value, printed, json) in cases {
            assert_eq!(sprint_f64(value), printed);
            assert_eq!(json_f64(value), json);
        }
        assert_eq!(sprint_f64(f64::INFINITY), "+Inf");
        assert_eq!(sprint_f64(f64::NAN), "NaN");
        let singles = [
            (0.1, "0.1"),
            (3502799.2, "3502799.2"),
            (1.5e+21, "1.5e+21"),
            (1e-07, "1e-7"),
            (0.33333334, "0.33333334"),
            (16777216.0, "16777216"),
            (2.5e-10, "2.5e-10"),
        ];
        for (value, json) in singles {
            assert_eq!(json_f32(value), json);
        }
    }

    #[test]
    fn floats_are_read_as_go_does() {
        // Compared with `strconv.ParseFloat` of Go 1.26.
        let cases = [
            ("1", Ok(1.0)),
            ("1.", Ok(1.0)),
            (".5", Ok(0.5)),
            ("+1e3", Ok(1000.0)),
            ("1_0", Ok(10.0)),
            ("1_000.5", Ok(1000.5)),
            ("_1", Err(r#"strconv.ParseFloat: parsing "_1": invalid syntax"#)),
            ("1_", Err(r#"strconv.ParseFloat: parsing "1_": invalid syntax"#)),
            ("1__0", Err(r#"strconv.ParseFloat: parsing "1__0": invalid syntax"#)),
            ("1_.5", Err(r#"strconv.ParseFloat: parsing "1_.5": invalid syntax"#)),
            ("0x1p4", Ok(16.0)),
            ("0X1.8P-1", Ok(0.75)),
            ("0x1", Err(r#"strconv.ParseFloat: parsing "0x1": invalid syntax"#)),
            ("0x_1p0", Ok(1.0)),
            ("0x.8p1", Ok(1.0)),
            ("0x1p1024", Err(r#"strconv.ParseFloat: parsing "0x1p1024": value out of range"#)),
            ("0x1p-1075", Ok(0.0)),
            ("0x1.fffffffffffff8p0", Ok(2.0)),
            ("1e400", Err(r#"strconv.ParseFloat: parsing "1e400": value out of range"#)),
            ("-1e400", Err(r#"strconv.ParseFloat: parsing "-1e400": value out of range"#)),
            ("1e-400", Ok(0.0)),
            ("inf", Ok(f64::INFINITY)),
            ("+Infinity", Ok(f64::INFINITY)),
            ("-INF", Ok(f64::NEG_INFINITY)),
            ("+nan", Err(r#"strconv.ParseFloat: parsing "+nan": invalid syntax"#)),
            ("infin", Err(r#"strconv.ParseFloat: parsing "infin": invalid syntax"#)),
            ("", Err(r#"strconv.ParseFloat: parsing "": invalid syntax"#)),
            (".", Err(r#"strconv.ParseFloat: parsing ".": invalid syntax"#)),
            ("e5", Err(r#"strconv.ParseFloat: parsing "e5": invalid syntax"#)),
            ("1e", Err(r#"strconv.ParseFloat: parsing "1e": invalid syntax"#)),
            ("1e+", Err(r#"strconv.ParseFloat: parsing "1e+": invalid syntax"#)),
            ("0b1", Err(r#"strconv.ParseFloat: parsing "0b1": invalid syntax"#)),
            ("1 ", Err(r#"strconv.ParseFloat: parsing "1 ": invalid syntax"#)),
            (" 1", Err(r#"strconv.ParseFloat: parsing " 1": invalid syntax"#)),
            ("1,5", Err(r#"strconv.ParseFloat: parsing "1,5": invalid syntax"#)),
            ("1e5.0", Err(r#"strconv.ParseFloat: parsing "1e5.0": invalid syntax"#)),
        ];
        for (text, expected) in cases {
            let found = parse_f64(text).map_err(|error| error.to_string());
            assert_eq!(found.as_ref().map(|&value| value).map_err(String::as_str), expected, "{text:?}");
        }
        assert!(parse_f64("nan").is_ok_and(f64::is_nan));
        assert_eq!(parse_f32("0.1"), Ok(0.1));
        assert_eq!(parse_f32("1e39").map_err(|error| error.kind), Err(NumberErrorKind::Range));
    }

    #[test]
    fn integers_are_read_as_go_does() {
        // Compared with `strconv.Atoi` of Go 1.26.
        let cases = [
            ("0", Ok(0)),
            ("42", Ok(42)),
            ("-42", Ok(-42)),
            ("+7", Ok(7)),
            ("-0", Ok(0)),
            ("9223372036854775807", Ok(9_223_372_036_854_775_807)),
            (
                "9223372036854775808",
                Err(r#"strconv.Atoi: parsing "9223372036854775808": value out of range"#),
            ),
            ("-9223372036854775808", Ok(i64::MIN)),
            (
                "-9223372036854775809",
                Err(r#"strconv.Atoi: parsing "-9223372036854775809": value out of range"#),
            ),
            (
                "99999999999999999999",
                Err(r#"strconv.Atoi: parsing "99999999999999999999": value out of range"#),
            ),
            (
                "99999999999999999999x",
                Err(r#"strconv.Atoi: parsing "99999999999999999999x": value out of range"#),
            ),
            ("1_0", Err(r#"strconv.Atoi: parsing "1_0": invalid syntax"#)),
            ("0x1", Err(r#"strconv.Atoi: parsing "0x1": invalid syntax"#)),
            ("", Err(r#"strconv.Atoi: parsing "": invalid syntax"#)),
            ("+", Err(r#"strconv.Atoi: parsing "+": invalid syntax"#)),
            ("-", Err(r#"strconv.Atoi: parsing "-": invalid syntax"#)),
            ("+-1", Err(r#"strconv.Atoi: parsing "+-1": invalid syntax"#)),
            (" 1", Err(r#"strconv.Atoi: parsing " 1": invalid syntax"#)),
            ("1.0", Err(r#"strconv.Atoi: parsing "1.0": invalid syntax"#)),
            ("٣", Err(r#"strconv.Atoi: parsing "٣": invalid syntax"#)),
        ];
        for (text, expected) in cases {
            let found = atoi(text).map_err(|error| error.to_string());
            assert_eq!(found.as_ref().map(|&value| value).map_err(String::as_str), expected, "{text:?}");
        }
        assert_eq!(parse_int("0777", 8), Ok(511));
        let error = parse_int("8", 8).map_err(|error| error.to_string());
        assert_eq!(error, Err(r#"strconv.ParseInt: parsing "8": invalid syntax"#.to_owned()));
    }

    #[test]
    fn what_does_not_fit_becomes_the_smallest_integer() {
        assert_eq!(truncate_to_i64(-1.9), -1);
        assert_eq!(truncate_to_i64(1e19), i64::MIN);
        assert_eq!(truncate_to_i64(f64::NAN), i64::MIN);
    }
}
