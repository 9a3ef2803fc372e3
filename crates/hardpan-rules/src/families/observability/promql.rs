//! Reads as much of a PromQL expression as tells which metrics it asks for.

/// What an expression asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// The metrics, each once. Those asked for by `absent()` are left out: missing is what such an expression waits for.
    pub(super) metrics: Vec<String>,
    /// The jobs that selectors name by `job="…"`, each once, with the metric's name.
    pub(super) jobs: Vec<String>,
}

const AGGREGATIONS: &[&str] = &[
    "sum",
    "min",
    "max",
    "avg",
    "group",
    "stddev",
    "stdvar",
    "count",
    "count_values",
    "bottomk",
    "topk",
    "quantile",
    "limitk",
    "limit_ratio",
];
const WORDS: &[&str] = &["and", "or", "unless", "bool", "offset", "atan2", "inf", "nan"];
/// Words with a list of labels behind them.
const GROUPINGS: &[&str] = &["by", "without", "on", "ignoring", "group_left", "group_right"];

/// Reads an expression; none where it holds a template of another language.
pub(super) fn read(text: &str) -> Option<Query> {
    if text.contains("{{") || text.contains("${") {
        return None;
    }
    let mut reader = Reader { text, at: 0, query: Query::default(), missing: Vec::new() };
    reader.read();
    let Reader { mut query, missing, .. } = reader;
    query.metrics.retain(|name| !missing.contains(name));
    Some(query)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    query: Query,
    /// What `absent()` asks for.
    missing: Vec<String>,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn read(&mut self) {
        // The depths of parentheses at which an `absent()` opened.
        let mut absent: Vec<usize> = Vec::new();
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' | b'\'' | b'`' => {
                    self.string();
                }
                b'#' => self.skip_while(|byte| byte != b'\n'),
                b'[' => self.skip_past(b']'),
                b'{' => {
                    let name = self.selector();
                    self.add(name, !absent.is_empty());
                }
                b'(' => {
                    depth += 1;
                    self.at += 1;
                }
                b')' => {
                    depth = depth.saturating_sub(1);
                    if absent.last() == Some(&depth) {
                        absent.pop();
                    }
                    self.at += 1;
                }
                b'0'..=b'9' | b'.' => {
                    self.skip_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'));
                }
                byte if is_start(byte) => {
                    let word = self.word();
                    if self.is_name(word) {
                        let name = Some(word.to_owned());
                        if self.peek() == Some(b'{') {
                            self.selector();
                        }
                        self.add(name, !absent.is_empty());
                    } else if word.eq_ignore_ascii_case("absent")
                        || word.eq_ignore_ascii_case("absent_over_time")
                    {
                        absent.push(depth);
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    fn add(&mut self, name: Option<String>, is_in_absent: bool) {
        let Some(name) = name else { return };
        let list = if is_in_absent { &mut self.missing } else { &mut self.query.metrics };
        if !list.contains(&name) {
            list.push(name);
        }
    }

    /// Whether a word is the name of a metric. Labels behind a grouping word are passed over.
    fn is_name(&mut self, word: &str) -> bool {
        let lower = word.to_ascii_lowercase();
        self.skip_while(|byte| byte.is_ascii_whitespace());
        let opens = self.peek() == Some(b'(');
        if GROUPINGS.contains(&lower.as_str()) {
            if opens {
                self.skip_past(b')');
            }
            return false;
        }
        if WORDS.contains(&lower.as_str()) || opens {
            return false;
        }
        let rest = self.text[self.at..].to_ascii_lowercase();
        let groups = ["by", "without"].iter().any(|word| rest.starts_with(word));
        !(AGGREGATIONS.contains(&lower.as_str()) && groups)
    }

    fn word(&mut self) -> &'t str {
        let start = self.at;
        self.skip_while(|byte| is_start(byte) || byte.is_ascii_digit());
        &self.text[start..self.at]
    }

    fn skip_while(&mut self, holds: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&holds) {
            self.at += 1;
        }
    }

    fn skip_past(&mut self, end: u8) {
        while let Some(byte) = self.peek() {
            if matches!(byte, b'"' | b'\'' | b'`') {
                self.string();
                continue;
            }
            self.at += 1;
            if byte == end {
                return;
            }
        }
    }

    fn string(&mut self) -> &'t str {
        let Some(quote) = self.peek() else { return "" };
        let start = self.at + 1;
        self.at = start;
        while let Some(byte) = self.peek() {
            if byte == quote {
                break;
            }
            self.at += if byte == b'\\' && quote != b'`' { 2 } else { 1 };
        }
        let end = self.at.min(self.text.len());
        self.at = end + 1;
        self.text.get(start..end).unwrap_or_default()
    }

    /// Passes over `{…}` and notes the job; gives the metric where the selector itself names it.
    fn selector(&mut self) -> Option<String> {
        self.at += 1;
        let mut name = None;
        let (mut label, mut is_equal) = ("", false);
        while let Some(byte) = self.peek() {
            match byte {
                b'}' => {
                    self.at += 1;
                    break;
                }
                b'"' | b'\'' | b'`' => {
                    let value = self.string();
                    match label {
                        "__name__" if is_equal => name = Some(value.to_owned()),
                        "job" if is_equal && !self.query.jobs.iter().any(|job| job == value) => {
                            self.query.jobs.push(value.to_owned());
                        }
                        "" => name = Some(value.to_owned()),
                        _ => {}
                    }
                    (label, is_equal) = ("", false);
                }
                b'=' => {
                    let next = self.text.as_bytes().get(self.at + 1).copied();
                    is_equal = !matches!(next, Some(b'~' | b'=')) && !self.text[..self.at].ends_with('!');
                    self.at += 1;
                }
                byte if is_start(byte) => label = self.word(),
                _ => self.at += 1,
            }
        }
        name
    }
}

