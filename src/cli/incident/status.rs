//! `runbook incident status`: fills in the runbook's message, records it, and prints it or gives it to a command.
//!
//! Invariant: the text is recorded before any command gets it. The document's command is shown first, and runs only after a yes; without
//! an operator it needs its own `--allow`.

use super::args::{AllowedHere, StatusArgs};
use super::ask::{Asker, tell};
use super::context::Desk;
use super::failure::{record_failure, unclear};
use crate::cli::error::{Exit, Failure};
use crate::cli::output::{print_data, print_notices};
use crate::document::Runbook;
use crate::history::{IncidentFact, StatusSent};
use crate::ident::Seq;
use crate::incident::{self, Choice, Incident, Message, Now, choices, choose, messages};
use crate::kernel::{MessageSent, find_bash, send_message};
use crate::plan::{fields, fill, quote};
use crate::term::sanitize_code;
use std::path::Path;

/// Records and prints a status update, and sends it with `--send`. Fails before anything is recorded when it cannot be sent.
pub(super) fn status(args: &StatusArgs, desk: &Desk<'_>) -> Result<Exit, Failure> {
    let mut incident = desk.open(args.which.incident.as_deref())?;
    let document = std::fs::read(incident.folder().document()).ok().map(|bytes| Runbook::parse(&bytes));
    let command = document.as_ref().and_then(|document| document.front_matter.message_command.clone());
    let mut asker = Asker::new(desk);
    // Check this before anything is asked or recorded.
    if args.send {
        sendable(args, command.as_deref(), asker.is_some())?;
    }
    let text = match &args.text {
        Some(text) => text.clone(),
        None => filled(args, document.as_ref(), asker.as_mut(), &Desk::now())?,
    };
    let text = desk.author.masker.text(&text).into_owned();
    let now = Desk::now();
    let act = incident::status(&text).map_err(unclear)?;
    let told = act.told.clone();
    let events = incident.record(act.facts, &desk.author, &now).map_err(record_failure)?;
    let status = events.last().map_or(Seq(0), |event| event.seq);
    print_notices(&[told]);
    print_data(&format!("{}\n", crate::term::sanitize(text.trim_end())))?;
    match command.filter(|_| args.send) {
        Some(command) => send(&mut incident, &command, &text, status, asker, desk),
        None => Ok(Exit::Success),
    }
}

fn sendable(args: &StatusArgs, command: Option<&str>, attended: bool) -> Result<(), Failure> {
    let Some(command) = command else {
        return Err(Failure::usage("the runbook has no `message_command` to give the text to")
            .help("its front matter names one; without it, copy the text that is printed"));
    };
    if attended || args.allow.contains(&AllowedHere::MessageCommand) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "the runbook's command `{command}` is not run without a yes, and nobody is there to say it"
    ))
    .help("give `--allow message-command` to let it run"))
}

/// The runbook's message with its fields filled in, from flags or by the operator. Fails when there is no such message.
fn filled(
    args: &StatusArgs,
    document: Option<&Runbook>,
    asker: Option<&mut Asker>,
    now: &Now,
) -> Result<String, Failure> {
    let found = document.map(messages).unwrap_or_default();
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
                Failure::usage(format!("the runbook has no message under `#{anchor}`")).help(help)
            })?
        }
        None => found.first().ok_or_else(|| {
            Failure::usage("the incident's runbook has no message to fill in")
                .help("give the whole text: `--text TEXT`; a message is a `markdown` or `text` fence with `[Fields]`")
        })?,
    };
    let mut given = Vec::new();
    for field in &args.fields {
        let Some((name, value)) = field.split_once('=') else {
            return Err(Failure::usage(format!("`--field {field}` has no `=`")).help("write `--field NAME=VALUE`"));
        };
        given.push((name.trim().to_owned(), value.to_owned()));
    }
    fill_in(message, &given, asker, now)
}

/// The message with its choices and fields filled in. A value comes from `given`, else from the operator, else from the clock.
/// Fails when nobody can be asked and something stays open.
fn fill_in(
    message: &Message,
    given: &[(String, String)],
    mut asker: Option<&mut Asker>,
    now: &Now,
) -> Result<String, Failure> {
    let names = fields(&message.text);
    let choices = choices(&message.text);
    refuse_unknown_fields(given, &names, &choices)?;
    if asker.is_some() {
        tell(&format!("{}\n", message.text.trim_end()));
        tell("Each field in turn; an empty one stays as it is.");
    }
    let mut text = message.text.clone();
    let mut open = Vec::new();
    for choice in &choices {
        let answer = match (given_value(given, &choice.label), asker.as_deref_mut()) {
            (Some(answer), _) => Some(answer),
            (None, Some(asker)) => {
                let options = choice.options.join(" / ");
                let typed = asker.ask(&format!("{} ({options}): ", choice.label), "")?;
                typed.map(|typed| among(&choice.options, &typed))
            }
            (None, None) => None,
        };
        match answer {
            Some(answer) => text = choose(&text, &choice.label, &answer),
            None => open.push(choice.label.clone()),
        }
    }
    let mut values = Vec::new();
    for name in names {
        let value = match (given_value(given, &name), asker.as_deref_mut()) {
            (Some(value), _) => Some(value),
            (None, Some(asker)) => asker.ask(&format!("{name}: "), &suggestion(&message.text, &name, now))?,
            (None, None) => Some(suggestion(&message.text, &name, now)).filter(|value| !value.is_empty()),
        };
        match value {
            Some(value) => values.push((name, value)),
            None => open.push(name),
        }
    }
    if asker.is_none() && !open.is_empty() {
        let flags: Vec<_> = open.iter().map(|name| format!("`--field {}`", quote(&format!("{name}=VALUE")))).collect();
        return Err(
            Failure::usage("the message has fields that are not filled in").help(format!("give {}", flags.join(", ")))
        );
    }
    Ok(fill(&text, &values))
}

