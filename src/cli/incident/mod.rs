//! `runbook incident`: what is said on the command line → facts in an incident's record.
//!
//! Invariant: what is printed as data can be used by a script; a question is asked only of an operator at a terminal, and else
//! the flag that answers it is named. Refuses to know: what is due, which `incident` says.

mod args;
mod ask;
mod complete;
mod context;
mod dispatch;
mod failure;
mod joined;
mod open;
mod report;
mod show;
mod status;
mod words;

pub(in crate::cli) use args::IncidentCommand;
pub(in crate::cli) use complete::words_for;
pub(in crate::cli) use dispatch::run;
pub(in crate::cli) use joined::of_run;
