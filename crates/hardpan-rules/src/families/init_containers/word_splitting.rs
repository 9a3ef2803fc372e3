//! What Compose takes away from a command string when it splits it into words.
//!
//! This follows `hardpan_compose::syntax::shellwords`, which gives the words; here only the losses and their places
//! are of interest.

use std::ops::Range;

use super::aligned::reference_length;

/// Something that is written and does not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// An operator outside of quotes ends the command.
    Dropped {
        /// From the operator on, to the end of the line.
        range: Range<usize>,
        /// Whether only `2>&1` is lost, which changes nothing in a container.
        is_harmless: bool,
    },
    /// A backslash before a character that does not need one.
    Backslash {
        /// The backslash and the character.
        range: Range<usize>,
    },
    /// A backslash at the end of a line.
    Continuation {
        /// The backslash.
        range: Range<usize>,
        /// Whether it is inside of quotes, where a line break remains.
        in_quotes: bool,
    },
    /// A quote inside of a text in the same quotes.
    InnerQuotes {
        /// From the first inner quote to the second.
        range: Range<usize>,
        /// Whether the shell reads the same without them.
        is_harmless: bool,
    },
    /// The script of a shell without quotes around it.
    Outside {
        /// The words after the first.
        range: Range<usize>,
    },
}

impl Loss {
    pub(super) fn range(&self) -> &Range<usize> {
        match self {
            Self::Dropped { range, .. }
            | Self::Backslash { range }
            | Self::Continuation { range, .. }
            | Self::InnerQuotes { range, .. }
            | Self::Outside { range } => range,
        }
    }
}

/// A word with where it is written.
#[derive(Default)]
struct Word {
    start: usize,
    end: usize,
    /// Closing quotes, each with the kind.
    closed: Vec<(usize, char)>,
    /// Opening quotes, each with the kind.
    opened: Vec<(usize, char)>,
}

/// The losses of a string, at most one of each kind. `shell_word` is the word that a shell takes for its script.
pub(super) fn losses(text: &str, shell_word: Option<usize>, words_count: usize) -> Vec<Loss> {
    let mut splitter = Splitter { text, words: Vec::new(), losses: Vec::new() };
    splitter.run();
    let Splitter { words, mut losses, .. } = splitter;
    // With another count the variables have brought words of their own.
    let script = shell_word.filter(|_| words.len() == words_count).and_then(|at| words.get(at));
    if let Some((word, rest)) = script.and_then(|word| Some((word, words.get(shell_word? + 1..)?))) {
        if let Some(inner) = inner_quotes(text, word) {
            losses.push(inner);
        } else if let (Some(first), Some(last)) = (rest.first(), rest.last()) {
            let written = text.get(word.start..word.end).unwrap_or_default();
            // A script may take parameters, if it says so.
            let takes = ["$$0", "$$1", "$$@", "$$*", "$0", "$1", "$@", "$*"];
            if !takes.iter().any(|parameter| written.contains(parameter)) {
                losses.push(Loss::Outside { range: first.start..last.end });
            }
        }
    }
    losses
}

/// Quotes that end the script's own: `"echo "a b""`. What stands between them is not quoted.
fn inner_quotes(text: &str, word: &Word) -> Option<Loss> {
    let (_, quote) = *word.opened.first()?;
    let (first, _) = *word.closed.iter().find(|(at, kind)| {
        *kind == quote
            && text
                .get(at + 1..)
                .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(char::is_whitespace))
    })?;
    // Something has to open again in the same quotes, else it is only glued: `'a'b`.
    let rest = text.get(first + 1..)?;
    let second = first + 1 + rest.find(quote)?;
    let inner = text.get(first + 1..second)?;
    let before = text.get(..first)?.trim_end().chars().next_back();
    let after = text.get(second + 1..)?.trim_start().chars().next();
    // `"'"'"'"` is the way to write a quote in the same quotes.
    if inner.starts_with(['\'', '"']) {
        return None;
    }
    let is_data = |letter: Option<char>| matches!(letter, Some('{' | '}' | '[' | ']' | ':' | ','));
    let is_plain = inner
        .chars()
        .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/' | ':' | '@'));
    let is_harmless = is_plain && !is_data(before) && !is_data(after);
    Some(Loss::InnerQuotes { range: first..second + 1, is_harmless })
}

struct Splitter<'t> {
    text: &'t str,
    words: Vec<Word>,
    losses: Vec<Loss>,
}

