//! "Did you mean": the known name nearest to a mistyped one.

/// The candidate nearest to `name` by edit distance (insert, delete, substitute, swap neighbours), if one is near
/// enough to be meant: at most a third of the name's length, and never more than three edits. Among more than
/// ten thousand none is looked for.
#[must_use]
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.chars().take(NAME_CHARS_MAX).flat_map(char::to_lowercase).collect();
    let limit = (name.len() / 3).clamp(1, 3);
    let mut best = None;
    for (at, candidate) in candidates.into_iter().enumerate() {
        if at == CANDIDATES_MAX {
            return None;
        }
        let found = (distance(&name, candidate, limit), candidate);
        if found.0 <= limit && best.is_none_or(|best| found < best) {
            best = Some(found);
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// A name is compared with at most this many: enough for every real project, and little enough that a generated one
/// with a hundred thousand names gets its errors at once.
const CANDIDATES_MAX: usize = 10_000;

/// Longer names are cut: a suggestion for a pasted paragraph helps nobody and would cost its length squared.
const NAME_CHARS_MAX: usize = 64;

fn distance(name: &[char], candidate: &str, limit: usize) -> usize {
    let other: Vec<char> = candidate.chars().take(NAME_CHARS_MAX).flat_map(char::to_lowercase).collect();
    if name.len().abs_diff(other.len()) > limit {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=other.len()).collect();
    for (i, &a) in name.iter().enumerate() {
        let mut current = Vec::with_capacity(other.len() + 1);
        current.push(i + 1);
        for (j, &b) in other.iter().enumerate() {
            let mut cost = (previous[j] + usize::from(a != b)).min(previous[j + 1] + 1).min(current[j] + 1);
            if i > 0 && j > 0 && a == other[j - 1] && name[i - 1] == b {
                cost = cost.min(before[j - 1] + 1);
            }
            current.push(cost);
        }
        before = std::mem::replace(&mut previous, current);
    }
    previous[other.len()]
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn finds_the_nearest_name() {
        let known = ["image", "environment", "env_file", "healthcheck"];
        assert_eq!(did_you_mean("imgae", known), Some("image"));
        assert_eq!(did_you_mean("enviroment", known), Some("environment"));
        assert_eq!(did_you_mean("health-check", known), Some("healthcheck"));
    }

    #[test]
    fn stays_silent_when_nothing_is_near() {
        assert_eq!(did_you_mean("frobnicate", ["image", "build"]), None);
        assert_eq!(did_you_mean("", ["image"]), None);
    }
}
