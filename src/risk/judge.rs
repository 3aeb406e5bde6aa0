//! The walk over a command's parts.
//!
//! Invariant: every simple command of a reading is judged, at any depth, and texts for a further shell are read again.
//! The work is bounded by a budget. Refuses to know: single programs.

use super::effects::place;
use super::line::{Line, Rules};
use super::table::{self, Effect, Program, Row, Runs};
use super::verdict::{Flag, Level, Risk};
use super::{clients, files, net, programs, wrappers};
use crate::shell::parse::masking::Masked;
use crate::shell::parse::reading::Reading;
use crate::shell::parse::{limits, shuck};
use crate::shell::programs::{endless, terminal};
use crate::shell::simple_command::{Arg, Detail, Flow, HOLE, Redirection};
use crate::shell::{Clarity, Shadows, describe};
use std::collections::BTreeSet;
use std::ops::Range;

/// How deep texts within texts are read.
const DEEPEST: usize = 8;
/// How many texts within texts are read.
const MOST_TEXTS: usize = 64;

/// The risk of a text.
pub(super) fn judge(text: &str, shadows: &Shadows) -> Risk {
    let mut judge = Judge {
        risk: Risk::default(),
        functions: BTreeSet::new(),
        depth: 0,
        texts: MOST_TEXTS,
        outer: None,
        shadows,
        session: true,
        open: BTreeSet::new(),
        parameters: None,
        within: None,
    };
    judge.text(text, &Input::Terminal);
    judge.name_production(text);
    judge.risk.reasons.sort_by_key(|reason| reason.span.start);
    judge.risk
}

/// Whether a program of this name is known, in a table or by a reader of its own.
pub(super) fn knows(name: &str) -> bool {
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
    table::program(name).is_some() || READERS.contains(&name)
}

/// Where a command's input comes from.
#[derive(Clone, Debug, Default)]
pub(super) enum Input {
    #[default]
    Terminal,
    /// This text.
    Text(String),
    /// A file of this name.
    File(String),
    /// Something another command prints.
    Stream,
}

/// The verdict as it grows.
pub(super) struct Judge<'s> {
    pub(super) risk: Risk,
    pub(super) functions: BTreeSet<String>,
    depth: usize,
    texts: usize,
    /// Within a text that stands in a word: that word's bytes.
    outer: Option<Range<usize>>,
    /// What the session has.
    pub(super) shadows: &'s Shadows,
    /// Whether the text is read by the session's own shell, which knows them.
    pub(super) session: bool,
    /// Those whose text is being read.
    pub(super) open: BTreeSet<String>,
    /// The words behind a function's name, within its body.
    pub(super) parameters: Option<Vec<Arg>>,
    /// What it runs in, when not here.
    pub(super) within: Option<String>,
}

