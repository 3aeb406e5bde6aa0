//! Excerpts of command output: all of it if short, its head and tail if long.
//!
//! Invariant: outputs up to a few megabytes are rendered as the terminal showed them; of longer ones only the beginning and
//! the end are read. Refuses to know: markup.

use super::screen::{OutputScreen, ScreenContents, UNKNOWN_SIZE, show_without_terminal};
use crate::history::{Captured, OutputSource};
use crate::ident::Seq;

pub(super) use super::screen::{ScreenLine, TextStyle};

/// Outputs within both limits are shown completely.
const WHOLE_LINES: usize = 60;
const WHOLE_BYTES: usize = 8 << 10;
/// Limits for the head and the tail of longer outputs.
const HEAD_LINES: usize = 20;
const HEAD_BYTES: usize = 3 << 10;
const TAIL_LINES: usize = 40;
const TAIL_BYTES: usize = 5 << 10;
/// Outputs up to this size are read completely. Of longer ones a window is read at each end.
const FULLY_READ_BYTES: u64 = 4 << 20;
const WINDOW_BYTES: usize = 64 << 10;
/// Lines of larger outputs are not counted.
const COUNTED_BYTES: u64 = 16 << 20;
const CHUNK_BYTES: usize = 256 << 10;

/// The part of an output that a transcript shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Excerpt {
    /// Nothing visible was printed.
    Empty,
    /// The complete output.
    Complete(Vec<ScreenLine>),
    /// The beginning and the end of a long output.
    HeadAndTail {
        /// Lines at the beginning.
        head: Vec<ScreenLine>,
        /// Number of omitted lines; none if they were not counted or a line was cut.
        left_out: Option<u64>,
        /// Lines at the end; may be empty.
        tail: Vec<ScreenLine>,
    },
    /// The remaining part of an output whose file is shorter than recorded.
    Truncated(Vec<ScreenLine>),
    /// Last screen of a full-screen program, after the lines printed before it.
    FullScreen(Vec<ScreenLine>),
    /// The output cannot be read.
    Unreadable,
}

/// Reads a command's output and selects the lines to show.
pub(super) fn excerpt_output(command: Seq, output: &Captured, source: &dyn OutputSource) -> Excerpt {
    let read = |offset: u64, limit: usize| match &output.inline {
        Some(bytes) => Some(copy_window(bytes, offset, limit)),
        None => source.read_output(command, offset, limit).ok(),
    };
    let kept = output.inline.as_ref().map_or(output.kept_bytes, |bytes| bytes.len() as u64);
    if kept == 0 {
        return Excerpt::Empty;
    }
    let first_read =
        if kept <= FULLY_READ_BYTES { usize::try_from(FULLY_READ_BYTES).unwrap_or(usize::MAX) } else { WINDOW_BYTES };
    let Some(head) = read(0, first_read).filter(|head| !head.is_empty()) else { return Excerpt::Unreadable };
    let has_returns = memchr::memmem::find(&head, b"\r\n").is_some();
    let screen = |bytes: &[u8], is_full_screen: bool| {
        // Most outputs do not move the cursor; emulating a terminal for them would be a waste.
        if let Some(shown) = show_without_terminal(bytes).filter(|_| !is_full_screen) {
            return shown;
        }
        let mut screen = OutputScreen::new(UNKNOWN_SIZE, has_returns);
        if is_full_screen {
            screen.enter_full_screen();
        }
        screen.print_bytes(bytes);
        screen.into_shown()
    };
    let shown = screen(&head, false);
    if head.len() as u64 >= kept {
        return excerpt_complete_output(shown);
    }
    if head.len() < first_read {
        return Excerpt::Truncated(first_lines(&shown.head));
    }
    let tail_start = kept.saturating_sub(WINDOW_BYTES as u64);
    let Some(tail) = read(tail_start, WINDOW_BYTES) else { return Excerpt::Unreadable };
    if tail.is_empty() {
        return Excerpt::Truncated(first_lines(&shown.head));
    }
    let end = screen(from_line_start(&tail), shown.is_full_screen);
    if shown.is_full_screen || end.full_screen.is_some() {
        return excerpt_full_screen(end);
    }
    let head = first_lines(&shown.head);
    let tail = last_lines(end.head.iter().chain(&end.tail));
    let known = (head.len() + tail.len()) as u64;
    let left_out = count_lines(kept, read).map(|lines| lines.saturating_sub(known)).filter(|&lines| lines > 0);
    Excerpt::HeadAndTail { head, left_out, tail }
}

fn copy_window(bytes: &[u8], offset: u64, limit: usize) -> Vec<u8> {
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    bytes.iter().skip(offset).take(limit).copied().collect()
}