fn is_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':')
}

#[cfg(test)]
mod tests {
    use super::{Query, read};

    fn check(text: &str, metrics: &[&str], jobs: &[&str]) {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let expected = Query { metrics: owned(metrics), jobs: owned(jobs) };
        assert_eq!(read(text), Some(expected), "{text}");
    }

    #[test]
    fn metrics_are_told_from_functions_labels_and_durations() {
        check("up == 0", &["up"], &[]);
        check("up{job=\"node\"} == 0", &["up"], &["node"]);
        check("up{job=~\"node|x\", job!=\"y\"}", &["up"], &[]);
        check(
            "rate(a_total{code=~\"5..\"}[5m]) / rate(b:total[5m:1m] offset 1h) > 0.05",
            &["a_total", "b:total"],
            &[],
        );
        check("sum by (instance, name) (a) / on (x) group_left (y) b", &["a", "b"], &[]);
        check("sum(rate(a[5m])) BY (le)", &["a"], &[]);
        check("histogram_quantile(0.99, sum(rate(a_bucket[5m])) by (le)) > 5e-1", &["a_bucket"], &[]);
        check("a and on() b unless c", &["a", "b", "c"], &[]);
        check("{__name__=\"a\", job=\"j\"} > bool 1", &["a"], &["j"]);
        check("{\"a.b\"}", &["a.b"], &[]);
        check("time() - a > 26 * 3600", &["a"], &[]);
        check("a # b\n+ c", &["a", "c"], &[]);
        check("count(a) + vector(1)", &["a"], &[]);
        check("sum without (a) (b)", &["b"], &[]);
        check("-inf < a", &["a"], &[]);
    }

    #[test]
    fn what_may_be_absent_is_not_asked_for() {
        check("absent(a)", &[], &[]);
        check("a > 1 or absent(a)", &[], &[]);
        check("absent(sum(a{x=\"y\"})) and b", &["b"], &[]);
        check("absent_over_time(a[5m]) or c", &["c"], &[]);
    }

    #[test]
    fn odd_texts_do_no_harm() {
        assert_eq!(read("{{ .Values.x }} > 1"), None);
        for text in ["", "{", "a{", "a{b=\"", "(", ")))", "[", "\"\\", "é > 1", "sum by", "a{=}", "'é"] {
            assert!(read(text).is_some(), "{text}");
        }
    }
}
