//! A text into complete commands, comments, and what is neither.
//!
//! Invariant: the parts are in order, do not overlap and leave out only blank lines; each command is complete as bash's
//! own reader would have it; a line that is no shell takes its paragraph with it and nothing more. Refuses to know:
//! prompts and output, which the document has taken away before.

use super::describe;
use super::parse::masking::Masked;
use super::parse::reading::{Awaits, Reading};
use super::parse::{limits, rable, shuck};
use super::{Comment, Facts, LineRange, NotShell, Part, ShellCommand};
use std::borrow::Cow;
use std::ops::Range;

/// Why the lines of a table that bash refuses are no shell.
pub const IS_TABLE: &str = "a table that a program printed";

/// How many bytes may be read in vain for one text, before each further fragment is one line.
const PATIENCE: usize = 2 * 1024 * 1024;

/// Splits a text. Lines that end in CR LF are read, and given back, as if they ended in LF.
pub fn split(text: &str) -> Vec<Part> {
    let text = if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) };
    if text.len() > limits::LONGEST {
        return whole(&text, "longer than 256 KiB");
    }
    limits::with_room(&text, || Splitter::new(&text).run()).unwrap_or_else(|| whole(&text, "no room to read it"))
}

/// Why a text, or a part of it, is no shell; none when all of it is.
pub fn objection(text: &str) -> Option<String> {
    split(text).into_iter().find_map(|part| match part {
        Part::NotShell(part) => Some(part.reason),
        _ => None,
    })
}

/// The whole text as no shell.
fn whole(text: &str, reason: &str) -> Vec<Part> {
    let mut splitter = Splitter::new(text);
    splitter.refuse(0..splitter.lines.len(), reason);
    for part in &mut splitter.parts {
        if let Part::NotShell(part) = part {
            part.unread = true;
        }
    }
    splitter.parts
}

struct Splitter<'a> {
    text: &'a str,
    lines: Vec<Range<usize>>,
    parts: Vec<Part>,
    patience: usize,
}

/// What became of a fragment.
enum Attempt {
    Complete(Box<Facts>, Option<String>),
    Incomplete(String, Awaits),
}

impl<'a> Splitter<'a> {
    fn new(text: &'a str) -> Self {
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.split('\n') {
            lines.push(start..start + line.len());
            start += line.len() + 1;
        }
        Self { text, lines, parts: Vec::new(), patience: PATIENCE }
    }

    fn run(mut self) -> Vec<Part> {
        let mut at = 0;
        while at < self.lines.len() {
            let line = self.line(at);
            if is_blank(line) {
                at += 1;
            } else if let Some(comment) = line.trim_start_matches([' ', '\t']).strip_prefix('#') {
                let text = comment.trim_start_matches('#').trim().to_owned();
                self.parts.push(Part::Comment(Comment { line: at, text }));
                at += 1;
            } else {
                at = self.command(at);
            }
        }
        self.mark_tables();
        self.parts
    }

    /// Tells what stands in a table that a program printed, up to the end of its paragraph. It splits as bash would have it.
    fn mark_tables(&mut self) {
        let mut table_ends = 0;
        let mut parts = std::mem::take(&mut self.parts);
        for part in &mut parts {
            let first = match part {
                Part::Comment(_) => continue,
                Part::Command(command) => command.lines.first,
                Part::NotShell(other) => other.lines.first,
            };
            if is_table(self.line(first), self.line(first + 1)) {
                table_ends = table_ends.max(self.paragraph(first));
            }
            match part {
                Part::Command(command) if first < table_ends => {
                    command.in_table = true;
                }
                Part::NotShell(other) if first < table_ends => IS_TABLE.clone_into(&mut other.reason),
                _ => {}
            }
        }
        self.parts = parts;
    }

