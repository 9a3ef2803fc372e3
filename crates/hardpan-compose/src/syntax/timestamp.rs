//! Points in time as Go prints them: RFC 3339 with two digits where YAML allows one.

use std::borrow::Cow;

/// Spells a YAML timestamp as Go's `time.RFC3339Nano` does. Text that is none stays as it is.
///
/// YAML allows `2001-1-2`, `2001-1-2T3:4:5.60+01:00` with `t` for `T`, and `2001-1-2 3:4:5.6` without a zone.
#[must_use]
pub(crate) fn rfc3339(text: &str) -> Cow<'_, str> {
    spell(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn spell(text: &str) -> Option<String> {
    let (date, rest) = match text.split_once(['T', 't', ' ']) {
        Some((date, rest)) => (date, rest),
        None => (text, "0:0:0Z"),
    };
    let (clock, zone) = match rest.find(['Z', '+', '-']) {
        Some(at) => rest.split_at(at),
        None => (rest, "Z"),
    };
    let (clock, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
    let [year, month, day] = three(date, '-')?;
    let [hour, minute, second] = three(clock, ':')?;
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let zone = if matches!(zone, "+00:00" | "-00:00") { "Z" } else { zone };
    Some(format!(
        "{year:0>4}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute:0>2}:{second:0>2}{point}{fraction}{zone}"
    ))
}

fn three(text: &str, separator: char) -> Option<[&str; 3]> {
    let mut parts = text.splitn(3, separator);
    Some([parts.next()?, parts.next()?, parts.next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_spelled_as_go_spells_them() {
        for (text, expected) in [
            ("2020-01-02", "2020-01-02T00:00:00Z"),
            ("2020-1-2", "2020-01-02T00:00:00Z"),
            ("2020-1-2 3:4:5.60", "2020-01-02T03:04:05.6Z"),
            ("2020-01-02t03:04:05+01:00", "2020-01-02T03:04:05+01:00"),
            ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z"),
            ("word", "word"),
        ] {
            assert_eq!(rfc3339(text), expected);
        }
    }
}
