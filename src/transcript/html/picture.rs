//! A timeline as an SVG drawing: lanes stacked over a common time axis.
//!
//! Invariant: outcomes are shown by shape and text, not by colour alone. Positions are shares of the width and letters keep
//! their size, so one drawing suits a phone, a desktop and paper. Its size is bounded for any number of marks. Refuses to
//! know: what the lanes are.

use super::axis::{AXIS_WIDTH, TimeAxis};
use super::escape::escape_text;
use super::tone::Tone;
use crate::transcript::words;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

/// In a lane with more marks than this, those close to each other are joined.
const SEPARATE_MARKS: usize = 200;
/// Width within which marks are joined, in hundredths of a percent.
const JOINED_WIDTH: u64 = 50;
/// Marks are numbered and listed below the drawing if a lane has at most this many.
const KEY_MARKS: usize = 40;
/// A bar narrower than this has no number in it.
const NUMBER_WIDTH: u64 = 450;

/// Widths of the labels `22:51:03` and `22:51` on a phone, and distances from an edge at which the labels of ticks and cuts
/// are aligned to it, in hundredths of a percent.
const SECONDS_WIDTH: u64 = 1700;
const MINUTES_WIDTH: u64 = 1100;
const TICK_EDGE: u64 = 300;
const CUT_EDGE: u64 = 1200;

const NAME_BASELINE: u64 = 13;
const BAR_TOP: u64 = 20;
const BAR_HEIGHT: u64 = 18;
const LANE_HEIGHT: u64 = 50;
/// Numbered marks closer than this are stacked, or one would hide the other on a phone; in hundredths of a percent.
const LEAST_MARK_DISTANCE: u64 = 550;
const LEVEL_HEIGHT: u64 = 18;
const MOST_LEVELS: usize = 6;
const AXIS_HEIGHT: u64 = 40;

/// A moment or a period in a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Start, relative to the beginning of the picture.
    pub from: Duration,
    /// End, relative to the beginning of the picture; none for a moment.
    pub to: Option<Duration>,
    /// Tone of the result.
    pub tone: Tone,
    /// Description as unescaped text.
    pub label: String,
    /// Number or letter shown in the bar; empty for none.
    pub number: String,
}

/// A row of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Name shown above the lane.
    pub name: String,
    /// Marks in the order of their starts.
    pub marks: Vec<Mark>,
    /// True if the marks are numbered in the drawing and listed below it.
    pub has_key: bool,
}

/// A timeline to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelinePicture {
    /// Prefix of all ids in the drawing; unique for each picture on a page.
    pub id: String,
    /// Short accessible name.
    pub title: String,
    /// Accessible description for readers who cannot see the drawing.
    pub description: String,
    /// Point in time at the left end of the axis.
    pub begins_at: Timestamp,
    /// The lanes, from the top.
    pub lanes: Vec<Lane>,
}

/// Renders a `figure` with the drawing, its legend and the lists of numbered marks.
pub fn render_picture(picture: &TimelinePicture) -> String {
    let spans = picture.lanes.iter().flat_map(|lane| &lane.marks);
    // A numbered bar only frames other events, so the axis counts just its two ends as events.
    let is_frame = |mark: &&Mark| !mark.number.is_empty();
    let ends = |mark: &Mark| (mark.from, mark.to.unwrap_or(mark.from).max(mark.from));
    let framed =
        spans.clone().filter(is_frame).flat_map(|mark| [(ends(mark).0, ends(mark).0), (ends(mark).1, ends(mark).1)]);
    let axis = TimeAxis::spanning(spans.clone().filter(|mark| !is_frame(mark)).map(ends).chain(framed).collect());
    let id = escape_text(&picture.id);
    let rows: Vec<LaneLayout> = picture.lanes.iter().map(|lane| LaneLayout::lay_out_lane(lane, &axis)).collect();
    let height = rows.iter().map(LaneLayout::pixel_height).sum::<u64>() + AXIS_HEIGHT;
    let mut out = format!(
        "<figure class=\"picture\">\n<svg role=\"img\" aria-labelledby=\"{id}-title {id}-what\" width=\"100%\" \
         height=\"{height}\">\n<title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-what\">{}</desc>\n",
        escape_text(&picture.title),
        escape_text(&picture.description)
    );
    write_definitions(&mut out, &id);
    write_time_axis(&mut out, picture, &axis, height - AXIS_HEIGHT);
    let mut tones = BTreeSet::new();
    let mut keys = String::new();
    let mut top = 0;
    for (lane, row) in picture.lanes.iter().zip(&rows) {
        let _ = writeln!(
            out,
            "<text class=\"lane\" x=\"0\" y=\"{}\">{}</text>",
            top + NAME_BASELINE,
            escape_text(&lane.name)
        );
        let base = top + row.pixel_height() - LANE_HEIGHT + BAR_TOP + BAR_HEIGHT;
        let _ = writeln!(out, "<line class=\"rail\" x1=\"0\" x2=\"100%\" y1=\"{base}\" y2=\"{base}\"/>");
        for (n, (group, level)) in row.groups.iter().enumerate() {
            tones.insert(group.tone);
            let number = if row.is_numbered { (n + 1).to_string() } else { group.number.clone() };
            write_mark(&mut out, &id, group, &number, row.is_numbered, top + BAR_TOP + level * LEVEL_HEIGHT);
        }
        if row.is_numbered && !lane.marks.is_empty() {
            write_lane_key(&mut keys, picture, lane);
        }
        top += row.pixel_height();
    }
    out.push_str("</svg>\n<figcaption>\n");
    write_legend(&mut out, &id, &tones);
    out.push_str(&keys);
    out.push_str("</figcaption>\n</figure>\n");
    out
}

