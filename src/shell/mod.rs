//! Bash as text: complete commands, their parts, the meaning of their exit statuses, and their highlighting.
//!
//! Invariant: pure, and total on any input within the stated limits. A text is only split and described here. Bash itself
//! is asked elsewhere if it accepts a command, and a rejection never moves a boundary. Refuses to know: documents, steps,
//! processes.

pub(crate) mod definitions;
pub(crate) mod describe;
mod facts;
mod guess;
mod holes;
pub(crate) mod parse;
mod part;
pub(crate) mod programs;
mod quote;
pub(crate) mod simple_command;
pub(crate) mod split;
mod token;

pub use definitions::{Definition, DefinitionKind, ShellDefinitions};
pub use describe::{describe_command, is_slash_command};
pub use facts::{
    Clarity, CommandFacts, HighlightToken, NotACommand, Placeholder, ProgramName, SessionChange, SimpleCommand,
    StatusSource, TabledAnswer, TokenClass, VariableAssignment, VariableRead,
};
pub use guess::looks_like_shell;
pub use holes::{Hole, HoleKind, find_holes, prompt_length};
pub use part::{CommentLine, LineRange, NotShell, ShellCommand, ShellPart};
pub use programs::answers::pipeline_answers;
pub use programs::builtins::is_builtin;
pub use programs::options::{EffectiveProgram, effective_program};
pub use programs::watched::{WatchedCommand, parse_watch};
pub use quote::{quote_value, variable_reference};
pub use split::{PRINTED_TABLE_REASON, not_shell_reason, split_commands};
pub use token::highlight_tokens;
