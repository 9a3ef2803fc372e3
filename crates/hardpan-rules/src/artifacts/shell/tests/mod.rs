//! Scripts and what is read out of them.

mod nested;
mod parse;
mod robust;
mod walk;

use super::*;

/// The simple commands of a script, one a line: assignments, words and redirections as they are written.
fn listing(text: &str) -> Vec<String> {
    commands(&parse(text)).iter().map(|visited| line(visited.command)).collect()
}

fn line(command: &SimpleCommand) -> String {
    let mut pieces: Vec<String> = Vec::new();
    for assignment in &command.assignments {
        pieces.push(format!("{}:={}", assignment.name, assignment.value.raw));
    }
    pieces.extend(
        command.words.iter().map(|word| word.plain.clone().unwrap_or_else(|| format!("<{}>", word.raw))),
    );
    for redirect in &command.redirects {
        pieces.push(format!("{:?} {}", redirect.operator, redirect.target.raw));
    }
    pieces.join(" ")
}

/// Checks the commands of a script that has to be understood in full.
fn check(text: &str, expected: &[&str]) {
    assert_eq!(listing(text), expected, "{text}");
    assert!(parse(text).complete, "{text}");
}
