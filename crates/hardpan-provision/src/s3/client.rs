//! Signed requests and what their answers mean.
//!
//! Not responsible for what is asked. A newcomer needs to know one thing: an answer that is an error is turned into a
//! [`Failure`] in one place, [`Refusal::failure`], which knows what was attempted and which permission it takes.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use md5::{Digest as _, Md5};

use super::http::{Connection, Reply};
use super::sign::{Signed, Signer, encode, sha256_hex, timestamp};
use super::xml;
use crate::error::Failure;
use crate::secret::Secret;
use crate::wait::Context;

/// Who signs a request.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// What messages call it. The access key may come from a secret file and is not shown.
    pub(super) label: String,
    pub(super) access_key: Secret,
    pub(super) secret_key: Secret,
}

/// A client of one server.
pub(super) struct Client {
    connection: Connection,
    region: String,
    host: String,
    pub(super) account: Account,
}

/// A request.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    pub(super) method: &'static str,
    /// Made of constants and names of buckets, which need no encoding.
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: Vec<u8>,
}

/// What is attempted, for the one who has to do something when it is refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Intent<'a> {
    /// The action of a policy, such as `s3:CreateBucket`.
    pub(super) permission: &'a str,
    /// As in `create the bucket logs`.
    pub(super) action: &'a str,
    /// What the server may not have, with the key of the plan that asks for it: `lifecycle rules`, `lifecycle`.
    pub(super) feature: Option<(&'a str, &'a str)>,
}

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The server's code; empty where it has none.
    pub(super) code: String,
    pub(super) message: String,
    /// The region that the server wants, where it says so.
    region: Option<String>,
    /// When it was asked, in the asker's time, and when it answered in its own.
    times: (String, Option<String>),
    /// True for an answer in JSON, as MinIO's admin interface gives it.
    pub(super) is_json: bool,
}

impl Client {
    pub(super) fn new(connection: Connection, region: &str, account: Account) -> Self {
        let address = connection.address();
        // The port of plain HTTP is not named (RFC 9110, section 7.2), and what is sent is what is signed.
        let text = address.to_string();
        let host = if address.port == 80 { text.trim_end_matches(":80").to_owned() } else { text };
        Self { connection, region: region.to_owned(), host, account }
    }

    /// The server's address, for messages.
    pub(super) fn address(&self) -> String {
        self.connection.address().to_string()
    }

    /// Sends a request as the account of the plan. What comes back is the answer's body, or an answer that is an error.
    ///
    /// # Errors
    /// [`Failure::NotReady`] where there is no answer, or one that may be another in a moment.
    pub(super) async fn send(
        &mut self,
        call: &Call,
        context: &Context,
    ) -> Result<Result<Vec<u8>, Refusal>, Failure> {
        let account = self.account.clone();
        self.send_as(&account, call, context).await
    }

    /// The same as another account.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub(super) async fn send_as(
        &mut self,
        account: &Account,
        call: &Call,
        context: &Context,
    ) -> Result<Result<Vec<u8>, Refusal>, Failure> {
        let timestamp = timestamp(SystemTime::now());
        let request = self.request(account, call, &timestamp);
        let request =
            request.map_err(|error| Failure::other(format!("the request cannot be made: {error}")))?;
        let reply = self.connection.send(request, context).await?;
        if (200..300).contains(&reply.status) {
            return Ok(Ok(reply.body));
        }
        let refusal = Refusal::of(&reply, timestamp);
        match refusal.passing() {
            Some(answer) => Err(Failure::not_ready(format!("{} to be ready", self.address()), answer)),
            None => Ok(Err(refusal)),
        }
    }

    fn request(
        &self,
        account: &Account,
        call: &Call,
        timestamp: &str,
    ) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let query: Vec<(String, String)> =
            call.query.iter().map(|(name, value)| (encode(name), encode(value))).collect();
        let body_hash = sha256_hex(&call.body);
        let mut headers = vec![
            ("host", self.host.clone()),
            ("x-amz-content-sha256", body_hash.clone()),
            ("x-amz-date", timestamp.to_owned()),
        ];
        if !call.body.is_empty() {
            // Several configurations are only taken with it (S3 API reference, PutBucketLifecycleConfiguration).
            headers.push(("content-md5", STANDARD.encode(Md5::digest(&call.body))));
        }
        headers.extend(call.headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let signer = Signer {
            access_key: account.access_key.expose(),
            secret_key: account.secret_key.expose(),
            region: &self.region,
            service: "s3",
        };
        let signed = Signed {
            method: call.method,
            path: &call.path,
            query: &query,
            headers: &headers,
            body_hash: &body_hash,
            timestamp,
        };
        let authorization = signer.authorization(&signed);
        let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let target =
            if pairs.is_empty() { call.path.clone() } else { format!("{}?{}", call.path, pairs.join("&")) };
        let mut request =
            Request::builder().method(call.method).uri(target).header("authorization", authorization);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(Full::from(call.body.clone()))
    }
}

