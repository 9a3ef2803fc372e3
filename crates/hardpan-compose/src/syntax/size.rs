//! Sizes in bytes: `512m`, `1.5g`, `64kib`.
//!
//! Only text is parsed here; a YAML number is already a count of bytes and never comes by.

use std::fmt;

use super::chars::to_lower;
use super::gofloat::{NumberError, parse_f64, truncate_to_i64};

/// Why a text is not a size.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SizeError {
    /// There is no digit in it, or it is negative.
    Invalid {
        /// The whole text.
        text: String,
    },
    /// The number is followed by something that is not a unit.
    Suffix {
        /// What follows the number.
        suffix: String,
    },
    /// The part before the unit is not a number.
    Number(NumberError),
}

impl fmt::Display for SizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { text } => write!(f, "invalid size: '{text}'"),
            Self::Suffix { suffix } => write!(f, "invalid suffix: '{suffix}'"),
            Self::Number(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SizeError {}

/// Parses a size in bytes; units are powers of 1024 whatever their spelling, `k`, `kb` and `kib` alike, up to `p`
/// (compose-spec, specifying byte values; docker/go-units `RAMInBytes` as compose-go 2.9.1 uses it).
///
/// A size beyond the range of `i64` becomes `i64::MIN`, as it does in the reference on amd64.
///
/// # Errors
/// [`SizeError::Invalid`] without a digit or below zero, [`SizeError::Number`] when the part up to the last digit,
/// point or space is not a number, [`SizeError::Suffix`] when the rest is not a unit.
pub fn parse(text: &str) -> Result<i64, SizeError> {
    let invalid = || SizeError::Invalid { text: text.to_owned() };
    let last = text.rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ').ok_or_else(invalid)?;
    let number = if text.as_bytes()[last] == b' ' { &text[..last] } else { &text[..=last] };
    let suffix = &text[last + 1..];
    let value = parse_f64(number).map_err(SizeError::Number)?;
    if value < 0.0 {
        return Err(invalid());
    }
    if suffix.is_empty() {
        return Ok(truncate_to_i64(value));
    }
    let multiplier = multiplier(suffix)?;
    Ok(truncate_to_i64(value * multiplier))
}

fn multiplier(suffix: &str) -> Result<f64, SizeError> {
    if suffix.len() > 3 {
        return Err(SizeError::Suffix { suffix: suffix.to_owned() });
    }
    // The reference folds case before it judges, so its message shows the folded suffix.
    let folded = to_lower(suffix);
    let (unit, tail) = match folded.as_bytes() {
        [unit, tail @ ..] => (*unit, tail),
        [] => return Ok(1.0),
    };
    let known = match unit {
        b'b' if tail.is_empty() => return Ok(1.0),
        b'k' => 1_u64 << 10,
        b'm' => 1 << 20,
        b'g' => 1 << 30,
        b't' => 1 << 40,
        b'p' => 1 << 50,
        _ => return Err(SizeError::Suffix { suffix: folded }),
    };
    match tail {
        b"" | b"b" | b"ib" => Ok(known as f64),
        _ => Err(SizeError::Suffix { suffix: folded }),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_are_read_as_the_reference_does() {
        // Compared with `mem_limit` in Docker Compose 2.40.3.
        let cases: &[(&str, Result<i64, &str>)] = &[
            ("1b", Ok(1)),
            ("1k", Ok(1_024)),
            ("1kb", Ok(1_024)),
            ("1kib", Ok(1_024)),
            ("1KiB", Ok(1_024)),
            ("1 k", Ok(1_024)),
            ("1  k", Err(r#"strconv.ParseFloat: parsing "1 ": invalid syntax"#)),
            ("1.5g", Ok(1_610_612_736)),
            ("1.5.5g", Err(r#"strconv.ParseFloat: parsing "1.5.5": invalid syntax"#)),
            ("-1", Err("invalid size: '-1'")),
            ("1p", Ok(1_125_899_906_842_624)),
            ("1e", Err("invalid suffix: 'e'")),
            ("1.g", Ok(1_073_741_824)),
            (".5g", Ok(536_870_912)),
            ("", Err("invalid size: ''")),
            ("0", Ok(0)),
            ("1ib", Err("invalid suffix: 'ib'")),
            ("9999999p", Ok(i64::MIN)),
            ("8192p", Ok(i64::MIN)),
            ("8191p", Ok(9_222_246_136_947_933_184)),
            ("1g ", Err(r#"strconv.ParseFloat: parsing "1g": invalid syntax"#)),
            ("1_0", Ok(10)),
            ("1b1", Err(r#"strconv.ParseFloat: parsing "1b1": invalid syntax"#)),
            ("1i", Err("invalid suffix: 'i'")),
            ("1.0000001k", Ok(1_024)),
            ("0x10", Err(r#"strconv.ParseFloat: parsing "0x10": invalid syntax"#)),
            ("+1", Ok(1)),
            ("99999999999999999999", Ok(i64::MIN)),
            ("1е", Err("invalid suffix: 'е'")),
            ("1kk", Err("invalid suffix: 'kk'")),
            ("1kiib", Err("invalid suffix: 'kiib'")),
            ("1kbb", Err("invalid suffix: 'kbb'")),
            ("1bb", Err("invalid suffix: 'bb'")),
            ("1B", Ok(1)),
            ("1Mb", Ok(1_048_576)),
            ("1MiB ", Err(r#"strconv.ParseFloat: parsing "1MiB": invalid syntax"#)),
            ("inf", Err("invalid size: 'inf'")),
            ("inf ", Ok(i64::MIN)),
            ("nan ", Ok(i64::MIN)),
            ("+inf k", Ok(i64::MIN)),
            ("1e3", Ok(1_000)),
            ("1e3k", Ok(1_024_000)),
            ("1e400", Err(r#"strconv.ParseFloat: parsing "1e400": value out of range"#)),
            ("-0", Ok(0)),
            ("-0.0k", Ok(0)),
            ("-1k", Err("invalid size: '-1k'")),
            ("0x1p4", Ok(16)),
            ("0x1p4k", Ok(16_384)),
            ("1 kib", Ok(1_024)),
            ("1 KIB", Ok(1_024)),
            ("1 k b", Err(r#"strconv.ParseFloat: parsing "1 k": invalid syntax"#)),
            ("k", Err("invalid size: 'k'")),
            (".", Err(r#"strconv.ParseFloat: parsing ".": invalid syntax"#)),
            (". ", Err(r#"strconv.ParseFloat: parsing ".": invalid syntax"#)),
            (" ", Err(r#"strconv.ParseFloat: parsing "": invalid syntax"#)),
            (" 1", Err(r#"strconv.ParseFloat: parsing " 1": invalid syntax"#)),
            ("1. ", Ok(1)),
            ("1é", Err("invalid suffix: 'é'")),
            ("1ééé", Err("invalid suffix: 'ééé'")),
            ("1İ", Err("invalid suffix: 'i'")),
            ("1K", Ok(1_024)),
            ("1\tk", Err("invalid suffix: '\tk'")),
            ("1,5g", Err(r#"strconv.ParseFloat: parsing "1,5": invalid syntax"#)),
            ("1_000k", Ok(1_024_000)),
            ("1__0", Err(r#"strconv.ParseFloat: parsing "1__0": invalid syntax"#)),
            ("0b1", Err(r#"strconv.ParseFloat: parsing "0b1": invalid syntax"#)),
            ("0o7", Err(r#"strconv.ParseFloat: parsing "0o7": invalid syntax"#)),
            ("1.k", Ok(1_024)),
            ("0.1k", Ok(102)),
            ("0.0009k", Ok(0)),
            ("1t", Ok(1_099_511_627_776)),
            ("1T", Ok(1_099_511_627_776)),
            ("2.5p", Ok(2_814_749_767_106_560)),
            ("1 000", Err(r#"strconv.ParseFloat: parsing "1 000": invalid syntax"#)),
            ("9223372036854775807", Ok(i64::MIN)),
            ("9223372036854775808", Ok(i64::MIN)),
            ("1Kİb", Err("invalid suffix: 'Kİb'")),
        ];
        for (text, expected) in cases {
            let found = parse(text).map_err(|error| error.to_string());
            assert_eq!(found.as_ref().map(|&bytes| bytes).map_err(String::as_str), *expected, "{text:?}");
        }
    }
}