/// Layout of a lane.
struct LaneLayout {
    /// Groups of marks, each with its level from the top.
    groups: Vec<(MarkGroup, u64)>,
    is_numbered: bool,
}

impl LaneLayout {
    fn lay_out_lane(lane: &Lane, axis: &TimeAxis) -> Self {
        let is_numbered = lane.has_key && lane.marks.len() <= KEY_MARKS;
        // Position of the last mark on each level.
        let mut levels: Vec<u64> = Vec::new();
        let mut level = |left: u64| {
            if !is_numbered {
                return 0;
            }
            let free = levels.iter().position(|last| last + LEAST_MARK_DISTANCE <= left);
            let level = free.unwrap_or_else(|| {
                if levels.len() < MOST_LEVELS {
                    levels.push(0);
                    return levels.len() - 1;
                }
                levels.iter().enumerate().min_by_key(|(_, last)| **last).map_or(0, |(level, _)| level)
            });
            if let Some(last) = levels.get_mut(level) {
                *last = left;
            }
            level as u64
        };
        let groups = group_marks(&lane.marks, axis).into_iter().map(|group| (level(group.left), group));
        Self { groups: groups.map(|(level, group)| (group, level)).collect(), is_numbered }
    }

    fn pixel_height(&self) -> u64 {
        LANE_HEIGHT + self.groups.iter().map(|(_, level)| level * LEVEL_HEIGHT).max().unwrap_or(0)
    }
}

/// Marks drawn as one shape.
struct MarkGroup {
    left: u64,
    width: Option<u64>,
    tone: Tone,
    label: String,
    number: String,
}

fn group_marks(marks: &[Mark], axis: &TimeAxis) -> Vec<MarkGroup> {
    let is_joined = marks.len() > SEPARATE_MARKS;
    let mut groups: Vec<(MarkGroup, u64)> = Vec::new();
    for mark in marks {
        let left = axis.position_of(mark.from);
        let width = mark.to.map(|to| axis.position_of(to.max(mark.from)) - left);
        match groups.last_mut() {
            Some((group, count)) if is_joined && group.left / JOINED_WIDTH == left / JOINED_WIDTH => {
                *count += 1;
                let right = left + width.unwrap_or(0);
                group.width = group.width.or(width).map(|old| old.max(right.saturating_sub(group.left)));
                if mark.tone > group.tone {
                    group.tone = mark.tone;
                    group.label.clone_from(&mark.label);
                }
                group.number.clear();
            }
            _ => {
                let (tone, label, number) = (mark.tone, mark.label.clone(), mark.number.clone());
                groups.push((MarkGroup { left, width, tone, label, number }, 1));
            }
        }
    }
    let describe_joined = |(mut group, count): (MarkGroup, u64)| {
        if count > 1 {
            group.label = format!("{} here, among them: {}", words::group_digits(count), group.label);
        }
        group
    };
    groups.into_iter().map(describe_joined).collect()
}

/// Formats hundredths of a percent: `12.3%`.
fn format_percent(position: u64) -> String {
    let (whole, part) = (position / 100, position % 100);
    if part == 0 { format!("{whole}%") } else { format!("{whole}.{part:02}%") }
}

fn write_definitions(out: &mut String, id: &str) {
    out.push_str("<defs>\n");
    for (tone, turn) in [(Tone::Bad, 45), (Tone::Negative, 90), (Tone::Unknown, 0)] {
        let class = tone.css_class();
        let _ = writeln!(
            out,
            "<pattern id=\"{id}-fill-{class}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate({turn})\"><rect class=\"under {class}\" width=\"6\" height=\"6\"/>\
             <rect class=\"over {class}\" width=\"3\" height=\"6\"/></pattern>"
        );
    }
    for tone in [Tone::Running, Tone::Negative, Tone::Deviation, Tone::Unknown, Tone::Bad] {
        let _ = writeln!(
            out,
            "<g id=\"{id}-{0}\" class=\"shape {0}\">{1}</g>",
            tone.css_class(),
            tone.svg_shape().unwrap_or("")
        );
    }
    out.push_str("</defs>\n");
}

