//! Words, quotes, redirections, here-documents and compound commands.

use super::*;

#[test]
fn words_are_split_and_unquoted() {
    check("echo a  'b c' \"d e\" f\\ g", &["echo a b c d e f g"]);
    check("echo a\\\nb", &["echo ab"]);
    check("a; b & c\nd", &["a", "b", "c", "d"]);
    check("echo $'a\\tb\\x41\\101\\u00e9'", &["echo a\tbAAé"]);
    check("echo \"a\\\"b\\$c\\n\"", &["echo a\"b$c\\n"]);
    check("echo a#b # c", &["echo a#b"]);
    check("echo '' \"\"", &["echo  "]);
    check("echo \"$\" $ 5$", &["echo $ $ 5$"]);
    check("ls *.sql ~/x @(a|b)", &["ls *.sql ~/x @(a|b)"]);
    check("a\r\nb\r\n", &["a", "b"]);
}

#[test]
fn expansions_are_listed_with_their_names() {
    let script = parse("echo \"$A${B:-$C}${#D}\" $1 $? ${E%%.*} $((F + $G)) ${H[0]:-x} '$I'");
    let visited = commands(&script);
    let names: Vec<String> = visited[0]
        .command
        .words
        .iter()
        .flat_map(Word::variables)
        .map(|expansion| format!("{}{}", expansion.name, if expansion.quoted { "q" } else { "" }))
        .collect();
    assert_eq!(names, ["Aq", "Bq", "Cq", "Dq", "1", "?", "E", "Gq", "H"]);
    assert!(script.complete);
    let words = &visited[0].command.words;
    assert!(words[1].is_quoted() && !words[2].is_quoted());
    assert!(words[1].variables()[3].length);
    assert_eq!(words[1].variables()[1].operator.as_deref(), Some(":-"));
}

#[test]
fn ranges_are_those_of_the_text() {
    let text = "A=1 psql -c \"select $X\" > /dev/null";
    let script = parse(text);
    let visited = commands(&script);
    let command = visited[0].command;
    assert_eq!(&text[command.range.clone()], text);
    assert_eq!(&text[command.words[2].range.clone()], "\"select $X\"");
    assert_eq!(&text[command.words[2].variables()[0].range.clone()], "$X");
    assert_eq!(&text[command.redirects[0].range.clone()], "> /dev/null");
    assert_eq!(&text[command.assignments[0].value.range.clone()], "1");
}

#[test]
fn assignments_take_values_indexes_and_arrays() {
    check("A=1 B='x y' C+=z D= cmd E=2", &["A:=1 B:='x y' C:=z D:= cmd E=2"]);
    check("A=$(cat f) B=\"$A\"", &["A:=$(cat f) B:=\"$A\"", "cat f"]);
    check("a=(x \"y z\"\n w) b[1]=c", &["a:=(x \"y z\"\n w) b:=c"]);
    check("'A'=1", &["A=1"]);
    check("export A=1 B", &["export A=1 B"]);
}

#[test]
fn redirections_are_not_words() {
    check(
        "a >f 2>&1 <g >>h &>i 3<>j >|k",
        &["a Output f DuplicateOutput 1 Input g Append h OutputAndError i ReadWrite j Clobber k"],
    );
    check(">f", &[" Output f".trim_start()]);
    check("cat <<<\"$x\"", &["cat HereString \"$x\""]);
    check("cat < <(ls -l) >(tee)", &["cat <>(tee)> Input <(ls -l)", "ls -l", "tee"]);
    let script = parse("echo 2>&1 12>f");
    let visited = commands(&script);
    let descriptors: Vec<_> =
        visited[0].command.redirects.iter().map(|redirect| redirect.descriptor).collect();
    assert_eq!(descriptors, [Some(2), Some(12)]);
    assert!(!visited[0].command.redirects[0].takes_standard_output());
}

