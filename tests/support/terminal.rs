//! A program on a real pseudo-terminal, driven by a script.
//!
//! Invariant: the program is the leader of its own session with the pseudo-terminal as its controlling terminal, as under a
//! terminal emulator; every wait has a deadline, and a missed one shows the screen.

use super::home::{DEADLINE, Home};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::OpenOptions;
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How many lines that left the screen are kept.
const SCROLLBACK: usize = 10_000;

/// The time between two keys of a fast typist.
const BETWEEN_KEYS: Duration = Duration::from_millis(100);

/// See the module.
pub struct Terminal {
    master: Option<OwnedFd>,
    child: Child,
    parser: vt100::Parser,
    raw: Vec<u8>,
    /// When something was typed last.
    typed: Option<Instant>,
    /// Where in `raw` the next `wait_for_output` begins to look.
    seen: usize,
}

impl Terminal {
    /// Starts `runbook` on a terminal of 80 columns and 24 rows.
    pub fn runbook(home: &Home, arguments: &[&str]) -> Self {
        Self::start(home, Path::new(env!("CARGO_BIN_EXE_runbook")), arguments, (24, 80))
    }

    /// A run whose steps are these texts, at its first question.
    pub fn on_steps(home: &Home, texts: &[&str]) -> Self {
        let steps = texts.iter().enumerate().map(|(i, text)| format!("# Step {}\n{text}\n\n", i + 1));
        home.write("r.md", format!("# R\n\n```bash\n{}```\n", steps.collect::<String>()));
        let mut terminal = Self::runbook(home, &["run", "r.md"]);
        terminal.wait_for_output("? help");
        terminal
    }

