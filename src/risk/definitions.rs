//! Functions and aliases, which take the place of programs of their names.
//!
//! Invariant: what stands here only ever adds to a risk: a program of the same name is judged as well. Refuses to know:
//! whose shell it is.

use super::judge::{CommandInput, Judge, knows_program};
use super::verdict::ShadowedName;
use crate::shell::DefinitionKind;
use crate::shell::simple_command::CommandWord;
use std::borrow::Cow;

impl Judge<'_> {
    /// Within a function's body its parameters are the words behind its name.
    pub(super) fn with_parameters<'w>(&self, words: &'w [CommandWord]) -> Cow<'w, [CommandWord]> {
        let Some(parameters) = &self.parameters else { return Cow::Borrowed(words) };
        let mut out = Vec::with_capacity(words.len());
        for word in words {
            match word.raw.trim_matches('"') {
                "$@" | "$*" | "${@}" | "${*}" => out.extend(parameters.iter().cloned()),
                raw => {
                    let number = raw.strip_prefix('$').map(|name| name.trim_matches(['{', '}']));
                    let number = number.and_then(|name| name.parse::<usize>().ok()).and_then(|n| n.checked_sub(1));
                    out.push(number.and_then(|at| parameters.get(at)).unwrap_or(word).clone());
                }
            }
        }
        Cow::Owned(out)
    }

    /// Judges what the session's shell runs for the first word. True when no program of that
    /// name is known, so that nothing remains to be judged.
    pub(super) fn judge_shadowed(&mut self, words: &[CommandWord], input: &CommandInput) -> bool {
        let Some((program, args)) = words.split_first().filter(|_| self.session && !self.definitions.is_empty()) else {
            return false;
        };
        let Some(name) = program.fixed_text() else { return false };
        if self.open.contains(name) {
            // One that calls itself is being judged already.
            return !knows_program(name);
        }
        let definitions = self.definitions;
        // A quoted word is no alias.
        let (kind, text, parameters) = match (definitions.alias_text(name), definitions.function_text(name)) {
            (Some(text), _) if program.raw == name => {
                let rest: Vec<&str> = args.iter().map(|arg| arg.raw.as_str()).collect();
                (DefinitionKind::Alias, format!("{text} {}", rest.join(" ")), self.parameters.clone())
            }
            (_, Some(text)) => (DefinitionKind::Function, text.to_owned(), Some(args.to_vec())),
            _ => return false,
        };
        self.risk.shadowed.insert(ShadowedName { name: name.to_owned(), kind });
        self.open.insert(name.to_owned());
        let functions = self.functions.clone();
        let before = std::mem::replace(&mut self.parameters, parameters);
        self.judge_script_here(&CommandWord::from_text(text, program.span.clone()), input);
        self.parameters = before;
        self.functions = functions;
        self.open.remove(name);
        !knows_program(name)
    }
}
