//! Tables for dotenv files.

use std::collections::HashMap;

use super::dotenv::{DotenvError, DotenvErrorKind, Entry, parse, parse_raw};
use super::interpolate::{Outcome, TemplateError};

/// A file, what it sets as `key=value`, and the unset variables about which the reference warns.
type Case<'a> = (&'a str, Result<&'a [&'a str], &'a str>, &'a [&'a str]);

fn environment() -> HashMap<String, String> {
    [("A", "envA"), ("E", ""), ("L", "lv")].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn check(cases: &[Case<'_>], parse: impl Fn(&str) -> Result<Vec<Entry>, DotenvError>) {
    for (src, expected, unset) in cases {
        let found = parse(src);
        if let Ok(entries) = &found {
            let uses = entries.iter().flat_map(|entry| &entry.uses);
            let blank = uses.filter(|found| found.outcome == Outcome::Blank).map(|found| &*found.name);
            assert_eq!(blank.collect::<Vec<_>>(), *unset, "{src:?}");
            for entry in entries {
                assert_eq!(src[entry.key_range.clone()], entry.key, "{src:?}");
            }
        }
        let found = found.map_err(|error| error.to_string()).map(|entries| {
            entries.iter().map(|entry| format!("{}={}", entry.key, entry.value)).collect::<Vec<_>>()
        });
        let expected =
            expected.map_err(str::to_owned).map(|entries| entries.iter().map(ToString::to_string).collect());
        assert_eq!(found, expected, "{src:?}");
    }
}

#[test]
fn files_are_read_as_the_reference_does() {
    // Compared with `env_file` in Docker Compose 2.40.3.
    let environment = environment();
    check(
        &[
            ("A1=b", Ok(&["A1=b"]), &[]),
            ("export A1=b", Ok(&["A1=b"]), &[]),
            ("export\tA1=b", Ok(&["A1=b"]), &[]),
            ("exportA1=b", Ok(&["exportA1=b"]), &[]),
            ("export=b", Ok(&["export=b"]), &[]),
            ("export", Ok(&["=export"]), &[]),
            ("export ", Err("zero length string"), &[]),
            ("export \n", Ok(&[]), &[]),
            ("export\nB1=2", Ok(&["B1=2"]), &[]),
            ("B1: v", Ok(&["B1=v"]), &[]),
            ("B1:v", Ok(&["B1=v"]), &[]),
            ("B1 = v", Ok(&["B1=v"]), &[]),
            ("B1= v ", Ok(&["B1=v"]), &[]),
            ("B1=a#b", Ok(&["B1=a#b"]), &[]),
            ("B1=a #b", Ok(&["B1=a"]), &[]),
            ("B1=#b", Ok(&["B1=#b"]), &[]),
            ("B1= #b", Ok(&["B1=#b"]), &[]),
            ("# c\nB1=1", Ok(&["B1=1"]), &[]),
            ("B1=1\n#c\nB2=2", Ok(&["B1=1", "B2=2"]), &[]),
            ("B1='a b'", Ok(&["B1=a b"]), &[]),
            (r#"B1="a b""#, Ok(&["B1=a b"]), &[]),
            ("B1='a\nb'", Ok(&["B1=a\nb"]), &[]),
            ("B1=\"a\nb\"\nB2=3", Ok(&["B1=a\nb", "B2=3"]), &[]),
            ("B1='a'x", Ok(&["B1=a", "=x"]), &[]),
            (r#"B1="a" # c"#, Ok(&["B1=a"]), &[]),
            (r#"B1="a"B2=3"#, Ok(&["B1=a", "B2=3"]), &[]),
            (r#"B1="a"#, Err(r#"line 1: unterminated quoted value "a"#), &[]),
            ("B1='a\nb\nc", Err("line 3: unterminated quoted value 'a"), &[]),
            (r#"B1="a\"b""#, Ok(&[r#"B1=a"b"#]), &[]),
            (r"B1='a\'b'", Ok(&["B1=a'b"]), &[]),
            (r"B1='a\nb'", Ok(&[r"B1=a\nb"]), &[]),
            (
                r#"B1="a\nb\t\r\a\b\c\f\v\\ \x \'""#,
                Ok(&["B1=a\nb\t\r\u{7}\u{8}\\c\u{c}\u{b}\\ \\x \\'"]),
                &[],
            ),
            (r#"B1="\$L""#, Ok(&["B1=$L"]), &[]),
            (r#"B1="\\$L""#, Ok(&[r"B1=\lv"]), &[]),
            (r"B1=\$L", Ok(&[r"B1=\lv"]), &[]),
            ("B1=$L", Ok(&["B1=lv"]), &[]),
            (r#"B1="${L}""#, Ok(&["B1=lv"]), &[]),
            ("B1='${L}'", Ok(&["B1=${L}"]), &[]),
            ("B1=$$L", Ok(&["B1=$L"]), &[]),
            ("B1=${U:-d}", Ok(&["B1=d"]), &[]),
            ("B1=$U", Ok(&["B1="]), &["U"]),
            ("B1=${U?m}", Err("required variable U is missing a value: m"), &[]),
            ("B1=${U", Err(r#"Invalid template: "${U""#), &[]),
            (r#"B1="${U""#, Err(r#"Invalid template: "${U""#), &[]),
            ("B1=$U\nB2=$V", Ok(&["B1=", "B2="]), &["U", "V"]),
            ("B1=1\nB2=$B1", Ok(&["B1=1", "B2=1"]), &[]),
            ("A=1\nB2=$A", Ok(&["A=1", "B2=envA"]), &[]),
            ("B1=1\r\nB2=2\r\n", Ok(&["B1=1", "B2=2"]), &[]),
            ("B1=\"a\r\nb\"\r\n", Ok(&["B1=a\r\nb"]), &[]),
            ("\u{feff}B1=1", Ok(&["B1=1"]), &[]),
            ("\u{feff}#c\nB1=2", Ok(&["B1=2"]), &[]),
            ("B.1=1", Ok(&["B.1=1"]), &[]),
            ("B-1=1", Ok(&["B-1=1"]), &[]),
            ("B[1]=1", Ok(&["B[1]=1"]), &[]),
            ("B!1=1", Err(r#"line 1: unexpected character "!" in variable name "B!1=1""#), &[]),
            ("B 1=1", Err("line 1: key cannot contain a space"), &[]),
            ("B1", Ok(&["=B1"]), &[]),
            ("B1\n", Ok(&[]), &[]),
            ("L", Ok(&["=L"]), &[]),
            ("L\n", Ok(&["L=lv"]), &[]),
            ("L \n", Ok(&["L=lv"]), &[]),
            ("L\nB!=1", Err(r#"line 2: unexpected character "!" in variable name "B!=1""#), &[]),
            ("L \nB!=1", Err(r#"line 1: unexpected character "!" in variable name "B!=1""#), &[]),
            ("  L\n", Ok(&["L=lv"]), &[]),
            ("L\nL2\nB1=1\n!", Err(r#"line 4: unexpected character "!" in variable name "!""#), &[]),
            ("1B=1", Ok(&["1B=1"]), &[]),
            ("=1", Ok(&["=1"]), &[]),
            ("=", Ok(&["="]), &[]),
            ("B1=", Ok(&["B1="]), &[]),
            ("B1=\n", Ok(&["B1="]), &[]),
            ("B1=\n\nB2=1", Ok(&["B1=", "B2=1"]), &[]),
            ("", Ok(&[]), &[]),
            ("\n\n", Ok(&[]), &[]),
            ("#", Ok(&[]), &[]),
            ("# x", Ok(&[]), &[]),
            ("  # x\nB1=1", Ok(&["B1=1"]), &[]),
            (
                r#"B1="\0101 \012 \0 \01 \0999 \0777 \0377 \0400""#,
                Ok(&[r"B1=A \12 \ \1 \999 \777 ÿ \400"]),
                &[],
            ),
            ("é=1", Ok(&["é=1"]), &[]),
            ("B1=é", Ok(&["B1=é"]), &[]),
            ("B1\u{a0}=1", Ok(&["B1=1"]), &[]),
            (
                "B1\u{2003}=1",
                Err(r#"line 1: unexpected character "\u2003" in variable name "B1\u2003=1""#),
                &[],
            ),
            ("\u{a0}B1=1", Ok(&["B1=1"]), &[]),
            ("B1=a\u{a0}", Ok(&["B1=a"]), &[]),
            (r"B1=a\", Ok(&[r"B1=a\"]), &[]),
            (r#"B1="a\\""#, Ok(&[r"B1=a\"]), &[]),
            (r#"B1=a"b""#, Ok(&[r#"B1=a"b""#]), &[]),
            ("B1='a''b'", Err(r#"line 1: unexpected character "'" in variable name "'b'""#), &[]),
            ("B1=a'b", Ok(&["B1=a'b"]), &[]),
            (r#"B1="""#, Ok(&["B1="]), &[]),
            ("B1=''", Ok(&["B1="]), &[]),
            ("B1=a\nB1=b", Ok(&["B1=a", "B1=b"]), &[]),
            ("B1=$B1", Ok(&["B1="]), &["B1"]),
            ("B1=x\nB1=$B1$B1", Ok(&["B1=x", "B1=xx"]), &[]),
            ("B1=1\n\tB2=2", Ok(&["B1=1", "B2=2"]), &[]),
            ("B1=1 B2=2", Ok(&["B1=1 B2=2"]), &[]),
            (r#"B1:"a""#, Ok(&["B1=a"]), &[]),
            ("B1:=a", Ok(&["B1==a"]), &[]),
            ("B1=:a", Ok(&["B1=:a"]), &[]),
            ("B1==a", Ok(&["B1==a"]), &[]),
            ("B1=a=b", Ok(&["B1=a=b"]), &[]),
            ("-=1", Ok(&["-=1"]), &[]),
            ("B1\n=2", Ok(&["=2"]), &[]),
            ("B1=a \n B2=b ", Ok(&["B1=a", "B2=b"]), &[]),
            (r#"B1="$$L""#, Ok(&["B1=$L"]), &[]),
            (r#"B1="a #b""#, Ok(&["B1=a #b"]), &[]),
            ("B1=\"a\"#c\nB2=1", Ok(&["B1=a", "B2=1"]), &[]),
            (r#"B1="${U:-"x"}""#, Err(r#"Invalid template: "${U:-""#), &[]),
            ("B1=${U:-'x'}", Ok(&["B1='x'"]), &[]),
            ("B1=${U:-a b} c", Ok(&["B1=a b c"]), &[]),
            ("B1=\"a\n\n\n!\nB2", Err(r#"line 5: unterminated quoted value "a"#), &[]),
            ("B1=1\n\n\n!a=2", Err(r#"line 4: unexpected character "!" in variable name "!a=2""#), &[]),
            ("a b c", Ok(&["=a b c"]), &[]),
            ("a b\n", Err("line 1: key cannot contain a space"), &[]),
            ("\u{2028}B1=1", Ok(&["B1=1"]), &[]),
            ("B1=1\u{b}B2=2", Ok(&["B1=1\u{b}B2=2"]), &[]),
            ("\u{0}=1", Err(r#"line 1: unexpected character "\x00" in variable name "\x00=1""#), &[]),
            ("B1=${L}\n${L}=1", Err(r#"line 2: unexpected character "$" in variable name "${L}=1""#), &[]),
            ("中=1", Ok(&["中=1"]), &[]),
            ("٣B=1", Ok(&["٣B=1"]), &[]),
            ("ⅫB=1", Ok(&["ⅫB=1"]), &[]),
            (r"́B=1", Err(r#"line 1: unexpected character "́" in variable name "́B=1""#), &[]),
            (r#"YAML: "v" # x"#, Ok(&["YAML=v"]), &[]),
            ("B1=a\tb", Ok(&["B1=a\tb"]), &[]),
            ("B1=a\t#b", Ok(&["B1=a\t#b"]), &[]),
            ("B1\u{85}=2", Ok(&["B1=2"]), &[]),
            ("B1=\u{85}2", Ok(&["B1=2"]), &[]),
            ("export export A1=1", Err("line 1: key cannot contain a space"), &[]),
            ("export  \t B1=1", Ok(&["B1=1"]), &[]),
            ("exports=1", Ok(&["exports=1"]), &[]),
            ("export:1", Ok(&["export=1"]), &[]),
            ("export=1\nexport B1=2", Ok(&["export=1", "B1=2"]), &[]),
            (r#"B1="\u0041\x41""#, Ok(&[r"B1=\u0041\x41"]), &[]),
        ],
        |src| parse(src, &environment, &mut HashMap::new()),
    );
}

#[test]
fn raw_files_are_read_as_the_reference_does() {
    // Compared with `env_file` and `format: raw` in Docker Compose 2.40.3.
    let environment = environment();
    check(
        &[
            ("A1=b", Ok(&["A1=b"]), &[]),
            (r#"A1="b""#, Ok(&[r#"A1="b""#]), &[]),
            ("A1=$L", Ok(&["A1=$L"]), &[]),
            ("A1= b ", Ok(&["A1= b "]), &[]),
            ("A1=b #c", Ok(&["A1=b #c"]), &[]),
            ("#c\nA1=1", Ok(&["A1=1"]), &[]),
            (" A1=1", Ok(&["A1=1"]), &[]),
            ("A1 =1", Err("variable 'A1 ' contains whitespaces"), &[]),
            ("A 1=1", Err("variable 'A 1' contains whitespaces"), &[]),
            ("A\t1=1", Err("variable 'A\t1' contains whitespaces"), &[]),
            ("=1", Err("no variable name on line '=1'"), &[]),
            ("A1", Ok(&[]), &[]),
            ("L", Ok(&["L=lv"]), &[]),
            ("L\n", Ok(&["L=lv"]), &[]),
            ("L\r\n", Ok(&["L=lv"]), &[]),
            ("A1=1\r\n", Ok(&["A1=1"]), &[]),
            ("A1=1\r\r\n", Ok(&["A1=1\r"]), &[]),
            ("\u{feff}A1=1", Ok(&["A1=1"]), &[]),
            ("\u{feff}#", Ok(&[]), &[]),
            ("a\n\u{feff}A1=1", Ok(&["\u{feff}A1=1"]), &[]),
            ("A!=1", Ok(&["A!=1"]), &[]),
            ("é=1", Ok(&["é=1"]), &[]),
            ("A1=", Ok(&["A1="]), &[]),
            ("A1=a\nA1=b", Ok(&["A1=a", "A1=b"]), &[]),
            ("", Ok(&[]), &[]),
            ("\n", Ok(&[]), &[]),
            ("export A1=1", Err("variable 'export A1' contains whitespaces"), &[]),
            ("A1:1", Ok(&[]), &[]),
            ("A\u{a0}1=1", Ok(&["A\u{a0}1=1"]), &[]),
            ("\u{a0}A1=1", Ok(&["A1=1"]), &[]),
            (r"A1=\n", Ok(&[r"A1=\n"]), &[]),
            ("A1=x\u{b}", Ok(&["A1=x\u{b}"]), &[]),
            (" =1", Err("no variable name on line '=1'"), &[]),
            ("#=1", Ok(&[]), &[]),
            ("A1=1\n=2", Err("no variable name on line '=2'"), &[]),
            ("L =1", Err("variable 'L ' contains whitespaces"), &[]),
            ("L ", Err("variable 'L ' contains whitespaces"), &[]),
            ("L\t", Err("variable 'L\t' contains whitespaces"), &[]),
            ("\t", Ok(&[]), &[]),
            ("A1=1\n \n", Ok(&["A1=1"]), &[]),
        ],
        |src| parse_raw(src, &environment),
    );
}

#[test]
fn raw_lines_have_a_limit() {
    // Compared with Docker Compose 2.40.3: 65536 bytes with the line break, one less without.
    let line = |len: usize| "A=".to_owned() + &"x".repeat(len - 2);
    assert!(parse_raw(&(line(65_535) + "\n"), &()).is_ok());
    assert!(parse_raw(&(line(65_536) + "\n"), &()).is_err());
    assert!(parse_raw(&line(65_535), &()).is_ok());
    let error = parse_raw(&line(65_536), &()).expect_err("a line that is too long");
    assert_eq!(error.to_string(), "bufio.Scanner: token too long");
}

#[test]
fn entries_and_errors_tell_where() {
    let entries =
        parse("# c\nA=1\n\nexport B : 2\nL\n", &environment(), &mut HashMap::new()).expect("a valid file");
    let places: Vec<_> =
        entries.iter().map(|entry| (entry.line, entry.key_range.clone(), entry.inherited)).collect();
    assert_eq!(places, [(2, 4..5, false), (4, 16..17, false), (5, 22..23, true)]);
    let error = parse("A=1\nB!=2\n", &(), &mut HashMap::new()).expect_err("an invalid file");
    assert_eq!((error.line, error.range), (2, 5..6));
    let error = parse("A=1\nB=${\n", &(), &mut HashMap::new()).expect_err("an invalid file");
    assert_eq!(error.range, 6..9);
}

#[test]
fn entries_of_earlier_files_are_known() {
    let mut known = HashMap::new();
    parse("A=1\n", &(), &mut known).expect("a valid file");
    let entries = parse("B=$A\n", &(), &mut known).expect("a valid file");
    assert_eq!(entries[0].value, "1");
    assert_eq!(known.get("B").map(String::as_str), Some("1"));
}

#[test]
fn a_file_that_doubles_its_values_is_refused() {
    let src = "A=xxxxxxxxxxxxxxxx\n".to_owned() + &"A=$A$A\n".repeat(100);
    let error = parse(&src, &(), &mut HashMap::new()).expect_err("too long");
    assert!(matches!(error.kind, DotenvErrorKind::Template(TemplateError::TooLong { .. })));
}
