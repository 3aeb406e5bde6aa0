//! Commands of the clients themselves: psql's `\x`, sqlite3's `.x`, and `system` of mysql.
//!
//! Invariant: a text that a client hands to a shell comes back as such. Refuses to know: SQL.

use super::verdict::Level;

/// Effect of one SQL statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SqlStatement {
    pub level: Level,
    pub unknown: bool,
    pub unbounded: bool,
    /// Short description of the effect.
    pub what: String,
    /// Kind and name of what is at stake.
    pub object: Option<(&'static str, String)>,
    /// A shell text (`\!`).
    pub shell: Option<String>,
}

impl SqlStatement {
    pub(super) fn with_level(level: Level, what: impl Into<String>) -> Self {
        Self { level, unknown: false, unbounded: false, what: what.into(), object: None, shell: None }
    }

    pub(super) fn with_unknown_effect(what: impl Into<String>) -> Self {
        Self { unknown: true, ..Self::with_level(Level::Reads, what) }
    }

    pub(super) fn on_object(mut self, kind: &'static str, name: Option<String>) -> Self {
        self.object = name.map(|name| (kind, name));
        self
    }

    /// A shell text that the client runs.
    fn with_shell(script: &str, what: impl Into<String>) -> Self {
        Self { shell: Some(script.trim().to_owned()), ..Self::with_level(Level::Reads, what) }
    }
}

/// Reads one of psql's meta-commands, without its backslash.
pub(super) fn psql_meta_command(text: &str) -> SqlStatement {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() && rest.starts_with('!') {
        return SqlStatement::with_shell(rest.trim_start_matches('!'), "`\\!` runs a shell command");
    }
    let argument = rest.trim_start_matches('+').trim();
    // `\o|command` needs no blank.
    if let Some(script) = argument.strip_prefix('|')
        && matches!(name, "o" | "out" | "w" | "write" | "g" | "gx")
    {
        return SqlStatement::with_shell(script, format!("`\\{name} |` runs a shell command"));
    }
    if let Some((_, script)) = argument.split_once('`')
        && matches!(
            name,
            "set" | "setenv" | "echo" | "qecho" | "warn" | "prompt" | "pset" | "cd" | "connect" | "c" | "if" | "elif"
        )
    {
        let script = script.split('`').next().unwrap_or("");
        return SqlStatement::with_shell(script, "backticks run a shell command");
    }
    match name {
        "i" | "ir" | "include" | "include_relative" => {
            SqlStatement::with_unknown_effect(format!("`\\{name}` runs what stands in `{argument}`"))
        }
        "copy" => copy_in_psql(argument),
        "o" | "out" | "w" | "write" | "lo_export" | "s" | "g" | "gx"
            if !argument.is_empty() && !argument.starts_with('(') =>
        {
            SqlStatement::with_level(Level::Destroys, format!("`\\{name}` writes over a file"))
        }
        "lo_unlink" => SqlStatement::with_level(Level::Irreversible, "removes a large object"),
        "lo_import" | "password" | "e" | "edit" | "ef" | "ev" => {
            SqlStatement::with_level(Level::Changes, "changes something")
        }
        "gexec" => SqlStatement::with_unknown_effect("`\\gexec` runs what the query gives"),
        _ => SqlStatement::with_level(Level::Reads, "shows"),
    }
}

/// `\copy`: rows in, a file out, or a command.
fn copy_in_psql(argument: &str) -> SqlStatement {
    let lower = argument.to_ascii_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    if let Some(at) = lower.find("program").filter(|_| words.iter().any(|word| word.starts_with("program"))) {
        let script = argument.get(at + "program".len()..).unwrap_or("").trim();
        let quoted = script.strip_prefix('\'').and_then(|script| script.split_once('\''));
        return match quoted {
            Some((script, _)) => SqlStatement {
                unknown: true,
                ..SqlStatement::with_shell(script, "`\\copy … program` runs a command")
            },
            None => SqlStatement::with_unknown_effect("`\\copy … program` runs a command"),
        };
    }
    match words.iter().rposition(|word| matches!(*word, "from" | "to")).and_then(|at| words.get(at..)) {
        Some(["from", ..]) => SqlStatement::with_level(Level::Changes, "`\\copy … from` adds rows"),
        Some(["to", "stdout" | "pstdout", ..]) => SqlStatement::with_level(Level::Reads, "`\\copy … to stdout`"),
        _ => SqlStatement::with_level(Level::Changes, "`\\copy … to` writes a file"),
    }
}

/// Reads one of sqlite3's dot commands, without its dot.
pub(super) fn sqlite_dot_command(text: &str) -> SqlStatement {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let argument = rest.trim().trim_matches(['"', '\'']);
    match name.trim_end_matches(';') {
        // Names may be shortened, as long as they are clear.
        "shell" | "system" | "sh" | "she" | "shel" | "sy" | "sys" | "syst" | "syste" => {
            SqlStatement::with_shell(rest, "runs a shell command")
        }
        "once" | "output" | "import" | "excel" | "on" | "onc" | "out" | "outp" | "outpu"
            if argument.starts_with('|') =>
        {
            let script = argument.trim_start_matches('|');
            SqlStatement::with_shell(script, "`|` runs a shell command")
        }
        "once" | "output" | "out" if matches!(argument, "" | "stdout" | "-" | "off") => {
            SqlStatement::with_level(Level::Reads, "shows")
        }
        "once" | "output" | "out" | "log" | "trace" if !matches!(argument, "stdout" | "stderr" | "off" | "") => {
            SqlStatement::with_level(Level::Destroys, format!("writes over `{argument}`"))
        }
        "read" => SqlStatement::with_unknown_effect("`.read` runs what stands in a file"),
        "load" => SqlStatement::with_unknown_effect("`.load` loads a library"),
        "restore" => SqlStatement::with_level(Level::Irreversible, "`.restore` overwrites the database"),
        "import" | "backup" | "save" | "clone" | "archive" | "ar" | "recover" => {
            SqlStatement::with_level(Level::Changes, "writes a file or adds rows")
        }
        _ => SqlStatement::with_level(Level::Reads, "shows"),
    }
}

/// Reads a command of the mysql client that begins a statement: `system`, `source`, `tee`, `pager`.
pub(super) fn mysql_client_command(line: &str) -> Option<SqlStatement> {
    let line = line.trim();
    let by_letter = line.strip_prefix('\\').and_then(|rest| rest.chars().next().map(|letter| (letter, rest)));
    let (name, rest) = if let Some((letter, rest)) = by_letter {
        let name = match letter {
            '!' => "system",
            '.' => "source",
            'T' => "tee",
            'P' => "pager",
            _ => return None,
        };
        (name.to_owned(), rest.get(letter.len_utf8()..).unwrap_or(""))
    } else {
        let (name, rest) = line.split_once(char::is_whitespace)?;
        (name.to_ascii_lowercase(), rest)
    };
    match name.as_str() {
        "system" => Some(SqlStatement::with_shell(rest.trim_end_matches(';'), "`system` runs a shell command")),
        "pager" => Some(SqlStatement::with_shell(rest.trim_end_matches(';'), "`pager` runs a shell command")),
        "source" => Some(SqlStatement::with_unknown_effect("`source` runs what stands in a file")),
        "tee" => Some(SqlStatement::with_level(Level::Changes, "`tee` appends to a file")),
        _ => None,
    }
}
