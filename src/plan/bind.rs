//! Turns a command into a runnable one: interpolates values and refuses what is left open.
//!
//! Invariant: [`Runnable`] is made here alone.

use super::command::{Analysis, Command, InputUse, PassedVariable, Refusal, Runnable, Values};
use crate::ident::InputName;
use crate::interpolate::{Delivery, Filter, RejectReason, Substitution};
use crate::shell::{CommandFacts, HighlightToken, TabledAnswer};
use std::collections::HashSet;

impl Command {
    /// A command from text that the operator typed: an edit, or an own command. Several complete commands in one text are
    /// one unit.
    pub fn from_typed_text(text: &str, line: u32) -> Self {
        Self {
            text: text.to_owned(),
            line,
            end_line: line,
            note: None,
            facts: crate::shell::describe_command(text),
            input: None,
            uses: Vec::new(),
            analysis: Analysis::default(),
        }
    }

    /// Interpolates the values and returns the command ready to run. Fails when a value is missing or cannot be
    /// interpolated, or when the text is no command.
    pub fn bind_values(&self, values: &Values) -> Result<Runnable, Refusal> {
        let trimmed = self.text.trim_start();
        if trimmed.is_empty()
            || trimmed.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        {
            return Err(Refusal::Empty);
        }
        if trimmed.starts_with('>') {
            return Err(Refusal::PastedPrompt);
        }
        self.check_all_filled(values)?;
        let (text, raw, passed) = self.interpolate_values(values)?;
        if let Some(reason) = self.find_objection(&text) {
            return Err(Refusal::NotShell(reason));
        }
        if let Some((name, value)) = self.given_assignment(values) {
            let text = format!("{name}={}", crate::shell::quote_value(value));
            let placed = text != self.text;
            return Ok(Runnable { text, placed, raw: false, passed: Vec::new() });
        }
        let placed = text != self.text;
        Ok(Runnable { text, placed, raw, passed })
    }

    /// The uses without a value, in order.
    pub fn unfilled_uses<'c>(&'c self, values: &'c Values) -> impl Iterator<Item = &'c InputUse> {
        self.uses.iter().filter(|input_use| !values.contains_key(&input_use.name))
    }

