//! The parts of a post-mortem that follow from the records.
//!
//! Invariant: every line names the event it comes from. What nobody stated or recorded is blank. Judgement is left to people.
//! Refuses to know: where a part goes in the text.

use super::records::{Record, Records};
use super::template::Parts;
use super::timeline::{Teller, timeline, words};
use crate::history::{CommandSource, Decision, Event, Fact, IncidentFact, Milestone, Outcome, RunResult};
use crate::incident::acts::stamp;
use crate::incident::clock;
use crate::incident::measures::measures;
use crate::incident::state::{State, Told};
use crate::transcript::{command, command_in_cell, inline, run_result};
use std::fmt::Write as _;

const COMMAND_CHARACTERS: usize = 100;

/// Renders every part that a template may ask for.
pub(super) fn parts(records: &Records) -> Parts {
    let state = State::of(&records.incident.events);
    let facts = [
        ("title", inline(state.title())),
        ("severity", inline(&state.severity)),
        ("incident", records.incident.id.to_string()),
        ("overview", overview(&state, records)),
        ("timeline", timeline(records)),
        ("impact", impact(&state, records)),
        ("measures", measured(&state, records)),
        ("actions", actions(&state, records)),
        ("deviations", deviations(records)),
        ("updates", updates(&state, records)),
        ("integrity", integrity(records)),
    ];
    let hint = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    Parts {
        facts: facts.into(),
        hints: [
            hint("summary", "To be written: in three sentences, what happened and how it ended."),
            hint("impact", "To be written: who noticed what, how many they were, what it cost."),
            hint("root-cause", "To be written: why it happened, and why it could."),
            hint("went-well", "To be written."),
            hint("went-badly", "To be written."),
            hint("lessons", "To be written: what we know now and did not know before."),
            hint("action-items", "To be written: what is done, by whom, until when, so that it does not happen again."),
            hint("actions", "To be written: what was done beside the commands."),
        ]
        .into(),
    }
}

fn overview(state: &State, records: &Records) -> String {
    let record = &records.incident;
    let mut out = String::from("| Of the incident | As recorded | Event |\n|:--|:--|:--|\n");
    let mut row = |name: &str, value: &str, reference: &str| {
        if !value.is_empty() {
            // Writing to a string never fails.
            let _: std::fmt::Result = writeln!(out, "| {name} | {value} | {reference} |");
        }
    };
    let Some(opened) = &state.opened else { return "The record does not say how it was opened.".to_owned() };
    let first = record.reference(opened.seq);
    row("Incident", record.id.as_str(), &first);
    let title = state.level().map_or_else(String::new, |level| format!(" {}", inline(&level.title)));
    row(
        "Severity",
        &format!("{}{title}", inline(&state.severity)),
        &severity_event(record).unwrap_or_else(|| first.clone()),
    );
    row("Declared by", &words(&opened.by), &first);
    let led = state.handed_over.last().map_or_else(|| first.clone(), |recorded| record.reference(recorded.seq));
    row("Led by", &words(&state.lead), &led);
    if let Some(runbook) = &opened.what.runbook {
        let commit = runbook
            .git_commit
            .as_ref()
            .map_or_else(String::new, |commit| format!(", commit {}", command_in_cell(commit, 40)));
        let changed = if runbook.git_modified { ", with changes not committed" } else { "" };
        row(
            "Runbook",
            &format!("{} {}{commit}{changed}", words(&runbook.title), command_in_cell(&runbook.path, 200)),
            &first,
        );
    }
    match &state.closed {
        Some(closed) => row("Closed", &stamp(closed.when.recorded), &record.reference(closed.seq)),
        None => row("Closed", "*not yet*", &state.last.map(|last| record.reference(last)).unwrap_or_default()),
    }
    out
}

/// Reference to the last change of severity; `None` if it was never changed.
fn severity_event(record: &Record) -> Option<String> {
    let changes = |event: &&Event| matches!(&event.fact, Fact::Incident(incident) if matches!(incident.what, IncidentFact::SeverityChanged(_)));
    record.events.iter().rev().find(changes).map(|event| record.reference(event.seq))
}

