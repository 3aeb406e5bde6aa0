//! Options whose value is a command that the program runs, or a file that it writes.
//!
//! Invariant: the value is judged beside whatever else the program does, and takes nothing from it.
//! Refuses to know: the other options of the programs.

use super::files;
use super::judge::{CommandInput, Judge};
use crate::shell::simple_command::CommandWord;

/// Effect of an option's value.
#[derive(Clone, Copy)]
enum ValueUse {
    /// A shell text. These words complete it, since the program adds its own.
    Runs(&'static str),
    /// A shell text behind one of these beginnings, compared in small letters.
    RunsBehind(&'static [&'static str]),
    /// Code that cannot be read here.
    Unknown,
    /// A file that the program overwrites.
    Writes,
    /// The name of a variable, whose subscript bash expands.
    Subscript,
}

/// Options of some programs: names, options, and the effect of their values.
type OptionRow = (&'static [&'static str], &'static [&'static str], ValueUse);

/// From the manuals of the programs. An option that ends in `~` takes a value in the same word only.
const OPTION_ROWS: &[OptionRow] = &[
    (&["man"], &["-P", "--pager"], ValueUse::Runs("")),
    (&["rg"], &["--pre", "--hostname-bin"], ValueUse::Runs(" x")),
    (&["mapfile", "readarray"], &["-C"], ValueUse::Runs(" x")),
    (&["complete", "compgen"], &["-C"], ValueUse::Runs(" x")),
    (&["split", "gsplit"], &["--filter"], ValueUse::Runs("")),
    (&["sort", "gsort"], &["--compress-program"], ValueUse::Runs("")),
    (&["rsync"], &["-e", "--rsh"], ValueUse::Runs(" host true")),
    (&["rsync"], &["--rsync-path"], ValueUse::Runs(" --version")),
    (&["zip"], &["-TT", "--unzip-command"], ValueUse::Runs("")),
    (&["tar", "gtar", "bsdtar"], &["--to-command", "-F", "--info-script", "--new-volume-script"], ValueUse::Runs("")),
    (&["tar", "gtar", "bsdtar"], &["--rsh-command"], ValueUse::Runs(" host true")),
    (&["tar", "gtar", "bsdtar"], &["--checkpoint-action"], ValueUse::RunsBehind(&["exec="])),
    (&["git"], &["-O~", "--open-files-in-pager"], ValueUse::Runs("")),
    (&["git"], &["--upload-pack", "--receive-pack", "--exec"], ValueUse::Runs(" x")),
    (&["strace", "ltrace"], &["-o", "--output"], ValueUse::RunsBehind(&["|", "!"])),
    (
        &["ssh", "scp", "sftp", "slogin"],
        &["-o"],
        ValueUse::RunsBehind(&[
            "localcommand=",
            "localcommand ",
            "proxycommand=",
            "proxycommand ",
            "knownhostscommand=",
            "knownhostscommand ",
        ]),
    ),
    (&["scp", "sftp"], &["-S"], ValueUse::Runs(" host true")),
    (&["less", "more", "vim", "vi", "nvim", "view", "ex"], &["+~"], ValueUse::RunsBehind(&["!", ":!"])),
    (
        &["vim", "vi", "nvim", "view", "ex"],
        &["-c", "--cmd"],
        ValueUse::RunsBehind(&["!", ":!", "silent !", ":silent !"]),
    ),
    (&["sqlite3"], &["-cmd"], ValueUse::RunsBehind(&[".shell ", ".system "])),
    (&["tcpdump"], &["-z"], ValueUse::Runs(" x")),
    (&["wget", "wget2"], &["--use-askpass"], ValueUse::Runs("")),
    (&["make", "gmake"], &["--eval"], ValueUse::RunsBehind(&["$(shell "])),
    (&["certbot"], &["--deploy-hook", "--pre-hook", "--post-hook", "--renew-hook"], ValueUse::Runs("")),
    (&["hash"], &["-p"], ValueUse::Unknown),
    (&["enable"], &["-f"], ValueUse::Unknown),
    (&["shuf", "gshuf", "iconv"], &["-o", "--output"], ValueUse::Writes),
    (&["git"], &["--output"], ValueUse::Writes),
    (&["unset", "test", "[", "[[", "printf", "read", "declare", "local", "typeset"], &["-v"], ValueUse::Subscript),
];

/// Judges the values of options that run commands or write files.
pub(super) fn judge_option_commands(judge: &mut Judge<'_>, name: &str, args: &[CommandWord], input: &CommandInput) {
    for (_, options, value_use) in OPTION_ROWS.iter().filter(|row| row.0.contains(&name)) {
        for option in *options {
            for value in option_values(args, option) {
                judge_value(judge, name, option, &value, *value_use, input);
            }
        }
    }
    // `unset` and `read` take names of variables as operands.
    if matches!(name, "unset" | "read" | "printf" | "declare" | "local" | "typeset" | "let" | "export" | "readonly") {
        for arg in args {
            judge_subscript(judge, arg);
        }
    }
}

fn judge_value(
    judge: &mut Judge<'_>,
    name: &str,
    option: &str,
    value: &CommandWord,
    value_use: ValueUse,
    input: &CommandInput,
) {
    let script = |text: String| CommandWord::from_text(text, value.span.clone());
    match value_use {
        ValueUse::Runs(words) if !value.text.trim().is_empty() => {
            judge.judge_nested_script(&script(format!("{}{words}", value.text)), input);
        }
        ValueUse::RunsBehind(beginnings) => {
            let lower = value.text.trim_start().to_ascii_lowercase();
            let found = beginnings.iter().find(|beginning| lower.starts_with(**beginning));
            if let Some(text) = found.and_then(|found| value.text.trim_start().get(found.len()..)) {
                judge.judge_nested_script(&script(text.to_owned()), input);
            }
        }
        ValueUse::Writes if value.text != "-" => {
            let option = option.trim_end_matches('~');
            files::judge_written_file(judge, value, &format!("`{name} {option}` writes over"));
        }
        ValueUse::Unknown => judge.mark_unknown(&value.span, format!("`{name} {option}` gives a name another program")),
        ValueUse::Subscript => judge_subscript(judge, value),
        ValueUse::Runs(_) | ValueUse::Writes => {}
    }
}

/// `a[$(command)]` in quotes, which bash expands when it takes the word as a variable.
fn judge_subscript(judge: &mut Judge<'_>, word: &CommandWord) {
    let Some((_, subscript)) = word.text.split_once('[') else { return };
    if subscript.contains("$(") || subscript.contains('`') {
        judge.judge_nested_script(
            &CommandWord::from_text(format!(": \"{}", subscript.replace('"', "")) + "\"", word.span.clone()),
            &CommandInput::Terminal,
        );
    }
}

/// All values of one option: in the same word, behind `=`, or in the next word.
fn option_values(args: &[CommandWord], option: &str) -> Vec<CommandWord> {
    let attached_only = option.ends_with('~');
    let option = option.trim_end_matches('~');
    let short = option.len() <= 2;
    let mut values = Vec::new();
    for (at, arg) in args.iter().enumerate() {
        if arg.text == "--" {
            break;
        }
        let Some(rest) = arg.text.strip_prefix(option) else { continue };
        let value = if rest.is_empty() {
            args.get(at + 1).filter(|_| !attached_only).cloned()
        } else if let Some(value) = rest.strip_prefix('=') {
            Some(CommandWord::from_text(value.to_owned(), arg.span.clone()))
        } else if short {
            Some(CommandWord::from_text(rest.to_owned(), arg.span.clone()))
        } else {
            None
        };
        values.extend(value);
    }
    values
}
