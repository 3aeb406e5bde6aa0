//! Tells commands from printed output in a cell with prompts.
//!
//! Invariant: a line belongs to a command only if it has a prompt, continues an unfinished command, or is a comment above one.
//! Refuses to know: if bash would accept the command.

use super::{LineRole, SourceLine};
use crate::shell::{looks_like_shell, prompt_length};
use std::collections::VecDeque;

/// Sets the roles of a cell's lines and removes prompts. `document` is the text that the offsets point into.
pub(super) fn assign_roles(lines: &mut [SourceLine], console: bool, document: &str) {
    let has_dollar = lines.iter().any(|line| prompt_length(&line.text, false).is_some());
    let root = console && !has_dollar && hashes_are_prompts(lines);
    if !has_dollar && !root {
        return;
    }
    for line in lines.iter_mut() {
        line.role = LineRole::Printed;
    }
    let mut at = 0;
    while at < lines.len() {
        at = if strip_prompt(lines, at, root, document) {
            mark_command_lines(lines, at, root, document)
        } else {
            at + 1
        };
    }
    mark_comments_and_blanks(lines);
}

/// True if a command follows each `# `. In a console cell without any other prompt, they are root's prompts then.
fn hashes_are_prompts(lines: &[SourceLine]) -> bool {
    let mut behind = lines.iter().filter_map(|line| line.text.get(prompt_length(&line.text, true)?..)).peekable();
    behind.peek().is_some() && behind.all(looks_like_shell)
}

fn has_prompt(line: &SourceLine, root: bool) -> bool {
    prompt_length(&line.text, root).is_some()
}

fn strip_prompt(lines: &mut [SourceLine], at: usize, root: bool, document: &str) -> bool {
    let Some(line) = lines.get_mut(at) else { return false };
    let Some(length) = prompt_length(&line.text, root) else { return false };
    strip_front(line, length, document);
    line.role = LineRole::Shell;
    true
}

/// Removes `length` bytes from the front. The offset is counted from the line's end: a text may begin with blanks for
/// part of a tab, which the document does not have.
fn strip_front(line: &mut SourceLine, length: usize, document: &str) {
    let rest = line.text.get(length..).unwrap_or("").to_owned();
    let source = document.get(line.offset..).unwrap_or("").lines().next().unwrap_or("");
    line.offset += source.len().saturating_sub(rest.len());
    line.text = rest;
}

/// Marks the remaining lines of the command that begins at `start` as shell; returns the index of the line after it.
fn mark_command_lines(lines: &mut [SourceLine], start: usize, root: bool, document: &str) -> usize {
    let limit =
        (start + 1..lines.len()).find(|&at| lines.get(at).is_none_or(|l| has_prompt(l, root))).unwrap_or(lines.len());
    let mut reader = ShellLineReader::default();
    let mut sure = start + 1;
    if let Some(line) = lines.get(start) {
        reader.feed_line(&line.text);
    }
    let mut end = start + 1;
    let mut second_prompts = Vec::new();
    while end < limit && reader.is_unfinished() {
        let Some(line) = lines.get(end) else { break };
        let quoted = line.text.strip_prefix("> ").or_else(|| (line.text == ">").then_some(""));
        let is_prompted = quoted.is_some() && reader.takes_second_prompt(lines.get(end..limit).unwrap_or(&[]));
        let joined = reader.joined;
        reader.feed_line(if is_prompted { quoted.unwrap_or("") } else { &line.text });
        second_prompts.push(is_prompted);
        end += 1;
        if sure + 1 == end && (joined || is_prompted) {
            sure = end;
        }
    }
    // A quote or heredoc that never ends was probably none. Then take only the lines that surely continue the command.
    if reader.is_unfinished() {
        end = sure;
    }
    for (line, is_prompted) in lines.iter_mut().take(end).skip(start + 1).zip(second_prompts) {
        if is_prompted {
            let length = line.text.len().min(2);
            strip_front(line, length, document);
        }
        line.role = LineRole::Shell;
    }
    end
}

