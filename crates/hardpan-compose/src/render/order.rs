//! The order of keys: by bytes in JSON, in YAML the natural order of go-yaml, in which `a2` comes before `a10`.

use super::layout::Format;

/// Sorts fields by name.
pub(super) fn sort<T>(fields: Vec<(&str, T)>, format: Format) -> Vec<(&str, T)> {
    match format {
        Format::Json => {
            let mut fields = fields;
            fields.sort_unstable_by_key(|&(name, _)| name);
            fields
        }
        Format::Yaml => merge_sort(fields),
    }
}

/// go-yaml's order is not proven to be one, and the sorts of the standard library may panic where it is not. This one
/// ends whatever the comparison says.
fn merge_sort<T>(mut fields: Vec<(&str, T)>) -> Vec<(&str, T)> {
    if fields.len() < 2 {
        return fields;
    }
    let right = merge_sort(fields.split_off(fields.len() / 2));
    let mut left = merge_sort(fields).into_iter().peekable();
    let mut right = right.into_iter().peekable();
    let mut merged = Vec::with_capacity(left.len() + right.len());
    while let (Some((a, _)), Some((b, _))) = (left.peek(), right.peek()) {
        merged.extend(if is_less(b, a) { right.next() } else { left.next() });
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

/// go-yaml's `keyList.Less` for strings: letters come behind everything else, runs of digits count as numbers.
fn is_less(a: &str, b: &str) -> bool {
    let mut common = 0;
    let mut after_digit = false;
    let (mut a_chars, mut b_chars) = (a.chars(), b.chars());
    let (x, y) = loop {
        match (a_chars.next(), b_chars.next()) {
            (Some(x), Some(y)) if x == y => {
                after_digit = x.is_numeric();
                common += x.len_utf8();
            }
            (Some(x), Some(y)) => break (x, y),
            (x, y) => return x.is_none() && y.is_some(),
        }
    };
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x < y,
        (false, false) => {}
        (x_is_letter, _) => return x_is_letter == after_digit,
    }
    // A zero counts only behind another digit of the same number.
    let inside_number = (x == '0' || y == '0')
        && a[..common].chars().rev().take_while(|c| c.is_numeric()).any(|digit| digit != '0');
    let start = i64::from(inside_number);
    let (a_number, a_length) = number(&a[common..], start);
    let (b_number, b_length) = number(&b[common..], start);
    (a_number, a_length, x) < (b_number, b_length, y)
}

/// The number that a text begins with, appended to the digits `start`, and how many digits it has.
fn number(text: &str, start: i64) -> (i64, usize) {
    text.chars().take_while(|c| c.is_numeric()).fold((start, 0), |(number, length), digit| {
        let digit = i64::from(u32::from(digit)) - i64::from(u32::from('0'));
        (number.wrapping_mul(10).wrapping_add(digit), length + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: Format, expected: &[&str]) {
        let fields = expected.iter().rev().map(|&name| (name, ())).collect();
        let sorted: Vec<&str> = sort(fields, format).into_iter().map(|(name, ())| name).collect();
        assert_eq!(sorted, expected);
    }

    #[test]
    fn yaml_has_the_natural_order() {
        check(Format::Yaml, &["", "-", "1", "01", "2", "10", "A", "a", "a1", "a1b", "a1-", "a2", "a10", "b"]);
    }

    #[test]
    fn json_has_the_order_of_bytes() {
        check(Format::Json, &["-", "1", "10", "2", "A", "a", "a1", "a10", "a2"]);
    }
}
