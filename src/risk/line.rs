//! The words behind a program, told apart: options with their values, operands.
//!
//! Invariant: a word that an expansion may make into an option is an operand. Refuses to know: what the options mean.

use super::table::{Program, alternative};
use crate::shell::simple_command::Arg;

/// Words told apart.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub args: &'a [Arg],
    options: Vec<Found<'a>>,
    /// Where the operands stand.
    pub operands: Vec<usize>,
    /// Where `--` stands.
    pub dashes: Option<usize>,
    gnu: bool,
}

#[derive(Debug)]
struct Found<'a> {
    name: Name<'a>,
    value: Option<&'a str>,
    at: usize,
}

#[derive(Debug)]
enum Name<'a> {
    Letter(char),
    Word(&'a str),
}

/// How words are told apart.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each habit of a program, any mix of which occurs")]
pub(super) struct Rules<'r> {
    pub valued: &'r [&'r str],
    pub plain: &'r [(&'r str, Vec<&'r str>)],
    pub posix: bool,
    pub long: bool,
    pub gnu: bool,
    pub assigns: bool,
}

impl<'r> From<&'r Program> for Rules<'r> {
    fn from(program: &'r Program) -> Self {
        Self {
            valued: &program.valued,
            plain: &program.plain,
            posix: program.posix,
            long: program.long,
            gnu: program.gnu,
            assigns: program.assigns,
        }
    }
}

impl<'a> Line<'a> {
    pub(super) fn read(args: &'a [Arg], rules: Rules<'_>) -> Self {
        let mut line = Self { args, options: Vec::new(), operands: Vec::new(), dashes: None, gnu: rules.gnu };
        let mut at = 0;
        while let Some(arg) = args.get(at) {
            let text = arg.text.as_str();
            if text == "--" {
                line.dashes = Some(at);
                line.operands.extend(at + 1..args.len());
                break;
            }
            if rules.posix && !line.operands.is_empty() {
                line.operands.push(at);
            } else if text.len() < 2 || !text.starts_with('-') {
                let assigns = rules.assigns && line.operands.is_empty() && text.contains('=');
                if !assigns {
                    line.operands.push(at);
                }
            } else {
                at += line.option(text, at, rules);
            }
            at += 1;
        }
        line
    }

    /// Reads an option; how many further words it takes.
    fn option(&mut self, text: &'a str, at: usize, rules: Rules<'_>) -> usize {
        let next = self.args.get(at + 1).map(|arg| arg.text.as_str());
        let (name, attached) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let takes = attached.is_none() && self.takes(name, rules);
        let value = if takes { next } else { attached };
        self.options.push(Found { name: Name::Word(name), value, at });
        if takes || text.starts_with("--") || rules.long {
            return usize::from(takes);
        }
        for (place, letter) in text.char_indices().skip(1) {
            let mut short = [0_u8; 5];
            short[0] = b'-';
            let length = letter.encode_utf8(&mut short[1..]).len();
            let takes =
                short.get(..=length).and_then(|s| std::str::from_utf8(s).ok()).is_some_and(|s| self.takes(s, rules));
            if !takes {
                self.options.push(Found { name: Name::Letter(letter), value: None, at });
                continue;
            }
            let rest = text.get(place + letter.len_utf8()..).filter(|rest| !rest.is_empty());
            let value = rest.map(|rest| rest.strip_prefix('=').unwrap_or(rest));
            self.options.push(Found { name: Name::Letter(letter), value: value.or(next), at });
            return usize::from(value.is_none());
        }
        0
    }

    /// Whether an option takes a value where it stands.
    fn takes(&self, option: &str, rules: Rules<'_>) -> bool {
        rules.valued.contains(&option)
            && !self.operand(0).is_some_and(|first| {
                rules
                    .plain
                    .iter()
                    .any(|(words, options)| alternative(words, &first.text, false) && options.contains(&option))
            })
    }

    fn named<'s>(&'s self, option: &'s str) -> impl Iterator<Item = &'s Found<'a>> {
        let mut chars = option.chars().skip(1);
        let letter = chars.next().filter(|_| chars.next().is_none());
        self.options.iter().filter(move |found| match found.name {
            Name::Letter(c) => Some(c) == letter,
            Name::Word(word) if letter.is_some() => word == option,
            Name::Word(word) => {
                super::table::glob(option, word, false)
                    || (self.gnu && word.len() > 3 && word.starts_with("--") && option.starts_with(word))
            }
        })
    }

    /// Whether an option stands there, and is not switched off.
    pub(super) fn has(&self, option: &str) -> bool {
        self.has_before(option, usize::MAX)
    }

    fn has_before(&self, option: &str, end: usize) -> bool {
        self.named(option)
            .any(|found| found.at < end && !matches!(found.value, Some("false" | "none" | "no" | "never")))
    }

    /// Whether one of several options stands there.
    pub(super) fn has_any(&self, options: &[&str]) -> bool {
        options.iter().any(|option| self.has(option))
    }

    /// An option's value.
    pub(super) fn value(&self, option: &str) -> Option<&'a str> {
        self.named(option).find_map(|found| found.value)
    }

    /// The word that holds an option's value.
    pub(super) fn value_arg(&self, option: &str) -> Option<Arg> {
        let found = self.named(option).find(|found| found.value.is_some())?;
        let value = found.value?;
        let own = self.args.get(found.at)?;
        let holder = if own.text.ends_with(value) && own.text.len() > value.len() {
            own
        } else {
            self.args.get(found.at + 1)?
        };
        let raw = if holder.text == value { holder.raw.clone() } else { value.to_owned() };
        Some(Arg { text: value.to_owned(), raw, span: holder.span.clone() })
    }

    /// The operand of a number, from 0.
    pub(super) fn operand(&self, number: usize) -> Option<&'a Arg> {
        self.args.get(*self.operands.get(number)?)
    }

    /// Whether a condition of a table holds, looking at operands behind `from` and options before `end`.
    pub(super) fn holds(&self, condition: &str, from: usize, end: usize, nocase: bool) -> bool {
        condition.split('|').any(|one| {
            if let Some(pattern) = one.strip_prefix('@') {
                let operands = self.operands.iter().skip(from).filter_map(|&at| self.args.get(at));
                return operands.into_iter().any(|arg| alternative(pattern, &arg.text, nocase));
            }
            match one.split_once('=').filter(|(name, _)| name.starts_with('-') && name.len() > 1) {
                Some((name, value)) => self.named(name).any(|found| {
                    let next = || self.args.get(found.at + 1).map(|arg| arg.text.as_str());
                    found.at < end && found.value.or_else(next).is_some_and(|v| alternative(value, v, nocase))
                }),
                None if one == "--" => self.dashes.is_some(),
                None => self.has_before(one, end),
            }
        })
    }
}
