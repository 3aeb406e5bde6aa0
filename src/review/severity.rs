//! How bad a finding is.
//!
//! Invariant: the order of the variants is the order of their weight. Refuses to know: which finding has which severity.

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Likely to go wrong, or to harm.
    Warning,
    /// It cannot work as it stands.
    Error,
}

impl Severity {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
