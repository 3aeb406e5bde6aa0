//! Who reads a word again: programs that take a script, a query or a command line as text.
//!
//! Exact arguments are no safety there: `bash -c "echo {{ x }}"` runs what the value says. Tabled from the programs'
//! manuals; a program that is not tabled takes its words as they are.
//!
//! Invariant: where several programs stand in one command (`sudo docker exec db psql -c …`), each of them counts.
//! Refuses to know: values.

use super::leaves::{Found, Simple};
use std::ops::Range;

/// What happens to a word after bash has made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A program gets it, as it is.
    Data,
    /// It names the program.
    Program,
    /// It names a variable.
    Name,
    /// It is arithmetic.
    Arithmetic,
    /// A shell reads it; the whole text that shell gets, where it is known.
    Shell(&'static str, Option<String>),
    /// Something reads it as SQL.
    Sql(&'static str),
    /// Something else reads it as a program.
    Code(&'static str),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Shell,
    Sql,
    Code,
}

/// A program that takes text behind some options.
struct Reader {
    names: &'static [&'static str],
    language: Language,
    /// The options whose next word is the text; a single letter may stand last in a cluster.
    options: &'static [&'static str],
    /// What it is called in messages.
    shown: &'static str,
}

/// Shells, and programs that hand a text to one.
const SHELLS: &[&str] = &[
    "sh", "bash", "dash", "zsh", "ksh", "ash", "mksh", "fish", "su", "runuser", "vagrant", "flock", "script", "cf",
    "fly",
];

const READERS: &[Reader] = &[
    Reader { names: SHELLS, language: Language::Shell, options: &["-c", "-C", "--command"], shown: "a second shell" },
    Reader { names: &["gcloud"], language: Language::Shell, options: &["--command"], shown: "a shell elsewhere" },
    Reader { names: &["ansible"], language: Language::Shell, options: &["-a", "--args"], shown: "a shell elsewhere" },
    Reader {
        names: &["aws"],
        language: Language::Code,
        options: &["--parameters", "--command", "--user-data", "--cli-input-json"],
        shown: "a shell elsewhere",
    },
    Reader { names: &["git"], language: Language::Code, options: &["-c", "--config"], shown: "`git`" },
    Reader {
        names: &["tar"],
        language: Language::Code,
        options: &["-I", "--to-command", "--checkpoint-action", "--use-compress-program", "--rsh-command"],
        shown: "a second shell",
    },
    Reader { names: &["rsync"], language: Language::Shell, options: &["-e", "--rsh"], shown: "a second shell" },
    Reader {
        names: &["psql", "cockroach"],
        language: Language::Sql,
        options: &["-c", "--command", "-e", "--execute"],
        shown: "SQL",
    },
    Reader {
        names: &["mysql", "mariadb", "cqlsh", "snowsql", "influx", "vtctl", "impala-shell", "hive", "beeline", "trino"],
        language: Language::Sql,
        options: &["-e", "--execute", "-execute", "-q", "--query"],
        shown: "SQL",
    },
    Reader {
        names: &["clickhouse-client", "clickhouse", "sqlcmd"],
        language: Language::Sql,
        options: &["-q", "--query", "-Q"],
        shown: "SQL",
    },
    Reader {
        names: &["python", "python2", "python3", "pypy", "pypy3", "pwsh", "powershell", "shell"],
        language: Language::Code,
        options: &["-c", "-Command", "--command"],
        shown: "an interpreter",
    },
    Reader {
        names: &["perl", "ruby", "node", "nodejs", "lua", "Rscript", "deno", "osascript", "groovy", "elixir", "php"],
        language: Language::Code,
        options: &["-e", "-E", "-p", "-r", "--eval", "--print"],
        shown: "an interpreter",
    },
    Reader {
        names: &["mongo", "mongosh", "emacs", "vim", "nvim", "redis-cli"],
        language: Language::Code,
        options: &["--eval", "-c", "+"],
        shown: "an interpreter",
    },
];

/// Programs that read every word behind their options, or the first one.
const EVERY_WORD: &[(&str, Language, &str)] = &[
    ("eval", Language::Shell, "`eval`"),
    ("watch", Language::Shell, "a second shell"),
    ("parallel", Language::Shell, "a second shell"),
    ("heroku", Language::Shell, "a shell elsewhere"),
    ("salt", Language::Code, "a shell elsewhere"),
    ("alias", Language::Code, "`alias`"),
    ("trap", Language::Shell, "`trap`"),
    ("sqlite3", Language::Sql, "SQL"),
    ("tmux", Language::Code, "a second shell"),
    ("screen", Language::Code, "a second shell"),
    ("bq", Language::Code, "SQL"),
    ("gdb", Language::Code, "an interpreter"),
    ("source", Language::Code, "bash"),
    (".", Language::Code, "bash"),
];

/// Those of them that are nothing but a word behind another program.
const BUILTINS: &[&str] = &["eval", "alias", "trap", "source", "."];

const FILTERS: &[&str] = &["awk", "gawk", "mawk", "nawk", "sed", "gsed", "jq", "yq", "dc", "bc"];

