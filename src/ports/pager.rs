//! The incident that a run is part of, as its operator sees it.
//!
//! Invariant: asking changes nothing in the incident's record. Refuses to know: where that record is kept.

/// Reminds the operator of the incident's deadlines, and records what was done about it.
pub trait IncidentReminders {
    /// A few words for the line that says where the run stands: `P0 since 00:41:10`.
    fn clock_line(&mut self) -> String;
    /// Sentences about deadlines that came up since the last call. Cheap enough to be called several times a second.
    fn due_sentences(&mut self) -> Vec<String>;
    /// Records what the operator entered. Returns the sentence to show, or the reason why it was not recorded.
    fn record_action(&mut self, words: &str) -> Result<String, String>;
    /// The actions that [`IncidentReminders::record_action`] takes, for the help text.
    fn action_help(&self) -> &'static str;
}
