//! Terminal output as the terminal showed it: lines with their colours, without control sequences.
//!
//! Invariant: accepts any bytes. Lines that scroll off are passed on at once, so memory is bounded by a screen and the kept
//! lines. An unterminated sequence swallows no further line; invisible characters are shown. Refuses to know: files.

use super::escape::push_visible;
use crate::mask::Masker;
use avt::observer::{Observation, Observer};
use avt::parser::{DecMode, Function};
use avt::{Cell, Color, Line as Row, Operation, Pen, ScreenKind, Terminal};
use std::collections::VecDeque;
use std::fmt::Write as _;

/// Longer lines are cut after this many characters.
const LINE_CHARACTERS: usize = 1000;
/// Number of lines kept from the beginning, and again from the end.
const KEPT_LINES: usize = 64;
/// Columns and rows assumed if the size was not recorded. A wide screen is the safer guess: programs that rely on wrapping
/// are rarer than those that draw a bar across the whole width.
pub(super) const UNKNOWN_SIZE: (u16, u16) = (240, 24);
const LARGEST_SIZE: usize = 1000;
const TAB_WIDTH: usize = 8;

/// Colours and attributes of characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a terminal's attributes are independent of each other")]
pub(super) struct TextStyle {
    /// Index of one of the eight basic colours.
    pub(super) foreground: Option<u8>,
    pub(super) background: Option<u8>,
    pub(super) inverse: bool,
    pub(super) bold: bool,
    pub(super) dim: bool,
    pub(super) italic: bool,
    pub(super) underline: bool,
    pub(super) strikethrough: bool,
}

/// Consecutive characters with the same look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StyledText {
    pub(super) text: String,
    pub(super) style: TextStyle,
}

/// A line as the program printed it, joined again where the terminal wrapped it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ScreenLine(pub(super) Vec<StyledText>);

impl ScreenLine {
    /// A line of plain text.
    #[cfg(test)]
    pub(super) fn from_text(text: impl Into<String>) -> Self {
        Self(vec![StyledText { text: text.into(), style: TextStyle::default() }])
    }

    /// The line without its colours.
    pub(super) fn to_text(&self) -> String {
        self.0.iter().map(|run| run.text.as_str()).collect()
    }

    pub(super) fn byte_length(&self) -> usize {
        self.0.iter().map(|run| run.text.len()).sum()
    }

    pub(super) fn is_blank(&self) -> bool {
        self.0.iter().all(|run| run.text.trim().is_empty())
    }

    fn push_cell(&mut self, cell: &Cell) {
        let look = TextStyle::from_pen(cell.pen());
        match self.0.last_mut() {
            Some(run) if run.style == look => push_visible(&mut run.text, cell.char()),
            _ => {
                let mut text = String::new();
                push_visible(&mut text, cell.char());
                self.0.push(StyledText { text, style: look });
            }
        }
    }

    /// Removes trailing blanks that only fill the screen.
    fn trim_padding(&mut self) {
        while let Some(run) = self.0.last_mut().filter(|run| !run.style.shows_blanks()) {
            run.text.truncate(run.text.trim_end_matches(' ').len());
            if !run.text.is_empty() {
                return;
            }
            self.0.pop();
        }
    }
}

impl TextStyle {
    fn from_pen(pen: &Pen) -> Self {
        Self {
            foreground: pen.foreground().map(nearest_basic_colour),
            background: pen.background().map(nearest_basic_colour),
            inverse: pen.is_inverse(),
            bold: pen.is_bold(),
            dim: pen.is_faint(),
            italic: pen.is_italic(),
            underline: pen.is_underline(),
            strikethrough: pen.is_strikethrough(),
        }
    }

    fn shows_blanks(self) -> bool {
        self.background.is_some() || self.inverse || self.underline
    }
}

/// The nearest of the eight basic colours, which are legible on light and dark backgrounds.
fn nearest_basic_colour(colour: Color) -> u8 {
    const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let channel = |index: u8| CUBE.get(usize::from(index)).copied().unwrap_or(255);
    let (r, g, b) = match colour {
        Color::Indexed(index @ 0..16) => return index % 8,
        Color::Indexed(index @ 16..232) => {
            let index = index - 16;
            (channel(index / 36), channel(index / 6 % 6), channel(index % 6))
        }
        Color::Indexed(index) => return if index < 244 { 0 } else { 7 },
        Color::RGB(rgb) => (rgb.r, rgb.g, rgb.b),
    };
    let most = r.max(g).max(b);
    if most < 64 {
        return 0;
    }
    let is_in = |channel: u8| u8::from(channel > most / 2);
    is_in(r) | is_in(g) << 1 | is_in(b) << 2
}

