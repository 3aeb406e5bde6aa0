//! The door between a command and running it: values placed, nothing left open.
//!
//! Invariant: [`Runnable`] is made here alone.

use super::model::{Command, Passed, Refusal, Runnable, Use, Values};
use crate::ident::InputName;
use crate::interpolate::{By, Fill, Filter, Why};
use crate::shell::{Facts, TabledAnswer, Token};

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
            uses: Vec::new(),
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
        self.are_given(values)?;
        let (text, raw, variables) = self.placed(values)?;
        if let Some(reason) = crate::shell::objection(&text) {
            return Err(Refusal::NotShell(reason));
        }
        if let Some((name, value)) = self.given(values) {
            let text = format!("{name}={}", crate::shell::quote(value));
            let placed = text != self.text;
            return Ok(Runnable { text, placed, raw: false, variables: Vec::new() });
        }
        let placed = text != self.text;
        Ok(Runnable { text, placed, raw, variables })
    }

    /// The uses whose values are not known yet, in order.
    pub fn wants<'c>(&'c self, values: &'c Values) -> impl Iterator<Item = &'c Use> {
        self.uses.iter().filter(|one| !values.contains_key(&one.name))
    }

    /// The uses without a value that none can be placed at, with the reason.
    pub fn unplaceable<'c>(&'c self, values: &'c Values) -> impl Iterator<Item = (&'c Use, &'c str)> {
        self.wants(values).filter_map(|one| Some((one, one.no_place.as_deref()?)))
    }

    /// What cannot run without a value must have it; also what an operator typed.
    fn are_given(&self, values: &Values) -> Result<(), Refusal> {
        let mut words: Vec<String> = Vec::new();
        let given = |span: &std::ops::Range<usize>| {
            self.uses.iter().any(|one| one.span.start <= span.start && span.end <= one.span.end)
        };
        let typed = self.facts.placeholders.iter().filter(|hole| !given(&hole.span)).map(|hole| hole.text.as_str());
        if let Some((one, why)) = self.unplaceable(values).find(|(one, _)| one.blocks) {
            let written = self.text.get(one.span.clone()).unwrap_or_default();
            return Err(Refusal::NotPlaced(written.to_owned(), why.to_owned()));
        }
        let wanted = self.wants(values).filter(|one| one.blocks).filter_map(|one| self.text.get(one.span.clone()));
        for word in wanted.chain(typed) {
            if !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
        if words.is_empty() { Ok(()) } else { Err(Refusal::Unplaced(words)) }
    }

    /// The text with its values, whether one stands there raw, and those that variables hold.
    fn placed(&self, values: &Values) -> Result<(String, bool, Vec<Passed>), Refusal> {
        let written = |one: &Use| self.text.get(one.span.clone()).unwrap_or_default();
        let list: Vec<(&Use, &str)> = self
            .uses
            .iter()
            .filter_map(|one| values.get(&one.name).map(|value| (one, value.as_str())))
            // A word that is given its own text stays as it stands.
            .filter(|(one, value)| written(one) != *value || one.secret)
            .collect();
        if list.is_empty() {
            return Ok((self.text.clone(), false, Vec::new()));
        }
        let names: Vec<String> = list.iter().map(|(one, _)| variable(&one.name)).collect();
        let mut by_variable: Vec<bool> = list.iter().map(|(_, value)| is_for_variable(value)).collect();
        loop {
            let fills: Vec<Fill<'_>> = list
                .iter()
                .zip(&names)
                .zip(&by_variable)
                .map(|(((one, value), name), &variable)| {
                    let by = match (one.secret, variable) {
                        (true, _) => By::Secret(name),
                        (false, true) => By::Variable(name),
                        (false, false) => By::Text,
                    };
                    Fill { span: one.span.clone(), value, filter: one.filter, by }
                })
                .collect();
            let refused = match crate::interpolate::place(&self.text, &fills) {
                Ok(text) => {
                    let passed = list.iter().zip(&names).filter(|(_, name)| text.contains(&format!("${{{name}}}")));
                    let mut variables: Vec<Passed> = Vec::new();
                    for ((one, value), name) in passed {
                        if !variables.iter().any(|known| &known.variable == name) {
                            let (value, secret) = ((*value).to_owned(), one.secret);
                            variables.push(Passed { variable: name.clone(), name: one.name.clone(), value, secret });
                        }
                    }
                    let raw = list.iter().any(|(one, _)| one.filter == Filter::Raw);
                    return Ok((text, raw, variables));
                }
                Err(refused) => refused,
            };
            // What no text carries unharmed, a variable may.
            match by_variable.get_mut(refused.fill) {
                Some(variable) if !*variable && matches!(refused.why, Why::Changes | Why::Control) => *variable = true,
                _ => {
                    let word = list.get(refused.fill).map_or("", |(one, _)| written(one));
                    return Err(Refusal::NotPlaced(word.to_owned(), refused.why.to_string()));
                }
            }
        }
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
        let simple = facts.simple.get(*facts.status.pipeline.as_ref()?.get(place)?)?;
        match &simple.program {
            crate::shell::Program::Named(name) => Some(name.clone()),
            crate::shell::Program::Dynamic | crate::shell::Program::None => None,
        }
    }
}

/// The session's variable for an input. The recorder's own names begin alike, but none goes on with `in_`; what begins so
/// is in no snapshot.
fn variable(name: &InputName) -> String {
    let plain: String =
        name.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    // Names that differ in other signs alone must not share a variable.
    let tail = if plain == name.as_str() {
        String::new()
    } else {
        crate::ident::Digest::of(name.as_str().as_bytes()).to_string().chars().take(6).fold(
            "_".to_owned(),
            |mut t, c| {
                t.push(c);
                t
            },
        )
    };
    format!("__rb_in_{plain}{tail}")
}

/// Whether a value is better not put in a text: several lines, signs nobody sees, or very long.
fn is_for_variable(value: &str) -> bool {
    value.len() > 4096 || value.chars().any(|c| c.is_control() && c != '\t')
}

/// Stretches of shell by class, for display.
pub fn tokens(text: &str) -> Vec<Token> {
    crate::shell::tokens(text)
}

/// A value as one word of shell.
pub fn quote(value: &str) -> String {
    crate::shell::quote(value)
}

/// A reference to a variable, for the place behind this text.
pub fn reference(before: &str, name: &str) -> String {
    crate::shell::reference(before, name)
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
