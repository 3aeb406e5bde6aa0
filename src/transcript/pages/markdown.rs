//! The transcript as Markdown that also reads well unrendered.
//!
//! Invariant: nothing that was printed or typed can break its structure; see [`super::super::escape`].

use super::bars;
use super::lined::{Lined, lined};
use crate::transcript::escape;
use crate::transcript::escape::{fence, visible_lines};
use crate::transcript::excerpt::Line;
use crate::transcript::html::{Picture, Tone};
use crate::transcript::page::{Change, Output, Page, Row};
use crate::transcript::phrase::{Phrase, Piece};
use crate::transcript::series::Series;
use crate::transcript::{prose, words};
use std::fmt::Write as _;
use std::io;
use std::io::Write;

/// A Markdown page being written.
pub(crate) struct Markdown<'a, W>(pub(crate) &'a mut W);

fn set(phrase: &Phrase, in_cell: bool) -> String {
    let mut out = String::new();
    for piece in &phrase.0 {
        match piece {
            Piece::Text(words) => out.push_str(&escape::inline(words)),
            Piece::Code(code) if in_cell => out.push_str(&escape::cell_code(code)),
            Piece::Code(code) => out.push_str(&escape::code(code)),
            Piece::Strong(phrase) => write!(out, "**{}**", set(phrase, in_cell)).unwrap_or_default(),
            Piece::Soft(phrase) => write!(out, "*{}*", set(phrase, in_cell)).unwrap_or_default(),
            Piece::Link(to, phrase) => write!(out, "[{}]({to})", set(phrase, in_cell)).unwrap_or_default(),
            Piece::Time(time) => out.push_str(time),
        }
    }
    out
}

fn inline(phrase: &Phrase) -> String {
    set(phrase, false)
}

fn cell(phrase: &Phrase) -> String {
    set(phrase, true)
}

impl<W: Write> Lined for Markdown<'_, W> {
    fn lines(&mut self, lines: &[Line]) -> io::Result<()> {
        let lines: Vec<String> = lines.iter().map(Line::text).collect();
        writeln!(self.0, "{}", fence("text", lines.iter().map(String::as_str)))
    }

    fn between(&mut self, words: &str) -> io::Result<()> {
        writeln!(self.0, "{words}\n")
    }

    fn aside(&mut self, words: &str) -> io::Result<()> {
        writeln!(self.0, "*{words}*\n")
    }

    fn dropped(&mut self, words: &str) -> io::Result<()> {
        writeln!(self.0, "*{words}* [redacted]\n")
    }

    fn full_screen(&mut self, kept: &str, file: &str) -> io::Result<()> {
        writeln!(self.0, "[full-screen program; {kept}, kept in {file}]; its last screen:\n")
    }

    fn named(file: &str) -> String {
        format!("`{file}`")
    }

    fn link(file: &str) -> String {
        format!("[`{file}`]({file})")
    }
}

