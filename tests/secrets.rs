//! Secrets printed in every form and cut at every byte, through the real terminal: no piece of eight bytes of any form is in
//! anything that a run leaves, shows or starts.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot set up its secrets fails, and a secret that is found is a failure"
)]

mod support;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Home, Terminal};

const SEED: u64 = 0x5eed_0006_2026_1125;
/// A piece of this many bytes gives a secret away.
const PIECE: usize = 8;
/// After so many prints the script says how far it is.
const BATCH: usize = 40;

/// Prints each line's two parts with a pause between them, shorter than the silence after which anything is let go.
const PRINT: &str = "exec {pause}<> <(:)\nn=0\nwhile read -r head tail; do\n  printf %b \"$head\"\n  \
                     read -rt 0.005 -u \"$pause\"\n  printf '%b\\n' \"$tail\"\n  n=$((n + 1))\n  \
                     if ((n % 40 == 0)); then echo \"printed: $n.\"; fi\ndone < \"$1\"\necho \"all printed: $n.\"\n";

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// So many bytes for which it holds.
    fn bytes(&mut self, count: usize, holds: impl Fn(u8) -> bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            let [.., byte] = self.next().to_le_bytes();
            if holds(byte) {
                bytes.push(byte);
            }
        }
        bytes
    }
}

/// What a bash script prints for an argument.
fn bash(locale: &str, script: &str, argument: &[u8]) -> Vec<u8> {
    let mut command = Command::new("bash");
    command.env("LC_ALL", locale).args(["-c", script, "bash"]).arg(OsStr::from_bytes(argument));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn json(secret: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in secret.utf8_chunks() {
        let quoted = serde_json::to_string(chunk.valid()).unwrap();
        out.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
        out.extend_from_slice(chunk.invalid());
    }
    out
}

fn url(secret: &[u8]) -> Vec<u8> {
    let mut out = String::new();
    for &byte in secret {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
    }
    out.into_bytes()
}

/// Every form, as real programs print it where there is one: raw, CRLF, per line, shell-quoted, JSON, URL, hex, base64.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.to_vec(), json(secret), url(secret)];
    forms.push(secret.iter().flat_map(|&b| if b == b'\n' { b"\r\n".to_vec() } else { vec![b] }).collect());
    forms.extend(secret.split(|&byte| byte == b'\n').filter(|line| line.len() >= PIECE).map(<[u8]>::to_vec));
    for locale in ["C", "C.UTF-8"] {
        for script in ["printf %q \"$1\"", "printf %s \"${1@Q}\"", r#"printf %s "'${1//\'/\'\\\'\'}'""#] {
            forms.push(bash(locale, script, secret));
        }
    }
    forms.push(bash("C", "printf %s \"$1\" | od -An -v -tx1 | tr -d ' \\n'", secret));
    for (offset, before) in ["", "x", "xy"].into_iter().enumerate() {
        let printed = bash("C", &format!("printf '%s' '{before}'\"$1\"' tail' | base64 -w0"), secret);
        // The characters that the secret alone decides.
        forms.push(printed[(8 * offset).div_ceil(6)..8 * (offset + secret.len()) / 6].to_vec());
    }
    forms.sort();
    forms.dedup();
    forms
}

/// A secret and all that gives it away.
struct Secret {
    name: &'static str,
    value: Vec<u8>,
    forms: Vec<Vec<u8>>,
}

impl Secret {
    fn new(name: &'static str, value: Vec<u8>) -> Self {
        let forms = forms(&value);
        Self { name, value, forms }
    }

    /// Each form, cut at each `step`th byte, as lines for the script.
    fn lines(&self, step: usize) -> String {
        let octal = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| text + &format!("\\0{byte:03o}"));
        let mut lines = String::new();
        for form in &self.forms {
            for at in (1..form.len()).step_by(step) {
                writeln!(lines, "{} {}", octal(&form[..at]), octal(&form[at..])).unwrap();
            }
        }
        lines
    }
}

/// Looks for pieces.
struct Search<'s> {
    secrets: &'s [Secret],
    pieces: HashSet<&'s [u8]>,
}

