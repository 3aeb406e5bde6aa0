//! Checks of single commands.
//!
//! Invariant: a problem of the whole document is reported once, with the number of its occurrences. Refuses to know: what other
//! commands do.

use super::cells::{At, CellText, What};
use super::finding::Finding;
use super::probes::Given;
use crate::document::{CellKind, LineRole, Runbook, Span};
use crate::risk::Flag;
use crate::shell::{Clarity, IS_TABLE, NotACommand, Program, program_of};
use std::collections::HashSet;

/// Occurrences of a problem that is reported once for a document.
#[derive(Default)]
struct Once {
    places: Vec<(Span, String)>,
}

impl Once {
    fn add(&mut self, span: Span, words: String) {
        self.places.push((span, words));
    }

    fn tell(self, code: &'static str, say: impl Fn(&str) -> String, found: &mut Vec<Finding>) {
        let count = self.places.len();
        let mut places = self.places.into_iter();
        let Some((span, first)) = places.next() else { return };
        let more = match count {
            1 => String::new(),
            2 => ", here and in 1 other place".to_owned(),
            n => format!(", here and in {} other places", n - 1),
        };
        let mut finding = Finding::new(code, span, format!("{}{more}", say(&first)));
        finding.also = places.take(2).map(|(span, _)| (span, "and here".to_owned())).collect();
        found.push(finding);
    }
}

