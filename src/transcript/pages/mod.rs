//! The page formats: Markdown, HTML and plain text.

mod html;
mod lined;
mod markdown;
mod text;

pub(super) use html::HtmlPage;
pub(super) use markdown::MarkdownPage;
pub(super) use text::TextPage;

use super::series::CommandSeries;

/// Draws a series as bars, one character a value; none without numbers or if there are too many for a line.
fn draw_bars(series: &CommandSeries) -> Option<String> {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let levels = series.scaled_values(7).filter(|levels| levels.len() <= 80)?;
    let bar = |level: &u64| usize::try_from(*level).ok().and_then(|level| BARS.get(level)).copied();
    levels.iter().map(bar).collect()
}
