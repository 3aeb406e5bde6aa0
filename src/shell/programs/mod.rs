//! What is known of single programs, each from its own documentation: how their words are read, when they end, what their
//! statuses say, whether they only read.
//!
//! Invariant: a program that is not listed is promised nothing. Refuses to know: how much harm a command does.

pub(crate) mod answers;
pub(crate) mod builtins;
pub(crate) mod curl;
pub(crate) mod endless;
pub(crate) mod harmless;
pub(crate) mod options;
pub(crate) mod session;
pub(crate) mod terminal;
pub(crate) mod watched;
