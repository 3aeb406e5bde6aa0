//! The incident that a run is part of, as its operator has to do with it.

/// Knows what is due, and takes down what was done about it.
pub trait Pager {
    /// A few words for the line that says where the run stands: `P0 since 00:41:10`.
    fn clock(&mut self) -> String;
    /// What has become due since this was last asked, a sentence each. Asking often costs little.
    fn due(&mut self) -> Vec<String>;
    /// Records what was said; comes back with the sentence about it, or with why not.
    fn say(&mut self, words: &str) -> Result<String, String>;
    /// What can be said.
    fn words(&self) -> &'static str;
}
