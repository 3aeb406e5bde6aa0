//! Bash as text: complete commands, what they are made of, what their statuses mean, and how to show them.
//!
//! Invariant: pure, and total on any input within the stated limits. A text is only ever split and described here;
//! whether bash accepts it is asked elsewhere, and a rejection never moves a boundary. Refuses to know: documents, steps,
//! processes.

mod answers;
mod builtins;
mod curl;
mod describe;
mod endless;
mod facts;
mod guess;
mod harmless;
mod lexed;
mod limits;
mod masking;
mod memo;
mod options;
mod part;
mod placeholders;
mod placing;
mod prompt;
mod quote;
mod reading;
mod risk;
mod second;
mod session;
mod shuck;
mod shuck_full;
mod shuck_simple;
mod shuck_words;
mod split;
mod stand_ins;
mod terminal;
mod token;
mod vocabulary;
mod watched;

pub use answers::answers;
pub use builtins::is_builtin;
pub use describe::{describe, is_slash_command};
pub use facts::{
    Assignment, Clarity, Facts, NotACommand, Placeholder, Program, Read, SessionChange, Simple, TabledAnswer, Token,
    TokenClass,
};
pub use guess::looks_like_shell;
pub use options::{Effective, program_of};
pub use part::{Comment, LineRange, NotShell, Part, ShellCommand};
pub use placeholders::{Hole, HoleKind, holes};
pub use placing::{By, Fill, Filter, Refused, Why, place, refusals};
pub use prompt::prompt_len;
pub use quote::{quote, reference};
pub use risk::{
    Definition, Effects, Flag, Level, Object, Reason, Risk, ShadowKind, Shadowed, Shadows, Touched, is_known_program,
    risk, risk_among,
};
pub use split::{IS_TABLE, objection, split};
pub use token::tokens;
pub use watched::{Watched, watched};
