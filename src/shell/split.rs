//! Splits a text into complete commands, comments, and lines that are neither.
//!
//! Invariant: the parts are in order, do not overlap and leave out only blank lines. Each command is complete as bash's own
//! reader would have it. A line that is not shell makes its paragraph not shell, and nothing more. Refuses to know: prompts
//! and output, which `document` removes before.

use super::describe;
use super::parse::masking::MaskedText;
use super::parse::reading::{AwaitedLine, ParsedText};
use super::parse::{limits, rable, shuck};
use super::{CommandFacts, CommentLine, LineRange, NotShell, ShellCommand, ShellPart};
use std::borrow::Cow;
use std::ops::Range;

/// Reason given for lines of a printed table that bash would reject.
pub const PRINTED_TABLE_REASON: &str = "a table that a program printed";

/// How many bytes of unsuccessful fragments are parsed for one text. Afterwards only single lines are tried.
const FAILED_PARSE_BUDGET: usize = 2 * 1024 * 1024;

/// How many heredoc operators of an unfinished fragment are looked at.
const MAX_HEREDOCS: usize = 16;

/// Splits a text into parts. CR LF line endings are converted to LF, also in the returned texts.
pub fn split_commands(text: &str) -> Vec<ShellPart> {
    let text = if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) };
    if text.len() > limits::MAX_TEXT_BYTES {
        return reject_whole_text(&text, "longer than 256 KiB");
    }
    limits::with_enough_stack(&text, || Splitter::new(&text).into_parts())
        .unwrap_or_else(|| reject_whole_text(&text, "no room to read it"))
}

/// Returns why the first part that is not shell was rejected. None if the whole text is shell.
pub fn not_shell_reason(text: &str) -> Option<String> {
    split_commands(text).into_iter().find_map(|part| match part {
        ShellPart::NotShell(part) => Some(part.reason),
        _ => None,
    })
}

/// Rejects the whole text without parsing it.
fn reject_whole_text(text: &str, reason: &str) -> Vec<ShellPart> {
    let mut splitter = Splitter::new(text);
    splitter.push_not_shell(0..splitter.lines.len(), reason);
    for part in &mut splitter.parts {
        if let ShellPart::NotShell(part) = part {
            part.not_analysed = true;
        }
    }
    splitter.parts
}

struct Splitter<'a> {
    text: &'a str,
    /// Byte range of each line, without its newline.
    lines: Vec<Range<usize>>,
    parts: Vec<ShellPart>,
    /// Bytes that may still be parsed without success. Counts down to 0.
    failed_parse_budget: usize,
}

/// Result of parsing a fragment.
enum FragmentParse {
    /// A complete command, with the comment after it.
    Complete(Box<CommandFacts>, Option<String>),
    /// No complete command: the reason, and the kind of line that could complete it.
    Incomplete(String, AwaitedLine),
}

impl<'a> Splitter<'a> {
    fn new(text: &'a str) -> Self {
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.split('\n') {
            lines.push(start..start + line.len());
            start += line.len() + 1;
        }
        Self { text, lines, parts: Vec::new(), failed_parse_budget: FAILED_PARSE_BUDGET }
    }

    fn into_parts(mut self) -> Vec<ShellPart> {
        let mut at = 0;
        while at < self.lines.len() {
            let line = self.line_text(at);
            if is_blank(line) {
                at += 1;
            } else if let Some(comment) = line.trim_start_matches([' ', '\t']).strip_prefix('#') {
                let text = comment.trim_start_matches('#').trim().to_owned();
                self.parts.push(ShellPart::Comment(CommentLine { line: at, text }));
                at += 1;
            } else {
                at = self.split_command(at);
            }
        }
        self.mark_tables();
        self.parts
    }

    /// Marks all parts between the first line of a printed table and the end of the paragraph. Boundaries do not move.
    fn mark_tables(&mut self) {
        let mut table_ends = 0;
        let mut parts = std::mem::take(&mut self.parts);
        for part in &mut parts {
            let first = match part {
                ShellPart::Comment(_) => continue,
                ShellPart::Command(command) => command.lines.first,
                ShellPart::NotShell(other) => other.lines.first,
            };
            if starts_table(self.line_text(first), self.line_text(first + 1)) {
                table_ends = table_ends.max(self.paragraph_end(first));
            }
            match part {
                ShellPart::Command(command) if first < table_ends => {
                    command.in_table = true;
                }
                ShellPart::NotShell(other) if first < table_ends => PRINTED_TABLE_REASON.clone_into(&mut other.reason),
                _ => {}
            }
        }
        self.parts = parts;
    }

