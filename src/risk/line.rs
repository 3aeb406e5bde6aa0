//! The words behind a program, split into options with their values and operands.
//!
//! Invariant: a word that an expansion may make into an option is an operand. Refuses to know: what the options mean.

use super::table::{TabledProgram, matches_alternative};
use crate::shell::simple_command::CommandWord;

/// A program's words, split into options and operands.
#[derive(Debug)]
pub(super) struct ParsedLine<'a> {
    pub args: &'a [CommandWord],
    options: Vec<FoundOption<'a>>,
    /// Where the operands stand.
    pub operands: Vec<usize>,
    /// Index of the word `--`, behind which all words are operands.
    pub dashes: Option<usize>,
    gnu: bool,
}

#[derive(Debug)]
struct FoundOption<'a> {
    name: OptionName<'a>,
    value: Option<&'a str>,
    at: usize,
}

#[derive(Debug)]
enum OptionName<'a> {
    Letter(char),
    Word(&'a str),
}

/// Rules by which a program reads its options.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each habit of a program, any mix of which occurs")]
pub(super) struct OptionRules<'r> {
    pub valued: &'r [&'r str],
    pub plain: &'r [(&'r str, Vec<&'r str>)],
    pub posix: bool,
    pub long: bool,
    pub gnu: bool,
    pub assigns: bool,
}

