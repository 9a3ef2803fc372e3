//! Numbers and times as texts, written into a buffer without a detour.

/// Powers of ten that fit 64 bits, by exponent.
const POWERS: [u64; 20] = {
    let mut powers = [1; 20];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Appends a whole number.
pub(crate) fn put_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut rest = number;
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends the digits of a number below 10^`width`, with zeros before them.
fn put_padded(out: &mut Vec<u8>, number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut rest = number;
    for digit in digits[..width].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&digits[..width]);
}

/// Appends a number of units of 10^-`decimals` as a decimal text, without zeros at its end.
pub(crate) fn put_decimal(out: &mut Vec<u8>, value: u128, decimals: u8) {
    let unit = POWERS.get(usize::from(decimals)).copied();
    let (Ok(value), Some(unit)) = (u64::try_from(value), unit) else {
        // Sums of a day may be this large; there is one of them in a message at most.
        let text = exchange_service::markets::format_decimal(value, decimals);
        return out.extend_from_slice(text.as_bytes());
    };
    let (whole, fraction) = (value / unit, value % unit);
    put_number(out, whole);
    if fraction != 0 {
        out.push(b'.');
        put_padded(out, fraction, usize::from(decimals));
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

const SECOND_NS: u64 = 1_000_000_000;
const DAY_SECONDS: u64 = 86_400;

/// Appends a time as RFC 3339 in UTC, to the nanosecond where it is no whole second.
pub(crate) fn put_time(out: &mut Vec<u8>, nanoseconds: u64) {
    let (seconds, fraction) = (nanoseconds / SECOND_NS, nanoseconds % SECOND_NS);
    let (year, month, day) = civil(seconds / DAY_SECONDS);
    let of_day = seconds % DAY_SECONDS;
    put_padded(out, year, 4);
    for (mark, number) in
        [(b'-', month), (b'-', day), (b'T', of_day / 3_600), (b':', of_day / 60 % 60), (b':', of_day % 60)]
    {
        out.push(mark);
        put_padded(out, number, 2);
    }
    if fraction != 0 {
        out.push(b'.');
        put_padded(out, fraction, 9);
    }
    out.push(b'Z');
}

/// Year, month and day of a day counted from 1970-01-01.
///
/// Years are counted from March, so that the day that some years have is the last one; 400 years always have the same number of
/// days. 64 bits of nanoseconds end in 2554.
fn civil(day: u64) -> (u64, u64, u64) {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    // From 0000-03-01.
    let day = day + 719_468;
    let era = day / DAYS_OF_400_YEARS;
    let of_era = day % DAYS_OF_400_YEARS;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // March is 0; five months have 153 days.
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use exchange_service::markets::format_decimal;
    use proptest::prelude::*;

    use super::*;

    fn text(put: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = b"?".to_vec();
        put(&mut out);
        String::from_utf8(out.split_off(1)).unwrap()
    }

    #[test]
    fn times_are_written_as_people_read_them() {
        for (nanoseconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399_000_000_000, "2000-02-28T23:59:59Z"),
            (951_782_400_000_000_001, "2000-02-29T00:00:00.000000001Z"),
            (951_868_800_000_000_000, "2000-03-01T00:00:00Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00Z"),
            (1_732_226_100_120_000_000, "2024-11-21T21:55:00.120000000Z"),
            (1_735_689_599_999_999_999, "2024-12-31T23:59:59.999999999Z"),
            (u64::MAX, "2554-07-21T23:34:33.709551615Z"),
        ] {
            assert_eq!(text(|out| put_time(out, nanoseconds)), expected);
        }
    }

    proptest! {
        #[test]
        fn decimals_are_those_of_the_markets_file(value: u128, small: u64, decimals in 0_u8..=30) {
            for value in [value, small.into(), u128::from(small) * 100_000_000, (small % 1_000).into()] {
                prop_assert_eq!(text(|out| put_decimal(out, value, decimals)), format_decimal(value, decimals));
            }
            prop_assert_eq!(text(|out| put_number(out, small)), small.to_string());
        }
    }
}