impl Judge<'_> {
    pub(super) fn place(&self, span: &Range<usize>) -> Range<usize> {
        self.outer.clone().unwrap_or_else(|| span.clone())
    }

    pub(super) fn raise(&mut self, level: Level, span: &Range<usize>, text: impl Into<String>) {
        let place = self.place(span);
        self.risk.raise(level, place, text);
    }

    pub(super) fn doubt(&mut self, span: &Range<usize>, text: impl Into<String>) {
        let place = self.place(span);
        self.risk.doubt(place, text);
    }

    pub(super) fn stake(&mut self, level: Level, kind: &str, arg: &Arg) {
        self.stake_named(level, kind, arg.shown());
    }

    pub(super) fn stake_named(&mut self, level: Level, kind: &str, name: &str) {
        self.risk.stake(level, kind, name);
        match (level, kind) {
            _ if name.is_empty() => {}
            (Level::Reads, _) => self.reads(kind, name),
            // It is named for the confirmation; whether it is changed is another matter.
            (Level::Changes, "host" | "url") => {}
            _ => self.writes(kind, name),
        }
    }

    pub(super) fn flag(&mut self, flag: Flag) {
        self.risk.flags.insert(flag);
    }

    /// A text for a further shell, that stands in this word.
    pub(super) fn nested(&mut self, script: &Arg, input: &Input) {
        let session = std::mem::replace(&mut self.session, false);
        let parameters = self.parameters.take();
        self.nested_here(script, input);
        self.parameters = parameters;
        self.session = session;
    }

    /// A text for this shell itself, that stands in this word.
    pub(super) fn nested_here(&mut self, script: &Arg, input: &Input) {
        let Arg { text, raw, span } = script;
        if self.depth >= DEEPEST || self.texts == 0 {
            self.doubt(span, "texts within texts, too deep to read");
            return;
        }
        if text.chars().all(|c| c == HOLE || c.is_whitespace()) && text.contains(HOLE) {
            self.doubt(span, "a command that comes out of an expansion");
            if fetches(raw) {
                self.raise(Level::Irreversible, span, "runs what is fetched or decoded");
            }
            return;
        }
        let before = self.outer.clone();
        self.outer = Some(self.place(span));
        self.text(text, input);
        self.outer = before;
    }

    fn text(&mut self, text: &str, input: &Input) {
        let all = 0..text.len();
        self.texts = self.texts.saturating_sub(1);
        if let Some(reason) = limits::exceeded(text) {
            self.doubt(&all, reason);
            return;
        }
        self.depth += 1;
        // The judge goes along to the thread with room.
        let done = limits::with_room(text, || self.parsed(text, input));
        if done.is_none() {
            self.doubt(&all, "no room to read it");
        }
        self.depth -= 1;
    }

    fn parsed(&mut self, text: &str, input: &Input) {
        let all = 0..text.len();
        let masked = Masked::new(text);
        let reading = match shuck::read_in_full(&masked) {
            Ok(reading) => reading,
            Err(refusal) => return self.doubt(&all, format!("no reading of it: {}", refusal.message)),
        };
        // A hole is no ASCII and masked as part of a word, so both parsers see the same of it.
        if let Clarity::Opaque(why) = describe::clarity(&masked, &reading) {
            self.doubt(&all, why);
        }
        if endless::never_ends(&reading).is_some() {
            self.flag(Flag::NeverEnds);
        }
        if terminal::interactive(&reading).is_some() {
            self.flag(Flag::Interactive);
        }
        // The body of one that the session has is read as the session's, not as this text's.
        let own = reading.functions.iter().filter(|function| !self.open.contains(&function.name));
        let own: Vec<String> = own.map(|function| function.name.clone()).collect();
        self.functions.extend(own);
        self.reading(&reading, input);
    }

    fn reading(&mut self, reading: &Reading, input: &Input) {
        for redirect in &reading.full.loose {
            files::redirection(self, redirect);
        }
        for (at, detail) in reading.full.details.iter().enumerate() {
            let own = detail.redirects.iter().rev().find_map(from);
            let fed = own.unwrap_or_else(|| Self::fed(reading, at, input));
            self.simple(detail, &fed);
        }
    }

    /// What feeds a command that redirects nothing itself.
    fn fed(reading: &Reading, at: usize, input: &Input) -> Input {
        let Some(found) = reading.found.get(at) else { return Input::Terminal };
        let Some(seat) = found.place.seat.filter(|seat| seat.index > 0) else {
            return match reading.full.loose.iter().rev().find_map(from) {
                Some(loose) if found.place.fed => loose,
                _ if found.place.fed => Input::Stream,
                _ => input.clone(),
            };
        };
        let mut before = reading.found.iter().zip(&reading.full.details).filter(|(other, _)| {
            other.place.seat.is_some_and(|other| other.pipe == seat.pipe && other.index + 1 == seat.index)
        });
        match (before.next(), before.next()) {
            (Some((_, one)), None) => printed(one),
            _ => Input::Stream,
        }
    }

    fn simple(&mut self, detail: &Detail, input: &Input) {
        programs::assigns(self, detail);
        for redirect in &detail.redirects {
            files::redirection(self, redirect);
        }
        if detail.words.is_empty() {
            return;
        }
        let words = self.with_parameters(&detail.words);
        if !self.shadowed(&words, input) {
            self.command(&words, input);
        }
    }

    /// A program and its words.
    pub(super) fn command(&mut self, words: &[Arg], input: &Input) {
        let Some((program, args)) = words.split_first() else { return };
        let place = program.span.clone();
        let Some(name) = programs::name(program) else {
            self.doubt(&place, format!("`{}` decides what runs", program.shown()));
            // What stands behind `$SUDO` is a command, too.
            if args.first().and_then(Arg::fixed).is_some_and(|next| table::program(next).is_some() || next == "rm") {
                self.command(args, input);
            }
            return;
        };
        if self.functions.contains(name.text) {
            // Its body is judged where it stands. One that takes a program's name means something else by it.
            if table::program(name.text).is_some() {
                self.doubt(&place, format!("`{}` is a function here", name.text));
            }
            return;
        }
        if name.elsewhere {
            self.doubt(&place, format!("`{}` is a program of its own", program.shown()));
        }
        let name = name.text;
        self.special(name, program, args, input);
    }

    fn special(&mut self, name: &str, program: &Arg, args: &[Arg], input: &Input) {
        self.touch(name, program, args);
        let handled = wrappers::judge(self, name, program, args, input)
            || files::judge(self, name, program, args, input)
            || clients::judge(self, name, program, args, input)
            || net::judge(self, name, program, args)
            || programs::judge(self, name, program, args, input);
        if handled {
            return;
        }
        match table::program(name) {
            Some(known) => self.tabled(known, name, program, args, input),
            None => self.doubt(&program.span, format!("`{}` is not in the tables", program.shown())),
        }
    }

    fn tabled(&mut self, known: &Program, name: &str, program: &Arg, args: &[Arg], input: &Input) {
        if let [only] = args
            && matches!(only.text.as_str(), "--help" | "--version")
        {
            return;
        }
        let line = Line::read(args, Rules::from(known));
        let span = span_of(program, args);
        for flag in &known.flags {
            self.flag(*flag);
        }
        if args.is_empty()
            && let Some(bare) = known.bare
        {
            return self.effect(bare, &span, name, "");
        }
        let dry = known.dry.iter().any(|option| line.has(option));
        for row in &known.rows {
            if row.effect.runs == Runs::Nothing {
                if Self::row_holds(row, known, &line, usize::MAX) {
                    if dry && (row.effect.level > Level::Reads || row.effect.unknown) {
                        return;
                    }
                    return self.row(row, known, &line, &span, name);
                }
            } else if self.runs(row, known, &line, &span, name, input) {
                return;
            }
        }
        if line.operands.is_empty()
            && let Some(bare) = known.bare
        {
            return self.effect(bare, &span, name, "");
        }
        if !dry {
            self.effect(known.otherwise, &span, name, "");
        }
    }

    fn row_holds(row: &Row, known: &Program, line: &Line<'_>, end: usize) -> bool {
        let path = row.path.iter().enumerate().all(|(number, alternatives)| {
            line.operand(number).is_some_and(|arg| table::alternative(alternatives, &arg.text, known.nocase))
        });
        path && row.with.iter().all(|condition| line.holds(condition, row.path.len(), end, known.nocase))
            && !row.without.iter().any(|condition| line.holds(condition, row.path.len(), end, known.nocase))
    }

    /// A row that runs something else. False if it does not hold.
    fn runs(
        &mut self,
        row: &Row,
        known: &Program,
        line: &Line<'_>,
        span: &Range<usize>,
        name: &str,
        input: &Input,
    ) -> bool {
        let behind = |count: usize| line.operands.get(row.path.len() + count).copied();
        let (begin, text) = match row.effect.runs {
            Runs::Value(options) => {
                let Some(value) = options.split('|').find_map(|option| line.value_arg(option)) else { return false };
                (usize::MAX, Some(value))
            }
            Runs::First => (usize::MAX, line.operand(0).cloned()),
            Runs::Script(count) => {
                let Some(begin) = behind(count) else { return false };
                (begin, None)
            }
            Runs::Words(count, dashes) => match line.dashes.filter(|_| dashes) {
                Some(dashes) if dashes + 1 < line.args.len() => (dashes + 1, None),
                _ => match behind(count) {
                    Some(begin) => (begin, None),
                    None => (usize::MAX, None),
                },
            },
            Runs::Nothing => return false,
        };
        let is_words = matches!(row.effect.runs, Runs::Words(..));
        let level = row.effect.level;
        if begin == usize::MAX && text.is_none() && level == Level::Reads {
            return false;
        }
        if !Self::row_holds(row, known, line, begin) {
            return false;
        }
        for flag in &row.flags {
            self.flag(*flag);
        }
        self.raise(level, span, format!("`{name}` {}", level.as_str()));
        self.inside(place(name, line, row.path.len()), |judge| {
            if let Some(text) = text {
                judge.nested(&text, input);
            } else if let Some(rest) = line.args.get(begin..).filter(|rest| !rest.is_empty()) {
                if is_words {
                    judge.command(rest, input);
                } else if matches!(name, "eval" | "trap") {
                    judge.nested_here(&joined(rest), input);
                } else {
                    judge.nested(&joined(rest), input);
                }
            }
        });
        true
    }

    fn row(&mut self, row: &Row, known: &Program, line: &Line<'_>, span: &Range<usize>, name: &str) {
        let said = if row.reason.is_empty() {
            let short = said_short(name, &row.path, line);
            match row.effect.level {
                Level::Reads if row.effect.unknown => format!("what `{short}` does is not in its words"),
                level => format!("`{short}` {}", level.as_str()),
            }
        } else {
            format!("`{}` {}", said_short(name, &row.path, line), row.reason)
        };
        self.effect(row.effect, span, name, &said);
        for flag in &row.flags {
            self.flag(*flag);
        }
        let level = row.effect.level;
        if level >= Level::Destroys && known.dry.is_empty() {
            self.flag(Flag::NoDryRun);
        }
        let Some((kind, at)) = row.object else { return };
        match at {
            Some(option) if option.starts_with('-') && option != "-1" => {
                if let Some(value) = line.value_arg(option) {
                    self.stake(level, kind, &value);
                }
            }
            Some("-1") => {
                if let Some(arg) =
                    line.operands.iter().skip(row.path.len()).next_back().and_then(|&at| line.args.get(at))
                {
                    self.stake(level, kind, arg);
                }
            }
            Some(number) => {
                let place = number.parse::<usize>().unwrap_or(1).saturating_sub(1) + row.path.len();
                if let Some(arg) = line.operand(place) {
                    self.stake(level, kind, arg);
                }
            }
            None => {
                let objects: Vec<usize> = line.operands.iter().skip(row.path.len()).copied().collect();
                for arg in objects.into_iter().filter_map(|at| line.args.get(at)) {
                    self.stake(level, kind, arg);
                }
            }
        }
    }

    fn effect(&mut self, effect: Effect, span: &Range<usize>, name: &str, said: &str) {
        let text = if said.is_empty() { format!("`{name}` {}", effect.level.as_str()) } else { said.to_owned() };
        if effect.unknown {
            let text =
                if said.is_empty() { format!("what `{name}` does here is not in the tables") } else { text.clone() };
            self.doubt(span, text);
        }
        self.raise(effect.level, span, text);
    }

    fn name_production(&mut self, text: &str) {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        if words.into_iter().any(|word| word.eq_ignore_ascii_case("prod") || word.eq_ignore_ascii_case("production")) {
            self.flag(Flag::Production);
        }
    }
}

