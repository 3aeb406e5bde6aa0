//! The command line of `runbook incident`, as typed.

use crate::cli::choices::Format;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

const MILESTONES: [&str; 6] = ["impact-start", "detected", "acknowledged", "declared", "mitigated", "resolved"];

/// The subcommands of `runbook incident`.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum IncidentCommand {
    /// Open an incident: runs that are started from now on join it
    Open(OpenArgs),
    /// Write something down
    Note(NoteArgs),
    /// Say that a milestone is reached, or when it was
    Mark(MarkArgs),
    /// Say that somebody was called in
    Escalated(EscalatedArgs),
    /// Write a status update from the runbook's message, to copy or to send
    Status(StatusArgs),
    /// Change the severity, with the reason
    Severity(SeverityArgs),
    /// Hand the incident over to somebody
    Handover(HandoverArgs),
    /// List the incidents
    List(ListArgs),
    /// Show an incident: its clock, what is due, its milestones and runs
    Show(ShowArgs),
    /// Close an incident; milestones that are not set are asked for
    Close(CloseArgs),
    /// Write the post-mortem: facts filled in, judgement left blank
    Report(ReportArgs),
}

/// The option that names an incident.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The incident: its id, the beginning or the end of it; the open one when left out
    #[arg(long, value_name = "ID")]
    pub(super) incident: Option<String>,
}

/// Arguments of `runbook incident open`.
#[derive(Debug, Args)]
pub(in crate::cli) struct OpenArgs {
    /// Short description of the problem; an alert brings its own
    #[arg(value_name = "TITLE", required_unless_present = "alert")]
    pub(super) title: Option<String>,
    /// How bad it is, in the runbook's words
    #[arg(long, value_name = "SEVERITY")]
    pub(super) severity: Option<String>,
    /// The runbook whose rules hold; `RUNBOOK.md` here or above when left out
    #[arg(long, value_name = "FILE")]
    pub(super) runbook: Option<PathBuf>,
    /// When it was declared, if not now: `22:51` (UTC), `15m ago`, RFC 3339
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) at: Option<String>,
    /// Open it from an Alertmanager webhook (version 4, JSON); `-` is standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(super) alert: Option<String>,
    /// Start the procedure that the alert's `runbook_url` names
    #[arg(long, requires = "alert")]
    pub(super) run: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

/// Arguments of `runbook incident note`.
#[derive(Debug, Args)]
pub(in crate::cli) struct NoteArgs {
    /// The words; `-` reads them from standard input
    #[arg(value_name = "TEXT", required = true)]
    pub(super) text: Vec<String>,
    #[command(flatten)]
    pub(super) which: Which,
}

/// Arguments of `runbook incident mark`.
#[derive(Debug, Args)]
pub(in crate::cli) struct MarkArgs {
    /// The milestone
    #[arg(value_name = "MILESTONE", value_parser = MILESTONES)]
    pub(super) milestone: String,
    /// When, if not now: `22:51` (UTC), `15m ago`, RFC 3339; recorded as stated
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) at: Option<String>,
    #[command(flatten)]
    pub(super) which: Which,
}

/// Arguments of `runbook incident escalated`.
#[derive(Debug, Args)]
pub(in crate::cli) struct EscalatedArgs {
    /// To whom: a name, or a number of the runbook's path; whoever is due when left out
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,
    /// How, or what they said
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) note: String,
    #[command(flatten)]
    pub(super) which: Which,
}

/// Arguments of `runbook incident status`.
#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArgs {
    /// Fill a field of the message; a choice by its label: `Status=Investigating`
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub(super) fields: Vec<String>,
    /// The whole text, instead of the runbook's message
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["fields", "message"])]
    pub(super) text: Option<String>,
    /// Which of the runbook's messages: its section's anchor
    #[arg(long, value_name = "ANCHOR")]
    pub(super) message: Option<String>,
    /// Give the text to the runbook's `message_command`; asks first
    #[arg(long)]
    pub(super) send: bool,
    /// Without an operator: let that command of the document run
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(super) allow: Vec<AllowedHere>,
    #[command(flatten)]
    pub(super) which: Which,
}

/// Commands that `runbook incident status --allow` permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum AllowedHere {
    /// The document's `message_command`.
    MessageCommand,
}

/// Arguments of `runbook incident severity`.
#[derive(Debug, Args)]
pub(in crate::cli) struct SeverityArgs {
    /// The new severity
    #[arg(value_name = "SEVERITY")]
    pub(super) severity: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    #[command(flatten)]
    pub(super) which: Which,
}

/// Arguments of `runbook incident handover`.
#[derive(Debug, Args)]
pub(in crate::cli) struct HandoverArgs {
    /// Who takes over
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// Message for the new lead
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) note: String,
    #[command(flatten)]
    pub(super) which: Which,
}

/// Arguments of `runbook incident list`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

/// Arguments of `runbook incident show`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// The incident: its id, the beginning or the end of it; the open one when left out
    #[arg(value_name = "ID")]
    pub(super) incident: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

/// Arguments of `runbook incident close`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CloseArgs {
    /// The incident: its id, the beginning or the end of it; the open one when left out
    #[arg(value_name = "ID")]
    pub(super) incident: Option<String>,
    /// Set a milestone before closing: `impact-start=22:36`
    #[arg(long, value_name = "MILESTONE=TIME")]
    pub(super) mark: Vec<String>,
    /// Why, or what is left to do
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) reason: String,
}

/// Arguments of `runbook incident report`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ReportArgs {
    /// The incident: its id, the beginning or the end of it; the open one, else the latest, when left out
    #[arg(value_name = "ID")]
    pub(super) incident: Option<String>,
    /// A Markdown file with `{{ part }}` where the parts go
    #[arg(long, value_name = "FILE")]
    pub(super) template: Option<PathBuf>,
    /// Output format: Markdown to continue writing in, or one HTML file to read
    #[arg(long, value_enum, default_value_t = ReportFormat::Markdown)]
    pub(super) format: ReportFormat,
    /// Take what people wrote from this Markdown post-mortem, with the facts as they are now; HTML only
    #[arg(long, value_name = "FILE", conflicts_with = "template")]
    pub(super) from: Option<PathBuf>,
    /// Where to write it; what people wrote there already is kept. `-` is standard output
    #[arg(long, short, value_name = "FILE", default_value = "-", value_hint = clap::ValueHint::FilePath)]
    pub(super) output: String,
}

/// Output formats of `runbook incident report`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// To go on writing in.
    Markdown,
    /// To read, with the incident drawn.
    Html,
}