impl Splitter<'_> {
    fn run(&mut self) {
        let text = self.text;
        let mut word: Option<Word> = None;
        let mut quote: Option<char> = None;
        let mut in_substitution = false;
        let mut at = 0;
        while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = &text[at..];
            let length = match letter {
                '$' if rest.starts_with("$$") => 2,
                '$' => reference_length(rest).unwrap_or(1),
                _ => letter.len_utf8(),
            };
            let next = at + length;
            if quote.is_none() && !in_substitution && letter.is_ascii_whitespace() {
                self.words.extend(word.take());
                at = next;
                continue;
            }
            if quote.is_none() && !in_substitution && matches!(letter, ';' | '&' | '|' | '<' | '>') {
                let line = rest.find('\n').unwrap_or(rest.len());
                let is_harmless = rest.trim_end() == ">&1" || rest.trim_end() == ">&2";
                self.lose(Loss::Dropped { range: at..at + line.max(1), is_harmless });
                break;
            }
            let current = word.get_or_insert_with(|| Word { start: at, end: next, ..Word::default() });
            current.end = next;
            match (letter, quote) {
                ('\\', None | Some('"')) => {
                    let end = self.backslash(at, quote);
                    current.end = end;
                    at = end;
                    continue;
                }
                ('"' | '\'', None) if !in_substitution => {
                    current.opened.push((at, letter));
                    quote = Some(letter);
                }
                (_, Some(open)) if open == letter => {
                    current.closed.push((at, letter));
                    quote = None;
                }
                ('(', None) if self.text[..at].ends_with('$') => in_substitution = true,
                (')', None) => in_substitution = false,
                ('`', None) => in_substitution = !in_substitution,
                _ => {}
            }
            at = next;
        }
        self.words.extend(word);
    }

    /// Looks at a backslash; the end of what it quotes.
    fn backslash(&mut self, at: usize, quote: Option<char>) -> usize {
        let rest = self.text.get(at + 1..).unwrap_or_default();
        let Some(next) = rest.chars().next() else { return at + 1 };
        let end = at + 1 + next.len_utf8();
        let line = rest.trim_start_matches([' ', '\t']);
        let ends_line = next == '\n' || (next == ' ' && quote.is_none());
        if next == '\n' || line.starts_with('\n') || ends_line {
            let before = self.text.get(..at).unwrap_or_default().trim_end();
            let is_between =
                ["&&", "|", ";", "(", "{", "do", "then"].iter().any(|sign| before.ends_with(sign));
            let is_harmless = quote.is_some() && (is_between || next != '\n');
            if !is_harmless {
                self.lose(Loss::Continuation { range: at..at + 1, in_quotes: quote.is_some() });
            }
            return end;
        }
        let is_needed = match quote {
            Some(_) => matches!(next, '"' | '\\' | '$' | '`' | '\'' | '!' | ' ' | '\t'),
            None => !next.is_alphanumeric(),
        };
        if !is_needed {
            self.lose(Loss::Backslash { range: at..end });
        }
        end
    }

    /// Notes the first loss of a kind.
    fn lose(&mut self, loss: Loss) {
        let kind = std::mem::discriminant(&loss);
        if !self.losses.iter().any(|other| std::mem::discriminant(other) == kind) {
            self.losses.push(loss);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Loss, losses};

    fn check(text: &str, shell_word: Option<usize>, count: usize, expected: &[&str]) {
        let found: Vec<&str> = losses(text, shell_word, count)
            .iter()
            .map(|loss| match loss {
                Loss::Dropped { .. } => "dropped",
                Loss::Backslash { .. } => "backslash",
                Loss::Continuation { .. } => "continuation",
                Loss::InnerQuotes { is_harmless: true, .. } => "harmless",
                Loss::InnerQuotes { .. } => "quotes",
                Loss::Outside { .. } => "outside",
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_arrives_is_no_loss() {
        check("sh -c 'a && b | c > d'", Some(2), 3, &[]);
        check(r#"sh -c "echo \"a b\" && c""#, Some(2), 3, &[]);
        check(r#"sh -c "echo $$X \$$Y ${Z:-a b}""#, Some(2), 3, &[]);
        check("redis-server --appendonly yes", None, 3, &[]);
        check("sh -c 'echo $$1' sh a", Some(2), 5, &[]);
        check("a $(b; c)", None, 2, &[]);
        check(r"sh -c 'printf a\nb'", Some(2), 3, &[]);
        check("sh -c \"a && \\\n b\"", Some(2), 3, &[]);
        check(r"a b\;c", None, 2, &[]);
    }

    #[test]
    fn what_does_not_arrive_is_found() {
        check("npm run a && npm run b", None, 3, &["dropped"]);
        check("a 2>/dev/null", None, 1, &["dropped"]);
        check(r#"sh -c "tr -d '\n' < a""#, Some(2), 3, &["backslash"]);
        check(r#"sh -c "find . -exec ls {} \;""#, Some(2), 3, &["backslash"]);
        check("sh -c \"a \\\n --b\"", Some(2), 3, &["continuation"]);
        check("a \\\n --b", None, 3, &["continuation"]);
        check(r"a \ --b", None, 2, &["continuation"]);
        check(r#"sh -c "echo "hello world" && b""#, Some(2), 4, &["quotes"]);
        check(r#"sh -c "echo "hello" && b""#, Some(2), 3, &["harmless"]);
        check(r#"sh -c "curl -d '{"a":"b"}'""#, Some(2), 3, &["quotes"]);
        check("sh -c echo hi", Some(2), 4, &["outside"]);
    }

    #[test]
    fn broken_strings_are_survived() {
        for text in ["", "\\", "\"", "'", "$", "${", "`", "$(", "ü\\ü", "\"ü\"ü\"", "\\\n"] {
            for at in 0..2 {
                let _ = losses(text, Some(at), 1);
            }
        }
    }
}