/// The program and its subcommands as they stand there.
fn said_short(name: &str, path: &[&str], line: &Line<'_>) -> String {
    let mut said = name.to_owned();
    for number in 0..path.len() {
        if let Some(arg) = line.operand(number) {
            said.push(' ');
            said.push_str(arg.shown());
        }
    }
    said
}

/// The bytes of a program and its words.
pub(super) fn span_of(program: &Arg, args: &[Arg]) -> Range<usize> {
    let end = args.iter().map(|arg| arg.span.end).max().unwrap_or(0);
    program.span.start..end.max(program.span.end)
}

/// Whether a substitution brings its text from elsewhere.
pub(super) fn fetches(raw: &str) -> bool {
    let mut words = raw.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')));
    raw.contains(['(', '`'])
        && words.any(|word| matches!(word, "curl" | "wget" | "fetch" | "base64" | "nc" | "xxd" | "openssl"))
}

/// Words as one text, as `eval` and `ssh` see them.
pub(super) fn joined(words: &[Arg]) -> Arg {
    let text = words.iter().map(|arg| arg.text.as_str()).collect::<Vec<_>>().join(" ");
    let start = words.first().map_or(0, |arg| arg.span.start);
    let end = words.iter().map(|arg| arg.span.end).max().unwrap_or(start);
    let raw = words.iter().map(|arg| arg.raw.as_str()).collect::<Vec<_>>().join(" ");
    Arg { text, raw, span: start..end }
}

