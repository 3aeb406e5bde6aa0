//! The transcript as plain text for a terminal, a mail or a chat.
//!
//! Invariant: no control characters except newline and tab; every line from elsewhere follows a mark of ours.

use super::bars;
use super::lined::{Lined, lined};
use crate::transcript::escape::{one_line, visible_lines};
use crate::transcript::excerpt::Line;
use crate::transcript::html::{Picture, Tone};
use crate::transcript::page::{Change, Output, Page, Row};
use crate::transcript::phrase::Phrase;
use crate::transcript::series::Series;
use std::io;
use std::io::Write;

/// A plain-text page being written.
pub(crate) struct Text<'a, W>(pub(crate) &'a mut W);

fn plain(phrase: &Phrase) -> String {
    one_line(&phrase.plain())
}

impl<W: Write> Text<'_, W> {
    fn marked<'b>(&mut self, mark: &str, lines: impl Iterator<Item = &'b str>) -> io::Result<()> {
        for line in lines {
            writeln!(self.0, "{}", format!("{mark}{line}").trim_end())?;
        }
        writeln!(self.0)
    }

    fn rule(&mut self, title: &str, mark: &str) -> io::Result<()> {
        writeln!(self.0, "{title}\n{}\n", mark.repeat(title.chars().count().clamp(3, 100)))
    }
}

impl<W: Write> Lined for Text<'_, W> {
    fn lines(&mut self, lines: &[Line]) -> io::Result<()> {
        let lines: Vec<String> = lines.iter().map(Line::text).collect();
        self.marked("  | ", lines.iter().map(String::as_str))
    }

    fn between(&mut self, words: &str) -> io::Result<()> {
        writeln!(self.0, "{words}\n")
    }

    fn aside(&mut self, words: &str) -> io::Result<()> {
        self.between(words)
    }

    fn dropped(&mut self, words: &str) -> io::Result<()> {
        writeln!(self.0, "{words} [redacted]\n")
    }

    fn full_screen(&mut self, kept: &str, file: &str) -> io::Result<()> {
        writeln!(self.0, "A full-screen program; {kept}, kept in {file}. Its last screen:\n")
    }

    fn named(file: &str) -> String {
        file.to_owned()
    }

    fn link(file: &str) -> String {
        file.to_owned()
    }
}

impl<W: Write> Page for Text<'_, W> {
    fn begin(&mut self, title: &Phrase, verdict: &(Tone, String)) -> io::Result<()> {
        self.rule(&format!("{} ({})", plain(title), verdict.1), "=")
    }

    fn facts(&mut self, rows: &[(&str, Phrase)]) -> io::Result<()> {
        let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in rows {
            writeln!(self.0, "{name:<width$}  {}", plain(value))?;
        }
        writeln!(self.0)
    }

    fn picture(&mut self, _: &Picture) -> io::Result<()> {
        Ok(())
    }

    fn part(&mut self, title: &str) -> io::Result<()> {
        self.rule(title, "=")
    }

    fn table(&mut self, _: &[&str], rows: &mut dyn Iterator<Item = Vec<Phrase>>) -> io::Result<()> {
        for row in rows {
            let cells: Vec<String> = row.iter().map(plain).filter(|cell| !cell.is_empty()).collect();
            writeln!(self.0, "  {}", cells.join("  "))?;
        }
        writeln!(self.0)
    }

    fn timeline(&mut self) -> io::Result<()> {
        self.rule("Timeline (UTC)", "=")
    }

    fn day(&mut self, day: &str) -> io::Result<()> {
        writeln!(self.0, "{day}")
    }

    fn row(&mut self, row: &Row) -> io::Result<()> {
        let Row { time, elapsed, who, event, result, took, .. } = row;
        let (who, mut rest) = (one_line(who), plain(event));
        for more in [plain(result), took.clone()] {
            if !more.is_empty() {
                rest = format!("{rest}  ({more})");
            }
        }
        writeln!(self.0, "{time} {elapsed:>8}  {who:<10} {rest}")
    }

    fn end_timeline(&mut self) -> io::Result<()> {
        writeln!(self.0)
    }

    fn step(&mut self, _: Option<&str>, title: &Phrase) -> io::Result<()> {
        self.rule(&plain(title), "-")
    }

    fn about(&mut self, about: &Phrase) -> io::Result<()> {
        self.paragraph(about)
    }

    fn prose(&mut self, lines: &[&str], ranges: &[(u32, u32)]) -> io::Result<()> {
        for &(first, last) in ranges {
            let at = |line: u32| usize::try_from(line).unwrap_or(usize::MAX);
            let shown = lines.get(at(first).saturating_sub(1)..at(last).min(lines.len())).unwrap_or_default();
            let shown = visible_lines(shown.join("\n").trim());
            if shown.iter().any(|line| !line.is_empty()) {
                self.marked("  > ", shown.iter().map(String::as_str))?;
            }
        }
        Ok(())
    }

    fn command(&mut self, about: &Phrase, text: &str, _: Tone) -> io::Result<()> {
        writeln!(self.0, "{}:", plain(about))?;
        self.marked("  $ ", visible_lines(text).iter().map(String::as_str))
    }

    fn changes(&mut self, label: &str, changes: &[Change]) -> io::Result<()> {
        writeln!(self.0, "{label}:")?;
        let lines: Vec<String> = changes.iter().map(|(sign, line)| format!("{sign}{line}")).collect();
        self.marked("  ~ ", lines.iter().map(String::as_str))
    }

    fn result(&mut self, result: &Phrase) -> io::Result<()> {
        writeln!(self.0, "→ {}\n", plain(result))
    }

    fn output(&mut self, output: &Output<'_>) -> io::Result<()> {
        lined(self, output)
    }

    fn expected(&mut self, expected: &str, output: &Output<'_>) -> io::Result<()> {
        writeln!(self.0, "The document expects:")?;
        self.marked("  = ", visible_lines(expected).iter().map(String::as_str))?;
        writeln!(self.0, "What came back:")?;
        self.output(output)
    }

    fn end_command(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn series(&mut self, series: &Series) -> io::Result<()> {
        let drawn = bars(series).map_or(String::new(), |bars| format!(": {bars}"));
        writeln!(self.0, "{}{drawn}", series.label())?;
        for row in series.rows() {
            match row {
                Some(time) => {
                    let (result, said) = (one_line(&time.result), one_line(&time.said));
                    writeln!(self.0, "{}", format!("  {}  {result}  {said}", time.at).trim_end())?;
                }
                None => writeln!(self.0, "  …")?,
            }
        }
        writeln!(self.0)
    }

    fn paragraph(&mut self, words: &Phrase) -> io::Result<()> {
        writeln!(self.0, "{}\n", plain(words))
    }

    fn note(&mut self, label: &Phrase, text: &str) -> io::Result<()> {
        let text = text.trim();
        if text.is_empty() {
            writeln!(self.0, "{}\n", plain(label))
        } else if text.contains('\n') {
            writeln!(self.0, "{}:", plain(label))?;
            self.block("text", text)
        } else {
            writeln!(self.0, "{}: {}\n", plain(label), one_line(text))
        }
    }

    fn block(&mut self, _: &str, text: &str) -> io::Result<()> {
        self.marked("  | ", visible_lines(text).iter().map(String::as_str))
    }

    fn list(&mut self, items: &mut dyn Iterator<Item = &Phrase>) -> io::Result<()> {
        for item in items {
            writeln!(self.0, "- {}", plain(item))?;
        }
        writeln!(self.0)
    }

    fn last(&mut self, words: &Phrase) -> io::Result<()> {
        writeln!(self.0, "{}", plain(words))
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
