//! The platform of `fixtures/platform`, for the tests: brought up once, as it was before each test, and gone with the process.
//!
//! Invariant: the state that tests look at is asked of the services themselves, never of a transcript. Refuses to know: what is
//! broken, and how it is healed.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its platform fails, and what is required stands in the environment"
)]

use crate::support::{Home, Terminal};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, Once, OnceLock, PoisonError};

/// Where the runbook is, on the host.
const RUNBOOK: &str = "/srv/runbooks/platform-operations.md";

/// The platform, for as long as one test has it.
pub(crate) struct Platform {
    _alone: MutexGuard<'static, ()>,
    container: String,
}

/// What a command on the host gave.
pub(crate) struct Output {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// Fails the test, with everything printed, unless the exit status is this.
    pub(crate) fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails the test, with everything printed, unless standard output has this text.
    pub(crate) fn prints(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "no `{text}` in stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// The name of this process's own platform.
fn name() -> String {
    format!("runbook-platform-{}", std::process::id())
}

/// One of the fixture's scripts.
fn script(name_of_script: &str) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/platform");
    let mut command = Command::new(folder.join(name_of_script));
    command.env("RUNBOOK_PLATFORM", name());
    command
}

/// Says why nothing is tried on the platform, once, and past the harness, which keeps to itself what a passing test prints.
fn skipped(why: &str) {
    std::io::stderr().write_all(format!("skipped: all tests of the platform: {why}\n").as_bytes()).unwrap();
}

/// Whether what the platform needs is there; what is missing skips the tests by name, or fails it where it is required.
fn can_be_built() -> bool {
    let required = std::env::var("RUNBOOK_TEST_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|name| matches!(name, "docker" | "all"));
    let runs = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
    };
    let missing = [
        ("a Docker engine", runs("docker", &["info"])),
        ("`debootstrap`", runs("debootstrap", &["--version"])),
        ("root", rustix::process::geteuid().is_root()),
    ];
    for (what, _) in missing.iter().filter(|(_, there)| !there) {
        assert!(!is_required, "the platform needs {what}, which is required and not there");
        skipped(&format!("they need {what}, which is not there"));
    }
    missing.iter().all(|(_, there)| *there)
}

/// Takes the platform down when this process is gone, however it went.
struct Undertaker(#[expect(dead_code, reason = "its standard input closes with this process")] Child);

/// The platform as it was when it came up, alone; none where it cannot be, or where nobody asked for it: it takes long.
pub(crate) fn platform() -> Option<Platform> {
    static ALONE: Mutex<()> = Mutex::new(());
    static UP: OnceLock<Option<Undertaker>> = OnceLock::new();
    static UNASKED: Once = Once::new();
    if std::env::var_os("RUNBOOK_TEST_PLATFORM").is_none() {
        UNASKED.call_once(|| skipped("`RUNBOOK_TEST_PLATFORM` is not set"));
        return None;
    }
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    UP.get_or_init(|| {
        can_be_built().then(|| {
            let wait = "cat > /dev/null; exec \"$0\" > /dev/null 2>&1";
            let down = script("down");
            let mut undertaker = Command::new("setsid");
            undertaker.args(["bash", "-c", wait]).arg(down.get_program()).env("RUNBOOK_PLATFORM", name());
            let undertaker = undertaker.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            assert!(script("up").status().unwrap().success(), "the platform did not come up");
            let installed = script("install").arg(env!("CARGO_BIN_EXE_runbook")).status().unwrap();
            assert!(installed.success(), "`runbook` is not on the platform");
            Undertaker(undertaker.unwrap())
        })
    })
    .as_ref()?;
    let platform = Platform { _alone: alone, container: name() };
    drop(platform.host("platform-reset"));
    Some(platform)
}

impl Platform {
    /// Runs a script on the host, in the project's folder; it must succeed.
    pub(crate) fn host(&self, text: &str) -> String {
        self.try_host(text).exits(0).stdout.trim().to_owned()
    }

    /// Runs a script on the host, in the project's folder.
    pub(crate) fn try_host(&self, text: &str) -> Output {
        self.command(&["bash", "-ec", text])
    }

    fn command(&self, words: &[&str]) -> Output {
        let output =
            script("exec").env("RUNBOOK_PLATFORM", &self.container).args(words).stdin(Stdio::null()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Output { status: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Asks PostgreSQL.
    pub(crate) fn sql(&self, query: &str) -> String {
        self.host(&format!("docker exec agentic-postgres-prod psql -U postgres -d agentic_db -Atc \"{query}\""))
    }

    /// What an address of the API answers, seen from outside, and the HTTP status: `200 {…}`.
    pub(crate) fn get(&self, path: &str) -> String {
        self.host(&format!("curl -sS --max-time 20 -w '\\n%{{http_code}}' 'https://api.yourdomain.com{path}' | tac"))
    }

    /// Runs a procedure of our runbook unattended, with every allowance and approval a dry run names.
    pub(crate) fn run(&self, procedure: &str, flags: &[&str]) -> Output {
        let target = format!("{RUNBOOK}#{procedure}");
        let mut words = vec!["runbook", "run", &target, "--dry-run", "--format", "json"];
        let without_rollback: Vec<&str> =
            flags.iter().copied().filter(|flag| !flag.starts_with("--rollback")).collect();
        words.extend(&without_rollback);
        let dry = self.command(&words).exits(0);
        let plan: serde_json::Value = serde_json::from_str(&dry.stdout).unwrap();
        let approvals: Vec<String> = plan["steps"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|step| step["approve"].as_str())
            .map(|approval| format!("--approve={approval}"))
            .collect();
        let mut words = vec!["runbook", "run", &target, "--yes", "--allow", "destructive", "--allow", "unknown"];
        words.extend(approvals.iter().map(String::as_str));
        words.extend(flags);
        self.command(&words)
    }

    /// Walks through a procedure of our runbook at a terminal on the host.
    pub(crate) fn walk(&self, home: &Home, procedure: &str, flags: &[&str]) -> Terminal {
        let target = format!("{RUNBOOK}#{procedure}");
        let mut words =
            vec!["exec", "--interactive", "--tty", "--env", "NO_COLOR=1", "--workdir", "/opt/agentic-platform"];
        words.extend([self.container.as_str(), "runbook", "run", &target]);
        words.extend(flags);
        Terminal::start(home, Path::new("docker"), &words, (40, 120))
    }

    /// The newest backup.
    pub(crate) fn backup(&self) -> String {
        self.host("ls -t backups/*.sql.gz | head -n 1")
    }
}
