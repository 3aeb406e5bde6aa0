//! The operator's terminal while a command has it.
//!
//! Invariant: its modes are restored when the guard is dropped, also while unwinding. It is never made non-blocking, because that
//! would outlive this program. Refuses to know: what the keys mean.

use crate::ports::KernelError;
use crate::recorder::protocol::TerminalSize;
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios};

/// The terminal in raw mode: keys are read as they come.
#[derive(Debug)]
pub(super) struct RawTerminal {
    before: Termios,
}

impl RawTerminal {
    /// Makes standard input raw. Keys typed before are discarded, because they were not meant for the command.
    pub(super) fn enter_raw_mode() -> Result<Self, KernelError> {
        let stdin = rustix::stdio::stdin();
        let before = rustix::termios::tcgetattr(stdin).map_err(terminal_gone)?;
        let mut raw = before.clone();
        raw.make_raw();
        rustix::termios::tcsetattr(stdin, OptionalActions::Flush, &raw).map_err(terminal_gone)?;
        Ok(Self { before })
    }

    /// Reads keys that have come; waits if there are none. Fails when the terminal is closed.
    #[expect(clippy::unused_self, reason = "only who holds the terminal may read it")]
    pub(super) fn read_keys<'a>(&self, buffer: &'a mut [u8]) -> Result<&'a [u8], KernelError> {
        match rustix::io::read(rustix::stdio::stdin(), &mut *buffer) {
            Ok(0) => Err(KernelError::Terminal("it was closed".to_owned())),
            Ok(count) => Ok(buffer.get(..count).unwrap_or_default()),
            Err(Errno::INTR | Errno::AGAIN) => Ok(&[]),
            Err(error) => Err(terminal_gone(error)),
        }
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // Keys for the command that came too late are no answers to the next question.
        let _ = rustix::termios::tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, &self.before);
    }
}

/// Size of the operator's window; `None` if it is not known.
pub(super) fn window_size() -> Option<TerminalSize> {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdin()).ok()?;
    Some(TerminalSize { rows: size.ws_row, columns: size.ws_col }).filter(|size| size.rows > 0 && size.columns > 0)
}

fn terminal_gone(error: Errno) -> KernelError {
    KernelError::Terminal(std::io::Error::from(error).to_string())
}
