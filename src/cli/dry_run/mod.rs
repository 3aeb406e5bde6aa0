//! `runbook run --dry-run`: the plan as the operator would meet it, with its risks. Nothing runs.
//!
//! Invariant: bash is asked only for its syntax, and programs are looked up without starting them.

mod json;
mod line;
mod markdown;
mod model;
mod review;
mod text;

pub(super) use review::review_plan;
