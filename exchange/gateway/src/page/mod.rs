//! The page at `/`: depth, trades and candles live, for people who would rather look.
//!
//! Not responsible for what it shows: it speaks the same REST and WebSocket as everybody. A newcomer needs to know one thing: it is
//! one document without a resource from elsewhere. Its parts lie in `assets/page` and are put together once, when the first
//! request comes; the content security policy allows exactly the style and the script that stand in it, by their hashes.

use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ring::digest::{SHA256, digest};

/// The document, with a mark for each of the two parts.
const DOCUMENT: &str = include_str!("../../assets/page/page.html");
const STYLE: &str = include_str!("../../assets/page/page.css");
/// One script of several files: later ones use what earlier ones define.
const SCRIPT: &str = concat!(
    include_str!("../../assets/page/number.js"),
    include_str!("../../assets/page/book.js"),
    include_str!("../../assets/page/chart.js"),
    include_str!("../../assets/page/stream.js"),
    include_str!("../../assets/page/account.js"),
    include_str!("../../assets/page/main.js"),
);

/// The document and what is said about it.
struct Page {
    body: Bytes,
    policy: HeaderValue,
    tag: HeaderValue,
}

static PAGE: LazyLock<Page> = LazyLock::new(Page::assemble);

impl Page {
    fn assemble() -> Self {
        let body = DOCUMENT.replace("/*style*/", STYLE).replace("/*script*/", SCRIPT);
        let policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            source_hash(SCRIPT),
            source_hash(STYLE),
        );
        let tag = format!("\"{}\"", &source_hash(&body)["sha256-".len()..]);
        // Both are made of base64 and what stands here, all of it ASCII that a header may have.
        let value = |text: String| HeaderValue::try_from(text).expect("a header of visible ASCII");
        Self { policy: value(policy), tag: value(tag), body: body.into() }
    }
}

/// The hash of an inline part, as a content security policy has it.
fn source_hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(digest(&SHA256, text.as_bytes())))
}

/// `GET /`.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/", get(page))
}

async fn page(headers: HeaderMap) -> Response {
    let page = &*PAGE;
    let about = [
        (header::ETAG, page.tag.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_SECURITY_POLICY, page.policy.clone()),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    ];
    if headers.get(header::IF_NONE_MATCH) == Some(&page.tag) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
    (about, kind, page.body.clone()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_one_document_that_needs_nothing_from_elsewhere() {
        let text = std::str::from_utf8(&PAGE.body).unwrap();
        assert!(text.contains(STYLE) && text.contains(SCRIPT));
        assert!(!text.contains("/*style*/") && !text.contains("/*script*/"));
        for from_elsewhere in ["src=", "@import", "url(", "https://", "integrity="] {
            assert!(!text.contains(from_elsewhere), "{from_elsewhere}");
        }
        // The one address is the name of a format.
        let addresses: Vec<&str> = text.match_indices("http://").map(|(at, _)| &text[at..at + 26]).collect();
        assert_eq!(addresses, ["http://www.w3.org/2000/svg"]);
    }

    #[test]
    fn no_part_can_end_another() {
        assert!(!SCRIPT.contains("</script") && !STYLE.contains("</style"));
        // Styles in attributes are not what the policy allows.
        assert!(!DOCUMENT.contains("style=\"") && !DOCUMENT.contains("onclick"));
    }
}
