//! What a command changes for the commands after it.
//!
//! Invariant: only what runs in the session itself counts; a subshell changes nothing. Refuses to know: effects outside
//! the shell.

use crate::shell::parse::reading::CommandInContext;
use crate::shell::{CommandFacts, ProgramName, SessionChange, SimpleCommand};

/// The change a simple command makes, if any.
pub(crate) fn session_change(found: &CommandInContext) -> Option<SessionChange> {
    if !found.context.in_session {
        return None;
    }
    let ProgramName::Named(name) = &found.command.program else { return None };
    Some(match name.as_str() {
        "cd" | "pushd" | "popd" => SessionChange::Directory,
        "export" | "unset" | "declare" | "typeset" | "readonly" => SessionChange::Variables,
        "alias" | "unalias" | "source" | "." => SessionChange::Definitions,
        "set" | "shopt" | "umask" | "ulimit" | "enable" => SessionChange::Options,
        "trap" => SessionChange::Traps,
        "exec" => SessionChange::Exec,
        "exit" | "return" | "logout" => SessionChange::Exit,
        _ => return None,
    })
}

/// The variables a builtin sets by naming them.
pub(crate) fn assigned_names(simple: &SimpleCommand) -> Vec<String> {
    let ProgramName::Named(program) = &simple.program else { return Vec::new() };
    let words = simple.words.iter().map_while(|word| word.as_deref());
    let names: Vec<&str> = match program.as_str() {
        "read" => skip_options(words, "adeinNptu").collect(),
        "mapfile" | "readarray" => skip_options(words, "dnOsuCc").collect(),
        "getopts" => skip_options(words, "").skip(1).take(1).chain(["OPTARG", "OPTIND"]).collect(),
        "printf" => words.skip_while(|&word| word != "-v").skip(1).take(1).collect(),
        "local" | "declare" | "typeset" | "export" | "readonly" => skip_options(words, "").collect(),
        _ => return Vec::new(),
    };
    // `export NAME` hands on a value set before: it sets nothing.
    let hands_on = matches!(program.as_str(), "export" | "readonly");
    names.into_iter().filter(|name| is_variable_name(name)).filter(|_| !hands_on).map(str::to_owned).collect()
}

impl CommandFacts {
    /// Variables that the command reads without showing what is typed: `read -s NAME`.
    pub fn unechoed_variables(&self) -> Vec<String> {
        self.simple_commands.iter().flat_map(unechoed_names).collect()
    }
}

fn unechoed_names(simple: &SimpleCommand) -> Vec<String> {
    let ProgramName::Named(program) = &simple.program else { return Vec::new() };
    // A word that an expansion decides may be the text of a prompt.
    let mut words = simple.words.iter().map(|word| word.as_deref().unwrap_or_default()).peekable();
    if matches!(program.as_str(), "builtin" | "command") {
        if words.next() != Some("read") {
            return Vec::new();
        }
    } else if program != "read" {
        return Vec::new();
    }
    let (mut is_silent, mut names) = (false, Vec::new());
    while let Some(letters) = words.peek().and_then(|word| word.strip_prefix('-')).filter(|word| !word.is_empty()) {
        words.next();
        if letters == "-" {
            break;
        }
        let valued = letters.find(|c| "adinNptu".contains(c));
        let (flags, own) = letters.split_at(valued.unwrap_or(letters.len()));
        is_silent |= flags.contains('s');
        if let Some(letter) = own.chars().next() {
            let value = if own.len() > 1 { own.get(1..) } else { words.next() };
            names.extend(value.filter(|_| letter == 'a').map(str::to_owned));
        }
    }
    names.extend(words.map(str::to_owned));
    names.retain(|name| is_variable_name(name));
    if names.is_empty() {
        names.push("REPLY".to_owned());
    }
    if is_silent { names } else { Vec::new() }
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// True if a program may run another program because of this variable.
pub(crate) fn steers_programs(name: &str) -> bool {
    const NAMES: &[&str] = &["PATH", "ENV", "IFS", "SHELLOPTS", "PROMPT_COMMAND", "EDITOR", "VISUAL", "CDPATH"];
    NAMES.contains(&name)
        || ["LD_", "DYLD_", "BASH_", "GIT_", "LESS"].iter().any(|start| name.starts_with(start))
        || name.ends_with("PAGER")
}

/// The words that are no options, where a letter of `valued` takes the next word.
fn skip_options<'a>(words: impl Iterator<Item = &'a str>, valued: &str) -> impl Iterator<Item = &'a str> {
    let mut skip = false;
    words.filter(move |word| {
        if std::mem::take(&mut skip) {
            return false;
        }
        let Some(letters) = word.strip_prefix('-') else { return true };
        skip = letters.chars().next_back().is_some_and(|c| valued.contains(c));
        false
    })
}

#[cfg(test)]
mod tests {
    use crate::shell::describe_command;

    #[test]
    fn the_variables_that_are_read_silently_are_known() {
        for (text, names) in [
            ("read -s pw", "pw"),
            ("read -rsp \"$PROMPT\" pw; echo", "pw"),
            ("IFS= read -r -s -p 'Word: ' -t 5 first second < file", "first second"),
            ("read -sn 8 pin", "pin"),
            ("read -sra parts", "parts"),
            ("read -s", "REPLY"),
            ("builtin read -s -- pw", "pw"),
            ("ask() { read -rs pw; }", "pw"),
            ("while read -s line; do :; done", "line"),
            ("read -rp 'is it -s? ' pw", ""),
            ("read -r -p -s pw", ""),
            ("read pw", ""),
            ("echo read -s pw", ""),
        ] {
            assert_eq!(describe_command(text).unechoed_variables().join(" "), names, "{text}");
        }
    }
}
