//! Requests about buckets: looking at them and changing them.
//!
//! Not responsible for what has to be changed. A newcomer needs to know one thing: every change replaces one configuration as a
//! whole, so it can be repeated, and two runs at once end with the same.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::bucket::{BucketState, Edit, Existence, Found};
use super::client::{Call, Client, Intent, Refusal};
use super::policy;
use super::settings;
use super::xml::{self, Element, document};
use crate::error::Failure;
use crate::plan::s3::{Bucket, Retention, Versioning};
use crate::wait::{Context, Pause};

/// Whether objects of a bucket can be locked, and for how long new ones are.
type Lock = (bool, Option<Retention>);

/// How long a server may take to know of a new bucket that its objects can be locked. It is only waited for where the answer would
/// be that a bucket is refused.
const SETTLE_MAX: Duration = Duration::from_secs(5);

/// What to do where a server does not have a part of a rule.
const NO_UPLOADS: &str = "some servers do not have `abort_multipart_days`: leave it out of the plan; MinIO removes unfinished \
                          uploads without it, after a day unless it is told otherwise";

/// A configuration of a bucket: where it is, which permissions it takes, and what it is called.
struct Kind {
    /// The name in the query.
    query: &'static str,
    read: &'static str,
    write: &'static str,
    remove: &'static str,
    /// For people, in the plural where it is.
    what: &'static str,
    /// The plan's key.
    key: &'static str,
}

const VERSIONING: Kind = Kind {
    query: "versioning",
    read: "s3:GetBucketVersioning",
    write: "s3:PutBucketVersioning",
    remove: "s3:PutBucketVersioning",
    what: "versioning",
    key: "versioning",
};
const OBJECT_LOCK: Kind = Kind {
    query: "object-lock",
    read: "s3:GetBucketObjectLockConfiguration",
    write: "s3:PutBucketObjectLockConfiguration",
    remove: "s3:PutBucketObjectLockConfiguration",
    what: "object lock",
    key: "object_lock",
};
const ENCRYPTION: Kind = Kind {
    query: "encryption",
    read: "s3:GetEncryptionConfiguration",
    write: "s3:PutEncryptionConfiguration",
    remove: "s3:PutEncryptionConfiguration",
    what: "default encryption",
    key: "encryption",
};
const LIFECYCLE: Kind = Kind {
    query: "lifecycle",
    read: "s3:GetLifecycleConfiguration",
    write: "s3:PutLifecycleConfiguration",
    remove: "s3:PutLifecycleConfiguration",
    what: "lifecycle rules",
    key: "lifecycle",
};
const POLICY: Kind = Kind {
    query: "policy",
    read: "s3:GetBucketPolicy",
    write: "s3:PutBucketPolicy",
    remove: "s3:DeleteBucketPolicy",
    what: "bucket policies",
    key: "policy` and `public_read",
};
const TAGS: Kind = Kind {
    query: "tagging",
    read: "s3:GetBucketTagging",
    write: "s3:PutBucketTagging",
    remove: "s3:PutBucketTagging",
    what: "tags of buckets",
    key: "tags",
};

/// Looks at a bucket, at as much of it as the plan speaks of.
///
/// # Errors
/// What may pass. What does not is in the state.
pub(super) async fn probe(
    client: &mut Client,
    name: &str,
    wanted: &Bucket,
    context: &Context,
) -> Result<BucketState, Failure> {
    let mut state = BucketState::of(existence(client, name, context).await?);
    if state.existence != Existence::Here {
        return Ok(state);
    }
    let mut look = Look { client, name, context };
    if wanted.versioning.is_some() {
        let root = look.xml(&VERSIONING).await?;
        state.versioning =
            Some(root.map(
                |root| match root.as_ref().and_then(|root| root.text_of("Status")).map(str::trim) {
                    Some("Enabled") => Some(Versioning::Enabled),
                    Some(_) => Some(Versioning::Suspended),
                    None => None,
                },
            ));
    }
    if wanted.object_lock.is_some() || wanted.retention.is_some() {
        let needs_lock = wanted.object_lock == Some(true);
        state.object_lock = Some(look.object_lock(needs_lock).await?);
    }
    if wanted.encryption.is_some() {
        let root = look.xml(&ENCRYPTION).await?;
        state.encryption = Some(root.map(|root| root.as_ref().and_then(settings::read_encryption)));
    }
    if wanted.lifecycle.is_some() {
        let root = look.xml(&LIFECYCLE).await?;
        state.lifecycle =
            Some(root.map(|root| root.as_ref().map(settings::read_lifecycle).unwrap_or_default()));
    }
    if wanted.policy.is_some() || wanted.public_read.is_some() {
        state.policy = look.statements().await?;
    }
    if wanted.tags.is_some() {
        let root = look.xml(&TAGS).await?;
        state.tags = Some(root.map(|root| root.as_ref().map(settings::read_tags).unwrap_or_default()));
    }
    Ok(state)
}