impl<W: Write> Page for Markdown<'_, W> {
    fn begin(&mut self, title: &Phrase, _: &(Tone, String)) -> io::Result<()> {
        writeln!(self.0, "# {}\n", inline(title))
    }

    fn facts(&mut self, rows: &[(&str, Phrase)]) -> io::Result<()> {
        writeln!(self.0, "| | |\n|:--|:--|")?;
        for (name, value) in rows {
            writeln!(self.0, "| {name} | {} |", cell(value))?;
        }
        writeln!(self.0)
    }

    fn picture(&mut self, _: &Picture) -> io::Result<()> {
        Ok(())
    }

    fn part(&mut self, title: &str) -> io::Result<()> {
        writeln!(self.0, "## {title}\n")
    }

    fn table(&mut self, columns: &[&str], rows: &mut dyn Iterator<Item = Vec<Phrase>>) -> io::Result<()> {
        let rules: Vec<&str> = columns.iter().map(|_| ":--").collect();
        writeln!(self.0, "| {} |\n|{}|", columns.join(" | "), rules.join("|"))?;
        for row in rows {
            let cells: Vec<String> = row.iter().map(cell).collect();
            writeln!(self.0, "| {} |", cells.join(" | "))?;
        }
        writeln!(self.0)
    }

    fn timeline(&mut self) -> io::Result<()> {
        writeln!(self.0, "## Timeline\n\nTimes are UTC.\n")?;
        writeln!(self.0, "| Time | Elapsed | Who | Event | Result | Took |")?;
        writeln!(self.0, "|:--|--:|:--|:--|:--|--:|")
    }

    fn day(&mut self, day: &str) -> io::Result<()> {
        writeln!(self.0, "| **{day}** | | | | | |")
    }

    fn row(&mut self, row: &Row) -> io::Result<()> {
        let Row { time, elapsed, who, event, result, took, .. } = row;
        let who = escape::inline(who.trim());
        writeln!(self.0, "| {time} | {elapsed} | {who} | {} | {} | {took} |", cell(event), cell(result))
    }

    fn end_timeline(&mut self) -> io::Result<()> {
        writeln!(self.0)
    }

    fn step(&mut self, id: Option<&str>, title: &Phrase) -> io::Result<()> {
        if let Some(id) = id {
            writeln!(self.0, "<a id=\"{id}\"></a>\n")?;
        }
        writeln!(self.0, "### {}\n", inline(title))
    }

    fn about(&mut self, about: &Phrase) -> io::Result<()> {
        self.paragraph(about)
    }

    fn prose(&mut self, lines: &[&str], ranges: &[(u32, u32)]) -> io::Result<()> {
        let quoted = prose::quote(lines, ranges);
        if quoted.is_empty() { Ok(()) } else { writeln!(self.0, "{quoted}") }
    }

    fn command(&mut self, about: &Phrase, text: &str, _: Tone) -> io::Result<()> {
        writeln!(self.0, "{}:\n", inline(about))?;
        self.block("bash", text)
    }

    fn changes(&mut self, label: &str, changes: &[Change]) -> io::Result<()> {
        writeln!(self.0, "{label}:\n")?;
        let lines: Vec<String> = changes.iter().map(|(sign, line)| format!("{sign}{line}")).collect();
        writeln!(self.0, "{}", fence("diff", lines.iter().map(String::as_str)))
    }

    fn result(&mut self, result: &Phrase) -> io::Result<()> {
        writeln!(self.0, "→ {}\n", inline(result))
    }

    fn output(&mut self, output: &Output<'_>) -> io::Result<()> {
        lined(self, output)
    }

    fn expected(&mut self, expected: &str, output: &Output<'_>) -> io::Result<()> {
        writeln!(self.0, "The document expects:\n")?;
        self.block("text", expected)?;
        writeln!(self.0, "What came back:\n")?;
        self.output(output)
    }

    fn end_command(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn series(&mut self, series: &Series) -> io::Result<()> {
        let drawn = bars(series).map_or(String::new(), |bars| format!(": {bars}"));
        writeln!(self.0, "**{}**{drawn}\n", series.label())?;
        writeln!(self.0, "| Time | Result | Took | Last line |\n|:--|:--|--:|:--|")?;
        for row in series.rows() {
            match row {
                Some(time) => {
                    let said = if time.said.is_empty() { String::new() } else { escape::cell_code(&time.said) };
                    let (result, took) = (escape::inline(&time.result), words::took(time.took));
                    writeln!(self.0, "| {} | {result} | {took} | {said} |", time.at)?;
                }
                None => writeln!(self.0, "| … | | | |")?,
            }
        }
        writeln!(self.0)
    }

    fn paragraph(&mut self, words: &Phrase) -> io::Result<()> {
        writeln!(self.0, "{}\n", inline(words))
    }

    fn note(&mut self, label: &Phrase, text: &str) -> io::Result<()> {
        let text = text.trim();
        if text.is_empty() {
            writeln!(self.0, "{}\n", inline(label))
        } else if text.contains('\n') {
            writeln!(self.0, "{}:\n", inline(label))?;
            self.block("text", text)
        } else {
            writeln!(self.0, "{}: {}\n", inline(label), escape::inline(text))
        }
    }

    fn block(&mut self, language: &str, text: &str) -> io::Result<()> {
        let lines = visible_lines(text);
        writeln!(self.0, "{}", fence(language, lines.iter().map(String::as_str)))
    }

    fn list(&mut self, items: &mut dyn Iterator<Item = &Phrase>) -> io::Result<()> {
        for item in items {
            writeln!(self.0, "- {}", inline(item))?;
        }
        writeln!(self.0)
    }

    fn last(&mut self, words: &Phrase) -> io::Result<()> {
        writeln!(self.0, "{}", inline(words))
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
