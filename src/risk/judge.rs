//! The walk over a command's parts.
//!
//! Invariant: every simple command of a reading is judged, at any depth, and texts for a further shell are read again.
//! The work is bounded by a budget. Refuses to know: single programs.

use super::effects::inside_name;
pub(super) use super::input::CommandInput;
use super::line::{OptionRules, ParsedLine};
use super::table::{self, InnerCommand, RowEffect, TableRow, TabledProgram};
use super::verdict::{Flag, Level, Risk};
use super::{clients, files, net, option_commands, programs, wrappers};
use crate::shell::parse::masking::MaskedText;
use crate::shell::parse::reading::ParsedText;
use crate::shell::parse::{limits, shuck};
use crate::shell::programs::{endless, terminal};
use crate::shell::simple_command::{CommandWord, DetailedCommand, EXPANSION_MARK, Redirection, RedirectionKind};
use crate::shell::{Clarity, ShellDefinitions, describe};
use std::collections::BTreeSet;
use std::ops::Range;

/// How deep texts within texts are read.
const DEEPEST_NESTING: usize = 8;
/// How many texts within texts are read.
const MOST_NESTED_TEXTS: usize = 64;
/// How many programs that run the next one are followed, as in `sudo env nice`. Each reads all words behind it.
const MOST_PREFIXES: usize = 24;

/// The risk of a text.
pub(super) fn judge_script(text: &str, definitions: &ShellDefinitions) -> Risk {
    let mut judge = Judge {
        risk: Risk::default(),
        functions: BTreeSet::new(),
        depth: 0,
        texts: MOST_NESTED_TEXTS,
        prefixes: 0,
        outer: None,
        definitions,
        session: true,
        open: BTreeSet::new(),
        parameters: None,
        within: None,
    };
    judge.judge_text(text, &CommandInput::Terminal);
    judge.flag_production(text);
    judge.risk.reasons.sort_by_key(|reason| reason.span.start);
    judge.risk
}

/// True if a program of this name is known, from a table or a reader of its own.
pub(super) fn knows_program(name: &str) -> bool {
    const READERS: &[&str] = &[
        "bash",
        "sh",
        "zsh",
        "dash",
        "ksh",
        "fish",
        "ssh",
        "env",
        "su",
        "xargs",
        "parallel",
        "find",
        "fd",
        "busybox",
        "toybox",
        "source",
        ".",
        "psql",
        "mysql",
        "mariadb",
        "sqlite3",
        "duckdb",
        "clickhouse-client",
        "cqlsh",
        "redis-cli",
        "valkey-cli",
        "mongosh",
        "mongo",
        "rm",
        "mv",
        "cp",
        "dd",
        "tee",
        "sed",
        "awk",
        "gawk",
        "perl",
        "alias",
        "kill",
        "curl",
        "openssl",
        "scp",
    ];
    table::find_program(name).is_some() || READERS.contains(&name)
}

/// The risk of one text while its commands are judged.
pub(super) struct Judge<'s> {
    pub(super) risk: Risk,
    pub(super) functions: BTreeSet<String>,
    depth: usize,
    texts: usize,
    prefixes: usize,
    /// Within a text that stands in a word: that word's bytes.
    outer: Option<Range<usize>>,
    /// Functions and aliases of the session's shell.
    pub(super) definitions: &'s ShellDefinitions,
    /// True while the text is for the session's own shell, which knows them.
    pub(super) session: bool,
    /// Those whose text is being read.
    pub(super) open: BTreeSet<String>,
    /// The words behind a function's name, within its body.
    pub(super) parameters: Option<Vec<CommandWord>>,
    /// Container or host that the command runs in; none on this machine.
    pub(super) within: Option<String>,
}

