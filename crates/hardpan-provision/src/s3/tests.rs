//! What is to be done, decided without a server.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hardpan_compose::{Loader, PathKind, ReadError};
use hardpan_source::FileTable;
use serde_json::json;

use super::bucket::{BucketState, Edit, Existence};
use super::identity::{UserChange, UserState};
use super::settings::wanted_rules;
use super::{Change, S3, State, policy};
use crate::backend::Backend as _;
use crate::error::Failure;
use crate::plan;
use crate::plan::s3::{Target, Versioning};
use crate::step::{Action, Step};

struct Secrets;

impl Loader for Secrets {
    fn read(&self, path: &str, _: u64) -> Result<Vec<u8>, ReadError> {
        Ok(path.as_bytes().to_vec())
    }

    fn kind(&self, _: &str) -> Option<PathKind> {
        None
    }

    fn real_path(&self, _: &str) -> Option<String> {
        None
    }
}

fn target(objects: &str) -> Target {
    let text = format!(
        "s3: {{store: {{endpoint: 'http://minio:9000', access_key_file: /root, secret_key_file: /key, {objects}}}}}"
    );
    let mut files = FileTable::new();
    let file = files.add("plan.yml", text.clone());
    let (plan, problems) = plan::read(&text, file, &HashMap::new());
    assert!(problems.is_empty(), "{problems:?}");
    let prepared = plan.prepare(&[], &Secrets, "/secrets").expect("a plan");
    match prepared.targets.into_iter().next() {
        Some((plan::Target::S3(target), _)) => target,
        other => panic!("{other:?}"),
    }
}

fn steps(objects: &str, state: &State) -> Vec<Step<Change>> {
    S3::plan(&target(objects), state)
}

fn bucket_step(settings: &str, bucket: BucketState) -> Step<Change> {
    let state = State { buckets: BTreeMap::from([("logs".to_owned(), bucket)]), ..State::default() };
    steps(&format!("buckets: {{logs: {settings}}}"), &state).remove(0)
}

fn edits(step: &Step<Change>) -> &[Edit] {
    match &step.action {
        Action::Create(Change::Bucket { edits, .. }) | Action::Change(Change::Bucket { edits, .. }) => edits,
        other => panic!("{other:?}"),
    }
}

fn differences(step: &Step<Change>) -> String {
    step.differences.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

const SETTINGS: &str =
    "{versioning: enabled, encryption: {algorithm: AES256}, tags: {a: b}, public_read: true,
    lifecycle: [{id: old, expire_days: 3}]}";