/// Fails when a flag names a field or a choice that the message does not have.
fn refuse_unknown_fields(given: &[(String, String)], names: &[String], choices: &[Choice]) -> Result<(), Failure> {
    let all = || names.iter().chain(choices.iter().map(|choice| &choice.label));
    let unknown = given.iter().find(|(name, _)| !all().any(|known| known.eq_ignore_ascii_case(name)));
    let Some((name, _)) = unknown else { return Ok(()) };
    let quoted: Vec<_> = all().map(|name| format!("`{name}`")).collect();
    let help =
        if quoted.is_empty() { "it has no fields".to_owned() } else { format!("its fields are {}", quoted.join(", ")) };
    Err(Failure::usage(format!("the message has no field `{name}`")).help(help))
}

/// The value that a flag gives to a field. An exact match of the name wins, because `TIME` and `Time` may be two fields.
fn given_value(given: &[(String, String)], name: &str) -> Option<String> {
    let exact = given.iter().find(|(known, _)| known == name);
    let found = exact.or_else(|| given.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
    found.map(|(_, value)| value.clone())
}

/// Matches typed words to the one option that begins so; other words are kept as they are.
fn among(options: &[String], typed: &str) -> String {
    let typed = typed.trim();
    let begins = |option: &&String| option.to_lowercase().starts_with(&typed.to_lowercase());
    let mut matching = options.iter().filter(begins);
    match (matching.next(), matching.next()) {
        (Some(only), None) => only.clone(),
        _ => typed.to_owned(),
    }
}

/// Suggests the current time for a field that is the time of the message itself. Empty for any other field, such as an ETA.
fn suggestion(text: &str, field: &str, now: &Now) -> String {
    let asks = matches!(field.to_ascii_lowercase().as_str(), "time" | "now" | "timestamp" | "date");
    let line = text.lines().find(|line| line.contains(&format!("[{field}]"))).unwrap_or_default().to_lowercase();
    let of_another = ["next", "eta", "start", "began", "until", "expected"].iter().any(|word| line.contains(word));
    if asks && !of_another { now.at.utc.strftime("%H:%M UTC").to_string() } else { String::new() }
}

/// Runs the document's command with the text on its standard input, after the operator's yes, and records how it ended.
fn send(
    incident: &mut Incident,
    command: &str,
    text: &str,
    status: Seq,
    asker: Option<Asker>,
    desk: &Desk<'_>,
) -> Result<Exit, Failure> {
    let path =
        incident.state.opened.as_ref().and_then(|told| told.what.runbook.as_ref()).map(|runbook| runbook.path.clone());
    tell(&format!("the runbook's command, which gets the text:\n    {}", sanitize_code(command)));
    if let Some(mut asker) = asker {
        let risk = crate::risk::risk(command);
        tell(&format!("risk: {:?}", risk.level).to_lowercase());
        let answer = asker.ask("run it? y/N: ", "")?.unwrap_or_default();
        if !matches!(answer.trim(), "y" | "yes") {
            print_notices(&["not sent; the update is recorded".to_owned()]);
            return Ok(Exit::Stopped);
        }
    }
    let bash = find_bash(desk.environment.get("PATH")).map_err(|error| Failure::usage(error.to_string()))?;
    let folder = path.as_deref().map(Path::new).and_then(Path::parent).filter(|folder| folder.is_dir());
    let sent = send_message(&bash, command, text, folder, incident.folder().path());
    let MessageSent { exit, output } =
        sent.map_err(|error| Failure::usage(format!("bash cannot be started: {error}")))?;
    let fact = StatusSent { status, command: command.to_owned(), exit, output: output.clone() };
    incident.record(vec![IncidentFact::StatusSent(fact)], &desk.author, &Desk::now()).map_err(record_failure)?;
    let shown = desk.author.masker.text(output.trim_end()).into_owned();
    match exit {
        Some(0) => {
            print_notices(&["sent".to_owned()]);
            Ok(Exit::Success)
        }
        exit => {
            let how =
                exit.map_or_else(|| "did not end by itself".to_owned(), |exit| format!("failed with exit {exit}"));
            let failure = Failure { exit: Exit::CommandFailed, message: format!("`{command}` {how}"), help: None };
            Err(if shown.is_empty() { failure } else { failure.help(shown) })
        }
    }
}
