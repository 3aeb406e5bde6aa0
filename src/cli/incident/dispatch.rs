//! From a subcommand of `runbook incident` to the file that carries it out.

use super::args::IncidentCommand;
use super::context::Desk;
use super::{open, report, show, status, words};
use crate::cli::choices::ColorChoice;
use crate::cli::environment::Environment;
use crate::cli::error::{Exit, Failure};

/// Carries out a subcommand of `runbook incident`.
pub(in crate::cli) fn run(
    command: &IncidentCommand,
    color: ColorChoice,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let desk = Desk::new(color, environment)?;
    match command {
        IncidentCommand::Open(args) => open::open(args, &desk),
        IncidentCommand::Note(args) => words::note(args, &desk),
        IncidentCommand::Mark(args) => words::mark(args, &desk),
        IncidentCommand::Escalated(args) => words::escalated(args, &desk),
        IncidentCommand::Status(args) => status::status(args, &desk),
        IncidentCommand::Severity(args) => words::severity(args, &desk),
        IncidentCommand::Handover(args) => words::handover(args, &desk),
        IncidentCommand::List(args) => show::list(args.format, &desk),
        IncidentCommand::Show(args) => show::show(args.incident.as_deref(), args.format, &desk),
        IncidentCommand::Close(args) => words::close(args, &desk),
        IncidentCommand::Report(args) => report::report(args, &desk),
    }
}
