//! `runbook incident open`: opens an incident from a title, or from an alert.
//!
//! Invariant: an alert is data. It selects a severity and a procedure that the runbook has; no text of it is run.

use super::args::OpenArgs;
use super::ask::{Asker, print_above};
use super::context::{IncidentContext, pressing_items};
use super::failure::{record_failure, unclear_act};
use crate::cli::args::RunArgs;
use crate::cli::choices::Format;
use crate::cli::error::{Exit, Failure};
use crate::cli::output::{print_data, print_notices};
use crate::cli::{open as documents, run};
use crate::history::{IncidentFact, IncidentOpened, IncidentRules, Milestone, Reached, Response, RunbookIdentity};
use crate::ident::{IncidentId, is_secret_name};
use crate::incident::{
    self, Alert, Incident, IncidentState, Now, format_length, format_utc_time, list_obligations, parse_stated_time,
    read_rules,
};
use crate::kernel::git_state;
use crate::plan::{Planner, canonical_name, quote_word};
use serde_json::json;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// File names under which the runbook is searched for.
const USUAL_NAMES: [&str; 2] = ["RUNBOOK.md", "runbook.md"];
/// Largest alert that is read, in bytes.
const LONGEST_ALERT: u64 = 4 << 20;

/// Opens an incident and prints its id. An alert whose group has an open incident is noted there instead. Fails when no severity is
/// given and nobody can be asked.
pub(super) fn open_incident(args: &OpenArgs, desk: &IncidentContext<'_>) -> Result<Exit, Failure> {
    let alert = args.alert.as_deref().map(read_alert).transpose()?;
    let document = open_runbook(args.runbook.as_deref())?;
    let now = IncidentContext::current_moment();
    if let Some(exit) =
        alert.as_ref().map_or(Ok(None), |alert| record_repeated_alert(alert, document.as_ref(), args, desk, &now))?
    {
        return Ok(exit);
    }
    let stated =
        args.at.as_deref().map(|at| parse_stated_time(at, now.at.utc)).transpose().map_err(Failure::usage_error)?;
    let read = document.as_ref().map(|document| read_rules(&document.runbook)).unwrap_or_default();
    print_notices(&read.problems);
    let severity = choose_severity(args, alert.as_ref(), document.as_ref(), &read.rules, desk)?;
    let title = args.title.clone().or_else(|| alert.as_ref().map(|alert| alert.title.clone())).unwrap_or_default();
    if title.trim().is_empty() {
        return Err(Failure::usage_error("the title is empty").with_help("say in a few words what is wrong"));
    }
    let id = IncidentId::generate_at(&now.at);
    let opened = IncidentOpened {
        incident: id.clone(),
        title: title.split_whitespace().collect::<Vec<_>>().join(" "),
        severity,
        runbook: document.as_ref().map(|document| runbook_identity(document, desk)),
        rules: read.rules,
        alert: alert.as_ref().map(|alert| alert.summary.clone()).unwrap_or_default(),
        alert_group: alert.as_ref().map(|alert| alert.group_key.clone()).unwrap_or_default(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let reached = |milestone, stated, source: &str| {
        IncidentFact::Reached(Reached { milestone, stated, source: source.to_owned() })
    };
    let mut facts = vec![IncidentFact::Opened(Box::new(opened)), reached(Milestone::Declared, stated, "")];
    if let Some(since) = alert.as_ref().and_then(|alert| alert.started_at) {
        facts.push(reached(Milestone::Detected, Some(since), "the alert"));
    }
    let bytes = document.as_ref().map(|document| document.bytes.as_slice());
    let incident = desk.incidents.create_incident(&id, facts, bytes, &desk.author, &now).map_err(record_failure)?;
    print_notices(&describe_opened(&incident, document.as_ref(), &now));
    offer_run(&incident, alert.as_ref(), document.as_ref(), args, desk)
}

/// Reads the runbook that is named, or the nearest one in this folder and those above it.
fn open_runbook(given: Option<&Path>) -> Result<Option<documents::OpenedDocument>, Failure> {
    match given.map(Path::to_owned).or_else(nearest_runbook) {
        Some(path) => documents::open_document(&path).map(Some),
        None => Ok(None),
    }
}

fn nearest_runbook() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let found = here
        .ancestors()
        .find_map(|folder| USUAL_NAMES.iter().map(|name| folder.join(name)).find(|path| path.is_file()))?;
    // Relative to this folder, it is shorter to read.
    Some(found.strip_prefix(&here).map(Path::to_owned).unwrap_or(found))
}

/// Incident rules of the runbook that is named or nearest, for completion.
pub(super) fn rules_here(given: Option<&Path>) -> Option<IncidentRules> {
    open_runbook(given).ok().flatten().map(|document| read_rules(&document.runbook).rules)
}

fn runbook_identity(document: &documents::OpenedDocument, desk: &IncidentContext<'_>) -> RunbookIdentity {
    let git = git_state(&document.path, desk.environment.get("PATH"));
    let path = std::path::absolute(&document.path).unwrap_or_else(|_| document.path.clone());
    RunbookIdentity {
        path: path.to_string_lossy().into_owned(),
        title: document.runbook.title.clone().unwrap_or_else(|| document.file_name()),
        digest: document.runbook.digest,
        git_modified: git.as_ref().is_some_and(|git| git.modified),
        git_commit: git.map(|git| git.commit),
    }
}

fn read_alert(file: &str) -> Result<Alert, Failure> {
    let failed = |error: std::io::Error| Failure::usage_error(format!("the alert `{file}` cannot be read: {error}"));
    let mut bytes = Vec::new();
    if file == "-" {
        std::io::stdin().lock().take(LONGEST_ALERT).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        File::open(file).map_err(failed)?.take(LONGEST_ALERT).read_to_end(&mut bytes).map_err(failed)?;
    }
    Alert::parse_webhook(&bytes).map_err(|why| {
        Failure::usage_error(format!("the alert `{file}` opens nothing: {why}"))
            .with_help("it takes the body that Alertmanager sends to a `webhook_config`")
    })
}

/// Notes the alert in the open incident of its group, and goes on there. `None` when there is no such incident.
fn record_repeated_alert(
    alert: &Alert,
    document: Option<&documents::OpenedDocument>,
    args: &OpenArgs,
    desk: &IncidentContext<'_>,
    now: &Now,
) -> Result<Option<Exit>, Failure> {
    if alert.group_key.is_empty() {
        return Ok(None);
    }
    let group = desk.author.masker.mask_text(&alert.group_key).into_owned();
    let same = |incident: &Incident| incident.state.opened.as_ref().is_some_and(|told| told.fact.alert_group == group);
    let open = desk.incidents.read_open().map_err(record_failure)?;
    let Some(mut incident) = open.into_iter().find(same) else { return Ok(None) };
    let act =
        incident::note_action(&format!("alerted again: {}\n{}", alert.title, alert.summary)).map_err(unclear_act)?;
    incident.record_facts(act.facts, &desk.author, now).map_err(record_failure)?;
    print_notices(&[format!("the incident `{}` is open for this alert already; noted there", incident.id())]);
    offer_run(&incident, Some(alert), document, args, desk).map(Some)
}

fn choose_severity(
    args: &OpenArgs,
    alert: Option<&Alert>,
    document: Option<&documents::OpenedDocument>,
    rules: &IncidentRules,
    desk: &IncidentContext<'_>,
) -> Result<String, Failure> {
    let known = |word: &str| -> Result<String, Failure> {
        if rules.severities.is_empty() {
            return incident::resolve_severity(&IncidentState::default(), word).map_err(unclear_act);
        }
        rules.find_severity(word).map(|found| found.name.clone()).ok_or_else(|| unknown_severity(word, rules))
    };
    if let Some(word) = &args.severity {
        return known(word);
    }
    if let Some(found) = alert.and_then(|alert| alert.find_severity(rules)) {
        return Ok(found.name.clone());
    }
    if let Some(word) = document.and_then(|document| document.runbook.front_matter.severity.as_deref()) {
        return known(word);
    }
    if rules.severities.is_empty() {
        return Ok(String::new());
    }
    if let Some(mut asker) = Asker::new(desk) {
        for found in &rules.severities {
            print_above(&format!(
                "  {}  {}",
                found.name,
                [found.title.as_str(), &found.impact].join(": ").trim_matches([':', ' '])
            ));
        }
        loop {
            let word = asker.ask_line("severity: ", "")?.unwrap_or_default();
            match known(&word) {
                Ok(found) => return Ok(found),
                Err(failure) => print_above(&failure.message),
            }
        }
    }
    let Some(alert) = alert else {
        let names = severity_names(rules);
        return Err(
            Failure::usage_error("an incident needs a severity").with_help(format!("give `--severity`: {names}"))
        );
    };
    // An unattended alert must still open its incident; the severity can be set later.
    let label = alert.severity.as_deref().unwrap_or("none");
    print_notices(&[format!(
        "the alert's severity `{label}` is none of the runbook's; set it: `runbook incident severity SEVERITY --reason TEXT`"
    )]);
    Ok(String::new())
}

fn unknown_severity(word: &str, rules: &IncidentRules) -> Failure {
    Failure::usage_error(format!("the runbook has no severity `{word}`"))
        .with_help(format!("it has {}", severity_names(rules)))
}

fn severity_names(rules: &IncidentRules) -> String {
    let names: Vec<_> = rules.severities.iter().map(|found| format!("`{}`", found.name)).collect();
    names.join(", ")
}

/// Lines for the operator about a new incident: its rules, its severity, and the items that are due.
fn describe_opened(incident: &Incident, document: Option<&documents::OpenedDocument>, now: &Now) -> Vec<String> {
    let state = &incident.state;
    let mut lines = vec![format!("opened `{}`: {} {}", incident.id(), state.severity, state.title())];
    match document {
        Some(document) => lines.push(format!("rules from {}", document.path.display())),
        None => lines.push("no runbook was found, so nothing is due by itself; `--runbook FILE` names one".to_owned()),
    }
    if let Some(level) = state.severity_rule() {
        let response = match &level.response {
            Some(Response::Immediate) => "answer at once".to_owned(),
            Some(Response::Within(within)) => format!("answer within {}", format_length(within.0)),
            Some(Response::NextBusinessDay) => "answer on the next business day".to_owned(),
            Some(Response::Words(words)) => format!("answer: {words}"),
            None => String::new(),
        };
        let about = [level.title.as_str(), level.impact.as_str(), &response];
        let about: Vec<_> = about.into_iter().filter(|part| !part.is_empty()).collect();
        lines.push(format!("{}: {}", level.name, about.join("; ")));
    }
    if let Some(declared) = state.clock_start().filter(|declared| declared.stated.is_some()) {
        lines.push(format!("declared at {}, as stated", format_utc_time(declared.effective_time())));
    }
    let mut lines_due = pressing_items(incident, now);
    if lines_due.is_empty() {
        lines_due.extend(list_obligations(state, now).first().map(|due| format!("next: {}", due.reminder_text())));
    }
    lines.extend(lines_due);
    lines
}

/// Prints the incident's id and the command line of the run that the alert asks for. With `--run`, starts that run.
fn offer_run(
    incident: &Incident,
    alert: Option<&Alert>,
    document: Option<&documents::OpenedDocument>,
    args: &OpenArgs,
    desk: &IncidentContext<'_>,
) -> Result<Exit, Failure> {
    let run = match (alert, document) {
        (Some(alert), Some(document)) => AlertRun::from_alert(incident, alert, document),
        _ => None,
    };
    if args.format == Format::Json {
        let value = json!({
            "schema": 1,
            "incident": incident.id(),
            "severity": incident.state.severity,
            "title": incident.state.title(),
            "run": run.as_ref().map(AlertRun::command_line),
        });
        print_data(&format!("{value:#}\n"))?;
    } else {
        print_data(&format!("{}\n", incident.id()))?;
        if let Some(run) = &run {
            let line: Vec<_> = run.command_line().iter().map(|word| quote_if_needed(word)).collect();
            print_notices(&[format!("go on with: {}", line.join(" "))]);
        }
    }
    match run {
        Some(run) if args.run => run.start_run(desk),
        None if args.run => {
            Err(Failure::usage_error("the alert names no procedure of the runbook, so nothing was started")
                .with_help("its annotation `runbook_url` ends in `#ANCHOR` of a section of the runbook"))
        }
        _ => Ok(Exit::Success),
    }
}

/// Quotes a word for a shell. Options and `FILE#anchor` need no quotes and get none.
fn quote_if_needed(word: &str) -> String {
    let is_option = word.strip_prefix("--").is_some_and(|name| name.bytes().all(|b| b.is_ascii_lowercase()));
    let without_anchor = word.replacen('#', "", 1);
    if is_option || quote_word(&without_anchor) == without_anchor { word.to_owned() } else { quote_word(word) }
}

/// The run that an alert asks for.
struct AlertRun {
    /// `FILE#ANCHOR` of the procedure.
    target: String,
    incident: IncidentId,
    /// `NAME=VALUE`, from labels of the alert that the procedure has inputs for.
    inputs: Vec<String>,
}

impl AlertRun {
    /// Finds the procedure that the alert names, and takes the values of its inputs from the alert's labels. `None` when the
    /// alert names no section of the document.
    fn from_alert(incident: &Incident, alert: &Alert, document: &documents::OpenedDocument) -> Option<Self> {
        let anchor = alert.runbook_anchor()?;
        let section = match document.runbook.select_section(anchor) {
            Ok(selected) => selected.section,
            Err(error) => {
                let path = document.path.display();
                print_notices(&[format!("the alert's procedure `#{anchor}` is not in `{path}`: {error}")]);
                return None;
            }
        };
        let found = document.runbook.sections.get(section)?;
        let is_file = |path: &str| Path::new(path).is_file();
        let plan = Planner::new(&document.runbook, &is_file).plan_section(section);
        let mut inputs = Vec::new();
        for (label, value) in &alert.labels {
            let input = plan.inputs.iter().find(|input| canonical_name(input.name.as_str()) == canonical_name(label));
            if let Some(input) = input.filter(|_| !is_secret_name(label)) {
                inputs.push(format!("{}={value}", input.name));
            }
        }
        let target = format!("{}#{}", document.path.display(), found.anchor);
        Some(Self { target, incident: incident.id().clone(), inputs })
    }

    /// The command line that starts the run, word by word.
    fn command_line(&self) -> Vec<String> {
        let mut words = vec!["runbook".to_owned(), "run".to_owned(), self.target.clone()];
        words.extend(["--incident".to_owned(), self.incident.to_string()]);
        for input in &self.inputs {
            words.extend(["--input".to_owned(), input.clone()]);
        }
        words
    }

    fn start_run(self, desk: &IncidentContext<'_>) -> Result<Exit, Failure> {
        let args = RunArgs {
            file: self.target,
            incident: Some(self.incident.to_string()),
            inputs: self.inputs,
            ..RunArgs::default()
        };
        run::run_procedure(&args, desk.color, desk.environment)
    }
}