impl<'s> Search<'s> {
    fn new(secrets: &'s [Secret]) -> Self {
        let pieces = secrets.iter().flat_map(|secret| &secret.forms).flat_map(|form| form.windows(PIECE)).collect();
        Self { secrets, pieces }
    }

    fn clean(&self, place: &str, bytes: &[u8]) {
        let Some(at) = bytes.windows(PIECE).position(|window| self.pieces.contains(window)) else { return };
        let piece = &bytes[at..at + PIECE];
        let has = |form: &&Vec<u8>| form.windows(PIECE).any(|window| window == piece);
        let of = self.secrets.iter().find_map(|secret| secret.forms.iter().find(has).map(|form| (secret.name, form)));
        let around = &bytes[at.saturating_sub(80)..(at + 120).min(bytes.len())];
        let (name, form) = of.unwrap();
        panic!(
            "{place}: a piece of `{name}` at {at}: {}\n{}\nof {}",
            piece.escape_ascii(),
            around.escape_ascii(),
            form.escape_ascii()
        );
    }

    fn folder(&self, folder: &Path) -> usize {
        let mut count = 0;
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            self.clean("a name", entry.as_os_str().as_bytes());
            if entry.is_dir() && !entry.is_symlink() {
                count += self.folder(&entry);
            } else if entry.is_file() {
                let bytes = fs::read(&entry).unwrap();
                self.clean(&entry.display().to_string(), &bytes);
                count += 1;
            }
        }
        count
    }

    /// The arguments and the environment of every process of ours, and of those started by them.
    fn processes(&self) -> usize {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_runbook")).canonicalize().unwrap();
        let is_ours = |pid: &str| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program);
        let mut count = 0;
        for entry in fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap()) {
            let pid = entry.file_name().to_string_lossy().into_owned();
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)).unwrap_or_default();
            if is_ours(&pid) || is_ours(parent) {
                count += 1;
                for file in ["cmdline", "environ"] {
                    self.clean(&format!("{file} of {pid}"), &fs::read(entry.path().join(file)).unwrap_or_default());
                }
            }
        }
        count
    }
}

fn secrets(random: &mut Random) -> Vec<Secret> {
    let printable = random.bytes(32, |byte| matches!(byte, 0x20..=0x7e));
    let plain = random.bytes(32, |byte| byte.is_ascii_alphanumeric());
    // One with lines, and returns in them.
    let mut any = random.bytes(32, |byte| byte != 0);
    (any[13], any[14], any[27]) = (b'\r', b'\n', b'\n');
    vec![Secret::new("db_password", printable), Secret::new("plain_secret", plain), Secret::new("key", any)]
}

fn document(plain: &str) -> String {
    format!(
        "# Rotate {plain}\n\nProse with {plain} in it.\n\n```bash\n# Load {plain}\nKEPT=$(cat key); export ALSO=$KEPT; f() {{ echo {plain}; }}\n\n\
         # Print\nbash print.sh pieces\n\n# Literal\necho {plain}; cat /nowhere/{plain}\n\n\
         # Title\nprintf '\\033]0;%s\\007' \"$KEPT\"; printf '\\033[1m%s\\033[0m' \"${{KEPT:0:9}}\"; printf '\\033[32m%s' \"${{KEPT:9}}\"\n\n\
         # Background\n(sleep 0.2; cat key plain_secret db_password; echo background-done) &\n\n\
         # Wait\nwait; declare -p KEPT; declare -f f; env | tail -n 3; false\n```\n"
    )
}

fn home(secrets: &[Secret]) -> Home {
    let home = Home::new().env("NO_COLOR", "1").env("RUNBOOK_LOG", "trace");
    home.write("print.sh", PRINT);
    for secret in secrets {
        home.write(secret.name, &secret.value);
    }
    home
}

fn printed(terminal: &mut Terminal, count: usize) {
    // Step by step, so that no single wait is a long one.
    for n in (BATCH..=count).step_by(BATCH) {
        terminal.wait_for_output(&format!("printed: {n}."));
    }
    terminal.wait_for_output(&format!("all printed: {count}."));
}

