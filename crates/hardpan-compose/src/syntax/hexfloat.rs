//! Hexadecimal floats, `0x1.8p3`, which the standard library does not read.

/// The value of a hexadecimal float whose shape has been checked, rounded to `precision` bits, ties to even.
/// `lowest` is the exponent of the smallest subnormal, `highest` that of the largest power of two.
pub(super) fn parse(text: &str, precision: u32, lowest: i32, highest: i32) -> Option<f64> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, exponent) = rest.get(2..)?.split_once(['p', 'P'])?;
    let exponent = exponent.replace('_', "");
    // Beyond this the result is zero or infinite whatever the digits; it keeps the sum below from overflowing.
    let mut exponent =
        exponent.parse::<i32>().unwrap_or(if exponent.starts_with('-') { -100_000 } else { 100_000 });
    exponent = exponent.clamp(-100_000, 100_000);
    let mut mantissa: u64 = 0;
    let mut inexact = false;
    let mut after_point = false;
    for c in digits.chars().filter(|&c| c != '_') {
        let Some(digit) = c.to_digit(16) else {
            after_point = true;
            continue;
        };
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | u64::from(digit);
            exponent -= if after_point { 4 } else { 0 };
        } else {
            inexact |= digit != 0;
            exponent = exponent.saturating_add(if after_point { 0 } else { 4 });
        }
    }
    if mantissa == 0 {
        return Some(if negative { -0.0 } else { 0.0 });
    }
    let bits = 64 - mantissa.leading_zeros();
    // Subnormal numbers have fewer bits: what lies below `lowest` is rounded away.
    let excess = i64::from(bits) - i64::from(precision);
    let dropped = excess.max(i64::from(lowest) - i64::from(exponent)).max(0);
    let rounded = round_off(mantissa, dropped, inexact);
    let exponent = i64::from(exponent) + dropped;
    let magnitude = scale(rounded as f64, exponent);
    let magnitude = if magnitude >= 2.0 * scale(1.0, i64::from(highest)) { f64::INFINITY } else { magnitude };
    Some(if negative { -magnitude } else { magnitude })
}

fn round_off(mantissa: u64, dropped: i64, inexact: bool) -> u64 {
    match dropped {
        0 => mantissa,
        1..=64 => {
            let wide = u128::from(mantissa);
            let kept = wide >> dropped;
            let remainder = wide - (kept << dropped);
            let half = 1_u128 << (dropped - 1);
            let up = remainder > half || (remainder == half && (inexact || kept & 1 == 1));
            (kept + u128::from(up)) as u64
        }
        _ => 0,
    }
}

/// `value * 2^exponent` without rounding on the way: the caller has left no more bits than the result can hold.
fn scale(mut value: f64, exponent: i64) -> f64 {
    let mut left = exponent.clamp(-4_000, 4_000);
    while left != 0 && value != 0.0 && value.is_finite() {
        let step = left.clamp(-1_000, 1_000);
        value *= 2.0_f64.powi(step as i32);
        left -= step;
    }
    value
}
