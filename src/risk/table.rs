//! The tables. Where each program stands in them is looked up once, and what stands there read when it is first asked for.
//!
//! Invariant: a table that cannot be read is found by the test below, never at run time: what is not understood makes
//! the program unknown. Refuses to know: the words of any command.

use super::verdict::{Flag, Level};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

const TABLES: &[&str] = &[
    include_str!("tables/wrappers.txt"),
    include_str!("tables/filesystem.txt"),
    include_str!("tables/docker.txt"),
    include_str!("tables/kubernetes.txt"),
    include_str!("tables/databases.txt"),
    include_str!("tables/git.txt"),
    include_str!("tables/systemd.txt"),
    include_str!("tables/network.txt"),
    include_str!("tables/cloud.txt"),
    include_str!("tables/terraform.txt"),
    include_str!("tables/packages.txt"),
    include_str!("tables/interpreters.txt"),
];

/// A program of the tables, with its rows.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each habit of a program, any mix of which occurs")]
pub(super) struct TabledProgram {
    pub valued: Vec<&'static str>,
    /// Subcommands, and options that take no value behind them.
    pub plain: Vec<(&'static str, Vec<&'static str>)>,
    pub posix: bool,
    pub long: bool,
    pub gnu: bool,
    pub nocase: bool,
    pub assigns: bool,
    pub dry: Vec<&'static str>,
    pub flags: Vec<Flag>,
    pub bare: Option<RowEffect>,
    pub rows: Vec<TableRow>,
    pub otherwise: RowEffect,
}

/// Effect of a row: a minimum level, whether it may be higher, and another command that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowEffect {
    pub level: Level,
    pub unknown: bool,
    pub runs: InnerCommand,
}

impl Default for RowEffect {
    fn default() -> Self {
        Self { level: Level::Reads, unknown: true, runs: InnerCommand::Nothing }
    }
}

/// Another command or script that a row's program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InnerCommand {
    Nothing,
    /// The words behind so many operands; with `true` behind `--`.
    Words(usize, bool),
    /// The words behind so many operands, as a shell text.
    Script(usize),
    /// The first operand, as a shell text.
    First,
    /// The value of an option, as a shell text: alternatives.
    Value(&'static str),
}

/// One line of a table: a condition and its effect.
#[derive(Debug)]
pub(super) struct TableRow {
    pub effect: RowEffect,
    /// Operands in order: alternatives.
    pub path: Vec<&'static str>,
    pub with: Vec<&'static str>,
    pub without: Vec<&'static str>,
    /// Kind and place of the object.
    pub object: Option<(&'static str, Option<&'static str>)>,
    pub flags: Vec<Flag>,
    pub reason: &'static str,
}

/// Where a program stands in the tables.
struct ProgramEntry {
    lines: &'static str,
    read: OnceLock<TabledProgram>,
}

/// Finds a program in the tables.
pub(super) fn find_program(name: &str) -> Option<&'static TabledProgram> {
    static ENTRIES: LazyLock<HashMap<&'static str, Arc<ProgramEntry>>> = LazyLock::new(|| index_tables(TABLES));
    let entry = ENTRIES.get(name).or_else(|| name.starts_with("mkfs.").then(|| ENTRIES.get("mkfs")).flatten())?;
    Some(entry.read.get_or_init(|| TabledProgram::parse_program(entry.lines).0))
}

