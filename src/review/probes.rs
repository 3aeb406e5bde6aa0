//! Questions that a review asks of the machine it runs on.
//!
//! Invariant: a review learns nothing about the machine except through these. Refuses to know: how they are answered.

/// Questions to the machine, answered by the caller.
pub struct Probes<'a> {
    /// Returns bash's message for a text with a syntax error, and the line in that text, from 1; `None` if bash accepts it.
    pub syntax_error: &'a mut dyn FnMut(&str) -> Option<(String, u32)>,
    /// True if a program of this name is installed.
    pub is_program_installed: &'a dyn Fn(&str) -> bool,
    /// True if a path relative to the document's folder exists; `None` if the folder is not known.
    pub path_exists: &'a dyn Fn(&str) -> Option<bool>,
    /// True if the environment sets a variable.
    pub is_variable_set: &'a dyn Fn(&str) -> bool,
}