#[test]
fn here_documents_keep_their_bodies() {
    let text = "cat <<EOF | psql\nselect '$A';\n$(date)\nEOF\nnext <<-'END'\n\t$B\n\tEND\nlast";
    let script = parse(text);
    let visited = commands(&script);
    let lines: Vec<String> = visited.iter().map(|visited| line(visited.command)).collect();
    assert_eq!(lines, ["cat Heredoc EOF", "date", "psql", "next HeredocStripTabs 'END'", "last"]);
    let first = visited[0].command.redirects[0].heredoc.as_ref().expect("a body");
    assert_eq!(first.body.raw, "select '$A';\n$(date)\n");
    assert!(first.body.expands("A") && !first.quoted);
    let second = visited[3].command.redirects[0].heredoc.as_ref().expect("a body");
    assert!(second.quoted && second.body.variables().is_empty());
    assert_eq!(second.body.plain.as_deref(), Some("\t$B\n"));
    assert!(script.complete);
}

#[test]
fn here_documents_may_share_a_line_and_sit_in_substitutions() {
    let text = "cat <<A - <<B # not 'a quote\none\nA\ntwo\nB\nx=$(cat <<C\nthree\nC\n)\nend";
    let script = parse(text);
    let bodies: Vec<String> = commands(&script)
        .iter()
        .flat_map(|visited| &visited.command.redirects)
        .filter_map(|redirect| redirect.heredoc.as_ref())
        .map(|heredoc| heredoc.body.raw.clone())
        .collect();
    assert_eq!(bodies, ["one\n", "two\n", "three\n"]);
    assert_eq!(listing(text).last().map(String::as_str), Some("end"));
    assert!(script.complete);
}

#[test]
fn substitutions_hold_commands() {
    check(
        "echo $(a $(b) `c`) \"$(d \")\")\"",
        &["echo <$(a $(b) `c`)> <\"$(d \")\")\">", "a <$(b)> <`c`>", "b", "c", "d )"],
    );
    check("echo $(case x in a) b ;; esac)", &["echo <$(case x in a) b ;; esac)>", "b"]);
    check("echo $((1 + (2)))", &["echo <$((1 + (2)))>"]);
    check("echo $((a) ; b)", &["echo <$((a) ; b)>", "a", "b"]);
    check("echo ${A:-$(b c)}", &["echo <${A:-$(b c)}>", "b c"]);
}

#[test]
fn compound_commands_are_read() {
    check("if a; then b; elif c; then d; else e; fi", &["a", "b", "c", "d", "e"]);
    check("while a\ndo b\ndone", &["a", "b"]);
    check("until a; do b; done > f", &["a", "b"]);
    check("for i in 1 2 $(seq 3); do b $i; done", &["seq 3", "b <$i>"]);
    check("for i\ndo b; done", &["b"]);
    check("for ((i=0; i<3; i++)); do b; done", &["b"]);
    check("select x in a b; do c; done", &["c"]);
    check("case $x in a|b) c;; (d) e ;; *) f; esac; g", &["c", "e", "f", "g"]);
    check("{ a; b; } && (c; d) || e", &["a", "b", "c", "d", "e"]);
    check("f() { a; }; function g { b; }; function h() (c)", &["a", "b", "c"]);
    check("[[ -f $a && ( b < c ) ]] && (( i++ )) && d", &["[[ -f <$a> && ( b < c ) ]]", "((  i++  ))", "d"]);
    check("! a | b", &["a", "b"]);
    check("a |& b &&\n# note\nc", &["a", "b", "c"]);
    check("if ((x > 1)); then y; fi", &["(( x > 1 ))", "y"]);
}

#[test]
fn reserved_words_are_words_elsewhere() {
    check("echo if then done } fi", &["echo if then done } fi"]);
    check("\\if x", &["if x"]);
    check("iffy; done_it", &["iffy", "done_it"]);
}

#[test]
fn comments_and_shebangs_are_noted() {
    let text = "#!/bin/sh -eu\n# one\na # two\n";
    let script = parse(text);
    assert_eq!(
        script.comments.iter().map(|range| &text[range.clone()]).collect::<Vec<_>>(),
        ["# one", "# two"]
    );
    let shebang = script.shebang.as_ref().expect("a shebang");
    assert_eq!((shebang.program.as_str(), shebang.range.clone()), ("sh", 0..13));
    assert!(script.initial_options().errexit && script.initial_options().nounset);
    let script = parse("#!/usr/bin/env -S bash -e\na");
    assert_eq!(script.shebang.as_ref().map(|shebang| shebang.program.as_str()), Some("bash"));
    assert!(script.initial_options().errexit);
}