fn excerpt_full_screen(shown: ScreenContents) -> Excerpt {
    let mut lines: Vec<ScreenLine> = shown.head.into_iter().take(HEAD_LINES).collect();
    if lines.iter().all(ScreenLine::is_blank) {
        lines.clear();
    }
    lines.extend(shown.full_screen.unwrap_or_default());
    if lines.is_empty() { Excerpt::Empty } else { Excerpt::FullScreen(lines) }
}

fn excerpt_complete_output(shown: ScreenContents) -> Excerpt {
    if shown.full_screen.is_some() {
        return excerpt_full_screen(shown);
    }
    let lines = || shown.head.iter().chain(&shown.tail);
    if lines().all(ScreenLine::is_blank) {
        return Excerpt::Empty;
    }
    let bytes: usize = lines().map(|line| line.byte_length() + 1).sum();
    let count = usize::try_from(shown.line_count).unwrap_or(usize::MAX);
    if count <= WHOLE_LINES && bytes <= WHOLE_BYTES {
        let whole = shown.head;
        return if shown.is_cut {
            Excerpt::HeadAndTail { head: whole, left_out: None, tail: Vec::new() }
        } else {
            Excerpt::Complete(whole)
        };
    }
    let head = first_lines(&shown.head);
    // If the screen kept all lines, the tail must not repeat the head.
    let repeated = if count == lines().count() { head.len() } else { 0 };
    let after: Vec<&ScreenLine> = lines().skip(repeated).collect();
    let tail = last_lines(after.into_iter());
    match count - head.len() - tail.len() {
        0 => Excerpt::Complete(shown.head.into_iter().chain(shown.tail).collect()),
        left_out => Excerpt::HeadAndTail { head, left_out: Some(left_out as u64), tail },
    }
}

fn first_lines(lines: &[ScreenLine]) -> Vec<ScreenLine> {
    take_within_limits(lines.iter(), HEAD_LINES, HEAD_BYTES)
}

fn last_lines<'a>(lines: impl DoubleEndedIterator<Item = &'a ScreenLine>) -> Vec<ScreenLine> {
    let mut tail = take_within_limits(lines.rev(), TAIL_LINES, TAIL_BYTES);
    tail.reverse();
    tail
}

/// Takes lines up to both limits, but at least one however long.
fn take_within_limits<'a>(
    lines: impl Iterator<Item = &'a ScreenLine>,
    most: usize,
    most_bytes: usize,
) -> Vec<ScreenLine> {
    let mut bytes = 0;
    let fits = |(i, line): &(usize, &ScreenLine)| {
        bytes += line.byte_length() + 1;
        *i == 0 || bytes <= most_bytes
    };
    lines.take(most).enumerate().take_while(fits).map(|(_, line)| line.clone()).collect()
}

/// Skips the line that the window cuts through, or just the character if no line starts in it.
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
        fn read_output(&self, _: Seq, offset_bytes: u64, limit_bytes: usize) -> io::Result<Vec<u8>> {
            Ok(copy_window(&self.0, offset_bytes, limit_bytes))
        }
    }

    fn of(bytes: &[u8], kept_bytes: u64) -> Excerpt {
        let output = Captured {
            length_bytes: kept_bytes,
            kept_bytes,
            digest: Digest::of_bytes(b""),
            all_digest: None,
            salt: String::new(),
            inline: None,
        };
        excerpt_output(Seq(1), &output, &File(bytes.to_vec()))
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
                    Excerpt::Complete(lines) => (lines.len(), 0),
                    Excerpt::HeadAndTail { head, left_out, tail } => {
                        assert!(head.len() <= HEAD_LINES && tail.len() <= TAIL_LINES);
                        assert_eq!(head.first().map(ScreenLine::to_text), Some(format!("{:0width$}", 1)));
                        assert_eq!(tail.last().map(ScreenLine::to_text), Some(format!("{count:0width$}")));
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
        let Excerpt::HeadAndTail { head, left_out, tail } = of(&vec![b'x'; 5 << 20], 5 << 20) else { panic!() };
        assert_eq!((head.len(), left_out, tail.len()), (1, None, 1));
        let bytes = |lines: &[ScreenLine]| lines.iter().map(ScreenLine::byte_length).sum::<usize>();
        assert!(bytes(&head) < 2000 && bytes(&tail) < 2000);
    }

    #[test]
    fn an_output_that_is_shorter_than_recorded_says_so() {
        assert_eq!(of(b"all that is left\n", 100), Excerpt::Truncated(vec![ScreenLine::from_text("all that is left")]));
        assert_eq!(
            of(b"all that is left\n", 1 << 30),
            Excerpt::Truncated(vec![ScreenLine::from_text("all that is left")])
        );
        assert_eq!(of(b"", 100), Excerpt::Unreadable);
        assert_eq!(of(b"", 0), Excerpt::Empty);
    }
}