fn index_tables(tables: &[&'static str]) -> HashMap<&'static str, Arc<ProgramEntry>> {
    // What is before the first program of a table is its comment.
    let sections = tables.iter().flat_map(|table| table.split("\nprogram ").skip(1));
    let mut entries = HashMap::new();
    for section in sections {
        let (names, lines) = section.split_once('\n').unwrap_or((section, ""));
        let entry = Arc::new(ProgramEntry { lines, read: OnceLock::new() });
        entries.extend(names.split_ascii_whitespace().map(|name| (name, Arc::clone(&entry))));
    }
    entries
}

impl TabledProgram {
    /// Reads what a table says of one; lines that mean nothing come back.
    fn parse_program(lines: &'static str) -> (Self, Vec<&'static str>) {
        let mut program = Self::default();
        let mut odd = Vec::new();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if program.parse_line(line).is_none() {
                odd.push(line);
            }
        }
        (program, odd)
    }

    fn parse_line(&mut self, line: &'static str) -> Option<()> {
        let (head, reason) = line.split_once(" : ").unwrap_or((line, ""));
        let mut words = head.split_whitespace().peekable();
        let first = words.next()?;
        match first {
            "valued" => self.valued.extend(words),
            "plain" => self.plain.push((words.next()?, words.collect())),
            "posix" => self.posix = true,
            "long" => self.long = true,
            "gnu" => self.gnu = true,
            "nocase" => self.nocase = true,
            "assigns" => self.assigns = true,
            "dry" => self.dry.extend(words),
            "flags" => self.flags = words.map(Flag::from_name).collect::<Option<_>>()?,
            "bare" => self.bare = Some(parse_effect(words.next()?, &mut words)?),
            "else" => {
                let mut row = TableRow::parse_row(words.next()?, words, reason)?;
                self.otherwise = row.effect;
                if row.object.is_some() || !row.flags.is_empty() || !reason.is_empty() {
                    row.path.clear();
                    self.rows.push(row);
                }
            }
            level => self.rows.push(TableRow::parse_row(level, words, reason)?),
        }
        Some(())
    }
}

impl TableRow {
    fn parse_row(
        level: &'static str,
        mut words: std::iter::Peekable<std::str::SplitWhitespace<'static>>,
        reason: &'static str,
    ) -> Option<Self> {
        let effect = parse_effect(level, &mut words)?;
        let mut row = Self {
            effect,
            path: Vec::new(),
            with: Vec::new(),
            without: Vec::new(),
            object: None,
            flags: Vec::new(),
            reason,
        };
        let mut part = "path";
        for word in words {
            match (word, part) {
                ("with" | "without" | "of" | "flag", _) => part = word,
                (_, "path") => row.path.push(word),
                (_, "with") => row.with.push(word),
                (_, "without") => row.without.push(word),
                (_, "of") => {
                    row.object = Some(word.split_once('@').map_or((word, None), |(kind, at)| (kind, Some(at))));
                }
                _ => row.flags.push(Flag::from_name(word)?),
            }
        }
        Some(row)
    }
}

fn parse_effect(
    word: &'static str,
    rest: &mut std::iter::Peekable<std::str::SplitWhitespace<'static>>,
) -> Option<RowEffect> {
    let (level, unknown) = match word {
        "reads" | "inner" | "script" => (Level::Reads, false),
        "changes" | "changes+inner" => (Level::Changes, false),
        "changes?" => (Level::Changes, true),
        "destroys" => (Level::Destroys, false),
        "final" => (Level::Irreversible, false),
        "unknown" => (Level::Reads, true),
        _ => return None,
    };
    let runs = match word {
        "inner" | "changes+inner" => {
            let behind = rest.next()?.parse().ok()?;
            InnerCommand::Words(behind, rest.next_if_eq(&"--").is_some())
        }
        "script" => match rest.next()? {
            "first" => InnerCommand::First,
            option if option.starts_with('-') => InnerCommand::Value(option),
            number => InnerCommand::Script(number.parse().ok()?),
        },
        _ => InnerCommand::Nothing,
    };
    Some(RowEffect { level, unknown, runs })
}

/// True if a word is one of the alternatives. Each may contain one `*`.
pub(super) fn matches_alternative(alternatives: &str, word: &str, nocase: bool) -> bool {
    alternatives.split('|').any(|pattern| matches_glob(pattern, word, nocase))
}

pub(super) fn matches_glob(pattern: &str, word: &str, nocase: bool) -> bool {
    let eq = |a: &str, b: &str| if nocase { a.eq_ignore_ascii_case(b) } else { a == b };
    let Some((before, after)) = pattern.split_once('*') else { return eq(pattern, word) };
    if let Some((middle, last)) = after.split_once('*') {
        return word.strip_prefix(before).is_some_and(|rest| {
            rest.find(middle).is_some_and(|at| rest.get(at + middle.len()..).is_some_and(|r| r.ends_with(last)))
        });
    }
    word.len() >= before.len() + after.len()
        && word.get(..before.len()).is_some_and(|head| eq(head, before))
        && word.get(word.len() - after.len()..).is_some_and(|tail| eq(tail, after))
}

#[cfg(test)]
mod tests {
    use super::{TABLES, TabledProgram, find_program, index_tables, matches_glob};

    #[test]
    fn every_line_of_the_tables_is_understood() {
        let programs = index_tables(TABLES);
        let odd: Vec<&str> = programs.values().flat_map(|entry| TabledProgram::parse_program(entry.lines).1).collect();
        assert_eq!(odd, Vec::<&str>::new());
        assert!(programs.len() > 900, "{}", programs.len());
    }

    #[test]
    fn no_program_stands_in_two_places() {
        let mut seen = std::collections::BTreeMap::new();
        let names = TABLES.iter().flat_map(|t| t.lines()).filter_map(|line| line.strip_prefix("program "));
        for name in names.flat_map(str::split_whitespace) {
            *seen.entry(name).or_insert(0) += 1;
        }
        let twice: Vec<_> = seen.into_iter().filter(|(_, n)| *n > 1).map(|(name, _)| name).collect();
        assert_eq!(twice, Vec::<&str>::new());
    }

    #[test]
    fn a_pattern_is_a_word_with_a_star() {
        assert!(
            matches_glob("delete-*", "delete-bucket", false)
                && matches_glob("*=0", "web=0", false)
                && matches_glob("*a*", "bab", false)
        );
        assert!(
            !matches_glob("delete-*", "deleted", false)
                && !matches_glob("x", "X", false)
                && matches_glob("x", "X", true)
        );
        assert!(find_program("mkfs.ext4").is_some() && find_program("nothing").is_none());
    }
}
