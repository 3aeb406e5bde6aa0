//! How authors write a place that waits for a value.
//!
//! Invariant: only a kind that bash would misread blocks a command. Refuses to know: how the places are found.

/// How a value is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoleKind {
    /// `<pod-name>`: cannot run as it is.
    Angle,
    /// Words in square brackets: `[DATASET]`.
    Bracket,
    /// Words in braces: `{commit}`.
    Brace,
    /// Words in capitals: `DB_NAME`, `backup_TIMESTAMP.sql`.
    Capitals,
    /// Filler: `xxx`, `i-xxxxxxxx`.
    Filler,
    /// A phrase with "your": `your-project`.
    Your,
    /// A host that nobody has: `api.yourdomain.com`, `example.com`.
    Host,
    /// An omission: `...`.
    Elision,
}

impl HoleKind {
    /// True if bash would read the placeholder as syntax, so that the command cannot run without a value.
    pub fn blocks_running(self) -> bool {
        self == Self::Angle
    }

    /// Name in reports.
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
