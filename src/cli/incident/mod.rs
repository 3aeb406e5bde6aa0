//! `runbook incident`: from subcommands to facts in an incident's record.
//!
//! Invariant: standard output is for scripts. A question is asked only of an operator at a terminal; otherwise the failure names the
//! flag that answers it. Refuses to know: how due items are computed, which is for `incident`.

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
pub(in crate::cli) use complete::complete_words;
pub(in crate::cli) use dispatch::run_subcommand;
pub(in crate::cli) use joined::incident_of_run;
