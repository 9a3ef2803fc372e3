//! Fixes in every form of YAML that people write: what changes, what stays, and what is refused.

use hardpan_rules::fix::fix;
use hardpan_rules::policy::Date;
use hardpan_rules::{Safety, Settings};

mod common;

use common::Memory;

/// Fixes the missing init processes of a project and gives the new texts, or why nothing was done.
fn fixed(files: &[(&str, &str)]) -> Result<Vec<(String, String)>, Vec<String>> {
    let memory = Memory::new(files);
    let settings = Settings {
        root: "/p".to_owned(),
        policy: None,
        house_rules: false,
        today: Date::parse("2026-11-21").expect("a day"),
    };
    let only = |finding: &hardpan_rules::Finding| finding.code == "HP-SEC-004";
    let fixed = fix(&common::request(), &settings, &memory, Safety::Safe, &only);
    let refused: Vec<String> =
        fixed.attempts.iter().filter_map(|attempt| Some(attempt.refusal.as_ref()?.to_string())).collect();
    if !refused.is_empty() {
        return Err(refused);
    }
    Ok(fixed.texts.into_iter().map(|(path, text)| (path["/p/".len()..].to_owned(), text)).collect())
}

#[track_caller]
fn check(before: &str, after: &str) {
    let expected = vec![("compose.yaml".to_owned(), after.to_owned())];
    assert_eq!(fixed(&[("compose.yaml", before)]), Ok(expected));
    assert_eq!(fixed(&[("compose.yaml", after)]), Ok(Vec::new()), "a second run changes nothing");
}

#[track_caller]
fn refuses(before: &str, why: &str) {
    assert_eq!(fixed(&[("compose.yaml", before)]), Err(vec![why.to_owned()]));
}

#[test]
fn comments_quotes_and_order_survive() {
    check(
        "# the stack\nservices:\n  web: # the shop\n    image: \"a:1\"   # pinned\n\n    # open\n    ports: ['80']  # http\n  # next\n  db:\n    image: b:1\n    init: true\n",
        "# the stack\nservices:\n  web: # the shop\n    image: \"a:1\"   # pinned\n\n    # open\n    ports: ['80']  # http\n    init: true\n  # next\n  db:\n    image: b:1\n    init: true\n",
    );
}

#[test]
fn flow_mappings_stay_on_their_line() {
    check("services: {web: {image: a:1}}\n", "services: {web: {image: a:1, init: true}}\n");
    check("services:\n  web: { image: a:1, }\n", "services:\n  web: { image: a:1, init: true }\n");
}

#[test]
fn the_kind_of_line_break_stays() {
    check(
        "services:\r\n  web:\r\n    image: a:1\r\n  db:\r\n    image: b:1\r\n",
        "services:\r\n  web:\r\n    image: a:1\r\n    init: true\r\n  db:\r\n    image: b:1\r\n    init: true\r\n",
    );
    check("services:\n  web:\n    image: a:1", "services:\n  web:\n    image: a:1\n    init: true");
}

#[test]
fn what_ends_in_a_block_scalar_or_a_list_is_continued_below_it() {
    check(
        "services:\n  web:\n    image: a:1\n    labels:\n      note: |\n        two\n        lines\n\nvolumes: {}\n",
        "services:\n  web:\n    image: a:1\n    labels:\n      note: |\n        two\n        lines\n    init: true\n\nvolumes: {}\n",
    );
    check(
        "services:\n  web:\n    image: a:1\n    ports:\n    - 80:80\n    - 81:81\n",
        "services:\n  web:\n    image: a:1\n    ports:\n    - 80:80\n    - 81:81\n    init: true\n",
    );
}

#[test]
fn a_value_is_replaced_and_nothing_beside_it() {
    check(
        "services:\n  web:\n    init: no # for now\n    image: a:1\n",
        "services:\n  web:\n    init: true # for now\n    image: a:1\n",
    );
}

#[test]
fn the_template_is_cured_and_not_its_twenty_heirs() {
    let heirs = "services:\n  one:\n    extends: {file: t.yaml, service: app}\n  two:\n    extends: {file: t.yaml, service: app}\n";
    let template = "services:\n  app:\n    image: a:1\n";
    assert_eq!(
        fixed(&[("compose.yaml", heirs), ("t.yaml", template)]),
        Ok(vec![("t.yaml".to_owned(), "services:\n  app:\n    image: a:1\n    init: true\n".to_owned())])
    );
}

#[test]
fn an_anchor_that_others_use_is_left_alone() {
    // `off` is a value of the anchor; the worker wants it that way, says a comment that no program can read.
    check(
        "x-base: &base\n  init: false\nservices:\n  web:\n    <<: *base\n    image: a:1\n  worker:\n    <<: *base\n    image: b:1\n",
        "x-base: &base\n  init: true\nservices:\n  web:\n    <<: *base\n    image: a:1\n  worker:\n    <<: *base\n    image: b:1\n",
    );
    refuses(
        "x-web: &web\n  image: a:1\nservices:\n  web: *web\n",
        "the value comes from an anchor that others may use",
    );
}
