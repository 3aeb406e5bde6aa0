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

pub use definitions::{Definition, ShadowKind, Shadows};
pub use describe::{describe, is_slash_command};
pub use facts::{
    Assignment, Clarity, Facts, NotACommand, Placeholder, Program, Read, SessionChange, Simple, StatusSource,
    TabledAnswer, Token, TokenClass,
};
pub use guess::looks_like_shell;
pub use holes::{Hole, HoleKind, holes, prompt_len};
pub use part::{CommentLine, LineRange, NotShell, Part, ShellCommand};
pub use programs::answers::answers;
pub use programs::builtins::is_builtin;
pub use programs::options::{Effective, program_of};
pub use programs::watched::{Watched, watched};
pub use quote::{quote, reference};
pub use split::{IS_TABLE, objection, split};
pub use token::tokens;