/// Everything that was shown on the screen, shortened.
#[derive(Debug, Default)]
pub(super) struct ScreenContents {
    /// Up to [`KEPT_LINES`] lines from the beginning.
    pub(super) head: Vec<ScreenLine>,
    /// Up to [`KEPT_LINES`] lines from the end, without those in `head`.
    pub(super) tail: VecDeque<ScreenLine>,
    /// Total number of lines.
    pub(super) line_count: u64,
    /// True if a line was cut at [`LINE_CHARACTERS`].
    pub(super) is_cut: bool,
    /// Last screen of a full-screen program, if there was one.
    pub(super) full_screen: Option<Vec<ScreenLine>>,
    /// True if the output ended while the full-screen program was active.
    pub(super) is_full_screen: bool,
}

impl ScreenContents {
    /// Masks tokens that a program drew piece by piece, so that they were in no stretch of its output.
    fn mask_shapes(&mut self) {
        let masker = Masker::new();
        let full_screen = self.full_screen.iter_mut().flatten();
        for line in self.head.iter_mut().chain(&mut self.tail).chain(full_screen) {
            if let Some(masked) = masker.mask_if_secret(&line.to_text()) {
                line.0 = vec![StyledText { text: masked, style: TextStyle::default() }];
            }
        }
    }
}

/// An emulated terminal that keeps the lines it showed.
pub(super) struct OutputScreen {
    terminal: Option<Terminal>,
    keeper: LineKeeper,
}

impl OutputScreen {
    /// An empty screen. `has_returns` is true if lines end in CR LF; otherwise a newline also returns the cursor.
    pub(super) fn new((columns, rows): (u16, u16), has_returns: bool) -> Self {
        let size = |n: u16| usize::from(n).clamp(1, LARGEST_SIZE);
        let mut screen =
            Self { terminal: Terminal::new(size(columns), size(rows)).ok(), keeper: LineKeeper::default() };
        if !has_returns {
            screen.send_control("\x1b[20h");
        }
        screen
    }

    /// Switches to the alternate screen, for output that begins there.
    pub(super) fn enter_full_screen(&mut self) {
        self.send_control("\x1b[?1049h");
    }

    fn send_control(&mut self, sequence: &str) {
        if let Some(terminal) = &mut self.terminal {
            terminal.feed_with(sequence, &mut self.keeper);
        }
    }

    /// Feeds printed bytes to the terminal. Invalid UTF-8 appears as `\xNN`.
    pub(super) fn print_bytes(&mut self, bytes: &[u8]) {
        let Some(terminal) = &mut self.terminal else { return };
        for chunk in bytes.utf8_chunks() {
            let mut lines = chunk.valid().split_inclusive('\n');
            terminal.feed_with(lines.by_ref().flat_map(cancel_sequence_at_end), &mut self.keeper);
            for byte in chunk.invalid() {
                let mut text = String::new();
                write!(text, "\\x{byte:02X}").unwrap_or_default();
                terminal.feed_with(text.as_str(), &mut self.keeper);
            }
        }
    }

    /// Ends the output and returns the lines shown.
    pub(super) fn into_shown(mut self) -> ScreenContents {
        let Some(terminal) = &self.terminal else { return self.keeper.contents };
        self.keeper.contents.is_full_screen = terminal.active_screen_kind() == ScreenKind::Alternate;
        if self.keeper.contents.is_full_screen {
            self.keeper.keep_full_screen(terminal);
        }
        self.keeper.keep_primary_screen(terminal);
        self.keeper.contents.mask_shapes();
        self.keeper.contents
    }
}

/// Lines of output that never moves the cursor, found without a terminal; none if it does or may.
pub(super) fn show_without_terminal(bytes: &[u8]) -> Option<ScreenContents> {
    let text = std::str::from_utf8(bytes).ok()?;
    let has_tabs = bytes.contains(&b'\t');
    let mut before = '\0';
    for c in text.chars() {
        let is_still = match c {
            '\n' | '\r' | '\t' => before != '\r' || c == '\n',
            c => before != '\r' && !c.is_control() && (c.is_ascii() || !has_tabs),
        };
        if !is_still {
            return None;
        }
        before = c;
    }
    let mut keeper = LineKeeper::default();
    let rows = text.trim_end_matches(['\n', '\r', ' ', '\t']).split('\n');
    if text.trim().is_empty() {
        return Some(keeper.contents);
    }
    for row in rows {
        let mut shown = String::new();
        let row = row.strip_suffix('\r').unwrap_or(row);
        for (taken, c) in row.chars().enumerate() {
            if taken >= LINE_CHARACTERS {
                break;
            }
            match c {
                '\t' => shown.push_str(" ".repeat(TAB_WIDTH - shown.len() % TAB_WIDTH).as_str()),
                c => push_visible(&mut shown, c),
            }
        }
        keeper.open_characters = row.chars().take(LINE_CHARACTERS).count();
        keeper.open_line.0.push(StyledText { text: shown, style: TextStyle::default() });
        keeper.end_line();
    }
    Some(keeper.contents)
}

