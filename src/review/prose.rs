//! Checks of the document as text: characters, secrets, links, headings.
//!
//! Invariant: each check passes over the text once. Refuses to know: shell.

use super::codes::CODES;
use super::finding::Finding;
use super::probes::Probes;
use crate::document::{CellKind, Runbook, Span};
use crate::risk::find_influences;
use std::collections::{BTreeMap, HashSet};

/// Adds what the parser reported about the document.
pub(super) fn add_parser_findings(runbook: &Runbook, found: &mut Vec<Finding>) {
    for odd in &runbook.findings {
        let code = CODES.iter().find(|code| code.name == odd.code).map_or("malformed-attributes", |code| code.name);
        found.push(Finding::new(code, odd.span.clone(), odd.message.clone()).with_help(odd.help.clone()));
    }
}

/// Finds characters that reverse the direction of text, and in commands those that are invisible or look like others.
pub(super) fn find_odd_characters(runbook: &Runbook, found: &mut Vec<Finding>) {
    if runbook.text.is_ascii() {
        return;
    }
    let cells: Vec<&Span> =
        runbook.cells.iter().filter(|cell| is_command_kind(cell.kind)).map(|cell| &cell.span).collect();
    let mut next = cells.iter().peekable();
    for (at, c) in runbook.text.char_indices().filter(|(_, c)| !c.is_ascii()) {
        while next.peek().is_some_and(|span| span.end <= at) {
            next.next();
        }
        let in_cell = next.peek().is_some_and(|span| span.contains(&at));
        let span = at..at + c.len_utf8();
        let name = format!("U+{:04X}", u32::from(c));
        match c {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                found.push(Finding::new(
                    "bidirectional-character",
                    span,
                    format!("{name} turns the direction of the text"),
                ));
            }
            '\u{2010}' | '\u{2011}' | '\u{2212}' if in_cell => {
                let finding = Finding::new(
                    "invisible-character",
                    span,
                    format!("{name} looks like `-`, and bash takes it for text"),
                );
                found.push(finding.with_help("write a plain `-`"));
            }
            '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{2064}'
            | '\u{00ad}'
            | '\u{feff}'
            | '\u{00a0}'
            | '\u{2007}'
            | '\u{202f}'
            | '\u{3164}'
                if in_cell =>
            {
                found.push(Finding::new(
                    "invisible-character",
                    span,
                    format!("{name} stands in a command, and nobody sees it"),
                ));
            }
            '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' | '\u{2013}' | '\u{2014}'
                if in_cell && begins_word(&runbook.text, at) =>
            {
                let finding = Finding::new(
                    "invisible-character",
                    span,
                    format!("`{c}` is no plain quote or dash, and bash takes it for text"),
                );
                found.push(finding.with_help("write a plain `'`, `\"` or `-`"));
            }
            _ => {}
        }
    }
}

/// True if a quote or dash begins a word outside a comment. Elsewhere typographic characters are harmless.
fn begins_word(text: &str, at: usize) -> bool {
    let line_start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let before = text.get(line_start..at).unwrap_or("");
    !before.contains('#')
        && before.ends_with([' ', '='])
        && text.get(at..).is_some_and(|rest| !rest.chars().nth(1).is_some_and(char::is_whitespace))
}

fn is_command_kind(kind: CellKind) -> bool {
    matches!(kind, CellKind::Command | CellKind::Guessed)
}

/// Secrets recognisable by their form: prefix, least length after it, and a description.
const SECRET_FORMS: &[(&str, usize, &str)] = &[
    ("AKIA", 16, "an access key of AWS"),
    ("ASIA", 16, "an access key of AWS"),
    ("ghp_", 36, "a token of GitHub"),
    ("gho_", 36, "a token of GitHub"),
    ("ghs_", 36, "a token of GitHub"),
    ("github_pat_", 40, "a token of GitHub"),
    ("glpat-", 20, "a token of GitLab"),
    ("xoxb-", 20, "a token of Slack"),
    ("xoxp-", 20, "a token of Slack"),
    ("sk_live_", 16, "a key of Stripe"),
    ("rk_live_", 16, "a key of Stripe"),
    ("sk-ant-", 20, "a key of Anthropic"),
    ("AIza", 35, "a key of Google"),
    ("SG.", 40, "a key of SendGrid"),
    ("npm_", 36, "a token of npm"),
    ("hvs.", 24, "a token of Vault"),
    ("dop_v1_", 40, "a token of DigitalOcean"),
];

