//! The page formats: Markdown, HTML and plain text.

mod html;
mod lined;
mod markdown;
mod text;

pub(super) use html::Html;
pub(super) use markdown::Markdown;
pub(super) use text::Text;

use super::series::Series;

/// Draws a series as bars, one character a value; none without numbers or if there are too many for a line.
fn bars(series: &Series) -> Option<String> {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let levels = series.levels(7).filter(|levels| levels.len() <= 80)?;
    let bar = |level: &u64| usize::try_from(*level).ok().and_then(|level| BARS.get(level)).copied();
    levels.iter().map(bar).collect()
}
