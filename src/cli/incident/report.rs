//! `runbook incident report`: the post-mortem, printed or written into a file that people go on writing in.
//!
//! Invariant: an existing file is replaced only by one that keeps everything people wrote in it. Otherwise it is left alone, and the
//! new one is written beside it.

use super::args::{ReportArgs, ReportFormat};
use super::context::IncidentContext;
use super::failure::incident_failure;
use crate::cli::error::{Exit, Failure};
use crate::cli::output::{print_data, print_notices};
use crate::incident::{
    Incident, IncidentError, IncidentRecords, MergeResult, merge_facts, render_post_mortem, write_post_mortem_page,
};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Prints the post-mortem, or writes it to a file. Fails when the template, an input file or the output is unusable.
pub(super) fn write_report(args: &ReportArgs, desk: &IncidentContext<'_>) -> Result<Exit, Failure> {
    let incident = choose_incident(args.incident.as_deref(), desk)?;
    let template = args.template.as_deref().map(read_report).transpose()?;
    let records = IncidentRecords::read_all(&incident);
    let new = render_post_mortem(&records, template.as_deref()).map_err(|error| {
        let path = args.template.as_deref().map_or_else(String::new, |path| format!("`{}`: ", path.display()));
        Failure::usage_error(format!("{path}{error}"))
    })?;
    if args.format == ReportFormat::Html {
        return write_page(args, &records, new);
    }
    if args.from.is_some() {
        return Err(Failure::usage_error("`--from` is for `--format html`")
            .with_help("`--output FILE` keeps what people wrote in it"));
    }
    if args.output == "-" { print_data(&new) } else { write_markdown(Path::new(&args.output), &new) }
}

/// A line that names the facts which people changed by hand, and which are therefore kept.
fn describe_kept_facts(kept: &[String]) -> String {
    let names: Vec<_> = kept.iter().map(|name| format!("`{name}`")).collect();
    format!("changed by hand, and kept: {}", names.join(", "))
}

/// Prints or writes the post-mortem as an HTML page. The page is always made anew, because people edit only the Markdown.
fn write_page(args: &ReportArgs, records: &IncidentRecords, new: String) -> Result<Exit, Failure> {
    let markdown = match args.from.as_deref() {
        None => new,
        Some(from) => match merge_facts(&read_report(from)?, &new) {
            MergeResult::Unmergeable(why) => return Err(Failure::usage_error(format!("`{}`: {why}", from.display()))),
            MergeResult::Updated { text, kept } => {
                if !kept.is_empty() {
                    print_notices(&[describe_kept_facts(&kept)]);
                }
                text
            }
        },
    };
    let mut page = Vec::new();
    write_post_mortem_page(&markdown, records, &mut page)
        .map_err(|error| Failure::usage_error(format!("the page cannot be made: {error}")))?;
    let page = String::from_utf8_lossy(&page);
    if args.output == "-" {
        return print_data(&page);
    }
    let path = Path::new(&args.output);
    if path.exists() && !read_report(path)?.starts_with("<!DOCTYPE html>") {
        return Err(Failure::usage_error(format!("`{}` is there and is no page; nothing was written", path.display()))
            .with_help("`--from FILE` takes what people wrote from a Markdown post-mortem"));
    }
    replace_file(path, &page)?;
    print_notices(&[format!("written: {}", path.display())]);
    Ok(Exit::Success)
}

/// Finds the incident that is named, else the only open one, else the latest.
fn choose_incident(name: Option<&str>, desk: &IncidentContext<'_>) -> Result<Incident, Failure> {
    if let Some(name) = name {
        return desk.incidents.find_by_name(name).map_err(incident_failure);
    }
    match desk.incidents.only_open() {
        Err(IncidentError::NoneOpen) => desk.incidents.find_by_name("latest").map_err(incident_failure),
        found => found.map_err(incident_failure),
    }
}

fn read_report(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::usage_error(format!("`{}` cannot be read: {error}", path.display())))
}

/// Writes the post-mortem to a new file, or merges it into an existing one.
fn write_markdown(path: &Path, new: &str) -> Result<Exit, Failure> {
    if !path.exists() {
        replace_file(path, new)?;
        print_notices(&[format!("written: {}; what is left blank is for you", path.display())]);
        return Ok(Exit::Success);
    }
    // Follow a link, so that the file itself is replaced and not the link.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let old = read_report(path)?;
    match merge_facts(&old, new) {
        MergeResult::Unmergeable(why) => {
            let beside = unused_name_beside(path);
            replace_file(&beside, new)?;
            print_notices(&[
                format!("`{}` was left as it is: {why}", path.display()),
                format!("the new one stands beside it: {}", beside.display()),
            ]);
        }
        MergeResult::Updated { text, kept } => {
            if text == old {
                print_notices(&[format!("`{}` has every fact already", path.display())]);
            } else {
                // An editor may have saved the file since it was read.
                if read_report(path)? != old {
                    return Err(Failure::usage_error(format!(
                        "`{}` was changed just now; nothing was written",
                        path.display()
                    ))
                    .with_help("save what you are writing, and try again"));
                }
                replace_file(path, &text)?;
                print_notices(&[format!(
                    "`{}` has the facts as they are now; what people wrote is kept",
                    path.display()
                )]);
            }
            if !kept.is_empty() {
                let beside = unused_name_beside(path);
                replace_file(&beside, new)?;
                print_notices(&[
                    describe_kept_facts(&kept),
                    format!("what the record says there now is in {}", beside.display()),
                ]);
            }
        }
    }
    Ok(Exit::Success)
}

/// An unused file name in the same folder, made from the file's own.
fn unused_name_beside(path: &Path) -> PathBuf {
    let ending = path.extension().map_or_else(|| "md".to_owned(), |ending| ending.to_string_lossy().into_owned());
    let first = path.with_extension(format!("new.{ending}"));
    let more = (2..).map(|number| path.with_extension(format!("new-{number}.{ending}")));
    std::iter::once(first)
        .chain(more)
        .find(|candidate| !candidate.exists())
        .unwrap_or_else(|| path.with_extension("new"))
}

/// Replaces a file atomically, and keeps its permissions.
fn replace_file(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let written = || -> std::io::Result<()> {
        let mut new = NamedTempFile::new_in(folder)?;
        new.write_all(text.as_bytes())?;
        new.as_file().sync_data()?;
        if let Ok(found) = std::fs::metadata(path) {
            new.as_file().set_permissions(found.permissions())?;
        }
        new.persist(path)?;
        Ok(())
    };
    written().map_err(|error| Failure::usage_error(format!("`{}` cannot be written: {error}", path.display())))
}
