//! What a scalar means to go-yaml when it decodes into an untyped value.

use std::error::Error;
use std::fmt;

use crate::yaml::number::{float_from_dot, number};
use crate::yaml::timestamp::is_timestamp;
use crate::yaml::{Scalar, ScalarStyle};

/// The meaning of a scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resolved {
    /// No value.
    Null,
    /// A truth value; only the spellings of `true` and `false` are, not `yes` or `on`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An integer that only fits without a sign: at least 2^63.
    UInt(u64),
    /// A number with a fraction or an exponent, an infinity, or not a number.
    Float(f64),
    /// A point in time. Compose has no use for one and refuses it.
    Timestamp,
    /// The merge key `<<`. In any place other than a key it is just its text.
    Merge,
    /// A string: the text of the scalar.
    Str,
    /// A string written in base64: [`decode_binary`] gives its bytes.
    Binary,
}

/// An explicit tag that the text of its scalar cannot satisfy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScalarError {
    /// The text means something else.
    Mismatch {
        /// The short tag of what the text means.
        found: &'static str,
        /// The text.
        text: Box<str>,
        /// The short tag that was written.
        expected: Box<str>,
    },
    /// The text behind `!!binary` is not base64.
    InvalidBase64,
}

impl fmt::Display for ScalarError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch { found, text, expected } => {
                write!(formatter, "cannot decode {found} `{text}` as a {expected}")
            }
            Self::InvalidBase64 => formatter.write_str("!!binary value contains invalid base64 data"),
        }
    }
}

impl Error for ScalarError {}

/// What a scalar means, given its style, its text and its tag (as [`Tag::name`](crate::yaml::Tag::name) has it).
///
/// Custom tags, and tags of collections, leave the text as it is.
///
/// # Errors
/// [`ScalarError::Mismatch`] where the tag promises what the text is not, as in `!!int abc`, and
/// [`ScalarError::InvalidBase64`].
pub fn resolve_scalar(scalar: &Scalar, tag: Option<&str>) -> Result<Resolved, ScalarError> {
    let text = &*scalar.text;
    let tag = tag.filter(|&tag| tag != "!");
    match tag {
        None if scalar.style != ScalarStyle::Plain => Ok(Resolved::Str),
        None if text == "<<" => Ok(Resolved::Merge),
        None => Ok(resolve_text(text, Timestamps::Recognised)),
        Some("!!merge") if text == "<<" => Ok(Resolved::Merge),
        Some("!!binary") => decode_binary(text).map(|_| Resolved::Binary),
        Some("!!bool" | "!!null") => expect(text, tag, resolve_text(text, Timestamps::Ignored)),
        Some("!!int") => expect(text, tag, resolve_text(text, Timestamps::Ignored)),
        Some("!!timestamp") => expect(text, tag, resolve_text(text, Timestamps::Recognised)),
        Some("!!float") => {
            let resolved = resolve_text(text, Timestamps::Ignored);
            expect(
                text,
                tag,
                if let Resolved::Int(value) = resolved { Resolved::Float(value as f64) } else { resolved },
            )
        }
        Some(_) => Ok(Resolved::Str),
    }
}

/// Whether a text may mean a timestamp; behind an explicit tag for something else it may not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Timestamps {
    Recognised,
    Ignored,
}

fn resolve_text(text: &str, timestamps: Timestamps) -> Resolved {
    // The first byte decides what a text can be, which spares most texts any further look.
    let Some(&first) = text.as_bytes().first() else { return Resolved::Null };
    let resolved = match first {
        b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' => word(text),
        b'.' => special_float(text).or_else(|| float_from_dot(text)),
        b'+' | b'-' | b'0'..=b'9' => {
            if let Some(float) = special_float(text) {
                Some(float)
            } else if timestamps == Timestamps::Recognised && is_timestamp(text) {
                Some(Resolved::Timestamp)
            } else {
                number(text)
            }
        }
        _ => None,
    };
    resolved.unwrap_or(Resolved::Str)
}

fn word(text: &str) -> Option<Resolved> {
    match text {
        "true" | "True" | "TRUE" => Some(Resolved::Bool(true)),
        "false" | "False" | "FALSE" => Some(Resolved::Bool(false)),
        "~" | "null" | "Null" | "NULL" => Some(Resolved::Null),
        _ => None,
    }
}

fn special_float(text: &str) -> Option<Resolved> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(Resolved::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(Resolved::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => Some(Resolved::Float(f64::NEG_INFINITY)),
        _ => None,
    }
}

fn expect(text: &str, tag: Option<&str>, resolved: Resolved) -> Result<Resolved, ScalarError> {
    let expected = tag.unwrap_or_default();
    let found = short_tag(resolved);
    if found == expected {
        return Ok(resolved);
    }
    Err(ScalarError::Mismatch { found, text: text.into(), expected: expected.into() })
}

fn short_tag(resolved: Resolved) -> &'static str {
    match resolved {
        Resolved::Null => "!!null",
        Resolved::Bool(_) => "!!bool",
        Resolved::Int(_) | Resolved::UInt(_) => "!!int",
        Resolved::Float(_) => "!!float",
        Resolved::Timestamp => "!!timestamp",
        Resolved::Merge => "!!merge",
        Resolved::Str => "!!str",
        Resolved::Binary => "!!binary",
    }
}

/// The bytes behind `!!binary`: standard base64 with padding, line breaks ignored, as Go's `StdEncoding` takes it.
///
/// # Errors
/// [`ScalarError::InvalidBase64`] for anything else.
pub fn decode_binary(text: &str) -> Result<Vec<u8>, ScalarError> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    if !digits.len().is_multiple_of(4) {
        return Err(ScalarError::InvalidBase64);
    }
    let padding = digits.iter().rev().take(2).take_while(|&&byte| byte == b'=').count();
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for &digit in &digits[..digits.len() - padding] {
        bits = bits << 6 | base64_digit(digit).ok_or(ScalarError::InvalidBase64)?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Ok(bytes)
}

fn base64_digit(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}