#[test]
fn no_piece_of_a_secret_is_in_the_record_on_the_screen_or_in_a_process_of_ours() {
    let secrets = secrets(&mut Random(SEED));
    let search = Search::new(&secrets);
    let home = home(&secrets);
    let plain = String::from_utf8(secrets[1].value.clone()).unwrap();
    home.write("rotate.md", document(&plain));
    let pieces = secrets.iter().map(|secret| secret.lines(1)).collect::<String>();
    home.write("pieces", &pieces);
    let given = ["--input", "db_password=@db_password", "--input", "plain_secret=@plain_secret"];

    let mut terminal = Terminal::runbook(&home, &[&["run", "rotate.md"], given.as_slice()].concat());
    terminal.wait_for_output("1 Load").wait_for_output("? help");
    drop(home.runbook_with_input(&["mask", "add", "--name", "key"], &secrets[2].value).exits(0));
    terminal.run_it().wait_for_output("2 Print").wait_for_output("? help");
    assert!(search.processes() >= 3, "the engine, the recorder and bash");
    search.folder(&home.state());
    terminal.run_it();
    printed(&mut terminal, pieces.lines().count());
    for step in ["3 Literal", "4 Title", "5 Background", "6 Wait"] {
        terminal.wait_for_output(step).wait_for_output("? help");
        if step == "4 Title" {
            // What the operator types is on their own screen, and nowhere else.
            search.clean("the screen", terminal.raw());
            terminal.send("n").wait_for_output("note: ").send(format!("it was {plain}\r")).wait_for_output("? help");
            terminal.send("!").wait_for_output("own command: ").send(format!("echo {plain}\r"));
            terminal.wait_for_output("? help");
        }
        let before = terminal.raw().len();
        terminal.run_it();
        if step == "3 Literal" {
            // It fails, for there is no such file.
            terminal.wait_for_output("go on").wait_for_output("? help").send("g");
        }
        if step == "6 Wait" {
            terminal.wait_for_output("? help").send("q");
            terminal.wait_exit();
        }
        search.clean(step, &terminal.raw()[before..]);
    }
    assert!(search.folder(&home.state()) > 5);
    let folder = home.runs().pop().unwrap();
    let copy = folder.join("runbook.md").display().to_string();
    for arguments in [
        vec!["transcript"],
        vec!["runs"],
        vec!["runs", "--format", "json"],
        vec!["list", &copy],
        vec!["show", &copy],
        vec!["show", &copy, "--format", "json"],
        vec!["check", &copy],
        vec!["verify"],
    ] {
        let output = home.runbook(&arguments);
        search.clean(&format!("the output of {arguments:?}"), output.stdout.as_bytes());
        search.clean(&format!("the messages of {arguments:?}"), output.stderr.as_bytes());
    }
    // The secrets were there to be found.
    let transcript = home.runbook(&["transcript"]).exits(0).stdout;
    for name in ["db_password", "plain_secret", "key"] {
        assert!(transcript.contains(&format!("masked:{name}")), "{name}:\n{transcript}");
    }
}

#[test]
fn no_piece_of_a_secret_is_in_an_unattended_run_or_in_an_error() {
    let secrets = secrets(&mut Random(SEED ^ 0xffff));
    let secrets = &secrets[..2];
    let search = Search::new(secrets);
    let home = home(secrets);
    let plain = String::from_utf8(secrets[1].value.clone()).unwrap();
    home.write("pieces", secrets.iter().map(|secret| secret.lines(7)).collect::<String>());
    home.write(
        "rotate.md",
        format!("# Rotate {plain}\n\n```bash\n# Out\nbash print.sh pieces\n\n# Err\nbash print.sh pieces >&2\n\n# Literal\ncat /nowhere/{plain}\n```\n"),
    );
    let given = ["--input", "db_password=@db_password", "--input", "plain_secret=@plain_secret"];
    for more in [
        vec!["--yes", "--allow", "unknown"],
        vec!["--dry-run"],
        vec!["--dry-run", "--format", "json"],
        vec!["--yes", "--only", &plain],
        vec!["--yes"],
    ] {
        let output = home.runbook(&[&["run", "rotate.md"], given.as_slice(), &more].concat());
        search.clean(&format!("the output with {more:?}"), output.stdout.as_bytes());
        search.clean(&format!("the messages with {more:?}"), output.stderr.as_bytes());
        assert!(output.status.is_some());
    }
    assert!(search.folder(&home.state()) > 3);
}