/// Marks comments above a command as shell. Blank lines get the role of the line below.
fn mark_comments_and_blanks(lines: &mut [SourceLine]) {
    let is_blank = |line: &SourceLine| line.text.trim().is_empty();
    let is_comment = |line: &SourceLine| line.role == LineRole::Printed && line.text.starts_with('#');
    // Output may hold lines that begin with `#`. A comment that heads a command stands at the top or below a blank line;
    // where the cell begins with a comment, its author writes them directly above every command.
    let by_habit = lines.iter().find(|line| !is_blank(line)).is_some_and(is_comment);
    let mut is_free = true;
    let mut free = Vec::with_capacity(lines.len());
    for line in lines.iter() {
        is_free = is_blank(line) || (is_comment(line) && is_free);
        free.push(is_free);
    }
    let mut below = LineRole::Printed;
    let mut is_adjacent = false;
    for (line, is_free) in lines.iter_mut().zip(free).rev() {
        let blank = is_blank(line);
        if line.role == LineRole::Printed && (blank || (is_comment(line) && (is_free || (by_habit && is_adjacent)))) {
            line.role = below;
        }
        below = line.role;
        is_adjacent = !blank;
    }
}

/// Follows shell line by line, just closely enough to tell if a command continues.
#[derive(Debug, Default)]
struct ShellLineReader {
    quote: Option<char>,
    heredocs: VecDeque<String>,
    /// True if the first heredoc's lines have second prompts; none until that was looked up.
    prompted: Option<bool>,
    /// True if the last line ended in a backslash.
    joined: bool,
    /// True if the last line ended in an operator that needs another command.
    operator: bool,
    /// Number of open compound commands and parentheses.
    depth: u32,
}

impl ShellLineReader {
    fn is_unfinished(&self) -> bool {
        self.quote.is_some() || !self.heredocs.is_empty() || self.joined || self.operator || self.depth > 0
    }

    /// True if a leading `> ` of the next line is bash's second prompt. In a heredoc it is, if the end has one too.
    fn takes_second_prompt(&mut self, following: &[SourceLine]) -> bool {
        let Some(delimiter) = self.heredocs.front() else { return true };
        let ends_prompted = |line: &SourceLine| match line.text.trim_start_matches('\t') {
            text if text == delimiter => Some(false),
            text => text.strip_prefix("> ").is_some_and(|text| text.trim_start() == delimiter).then_some(true),
        };
        *self.prompted.get_or_insert_with(|| following.iter().find_map(ends_prompted).unwrap_or(false))
    }

    fn feed_line(&mut self, line: &str) {
        if let Some(delimiter) = self.heredocs.front() {
            if line.trim_start_matches('\t') == delimiter {
                self.heredocs.pop_front();
                self.prompted = None;
            }
            return;
        }
        self.joined = false;
        self.operator = false;
        let mut words = String::new();
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match (self.quote, c) {
                (Some('\''), '\'') | (Some('"'), '"') => {
                    self.quote = None;
                    words.push('q');
                }
                (Some('\''), _) => {}
                (_, '\\') => self.joined = chars.next().is_none(),
                (Some(_), _) => {}
                (None, '\'' | '"') => self.quote = Some(c),
                (None, '#') if words.chars().next_back().is_none_or(|c| c.is_whitespace() || c == ';') => break,
                (None, '<') if chars.peek() == Some(&'<') => {
                    chars.next();
                    self.read_heredoc_delimiter(&mut chars);
                }
                (None, _) => words.push(c),
            }
        }
        self.track_structure(&words);
    }

    /// Reads the delimiter after `<<`; a here-string (`<<<`) has none.
    fn read_heredoc_delimiter(&mut self, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
        if chars.next_if_eq(&'<').is_some() {
            return;
        }
        chars.next_if_eq(&'-');
        while chars.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        let mut delimiter = String::new();
        while let Some(c) = chars.next_if(|&c| !c.is_whitespace() && !matches!(c, ';' | '|' | '&' | ')' | '<' | '>')) {
            if !matches!(c, '\'' | '"' | '\\') {
                delimiter.push(c);
            }
        }
        if !delimiter.is_empty() {
            self.heredocs.push_back(delimiter);
        }
    }

    fn track_structure(&mut self, words: &str) {
        let trimmed = words.trim_end();
        if self.quote.is_none() && !self.joined {
            self.operator = trimmed.ends_with('|') || trimmed.ends_with("&&");
        }
        for part in words.split([';', '|', '&']) {
            let opened = part.matches('(').count();
            let closed = part.matches(')').count();
            self.depth = (self.depth + saturating_count(opened)).saturating_sub(saturating_count(closed));
            let mut rest = part.trim_start();
            loop {
                let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                match word {
                    "if" | "for" | "while" | "until" | "case" | "select" | "{" => self.depth += 1,
                    "fi" | "done" | "esac" | "}" => self.depth = self.depth.saturating_sub(1),
                    "then" | "do" | "else" | "elif" | "!" | "time" => {}
                    _ => break,
                }
                rest = after.trim_start();
            }
        }
    }
}

