//! Dockerfiles and what is read out of them.

use super::*;

fn none() -> BuildArguments {
    BuildArguments::new()
}

fn arguments(pairs: &[(&str, &str)]) -> BuildArguments {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The instructions, one a line: line number, name and text.
fn check(text: &str, expected: &[&str]) {
    let file = parse(text);
    let found: Vec<String> = file
        .instructions
        .iter()
        .map(|instruction| format!("{} {} {}", instruction.line, instruction.name, instruction.text))
        .collect();
    assert_eq!(found, expected, "{text}");
    assert!(file.complete, "{text}");
}

#[test]
fn lines_are_joined_and_comments_dropped() {
    check("FROM a\nRUN x \\\n  # note\n\n  && y\n# end\nUSER z", &["1 FROM a", "2 RUN x   && y", "7 USER z"]);
    check("from a\r\nrun b \\\r\n c\r\n", &["1 FROM a", "2 RUN b  c"]);
    check("FROM a\n  RUN b\\  \nc", &["1 FROM a", "2 RUN bc"]);
    check("# escape=`\nFROM a\nRUN b `\n c:\\", &["2 FROM a", "3 RUN b  c:\\"]);
    check("# note\n# escape=`\nFROM a\nRUN b `\nUSER c", &["3 FROM a", "4 RUN b `", "5 USER c"]);
    check("\u{feff}FROM a", &["1 FROM a"]);
    check("", &[]);
}

#[test]
fn directives_are_read_at_the_top_only() {
    let file = parse("# syntax=docker/dockerfile:1\n#escape = `\n\n# check=skip=all\nFROM a");
    let names: Vec<(&str, &str)> =
        file.directives.iter().map(|directive| (directive.name.as_str(), directive.value.as_str())).collect();
    assert_eq!(names, [("syntax", "docker/dockerfile:1"), ("escape", "`")]);
    assert_eq!(file.escape, '`');
}

#[test]
fn ranges_reach_into_continuations() {
    let text = "FROM a\nENV \\\n  A=1 \\\n  # note\n  B=\"x y\"\n";
    let file = parse(text);
    let found: Vec<&str> = file.env_and_args().iter().map(|entry| &text[entry.range.clone()]).collect();
    assert_eq!(found, ["A=1", "B=\"x y\""]);
    assert_eq!(&text[file.instructions[1].range.clone()], "ENV \\\n  A=1 \\\n  # note\n  B=\"x y\"");
    assert_eq!(&text[file.instructions[1].name_range.clone()], "ENV");
}

#[test]
fn flags_and_forms_are_told_apart() {
    let file = parse(
        "FROM --platform=$BUILDPLATFORM a AS b\nRUN --mount=type=cache,target=/x --network=none c --d\n\
         COPY --from=b --chown=1:1 --link x y\nCMD [\"a\", \"b \\\"c\\u0041\"]\nENTRYPOINT ['a']\nRUN []\n",
    );
    assert_eq!(file.stages()[0].platform.as_deref(), Some("$BUILDPLATFORM"));
    assert_eq!(file.instructions[1].flag("mount"), Some("type=cache,target=/x"));
    assert_eq!(file.instructions[1].text, "c --d");
    assert_eq!(
        (file.instructions[2].flag("chown"), file.instructions[2].flag("link")),
        (Some("1:1"), Some(""))
    );
    let texts = |form: &Form| match form {
        Form::Exec(items) => items.iter().map(|item| item.text.clone()).collect(),
        Form::Shell => vec!["shell".to_owned()],
    };
    assert_eq!(texts(&file.instructions[3].form), ["a", "b \"cA"]);
    assert_eq!(texts(&file.instructions[4].form), ["shell"]);
    assert_eq!(texts(&file.instructions[5].form), Vec::<String>::new());
}

#[test]
fn a_script_leads_back_to_the_file() {
    let text = "FROM a\nRUN x && \\\n # note\n yy\nHEALTHCHECK --retries=1 CMD a || \\\n bb\n";
    let file = parse(text);
    let (script, map) = file.instructions[1].script(text);
    let at = script.find("yy").expect("the script has it");
    assert_eq!(&text[map.range(&(at..at + 2))], "yy");
    let Some(Healthcheck::Defined { command, .. }) = file.healthcheck(None) else { panic!("it is defined") };
    let at = command.arguments[0].find("bb").expect("the command has it");
    assert_eq!(&text[command.map.range(&(at..at + 2))], "bb");
}

#[test]
fn here_documents_are_not_instructions() {
    let text = "FROM a\nRUN <<EOF\nset -e\nUSER x\nEOF\nCOPY <<-\"A\" <<B /d/\n\tone\n\tA\ntwo\nB\nRUN cat <<<x\nUSER y\n";
    let file = parse(text);
    assert!(file.complete);
    let names: Vec<&str> = file.instructions.iter().map(|instruction| instruction.name.as_str()).collect();
    assert_eq!(names, ["FROM", "RUN", "COPY", "RUN", "USER"]);
    assert_eq!(file.instructions[1].script(text).0, "set -e\nUSER x\n");
    let bodies: Vec<(&str, bool)> = file.instructions[2]
        .heredocs
        .iter()
        .map(|heredoc| (&text[heredoc.range.clone()], heredoc.expanded))
        .collect();
    assert_eq!(bodies, [("\tone\n", false), ("two\n", true)]);
    assert_eq!(file.instructions[4].line, 12);
    assert!(!parse("FROM a\nRUN <<EOF\nx").complete);
}

#[test]
fn the_user_is_that_of_the_last_stage_and_its_chain() {
    let user = |text: &str, target: Option<&str>, given: &BuildArguments| {
        parse(text).final_user(target, given).map(|user| (user.value.text, user.value.unresolved))
    };
    let plain = |text: &str| Some((text.to_owned(), Vec::new()));
    let text = "FROM a AS base\nUSER app\nFROM b\nUSER root\nFROM Base AS last\nRUN x";
    assert_eq!(user(text, None, &none()), plain("app"));
    assert_eq!(user(text, Some("LAST"), &none()), plain("app"));
    assert_eq!(user(text, Some("1"), &none()), plain("root"));
    assert_eq!(user(text, Some("nowhere"), &none()), None);
    assert_eq!(user("FROM a\nRUN x", None, &none()), None);
    let text = "ARG U=1000\nFROM a\nARG U\nARG G\nUSER ${U}:${G:-5}";
    assert_eq!(user(text, None, &arguments(&[("G", "7")])), plain("1000:7"));
    assert_eq!(user(text, None, &arguments(&[("U", "0"), ("G", "")])), plain("0:5"));
    assert_eq!(user(text, None, &none()), Some(("1000:${G:-5}".to_owned(), vec!["G".to_owned()])));
    assert_eq!(user("ARG U=1\nFROM a\nUSER x$U", None, &none()), plain("x"));
    assert_eq!(user("FROM a\nENV U=app\nARG U=root\nUSER $U", None, &none()), plain("app"));
    let text = "FROM a\nUSER  \\\n dex\n";
    let found = parse(text).final_user(None, &none()).expect("a user");
    assert_eq!((&text[found.range], found.line), ("dex", 2));
}

#[test]
fn the_base_is_found_through_names_and_arguments() {
    let text = "ARG V=1.2\nARG I=rust:${V}\nFROM ${I} AS build\nFROM build AS x\nFROM scratch\nFROM --platform=linux/amd64 debian:$V AS debian\nFROM debian";
    let file = parse(text);
    let base = |target, given: &BuildArguments| {
        file.base_image(target, given).map(|(base, range)| (base.text, &text[range]))
    };
    assert_eq!(base(Some("x"), &none()), Some(("rust:1.2".to_owned(), "${I}")));
    assert_eq!(base(Some("build"), &arguments(&[("V", "2")])), Some(("rust:2".to_owned(), "${I}")));
    assert_eq!(base(None, &none()), Some(("debian:1.2".to_owned(), "debian:$V")));
    let images: Vec<String> = file.external_images(&none()).into_iter().map(|(_, base)| base.text).collect();
    assert_eq!(images, ["rust:1.2", "scratch", "debian:1.2"]);
    assert_eq!(file.chain(None, &none()).iter().map(|stage| stage.index).collect::<Vec<_>>(), [4, 3]);
    assert_eq!(parse("FROM a AS a").chain(None, &none()).len(), 1);
    assert!(parse("RUN x").image(None, &none()).is_none());
}

#[test]
fn healthchecks_are_read() {
    let text =
        "FROM a\nHEALTHCHECK --interval=30s --retries=3 \\\n CMD curl -f http://localhost:80/ || exit 1";
    let Some(Healthcheck::Defined { range, line, command, flags }) = parse(text).healthcheck(None) else {
        panic!("the healthcheck is defined");
    };
    assert_eq!((line, range), (2, 7..text.len()));
    assert_eq!(command.arguments, ["curl -f http://localhost:80/ || exit 1"]);
    assert!(command.in_shell && text[command.range].starts_with("curl"));
    assert_eq!(flags.get("interval").map(String::as_str), Some("30s"));
    let Some(Healthcheck::Defined { command, .. }) =
        parse("FROM a\nHEALTHCHECK CMD [\"/x\", \"y\"]").healthcheck(None)
    else {
        panic!("the healthcheck is defined");
    };
    assert_eq!((command.arguments, command.in_shell), (vec!["/x".to_owned(), "y".to_owned()], false));
    assert!(matches!(
        parse("FROM a\nHEALTHCHECK none").healthcheck(None),
        Some(Healthcheck::Disabled { line: 2, .. })
    ));
    assert_eq!(parse("FROM a AS b\nHEALTHCHECK CMD x\nFROM c").healthcheck(None), None);
}

#[test]
fn ports_are_exposed() {
    let file = parse("FROM a\nARG P=90\nEXPOSE 80 53/UDP 8000-8010/tcp $P $Q ${R:-1 2} x");
    let found: Vec<(Option<u16>, Option<u16>, String)> =
        file.exposed_ports(None).into_iter().map(|port| (port.first, port.last, port.protocol)).collect();
    let tcp = |first, last| (first, last, "tcp".to_owned());
    assert_eq!(found[..2], [tcp(Some(80), Some(80)), (Some(53), Some(53), "udp".to_owned())]);
    assert_eq!(found[2..4], [tcp(Some(8000), Some(8010)), tcp(Some(90), Some(90))]);
    assert_eq!(found.last(), Some(&tcp(None, None)));
}

#[test]
fn entrypoint_and_cmd_follow_the_stages() {
    let text = "FROM a AS b\nCMD [\"x\"]\nFROM b\nENTRYPOINT y $Z";
    let file = parse(text);
    assert_eq!(file.cmd(None), None);
    assert_eq!(file.cmd(Some("b")).map(|cmd| cmd.arguments), Some(vec!["x".to_owned()]));
    let entrypoint = file.entrypoint(None).expect("an entrypoint");
    assert!(entrypoint.in_shell);
    assert_eq!(
        (entrypoint.arguments, entrypoint.line, &text[entrypoint.range]),
        (vec!["y $Z".to_owned()], 4, "y $Z")
    );
}

#[test]
fn entries_are_listed_with_values() {
    let file = parse(
        "ARG A=1 B\nFROM a\nENV C=\"x y\" D=a\\ b E=$A F=\nENV G the rest \"q\"\nLABEL h.i=j\nONBUILD ENV K=l",
    );
    let found: Vec<String> = file
        .entries()
        .iter()
        .map(|entry| {
            format!(
                "{:?} {}={:?} {:?}",
                entry.kind,
                entry.name,
                entry.value.as_deref().unwrap_or("-"),
                entry.stage
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "Arg A=\"1\" None",
            "Arg B=\"-\" None",
            "Env C=\"x y\" Some(0)",
            "Env D=\"a b\" Some(0)",
            "Env E=\"$A\" Some(0)",
            "Env F=\"\" Some(0)",
            "Env G=\"the rest q\" Some(0)",
            "Label h.i=\"j\" Some(0)",
            "Env K=\"l\" Some(0)",
        ]
    );
    assert_eq!(file.env_and_args().len(), 8);
    assert!(file.entries()[8].onbuild);
}

#[test]
fn onbuild_runs_in_what_is_built_from_it() {
    let text = "FROM a AS b\nONBUILD USER x\nFROM b\nRUN y";
    assert_eq!(parse(text).final_user(Some("b"), &none()), None);
    assert_eq!(parse(text).final_user(None, &none()).map(|user| user.value.text), Some("x".to_owned()));
}

#[test]
fn variables_are_replaced_as_the_builder_does() {
    let lookup = |name: &str| match name {
        "A" => Value::Known("a".to_owned()),
        "E" => Value::Known(String::new()),
        "U" => Value::Unknown,
        _ => Value::Unset,
    };
    for (text, expected, unresolved) in [
        ("$A-${A}_$Ab", "a-a_", 0),
        ("${A:-x}${E:-x}${E-x}${N:-x}${N-x}", "axxx", 0),
        ("${A:+x}${E:+x}${E+x}${N+x}", "xx", 0),
        ("${N:-${A}${N:-b}}", "ab", 0),
        ("'$A' \"$A b\" \\$A", "$A a b $A", 0),
        ("$U ${U:-x}", "$U ${U:-x}", 2),
        ("${N:?x}", "${N:?x}", 1),
        ("${A%x}", "${A%x}", 1),
        ("$ ${ ${A", "$ ${ ${A", 0),
        ("\\", "\\", 0),
    ] {
        let found = expand(text, '\\', &lookup);
        if text.starts_with("$ ") {
            assert!(found.text.starts_with("$ "), "{text}");
            continue;
        }
        assert_eq!((found.text.as_str(), found.unresolved.len()), (expected, unresolved), "{text}");
    }
}

#[test]
fn nothing_grows_without_bound() {
    let mut text = String::from("FROM a\nENV A=xxxxxxxx\n");
    for _ in 0..100 {
        text.push_str("ENV A=$A$A\n");
    }
    let image = parse(&text).image(None, &none()).expect("an image");
    assert!(image.environment.last().is_some_and(|entry| !entry.value.unresolved.is_empty()));
    for piece in [
        "${A:-",
        "FROM a AS b\n",
        "FROM b AS b\n",
        "RUN <<A\n",
        "RUN <<A <<B ",
        "\\\n",
        "#\n",
        "ENV A=$A\n",
        "ARG A\n",
        "ONBUILD ",
        "[\"",
        "\"",
        "'",
        "CMD [\"a\",",
        "--a ",
        "HEALTHCHECK CMD ",
        "EXPOSE 1 ",
        "é",
        "$",
        "${",
        "}",
        "\u{feff}",
        "\r",
        "# a=b\n",
    ] {
        let file = parse(&["FROM a AS b\n", &piece.repeat(3_000)].concat());
        let _ = file.image(None, &none());
        let _ = file.external_images(&none());
        let file = parse(&piece.repeat(3_000));
        let _ = file.image(None, &none());
    }
}

#[test]
fn every_short_text_is_read_without_a_panic() {
    let pieces = [
        "a", " ", "'", "\"", "$", "{", "}", ":", "-", "\\", "\n", "<<", "=", "#", "é", "[", "]", ",", "RUN ",
        "ENV ", "FROM ", "USER ",
    ];
    for a in pieces {
        for b in pieces {
            for c in pieces {
                for d in pieces {
                    let text = [a, b, c, d].concat();
                    let file = parse(&text);
                    for instruction in &file.instructions {
                        assert!(text.get(instruction.range.clone()).is_some(), "{text:?}");
                        assert!(text.get(instruction.text_range.clone()).is_some(), "{text:?}");
                    }
                    let _ = file.image(None, &none());
                    let _ = file.entries();
                }
            }
        }
    }
}
