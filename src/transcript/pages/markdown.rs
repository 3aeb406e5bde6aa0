//! The transcript as Markdown that also reads well unrendered.
//!
//! Invariant: nothing that was printed or typed can break its structure; see [`super::super::escape`].

use super::draw_bars;
use super::lined::{OutputStyle, write_output_with};
use crate::transcript::escape;
use crate::transcript::escape::{fenced_block, visible_lines};
use crate::transcript::excerpt::ScreenLine;
use crate::transcript::html::{TimelinePicture, Tone};
use crate::transcript::page::{ChangedLine, PageRow, ShownOutput, TranscriptPage};
use crate::transcript::phrase::{Phrase, PhrasePiece};
use crate::transcript::series::CommandSeries;
use crate::transcript::{prose, words};
use std::fmt::Write as _;
use std::io;
use std::io::Write;

/// A Markdown page being written.
pub(crate) struct MarkdownPage<'a, W>(pub(crate) &'a mut W);

fn render_phrase(phrase: &Phrase, in_cell: bool) -> String {
    let mut out = String::new();
    for piece in &phrase.0 {
        match piece {
            PhrasePiece::Text(words) => out.push_str(&escape::escape_inline(words)),
            PhrasePiece::Code(code) if in_cell => out.push_str(&escape::cell_code_span(code)),
            PhrasePiece::Code(code) => out.push_str(&escape::code_span(code)),
            PhrasePiece::Strong(phrase) => write!(out, "**{}**", render_phrase(phrase, in_cell)).unwrap_or_default(),
            PhrasePiece::Emphasis(phrase) => write!(out, "*{}*", render_phrase(phrase, in_cell)).unwrap_or_default(),
            PhrasePiece::Link(to, phrase) => {
                write!(out, "[{}]({to})", render_phrase(phrase, in_cell)).unwrap_or_default();
            }
            PhrasePiece::Time(time) => out.push_str(time),
        }
    }
    out
}

fn render_inline(phrase: &Phrase) -> String {
    render_phrase(phrase, false)
}

fn render_cell(phrase: &Phrase) -> String {
    render_phrase(phrase, true)
}

impl<W: Write> OutputStyle for MarkdownPage<'_, W> {
    fn write_lines(&mut self, lines: &[ScreenLine]) -> io::Result<()> {
        let lines: Vec<String> = lines.iter().map(ScreenLine::to_text).collect();
        writeln!(self.0, "{}", fenced_block("text", lines.iter().map(String::as_str)))
    }

    fn write_gap(&mut self, words: &str) -> io::Result<()> {
        writeln!(self.0, "{words}\n")
    }

    fn write_remark(&mut self, words: &str) -> io::Result<()> {
        writeln!(self.0, "*{words}*\n")
    }

    fn write_redaction(&mut self, words: &str) -> io::Result<()> {
        writeln!(self.0, "*{words}* [redacted]\n")
    }

    fn write_full_screen_notice(&mut self, kept: &str, file: &str) -> io::Result<()> {
        writeln!(self.0, "[full-screen program; {kept}, kept in {file}]; its last screen:\n")
    }

    fn format_file_name(file: &str) -> String {
        format!("`{file}`")
    }

    fn format_file_link(file: &str) -> String {
        format!("[`{file}`]({file})")
    }
}

