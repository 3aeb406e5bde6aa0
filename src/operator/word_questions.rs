//! The questions that are answered in words: choices, values and messages.
//!
//! Invariant: if the operator does not change a default, the answer is exactly that default. Refuses to know: how lines
//! are edited.

use super::at_terminal::TerminalOperator;
use super::completion::Completions;
use super::key_questions::{input_menu, message_menu};
use super::lines::{EnteredLine, LinePurpose, LineRequest};
use super::look::{TerminalLook, format_count, one_line, sanitize_prose};
use crate::plan::ChoiceKind;
use crate::ports::AskChoice;
use crate::ports::AskInput;
use crate::ports::AskMessage;
use crate::ports::Chosen;
use crate::ports::OperatorError;
use crate::ports::Reply;
use crate::term::Glyphs;
use crate::term::Style;
use crate::term::StyledSpan;
use crate::term::sanitize_code;
use std::collections::BTreeMap;

/// The most choices of a value that are shown.
const MAX_CHOICES_SHOWN: usize = 30;

impl TerminalOperator {
    pub(super) fn ask_choice(&mut self, ask: &AskChoice<'_>) -> Result<Reply, OperatorError> {
        self.begin_question(&ask.position, false);
        let menu = self.choice_menu(ask);
        self.write_text(&menu);
        loop {
            let typed = match self.ask_plain_line("choose: ", "", LinePurpose::Choice)? {
                EnteredLine::Text(text) => text.trim().to_owned(),
                EnteredLine::EndOfInput => return Ok(Reply::Stop),
                EnteredLine::Cancelled | EnteredLine::SecretRequested(..) => {
                    self.write_hint("q and Enter stops the run; Ctrl-C ends a running command only");
                    continue;
                }
            };
            if let Some(reply) = self.reply_to_choice(ask, &typed)? {
                return Ok(reply);
            }
        }
    }

    /// The answer that a typed line means. None if it only showed something, and the choice is asked for again.
    fn reply_to_choice(&mut self, ask: &AskChoice<'_>, typed: &str) -> Result<Option<Reply>, OperatorError> {
        let reply = match typed {
            "" => {
                self.write_hint("type a number or the beginning of a title; g goes on without choosing");
                return Ok(None);
            }
            "@" if self.incident.is_some() => {
                self.ask_incident_line()?;
                return Ok(None);
            }
            "g" => Reply::Chosen(Chosen::GoOn),
            "b" => Reply::Back,
            "q" => Reply::Stop,
            "?" => {
                let menu = self.choice_menu(ask);
                self.write_text(&menu);
                return Ok(None);
            }
            "n" => match self.ask_plain_line("note: ", "", LinePurpose::FreeText)? {
                EnteredLine::Text(note) if !note.trim().is_empty() => Reply::Note(note),
                _ => return Ok(None),
            },
            typed => match find_option(ask, typed) {
                Ok(option_index) => Reply::Chosen(Chosen::Option(option_index)),
                Err(reason) => {
                    self.write_hint(&reason);
                    return Ok(None);
                }
            },
        };
        Ok(Some(reply))
    }

    fn choice_menu(&self, ask: &AskChoice<'_>) -> String {
        let (look, columns) = (self.look, self.text_columns());
        let mut out = String::from("\n");
        out.push_str(&look.render_paragraph(&[StyledSpan::new(Style::StepHeading, one_line(ask.title))], columns, ""));
        let kind = match ask.kind {
            ChoiceKind::Sections => "which section?",
            ChoiceKind::Alternatives => "which of these?",
        };
        out.push_str(&look.paint_text(Style::Dim, &format!("  {kind}\n")));
        let digits = ask.options.len().to_string().len();
        for (i, (title, steps, chosen)) in ask.options.iter().enumerate() {
            let mark = if *chosen { check_mark(look.glyphs) } else { "\u{a0}" };
            let spans = [
                StyledSpan::new(Style::Key, format!("{:>digits$}", i + 1).replace(' ', "\u{a0}")),
                StyledSpan::new(Style::Success, format!("\u{a0}{mark}\u{a0}")),
                StyledSpan::new(Style::Prose, one_line(title)),
                StyledSpan::new(Style::Dim, format!("\u{a0} {}", format_count(*steps, "step"))),
            ];
            out.push_str(&look.render_paragraph(&spans, columns, "  "));
        }
        let keys = [("number or title", "choose"), ("g", "go on"), ("n", "note"), ("b", "back"), ("q", "stop")];
        let mut spans = Vec::new();
        for (i, (key, label)) in keys.iter().enumerate() {
            if i > 0 {
                spans.push(StyledSpan::new(Style::Dim, look.glyphs.item_separator()));
            }
            spans.push(StyledSpan::new(Style::Key, *key));
            spans.push(StyledSpan::new(Style::Prose, format!(" {label}")));
        }
        spans.push(StyledSpan::new(Style::Dim, ", and Enter"));
        out.push_str(&look.render_paragraph(&spans, columns, ""));
        out
    }

