//! What of a command's output stands in the transcript: all of it when short, its head and tail when long.
//!
//! Invariant: at most a window of the output is in memory. Refuses to know: how it is marked up.

use super::clean;
use crate::history::{Captured, OutputSource};
use crate::ident::Seq;

/// A short output is shown whole.
const WHOLE_LINES: usize = 60;
const WHOLE_BYTES: usize = 8 << 10;
/// Of a long one so many lines, and so many bytes of them.
const HEAD_LINES: usize = 20;
const HEAD_BYTES: usize = 3 << 10;
const TAIL_LINES: usize = 40;
const TAIL_BYTES: usize = 5 << 10;
/// A line is cut after so many characters.
const LINE_CHARACTERS: usize = 1000;
/// What is read: at the beginning, and at the end. Escape sequences may take most of it.
const WINDOW_BYTES: usize = 32 << 10;
/// In longer output lines are not counted.
const COUNTED_BYTES: u64 = 16 << 20;
const CHUNK_BYTES: usize = 256 << 10;

/// What to show of an output.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Excerpt {
    /// Nothing was printed, or nothing that can be seen.
    Nothing,
    /// All of it.
    Whole(Vec<String>),
    /// Its beginning and its end.
    Parts {
        /// The first lines.
        head: Vec<String>,
        /// How many lines are left out; none when they were not counted.
        left_out: Option<u64>,
        /// The last lines.
        tail: Vec<String>,
    },
    /// A full-screen program drew it.
    FullScreen,
    /// It cannot be read.
    Missing,
}

/// Makes the excerpt of a command's output.
pub(super) fn excerpt(command: Seq, output: &Captured, source: &dyn OutputSource) -> Excerpt {
    let read = |offset: u64, limit: usize| match &output.inline {
        Some(bytes) => Some(window(bytes, offset, limit)),
        None => source.read(command, offset, limit).ok(),
    };
    let kept = output.inline.as_ref().map_or(output.kept_bytes, |bytes| bytes.len() as u64);
    if kept == 0 {
        return Excerpt::Nothing;
    }
    let both = 2 * WINDOW_BYTES as u64;
    let Some(head) = read(0, if kept <= both { 2 * WINDOW_BYTES } else { WINDOW_BYTES }) else {
        return Excerpt::Missing;
    };
    if clean::is_full_screen(&head) {
        return Excerpt::FullScreen;
    }
    if head.len() as u64 >= kept {
        return of_whole(cut(clean::lines(&head)));
    }
    let tail_start = kept.saturating_sub(WINDOW_BYTES as u64);
    let Some(tail) = read(tail_start, WINDOW_BYTES) else { return Excerpt::Missing };
    if tail.is_empty() {
        return Excerpt::Missing;
    }
    let head = first_lines(&cut(clean::lines(&head)));
    let tail = last_lines(&cut(clean::lines(from_line_start(&tail))));
    let shown = (head.len() + tail.len()) as u64;
    let left_out = count_lines(kept, read).map(|lines| lines.saturating_sub(shown));
    Excerpt::Parts { head, left_out, tail }
}

fn window(bytes: &[u8], offset: u64, limit: usize) -> Vec<u8> {
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    bytes.iter().skip(offset).take(limit).copied().collect()
}

fn of_whole(lines: Vec<String>) -> Excerpt {
    if lines.iter().all(|line| line.trim().is_empty()) {
        return Excerpt::Nothing;
    }
    let bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
    if lines.len() <= WHOLE_LINES && bytes <= WHOLE_BYTES {
        return Excerpt::Whole(lines);
    }
    let head = first_lines(&lines);
    let tail = last_lines(lines.get(head.len()..).unwrap_or_default());
    match lines.len() - head.len() - tail.len() {
        0 => Excerpt::Whole(lines),
        left_out => Excerpt::Parts { head, left_out: Some(left_out as u64), tail },
    }
}

fn cut(mut lines: Vec<String>) -> Vec<String> {
    for line in &mut lines {
        let length = line.chars().count();
        if length > LINE_CHARACTERS {
            let kept: String = line.chars().take(LINE_CHARACTERS).collect();
            *line = format!("{kept} … [{} more characters]", length - LINE_CHARACTERS);
        }
    }
    lines
}

fn first_lines(lines: &[String]) -> Vec<String> {
    within(lines.iter(), HEAD_LINES, HEAD_BYTES)
}

fn last_lines(lines: &[String]) -> Vec<String> {
    let mut tail = within(lines.iter().rev(), TAIL_LINES, TAIL_BYTES);
    tail.reverse();
    tail
}

/// At least one, however long.
fn within<'a>(lines: impl Iterator<Item = &'a String>, most: usize, most_bytes: usize) -> Vec<String> {
    let mut bytes = 0;
    let fits = |(i, line): &(usize, &String)| {
        bytes += line.len() + 1;
        *i == 0 || bytes <= most_bytes
    };
    lines.take(most).enumerate().take_while(fits).map(|(_, line)| line.clone()).collect()
}

/// Past the line, or else the character, that the window cuts through.
fn from_line_start(window: &[u8]) -> &[u8] {
    let newline = window.iter().position(|&b| b == b'\n').filter(|&at| at + 1 < window.len());
    let start = match newline {
        Some(at) => at + 1,
        None => window.iter().take_while(|&&b| b & 0xc0 == 0x80).count(),
    };
    window.get(start..).unwrap_or_default()
}

fn count_lines(kept: u64, read: impl Fn(u64, usize) -> Option<Vec<u8>>) -> Option<u64> {
    if kept > COUNTED_BYTES {
        return None;
    }
    let (mut offset, mut lines, mut last) = (0, 0, b'\n');
    while offset < kept {
        let chunk = read(offset, CHUNK_BYTES)?;
        last = *chunk.last()?;
        lines += chunk.iter().map(|&b| u64::from(b == b'\n')).sum::<u64>();
        offset += chunk.len() as u64;
    }
    Some(lines + u64::from(last != b'\n'))
}