    fn line(&self, at: usize) -> &'a str {
        self.lines.get(at).and_then(|range| self.text.get(range.clone())).unwrap_or("")
    }

    /// The text of the lines from `first` to before `end`.
    fn fragment(&self, first: usize, end: usize) -> &'a str {
        let start = self.lines.get(first).map_or(0, |range| range.start);
        let stop = end.checked_sub(1).and_then(|last| self.lines.get(last)).map_or(start, |range| range.end);
        self.text.get(start..stop).unwrap_or("")
    }

    /// One command from `first` on, or a paragraph that is none. Returns the line after it.
    fn command(&mut self, first: usize) -> usize {
        let mut reason = None;
        let mut awaits = Awaits::Anything;
        let last = self.lines.len().min(first + limits::MOST_LINES);
        for end in first + 1..=last {
            if !awaits.is_met_by(self.line(end - 1)) {
                continue;
            }
            let text = self.fragment(first, end);
            match attempt(text) {
                Attempt::Complete(facts, note) => return self.accept(first..end, *facts, note),
                Attempt::Incomplete(why, next) => {
                    // Behind an unfinished first line an error may yet be mended.
                    let mended = reason.is_some() && next == Awaits::Nothing;
                    awaits = if mended { Awaits::Anything } else { next };
                    // An empty body is only what the line before the body looks like.
                    reason = reason.filter(|known: &String| !known.starts_with("empty ")).or(Some(why));
                }
            }
            let strained = if limits::strain(text) > 4 { PATIENCE / 32 } else { 0 };
            self.patience = self.patience.saturating_sub(text.len() + strained);
            if self.patience == 0 || awaits == Awaits::Nothing {
                break;
            }
        }
        if let Some((end, facts)) = self.retry(first, last) {
            return self.accept(first..end, facts, None);
        }
        let end = self.paragraph(first);
        self.refuse(first..end, &reason.unwrap_or_else(|| "no shell".to_owned()));
        end
    }

    fn accept(&mut self, lines: Range<usize>, facts: Facts, note: Option<String>) -> usize {
        let text = self.fragment(lines.start, lines.end).to_owned();
        let range = LineRange { first: lines.start, last: lines.end - 1 };
        self.parts.push(Part::Command(Box::new(ShellCommand { lines: range, text, note, facts, in_table: false })));
        lines.end
    }

    /// What the first parser is known to refuse although bash takes it: the second one decides, and the command is opaque.
    fn retry(&mut self, first: usize, last: usize) -> Option<(usize, Facts)> {
        let line = self.line(first);
        let known =
            line.contains('}') || ["for ", "select ", "coproc "].iter().any(|k| line.trim_start().starts_with(k));
        if !known {
            return None;
        }
        for end in first + 1..=last {
            let text = self.fragment(first, end);
            if self.patience == 0 || limits::exceeded(text).is_some() {
                return None;
            }
            self.patience = self.patience.saturating_sub(text.len());
            let masked = Masked::new(text);
            let goes_on = |tail: &str| rable::signature(&format!("{}\n{tail}\n", masked.masked())).is_ok();
            if !ends_in_backslash(text) && rable::signature(masked.masked()).is_ok() && !goes_on("fi") {
                return Some((end, describe::opaque(text, "only one of the two parsers reads it".to_owned())));
            }
        }
        None
    }

    /// Where the paragraph that begins at `first` ends: at a blank line or a comment.
    fn paragraph(&self, first: usize) -> usize {
        let mut end = first + 1;
        while ends_in_backslash(self.line(end - 1)) && end < self.lines.len() {
            end += 1;
        }
        while end < self.lines.len() {
            let line = self.line(end);
            if is_blank(line) || line.trim_start_matches([' ', '\t']).starts_with('#') {
                break;
            }
            end += 1;
        }
        end
    }

    fn refuse(&mut self, lines: Range<usize>, reason: &str) {
        let mut lines = lines;
        while lines.start < lines.end && is_blank(self.line(lines.end - 1)) {
            lines.end -= 1;
        }
        while lines.start < lines.end && is_blank(self.line(lines.start)) {
            lines.start += 1;
        }
        if lines.is_empty() {
            return;
        }
        let text = self.fragment(lines.start, lines.end).to_owned();
        let range = LineRange { first: lines.start, last: lines.end - 1 };
        self.parts.push(Part::NotShell(NotShell { lines: range, text, reason: reason.to_owned(), unread: false }));
    }
}

