//! The post-mortem as one HTML page, with a drawing of the incident above its timeline.
//!
//! Invariant: the same Markdown and the same records give the same bytes. No page contains our marks. The page is as harmless as
//! every page of [`html`]. Refuses to know: files, and what the parts say.

use super::drawing::picture;
use super::merge::is_mark;
use super::records::Records;
use crate::transcript::html;
use crate::transcript::html::{Headings, Trust};
use std::io;
use std::io::Write;

/// Marks around the timeline; the drawing goes before the first.
const TIMELINE: &str = "<!-- runbook:facts timeline ";
const TIMELINE_END: &str = "<!-- /runbook:facts timeline -->";

const CLOCK_WAS_SET: &str = "<p class=\"about\">The wall clock was set meanwhile. The drawing goes by clocks that nobody can set, so its \
times are those of the wall clock as it was at the first event; the table has the times as they were shown.</p>\n";

/// Writes a post-mortem as HTML, as rendered or with what people wrote in it. Fails if `to` does.
pub fn post_mortem_page(markdown: &str, records: &Records, to: &mut (impl Write + ?Sized)) -> io::Result<()> {
    let (before, rest) = markdown.split_at(line_at(markdown, TIMELINE).unwrap_or(markdown.len()));
    let (timeline, after) = rest.split_at(line_at(rest, TIMELINE_END).unwrap_or(rest.len()));
    let mut headings = Headings::default();
    let mut to_html = |part: &str| html::markdown_with(&plain(part), Trust::Ours, &mut headings);
    let (before, timeline, after) = (to_html(before), to_html(timeline), to_html(after));
    let title = headings.title().unwrap_or("Post-mortem").to_owned();
    html::begin(&title, &headings.parts(), to)?;
    to.write_all(before.as_bytes())?;
    if let Some((picture, clock_was_set)) = picture(records) {
        to.write_all(html::picture(&picture).as_bytes())?;
        if clock_was_set {
            to.write_all(CLOCK_WAS_SET.as_bytes())?;
        }
    }
    if !timeline.is_empty() {
        // On narrow screens the style sheet lays out the rows of this class differently.
        write!(to, "<div class=\"events\">\n{timeline}</div>\n")?;
    }
    to.write_all(after.as_bytes())?;
    html::end(to)
}

/// Offset of the first line that begins with `start`.
fn line_at(text: &str, start: &str) -> Option<usize> {
    let is_line = |at: &usize| *at == 0 || text.get(..*at).is_some_and(|before| before.ends_with('\n'));
    text.match_indices(start).map(|(at, _)| at).find(is_line)
}

/// Removes the lines that are our marks.
fn plain(markdown: &str) -> String {
    let lines = markdown.split_inclusive('\n').filter(|line| !is_mark(line));
    lines.collect()
}
