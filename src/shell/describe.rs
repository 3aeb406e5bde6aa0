//! The facts of one command.
//!
//! Invariant: what is stated of programs and words is stated only of a clear command; an opaque one has its places and
//! variables, and promises nothing. Refuses to know: whether bash accepts the command.

use super::masking::Masked;
use super::reading::{Reading, Variable};
use super::{Assignment, Clarity, Facts, NotACommand, Placeholder, Program, Read, Simple};
use super::{endless, harmless, limits, second, session, shuck, terminal};
use std::ops::Range;

/// Describes one command, as the splitter does: also one that an operator typed.
pub fn describe(text: &str) -> Facts {
    if let Some(reason) = limits::exceeded(text) {
        return opaque(text, reason.to_owned());
    }
    let described = limits::with_room(text, || {
        let masked = Masked::new(text);
        match shuck::read(&masked) {
            Ok(reading) => facts(&masked, reading),
            Err(refusal) => opaque(text, format!("no reading of it: {}", refusal.message)),
        }
    });
    described.unwrap_or_else(|| opaque(text, "no room to read it".to_owned()))
}

/// The facts of a text nobody can read.
pub(super) fn opaque(text: &str, reason: String) -> Facts {
    let masked = Masked::new(text);
    Facts {
        clarity: Clarity::Opaque(reason),
        placeholders: placeholders(&masked, &[]),
        not_a_command: not_a_command(text, None),
        ..Facts::default()
    }
}

/// The facts of a reading.
pub(super) fn facts(masked: &Masked<'_>, reading: Reading) -> Facts {
    let text = masked.original(0..masked.masked().len());
    let clarity = clarity(masked, &reading);
    let clear = clarity == Clarity::Clear;
    let mut session: Vec<_> = reading.found.iter().filter_map(session::change).collect();
    if reading.defines {
        session.push(super::SessionChange::Definitions);
    }
    let mut seen = std::collections::HashSet::new();
    session.retain(|change| seen.insert(*change));
    let first = reading.found.first().map(|found| &found.simple);
    let mut facts = Facts {
        never_ends: endless::never_ends(&reading),
        interactive: terminal::interactive(&reading),
        placeholders: placeholders(masked, &reading.comments),
        not_a_command: not_a_command(text, first),
        reads_only: clear && harmless::reads_only(&reading),
        session,
        clarity,
        ..Facts::default()
    };
    let Reading { found, pipeline, variables, .. } = reading;
    let whole =
        matches!(pipeline.as_deref(), Some(&[at]) if found.get(at).is_some_and(|f| f.simple.program == Program::None));
    (facts.assigns, facts.reads) = names(variables, whole && clear);
    if clear {
        facts.pipeline = pipeline;
        facts.simple = found.into_iter().map(|found| found.simple).collect();
    }
    facts
}

fn clarity(masked: &Masked<'_>, reading: &Reading) -> Clarity {
    if masked.masked().contains('\0') {
        return Clarity::Opaque("a NUL byte, which bash drops".to_owned());
    }
    if let Some(range) = &reading.hides {
        let part: String = masked.original(range.clone()).chars().take(40).collect();
        return Clarity::Opaque(format!("`{part}` holds a blank or an operator outside quotes"));
    }
    if reading.crowded {
        return Clarity::Opaque("two commands with nothing between them".to_owned());
    }
    match second::signature(masked.masked()) {
        Ok(signature) if signature == reading.signature => Clarity::Clear,
        Ok(_) => Clarity::Opaque("the two parsers see different commands".to_owned()),
        Err(reason) => Clarity::Opaque(reason.to_owned()),
    }
}

/// What is set in the session, and what is read before it is set.
fn names(variables: Vec<Variable>, whole: bool) -> (Vec<Assignment>, Vec<Read>) {
    let mut assigns: Vec<Assignment> = Vec::new();
    let mut reads: Vec<Read> = Vec::new();
    let mut set = std::collections::HashSet::new();
    let mut place = std::collections::HashMap::new();
    for variable in variables {
        match variable {
            Variable::Set { name, literal, value, in_session } => {
                set.insert(name.clone());
                if in_session && !assigns.iter().rev().take(64).any(|known| known.name == name && value.is_empty()) {
                    assigns.push(Assignment { name, literal: literal.filter(|_| whole), value_span: value });
                }
            }
            Variable::Read { name, .. } if set.contains(&name) => {}
            Variable::Read { name, has_default } => match place.get(&name).and_then(|&at: &usize| reads.get_mut(at)) {
                Some(read) => read.has_default &= has_default,
                None => {
                    place.insert(name.clone(), reads.len());
                    reads.push(Read { name, has_default });
                }
            },
        }
    }
    (assigns, reads)
}

fn placeholders(masked: &Masked<'_>, comments: &[Range<usize>]) -> Vec<Placeholder> {
    let spans = masked.placeholders().filter(|span| !comments.iter().any(|comment| comment.contains(&span.start)));
    spans.map(|span| Placeholder { text: masked.original(span.clone()).to_owned(), span }).collect()
}

/// What parses, and yet is meant for something else than a shell.
fn not_a_command(text: &str, first: Option<&Simple>) -> Option<NotACommand> {
    let mut fields = text.split_ascii_whitespace();
    let head: Vec<&str> = fields.by_ref().take(5).collect();
    if is_schedule(&head) && fields.next().is_some() {
        return Some(NotACommand::Cron);
    }
    let named = first.and_then(|simple| match &simple.program {
        Program::Named(name) => Some(name.as_str()),
        Program::Dynamic | Program::None => None,
    });
    let word = named.or_else(|| first.is_none().then(|| head.first().copied()).flatten())?;
    if word == "-" || is_yaml_key(word) {
        return Some(NotACommand::Yaml);
    }
    let name = word.strip_prefix('/')?;
    let plain = name.starts_with(|c: char| c.is_alphabetic())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    plain.then(|| NotACommand::Slash(word.to_owned()))
}

fn is_yaml_key(word: &str) -> bool {
    word.strip_suffix(':')
        .is_some_and(|key| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')))
}

fn is_schedule(fields: &[&str]) -> bool {
    let [minute, hour, day, month, weekday] = fields else { return false };
    let numeric = |field: &&&str| field.bytes().all(|b| b.is_ascii_digit() || b"*,/-".contains(&b));
    let named = |field: &&&str| field.bytes().all(|b| b.is_ascii_alphanumeric() || b"*,/-".contains(&b));
    [minute, hour, day].iter().all(numeric)
        && [month, weekday].iter().all(named)
        && fields.iter().any(|field| field.starts_with('*'))
        && minute.starts_with(|c: char| c.is_ascii_digit() || c == '*')
}