    /// The uses without a value where none can be interpolated, with the reason.
    pub fn unplaceable_uses<'c>(&'c self, values: &'c Values) -> impl Iterator<Item = (&'c InputUse, &'c str)> {
        self.unfilled_uses(values).filter_map(|input_use| Some((input_use, input_use.reject_reason.as_deref()?)))
    }

    /// Fails if a use that the command cannot run without has no value, or if typed text still holds a placeholder.
    fn check_all_filled(&self, values: &Values) -> Result<(), Refusal> {
        let mut words: Vec<String> = Vec::new();
        let given = |span: &std::ops::Range<usize>| {
            self.uses.iter().any(|input_use| input_use.span.start <= span.start && span.end <= input_use.span.end)
        };
        let typed = self.facts.placeholders.iter().filter(|hole| !given(&hole.span)).map(|hole| hole.text.as_str());
        if let Some((input_use, why)) = self.unplaceable_uses(values).find(|(input_use, _)| input_use.blocks) {
            let written = self.text.get(input_use.span.clone()).unwrap_or_default();
            return Err(Refusal::NotPlaced(written.to_owned(), why.to_owned()));
        }
        let wanted = self
            .unfilled_uses(values)
            .filter(|input_use| input_use.blocks)
            .filter_map(|input_use| self.text.get(input_use.span.clone()));
        for word in wanted.chain(typed) {
            if !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
        if words.is_empty() { Ok(()) } else { Err(Refusal::Unplaced(words)) }
    }

    /// The text with its values, a flag that is true if one is raw, and the values that variables hold.
    fn interpolate_values(&self, values: &Values) -> Result<(String, bool, Vec<PassedVariable>), Refusal> {
        let written = |input_use: &InputUse| self.text.get(input_use.span.clone()).unwrap_or_default();
        let filled: Vec<(&InputUse, &str)> = self
            .uses
            .iter()
            .filter_map(|input_use| values.get(&input_use.name).map(|value| (input_use, value.as_str())))
            // A placeholder given its own text as the value stays as written.
            .filter(|(input_use, value)| written(input_use) != *value || input_use.secret)
            .collect();
        if filled.is_empty() {
            return Ok((self.text.clone(), false, Vec::new()));
        }
        let names: Vec<String> = filled.iter().map(|(input_use, _)| session_variable(&input_use.name)).collect();
        let mut by_variable: Vec<bool> = filled.iter().map(|(_, value)| needs_variable(value)).collect();
        loop {
            let fills: Vec<Substitution<'_>> = filled
                .iter()
                .zip(&names)
                .zip(&by_variable)
                .map(|(((input_use, value), name), &variable)| {
                    let by = match (input_use.secret, variable) {
                        (true, _) => Delivery::Secret(name),
                        (false, true) => Delivery::Variable(name),
                        (false, false) => Delivery::Text,
                    };
                    Substitution { span: input_use.span.clone(), value, filter: input_use.filter, by }
                })
                .collect();
            let refused = match crate::interpolate::interpolate_values(&self.text, &fills) {
                Ok(text) => {
                    let passed = filled.iter().zip(&names).filter(|(_, name)| text.contains(&format!("${{{name}}}")));
                    let mut variables: Vec<PassedVariable> = Vec::new();
                    for ((input_use, value), name) in passed {
                        if !variables.iter().any(|known| &known.variable == name) {
                            let (value, secret) = ((*value).to_owned(), input_use.secret);
                            variables.push(PassedVariable {
                                variable: name.clone(),
                                name: input_use.name.clone(),
                                value,
                                secret,
                            });
                        }
                    }
                    let raw = filled.iter().any(|(input_use, _)| input_use.filter == Filter::Raw);
                    return Ok((text, raw, variables));
                }
                Err(refused) => refused,
            };
            // A value that would change the syntax as text may still go through a variable.
            match by_variable.get_mut(refused.fill) {
                Some(variable)
                    if !*variable && matches!(refused.why, RejectReason::Changes | RejectReason::Control) =>
                {
                    *variable = true;
                }
                _ => {
                    let word = filled.get(refused.fill).map_or("", |(input_use, _)| written(input_use));
                    return Err(Refusal::NotPlaced(word.to_owned(), refused.why.to_string()));
                }
            }
        }
    }

    /// The value given for the input that this command assigns.
    pub fn given_assignment<'v>(&self, values: &'v Values) -> Option<(&InputName, &'v str)> {
        let name = self.input.as_ref()?;
        values.get(name).map(|value| (name, value.as_str()))
    }

    /// The document's own value for the input that this command assigns.
    pub fn default_value(&self) -> Option<&str> {
        self.input.as_ref()?;
        self.facts.assignments.first()?.literal.as_deref()
    }

    /// The exit statuses that are answers rather than failures, for each member of the pipeline.
    pub fn answer_statuses(&self) -> Vec<Vec<TabledAnswer>> {
        crate::shell::pipeline_answers(&self.facts)
    }

    /// The variables that the command reads without a default (`${NAME:-…}`), each once.
    pub fn needed_variables(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        let reads = self.facts.variable_reads.iter().filter(|read| !read.has_default);
        reads.map(|read| &read.name).filter(|name| seen.insert(name.as_str())).cloned().collect()
    }

    /// The programs that the command calls by name, each once.
    pub fn named_programs(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for simple in &self.facts.simple_commands {
            if let crate::shell::ProgramName::Named(name) = &simple.program
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
        names
    }

    /// The program of a pipeline's member, to name the one that answered or failed.
    pub fn pipeline_program(&self, member: usize) -> Option<String> {
        let facts: &CommandFacts = &self.facts;
        let simple = facts.simple_commands.get(*facts.status_source.pipeline_members.as_ref()?.get(member)?)?;
        match &simple.program {
            crate::shell::ProgramName::Named(name) => Some(name.clone()),
            crate::shell::ProgramName::Dynamic | crate::shell::ProgramName::None => None,
        }
    }
}

/// The session's variable for an input. The recorder's own variables share the prefix `__rb_`, which keeps them out of
/// snapshots, but none continues with `in_`.
fn session_variable(name: &InputName) -> String {
    let plain: String =
        name.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    // Names that differ only in other characters must not share a variable.
    let tail = if plain == name.as_str() {
        String::new()
    } else {
        crate::ident::Digest::of_bytes(name.as_str().as_bytes()).to_string().chars().take(6).fold(
            "_".to_owned(),
            |mut t, c| {
                t.push(c);
                t
            },
        )
    };
    format!("__rb_in_{plain}{tail}")
}

/// True if a value is better passed in a variable: several lines, invisible characters, or very long.
fn needs_variable(value: &str) -> bool {
    value.len() > 4096 || value.chars().any(|c| c.is_control() && c != '\t')
}

/// The text as tokens of shell by class, for highlighting.
pub fn tokenize_shell(text: &str) -> Vec<HighlightToken> {
    crate::shell::highlight_tokens(text)
}

/// A value quoted as one word of shell.
pub fn quote_word(value: &str) -> String {
    crate::shell::quote_value(value)
}

/// A reference to a variable, quoted as the position after this text needs.
pub fn reference_variable(before: &str, name: &str) -> String {
    crate::shell::variable_reference(before, name)
}

/// The names of a message template's fields, each once, in order: `TIME` for `[TIME]`.
pub fn message_fields(template: &str) -> Vec<String> {
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

/// A template with its fields filled in. A field without a value stays as written.
pub fn fill_message(template: &str, values: &[(String, String)]) -> String {
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
        assert_eq!(message_fields(template), ["TIME", "Impact"]);
    }

    #[test]
    fn a_filled_value_is_never_read_again_as_a_field() {
        let values = vec![("A".to_owned(), "[B]".to_owned()), ("B".to_owned(), "no".to_owned())];
        assert_eq!(fill_message("x [A] y [C]", &values), "x [B] y [C]");
    }
}
