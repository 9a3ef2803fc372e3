//! Requests to MinIO's admin interface about policies and users.
//!
//! Not responsible for what has to be changed. A newcomer needs to know one thing: the interface answers in JSON, and any other
//! answer comes from a server that does not have it.

use serde_json::{Value, json};

use super::S3;
use super::client::{Account, Call, Intent, Refusal};
use super::identity::{Found, UserChange, UserState};
use super::policy;
use super::seal::SealKey;
use crate::error::Failure;
use crate::plan::s3::{Target, User};
use crate::wait::Context;

const PREFIX: &str = "/minio/admin/v3/";

/// Makes a call of the interface.
fn call(method: &'static str, operation: &str, query: Vec<(&'static str, String)>, body: Vec<u8>) -> Call {
    Call { method, path: format!("{PREFIX}{operation}"), query, body, ..Call::default() }
}

impl S3 {
    /// Looks at a policy.
    ///
    /// # Errors
    /// What may pass. What does not is the inner error.
    pub(super) async fn probe_policy(
        &mut self,
        name: &str,
        context: &Context,
    ) -> Result<Found<Vec<Value>>, Failure> {
        let call = call("GET", "info-canned-policy", vec![("name", name.to_owned())], Vec::new());
        let answer = match self.client.send(&call, context).await? {
            Ok(body) => policy::statements(&body)
                .map(Some)
                .map_err(|error| Failure::other(format!("the server's answer makes no sense: {error}"))),
            Err(refusal) if refusal.code == "XMinioAdminNoSuchPolicy" => Ok(None),
            Err(refusal) => Err(self.refuse(&refusal, "admin:GetPolicy", &format!("read the policy {name}"))),
        };
        final_only(answer)
    }

    /// Looks at a user, and where it may log in, whether the plan's secret key is its own: by a request signed with it.
    ///
    /// # Errors
    /// What may pass. What does not is the inner error.
    pub(super) async fn probe_user(
        &mut self,
        name: &str,
        wanted: &User,
        context: &Context,
    ) -> Result<Found<UserState>, Failure> {
        let call = call("GET", "user-info", vec![("accessKey", name.to_owned())], Vec::new());
        let body = match self.client.send(&call, context).await? {
            Ok(body) => body,
            Err(refusal) if refusal.code == "XMinioAdminNoSuchUser" => return Ok(Ok(None)),
            Err(refusal) => {
                let failure = self.refuse(&refusal, "admin:GetUser", &format!("read the user {name}"));
                return final_only(Err(failure));
            }
        };
        let Ok(info) = serde_json::from_slice::<Value>(&body) else {
            return Ok(Err(Failure::other("the server's answer about the user is not JSON")));
        };
        let text = |key: &str| info.get(key).and_then(Value::as_str).unwrap_or_default();
        let policies =
            text("policyName").split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        let mut state = UserState {
            enabled: text("status") == "enabled",
            policies: policies.collect(),
            key_matches: None,
        };
        if state.enabled {
            state.key_matches = self.key_matches(name, wanted, context).await?;
        }
        Ok(Ok(Some(state)))
    }

    async fn key_matches(
        &mut self,
        name: &str,
        wanted: &User,
        context: &Context,
    ) -> Result<Option<bool>, Failure> {
        let account = Account {
            label: name.to_owned(),
            access_key: crate::secret::Secret::new(name),
            secret_key: wanted.secret_key.secret().clone(),
        };
        let list = Call { method: "GET", path: "/".to_owned(), ..Call::default() };
        match self.client.send_as(&account, &list, context).await? {
            Ok(_) => Ok(Some(true)),
            // A signature is checked before a permission.
            Err(refusal) if refusal.is_denied() => Ok(Some(true)),
            Err(refusal) if refusal.code == "SignatureDoesNotMatch" => Ok(Some(false)),
            // Not known to every node yet, or switched off meanwhile.
            Err(refusal) => Err(Failure::not_ready(
                format!("{} to answer the user {name}", self.client.address()),
                refusal.answer(),
            )),
        }
    }