impl<'r> From<&'r TabledProgram> for OptionRules<'r> {
    fn from(program: &'r TabledProgram) -> Self {
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

impl<'a> ParsedLine<'a> {
    pub(super) fn parse_args(args: &'a [CommandWord], rules: OptionRules<'_>) -> Self {
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
                at += line.read_option(text, at, rules);
            }
            at += 1;
        }
        line
    }

    /// Reads an option; how many further words it takes.
    fn read_option(&mut self, text: &'a str, at: usize, rules: OptionRules<'_>) -> usize {
        let next = self.args.get(at + 1).map(|arg| arg.text.as_str());
        let (name, attached) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let takes = attached.is_none() && self.takes_value(name, rules);
        let value = if takes { next } else { attached };
        self.options.push(FoundOption { name: OptionName::Word(name), value, at });
        if takes || text.starts_with("--") || rules.long {
            return usize::from(takes);
        }
        for (offset, letter) in text.char_indices().skip(1) {
            let mut short = [0_u8; 5];
            short[0] = b'-';
            let length = letter.encode_utf8(&mut short[1..]).len();
            let takes = short
                .get(..=length)
                .and_then(|s| std::str::from_utf8(s).ok())
                .is_some_and(|s| self.takes_value(s, rules));
            if !takes {
                self.options.push(FoundOption { name: OptionName::Letter(letter), value: None, at });
                continue;
            }
            let rest = text.get(offset + letter.len_utf8()..).filter(|rest| !rest.is_empty());
            let value = rest.map(|rest| rest.strip_prefix('=').unwrap_or(rest));
            self.options.push(FoundOption { name: OptionName::Letter(letter), value: value.or(next), at });
            return usize::from(value.is_none());
        }
        0
    }

    /// True if an option takes a value at this position.
    fn takes_value(&self, option: &str, rules: OptionRules<'_>) -> bool {
        rules.valued.contains(&option)
            && !self.operand_at(0).is_some_and(|first| {
                rules
                    .plain
                    .iter()
                    .any(|(words, options)| matches_alternative(words, &first.text, false) && options.contains(&option))
            })
    }

    fn options_named<'s>(&'s self, option: &'s str) -> impl Iterator<Item = &'s FoundOption<'a>> {
        let mut chars = option.chars().skip(1);
        let letter = chars.next().filter(|_| chars.next().is_none());
        self.options.iter().filter(move |found| match found.name {
            OptionName::Letter(c) => Some(c) == letter,
            OptionName::Word(word) if letter.is_some() => word == option,
            OptionName::Word(word) => {
                super::table::matches_glob(option, word, false)
                    || (self.gnu && word.len() > 3 && word.starts_with("--") && option.starts_with(word))
            }
        })
    }

    /// True if the option is there and no later word switches it off.
    pub(super) fn has_option(&self, option: &str) -> bool {
        self.has_option_before(option, usize::MAX)
    }

    fn has_option_before(&self, option: &str, end: usize) -> bool {
        self.options_named(option)
            .any(|found| found.at < end && !matches!(found.value, Some("false" | "none" | "no" | "never")))
            && !(option.contains("dry") && !option.starts_with("--no-") && self.is_dry_run_off())
    }

    /// True if one of the options for a dry run is there, and the last word about it does not switch it off.
    pub(super) fn is_dry_run(&self, options: &[&str]) -> bool {
        !self.is_dry_run_off() && self.has_any_option(options)
    }

    /// True if `--no-dry-run` stands behind every `--dry-run`.
    pub(super) fn is_dry_run_off(&self) -> bool {
        let last = self.options.iter().rev().find_map(|found| match (&found.name, found.value) {
            (OptionName::Letter('n') | OptionName::Word("-n"), None) => Some(true),
            (OptionName::Word("--no-dry-run" | "--no-dryrun" | "--no-just-print"), _) => Some(false),
            (OptionName::Word("--dry-run" | "--dryrun" | "--dryRun"), value) => {
                Some(!matches!(value, Some("false" | "none" | "no" | "never")))
            }
            _ => None,
        });
        last == Some(false)
    }

    /// True if one of several options is there.
    pub(super) fn has_any_option(&self, options: &[&str]) -> bool {
        options.iter().any(|option| self.has_option(option))
    }

    /// Value of an option, from the next word or behind `=`.
    pub(super) fn option_value(&self, option: &str) -> Option<&'a str> {
        self.options_named(option).find_map(|found| found.value)
    }

    /// Values of an option that may stand more than once.
    pub(super) fn option_values<'s>(&'s self, option: &'s str) -> impl Iterator<Item = &'a str> + use<'a, 's> {
        self.options_named(option).filter_map(|found| found.value)
    }

    /// The word that holds an option's value.
    pub(super) fn option_value_arg(&self, option: &str) -> Option<CommandWord> {
        let found = self.options_named(option).find(|found| found.value.is_some())?;
        let value = found.value?;
        let own = self.args.get(found.at)?;
        let holder = if own.text.ends_with(value) && own.text.len() > value.len() {
            own
        } else {
            self.args.get(found.at + 1)?
        };
        let raw = if holder.text == value { holder.raw.clone() } else { value.to_owned() };
        Some(CommandWord { text: value.to_owned(), raw, span: holder.span.clone() })
    }

    /// The operand of a number, from 0.
    pub(super) fn operand_at(&self, number: usize) -> Option<&'a CommandWord> {
        self.args.get(*self.operands.get(number)?)
    }

    /// True if a condition of a table holds for the operands behind `from` and the options before `end`.
    pub(super) fn condition_holds(&self, condition: &str, from: usize, end: usize, nocase: bool) -> bool {
        condition.split('|').any(|one| {
            if let Some(pattern) = one.strip_prefix('@') {
                let operands = self.operands.iter().skip(from).filter_map(|&at| self.args.get(at));
                return operands.into_iter().any(|arg| matches_alternative(pattern, &arg.text, nocase));
            }
            match one.split_once('=').filter(|(name, _)| name.starts_with('-') && name.len() > 1) {
                Some((name, value)) => self.options_named(name).any(|found| {
                    let next = || self.args.get(found.at + 1).map(|arg| arg.text.as_str());
                    found.at < end && found.value.or_else(next).is_some_and(|v| matches_alternative(value, v, nocase))
                }),
                None if one == "--" => self.dashes.is_some(),
                None => self.has_option_before(one, end),
            }
        })
    }
}
