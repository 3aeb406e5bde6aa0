//! The transcript as one HTML page, with a drawing of the run.
//!
//! Invariant: elements are closed in order for any events: a step closes the command before it, a heading the step.

use crate::transcript::escape::visible_lines;
use crate::transcript::excerpt::{Excerpt, ScreenLine, TextStyle};
use crate::transcript::html;
use crate::transcript::html::{PageAnchor, TimelinePicture, Tone, Trust, escape_text};
use crate::transcript::page::{ChangedLine, PageRow, ShownOutput, TranscriptPage};
use crate::transcript::phrase::{Phrase, PhrasePiece};
use crate::transcript::series::CommandSeries;
use crate::transcript::sources::format_mismatch;
use crate::transcript::words;
use std::fmt::Write as _;
use std::io;
use std::io::Write;

/// An HTML page being written, with its open elements.
pub(crate) struct HtmlPage<'a, W> {
    writer: &'a mut W,
    /// True while a step's section is open; likewise `command`.
    in_step: bool,
    in_command: bool,
    step_count: u64,
    block_count: u64,
}

fn render_phrase(phrase: &Phrase) -> String {
    let mut out = String::new();
    for piece in &phrase.0 {
        match piece {
            PhrasePiece::Text(words) => out.push_str(&escape_text(words)),
            PhrasePiece::Code(code) if code.is_empty() => out.push_str("<em>empty</em>"),
            PhrasePiece::Code(code) => write!(out, "<code>{}</code>", escape_text(code)).unwrap_or_default(),
            PhrasePiece::Strong(phrase) => {
                write!(out, "<strong>{}</strong>", render_phrase(phrase)).unwrap_or_default();
            }
            PhrasePiece::Emphasis(phrase) => write!(out, "<em>{}</em>", render_phrase(phrase)).unwrap_or_default(),
            PhrasePiece::Link(to, phrase) => {
                write!(out, "<a href=\"{}\">{}</a>", escape_text(to), render_phrase(phrase)).unwrap_or_default();
            }
            PhrasePiece::Time(time) => write!(out, "<time>{}</time>", escape_text(time)).unwrap_or_default(),
        }
    }
    out
}

/// Renders lines of output with their colours.
fn render_coloured_lines(lines: &[ScreenLine]) -> String {
    let mut out = String::new();
    for line in lines {
        for run in &line.0 {
            let (classes, shown) = (run.style.css_classes(), escape_text(&run.text));
            if classes.is_empty() {
                out.push_str(&shown);
            } else {
                write!(out, "<span class=\"{classes}\">{shown}</span>").unwrap_or_default();
            }
        }
        out.push('\n');
    }
    out
}

fn escape_lines(text: &str) -> String {
    html::escape_text(&visible_lines(text).join("\n"))
}

impl<'a, W: Write> HtmlPage<'a, W> {
    /// Writes a page to `to`.
    pub(crate) fn new(writer: &'a mut W) -> Self {
        Self { writer, in_step: false, in_command: false, step_count: 0, block_count: 0 }
    }

    fn close_step(&mut self) -> io::Result<()> {
        self.write_command_end()?;
        if std::mem::take(&mut self.in_step) { writeln!(self.writer, "</section>") } else { Ok(()) }
    }

    /// Writes preformatted text that can be scrolled with the keyboard.
    fn write_preformatted(&mut self, class: &str, label: &str, inner: &str) -> io::Result<()> {
        writeln!(
            self.writer,
            "<pre class=\"{class}\" tabindex=\"0\" role=\"group\" aria-label=\"{}\">{inner}</pre>",
            escape_text(label)
        )
    }

    fn write_output_lines(&mut self, class: &str, label: &str, lines: &[ScreenLine]) -> io::Result<()> {
        self.block_count += 1;
        let label = format!("{label} {}", self.block_count);
        self.write_preformatted(class, &label, &render_coloured_lines(lines))
    }
}

