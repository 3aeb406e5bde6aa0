//! The questions that are answered in words: choices, values, messages.
//!
//! Invariant: a value asked for with a default is that default exactly when nothing was changed.

use super::at_terminal::AtTerminal;
use super::completion::Offers;
use super::lines::{AskLine, Line, Purpose};
use super::look::{count, one_line, plain};
use super::questions::{input_question, message_question};
use crate::plan::ChoiceKind;
use crate::ports::AskChoice;
use crate::ports::AskInput;
use crate::ports::AskMessage;
use crate::ports::Chosen;
use crate::ports::OperatorError;
use crate::ports::Reply;
use crate::term::Glyphs;
use crate::term::Span;
use crate::term::Style;
use crate::term::sanitize_code;
use std::collections::BTreeMap;

/// So many choices of a value are shown.
const MOST_SHOWN: usize = 30;

impl AtTerminal {
    pub(super) fn ask_choice(&mut self, ask: &AskChoice<'_>) -> Result<Reply, OperatorError> {
        self.begin_question(&ask.standing, false);
        let menu = self.menu(ask);
        self.write(&menu);
        loop {
            let typed = match self.line("choose: ", "", Purpose::Choice)? {
                Line::Text(text) => text.trim().to_owned(),
                Line::End => return Ok(Reply::Stop),
                Line::Cancelled | Line::Secret(..) => {
                    self.hint("q and Enter stops the run; Ctrl-C ends a running command only");
                    continue;
                }
            };
            let reply = match typed.as_str() {
                "" => {
                    self.hint("type a number or the beginning of a title; g goes on without choosing");
                    continue;
                }
                "@" if self.pager.is_some() => {
                    self.incident_line()?;
                    continue;
                }
                "g" => Reply::Chosen(Chosen::GoOn),
                "b" => Reply::Back,
                "q" => Reply::Stop,
                "?" => {
                    let menu = self.menu(ask);
                    self.write(&menu);
                    continue;
                }
                "n" => match self.line("note: ", "", Purpose::Words)? {
                    Line::Text(note) if !note.trim().is_empty() => Reply::Note(note),
                    _ => continue,
                },
                typed => match pick(ask, typed) {
                    Ok(at) => Reply::Chosen(Chosen::Option(at)),
                    Err(why) => {
                        self.hint(&why);
                        continue;
                    }
                },
            };
            return Ok(reply);
        }
    }

    fn menu(&self, ask: &AskChoice<'_>) -> String {
        let (look, columns) = (self.look, self.columns());
        let mut out = String::from("\n");
        out.push_str(&look.paragraph(&[Span::new(Style::StepHeading, one_line(ask.title))], columns, ""));
        let kind = match ask.kind {
            ChoiceKind::Sections => "which section?",
            ChoiceKind::Alternatives => "which of these?",
        };
        out.push_str(&look.paint(Style::Dim, &format!("  {kind}\n")));
        let digits = ask.options.len().to_string().len();
        for (i, (title, steps, chosen)) in ask.options.iter().enumerate() {
            let before = if *chosen { tick(look.glyphs) } else { "\u{a0}" };
            let spans = [
                Span::new(Style::Key, format!("{:>digits$}", i + 1).replace(' ', "\u{a0}")),
                Span::new(Style::Success, format!("\u{a0}{before}\u{a0}")),
                Span::new(Style::Prose, one_line(title)),
                Span::new(Style::Dim, format!("\u{a0} {}", count(*steps, "step"))),
            ];
            out.push_str(&look.paragraph(&spans, columns, "  "));
        }
        let keys = [("number or title", "choose"), ("g", "go on"), ("n", "note"), ("b", "back"), ("q", "stop")];
        let mut spans = Vec::new();
        for (i, (key, label)) in keys.iter().enumerate() {
            if i > 0 {
                spans.push(Span::new(Style::Dim, look.glyphs.dot()));
            }
            spans.push(Span::new(Style::Key, *key));
            spans.push(Span::new(Style::Prose, format!(" {label}")));
        }
        spans.push(Span::new(Style::Dim, ", and Enter"));
        out.push_str(&look.paragraph(&spans, columns, ""));
        out
    }