#[test]
fn a_password_that_a_command_reads_is_in_no_snapshot_and_a_completed_run_keeps_none() {
    let home = Home::new().env("NO_COLOR", "1");
    home.write(
        "r.md",
        "# R\n\n```bash\nread -s pw\n```\n\nThen:\n\n```bash\nX=kept\n```\n\nThen:\n\n```bash\necho \"$X\"\n```\n",
    );
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("\r").wait_for_output("run\r\n").send("hunter2secret\r");
    terminal.wait_for_output("exit 0").wait_for_output("? help").send("\r").wait_for_output("exit 0");
    terminal.wait_for_output("? help").send("q").exits(3);
    let [folder] = home.runs().try_into().unwrap();
    let snapshot = fs::read_to_string(folder.join("snapshot")).unwrap();
    assert!(snapshot.contains("kept") && !snapshot.contains("hunter2secret"), "{snapshot}");
    let mut resumed = Terminal::runbook(&home, &["resume"]);
    resumed.wait_for_output("? help").send("\r").wait_for_output("kept").exits(0);
    assert!(!folder.join("snapshot").exists());
}

#[test]
fn a_password_that_nobody_registered_is_masked_beside_its_name_and_alone_for_the_rest_of_the_run() {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("app.env", "API_TOKEN=q8w7e6r5t4y3u2i1\n");
    home.write("app.yml", "db:\n  password: s3cr3tValue99\n  user: app\n");
    home.write(
        "r.md",
        "# R\n\n```bash\nexport DB_PASSWORD=hunter2secret; env | grep DB_\n```\n\n```bash\ncat app.env app.yml\n```\n\n\
         ```bash\necho \"alone: $(cut -d= -f2 app.env) $(awk '/password/ {print $2}' app.yml) $DB_PASSWORD end\"\n```\n",
    );
    let output = home.runbook(&["run", "r.md", "--yes", "--allow", "unknown"]).exits(0);
    let transcript = home.runbook(&["transcript"]).exits(0).stdout;
    let [folder] = home.runs().try_into().unwrap();
    let journal = fs::read_to_string(folder.join("journal.jsonl")).unwrap();
    // The ids of steps are made of their titles, which is not what is tested here.
    let journal: String =
        journal.split("\"step\":").map(|part| part.split_once(',').map_or(part, |(_, rest)| rest)).collect();
    for text in [&output.stdout, &transcript, &journal] {
        for secret in ["hunter2secret", "q8w7e6r5t4y3u2i1", "s3cr3tValue99"] {
            assert!(!text.contains(secret), "{secret}:\n{text}");
        }
    }
    assert!(
        transcript.contains("alone: [masked:API_TOKEN] [masked:password] [masked:DB_PASSWORD] end"),
        "{transcript}"
    );
    assert!(transcript.contains("  user: app\n"), "{transcript}");
}

#[test]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a test says why it was skipped")]
fn ordinary_documents_lose_nothing_but_what_stands_beside_a_secrets_name() {
    let Some(corpus) = std::env::var_os("RUNBOOK_TEST_CORPUS").map(PathBuf::from) else {
        println!("skipped: RUNBOOK_TEST_CORPUS is not set");
        return;
    };
    let masker = runbook::mask::Masker::new();
    let (mut folders, mut lines) = (vec![corpus], Vec::new());
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let hidden = masker.mask_text(&text);
                let changed = hidden.lines().filter(|line| line.contains("[masked:"));
                lines.extend(changed.map(|line| format!("{}: {line}", path.display())));
            }
        }
    }
    // Two passwords of roles of a database, and two values of a Kubernetes secret.
    assert!(lines.len() <= 4, "{} lines:\n{}", lines.len(), lines.join("\n"));
}
