//! `runbook check`: the findings over documents, for people and for programs.
//!
//! Invariant: nothing of a document is run; bash is asked only for its syntax.

use super::args::{CheckArgs, CheckFormat, Deny};
use super::config::CheckConfig;
use super::environment::Environment;
use super::error::{Exit, Failure};
use super::findings::{CheckedDocument, line_and_column, review_document};
use super::open::{self, OpenedDocument};
use super::sarif;
use crate::review::{self, CODES, Code, Finding, Severity};
use crate::term::{Color, Style, is_plain_code, sanitize_text};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Checks the documents that are named. Returns the text to print and the exit status. Fails when a document or a configuration
/// file cannot be read.
pub(super) fn check_documents(
    args: &CheckArgs,
    color: Color,
    environment: &Environment,
) -> Result<(String, Exit), Failure> {
    if let Some(code) = &args.explain {
        return explain_code(code).map(|text| (text, Exit::Success));
    }
    if args.files.is_empty() {
        return Err(Failure::usage_error("no document is named").with_help("`runbook check RUNBOOK.md`"));
    }
    let mut checked = Vec::new();
    let mut deny_warnings = false;
    for file in &args.files {
        let opened = open::open_document(std::path::Path::new(file))?;
        let config = CheckConfig::for_document(&opened.path, environment)?;
        let mut findings = review_document(&opened, environment);
        config.apply_to_findings(&mut findings);
        deny_warnings |= config.deny_warnings && findings.iter().any(|finding| finding.severity == Severity::Warning);
        checked.push(CheckedDocument { opened, findings });
    }
    let worst = checked.iter().flat_map(|one| &one.findings).map(|finding| finding.severity).max();
    let fails = match worst {
        Some(Severity::Error) => true,
        Some(Severity::Warning) => args.deny.contains(&Deny::Warnings) || deny_warnings,
        Some(Severity::Note) | None => false,
    };
    let text = match args.format {
        CheckFormat::Text => render_text(&checked, color),
        CheckFormat::Json => format!("{:#}\n", documents_json(&checked)),
        CheckFormat::Sarif => format!("{:#}\n", sarif::sarif_log(&checked)),
    };
    Ok((text, if fails { Exit::CommandFailed } else { Exit::Success }))
}

fn render_text(checked: &[CheckedDocument], color: Color) -> String {
    let renderer = if color == Color::Always { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    let (mut errors, mut warnings, mut notes) = (0_usize, 0_usize, 0_usize);
    for one in checked {
        let path = sanitize_text(&one.opened.path.display().to_string()).into_owned();
        for finding in &one.findings {
            match finding.severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
                Severity::Note => notes += 1,
            }
            out.push_str(&render_finding(&renderer, &one.opened, &path, finding));
            out.push_str("\n\n");
        }
    }
    let files = if let [only] = checked { only.opened.file_name() } else { format!("{} documents", checked.len()) };
    let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    let summary =
        format!("{files}: {}, {}, {}", count(errors, "error"), count(warnings, "warning"), count(notes, "note"));
    let style = if errors > 0 { Style::Failure } else { Style::Heading };
    let _ = writeln!(out, "{}", color.paint_text(style, &sanitize_text(&summary)));
    out
}

/// Renders a finding with the lines of the document that it is about.
fn render_finding(renderer: &Renderer, opened: &OpenedDocument, path: &str, finding: &Finding) -> String {
    let text = opened.runbook.text.as_str();
    let first = finding.related.iter().map(|(span, _)| span.start).chain([finding.span.start]).min().unwrap_or(0);
    let last = finding.related.iter().map(|(span, _)| span.end).chain([finding.span.end]).max().unwrap_or(0);
    let begin = text.get(..first).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let end = text.get(last..).and_then(|after| after.find('\n')).map_or(text.len(), |at| last + at);
    let source = neutralize_controls(text.get(begin..end).unwrap_or(""));
    let within = |span: &std::ops::Range<usize>| {
        let start = span.start.saturating_sub(begin).min(source.len());
        start..span.end.saturating_sub(begin).min(source.len()).max(start)
    };
    let line = opened.runbook.line_of(begin) as usize;
    let mut snippet = Snippet::source(source.as_str())
        .line_start(line)
        .path(path)
        .fold(true)
        .annotation(AnnotationKind::Primary.span(within(&finding.span)));
    for (span, words) in &finding.related {
        snippet = snippet.annotation(AnnotationKind::Context.span(within(span)).label(words.as_str()));
    }
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let message = sanitize_text(&finding.message).into_owned();
    let help = sanitize_text(&finding.help).into_owned();
    let mut group = level.primary_title(message.as_str()).id(finding.code).element(snippet);
    if !help.is_empty() {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group]).clone()
}

/// Replaces characters that would move the cursor, turn the direction of text or hide. Keeps the length in bytes, so that spans still
/// fit.
fn neutralize_controls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let is_harmless = c == '\n' || c == '\t' || is_plain_code(c.encode_utf8(&mut [0; 4]));
        if is_harmless {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n('?', c.len_utf8()));
        }
    }
    out
}

fn documents_json(checked: &[CheckedDocument]) -> Value {
    let document = |one: &CheckedDocument| {
        json!({
            "file": one.opened.path.to_string_lossy(),
            "digest": one.opened.runbook.digest,
            "findings": one.findings.iter().map(|finding| finding_json(&one.opened, finding)).collect::<Vec<_>>(),
        })
    };
    json!({ "schema": 1, "documents": checked.iter().map(document).collect::<Vec<_>>() })
}

fn finding_json(opened: &OpenedDocument, finding: &Finding) -> Value {
    let location = |span: &std::ops::Range<usize>| {
        let (line, column) = line_and_column(opened, span.start);
        json!({ "line": line, "column": column, "begin": span.start, "end": span.end })
    };
    json!({
        "code": finding.code,
        "severity": finding.severity.as_str(),
        "message": finding.message,
        "help": finding.help,
        "place": location(&finding.span),
        "text": opened.runbook.text.get(finding.span.clone()),
        "also": finding.related.iter().map(|(span, words)| json!({ "place": location(span), "words": words })).collect::<Vec<_>>(),
    })
}

fn explain_code(name: &str) -> Result<String, Failure> {
    let Some(code) = review::find_code(name) else {
        let names: Vec<_> = CODES.iter().map(|code| code.name).collect();
        return Err(Failure::usage_error(format!("there is no finding `{name}`"))
            .with_help(format!("there are: {}", names.join(", "))));
    };
    let Code { name, severity, title, why, example, help } = code;
    let severity = severity.as_str();
    Ok(format!(
        "{name} ({severity}): {title}\n\n{why}\n\nFor example: {example}\nWhat to do: {help}\n\n\
         To allow it on one line, write `# runbook: allow {name}` behind the command or above it; in a repository, write\n\
         `allow = [\"{name}\"]` under `[check]` in `.runbook.toml`.\n"
    ))
}
