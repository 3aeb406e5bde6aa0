//! Checks of single commands.
//!
//! Invariant: a problem of the whole document is reported once, with the number of its occurrences. Refuses to know: what other
//! commands do.

use super::cells::{CellText, LocatedCommand, PartKind};
use super::finding::Finding;
use super::probes::Probes;
use crate::document::{CellKind, LineRole, Runbook, Span};
use crate::risk::Flag;
use crate::shell::{Clarity, NotACommand, PRINTED_TABLE_REASON, ProgramName, effective_program};
use std::collections::HashSet;

/// Occurrences of a problem that is reported once for a document.
#[derive(Default)]
struct RepeatedFinding {
    occurrences: Vec<(Span, String)>,
}

impl RepeatedFinding {
    fn add_occurrence(&mut self, span: Span, words: String) {
        self.occurrences.push((span, words));
    }

    fn report_once(self, code: &'static str, say: impl Fn(&str) -> String, found: &mut Vec<Finding>) {
        let count = self.occurrences.len();
        let mut occurrences = self.occurrences.into_iter();
        let Some((span, first)) = occurrences.next() else { return };
        let more = match count {
            1 => String::new(),
            2 => ", here and in 1 other place".to_owned(),
            n => format!(", here and in {} other places", n - 1),
        };
        let mut finding = Finding::new(code, span, format!("{}{more}", say(&first)));
        finding.related = occurrences.take(2).map(|(span, _)| (span, "and here".to_owned())).collect();
        found.push(finding);
    }
}