/// A line with a CAN before its newline, which aborts any unterminated sequence.
fn cancel_sequence_at_end(line: &str) -> [&str; 3] {
    match line.strip_suffix('\n') {
        Some(line) => [line, "\u{18}", "\n"],
        None => [line, "", ""],
    }
}

/// Collects the lines that scroll off the screen.
#[derive(Default)]
struct LineKeeper {
    contents: ScreenContents,
    open_line: ScreenLine,
    open_characters: usize,
}

impl LineKeeper {
    fn keep_row(&mut self, row: &Row) {
        let filled = row.cells().iter().rposition(|cell| cell.char() != ' ' || !cell.pen().is_default());
        let end = if row.is_wrapped() { row.len() } else { filled.map_or(0, |last| last + 1) };
        let cells = row.cells().iter().take(end).filter(|cell| cell.width() > 0);
        let room = LINE_CHARACTERS.saturating_sub(self.open_characters);
        let mut taken = 0;
        for cell in cells.take(room) {
            self.open_line.push_cell(cell);
            taken += 1;
        }
        self.open_characters += taken;
        if !row.is_wrapped() {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let is_cut = self.open_characters >= LINE_CHARACTERS;
        let mut line = std::mem::take(&mut self.open_line);
        self.open_characters = 0;
        line.trim_padding();
        if is_cut && line.0.iter().map(|run| run.text.chars().count()).sum::<usize>() >= LINE_CHARACTERS {
            line.0.push(StyledText { text: " … [the line goes on]".to_owned(), style: TextStyle::default() });
            self.contents.is_cut = true;
        }
        self.contents.line_count += 1;
        if self.contents.head.len() < KEPT_LINES {
            self.contents.head.push(line);
            return;
        }
        if self.contents.tail.len() == KEPT_LINES {
            self.contents.tail.pop_front();
        }
        self.contents.tail.push_back(line);
    }

    /// Keeps the lines of the primary screen, down to its last one that is not blank.
    fn keep_primary_screen(&mut self, terminal: &Terminal) {
        let rows: Vec<&Row> = terminal.primary_screen().all_lines().collect();
        let is_blank = |row: &&Row| row.cells().iter().all(|cell| cell.char() == ' ');
        let blank = rows.iter().rev().take_while(|row| is_blank(row)).count();
        for row in rows.iter().take(rows.len() - blank) {
            self.keep_row(row);
        }
        if self.open_characters > 0 {
            self.end_line();
        }
    }

    fn keep_full_screen(&mut self, terminal: &Terminal) {
        let mut lines: Vec<ScreenLine> = terminal.screen().visible_lines().map(line_from_row).collect();
        while lines.last().is_some_and(ScreenLine::is_blank) {
            lines.pop();
        }
        if !lines.is_empty() {
            self.contents.full_screen = Some(lines);
        }
    }
}

fn line_from_row(row: &Row) -> ScreenLine {
    let mut line = ScreenLine::default();
    row.cells().iter().filter(|cell| cell.width() > 0).for_each(|cell| line.push_cell(cell));
    line.trim_padding();
    line
}

impl Observer for LineKeeper {
    type Output = ();

    fn before(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        let Operation::Function(function) = operation else { return };
        let terminal = context.terminal();
        match function {
            Function::Decrst(modes)
                if terminal.active_screen_kind() == ScreenKind::Alternate
                    && modes
                        .as_slice()
                        .iter()
                        .any(|mode| matches!(mode, DecMode::AltScreenBuffer | DecMode::SaveCursorAltScreenBuffer)) =>
            {
                self.keep_full_screen(terminal);
            }
            Function::Ris => self.keep_primary_screen(terminal),
            _ => {}
        }
    }

    fn evicted(&mut self, _: &mut Observation<'_>, row: &Row) {
        self.keep_row(row);
    }

