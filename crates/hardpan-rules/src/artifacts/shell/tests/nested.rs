//! Wrappers and scripts inside of commands.

use super::*;

fn first(text: &str) -> SimpleCommand {
    commands(&parse(text))[0].command.clone()
}

fn check_program(text: &str, expected: Option<(&str, &str)>) {
    let command = first(text);
    let found = effective_command(&command.words).map(|found| {
        let rest: Vec<&str> = found.arguments.iter().map(|word| word.raw.as_str()).collect();
        (found.program.to_owned(), rest.join(" "))
    });
    assert_eq!(found, expected.map(|(program, rest)| (program.to_owned(), rest.to_owned())), "{text}");
}

#[test]
fn wrappers_are_skipped() {
    check_program("psql -c x", Some(("psql", "-c x")));
    check_program("exec /usr/bin/psql \"$@\"", Some(("psql", "\"$@\"")));
    check_program("env -i A=b C=\"$D\" psql -c", Some(("psql", "-c")));
    check_program("timeout -k 5 60 curl -f u", Some(("curl", "-f u")));
    check_program("timeout -t 10 curl", Some(("curl", "")));
    check_program("timeout \"$LIMIT\" curl", Some(("curl", "")));
    check_program("nice -n 5 nohup time a b", Some(("a", "b")));
    check_program("sudo -u postgres A=1 psql", Some(("psql", "")));
    check_program("su-exec redis:redis redis-server x", Some(("redis-server", "x")));
    check_program("exec gosu postgres postgres", Some(("postgres", "")));
    check_program("tini -s -- dumb-init -- a", Some(("a", "")));
    check_program("command -v curl", Some(("command", "-v curl")));
    check_program("command curl", Some(("curl", "")));
    check_program("busybox wget u", Some(("wget", "u")));
    check_program("flock -w 5 /tmp/lock a", Some(("a", "")));
    check_program("\"$CMD\" x", None);
    check_program("exec \"$@\"", None);
    check_program("exec", Some(("exec", "")));
    check_program("exec 2>&1", Some(("exec", "")));
}

fn check_nested(text: &str, expected: Option<(NestedKind, &str, bool)>) {
    let nested = nested_script(&first(text)).map(|nested| (nested.kind, nested.text, nested.exact));
    assert_eq!(nested, expected.map(|(kind, text, exact)| (kind, text.to_owned(), exact)), "{text}");
}

#[test]
fn nested_texts_are_found() {
    check_nested("sh -c 'a; b'", Some((NestedKind::Shell, "a; b", true)));
    check_nested(
        "timeout 60 sh -ec \"until x $Y; do z; done\"",
        Some((NestedKind::Shell, "until x $Y; do z; done", false)),
    );
    check_nested("/bin/bash -e -o pipefail -c 'a' name", Some((NestedKind::Shell, "a", true)));
    check_nested("bash --login -c 'a'", Some((NestedKind::Shell, "a", true)));
    check_nested("su -s /bin/sh -c 'a' postgres", Some((NestedKind::SwitchUser, "a", true)));
    check_nested("su - postgres -c \"a\"", Some((NestedKind::SwitchUser, "a", true)));
    check_nested("eval \"$(ssh-agent)\" x", Some((NestedKind::Eval, "$(ssh-agent) x", false)));
    check_nested("sh script.sh", None);
    check_nested("sh -c", None);
    check_nested("psql -c 'select 1'", None);
    let nested = nested_script(&first("timeout 5 sh -euxc 'a'")).expect("a nested script");
    assert!(nested.options.errexit && nested.options.nounset && nested.options.xtrace);
    assert_eq!(nested.wrappers, ["timeout"]);
    assert_eq!(nested.range, 19..22);
}

#[test]
fn a_nested_text_leads_back_to_the_outer_script() {
    for text in [
        "sh -c 'x; yy $z'",
        "sh -c \"x $A; yy \"\"q\"",
        "sh -c x\\ yy",
        "eval \"x\" 'yy'",
        "sh -c \"\\\"é\\\" \\\n yy\"",
    ] {
        let nested = nested_script(&first(text)).expect("a nested script");
        let at = nested.text.find("yy").expect("the text has it");
        assert_eq!(&text[nested.map.range(&(at..at + 2))], "yy", "{text}");
    }
}

#[test]
fn the_file_of_a_shell_is_named() {
    let found = shell_invocation(&[Some("bash"), Some("-e"), Some("/init.sh"), Some("x")]).expect("a shell");
    assert_eq!((found.text, found.file, found.options.errexit), (None, Some(2), true));
}
