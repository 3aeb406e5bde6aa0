//! Prompts pasted with the commands behind them.
//!
//! Invariant: a length returned is at most the line's and falls on a character's edge. Refuses to know: whether the
//! lines without a prompt are output; that is the document's to say.

/// The bytes of a shell prompt at the start of `line`, the blanks around it included: `$ `, `user@host:~$ `,
/// `[user@host dir]# `, `bash-5.2$ `. In a console cell `# ` is root's prompt too; elsewhere it is a comment.
pub fn prompt_length(line: &str, console: bool) -> Option<usize> {
    let body = line.trim_start_matches([' ', '\t']);
    let indent = line.len() - body.len();
    let skip = virtual_env_length(body).unwrap_or(0);
    let end = skip + prompt_sign_end(body.get(skip..)?, console)?;
    let after = body.get(end..)?;
    let command = after.trim_start_matches([' ', '\t']);
    (command.is_empty() || command.len() < after.len()).then(|| line.len() - command.len()).filter(|&len| len > indent)
}

/// Where the prompt's last sign ends.
fn prompt_sign_end(body: &str, console: bool) -> Option<usize> {
    let mut chars = body.chars();
    match chars.next()? {
        '$' => Some(1),
        '#' if console => Some(1),
        // A percent sign opens curl's progress table as well, which goes on with a capital.
        '%' => {
            let word = chars.as_str().trim_start();
            word.starts_with(|c: char| c.is_ascii_lowercase() || "./~".contains(c)).then_some(1)
        }
        '/' if console => body.starts_with("/ #").then_some(3),
        '[' => bracketed_prompt(body),
        _ => named_prompt(body),
    }
}

/// `(venv) ` before the prompt proper.
fn virtual_env_length(body: &str) -> Option<usize> {
    let inner = body.strip_prefix('(')?;
    let close = inner.find(')')?;
    let name = inner.get(..close)?;
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
    let rest = inner.get(close + 1..)?;
    (plain && rest.starts_with(' ')).then(|| body.len() - rest.trim_start_matches(' ').len())
}

/// `[user@host dir]$`, or `]#`.
fn bracketed_prompt(body: &str) -> Option<usize> {
    let close = body.find(']')?;
    let inside = body.get(1..close)?;
    let (user, host) = inside.split_once('@')?;
    let named = is_prompt_name(user) && !host.is_empty() && !host.contains(['"', '\'', '$', '|']);
    let sigil = body.get(close + 1..)?;
    (named && sigil.starts_with(['$', '#'])).then_some(close + 2)
}

/// `user@host:~$`, `user@host ~ %`, `root@pod:/#`, `bash-5.2$`, `sh-4.4#`.
fn named_prompt(body: &str) -> Option<usize> {
    let end = body.char_indices().find(|&(at, c)| {
        matches!(c, '$' | '#' | '%') && body.get(at + 1..).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })?;
    let head = body.get(..end.0)?;
    let bare_shell = ["bash-", "sh-", "zsh-"].iter().any(|shell| {
        head.strip_prefix(shell)
            .is_some_and(|version| !version.is_empty() && version.chars().all(|c| c.is_ascii_digit() || c == '.'))
    });
    let (user, host_and_dir) = match head.split_once('@') {
        Some(parts) => parts,
        None if bare_shell => return Some(end.0 + 1),
        None => return None,
    };
    let host_end = host_and_dir.find([':', ' ']).unwrap_or(host_and_dir.len());
    let (host, dir) = host_and_dir.split_at_checked(host_end)?;
    let dir = dir.trim_start_matches([':', ' ']);
    let plain = |c: char| c.is_alphanumeric() || "._-/~".contains(c);
    let dir_plain = dir.trim_end().chars().all(plain);
    // `user@host` glued to the sign without a directory is a prompt for `$` and `#` only.
    (is_prompt_name(user) && is_prompt_name(host) && dir_plain && (end.1 != '%' || host_and_dir.contains(' ')))
        .then_some(end.0 + 1)
}

fn is_prompt_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "._-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::prompt_length;

    #[test]
    fn a_prompt_is_measured_with_its_blanks() {
        for (line, console, len) in [
            ("$ ls", false, 2),
            ("  $ ls", false, 4),
            ("$", false, 1),
            ("% brew update", false, 2),
            ("ops@db1:~$ uptime", false, 11),
            ("root@web-0:/srv/app# id", false, 21),
            ("[ops@db1 ~]$ uptime", false, 13),
            ("[root@db1 etc]# ls", false, 16),
            ("bash-5.2$ ls", false, 10),
            ("sh-4.4# ls", false, 8),
            ("(venv) $ pip list", false, 9),
            ("(venv) ops@db1:~$ pip list", false, 18),
            ("ops@mac project % ls", false, 18),
            ("# systemctl stop db", true, 2),
            ("/ # ls", true, 4),
        ] {
            assert_eq!(prompt_length(line, console), Some(len), "{line}");
        }
    }

    #[test]
    fn a_command_or_its_output_is_no_prompt() {
        for line in [
            "",
            "ls",
            "$HOME/bin/x",
            "$(date)",
            "> more",
            "# a comment",
            "% Total    % Received",
            "git clone git@host:x # note",
            "[ -f x ] && y",
            "scp ops@db1:/x $ y",
            "echo 5 % 2",
            "mysql> select 1",
            "(cd x && ls)",
            "é",
        ] {
            assert_eq!(prompt_length(line, false), None, "{line}");
        }
    }
}