#[test]
fn a_bucket_that_is_not_there_is_made_with_all_its_settings_in_order() {
    for existence in [Existence::Absent, Existence::Hidden] {
        let step = bucket_step(SETTINGS, BucketState::of(existence));
        assert!(matches!(step.action, Action::Create(_)));
        let names: Vec<String> = edits(&step)
            .iter()
            .map(|edit| format!("{edit:?}").split([' ', '(']).next().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(names, ["Create", "Versioning", "Encryption", "Lifecycle", "Policy", "Tags"]);
    }
    let step = bucket_step("{}", BucketState::of(Existence::Absent));
    assert_eq!(edits(&step), [Edit::Create { object_lock: false }]);
    let step = bucket_step("{object_lock: true, versioning: enabled}", BucketState::of(Existence::Absent));
    assert_eq!(edits(&step), [Edit::Create { object_lock: true }], "locks bring versions with them");
}

fn as_wanted() -> BucketState {
    let target = target(&format!("buckets: {{logs: {SETTINGS}}}"));
    let wanted = &target.buckets["logs"];
    BucketState {
        versioning: Some(Ok(Some(Versioning::Enabled))),
        encryption: Some(Ok(wanted.encryption.clone())),
        lifecycle: Some(Ok(wanted_rules(wanted.lifecycle.as_deref().unwrap_or_default()))),
        policy: Some(Ok(policy::public_statements("logs", wanted))),
        tags: Some(Ok(BTreeMap::from([("a".to_owned(), "b".to_owned())]))),
        ..BucketState::of(Existence::Here)
    }
}

#[test]
fn a_bucket_that_is_as_wanted_is_left_alone_and_each_setting_that_differs_is_one_edit() {
    let step = bucket_step(SETTINGS, as_wanted());
    assert!(matches!(step.action, Action::Nothing), "{step:?}");
    let cases = [
        (BucketState { versioning: Some(Ok(None)), ..as_wanted() }, "versioning none -> enabled"),
        (BucketState { encryption: Some(Ok(None)), ..as_wanted() }, "encryption none -> AES256"),
        (
            BucketState { lifecycle: Some(Ok(Vec::new())), ..as_wanted() },
            "lifecycle none -> old: expire_days 3",
        ),
        (BucketState { tags: Some(Ok(BTreeMap::new())), ..as_wanted() }, "tags none -> a=b"),
        (
            BucketState { policy: Some(Ok(Vec::new())), ..as_wanted() },
            "public_read nothing -> {\"Effect\":\"allow\"} AWS * s3:getobject arn:aws:s3:::logs/*",
        ),
    ];
    for (state, expected) in cases {
        let step = bucket_step(SETTINGS, state);
        assert_eq!(differences(&step), expected);
        assert_eq!(edits(&step).len(), 1, "{step:?}");
    }
    let suspended = bucket_step(
        "{versioning: suspended}",
        BucketState { versioning: Some(Ok(None)), ..BucketState::of(Existence::Here) },
    );
    assert!(matches!(suspended.action, Action::Nothing), "never kept is not kept");
}

#[test]
fn object_lock_cannot_be_switched_and_is_refused_with_everything_that_differs() {
    for (wanted, is) in [(true, false), (false, true)] {
        let state = BucketState {
            object_lock: Some(Ok((is, None))),
            tags: Some(Ok(BTreeMap::new())),
            ..BucketState::of(Existence::Here)
        };
        let step = bucket_step(&format!("{{object_lock: {wanted}, tags: {{a: b}}}}"), state);
        assert!(matches!(step.action, Action::Refuse(_)));
        assert_eq!(differences(&step), format!("object_lock {is} -> {wanted}, tags none -> a=b"));
    }
}

#[test]
fn a_bucket_is_made_public_only_where_the_plan_says_so_and_what_it_does_not_speak_of_stays() {
    let public =
        json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::logs/*"});
    let other = json!({
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::logs/*",
    });
    let state = || BucketState {
        policy: Some(Ok(vec![public.clone(), other.clone()])),
        ..BucketState::of(Existence::Here)
    };
    let step = bucket_step("{}", state());
    assert!(matches!(step.action, Action::Nothing), "not said");
    let step = bucket_step("{public_read: false}", state());
    assert_eq!(edits(&step), [Edit::Policy(vec![other.clone()])]);
    let step = bucket_step("{policy: []}", state());
    assert_eq!(edits(&step), [Edit::Policy(vec![public.clone()])]);
    let step = bucket_step("{public_read: false, policy: []}", state());
    assert_eq!(edits(&step), [Edit::Policy(Vec::new())]);
    let step = bucket_step("{public_read: true, public_prefixes: [a/, b/]}", state());
    let [Edit::Policy(statements)] = edits(&step) else { panic!("{step:?}") };
    assert_eq!(statements[0]["Action"], json!(["s3:GetObject"]), "reading is all that is public");
    assert_eq!(statements[0]["Resource"], json!(["arn:aws:s3:::logs/a/*", "arn:aws:s3:::logs/b/*"]));
    assert_eq!(statements[1], other);
}

#[test]
fn what_cannot_be_read_fails_the_object_unless_nothing_is_wanted_of_it() {
    let missing = Failure::other("the server does not offer lifecycle rules");
    let state = |failure: &Failure| BucketState {
        lifecycle: Some(Err(failure.clone())),
        ..BucketState::of(Existence::Here)
    };
    let step = bucket_step("{lifecycle: [{id: a, expire_days: 1}]}", state(&missing));
    assert!(matches!(&step.action, Action::Fail(failure) if *failure == missing), "{step:?}");
    let step = bucket_step("{lifecycle: []}", state(&missing));
    assert!(matches!(step.action, Action::Nothing), "a server without rules has none: {step:?}");
    let denied = Failure::Privilege {
        user: "u".to_owned(),
        privilege: "p".to_owned(),
        action: "a".to_owned(),
        answer: String::new(),
    };
    let step = bucket_step("{lifecycle: []}", state(&denied));
    assert!(matches!(step.action, Action::Fail(_)), "what may not be read is unknown: {step:?}");
}

fn user_step(settings: &str, found: Option<UserState>) -> Step<Change> {
    let state = State { users: BTreeMap::from([("app".to_owned(), Ok(found))]), ..State::default() };
    steps(&format!("users: {{app: {settings}}}"), &state).remove(0)
}

fn user(step: &Step<Change>) -> (bool, bool, bool) {
    match &step.action {
        Action::Create(Change::User(change)) | Action::Change(Change::User(change)) => {
            let UserChange { write, status, policies, .. } = change;
            (*write, *status, *policies)
        }
        Action::Nothing => (false, false, false),
        other => panic!("{other:?}"),
    }
}

#[test]
fn of_a_user_only_what_differs_is_written() {
    let policies = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let found = |enabled: bool, names: &[&str], key_matches: Option<bool>| {
        Some(UserState { enabled, policies: policies(names), key_matches })
    };
    let wanted = "{secret_key_file: /app, policies: [a, b]}";
    let off = "{secret_key_file: /app, policies: [a], enabled: false}";
    for (settings, found, expected, said) in [
        (wanted, None, (true, false, true), ""),
        (wanted, found(true, &["b", "a"], Some(true)), (false, false, false), ""),
        (wanted, found(true, &["a", "b"], Some(false)), (true, false, false), "secret_key"),
        (wanted, found(true, &["a", "c"], Some(true)), (false, false, true), "policies a, c -> a, b"),
        // Its key cannot be known while it may not log in, so it is written with the permission to.
        (wanted, found(false, &["a", "b"], None), (true, false, false), "enabled false -> true"),
        (off, found(true, &["c"], Some(true)), (false, true, false), "enabled true -> false"),
        (off, found(true, &["a"], Some(false)), (true, false, false), "secret_key, enabled true -> false"),
        (off, found(false, &[], None), (false, false, false), ""),
        (off, None, (true, false, false), ""),
    ] {
        let step = user_step(settings, found);
        assert_eq!(user(&step), expected, "{step:?}");
        assert_eq!(differences(&step), said);
    }
}

#[test]
fn a_user_needs_the_policies_of_the_plan_and_cannot_be_the_own_account() {
    let state = State {
        policies: BTreeMap::from([("a".to_owned(), Ok(None))]),
        users: BTreeMap::from([("app".to_owned(), Ok(None)), ("x".to_owned(), Ok(None))]),
        ..State::default()
    };
    let objects =
        "policies: {a: {read: [logs]}}, users: {app: {secret_key_file: /app, policies: [a, readonly]}}";
    let steps = steps(objects, &state);
    let needs: Vec<&str> = steps[1].needs.iter().map(crate::step::ObjectId::as_str).collect();
    assert_eq!(needs, ["store/policy/a"], "what the server brings with it is nothing of the plan's");
    let mut own = target("users: {x: {secret_key_file: /app}}");
    let user = own.users.remove("x").expect("the user");
    own.users.insert("/root".to_owned(), user);
    let state = State { users: BTreeMap::from([("/root".to_owned(), Ok(None))]), ..State::default() };
    assert!(matches!(S3::plan(&own, &state)[0].action, Action::Fail(_)));
}

#[test]
fn a_policy_is_compared_by_what_it_means() {
    let objects = "policies: {p: {read: [logs], write: [inbox]}}";
    let wanted = policy::user_statements(&target(objects).policies["p"]);
    let step = |statements: Vec<serde_json::Value>| {
        let found = BTreeMap::from([("p".to_owned(), Ok(Some(statements)))]);
        steps(objects, &State { policies: found, ..State::default() }).remove(0)
    };
    let mut same = wanted.clone();
    same.reverse();
    assert!(matches!(step(same).action, Action::Nothing));
    let mut less = wanted;
    less.pop();
    let step = step(less);
    assert!(matches!(step.action, Action::Change(_)));
    assert!(differences(&step).starts_with("statements nothing -> "), "{}", differences(&step));
}
