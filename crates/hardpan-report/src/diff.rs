//! The difference of two texts in the unified form, for reading: what may be secret in its lines is masked.

use std::fmt::Write as _;

use crate::secrets;

/// Lines shown around a change.
const CONTEXT: usize = 3;

/// More changed lines than this are shown as one replacement: the shortest way would cost their square.
const CHANGES_MAX: usize = 1500;

/// One line of the way from the old text to the new one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Same,
    Out,
    In,
}

/// The difference of a file's texts; empty where they are equal.
#[must_use]
pub fn diff(path: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let steps = steps(&old, &new);
    let (before, after) = (secrets::masked("", before), secrets::masked("", after));
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let mut text = format!("--- a/{path}\n+++ b/{path}\n");
    let changed: Vec<usize> = (0..steps.len()).filter(|&at| steps[at] != Step::Same).collect();
    let mut from = 0;
    while from < changed.len() {
        let mut to = from;
        while to + 1 < changed.len() && changed[to + 1] - changed[to] <= 2 * CONTEXT {
            to += 1;
        }
        let first = changed[from].saturating_sub(CONTEXT);
        let last = (changed[to] + CONTEXT + 1).min(steps.len());
        hunk(&mut text, &old, &new, &steps, first..last);
        from = to + 1;
    }
    text
}

fn hunk(text: &mut String, old: &[&str], new: &[&str], steps: &[Step], range: std::ops::Range<usize>) {
    let count = |steps: &[Step], but: Step| steps.iter().filter(|step| **step != but).count();
    let (old_from, new_from) =
        (count(&steps[..range.start], Step::In), count(&steps[..range.start], Step::Out));
    let (old_count, new_count) =
        (count(&steps[range.clone()], Step::In), count(&steps[range.clone()], Step::Out));
    // A range without lines is named by the line before it.
    let start = |from: usize, count: usize| if count == 0 { from } else { from + 1 };
    let _ = writeln!(
        text,
        "@@ -{},{old_count} +{},{new_count} @@",
        start(old_from, old_count),
        start(new_from, new_count)
    );
    let (mut a, mut b) = (old_from, new_from);
    for step in &steps[range] {
        let (sign, line) = match step {
            Step::Same => (' ', old[a]),
            Step::Out => ('-', old[a]),
            Step::In => ('+', new[b]),
        };
        a += usize::from(*step != Step::In);
        b += usize::from(*step != Step::Out);
        text.push(sign);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// The shortest way between the texts, after Myers, "An O(ND) difference algorithm and its variations" (1986).
fn steps(old: &[&str], new: &[&str]) -> Vec<Step> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut steps = vec![Step::Same; head];
    steps.extend(middle(a, b).unwrap_or_else(|| {
        let all = std::iter::repeat_n(Step::Out, a.len());
        all.chain(std::iter::repeat_n(Step::In, b.len())).collect()
    }));
    steps.extend(std::iter::repeat_n(Step::Same, tail));
    steps
}

/// None where the texts differ too much.
fn middle(a: &[&str], b: &[&str]) -> Option<Vec<Step>> {
    // `furthest[k]` is how many lines of `a` are passed on the diagonal `k - middle` with so many changes.
    let limit = (a.len() + b.len()).min(CHANGES_MAX);
    let middle = limit + 1;
    let mut furthest = vec![0_usize; 2 * middle + 1];
    let mut rounds = Vec::new();
    for changes in 0..=limit {
        rounds.push(furthest[middle - changes..=middle + changes].to_vec());
        for k in (middle - changes..=middle + changes).step_by(2) {
            let is_in = k == middle - changes || k != middle + changes && furthest[k - 1] < furthest[k + 1];
            let mut x = if is_in { furthest[k + 1] } else { furthest[k - 1] + 1 };
            let mut y = (x + middle).checked_sub(k)?;
            while x < a.len() && y < b.len() && a[x] == b[y] {
                (x, y) = (x + 1, y + 1);
            }
            furthest[k] = x;
            if x >= a.len() && y >= b.len() {
                return Some(way_back(&rounds, middle, a.len(), b.len()));
            }
        }
    }
    None
}

fn way_back(rounds: &[Vec<usize>], middle: usize, mut x: usize, mut y: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    for (changes, round) in rounds.iter().enumerate().rev() {
        let at = |k: usize| round[k + changes - middle];
        let k = x + middle - y;
        if changes == 0 {
            break;
        }
        let is_in = k == middle - changes || k != middle + changes && at(k - 1) < at(k + 1);
        let from = if is_in { k + 1 } else { k - 1 };
        let from_x = at(from);
        let from_y = from_x + middle - from;
        let (start_x, start_y) = if is_in { (from_x, from_y + 1) } else { (from_x + 1, from_y) };
        while x > start_x && y > start_y {
            steps.push(Step::Same);
            (x, y) = (x - 1, y - 1);
        }
        steps.push(if is_in { Step::In } else { Step::Out });
        (x, y) = (from_x, from_y);
    }
    steps.extend(std::iter::repeat_n(Step::Same, x));
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, after: &str, expected: &str) {
        let expected =
            if expected.is_empty() { String::new() } else { format!("--- a/f\n+++ b/f\n{expected}") };
        assert_eq!(diff("f", before, after), expected);
    }

    #[test]
    fn changes_are_shown_with_their_neighbours() {
        check("a\n", "a\n", "");
        check("a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
        check("", "a\n", "@@ -0,0 +1,1 @@\n+a\n");
        check("a", "a\n", "@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n");
        check(
            "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
            "1\n2\n3\n4\nx\n5\n6\n7\n8\n",
            "@@ -2,8 +2,8 @@\n 2\n 3\n 4\n+x\n 5\n 6\n 7\n 8\n-9\n",
        );
    }

    #[test]
    fn secrets_beside_a_change_are_masked() {
        check(
            "  A_PASSWORD: hunter2\n",
            "  A_PASSWORD: hunter2\n  init: true\n",
            "@@ -1,1 +1,2 @@\n   A_PASSWORD: *******\n+  init: true\n",
        );
    }

    #[test]
    fn far_changes_are_hunks_of_their_own() {
        let before: String = (0..30).map(|n| format!("{n}\n")).collect();
        let after = before.replacen("\n2\n", "\n2\nnew\n", 1).replacen("\n27\n", "\n", 1);
        let text = diff("f", &before, &after);
        assert_eq!(text.matches("@@ -").count(), 2, "{text}");
    }

    #[test]
    fn every_way_leads_from_old_to_new() {
        let texts = [
            "",
            "a\n",
            "a\nb\na\n",
            "b\na\nb\na\n",
            "c\nb\nc\n",
            "a\nb\nc\na\nb\nb\na\n",
            "c\nb\na\nb\na\nc\n",
        ];
        for old in texts {
            for new in texts {
                let (a, b): (Vec<&str>, Vec<&str>) =
                    (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
                let (mut x, mut y, mut made) = (0, 0, String::new());
                for step in steps(&a, &b) {
                    if step != Step::Out {
                        made.push_str(b[y]);
                        y += 1;
                    }
                    if step == Step::Same {
                        assert_eq!(a[x], b[y - 1]);
                    }
                    x += usize::from(step != Step::In);
                }
                assert_eq!((made.as_str(), x), (new, a.len()), "{old:?} to {new:?}");
            }
        }
    }
}
