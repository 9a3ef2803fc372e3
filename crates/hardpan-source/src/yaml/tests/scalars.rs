//! What scalars mean, as tables; the expectations are those of go-yaml 3.0.4.

use crate::yaml::{Resolved, Scalar, ScalarStyle, decode_binary, resolve_scalar};

fn resolve(style: ScalarStyle, text: &str, tag: Option<&str>) -> String {
    match resolve_scalar(&Scalar { style, text: text.into() }, tag) {
        Ok(Resolved::Null) => "null".into(),
        Ok(Resolved::Bool(value)) => value.to_string(),
        Ok(Resolved::Int(value)) => format!("int {value}"),
        Ok(Resolved::UInt(value)) => format!("uint {value}"),
        Ok(Resolved::Float(value)) => format!("float {value:?}"),
        Ok(Resolved::Timestamp) => "timestamp".into(),
        Ok(Resolved::Merge) => "merge".into(),
        Ok(Resolved::Str) => "str".into(),
        Ok(Resolved::Binary) => "binary".into(),
        Err(error) => format!("error: {error}"),
    }
}

fn check_all(expected: &str, texts: &str) {
    for text in texts.split(' ') {
        assert_eq!(resolve(ScalarStyle::Plain, text, None), expected, "for {text}");
        assert_eq!(resolve(ScalarStyle::Plain, text, Some("!")), expected, "for ! {text}");
        for style in
            [ScalarStyle::SingleQuoted, ScalarStyle::DoubleQuoted, ScalarStyle::Literal, ScalarStyle::Folded]
        {
            assert_eq!(resolve(style, text, None), "str", "for quoted {text}");
        }
    }
}

fn check_tagged(tag: &str, text: &str, expected: &str) {
    for style in [ScalarStyle::Plain, ScalarStyle::DoubleQuoted] {
        assert_eq!(resolve(style, text, Some(tag)), expected, "for {tag} {text}");
    }
}

#[test]
fn words() {
    check_all("true", "true True TRUE");
    check_all("false", "false False FALSE");
    check_all("null", "~ null Null NULL");
    assert_eq!(resolve(ScalarStyle::Plain, "", None), "null");
    check_all("merge", "<<");
    check_all("str", "y Y yes Yes YES n no No on On ON off tRue nULL TrUe = none a");
}

#[test]
fn integers() {
    check_all("int 0", "0 -0 +0 00 0x0 0b0 0o0 0_");
    check_all("int 15", "15 +15 017 0o17 0O17 0xF 0Xf 0b1111 0B1111 1_5 1__5_ 0_17 0x_F");
    check_all("int -15", "-15 -017 -0o17 -0xF -0b1111 0b-1111 0o-17 -1_5");
    check_all("int 1", "0b+1 0o+1 001");
    check_all("int 9223372036854775807", "9223372036854775807 0x7fffffffffffffff");
    check_all("int -9223372036854775808", "-9223372036854775808 -0x8000000000000000");
    check_all("uint 9223372036854775808", "9223372036854775808 0x8000000000000000");
    check_all("uint 18446744073709551615", "18446744073709551615 0xffffffffffffffff");
    check_all(
        "str",
        "0x 0b 0o 0b2 0xg _1 - + -- 1- --1 1+1 0x-1 -0b-1 -0b+1 0x10000000000000000 1,000 0b0o1",
    );
}

#[test]
fn floats() {
    check_all("float 1.5", "1.5 +1.5 1.50 15e-1 .15e1 1_.5 0.15E+1");
    check_all("float 1.0", "1. 1.0 1.e0 10e-1");
    check_all("float 9.0", "09 9.0");
    check_all("float -8.0", "-08");
    check_all("float 0.11", ".11 .1_1");
    check_all("float -0.0", "-0.0 -0.");
    check_all("float 1.8446744073709552e19", "18446744073709551616 +18446744073709551615");
    check_all("float 9.223372036854776e18", "+9223372036854775808");
    check_all("float 0.0", "1e-400 0.0");
    check_all("float inf", ".inf .Inf .INF +.inf +.Inf +.INF");
    check_all("float -inf", "-.inf -.Inf -.INF");
    check_all("float NaN", ".nan .NaN .NAN");
    check_all(
        "str",
        ". .. .e5 1e 1e+ 1..2 1.2.3 1e400 -1e400 .iNF -.nan inf nan ._1 .1_ .1__1 0x1p5 12:30 22:22:22",
    );
}

