//! What `watch` runs, and how often: so that its samples can be recorded instead of painted.
//!
//! Invariant: only a `watch` whose words are all fixed, and whose command changes nothing of a session, is read. Refuses to
//! know: who looks at it.

use crate::shell::{Facts, Program};
use std::time::Duration;

/// What a `watch` watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The command, as a shell reads it.
    pub text: String,
    /// The time between two runs; `watch` itself begins with 2 seconds, and takes no less than a tenth.
    pub every: Duration,
}

/// Options of procps' `watch` that only change what it looks like; from its manual.
const LOOKS: &[&str] = &[
    "-b",
    "--beep",
    "-c",
    "--color",
    "-C",
    "--no-color",
    "-d",
    "--differences",
    "-t",
    "--no-title",
    "-w",
    "--no-wrap",
    "-p",
    "--precise",
];

/// Reads it.
pub fn watched(text: &str) -> Option<Watched> {
    if !text.trim_start().starts_with("watch") {
        return None;
    }
    let facts = crate::shell::describe(text);
    let ([only], Some([0])) = (facts.simple.as_slice(), facts.status.pipeline.as_deref()) else { return None };
    if only.program != Program::Named("watch".to_owned()) || text.get(only.span.clone())?.trim() != text.trim() {
        return None;
    }
    let words: Vec<&str> = only.words.iter().map(Option::as_deref).collect::<Option<_>>()?;
    let mut rest = words.as_slice();
    let (mut every, mut exec) = (Duration::from_secs(2), false);
    while let Some((word, after)) = rest.split_first().filter(|(word, _)| word.starts_with('-')) {
        rest = after;
        match *word {
            "--" => break,
            "-n" | "--interval" => {
                let (value, after) = rest.split_first()?;
                every = interval(value)?;
                rest = after;
            }
            "-x" | "--exec" => exec = true,
            word if LOOKS.contains(&word) => {}
            word => every = interval(word.strip_prefix("--interval=").or_else(|| word.strip_prefix("-n"))?)?,
        }
    }
    if rest.is_empty() {
        return None;
    }
    let text =
        if exec { rest.iter().map(|w| crate::shell::quote(w)).collect::<Vec<_>>().join(" ") } else { rest.join(" ") };
    let inner = crate::shell::describe(&text);
    let stays = inner.session.is_empty() && inner.assigns.is_empty() && inner.never_ends.is_none();
    (stays && is_command(&inner)).then_some(Watched { text, every })
}

fn is_command(facts: &Facts) -> bool {
    !facts.simple.is_empty() && facts.not_a_command.is_none() && facts.placeholders.is_empty()
}

fn interval(text: &str) -> Option<Duration> {
    let seconds: f64 = text.replace(',', ".").parse().ok()?;
    Duration::try_from_secs_f64(seconds.max(0.1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_watch_watches_and_how_often() {
        for (text, inner, millis) in [
            ("watch -n 30 'docker ps | head'", "docker ps | head", 30_000),
            ("watch df -h", "df -h", 2000),
            ("watch -n5 -d uptime", "uptime", 5000),
            ("watch --interval=0.5 -t date", "date", 500),
            ("watch -x ls 'a b'", "ls 'a b'", 2000),
        ] {
            let expected = Watched { text: inner.to_owned(), every: Duration::from_millis(millis) };
            assert_eq!(watched(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_watch_that_ends_or_changes_something_of_its_own_stays_one() {
        for text in [
            "watch -g cat f",
            "watch",
            "watch -n 5",
            "watch uptime | head",
            "watch uptime; date",
            "watch \"echo $X\"",
            "watch 'cd /tmp; ls'",
            "watch -n x date",
            "watchman list",
        ] {
            assert_eq!(watched(text), None, "{text}");
        }
    }
}
