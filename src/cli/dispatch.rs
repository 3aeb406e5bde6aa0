//! From the words on the command line to the command that they name, and from its result to an exit status.
//!
//! Invariant: only this file knows every command; no command imports it.

use super::args::{CheckArgs, Cli, Command, ListArgs, ShowArgs};
use super::choices::{ColorChoice, Format};
use super::environment::Environment;
use super::error::{Exit, Failure};
use super::output::{print_data, print_notices};
use super::{check, complete, incident, inputs, list, man, mask, redact, resume, run, runs, show, transcript, verify};
use crate::recorder::{BecomeShell, ServeOptions};
use clap::Parser as _;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::process::ExitCode;

/// Runs the program on its command line, the program's own name first, and returns the exit status.
pub fn run_program(arguments: Vec<OsString>) -> ExitCode {
    // The hidden subcommands are looked for first: they start a process for every run, and parsing the command line takes time.
    match arguments.get(1).and_then(|first| first.to_str()) {
        Some("__recorder") => return serve_recorder(),
        Some("__shell") => return become_shell(arguments.get(2..).unwrap_or_default()),
        _ => {}
    }
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            drop(error.print());
            return exit_code(exit);
        }
    };
    let environment = Environment::from_process();
    match run_command(&cli, &environment) {
        Ok(exit) => exit_code(exit),
        Err(failure) => {
            let color = environment.choose_color(cli.color, std::io::stderr().is_terminal());
            let exit = failure.exit;
            failure.print_to_stderr(color);
            exit_code(exit)
        }
    }
}

fn exit_code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

fn serve_recorder() -> ExitCode {
    match ServeOptions::read_from_stdin().map(crate::recorder::serve_run) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(_)) | Err(_) => ExitCode::FAILURE,
    }
}

fn become_shell(arguments: &[OsString]) -> ExitCode {
    if let Some(options) = BecomeShell::from_args(arguments) {
        // It returns only on failure; the recorder sees this process end.
        drop(crate::recorder::become_shell(&options));
    }
    ExitCode::from(127)
}

fn run_command(cli: &Cli, environment: &Environment) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Run(args) => run::run_procedure(args, cli.color, environment),
        Command::Check(args) => check_documents(args, cli.color, environment),
        Command::List(args) => list_procedures(args),
        Command::Show(args) => show_procedure(args, cli.color, environment),
        Command::Inputs(args) => print_data(&inputs::list_inputs(args, environment)?),
        Command::Runs(args) => print_data(&runs::list_runs(&environment.runs_folder()?, args.format)?),
        Command::Resume(args) => resume::resume_run(args, cli.color, environment),
        Command::Stop(args) => resume::stop_run(args, environment),
        Command::Verify(args) => verify::verify_record(|| environment.runs_folder(), args),
        Command::Redact(args) => redact::redact_record(args, environment),
        Command::Mask(command) => mask::mask_secret(command, environment),
        Command::Incident(command) => incident::run_subcommand(command, cli.color, environment),
        Command::Transcript(args) => transcript::render_transcript(&environment.runs_folder()?, args),
        Command::Completions { shell } => print_data(&complete::completion_script(*shell)),
        Command::Man => {
            let page = man::manual_page()
                .map_err(|error| Failure::usage_error(format!("the manual page cannot be made: {error}")))?;
            print_data(&page)
        }
        Command::Complete { what: Some(what), .. } => print_data(&incident::complete_words(what, environment)),
        Command::Complete { word, inputs_of: Some(file), .. } => print_data(&complete::complete_inputs(file, word)),
        Command::Complete { word, .. } => print_data(&complete::complete_anchors(word)),
        // `main` has handled these before the command line was parsed.
        Command::Recorder { .. } | Command::Shell { .. } => Ok(Exit::Usage),
    }
}

fn check_documents(args: &CheckArgs, color: ColorChoice, environment: &Environment) -> Result<Exit, Failure> {
    let color = environment.choose_color(color, std::io::stdout().is_terminal());
    let (text, exit) = check::check_documents(args, color, environment)?;
    print_data(&text).map(|_| exit)
}

fn list_procedures(args: &ListArgs) -> Result<Exit, Failure> {
    let (text, notices) = match args.format {
        Format::Text => list::list_as_text(&args.files)?,
        Format::Json => list::list_as_json(&args.files)?,
    };
    print_notices(&notices);
    print_data(&text)
}

fn show_procedure(args: &ShowArgs, color: ColorChoice, environment: &Environment) -> Result<Exit, Failure> {
    let (plan, file, notices) = show::plan_procedure(&args.file, args.procedure.as_deref())?;
    print_notices(&notices);
    let text = match args.format {
        Format::Json => show::procedure_json(&plan),
        Format::Text => {
            let stdout = std::io::stdout();
            let width = crate::term::window_size(&stdout).map_or(80, |(columns, _)| columns).clamp(20, 120);
            let color = environment.choose_color(color, stdout.is_terminal());
            show::procedure_text(&plan, &file, show::ShowLook { color, width })
        }
    };
    print_data(&text)
}
