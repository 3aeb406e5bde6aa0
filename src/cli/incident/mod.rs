//! `runbook incident`: what is said on the command line → facts in an incident's record.
//!
//! Invariant: what is printed as data can be used by a script; a question is asked only of an operator at a terminal, and else
//! the flag that answers it is named. Refuses to know: what is due, which `incident` says.

mod args;
mod ask;
mod open;
mod report;
mod show;
mod status;
mod words;

pub(in crate::cli) use args::IncidentCommand;

use super::args::ColorChoice;
use super::environment::Environment;
use super::error::{Exit, Failure};
use super::notice;
use crate::ident::SystemClock;
use crate::incident::{Act, Author, Incident, IncidentError, Incidents, Now, Unclear, Urgency, due};
use crate::journal::JournalError;
use crate::mask::Masker;

/// Does it.
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

/// The incidents in the environment of this command.
pub(super) fn incidents(environment: &Environment) -> Result<Incidents, Failure> {
    Ok(Incidents::under(environment.incidents_folder()?, environment.runs_folder()?))
}

/// The incident that a run joins: the open one; none where none is open, or with `--incident none`.
pub(super) fn of_run(given: Option<&str>, environment: &Environment) -> Result<Option<Incident>, Failure> {
    let incidents = incidents(environment)?;
    match given {
        Some("none") => Ok(None),
        Some(name) => open_named(&incidents, name).map(Some),
        None => match incidents.the_open_one() {
            Ok(incident) => Ok(Some(incident)),
            Err(IncidentError::NoneOpen) => Ok(None),
            Err(error) => {
                let failed = failure(error);
                let help = "say which one the run is part of: `--incident ID`, or `--incident none`";
                Err(if failed.exit == Exit::Usage { failed.help(help) } else { failed })
            }
        },
    }
}

fn open_named(incidents: &Incidents, name: &str) -> Result<Incident, Failure> {
    let incident = incidents.find(name).map_err(failure)?;
    if incident.state.is_open() {
        return Ok(incident);
    }
    Err(failure(IncidentError::Closed(incident.id().clone())))
}

/// What every one of these commands needs.
pub(super) struct Desk<'e> {
    incidents: Incidents,
    author: Author,
    environment: &'e Environment,
    color: ColorChoice,
}

impl<'e> Desk<'e> {
    fn new(color: ColorChoice, environment: &'e Environment) -> Result<Self, Failure> {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let author = Author { by: environment.user(), host, masker: Masker::new() };
        Ok(Self { incidents: incidents(environment)?, author, environment, color })
    }

    fn now() -> Now {
        Now::read(&SystemClock::start())
    }

    /// The one that is meant, open or not; without a name the open one.
    fn any(&self, name: Option<&str>) -> Result<Incident, Failure> {
        match name {
            Some(name) => self.incidents.find(name).map_err(failure),
            None => self.incidents.the_open_one().map_err(failure),
        }
    }

    /// The one that is meant, which must be open.
    fn open(&self, name: Option<&str>) -> Result<Incident, Failure> {
        match name {
            Some(name) => open_named(&self.incidents, name),
            None => self.incidents.the_open_one().map_err(failure),
        }
    }

    /// Records it, and says so, with what is pressing now.
    fn act(&self, incident: &mut Incident, act: Act, now: &Now) -> Result<Exit, Failure> {
        incident.record(act.facts, &self.author, now).map_err(record_failure)?;
        let mut lines = vec![self.author.masker.text(&act.told).into_owned()];
        lines.extend(pressing(incident, now));
        notice(&lines);
        Ok(Exit::Success)
    }
}

/// What is near or over.
fn pressing(incident: &Incident, now: &Now) -> Vec<String> {
    let due = due(&incident.state, now);
    due.iter().filter(|due| due.urgency > Urgency::Later).map(|due| format!("! {}", due.text())).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` is given")]
fn record_failure(error: JournalError) -> Failure {
    Failure::record(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` is given")]
fn failure(error: IncidentError) -> Failure {
    let message = error.to_string();
    match error {
        IncidentError::Journal(_) => Failure::record(message),
        IncidentError::None | IncidentError::NoneOpen => {
            Failure::usage(message).help("`runbook incident open TITLE --severity SEVERITY` opens one")
        }
        IncidentError::SeveralOpen(_) => {
            Failure::usage(message).help("say which: `--incident ID`, or its id for `show`, `close` and `report`")
        }
        IncidentError::Closed(_) => Failure::usage(message).help("`runbook incident list` says which are open"),
        IncidentError::Unknown { .. } | IncidentError::Ambiguous { .. } => {
            Failure::usage(message).help("`runbook incident list` lists them")
        }
    }
}

fn unclear(unclear: Unclear) -> Failure {
    let failure = Failure::usage(unclear.message);
    if unclear.help.is_empty() { failure } else { failure.help(unclear.help) }
}

/// The ids of incidents and the severities, for completion: a word and what it is, a line each.
pub(super) fn words_for(what: &str, environment: &Environment) -> String {
    let Ok(incidents) = incidents(environment) else { return String::new() };
    let line = |word: &str, about: &str| format!("{word}\t{}\n", about.replace(['\t', '\n'], " "));
    match what {
        "incidents" => {
            let all = incidents.all().unwrap_or_default().into_iter().flatten();
            all.map(|incident| line(incident.id().as_str(), incident.state.title())).collect()
        }
        "severities" => {
            let of_open = incidents.open_ones().unwrap_or_default().into_iter().next();
            let rules = of_open.and_then(|incident| incident.state.rules().cloned());
            let rules = rules.or_else(|| open::rules_here(None));
            rules.iter().flat_map(|rules| &rules.severities).map(|found| line(&found.name, &found.title)).collect()
        }
        _ => String::new(),
    }
}
