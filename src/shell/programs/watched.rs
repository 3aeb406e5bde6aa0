//! What `watch` runs, and how often: so that its samples can be recorded instead of painted.
//!
//! Invariant: only a `watch` whose words are all fixed, and whose command changes nothing of a session, is read. Refuses to
//! know: who looks at it.

use crate::shell::{CommandFacts, ProgramName};
use std::time::Duration;

/// The command that a `watch` repeats, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedCommand {
    /// The command, as a shell reads it.
    pub text: String,
    /// The time between two runs; `watch` itself begins with 2 seconds, and takes no less than a tenth.
    pub every: Duration,
}

/// Options of procps' `watch` that only change what it looks like; from its manual.
const LOOK_OPTIONS: &[&str] = &[
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

/// Parses a `watch` command; none if the text is something else or cannot be read.
pub fn parse_watch(text: &str) -> Option<WatchedCommand> {
    if !text.trim_start().starts_with("watch") {
        return None;
    }
    let facts = crate::shell::describe_command(text);
    let ([only], Some([0])) = (facts.simple_commands.as_slice(), facts.status_source.pipeline_members.as_deref())
    else {
        return None;
    };
    if only.program != ProgramName::Named("watch".to_owned()) || text.get(only.span.clone())?.trim() != text.trim() {
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
                every = parse_interval(value)?;
                rest = after;
            }
            "-x" | "--exec" => exec = true,
            word if LOOK_OPTIONS.contains(&word) => {}
            word => every = parse_interval(word.strip_prefix("--interval=").or_else(|| word.strip_prefix("-n"))?)?,
        }
    }
    if rest.is_empty() {
        return None;
    }
    let text = if exec {
        rest.iter().map(|w| crate::shell::quote_value(w)).collect::<Vec<_>>().join(" ")
    } else {
        rest.join(" ")
    };
    let inner = crate::shell::describe_command(&text);
    let stays = inner.session_changes.is_empty() && inner.assignments.is_empty() && inner.never_ends_reason.is_none();
    (stays && is_single_command(&inner)).then_some(WatchedCommand { text, every })
}

fn is_single_command(facts: &CommandFacts) -> bool {
    !facts.simple_commands.is_empty() && facts.not_a_command.is_none() && facts.placeholders.is_empty()
}

fn parse_interval(text: &str) -> Option<Duration> {
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
            let expected = WatchedCommand { text: inner.to_owned(), every: Duration::from_millis(millis) };
            assert_eq!(parse_watch(text), Some(expected), "{text}");
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
            assert_eq!(parse_watch(text), None, "{text}");
        }
    }
}
