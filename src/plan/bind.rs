//! The door between a command and running it: values placed, nothing left open.
//!
//! Invariant: [`Runnable`] is made here alone.

use super::model::{Command, Refusal, Runnable, Values};
use crate::ident::InputName;
use crate::shell::Facts;
use crate::shell::Part;
use crate::shell::TabledAnswer;
use crate::shell::Token;

impl Command {
    /// A command out of text that the operator typed: an edit, or a command of their own. Several complete commands in
    /// one text are one unit.
    pub fn typed(text: &str, line: u32) -> Self {
        Self {
            text: text.to_owned(),
            line,
            end_line: line,
            note: None,
            facts: crate::shell::describe(text),
            input: None,
        }
    }

    /// The text with values in their places, ready to run; or why it may not run.
    pub fn bind(&self, values: &Values) -> Result<Runnable, Refusal> {
        let trimmed = self.text.trim_start();
        if trimmed.is_empty()
            || trimmed.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        {
            return Err(Refusal::Empty);
        }
        if trimmed.starts_with('>') {
            return Err(Refusal::PastedPrompt);
        }
        if !self.facts.placeholders.is_empty() {
            let mut words: Vec<String> = Vec::new();
            for placeholder in &self.facts.placeholders {
                if !words.contains(&placeholder.text) {
                    words.push(placeholder.text.clone());
                }
            }
            return Err(Refusal::Unplaced(words));
        }
        let parts = crate::shell::split(&self.text);
        if let Some(Part::NotShell(part)) = parts.iter().find(|part| matches!(part, Part::NotShell(_))) {
            return Err(Refusal::NotShell(part.reason.clone()));
        }
        if let Some((name, value)) = self.given(values) {
            let text = format!("{name}={}", crate::shell::quote(value));
            let placed = text != self.text;
            return Ok(Runnable { text, placed });
        }
        Ok(Runnable { text: self.text.clone(), placed: false })
    }

    /// The value given for this command's input, if it is one.
    pub fn given<'v>(&self, values: &'v Values) -> Option<(&InputName, &'v str)> {
        let name = self.input.as_ref()?;
        values.get(name).map(|value| (name, value.as_str()))
    }

    /// The value that the document has for this command's input.
    pub fn default_value(&self) -> Option<&str> {
        self.input.as_ref()?;
        self.facts.assigns.first()?.literal.as_deref()
    }

    /// The exit statuses that are answers, for each member of its pipeline.
    pub fn answers(&self) -> Vec<Vec<TabledAnswer>> {
        crate::shell::answers(&self.facts)
    }

    /// The variables it reads that have no form for being unset.
    pub fn needs(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for read in self.facts.reads.iter().filter(|read| !read.has_default) {
            if !names.contains(&read.name) {
                names.push(read.name.clone());
            }
        }
        names
    }

    /// The programs it names on this machine, each once.
    pub fn programs(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for simple in &self.facts.simple {
            if let crate::shell::Program::Named(name) = &simple.program
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
        names
    }

    /// The program of a member of its pipeline, for naming what answered or failed.
    pub fn member(&self, place: usize) -> Option<String> {
        let facts: &Facts = &self.facts;
        let simple = facts.simple.get(*facts.pipeline.as_ref()?.get(place)?)?;
        match &simple.program {
            crate::shell::Program::Named(name) => Some(name.clone()),
            crate::shell::Program::Dynamic | crate::shell::Program::None => None,
        }
    }
}

/// Stretches of shell by class, for display.
pub fn tokens(text: &str) -> Vec<Token> {
    crate::shell::tokens(text)
}

/// A value as one word of shell.
pub fn quote(value: &str) -> String {
    crate::shell::quote(value)
}

/// The fields of a message's template, each once, in order: `TIME` for `[TIME]`.
pub fn fields(template: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('[') {
        let Some((_, after)) = rest.split_at_checked(open + 1) else { break };
        let Some(close) = after.find([']', '[', '\n']) else { break };
        let Some((inside, tail)) = after.split_at_checked(close) else { break };
        let field = inside.trim();
        let is_field = tail.starts_with(']')
            && !tail.starts_with("](")
            && !field.is_empty()
            && !field.eq_ignore_ascii_case("x")
            && field.chars().any(char::is_alphabetic);
        if is_field && !fields.iter().any(|known| known == field) {
            fields.push(field.to_owned());
        }
        rest = tail;
    }
    fields
}

/// A template with its fields filled in; a field without a value stays as it is.
pub fn fill(template: &str, values: &[(String, String)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('[') {
        let Some((before, from)) = rest.split_at_checked(open) else { break };
        out.push_str(before);
        let found = values.iter().filter(|(_, value)| !value.is_empty()).find_map(|(name, value)| {
            let inside = from.strip_prefix('[')?;
            let close = inside.find(']')?;
            let (field, tail) = inside.split_at_checked(close)?;
            (field.trim() == name).then(|| (value, tail.strip_prefix(']').unwrap_or(tail)))
        });
        if let Some((value, tail)) = found {
            out.push_str(value);
            rest = tail;
        } else {
            out.push('[');
            rest = from.strip_prefix('[').unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_the_bracketed_words_each_once() {
        let template = "Update [TIME]: [Impact], [TIME], [ ], [x], [a link](u), arr[0]";
        assert_eq!(fields(template), ["TIME", "Impact"]);
    }

    #[test]
    fn a_filled_value_is_never_read_again_as_a_field() {
        let values = vec![("A".to_owned(), "[B]".to_owned()), ("B".to_owned(), "no".to_owned())];
        assert_eq!(fill("x [A] y [C]", &values), "x [B] y [C]");
    }
}