    pub(super) fn ask_input(&mut self, ask: &AskInput<'_>) -> Result<Reply, OperatorError> {
        self.keys.discard_pending();
        let body = self.input_body(ask);
        self.write_text(&body);
        // If there are choices, the line begins empty so that a number can be typed at once.
        let initial = ask.default.filter(|_| ask.choices.is_empty()).unwrap_or_default();
        let initial = sanitize_code(initial).into_owned();
        let purpose = if ask.secret { LinePurpose::Secret } else { LinePurpose::Value };
        let offers = completion_offers(ask);
        let prompt = format!("{} = ", one_line(ask.name));
        loop {
            let line = LineRequest { prompt: &prompt, initial: (&initial, ""), purpose, completions: &offers };
            match self.ask_line(&line)? {
                // A single `s` is the key that skips, and no secret.
                EnteredLine::Text(text) if ask.secret && text.trim() == "s" => return Ok(Reply::Skip(String::new())),
                EnteredLine::Text(text) if ask.secret && text.starts_with('@') => match read_secret_file(&text) {
                    Ok(value) => return Ok(Reply::Value(value)),
                    Err(why) => self.write_hint(&why),
                },
                EnteredLine::Text(text) => match accepted_value(ask, &initial, text) {
                    Some(value) => return Ok(Reply::Value(value)),
                    None => self.write_hint("a value is needed; Ctrl-C shows what else can be done"),
                },
                EnteredLine::EndOfInput => return Ok(Reply::Stop),
                EnteredLine::Cancelled | EnteredLine::SecretRequested(..) => {
                    match self.ask_by_key(&input_menu(), "")? {
                        Reply::Retry => {}
                        other => return Ok(other),
                    }
                }
            }
        }
    }

    /// Text above the line: the reason for the question, the choices, and the rules for the value.
    fn input_body(&self, ask: &AskInput<'_>) -> String {
        let (look, columns) = (self.look, self.text_columns());
        let paragraph = |style, text: String| look.render_paragraph(&[StyledSpan::new(style, text)], columns, "");
        let mut body = format!("\n{}", paragraph(Style::Prose, sanitize_prose(ask.why)));
        if let Some(description) = ask.description {
            body.push_str(&paragraph(Style::Prose, sanitize_prose(description)));
        }
        body.push_str(&numbered_choices(&ask.choices, look, columns));
        let hints = input_hints(ask, look);
        if !hints.is_empty() {
            body.push_str(&paragraph(Style::Dim, format!("{}.", hints.join("; "))));
        }
        body
    }

    pub(super) fn ask_message(&mut self, ask: &AskMessage<'_>) -> Result<Reply, OperatorError> {
        self.begin_question(&ask.shown.position, false);
        self.visible.mark_step_stale();
        let step = ask.shown.step;
        let mut text = match self.unfinished.take_message(&step.id) {
            Some(text) => text,
            None => self.fill_template(ask)?,
        };
        loop {
            let shown = format!("\n{}\n", self.look.paint_text(Style::Heading, "The message, to copy:"));
            let body = format!("{shown}\n{}\n\n", sanitize_prose(text.trim_end_matches('\n')));
            match self.ask_by_key(&message_menu(&text), &body)? {
                Reply::Edit(changed) => text = changed,
                reply @ (Reply::Note(_) | Reply::Own(_)) => {
                    self.unfinished.keep_message(step.id.clone(), text);
                    return Ok(reply);
                }
                reply => {
                    if let Reply::Filled(text) = &reply {
                        // In an incident every recorded message is also a status update.
                        self.record_in_incident(&format!("status {text}"));
                    }
                    return Ok(reply);
                }
            }
        }
    }