    fn line_text(&self, at: usize) -> &'a str {
        self.lines.get(at).and_then(|range| self.text.get(range.clone())).unwrap_or("")
    }

    /// The text of the lines from `first` up to, but not including, `end`.
    fn fragment_text(&self, first: usize, end: usize) -> &'a str {
        let start = self.lines.get(first).map_or(0, |range| range.start);
        let stop = end.checked_sub(1).and_then(|last| self.lines.get(last)).map_or(start, |range| range.end);
        self.text.get(start..stop).unwrap_or("")
    }

    /// Takes the command that begins at line `first`, or rejects the paragraph there. Returns the line after it.
    fn split_command(&mut self, first: usize) -> usize {
        let limit = self.lines.len().min(first + limits::MAX_COMMAND_LINES);
        let reason = match self.shortest_complete(first, limit) {
            Ok((end, facts, note)) => return self.push_command(first..end, facts, note),
            Err(reason) => reason,
        };
        if let Some((end, facts)) = self.retry_with_second_parser(first, limit) {
            return self.push_command(first..end, facts, None);
        }
        let end = self.paragraph_end(first);
        self.push_not_shell(first..end, &reason);
        end
    }

    /// Finds the shortest complete command that begins at line `first` and ends at or before line `limit`.
    ///
    /// Returns the line after the command, the facts, and the comment after it; otherwise the reason for messages.
    fn shortest_complete(
        &mut self,
        first: usize,
        limit: usize,
    ) -> Result<(usize, CommandFacts, Option<String>), String> {
        let mut reason = None;
        let mut awaits = AwaitedLine::Anything;
        for end in first + 1..=limit {
            // Parsing again is useful only if the new line can complete the command.
            if !awaits.is_met_by(self.line_text(end - 1)) {
                continue;
            }
            let text = self.fragment_text(first, end);
            match parse_fragment(text) {
                FragmentParse::Complete(facts, note) => return Ok((end, *facts, note)),
                FragmentParse::Incomplete(why, next) => {
                    // After an unfinished first line, even a syntax error may go away with more lines.
                    let may_recover = reason.is_some() && next == AwaitedLine::Nothing;
                    awaits = if may_recover { AwaitedLine::Anything } else { next };
                    // A line such as `do` looks like an empty body until the body follows: a later reason is better.
                    reason = reason.filter(|known: &String| !known.starts_with("empty ")).or(Some(why));
                }
            }
            // Nested patterns cost far more time than their length suggests.
            let surcharge = if limits::count_costly_nesting(text) > 4 { FAILED_PARSE_BUDGET / 32 } else { 0 };
            self.failed_parse_budget = self.failed_parse_budget.saturating_sub(text.len() + surcharge);
            if self.failed_parse_budget == 0 || awaits == AwaitedLine::Nothing {
                break;
            }
        }
        Err(reason.unwrap_or_else(|| "no shell".to_owned()))
    }

    /// Adds a command to the parts. Returns the line after it.
    fn push_command(&mut self, lines: Range<usize>, facts: CommandFacts, note: Option<String>) -> usize {
        let text = self.fragment_text(lines.start, lines.end).to_owned();
        let range = LineRange { first: lines.start, last: lines.end - 1 };
        self.parts.push(ShellPart::Command(Box::new(ShellCommand {
            lines: range,
            text,
            trailing_comment: note,
            facts,
            in_table: false,
        })));
        lines.end
    }

    /// Lets the second parser decide on a construct that the first one rejects although bash accepts it.
    ///
    /// Returns the line after the command, and the facts of an opaque command.
    fn retry_with_second_parser(&mut self, first: usize, limit: usize) -> Option<(usize, CommandFacts)> {
        let line = self.line_text(first);
        let has_known_gap =
            line.contains('}') || ["for ", "select ", "coproc "].iter().any(|k| line.trim_start().starts_with(k));
        if !has_known_gap {
            return None;
        }
        for end in first + 1..=limit {
            let text = self.fragment_text(first, end);
            if self.failed_parse_budget == 0 || limits::exceeded_limit(text).is_some() {
                return None;
            }
            self.failed_parse_budget = self.failed_parse_budget.saturating_sub(text.len());
            let masked = MaskedText::new(text);
            let accepts_with = |tail: &str| rable::word_counts(&format!("{}\n{tail}\n", masked.masked_text())).is_ok();
            // A `fi` on the next line is an error, unless the text is still open, as in a heredoc.
            if !ends_in_backslash(text) && rable::word_counts(masked.masked_text()).is_ok() && !accepts_with("fi") {
                return Some((end, describe::opaque_facts(text, "only one of the two parsers reads it".to_owned())));
            }
        }
        None
    }

    /// The line after the paragraph that begins at `first`. A blank line or a comment ends a paragraph.
    fn paragraph_end(&self, first: usize) -> usize {
        let mut end = first + 1;
        while ends_in_backslash(self.line_text(end - 1)) && end < self.lines.len() {
            end += 1;
        }
        while end < self.lines.len() {
            let line = self.line_text(end);
            if is_blank(line) || line.trim_start_matches([' ', '\t']).starts_with('#') {
                break;
            }
            end += 1;
        }
        end
    }

    /// Adds lines that are not shell to the parts, without the blank lines around them.
    fn push_not_shell(&mut self, lines: Range<usize>, reason: &str) {
        let mut lines = lines;
        while lines.start < lines.end && is_blank(self.line_text(lines.end - 1)) {
            lines.end -= 1;
        }
        while lines.start < lines.end && is_blank(self.line_text(lines.start)) {
            lines.start += 1;
        }
        if lines.is_empty() {
            return;
        }
        let text = self.fragment_text(lines.start, lines.end).to_owned();
        let range = LineRange { first: lines.start, last: lines.end - 1 };
        self.parts.push(ShellPart::NotShell(NotShell {
            lines: range,
            text,
            reason: reason.to_owned(),
            not_analysed: false,
        }));
    }
}