/// Tries a fragment.
fn attempt(text: &str) -> Attempt {
    let last_line = text.rsplit('\n').next().unwrap_or(text);
    let continued = ends_in_backslash(last_line);
    let backslash = || Attempt::Incomplete("a backslash with nothing after it".to_owned(), Awaits::Anything);
    if continued && !last_line.contains('#') {
        return backslash();
    }
    if let Some(reason) = limits::exceeded(text) {
        return Attempt::Incomplete(reason.to_owned(), Awaits::Nothing);
    }
    let masked = Masked::new(text);
    let reading = match shuck::read(&masked) {
        Ok(reading) => reading,
        Err(refusal) => return Attempt::Incomplete(refusal.message, refusal.awaits),
    };
    let in_comment = reading.extent.comments.iter().any(|comment| comment.end >= text.len());
    if continued && !in_comment {
        return backslash();
    }
    if let Some((reason, awaits)) = open(masked.masked(), &reading) {
        return Attempt::Incomplete(reason.to_owned(), awaits);
    }
    let note = note(text, &reading);
    Attempt::Complete(Box::new(describe::facts(&masked, reading)), note)
}

/// What the first parser leaves open without a word: whatever would still close it must be refused.
pub(crate) fn open(text: &str, reading: &Reading) -> Option<(&'static str, Awaits)> {
    let goes_on = |tail: &str| shuck::accepts(&format!("{text}\n{tail}\n"));
    if reading.crowded {
        return Some(("two commands on a line with nothing between them", Awaits::Nothing));
    }
    // What stands in single quotes opens nothing.
    let has = |opener: &str| {
        let is_live = |(at, _): (usize, &str)| !reading.extent.inert.iter().any(|range| range.contains(&at));
        text.match_indices(opener).any(is_live)
    };
    if has("<<") && goes_on("fi") {
        return Some(("a heredoc that never ends", heredoc_ends(text)));
    }
    if has("=(") && goes_on(")") {
        return Some(("an array that never ends", Awaits::Text(")".to_owned())));
    }
    (has("${") && goes_on("}")).then(|| ("a `${` that never ends", Awaits::Text("}".to_owned())))
}

/// The words that may end the heredocs of a text; anything, where a word is more than plain.
fn heredoc_ends(text: &str) -> Awaits {
    let mut words = Vec::new();
    for (at, _) in text.match_indices("<<").take(16) {
        let rest = text.get(at + 2..).unwrap_or("");
        let rest = rest.strip_prefix('-').unwrap_or(rest).trim_start_matches([' ', '\t']);
        let (quote, rest) = match rest.chars().next() {
            Some(quote @ ('\'' | '"')) => (Some(quote), rest.get(1..).unwrap_or("")),
            _ => (None, rest.strip_prefix('\\').unwrap_or(rest)),
        };
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let closed = quote.is_none_or(|quote| after.starts_with(quote));
        let plain = after.is_empty() || !after.starts_with(['$', '`', '\\', '"', '\'']) || quote.is_some();
        if word.is_empty() || !closed || !plain {
            return Awaits::Anything;
        }
        words.push(word.to_owned());
    }
    Awaits::Start(words)
}

/// The comment behind the last line, else behind the first.
fn note(text: &str, reading: &Reading) -> Option<String> {
    let line_of = |at: usize| {
        let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
        (start, text.get(start..at).unwrap_or(""))
    };
    let last_start = text.rfind('\n').map_or(0, |newline| newline + 1);
    let mut notes = reading.extent.comments.iter().filter(|comment| {
        let (start, before) = line_of(comment.start);
        (start == 0 || start == last_start) && !is_blank(before)
    });
    let first = notes.next()?;
    let chosen = notes.next_back().unwrap_or(first);
    let words = text.get(chosen.clone())?.trim_start_matches('#').trim();
    (!words.is_empty()).then(|| words.to_owned())
}

/// Whether a table begins with a line: a rule (`+----+----+`), a frame, or headings in capitals over a line of columns. bash would
/// take the first word of each line for a program.
fn is_table(line: &str, next: &str) -> bool {
    let line = line.trim();
    let is_ruled = line.len() >= 4 && line.bytes().all(|b| matches!(b, b'+' | b'-' | b'=' | b'|'));
    let is_framed = line.starts_with(|c| matches!(c, '\u{2500}'..='\u{257f}'));
    let is_heading = |words: &str| {
        let mut bytes = words.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_uppercase())
            && bytes.all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b" _-()%/".contains(&b))
    };
    is_ruled
        || is_framed
        || (columns(line).nth(1).is_some() && columns(next).nth(1).is_some() && columns(line).all(is_heading))
}

