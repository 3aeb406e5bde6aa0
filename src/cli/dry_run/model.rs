//! A reviewed plan, in the order in which the operator would meet it.
//!
//! Refuses to know: how it is laid out, and how anything in it was found out.

use super::line::Line;
use crate::plan::{Alternative, Missing, Plan, Policy, Step};

/// A plan with the risk of each command, and with all that an unattended run of it lacks.
pub(in crate::cli) struct DryRun<'a> {
    pub(super) plan: &'a Plan,
    pub(super) file: String,
    pub(super) policy: &'a Policy,
    pub(super) entries: Vec<Entry<'a>>,
    pub(super) missing: Vec<Missing>,
    pub(super) findings: Vec<String>,
}

/// An item of the listing, indented by `usize` levels.
pub(super) enum Entry<'a> {
    /// The title of a choice; its options follow.
    Choice(usize, &'a str),
    Option(usize, &'a Alternative),
    Step(usize, Reviewed<'a>),
}

pub(super) struct Reviewed<'a> {
    pub(super) step: &'a Step,
    pub(super) commands: Vec<Line<'a>>,
    /// Why the operator is asked about the step itself.
    pub(super) asks: Option<String>,
    /// Why an unattended run skips the step.
    pub(super) left_out: Option<String>,
    /// For an irreversible step: the digest to approve it with, or why it cannot be approved beforehand.
    pub(super) approval: Option<Result<String, String>>,
}
