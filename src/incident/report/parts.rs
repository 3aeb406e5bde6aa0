//! The parts of a post-mortem that follow from the records.
//!
//! Invariant: every line names the event it comes from. What nobody stated or recorded is blank. Judgement is left to people.
//! Refuses to know: where a part goes in the text.

use super::records::{IncidentRecords, JournalRecord};
use super::template::TemplateParts;
use super::timeline::{RunNarrator, quote_words, render_timeline};
use crate::history::{CommandSource, Decision, Event, Fact, IncidentFact, Milestone, Outcome, RunResult};
use crate::incident::acts::format_utc_time;
use crate::incident::clock;
use crate::incident::measures::measure_incident;
use crate::incident::state::{IncidentState, RecordedFact};
use crate::transcript::{command_cell_code_span, command_code_span, describe_run_result, escape_inline};
use std::fmt::Write as _;

const COMMAND_CHARACTERS: usize = 100;

/// Renders every part that a template may ask for.
pub(super) fn render_parts(records: &IncidentRecords) -> TemplateParts {
    let state = IncidentState::from_events(&records.incident.events);
    let facts = [
        ("title", escape_inline(state.title())),
        ("severity", escape_inline(&state.severity)),
        ("incident", records.incident.id.to_string()),
        ("overview", render_overview(&state, records)),
        ("timeline", render_timeline(records)),
        ("impact", render_impact(&state, records)),
        ("measures", render_measures(&state, records)),
        ("actions", render_actions(&state, records)),
        ("deviations", render_deviations(records)),
        ("updates", render_status_updates(&state, records)),
        ("integrity", render_integrity(records)),
    ];
    let hint = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    TemplateParts {
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

fn render_overview(state: &IncidentState, records: &IncidentRecords) -> String {
    let record = &records.incident;
    let mut out = String::from("| Of the incident | As recorded | Event |\n|:--|:--|:--|\n");
    let mut row = |name: &str, value: &str, reference: &str| {
        if !value.is_empty() {
            // Writing to a string never fails.
            let _: std::fmt::Result = writeln!(out, "| {name} | {value} | {reference} |");
        }
    };
    let Some(opened) = &state.opened else { return "The record does not say how it was opened.".to_owned() };
    let first = record.event_reference(opened.seq);
    row("Incident", record.id.as_str(), &first);
    let title = state.severity_rule().map_or_else(String::new, |level| format!(" {}", escape_inline(&level.title)));
    row(
        "Severity",
        &format!("{}{title}", escape_inline(&state.severity)),
        &last_severity_change(record).unwrap_or_else(|| first.clone()),
    );
    row("Declared by", &quote_words(&opened.author), &first);
    let led = state.handovers.last().map_or_else(|| first.clone(), |recorded| record.event_reference(recorded.seq));
    row("Led by", &quote_words(&state.lead), &led);
    if let Some(runbook) = &opened.fact.runbook {
        let commit = runbook
            .git_commit
            .as_ref()
            .map_or_else(String::new, |commit| format!(", commit {}", command_cell_code_span(commit, 40)));
        let changed = if runbook.git_modified { ", with changes not committed" } else { "" };
        row(
            "Runbook",
            &format!("{} {}{commit}{changed}", quote_words(&runbook.title), command_cell_code_span(&runbook.path, 200)),
            &first,
        );
    }
    match &state.closed {
        Some(closed) => row("Closed", &format_utc_time(closed.when.recorded), &record.event_reference(closed.seq)),
        None => {
            row("Closed", "*not yet*", &state.last_seq.map(|last| record.event_reference(last)).unwrap_or_default());
        }
    }
    out
}

/// Reference to the last change of severity; `None` if it was never changed.
fn last_severity_change(record: &JournalRecord) -> Option<String> {
    let changes = |event: &&Event| matches!(&event.fact, Fact::Incident(incident) if matches!(incident.what, IncidentFact::SeverityChanged(_)));
    record.events.iter().rev().find(changes).map(|event| record.event_reference(event.seq))
}

fn render_impact(state: &IncidentState, records: &IncidentRecords) -> String {
    let record = &records.incident;
    let mut out = String::new();
    let mut line = |text: &str, reference: &str| {
        let _: std::fmt::Result = writeln!(out, "- {text} ({reference})");
    };
    for event in &record.events {
        let Fact::Incident(incident) = &event.fact else { continue };
        let reference = record.event_reference(event.seq);
        match &incident.what {
            IncidentFact::Opened(opened) => {
                let level = opened.rules.find_severity(&opened.severity);
                let means = level.filter(|level| !level.impact.is_empty());
                let means = means.map_or_else(String::new, |level| format!(": {}", quote_words(&level.impact)));
                let severity = if opened.severity.is_empty() {
                    "without a severity".to_owned()
                } else {
                    format!("as {}", escape_inline(&opened.severity))
                };
                line(&format!("Declared {severity}{means}"), &reference);
                for alert in opened.alert.lines().take(20) {
                    line(&format!("Alert: {}", quote_words(alert)), &reference);
                }
            }
            IncidentFact::SeverityChanged(changed) => {
                let level = state.rules().and_then(|rules| rules.find_severity(&changed.to));
                let means = level.filter(|level| !level.impact.is_empty());
                let means = means.map_or_else(String::new, |level| format!(": {}", quote_words(&level.impact)));
                line(
                    &format!("{} from then on{means}; {}", escape_inline(&changed.to), quote_words(&changed.reason)),
                    &reference,
                );
            }
            _ => {}
        }
    }
    for milestone in [Milestone::ImpactStart, Milestone::Mitigated] {
        let what =
            if milestone == Milestone::ImpactStart { "It began" } else { "It was over for those who noticed it" };
        let _: std::fmt::Result = match state.milestones.get(&milestone) {
            Some(recorded) => {
                writeln!(out, "- {what} at {} ({})", describe_time(recorded), record.event_reference(recorded.seq))
            }
            None => writeln!(out, "- {what}: *blank, `{milestone}` is not set*"),
        };
    }
    out
}

fn describe_time(recorded: &RecordedFact<String>) -> String {
    let how = match (&recorded.when.stated, recorded.fact.as_str()) {
        (None, _) => String::new(),
        (Some(_), "") => ", as stated".to_owned(),
        (Some(_), source) => format!(", as stated by {}", quote_words(source)),
    };
    format!("{}{how}", format_utc_time(recorded.when.effective_time()))
}

fn render_measures(state: &IncidentState, records: &IncidentRecords) -> String {
    let record = &records.incident;
    let mut out = String::from("| Milestone | When | Event |\n|:--|:--|:--|\n");
    for milestone in Milestone::ALL {
        let (when, reference) = match state.milestones.get(&milestone) {
            Some(recorded) => (describe_time(recorded), record.event_reference(recorded.seq)),
            None => ("*blank*".to_owned(), String::new()),
        };
        let _: std::fmt::Result = writeln!(out, "| {milestone} | {when} | {reference} |");
    }
    out.push_str("\n| Measure | Length | From and to | Events |\n|:--|:--|:--|:--|\n");
    for measure in measure_incident(state) {
        let reference =
            |milestone| state.milestones.get(&milestone).map(|recorded| record.event_reference(recorded.seq));
        let references: Vec<String> = [measure.from, measure.to].into_iter().filter_map(reference).collect();
        let text = if measure.length.is_ok() {
            format!("**{}**", measure.length_text())
        } else {
            format!("*{}*", measure.length_text())
        };
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

fn render_actions(state: &IncidentState, records: &IncidentRecords) -> String {
    let mut out = String::new();
    let mut line = |text: &str, reference: &str| {
        let _: std::fmt::Result = writeln!(out, "- {text} ({reference})");
    };
    for (record, recorded) in records.runs.iter().zip(&state.runs) {
        let teller = RunNarrator::new(record);
        let joined = &recorded.fact;
        let procedure = command_code_span(&format!("{}#{}", joined.path, joined.procedure), 200);
        let result = record.events.iter().rev().find_map(|event| match &event.fact {
            Fact::RunFinished(finished) => {
                Some((describe_run_result(finished.result), record.event_reference(event.seq)))
            }
            _ => None,
        });
        let first = record
            .events
            .first()
            .map_or_else(|| records.incident.event_reference(recorded.seq), |event| record.event_reference(event.seq));
        let (result, references) = match result {
            Some((result, last)) => (result, format!("{first} to {last}")),
            None if record.damage.is_empty() => (open_run_result(), first),
            None => ("its record cannot be read", first),
        };
        let who =
            teller.run_started().map_or_else(|| quote_words(&recorded.author), |started| quote_words(&started.user));
        line(
            &format!("{who} ran **{}**, {procedure}: {result}, {}", quote_words(&joined.title), count_commands(record)),
            &references,
        );
        for event in &record.events {
            match &event.fact {
                Fact::Decided(decided) if decided.decision == Decision::Done => {
                    let (title, _) = teller.describe_step(&decided.step);
                    let how = quote_words(&decided.reason);
                    let how = if how.is_empty() { how } else { format!(": {how}") };
                    line(&format!("Done by hand: {title}{how}"), &record.event_reference(event.seq));
                }
                Fact::CommandStarted(started)
                    if matches!(started.source, CommandSource::Own | CommandSource::Edited(_)) =>
                {
                    let what = if started.source == CommandSource::Own { "Own command" } else { "Changed command" };
                    let text = command_code_span(&started.text, COMMAND_CHARACTERS);
                    line(
                        &format!("{what}: {text}, {}", teller.describe_result(event.seq)),
                        &record.event_reference(event.seq),
                    );
                }
                _ => {}
            }
        }
    }
    for recorded in &state.escalations {
        line(
            &format!(
                "Escalated to {} at {}",
                quote_words(&recorded.fact.to),
                format_utc_time(recorded.when.effective_time())
            ),
            &records.incident.event_reference(recorded.seq),
        );
    }
    for recorded in &state.handovers {
        line(
            &format!("Handed over to {}", quote_words(&recorded.fact.to)),
            &records.incident.event_reference(recorded.seq),
        );
    }
    if out.is_empty() { "Nothing is recorded.".to_owned() } else { out }
}

fn open_run_result() -> &'static str {
    "no end is recorded"
}

/// Counts the commands of a run: `12 commands, 1 failed`.
fn count_commands(record: &JournalRecord) -> String {
    let started = record.events.iter().filter(|event| matches!(event.fact, Fact::CommandStarted(_))).count();
    let failed = record.events.iter().filter(|event| match &event.fact {
        Fact::CommandFinished(finished) => !finished.outcome.allows_next_command(),
        _ => false,
    });
    let commands = if started == 1 { "1 command".to_owned() } else { format!("{started} commands") };
    match failed.count() {
        0 => commands,
        failed => format!("{commands}, {failed} failed"),
    }
}

fn render_deviations(records: &IncidentRecords) -> String {
    let mut out = String::new();
    for record in &records.runs {
        let teller = RunNarrator::new(record);
        for event in &record.events {
            let what = match &event.fact {
                Fact::Decided(decided) => {
                    let (title, is_task) = teller.describe_step(&decided.step);
                    let label = match decided.decision {
                        Decision::Skip => "Skipped",
                        Decision::GoOn => "Went on past a failure",
                        Decision::Decline => "Declined",
                        Decision::Done if !is_task => "Done by other means",
                        _ => continue,
                    };
                    let reason = quote_words(&decided.reason);
                    let reason = if reason.is_empty() { ", no reason given".to_owned() } else { format!(": {reason}") };
                    format!("**{label}**: {title}{reason}")
                }
                Fact::CommandStarted(started) => {
                    let finished = teller.command_finished(event.seq);
                    let labels = [
                        (started.source == CommandSource::Own).then_some("own command"),
                        matches!(started.source, CommandSource::Edited(_)).then_some("edited"),
                        (started.attempt > 1).then_some("again"),
                        finished.is_none().then_some("no end recorded"),
                        finished.is_some_and(|finished| !finished.outcome.allows_next_command()).then_some("failed"),
                        finished
                            .is_some_and(|finished| matches!(finished.outcome, Outcome::Negative(_)))
                            .then_some("negative"),
                    ];
                    let labels: Vec<&str> = labels.into_iter().flatten().collect();
                    if labels.is_empty() {
                        continue;
                    }
                    let text = command_code_span(&started.text, COMMAND_CHARACTERS);
                    format!(
                        "**{}**: {text}, {}",
                        capitalize_first(&labels.join(", ")),
                        teller.describe_result(event.seq)
                    )
                }
                Fact::ShellDied(died) => format!("**The shell died**: {}", quote_words(&died.how)),
                Fact::RecordFailed(failed) => format!("**The record failed**: {}", quote_words(&failed.why)),
                Fact::RunFinished(finished) if finished.result != RunResult::Completed => {
                    format!(
                        "**The run ended as {}**: {}",
                        describe_run_result(finished.result),
                        quote_words(&finished.reason)
                    )
                }
                _ => continue,
            };
            let _: std::fmt::Result =
                writeln!(out, "- {} ({})", what.trim_end_matches([':', ' ']), record.event_reference(event.seq));
        }
    }
    if out.is_empty() { "None: what was run was run as the runbook has it.".to_owned() } else { out }
}

fn capitalize_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn render_status_updates(state: &IncidentState, records: &IncidentRecords) -> String {
    let mut out = String::new();
    for recorded in &state.status_updates {
        let head = format!(
            "{}, by {} ({})",
            format_utc_time(recorded.when.effective_time()),
            quote_words(&recorded.author),
            records.incident.event_reference(recorded.seq)
        );
        let _: std::fmt::Result = writeln!(out, "- {head}\n");
        for line in recorded.fact.trim_end().lines() {
            let _: std::fmt::Result = writeln!(out, "  > {}  ", escape_inline(line).trim_end());
        }
        out.push('\n');
    }
    let asked = state.rules().and_then(|rules| rules.updates);
    if out.is_empty() {
        let every = asked.map_or_else(String::new, |every| {
            format!("; the runbook asks for one every {}", clock::format_length(every.most.0))
        });
        return format!("None is recorded{every}.");
    }
    out
}

fn render_integrity(records: &IncidentRecords) -> String {
    let short = records.incident.id.random_part();
    let mut out = format!(
        "Made from these records; `{short}#1` above is event 1 of the record whose id ends in `{short}`. Each was checked when \
         this was made.\n\n| Record | Events | As it was written | Receipt |\n|:--|--:|:--|:--|\n"
    );
    for record in std::iter::once(&records.incident).chain(&records.runs) {
        let whole = if record.damage.is_empty() {
            "yes".to_owned()
        } else {
            format!("**no**: {}", quote_words(&record.damage))
        };
        let receipt = record.receipt.as_ref().map_or_else(String::new, |receipt| format!("`{receipt}`"));
        let _: std::fmt::Result = writeln!(out, "| {} | {} | {whole} | {receipt} |", record.id, record.events.len());
    }
    out.push_str("\nA record proves what was written, not that nothing was left out: compare the receipts with copies kept elsewhere.\n");
    out
}
