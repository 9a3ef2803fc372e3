//! Decimal texts and whole numbers of minor units.

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// It is not digits with at most one point between digits.
    #[error("expected a decimal number such as `0.25`")]
    Malformed,
    /// It is finer than the asset.
    #[error("expected at most {decimals} decimal places")]
    TooFine {
        /// Decimal places of the asset.
        decimals: u8,
    },
    /// It is more than there can be.
    #[error("the number is too large")]
    TooLarge,
}

/// Reads a decimal text such as `0.25` as a whole number of units of 10^-`decimals`. No sign, no exponent, no spaces.
///
/// # Errors
/// As [`DecimalError`] says. Zeros at the end are no decimal places: `1.500` is as fine as `1.5`.
pub fn parse_decimal(text: &str, decimals: u8) -> Result<u64, DecimalError> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return Err(DecimalError::Malformed),
        Some((whole, fraction)) => (whole, fraction.trim_end_matches('0')),
        None => (text, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let written_fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    if whole.is_empty() || !digits(whole) || !digits(written_fraction) {
        return Err(DecimalError::Malformed);
    }
    let places = fraction.len();
    if places > usize::from(decimals) {
        return Err(DecimalError::TooFine { decimals });
    }
    let zeros = usize::from(decimals) - places;
    let mut value: u64 = 0;
    for byte in whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', zeros)) {
        let digit = u64::from(byte - b'0');
        value =
            value.checked_mul(10).and_then(|value| value.checked_add(digit)).ok_or(DecimalError::TooLarge)?;
    }
    Ok(value)
}

/// Writes a number of units of 10^-`decimals` as a decimal text, without zeros at its end.
#[must_use]
pub fn format_decimal(value: u128, decimals: u8) -> String {
    let unit = 10_u128.pow(u32::from(decimals).min(38));
    let (whole, fraction) = (value / unit, value % unit);
    if fraction == 0 {
        return whole.to_string();
    }
    let text = format!("{whole}.{fraction:0width$}", width = usize::from(decimals));
    text.trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{DecimalError, format_decimal, parse_decimal};

    #[test]
    fn decimals_are_read_and_written() {
        for (text, decimals, value) in
            [("0", 8, 0), ("0.25", 8, 25_000_000), ("1.500", 2, 150), ("18446744073709551615", 0, u64::MAX)]
        {
            assert_eq!(parse_decimal(text, decimals), Ok(value), "{text}");
        }
        assert_eq!(format_decimal(25_000_000, 8), "0.25");
        assert_eq!(format_decimal(150, 0), "150");
        assert_eq!(format_decimal(u128::from(u64::MAX), 18), "18.446744073709551615");
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", ".", ".5", "5.", "-1", "+1", "1e3", " 1", "1 ", "1,5", "1.2.3", "٣", "1._2", "0x1"]
        {
            assert_eq!(parse_decimal(text, 8), Err(DecimalError::Malformed), "{text}");
        }
        assert_eq!(parse_decimal("0.123", 2), Err(DecimalError::TooFine { decimals: 2 }));
        assert_eq!(parse_decimal("18446744073709551616", 0), Err(DecimalError::TooLarge));
        assert_eq!(parse_decimal("1", 20), Err(DecimalError::TooLarge));
    }
}
