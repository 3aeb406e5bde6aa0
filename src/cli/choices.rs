//! Choices that several commands offer on the command line.
//!
//! Invariant: the names of the variants are what is typed. Refuses to know: the commands that offer them.

use clap::ValueEnum;

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` or `TERM=dumb` say no.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Output formats of the commands that print either text or JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}
