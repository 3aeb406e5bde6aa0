//! The engine's side: a session driven from a terminal, and without one.
//!
//! The engine on a terminal is this test program itself, started again on a pseudo-terminal.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

mod session_support;

use runbook::history::{Event, Fact, Mode, Outcome, RunFinished, RunResult, RunStarted, RunbookIdentity};
use runbook::ident::{Anchor, Clock as _, Digest, RunId, SystemClock};
use runbook::journal;
use runbook::kernel::{Session, StartOptions};
use runbook::ports::{Finished, Journal as _, Kernel as _, KernelError, Stream, Watch};
use runbook::recorder::protocol::RunRequest;
use rustix::fd::OwnedFd;
use rustix::pty::OpenptFlags;
use rustix::termios::{LocalModes, Termios, Winsize};
use session_support::{Client, PATIENCE};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where the engine on the terminal finds the run folder and what it is to do.
const FOLDER: &str = "TEST_ENGINE_FOLDER";
const SCRIPT: &str = "TEST_ENGINE_SCRIPT";

fn options(folder: &Path, mode: Mode) -> StartOptions {
    let run = RunId::generate_at(&SystemClock::start_now().now());
    std::fs::create_dir_all(folder.join("run")).unwrap();
    let program = env!("CARGO_BIN_EXE_runbook").into();
    let mut options = StartOptions::new(program, run, folder.join("run"), folder.to_owned(), mode);
    options.shell.search_path = Some("/usr/local/bin:/usr/bin:/bin".into());
    options.runtime_dir = Some(folder.to_owned());
    options.log = true;
    options
}

#[derive(Default)]
struct Seen {
    out: Vec<u8>,
    err: Vec<u8>,
    quiet: Vec<(Duration, Duration)>,
    /// How much had been printed when an earlier end was on disk.
    settled: Vec<usize>,
}

impl Watch for Seen {
    fn on_output(&mut self, stream: Stream, bytes: &[u8]) {
        match stream {
            Stream::Out => self.out.extend_from_slice(bytes),
            Stream::Err => self.err.extend_from_slice(bytes),
        }
    }

    fn on_quiet(&mut self, elapsed: Duration, silent: Duration) {
        self.quiet.push((elapsed, silent));
    }

    fn on_durable(&mut self) {
        self.settled.push(self.out.len());
    }
}

fn outcome(finished: &Finished) -> Outcome {
    match &finished.finished.fact {
        Fact::CommandFinished(finished) => finished.outcome.clone(),
        other => panic!("{other:?}"),
    }
}

fn run_started(run: RunId) -> Fact {
    Fact::RunStarted(RunStarted {
        run,
        runbook: RunbookIdentity {
            path: "RUNBOOK.md".into(),
            title: "Runbook".into(),
            digest: Digest::of_bytes(b""),
            git_commit: None,
            git_modified: false,
        },
        procedure: Anchor::new(""),
        procedure_title: String::new(),
        steps: 1,
        host: "host".into(),
        user: "user".into(),
        cwd: "/".into(),
        mode: Mode::Unattended,
        version: "0".into(),
        flags: vec![],
    })
}

