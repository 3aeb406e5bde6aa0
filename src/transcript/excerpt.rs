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
        /// How many lines are left out; none when they were not counted, or when one line is too long.
        left_out: Option<u64>,
        /// The last lines.
        tail: Vec<String>,
    },
    /// What is there of it, when that is less than was recorded.
    Short(Vec<String>),
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
    let asked = if kept <= both { 2 * WINDOW_BYTES } else { WINDOW_BYTES };
    let Some(head) = read(0, asked).filter(|head| !head.is_empty()) else { return Excerpt::Missing };
    if clean::is_full_screen(&head) {
        return Excerpt::FullScreen;
    }
    if head.len() as u64 >= kept {
        return of_whole(cut(clean::lines(&head)));
    }
    let tail_start = kept.saturating_sub(WINDOW_BYTES as u64);
    let Some(tail) = read(tail_start, WINDOW_BYTES) else { return Excerpt::Missing };
    let mut head_lines = cut(clean::lines(&head));
    if head.len() < asked || tail.is_empty() {
        return Excerpt::Short(first_lines(&head_lines));
    }
    if head_lines.len() > 1 {
        // The window cuts through it.
        head_lines.pop();
    }
    let head = first_lines(&head_lines);
    let tail = last_lines(&cut(clean::lines(from_line_start(&tail))));
    let shown = (head.len() + tail.len()) as u64;
    let left_out = count_lines(kept, read).map(|lines| lines.saturating_sub(shown));
    let left_out = left_out.filter(|&lines| lines > 0);
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
        if let Some((at, _)) = line.char_indices().nth(LINE_CHARACTERS) {
            line.truncate(at);
            line.push_str(" … [the line goes on]");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::Digest;
    use std::io;

    struct File(Vec<u8>);

    impl OutputSource for File {
        fn read(&self, _: Seq, offset_bytes: u64, limit_bytes: usize) -> io::Result<Vec<u8>> {
            Ok(window(&self.0, offset_bytes, limit_bytes))
        }
    }

    fn of(bytes: &[u8], kept_bytes: u64) -> Excerpt {
        let output = Captured {
            length_bytes: kept_bytes,
            kept_bytes,
            digest: Digest::of(b""),
            all_digest: None,
            salt: String::new(),
            inline: None,
        };
        excerpt(Seq(1), &output, &File(bytes.to_vec()))
    }

    fn lines(count: usize, width: usize) -> Vec<u8> {
        (1..=count).map(|i| format!("{i:0width$}\n")).collect::<Vec<_>>().concat().into_bytes()
    }

    #[test]
    fn shown_and_left_out_lines_add_up() {
        for count in [1, 60, 61, 300, 2_000, 70_000] {
            for width in [6, 80, 400] {
                let bytes = lines(count, width);
                let (shown, left_out) = match of(&bytes, bytes.len() as u64) {
                    Excerpt::Whole(lines) => (lines.len(), 0),
                    Excerpt::Parts { head, left_out, tail } => {
                        assert!(head.len() <= HEAD_LINES && tail.len() <= TAIL_LINES);
                        assert_eq!(head.first(), Some(&format!("{:0width$}", 1)));
                        assert_eq!(tail.last(), Some(&format!("{count:0width$}")));
                        // Past the limit they are not counted.
                        let counted = left_out.unwrap_or((count - head.len() - tail.len()) as u64);
                        (head.len() + tail.len(), usize::try_from(counted).unwrap())
                    }
                    other => panic!("{count} lines of {width}: {other:?}"),
                };
                assert_eq!(shown + left_out, count, "{count} lines of {width}");
            }
        }
    }

    #[test]
    fn one_line_of_a_megabyte_is_cut() {
        let Excerpt::Parts { head, left_out, tail } = of(&vec![b'x'; 1 << 20], 1 << 20) else { panic!() };
        assert_eq!((head.len(), left_out, tail.len()), (1, None, 1));
        assert!(head.concat().len() < 2 * LINE_CHARACTERS && tail.concat().len() < 2 * LINE_CHARACTERS);
    }

    #[test]
    fn an_output_that_is_shorter_than_recorded_says_so() {
        assert_eq!(of(b"all that is left\n", 100), Excerpt::Short(vec!["all that is left".to_owned()]));
        assert_eq!(of(b"all that is left\n", 1 << 30), Excerpt::Short(vec!["all that is left".to_owned()]));
        assert_eq!(of(b"", 100), Excerpt::Missing);
        assert_eq!(of(b"", 0), Excerpt::Nothing);
    }
}
