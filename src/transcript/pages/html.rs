//! The transcript as one HTML page, with a drawing of the run.
//!
//! Invariant: elements are closed in order for any events: a step closes the command before it, a heading the step.

use crate::transcript::escape::visible_lines;
use crate::transcript::excerpt::{Excerpt, Line, Look};
use crate::transcript::html;
use crate::transcript::html::{Picture, Place, Tone, Trust, text};
use crate::transcript::page::{Change, Output, Page, Row};
use crate::transcript::phrase::{Phrase, Piece};
use crate::transcript::series::Series;
use crate::transcript::words;
use std::fmt::Write as _;
use std::io;
use std::io::Write;

/// An HTML page being written, with its open elements.
pub(crate) struct Html<'a, W> {
    to: &'a mut W,
    /// True while a step's section is open; likewise `command`.
    step: bool,
    command: bool,
    steps: u64,
    outputs: u64,
}

fn set(phrase: &Phrase) -> String {
    let mut out = String::new();
    for piece in &phrase.0 {
        match piece {
            Piece::Text(words) => out.push_str(&text(words)),
            Piece::Code(code) if code.is_empty() => out.push_str("<em>empty</em>"),
            Piece::Code(code) => write!(out, "<code>{}</code>", text(code)).unwrap_or_default(),
            Piece::Strong(phrase) => write!(out, "<strong>{}</strong>", set(phrase)).unwrap_or_default(),
            Piece::Soft(phrase) => write!(out, "<em>{}</em>", set(phrase)).unwrap_or_default(),
            Piece::Link(to, phrase) => write!(out, "<a href=\"{}\">{}</a>", text(to), set(phrase)).unwrap_or_default(),
            Piece::Time(time) => write!(out, "<time>{}</time>", text(time)).unwrap_or_default(),
        }
    }
    out
}

