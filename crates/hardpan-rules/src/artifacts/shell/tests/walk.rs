//! What surrounds a command.

use super::*;

fn context_of<'a>(script: &'a Script, name: &str) -> Context<'a> {
    let visited = commands(script).into_iter().find(|visited| visited.command.name() == Some(name));
    visited.expect("the command is in the script").context
}

/// The names of the commands for which `holds`.
fn which(text: &str, holds: impl Fn(&Context<'_>) -> bool) -> String {
    let script = parse(text);
    let names: Vec<String> = commands(&script)
        .iter()
        .filter(|visited| holds(&visited.context))
        .map(|visited| visited.command.name().unwrap_or("?").to_owned())
        .collect();
    names.join(" ")
}

#[test]
fn a_status_is_tested_where_it_decides_something() {
    let tested = |text| which(text, |context| context.tested);
    assert_eq!(tested("a && b || c; d"), "a b");
    assert_eq!(tested("if a; b; then c; else d; fi"), "b");
    assert_eq!(tested("until a | b; do c; done"), "b");
    assert_eq!(tested("{ a; b; } || c"), "b");
    assert_eq!(tested("set -o pipefail; a | b || c"), "a b");
    assert_eq!(tested("x=$(a) || b; echo $(c) || d"), "? a echo");
    assert_eq!(tested("f() { a; }; if f; then b; fi"), "f");
    assert_eq!(tested("if x; then a; fi || b"), "x a");
    let script = parse("a || b");
    assert!(is_condition_tested(&commands(&script)[0]));
}

#[test]
fn errexit_does_not_apply_under_a_test() {
    let ignored = |text| which(text, |context| context.errexit_ignored);
    assert_eq!(ignored("{ a; b; } || c; ! d; e"), "a b d");
    assert_eq!(ignored("while a; b; do c; done"), "a b");
    assert_eq!(ignored("a && b"), "a");
}

#[test]
fn what_runs_after_a_failure_is_known() {
    let fallback = |text| which(text, |context| context.fallback);
    assert_eq!(fallback("a || b"), "b");
    assert_eq!(fallback("a || { b; if c; then d; fi; }"), "b c d");
    assert_eq!(fallback("a || b && c; d && e"), "b");
}

#[test]
fn pipes_reach_into_groups() {
    assert_eq!(which("{ a; } | while b; do c; done | d; e", |context| context.output_piped), "a b c");
    assert_eq!(which("{ a; } | while b; do c; done | d; e", |context| context.input_piped), "b c d");
    assert_eq!(which("x $(a | b) | c", |context| context.output_piped), "x a");
    let script = parse("a | b | c");
    let context = context_of(&script, "b");
    assert_eq!((context.pipeline_index, context.pipeline_count), (1, 3));
}

#[test]
fn redirections_of_a_group_reach_its_commands() {
    let script = parse("{ a; b > x; } > f; c");
    assert_eq!(context_of(&script, "a").redirects.len(), 1);
    assert_eq!(context_of(&script, "b").redirects[0].target.raw, "f");
    assert!(context_of(&script, "c").redirects.is_empty());
}

#[test]
fn frames_name_what_is_around() {
    let script = parse("f() { until a; do b $(c); done; }\nd &");
    assert!(matches!(
        context_of(&script, "a").frames[..],
        [Frame::Function(_), Frame::Group(_), Frame::LoopCondition(_)]
    ));
    let inner = context_of(&script, "c");
    assert!(inner.in_substitution() && !inner.in_condition());
    assert_eq!(inner.loops().count(), 1);
    assert_eq!(inner.function().map(|function| function.name.as_str()), Some("f"));
    assert!(context_of(&script, "a").in_condition());
    assert!(context_of(&script, "d").background && !context_of(&script, "d").is_conditional());
    assert!(context_of(&script, "b").is_conditional());
}

#[test]
fn options_are_those_at_the_place() {
    let strict = |text| which(text, |context| context.options.errexit);
    assert_eq!(strict("a; set -e; b; set +e; c"), "b set");
    assert_eq!(strict("(set -e; a); b"), "a");
    assert_eq!(strict("#!/bin/sh -e\na"), "a");
    assert_eq!(strict("f() { set -e; a; }; b"), "a");
    assert_eq!(strict("set -e | a; b"), "");
    assert_eq!(strict("set -euo pipefail\na"), "a");
    assert_eq!(which("set -ex; a; { set +x; } 2>/dev/null; b", |context| context.options.xtrace), "a set");
}

#[test]
fn loops_are_listed_with_conditions_and_bodies() {
    let text = "for i in 1 2; do while a; do b; done; done; x=$(until c; do d; done)";
    let script = parse(text);
    let found: Vec<(LoopKind, &str)> = loops(&script)
        .iter()
        .map(|site| (site.node.kind, &text[site.node.condition.range.clone()]))
        .collect();
    assert_eq!(found, [(LoopKind::For, ""), (LoopKind::While, "a"), (LoopKind::Until, "c")]);
    let sites = loops(&script);
    assert_eq!(&text[sites[1].node.range.clone()], "while a; do b; done");
    assert_eq!(&text[sites[1].node.body.range.clone()], "b");
    assert_eq!(sites[1].context.loops().count(), 1);
    assert_eq!(commands_in(&sites[1].node.body, Options::default()).len(), 1);
}

#[test]
fn assignments_are_found_in_all_forms() {
    let script = parse(
        "A=1; B=2 cmd; export C=$A D; local E=\"x\"; read -r F G; : \"${H:=i}\"; for J in $K; do :; done; f() { L+=m; }",
    );
    let found: Vec<String> = assignments(&script)
        .iter()
        .map(|site| format!("{:?} {}={}", site.kind, site.assignment.name, site.assignment.value.raw))
        .collect();
    assert_eq!(
        found,
        [
            "Plain A=1",
            "Prefix B=2",
            "Export C=$A",
            "Export D=",
            "Declaration E=\"x\"",
            "Read F=",
            "Read G=",
            "Default H=i",
            "Loop J=",
            "Plain L=m",
        ]
    );
    assert!(assignments(&script)[2].assignment.value.expands("A"));
    assert!(assignments(&script)[8].assignment.value.expands("K"));
    assert_eq!(functions(&script).len(), 1);
}
