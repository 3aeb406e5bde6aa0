//! What answers in place of an operator: the flags of an unattended run.
//!
//! Invariant: nothing is allowed that no flag allows; no allowance implies another.

use super::look::one_line;
use crate::ident::InputName;
use crate::plan::Clarity;
use crate::plan::Command;
use crate::plan::Step;
use crate::plan::StepKind;
use crate::plan::Values;

/// The flags.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// `--yes`: commands that are known to read only run.
    pub yes: bool,
    /// `--allow unknown`: all others run.
    pub allow_unknown: bool,
    /// `--include STEP`: ids or numbers of conditional and guessed steps that run all the same.
    pub include: Vec<String>,
    /// `--choose TITLE`: what is chosen, in order.
    pub choose: Vec<String>,
    /// `--input NAME=VALUE`.
    pub inputs: Values,
}

/// What becomes of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// It runs.
    Run,
    /// Its step is skipped by a rule; says which, and the flag that includes it.
    Skip(String),
    /// A flag is missing; names it.
    Missing(String),
}

impl Policy {
    /// Whether a command of a step runs. Asked before the first command too, so that nothing starts that cannot end.
    pub fn allows(&self, step: &Step, command: &Command) -> Allowance {
        if let Some(reason) = self.leaves_out(step) {
            return Allowance::Skip(reason);
        }
        let reads = command.facts.reads_only && command.facts.clarity == Clarity::Clear;
        let (allowed, flag, why) = if reads {
            (self.yes, "--yes", "reads only")
        } else {
            (self.allow_unknown, "--allow unknown", "is not known to read only")
        };
        if allowed {
            return Allowance::Run;
        }
        let text = one_line(&command.text);
        Allowance::Missing(format!("line {}: `{text}` {why}; `{flag}` lets it run", command.line))
    }

    /// Why a step is left out, if it is.
    pub fn leaves_out(&self, step: &Step) -> Option<String> {
        let number = &step.number;
        let reason = match (step.kind, &step.conditional) {
            (StepKind::Task, _) => return Some("a task for an operator".to_owned()),
            (StepKind::Message, _) => return Some("a message for an operator".to_owned()),
            (_, Some(condition)) => format!("conditional ({})", one_line(condition)),
            (StepKind::Guessed, None) => "not marked as shell in the document".to_owned(),
            (StepKind::Command, None) => return None,
        };
        let included = self.include.iter().any(|name| name == number || name == step.id.as_str());
        (!included).then(|| format!("{reason}; `--include {number}` runs it"))
    }

    /// The value given for an input.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.inputs.get(&InputName::new(name)).map(String::as_str)
    }
}
