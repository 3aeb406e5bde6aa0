//! The names that bash keeps to itself.
//!
//! Invariant: a list, from the sections "Shell Builtin Commands" and "Reserved Words" of bash(1). Refuses to know: where a
//! word stands.

/// Sorted for the binary search.
const BUILTIN_NAMES: &[&str] = &[
    "!",
    ".",
    ":",
    "[",
    "[[",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "case",
    "cd",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disown",
    "do",
    "done",
    "echo",
    "elif",
    "else",
    "enable",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "fi",
    "for",
    "function",
    "getopts",
    "hash",
    "help",
    "history",
    "if",
    "in",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "select",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "then",
    "time",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "until",
    "wait",
    "while",
    "{",
    "}",
];

/// True if bash runs a builtin of this name instead of a program.
pub fn is_builtin(name: &str) -> bool {
    BUILTIN_NAMES.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{BUILTIN_NAMES, is_builtin};

    #[test]
    fn the_list_is_in_order() {
        assert!(BUILTIN_NAMES.is_sorted());
        assert!(is_builtin("cd") && is_builtin("[[") && !is_builtin("ls"));
    }
}
