//! The severity of a finding.
//!
//! Invariant: the order of the variants is the order of their weight. Refuses to know: which finding has which severity.

/// Severity of a finding, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing is likely to fail.
    Note,
    /// Likely to go wrong, or to harm.
    Warning,
    /// Cannot work as written, or deceives the reader.
    Error,
}

impl Severity {
    /// Name used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