/// Finds secrets in the text.
pub(super) fn find_secrets(runbook: &Runbook, found: &mut Vec<Finding>) {
    let text = runbook.text.as_str();
    for (prefix, length, what) in SECRET_FORMS {
        for (at, _) in text.match_indices(prefix) {
            let begins = text
                .get(..at)
                .and_then(|t| t.chars().next_back())
                .is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_');
            let rest = text.get(at + prefix.len()..).unwrap_or("");
            let run = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
            let value = rest.get(..run).unwrap_or("");
            if begins && run >= *length && looks_random(value) {
                found.push(Finding::new("secret", at..at + prefix.len() + run, format!("`{prefix}…` is {what}")));
            }
        }
    }
    for (at, _) in text.match_indices("-----BEGIN ") {
        let line = text.get(at..).and_then(|rest| rest.lines().next()).unwrap_or("");
        if line.contains("PRIVATE KEY-----") {
            found.push(Finding::new("secret", at..at + line.len(), "a private key"));
        }
    }
}

/// True if a value looks random. `AKIAXXXXXXXXXXXXXXXX` and `…EXAMPLE` only stand for a secret.
fn looks_random(value: &str) -> bool {
    let distinct: std::collections::HashSet<char> = value.chars().collect();
    distinct.len() >= 7
        && !value.to_ascii_uppercase().contains("EXAMPLE")
        && !value.to_ascii_lowercase().contains("your")
        && !value.contains("xxxx")
}

/// Reports variables of the front matter by which programs run others or act elsewhere.
pub(super) fn find_environment_influences(runbook: &Runbook, found: &mut Vec<Finding>) {
    let front = &runbook.front_matter;
    let variables = front.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for influence in find_influences(variables) {
        let text = runbook.text.get(front.span.clone()).unwrap_or("");
        let at = text.find(&format!("{}:", influence.name)).map_or(front.span.start, |at| front.span.start + at);
        let span = at..at + influence.name.len();
        let message = format!("the front matter sets `{}`, which {}", influence.name, influence.kind.as_str());
        found.push(Finding::new("environment-influence", span, message));
    }
}

/// Finds links to files or anchors that do not exist.
pub(super) fn find_broken_links(runbook: &Runbook, probes: &Probes<'_>, found: &mut Vec<Finding>) {
    let text = runbook.text.as_str();
    let mut cells = runbook.cells.iter().map(|cell| cell.span.clone()).peekable();
    let anchors = collect_anchors(runbook);
    let mut code = InlineCode { text, seen: 0, ticks: 0 };
    let mut from = 0;
    while let Some(open) = text.get(from..).and_then(|rest| rest.find("](")).map(|at| from + at) {
        from = open + 2;
        while cells.peek().is_some_and(|span| span.end <= open) {
            cells.next();
        }
        if cells.peek().is_some_and(|span| span.contains(&open)) || code.contains_offset(open) {
            continue;
        }
        let Some(rest) = text.get(from..) else { break };
        let end = rest.find([')', '\n', ' ']).unwrap_or(rest.len());
        let target = rest.get(..end).unwrap_or("").trim_start_matches('<').trim_end_matches('>');
        if target.is_empty() || target.contains("://") || target.starts_with(['/', '{', '<', '$']) || has_scheme(target)
        {
            continue;
        }
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let span = from..from + end;
        if file.is_empty() {
            let known = anchor.is_empty() || anchors.contains(anchor);
            if !known {
                found.push(Finding::new("broken-link", span, format!("`#{anchor}` is no heading of this document")));
            }
        } else if (probes.path_exists)(&decode_blanks(file)) == Some(false) {
            found.push(Finding::new("broken-link", span, format!("there is no file `{file}`")));
        }
    }
}

