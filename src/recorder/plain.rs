//! Commands that leave the shell as it is: most of those in runbooks only call programs.
//!
//! Invariant: errs on the side of a change. It looks for command words in more places than bash does, including quotes
//! and here-documents, so none is missed. Refuses to know: what the programs do.

use super::snapshot::ShellDump;

/// Builtins that do not change the shell.
const HARMLESS_BUILTINS: &[&str] = &[":", "[", "echo", "false", "pwd", "test", "true", "type"];
/// Builtins and reserved words that may change the shell.
const SHELL_WORDS: &[&str] = &[
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
    "elif",
    "else",
    "enable",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
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
    "then",
    "time",
    "times",
    "trap",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "until",
    "wait",
    "while",
    ".",
];

/// True if a text only calls programs and harmless builtins, in a shell of this state.
pub(super) fn leaves_state(text: &str, state: &ShellDump) -> bool {
    // An ignored signal runs no command.
    let runs = |trap: &[u8]| !trap.starts_with(b"trap -- '' ") && memchr::memmem::find(trap, b"__rb_").is_none();
    let traps = state.traps.iter().any(|trap| runs(&trap.text));
    let odd = text.bytes().any(|byte| matches!(byte, b'`' | b'(' | b')' | b'{' | b'}' | b'\\'));
    if traps || odd || state.shopt.contains("lastpipe") {
        return false;
    }
    text.split(['\n', ';', '|', '&']).all(|part| {
        let word = part.split_ascii_whitespace().next().unwrap_or("true");
        let known = |entries: &[super::snapshot::DumpEntry]| entries.iter().any(|entry| entry.name == word);
        let harmless = HARMLESS_BUILTINS.contains(&word) || (is_literal_word(word) && !SHELL_WORDS.contains(&word));
        harmless && !known(&state.functions) && !known(&state.aliases)
    })
}

/// True if bash expands nothing in the word.
fn is_literal_word(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'+'))
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::DumpEntry;
    use super::*;

    #[test]
    fn programs_leave_the_shell_as_it_is_and_what_may_change_it_is_seen() {
        let function = DumpEntry { name: "deploy".into(), text: Vec::new() };
        let alias = DumpEntry { name: "echo".into(), text: Vec::new() };
        let state = ShellDump { functions: vec![function], ..ShellDump::default() };
        for text in
            ["echo hi", "docker ps -a | grep web > out 2>&1", "kubectl get pods && ls $DIR/*.sql", "df -h # disk"]
        {
            assert!(leaves_state(text, &state), "{text}");
        }
        for text in [
            "X=1",
            "cd /",
            "echo a; cd /",
            "ls && export A=b",
            "deploy",
            "! cd /",
            "\\cd /",
            "'cd' /",
            "$CMD x",
            "f() { :; }",
            "echo ${x:=1}",
            "time cd /",
            "cat <<E\n$(x)\nE",
            "ls\nread x",
            "exec 5>f",
            "X=1 ls",
            "true & cd /",
            "((i++))",
            "[[ a -eq i++ ]]",
        ] {
            assert!(!leaves_state(text, &state), "{text}");
        }
        assert!(!leaves_state("echo", &ShellDump { aliases: vec![alias], ..ShellDump::default() }));
        let trap = DumpEntry { name: "DEBUG".into(), text: b"trap -- 'X=1' DEBUG".to_vec() };
        assert!(!leaves_state("ls", &ShellDump { traps: vec![trap], ..ShellDump::default() }));
    }
}
