//! Whose span it is: ids, and the header that carries them from service to service (W3C Trace Context).
//!
//! Not responsible for what is recorded. A newcomer needs to know one thing: the context of the request that a task works on is a
//! local of that task; work that is handed to another task is not followed.

use std::hash::{BuildHasher, RandomState};

use axum::http::HeaderMap;

/// The header.
pub(crate) const TRACEPARENT: &str = "traceparent";

tokio::task_local! {
    static CURRENT: Context;
}

/// Where in which trace: a span of this process, or the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Context {
    pub(super) trace: u128,
    pub(super) span: u64,
    /// Whether it is recorded. Who is asked because of it does as this says, so that a trace is whole or not there.
    pub(super) sampled: bool,
}

impl Context {
    /// A new span of a trace.
    pub(super) fn new(trace: u128, sampled: bool) -> Self {
        Self { trace, span: random().max(1), sampled }
    }

    /// That of the request this task works on.
    pub(super) fn current() -> Option<Self> {
        CURRENT.try_with(|context| *context).ok()
    }

    /// Works on something under this context.
    pub(super) async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }

    pub(super) fn traceparent(self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

pub(super) fn random_trace() -> u128 {
    (u128::from(random()) << 64 | u128::from(random())).max(1)
}

/// Keys of hash maps are random, which is enough for ids that need only differ.
fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// Reads the header; `None` where there is none that can be understood, which is as if there were none.
pub(super) fn parse(headers: &HeaderMap) -> Option<Context> {
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    // Later versions may say more behind these four; version 0 may not, and 255 is none.
    let known = hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
    if !(known && hex(trace, 32) && hex(span, 16) && hex(flags, 2)) {
        return None;
    }
    let trace = u128::from_str_radix(trace, 16).ok().filter(|trace| *trace != 0)?;
    let span = u64::from_str_radix(span, 16).ok().filter(|span| *span != 0)?;
    let flags = u8::from_str_radix(flags, 16).ok()?;
    Some(Context { trace, span, sampled: flags & 1 == 1 })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{Context, TRACEPARENT, parse};

    fn read(text: &str) -> Option<Context> {
        parse(&HeaderMap::from_iter([(TRACEPARENT.parse().unwrap(), HeaderValue::from_str(text).unwrap())]))
    }

    #[test]
    fn what_is_written_is_read() {
        for sampled in [false, true] {
            let context = Context::new(0xabc, sampled);
            assert_eq!(read(&context.traceparent()), Some(context));
        }
        let quiet = read("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00").unwrap();
        assert!(!quiet.sampled);
        assert!(read("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").unwrap().sampled);
    }

    #[test]
    fn what_cannot_be_understood_is_as_if_it_were_not_there() {
        for text in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
