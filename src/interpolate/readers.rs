//! Who reads a word again: programs that take a script, a query or a command line as text.
//!
//! Exact arguments are no safety there: `bash -c "echo {{ x }}"` runs what the value says. Tabled from the programs'
//! manuals; a program that is not tabled takes its words as they are.
//!
//! Invariant: where several programs stand in one command (`sudo docker exec db psql -c …`), each of them counts.
//! Refuses to know: values.

use super::leaves::{FoundLeaves, SimpleWords};
use std::ops::Range;

/// Use of a word after bash has expanded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WordRole {
    /// A program gets it, as it is.
    Data,
    /// It names the program.
    Program,
    /// It names a variable.
    Name,
    /// Evaluated as arithmetic.
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
struct ReaderProgram {
    names: &'static [&'static str],
    language: Language,
    /// The options whose next word is the text; a single letter may stand last in a cluster.
    options: &'static [&'static str],
    /// Name in messages.
    shown: &'static str,
}

/// Shells, and programs that hand a text to one.
const SHELL_PROGRAMS: &[&str] = &[
    "sh", "bash", "dash", "zsh", "ksh", "ash", "mksh", "fish", "su", "runuser", "vagrant", "flock", "script", "cf",
    "fly",
];

const READER_PROGRAMS: &[ReaderProgram] = &[
    ReaderProgram {
        names: SHELL_PROGRAMS,
        language: Language::Shell,
        options: &["-c", "-C", "--command"],
        shown: "a second shell",
    },
    ReaderProgram {
        names: &["gcloud"],
        language: Language::Shell,
        options: &["--command"],
        shown: "a shell elsewhere",
    },
    ReaderProgram {
        names: &["ansible"],
        language: Language::Shell,
        options: &["-a", "--args"],
        shown: "a shell elsewhere",
    },
    ReaderProgram {
        names: &[
            "clickhouse-local",
            "duckdb",
            "usql",
            "dolt",
            "mycli",
            "pgcli",
            "litecli",
            "isql",
            "db2",
            "presto",
            "spark-sql",
            "osql",
        ],
        language: Language::Sql,
        options: &["-c", "--command", "-e", "--execute", "-q", "--query", "-Q"],
        shown: "SQL",
    },
    // Both read SQL from their input alone.
    ReaderProgram { names: &["sqlplus", "sql"], language: Language::Sql, options: &[], shown: "SQL" },
    ReaderProgram {
        names: &["aws"],
        language: Language::Code,
        options: &["--parameters", "--command", "--user-data", "--cli-input-json"],
        shown: "a shell elsewhere",
    },
    ReaderProgram { names: &["git"], language: Language::Code, options: &["-c", "--config"], shown: "`git`" },
    ReaderProgram {
        names: &["tar"],
        language: Language::Code,
        options: &["-I", "--to-command", "--checkpoint-action", "--use-compress-program", "--rsh-command"],
        shown: "a second shell",
    },
    ReaderProgram { names: &["rsync"], language: Language::Shell, options: &["-e", "--rsh"], shown: "a second shell" },
    ReaderProgram {
        names: &["psql", "cockroach"],
        language: Language::Sql,
        options: &["-c", "--command", "-e", "--execute"],
        shown: "SQL",
    },
    ReaderProgram {
        names: &["mysql", "mariadb", "cqlsh", "snowsql", "influx", "vtctl", "impala-shell", "hive", "beeline", "trino"],
        language: Language::Sql,
        options: &["-e", "--execute", "-execute", "-q", "--query"],
        shown: "SQL",
    },
    ReaderProgram {
        names: &["clickhouse-client", "clickhouse", "sqlcmd"],
        language: Language::Sql,
        options: &["-q", "--query", "-Q"],
        shown: "SQL",
    },
    ReaderProgram {
        names: &["python", "python2", "python3", "pypy", "pypy3", "pwsh", "powershell", "shell"],
        language: Language::Code,
        options: &["-c", "-Command", "--command"],
        shown: "an interpreter",
    },
    ReaderProgram {
        names: &["perl", "ruby", "node", "nodejs", "lua", "Rscript", "deno", "osascript", "groovy", "elixir", "php"],
        language: Language::Code,
        options: &["-e", "-E", "-p", "-r", "--eval", "--print"],
        shown: "an interpreter",
    },
    ReaderProgram {
        names: &["mongo", "mongosh", "emacs", "vim", "nvim", "redis-cli"],
        language: Language::Code,
        options: &["--eval", "-c", "+"],
        shown: "an interpreter",
    },
];