impl<W: Write> TranscriptPage for HtmlPage<'_, W> {
    fn write_page_start(&mut self, title: &Phrase, verdict: &(Tone, String)) -> io::Result<()> {
        let anchors =
            [("timeline", "Timeline"), ("steps", "Steps"), ("deviations", "Deviations"), ("integrity", "Integrity")];
        let anchors: Vec<PageAnchor> = anchors.into_iter().map(|(id, name)| PageAnchor::new(id, name)).collect();
        html::write_page_start(&format!("{}: {}", title.to_plain_text(), verdict.1), &anchors, self.writer)?;
        let (class, verdict) = (verdict.0.css_class(), escape_text(&verdict.1));
        writeln!(
            self.writer,
            "<h1>{}</h1>\n<p class=\"lead\"><span class=\"badge {class}\">{verdict}</span></p>",
            render_phrase(title)
        )
    }

    fn write_summary_table(&mut self, rows: &[(&str, Phrase)]) -> io::Result<()> {
        writeln!(self.writer, "<dl class=\"facts\">")?;
        for (name, value) in rows {
            writeln!(self.writer, "<dt>{}</dt><dd>{}</dd>", escape_text(name), render_phrase(value))?;
        }
        writeln!(self.writer, "</dl>")
    }

    fn write_picture(&mut self, picture: &TimelinePicture) -> io::Result<()> {
        self.writer.write_all(html::render_picture(picture).as_bytes())
    }

    fn write_heading(&mut self, title: &str) -> io::Result<()> {
        self.close_step()?;
        writeln!(self.writer, "<h2 id=\"{}\">{}</h2>", escape_text(&title.to_lowercase()), escape_text(title))
    }

    fn write_table(&mut self, columns: &[&str], rows: &mut dyn Iterator<Item = Vec<Phrase>>) -> io::Result<()> {
        writeln!(self.writer, "<div class=\"wide\"><table>\n<thead><tr>")?;
        for column in columns {
            writeln!(self.writer, "<th scope=\"col\">{}</th>", escape_text(column))?;
        }
        writeln!(self.writer, "</tr></thead>\n<tbody>")?;
        for row in rows {
            let cells: Vec<String> = row.iter().map(|cell| format!("<td>{}</td>", render_phrase(cell))).collect();
            writeln!(self.writer, "<tr>{}</tr>", cells.concat())?;
        }
        writeln!(self.writer, "</tbody>\n</table></div>")
    }

    fn write_timeline_start(&mut self) -> io::Result<()> {
        writeln!(self.writer, "<h2 id=\"timeline\">Timeline</h2>\n<p class=\"about\">Times are UTC.</p>")?;
        writeln!(self.writer, "<table class=\"timeline\">\n<thead><tr>")?;
        for (column, class) in
            [("Time", ""), ("Elapsed", "right"), ("Who", ""), ("Event", ""), ("Result", ""), ("Took", "right")]
        {
            writeln!(self.writer, "<th scope=\"col\" class=\"{class}\">{column}</th>")?;
        }
        writeln!(self.writer, "</tr></thead>\n<tbody>")
    }

    fn write_timeline_day(&mut self, day: &str) -> io::Result<()> {
        writeln!(self.writer, "<tr class=\"day\"><th colspan=\"6\" scope=\"rowgroup\">{day}</th></tr>")
    }

    fn write_timeline_row(&mut self, row: &PageRow) -> io::Result<()> {
        let PageRow { time, elapsed, who, event, result, took, is_step } = row;
        let class = if *is_step { " class=\"step\"" } else { "" };
        writeln!(
            self.writer,
            "<tr{class}><td class=\"time\">{time}</td><td class=\"elapsed\">{elapsed}</td><td class=\"who\">{}</td>\
             <td class=\"event\">{}</td><td class=\"result\">{}</td><td class=\"took\">{took}</td></tr>",
            escape_text(who.trim()),
            render_phrase(event),
            render_phrase(result)
        )
    }

    fn write_timeline_end(&mut self) -> io::Result<()> {
        writeln!(self.writer, "</tbody>\n</table>")
    }

    fn write_step_title(&mut self, id: Option<&str>, title: &Phrase) -> io::Result<()> {
        self.close_step()?;
        self.in_step = true;
        self.step_count += 1;
        let id = id.map_or_else(|| format!("part-{}", self.step_count), str::to_owned);
        writeln!(self.writer, "<section class=\"step\" id=\"{id}\" aria-labelledby=\"{id}-title\">")?;
        writeln!(self.writer, "<h3 id=\"{id}-title\">{}</h3>", render_phrase(title))
    }

    fn write_step_details(&mut self, about: &Phrase) -> io::Result<()> {
        writeln!(self.writer, "<p class=\"about\">{}</p>", render_phrase(about))
    }

    fn write_prose(&mut self, lines: &[&str], ranges: &[(u32, u32)]) -> io::Result<()> {
        let at = |line: u32| usize::try_from(line).unwrap_or(usize::MAX);
        for &(first, last) in ranges {
            let shown = lines.get(at(first).saturating_sub(1)..at(last).min(lines.len())).unwrap_or_default();
            let shown = html::markdown_to_html(&shown.join("\n"), Trust::Quoted);
            if !shown.is_empty() {
                writeln!(self.writer, "<blockquote>\n{shown}</blockquote>")?;
            }
        }
        Ok(())
    }

    fn write_command(&mut self, about: &Phrase, command: &str, tone: Tone) -> io::Result<()> {
        self.write_command_end()?;
        self.in_command = true;
        writeln!(self.writer, "<div class=\"command {}\">\n<p>{}</p>", tone.css_class(), render_phrase(about))?;
        self.write_preformatted("typed", &about.to_plain_text(), &format!("<code>{}</code>", escape_lines(command)))
    }

    fn write_changes(&mut self, label: &str, changes: &[ChangedLine]) -> io::Result<()> {
        writeln!(self.writer, "<details open><summary>{}</summary>", escape_text(label))?;
        let lines: Vec<String> = changes
            .iter()
            .map(|(sign, line)| {
                let class = match sign {
                    '+' => "plus",
                    '-' => "minus",
                    _ => "same",
                };
                format!("<span class=\"{class}\">{sign}{}</span>", escape_text(line))
            })
            .collect();
        self.write_preformatted("changes", label, &lines.concat())?;
        writeln!(self.writer, "</details>")
    }

    fn write_command_result(&mut self, result: &Phrase) -> io::Result<()> {
        writeln!(self.writer, "<p class=\"result\">→ {}</p>", render_phrase(result))
    }

    fn write_output(&mut self, output: &ShownOutput<'_>) -> io::Result<()> {
        let (file, kept) = (escape_text(&output.file_path), escape_text(&output.kept_size));
        if let Some(mismatch) = &output.mismatch {
            let mark = escape_text(&format_mismatch(mismatch));
            writeln!(self.writer, "<p class=\"gap mismatch\"><strong>⚠ {mark}.</strong></p>")?;
        }
        match output.excerpt {
            Excerpt::Empty => {}
            Excerpt::Complete(lines) => self.write_output_lines("output", "Output", lines)?,
            Excerpt::HeadAndTail { head, left_out, tail } => {
                self.write_output_lines("output", "Beginning of output", head)?;
                let left_out = words::describe_left_out(*left_out);
                writeln!(
                    self.writer,
                    "<p class=\"gap\">… {left_out}; all {kept} are in <a href=\"{file}\"><code>{file}</code></a></p>"
                )?;
                if !tail.is_empty() {
                    self.write_output_lines("output", "End of output", tail)?;
                }
            }
            Excerpt::Truncated(lines) => {
                self.write_output_lines("output", "Output", lines)?;
                writeln!(
                    self.writer,
                    "<p class=\"gap\"><code>{file}</code> ends here, or sooner than it should: {kept} were recorded.</p>"
                )?;
            }
            Excerpt::FullScreen(lines) => {
                writeln!(
                    self.writer,
                    "<p class=\"gap\">A full-screen program; {kept}, kept in <a href=\"{file}\"><code>{file}</code></a>. \
                     Its last screen:</p>"
                )?;
                self.write_output_lines("output screen", "Last screen", lines)?;
            }
            Excerpt::Unreadable if output.is_redacted => {
                writeln!(
                    self.writer,
                    "<p class=\"gap\">The output ({kept}) was dropped from the record. [redacted]</p>"
                )?;
            }
            Excerpt::Unreadable => {
                writeln!(
                    self.writer,
                    "<p class=\"gap\">The output ({kept}) cannot be read from <code>{file}</code>.</p>"
                )?;
            }
        }
        output.lost_size.as_ref().map_or(Ok(()), |lost| {
            writeln!(self.writer, "<p class=\"gap\">{} more came back and were not kept.</p>", escape_text(lost))
        })
    }

    fn write_expected_output(&mut self, expected: &str, output: &ShownOutput<'_>) -> io::Result<()> {
        self.block_count += 1;
        writeln!(self.writer, "<div class=\"beside\">\n<div><p>The document expects</p>")?;
        self.write_preformatted("output", &format!("Expected output {}", self.block_count), &escape_lines(expected))?;
        writeln!(self.writer, "</div>\n<div><p>What came back</p>")?;
        self.write_output(output)?;
        writeln!(self.writer, "</div>\n</div>")
    }

    fn write_command_end(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.in_command) { writeln!(self.writer, "</div>") } else { Ok(()) }
    }

    fn write_series(&mut self, series: &CommandSeries) -> io::Result<()> {
        self.write_command_end()?;
        let label = escape_text(&series.short_label());
        writeln!(self.writer, "<p><strong>{label}</strong></p>")?;
        if let Some(levels) = series.scaled_values(100) {
            let step = 1000 / (levels.len() as u64 - 1).max(1);
            let points: Vec<String> =
                levels.iter().enumerate().map(|(i, level)| format!("{},{}", i as u64 * step, 102 - level)).collect();
            let (low, high) = series.value_range();
            writeln!(
                self.writer,
                "<svg class=\"sparkline\" role=\"img\" aria-label=\"The values, from {0} to {1}\" \
                 viewBox=\"0 0 1000 104\" preserveAspectRatio=\"none\"><polyline points=\"{2}\"/></svg>\n\
                 <p class=\"gap\">from {0} (lowest) to {1} (highest)</p>",
                escape_text(&low),
                escape_text(&high),
                points.join(" ")
            )?;
        }
        writeln!(self.writer, "<details><summary>Each time</summary><div class=\"wide\"><table>\n<thead><tr>")?;
        writeln!(self.writer, "<th scope=\"col\">Time</th><th scope=\"col\">Result</th><th scope=\"col\">Took</th>")?;
        writeln!(self.writer, "<th scope=\"col\">Last line</th></tr></thead>\n<tbody>")?;
        for row in series.table_rows() {
            let Some(time) = row else {
                writeln!(self.writer, "<tr><td colspan=\"4\">…</td></tr>")?;
                continue;
            };
            let last_line_shown = if time.last_line.is_empty() {
                String::new()
            } else {
                format!("<code>{}</code>", escape_text(&time.last_line))
            };
            let (class, result, took) =
                (time.tone.css_class(), escape_text(&time.result), words::format_duration(time.took));
            let at = &time.shown_at;
            writeln!(
                self.writer,
                "<tr><td>{at}</td><td class=\"{class}\">{result}</td><td>{took}</td><td>{last_line_shown}</td></tr>"
            )?;
        }
        writeln!(self.writer, "</tbody>\n</table></div></details>")
    }

    fn write_paragraph(&mut self, words: &Phrase) -> io::Result<()> {
        writeln!(self.writer, "<p>{}</p>", render_phrase(words))
    }

    fn write_note(&mut self, label: &Phrase, words: &str) -> io::Result<()> {
        let words = words.trim();
        writeln!(self.writer, "<div class=\"note\"><p>{}</p>", render_phrase(label))?;
        if words.contains('\n') {
            self.write_preformatted("said", &label.to_plain_text(), &escape_lines(words))?;
        } else if !words.is_empty() {
            writeln!(self.writer, "<p>{}</p>", escape_text(words))?;
        }
        writeln!(self.writer, "</div>")
    }

    fn write_text_block(&mut self, _: &str, words: &str) -> io::Result<()> {
        self.block_count += 1;
        let label = format!("Text {}", self.block_count);
        self.write_preformatted("block", &label, &escape_lines(words))
    }

    fn write_list(&mut self, items: &mut dyn Iterator<Item = &Phrase>) -> io::Result<()> {
        writeln!(self.writer, "<ul class=\"deviations\">")?;
        for item in items {
            writeln!(self.writer, "<li>{}</li>", render_phrase(item))?;
        }
        writeln!(self.writer, "</ul>")
    }

    fn write_last_paragraph(&mut self, words: &Phrase) -> io::Result<()> {
        self.write_paragraph(words)
    }

    fn write_page_end(&mut self) -> io::Result<()> {
        self.close_step()?;
        html::write_page_end(self.writer)
    }
}

impl TextStyle {
    /// CSS classes for this look, separated by spaces.
    fn css_classes(self) -> String {
        let mut classes = Vec::new();
        if let Some(colour) = self.foreground {
            classes.push(format!("f{colour}"));
        }
        if let Some(colour) = self.background {
            classes.push(format!("b{colour}"));
        }
        let marks = [
            (self.inverse, "inverse"),
            (self.bold, "bold"),
            (self.dim, "dim"),
            (self.italic, "italic"),
            (self.underline, "underline"),
            (self.strikethrough, "struck"),
        ];
        classes.extend(marks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, name)| name.to_owned()));
        classes.join(" ")
    }
}