impl Judge<'_> {
    pub(super) fn outer_span(&self, span: &Range<usize>) -> Range<usize> {
        self.outer.clone().unwrap_or_else(|| span.clone())
    }

    pub(super) fn raise_level(&mut self, level: Level, span: &Range<usize>, text: impl Into<String>) {
        let outer = self.outer_span(span);
        self.risk.raise_level(level, outer, text);
    }

    pub(super) fn mark_unknown(&mut self, span: &Range<usize>, text: impl Into<String>) {
        let outer = self.outer_span(span);
        self.risk.mark_unknown(outer, text);
    }

    pub(super) fn add_object(&mut self, level: Level, kind: &str, arg: &CommandWord) {
        self.add_named_object(level, kind, arg.display_text());
    }

    pub(super) fn add_named_object(&mut self, level: Level, kind: &str, name: &str) {
        self.risk.add_object(level, kind, name);
        match (level, kind) {
            _ if name.is_empty() => {}
            (Level::Reads, _) => self.record_read(kind, name),
            // It is named for the confirmation; whether it is changed is another matter.
            (Level::Changes, "host" | "url") => {}
            _ => self.record_written(kind, name),
        }
    }

    pub(super) fn add_flag(&mut self, flag: Flag) {
        self.risk.flags.insert(flag);
    }

    /// Judges the text of another shell, given in this word.
    pub(super) fn judge_nested_script(&mut self, script: &CommandWord, input: &CommandInput) {
        let session = std::mem::replace(&mut self.session, false);
        let parameters = self.parameters.take();
        self.judge_script_here(script, input);
        self.parameters = parameters;
        self.session = session;
    }

    /// Judges a text for this shell itself, given in this word, as `eval` takes it.
    pub(super) fn judge_script_here(&mut self, script: &CommandWord, input: &CommandInput) {
        let CommandWord { text, raw, span } = script;
        if self.depth >= DEEPEST_NESTING || self.texts == 0 {
            self.mark_unknown(span, "texts within texts, too deep to read");
            return;
        }
        if text.chars().all(|c| c == EXPANSION_MARK || c.is_whitespace()) && text.contains(EXPANSION_MARK) {
            self.mark_unknown(span, "a command that comes out of an expansion");
            if fetches_text(raw) {
                self.raise_level(Level::Irreversible, span, "runs what is fetched or decoded");
            }
            return;
        }
        let before = self.outer.clone();
        self.outer = Some(self.outer_span(span));
        self.judge_text(text, input);
        self.outer = before;
    }

    fn judge_text(&mut self, text: &str, input: &CommandInput) {
        let all = 0..text.len();
        self.texts = self.texts.saturating_sub(1);
        if let Some(reason) = limits::exceeded_limit(text) {
            self.mark_unknown(&all, reason);
            return;
        }
        self.depth += 1;
        // The judge goes along to the thread with room.
        let done = limits::with_enough_stack(text, || self.judge_parsed(text, input));
        if done.is_none() {
            self.mark_unknown(&all, "no room to read it");
        }
        self.depth -= 1;
    }

    fn judge_parsed(&mut self, text: &str, input: &CommandInput) {
        let all = 0..text.len();
        let masked = MaskedText::new(text);
        let reading = match shuck::parse_text_in_full(&masked) {
            Ok(reading) => reading,
            Err(refusal) => return self.mark_unknown(&all, format!("no reading of it: {}", refusal.message)),
        };
        // A hole is no ASCII and masked as part of a word, so both parsers see the same of it.
        if let Clarity::Opaque(why) = describe::assess_clarity(&masked, &reading) {
            self.mark_unknown(&all, why);
        }
        if endless::why_never_ends(&reading).is_some() {
            self.add_flag(Flag::NeverEnds);
        }
        if terminal::why_interactive(&reading).is_some() {
            self.add_flag(Flag::Interactive);
        }
        // The body of one that the session has is read as the session's, not as this text's.
        let own = reading.functions.iter().filter(|function| !self.open.contains(&function.name));
        let own: Vec<String> = own.map(|function| function.name.clone()).collect();
        self.functions.extend(own);
        self.judge_reading(&reading, input);
    }

    fn judge_reading(&mut self, reading: &ParsedText, input: &CommandInput) {
        for redirect in &reading.full_words.compound_redirections {
            files::judge_redirection(self, redirect);
        }
        for (at, detail) in reading.full_words.commands.iter().enumerate() {
            let own = detail.redirections.iter().rev().find_map(input_from_redirect);
            let fed = own.unwrap_or_else(|| Self::input_of_member(reading, at, input));
            self.judge_simple(detail, &fed);
        }
    }

    /// Input of a command without a redirection of its own: the member before it in the pipeline.
    fn input_of_member(reading: &ParsedText, at: usize, input: &CommandInput) -> CommandInput {
        let Some(found) = reading.commands.get(at) else { return CommandInput::Terminal };
        let Some(seat) = found.context.pipeline_position.filter(|seat| seat.member_index > 0) else {
            return match reading.full_words.compound_redirections.iter().rev().find_map(input_from_redirect) {
                Some(loose) if found.context.has_redirected_input => loose,
                _ if found.context.has_redirected_input => CommandInput::Stream,
                _ => input.clone(),
            };
        };
        let mut before = reading.commands.iter().zip(&reading.full_words.commands).filter(|(other, _)| {
            other
                .context
                .pipeline_position
                .is_some_and(|other| other.pipeline == seat.pipeline && other.member_index + 1 == seat.member_index)
        });
        match (before.next(), before.next()) {
            (Some((_, one)), None) => printed_input(one),
            _ => CommandInput::Stream,
        }
    }

    fn judge_simple(&mut self, detail: &DetailedCommand, input: &CommandInput) {
        programs::judge_assignments(self, detail);
        for redirect in &detail.redirections {
            files::judge_redirection(self, redirect);
            if redirect.target.text.starts_with("/dev/tcp/") {
                net::judge_sent_text(self, "/dev/tcp", &printed_input(detail), &redirect.target.span);
            }
        }
        if detail.words.is_empty() {
            return;
        }
        let words = self.with_parameters(&detail.words);
        if !self.judge_shadowed(&words, input) {
            self.judge_command(&words, input);
        }
    }

    /// A program and its words.
    pub(super) fn judge_command(&mut self, words: &[CommandWord], input: &CommandInput) {
        let Some((program, args)) = words.split_first() else { return };
        let span_of_name = program.span.clone();
        let Some(name) = programs::program_name(program) else {
            self.mark_unknown(&span_of_name, format!("`{}` decides what runs", program.display_text()));
            // What stands behind `$SUDO` is a command, too.
            if args
                .first()
                .and_then(CommandWord::fixed_text)
                .is_some_and(|next| table::find_program(next).is_some() || next == "rm")
            {
                self.judge_command(args, input);
            }
            return;
        };
        if self.functions.contains(name.text) {
            // Its body is judged where it stands. One that takes a program's name means something else by it.
            if table::find_program(name.text).is_some() {
                self.mark_unknown(&span_of_name, format!("`{}` is a function here", name.text));
            }
            return;
        }
        if name.elsewhere {
            self.mark_unknown(&span_of_name, format!("`{}` is a program of its own", program.display_text()));
        }
        let name = name.text;
        if self.prefixes >= MOST_PREFIXES {
            return self.mark_unknown(&span_of_name, "more programs that run a program than are read");
        }
        self.prefixes += 1;
        self.judge_by_reader(name, program, args, input);
        self.prefixes -= 1;
    }

    fn judge_by_reader(&mut self, name: &str, program: &CommandWord, args: &[CommandWord], input: &CommandInput) {
        self.record_touched(name, program, args);
        option_commands::judge_option_commands(self, name, args, input);
        let handled = wrappers::judge_wrapper(self, name, program, args, input)
            || files::judge_file_program(self, name, program, args, input)
            || clients::judge_client(self, name, program, args, input)
            || net::judge_net_program(self, name, program, args, input)
            || programs::judge_known_program(self, name, program, args, input);
        if handled {
            return;
        }
        match table::find_program(name) {
            Some(known) => self.judge_by_table(known, name, program, args, input),
            None => self.mark_unknown(&program.span, format!("`{}` is not in the tables", program.display_text())),
        }
    }

    fn judge_by_table(
        &mut self,
        known: &TabledProgram,
        name: &str,
        program: &CommandWord,
        args: &[CommandWord],
        input: &CommandInput,
    ) {
        if let [only] = args
            && matches!(only.text.as_str(), "--help" | "--version")
        {
            return;
        }
        let line = ParsedLine::parse_args(args, OptionRules::from(known));
        let span = command_span(program, args);
        for flag in &known.flags {
            self.add_flag(*flag);
        }
        if args.is_empty()
            && let Some(bare) = known.bare
        {
            return self.apply_effect(bare, &span, name, "");
        }
        let dry = line.is_dry_run(&known.dry);
        for row in &known.rows {
            if row.effect.runs == InnerCommand::Nothing {
                if Self::row_applies(row, known, &line, usize::MAX) {
                    if dry && (row.effect.level > Level::Reads || row.effect.unknown) {
                        return;
                    }
                    return self.apply_row(row, known, &line, &span, name);
                }
            } else if self.judge_inner_command(row, known, &line, &span, name, input) {
                return;
            }
        }
        if line.operands.is_empty()
            && let Some(bare) = known.bare
        {
            return self.apply_effect(bare, &span, name, "");
        }
        if !dry {
            self.apply_effect(known.otherwise, &span, name, "");
        }
    }

    fn row_applies(row: &TableRow, known: &TabledProgram, line: &ParsedLine<'_>, end: usize) -> bool {
        let path = row.path.iter().enumerate().all(|(number, alternatives)| {
            line.operand_at(number).is_some_and(|arg| table::matches_alternative(alternatives, &arg.text, known.nocase))
        });
        path && row.with.iter().all(|condition| line.condition_holds(condition, row.path.len(), end, known.nocase))
            && !row.without.iter().any(|condition| line.condition_holds(condition, row.path.len(), end, known.nocase))
    }

    /// A row that runs something else. False if it does not hold.
    fn judge_inner_command(
        &mut self,
        row: &TableRow,
        known: &TabledProgram,
        line: &ParsedLine<'_>,
        span: &Range<usize>,
        name: &str,
        input: &CommandInput,
    ) -> bool {
        let behind = |count: usize| line.operands.get(row.path.len() + count).copied();
        let (begin, text) = match row.effect.runs {
            InnerCommand::Value(options) => {
                let Some(value) = options.split('|').find_map(|option| line.option_value_arg(option)) else {
                    return false;
                };
                (usize::MAX, Some(value))
            }
            InnerCommand::First => (usize::MAX, line.operand_at(0).cloned()),
            InnerCommand::Script(count) => {
                let Some(begin) = behind(count) else { return false };
                (begin, None)
            }
            InnerCommand::Words(count, dashes) => match line.dashes.filter(|_| dashes) {
                Some(dashes) if dashes + 1 < line.args.len() => (dashes + 1, None),
                _ => match behind(count) {
                    Some(begin) => (begin, None),
                    None => (usize::MAX, None),
                },
            },
            InnerCommand::Nothing => return false,
        };
        let is_words = matches!(row.effect.runs, InnerCommand::Words(..));
        let level = row.effect.level;
        if begin == usize::MAX && text.is_none() && level == Level::Reads {
            return false;
        }
        if !Self::row_applies(row, known, line, begin) {
            return false;
        }
        for flag in &row.flags {
            self.add_flag(*flag);
        }
        self.raise_level(level, span, format!("`{name}` {}", level.as_str()));
        self.judge_inside(inside_name(name, line, row.path.len()), |judge| {
            if let Some(text) = text {
                judge.judge_nested_script(&text, input);
            } else if let Some(rest) = line.args.get(begin..).filter(|rest| !rest.is_empty()) {
                if is_words {
                    judge.judge_command(rest, input);
                } else if matches!(name, "eval" | "trap") {
                    judge.judge_script_here(&join_words(rest), input);
                } else {
                    judge.judge_nested_script(&join_words(rest), input);
                }
            }
        });
        true
    }

    fn apply_row(
        &mut self,
        row: &TableRow,
        known: &TabledProgram,
        line: &ParsedLine<'_>,
        span: &Range<usize>,
        name: &str,
    ) {
        let said = if row.reason.is_empty() {
            let short = short_command(name, &row.path, line);
            match row.effect.level {
                Level::Reads if row.effect.unknown => format!("what `{short}` does is not in its words"),
                level => format!("`{short}` {}", level.as_str()),
            }
        } else {
            format!("`{}` {}", short_command(name, &row.path, line), row.reason)
        };
        self.apply_effect(row.effect, span, name, &said);
        for flag in &row.flags {
            self.add_flag(*flag);
        }
        let level = row.effect.level;
        if level >= Level::Destroys && known.dry.is_empty() {
            self.add_flag(Flag::NoDryRun);
        }
        let Some((kind, at)) = row.object else { return };
        match at {
            Some(option) if option.starts_with('-') && option != "-1" => {
                if let Some(value) = line.option_value_arg(option) {
                    self.add_object(level, kind, &value);
                }
            }
            Some("-1") => {
                if let Some(arg) =
                    line.operands.iter().skip(row.path.len()).next_back().and_then(|&at| line.args.get(at))
                {
                    self.add_object(level, kind, arg);
                }
            }
            Some(number) => {
                let operand_index = number.parse::<usize>().unwrap_or(1).saturating_sub(1) + row.path.len();
                if let Some(arg) = line.operand_at(operand_index) {
                    self.add_object(level, kind, arg);
                }
            }
            None => {
                let objects: Vec<usize> = line.operands.iter().skip(row.path.len()).copied().collect();
                for arg in objects.into_iter().filter_map(|at| line.args.get(at)) {
                    self.add_object(level, kind, arg);
                }
            }
        }
    }

    fn apply_effect(&mut self, effect: RowEffect, span: &Range<usize>, name: &str, said: &str) {
        let text = if said.is_empty() { format!("`{name}` {}", effect.level.as_str()) } else { said.to_owned() };
        if effect.unknown {
            let text =
                if said.is_empty() { format!("what `{name}` does here is not in the tables") } else { text.clone() };
            self.mark_unknown(span, text);
        }
        self.raise_level(effect.level, span, text);
    }

    fn flag_production(&mut self, text: &str) {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        if words.into_iter().any(|word| word.eq_ignore_ascii_case("prod") || word.eq_ignore_ascii_case("production")) {
            self.add_flag(Flag::Production);
        }
    }
}

