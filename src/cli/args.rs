//! The command line as clap parses it. The doc comments of arguments and variants are the help that `--help` prints.
//!
//! Invariant: arguments are only parsed here; the commands decide what they mean.

use super::choices::{ColorChoice, Format};
use super::incident::IncidentCommand;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Run an ordinary Markdown runbook step by step in one real shell, and keep the record.
#[derive(Debug, Parser)]
#[command(name = "runbook", version, max_term_width = 100, arg_required_else_help = true, subcommand_required = true)]
#[command(after_help = "Start here:  runbook list RUNBOOK.md      the procedures and their anchors
             runbook run RUNBOOK.md#ANCHOR")]
pub(super) struct Cli {
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(super) color: ColorChoice,
    /// The subcommand that was chosen.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The subcommands of `runbook`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a procedure with the operator, or unattended with --yes
    Run(Box<RunArgs>),
    /// Review documents: what a careful reader would say before anybody runs them
    Check(CheckArgs),
    /// List the procedures and steps of documents
    List(ListArgs),
    /// Read a procedure: its prose, steps and commands
    Show(ShowArgs),
    /// List the values that a procedure needs, or write a file to fill in
    Inputs(InputsArgs),
    /// List recorded and live runs
    Runs(RunsArgs),
    /// Render the transcript of a run
    Transcript(TranscriptArgs),
    /// Go on with a run after a crash, a lost connection, or `q`
    Resume(ResumeArgs),
    /// End a run that goes on somewhere else
    Stop(RunArg),
    /// Check that a record is as it was written, and print its receipt
    Verify(VerifyArgs),
    /// Drop the text of an event that holds a secret; the record still verifies
    Redact(RedactArgs),
    /// Open and lead an incident: what is due, what was done, and the post-mortem
    #[command(subcommand)]
    Incident(IncidentCommand),
    /// Keep secrets out of the record of a live run
    #[command(subcommand)]
    Mask(MaskCommand),
    /// Print a completion script: `source <(runbook completions bash)`
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, in roff
    Man,
    /// Complete FILE#ANCHOR, or the name of an input.
    #[command(name = "__complete", hide = true)]
    Complete {
        /// The word so far.
        word: String,
        /// `incidents` or `severities`, instead of anchors.
        #[arg(long)]
        what: Option<String>,
        /// It is the name of an input of this FILE#ANCHOR.
        #[arg(long, value_name = "FILE")]
        inputs_of: Option<String>,
    },
    /// The process that owns the terminal, bash, the output and the journal.
    #[command(name = "__recorder", hide = true)]
    Recorder {
        /// Options of the process, as JSON.
        options: String,
    },
    /// Becomes bash on the terminal it is given.
    #[command(name = "__shell", hide = true)]
    Shell {
        /// Options of the process, as JSON.
        options: String,
    },
}

/// Arguments of `runbook run`.
#[derive(Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag, and any may be given with any")]
pub(super) struct RunArgs {
    /// The document, with the procedure after `#`: RUNBOOK.md#database-recovery; a step too: RUNBOOK.md#database-recovery:3
    #[arg(value_name = "FILE[#PROCEDURE]")]
    pub(super) file: String,
    /// The procedure, where the shell does not like `#`: an anchor, or a path of headings "Service Recovery/Database Recovery"
    #[arg(value_name = "PROCEDURE")]
    pub(super) procedure: Option<String>,
    /// Begin with this step (its number or id)
    #[arg(long, value_name = "STEP", conflicts_with = "only")]
    pub(super) from: Option<String>,
    /// Run only these steps (numbers or ids)
    #[arg(long, value_name = "STEP,…", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Run without asking. What is doubtful still needs its own flag
    #[arg(long, short = 'y')]
    pub(super) yes: bool,
    /// With --yes: let commands run whose risk is this
    #[arg(long, value_enum, value_name = "RISK")]
    pub(super) allow: Vec<Allowed>,
    /// With --yes: let this step run although it cannot be undone; --dry-run says its digest
    #[arg(long, value_name = "STEP@DIGEST")]
    pub(super) approve: Vec<String>,
    /// Show what would be done, with its risks, and run nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// How --dry-run prints
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = DryRunFormat::Text, requires = "dry_run")]
    pub(super) format: DryRunFormat,
    /// With --yes: run this conditional or guessed step too (its number or id)
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    pub(super) include: Vec<String>,
    /// With --yes: choose this option where there is a choice (an anchor, a title or its beginning, a number)
    #[arg(long, value_name = "OPTION")]
    pub(super) choose: Vec<String>,
    /// Give a value that the procedure needs; a secret as NAME=@FILE
    #[arg(long = "input", value_name = "NAME=VALUE")]
    pub(super) inputs: Vec<String>,
    /// Give the values of a file: YAML, TOML, JSON, or NAME=VALUE lines (.env)
    #[arg(long = "inputs", value_name = "FILE")]
    pub(super) input_files: Vec<PathBuf>,
    /// Call an input a secret: it is shown and recorded nowhere
    #[arg(long, value_name = "NAME")]
    pub(super) secret: Vec<String>,
    /// With --yes: end a command that never ends (`top`, `logs -f`), and a monitor, after this long [default: 30s, and a
    /// monitor's own time]
    #[arg(long, value_name = "TIME")]
    pub(super) monitor_for: Option<String>,
    /// With --yes: when a command fails, run the steps that undo what was done, last first
    #[arg(long)]
    pub(super) rollback_on_failure: bool,
    /// The directory to start in
    #[arg(long, value_name = "DIR")]
    pub(super) cwd: Option<PathBuf>,
    /// A file for bash to read first; no other start-up file is read
    #[arg(long, value_name = "FILE")]
    pub(super) rc: Option<PathBuf>,
    /// The incident that the run is part of, or `none`; the open one when left out
    #[arg(long, value_name = "ID|none")]
    pub(super) incident: Option<String>,
    /// Never ask: a needed answer that no flag gives is an error
    #[arg(long)]
    pub(super) no_input: bool,
}