/// Programs that read every word behind their options, or the first one.
const EVERY_WORD_READERS: &[(&str, Language, &str)] = &[
    ("eval", Language::Shell, "`eval`"),
    ("watch", Language::Shell, "a second shell"),
    ("parallel", Language::Shell, "a second shell"),
    ("heroku", Language::Shell, "a shell elsewhere"),
    ("pdsh", Language::Shell, "shells elsewhere"),
    ("pssh", Language::Shell, "shells elsewhere"),
    ("parallel-ssh", Language::Shell, "shells elsewhere"),
    ("clush", Language::Shell, "shells elsewhere"),
    ("dsh", Language::Shell, "shells elsewhere"),
    ("dancer-shell", Language::Shell, "shells elsewhere"),
    ("mosh", Language::Shell, "a shell elsewhere"),
    ("autossh", Language::Shell, "a shell elsewhere"),
    ("fab", Language::Code, "shells elsewhere"),
    ("mco", Language::Code, "shells elsewhere"),
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
const READING_BUILTINS: &[&str] = &["eval", "alias", "trap", "source", "."];

const FILTER_PROGRAMS: &[&str] = &["awk", "gawk", "mawk", "nawk", "sed", "gsed", "jq", "yq", "dc", "bc"];

/// Options of ssh that take the next word.
const SSH_VALUED: &str = "bcDEeFIiJLlmOopQRSWw";

/// Finds the role of the text at `at`.
pub(super) fn role_at(found: &FoundLeaves, at: &Range<usize>) -> WordRole {
    let within = |range: &Range<usize>| range.start <= at.start && at.end <= range.end;
    // Outermost first: the commands of a substitution come after the command it stands in.
    for (index, simple) in found.simple.iter().enumerate() {
        for (word_index, (range, _)) in simple.words.iter().enumerate() {
            if within(range) {
                let role = word_role(simple, word_index);
                if role != WordRole::Data {
                    return role;
                }
                let role = piped_role(found, index, true);
                if let Some(role) = role.or_else(|| prints_its_words(simple).then(|| script_role(simple)).flatten()) {
                    return role;
                }
            }
        }
        if simple.fed.iter().any(within) {
            if let Some(role) = fed_role(simple) {
                return role;
            }
            if let Some(role) = piped_role(found, index, false).or_else(|| script_role(simple)) {
                return role;
            }
        }
    }
    WordRole::Data
}

fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn word_text(simple: &SimpleWords, word_index: usize) -> Option<&str> {
    simple.words.get(word_index).and_then(|(_, text)| text.as_deref())
}

fn word_role(simple: &SimpleWords, word_index: usize) -> WordRole {
    for (program, _) in simple.words.iter().enumerate().take(word_index) {
        let Some(name) = word_text(simple, program).map(base_name) else {
            // `$SHELL -c`: nobody knows what an expansion runs.
            let scripted =
                matches!(word_text(simple, word_index.saturating_sub(1)), Some("-c" | "-e" | "-lc" | "-ec" | "--eval"));
            if program == 0 && scripted {
                return WordRole::Shell("a second shell", word_text(simple, word_index).map(ToOwned::to_owned));
            }
            continue;
        };
        let role = role_for_program(simple, name, program, word_index);
        if role != WordRole::Data {
            return role;
        }
    }
    if is_wrapped_program(simple, word_index) { WordRole::Program } else { WordRole::Data }
}

/// The role of a word for one program before it.
fn role_for_program(simple: &SimpleWords, name: &str, program: usize, word_index: usize) -> WordRole {
    let before =
        word_index.checked_sub(1).filter(|before| *before > program).and_then(|before| word_text(simple, before));
    let own = word_text(simple, word_index).unwrap_or("");
    let builtin = program == 0;
    match name {
        "let" if builtin => return WordRole::Arithmetic,
        "unset" | "getopts" | "mapfile" | "readarray" if builtin => return WordRole::Name,
        "read" if builtin && !matches!(before, Some("-p" | "-d" | "-t" | "-n" | "-N" | "-u")) => return WordRole::Name,
        "printf" | "test" | "[" | "wait" if builtin && before == Some("-v") => return WordRole::Name,
        "ssh" => return ssh_role(simple, program, word_index),
        "scp" | "rsync" if own.contains(':') => return WordRole::Code("a shell elsewhere"),
        "make" | "gmake" if own.contains('=') => return WordRole::Code("`make`"),
        "redis-cli" if follows_redis_eval(simple, program, word_index) => return WordRole::Code("an interpreter"),
        "kubectl" | "oc" | "az" | "aws" | "gcloud" | "docker" if is_query_word(before, own) => {
            return WordRole::Code("a query");
        }
        _ => {}
    }
    if let Some((_, language, shown)) = EVERY_WORD_READERS.iter().find(|(word, ..)| *word == name)
        && (builtin || !READING_BUILTINS.contains(&name))
    {
        return role_for_language(*language, shown, || join_words(simple, first_operand(simple, program)));
    }
    if FILTER_PROGRAMS.contains(&name) {
        return filter_role(simple, program, word_index);
    }
    let version = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let Some(reader) =
        READER_PROGRAMS.iter().find(|r| r.names.contains(&name) || (version == "python" && r.names.contains(&version)))
    else {
        return WordRole::Data;
    };
    let takes = |word: &str| reader.options.iter().any(|option| word == *option || is_in_cluster(word, option));
    let attached = |word: &str| {
        reader.options.iter().any(|option| {
            word.strip_prefix(option).is_some_and(|rest| !option.starts_with("--") || rest.starts_with('='))
        })
    };
    // `bash <(…)`: what is printed there is run.
    if reader.language == Language::Shell && word_text(simple, word_index).is_none() {
        return role_for_language(reader.language, reader.shown, || None);
    }
    if before.is_some_and(takes) {
        return role_for_language(reader.language, reader.shown, || {
            word_text(simple, word_index).map(ToOwned::to_owned)
        });
    }
    if attached(own) {
        return role_for_language(reader.language, reader.shown, || None);
    }
    WordRole::Data
}

/// True if the word is the script of a Redis `EVAL`.
fn follows_redis_eval(simple: &SimpleWords, program: usize, word_index: usize) -> bool {
    let words = simple.words.iter().take(word_index).skip(program + 1);
    words.filter_map(|(_, text)| text.as_deref()).any(|word| word.eq_ignore_ascii_case("eval"))
}

/// A word in a query's or a template's language.
fn is_query_word(before: Option<&str>, own: &str) -> bool {
    let flags = ["--query", "--template", "--format", "--filter"];
    before.is_some_and(|before| flags.contains(&before))
        || flags.iter().any(|flag| own.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')))
        || ["jsonpath", "go-template"].iter().any(|language| own.contains(language))
}

fn role_for_language(language: Language, shown: &'static str, whole: impl FnOnce() -> Option<String>) -> WordRole {
    match language {
        Language::Shell => WordRole::Shell(shown, whole()),
        Language::Sql => WordRole::Sql(shown),
        Language::Code => WordRole::Code(shown),
    }
}

/// True if a cluster of short options contains this one: `-lc` for `-c`.
fn is_in_cluster(word: &str, option: &str) -> bool {
    let Some(letter) = option.strip_prefix('-').filter(|letter| letter.len() == 1) else { return false };
    word.strip_prefix('-').is_some_and(|letters| {
        letters.len() <= 6 && letters.ends_with(letter) && letters.chars().all(|c| c.is_ascii_alphabetic())
    })
}

fn first_operand(simple: &SimpleWords, program: usize) -> usize {
    let options = simple.words.iter().skip(program + 1).take_while(|(_, text)| {
        text.as_deref()
            .is_some_and(|text| text.starts_with('-') || text.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    });
    program + 1 + options.count()
}

/// The words from one on, as `eval` and `ssh` join them.
fn join_words(simple: &SimpleWords, from: usize) -> Option<String> {
    let words: Option<Vec<&str>> = simple.words.iter().skip(from).map(|(_, text)| text.as_deref()).collect();
    words.map(|words| words.join(" "))
}

fn ssh_role(simple: &SimpleWords, program: usize, word_index: usize) -> WordRole {
    let mut at = program + 1;
    while let Some(word) = word_text(simple, at) {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else { break };
        let valued = letters.chars().next_back().is_some_and(|c| SSH_VALUED.contains(c)) && letters.len() <= 3;
        at += if valued { 2 } else { 1 };
    }
    // `at` is the host; options may still follow it, and are read as part of what runs there.
    if word_index > at {
        return WordRole::Shell("a shell elsewhere", join_words(simple, at + 1));
    }
    let option = word_index.checked_sub(1).and_then(|before| word_text(simple, before)) == Some("-o");
    if option { WordRole::Code("`ssh`") } else { WordRole::Data }
}

/// `awk` and the like: the first operand is a program, and so is what stands behind `-e` and `-f`'s kin.
fn filter_role(simple: &SimpleWords, program: usize, word_index: usize) -> WordRole {
    let mut script = None;
    let mut at = program + 1;
    while at < simple.words.len() {
        match word_text(simple, at) {
            Some("-e" | "--expression") => {
                script = Some(at + 1);
                if word_index == at + 1 {
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
    if script == Some(word_index) { WordRole::Code("a filter's language") } else { WordRole::Data }
}

/// True if the word is the program behind a wrapper, as in `sudo {{ x }}`.
fn is_wrapped_program(simple: &SimpleWords, word_index: usize) -> bool {
    let words = simple.words.iter().map(|(_, text)| text.clone());
    let mut words: Vec<Option<String>> = words.collect();
    let Some(program) = words.first().cloned().flatten() else { return false };
    words.remove(0);
    let wrapped = crate::shell::SimpleCommand { program: crate::shell::ProgramName::Named(program), words, span: 0..0 };
    let Some(effective) = crate::shell::effective_program(&wrapped) else { return false };
    // Behind the last wrapper, `words` are those after the program.
    let at = simple.words.len() - effective.words.len() - 1;
    at == word_index && at > 0
}

/// Role of the input of a program that reads it as code.
fn fed_role(simple: &SimpleWords) -> Option<WordRole> {
    simple
        .words
        .iter()
        .enumerate()
        .find_map(|(word_index, (_, text))| {
            let name = base_name(text.as_deref()?);
            if matches!(name, "ssh" | "at" | "batch" | "crontab" | "parallel") {
                return Some(WordRole::Shell("a second shell", None));
            }
            if FILTER_PROGRAMS.contains(&name) && !matches!(name, "bc" | "dc") {
                return None;
            }
            if name == "xargs" {
                return Some(WordRole::Code("`xargs`"));
            }
            // `bash script < data` reads no program from its input.
            let reader = READER_PROGRAMS.iter().find(|reader| reader.names.contains(&name))?;
            if !matches!(name, "gcloud" | "rsync" | "vagrant" | "emacs" | "vim" | "nvim" | "shell" | "clickhouse")
                || word_index == 0
            {
                return Some(role_for_language(reader.language, reader.shown, || None));
            }
            None
        })
        .or_else(|| {
            let sqlite =
                simple.words.iter().filter_map(|(_, text)| text.as_deref()).any(|word| base_name(word) == "sqlite3");
            sqlite.then_some(WordRole::Sql("SQL"))
        })
}

/// A member further down its pipeline that reads what it prints as a program.
fn piped_role(found: &FoundLeaves, index: usize, words: bool) -> Option<WordRole> {
    let simple = found.simple.get(index)?;
    if words && !prints_its_words(simple) {
        return None;
    }
    let behind = |other: &SimpleWords| {
        simple.seats.iter().any(|(pipe, seat)| other.seats.iter().any(|(p, s)| p == pipe && s > seat))
    };
    found.simple.iter().filter(|other| behind(other)).find_map(fed_role)
}

/// True if the words come out again. Those of other programs do not.
fn prints_its_words(simple: &SimpleWords) -> bool {
    word_text(simple, 0).map(base_name).is_none_or(|name| matches!(name, "echo" | "printf" | "yes"))
}

/// Endings of the names of files that a program reads as code.
const SCRIPT_ENDINGS: &[&str] = &[
    ".sh",
    ".bash",
    ".zsh",
    ".ksh",
    ".sql",
    ".py",
    ".pl",
    ".rb",
    ".js",
    ".lua",
    ".php",
    ".ps1",
    ".awk",
    ".service",
    ".timer",
    ".cron",
    ".env.sh",
    ".bashrc",
    ".bash_profile",
    ".profile",
    "/crontab",
];

/// Role of what is written to a file that will be run, by the name of the file.
fn script_role(simple: &SimpleWords) -> Option<WordRole> {
    let is_script = |file: &str| {
        SCRIPT_ENDINGS.iter().any(|ending| file.ends_with(ending)) || file.contains("/cron.") || file.contains("/bin/")
    };
    let is_tee = word_text(simple, 0).map(base_name) == Some("tee");
    let operands = simple.words.iter().skip(1).filter(|_| is_tee).filter_map(|(_, text)| text.as_deref());
    let mut files = simple.written.iter().map(String::as_str).chain(operands);
    files.any(is_script).then_some(WordRole::Code("the script's interpreter"))
}