/// Whether a bucket is there, as far as the account may know.
async fn existence(client: &mut Client, name: &str, context: &Context) -> Result<Existence, Failure> {
    let location = Call {
        method: "GET",
        path: format!("/{name}"),
        query: vec![("location", String::new())],
        ..Call::default()
    };
    let refusal = match client.send(&location, context).await? {
        Ok(body) if xml::parse(&body).is_ok_and(|root| root.name == "LocationConstraint") => {
            return Ok(Existence::Here);
        }
        Ok(_) => return Err(Failure::other("the server's answer about the bucket makes no sense")),
        Err(refusal) => refusal,
    };
    if refusal.status == 404 {
        return Ok(Existence::Absent);
    }
    if !refusal.is_denied() && !refusal.is_not_offered() {
        let action = format!("look for the bucket {name}");
        let intent = Intent { permission: "s3:GetBucketLocation", action: &action, feature: None };
        return Err(refusal.failure(&client.account, intent));
    }
    // Who may list a bucket may know that it is there without being told where.
    let head = Call { method: "HEAD", path: format!("/{name}"), ..Call::default() };
    match client.send(&head, context).await? {
        Ok(_) => Ok(Existence::Here),
        Err(refusal) if refusal.status == 404 => Ok(Existence::Absent),
        Err(_) => Ok(Existence::Hidden),
    }
}

/// Looks at the configurations of one bucket.
struct Look<'a> {
    client: &'a mut Client,
    name: &'a str,
    context: &'a Context,
}

impl Look<'_> {
    /// A configuration's text; `None` inside where there is none. The inner error is final.
    async fn text(&mut self, kind: &Kind) -> Result<Result<Option<Vec<u8>>, Failure>, Failure> {
        let call = Call {
            method: "GET",
            path: format!("/{}", self.name),
            query: vec![(kind.query, String::new())],
            ..Call::default()
        };
        let refusal = match self.client.send(&call, self.context).await? {
            Ok(body) => return Ok(Ok(Some(body))),
            Err(refusal) => refusal,
        };
        if refusal.code == "NoSuchBucket" {
            let waiting_for = format!("the bucket {} to be seen everywhere", self.name);
            return Err(Failure::not_ready(waiting_for, refusal.answer()));
        }
        if refusal.status == 404 {
            return Ok(Ok(None));
        }
        let failure = refuse(self.client, self.name, kind, kind.read, "read", &refusal);
        if failure.is_retryable() { Err(failure) } else { Ok(Err(failure)) }
    }

    async fn xml(&mut self, kind: &Kind) -> Result<Result<Option<Element>, Failure>, Failure> {
        let text = self.text(kind).await?;
        Ok(text.and_then(|text| match text {
            None => Ok(None),
            Some(text) => xml::parse(&text).map(Some).map_err(|error| self.nonsense(kind, &error)),
        }))
    }

    /// Whether objects can be locked, and for how long new ones are. Where they shall be and cannot yet, it is asked again for a
    /// while: a server may show a bucket that another run is just making before it knows of the lock.
    async fn object_lock(&mut self, needs_lock: bool) -> Result<Result<Lock, Failure>, Failure> {
        let end = Instant::now() + SETTLE_MAX;
        let mut pause = Pause::default();
        loop {
            let root = self.xml(&OBJECT_LOCK).await?;
            let lock = root.map(|root| root.as_ref().map(settings::read_object_lock).unwrap_or_default());
            let next = Instant::now() + pause.next();
            let is_settled = !needs_lock || lock.as_ref().map_or(true, |(locked, _)| *locked);
            if is_settled || next > end {
                return Ok(lock);
            }
            tokio::time::sleep_until(next).await;
        }
    }

    async fn statements(&mut self) -> Result<Found<Vec<Value>>, Failure> {
        let text = self.text(&POLICY).await?;
        Ok(Some(text.and_then(|text| match text {
            None => Ok(Vec::new()),
            Some(text) => policy::statements(&text).map_err(|error| self.nonsense(&POLICY, &error)),
        })))
    }

    fn nonsense(&self, kind: &Kind, error: &str) -> Failure {
        Failure::other(format!(
            "the server's answer about {} of {} makes no sense: {error}",
            kind.what, self.name
        ))
    }
}

fn refuse(
    client: &Client,
    name: &str,
    kind: &Kind,
    permission: &str,
    verb: &str,
    refusal: &Refusal,
) -> Failure {
    let permission = format!("{permission} on {name}");
    let action = format!("{verb} {} of {name}", kind.what);
    let feature = Some((kind.what, kind.key));
    refusal.failure(&client.account, Intent { permission: &permission, action: &action, feature })
}

