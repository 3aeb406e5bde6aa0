//! The state that bash reports after a command, for a new bash to continue from.
//!
//! The state stays in memory as bash printed it, with its secrets; `restore` chooses the parts that may be written.
//!
//! Invariant: total over any bytes; ambiguous texts stay together or are left out, never guessed at. Refuses to know: when
//! a state is needed.

use memchr::memmem;
use std::collections::BTreeSet;

/// A function, alias, trap or variable, with the bash text that defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DumpEntry {
    pub(super) name: String,
    pub(super) text: Vec<u8>,
}

/// Directories that bash remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directories {
    pub(super) current: Vec<u8>,
    /// Value of OLDPWD.
    pub(super) previous: Vec<u8>,
    /// Directory stack, each entry a word of bash; empty if it holds only the current directory.
    pub(super) stack: Vec<Vec<u8>>,
}

/// State of a shell as bash printed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ShellDump {
    pub(super) directories: Directories,
    /// `$-` of the command.
    pub(super) flags: String,
    pub(super) status: i32,
    /// The positional parameters, each a word of bash.
    pub(super) positional: Vec<Vec<u8>>,
    pub(super) umask: String,
    pub(super) functions: Vec<DumpEntry>,
    pub(super) aliases: Vec<DumpEntry>,
    /// By signal.
    pub(super) traps: Vec<DumpEntry>,
    pub(super) variables: Vec<DumpEntry>,
    /// Options that `shopt` has switched on.
    pub(super) shopt: BTreeSet<String>,
    /// Options that `set -o` has switched on, without those in `flags`.
    pub(super) set: BTreeSet<String>,
}

/// Options that are in `flags`.
const IN_FLAGS: &[&str] = &["allexport", "errexit", "nounset", "verbose", "xtrace"];

impl ShellDump {
    /// Parses the fields of a `snap` report, in the order of `boot.bash`.
    pub(super) fn parse_fields(fields: &[Vec<u8>]) -> Option<Self> {
        let [cwd, old_cwd, flags, status, positional, dirs, umask, functions, others, variables] = fields else {
            return None;
        };
        let others = split_entries(others);
        let variables: Vec<DumpEntry> = split_entries(variables).into_iter().filter_map(parse_variable).collect();
        let options = |name| variables.iter().find(|entry| entry.name == name).map(option_names).unwrap_or_default();
        let mut set = options("SHELLOPTS");
        set.retain(|option| !IN_FLAGS.contains(&option.as_str()));
        Some(Self {
            directories: Directories { current: cwd.clone(), previous: old_cwd.clone(), stack: nonempty_lines(dirs) },
            flags: lossy_text(flags),
            status: lossy_text(status).parse().ok()?,
            positional: nonempty_lines(positional),
            umask: lossy_text(umask.trim_ascii_end()),
            functions: parse_functions(functions),
            aliases: others.iter().filter_map(|entry| parse_alias(entry)).collect(),
            traps: others.iter().filter_map(|entry| parse_trap(entry)).collect(),
            shopt: options("BASHOPTS"),
            set,
            variables,
        })
    }
}

fn lossy_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn nonempty_lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
}

/// Splits at the newlines that stand outside of quotes.
fn split_entries(text: &[u8]) -> Vec<&[u8]> {
    #[derive(Clone, Copy, PartialEq)]
    enum In {
        Plain,
        Single,
        Double,
        Dollar,
    }
    let mut entries = Vec::new();
    let (mut start, mut state, mut escaped, mut dollar) = (0, In::Plain, false, false);
    for (at, &byte) in text.iter().enumerate() {
        let after_dollar = std::mem::replace(&mut dollar, byte == b'$' && !escaped);
        if std::mem::take(&mut escaped) {
            continue;
        }
        state = match (state, byte) {
            (In::Single | In::Dollar, b'\'') | (In::Double, b'"') => In::Plain,
            (In::Plain, b'\'') if after_dollar => In::Dollar,
            (In::Plain, b'\'') => In::Single,
            (In::Plain, b'"') => In::Double,
            (In::Plain | In::Double | In::Dollar, b'\\') => {
                escaped = true;
                state
            }
            (In::Plain, b'\n') => {
                entries.extend(text.get(start..at));
                start = at + 1;
                state
            }
            _ => state,
        };
    }
    entries.extend(text.get(start..));
    entries.retain(|entry| !entry.is_empty());
    entries
}

/// `declare -ATTRIBUTES NAME=VALUE`, or without a value.
fn parse_variable(entry: &[u8]) -> Option<DumpEntry> {
    let rest = entry.strip_prefix(b"declare ")?;
    let space = memchr::memchr(b' ', rest)?;
    let assigned = rest.get(space + 1..)?;
    let name = assigned.get(..memchr::memchr(b'=', assigned).unwrap_or(assigned.len()))?;
    let is_name = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    is_name.then(|| DumpEntry { name: lossy_text(name), text: entry.to_vec() })
}

