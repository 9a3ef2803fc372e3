//! Tables for interpolation.

use std::collections::HashMap;

use super::interpolate::{NESTING_MAX, Outcome, TemplateError, Use, substitute};
use super::variables::variables;

fn environment() -> HashMap<String, String> {
    let pairs =
        [("A", "av"), ("B", ""), ("C", "a$Bx${C}"), ("D", "x"), ("LONG_Name1", "l n"), ("\u{212a}", "kel")];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

#[test]
fn templates_are_substituted_as_the_reference_does() {
    // Compared with a label's value in Docker Compose 2.40.3: text, variables it warns about, message. An invalid
    // template is shown as that binary shows it, which is not always the whole.
    let cases: &[(&str, Result<&str, &str>, &[&str])] = &[
        ("", Ok(""), &[]),
        ("$", Ok("$"), &[]),
        ("$$", Ok("$"), &[]),
        ("$$$", Ok("$$"), &[]),
        ("$$$$A", Ok("$$A"), &[]),
        ("$A", Ok("av"), &[]),
        ("${A}", Ok("av"), &[]),
        ("${A:-${B:-x}}y${C}", Ok("avya$Bx${C}"), &[]),
        ("${A:-}}", Ok("av}"), &[]),
        ("$1", Ok("$1"), &[]),
        ("${}", Err("invalid: ${}"), &[]),
        ("${A", Err("invalid: ${A"), &[]),
        ("${A:?}", Ok("av"), &[]),
        ("${A?msg with ${B}}", Ok("av"), &[]),
        ("${U?msg with ${A} $V}", Err("required variable U is missing a value: msg with av "), &[]),
        ("${a-b:-c}", Ok("b:-c"), &[]),
        ("${A:-$B}", Ok("av"), &[]),
        ("${U:-$V}", Ok(""), &["V"]),
        ("${U:-a\nb}", Err("invalid: ${U:-a\nb}"), &[]),
        ("${U:-a}\nb}", Ok("a\nb}"), &[]),
        ("x${U}\n${A}", Ok("x\nav"), &["U"]),
        ("${U:-{}}", Ok("{}"), &[]),
        ("${U:-{x}}", Ok("{x}"), &[]),
        ("${U:-{{x}}}", Ok("{{x}}"), &[]),
        (r#"${U:-{"a":{"b":1}}}"#, Ok(r#"{"a":{"b":1}}"#), &[]),
        ("${U:-${V:-{}}}", Ok("{}"), &[]),
        ("${A:-${B}", Err("invalid: ${B"), &[]),
        ("${U:-$${B}", Ok("${B"), &[]),
        ("${A:-x}y${1}", Err("invalid: y${1}"), &[]),
        ("${A b}", Err("invalid: ${A b}"), &[]),
        ("${A:b}", Err("invalid: ${A:b}"), &[]),
        ("${A:}", Err("invalid: ${A:}"), &[]),
        ("${A:=x}", Err("invalid: ${A:=x}"), &[]),
        ("${A-}", Ok("av"), &[]),
        ("${U-}", Ok(""), &[]),
        ("${B-x}", Ok(""), &[]),
        ("${B:-x}", Ok("x"), &[]),
        ("${B+x}", Ok("x"), &[]),
        ("${B:+x}", Ok(""), &[]),
        ("${U+x}", Ok(""), &[]),
        ("${U:+x}", Ok(""), &[]),
        ("${A+}", Ok(""), &[]),
        ("${B?x}", Ok(""), &[]),
        ("${B:?x}", Err("required variable B is missing a value: x"), &[]),
        ("${U:?${V:?in}}", Err("required variable V is missing a value: in"), &[]),
        ("${A:?${V:?in}}", Err("required variable V is missing a value: in"), &[]),
        ("${A:-${U}${V}}", Ok("av"), &["U", "V"]),
        ("${A}${U:?x}", Err("required variable U is missing a value: x"), &[]),
        ("${ A}", Err("invalid: ${ A}"), &[]),
        ("${A }", Err("invalid: ${A }"), &[]),
        ("$ A", Ok("$ A"), &[]),
        ("$A$B$U", Ok("av"), &["U"]),
        ("$A-x", Ok("av-x"), &[]),
        ("${A}-x", Ok("av-x"), &[]),
        ("${A:-x}-${U:-y}-z}", Ok("av-y-z}"), &[]),
        ("${U:-a}}}", Ok("a}}"), &[]),
        ("${U:-${U:-${U:-${U:-deep}}}}", Ok("deep"), &[]),
        ("$_", Ok(""), &["_"]),
        ("${_}", Ok(""), &["_"]),
        ("${1A}", Err("invalid: ${1A}"), &[]),
        ("$A1", Ok(""), &["A1"]),
        ("${AÉ}", Err("invalid: ${AÉ}"), &[]),
        ("$É", Ok("$É"), &[]),
        ("a$", Ok("a$"), &[]),
        ("a$$", Ok("a$"), &[]),
        ("a${", Err("invalid: a${"), &[]),
        ("a$}", Ok("a$}"), &[]),
        ("a}", Ok("a}"), &[]),
        ("${U:-é}", Ok("é"), &[]),
        (r#"${U:-"}"}"#, Ok(r#"""}"#), &[]),
        ("${A:-${U}}", Ok("av"), &["U"]),
        ("${A:+${U}}", Ok(""), &["U"]),
        ("${U:+${V}}", Ok(""), &["V"]),
        ("${A:+${A:+${A}}}", Ok("av"), &[]),
        ("${U-${V-$$}}", Ok("$"), &[]),
        ("${U:-$${A}}", Ok("${A}"), &[]),
        ("$${A}", Ok("${A}"), &[]),
        ("$$${A}", Ok("$av"), &[]),
        ("$$$${A}", Ok("$${A}"), &[]),
        ("${U:-}", Ok(""), &[]),
        ("${U:-:-}", Ok(":-"), &[]),
        ("${U:--}", Ok("-"), &[]),
        ("${U--}", Ok("-"), &[]),
        ("${U:-?}", Ok("?"), &[]),
        ("${U?-}", Err("required variable U is missing a value: -"), &[]),
        ("${U+:-}", Ok(""), &[]),
        ("${A+:-}", Ok(":-"), &[]),
        ("${A:+-}", Ok("-"), &[]),
        ("${U:-a:?b}", Ok("a:?b"), &[]),
        ("${U-a:-b}", Ok("a:-b"), &[]),
        ("${LONG_Name1:-x}", Ok("l n"), &[]),
        ("${long_name1:-x}", Ok("x"), &[]),
        ("${A:-x", Err("invalid: ${A:-x"), &[]),
        ("${A:-x\n", Err("invalid: ${A:-x\n"), &[]),
        ("${A:-\n}", Err("invalid: ${A:-\n}"), &[]),
        ("\n\n$A\n", Ok("\n\nav\n"), &[]),
        ("${A}\n${U:-b}c}\nd}", Ok("av\nbc}\nd}"), &[]),
        ("${U:-b}c\n}${1}", Err("invalid: ${U:-b}c\n}${1}"), &[]),
        ("x${U:-b}c${1}d\n}", Err("invalid: c${1}"), &[]),
        ("$K", Ok("kel"), &[]),
        ("${K:-x}", Ok("kel"), &[]),
        ("${A:-{{x}}}", Ok("av}"), &[]),
        ("${U:-{}}y${A}", Err("invalid: {}}y${A"), &[]),
        ("$C", Ok("a$Bx${C}"), &[]),
        ("${C}", Ok("a$Bx${C}"), &[]),
    ];
    let environment = environment();
    for (template, expected, unset) in cases {
        let found = substitute(template, &environment);
        if let Ok(substituted) = &found {
            assert_eq!(substituted.unset().collect::<Vec<_>>(), *unset, "{template:?}");
        }
        let found = found.map(|substituted| substituted.text).map_err(|error| match error {
            TemplateError::Invalid { template, .. } => format!("invalid: {template}"),
            error => error.to_string(),
        });
        assert_eq!(found.as_deref().map_err(String::as_str), *expected, "{template:?}");
    }
}

#[test]
fn every_use_is_reported_with_its_bytes() {
    let found = substitute("é$A ${A:-$U} ${B:-${D}}", &environment()).expect("a valid template");
    let uses = |name: &str, range, outcome, discarded| Use { name: name.into(), range, outcome, discarded };
    let expected = [
        uses("A", 2..4, Outcome::Set, false),
        uses("U", 10..12, Outcome::Blank, true),
        uses("A", 5..13, Outcome::Set, false),
        uses("D", 19..23, Outcome::Set, false),
        uses("B", 14..24, Outcome::Defaulted, false),
    ];
    assert_eq!(found.uses, expected);
    let found = substitute("${A:+x}${U+x}", &environment()).expect("a valid template");
    let outcomes = found.uses.iter().map(|found| found.outcome).collect::<Vec<_>>();
    assert_eq!(outcomes, [Outcome::Alternate, Outcome::Absent]);
}

#[test]
fn errors_tell_where() {
    let at = |template| substitute(template, &()).expect_err("an invalid template");
    assert!(matches!(at("ab${"), TemplateError::Invalid { at: 2, .. }));
    assert!(matches!(at("a${B:-${1}}"), TemplateError::Invalid { at: 6, .. }));
    assert!(matches!(at("a${B:?c}d"), TemplateError::Required { range, .. } if range == (1..8)));
}

#[test]
fn hostile_templates_end_soon() {
    // Without its limits and its cache this test would not end within minutes.
    let within = |template: &str| {
        drop(variables(template));
        substitute(template, &environment())
    };
    let times = 20_000;
    let nested = |levels: usize| "${U:-".repeat(levels) + &"}".repeat(levels);
    assert!(matches!(within(&"${A:-".repeat(times)), Err(TemplateError::Invalid { .. })));
    assert!(matches!(within(&nested(times)), Err(TemplateError::TooDeep { .. })));
    assert!(matches!(within(&nested(NESTING_MAX + 1)), Err(TemplateError::TooDeep { .. })));
    assert!(within(&nested(NESTING_MAX)).is_ok());
    assert!(within(&"${U:-x}".repeat(times)).is_ok());
    assert!(within(&"${U:-{}}".repeat(times)).is_err());
    assert!(within(&("${U:-{}}".repeat(times) + "\n")).is_err());
    assert!(within(&"${A:-x}\n".repeat(times)).is_ok());
    assert!(within(&"$".repeat(5 * times)).is_ok());
    drop(within(&("${U:-{".repeat(times) + "}")));
    let environment = HashMap::from([("A".to_owned(), "x".repeat(1 << 20))]);
    assert!(matches!(
        substitute(&"${A:-$A}".repeat(times), &environment),
        Err(TemplateError::TooLong { .. })
    ));
}

#[test]
fn variables_are_listed_as_the_reference_does() {
    // Compared with `config --variables` in Docker Compose 2.40.3: name, default, alternate, required. That prints a
    // map, in which the last entry of a name stands.
    let cases: &[(&str, &[&str])] = &[
        ("${A:-x}}y${B:-c}", &["B|c||", "A|x||"]),
        ("${A:-{x}}${C}", &["C|||", "A|{x}||"]),
        ("${1}", &["|||"]),
        ("$$$A", &["A|||"]),
        ("${A", &["|||"]),
        ("${A:-${B:-${C-d}}}${E?m ${F}}", &["E|||required", "A|${B:-${C-d}}||", "B|${C-d}||", "C|d||"]),
        ("${A?x\ny}$B", &["|||", "B|||"]),
        ("${A:+$B-${C}}", &["A||$B-${C}|", "B|||", "C|||"]),
        ("$1", &[]),
        ("${A-b:?c}", &["A|b:?c||"]),
        ("${A}${A:-x}", &["A|||", "A|x||"]),
        ("${A:-x}${A}", &["A|||", "A|x||"]),
        ("${A:-$$B}", &["A|$$B||"]),
        ("${A$B}", &["|||", "B|||"]),
        ("${K}", &["K|||"]),
        ("${K:-1}", &["K:-1|||"]),
        ("${CKD:-q}", &["C|||"]),
        ("$AK", &["A|||"]),
        ("", &[]),
    ];
    for (template, expected) in cases {
        let found = variables(template);
        let found = found.iter().map(|variable| {
            let required = if variable.required { "required" } else { "" };
            format!("{}|{}|{}|{required}", variable.name, variable.default, variable.alternate)
        });
        assert_eq!(found.collect::<Vec<_>>(), *expected, "{template:?}");
    }
}