/// What two or more spaces divide.
fn columns(line: &str) -> impl Iterator<Item = &str> {
    line.split("  ").map(str::trim).filter(|column| !column.is_empty())
}

fn is_blank(line: &str) -> bool {
    line.bytes().all(|b| b.is_ascii_whitespace())
}

/// An odd number of backslashes joins the next line.
fn ends_in_backslash(line: &str) -> bool {
    line.bytes().rev().take_while(|&b| b == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::split;
    use crate::shell::{Clarity, Part};

    /// Each part as its kind and lines: `C` a command, `N` no shell, `#` a comment.
    fn shape(text: &str) -> Vec<String> {
        let parts = split(text);
        let shape = parts.iter().map(|part| match part {
            Part::Comment(comment) => format!("#{}", comment.line),
            Part::Command(command) => format!("C{}-{}", command.lines.first, command.lines.last),
            Part::NotShell(not) => format!("N{}-{}", not.lines.first, not.lines.last),
        });
        shape.collect()
    }

    fn reason(text: &str) -> String {
        let refused = split(text).into_iter().find_map(|part| match part {
            Part::NotShell(not) => Some(not.reason),
            _ => None,
        });
        refused.unwrap_or_default()
    }

    #[test]
    fn a_complete_command_is_one_part_however_many_lines_it_has() {
        for (text, expected) in [
            ("ls; pwd", vec!["C0-0"]),
            ("ls\n\n# why\npwd\n", vec!["C0-0", "#2", "C3-3"]),
            ("docker run \\\n  --rm x \\\n  true\nls", vec!["C0-2", "C3-3"]),
            ("for x in a b; do\n  echo $x\n\ndone\nls", vec!["C0-3", "C4-4"]),
            ("cat <<EOF > f\na\n\n# b\nEOF\nls", vec!["C0-4", "C5-5"]),
            ("cat <<A <<-'B'\na\nA\n\tb\n\tB\nls", vec!["C0-4", "C5-5"]),
            ("python -c \"\nimport sys\n# look\nprint(1)\n\"\nls", vec!["C0-4", "C5-5"]),
            ("f() {\n  ls\n}\nf", vec!["C0-2", "C3-3"]),
            ("f()\n{\n  ls\n}", vec!["C0-3"]),
            ("a=(\n  1\n  2\n)\necho ${a[0]}", vec!["C0-3", "C4-4"]),
            ("ls |\n  wc -l", vec!["C0-1"]),
            ("true &&\n  ls", vec!["C0-1"]),
            ("x=${y:-\nz}", vec!["C0-1"]),
            ("case $x in\n  a) ls;;\nesac", vec!["C0-2"]),
            ("if true\nthen\n  ls\nfi", vec!["C0-3"]),
            ("echo 'a\n\nb'", vec!["C0-2"]),
            ("(\n cd x\n ls\n)", vec!["C0-3"]),
        ] {
            assert_eq!(shape(text), expected, "{text}");
        }
    }

    #[test]
    fn one_bad_line_takes_its_paragraph_and_nothing_more() {
        assert_eq!(shape("ls\n) oops\npwd\n\ndf"), ["C0-0", "N1-2", "C4-4"]);
        assert_eq!(shape("Don't worry\nls\n# next\npwd"), ["N0-1", "#2", "C3-3"]);
        assert_eq!(shape("x (default) y\nrm -rf z"), ["N0-1"]);
    }

    #[test]
    fn a_table_that_a_program_printed_is_no_command() {
        let told = |text: &str| -> Vec<bool> {
            let told = split(text).into_iter().map(|part| match part {
                Part::Command(command) => command.in_table,
                Part::NotShell(other) => other.reason == super::IS_TABLE,
                Part::Comment(_) => false,
            });
            told.collect()
        };
        for table in [
            "+----+-------+\n| id | name  |\n+----+-------+",
            "----+------\n  1 | alice",
            "\u{250c}\u{2500}\u{2500}\u{2510}\n\u{2502} a \u{2502}",
            "NAME      READY   STATUS\napi-1     1/1     Running",
            "CONTAINER ID   IMAGE\n0123456789ab   nginx",
        ] {
            let told = told(&format!("ls\n{table}\n\npwd"));
            let [before, within @ .., after] = told.as_slice() else { panic!("{table}") };
            assert!(!before && !after && within.iter().all(|&is_table| is_table), "{table}: {told:?}");
        }
        for command in ["ls  -l  /tmp", "FOO=1  BAR=2  env", "MY_TOOL  RUN\nls -l", "-x", "time  ls  -l"] {
            assert!(told(command).iter().all(|is_table| !is_table), "{command}");
        }
    }

    #[test]
    fn what_never_ends_says_so() {
        assert_eq!(reason("cat <<EOF\nls\n"), "a heredoc that never ends");
        assert_eq!(reason("a=(1 2\n"), "an array that never ends");
        assert_eq!(reason("ls \\"), "a backslash with nothing after it");
        assert_eq!(reason("echo \"x"), "a double quote that never ends");
        assert_eq!(reason("for x in a; do\nls"), "`done` is missing");
    }

    #[test]
    fn a_placeholder_is_no_redirection() {
        let parts = split("kubectl get node <node-name> -n x\nssh <user>@<host>\n");
        let texts: Vec<_> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Command(command) => Some((command.text.as_str(), command.facts.placeholders.len())),
                _ => None,
            })
            .collect();
        assert_eq!(texts, [("kubectl get node <node-name> -n x", 1), ("ssh <user>@<host>", 2)]);
    }

    #[test]
    fn what_only_one_parser_reads_is_a_command_and_opaque() {
        for text in ["echo a}b", "for x in a; { ls; }"] {
            let parts = split(text);
            assert!(
                matches!(parts.as_slice(), [Part::Command(c)] if matches!(c.facts.clarity, Clarity::Opaque(_))),
                "{text}: {parts:?}"
            );
        }
    }

    #[test]
    fn a_comment_behind_a_command_is_its_note() {
        let note = |text: &str| match split(text).into_iter().next() {
            Some(Part::Command(command)) => command.note,
            _ => None,
        };
        assert_eq!(note("docker stats  # Check usage").as_deref(), Some("Check usage"));
        assert_eq!(note("psql -c \\\n  'x' # Log it").as_deref(), Some("Log it"));
        assert_eq!(note("echo 'a # b'"), None);
        assert_eq!(note("echo a#b"), None);
    }

    #[test]
    fn lines_that_end_in_carriage_returns_split_alike() {
        assert_eq!(shape("cat <<EOF\r\na\r\nEOF\r\nls \\\r\n -l\r\n"), ["C0-2", "C3-4"]);
    }

    #[test]
    fn text_without_bounds_is_refused_in_bounded_time() {
        for text in [
            "$(".repeat(200_000),
            "(".repeat(200_000),
            "if ".repeat(60_000),
            "x".repeat(300_000),
            format!("echo {}", "a ".repeat(120_000)),
            "cat <<A\n".repeat(20_000),
            "echo \"\n".repeat(50_000) + "'",
            "for x in a\n".repeat(20_000),
            "{ ".repeat(100_000),
            "a |\n".repeat(50_000),
            "echo ${".repeat(30_000),
            "echo `".repeat(40_000),
            "! ".repeat(100_000),
            "x=(".repeat(60_000),
            "\\\n".repeat(100_000),
            "echo $((".to_owned() + &"-".repeat(200_000),
            "[[ ".to_owned() + &"! ".repeat(100_000),
            "a && ".repeat(50_000) + "b",
            "'\n\n".repeat(60_000) + "'",
            format!("[[ a == {}", "@(a|".repeat(90)),
            "[[ a == @(a|@(a|\n\n".repeat(2_000),
            "${x:-\"".repeat(90),
            "${x:-\"${x:-\"${x:-\"${x:-\"\n\n".repeat(2_000),
            "`${x/|".repeat(60),
            "<a>".repeat(80_000),
        ] {
            let parts = split(&text);
            assert!(text.len() > 300_000 || !parts.is_empty());
            assert!(!crate::shell::describe(&text).reads_only);
            assert!(!crate::shell::tokens(&text).is_empty() || text.starts_with('\\'));
        }
    }
}