    pub(super) fn ask_input(&mut self, ask: &AskInput<'_>) -> Result<Reply, OperatorError> {
        self.keys.flush();
        let body = self.input_body(ask);
        self.write(&body);
        // Where there is something to choose from the line begins empty, so that a number stands alone.
        let initial = ask.default.filter(|_| ask.choices.is_empty()).unwrap_or_default();
        let initial = sanitize_code(initial).into_owned();
        let purpose = if ask.secret { Purpose::Secret } else { Purpose::Value };
        let offers = offers(ask);
        let prompt = format!("{} = ", one_line(ask.name));
        loop {
            let line = AskLine { prompt: &prompt, initial: (&initial, ""), purpose, offers: &offers };
            match self.ask_line(&line)? {
                Line::Text(text) => {
                    if let Some(default) = ask.default.filter(|_| text == initial) {
                        return Ok(Reply::Value(default.to_owned()));
                    }
                    if text.is_empty()
                        && let Some(keep) = ask.keep
                    {
                        return Ok(Reply::Value(keep.to_owned()));
                    }
                    if let Some(chosen) = chosen(ask, &text) {
                        return Ok(Reply::Value(chosen));
                    }
                    if !text.is_empty() || ask.default.is_some() {
                        return Ok(Reply::Value(text));
                    }
                    self.hint("a value is needed; Ctrl-C shows what else can be done");
                }
                Line::End => return Ok(Reply::Stop),
                Line::Cancelled | Line::Secret(..) => match self.put(&input_question(), "")? {
                    Reply::Retry => {}
                    other => return Ok(other),
                },
            }
        }
    }

    /// What is asked for, what it may be, and what Enter does.
    fn input_body(&self, ask: &AskInput<'_>) -> String {
        let (look, columns) = (self.look, self.columns());
        let paragraph = |style, text: String| look.paragraph(&[Span::new(style, text)], columns, "");
        let mut body = format!("\n{}", paragraph(Style::Prose, plain(ask.why)));
        if let Some(description) = ask.description {
            body.push_str(&paragraph(Style::Prose, plain(description)));
        }
        let digits = ask.choices.len().to_string().len();
        let hidden = hidden(ask.choices.len());
        for (i, choice) in ask.choices.iter().enumerate() {
            if i == hidden.start && !hidden.is_empty() {
                let text = format!("{} more; Tab completes them, and their numbers count", hidden.len());
                body.push_str(&look.paragraph(&[Span::new(Style::Dim, text)], columns, "  "));
            }
            if hidden.contains(&i) {
                continue;
            }
            let number = format!("{:>digits$}", i + 1).replace(' ', "\u{a0}");
            let spans =
                [Span::new(Style::Key, number), Span::new(Style::Prose, format!("\u{a0} {}", one_line(choice)))];
            body.push_str(&look.paragraph(&spans, columns, "  "));
        }
        let mut hints = Vec::new();
        if !ask.choices.is_empty() {
            hints.push(
                if ask.only_choices { "a number or one of these" } else { "a number takes one of these" }.to_owned(),
            );
        }
        hints.extend(ask.wanted.as_deref().map(one_line));
        if ask.secret {
            hints.push("what is typed is not shown and kept nowhere".to_owned());
        }
        if !ask.secret && (ask.files_from.is_some() || !ask.choices.is_empty()) && look.cursor {
            hints.push("Tab completes it".to_owned());
        }
        if let Some(default) = ask.default.filter(|_| !ask.choices.is_empty()) {
            hints.push(format!("Enter keeps `{}`", one_line(default)));
        } else if ask.default.is_some() {
            hints.push("Enter keeps what stands there; it can be changed first".to_owned());
        } else if let Some(keep) = ask.keep {
            hints.push(format!("Enter keeps `{}` as it stands", one_line(keep)));
        }
        if !hints.is_empty() {
            body.push_str(&paragraph(Style::Dim, format!("{}.", hints.join("; "))));
        }
        body
    }