/// Options of ssh that take the next word.
const SSH_VALUED: &str = "bcDEeFIiJLlmOopQRSWw";

/// What becomes of the text at `at`.
pub(super) fn role(found: &Found, at: &Range<usize>) -> Role {
    let within = |range: &Range<usize>| range.start <= at.start && at.end <= range.end;
    // Outermost first: the commands of a substitution come after the command it stands in.
    for (index, simple) in found.simple.iter().enumerate() {
        for (place, (range, _)) in simple.words.iter().enumerate() {
            if within(range) {
                let role = word_role(simple, place);
                if role != Role::Data {
                    return role;
                }
                if let Some(role) = piped_role(found, index, true) {
                    return role;
                }
            }
        }
        if simple.fed.iter().any(within) {
            if let Some(role) = fed_role(simple) {
                return role;
            }
            if let Some(role) = piped_role(found, index, false) {
                return role;
            }
        }
    }
    Role::Data
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn text(simple: &Simple, place: usize) -> Option<&str> {
    simple.words.get(place).and_then(|(_, text)| text.as_deref())
}

fn word_role(simple: &Simple, place: usize) -> Role {
    for (program, _) in simple.words.iter().enumerate().take(place) {
        let Some(name) = text(simple, program).map(base) else {
            // `$SHELL -c`: nobody knows what an expansion runs.
            let scripted =
                matches!(text(simple, place.saturating_sub(1)), Some("-c" | "-e" | "-lc" | "-ec" | "--eval"));
            if program == 0 && scripted {
                return Role::Shell("a second shell", text(simple, place).map(ToOwned::to_owned));
            }
            continue;
        };
        let role = one_role(simple, name, program, place);
        if role != Role::Data {
            return role;
        }
    }
    if names_program(simple, place) { Role::Program } else { Role::Data }
}

/// The role of a word for one program before it.
fn one_role(simple: &Simple, name: &str, program: usize, place: usize) -> Role {
    let before = place.checked_sub(1).filter(|before| *before > program).and_then(|before| text(simple, before));
    let own = text(simple, place).unwrap_or("");
    let builtin = program == 0;
    match name {
        "let" if builtin => return Role::Arithmetic,
        "unset" | "getopts" | "mapfile" | "readarray" if builtin => return Role::Name,
        "read" if builtin && !matches!(before, Some("-p" | "-d" | "-t" | "-n" | "-N" | "-u")) => return Role::Name,
        "printf" | "test" | "[" | "wait" if builtin && before == Some("-v") => return Role::Name,
        "ssh" => return ssh_role(simple, program, place),
        "scp" | "rsync" if own.contains(':') => return Role::Code("a shell elsewhere"),
        "make" | "gmake" if own.contains('=') => return Role::Code("`make`"),
        "redis-cli" if eval_before(simple, program, place) => return Role::Code("an interpreter"),
        "kubectl" | "oc" | "az" | "aws" | "gcloud" | "docker" if is_query(before, own) => return Role::Code("a query"),
        _ => {}
    }
    if let Some((_, language, shown)) = EVERY_WORD.iter().find(|(word, ..)| *word == name)
        && (builtin || !BUILTINS.contains(&name))
    {
        return as_role(*language, shown, || joined(simple, first_operand(simple, program)));
    }
    if FILTERS.contains(&name) {
        return filter_role(simple, program, place);
    }
    let version = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let Some(reader) =
        READERS.iter().find(|r| r.names.contains(&name) || (version == "python" && r.names.contains(&version)))
    else {
        return Role::Data;
    };
    let takes = |word: &str| reader.options.iter().any(|option| word == *option || in_cluster(word, option));
    let attached = |word: &str| {
        reader.options.iter().any(|option| {
            word.strip_prefix(option).is_some_and(|rest| !option.starts_with("--") || rest.starts_with('='))
        })
    };
    // `bash <(…)`: what is printed there is run.
    if reader.language == Language::Shell && text(simple, place).is_none() {
        return as_role(reader.language, reader.shown, || None);
    }
    if before.is_some_and(takes) {
        return as_role(reader.language, reader.shown, || text(simple, place).map(ToOwned::to_owned));
    }
    if attached(own) {
        return as_role(reader.language, reader.shown, || None);
    }
    Role::Data
}

/// `EVAL script …`.
fn eval_before(simple: &Simple, program: usize, place: usize) -> bool {
    let words = simple.words.iter().take(place).skip(program + 1);
    words.filter_map(|(_, text)| text.as_deref()).any(|word| word.eq_ignore_ascii_case("eval"))
}

/// A word in a query's or a template's language.
fn is_query(before: Option<&str>, own: &str) -> bool {
    let flags = ["--query", "--template", "--format", "--filter"];
    before.is_some_and(|before| flags.contains(&before))
        || flags.iter().any(|flag| own.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')))
        || ["jsonpath", "go-template"].iter().any(|language| own.contains(language))
}

fn as_role(language: Language, shown: &'static str, whole: impl FnOnce() -> Option<String>) -> Role {
    match language {
        Language::Shell => Role::Shell(shown, whole()),
        Language::Sql => Role::Sql(shown),
        Language::Code => Role::Code(shown),
    }
}

/// `-lc` for `-c`.
fn in_cluster(word: &str, option: &str) -> bool {
    let Some(letter) = option.strip_prefix('-').filter(|letter| letter.len() == 1) else { return false };
    word.strip_prefix('-').is_some_and(|letters| {
        letters.len() <= 6 && letters.ends_with(letter) && letters.chars().all(|c| c.is_ascii_alphabetic())
    })
}

fn first_operand(simple: &Simple, program: usize) -> usize {
    let options = simple.words.iter().skip(program + 1).take_while(|(_, text)| {
        text.as_deref()
            .is_some_and(|text| text.starts_with('-') || text.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    });
    program + 1 + options.count()
}

/// The words from one on, as `eval` and `ssh` join them.
fn joined(simple: &Simple, from: usize) -> Option<String> {
    let words: Option<Vec<&str>> = simple.words.iter().skip(from).map(|(_, text)| text.as_deref()).collect();
    words.map(|words| words.join(" "))
}

fn ssh_role(simple: &Simple, program: usize, place: usize) -> Role {
    let mut at = program + 1;
    while let Some(word) = text(simple, at) {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else { break };
        let valued = letters.chars().next_back().is_some_and(|c| SSH_VALUED.contains(c)) && letters.len() <= 3;
        at += if valued { 2 } else { 1 };
    }
    // `at` is the host; options may still follow it, and are read as part of what runs there.
    if place > at {
        return Role::Shell("a shell elsewhere", joined(simple, at + 1));
    }
    let option = place.checked_sub(1).and_then(|before| text(simple, before)) == Some("-o");
    if option { Role::Code("`ssh`") } else { Role::Data }
}

/// `awk` and the like: the first operand is a program, and so is what stands behind `-e` and `-f`'s kin.
fn filter_role(simple: &Simple, program: usize, place: usize) -> Role {
    let mut script = None;
    let mut at = program + 1;
    while at < simple.words.len() {
        match text(simple, at) {
            Some("-e" | "--expression") => {
                script = Some(at + 1);
                if place == at + 1 {
                    break;
                }
                at += 2;
            }
            Some("-v" | "-F" | "-f" | "--file" | "--indent" | "-L") => at += 2,
            Some("--arg" | "--argjson" | "--slurpfile" | "--rawfile" | "--argfile") => at += 3,
            Some(option) if option.len() > 1 && option.starts_with('-') => at += 1,
            _ => {
                script = script.or(Some(at));
                break;
            }
        }
    }
    if script == Some(place) { Role::Code("a filter's language") } else { Role::Data }
}

/// `sudo {{ x }}`: the value would be the program behind a wrapper.
fn names_program(simple: &Simple, place: usize) -> bool {
    let words = simple.words.iter().map(|(_, text)| text.clone());
    let mut words: Vec<Option<String>> = words.collect();
    let Some(program) = words.first().cloned().flatten() else { return false };
    words.remove(0);
    let wrapped = crate::shell::Simple { program: crate::shell::Program::Named(program), words, span: 0..0 };
    let Some(effective) = crate::shell::program_of(&wrapped) else { return false };
    // Behind the last wrapper, `words` are those after the program.
    let at = simple.words.len() - effective.words.len() - 1;
    at == place && at > 0
}

/// Whoever reads its input as a program.
fn fed_role(simple: &Simple) -> Option<Role> {
    simple
        .words
        .iter()
        .enumerate()
        .find_map(|(place, (_, text))| {
            let name = base(text.as_deref()?);
            if matches!(name, "ssh" | "at" | "batch" | "crontab" | "parallel") {
                return Some(Role::Shell("a second shell", None));
            }
            if FILTERS.contains(&name) && !matches!(name, "bc" | "dc") {
                return None;
            }
            if name == "xargs" {
                return Some(Role::Code("`xargs`"));
            }
            // `bash script < data` reads no program from its input.
            let reader = READERS.iter().find(|reader| reader.names.contains(&name))?;
            if !matches!(name, "gcloud" | "rsync" | "vagrant" | "emacs" | "vim" | "nvim" | "shell" | "clickhouse")
                || place == 0
            {
                return Some(as_role(reader.language, reader.shown, || None));
            }
            None
        })
        .or_else(|| {
            let sqlite =
                simple.words.iter().filter_map(|(_, text)| text.as_deref()).any(|word| base(word) == "sqlite3");
            sqlite.then_some(Role::Sql("SQL"))
        })
}

/// A member further down its pipeline that reads what it prints as a program.
fn piped_role(found: &Found, index: usize, words: bool) -> Option<Role> {
    let simple = found.simple.get(index)?;
    // Of other programs the words do not come out again.
    let prints = text(simple, 0).map(base).is_none_or(|name| matches!(name, "echo" | "printf" | "yes"));
    if words && !prints {
        return None;
    }
    let behind =
        |other: &Simple| simple.seats.iter().any(|(pipe, seat)| other.seats.iter().any(|(p, s)| p == pipe && s > seat));
    found.simple.iter().filter(|other| behind(other)).find_map(fed_role)
}
