//! `runbook incident status`: fills in the runbook's message, records it, and prints it or gives it to a command.
//!
//! Invariant: the text is recorded before any command gets it. The document's command is shown first, and runs only after a yes; without
//! an operator it needs its own `--allow`.

use super::args::{AllowedHere, StatusArgs};
use super::ask::{Asker, print_above};
use super::context::IncidentContext;
use super::failure::{record_failure, unclear_act};
use crate::cli::error::{Exit, Failure};
use crate::cli::output::{print_data, print_notices};
use crate::document::Runbook;
use crate::history::{IncidentFact, StatusSent};
use crate::ident::Seq;
use crate::incident::{self, Incident, MessageChoice, MessageTemplate, Now, fill_choice, list_choices, list_messages};
use crate::kernel::{MessageSent, find_bash, send_message};
use crate::plan::{fill_message, message_fields, quote_word};
use crate::term::sanitize_code;
use std::path::Path;

/// Records and prints a status update, and sends it with `--send`. Fails before anything is recorded when it cannot be sent.
pub(super) fn update_status(args: &StatusArgs, desk: &IncidentContext<'_>) -> Result<Exit, Failure> {
    let mut incident = desk.find_open(args.which.incident.as_deref())?;
    let document = std::fs::read(incident.folder().document_path()).ok().map(|bytes| Runbook::parse_bytes(&bytes));
    let command = document.as_ref().and_then(|document| document.front_matter.message_command.clone());
    let mut asker = Asker::new(desk);
    // Check this before anything is asked or recorded.
    if args.send {
        check_sendable(args, command.as_deref(), asker.is_some())?;
    }
    let text = match &args.text {
        Some(text) => text.clone(),
        None => compose_message(args, document.as_ref(), asker.as_mut(), &IncidentContext::current_moment())?,
    };
    let text = desk.author.masker.mask_text(&text).into_owned();
    let now = IncidentContext::current_moment();
    let act = incident::status_action(&text).map_err(unclear_act)?;
    let told = act.confirmation.clone();
    let events = incident.record_facts(act.facts, &desk.author, &now).map_err(record_failure)?;
    let status = events.last().map_or(Seq(0), |event| event.seq);
    print_notices(&[told]);
    print_data(&format!("{}\n", crate::term::sanitize_text(text.trim_end())))?;
    match command.filter(|_| args.send) {
        Some(command) => send_update(&mut incident, &command, &text, status, asker, desk),
        None => Ok(Exit::Success),
    }
}

fn check_sendable(args: &StatusArgs, command: Option<&str>, attended: bool) -> Result<(), Failure> {
    let Some(command) = command else {
        return Err(Failure::usage_error("the runbook has no `message_command` to give the text to")
            .with_help("its front matter names one; without it, copy the text that is printed"));
    };
    if attended || args.allow.contains(&AllowedHere::MessageCommand) {
        return Ok(());
    }
    Err(Failure::usage_error(format!(
        "the runbook's command `{command}` is not run without a yes, and nobody is there to say it"
    ))
    .with_help("give `--allow message-command` to let it run"))
}

/// The runbook's message with its fields filled in, from flags or by the operator. Fails when there is no such message.
fn compose_message(
    args: &StatusArgs,
    document: Option<&Runbook>,
    asker: Option<&mut Asker>,
    now: &Now,
) -> Result<String, Failure> {
    let found = document.map(list_messages).unwrap_or_default();
    let message = match &args.message {
        Some(anchor) => {
            let anchor = anchor.trim_start_matches('#');
            found.iter().find(|message| message.anchor == anchor).ok_or_else(|| {
                let anchors: Vec<_> = found.iter().map(|message| format!("`{}`", message.anchor)).collect();
                let help = if anchors.is_empty() {
                    "it has no message".to_owned()
                } else {
                    format!("it has {}", anchors.join(", "))
                };
                Failure::usage_error(format!("the runbook has no message under `#{anchor}`")).with_help(help)
            })?
        }
        None => found.first().ok_or_else(|| {
            Failure::usage_error("the incident's runbook has no message to fill in").with_help(
                "give the whole text: `--text TEXT`; a message is a `markdown` or `text` fence with `[Fields]`",
            )
        })?,
    };
    let mut given = Vec::new();
    for field in &args.fields {
        let Some((name, value)) = field.split_once('=') else {
            return Err(
                Failure::usage_error(format!("`--field {field}` has no `=`")).with_help("write `--field NAME=VALUE`")
            );
        };
        given.push((name.trim().to_owned(), value.to_owned()));
    }
    fill_fields(message, &given, asker, now)
}

