//! From a subcommand of `runbook incident` to the file that carries it out.

use super::args::IncidentCommand;
use super::context::IncidentContext;
use super::{open, report, show, status, words};
use crate::cli::choices::ColorChoice;
use crate::cli::environment::Environment;
use crate::cli::error::{Exit, Failure};

/// Carries out a subcommand of `runbook incident`.
pub(in crate::cli) fn run_subcommand(
    command: &IncidentCommand,
    color: ColorChoice,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let desk = IncidentContext::new(color, environment)?;
    match command {
        IncidentCommand::Open(args) => open::open_incident(args, &desk),
        IncidentCommand::Note(args) => words::add_note(args, &desk),
        IncidentCommand::Mark(args) => words::mark_milestone(args, &desk),
        IncidentCommand::Escalated(args) => words::record_escalation(args, &desk),
        IncidentCommand::Status(args) => status::update_status(args, &desk),
        IncidentCommand::Severity(args) => words::change_severity(args, &desk),
        IncidentCommand::Handover(args) => words::hand_over(args, &desk),
        IncidentCommand::List(args) => show::list_incidents(args.format, &desk),
        IncidentCommand::Show(args) => show::show_incident(args.incident.as_deref(), args.format, &desk),
        IncidentCommand::Close(args) => words::close_incident(args, &desk),
        IncidentCommand::Report(args) => report::write_report(args, &desk),
    }
}
