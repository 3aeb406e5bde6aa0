//! The kind of a cell, from its language and text.
//!
//! Invariant: in doubt, the kind that runs less. Refuses to know: Markdown, prompts.

use super::CellKind;

const SHELLS: &[&str] = &[
    "bash",
    "sh",
    "shell",
    "zsh",
    "ksh",
    "dash",
    "ash",
    "console",
    "shell-session",
    "shellsession",
    "sh-session",
    "bash-session",
    "shellscript",
    "shell-script",
    "terminal",
];
const CONSOLES: &[&str] = &["console", "shell-session", "shellsession", "sh-session", "bash-session", "terminal"];
const TEXTS: &[&str] = &["markdown", "md", "text", "txt", "plain", "plaintext"];
const OUTPUT_LEADS: &[&str] =
    &["output", "outputs", "expected output", "example output", "sample output", "the output", "expected result"];
/// Bracketed words at the start of log lines, which are no fields.
const LOG_LEVELS: &[&str] = &[
    "info", "warn", "warning", "error", "debug", "trace", "fatal", "critical", "notice", "ok", "failed", "fail", "pass",
];
/// Bytes between the brackets of a field.
const LONGEST_FIELD: usize = 80;

/// True if a fence of this language holds shell.
pub(super) fn is_shell(language: &str) -> bool {
    let lower = language.to_ascii_lowercase();
    SHELLS.contains(&lower.as_str()) || lower.starts_with("azurecli")
}

/// True if a fence of this language shows a terminal session. There `# ` may be root's prompt.
pub(super) fn is_console(language: &str) -> bool {
    CONSOLES.contains(&language.to_ascii_lowercase().as_str())
}

/// The language of a fence whose whole info string is `{word}`. R Markdown writes shells like that; other tools write their blocks.
pub(super) fn rmarkdown_language(word: &str) -> String {
    if is_shell(word) { word.to_owned() } else { format!("{{{word}}}") }
}

/// True if a line without markup announces a command's output.
pub(super) fn announces_output(line: &str) -> bool {
    let line = line.trim().trim_end_matches(':').trim().to_lowercase();
    OUTPUT_LEADS.contains(&line.as_str())
}

/// The kind of a fence whose end is sure. `text` is called only where the language does not decide.
pub(super) fn kind_of(
    language: &str,
    has_interpreter: bool,
    announced_as_output: bool,
    text: impl Fn() -> String,
) -> CellKind {
    let lower = language.to_ascii_lowercase();
    if lower == "output" || announced_as_output {
        CellKind::Output
    } else if has_interpreter || is_shell(language) {
        CellKind::Command
    } else if TEXTS.contains(&lower.as_str()) && has_fields(&text()) {
        CellKind::Message
    } else if language.is_empty() && crate::shell::looks_like_shell(&text()) {
        CellKind::Guessed
    } else {
        CellKind::Reference
    }
}

/// True if a text has `[Field]`s to fill in: bracketed words that are no link, checkbox, log level or section of a file.
fn has_fields(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim();
        let mut rest = line;
        let mut before = None;
        while let Some(at) = rest.find('[') {
            let (head, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
            before = head.chars().next_back().or(before);
            let inner = tail.get(1..).unwrap_or("");
            let end = inner.find(['[', ']']).unwrap_or(inner.len());
            let (name, after) = inner.split_at_checked(end).unwrap_or((inner, ""));
            let closed = after.starts_with(']');
            if closed && is_field(name, before, after.get(1..).unwrap_or(""), line) {
                return true;
            }
            before = Some(if closed { ']' } else { '[' });
            rest = if closed { after.get(1..).unwrap_or("") } else { after };
        }
        false
    })
}

fn is_field(name: &str, before: Option<char>, after: &str, line: &str) -> bool {
    let named = name.trim();
    let opens_word = before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '!' | '[' | ']' | '\\' | '_'));
    let is_words = named.starts_with(char::is_alphabetic) && named.chars().count() >= 2 && name.len() <= LONGEST_FIELD;
    let is_link = after.starts_with(['(', '[', ':']);
    let is_table_of_a_file = line.len() == name.len() + 2 && !named.contains(' ') && named == named.to_lowercase();
    opens_word && is_words && !is_link && !is_table_of_a_file && !LOG_LEVELS.contains(&named.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_words_in_brackets_and_nothing_else() {
        for text in
            ["[TIME]", "**Update - [TIME]**", "Impact: [Description of it]", "- [ ] done by [Your name]", "[If known]"]
        {
            assert!(has_fields(text), "{text}");
        }
        for text in [
            "[a link](https://x)",
            "[a link][ref]",
            "[ref]: https://x",
            "- [ ] check",
            "- [x] check",
            "a[index]",
            "[INFO] started",
            "[mysqld]",
            "![alt](x.png)",
            "[[wiki]]",
            "[",
            "]",
            "[unclosed",
            "[0]",
        ] {
            assert!(!has_fields(text), "{text}");
        }
    }

    #[test]
    fn an_announcement_of_output_is_that_line_alone() {
        assert!(announces_output("Output:"));
        assert!(announces_output("Example output"));
        assert!(!announces_output("Check the output:"));
    }
}