    fn end(&mut self, _: &mut Observation<'_>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> ScreenContents {
        let mut screen = OutputScreen::new((20, 4), false);
        screen.print_bytes(bytes);
        screen.into_shown()
    }

    fn lines(bytes: &[u8]) -> Vec<String> {
        shown(bytes).head.iter().map(ScreenLine::to_text).collect()
    }

    fn clean(text: &str) -> String {
        lines(text.as_bytes()).join("\n")
    }

    #[test]
    fn titles_and_character_sets_leave_no_trace() {
        assert_eq!(clean("\x1b[1;31mred\x1b[0m \x1b]0;title\x07x\x1b]8;;http://a\x1b\\y\x1b(B\x0fz\x1b=!"), "red xyz!");
        assert_eq!(clean("a\u{9b}31mb\u{9d}title\u{9c}cd\x1bPdevice\x1b\\e\x1bOf"), "abcdef");
    }

    #[test]
    fn a_sequence_that_never_ends_swallows_no_further_line() {
        assert_eq!(clean("a\x1b]0;tit\nb\x1b[12\nc\x1b\nd\x1b"), "a\nb\nc\nd");
    }

    #[test]
    fn a_progress_bar_is_shown_in_its_last_state() {
        assert_eq!(clean("10%\r50%\r100%\ndone\r\n"), "100%\ndone");
        assert_eq!(clean("loading...\r\x1b[Kok"), "ok");
        assert_eq!(clean("one 10%\ntwo 10%\n\x1b[2Aone 100%\n\x1b[1Btwo"), "one 100%\ntwo 10%\ntwo");
    }

    #[test]
    fn lines_that_left_the_screen_are_there_and_broken_ones_are_whole() {
        let text = (1..=9).map(|i| format!("{i} {}\n", "x".repeat(30))).collect::<Vec<_>>().concat();
        let whole = lines(text.as_bytes());
        assert_eq!(whole.len(), 9);
        assert_eq!(whole.last(), Some(&format!("9 {}", "x".repeat(30))));
    }

    #[test]
    fn a_full_screen_program_leaves_its_last_screen() {
        let shown = shown(b"before\n\x1b[?1049h\x1b[2J\x1b[Hfirst\x1b[Hsecond\n\x1b[31mlast\x1b[?1049lafter\n");
        let screen: Vec<String> = shown.full_screen.unwrap().iter().map(ScreenLine::to_text).collect();
        assert_eq!(screen, ["second", "last"]);
        assert_eq!(shown.head.iter().map(ScreenLine::to_text).collect::<Vec<_>>(), ["before", "after"]);
    }

    #[test]
    fn output_that_moves_nothing_is_the_same_without_a_terminal() {
        for text in ["a\n\n  b \nc", "x\ty\r\nz\r\n\r\n", "é漢\n\u{202e}", "", " \n\t\n", &"w".repeat(3000), "last\r"]
        {
            let Some(still) = show_without_terminal(text.as_bytes()) else { continue };
            let mut screen = OutputScreen::new(UNKNOWN_SIZE, text.contains("\r\n"));
            screen.print_bytes(text.as_bytes());
            let moved = screen.into_shown();
            assert_eq!(
                (still.head, still.line_count, still.is_cut),
                (moved.head, moved.line_count, moved.is_cut),
                "{text:?}"
            );
        }
        assert!(
            show_without_terminal(b"10%\r20%").is_none()
                && show_without_terminal(b"\x1b[m").is_none()
                && show_without_terminal(b"\xff").is_none()
        );
    }

    #[test]
    fn colours_are_kept() {
        let line = shown(b"a\x1b[1;31mb\x1b[0;48;5;46m \x1b[0;38;2;250;240;10mc\x1b[m  \n").head.remove(0);
        let looks: Vec<_> =
            line.0.iter().map(|run| (run.text.as_str(), run.style.foreground, run.style.background)).collect();
        assert_eq!(looks, [("a", None, None), ("b", Some(1), None), (" ", None, Some(2)), ("c", Some(3), None)]);
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(clean("\u{202e}d"), "U+202Ed");
        assert_eq!(lines(b"caf\xe9 \xf0\x9f\n"), ["caf\\xE9 \\xF0\\x9F"]);
    }

    #[test]
    fn a_line_without_end_is_cut_and_a_far_cursor_costs_nothing() {
        assert!(clean(&"x".repeat(100_000)).len() < 1100);
        assert!(clean(&"\x1b[999999999Cx".repeat(1000)).len() < 10_000);
    }
}
