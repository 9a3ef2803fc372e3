//! Reads integers and floats as go-yaml does: Go's `strconv` with base 0, then a regular expression, then octal.

use crate::yaml::Resolved;

/// The number that a plain scalar beginning with a digit or a sign means, if it is one.
pub(super) fn number(text: &str) -> Option<Resolved> {
    let plain: String;
    let text = if text.contains('_') {
        // go-yaml drops every underscore before it looks, so `1__0_` is ten.
        plain = text.replace('_', "");
        plain.as_str()
    } else {
        text
    };
    integer(text).or_else(|| float(text)).or_else(|| signed_inside(text))
}

/// Go's `ParseInt(text, 0, 64)`, then `ParseUint(text, 0, 64)`.
fn integer(text: &str) -> Option<Resolved> {
    let (is_negative, unsigned, is_signed) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..], true),
        b'+' => (false, &text[1..], true),
        _ => (false, text, false),
    };
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    let magnitude = magnitude(digits, radix)?;
    match i64::try_from(magnitude) {
        Ok(value) => Some(Resolved::Int(if is_negative { -value } else { value })),
        Err(_) if is_negative => (magnitude == i64::MIN.unsigned_abs()).then_some(Resolved::Int(i64::MIN)),
        // `ParseUint` knows no sign, so `+18446744073709551615` goes on to be a float.
        Err(_) if is_signed => None,
        Err(_) => Some(Resolved::UInt(magnitude)),
    }
}

/// Rust's parser takes a sign of its own, which has no place behind ours.
fn magnitude(digits: &str, radix: u32) -> Option<u64> {
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// A float that matches `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$` and is finite.
fn float(text: &str) -> Option<Resolved> {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = skip_digits(&mut rest);
    if let Some(after) = rest.strip_prefix('.') {
        rest = after;
        if skip_digits(&mut rest) == 0 && digits == 0 {
            return None;
        }
    } else if digits == 0 {
        return None;
    }
    if let Some(after) = rest.strip_prefix(['e', 'E']) {
        rest = after.strip_prefix(['-', '+']).unwrap_or(after);
        if skip_digits(&mut rest) == 0 {
            return None;
        }
    }
    if rest.is_empty() { finite(text) } else { None }
}

fn skip_digits(rest: &mut &str) -> usize {
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    *rest = &rest[count..];
    count
}

/// Go's `ParseFloat` reports what is too large as an error, and go-yaml then leaves a string.
fn finite(text: &str) -> Option<Resolved> {
    text.parse().ok().filter(|value: &f64| value.is_finite()).map(Resolved::Float)
}

/// The float of a plain scalar that begins with a dot. Here go-yaml leaves the underscores to Go, which takes them
/// between digits only.
pub(super) fn float_from_dot(text: &str) -> Option<Resolved> {
    if !text.contains('_') {
        return float(text);
    }
    let is_digit =
        |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).is_some_and(u8::is_ascii_digit);
    let is_separator = |(at, _): (usize, &str)| is_digit(at.checked_sub(1)) && is_digit(Some(at + 1));
    if text.match_indices('_').all(is_separator) { float(&text.replace('_', "")) } else { None }
}

/// go-yaml's last resort cuts `0b` or `0o` off and hands the rest to Go, which takes a sign there: `0b-1` is -1.
fn signed_inside(text: &str) -> Option<Resolved> {
    let (radix, rest) = match text.as_bytes() {
        [b'0', b'b', ..] => (2, &text[2..]),
        [b'0', b'o', ..] => (8, &text[2..]),
        _ => return None,
    };
    if !rest.starts_with(['+', '-']) {
        return None;
    }
    i64::from_str_radix(rest, radix).ok().map(Resolved::Int)
}
