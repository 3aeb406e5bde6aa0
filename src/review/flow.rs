//! Effects of one command on those after it.
//!
//! Invariant: a cell is judged as if copied whole into a shell. Refuses to know: steps, decisions.

use super::cells::{CellText, LocatedCommand};
use super::finding::Finding;
use super::probes::Probes;
use crate::risk::{Flag, Level};
use crate::shell::{ProgramName, SessionChange, effective_program};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Checks the commands of each cell in sequence. `env` names the variables that the front matter sets.
pub(super) fn check_sequences<'n>(
    cells: &[CellText<'_>],
    env: impl Iterator<Item = &'n String>,
    probes: &Probes<'_>,
    found: &mut Vec<Finding>,
) {
    let mut sudo = None;
    let mut sudo_count = 0;
    for cell in cells {
        let commands: Vec<LocatedCommand<'_, '_>> =
            cell.located_commands().filter(|at| at.facts.not_a_command.is_none()).collect();
        find_blocking_commands(&commands, found);
        find_unchecked_destruction(&commands, found);
        find_mixed_compose_files(&commands, found);
        let mut pipes_fail = false;
        let mut privileged_before = false;
        for (number, at) in commands.iter().enumerate() {
            pipes_fail |= sets_shell_option(at, |word| word == "pipefail");
            if !pipes_fail {
                find_hidden_pipe_failure(at, found);
            }
            let asks = at
                .facts
                .simple_commands
                .iter()
                .any(|simple| matches!(&simple.program, ProgramName::Named(name) if name == "sudo"));
            if asks && number > 0 && !privileged_before {
                sudo_count += 1;
                sudo.get_or_insert_with(|| (at.first_line_span(), at.short_line()));
            }
            privileged_before |= at.risk.flags.contains(&Flag::Privileged);
        }
    }
    if let Some((span, short)) = sudo {
        let more =
            if sudo_count > 1 { format!(", here and in {} other places", sudo_count - 1) } else { String::new() };
        found.push(Finding::new(
            "sudo-in-the-middle",
            span,
            format!("`{short}` may ask for a password after other commands have run{more}"),
        ));
    }
    find_unset_variables(cells, env.cloned().collect(), probes, found);
    find_leaking_directories(cells, found);
}

/// Finds commands that never end or wait for an operator, before others.
fn find_blocking_commands(commands: &[LocatedCommand<'_, '_>], found: &mut Vec<Finding>) {
    for (at, next) in commands.iter().zip(commands.iter().skip(1)) {
        if let Some(why) = &at.facts.never_ends_reason {
            found.push(
                Finding::new(
                    "never-ends-before-others",
                    at.first_line_span(),
                    format!("{why}, so `{}` is never reached", next.short_line()),
                )
                .with_related(next.first_line_span(), "never reached"),
            );
        } else if let Some(why) = &at.facts.interactive_reason {
            found.push(
                Finding::new(
                    "interactive-before-others",
                    at.first_line_span(),
                    format!("{why}, and `{}` waits for it", next.short_line()),
                )
                .with_related(next.first_line_span(), "waits"),
            );
        }
    }
}

/// Programs that check something, each with the options that make it a check; none means that it always is one.
const CHECKS: &[(&str, &[&str])] = &[
    ("sha256sum", &["-c", "--check"]),
    ("sha512sum", &["-c", "--check"]),
    ("sha1sum", &["-c", "--check"]),
    ("md5sum", &["-c", "--check"]),
    ("shasum", &["-c", "--check"]),
    ("b2sum", &["-c", "--check"]),
    ("gzip", &["-t", "--test"]),
    ("gunzip", &["-t", "--test"]),
    ("test", &[]),
    ("[", &[]),
    ("[[", &[]),
    ("cmp", &[]),
    ("pg_verifybackup", &[]),
    ("pg_isready", &[]),
    ("gpg", &["--verify"]),
    ("nginx", &["-t"]),
    ("mountpoint", &[]),
];