/// The program and its subcommands as they stand there.
fn short_command(name: &str, path: &[&str], line: &ParsedLine<'_>) -> String {
    let mut said = name.to_owned();
    for number in 0..path.len() {
        if let Some(arg) = line.operand_at(number) {
            said.push(' ');
            said.push_str(arg.display_text());
        }
    }
    said
}

/// The bytes of a program and its words.
pub(super) fn command_span(program: &CommandWord, args: &[CommandWord]) -> Range<usize> {
    let end = args.iter().map(|arg| arg.span.end).max().unwrap_or(0);
    program.span.start..end.max(program.span.end)
}

/// True if a substitution fetches its text from the network.
pub(super) fn fetches_text(raw: &str) -> bool {
    let mut words = raw.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')));
    raw.contains(['(', '`'])
        && words.any(|word| matches!(word, "curl" | "wget" | "fetch" | "base64" | "nc" | "xxd" | "openssl"))
}

/// Words as one text, as `eval` and `ssh` see them.
pub(super) fn join_words(words: &[CommandWord]) -> CommandWord {
    let text = words.iter().map(|arg| arg.text.as_str()).collect::<Vec<_>>().join(" ");
    let start = words.first().map_or(0, |arg| arg.span.start);
    let end = words.iter().map(|arg| arg.span.end).max().unwrap_or(start);
    let raw = words.iter().map(|arg| arg.raw.as_str()).collect::<Vec<_>>().join(" ");
    CommandWord { text, raw, span: start..end }
}

