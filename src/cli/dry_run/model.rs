//! A reviewed plan, in the order in which the operator would meet it.
//!
//! Refuses to know: how it is laid out, and how anything in it was found out.

use super::line::ReviewedCommand;
use crate::plan::{Alternative, Plan, Policy, Step, UnmetRequirement};

/// A plan with the risk of each command, and with all that an unattended run of it lacks.
pub(in crate::cli) struct DryRun<'a> {
    pub(super) plan: &'a Plan,
    pub(super) file: String,
    pub(super) policy: &'a Policy,
    pub(super) entries: Vec<PlanEntry<'a>>,
    pub(super) missing: Vec<UnmetRequirement>,
    pub(super) findings: Vec<String>,
}

/// An item of the listing, indented by `usize` levels.
pub(super) enum PlanEntry<'a> {
    /// The title of a choice; its options follow.
    Choice(usize, &'a str),
    Option(usize, &'a Alternative),
    Step(usize, ReviewedStep<'a>),
}

pub(super) struct ReviewedStep<'a> {
    pub(super) step: &'a Step,
    pub(super) commands: Vec<ReviewedCommand<'a>>,
    /// Why the operator is asked about the step itself.
    pub(super) asks: Option<String>,
    /// Why an unattended run skips the step.
    pub(super) left_out: Option<String>,
    /// For an irreversible step: the digest to approve it with, or why it cannot be approved beforehand.
    pub(super) approval: Option<Result<String, String>>,
}