impl Refusal {
    pub(super) fn of(reply: &Reply, asked: String) -> Self {
        let mut refusal = Self {
            status: reply.status,
            code: String::new(),
            message: String::new(),
            region: None,
            times: (asked, reply.date.clone()),
            is_json: false,
        };
        if let Ok(error) = xml::parse(&reply.body)
            && error.name == "Error"
        {
            let text = |name: &str| error.text_of(name).map(|text| shorten(text.trim()));
            refusal.code = text("Code").unwrap_or_default();
            refusal.message = text("Message").unwrap_or_default();
            refusal.region = text("Region").filter(|region| !region.is_empty());
        } else if let Ok(error) = serde_json::from_slice::<serde_json::Value>(&reply.body) {
            let text = |name: &str| error.get(name).and_then(|value| value.as_str()).map(shorten);
            refusal.code = text("Code").unwrap_or_default();
            refusal.message = text("Message").unwrap_or_default();
            refusal.is_json = !refusal.code.is_empty();
        } else if !reply.body.is_empty() {
            refusal.message = format!("an answer that is not S3's, of the type `{}`", reply.content_type);
        }
        refusal
    }

    /// The server's own words.
    pub(super) fn answer(&self) -> String {
        let what = if self.code.is_empty() { format!("HTTP {}", self.status) } else { self.code.clone() };
        if self.message.is_empty() { what } else { format!("{what}: {}", self.message) }
    }

    /// The answer of a server that may answer otherwise in a moment.
    fn passing(&self) -> Option<String> {
        if self.code == "RequestTimeTooSkewed" {
            let (here, there) = &self.times;
            let there = there.as_deref().unwrap_or("another time, which it does not say");
            return Some(format!("{}; it is {here} here and {there} there", self.answer()));
        }
        let codes = [
            "InternalError",
            "OperationAborted",
            "RequestTimeout",
            "ServiceUnavailable",
            "SlowDown",
            "XMinioIAMNotInitialized",
            "XMinioServerNotInitialized",
        ];
        let passes = self.status >= 500 && self.status != 501 || codes.contains(&self.code.as_str());
        passes.then(|| self.answer())
    }