/// Parses a fragment as one complete command or list.
fn parse_fragment(text: &str) -> FragmentParse {
    let last_line = text.rsplit('\n').next().unwrap_or(text);
    let is_continued = ends_in_backslash(last_line);
    let backslash = || FragmentParse::Incomplete("a backslash with nothing after it".to_owned(), AwaitedLine::Anything);
    if is_continued && !last_line.contains('#') {
        return backslash();
    }
    if let Some(reason) = limits::exceeded_limit(text) {
        return FragmentParse::Incomplete(reason.to_owned(), AwaitedLine::Nothing);
    }
    let masked = MaskedText::new(text);
    let reading = match shuck::parse_text(&masked) {
        Ok(reading) => reading,
        Err(refusal) => return FragmentParse::Incomplete(refusal.message, refusal.awaited),
    };
    let in_comment = reading.extent.comments.iter().any(|comment| comment.end >= text.len());
    if is_continued && !in_comment {
        return backslash();
    }
    if let Some((reason, awaits)) = find_unclosed(masked.masked_text(), &reading) {
        return FragmentParse::Incomplete(reason.to_owned(), awaits);
    }
    let note = trailing_comment(text, &reading);
    FragmentParse::Complete(Box::new(describe::derive_facts(&masked, reading)), note)
}

/// Finds a construct that the first parser accepts although it never ends.
///
/// The test is to append a line that only an open construct would accept. Returns the reason for messages, and the kind of
/// line that would close the construct.
pub(crate) fn find_unclosed(text: &str, reading: &ParsedText) -> Option<(&'static str, AwaitedLine)> {
    let accepts_with = |tail: &str| shuck::parses_cleanly(&format!("{text}\n{tail}\n"));
    if reading.has_unseparated_statements {
        return Some(("two commands on a line with nothing between them", AwaitedLine::Nothing));
    }
    // Text in single quotes opens nothing.
    let has = |opener: &str| {
        let is_live = |(at, _): (usize, &str)| !reading.extent.inert_ranges.iter().any(|range| range.contains(&at));
        text.match_indices(opener).any(is_live)
    };
    if has("<<") && accepts_with("fi") {
        return Some(("a heredoc that never ends", awaited_heredoc_end(text)));
    }
    if has("=(") && accepts_with(")") {
        return Some(("an array that never ends", AwaitedLine::Text(")".to_owned())));
    }
    (has("${") && accepts_with("}")).then(|| ("a `${` that never ends", AwaitedLine::Text("}".to_owned())))
}