fn impact(state: &State, records: &Records) -> String {
    let record = &records.incident;
    let mut out = String::new();
    let mut line = |text: &str, reference: &str| {
        let _: std::fmt::Result = writeln!(out, "- {text} ({reference})");
    };
    for event in &record.events {
        let Fact::Incident(incident) = &event.fact else { continue };
        let reference = record.reference(event.seq);
        match &incident.what {
            IncidentFact::Opened(opened) => {
                let level = opened.rules.severity(&opened.severity);
                let means = level.filter(|level| !level.impact.is_empty());
                let means = means.map_or_else(String::new, |level| format!(": {}", words(&level.impact)));
                let severity = if opened.severity.is_empty() {
                    "without a severity".to_owned()
                } else {
                    format!("as {}", inline(&opened.severity))
                };
                line(&format!("Declared {severity}{means}"), &reference);
                for alert in opened.alert.lines().take(20) {
                    line(&format!("Alert: {}", words(alert)), &reference);
                }
            }
            IncidentFact::SeverityChanged(changed) => {
                let level = state.rules().and_then(|rules| rules.severity(&changed.to));
                let means = level.filter(|level| !level.impact.is_empty());
                let means = means.map_or_else(String::new, |level| format!(": {}", words(&level.impact)));
                line(&format!("{} from then on{means}; {}", inline(&changed.to), words(&changed.reason)), &reference);
            }
            _ => {}
        }
    }
    for milestone in [Milestone::ImpactStart, Milestone::Mitigated] {
        let what =
            if milestone == Milestone::ImpactStart { "It began" } else { "It was over for those who noticed it" };
        let _: std::fmt::Result = match state.reached.get(&milestone) {
            Some(recorded) => writeln!(out, "- {what} at {} ({})", time_of(recorded), record.reference(recorded.seq)),
            None => writeln!(out, "- {what}: *blank, `{milestone}` is not set*"),
        };
    }
    out
}

fn time_of(recorded: &Told<String>) -> String {
    let how = match (&recorded.when.stated, recorded.what.as_str()) {
        (None, _) => String::new(),
        (Some(_), "") => ", as stated".to_owned(),
        (Some(_), source) => format!(", as stated by {}", words(source)),
    };
    format!("{}{how}", stamp(recorded.when.time()))
}

fn measured(state: &State, records: &Records) -> String {
    let record = &records.incident;
    let mut out = String::from("| Milestone | When | Event |\n|:--|:--|:--|\n");
    for milestone in Milestone::ALL {
        let (when, reference) = match state.reached.get(&milestone) {
            Some(recorded) => (time_of(recorded), record.reference(recorded.seq)),
            None => ("*blank*".to_owned(), String::new()),
        };
        let _: std::fmt::Result = writeln!(out, "| {milestone} | {when} | {reference} |");
    }
    out.push_str("\n| Measure | Length | From and to | Events |\n|:--|:--|:--|:--|\n");
    for measure in measures(state) {
        let reference = |milestone| state.reached.get(&milestone).map(|recorded| record.reference(recorded.seq));
        let references: Vec<String> = [measure.from, measure.to].into_iter().filter_map(reference).collect();
        let text =
            if measure.length.is_ok() { format!("**{}**", measure.text()) } else { format!("*{}*", measure.text()) };
        let _: std::fmt::Result = writeln!(
            out,
            "| {}, {} | {text} | {} to {} | {} |",
            measure.name,
            measure.title,
            measure.from,
            measure.to,
            references.join(", ")
        );
    }
    out
}

fn actions(state: &State, records: &Records) -> String {
    let mut out = String::new();
    let mut line = |text: &str, reference: &str| {
        let _: std::fmt::Result = writeln!(out, "- {text} ({reference})");
    };
    for (record, recorded) in records.runs.iter().zip(&state.runs) {
        let teller = Teller::new(record);
        let joined = &recorded.what;
        let procedure = command(&format!("{}#{}", joined.path, joined.procedure), 200);
        let result = record.events.iter().rev().find_map(|event| match &event.fact {
            Fact::RunFinished(finished) => Some((run_result(finished.result), record.reference(event.seq))),
            _ => None,
        });
        let first = record
            .events
            .first()
            .map_or_else(|| records.incident.reference(recorded.seq), |event| record.reference(event.seq));
        let (result, references) = match result {
            Some((result, last)) => (result, format!("{first} to {last}")),
            None if record.wrong.is_empty() => (run_result_of_open(), first),
            None => ("its record cannot be read", first),
        };
        let who = teller.started().map_or_else(|| words(&recorded.by), |started| words(&started.user));
        line(
            &format!("{who} ran **{}**, {procedure}: {result}, {}", words(&joined.title), counts(record)),
            &references,
        );
        for event in &record.events {
            match &event.fact {
                Fact::Decided(decided) if decided.decision == Decision::Done => {
                    let (title, _) = teller.step(&decided.step);
                    let how = words(&decided.reason);
                    let how = if how.is_empty() { how } else { format!(": {how}") };
                    line(&format!("Done by hand: {title}{how}"), &record.reference(event.seq));
                }
                Fact::CommandStarted(started)
                    if matches!(started.source, CommandSource::Own | CommandSource::Edited(_)) =>
                {
                    let what = if started.source == CommandSource::Own { "Own command" } else { "Changed command" };
                    let text = command(&started.text, COMMAND_CHARACTERS);
                    line(&format!("{what}: {text}, {}", teller.result(event.seq)), &record.reference(event.seq));
                }
                _ => {}
            }
        }
    }
    for recorded in &state.escalated {
        line(
            &format!("Escalated to {} at {}", words(&recorded.what.to), stamp(recorded.when.time())),
            &records.incident.reference(recorded.seq),
        );
    }
    for recorded in &state.handed_over {
        line(&format!("Handed over to {}", words(&recorded.what.to)), &records.incident.reference(recorded.seq));
    }
    if out.is_empty() { "Nothing is recorded.".to_owned() } else { out }
}