    pub(super) fn ask_message(&mut self, ask: &AskMessage<'_>) -> Result<Reply, OperatorError> {
        self.begin_question(&ask.shown.standing, false);
        self.fresh_step = None;
        let step = ask.shown.step;
        let mut text = match self.draft.take().filter(|(id, _)| *id == step.id) {
            Some((_, text)) => text,
            None => self.fill(ask)?,
        };
        loop {
            let shown = format!("\n{}\n", self.look.paint(Style::Heading, "The message, to copy:"));
            let body = format!("{shown}\n{}\n\n", plain(text.trim_end_matches('\n')));
            match self.put(&message_question(&text), &body)? {
                Reply::Edit(changed) => text = changed,
                reply @ (Reply::Note(_) | Reply::Own(_)) => {
                    self.draft = Some((step.id.clone(), text));
                    return Ok(reply);
                }
                reply => {
                    if let Reply::Filled(text) = &reply {
                        // What is written in an incident is a status update of it.
                        self.say_of_incident(&format!("status {text}"));
                    }
                    return Ok(reply);
                }
            }
        }
    }

    /// Asks for each field. An empty one stays as it stands in the template; Ctrl-C leaves the rest as they are.
    fn fill(&mut self, ask: &AskMessage<'_>) -> Result<String, OperatorError> {
        let (look, columns) = (self.look, self.columns());
        let template = ask.shown.step.body.as_str();
        let harmless = plain(template.trim_end());
        let lines: Vec<_> = harmless.lines().map(|line| format!("    {line}")).collect();
        self.write(&format!("\n{}\n\n", lines.join("\n")));
        if ask.fields.is_empty() {
            return Ok(template.to_owned());
        }
        let hint = "Each field in turn; an empty one stays as it is, Ctrl-C leaves the rest.";
        self.write(&look.paragraph(&[Span::new(Style::Dim, hint)], columns, ""));
        let mut values = BTreeMap::new();
        for field in &ask.fields {
            match self.line(&format!("{}: ", one_line(field)), "", Purpose::Value)? {
                Line::Text(value) if value.trim().is_empty() => {}
                Line::Text(value) => {
                    values.insert(field.clone(), value);
                }
                Line::Cancelled | Line::End | Line::Secret(..) => break,
            }
        }
        Ok(place(template, &values))
    }
}

/// The choices that are not shown: the middle of a long list, whose newest lines may be its first or its last.
fn hidden(count: usize) -> std::ops::Range<usize> {
    let half = MOST_SHOWN / 2;
    if count > MOST_SHOWN { half..count - half } else { 0..0 }
}

/// What Tab completes the value to. A secret is completed to nothing: what is offered could be seen.
fn offers(ask: &AskInput<'_>) -> Offers {
    if ask.secret {
        return Offers::default();
    }
    let mut words = ask.choices.clone();
    words.extend([ask.default, ask.keep].into_iter().flatten().map(ToOwned::to_owned));
    let mut seen = std::collections::BTreeSet::new();
    words.retain(|word| seen.insert(word.clone()));
    Offers { words, files_from: ask.files_from.map(std::path::PathBuf::from) }
}

/// The choice whose number was typed, unless that number is itself a choice.
fn chosen(ask: &AskInput<'_>, typed: &str) -> Option<String> {
    let typed = typed.trim();
    if ask.choices.iter().any(|choice| choice == typed) {
        return Some(typed.to_owned());
    }
    let place = typed.parse::<usize>().ok()?.checked_sub(1)?;
    ask.choices.get(place).cloned()
}

fn tick(glyphs: Glyphs) -> &'static str {
    match glyphs {
        Glyphs::Unicode => "✓",
        Glyphs::Ascii => "*",
    }
}

/// The option that was meant: by its number, its title, or a beginning that only one title has.
pub(super) fn pick(ask: &AskChoice<'_>, typed: &str) -> Result<usize, String> {
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

/// The longest field, in characters.
const FIELD_LIMIT: usize = 400;

/// The template with each value in the place of its field. What a value says is not looked at again.
fn place(template: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        // No field is longer; without the bound a text of brackets alone would be read again for each.
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
        assert_eq!(place("[A] and [B], [A]; [C] [[B]] [", &values), "[B] and x, [B]; [C] [x] [");
    }
}
