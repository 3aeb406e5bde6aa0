//! `runbook man`: one page with every command and every option.
//!
//! Invariant: every command and option that is not hidden is in the page; the texts come from the command line's own help.

use super::args::Cli;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use std::io;
use std::io::Write as _;

const EXIT_STATUS: &str = ".SH \"EXIT STATUS\"
.TP
0
every step that was to run succeeded
.TP
1
a command failed
.TP
2
wrong usage, an unreadable runbook, a missing input: nothing ran
.TP
3
the operator stopped the run, or a gate was not passed
.TP
4
the record could not be written
.TP
130
interrupted
";

/// The manual page, in roff. Writing goes to memory, so an error comes from the generator.
pub(super) fn manual_page() -> io::Result<String> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let mut page = Vec::new();
    let man = Man::new(root.clone());
    man.render_title(&mut page)?;
    write_section("NAME", &mut page, |to| man.render_name_section(to))?;
    write_section("SYNOPSIS", &mut page, |to| man.render_synopsis_section(to))?;
    write_section("DESCRIPTION", &mut page, |to| man.render_description_section(to))?;
    write_section("OPTIONS", &mut page, |to| man.render_options_section(to))?;
    page.write_all(b".SH COMMANDS\n")?;
    write_commands(&root, &mut page)?;
    page.write_all(EXIT_STATUS.as_bytes())?;
    write_section("VERSION", &mut page, |to| man.render_version_section(to))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// Writes a section for each visible command below `above` that has no subcommands of its own.
fn write_commands(above: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    for command in above.get_subcommands().filter(|command| !command.is_hide_set()) {
        if command.has_subcommands() {
            write_commands(command, page)?;
            continue;
        }
        let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
        writeln!(page, ".SS \"{name}\"")?;
        // The global options are listed once, in the page's own OPTIONS.
        let everywhere = ["color", "help"];
        let own = command.clone().mut_args(|arg| {
            let is_everywhere = everywhere.contains(&arg.get_id().as_str());
            if is_everywhere { arg.hide(true) } else { arg }
        });
        let man = Man::new(own);
        without_heading(page, |to| man.render_description_section(to))?;
        page.write_all(b".PP\n")?;
        without_heading(page, |to| man.render_synopsis_section(to))?;
        without_heading(page, |to| man.render_options_section(to))?;
    }
    Ok(())
}

fn write_section(
    name: &str,
    page: &mut Vec<u8>,
    render: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
) -> io::Result<()> {
    writeln!(page, ".SH {name}")?;
    without_heading(page, render)
}

/// Renders a section without its `.SH` heading and without the preamble that the generator repeats in every section.
fn without_heading(page: &mut Vec<u8>, render: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
    let mut section = Vec::new();
    render(&mut section)?;
    let preamble: [&[u8]; 3] = [b".SH ", b".ie \\n(.g .ds Aq", b".el .ds Aq"];
    let lines = section.split_inclusive(|&byte| byte == b'\n');
    let lines = lines.filter(|line| !preamble.iter().any(|start| line.starts_with(start)));
    lines.for_each(|line| page.extend_from_slice(line));
    Ok(())
}