pub(super) fn review(runbook: &Runbook, cells: &[CellText<'_>], probes: &mut Given<'_>, found: &mut Vec<Finding>) {
    let (mut old, mut terminal, mut health, mut programs) =
        (Once::default(), Once::default(), Once::default(), HashSet::new());
    let defined: HashSet<String> = cells.iter().flat_map(CellText::commands).flat_map(|at| defined(&at)).collect();
    for cell in cells {
        kinds(runbook, cell, found);
        for placed in &cell.parts {
            if let What::NotShell { reason } = &placed.what {
                not_shell(cell, placed, reason, probes, found);
            }
        }
        for at in cell.commands() {
            if !text(&at, probes, found) {
                continue;
            }
            values(runbook, &at, found);
            if at.facts.simple.iter().any(|simple| simple.program == Program::Named("docker-compose".to_owned())) {
                old.add(at.head(), "docker-compose".to_owned());
            }
            if at.risk.flags.contains(&Flag::NeedsTty) {
                terminal.add(at.head(), at.short());
            }
            if let Some((span, url)) = health_check(&at) {
                health.add(span, url);
            }
            unknown_program(&at, probes, &defined, &mut programs, found);
        }
    }
    old.tell("old-compose", |_| "`docker-compose` is the old spelling".to_owned(), found);
    terminal.tell("terminal-needed", |first| format!("`{first}` needs a terminal"), found);
    health.tell("health-check-without-fail", |url| format!("`curl {url}` exits 0 on an HTTP error"), found);
}

fn kinds(runbook: &Runbook, cell: &CellText<'_>, found: &mut Vec<Finding>) {
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

fn not_shell(
    cell: &CellText<'_>,
    placed: &super::cells::Placed,
    reason: &str,
    probes: &mut Given<'_>,
    found: &mut Vec<Finding>,
) {
    if reason.contains("here") && reason.contains("never ends") {
        found.push(Finding::new("heredoc-unclosed", cell.head(placed), reason.to_owned()));
        return;
    }
    if reason.starts_with("below a line") {
        return;
    }
    if reason == IS_TABLE {
        let first = placed.text.trim().lines().next().unwrap_or_default();
        pasted(cell, cell.whole(placed), first, reason, found);
        return;
    }
    match (probes.rejects)(&placed.text) {
        Some((message, line)) if message.contains("here-document") => {
            let span = cell.line(placed, line.saturating_sub(1) as usize);
            found.push(Finding::new("heredoc-unclosed", span, message));
        }
        Some((message, line)) => {
            let span = cell.line(placed, line.saturating_sub(1) as usize);
            found.push(Finding::new("syntax-error", span, format!("bash says: {message}")));
        }
        None => found.push(Finding::new("not-shell", cell.head(placed), format!("no shell: {reason}"))),
    }
}

/// Reports a line of pasted text. Lines of one block are merged into one finding.
fn pasted(cell: &CellText<'_>, span: Span, shown: &str, what: &str, found: &mut Vec<Finding>) {
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
fn text(at: &At<'_, '_>, probes: &mut Given<'_>, found: &mut Vec<Finding>) -> bool {
    if at.placed.text.trim_start().starts_with('>') {
        found.push(Finding::new("pasted-prompt", at.head(), format!("`{}` begins with `>`", at.short())));
        return false;
    }
    match &at.facts.not_a_command {
        Some(NotACommand::Yaml) => {
            pasted(at.cell, at.head(), &at.short(), "YAML", found);
            return false;
        }
        Some(NotACommand::Slash(word)) => {
            found.push(Finding::new("chat-command", at.head(), format!("`{word}` is a command for a chat")));
            return false;
        }
        Some(NotACommand::Cron) => {
            found.push(Finding::new("crontab-line", at.head(), format!("`{}` is a line for a crontab", at.short())));
            return false;
        }
        None => {}
    }
    if at.facts.placeholders.is_empty()
        && let Some((message, line)) = (probes.rejects)(&at.placed.text)
    {
        let code = if message.contains("here-document") { "heredoc-unclosed" } else { "syntax-error" };
        let span = at.cell.line(at.placed, line.saturating_sub(1) as usize);
        found.push(Finding::new(code, span, format!("bash says: {message}")));
        return false;
    }
    if let Clarity::Opaque(why) = &at.facts.clarity {
        found.push(Finding::new("opaque-command", at.head(), format!("`{}`: {why}", at.short())));
    }
    true
}

/// Finds values that the reader must fill in, and dated values that go stale.
fn values(runbook: &Runbook, at: &At<'_, '_>, found: &mut Vec<Finding>) {
    for placeholder in &at.facts.placeholders {
        found.push(Finding::new(
            "placeholder",
            at.span(placeholder.span.clone()),
            format!("`{}` stands for a value", placeholder.text),
        ));
    }
    for simple in &at.facts.simple {
        let Some(text) = at.placed.text.get(simple.span.clone()) else { continue };
        if let Some((range, word)) = stands_for_value(text) {
            let span = at.span(simple.span.start + range.start..simple.span.start + range.end);
            if !found.iter().any(|other| other.code == "placeholder" && word_of(runbook, &other.span) == word) {
                found.push(Finding::new("placeholder", span, format!("`{word}` stands for a value")));
            }
        }
    }
    for assignment in at.facts.assigns.iter().filter(|assignment| assignment.literal.as_deref().is_some_and(has_date)) {
        let value = assignment.literal.as_deref().unwrap_or_default();
        found.push(Finding::new(
            "stale-value",
            at.span(assignment.value_span.clone()),
            format!("`{value}` is a value of one day"),
        ));
    }
}

fn word_of<'r>(runbook: &'r Runbook, span: &Span) -> &'r str {
    runbook.text.get(span.clone()).unwrap_or("")
}

/// Finds a word that stands for a value without brackets: `yourdomain.com`, `TIMESTAMP` in a name, `'xxx'`, `YOUR_TOKEN`.
fn stands_for_value(text: &str) -> Option<(std::ops::Range<usize>, &str)> {
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
fn has_date(value: &str) -> bool {
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
fn health_check(at: &At<'_, '_>) -> Option<(Span, String)> {
    let simple =
        at.facts.simple.iter().find(|simple| program_of(simple).is_some_and(|known| known.program == "curl"))?;
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
    let alone = at.facts.status.pipeline.as_ref().is_some_and(|members| members.len() == 1);
    (checks && !fails && alone).then(|| (at.span(simple.span.clone()), (*url).to_owned()))
}

fn defined(at: &At<'_, '_>) -> Vec<String> {
    let text = at.placed.text.trim_start();
    let named = text.split_once("()").map(|(name, _)| name.trim_start_matches("function ").trim().to_owned());
    let alias = text.strip_prefix("alias ").and_then(|rest| rest.split_once('=')).map(|(name, _)| name.to_owned());
    named.into_iter().chain(alias).collect()
}

fn unknown_program(
    at: &At<'_, '_>,
    probes: &Given<'_>,
    defined: &HashSet<String>,
    reported: &mut HashSet<String>,
    found: &mut Vec<Finding>,
) {
    if at.facts.clarity != Clarity::Clear {
        return;
    }
    for simple in &at.facts.simple {
        let Program::Named(name) = &simple.program else { continue };
        let plain =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+'));
        let known = name.contains('/')
            || name.starts_with('<')
            || defined.contains(name)
            || crate::risk::is_known_program(name)
            || (probes.is_program)(name);
        if known || !plain || !reported.insert(name.clone()) {
            continue;
        }
        let text = at.placed.text.get(simple.span.clone()).unwrap_or("");
        let begin = simple.span.start + text.find(name.as_str()).unwrap_or(0);
        found.push(Finding::new(
            "unknown-program",
            at.span(begin..begin + name.len()),
            format!("`{name}` is no program that is known or installed here"),
        ));
    }
}