    /// Starts a program on a terminal of this many rows and columns.
    pub fn start(home: &Home, program: &Path, arguments: &[&str], (rows, cols): (u16, u16)) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        tcsetwinsize(&master, size(rows, cols)).unwrap();
        // Standard library files are opened without taking the terminal over: the test has no session of its own to
        // give to it, and `setsid --ctty` gives it the program's.
        let open = || {
            use std::os::unix::fs::OpenOptionsExt as _;
            let flags = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).unwrap();
            OpenOptions::new().read(true).write(true).custom_flags(flags).open(&name).unwrap()
        };
        // A test run under `nohup` or in the background ignores signals, and its children would inherit that.
        let child = home
            .command("env")
            .args(["--default-signal=HUP,INT,QUIT", "setsid", "--ctty", "--wait"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::from(open()))
            .stdout(Stdio::from(open()))
            .stderr(Stdio::from(open()))
            .spawn()
            .unwrap();
        let parser = vt100::Parser::new(nonzero(rows), nonzero(cols), SCROLLBACK);
        Self { master: Some(master), child, parser, raw: Vec::new(), typed: None, seen: 0 }
    }

    /// The program's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Types, no faster than a person: `runbook` takes keys that come all at once for a pasted text, and the same key at once
    /// again for a key held down. Bytes of one call come at once.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        if let Some(before) = self.typed {
            std::thread::sleep(BETWEEN_KEYS.saturating_sub(before.elapsed()));
        }
        self.typed = Some(Instant::now());
        let mut rest = bytes.as_ref();
        let end = Instant::now() + DEADLINE;
        while !rest.is_empty() {
            let master = self.master.as_ref().unwrap();
            match rustix::io::write(master, rest) {
                Ok(n) => rest = rest.get(n..).unwrap_or_default(),
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                Err(error) => self.fail(&format!("cannot type: {error}")),
            }
            if Instant::now() > end {
                self.fail("typing was not taken");
            }
        }
        self
    }

    /// Says yes to the question that was put last: with Enter where that runs the command, with `y` at a gate.
    pub fn run_it(&mut self) -> &mut Self {
        let shown = String::from_utf8_lossy(&self.raw).into_owned();
        let question = shown.rfind("help").and_then(|end| shown.get(..end)).unwrap_or_default();
        if question.rfind("yes,") > question.rfind("Enter") { self.send("y") } else { self.send("\r") }
    }

    /// Waits until the text stands on the screen, anywhere.
    pub fn wait_for(&mut self, text: &str) -> &mut Self {
        self.wait_until(&format!("`{text}` on the screen"), |terminal| terminal.screen().contains(text))
    }

    /// Waits until the text comes, after everything an earlier `wait_for_output` has found: for a text that comes twice.
    /// Looks at the bytes, so the text must come in one piece, without a change of style in it.
    pub fn wait_for_output(&mut self, text: &str) -> &mut Self {
        let found = |terminal: &Self| {
            let rest = terminal.raw.get(terminal.seen..).unwrap_or_default();
            rest.windows(text.len().max(1)).position(|window| window == text.as_bytes())
        };
        self.wait_until(&format!("`{text}` after what was seen"), |terminal| found(terminal).is_some());
        self.seen += found(self).unwrap_or(0) + text.len();
        self
    }

    /// Waits until the condition holds.
    pub fn wait_until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> &mut Self {
        let end = Instant::now() + DEADLINE;
        while !holds(self) {
            let open = self.pump(Duration::from_millis(50));
            if !open && !holds(self) {
                self.fail(&format!("the program closed the terminal before {what}"));
            }
            if Instant::now() > end {
                self.fail(&format!("no {what} within {DEADLINE:?}"));
            }
        }
        self
    }

    /// Takes in output until none has come for this long.
    pub fn settle(&mut self, silence: Duration) -> &mut Self {
        let mut last = Instant::now();
        while last.elapsed() < silence {
            let before = self.raw.len();
            let open = self.pump(silence.saturating_sub(last.elapsed()));
            if self.raw.len() > before {
                last = Instant::now();
            } else if !open {
                break;
            }
        }
        self
    }

    /// What stands on the screen now, rows without trailing blanks.
    pub fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    /// Everything that was printed, as a reader who scrolls back sees it.
    pub fn history(&mut self) -> String {
        let lines = self.parser.screen().scrollback_len();
        let (_, cols) = self.parser.screen().size();
        let mut text = String::new();
        for back in (1..=lines).rev() {
            self.parser.screen_mut().set_scrollback(back);
            text.push_str(self.parser.screen().rows(0, cols.get()).next().unwrap_or_default().trim_end());
            text.push('\n');
        }
        self.parser.screen_mut().set_scrollback(0);
        text + &self.screen()
    }

    /// Every byte that came.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The emulated screen, for the cursor and styles.
    pub fn emulator(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Changes the window's size.
    pub fn resize(&mut self, rows: u16, cols: u16) -> &mut Self {
        tcsetwinsize(self.master.as_ref().unwrap(), size(rows, cols)).unwrap();
        self.parser.screen_mut().set_size(nonzero(rows), nonzero(cols));
        self
    }

    /// Closes the terminal, as a lost connection does.
    pub fn hang_up(&mut self) -> &mut Self {
        self.master = None;
        self
    }

    /// Waits until the program has ended, and takes in the last of its output.
    pub fn wait_exit(&mut self) -> ExitStatus {
        let end = Instant::now() + DEADLINE;
        loop {
            if self.master.is_some() {
                self.pump(Duration::from_millis(20));
            } else {
                std::thread::sleep(Duration::from_millis(5));
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                while self.master.is_some() && self.pump_once(Duration::ZERO) == Some(true) {}
                return status;
            }
            if Instant::now() > end {
                self.fail("the program did not end");
            }
        }
    }

    /// Fails the test, with the screen, unless the program ends with this status.
    pub fn exits(&mut self, status: i32) -> &mut Self {
        let ended = self.wait_exit();
        if ended.code() != Some(status) {
            self.fail(&format!("ended with {:?} (signal {:?}), not {status}", ended.code(), ended.signal()));
        }
        self
    }

    /// Takes in what has come, waiting this long for the first of it. False once the other side is closed.
    fn pump(&mut self, wait: Duration) -> bool {
        let mut wait = wait;
        loop {
            match self.pump_once(wait) {
                Some(true) => wait = Duration::ZERO,
                Some(false) => return true,
                None => return false,
            }
        }
    }

    /// Some(true): something came; Some(false): nothing did; none: closed.
    fn pump_once(&mut self, wait: Duration) -> Option<bool> {
        let master = self.master.as_ref()?;
        let mut fds = [PollFd::new(master, PollFlags::IN)];
        let timeout = Timespec::try_from(wait).unwrap();
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Some(false),
            Ok(_) => {}
            Err(error) => panic!("poll: {error}"),
        }
        let mut buffer = [0; 16384];
        match rustix::io::read(master, &mut buffer) {
            Ok(0) | Err(rustix::io::Errno::IO) => None,
            Ok(n) => {
                let bytes = buffer.get(..n).unwrap_or_default();
                self.raw.extend_from_slice(bytes);
                self.parser.process(bytes);
                Some(true)
            }
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Some(false),
            Err(error) => panic!("read: {error}"),
        }
    }

    fn fail(&self, what: &str) -> ! {
        let tail = self.raw.get(self.raw.len().saturating_sub(2000)..).unwrap_or_default();
        panic!("{what}\n--- screen\n{}\n--- last bytes\n{}\n---", self.screen(), tail.escape_ascii())
    }
}

impl Drop for Terminal {
    /// Hangs up, and ends what does not end by itself.
    fn drop(&mut self) {
        self.master = None;
        let end = Instant::now() + Duration::from_secs(2);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > end {
                drop(self.child.kill());
                drop(self.child.wait());
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn size(rows: u16, cols: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 }
}

fn nonzero(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n.max(1)).unwrap_or(NonZeroU16::MIN)
}
