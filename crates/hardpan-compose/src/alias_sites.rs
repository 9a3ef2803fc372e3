//! The places where each anchor of a document has been used, and whether a new one lies inside an old one.
//!
//! The reference compares each place with all earlier ones of the same anchor. Kept in the order of a walk over the
//! tree, the only candidates are the two neighbours of the new place: places that were accepted never lie in each other.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use hardpan_source::yaml::NodeIndex;

/// How many bytes the paths of all places may take together. A hundred thousand aliases in a flat file take five
/// million; only many aliases at great depth take more.
const PATH_BYTES_MAX: usize = 64 << 20;

/// Places by the anchored node.
#[derive(Debug, Default)]
pub(crate) struct AliasSites {
    sites: HashMap<NodeIndex, BTreeSet<Site>>,
    bytes: usize,
}

/// More places than can be kept.
#[derive(Debug)]
pub(crate) struct TooMany;

impl AliasSites {
    /// An earlier place of the anchor that contains the path or lies in it.
    pub(crate) fn clash(&self, target: NodeIndex, path: &str) -> Option<&str> {
        let sites = self.sites.get(&target)?;
        let here = Site(path.into());
        let before = sites.range(..=&here).next_back();
        let after = sites.range(&here..).next();
        before.into_iter().chain(after).map(|site| &*site.0).find(|site| nested(site, path))
    }

    /// Notes a place that clashes with none.
    ///
    /// # Errors
    /// [`TooMany`] where the places become too many.
    pub(crate) fn add(&mut self, target: NodeIndex, path: &str) -> Result<(), TooMany> {
        self.bytes += path.len();
        if self.bytes > PATH_BYTES_MAX {
            return Err(TooMany);
        }
        self.sites.entry(target).or_default().insert(Site(path.into()));
        Ok(())
    }
}

/// A path; ordered so that what lies in a place follows it directly.
#[derive(Debug, PartialEq, Eq)]
struct Site(Box<str>);

impl Ord for Site {
    fn cmp(&self, other: &Self) -> Ordering {
        // The dot comes before all other bytes.
        let rank = |byte: u8| if byte == b'.' { 0 } else { u16::from(byte) + 1 };
        self.0.bytes().map(rank).cmp(other.0.bytes().map(rank))
    }
}

impl PartialOrd for Site {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// True where one of two paths lies inside the other. Those are never in different services, which the reference would
/// let pass.
fn nested(a: &str, b: &str) -> bool {
    let inside = |outer: &str, inner: &str| {
        inner.len() > outer.len() && inner.starts_with(outer) && inner.as_bytes()[outer.len()] == b'.'
    };
    (inside(a, b) || inside(b, a)) && !a.is_empty() && !b.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hardpan_source::FileTable;
    use hardpan_source::yaml::parse;

    fn any_node() -> NodeIndex {
        let mut files = FileTable::new();
        let file = files.add("x", "a");
        parse("a", file).documents[0].root().expect("the text has a document")
    }

    fn check(earlier: &[&str], path: &str, expected: Option<&str>) {
        let mut sites = AliasSites::default();
        for site in earlier {
            sites.add(any_node(), site).expect("a few places fit");
        }
        assert_eq!(sites.clash(any_node(), path), expected, "{path} among {earlier:?}");
    }

    #[test]
    fn a_place_inside_or_around_another_clashes() {
        check(&["a.b", "a.c"], "a.c.d.e", Some("a.c"));
        check(&["a.b", "a.c.d.e", "a.d"], "a.c", Some("a.c.d.e"));
    }

    #[test]
    fn neighbours_and_namesakes_do_not() {
        check(&["a.b", "a.b-c", "a.b0"], "a.b1", None);
        check(&["a.b"], "a.b", None);
        check(&["a.b-c"], "a.b", None);
        check(&[""], "a", None);
    }

    #[test]
    fn a_dot_comes_before_every_other_character() {
        check(&["a", "a!b", "a-b"], "a.z.z", Some("a"));
    }
}