/// The message with its choices and fields filled in. A value comes from `given`, else from the operator, else from the clock.
/// Fails when nobody can be asked and something stays open.
fn fill_fields(
    message: &MessageTemplate,
    given: &[(String, String)],
    mut asker: Option<&mut Asker>,
    now: &Now,
) -> Result<String, Failure> {
    let names = message_fields(&message.text);
    let choices = list_choices(&message.text);
    refuse_unknown_fields(given, &names, &choices)?;
    if asker.is_some() {
        print_above(&format!("{}\n", message.text.trim_end()));
        print_above("Each field in turn; an empty one stays as it is.");
    }
    let mut text = message.text.clone();
    let mut open = Vec::new();
    for choice in &choices {
        let answer = match (given_value(given, &choice.label), asker.as_deref_mut()) {
            (Some(answer), _) => Some(answer),
            (None, Some(asker)) => {
                let options = choice.options.join(" / ");
                let typed = asker.ask_line(&format!("{} ({options}): ", choice.label), "")?;
                typed.map(|typed| match_option(&choice.options, &typed))
            }
            (None, None) => None,
        };
        match answer {
            Some(answer) => text = fill_choice(&text, &choice.label, &answer),
            None => open.push(choice.label.clone()),
        }
    }
    let mut values = Vec::new();
    for name in names {
        let value = match (given_value(given, &name), asker.as_deref_mut()) {
            (Some(value), _) => Some(value),
            (None, Some(asker)) => asker.ask_line(&format!("{name}: "), &suggest_time(&message.text, &name, now))?,
            (None, None) => Some(suggest_time(&message.text, &name, now)).filter(|value| !value.is_empty()),
        };
        match value {
            Some(value) => values.push((name, value)),
            None => open.push(name),
        }
    }
    if asker.is_none() && !open.is_empty() {
        let flags: Vec<_> =
            open.iter().map(|name| format!("`--field {}`", quote_word(&format!("{name}=VALUE")))).collect();
        return Err(Failure::usage_error("the message has fields that are not filled in")
            .with_help(format!("give {}", flags.join(", "))));
    }
    Ok(fill_message(&text, &values))
}

/// Fails when a flag names a field or a choice that the message does not have.
fn refuse_unknown_fields(
    given: &[(String, String)],
    names: &[String],
    choices: &[MessageChoice],
) -> Result<(), Failure> {
    let all = || names.iter().chain(choices.iter().map(|choice| &choice.label));
    let unknown = given.iter().find(|(name, _)| !all().any(|known| known.eq_ignore_ascii_case(name)));
    let Some((name, _)) = unknown else { return Ok(()) };
    let quoted: Vec<_> = all().map(|name| format!("`{name}`")).collect();
    let help =
        if quoted.is_empty() { "it has no fields".to_owned() } else { format!("its fields are {}", quoted.join(", ")) };
    Err(Failure::usage_error(format!("the message has no field `{name}`")).with_help(help))
}

/// The value that a flag gives to a field. An exact match of the name wins, because `TIME` and `Time` may be two fields.
fn given_value(given: &[(String, String)], name: &str) -> Option<String> {
    let exact = given.iter().find(|(known, _)| known == name);
    let found = exact.or_else(|| given.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
    found.map(|(_, value)| value.clone())
}

/// Matches typed words to the one option that begins so; other words are kept as they are.
fn match_option(options: &[String], typed: &str) -> String {
    let typed = typed.trim();
    let begins = |option: &&String| option.to_lowercase().starts_with(&typed.to_lowercase());
    let mut matching = options.iter().filter(begins);
    match (matching.next(), matching.next()) {
        (Some(only), None) => only.clone(),
        _ => typed.to_owned(),
    }
}

/// Suggests the current time for a field that is the time of the message itself. Empty for any other field, such as an ETA.
fn suggest_time(text: &str, field: &str, now: &Now) -> String {
    let asks = matches!(field.to_ascii_lowercase().as_str(), "time" | "now" | "timestamp" | "date");
    let line = text.lines().find(|line| line.contains(&format!("[{field}]"))).unwrap_or_default().to_lowercase();
    let of_another = ["next", "eta", "start", "began", "until", "expected"].iter().any(|word| line.contains(word));
    if asks && !of_another { now.at.utc.strftime("%H:%M UTC").to_string() } else { String::new() }
}

/// Runs the document's command with the text on its standard input, after the operator's yes, and records how it ended.
fn send_update(
    incident: &mut Incident,
    command: &str,
    text: &str,
    status: Seq,
    asker: Option<Asker>,
    desk: &IncidentContext<'_>,
) -> Result<Exit, Failure> {
    let path =
        incident.state.opened.as_ref().and_then(|told| told.fact.runbook.as_ref()).map(|runbook| runbook.path.clone());
    print_above(&format!("the runbook's command, which gets the text:\n    {}", sanitize_code(command)));
    if let Some(mut asker) = asker {
        let risk = crate::risk::judge_risk(command);
        print_above(&format!("risk: {:?}", risk.level).to_lowercase());
        let answer = asker.ask_line("run it? y/N: ", "")?.unwrap_or_default();
        if !matches!(answer.trim(), "y" | "yes") {
            print_notices(&["not sent; the update is recorded".to_owned()]);
            return Ok(Exit::Stopped);
        }
    }
    let bash = find_bash(desk.environment.get("PATH")).map_err(|error| Failure::usage_error(error.to_string()))?;
    let folder = path.as_deref().map(Path::new).and_then(Path::parent).filter(|folder| folder.is_dir());
    let sent = send_message(&bash, command, text, folder, incident.folder().folder_path());
    let MessageSent { exit, output } =
        sent.map_err(|error| Failure::usage_error(format!("bash cannot be started: {error}")))?;
    let fact = StatusSent { status, command: command.to_owned(), exit, output: output.clone() };
    incident
        .record_facts(vec![IncidentFact::StatusSent(fact)], &desk.author, &IncidentContext::current_moment())
        .map_err(record_failure)?;
    let shown = desk.author.masker.mask_text(output.trim_end()).into_owned();
    match exit {
        Some(0) => {
            print_notices(&["sent".to_owned()]);
            Ok(Exit::Success)
        }
        exit => {
            let how =
                exit.map_or_else(|| "did not end by itself".to_owned(), |exit| format!("failed with exit {exit}"));
            let failure = Failure { exit: Exit::CommandFailed, message: format!("`{command}` {how}"), help: None };
            Err(if shown.is_empty() { failure } else { failure.with_help(shown) })
        }
    }
}