/// The input that a redirection makes.
fn input_from_redirect(redirect: &Redirection) -> Option<CommandInput> {
    if redirect.fd.unwrap_or(0) != 0 {
        return None;
    }
    match redirect.kind {
        RedirectionKind::HereText => Some(CommandInput::Text(redirect.target.text.clone())),
        RedirectionKind::Read if redirect.target.text == "/dev/null" => Some(CommandInput::Text(String::new())),
        RedirectionKind::Read if redirect.target.raw.starts_with("<(") => Some(CommandInput::Stream),
        RedirectionKind::Read | RedirectionKind::ReadWrite => {
            Some(CommandInput::File(redirect.target.display_text().to_owned()))
        }
        RedirectionKind::Overwrite | RedirectionKind::Append | RedirectionKind::Duplicate => None,
    }
}

/// Output of a command as far as its words tell, such as that of `echo`.
fn printed_input(detail: &DetailedCommand) -> CommandInput {
    let Some((program, args)) = detail.words.split_first() else { return CommandInput::Stream };
    let own = detail.redirections.iter().rev().find_map(input_from_redirect);
    match (program.text.as_str(), own) {
        ("echo", _) => {
            let escapes = args.iter().take_while(|arg| arg.text.starts_with('-')).any(|arg| arg.text.contains('e'));
            let words: Vec<&str> = args
                .iter()
                .skip_while(|arg| matches!(arg.text.as_str(), "-n" | "-e" | "-ne" | "-en" | "-E"))
                .map(|arg| arg.text.as_str())
                .collect();
            CommandInput::Text(if escapes { unescape_text(&words.join(" ")) } else { words.join(" ") })
        }
        ("printf", _) => {
            let texts: Vec<String> = args.iter().map(|arg| unescape_text(&arg.text)).collect();
            let mut text = texts.first().cloned().unwrap_or_default();
            if text.contains('%') {
                text = texts.get(1..).unwrap_or_default().join("\n");
            }
            CommandInput::Text(text)
        }
        ("cat", Some(CommandInput::Text(text))) if args.is_empty() => CommandInput::Text(text),
        ("cat", None) => match args {
            [one] if !one.text.starts_with('-') => CommandInput::File(one.display_text().to_owned()),
            _ => CommandInput::Stream,
        },
        ("true" | ":" | "yes", _) => CommandInput::Text(String::new()),
        _ => CommandInput::Stream,
    }
}

fn unescape_text(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\n")
}