/// Renders lines of output with their colours.
fn coloured(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        for run in &line.0 {
            let (classes, shown) = (run.look.classes(), text(&run.text));
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

fn plain_lines(text: &str) -> String {
    html::text(&visible_lines(text).join("\n"))
}

impl<'a, W: Write> Html<'a, W> {
    /// Writes a page to `to`.
    pub(crate) fn new(to: &'a mut W) -> Self {
        Self { to, step: false, command: false, steps: 0, outputs: 0 }
    }

    fn close(&mut self) -> io::Result<()> {
        self.end_command()?;
        if std::mem::take(&mut self.step) { writeln!(self.to, "</section>") } else { Ok(()) }
    }

    /// Writes preformatted text that can be scrolled with the keyboard.
    fn pre(&mut self, class: &str, label: &str, inner: &str) -> io::Result<()> {
        writeln!(
            self.to,
            "<pre class=\"{class}\" tabindex=\"0\" role=\"group\" aria-label=\"{}\">{inner}</pre>",
            text(label)
        )
    }

    fn lines(&mut self, class: &str, label: &str, lines: &[Line]) -> io::Result<()> {
        self.outputs += 1;
        let label = format!("{label} {}", self.outputs);
        self.pre(class, &label, &coloured(lines))
    }
}

impl<W: Write> Page for Html<'_, W> {
    fn begin(&mut self, title: &Phrase, verdict: &(Tone, String)) -> io::Result<()> {
        let places =
            [("timeline", "Timeline"), ("steps", "Steps"), ("deviations", "Deviations"), ("integrity", "Integrity")];
        let places: Vec<Place> = places.into_iter().map(|(id, name)| Place::new(id, name)).collect();
        html::begin(&format!("{}: {}", title.plain(), verdict.1), &places, self.to)?;
        let (class, verdict) = (verdict.0.class(), text(&verdict.1));
        writeln!(
            self.to,
            "<h1>{}</h1>\n<p class=\"lead\"><span class=\"badge {class}\">{verdict}</span></p>",
            set(title)
        )
    }

    fn facts(&mut self, rows: &[(&str, Phrase)]) -> io::Result<()> {
        writeln!(self.to, "<dl class=\"facts\">")?;
        for (name, value) in rows {
            writeln!(self.to, "<dt>{}</dt><dd>{}</dd>", text(name), set(value))?;
        }
        writeln!(self.to, "</dl>")
    }

    fn picture(&mut self, picture: &Picture) -> io::Result<()> {
        self.to.write_all(html::picture(picture).as_bytes())
    }

    fn part(&mut self, title: &str) -> io::Result<()> {
        self.close()?;
        writeln!(self.to, "<h2 id=\"{}\">{}</h2>", text(&title.to_lowercase()), text(title))
    }

    fn table(&mut self, columns: &[&str], rows: &mut dyn Iterator<Item = Vec<Phrase>>) -> io::Result<()> {
        writeln!(self.to, "<div class=\"wide\"><table>\n<thead><tr>")?;
        for column in columns {
            writeln!(self.to, "<th scope=\"col\">{}</th>", text(column))?;
        }
        writeln!(self.to, "</tr></thead>\n<tbody>")?;
        for row in rows {
            let cells: Vec<String> = row.iter().map(|cell| format!("<td>{}</td>", set(cell))).collect();
            writeln!(self.to, "<tr>{}</tr>", cells.concat())?;
        }
        writeln!(self.to, "</tbody>\n</table></div>")
    }

    fn timeline(&mut self) -> io::Result<()> {
        writeln!(self.to, "<h2 id=\"timeline\">Timeline</h2>\n<p class=\"about\">Times are UTC.</p>")?;
        writeln!(self.to, "<table class=\"timeline\">\n<thead><tr>")?;
        for (column, class) in
            [("Time", ""), ("Elapsed", "right"), ("Who", ""), ("Event", ""), ("Result", ""), ("Took", "right")]
        {
            writeln!(self.to, "<th scope=\"col\" class=\"{class}\">{column}</th>")?;
        }
        writeln!(self.to, "</tr></thead>\n<tbody>")
    }

    fn day(&mut self, day: &str) -> io::Result<()> {
        writeln!(self.to, "<tr class=\"day\"><th colspan=\"6\" scope=\"rowgroup\">{day}</th></tr>")
    }

    fn row(&mut self, row: &Row) -> io::Result<()> {
        let Row { time, elapsed, who, event, result, took, is_step } = row;
        let class = if *is_step { " class=\"step\"" } else { "" };
        writeln!(
            self.to,
            "<tr{class}><td class=\"time\">{time}</td><td class=\"elapsed\">{elapsed}</td><td class=\"who\">{}</td>\
             <td class=\"event\">{}</td><td class=\"result\">{}</td><td class=\"took\">{took}</td></tr>",
            text(who.trim()),
            set(event),
            set(result)
        )
    }

    fn end_timeline(&mut self) -> io::Result<()> {
        writeln!(self.to, "</tbody>\n</table>")
    }

    fn step(&mut self, id: Option<&str>, title: &Phrase) -> io::Result<()> {
        self.close()?;
        self.step = true;
        self.steps += 1;
        let id = id.map_or_else(|| format!("part-{}", self.steps), str::to_owned);
        writeln!(self.to, "<section class=\"step\" id=\"{id}\" aria-labelledby=\"{id}-title\">")?;
        writeln!(self.to, "<h3 id=\"{id}-title\">{}</h3>", set(title))
    }

    fn about(&mut self, about: &Phrase) -> io::Result<()> {
        writeln!(self.to, "<p class=\"about\">{}</p>", set(about))
    }

    fn prose(&mut self, lines: &[&str], ranges: &[(u32, u32)]) -> io::Result<()> {
        let at = |line: u32| usize::try_from(line).unwrap_or(usize::MAX);
        for &(first, last) in ranges {
            let shown = lines.get(at(first).saturating_sub(1)..at(last).min(lines.len())).unwrap_or_default();
            let shown = html::markdown(&shown.join("\n"), Trust::Quoted);
            if !shown.is_empty() {
                writeln!(self.to, "<blockquote>\n{shown}</blockquote>")?;
            }
        }
        Ok(())
    }

    fn command(&mut self, about: &Phrase, command: &str, tone: Tone) -> io::Result<()> {
        self.end_command()?;
        self.command = true;
        writeln!(self.to, "<div class=\"command {}\">\n<p>{}</p>", tone.class(), set(about))?;
        self.pre("typed", &about.plain(), &format!("<code>{}</code>", plain_lines(command)))
    }

    fn changes(&mut self, label: &str, changes: &[Change]) -> io::Result<()> {
        writeln!(self.to, "<details open><summary>{}</summary>", text(label))?;
        let lines: Vec<String> = changes
            .iter()
            .map(|(sign, line)| {
                let class = match sign {
                    '+' => "plus",
                    '-' => "minus",
                    _ => "same",
                };
                format!("<span class=\"{class}\">{sign}{}</span>", text(line))
            })
            .collect();
        self.pre("changes", label, &lines.concat())?;
        writeln!(self.to, "</details>")
    }

    fn result(&mut self, result: &Phrase) -> io::Result<()> {
        writeln!(self.to, "<p class=\"result\">→ {}</p>", set(result))
    }

    fn output(&mut self, output: &Output<'_>) -> io::Result<()> {
        let (file, kept) = (text(&output.file), text(&output.kept));
        match output.shown {
            Excerpt::Nothing => {}
            Excerpt::Whole(lines) => self.lines("output", "Output", lines)?,
            Excerpt::Parts { head, left_out, tail } => {
                self.lines("output", "Beginning of output", head)?;
                let left_out = words::left_out(*left_out);
                writeln!(
                    self.to,
                    "<p class=\"gap\">… {left_out}; all {kept} are in <a href=\"{file}\"><code>{file}</code></a></p>"
                )?;
                if !tail.is_empty() {
                    self.lines("output", "End of output", tail)?;
                }
            }
            Excerpt::Short(lines) => {
                self.lines("output", "Output", lines)?;
                writeln!(
                    self.to,
                    "<p class=\"gap\"><code>{file}</code> ends here, or sooner than it should: {kept} were recorded.</p>"
                )?;
            }
            Excerpt::FullScreen(lines) => {
                writeln!(
                    self.to,
                    "<p class=\"gap\">A full-screen program; {kept}, kept in <a href=\"{file}\"><code>{file}</code></a>. \
                     Its last screen:</p>"
                )?;
                self.lines("output screen", "Last screen", lines)?;
            }
            Excerpt::Missing if output.redacted => {
                writeln!(self.to, "<p class=\"gap\">The output ({kept}) was dropped from the record. [redacted]</p>")?;
            }
            Excerpt::Missing => {
                writeln!(self.to, "<p class=\"gap\">The output ({kept}) cannot be read from <code>{file}</code>.</p>")?;
            }
        }
        output.lost.as_ref().map_or(Ok(()), |lost| {
            writeln!(self.to, "<p class=\"gap\">{} more came back and were not kept.</p>", text(lost))
        })
    }

    fn expected(&mut self, expected: &str, output: &Output<'_>) -> io::Result<()> {
        self.outputs += 1;
        writeln!(self.to, "<div class=\"beside\">\n<div><p>The document expects</p>")?;
        self.pre("output", &format!("Expected output {}", self.outputs), &plain_lines(expected))?;
        writeln!(self.to, "</div>\n<div><p>What came back</p>")?;
        self.output(output)?;
        writeln!(self.to, "</div>\n</div>")
    }

    fn end_command(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.command) { writeln!(self.to, "</div>") } else { Ok(()) }
    }

    fn series(&mut self, series: &Series) -> io::Result<()> {
        self.end_command()?;
        let label = text(&series.label());
        writeln!(self.to, "<p><strong>{label}</strong></p>")?;
        if let Some(levels) = series.levels(100) {
            let step = 1000 / (levels.len() as u64 - 1).max(1);
            let points: Vec<String> =
                levels.iter().enumerate().map(|(i, level)| format!("{},{}", i as u64 * step, 102 - level)).collect();
            let (low, high) = series.range();
            writeln!(
                self.to,
                "<svg class=\"sparkline\" role=\"img\" aria-label=\"The values, from {0} to {1}\" \
                 viewBox=\"0 0 1000 104\" preserveAspectRatio=\"none\"><polyline points=\"{2}\"/></svg>\n\
                 <p class=\"gap\">from {0} (lowest) to {1} (highest)</p>",
                text(&low),
                text(&high),
                points.join(" ")
            )?;
        }
        writeln!(self.to, "<details><summary>Each time</summary><div class=\"wide\"><table>\n<thead><tr>")?;
        writeln!(self.to, "<th scope=\"col\">Time</th><th scope=\"col\">Result</th><th scope=\"col\">Took</th>")?;
        writeln!(self.to, "<th scope=\"col\">Last line</th></tr></thead>\n<tbody>")?;
        for row in series.rows() {
            let Some(time) = row else {
                writeln!(self.to, "<tr><td colspan=\"4\">…</td></tr>")?;
                continue;
            };
            let said = if time.said.is_empty() { String::new() } else { format!("<code>{}</code>", text(&time.said)) };
            let (class, result, took) = (time.tone.class(), text(&time.result), words::took(time.took));
            let at = &time.at;
            writeln!(
                self.to,
                "<tr><td>{at}</td><td class=\"{class}\">{result}</td><td>{took}</td><td>{said}</td></tr>"
            )?;
        }
        writeln!(self.to, "</tbody>\n</table></div></details>")
    }

    fn paragraph(&mut self, words: &Phrase) -> io::Result<()> {
        writeln!(self.to, "<p>{}</p>", set(words))
    }

    fn note(&mut self, label: &Phrase, words: &str) -> io::Result<()> {
        let words = words.trim();
        writeln!(self.to, "<div class=\"note\"><p>{}</p>", set(label))?;
        if words.contains('\n') {
            self.pre("said", &label.plain(), &plain_lines(words))?;
        } else if !words.is_empty() {
            writeln!(self.to, "<p>{}</p>", text(words))?;
        }
        writeln!(self.to, "</div>")
    }

    fn block(&mut self, _: &str, words: &str) -> io::Result<()> {
        self.outputs += 1;
        let label = format!("Text {}", self.outputs);
        self.pre("block", &label, &plain_lines(words))
    }

    fn list(&mut self, items: &mut dyn Iterator<Item = &Phrase>) -> io::Result<()> {
        writeln!(self.to, "<ul class=\"deviations\">")?;
        for item in items {
            writeln!(self.to, "<li>{}</li>", set(item))?;
        }
        writeln!(self.to, "</ul>")
    }

    fn last(&mut self, words: &Phrase) -> io::Result<()> {
        self.paragraph(words)
    }

    fn end(&mut self) -> io::Result<()> {
        self.close()?;
        html::end(self.to)
    }
}

impl Look {
    /// CSS classes for this look, separated by spaces.
    fn classes(self) -> String {
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
            (self.struck, "struck"),
        ];
        classes.extend(marks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, name)| name.to_owned()));
        classes.join(" ")
    }
}
