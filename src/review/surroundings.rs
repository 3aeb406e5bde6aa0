//! What bash and the machine say, as far as a review needs it.
//!
//! Invariant: a review asks nothing else of the outside. Refuses to know: who answers.

/// Answers that a review needs from outside the document.
pub struct Given<'a> {
    /// Bash's message about a text that it rejects, with the line in the text, from 1; none when bash accepts it.
    pub rejects: &'a mut dyn FnMut(&str) -> Option<(String, u32)>,
    /// True if a program of this name is installed.
    pub is_program: &'a dyn Fn(&str) -> bool,
    /// True if a path, relative to the document's folder, exists; none when that is unknown.
    pub exists: &'a dyn Fn(&str) -> Option<bool>,
    /// True if the environment has a variable of this name.
    pub is_set: &'a dyn Fn(&str) -> bool,
}
