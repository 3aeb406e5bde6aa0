//! A home of its own for each test, and runs without a terminal.
//!
//! Invariant: the environment is cleared and set anew; a run that does not end is killed at its deadline.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The longest that anything in these tests may take.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A folder with everything a run touches: `home`, `state`, `run`, `work`.
pub struct Home {
    dir: TempDir,
    env: Vec<(String, String)>,
}

/// What a run without a terminal left.
pub struct Output {
    /// The exit status; none after a signal.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// Fails the test, with everything printed, unless the exit status is this.
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails the test, with everything printed, unless standard output has this text.
    pub fn prints(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "no `{text}` in stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails the test, with everything printed, unless standard error has this text.
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no `{text}` in stderr:\n{}\nstdout:\n{}", self.stderr, self.stdout);
        self
    }
}

impl Home {
    /// A new, empty home; gone when dropped.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("rb").tempdir().unwrap();
        for name in ["home", "state", "run", "work", "tmp"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        fs::set_permissions(dir.path().join("run"), fs::Permissions::from_mode(0o700)).unwrap();
        Self { dir, env: Vec::new() }
    }

    /// A variable for every program started here.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The folder programs start in.
    pub fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// Where the records are: `$XDG_STATE_HOME/runbook`.
    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state/runbook")
    }

    /// The run folders, oldest first.
    pub fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.state().join("runs")) else { return Vec::new() };
        let mut runs: Vec<_> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
        runs.sort();
        runs
    }

    /// Writes a file into `work`, its folders too.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Writes an executable script into `work/bin`, which is first in `PATH`: a stand-in for a program.
    pub fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.write(&format!("bin/{name}"), script);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Reads a file of `work`.
    pub fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.work().join(name)).unwrap()).into_owned()
    }

    /// A command in these surroundings.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        let at = |name: &str| self.dir.path().join(name);
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned());
        command
            .env_clear()
            .env("PATH", format!("{}:{path}", at("work/bin").display()))
            .env("HOME", at("home"))
            .env("XDG_STATE_HOME", at("state"))
            .env("XDG_RUNTIME_DIR", at("run"))
            .env("TMPDIR", at("tmp"))
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("USER", "operator")
            .env("LOGNAME", "operator")
            .env("SHELL", "/bin/bash")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(at("work"));
        command
    }

    /// Runs `runbook` without a terminal, its input empty.
    pub fn runbook(&self, arguments: &[&str]) -> Output {
        self.runbook_with_input(arguments, b"")
    }

    /// Runs `runbook` without a terminal, with this on its standard input.
    pub fn runbook_with_input(&self, arguments: &[&str], input: &[u8]) -> Output {
        self.run(Path::new(env!("CARGO_BIN_EXE_runbook")), arguments, input)
    }

    /// Runs a program without a terminal, in a session of its own so that it cannot reach the tester's terminal either.
    pub fn run(&self, program: &Path, arguments: &[&str], input: &[u8]) -> Output {
        let stdout = tempfile::NamedTempFile::new_in(self.dir.path()).unwrap();
        let stderr = tempfile::NamedTempFile::new_in(self.dir.path()).unwrap();
        let mut stdin = tempfile::NamedTempFile::new_in(self.dir.path()).unwrap();
        stdin.write_all(input).unwrap();
        let mut child = self
            .command("setsid")
            .arg("--wait")
            .arg(program)
            .args(arguments)
            .stdin(File::open(stdin.path()).unwrap())
            .stdout(Stdio::from(stdout.reopen().unwrap()))
            .stderr(Stdio::from(stderr.reopen().unwrap()))
            .spawn()
            .unwrap();
        let end = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if Instant::now() > end {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let text =
            |file: &tempfile::NamedTempFile| String::from_utf8_lossy(&fs::read(file.path()).unwrap()).into_owned();
        let output = Output { status: status.and_then(|s| s.code()), stdout: text(&stdout), stderr: text(&stderr) };
        assert!(
            status.is_some(),
            "did not end in {DEADLINE:?}\nstdout:\n{}\nstderr:\n{}",
            output.stdout,
            output.stderr
        );
        output
    }
}

impl Drop for Home {
    /// Sessions that wait to be resumed are ended: nobody will.
    fn drop(&mut self) {
        for run in self.runs() {
            if let Ok(state) = runbook::kernel::session_state(&run) {
                drop(runbook::kernel::stop_session(&run, "the test"));
                drop(state);
            }
        }
    }
}