fn write_time_axis(out: &mut String, picture: &TimelinePicture, axis: &TimeAxis, bottom: u64) {
    let midnight = Duration::from_secs(u64::try_from(picture.begins_at.as_second().rem_euclid(86_400)).unwrap_or(0))
        + Duration::from_nanos(u64::try_from(picture.begins_at.subsec_nanosecond()).unwrap_or(0));
    for (left, width, long) in axis.cut_positions() {
        let position = left + width / 2;
        let _ = writeln!(
            out,
            "<g class=\"cut\"><title>{0} without events</title><rect x=\"{1}\" width=\"{2}\" y=\"0\" \
             height=\"{bottom}\"/><text text-anchor=\"{5}\" x=\"{3}\" y=\"{4}\">{0}</text></g>",
            words::format_duration(long),
            format_percent(left),
            format_percent(width),
            format_percent(position),
            bottom + 32,
            text_anchor(position, CUT_EDGE)
        );
    }
    let _ = writeln!(out, "<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"{bottom}\" y2=\"{bottom}\"/>");
    let mut day = words::format_date(picture.begins_at);
    let label_width = if axis.needs_seconds() { SECONDS_WIDTH } else { MINUTES_WIDTH };
    // Right end of the last label.
    let mut free = 0;
    for tick in axis.tick_times(midnight) {
        let at = picture.begins_at.saturating_add(tick).unwrap_or(picture.begins_at);
        let position = axis.position_of(tick);
        let anchor = text_anchor(position, TICK_EDGE);
        let x = format_percent(position);
        let _ = writeln!(out, "<line class=\"tick\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"{}\"/>", bottom + 4);
        let begins = match anchor {
            "start" => position,
            "end" => position.saturating_sub(label_width),
            _ => position.saturating_sub(label_width / 2),
        };
        if begins < free {
            continue;
        }
        free = begins + label_width;
        let clock = if axis.needs_seconds() {
            words::format_time(at)
        } else {
            words::format_time(at).chars().take(5).collect()
        };
        let _ = writeln!(
            out,
            "<text class=\"tick\" text-anchor=\"{anchor}\" x=\"{x}\" y=\"{}\">{clock}</text>",
            bottom + 17
        );
        let today = words::format_date(at);
        if today != day {
            let _ = writeln!(
                out,
                "<text class=\"tick\" text-anchor=\"{anchor}\" x=\"{x}\" y=\"{}\">{today}</text>",
                bottom + 32
            );
            day = today;
        }
    }
}

/// SVG `text-anchor` that keeps a text at this position inside the drawing.
fn text_anchor(position: u64, edge: u64) -> &'static str {
    if position < edge {
        "start"
    } else if position > AXIS_WIDTH - edge {
        "end"
    } else {
        "middle"
    }
}

fn write_mark(out: &mut String, id: &str, group: &MarkGroup, number: &str, has_key: bool, top: u64) {
    let class = group.tone.css_class();
    let x = format_percent(group.left);
    let _ = write!(out, "<g class=\"mark\"><title>{}</title>", escape_text(&group.label));
    if let Some(width) = group.width {
        let fill = match group.tone {
            Tone::Bad | Tone::Negative | Tone::Unknown => format!(" fill=\"url(#{id}-fill-{class})\""),
            _ => String::new(),
        };
        let _ = write!(
            out,
            "<rect class=\"bar {class}\" x=\"{x}\" y=\"{top}\" width=\"{}\" height=\"{BAR_HEIGHT}\"{fill}/>",
            format_percent(width)
        );
        if !number.is_empty() && width >= NUMBER_WIDTH {
            let middle = format_percent(group.left + width / 2);
            let _ = write!(
                out,
                "<text class=\"number\" x=\"{middle}\" y=\"{}\">{}</text>",
                top + BAR_HEIGHT - 5,
                escape_text(number)
            );
        }
        if group.tone.svg_shape().is_some() {
            let _ = write!(out, "<use href=\"#{id}-{class}\" x=\"{x}\" y=\"{}\"/>", top + BAR_HEIGHT / 2);
        }
    } else {
        let middle = top + BAR_HEIGHT / 2;
        if group.tone.svg_shape().is_some() {
            let _ = write!(out, "<use href=\"#{id}-{class}\" x=\"{x}\" y=\"{middle}\"/>");
        } else {
            let radius = if has_key { 8 } else { 4 };
            let _ = write!(out, "<circle class=\"dot {class}\" cx=\"{x}\" cy=\"{middle}\" r=\"{radius}\"/>");
            if has_key {
                let _ =
                    write!(out, "<text class=\"number\" x=\"{x}\" y=\"{}\">{}</text>", middle + 4, escape_text(number));
            }
        }
    }
    out.push_str("</g>\n");
}