/// Risks that `runbook run --allow` permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Allowed {
    /// Commands whose risk is not known.
    Unknown,
    /// Commands that destroy or stop something.
    Destructive,
}

/// Output formats of `runbook run --dry-run`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum DryRunFormat {
    /// For people.
    #[default]
    Text,
    /// For a review document.
    Markdown,
    /// For programs.
    Json,
}

/// Arguments of `runbook check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The documents
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(super) format: CheckFormat,
    /// Exit with 1 on these, too
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(super) deny: Vec<Deny>,
    /// Say what a finding's code means
    #[arg(long, value_name = "CODE")]
    pub(super) explain: Option<String>,
}

/// Output formats of `runbook check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For code hosts.
    Sarif,
}

/// Findings that `runbook check --deny` turns into a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Deny {
    /// Findings that are warnings.
    Warnings,
}

/// Arguments of `runbook list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// The documents; FILE#PROCEDURE lists one procedure
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

/// Arguments of `runbook show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The document, with the procedure after `#`
    #[arg(value_name = "FILE[#PROCEDURE]")]
    pub(super) file: String,
    /// The procedure, where the shell does not like `#`
    #[arg(value_name = "PROCEDURE")]
    pub(super) procedure: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

/// Output formats of `runbook inputs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum InputsFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// A file to fill in, for `run --inputs`.
    Yaml,
}

/// Arguments of `runbook inputs`.
#[derive(Debug, Args)]
pub(super) struct InputsArgs {
    /// The document, with the procedure after `#`
    #[arg(value_name = "FILE[#PROCEDURE]")]
    pub(super) file: String,
    /// The procedure, where the shell does not like `#`
    #[arg(value_name = "PROCEDURE")]
    pub(super) procedure: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = InputsFormat::Text)]
    pub(super) format: InputsFormat,
}

/// Arguments of `runbook runs`.
#[derive(Debug, Args)]
pub(super) struct RunsArgs {
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

/// Arguments of a command that takes a run and nothing else.
#[derive(Debug, Args)]
pub(super) struct RunArg {
    /// The run: its id, the beginning or the end of it; the latest when left out
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
}

/// Arguments of `runbook resume`.
#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    /// The run: its id, the beginning or the end of it; the latest that can be resumed when left out
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
    /// The document, where it is not any more where it was
    #[arg(long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Give a value that the procedure needs
    #[arg(long = "input", value_name = "NAME=VALUE")]
    pub(super) inputs: Vec<String>,
}

/// Arguments of `runbook verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The run or incident (its id, the beginning or the end of it), its folder, or a journal file; the latest run when left out
    #[arg(value_name = "RUN|INCIDENT|FILE")]
    pub(super) run: Option<String>,
    /// Compare with a receipt that was kept elsewhere: the text itself, or a file with it
    #[arg(long, value_name = "RECEIPT")]
    pub(super) receipt: Option<String>,
}

/// Arguments of `runbook redact`.
#[derive(Debug, Args)]
pub(super) struct RedactArgs {
    /// The run or incident: its id, the beginning or the end of it, or its folder
    #[arg(value_name = "RUN|INCIDENT")]
    pub(super) run: String,
    /// The event, by its number in the journal; may be given several times
    #[arg(long, value_name = "N", required_unless_present = "secret", value_delimiter = ',')]
    pub(super) seq: Vec<u64>,
    /// Search a run for a secret and drop every event that holds it; the secret is read without echo, or from standard input
    #[arg(long)]
    pub(super) secret: bool,
    /// Also remove the text from the run's step ids, snapshot, runbook.md, outputs and transcript.md
    #[arg(long)]
    pub(super) everywhere: bool,
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) reason: String,
}

/// The subcommands of `runbook mask`.
#[derive(Debug, Subcommand)]
pub(super) enum MaskCommand {
    /// Add a secret; it is read without echo, or from standard input
    Add {
        /// The run: its id, the beginning or the end of it
        #[arg(value_name = "RUN")]
        run: Option<String>,
        /// Name to show instead of the secret: `[masked:NAME]`
        #[arg(long, value_name = "NAME", default_value = "secret")]
        name: String,
    },
}

/// Arguments of `runbook transcript`.
#[derive(Debug, Args)]
pub(super) struct TranscriptArgs {
    /// The run: its id, the beginning or the end of it; the latest when left out
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
    /// In which form
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = TranscriptFormat::Markdown)]
    pub(super) format: TranscriptFormat,
    /// Where to write it; `-` is standard output
    #[arg(long, short, value_name = "FILE", default_value = "-", value_hint = clap::ValueHint::FilePath)]
    pub(super) output: String,
}

/// Output formats of `runbook transcript`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TranscriptFormat {
    /// For people, and for whatever shows Markdown.
    Markdown,
    /// One file for a browser, with the timeline drawn.
    Html,
    /// For programs; see docs/transcript.md.
    Json,
    /// For terminal players, version 3: `asciinema play`.
    Asciicast,
    /// The same, version 2: for older players.
    AsciicastV2,
    /// For CI.
    Junit,
    /// Plain text.
    Text,
}
