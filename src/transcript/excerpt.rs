//! What of a command's output stands in the transcript: all of it when short, its head and tail when long.
//!
//! Invariant: an output of a few megabytes is taken as the terminal showed it; of a longer one only its beginning and its end
//! are read. Refuses to know: how it is marked up.

use super::screen::{Screen, Shown, UNKNOWN_SIZE, still};
use crate::history::{Captured, OutputSource};
use crate::ident::Seq;

pub(super) use super::screen::{Line, Look};

/// A short output is shown whole.
const WHOLE_LINES: usize = 60;
const WHOLE_BYTES: usize = 8 << 10;
/// Of a long one so many lines, and so many bytes of them.
const HEAD_LINES: usize = 20;
const HEAD_BYTES: usize = 3 << 10;
const TAIL_LINES: usize = 40;
const TAIL_BYTES: usize = 5 << 10;
/// Up to here an output is taken whole. Of a longer one this is read at the beginning, and at the end.
const TAKEN_BYTES: u64 = 4 << 20;
const WINDOW_BYTES: usize = 64 << 10;
/// In longer output lines are not counted.
const COUNTED_BYTES: u64 = 16 << 20;
const CHUNK_BYTES: usize = 256 << 10;

/// What to show of an output.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Excerpt {
    /// Nothing was printed, or nothing that can be seen.
    Nothing,
    /// All of it.
    Whole(Vec<Line>),
    /// Its beginning and its end.
    Parts {
        /// The first lines.
        head: Vec<Line>,
        /// How many lines are left out; none when they were not counted, or when one line is too long.
        left_out: Option<u64>,
        /// The last lines.
        tail: Vec<Line>,
    },
    /// What is there of it, when that is less than was recorded.
    Short(Vec<Line>),
    /// A full-screen program's last screen, with what was printed beside it.
    FullScreen(Vec<Line>),
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
    let asked = if kept <= TAKEN_BYTES { usize::try_from(TAKEN_BYTES).unwrap_or(usize::MAX) } else { WINDOW_BYTES };
    let Some(head) = read(0, asked).filter(|head| !head.is_empty()) else { return Excerpt::Missing };
    let has_returns = memchr::memmem::find(&head, b"\r\n").is_some();
    let screen = |bytes: &[u8], is_full_screen: bool| {
        // Most outputs move nothing, and a terminal of their own would cost more than they do.
        if let Some(shown) = still(bytes).filter(|_| !is_full_screen) {
            return shown;
        }
        let mut screen = Screen::new(UNKNOWN_SIZE, has_returns);
        if is_full_screen {
            screen.enter_full_screen();
        }
        screen.take(bytes);
        screen.finish()
    };
    let shown = screen(&head, false);
    if head.len() as u64 >= kept {
        return of_whole(shown);
    }
    if head.len() < asked {
        return Excerpt::Short(first_lines(&shown.head));
    }
    let tail_start = kept.saturating_sub(WINDOW_BYTES as u64);
    let Some(tail) = read(tail_start, WINDOW_BYTES) else { return Excerpt::Missing };
    if tail.is_empty() {
        return Excerpt::Short(first_lines(&shown.head));
    }
    let end = screen(from_line_start(&tail), shown.is_full_screen);
    if shown.is_full_screen || end.full_screen.is_some() {
        return of_full_screen(end);
    }
    let head = first_lines(&shown.head);
    let tail = last_lines(end.head.iter().chain(&end.tail));
    let known = (head.len() + tail.len()) as u64;
    let left_out = count_lines(kept, read).map(|lines| lines.saturating_sub(known)).filter(|&lines| lines > 0);
    Excerpt::Parts { head, left_out, tail }
}

fn window(bytes: &[u8], offset: u64, limit: usize) -> Vec<u8> {
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    bytes.iter().skip(offset).take(limit).copied().collect()
}

fn of_full_screen(shown: Shown) -> Excerpt {
    let mut lines: Vec<Line> = shown.head.into_iter().take(HEAD_LINES).collect();
    if lines.iter().all(Line::is_blank) {
        lines.clear();
    }
    lines.extend(shown.full_screen.unwrap_or_default());
    if lines.is_empty() { Excerpt::Nothing } else { Excerpt::FullScreen(lines) }
}

fn of_whole(shown: Shown) -> Excerpt {
    if shown.full_screen.is_some() {
        return of_full_screen(shown);
    }
    let lines = || shown.head.iter().chain(&shown.tail);
    if lines().all(Line::is_blank) {
        return Excerpt::Nothing;
    }
    let bytes: usize = lines().map(|line| line.bytes() + 1).sum();
    let count = usize::try_from(shown.count).unwrap_or(usize::MAX);
    if count <= WHOLE_LINES && bytes <= WHOLE_BYTES {
        let whole = shown.head;
        return if shown.is_cut {
            Excerpt::Parts { head: whole, left_out: None, tail: Vec::new() }
        } else {
            Excerpt::Whole(whole)
        };
    }
    let head = first_lines(&shown.head);
    // Where all lines are kept the tail must not tell the head again.
    let again = if count == lines().count() { head.len() } else { 0 };
    let after: Vec<&Line> = lines().skip(again).collect();
    let tail = last_lines(after.into_iter());
    match count - head.len() - tail.len() {
        0 => Excerpt::Whole(shown.head.into_iter().chain(shown.tail).collect()),
        left_out => Excerpt::Parts { head, left_out: Some(left_out as u64), tail },
    }
}

fn first_lines(lines: &[Line]) -> Vec<Line> {
    within(lines.iter(), HEAD_LINES, HEAD_BYTES)
}

fn last_lines<'a>(lines: impl DoubleEndedIterator<Item = &'a Line>) -> Vec<Line> {
    let mut tail = within(lines.rev(), TAIL_LINES, TAIL_BYTES);
    tail.reverse();
    tail
}

/// At least one, however long.
fn within<'a>(lines: impl Iterator<Item = &'a Line>, most: usize, most_bytes: usize) -> Vec<Line> {
    let mut bytes = 0;
    let fits = |(i, line): &(usize, &Line)| {
        bytes += line.bytes() + 1;
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
                        assert_eq!(head.first().map(Line::text), Some(format!("{:0width$}", 1)));
                        assert_eq!(tail.last().map(Line::text), Some(format!("{count:0width$}")));
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
    fn one_line_of_many_megabytes_is_cut() {
        let Excerpt::Parts { head, left_out, tail } = of(&vec![b'x'; 5 << 20], 5 << 20) else { panic!() };
        assert_eq!((head.len(), left_out, tail.len()), (1, None, 1));
        let bytes = |lines: &[Line]| lines.iter().map(Line::bytes).sum::<usize>();
        assert!(bytes(&head) < 2000 && bytes(&tail) < 2000);
    }

    #[test]
    fn an_output_that_is_shorter_than_recorded_says_so() {
        assert_eq!(of(b"all that is left\n", 100), Excerpt::Short(vec![Line::plain("all that is left")]));
        assert_eq!(of(b"all that is left\n", 1 << 30), Excerpt::Short(vec![Line::plain("all that is left")]));
        assert_eq!(of(b"", 100), Excerpt::Missing);
        assert_eq!(of(b"", 0), Excerpt::Nothing);
    }
}
