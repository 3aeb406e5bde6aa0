//! The command line: arguments to options, dispatch, exit statuses.
//!
//! Invariant: data goes to standard output, talk to standard error; the environment is read here and nowhere else.

mod args;
mod check;
mod complete;
mod config;
mod dry_run;
mod environment;
mod error;
mod incident;
mod inputs;
mod list;
mod man;
mod open;
mod redact;
mod resume;
mod run;
mod runs;
mod sarif;
mod show;
mod transcript;
mod values;
mod verify;

pub use error::Exit;

use crate::recorder::{BecomeShell, ServeOptions};
use args::{Cli, Command, Format};
use clap::Parser as _;
use environment::Environment;
use error::Failure;
use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

/// Runs the program.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    // The hidden subcommands come before anything else, so that nothing of the command line's reading is paid for.
    match arguments.get(1).and_then(|first| first.to_str()) {
        Some("__recorder") => return recorder(),
        Some("__shell") => return shell(arguments.get(2..).unwrap_or_default()),
        _ => {}
    }
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            drop(error.print());
            return code(exit);
        }
    };
    let environment = Environment::read();
    match dispatch(&cli, &environment) {
        Ok(exit) => code(exit),
        Err(failure) => {
            let color = environment.color(cli.color, std::io::stderr().is_terminal());
            let exit = failure.exit;
            failure.print(color);
            code(exit)
        }
    }
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

fn recorder() -> ExitCode {
    match ServeOptions::read().map(crate::recorder::serve) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(_)) | Err(_) => ExitCode::FAILURE,
    }
}

fn shell(arguments: &[OsString]) -> ExitCode {
    if let Some(options) = BecomeShell::from_args(arguments) {
        // It only comes back when it failed; the recorder sees the end of the process.
        drop(crate::recorder::become_shell(&options));
    }
    ExitCode::from(127)
}

fn dispatch(cli: &Cli, environment: &Environment) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Run(args) => run::run(args, cli.color, environment),
        Command::Check(args) => {
            let (text, exit) =
                check::check(args, environment.color(cli.color, std::io::stdout().is_terminal()), environment)?;
            print(&text).map(|_| exit)
        }
        Command::List(args) => {
            let (text, notices) = match args.format {
                Format::Text => list::text(&args.files)?,
                Format::Json => list::json(&args.files)?,
            };
            notice(&notices);
            print(&text)
        }
        Command::Show(args) => {
            let (plan, file, notices) = show::plan(&args.file, args.procedure.as_deref())?;
            notice(&notices);
            let text = match args.format {
                Format::Json => show::json(&plan),
                Format::Text => {
                    let stdout = std::io::stdout();
                    let width = crate::term::size(&stdout).map_or(80, |(columns, _)| columns).clamp(20, 120);
                    let color = environment.color(cli.color, stdout.is_terminal());
                    show::text(&plan, &file, show::Look { color, width })
                }
            };
            print(&text)
        }
        Command::Inputs(args) => print(&inputs::inputs(args, environment)?),
        Command::Runs(args) => print(&runs::runs(&environment.runs_folder()?, args.format)?),
        Command::Resume(args) => resume::run(args, cli.color, environment),
        Command::Stop(args) => resume::stop(args, environment),
        Command::Verify(args) => verify::run(|| environment.runs_folder(), args),
        Command::Redact(args) => redact::run(args, environment),
        Command::Mask(command) => redact::mask(command, environment),
        Command::Incident(command) => incident::run(command, cli.color, environment),
        Command::Transcript(args) => transcript::run(&environment.runs_folder()?, args),
        Command::Completions { shell } => print(&complete::script(*shell)),
        Command::Man => {
            print(&man::page().map_err(|error| Failure::usage(format!("the manual page cannot be made: {error}")))?)
        }
        Command::Complete { what: Some(what), .. } => print(&incident::words_for(what, environment)),
        Command::Complete { word, inputs_of: Some(file), .. } => print(&complete::inputs(file, word)),
        Command::Complete { word, .. } => print(&complete::anchors(word)),
        // Dispatched before the command line is read.
        Command::Recorder { .. } | Command::Shell { .. } => Ok(Exit::Usage),
    }
}

/// Prints data. A reader that had enough (`| head`) is no failure.
fn print(text: &str) -> Result<Exit, Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::usage(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(Exit::Success),
    }
}

/// Says something on standard error.
fn notice(lines: &[String]) {
    let mut err = std::io::stderr().lock();
    for line in lines {
        drop(writeln!(err, "{}", crate::term::sanitize(line)));
    }
}