    /// Makes a policy, or replaces it.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub(super) async fn apply_policy(
        &mut self,
        name: &str,
        statements: &[Value],
        context: &Context,
    ) -> Result<(), Failure> {
        let body = policy::document(statements);
        let call = call("PUT", "add-canned-policy", vec![("name", name.to_owned())], body);
        match self.client.send(&call, context).await? {
            Ok(_) => Ok(()),
            Err(refusal) => {
                Err(self.refuse(&refusal, "admin:CreatePolicy", &format!("set the policy {name}")))
            }
        }
    }

    /// Carries out a change of a user.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub(super) async fn apply_user(
        &mut self,
        target: &Target,
        change: &UserChange,
        context: &Context,
    ) -> Result<(), Failure> {
        let name = &change.name;
        let Some(wanted) = target.users.get(name) else {
            return Err(Failure::other("a change of a user that the plan does not have"));
        };
        let status = if wanted.enabled { "enabled" } else { "disabled" };
        if change.write {
            let body = json!({"secretKey": wanted.secret_key.secret().expose(), "status": status});
            let sealed = self.seal(body.to_string().as_bytes(), context).await?;
            let call = call("PUT", "add-user", vec![("accessKey", name.clone())], sealed);
            if let Err(refusal) = self.client.send(&call, context).await? {
                let action = format!("set the secret key of the user {name}");
                return Err(self.refuse(&refusal, "admin:CreateUser", &action));
            }
        }
        if change.status {
            let query = vec![("accessKey", name.clone()), ("status", status.to_owned())];
            let call = call("PUT", "set-user-status", query, Vec::new());
            if let Err(refusal) = self.client.send(&call, context).await? {
                let permission = if wanted.enabled { "admin:EnableUser" } else { "admin:DisableUser" };
                return Err(self.refuse(&refusal, permission, &format!("set the status of the user {name}")));
            }
        }
        if change.policies {
            let query = vec![
                ("policyName", wanted.policies.join(",")),
                ("userOrGroup", name.clone()),
                ("isGroup", "false".to_owned()),
            ];
            let call = call("PUT", "set-user-or-group-policy", query, Vec::new());
            if let Err(refusal) = self.client.send(&call, context).await? {
                let action = format!("attach policies to the user {name}");
                let failure = self.refuse(&refusal, "admin:AttachUserOrGroupPolicy", &action);
                return Err(if refusal.code == "XMinioAdminNoSuchPolicy" {
                    let help = "say the policy under `policies`, or name one that the server has";
                    failure.with_help(help)
                } else {
                    failure
                });
            }
        }
        Ok(())
    }

    /// Encrypts a body with the secret key of the account that sends it. Deriving the key keeps a core busy, so it is done on
    /// another thread and once for all users.
    async fn seal(&mut self, body: &[u8], context: &Context) -> Result<Vec<u8>, Failure> {
        let unable = |error: String| Failure::other(format!("the request cannot be encrypted: {error}"));
        let key = match self.seal_key.take() {
            Some(key) => key,
            None => {
                let secret_key = self.client.account.secret_key.clone();
                let derive = tokio::task::spawn_blocking(move || SealKey::derive(&secret_key));
                let derived = context.bounded("a key to be derived", derive).await?;
                derived.map_err(|error| unable(error.to_string()))?.map_err(unable)?
            }
        };
        let sealed = key.seal(body).map_err(unable);
        self.seal_key = Some(key);
        sealed
    }

    fn refuse(&self, refusal: &Refusal, permission: &str, action: &str) -> Failure {
        if !refusal.is_json && !refusal.is_about_credentials() {
            let reason = format!(
                "users and policies are not S3, and {} does not offer MinIO's admin interface ({})",
                self.client.address(),
                refusal.answer()
            );
            let help =
                "manage them with the server's own tools and leave `users` and `policies` out of the plan";
            return Failure::other(reason).with_help(help);
        }
        refusal.failure(&self.client.account, Intent { permission, action, feature: None })
    }
}

/// What may pass is an error of the look, what is final an error of the object.
fn final_only<T>(found: Found<T>) -> Result<Found<T>, Failure> {
    match found {
        Err(failure) if failure.is_retryable() => Err(failure),
        found => Ok(found),
    }
}
