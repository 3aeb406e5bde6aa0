//! How much harm a command can do, from its syntax tree and tables of programs.
//!
//! Invariant: a command takes the maximum of its parts, and what cannot be parsed, named or bounded is *unknown*, which
//! stands beside the level and never lowers it. Refuses to know: documents, gates, the machine.

mod clients;
mod definitions;
mod effects;
mod environment;
mod files;
mod http;
mod input;
mod judge;
mod line;
mod mongo;
mod net;
mod option_commands;
mod programs;
mod redis;
mod sql;
mod sql_functions;
mod sql_meta;
mod sql_tokens;
mod table;
mod verdict;
mod wrappers;

use crate::shell::ShellDefinitions;

pub use environment::{Influence, InfluenceKind, find_influences};
pub use verdict::{Effects, Flag, Level, Object, Reason, Risk, ShadowedName, Touched};

/// Judges a text in a shell without functions and aliases.
pub fn judge_risk(text: &str) -> Risk {
    judge::judge_script(text, &ShellDefinitions::default())
}

/// Judges a text in a shell with these functions and aliases.
pub fn risk_with(text: &str, definitions: &ShellDefinitions) -> Risk {
    judge::judge_script(text, definitions)
}

/// True if the tables or a reader know the program.
pub fn is_known_program(name: &str) -> bool {
    judge::knows_program(name)
}