pub(super) fn check_commands(
    runbook: &Runbook,
    cells: &[CellText<'_>],
    probes: &mut Probes<'_>,
    found: &mut Vec<Finding>,
) {
    let (mut old, mut terminal, mut health, mut programs) =
        (RepeatedFinding::default(), RepeatedFinding::default(), RepeatedFinding::default(), HashSet::new());
    let defined: HashSet<String> =
        cells.iter().flat_map(CellText::located_commands).flat_map(|at| defined_names(&at)).collect();
    let before = found.iter().filter(|other| other.code == "placeholder");
    let mut reported: HashSet<String> = before.map(|other| text_at(runbook, &other.span).to_owned()).collect();
    for cell in cells {
        check_cell_kind(runbook, cell, found);
        for placed in &cell.parts {
            if let PartKind::NotShell { reason } = &placed.kind {
                report_not_shell(cell, placed, reason, probes, found);
            }
        }
        for at in cell.located_commands() {
            if !check_text(&at, probes, found) {
                continue;
            }
            find_stand_ins(&at, &mut reported, found);
            if at
                .facts
                .simple_commands
                .iter()
                .any(|simple| simple.program == ProgramName::Named("docker-compose".to_owned()))
            {
                old.add_occurrence(at.first_line_span(), "docker-compose".to_owned());
            }
            if at.risk.flags.contains(&Flag::NeedsTty) {
                terminal.add_occurrence(at.first_line_span(), at.short_line());
            }
            if let Some((span, url)) = find_blind_health_check(&at) {
                health.add_occurrence(span, url);
            }
            report_unknown_programs(&at, probes, &defined, &mut programs, found);
        }
    }
    old.report_once("old-compose", |_| "`docker-compose` is the old spelling".to_owned(), found);
    terminal.report_once("terminal-needed", |first| format!("`{first}` needs a terminal"), found);
    health.report_once("health-check-without-fail", |url| format!("`curl {url}` exits 0 on an HTTP error"), found);
}

fn check_cell_kind(runbook: &Runbook, cell: &CellText<'_>, found: &mut Vec<Finding>) {
    let opening = cell.cell.span.start
        ..runbook
            .text
            .get(cell.cell.span.clone())
            .and_then(|t| t.lines().next())
            .map_or(cell.cell.span.start, |line| cell.cell.span.start + line.trim_end().len());
    if cell.cell.kind == CellKind::Guessed {
        let is_fence = runbook.text.get(opening.clone()).is_some_and(|line| line.starts_with(['`', '~']));
        let what = if is_fence {
            "this fence has no language, and looks like shell"
        } else {
            "this is only indented, and looks like shell"
        };
        found.push(Finding::new("guessed-shell", opening, what));
        return;
    }
    let has_output = matches!(cell.cell.language.as_str(), "bash" | "sh" | "shell" | "zsh")
        && cell.cell.content.iter().any(|line| line.role == LineRole::Printed && !line.text.trim().is_empty());
    if has_output
        && let Some(line) =
            cell.cell.content.iter().find(|line| line.role == LineRole::Printed && !line.text.trim().is_empty())
    {
        let span = line.offset..line.offset + line.text.len();
        found.push(Finding::new("prompt-in-cell", span, format!("`{}` is what a command printed", line.text.trim())));
    }
}

fn report_not_shell(
    cell: &CellText<'_>,
    placed: &super::cells::CellPart,
    reason: &str,
    probes: &mut Probes<'_>,
    found: &mut Vec<Finding>,
) {
    if reason.contains("here") && reason.contains("never ends") {
        found.push(Finding::new("heredoc-unclosed", cell.first_line_span(placed), reason.to_owned()));
        return;
    }
    if reason.starts_with("below a line") {
        return;
    }
    if reason == PRINTED_TABLE_REASON {
        let first = placed.text.trim().lines().next().unwrap_or_default();
        report_pasted(cell, cell.part_span(placed), first, reason, found);
        return;
    }
    match (probes.syntax_error)(&placed.text) {
        Some((message, line)) if message.contains("here-document") => {
            let span = cell.line_span(placed, line.saturating_sub(1) as usize);
            found.push(Finding::new("heredoc-unclosed", span, message));
        }
        Some((message, line)) => {
            let span = cell.line_span(placed, line.saturating_sub(1) as usize);
            found.push(Finding::new("syntax-error", span, format!("bash says: {message}")));
        }
        None => found.push(Finding::new("not-shell", cell.first_line_span(placed), format!("no shell: {reason}"))),
    }
}

/// Reports a line of pasted text. Lines of one block are merged into one finding.
fn report_pasted(cell: &CellText<'_>, span: Span, shown: &str, what: &str, found: &mut Vec<Finding>) {
    let follows = |last: &&mut Finding| {
        last.code == "not-shell"
            && last.span.start >= cell.cell.span.start
            && span.start.saturating_sub(last.span.end) < 80
    };
    match found.last_mut().filter(follows) {
        Some(last) if last.message.ends_with(&format!("` is {what}")) => {
            last.span.end = span.end;
            last.message = last.message.replace(&format!("` is {what}"), &format!("` and what follows are {what}"));
        }
        Some(last) if last.message.ends_with(&format!(" are {what}")) => last.span.end = span.end,
        _ => found.push(Finding::new("not-shell", span, format!("`{shown}` is {what}"))),
    }
}

/// Checks the command's text. Returns false if it is not a command, so that further checks make no sense.
fn check_text(at: &LocatedCommand<'_, '_>, probes: &mut Probes<'_>, found: &mut Vec<Finding>) -> bool {
    if at.part.text.trim_start().starts_with('>') {
        found.push(Finding::new(
            "pasted-prompt",
            at.first_line_span(),
            format!("`{}` begins with `>`", at.short_line()),
        ));
        return false;
    }
    match &at.facts.not_a_command {
        Some(NotACommand::Yaml) => {
            report_pasted(at.cell, at.first_line_span(), &at.short_line(), "YAML", found);
            return false;
        }
        Some(NotACommand::Slash(word)) => {
            found.push(Finding::new("chat-command", at.first_line_span(), format!("`{word}` is a command for a chat")));
            return false;
        }
        Some(NotACommand::Cron) => {
            found.push(Finding::new(
                "crontab-line",
                at.first_line_span(),
                format!("`{}` is a line for a crontab", at.short_line()),
            ));
            return false;
        }
        None => {}
    }
    if at.facts.placeholders.is_empty()
        && let Some((message, line)) = (probes.syntax_error)(&at.part.text)
    {
        let code = if message.contains("here-document") { "heredoc-unclosed" } else { "syntax-error" };
        let span = at.cell.line_span(at.part, line.saturating_sub(1) as usize);
        found.push(Finding::new(code, span, format!("bash says: {message}")));
        return false;
    }
    if let Clarity::Opaque(why) = &at.facts.clarity {
        found.push(Finding::new("opaque-command", at.first_line_span(), format!("`{}`: {why}", at.short_line())));
    }
    true
}

/// Finds values that the reader must fill in, and dated values that go stale.
fn find_stand_ins(at: &LocatedCommand<'_, '_>, reported: &mut HashSet<String>, found: &mut Vec<Finding>) {
    for placeholder in &at.facts.placeholders {
        reported.extend(at.part.text.get(placeholder.span.clone()).map(str::to_owned));
        found.push(Finding::new(
            "placeholder",
            at.map_range(placeholder.span.clone()),
            format!("`{}` stands for a value", placeholder.text),
        ));
    }
    for simple in &at.facts.simple_commands {
        let Some(text) = at.part.text.get(simple.span.clone()) else { continue };
        if let Some((range, word)) = find_stand_in(text) {
            let span = at.map_range(simple.span.start + range.start..simple.span.start + range.end);
            if reported.insert(word.to_owned()) {
                found.push(Finding::new("placeholder", span, format!("`{word}` stands for a value")));
            }
        }
    }
    for assignment in
        at.facts.assignments.iter().filter(|assignment| assignment.literal.as_deref().is_some_and(contains_date))
    {
        let value = assignment.literal.as_deref().unwrap_or_default();
        found.push(Finding::new(
            "stale-value",
            at.map_range(assignment.value_span.clone()),
            format!("`{value}` is a value of one day"),
        ));
    }
}

fn text_at<'r>(runbook: &'r Runbook, span: &Span) -> &'r str {
    runbook.text.get(span.clone()).unwrap_or("")
}

