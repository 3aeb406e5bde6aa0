//! A reviewed plan, in the order in which the operator would meet it.
//!
//! Refuses to know: how it is laid out, and how anything in it was found out.

use super::line::Line;
use crate::plan::{Alternative, Missing, Plan, Policy, Step};

/// A reviewed plan.
pub(in crate::cli) struct DryRun<'a> {
    pub(super) plan: &'a Plan,
    pub(super) file: String,
    pub(super) policy: &'a Policy,
    pub(super) entries: Vec<Entry<'a>>,
    pub(super) missing: Vec<Missing>,
    pub(super) findings: Vec<String>,
}

pub(super) enum Entry<'a> {
    /// A choice that comes first, and its depth.
    Choice(usize, &'a str),
    Option(usize, &'a Alternative),
    Step(usize, Reviewed<'a>),
}

pub(super) struct Reviewed<'a> {
    pub(super) step: &'a Step,
    pub(super) commands: Vec<Line<'a>>,
    /// Why the operator is asked beyond Enter for the step itself.
    pub(super) asks: Option<String>,
    /// Why an unattended run leaves it out.
    pub(super) left_out: Option<String>,
    pub(super) approval: Option<Result<String, String>>,
}