/// The input that a redirection makes.
fn from(redirect: &Redirection) -> Option<Input> {
    if redirect.fd.unwrap_or(0) != 0 {
        return None;
    }
    match redirect.flow {
        Flow::Text => Some(Input::Text(redirect.target.text.clone())),
        Flow::From if redirect.target.text == "/dev/null" => Some(Input::Text(String::new())),
        Flow::From if redirect.target.raw.starts_with("<(") => Some(Input::Stream),
        Flow::From | Flow::Both => Some(Input::File(redirect.target.shown().to_owned())),
        Flow::Over | Flow::Behind | Flow::Copy => None,
    }
}

/// What a command prints, where its words say it.
fn printed(detail: &Detail) -> Input {
    let Some((program, args)) = detail.words.split_first() else { return Input::Stream };
    let own = detail.redirects.iter().rev().find_map(from);
    match (program.text.as_str(), own) {
        ("echo", _) => {
            let escapes = args.iter().take_while(|arg| arg.text.starts_with('-')).any(|arg| arg.text.contains('e'));
            let words: Vec<&str> = args
                .iter()
                .skip_while(|arg| matches!(arg.text.as_str(), "-n" | "-e" | "-ne" | "-en" | "-E"))
                .map(|arg| arg.text.as_str())
                .collect();
            Input::Text(if escapes { unescaped(&words.join(" ")) } else { words.join(" ") })
        }
        ("printf", _) => {
            let texts: Vec<String> = args.iter().map(|arg| unescaped(&arg.text)).collect();
            let mut text = texts.first().cloned().unwrap_or_default();
            if text.contains('%') {
                text = texts.get(1..).unwrap_or_default().join("\n");
            }
            Input::Text(text)
        }
        ("cat", Some(Input::Text(text))) if args.is_empty() => Input::Text(text),
        ("cat", None) => match args {
            [one] if !one.text.starts_with('-') => Input::File(one.shown().to_owned()),
            _ => Input::Stream,
        },
        ("true" | ":" | "yes", _) => Input::Text(String::new()),
        _ => Input::Stream,
    }
}

fn unescaped(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\n")
}
