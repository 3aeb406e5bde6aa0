//! The result of parsing a text, in types of our own.
//!
//! Invariant: every range lies within the text that was parsed. Refuses to know: the parser, and the meaning of any program.

use crate::shell::SimpleCommand;
use crate::shell::simple_command::{DetailedCommand, Redirection};
use std::ops::Range;

/// Result of parsing a text without syntax errors.
#[derive(Debug, Default)]
pub(crate) struct ParsedText {
    /// Each simple command at any depth, in order of the text.
    pub commands: Vec<CommandInContext>,
    /// Words and redirections in full. Empty unless they were asked for.
    pub full_words: FullWords,
    /// Function definitions, in order of the text.
    pub functions: Vec<FunctionDefinition>,
    /// Word count of each command that the second parser counts too, in order. Both must agree for the tree to be trusted.
    pub word_counts: Vec<usize>,
    /// Indices of the members among the simple commands, if the text is one pipeline of simple commands.
    pub pipeline_members: Option<Vec<usize>>,
    /// True if the last statement is a compound command or is negated, so that statuses inside it say nothing.
    pub own_status_only: bool,
    /// Uses of variables, in the order in which the text sets and reads them.
    pub variable_uses: Vec<VariableUse>,
    /// Effects of the shell itself, besides running programs.
    pub shell_effects: ShellEffects,
    /// Stretch in which the tree may have missed a command, such as an unquoted word with a blank or an operator in it.
    pub suspect_span: Option<Range<usize>>,
    /// Stretches of the text that were walked, and stretches in which nothing can run.
    pub extent: WalkedExtent,
    /// True if the text has a loop that nothing in it ends.
    pub loops_forever: bool,
    /// True if two statements follow each other on one line without a separator, which no shell accepts.
    pub has_unseparated_statements: bool,
}

/// Each simple command and redirection with every word, where a mark replaces each expansion.
#[derive(Debug, Default)]
pub(crate) struct FullWords {
    /// Words of each simple command, in the order of the simple commands themselves.
    pub commands: Vec<DetailedCommand>,
    /// Redirections of compound commands.
    pub compound_redirections: Vec<Redirection>,
}

/// Effects of the shell itself. Each of them makes a text change something even if all its programs only read.
#[derive(Debug, Default)]
pub(crate) struct ShellEffects {
    /// True if a function is defined in the session.
    pub defines_function: bool,
    /// True if output is redirected into a file.
    pub writes_file: bool,
    /// True if a variable is set that can make a program run another one.
    pub sets_steering_variable: bool,
}

/// Stretches of a text that were walked, and stretches in which nothing can run.
#[derive(Debug, Default)]
pub(crate) struct WalkedExtent {
    /// Offsets of the substitutions and arithmetic expansions that were walked. For backticks, both ends.
    pub expansion_offsets: Vec<usize>,
    /// Single quotes and literal heredocs, in which nothing is expanded.
    pub inert_ranges: Vec<Range<usize>>,
    /// Comments, from the `#` to the end of the line.
    pub comments: Vec<Range<usize>>,
}

/// The definition of a function.
#[derive(Debug)]
pub(crate) struct FunctionDefinition {
    pub name: String,
    pub span: Range<usize>,
    /// True if the session keeps the definition: it is not in a subshell, a pipe or another function.
    pub in_session: bool,
}

/// A simple command with its context.
#[derive(Debug)]
pub(crate) struct CommandInContext {
    pub command: SimpleCommand,
    pub context: CommandContext,
}

/// Context in which a simple command runs.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent of each other: any mix of them occurs")]
pub(crate) struct CommandContext {
    /// Position in the innermost pipeline, if the command is a member of one.
    pub pipeline_position: Option<PipelinePosition>,
    /// True if the command runs in the session itself: in no subshell, substitution, pipe or background job.
    pub in_session: bool,
    /// True in the body of a function, which runs only when the function is called.
    pub in_function_body: bool,
    /// True if the shell does not wait for the command.
    pub in_background: bool,
    /// True if standard input is a file, a text or a pipe, not the terminal.
    pub has_redirected_input: bool,
}

/// Position of a command in a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PipelinePosition {
    /// Number of the pipeline, in the order in which pipelines are walked.
    pub pipeline: usize,
    /// Number of the member within the pipeline, from 0.
    pub member_index: usize,
}

/// One use of a variable.
#[derive(Debug)]
pub(crate) enum VariableUse {
    Set { name: String, literal: Option<String>, value: Range<usize>, in_session: bool },
    Read { name: String, has_default: bool },
}

/// Why a text cannot be parsed.
#[derive(Debug)]
pub(crate) struct ParseError {
    /// Reason in words for an operator.
    pub message: String,
    /// Kind of line that could complete the text.
    pub awaited: AwaitedLine,
}

/// Kind of line that could complete an unfinished text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AwaitedLine {
    /// Any line may complete it.
    Anything,
    /// A line that contains this text.
    Text(String),
    /// A line that begins with one of these.
    Start(Vec<String>),
    /// No further line can complete it.
    Nothing,
}

impl AwaitedLine {
    /// True if the line could complete the text.
    pub(crate) fn is_met_by(&self, line: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Text(text) => line.contains(text.as_str()),
            Self::Start(words) => words.iter().any(|word| line.trim_start_matches('\t').starts_with(word.as_str())),
            Self::Nothing => false,
        }
    }
}
