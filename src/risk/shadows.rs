//! Functions and aliases, which take the place of programs of their names.
//!
//! Invariant: what stands here only ever adds to a risk: a program of the same name is judged as well. Refuses to know:
//! whose shell it is.

use super::judge::{Input, Judge, knows};
use super::verdict::Shadowed;
use crate::shell::ShadowKind;
use crate::shell::simple_command::Arg;
use std::borrow::Cow;

impl Judge<'_> {
    /// Within a function's body its parameters are the words behind its name.
    pub(super) fn with_parameters<'w>(&self, words: &'w [Arg]) -> Cow<'w, [Arg]> {
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

    /// What the session's shell makes of the first word, beside or in the place of a program. True when no program of that
    /// name is known, so that nothing remains to be judged.
    pub(super) fn shadowed(&mut self, words: &[Arg], input: &Input) -> bool {
        let Some((program, args)) = words.split_first().filter(|_| self.session && !self.shadows.is_empty()) else {
            return false;
        };
        let Some(name) = program.fixed() else { return false };
        if self.open.contains(name) {
            // One that calls itself is being judged already.
            return !knows(name);
        }
        let shadows = self.shadows;
        // A quoted word is no alias.
        let (kind, text, parameters) = match (shadows.alias(name), shadows.function(name)) {
            (Some(text), _) if program.raw == name => {
                let rest: Vec<&str> = args.iter().map(|arg| arg.raw.as_str()).collect();
                (ShadowKind::Alias, format!("{text} {}", rest.join(" ")), self.parameters.clone())
            }
            (_, Some(text)) => (ShadowKind::Function, text.to_owned(), Some(args.to_vec())),
            _ => return false,
        };
        self.risk.shadowed.insert(Shadowed { name: name.to_owned(), kind });
        self.open.insert(name.to_owned());
        let functions = self.functions.clone();
        let before = std::mem::replace(&mut self.parameters, parameters);
        self.nested_here(&Arg::made(text, program.span.clone()), input);
        self.parameters = before;
        self.functions = functions;
        self.open.remove(name);
        !knows(name)
    }
}