fn write_legend(out: &mut String, id: &str, tones: &BTreeSet<Tone>) {
    let known: Vec<_> = tones.iter().filter_map(|tone| tone.legend_meaning().map(|meaning| (tone, meaning))).collect();
    if known.is_empty() {
        return;
    }
    out.push_str("<ul class=\"legend\">\n");
    for (tone, meaning) in known {
        let class = tone.css_class();
        let drawn = if tone.svg_shape().is_some() {
            format!("<use href=\"#{id}-{class}\" x=\"8\" y=\"8\"/>")
        } else {
            format!("<rect class=\"bar {class}\" x=\"1\" y=\"2\" width=\"14\" height=\"12\"/>")
        };
        let _ = writeln!(
            out,
            "<li><svg aria-hidden=\"true\" width=\"16\" height=\"16\">{drawn}</svg> {}</li>",
            escape_text(meaning)
        );
    }
    out.push_str("</ul>\n");
}

fn write_lane_key(out: &mut String, picture: &TimelinePicture, lane: &Lane) {
    let _ = writeln!(out, "<p class=\"key\">{}</p>\n<ol class=\"key\">", escape_text(&lane.name));
    for mark in &lane.marks {
        let at = picture.begins_at.saturating_add(mark.from).unwrap_or(picture.begins_at);
        let _ = writeln!(out, "<li><time>{}</time> {}</li>", words::format_time(at), escape_text(&mark.label));
    }
    out.push_str("</ol>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(seconds: u64, tone: Tone, label: &str) -> Mark {
        Mark { from: Duration::from_secs(seconds), to: None, tone, label: label.into(), number: String::new() }
    }

    fn drawn(marks: Vec<Mark>, has_key: bool) -> String {
        render_picture(&TimelinePicture {
            id: "t".into(),
            title: "T".into(),
            description: "D".into(),
            begins_at: "2026-11-24T22:51:03Z".parse().unwrap(),
            lanes: vec![Lane { name: "Notes".into(), marks, has_key }],
        })
    }

    #[test]
    fn a_hundred_thousand_marks_are_a_small_drawing_and_the_worst_of_them_shows() {
        let mut marks: Vec<Mark> = (0..100_000).map(|i| moment(i, Tone::Good, "fine")).collect();
        marks[50_000].tone = Tone::Bad;
        let drawing = drawn(marks, false);
        assert!(drawing.len() < 100_000, "{}", drawing.len());
        assert_eq!(drawing.matches("href=\"#t-bad\" x=\"50%\"").count(), 1);
    }

    #[test]
    fn numbered_marks_close_to_each_other_stand_below_each_other() {
        let marks = [0, 1, 2, 300, 600].map(|at| moment(at, Tone::Neutral, "x")).to_vec();
        let drawing = drawn(marks, true);
        let places: Vec<&str> =
            drawing.split("<circle class=\"dot neutral\"").skip(1).filter_map(|part| part.split('"').nth(3)).collect();
        assert_eq!(places, ["29", "47", "65", "29", "29"], "{drawing}");
        assert!(drawing.contains("y1=\"74\" y2=\"74\""), "the rail is below the last: {drawing}");
    }

    #[test]
    fn no_text_of_the_axis_leaves_the_drawing_or_stands_in_another() {
        let times = [0, 2400, 2401, 2402, 2403, 2404];
        let drawing = drawn(times.map(|at| moment(at, Tone::Neutral, "x")).to_vec(), false);
        assert!(drawing.contains("<text text-anchor=\"start\" x=\"2.50%\""), "the cut's: {drawing}");
        let lines = drawing.matches("<line class=\"tick\"").count();
        let labels = drawing.matches("<text class=\"tick\"").count();
        assert!(labels >= 2 && labels < lines, "{labels} of {lines}: {drawing}");
    }

    #[test]
    fn a_label_is_text() {
        let drawing = drawn(vec![moment(1, Tone::Neutral, "</title><script>\"")], true);
        assert!(!drawing.contains("<script>"), "{drawing}");
        assert!(drawing.contains("<ol class=\"key\">"));
    }

    #[test]
    fn an_outcome_has_a_shape_and_a_word_of_its_own() {
        for tone in [Tone::Bad, Tone::Unknown, Tone::Negative, Tone::Running, Tone::Deviation] {
            let drawing = drawn(vec![moment(1, tone, "x")], false);
            assert!(drawing.contains(&format!("<use href=\"#t-{}\"", tone.css_class())));
            assert!(drawing.contains(tone.legend_meaning().unwrap()), "{drawing}");
        }
    }
}
