//! The tones of a page: how good or bad a result is, with a class, a meaning and a shape for each.
//!
//! Invariant: a tone that stands out has a shape and a word, so that nobody depends on colour. Refuses to know: which result
//! has which tone.

/// Judgement of a result. The order is that of severity: the largest one stands for a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Neither good nor bad.
    Neutral,
    /// The command or run succeeded.
    Good,
    /// It has not ended yet.
    Running,
    /// An answer that is no failure, such as `no match`.
    Negative,
    /// Deviates from the document: skipped, edited or declined.
    Deviation,
    /// No end is recorded.
    Unknown,
    /// It failed or ended otherwise.
    Bad,
}

impl Tone {
    /// CSS class of the tone, also part of the `id` of its shape.
    pub fn css_class(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Good => "good",
            Self::Running => "running",
            Self::Negative => "negative",
            Self::Deviation => "deviation",
            Self::Unknown => "unknown",
            Self::Bad => "bad",
        }
    }

    /// Explanation in the legend; none for a tone that needs none.
    pub(super) fn legend_meaning(self) -> Option<&'static str> {
        Some(match self {
            Self::Neutral => return None,
            Self::Good => "exit 0",
            Self::Running => "running",
            Self::Negative => "an answer that is no failure (no match, differs)",
            Self::Deviation => "not as the document has it (skipped, declined, gone past)",
            Self::Unknown => "no end is recorded",
            Self::Bad => "failed, or ended otherwise",
        })
    }

    /// SVG shape around the origin; none for a tone drawn as a plain dot or bar.
    pub(super) fn svg_shape(self) -> Option<&'static str> {
        Some(match self {
            Self::Neutral | Self::Good => return None,
            Self::Running => "<path d=\"M-4,-6L6,0L-4,6Z\"/>",
            Self::Negative => "<path d=\"M0,-6.5L6.5,0L0,6.5L-6.5,0Z\"/>",
            Self::Deviation => "<path d=\"M0,-6.5L6.5,5.5L-6.5,5.5Z\"/>",
            Self::Unknown => "<circle r=\"7\"/><text y=\"4\">?</text>",
            Self::Bad => "<circle r=\"7\"/><path class=\"cross\" d=\"M-3,-3L3,3M-3,3L3,-3\"/>",
        })
    }
}
