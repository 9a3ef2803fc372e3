//! Depth costs memory, not stack; and the reference's limit is ours.

use super::{outcome, parsed};

const LIMIT: usize = 10_000;

fn check(at_depth: impl Fn(usize) -> String) {
    assert!(parsed(&at_depth(LIMIT)).errors.is_empty());
    assert_eq!(outcome(&parsed(&at_depth(LIMIT + 1))), "error: exceeded max depth of 10000");
}

#[test]
fn ten_thousand_levels_are_accepted_and_one_more_is_refused() {
    check(|depth| "[".repeat(depth) + &"]".repeat(depth));
    check(|depth| "{a: ".repeat(depth) + &"}".repeat(depth));
    check(|depth| "- ".repeat(depth) + "x");
    check(|depth| "? ".repeat(depth) + "x");
}

#[test]
fn a_hundred_thousand_brackets_are_refused_at_the_limit() {
    let stream = parsed(&"[".repeat(100_000));
    assert_eq!(outcome(&stream), "error: exceeded max depth of 10000");
    assert_eq!(stream.errors[0].span.start as usize, LIMIT);
}