#[test]
fn timestamps() {
    check_all("timestamp", "2026-11-21 2026-1-2 0000-01-01 2020-02-29 2000-02-29");
    check_all("timestamp", "2026-1-2T3:4:5Z 2026-01-02t03:04:05Z 2026-01-02T03:04:05.123456789123Z");
    check_all("timestamp", "2026-01-02T03:04:05,5+01:00 2026-01-02T03:04:05-24:60");
    assert_eq!(resolve(ScalarStyle::Plain, "2026-01-02 03:04:05", None), "timestamp");
    assert_eq!(resolve(ScalarStyle::Plain, "2026-01-02   3:4:5.6", None), "timestamp");
    check_all("str", "2026-13-01 2021-02-29 1900-02-29 2026-00-01 2026-01-00 2026-01-32 2026-001-01");
    check_all("str", "2026-01-02T24:00:00Z 2026-01-02T03:60:00Z 2026-01-02T03:04:60Z 2026-01-02T03:04:05");
    check_all(
        "str",
        "2026-01-02T03:04:05z 2026-01-02T03:04:05+25:00 2026-01-02T03:04:05+01 2026-01 20260-01-01",
    );
    assert_eq!(resolve(ScalarStyle::Plain, "2026-01-02 03:04:05Z", None), "str");
}

#[test]
fn tags() {
    check_tagged("!!str", "1", "str");
    check_tagged("!!int", "0x10", "int 16");
    check_tagged("!!int", "abc", "error: cannot decode !!str `abc` as a !!int");
    check_tagged("!!int", "1.0", "error: cannot decode !!float `1.0` as a !!int");
    check_tagged("!!int", "", "error: cannot decode !!null `` as a !!int");
    check_tagged("!!int", "2026-01-02", "error: cannot decode !!str `2026-01-02` as a !!int");
    check_tagged("!!float", "1", "float 1.0");
    check_tagged(
        "!!float",
        "18446744073709551615",
        "error: cannot decode !!int `18446744073709551615` as a !!float",
    );
    check_tagged("!!bool", "true", "true");
    check_tagged("!!bool", "yes", "error: cannot decode !!str `yes` as a !!bool");
    check_tagged("!!null", "", "null");
    check_tagged("!!null", "x", "error: cannot decode !!str `x` as a !!null");
    check_tagged("!!timestamp", "2026-01-02", "timestamp");
    check_tagged("!!timestamp", "1", "error: cannot decode !!int `1` as a !!timestamp");
    check_tagged("!!binary", "aGVsbG8=", "binary");
    check_tagged("!!binary", "aGVsbG8", "error: !!binary value contains invalid base64 data");
    check_tagged("!!merge", "<<", "merge");
    check_tagged("!!merge", "x", "str");
    check_tagged("!!str", "<<", "str");
    for tag in ["!reset", "!foo", "!!foo", "!!seq", "!!map", "tag:example.com,2026:x"] {
        check_tagged(tag, "1", "str");
        check_tagged(tag, "", "str");
        check_tagged(tag, "<<", "str");
    }
}

#[test]
fn base64() {
    let check = |text: &str, expected: Option<&[u8]>| {
        assert_eq!(decode_binary(text).ok().as_deref(), expected, "for {text:?}");
    };
    check("", Some(b""));
    check("aGVsbG8=", Some(b"hello"));
    check("aGVs\r\nbG8=\n", Some(b"hello"));
    check("aGVsbA==", Some(b"hell"));
    check("++//", Some(&[0xFB, 0xEF, 0xFF]));
    for invalid in ["aGVsbG8", "aA=", "=", "====", "a===", "aG=sbG8=", "aGVs bG8=", "-_==", "aGVsbG8=a"] {
        check(invalid, None);
    }
}
