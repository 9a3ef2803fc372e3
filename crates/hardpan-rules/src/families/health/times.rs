//! The times of a healthcheck.

use std::collections::BTreeMap;

use hardpan_compose::syntax::duration;
use hardpan_compose::{NodeRef, Value};
use hardpan_source::Span;

use crate::codes::Severity;
use crate::finding::Place;
use crate::{Service, Verdicts};

/// What the engine takes for an interval that is not given.
const INTERVAL_NANOSECONDS: i64 = 30_000_000_000;

/// Timeout and interval in nanoseconds, with where each is given.
pub(super) struct Times {
    timeout: Option<(Place, i64)>,
    interval: Option<(Span, i64)>,
}

impl Times {
    /// As the Compose files have them. Zero means the default.
    pub(super) fn of_compose(service: &Service<'_>) -> Self {
        let given = |path: &str| -> Option<(NodeRef<'_>, i64)> {
            service.get(path).and_then(|node| match node.value() {
                Value::Int(number) if *number > 0 => Some((node, *number)),
                _ => None,
            })
        };
        Self {
            timeout: given("healthcheck.timeout").map(|(node, length)| (node.into(), length)),
            interval: given("healthcheck.interval").map(|(node, length)| (node.origin().span, length)),
        }
    }

    /// Adds what the Dockerfile gives and the Compose files do not.
    pub(super) fn add_flags(&mut self, flags: &BTreeMap<String, String>, at: Span) {
        let given = |name: &str| {
            let length = duration::parse(flags.get(name)?).ok()?;
            (length > 0).then_some(length)
        };
        if self.timeout.is_none() {
            self.timeout = given("timeout").map(|length| (at.into(), length));
        }
        if self.interval.is_none() {
            self.interval = given("interval").map(|length| (at, length));
        }
    }

    /// A timeout has to be given to be judged: nobody wrote the default.
    pub(super) fn judge(self, service: &Service<'_>, verdicts: &mut Verdicts<'_>) {
        let Some((place, timeout)) = self.timeout else { return };
        let interval = self.interval.map_or(INTERVAL_NANOSECONDS, |(_, length)| length);
        if timeout < interval {
            return;
        }
        let draft = verdicts.violation(
            service,
            place,
            format!(
                "timeout of {} is not shorter than the interval of {}",
                written(timeout),
                written(interval)
            ),
        );
        draft
            .severity(Severity::Low)
            .label("a test that hangs delays the next one")
            .help(format!("let the timeout be shorter than {}, or test less often", written(interval)));
        if let Some((at, _)) = self.interval {
            draft.related(at, "the interval");
        }
    }
}

/// `1m30s`, `5s` or `500ms`.
fn written(nanoseconds: i64) -> String {
    let milliseconds = nanoseconds / 1_000_000;
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    match (seconds / 60, seconds % 60, rest) {
        (0, seconds, 0) => format!("{seconds}s"),
        (0, 0, rest) => format!("{rest}ms"),
        (minutes, 0, 0) => format!("{minutes}m"),
        (0, seconds, rest) => format!("{seconds}.{rest:03}s"),
        (minutes, seconds, _) => format!("{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn durations_are_written_as_people_do() {
        let texts = [1_500, 500, 90_000, 60_000, 5_000].map(|milliseconds| written(milliseconds * 1_000_000));
        assert_eq!(texts, ["1.500s", "500ms", "1m30s", "1m", "5s"]);
    }
}
