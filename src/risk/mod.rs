//! How much harm a command can do, from its syntax tree and tables of programs.
//!
//! Invariant: a command takes the maximum of its parts, and what cannot be parsed, named or bounded is *unknown*, which
//! stands beside the level and never lowers it. Refuses to know: documents, gates, the machine.

mod clients;
mod effects;
mod files;
mod judge;
mod line;
mod mongo;
mod net;
mod programs;
mod redis;
mod shadows;
mod sql;
mod table;
mod verdict;
mod wrappers;

use crate::shell::Shadows;

pub use verdict::{Effects, Flag, Level, Object, Reason, Risk, Shadowed, Touched};

/// The risk of a text of shell.
pub fn risk(text: &str) -> Risk {
    judge::judge(text, &Shadows::default())
}

/// The risk of a text in a shell that has these functions and aliases.
pub fn risk_among(text: &str, shadows: &Shadows) -> Risk {
    judge::judge(text, shadows)
}

/// Whether a program stands in the tables.
pub fn is_known_program(name: &str) -> bool {
    judge::knows(name)
}