#[test]
fn a_session_records_runs_and_answers() {
    let temp = tempfile::tempdir().unwrap();
    let options = options(temp.path(), Mode::Unattended);
    let mut session = Session::start(&options).unwrap();
    let mut seen = Seen::default();
    let begun = session.append_facts(vec![run_started(options.run.id.clone())]).unwrap();
    assert!(matches!(begun[0].fact, Fact::RunStarted(_)) && matches!(begun[1].fact, Fact::ShellStarted(_)));
    let finished = session.run_command(Client::command("echo out; echo err >&2; A=1"), &mut seen).unwrap();
    assert_eq!(outcome(&finished), Outcome::Succeeded);
    assert_eq!((seen.out.as_slice(), seen.err.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    session.set_variable("B", "two words").unwrap();
    let values = session.read_variables(&["A".into(), "B".into(), "C".into()]).unwrap();
    let values: Vec<_> = values.into_iter().map(|value| value.value).collect();
    assert_eq!(values, [Some("1".into()), Some("two words".into()), None]);
    session.finish_session().unwrap();
    let recorded: Vec<Event> = journal::read_journal(&options.run.folder).unwrap().events;
    assert_eq!(recorded[..2], begun[..]);
    assert_eq!(recorded[2..], [finished.started, finished.finished]);
}

fn going_on(text: &str) -> RunRequest {
    let mut run = Client::command(text);
    run.goes_on = true;
    run
}

#[test]
fn a_watcher_hears_at_once_of_an_end_that_came_to_the_disk_while_something_else_was_asked() {
    let temp = tempfile::tempdir().unwrap();
    let mut session = Session::start(&options(temp.path(), Mode::Unattended)).unwrap();
    let mut seen = Seen::default();
    session.run_command(going_on("X=1"), &mut seen).unwrap();
    assert_eq!(session.read_variables(&["X".into()]).unwrap()[0].value.as_deref(), Some("1"));
    session.run_command(going_on("sleep 0.3; echo b"), &mut seen).unwrap();
    assert_eq!((seen.out.as_slice(), seen.settled.as_slice()), (&b"b\n"[..], &[0][..]));
    session.finish_session().unwrap();
}

#[test]
fn an_end_that_was_told_early_is_on_disk_before_the_next_command_is_seen() {
    let temp = tempfile::tempdir().unwrap();
    let options = options(temp.path(), Mode::Unattended);
    let mut session = Session::start(&options).unwrap();
    let mut seen = Seen::default();
    let first = session.run_command(going_on("echo a"), &mut seen).unwrap();
    assert!(!first.is_durable && seen.settled.is_empty());
    let second = session.run_command(going_on("sleep 0.3; echo b"), &mut seen).unwrap();
    assert_eq!((seen.out.as_slice(), seen.settled.as_slice()), (&b"a\nb\n"[..], &[2][..]));
    session.flush_record().unwrap();
    let recorded = journal::read_journal(&options.run.folder).unwrap().events;
    assert_eq!(recorded[recorded.len() - 4..], [first.started, first.finished, second.started, second.finished]);
    session.finish_session().unwrap();
}

#[test]
fn a_command_that_was_sent_ahead_is_waited_for_by_asking_for_it() {
    let temp = tempfile::tempdir().unwrap();
    let options = options(temp.path(), Mode::Unattended);
    let mut session = Session::start(&options).unwrap();
    let mut seen = Seen::default();
    session.shell_definitions().unwrap();
    session.run_commands(going_on("echo a"), Some(going_on("echo b")), &mut seen).unwrap();
    // Its end has come before anybody waits for it.
    std::thread::sleep(Duration::from_millis(300));
    let recorded = journal::read_journal(&options.run.folder).unwrap().events;
    assert_eq!(recorded.iter().filter(|event| matches!(event.fact, Fact::CommandFinished(_))).count(), 2);
    let second = session.run_commands(going_on("echo b"), Some(going_on("false")), &mut seen).unwrap();
    assert_eq!(outcome(&second), Outcome::Succeeded);
    let third = session.run_commands(going_on("false"), Some(going_on("echo no")), &mut seen).unwrap();
    assert_eq!(outcome(&third), Outcome::Failed);
    session.run_command(going_on("echo c"), &mut seen).unwrap();
    session.finish_session().unwrap();
    assert_eq!(seen.out, b"a\nb\nc\n");
}

#[test]
fn nothing_is_run_in_the_place_of_a_command_that_was_sent_ahead() {
    let temp = tempfile::tempdir().unwrap();
    let mut session = Session::start(&options(temp.path(), Mode::Unattended)).unwrap();
    let mut seen = Seen::default();
    session.shell_definitions().unwrap();
    session.run_commands(going_on("echo a"), Some(going_on("echo b")), &mut seen).unwrap();
    let refused = session.run_command(going_on("echo c"), &mut seen).unwrap_err();
    assert!(matches!(refused, KernelError::Lost(_)), "{refused}");
}

#[test]
fn a_run_that_is_over_is_not_abandoned_when_the_engine_goes_without_goodbye() {
    let temp = tempfile::tempdir().unwrap();
    let mut session = Session::start(&options(temp.path(), Mode::Unattended)).unwrap();
    let over = RunFinished { result: RunResult::Completed, reason: String::new(), next: None };
    session.append_facts(vec![Fact::RunFinished(over.clone())]).unwrap();
    let recorder = session.recorder_pid();
    drop(session);
    std::thread::sleep(Duration::from_millis(300));
    let events = journal::read_journal(&temp.path().join("run")).unwrap().events;
    assert_eq!(events.last().unwrap().fact, Fact::RunFinished(over));
    let state = std::fs::read_to_string(format!("/proc/{recorder}/stat")).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "it has ended: {state}");
}

#[test]
fn a_silent_command_is_looked_at_ten_times_a_second() {
    let temp = tempfile::tempdir().unwrap();
    let mut session = Session::start(&options(temp.path(), Mode::Unattended)).unwrap();
    let mut seen = Seen::default();
    session.run_command(Client::command("echo begun; sleep 0.65"), &mut seen).unwrap();
    assert!((3..=8).contains(&seen.quiet.len()), "{:?}", seen.quiet);
    let (elapsed, silent) = *seen.quiet.last().unwrap();
    assert!(silent <= elapsed && silent > Duration::from_millis(200), "{:?}", seen.quiet);
}

#[test]
fn much_output_is_shown_whole_and_in_order() {
    let temp = tempfile::tempdir().unwrap();
    let mut session = Session::start(&options(temp.path(), Mode::Unattended)).unwrap();
    let mut seen = Seen::default();
    session.run_command(Client::command("seq 1 1000000"), &mut seen).unwrap();
    let expected: Vec<u8> = (1..=1_000_000).flat_map(|i| format!("{i}\n").into_bytes()).collect();
    assert!(seen.out == expected, "{} of {}", seen.out.len(), expected.len());
}

#[test]
fn output_of_a_background_job_is_shown_with_the_next_command() {
    let temp = tempfile::tempdir().unwrap();
    let mut session = Session::start(&options(temp.path(), Mode::Unattended)).unwrap();
    let mut seen = Seen::default();
    session.run_command(Client::command("(sleep 0.2; echo LATE) & echo now"), &mut seen).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    session.read_variables(&["X".into()]).unwrap();
    session.run_command(Client::command("echo next"), &mut seen).unwrap();
    assert_eq!(String::from_utf8(seen.out).unwrap(), "now\nLATE\nnext\n");
}

#[test]
fn what_is_missing_is_named() {
    let temp = tempfile::tempdir().unwrap();
    let good = options(temp.path(), Mode::Unattended);
    let failed = |change: &dyn Fn(&mut StartOptions)| {
        let mut options = good.clone();
        change(&mut options);
        Session::start(&options).unwrap_err()
    };
    let no_bash = failed(&|options| options.shell.search_path = Some("/nowhere".into()));
    assert!(matches!(&no_bash, KernelError::Shell(why) if why.contains("`bash` was not found")), "{no_bash}");
    let no_rc = failed(&|options| options.shell.rc = Some("/nowhere/rc".into()));
    assert!(matches!(&no_rc, KernelError::Shell(why) if why.contains("/nowhere/rc")), "{no_rc}");
    let no_folder = failed(&|options| options.run.folder = "/proc/nowhere".into());
    assert!(matches!(no_folder, KernelError::Record(_)), "{no_folder}");
    let no_program = failed(&|options| options.program.path = "/nowhere/runbook".into());
    assert!(matches!(no_program, KernelError::Lost(_)), "{no_program}");
}

#[test]
fn a_recorder_that_is_killed_is_noticed_at_once() {
    let temp = tempfile::tempdir().unwrap();
    let mut session = Session::start(&options(temp.path(), Mode::Unattended)).unwrap();
    let recorder = session.recorder_pid();
    let text = format!("kill -9 {recorder}; sleep 5");
    let failed = session.run_command(Client::command(&text), &mut Seen::default()).unwrap_err();
    assert!(matches!(failed, KernelError::Lost(_)), "{failed}");
    assert!(session.append_facts(vec![]).is_err());
    let left = journal::read_journal(&temp.path().join("run")).unwrap().events;
    assert!(matches!(left.last().unwrap().fact, Fact::CommandStarted(_)));
}

/// Shows what comes as it comes, and panics when told to.
struct Screen;

impl Watch for Screen {
    fn on_output(&mut self, _: Stream, bytes: &[u8]) {
        let mut out = std::io::stdout();
        out.write_all(bytes).unwrap();
        out.flush().unwrap();
        assert!(!bytes.starts_with(b"PANIC"), "told to");
    }

    fn on_quiet(&mut self, _: Duration, _: Duration) {}
}

/// Not a test: the engine that the tests below start on a terminal.
#[test]
#[ignore = "started by the other tests"]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "the other tests talk to it")]
fn engine_on_a_terminal() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let mode = if std::env::var("TEST_ENGINE_UNATTENDED").is_ok() { Mode::Unattended } else { Mode::Attended };
    let mut session = Session::start(&options(&folder, mode)).unwrap();
    println!("UP {}.", session.recorder_pid());
    for text in std::env::var(SCRIPT).unwrap().split("%%") {
        match session.run_command(Client::command(text), &mut Screen) {
            Ok(finished) => println!("CAME BACK {:?}.\r", outcome(&finished)),
            Err(error) => {
                println!("ERROR {error}.");
                return;
            }
        }
    }
    session.finish_session().unwrap();
    println!("BYE.");
}

