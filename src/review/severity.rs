//! How bad a finding is.
//!
//! Invariant: severities are ordered, the worst last. Refuses to know: which finding has which.

/// Severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know; nothing breaks.
    Note,
    /// Likely to go wrong, or to harm.
    Warning,
    /// It cannot work as it stands.
    Error,
}

impl Severity {
    /// Name in reports and in `--deny`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