    /// Asks for each field. An empty answer leaves the field as it is; Ctrl-C leaves all that remain.
    fn fill_template(&mut self, ask: &AskMessage<'_>) -> Result<String, OperatorError> {
        let (look, columns) = (self.look, self.text_columns());
        let template = ask.shown.step.body.as_str();
        let harmless = sanitize_prose(template.trim_end());
        let lines: Vec<_> = harmless.lines().map(|line| format!("    {line}")).collect();
        self.write_text(&format!("\n{}\n\n", lines.join("\n")));
        if ask.fields.is_empty() {
            return Ok(template.to_owned());
        }
        let hint = "Each field in turn; an empty one stays as it is, Ctrl-C leaves the rest.";
        self.write_text(&look.render_paragraph(&[StyledSpan::new(Style::Dim, hint)], columns, ""));
        let mut values = BTreeMap::new();
        for field in &ask.fields {
            match self.ask_plain_line(&format!("{}: ", one_line(field)), "", LinePurpose::Value)? {
                EnteredLine::Text(value) if value.trim().is_empty() => {}
                EnteredLine::Text(value) => {
                    values.insert(field.clone(), value);
                }
                EnteredLine::Cancelled | EnteredLine::EndOfInput | EnteredLine::SecretRequested(..) => break,
            }
        }
        Ok(substitute_fields(template, &values))
    }
}

/// The secret in the file that was typed as `@FILE`, without its last line's end. Fails with a hint.
fn read_secret_file(typed: &str) -> Result<String, String> {
    let file = typed.trim_start_matches('@').trim();
    let is_ordinary = std::fs::metadata(file).is_ok_and(|about| about.is_file() && about.len() <= LONGEST_SECRET_BYTES);
    let text = std::fs::read_to_string(file).ok().filter(|_| is_ordinary);
    let value = text.map(|text| text.trim_end_matches(['\n', '\r']).to_owned()).filter(|value| !value.is_empty());
    value.ok_or_else(|| format!("`{}` is not a file with a secret that can be read", one_line(file)))
}

/// The value that a typed line means: the default, the chosen one, or the text itself. None if it is missing.
fn accepted_value(ask: &AskInput<'_>, initial: &str, text: String) -> Option<String> {
    if let Some(default) = ask.default.filter(|_| text == initial) {
        return Some(default.to_owned());
    }
    if text.is_empty()
        && let Some(keep) = ask.keep
    {
        return Some(keep.to_owned());
    }
    if let Some(choice) = find_choice(ask, &text) {
        return Some(choice);
    }
    (!text.is_empty() || ask.default.is_some()).then_some(text)
}

/// The choices with their numbers, without the middle of a long list.
fn numbered_choices(choices: &[String], look: TerminalLook, columns: usize) -> String {
    let mut out = String::new();
    let digits = choices.len().to_string().len();
    let omitted = omitted_choices(choices.len());
    for (i, choice) in choices.iter().enumerate() {
        if i == omitted.start && !omitted.is_empty() {
            let text = format!("{} more; Tab completes them, and their numbers count", omitted.len());
            out.push_str(&look.render_paragraph(&[StyledSpan::new(Style::Dim, text)], columns, "  "));
        }
        if omitted.contains(&i) {
            continue;
        }
        let number = format!("{:>digits$}", i + 1).replace(' ', "\u{a0}");
        let spans = [
            StyledSpan::new(Style::Key, number),
            StyledSpan::new(Style::Prose, format!("\u{a0} {}", one_line(choice))),
        ];
        out.push_str(&look.render_paragraph(&spans, columns, "  "));
    }
    out
}