impl<W: Write> TranscriptPage for MarkdownPage<'_, W> {
    fn write_page_start(&mut self, title: &Phrase, _: &(Tone, String)) -> io::Result<()> {
        writeln!(self.0, "# {}\n", render_inline(title))
    }

    fn write_summary_table(&mut self, rows: &[(&str, Phrase)]) -> io::Result<()> {
        writeln!(self.0, "| | |\n|:--|:--|")?;
        for (name, value) in rows {
            writeln!(self.0, "| {name} | {} |", render_cell(value))?;
        }
        writeln!(self.0)
    }

    fn write_picture(&mut self, _: &TimelinePicture) -> io::Result<()> {
        Ok(())
    }

    fn write_heading(&mut self, title: &str) -> io::Result<()> {
        writeln!(self.0, "## {title}\n")
    }

    fn write_table(&mut self, columns: &[&str], rows: &mut dyn Iterator<Item = Vec<Phrase>>) -> io::Result<()> {
        let rules: Vec<&str> = columns.iter().map(|_| ":--").collect();
        writeln!(self.0, "| {} |\n|{}|", columns.join(" | "), rules.join("|"))?;
        for row in rows {
            let cells: Vec<String> = row.iter().map(render_cell).collect();
            writeln!(self.0, "| {} |", cells.join(" | "))?;
        }
        writeln!(self.0)
    }

    fn write_timeline_start(&mut self) -> io::Result<()> {
        writeln!(self.0, "## Timeline\n\nTimes are UTC.\n")?;
        writeln!(self.0, "| Time | Elapsed | Who | Event | Result | Took |")?;
        writeln!(self.0, "|:--|--:|:--|:--|:--|--:|")
    }

    fn write_timeline_day(&mut self, day: &str) -> io::Result<()> {
        writeln!(self.0, "| **{day}** | | | | | |")
    }

    fn write_timeline_row(&mut self, row: &PageRow) -> io::Result<()> {
        let PageRow { time, elapsed, who, event, result, took, .. } = row;
        let who = escape::escape_inline(who.trim());
        writeln!(self.0, "| {time} | {elapsed} | {who} | {} | {} | {took} |", render_cell(event), render_cell(result))
    }

    fn write_timeline_end(&mut self) -> io::Result<()> {
        writeln!(self.0)
    }

    fn write_step_title(&mut self, id: Option<&str>, title: &Phrase) -> io::Result<()> {
        if let Some(id) = id {
            writeln!(self.0, "<a id=\"{id}\"></a>\n")?;
        }
        writeln!(self.0, "### {}\n", render_inline(title))
    }

    fn write_step_details(&mut self, about: &Phrase) -> io::Result<()> {
        self.write_paragraph(about)
    }

    fn write_prose(&mut self, lines: &[&str], ranges: &[(u32, u32)]) -> io::Result<()> {
        let quoted = prose::quote_lines(lines, ranges);
        if quoted.is_empty() { Ok(()) } else { writeln!(self.0, "{quoted}") }
    }

    fn write_command(&mut self, about: &Phrase, text: &str, _: Tone) -> io::Result<()> {
        writeln!(self.0, "{}:\n", render_inline(about))?;
        self.write_text_block("bash", text)
    }

    fn write_changes(&mut self, label: &str, changes: &[ChangedLine]) -> io::Result<()> {
        writeln!(self.0, "{label}:\n")?;
        let lines: Vec<String> = changes.iter().map(|(sign, line)| format!("{sign}{line}")).collect();
        writeln!(self.0, "{}", fenced_block("diff", lines.iter().map(String::as_str)))
    }

    fn write_command_result(&mut self, result: &Phrase) -> io::Result<()> {
        writeln!(self.0, "→ {}\n", render_inline(result))
    }

    fn write_output(&mut self, output: &ShownOutput<'_>) -> io::Result<()> {
        write_output_with(self, output)
    }

    fn write_expected_output(&mut self, expected: &str, output: &ShownOutput<'_>) -> io::Result<()> {
        writeln!(self.0, "The document expects:\n")?;
        self.write_text_block("text", expected)?;
        writeln!(self.0, "What came back:\n")?;
        self.write_output(output)
    }

    fn write_command_end(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn write_series(&mut self, series: &CommandSeries) -> io::Result<()> {
        let drawn = draw_bars(series).map_or(String::new(), |bars| format!(": {bars}"));
        writeln!(self.0, "**{}**{drawn}\n", series.short_label())?;
        writeln!(self.0, "| Time | Result | Took | Last line |\n|:--|:--|--:|:--|")?;
        for row in series.table_rows() {
            match row {
                Some(time) => {
                    let last_line_shown =
                        if time.last_line.is_empty() { String::new() } else { escape::cell_code_span(&time.last_line) };
                    let (result, took) = (escape::escape_inline(&time.result), words::format_duration(time.took));
                    writeln!(self.0, "| {} | {result} | {took} | {last_line_shown} |", time.shown_at)?;
                }
                None => writeln!(self.0, "| … | | | |")?,
            }
        }
        writeln!(self.0)
    }

    fn write_paragraph(&mut self, words: &Phrase) -> io::Result<()> {
        writeln!(self.0, "{}\n", render_inline(words))
    }

    fn write_note(&mut self, label: &Phrase, text: &str) -> io::Result<()> {
        let text = text.trim();
        if text.is_empty() {
            writeln!(self.0, "{}\n", render_inline(label))
        } else if text.contains('\n') {
            writeln!(self.0, "{}:\n", render_inline(label))?;
            self.write_text_block("text", text)
        } else {
            writeln!(self.0, "{}: {}\n", render_inline(label), escape::escape_inline(text))
        }
    }

    fn write_text_block(&mut self, language: &str, text: &str) -> io::Result<()> {
        let lines = visible_lines(text);
        writeln!(self.0, "{}", fenced_block(language, lines.iter().map(String::as_str)))
    }

    fn write_list(&mut self, items: &mut dyn Iterator<Item = &Phrase>) -> io::Result<()> {
        for item in items {
            writeln!(self.0, "- {}", render_inline(item))?;
        }
        writeln!(self.0)
    }

    fn write_last_paragraph(&mut self, words: &Phrase) -> io::Result<()> {
        writeln!(self.0, "{}", render_inline(words))
    }

    fn write_page_end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