/// Finds a word that stands for a value without brackets: `yourdomain.com`, `TIMESTAMP` in a name, `'xxx'`, `YOUR_TOKEN`.
fn find_stand_in(text: &str) -> Option<(std::ops::Range<usize>, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (is_part(c), start) {
            (true, None) => start = Some(at),
            (false, Some(begin)) => {
                let word = text.get(begin..at)?;
                let variable = text.get(..begin).is_some_and(|before| before.ends_with(['$', '{']));
                let assigned = c == '=';
                if !variable && !assigned && is_stand_in(word) {
                    return Some((begin..at, word));
                }
                start = None;
            }
            _ => {}
        }
    }
    None
}

fn is_stand_in(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let yours = [
        "yourdomain",
        "your-domain",
        "your_domain",
        "yourcompany",
        "your-company",
        "your-cluster",
        "your-project",
        "your-bucket",
        "your-app",
        "your-server",
        "your-host",
    ];
    yours.iter().any(|mark| lower.contains(mark))
        || word.starts_with("YOUR_")
        || word.contains("TIMESTAMP")
        || word.contains("YYYYMMDD")
        || word.contains("YYYY-MM-DD")
        || matches!(lower.as_str(), "xxx" | "xxxx" | "xx.xx.xx.xx" | "x.x.x.x" | "changeme" | "change-me")
        || matches!(word, "PID" | "HOSTNAME_HERE" | "REPLACE_ME" | "TODO" | "FIXME")
}

/// True if a value contains a date: eight digits, or year, month and day with separators.
fn contains_date(value: &str) -> bool {
    let digits: Vec<&str> = value.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let day = |year: &str, rest: &str| {
        (year.starts_with("19") || year.starts_with("20")) && rest.get(..2).is_some_and(|m| ("01"..="12").contains(&m))
    };
    digits.iter().any(|part| {
        matches!(part.len(), 8 | 12 | 14) && part.split_at_checked(4).is_some_and(|(year, rest)| day(year, rest))
    }) || digits
        .windows(3)
        .any(|three| matches!(three, [y, m, d] if y.len() == 4 && m.len() == 2 && d.len() == 2 && day(y, m)))
}

/// Finds a health check by curl that ignores HTTP errors. Returns its range and its URL.
fn find_blind_health_check(at: &LocatedCommand<'_, '_>) -> Option<(Span, String)> {
    let simple = at
        .facts
        .simple_commands
        .iter()
        .find(|simple| effective_program(simple).is_some_and(|known| known.program == "curl"))?;
    let words: Vec<&str> = simple.words.iter().flatten().map(String::as_str).collect();
    let fails = words.iter().any(|word| {
        word.starts_with("--fail")
            || (word.starts_with('-') && !word.starts_with("--") && word.contains('f'))
            || matches!(*word, "-w" | "--write-out" | "-o" | "-I" | "--head" | "-i" | "-v")
    });
    let url = words.iter().find(|word| word.contains("://") || word.contains("localhost"))?;
    let checks = url.split(['/', '?', ':']).any(|part| {
        matches!(
            part,
            "health"
                | "healthz"
                | "ready"
                | "readyz"
                | "live"
                | "livez"
                | "ping"
                | "status"
                | "healthcheck"
                | "health-check"
        )
    });
    let alone = at.facts.status_source.pipeline_members.as_ref().is_some_and(|members| members.len() == 1);
    (checks && !fails && alone).then(|| (at.map_range(simple.span.clone()), (*url).to_owned()))
}

fn defined_names(at: &LocatedCommand<'_, '_>) -> Vec<String> {
    let text = at.part.text.trim_start();
    let named = text.split_once("()").map(|(name, _)| name.trim_start_matches("function ").trim().to_owned());
    let alias = text.strip_prefix("alias ").and_then(|rest| rest.split_once('=')).map(|(name, _)| name.to_owned());
    named.into_iter().chain(alias).collect()
}

fn report_unknown_programs(
    at: &LocatedCommand<'_, '_>,
    probes: &Probes<'_>,
    defined: &HashSet<String>,
    reported: &mut HashSet<String>,
    found: &mut Vec<Finding>,
) {
    if at.facts.clarity != Clarity::Clear {
        return;
    }
    for simple in &at.facts.simple_commands {
        let ProgramName::Named(name) = &simple.program else { continue };
        let plain =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+'));
        let known = name.contains('/')
            || name.starts_with('<')
            || defined.contains(name)
            || crate::risk::is_known_program(name)
            || (probes.is_program_installed)(name);
        if known || !plain || !reported.insert(name.clone()) {
            continue;
        }
        let text = at.part.text.get(simple.span.clone()).unwrap_or("");
        let begin = simple.span.start + text.find(name.as_str()).unwrap_or(0);
        found.push(Finding::new(
            "unknown-program",
            at.map_range(begin..begin + name.len()),
            format!("`{name}` is no program that is known or installed here"),
        ));
    }
}