/// A pseudo-terminal with an engine on it.
struct Terminal {
    master: OwnedFd,
    slave: OwnedFd,
    engine: Child,
    screen: String,
    folder: tempfile::TempDir,
}

impl Terminal {
    fn start(script: &str, unattended: bool) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = rustix::pty::openpt(flags).unwrap();
        rustix::pty::grantpt(&master).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        let name = rustix::pty::ptsname(&master, Vec::new()).unwrap();
        let slave = rustix::fs::open(&name, flags.into(), rustix::fs::Mode::empty()).unwrap();
        rustix::io::ioctl_fionbio(&master, true).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "engine_on_a_terminal", "--ignored", "--nocapture"]);
        command.env(FOLDER, folder.path()).env(SCRIPT, script);
        if unattended {
            command.env("TEST_ENGINE_UNATTENDED", "1");
        }
        for set in [Command::stdin, Command::stdout, Command::stderr] {
            set(&mut command, Stdio::from(slave.try_clone().unwrap()));
        }
        let terminal = Self { engine: command.spawn().unwrap(), master, slave, screen: String::new(), folder };
        terminal.resize(31, 99);
        terminal
    }

    fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&self.master, size).unwrap();
    }

    fn modes(&self) -> Termios {
        rustix::termios::tcgetattr(&self.slave).unwrap()
    }

    fn is_raw(&self) -> bool {
        !self.modes().local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    fn keys(&self, keys: &str) {
        rustix::io::write(&self.master, keys.as_bytes()).unwrap();
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.engine.id().to_string()]).status().unwrap().success());
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own deadline")]
    fn await_text(&mut self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.screen.contains(text) {
            assert!(Instant::now() < end, "no `{text}` in {}", self.screen);
            let mut buffer = [0; 4096];
            match rustix::io::read(&self.master, &mut buffer) {
                Ok(count) => self.screen.push_str(&String::from_utf8_lossy(&buffer[..count])),
                Err(_) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own deadline")]
    fn await_file(&self, name: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.folder.path().join(name).exists() {
            assert!(Instant::now() < end, "no file `{name}`");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The journal, once its recorder has let go of it.
    #[expect(clippy::disallowed_methods, reason = "a test's own deadline")]
    fn await_abandoned(&self) -> Vec<Fact> {
        let end = Instant::now() + PATIENCE;
        loop {
            let events = journal::read_journal(&self.folder.path().join("run")).unwrap().events;
            let folder = self.folder.path().join("run");
            let state = runbook::kernel::session_state(&folder);
            if state.is_ok_and(|state| state.driver.is_none() && state.command.is_none()) {
                runbook::kernel::stop_session(&folder, "the test").unwrap();
            }
            if matches!(events.last().map(|event| &event.fact), Some(Fact::RunFinished(_))) {
                return events.into_iter().map(|event| event.fact).collect();
            }
            assert!(Instant::now() < end, "{events:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.engine.kill());
        drop(self.engine.wait());
    }
}

fn same(a: &Termios, b: &Termios) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

#[test]
fn the_operators_keys_and_window_reach_the_command_and_the_terminal_is_as_before() {
    let mut terminal =
        Terminal::start("read -r -p 'name? ' n; echo \"got=$n\"; stty size; read -r -s x; stty size", false);
    let before = terminal.modes();
    terminal.await_text("name? ");
    assert!(terminal.is_raw());
    terminal.keys("bob\r");
    terminal.await_text("got=bob\r\n31 99\r\n");
    terminal.resize(40, 132);
    terminal.signal("-WINCH");
    std::thread::sleep(Duration::from_millis(100));
    terminal.keys("secret\r");
    terminal.await_text("40 132\r\n");
    terminal.await_text("CAME BACK Succeeded.");
    terminal.await_text("BYE.");
    assert!(same(&before, &terminal.modes()));
    assert!(!terminal.screen.contains("secret"));
    let journal = std::fs::read(terminal.folder.path().join("run/journal.jsonl")).unwrap();
    assert!(!journal.windows(6).any(|window| window == b"secret"));
}

#[test]
fn ctrl_c_at_the_terminal_ends_the_command_and_never_the_engine() {
    let mut terminal = Terminal::start("echo begun; sleep 30%%echo second", false);
    terminal.await_text("begun\r\n");
    std::thread::sleep(Duration::from_millis(100));
    terminal.keys("\x03");
    terminal.await_text("CAME BACK Interrupted.");
    terminal.await_text("second\r\n");
    terminal.await_text("BYE.");
}

#[test]
fn a_terminal_that_goes_leaves_the_command_running_and_recorded() {
    let mut terminal = Terminal::start("echo begun; sleep 0.6; touch finished; exit 5", false);
    terminal.await_text("begun\r\n");
    // The last ends of the terminal on this side.
    let null = || OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
    terminal.master = null();
    terminal.slave = null();
    assert!(terminal.engine.wait().is_ok());
    assert!(!terminal.folder.path().join("finished").exists());
    terminal.await_file("finished");
    let facts = terminal.await_abandoned();
    assert!(
        matches!(&facts[facts.len() - 3..], [Fact::EngineLost(_), Fact::CommandFinished(finished), Fact::RunFinished(_)]
            if finished.status == Some(5)),
        "{facts:?}"
    );
}

#[test]
fn an_engine_that_is_told_to_end_puts_the_terminal_back_and_leaves_the_command_running() {
    for signal in ["-TERM", "-HUP"] {
        let mut terminal = Terminal::start("echo begun; sleep 0.5; touch finished", false);
        let before = terminal.modes();
        terminal.await_text("begun\r\n");
        terminal.signal(signal);
        terminal.await_text("ERROR the terminal cannot be used: this program was told to end");
        assert!(same(&before, &terminal.modes()));
        terminal.await_file("finished");
        terminal.await_abandoned();
    }
}

#[test]
fn a_panic_while_a_command_runs_puts_the_terminal_back() {
    let mut terminal = Terminal::start("printf PANIC; sleep 0.3", false);
    let before = terminal.modes();
    terminal.await_text("told to");
    assert!(terminal.engine.wait().is_ok());
    assert!(same(&before, &terminal.modes()));
    terminal.await_abandoned();
}

#[test]
fn ctrl_c_of_an_unattended_run_interrupts_the_command() {
    let mut terminal = Terminal::start("echo begun; sleep 30; echo NO", true);
    terminal.await_text("begun");
    std::thread::sleep(Duration::from_millis(100));
    assert!(!terminal.is_raw());
    terminal.signal("-INT");
    terminal.await_text("CAME BACK Interrupted.");
    terminal.await_text("BYE.");
    assert!(!terminal.screen.contains("NO"));
}

#[test]
fn a_killed_engine_is_lost_and_its_command_is_not() {
    let mut terminal = Terminal::start("echo begun; sleep 0.4; touch finished", false);
    terminal.await_text("begun");
    terminal.engine.kill().unwrap();
    terminal.await_file("finished");
    let facts = terminal.await_abandoned();
    assert!(facts.iter().any(|fact| matches!(fact, Fact::EngineLost(_))));
}