/// The line that may end the heredocs of a text: any line, unless every delimiter is a plain word.
fn awaited_heredoc_end(text: &str) -> AwaitedLine {
    let operators = text.match_indices("<<").take(MAX_HEREDOCS);
    let delimiters = operators.map(|(at, operator)| heredoc_delimiter(text.get(at + operator.len()..).unwrap_or("")));
    delimiters.collect::<Option<Vec<_>>>().map_or(AwaitedLine::Anything, AwaitedLine::Start)
}

/// The delimiter of a heredoc, without its quotes. None if it is more than a plain word.
fn heredoc_delimiter(after_operator: &str) -> Option<String> {
    let rest = after_operator.strip_prefix('-').unwrap_or(after_operator).trim_start_matches([' ', '\t']);
    let (quote, rest) = match rest.chars().next() {
        Some(quote @ ('\'' | '"')) => (Some(quote), rest.get(1..).unwrap_or("")),
        _ => (None, rest.strip_prefix('\\').unwrap_or(rest)),
    };
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let is_complete = match quote {
        Some(quote) => after.starts_with(quote),
        None => !after.starts_with(['$', '`', '\\', '"', '\'']),
    };
    (is_complete && !word.is_empty()).then(|| word.to_owned())
}

/// The comment after the last line of a command, or else after the first line.
fn trailing_comment(text: &str, reading: &ParsedText) -> Option<String> {
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

/// True if a line begins a printed table: a rule (`+----+----+`), a frame, or capital headings above a line of columns.
/// Bash would take the first word of each such line for a program.
fn starts_table(line: &str, next: &str) -> bool {
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
        || (table_columns(line).nth(1).is_some()
            && table_columns(next).nth(1).is_some()
            && table_columns(line).all(is_heading))
}

/// The cells of a line whose columns are separated by two or more spaces.
fn table_columns(line: &str) -> impl Iterator<Item = &str> {
    line.split("  ").map(str::trim).filter(|column| !column.is_empty())
}

fn is_blank(line: &str) -> bool {
    line.bytes().all(|b| b.is_ascii_whitespace())
}

/// True if the newline after the line is escaped: the line ends in an odd number of backslashes.
fn ends_in_backslash(line: &str) -> bool {
    line.bytes().rev().take_while(|&b| b == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::split_commands;
    use crate::shell::{Clarity, ShellPart};

    /// Each part as its kind and lines: `C` a command, `N` no shell, `#` a comment.
    fn shape(text: &str) -> Vec<String> {
        let parts = split_commands(text);
        let shape = parts.iter().map(|part| match part {
            ShellPart::Comment(comment) => format!("#{}", comment.line),
            ShellPart::Command(command) => format!("C{}-{}", command.lines.first, command.lines.last),
            ShellPart::NotShell(not) => format!("N{}-{}", not.lines.first, not.lines.last),
        });
        shape.collect()
    }

    fn reason(text: &str) -> String {
        let refused = split_commands(text).into_iter().find_map(|part| match part {
            ShellPart::NotShell(not) => Some(not.reason),
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
            let told = split_commands(text).into_iter().map(|part| match part {
                ShellPart::Command(command) => command.in_table,
                ShellPart::NotShell(other) => other.reason == super::PRINTED_TABLE_REASON,
                ShellPart::Comment(_) => false,
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
        let parts = split_commands("kubectl get node <node-name> -n x\nssh <user>@<host>\n");
        let texts: Vec<_> = parts
            .iter()
            .filter_map(|part| match part {
                ShellPart::Command(command) => Some((command.text.as_str(), command.facts.placeholders.len())),
                _ => None,
            })
            .collect();
        assert_eq!(texts, [("kubectl get node <node-name> -n x", 1), ("ssh <user>@<host>", 2)]);
    }

    #[test]
    fn what_only_one_parser_reads_is_a_command_and_opaque() {
        for text in ["echo a}b", "for x in a; { ls; }"] {
            let parts = split_commands(text);
            assert!(
                matches!(parts.as_slice(), [ShellPart::Command(c)] if matches!(c.facts.clarity, Clarity::Opaque(_))),
                "{text}: {parts:?}"
            );
        }
    }

    #[test]
    fn a_comment_behind_a_command_is_its_note() {
        let note = |text: &str| match split_commands(text).into_iter().next() {
            Some(ShellPart::Command(command)) => command.trailing_comment,
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
            let parts = split_commands(&text);
            assert!(text.len() > 300_000 || !parts.is_empty());
            assert!(!crate::shell::describe_command(&text).reads_only);
            assert!(!crate::shell::highlight_tokens(&text).is_empty() || text.starts_with('\\'));
        }
    }
}
