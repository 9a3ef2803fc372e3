//! Tokens: what holds, and every way in which one does not.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gateway::auth::{Issuer, Scope};
use serde_json::{Value, json};

use crate::support::gateway::now;
use crate::support::{Client, Gateway, Venue};

const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;

fn claims() -> Value {
    json!({
        "iss": "exchange", "aud": "exchange-gateway", "sub": "0", "scope": "read trade",
        "iat": now(), "exp": now() + 60,
    })
}

fn with(name: &str, value: Value) -> String {
    let mut claims = claims();
    claims[name] = value;
    claims.to_string()
}

fn without(name: &str) -> String {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims.to_string()
}

async fn code(client: &Client) -> String {
    let answer = client.get("/v1/accounts/0").await.expect(401);
    assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer realm=\"exchange\""));
    answer.code()
}

#[tokio::test]
async fn every_bad_token_is_refused_for_its_own_reason() {
    let venue = Venue::start().await;
    let gateway = Gateway::ready(venue.address, &[]).await;
    let sign = |header: &str, claims: &str| gateway.issuer.sign(header, claims);
    let good = sign(HEADER, &claims().to_string());
    let other = Issuer::from_pem(Issuer::generate().unwrap().as_bytes()).unwrap();
    let (head, rest) = good.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let hmac = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let forged = URL_SAFE_NO_PAD.encode(with("sub", json!("1")));
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let table: Vec<(&str, String, &str)> = vec![
        ("no parts", "nonsense".into(), "token-malformed"),
        ("two parts", format!("{head}.{payload}"), "token-malformed"),
        ("four parts", format!("{good}.x"), "token-malformed"),
        ("not Base64", format!("{head}.{payload}.?"), "token-malformed"),
        ("padding", format!("{head}=.{payload}.{signature}"), "token-malformed"),
        ("too long", format!("{good}{}", "x".repeat(5_000)), "token-malformed"),
        ("header is no JSON", sign("x", &claims().to_string()), "token-malformed"),
        ("no algorithm", sign("{}", &claims().to_string()), "token-malformed"),
        ("two algorithms", sign(r#"{"alg":"EdDSA","alg":"none"}"#, &claims().to_string()), "token-malformed"),
        ("another type", sign(r#"{"alg":"EdDSA","typ":"JWE"}"#, &claims().to_string()), "token-malformed"),
        ("critical", sign(r#"{"alg":"EdDSA","crit":["b64"]}"#, &claims().to_string()), "token-malformed"),
        ("critical null", sign(r#"{"alg":"EdDSA","crit":null}"#, &claims().to_string()), "token-malformed"),
        ("none", format!("{none}.{payload}."), "token-algorithm"),
        ("none, signed", sign(r#"{"alg":"none"}"#, &claims().to_string()), "token-algorithm"),
        ("HMAC with the public key", format!("{hmac}.{payload}.{signature}"), "token-algorithm"),
        ("lower case", sign(r#"{"alg":"eddsa"}"#, &claims().to_string()), "token-algorithm"),
        ("no signature", format!("{head}.{payload}."), "token-signature"),
        ("another key", other.sign(HEADER, &claims().to_string()), "token-signature"),
        (
            "its key in the header",
            other.sign(r#"{"alg":"EdDSA","jwk":{}}"#, &claims().to_string()),
            "token-signature",
        ),
        ("other claims", format!("{head}.{forged}.{signature}"), "token-signature"),
        ("a flipped bit", format!("{head}.{payload}.{flipped}{}", &signature[1..]), "token-signature"),
        ("claims are no JSON", sign(HEADER, "x"), "token-malformed"),
        ("claims are a list", sign(HEADER, "[]"), "token-malformed"),
        ("no issuer", sign(HEADER, &without("iss")), "token-malformed"),
        ("another issuer", sign(HEADER, &with("iss", json!("somebody"))), "token-issuer"),
        ("no audience", sign(HEADER, &without("aud")), "token-malformed"),
        ("another audience", sign(HEADER, &with("aud", json!("elsewhere"))), "token-audience"),
        ("no audience listed", sign(HEADER, &with("aud", json!([]))), "token-audience"),
        ("no expiry", sign(HEADER, &without("exp")), "token-malformed"),
        ("expiry as text", sign(HEADER, &with("exp", json!("9999999999"))), "token-malformed"),
        ("negative expiry", sign(HEADER, &with("exp", json!(-1))), "token-malformed"),
        ("expired", sign(HEADER, &with("exp", json!(now() - 31))), "token-expired"),
        ("expired long ago", sign(HEADER, &with("exp", json!(0))), "token-expired"),
        ("for ever", sign(HEADER, &with("exp", json!(u64::MAX))), "token-lifetime"),
        ("for two days", sign(HEADER, &with("exp", json!(now() + 172_800))), "token-lifetime"),
        ("issued two days ago", sign(HEADER, &with("iat", json!(now() - 172_800))), "token-lifetime"),
        ("not yet", sign(HEADER, &with("nbf", json!(now() + 60))), "token-not-yet-valid"),
        ("issued later", sign(HEADER, &with("iat", json!(now() + 60))), "token-not-yet-valid"),
        ("no subject", sign(HEADER, &without("sub")), "token-malformed"),
        ("a name", sign(HEADER, &with("sub", json!("root"))), "token-malformed"),
        ("zeros before", sign(HEADER, &with("sub", json!("00"))), "token-malformed"),
        ("a sign", sign(HEADER, &with("sub", json!("+0"))), "token-malformed"),
        ("too large", sign(HEADER, &with("sub", json!("4294967296"))), "token-malformed"),
        ("a number", sign(HEADER, &with("sub", json!(0))), "token-malformed"),
        ("an empty tier", sign(HEADER, &with("tier", json!(""))), "token-malformed"),
    ];
    for (what, token, expected) in table {
        for _ in 0..2 {
            assert_eq!(code(&gateway.with_token(token.clone())).await, expected, "{what}");
        }
    }
    let nobody = gateway.nobody();
    let missing = nobody.get("/v1/accounts/0").await.expect(401);
    assert_eq!(
        (missing.code().as_str(), missing.header("www-authenticate")),
        ("token-missing", Some("Bearer realm=\"exchange\""))
    );
    for value in ["Basic eDp5", "Bearer", good.as_str(), "Bearer\t x"] {
        let answer =
            nobody.send("GET", "/v1/accounts/0", &[("Authorization", value)], None).await.expect(401);
        assert_eq!(answer.code(), "token-malformed", "{value}");
    }
    // A bad token is refused even where none is needed.
    assert_eq!(gateway.with_token("x".into()).get("/v1/markets").await.expect(401).code(), "token-malformed");
}

#[tokio::test]
async fn what_a_token_may_say_in_several_ways_is_understood() {
    let venue = Venue::start().await;
    let gateway = Gateway::ready(venue.address, &[]).await;
    let now = now();
    for (header, claims) in [
        (HEADER, claims().to_string()),
        (r#"{"alg":"EdDSA"}"#, claims().to_string()),
        (r#"{"alg":"EdDSA","typ":"jwt","kid":"2026"}"#, claims().to_string()),
        (HEADER, with("aud", json!(["elsewhere", "exchange-gateway"]))),
        (HEADER, with("scope", json!(["read", "something-else"]))),
        (HEADER, with("exp", json!(now - 20))),
        (HEADER, with("nbf", json!(now + 20))),
        (HEADER, with("tier", json!("maker"))),
        (HEADER, without("iat")),
        (HEADER, with("unknown", json!({ "a": [1] }))),
    ] {
        let client = gateway.with_token(gateway.issuer.sign(header, &claims));
        // The token holds, and the account does not exist.
        assert_eq!(client.get("/v1/accounts/0").await.expect(404).code(), "unknown-account", "{claims}");
    }
}

#[tokio::test]
async fn a_token_that_is_remembered_still_expires() {
    let venue = Venue::start().await;
    let gateway = Gateway::ready(venue.address, &[]).await;
    // It ends, with the leeway of 30 seconds, a second from now.
    let client = gateway.with_token(gateway.issuer.sign(HEADER, &with("exp", json!(now() - 28))));
    client.get("/v1/accounts/0").await.expect(404);
    crate::support::eventually("an expired token", async || client.get("/v1/accounts/0").await.status == 401)
        .await;
    assert_eq!(code(&client).await, "token-expired");
}

#[tokio::test]
async fn scopes_and_accounts_bound_what_a_token_may_do() {
    let (_venue, gateway) = crate::orders::trading(&[], 2).await;
    let order = crate::orders::limit("sell", "60000", "0.1");
    let read = gateway.client(Some(0), &[Scope::Read]);
    let trade = gateway.client(Some(0), &[Scope::Trade]);
    let false_admin = gateway.client(Some(0), &[Scope::Read, Scope::Trade, Scope::Admin]);
    let idle_admin = gateway.client(None, &[]);
    let admin = gateway.admin();
    read.get("/v1/accounts/0").await.expect(200);
    trade.post("/v1/orders", order.clone()).await.expect(201);
    admin.get("/v1/accounts/1").await.expect(200);
    let body = json!({ "account": "0", "asset": "USD", "amount": "1" });
    for (answer, expected) in [
        (read.post("/v1/orders", order.clone()).await, "scope-missing"),
        (read.delete("/v1/orders").await, "scope-missing"),
        (read.delete("/v1/orders/1").await, "scope-missing"),
        (read.patch("/v1/orders/1", json!({})).await, "scope-missing"),
        (trade.get("/v1/accounts/0").await, "scope-missing"),
        (read.get("/v1/accounts/1").await, "account-forbidden"),
        (read.get("/v1/accounts/1/trades").await, "account-forbidden"),
        (read.post("/v1/admin/deposits", body.clone()).await, "scope-missing"),
        (false_admin.post("/v1/admin/deposits", body.clone()).await, "account-forbidden"),
        (false_admin.get("/v1/accounts/1").await, "account-forbidden"),
        (idle_admin.post("/v1/admin/deposits", body).await, "scope-missing"),
        (idle_admin.get("/v1/accounts/1").await, "scope-missing"),
        (admin.get("/v1/orders").await, "account-forbidden"),
        (admin.post("/v1/orders", order).await, "scope-missing"),
    ] {
        let answer = answer.expect(403);
        assert_eq!(answer.code(), expected);
        assert!(answer.header("www-authenticate").is_some());
    }
}

#[tokio::test]
async fn two_keys_hold_while_they_are_exchanged() {
    use gateway::auth::{PublicKeys, TokenSettings, Verifier};
    let issuers = [(); 2].map(|()| Issuer::from_pem(Issuer::generate().unwrap().as_bytes()).unwrap());
    let pem = issuers.each_ref().map(Issuer::public_pem).concat();
    let verifier = Verifier::new(TokenSettings {
        keys: PublicKeys::from_pem(pem.as_bytes()).unwrap(),
        issuer: "exchange".into(),
        audience: "exchange-gateway".into(),
        lifetime_max: std::time::Duration::from_secs(86_400),
    });
    for issuer in &issuers {
        verifier.verify(&issuer.sign(HEADER, &claims().to_string()), now()).unwrap();
    }
}