    /// True where the server does not know who signed, or that the one who signed knows the secret key.
    pub(super) fn is_about_credentials(&self) -> bool {
        ["InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "XMinioInvalidAccessKeyId"]
            .contains(&self.code.as_str())
    }

    /// True where the one who signed may not do it.
    pub(super) fn is_denied(&self) -> bool {
        self.code == "AccessDenied" || self.code.is_empty() && self.status == 403
    }

    /// True where the server has no such operation.
    pub(super) fn is_not_offered(&self) -> bool {
        self.status == 501 || ["MethodNotAllowed", "NotImplemented"].contains(&self.code.as_str())
    }

    /// What it means that this was the answer.
    pub(super) fn failure(&self, account: &Account, intent: Intent<'_>) -> Failure {
        if self.is_about_credentials() {
            return Failure::Credentials { user: account.label.clone(), answer: self.answer() };
        }
        if self.is_denied() {
            return Failure::Privilege {
                user: account.label.clone(),
                privilege: intent.permission.to_owned(),
                action: intent.action.to_owned(),
                answer: self.answer(),
            };
        }
        if let Some((what, key)) = intent.feature.filter(|_| self.is_not_offered()) {
            let reason = format!("the server does not offer {what} ({})", self.answer());
            let help = format!("leave `{key}` out of the plan, or use a server that has it");
            return Failure::other(reason).with_help(help);
        }
        let reason = format!("the server refused to {}: {}", intent.action, self.answer());
        match &self.region {
            Some(region) if self.code.starts_with("AuthorizationHeader") => {
                Failure::other(reason).with_help(format!("say `region: {region}` in the plan"))
            }
            _ => Failure::other(reason),
        }
    }
}

/// The beginning of a text of somebody else's, which goes into a line.
fn shorten(text: &str) -> String {
    const CHARACTERS_MAX: usize = 400;
    text.chars().take(CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, content_type: &str, body: &str) -> Refusal {
        let reply = Reply {
            status,
            content_type: content_type.to_owned(),
            date: Some("Sun, 22 Nov 2026 00:30:00 GMT".to_owned()),
            body: body.as_bytes().to_vec(),
        };
        Refusal::of(&reply, "20261121T003000Z".to_owned())
    }

    fn failure(refusal: &Refusal) -> Failure {
        let account = Account {
            label: "root_key".to_owned(),
            access_key: Secret::new("AKIA"),
            secret_key: Secret::new("canary"),
        };
        let intent = Intent {
            permission: "s3:PutLifecycleConfiguration",
            action: "set the lifecycle of the bucket logs",
            feature: Some(("lifecycle rules", "lifecycle")),
        };
        refusal.failure(&account, intent)
    }

    #[test]
    fn a_denied_request_names_the_permission_and_what_it_was_for() {
        let denied =
            refusal(403, "application/xml", "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>");
        assert_eq!(
            failure(&denied).to_string(),
            "`root_key` lacks the privilege s3:PutLifecycleConfiguration to set the lifecycle of the bucket logs: \
             AccessDenied: No."
        );
        assert!(refusal(403, "", "").is_denied(), "an answer to HEAD has no body");
    }

    #[test]
    fn a_server_without_the_operation_is_said_not_to_offer_it() {
        for (status, code) in [(501, "NotImplemented"), (405, "MethodNotAllowed"), (501, "")] {
            let body = format!("<Error><Code>{code}</Code></Error>");
            let text = failure(&refusal(status, "application/xml", &body)).to_string();
            assert!(text.starts_with("the server does not offer lifecycle rules ("), "{text}");
        }
    }

    #[test]
    fn a_skewed_clock_is_named_with_both_times() {
        let skewed = "<Error><Code>RequestTimeTooSkewed</Code><Message>Too far.</Message></Error>";
        assert_eq!(
            refusal(403, "application/xml", skewed).passing().as_deref(),
            Some(
                "RequestTimeTooSkewed: Too far.; it is 20261121T003000Z here and Sun, 22 Nov 2026 00:30:00 GMT there"
            )
        );
    }

    #[test]
    fn another_region_is_named_and_unknown_keys_are_about_credentials() {
        let malformed = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>";
        let help = failure(&refusal(400, "application/xml", malformed)).help();
        assert_eq!(help.as_deref(), Some("say `region: eu-west-1` in the plan"));
        let unknown = refusal(403, "application/json", "{\"Code\":\"InvalidAccessKeyId\",\"Message\":\"?\"}");
        assert!(unknown.is_json && failure(&unknown).is_retryable());
    }

    #[test]
    fn a_server_that_is_still_starting_is_waited_for() {
        let starting = "{\"Code\":\"XMinioServerNotInitialized\",\"Message\":\"try again\"}";
        assert!(refusal(503, "application/json", starting).passing().is_some());
        assert!(refusal(502, "text/html", "<html>").passing().is_some(), "a gateway before it");
        assert!(refusal(404, "text/html", "<html>").passing().is_none());
    }
}
