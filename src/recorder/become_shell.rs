//! The last moment before bash: a process of this program that takes the terminal and turns into bash.
//!
//! A process of its own between recorder and bash: taking a session and a controlling terminal between fork and exec would
//! otherwise need `unsafe` code.
//!
//! Invariant: nothing is opened or printed on the way. Refuses to know: everything but its arguments.

use super::quoting::quote_path;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Options of [`become_shell`], from arguments that the recorder makes.
#[derive(Clone, Debug)]
pub struct BecomeShell {
    /// Path of bash.
    pub shell: PathBuf,
    /// Path of bash's rc file.
    pub boot: PathBuf,
    /// True if standard input becomes `/dev/null` after it has become the controlling terminal.
    pub unattended: bool,
}

impl BecomeShell {
    /// Parses the arguments of the hidden subcommand: mode, bash, rc file.
    pub fn from_args(args: &[OsString]) -> Option<Self> {
        let [mode, shell, boot] = args else { return None };
        let unattended = match mode.to_str()? {
            "attended" => false,
            "unattended" => true,
            _ => return None,
        };
        Some(Self { shell: shell.into(), boot: boot.into(), unattended })
    }
}

/// Makes standard input the controlling terminal of a new session and becomes bash. Returns only if that failed.
///
/// Signals need no care here: the recorder handles every signal bash must not inherit as ignored, a handled signal is
/// back at its default after exec, and `std` empties the signal mask and restores SIGPIPE before exec.
pub fn become_shell(options: &BecomeShell) -> std::io::Error {
    match take_terminal(options.unattended) {
        // With `--rcfile` Debian's bash reads `/etc/bash.bashrc` first, and with `--norc` it reads neither. Its first prompt
        // command reads `boot.bash` and goes on with the loop.
        Ok(()) => Command::new(&options.shell)
            .args(["--noprofile", "--noediting", "--norc", "-i"])
            .env("PROMPT_COMMAND", first_prompt_command(&options.boot))
            .exec(),
        Err(error) => error,
    }
}

fn first_prompt_command(boot: &Path) -> OsString {
    let mut command = b"\\builtin . ".to_vec();
    command.extend(quote_path(boot));
    command.extend_from_slice(b"; \\builtin eval \"$__rb_main\"");
    OsString::from_vec(command)
}

fn take_terminal(unattended: bool) -> std::io::Result<()> {
    rustix::process::setsid()?;
    rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
    if unattended {
        rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    }
    Ok(())
}
