//! Signature Version 4 in the `Authorization` header, as the AWS reference describes it ("Create a signed AWS API request").
//!
//! Not responsible for sending. A newcomer needs to know one thing: path and query have to be encoded already, exactly as they
//! are sent; a server signs what arrives and compares.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::{digest, hmac};

/// Who signs.
#[derive(Clone, Copy)]
pub(super) struct Signer<'a> {
    pub(super) access_key: &'a str,
    pub(super) secret_key: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// What is signed.
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    /// Encoded.
    pub(super) path: &'a str,
    /// Names and values, encoded, in any order.
    pub(super) query: &'a [(String, String)],
    /// Names in small letters and values, in any order.
    pub(super) headers: &'a [(&'a str, String)],
    /// The hash of the body in hexadecimal digits.
    pub(super) body_hash: &'a str,
    /// When, as [`timestamp`] writes it.
    pub(super) timestamp: &'a str,
}

impl Signer<'_> {
    /// The value of the header `Authorization`.
    pub(super) fn authorization(&self, request: &Signed<'_>) -> String {
        let date = request.timestamp.get(..8).unwrap_or_default();
        let scope = format!("{date}/{}/{}/aws4_request", self.region, self.service);
        let (canonical, names) = request.canonical();
        let text =
            format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", request.timestamp, sha256_hex(canonical.as_bytes()));
        let first = format!("AWS4{}", self.secret_key);
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, first.as_bytes());
        for part in [date, self.region, self.service, "aws4_request"] {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        let signature = hex(hmac::sign(&key, text.as_bytes()).as_ref());
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.access_key
        )
    }
}

impl Signed<'_> {
    /// The canonical request, and the names of the headers that it signs.
    fn canonical(&self) -> (String, String) {
        let mut query: Vec<&(String, String)> = self.query.iter().collect();
        query.sort_unstable();
        let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers: Vec<(&str, String)> = self
            .headers
            .iter()
            .map(|(name, value)| (*name, value.split_whitespace().collect::<Vec<_>>().join(" ")))
            .collect();
        headers.sort_by_key(|(name, _)| *name);
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = headers.iter().fold(String::new(), |mut lines, (name, value)| {
            let _ = writeln!(lines, "{name}:{value}");
            lines
        });
        let text = format!(
            "{}\n{}\n{}\n{lines}\n{names}\n{}",
            self.method,
            self.path,
            query.join("&"),
            self.body_hash
        );
        (text, names)
    }
}

/// SHA-256 in hexadecimal digits.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A text with everything encoded that is not unreserved (RFC 3986, section 2.3), as it has to stand in a query.
pub(super) fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// A moment in UTC as signatures have it: `20150830T123600Z`.
pub(super) fn timestamp(moment: SystemTime) -> String {
    let seconds = moment.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// The date of a day since 1970-01-01. Years are counted from March on, so that the leap day is the last of its year
/// (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// Names with values.
    type Pairs<'a> = &'a [(&'a str, &'a str)];

    /// Cases of the published test suite (`aws-sig-v4-test-suite`), each with its expected signature.
    #[test]
    fn signatures_are_those_of_the_published_suite() {
        let signer = Signer {
            access_key: "AKIDEXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "service",
        };
        let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let cases: &[(&str, &str, Pairs<'_>, Pairs<'_>, &str)] = &[
            ("GET", "/", &[], &[], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("POST", "/", &[], &[], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                "GET",
                "/",
                &[("Param2", "value2"), ("Param1", "value1")],
                &[],
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                "GET",
                "/",
                &[("Param1", "value1")],
                &[],
                "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
            ),
            (
                "GET",
                "/",
                &[],
                &[("my-header2", " \"a   b   c\""), ("my-header1", " value1")],
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ),
            (
                "GET",
                "/",
                &[(unreserved, unreserved)],
                &[],
                "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
            ),
            (
                "GET",
                "/%E1%88%B4",
                &[],
                &[],
                "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
            ),
        ];
        for (method, path, query, headers, signature) in cases {
            let timestamp = "20150830T123600Z";
            let query: Vec<(String, String)> =
                query.iter().map(|(name, value)| (encode(name), encode(value))).collect();
            let mut all =
                vec![("x-amz-date", timestamp.to_owned()), ("host", "example.amazonaws.com".to_owned())];
            all.extend(headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
            let signed = Signed { method, path, query: &query, headers: &all, body_hash: EMPTY, timestamp };
            let authorization = signer.authorization(&signed);
            assert!(authorization.ends_with(signature), "{method} {path} {query:?}: {authorization}");
        }
    }

    /// The examples of the S3 reference ("Authenticating Requests: Using the Authorization Header").
    #[test]
    fn signatures_are_those_of_the_s3_reference() {
        let signer = Signer {
            access_key: "AKIAIOSFODNN7EXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "s3",
        };
        let cases: &[(Pairs<'_>, &str)] = &[
            (&[("lifecycle", "")], "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
            (
                &[("prefix", "J"), ("max-keys", "2")],
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ];
        for (query, signature) in cases {
            let timestamp = "20130524T000000Z";
            let query: Vec<(String, String)> =
                query.iter().map(|(name, value)| (encode(name), encode(value))).collect();
            let headers = [
                ("host", "examplebucket.s3.amazonaws.com".to_owned()),
                ("x-amz-content-sha256", EMPTY.to_owned()),
                ("x-amz-date", timestamp.to_owned()),
            ];
            let signed = Signed {
                method: "GET",
                path: "/",
                query: &query,
                headers: &headers,
                body_hash: EMPTY,
                timestamp,
            };
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                 SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}"
            );
            assert_eq!(signer.authorization(&signed), expected);
        }
    }

    #[test]
    fn moments_are_written_in_utc() {
        for (seconds, text) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (951_868_800, "20000301T000000Z"),
            (1_440_938_160, "20150830T123600Z"),
            (4_107_542_399, "21000228T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            assert_eq!(timestamp(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