fn run_result_of_open() -> &'static str {
    "no end is recorded"
}

/// Counts the commands of a run: `12 commands, 1 failed`.
fn counts(record: &Record) -> String {
    let started = record.events.iter().filter(|event| matches!(event.fact, Fact::CommandStarted(_))).count();
    let failed = record.events.iter().filter(|event| match &event.fact {
        Fact::CommandFinished(finished) => !finished.outcome.goes_on(),
        _ => false,
    });
    let commands = if started == 1 { "1 command".to_owned() } else { format!("{started} commands") };
    match failed.count() {
        0 => commands,
        failed => format!("{commands}, {failed} failed"),
    }
}

fn deviations(records: &Records) -> String {
    let mut out = String::new();
    for record in &records.runs {
        let teller = Teller::new(record);
        for event in &record.events {
            let what = match &event.fact {
                Fact::Decided(decided) => {
                    let (title, is_task) = teller.step(&decided.step);
                    let label = match decided.decision {
                        Decision::Skip => "Skipped",
                        Decision::GoOn => "Went on past a failure",
                        Decision::Decline => "Declined",
                        Decision::Done if !is_task => "Done by other means",
                        _ => continue,
                    };
                    let reason = words(&decided.reason);
                    let reason = if reason.is_empty() { ", no reason given".to_owned() } else { format!(": {reason}") };
                    format!("**{label}**: {title}{reason}")
                }
                Fact::CommandStarted(started) => {
                    let finished = teller.finished(event.seq);
                    let labels = [
                        (started.source == CommandSource::Own).then_some("own command"),
                        matches!(started.source, CommandSource::Edited(_)).then_some("edited"),
                        (started.attempt > 1).then_some("again"),
                        finished.is_none().then_some("no end recorded"),
                        finished.is_some_and(|finished| !finished.outcome.goes_on()).then_some("failed"),
                        finished
                            .is_some_and(|finished| matches!(finished.outcome, Outcome::Negative(_)))
                            .then_some("negative"),
                    ];
                    let labels: Vec<&str> = labels.into_iter().flatten().collect();
                    if labels.is_empty() {
                        continue;
                    }
                    let text = command(&started.text, COMMAND_CHARACTERS);
                    format!("**{}**: {text}, {}", capitalized(&labels.join(", ")), teller.result(event.seq))
                }
                Fact::ShellDied(died) => format!("**The shell died**: {}", words(&died.how)),
                Fact::RecordFailed(failed) => format!("**The record failed**: {}", words(&failed.why)),
                Fact::RunFinished(finished) if finished.result != RunResult::Completed => {
                    format!("**The run ended as {}**: {}", run_result(finished.result), words(&finished.reason))
                }
                _ => continue,
            };
            let _: std::fmt::Result =
                writeln!(out, "- {} ({})", what.trim_end_matches([':', ' ']), record.reference(event.seq));
        }
    }
    if out.is_empty() { "None: what was run was run as the runbook has it.".to_owned() } else { out }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn updates(state: &State, records: &Records) -> String {
    let mut out = String::new();
    for recorded in &state.statuses {
        let head = format!(
            "{}, by {} ({})",
            stamp(recorded.when.time()),
            words(&recorded.by),
            records.incident.reference(recorded.seq)
        );
        let _: std::fmt::Result = writeln!(out, "- {head}\n");
        for line in recorded.what.trim_end().lines() {
            let _: std::fmt::Result = writeln!(out, "  > {}  ", inline(line).trim_end());
        }
        out.push('\n');
    }
    let asked = state.rules().and_then(|rules| rules.updates);
    if out.is_empty() {
        let every = asked.map_or_else(String::new, |every| {
            format!("; the runbook asks for one every {}", clock::words(every.most.0))
        });
        return format!("None is recorded{every}.");
    }
    out
}

fn integrity(records: &Records) -> String {
    let short = records.incident.id.short();
    let mut out = format!(
        "Made from these records; `{short}#1` above is event 1 of the record whose id ends in `{short}`. Each was checked when \
         this was made.\n\n| Record | Events | As it was written | Receipt |\n|:--|--:|:--|:--|\n"
    );
    for record in std::iter::once(&records.incident).chain(&records.runs) {
        let whole =
            if record.wrong.is_empty() { "yes".to_owned() } else { format!("**no**: {}", words(&record.wrong)) };
        let receipt = record.receipt.as_ref().map_or_else(String::new, |receipt| format!("`{receipt}`"));
        let _: std::fmt::Result = writeln!(out, "| {} | {} | {whole} | {receipt} |", record.id, record.events.len());
    }
    out.push_str("\nA record proves what was written, not that nothing was left out: compare the receipts with copies kept elsewhere.\n");
    out
}