/// The names in a variable like SHELLOPTS.
fn option_names(entry: &DumpEntry) -> BTreeSet<String> {
    let value = entry.text.split(|&byte| byte == b'"').nth(1).unwrap_or_default();
    let names = value.split(|&byte| byte == b':').map(lossy_text);
    names.filter(|name| !name.is_empty() && name.bytes().all(is_option_byte)).collect()
}

fn is_option_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn parse_alias(entry: &[u8]) -> Option<DumpEntry> {
    let rest = entry.strip_prefix(b"alias ")?;
    let rest = rest.strip_prefix(b"-- ").unwrap_or(rest);
    let name = rest.get(..memchr::memchr(b'=', rest)?)?;
    Some(DumpEntry { name: lossy_text(name), text: entry.to_vec() })
}

fn parse_trap(entry: &[u8]) -> Option<DumpEntry> {
    let signal = entry.strip_prefix(b"trap -- ")?.rsplit(|&byte| byte == b' ').next()?;
    Some(DumpEntry { name: lossy_text(signal), text: entry.to_vec() })
}

/// The list of names, then the definitions in the same order. A definition ends where the next name begins.
fn parse_functions(all: &[u8]) -> Vec<DumpEntry> {
    let mut names: Vec<(&[u8], &[u8])> = Vec::new();
    let mut at = 0;
    while let Some(line) = all.get(at..).and_then(|rest| rest.split(|&byte| byte == b'\n').next()) {
        let Some(rest) = line.strip_prefix(b"declare -f") else { break };
        let Some(space) = memchr::memchr(b' ', rest) else { break };
        names.push((rest.get(..space).unwrap_or_default(), rest.get(space + 1..).unwrap_or_default()));
        at += line.len() + 1;
    }
    let mut functions = Vec::new();
    let mut definitions = all.get(at..).unwrap_or_default();
    for (index, (attributes, name)) in names.iter().enumerate() {
        let end = match names.get(index + 1) {
            Some((_, next)) => match find_definition(definitions, next) {
                Some(end) => end,
                None => return functions,
            },
            None => definitions.len(),
        };
        let (definition, rest) = definitions.split_at_checked(end).unwrap_or((definitions, b""));
        definitions = rest;
        let mut definition = definition.trim_ascii_end().to_vec();
        if !attributes.is_empty() {
            definition.extend_from_slice(b"\n\\builtin declare -f");
            definition.extend_from_slice(attributes);
            definition.push(b' ');
            definition.extend_from_slice(name);
        }
        functions.push(DumpEntry { name: lossy_text(name), text: definition });
    }
    functions
}

/// Offset at which the definition of `name` begins, behind that of another function.
fn find_definition(definitions: &[u8], name: &[u8]) -> Option<usize> {
    ["}\n", "}\nfunction "].iter().find_map(|before| {
        let pattern = [before.as_bytes(), name, b" () \n"].concat();
        memmem::find(definitions, &pattern).map(|at| at + 2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(entries: &[DumpEntry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    #[test]
    fn a_value_that_looks_like_another_variable_stays_in_its_own() {
        let text = b"declare -- a=\"x\ndeclare -r b=\\\"1\\\"\n\"\ndeclare -x c=$'it\\'s\n\"'\ndeclare -a d=([0]=\"a b\" [2]=\"c\")\n\
                     declare -i e\n";
        let variables: Vec<DumpEntry> = split_entries(text).into_iter().filter_map(parse_variable).collect();
        assert_eq!(names(&variables), ["a", "c", "d", "e"]);
    }

    #[test]
    fn a_here_document_in_a_function_does_not_end_it() {
        let text =
            b"declare -f a\ndeclare -fx b\na () \n{ \n    cat <<EOF\n}\nc () \nEOF\n\n}\nb () \n{ \n    echo b\n}\n";
        let functions = parse_functions(text);
        assert_eq!(names(&functions), ["a", "b"]);
        assert!(functions[0].text.ends_with(b"EOF\n\n}"));
        assert!(functions[1].text.ends_with(b"}\n\\builtin declare -fx b"));
    }

    #[test]
    fn aliases_and_traps_of_several_lines_are_read() {
        let text = b"alias ll='ls\n-l'\ntrap -- 'echo a\necho '\\''b'\\''' EXIT\ntrap -- '' SIGINT\n";
        let all = split_entries(text);
        assert_eq!(all.len(), 3);
        assert_eq!(parse_alias(all[0]).unwrap().name, "ll");
        assert_eq!(parse_trap(all[1]).unwrap().name, "EXIT");
        assert_eq!(parse_trap(all[2]).unwrap().name, "SIGINT");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(fields in proptest::collection::vec("(\\PC|[\n\"'\\\\$ =}]|declare -f ){0,30}", 10)) {
            let mut fields: Vec<Vec<u8>> = fields.into_iter().map(String::into_bytes).collect();
            fields[3] = b"0".to_vec();
            prop_assert!(ShellDump::parse_fields(&fields).is_some());
        }
    }
}