fn saturating_count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, console: bool) -> String {
        let mut offset = 0;
        let mut lines = Vec::new();
        for (line, source) in text.lines().enumerate() {
            let line = u32::try_from(line + 1).unwrap();
            lines.push(SourceLine { text: source.to_owned(), offset, line, role: LineRole::Shell });
            offset += source.len() + 1;
        }
        assign_roles(&mut lines, console, text);
        let mut shown = String::new();
        for line in &lines {
            assert_eq!(text.get(line.offset..line.offset + line.text.len()), Some(line.text.as_str()));
            let mark = if line.role == LineRole::Shell { "run" } else { "out" };
            shown.push_str(format!("{mark} {}", line.text).trim_end());
            shown.push('\n');
        }
        shown
    }

    #[test]
    fn without_a_prompt_every_line_is_shell() {
        assert_eq!(shown("ls -l\necho done", true), "run ls -l\nrun echo done\n");
        assert_eq!(shown("# Check the disks\ndf -h", true), "run # Check the disks\nrun df -h\n");
    }

    #[test]
    fn only_prompted_lines_are_commands_and_a_comment_heads_one() {
        insta::assert_snapshot!(shown("# Look\n$ ls /srv\napi  web\n# not a comment of ours\n\n# Then\n$ df -h\n98%\n", false), @r"
        run # Look
        run ls /srv
        out api  web
        out # not a comment of ours
        run
        run # Then
        run df -h
        out 98%
        ");
    }

    #[test]
    fn where_the_cell_begins_with_a_comment_those_directly_above_commands_head_them_too() {
        let text = "# try\n$ ls\napi\n# then\n$ df\n# 98%";
        assert_eq!(shown(text, false), "run # try\nrun ls\nout api\nrun # then\nrun df\nout # 98%\n");
        assert_eq!(
            shown("$ put\n# OK\n$ get\n# a\n# b\n$ del", false),
            "run put\nout # OK\nrun get\nout # a\nout # b\nrun del\n"
        );
    }

    #[test]
    fn a_command_goes_on_while_it_is_not_finished() {
        insta::assert_snapshot!(shown("$ tar c /srv \\\n  | gzip > a.gz\n$ for i in 1 2; do\n> echo $i\n> done\n1\n2\n$ psql -c \"SELECT\n  1\"\n1 row", false), @r#"
        run tar c /srv \
        run   | gzip > a.gz
        run for i in 1 2; do
        run echo $i
        run done
        out 1
        out 2
        run psql -c "SELECT
        run   1"
        out 1 row
        "#);
    }

    #[test]
    fn heredocs_belong_to_their_command_with_and_without_second_prompts() {
        insta::assert_snapshot!(shown("$ cat > a <<EOF\n> x\nEOF\nout\n$ cat <<'E' > b\n> x\n> E\nout", false), @r"
        run cat > a <<EOF
        run > x
        run EOF
        out out
        run cat <<'E' > b
        run x
        run E
        out out
        ");
    }

    #[test]
    fn an_apostrophe_does_not_make_output_part_of_a_command() {
        assert_eq!(shown("$ echo don't\ndont\nmore\n$ ls", false), "run echo don't\nout dont\nout more\nrun ls\n");
        assert_eq!(shown("$ ls\n> not ours", false), "run ls\nout > not ours\n");
    }

    #[test]
    fn a_hash_is_roots_prompt_only_in_a_console_and_before_commands() {
        assert_eq!(
            shown("# systemctl restart nginx\n# df -h\n98%", true),
            "run systemctl restart nginx\nrun df -h\nout 98%\n"
        );
        assert_eq!(shown("# systemctl restart nginx\nls", false), "run # systemctl restart nginx\nrun ls\n");
        assert_eq!(shown("$ sudo -i\n# df -h", true), "run sudo -i\nout # df -h\n");
    }
}
