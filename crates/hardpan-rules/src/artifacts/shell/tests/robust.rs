//! Broken, deep and long texts.

use super::*;

#[test]
fn broken_texts_give_what_was_understood() {
    for (text, expected) in [
        ("a; echo 'b", &["a", "echo b"][..]),
        ("echo \"b $(c", &["echo <\"b $(c>", "c"]),
        ("if a; then b", &["a", "b"]),
        ("while a; do b; fi; c", &["a", "b", "c"]),
        ("done; a", &["a"]),
        ("a | ; b", &["a", "b"]),
        ("a && ", &["a"]),
        ("( a; b", &["a", "b"]),
        ("cat <<EOF\nx", &["cat Heredoc EOF"]),
        ("${", &["<${>"]),
        ("case x in", &[]),
        ("case x in a) b", &["b"]),
        ("for", &[]),
        ("f(", &[]),
        ("[[ a", &["[[ a"]),
        ("((1", &["(( 1"]),
        ("echo `a", &["echo <`a>", "a"]),
        ("a=(b c", &["a:=(b c"]),
        (") a", &["a"]),
        ("; a", &["a"]),
        ("& a", &["a"]),
        ("a >", &["a Output "]),
        ("$'a", &["a"]),
        ("x=${a:-'b", &["x:=${a:-'b"]),
    ] {
        assert_eq!(listing(text), expected, "{text}");
        if text != "; a" {
            assert!(!parse(text).complete, "{text}");
        }
    }
}

#[test]
fn nothing_is_too_deep_or_too_long() {
    for piece in [
        "$(",
        "`",
        "\"$(",
        "((",
        "$((",
        "${a:-",
        "( ",
        "{ ",
        "if ",
        "while ",
        "case x in a) ",
        "f() ",
        "function f ",
        "'",
        "\"",
        "<<a ",
        "<<a $(",
        "\\",
        "$",
        "a=(",
        "[[ ",
        "@(",
        "! ",
        "a | ",
        "a && ",
        "for i in ",
        "for ((",
        "<(",
        "$'",
        "\n",
        ";",
        "&",
        "|",
        ")",
        "}",
        "#",
        "é",
        "\"`",
        "$((a) ",
        "((a) ",
        "cat <<E\n$(cat <<F\n",
        "${a:-\"",
        "${#",
        "=",
        "done ",
        "<",
        ">",
        "0",
    ] {
        let text = piece.repeat(5_000);
        let script = parse(&text);
        let _ = commands(&script).len() + loops(&script).len() + assignments(&script).len();
    }
}

#[test]
fn every_short_text_is_read_without_a_panic() {
    let pieces = [
        "a", " ", "'", "\"", "$", "(", ")", "{", "}", "`", "\\", "\n", "<", ">", "&", "|", ";", "#", "é",
        "=", "[", "]", "!", "do ",
    ];
    for a in pieces {
        for b in pieces {
            for c in pieces {
                for d in pieces {
                    let text = [a, b, c, d].concat();
                    let script = parse(&text);
                    for visited in commands(&script) {
                        let _ = nested_script(visited.command);
                        assert!(text.get(visited.command.range.clone()).is_some(), "{text:?}");
                        for word in &visited.command.words {
                            assert_eq!(text.get(word.range.clone()), Some(word.raw.as_str()), "{text:?}");
                        }
                    }
                }
            }
        }
    }
}