/// Finds checks whose failure does not keep the shell from a later command that destroys something.
fn find_unchecked_destruction(commands: &[LocatedCommand<'_, '_>], found: &mut Vec<Finding>) {
    let mut stops = false;
    for (number, at) in commands.iter().enumerate() {
        stops |= sets_shell_option(at, |word| {
            word == "errexit" || (word.starts_with('-') && !word.starts_with("--") && word.contains('e'))
        });
        let alone = at.facts.status_source.pipeline_members.is_some();
        if stops || !alone || !is_check(at) {
            continue;
        }
        let Some(harm) = commands.iter().skip(number + 1).find(|later| later.risk.level >= Level::Destroys) else {
            continue;
        };
        let what = harm.risk.decisive_reasons().next().map_or_else(|| harm.short_line(), |reason| reason.text.clone());
        let object = harm
            .risk
            .object_to_type()
            .map_or_else(String::new, |object| format!(" ({} `{}`)", object.kind, object.name));
        found.push(
            Finding::new(
                "unchecked-destruction",
                at.first_line_span(),
                format!("when `{}` fails, a shell goes on to: {what}{object}", at.short_line()),
            )
            .with_related(harm.first_line_span(), "this runs all the same"),
        );
    }
}

/// True if a command is `set` with a word for which `is_meant` is true.
fn sets_shell_option(at: &LocatedCommand<'_, '_>, is_meant: impl Fn(&str) -> bool) -> bool {
    at.facts.simple_commands.iter().any(|simple| {
        simple.program == ProgramName::Named("set".to_owned())
            && simple.words.iter().flatten().any(|word| is_meant(word))
    })
}

fn is_check(at: &LocatedCommand<'_, '_>) -> bool {
    at.facts.simple_commands.iter().filter_map(effective_program).any(|known| {
        CHECKS.iter().any(|(name, options)| {
            *name == known.program
                && (options.is_empty() || known.words.iter().flatten().any(|word| options.contains(&word.as_str())))
        })
    })
}

/// Finds cells that use `docker-compose` both with and without `-f FILE`.
fn find_mixed_compose_files(commands: &[LocatedCommand<'_, '_>], found: &mut Vec<Finding>) {
    let mut with: Option<(&LocatedCommand<'_, '_>, String)> = None;
    let mut without: Option<&LocatedCommand<'_, '_>> = None;
    for at in commands {
        for simple in &at.facts.simple_commands {
            let Some(known) = effective_program(simple) else { continue };
            let words: Vec<&str> = known.words.iter().map(|word| word.as_deref().unwrap_or("")).collect();
            let words = match (known.program, words.as_slice()) {
                ("docker-compose", words) => words,
                ("docker", ["compose", rest @ ..]) => rest,
                _ => continue,
            };
            let before = words
                .iter()
                .take_while(|word| !word.chars().next().is_some_and(char::is_lowercase) || word.contains('.'));
            let before: Vec<&&str> = before.collect();
            match before.iter().position(|word| matches!(**word, "-f" | "--file")) {
                Some(option_index) => {
                    let file = before.get(option_index + 1).map_or("", |file| file);
                    with.get_or_insert((at, (*file).to_owned()));
                }
                None => {
                    without.get_or_insert(at);
                }
            }
        }
    }
    if let (Some((with, file)), Some(without)) = (with, without) {
        found.push(
            Finding::new(
                "mixed-compose-files",
                without.first_line_span(),
                format!("`{}` names no compose file; `{}` names `{file}`", without.short_line(), with.short_line()),
            )
            .with_related(with.first_line_span(), format!("this names `{file}`")),
        );
    }
}

/// Finds pipelines into a database client that restore half a file when the first command fails.
fn find_hidden_pipe_failure(at: &LocatedCommand<'_, '_>, found: &mut Vec<Finding>) {
    let Some(members) = at.facts.status_source.pipeline_members.as_ref().filter(|members| members.len() > 1) else {
        return;
    };
    let name = |index: &usize| at.facts.simple_commands.get(*index).and_then(effective_program);
    let (Some(first), Some(last)) = (members.first().and_then(name), members.last().and_then(name)) else { return };
    let reads = matches!(
        first.program,
        "gunzip"
            | "zcat"
            | "gzip"
            | "bzcat"
            | "xzcat"
            | "zstdcat"
            | "zstd"
            | "cat"
            | "curl"
            | "pg_dump"
            | "mysqldump"
            | "aws"
            | "gpg"
            | "openssl"
            | "tar"
            | "lz4"
    );
    let into = last
        .words
        .iter()
        .flatten()
        .any(|word| matches!(word.as_str(), "psql" | "mysql" | "mongorestore" | "pg_restore" | "mariadb"))
        || matches!(last.program, "psql" | "mysql" | "mariadb" | "pg_restore" | "mongorestore" | "sqlite3");
    if reads && into {
        found.push(Finding::new(
            "pipe-hides-failure",
            at.first_line_span(),
            format!("when `{}` fails, what it gave until then is restored, and the shell goes on", first.program),
        ));
    }
}

