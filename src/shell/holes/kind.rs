//! How authors write a place that waits for a value.
//!
//! Invariant: only a kind that bash would misread blocks a command. Refuses to know: how the places are found.

/// How a value is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoleKind {
    /// `<pod-name>`: cannot run as it is.
    Angle,
    /// `[DATASET]`.
    Bracket,
    /// `{commit}`.
    Brace,
    /// `DB_NAME`, `backup_TIMESTAMP.sql`.
    Capitals,
    /// `xxx`, `i-xxxxxxxx`.
    Filler,
    /// `your-project`.
    Your,
    /// `api.yourdomain.com`, `example.com`.
    Host,
    /// `...`.
    Elision,
}

impl HoleKind {
    /// Whether bash would do something else with it than the author means.
    pub fn blocks(self) -> bool {
        self == Self::Angle
    }

    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Angle => "angle",
            Self::Bracket => "bracket",
            Self::Brace => "brace",
            Self::Capitals => "capitals",
            Self::Filler => "filler",
            Self::Your => "your",
            Self::Host => "host",
            Self::Elision => "elision",
        }
    }
}
