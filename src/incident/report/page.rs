//! The post-mortem as one HTML page, with a drawing of the incident above its timeline.
//!
//! Invariant: the same Markdown and the same records give the same bytes. No page contains our marks. The page is as harmless as
//! every page of [`html`]. Refuses to know: files, and what the parts say.

use super::drawing::draw_incident;
use super::merge::is_mark_line;
use super::records::IncidentRecords;
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
pub fn write_post_mortem_page(
    markdown: &str,
    records: &IncidentRecords,
    to: &mut (impl Write + ?Sized),
) -> io::Result<()> {
    let (before, rest) = markdown.split_at(find_line(markdown, TIMELINE).unwrap_or(markdown.len()));
    let (timeline, after) = rest.split_at(find_line(rest, TIMELINE_END).unwrap_or(rest.len()));
    let mut headings = Headings::default();
    let mut to_html =
        |part: &str| html::markdown_part_to_html(&strip_mark_lines(part), Trust::OwnTemplate, &mut headings);
    let (before, timeline, after) = (to_html(before), to_html(timeline), to_html(after));
    let title = headings.first_title().unwrap_or("Post-mortem").to_owned();
    html::write_page_start(&title, &headings.second_level_anchors(), to)?;
    to.write_all(before.as_bytes())?;
    if let Some((picture, clock_was_set)) = draw_incident(records) {
        to.write_all(html::render_picture(&picture).as_bytes())?;
        if clock_was_set {
            to.write_all(CLOCK_WAS_SET.as_bytes())?;
        }
    }
    if !timeline.is_empty() {
        // On narrow screens the style sheet lays out the rows of this class differently.
        write!(to, "<div class=\"events\">\n{timeline}</div>\n")?;
    }
    to.write_all(after.as_bytes())?;
    html::write_page_end(to)
}

/// Offset of the first line that begins with `start`.
fn find_line(text: &str, start: &str) -> Option<usize> {
    let is_line = |at: &usize| *at == 0 || text.get(..*at).is_some_and(|before| before.ends_with('\n'));
    text.match_indices(start).map(|(at, _)| at).find(is_line)
}

/// Removes the lines that are our marks.
fn strip_mark_lines(markdown: &str) -> String {
    let lines = markdown.split_inclusive('\n').filter(|line| !is_mark_line(line));
    lines.collect()
}