/// The first place in which a text names each variable, with its mark: in braces if there is one, otherwise without.
fn find_expansions(text: &str) -> HashMap<&str, std::ops::Range<usize>> {
    let mut found: HashMap<&str, (bool, std::ops::Range<usize>)> = HashMap::new();
    for (at, _) in text.match_indices('$') {
        let rest = text.get(at + 1..).unwrap_or_default();
        let (has_brace, rest) = rest.strip_prefix('{').map_or((false, rest), |inner| (true, inner));
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let range = at..at + 1 + usize::from(has_brace) + length;
        let first = found.entry(rest.get(..length).unwrap_or_default()).or_insert_with(|| (has_brace, range.clone()));
        if has_brace && !first.0 {
            *first = (true, range);
        }
    }
    found.into_iter().map(|(name, (_, range))| (name, range)).collect()
}

/// Finds variables that are read before anything sets them.
fn find_unset_variables(
    cells: &[CellText<'_>],
    mut set: HashSet<String>,
    probes: &Probes<'_>,
    found: &mut Vec<Finding>,
) {
    let all: Vec<LocatedCommand<'_, '_>> = cells.iter().flat_map(CellText::located_commands).collect();
    let mut reported = HashSet::new();
    let assigned: HashSet<&str> =
        all.iter().flat_map(|at| &at.facts.assignments).map(|assign| assign.name.as_str()).collect();
    for at in &all {
        let mut expansions = None;
        for read in at.facts.variable_reads.iter().filter(|read| !read.has_default) {
            let known = set.contains(&read.name) || (probes.is_variable_set)(&read.name) || read.name.len() < 2;
            if known || !reported.insert(read.name.clone()) {
                continue;
            }
            let expansions = expansions.get_or_insert_with(|| find_expansions(at.part.text.as_str()));
            let span = expansions
                .get(read.name.as_str())
                .map_or_else(|| at.first_line_span(), |range| at.map_range(range.clone()));
            let harm = if at.risk.level >= Level::Destroys { "; and it stands in a command that destroys" } else { "" };
            let message = if assigned.contains(read.name.as_str()) {
                format!("`{}` is set only further below{harm}", read.name)
            } else {
                format!("nothing sets `{}`{harm}", read.name)
            };
            found.push(Finding::new("unset-variable", span, message));
        }
        set.extend(at.facts.assignments.iter().map(|assign| assign.name.clone()));
    }
}

/// Finds relative paths used both in a folder and, after a `cd`, in one below it.
fn find_leaking_directories(cells: &[CellText<'_>], found: &mut Vec<Finding>) {
    let mut used: BTreeMap<String, Vec<(String, crate::document::Span)>> = BTreeMap::new();
    let mut moved: BTreeMap<String, crate::document::Span> = BTreeMap::new();
    for cell in cells {
        let mut folder = String::new();
        for at in cell.located_commands() {
            if at.facts.session_changes.contains(&SessionChange::Directory)
                && let Some(target) =
                    at.facts.simple_commands.iter().find(|simple| simple.program == ProgramName::Named("cd".to_owned()))
                && let Some(Some(target)) = target.words.first()
            {
                folder.clone_from(target);
                moved.insert(folder.clone(), at.first_line_span());
                continue;
            }
            for word in at.facts.simple_commands.iter().flat_map(|simple| &simple.words).flatten() {
                let file = [".yml", ".yaml", ".sh", ".sql", ".tf", ".json", ".env", ".conf"]
                    .iter()
                    .any(|end| word.ends_with(end));
                if file && !word.starts_with(['/', '~', '$', '-']) && !word.contains("://") {
                    used.entry(word.clone()).or_default().push((folder.clone(), at.first_line_span()));
                }
            }
        }
    }
    for (word, uses_of_path) in used {
        for (folder, span) in &uses_of_path {
            let above = uses_of_path.iter().find(|(other, _)| {
                !other.is_empty() && folder.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with('/'))
            });
            if let Some((above, _)) = above {
                let mut finding = Finding::new(
                    "cd-leaks",
                    span.clone(),
                    format!("`{word}` is looked for in `{folder}` here, and in `{above}` elsewhere"),
                );
                if let Some(since) = moved.get(folder) {
                    finding = finding.with_related(since.clone(), "since here");
                }
                found.push(finding);
            }
        }
    }
}