/// Collects every anchor of the document, those in HTML included.
fn collect_anchors(runbook: &Runbook) -> HashSet<&str> {
    let sections = runbook.sections.iter().flat_map(|section| section.also.iter().chain([&section.anchor]));
    let marks = ["id=\"", "name=\""];
    let html = marks.iter().flat_map(|mark| {
        let marks = runbook.text.match_indices(mark);
        marks.filter_map(|(at, _)| runbook.text.get(at + mark.len()..)?.split('"').next())
    });
    sections.map(crate::ident::Anchor::as_str).chain(html).collect()
}

fn has_scheme(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

fn decode_blanks(path: &str) -> String {
    path.replace("%20", " ")
}

/// Finds out which offsets are in inline code: those with an odd number of backticks before them on their line. Offsets must
/// be asked for in ascending order, so that the text is scanned only once.
struct InlineCode<'a> {
    text: &'a str,
    seen: usize,
    ticks: usize,
}

impl InlineCode<'_> {
    fn contains_offset(&mut self, offset: usize) -> bool {
        for byte in self.text.as_bytes().get(self.seen..offset).unwrap_or_default() {
            match byte {
                b'\n' => self.ticks = 0,
                b'`' => self.ticks += 1,
                _ => {}
            }
        }
        self.seen = self.seen.max(offset);
        self.ticks % 2 == 1
    }
}

/// Finds sections under the same parent with the same heading.
pub(super) fn find_duplicate_headings(runbook: &Runbook, found: &mut Vec<Finding>) {
    let mut seen: BTreeMap<(Option<usize>, String), Span> = BTreeMap::new();
    for section in runbook.sections.iter().filter(|section| section.level > 0 && !section.title.is_empty()) {
        let span = heading_span(runbook, section.span.start);
        let key = (section.parent, section.title.to_lowercase());
        match seen.get(&key) {
            Some(first) => found.push(
                Finding::new(
                    "duplicate-heading",
                    span,
                    format!(
                        "`{}` is a heading of this part already; this one is `#{}`",
                        section.title,
                        section.anchor.as_str()
                    ),
                )
                .with_related(first.clone(), "the first one"),
            ),
            None => {
                seen.insert(key, span);
            }
        }
    }
}

fn heading_span(runbook: &Runbook, at: usize) -> Span {
    let line = runbook.text.get(at..).and_then(|rest| rest.lines().next()).unwrap_or("");
    at..at + line.trim_end().len()
}

/// Finds sections with two or more commands in their prose but no cell.
pub(super) fn find_inline_commands(runbook: &Runbook, found: &mut Vec<Finding>) {
    for section in runbook.sections.iter().filter(|section| section.level > 0 && section.children.is_empty()) {
        let has_cell = runbook.cells.iter().any(|cell| section.span.contains(&cell.span.start));
        let Some(text) = runbook.text.get(section.span.clone()).filter(|_| !has_cell) else { continue };
        let mut commands = Vec::new();
        let mut at = 0;
        for (number, piece) in text.split('`').enumerate() {
            let inside = number % 2 == 1 && !piece.contains('\n') && piece.trim().contains(' ');
            if inside && looks_like_command(piece) {
                let begin = section.span.start + at;
                commands.push((begin..begin + piece.len(), piece));
            }
            at += piece.len() + 1;
        }
        if let [first, second, ..] = commands.as_slice() {
            let message =
                format!("`{}` has commands in its text and no cell: `{}`, `{}`", section.title, first.1, second.1);
            found.push(Finding::new("inline-command", first.0.clone(), message));
        }
    }
}

fn looks_like_command(text: &str) -> bool {
    let risk = crate::risk::judge_risk(text);
    !risk.unknown && crate::shell::looks_like_shell(text)
}
