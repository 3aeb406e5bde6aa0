//! Questions that a review asks of the machine it runs on.
//!
//! Invariant: a review learns nothing about the machine except through these. Refuses to know: how they are answered.

/// What is handed in.
pub struct Given<'a> {
    /// What bash says of a text it does not accept, with the line in it, from 1.
    pub rejects: &'a mut dyn FnMut(&str) -> Option<(String, u32)>,
    /// Whether a program is there.
    pub is_program: &'a dyn Fn(&str) -> bool,
    /// Whether a path, from the document's folder, is there; none when that is not known.
    pub exists: &'a dyn Fn(&str) -> Option<bool>,
    /// Whether the environment has a variable.
    pub is_set: &'a dyn Fn(&str) -> bool,
}