/// Carries out one edit.
///
/// # Errors
/// Why it cannot be done.
pub(super) async fn apply(
    client: &mut Client,
    region: &str,
    name: &str,
    edit: &Edit,
    context: &Context,
) -> Result<(), Failure> {
    let mut put = Put { client, name, context };
    match edit {
        Edit::Create { object_lock } => create(put.client, region, name, *object_lock, context).await,
        Edit::Versioning(versioning) => {
            let status = if *versioning == Versioning::Enabled { "Enabled" } else { "Suspended" };
            let body = document("VersioningConfiguration", |xml| xml.text("Status", status));
            put.set(&VERSIONING, body).await
        }
        Edit::Retention(retention) => put.set(&OBJECT_LOCK, settings::write_retention(retention)).await,
        Edit::Encryption(encryption) => put.set(&ENCRYPTION, settings::write_encryption(encryption)).await,
        Edit::Lifecycle(rules) if rules.is_empty() => put.remove(&LIFECYCLE).await,
        Edit::Lifecycle(rules) => {
            let has_uploads = rules.iter().any(|rule| rule.rule.abort_multipart_days.is_some());
            match put.set(&LIFECYCLE, settings::write_lifecycle(rules)).await {
                Ok(()) if has_uploads => put.lifecycle_was_understood(rules).await,
                // A rule of which nothing is left without that part is refused as if it were ill-formed.
                Err(failure @ Failure::Other { help: None, .. }) if has_uploads => {
                    Err(failure.with_help(NO_UPLOADS))
                }
                done => done,
            }
        }
        Edit::Policy(statements) if statements.is_empty() => put.remove(&POLICY).await,
        Edit::Policy(statements) => put.set(&POLICY, policy::document(statements)).await,
        Edit::Tags(tags) if tags.is_empty() => put.remove(&TAGS).await,
        Edit::Tags(tags) => put.set(&TAGS, settings::write_tags(tags)).await,
    }
}

async fn create(
    client: &mut Client,
    region: &str,
    name: &str,
    object_lock: bool,
    context: &Context,
) -> Result<(), Failure> {
    // The first region is not named (S3 API reference, CreateBucket).
    let body = if region == "us-east-1" {
        Vec::new()
    } else {
        document("CreateBucketConfiguration", |xml| xml.text("LocationConstraint", region))
    };
    let headers = if object_lock { vec![("x-amz-bucket-object-lock-enabled", "true")] } else { Vec::new() };
    let call = Call { method: "PUT", path: format!("/{name}"), headers, body, ..Call::default() };
    if let Err(refusal) = client.send(&call, context).await? {
        match refusal.code.as_str() {
            // Another run was faster, or the account may not see what it has.
            "BucketAlreadyOwnedByYou" => {}
            "BucketAlreadyExists" => {
                let failure = Failure::other(format!("the bucket {name} belongs to another account"));
                return Err(failure.with_help("all accounts of a server share the names: choose another"));
            }
            _ => {
                let permission = format!("s3:CreateBucket on {name}");
                let action = format!("create the bucket {name}");
                let intent = Intent { permission: &permission, action: &action, feature: None };
                return Err(refusal.failure(&client.account, intent));
            }
        }
    }
    if existence(client, name, context).await? == Existence::Hidden {
        return Err(Failure::Privilege {
            user: client.account.label.clone(),
            privilege: format!("s3:GetBucketLocation on {name}"),
            action: format!("see the bucket {name}, which is there"),
            answer: "AccessDenied".to_owned(),
        });
    }
    if object_lock {
        let mut look = Look { client, name, context };
        if let Ok((false, _)) = look.object_lock(true).await? {
            let reason =
                format!("the bucket {name} was made by somebody else meanwhile, without object lock");
            return Err(Failure::other(reason));
        }
    }
    Ok(())
}

/// Changes the configurations of one bucket.
struct Put<'a> {
    client: &'a mut Client,
    name: &'a str,
    context: &'a Context,
}

impl Put<'_> {
    async fn set(&mut self, kind: &Kind, body: Vec<u8>) -> Result<(), Failure> {
        let call = self.call("PUT", kind, body);
        match self.client.send(&call, self.context).await? {
            Ok(_) => Ok(()),
            Err(refusal) => Err(refuse(self.client, self.name, kind, kind.write, "set", &refusal)),
        }
    }

    async fn remove(&mut self, kind: &Kind) -> Result<(), Failure> {
        let call = self.call("DELETE", kind, Vec::new());
        match self.client.send(&call, self.context).await? {
            Ok(_) => Ok(()),
            // Somebody else was faster.
            Err(refusal) if refusal.status == 404 && refusal.code != "NoSuchBucket" => Ok(()),
            Err(refusal) => Err(refuse(self.client, self.name, kind, kind.remove, "remove", &refusal)),
        }
    }

    fn call(&self, method: &'static str, kind: &Kind, body: Vec<u8>) -> Call {
        let query = vec![(kind.query, String::new())];
        Call { method, path: format!("/{}", self.name), query, body, ..Call::default() }
    }

    /// MinIO takes a rule about unfinished uploads and forgets that part of it. Waiting would not make it appear.
    async fn lifecycle_was_understood(&mut self, rules: &[settings::Rule]) -> Result<(), Failure> {
        let mut look = Look { client: self.client, name: self.name, context: self.context };
        let Ok(Some(root)) = look.xml(&LIFECYCLE).await? else { return Ok(()) };
        let mut without = rules.to_vec();
        without.iter_mut().for_each(|rule| rule.rule.abort_multipart_days = None);
        if settings::read_lifecycle(&root) == without {
            let reason = "the server took the rules and left `abort_multipart_days` out of them";
            return Err(Failure::other(reason).with_help(NO_UPLOADS));
        }
        Ok(())
    }
}
