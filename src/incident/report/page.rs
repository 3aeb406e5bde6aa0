//! The post-mortem as one page: what people wrote and the facts, with the incident drawn above its timeline.
//!
//! Invariant: the same Markdown and the same records give the same bytes; our marks are in no page; the page is as harmless as every
//! page of [`html`]. Refuses to know: files, and what the parts say.

use super::drawing::picture;
use super::merge::is_mark;
use super::records::Records;
use crate::transcript::html;
use crate::transcript::html::{Headings, Trust};
use std::io;
use std::io::Write;

/// Where the timeline's facts begin: the drawing goes before them.
const TIMELINE: &str = "<!-- runbook:facts timeline ";

/// Writes a post-mortem, ours or one that people wrote in, as HTML.
pub fn post_mortem_page(markdown: &str, records: &Records, to: &mut (impl Write + ?Sized)) -> io::Result<()> {
    let at = markdown
        .match_indices(TIMELINE)
        .map(|(at, _)| at)
        .find(|&at| at == 0 || markdown.get(..at).is_some_and(|before| before.ends_with('\n')));
    let (before, after) = markdown.split_at(at.unwrap_or(markdown.len()));
    let mut headings = Headings::default();
    let before = html::markdown_with(&plain(before), Trust::Ours, &mut headings);
    let after = html::markdown_with(&plain(after), Trust::Ours, &mut headings);
    let title = headings.title().unwrap_or("Post-mortem").to_owned();
    html::begin(&title, &headings.parts(), to)?;
    to.write_all(before.as_bytes())?;
    if let Some(picture) = picture(records) {
        to.write_all(html::picture(&picture).as_bytes())?;
    }
    to.write_all(after.as_bytes())?;
    html::end(to)
}

/// The text without our marks.
fn plain(markdown: &str) -> String {
    let lines = markdown.split_inclusive('\n').filter(|line| !is_mark(line));
    lines.collect()
}