/// The rules for a value, and the effect of Tab and Enter.
fn input_hints(ask: &AskInput<'_>, look: TerminalLook) -> Vec<String> {
    let has_choices = !ask.choices.is_empty();
    let mut hints = Vec::new();
    if has_choices {
        hints
            .push(if ask.only_choices { "a number or one of these" } else { "a number takes one of these" }.to_owned());
    }
    hints.extend(ask.wanted.as_deref().map(one_line));
    if ask.secret {
        hints
            .push("what is typed is not shown and kept nowhere; `@FILE` reads it from a file, `s` skips it".to_owned());
    }
    if !ask.secret && (ask.files_from.is_some() || has_choices) && look.can_move_cursor {
        hints.push("Tab completes it".to_owned());
    }
    if let Some(default) = ask.default.filter(|_| has_choices) {
        hints.push(format!("Enter keeps `{}`", one_line(default)));
    } else if ask.default.is_some() {
        hints.push("Enter keeps what stands there; it can be changed first".to_owned());
    } else if let Some(keep) = ask.keep {
        hints.push(format!("Enter keeps `{}` as it stands", one_line(keep)));
    }
    hints
}

/// The choices that are not shown: the middle of a long list, since its newest entries may be first or last.
fn omitted_choices(count: usize) -> std::ops::Range<usize> {
    let half = MAX_CHOICES_SHOWN / 2;
    if count > MAX_CHOICES_SHOWN { half..count - half } else { 0..0 }
}

/// The completions of a value. A secret has none, since completions are shown.
fn completion_offers(ask: &AskInput<'_>) -> Completions {
    if ask.secret {
        return Completions::default();
    }
    let mut words = ask.choices.clone();
    words.extend([ask.default, ask.keep].into_iter().flatten().map(ToOwned::to_owned));
    let mut seen = std::collections::BTreeSet::new();
    words.retain(|word| seen.insert(word.clone()));
    Completions { words, files_from: ask.files_from.map(std::path::PathBuf::from) }
}

/// The choice that was typed, or whose number was typed. A number that is itself a choice means that choice.
fn find_choice(ask: &AskInput<'_>, typed: &str) -> Option<String> {
    let typed = typed.trim();
    if ask.choices.iter().any(|choice| choice == typed) {
        return Some(typed.to_owned());
    }
    let choice_index = typed.parse::<usize>().ok()?.checked_sub(1)?;
    ask.choices.get(choice_index).cloned()
}

fn check_mark(glyphs: Glyphs) -> &'static str {
    match glyphs {
        Glyphs::Unicode => "✓",
        Glyphs::Ascii => "*",
    }
}

/// Finds an option by its number, its title, or a prefix that only one title has. Fails with a hint for the operator.
fn find_option(ask: &AskChoice<'_>, typed: &str) -> Result<usize, String> {
    if let Ok(number) = typed.parse::<usize>() {
        let known = number.checked_sub(1).filter(|at| *at < ask.options.len());
        return known.ok_or_else(|| format!("there is no {number}; the last is {}", ask.options.len()));
    }
    let typed = typed.to_lowercase();
    let titles: Vec<String> = ask.options.iter().map(|(title, ..)| title.to_lowercase()).collect();
    if let Some(at) = titles.iter().position(|title| *title == typed) {
        return Ok(at);
    }
    let matching: Vec<usize> =
        titles.iter().enumerate().filter(|(_, title)| title.starts_with(&typed)).map(|(at, _)| at).collect();
    match matching.as_slice() {
        [only] => Ok(*only),
        [] => Err(format!("no title begins with `{}`", one_line(&typed))),
        _ => Err(format!("{} titles begin with `{}`; type more of it", matching.len(), one_line(&typed))),
    }
}

/// The longest file that a secret is read from.
const LONGEST_SECRET_BYTES: u64 = 64 << 10;
/// The longest field, in characters.
const FIELD_LIMIT: usize = 400;

/// The template with each `[field]` replaced by its value. Values themselves are not searched for fields.
fn substitute_fields(template: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        // Without the limit, a text of nothing but `[` would be scanned to its end for each of them.
        let end = after.char_indices().take(FIELD_LIMIT).find(|(_, c)| *c == ']').map(|(at, _)| at);
        let filled = end.and_then(|end| Some((values.get(after.get(..end)?)?, after.get(end + 1..)?)));
        if let Some((value, behind)) = filled {
            out.push_str(value);
            rest = behind;
        } else {
            out.push('[');
            rest = after;
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_looks_like_a_field_is_not_filled_in_again() {
        let values = BTreeMap::from([("A".to_owned(), "[B]".to_owned()), ("B".to_owned(), "x".to_owned())]);
        assert_eq!(substitute_fields("[A] and [B], [A]; [C] [[B]] [", &values), "[B] and x, [B]; [C] [x] [");
    }
}
