//! Asks bash whether texts are shell, many at once.
//!
//! One bash reads texts that are separated by NULs, and parses each in a subshell after `set -n`. A shell that is not
//! interactive cannot undo that: it parses to the end and executes nothing. The verdicts were measured to be those of
//! `bash -n FILE`, at the cost of a fork for each text instead of a start of bash.
//!
//! Invariant: nothing of a text is ever executed, and every question has a time limit. Refuses to know: what the texts are for.

use crate::ports::{Syntax, SyntaxVerdict};
use std::collections::HashMap;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

/// The script that parses the texts. It uses builtins alone and gets an empty environment, so that no exported function and
/// no `BASH_ENV` takes part. It is on one line, because `eval` counts lines from its own.
const ASKING: &str =
    r#"while IFS= read -r -d "" t; do ( eval "set -n"$'\n'"$t" ) 2>&1 </dev/null; printf "\0%s\0" "$?"; done"#;
/// Most texts that one bash is given.
const BATCH: usize = 256;
/// How long one bash may take for its texts.
const LIMIT: Duration = Duration::from_secs(10);
/// From this status on a signal, and not the parser, ended the subshell.
const SIGNALLED: i32 = 126;

/// Asks bash about texts, and remembers the verdicts.
#[derive(Debug)]
pub struct BashSyntax {
    shell: Option<PathBuf>,
    known: HashMap<String, SyntaxVerdict>,
    asking: Option<JoinHandle<HashMap<String, SyntaxVerdict>>>,
}

impl BashSyntax {
    /// Asks the bash at this path; without one every verdict is [`SyntaxVerdict::Unavailable`].
    pub fn new(shell: Option<PathBuf>) -> Self {
        Self { shell, known: HashMap::new(), asking: None }
    }

    /// Asks about texts on a thread of its own. The first check of a text that is not known waits for the thread.
    pub fn prefetch_verdicts(&mut self, mut texts: Vec<String>) {
        self.take_prefetched();
        texts.sort_unstable();
        texts.dedup();
        texts.retain(|text| !self.known.contains_key(text));
        let Some(shell) = self.shell.clone().filter(|_| !texts.is_empty()) else { return };
        let thread = std::thread::Builder::new().name("syntax".to_owned());
        self.asking = thread.spawn(move || ask_bash(&shell, &texts)).ok();
    }

    fn take_prefetched(&mut self) {
        if let Some(Ok(known)) = self.asking.take().map(JoinHandle::join) {
            self.known.extend(known);
        }
    }
}

impl Syntax for BashSyntax {
    fn check_syntax(&mut self, text: &str) -> SyntaxVerdict {
        if let Some(verdict) = self.known.get(text) {
            return verdict.clone();
        }
        self.take_prefetched();
        if let Some(verdict) = self.known.get(text) {
            return verdict.clone();
        }
        let Some(shell) = &self.shell else {
            return SyntaxVerdict::Unavailable("`bash` was not found in PATH".to_owned());
        };
        let texts = [text.to_owned()];
        let verdict = ask_bash(shell, &texts).remove(text);
        let verdict = verdict.unwrap_or_else(|| SyntaxVerdict::Unavailable("bash gave no answer".to_owned()));
        if !matches!(verdict, SyntaxVerdict::Unavailable(_)) {
            self.known.insert(text.to_owned(), verdict.clone());
        }
        verdict
    }
}

fn ask_bash(shell: &Path, texts: &[String]) -> HashMap<String, SyntaxVerdict> {
    let mut verdicts = HashMap::new();
    let mut left: Vec<&String> = Vec::new();
    for text in texts {
        match text.bytes().position(|byte| byte == 0) {
            Some(offset) => {
                let line = text.bytes().take(offset).filter(|&byte| byte == b'\n').count();
                let message = "there is a NUL byte in it".to_owned();
                let line = u32::try_from(line + 1).unwrap_or(u32::MAX);
                verdicts.insert(text.clone(), SyntaxVerdict::Rejected { message, line });
            }
            None => left.push(text),
        }
    }
    while !left.is_empty() {
        let batch: Vec<&String> = left.iter().take(BATCH).copied().collect();
        let answers = ask_batch(shell, &batch);
        // The first text without an answer is the one that bash got stuck on; those after it are asked about again.
        let answered = answers.len();
        for (text, verdict) in batch.iter().zip(answers) {
            verdicts.insert((*text).clone(), verdict);
        }
        let mut taken = answered;
        if let Some(text) = batch.get(answered) {
            verdicts.insert((*text).clone(), SyntaxVerdict::Unavailable("bash came to no end with it".to_owned()));
            taken += 1;
        }
        left.drain(..taken.min(left.len()));
    }
    verdicts
}

/// Asks one bash. If it was too slow or died, fewer verdicts than texts come back.
fn ask_batch(shell: &Path, texts: &[&String]) -> Vec<SyntaxVerdict> {
    let mut input = Vec::new();
    for text in texts {
        input.extend_from_slice(text.as_bytes());
        input.push(0);
    }
    let asking = duct::cmd(shell, ["--noprofile", "--norc", "-c", ASKING])
        .stdin_bytes(input)
        .stdout_capture()
        .stderr_null()
        .unchecked()
        .full_env([("LC_ALL", "C.UTF-8")])
        .before_spawn(|command| {
            command.process_group(0);
            Ok(())
        });
    let Ok(handle) = asking.start() else {
        return texts.iter().map(|_| SyntaxVerdict::Unavailable("bash could not be started".to_owned())).collect();
    };
    if !matches!(handle.wait_timeout(LIMIT), Ok(Some(_))) {
        for pid in handle.pids() {
            let group = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
            if let Some(group) = group {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
        }
    }
    handle.into_output().map(|output| parse_answers(&output.stdout)).unwrap_or_default()
}

/// Parses pairs of message and status, each ended by a NUL.
fn parse_answers(bytes: &[u8]) -> Vec<SyntaxVerdict> {
    let mut fields = bytes.split(|&byte| byte == 0);
    let mut verdicts = Vec::new();
    while let (Some(message), Some(status)) = (fields.next(), fields.next()) {
        let Some(status) = std::str::from_utf8(status).ok().and_then(|status| status.parse().ok()) else { break };
        verdicts.push(parse_verdict(&String::from_utf8_lossy(message), status));
    }
    verdicts
}

/// The verdict that a message and a status stand for. Status 0 alone does not do: for an unfinished here-document bash only
/// prints a warning.
fn parse_verdict(message: &str, status: i32) -> SyntaxVerdict {
    if status >= SIGNALLED {
        return SyntaxVerdict::Unavailable(format!("bash ended with status {status}"));
    }
    let Some(first) = message.lines().next() else {
        return if status == 0 {
            SyntaxVerdict::Accepted
        } else {
            SyntaxVerdict::Rejected { message: "syntax error".to_owned(), line: 1 }
        };
    };
    let (line, said) = first.split_once("line ").and_then(|(_, rest)| rest.split_once(": ")).unwrap_or(("", first));
    // `set -n` is our own first line.
    let line = line.parse::<u32>().unwrap_or(2).saturating_sub(1).max(1);
    SyntaxVerdict::Rejected { message: correct_line_number(said), line }
}

/// Corrects the line number within a message like `here-document at line 2 delimited …`, which counts our line too.
fn correct_line_number(message: &str) -> String {
    let Some((before, after)) = message.split_once("at line ") else { return message.to_owned() };
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let (Some(number), Some(rest)) = (after.get(..digits), after.get(digits..)) else { return message.to_owned() };
    let Ok(number) = number.parse::<u32>() else { return message.to_owned() };
    format!("{before}at line {}{rest}", number.saturating_sub(1).max(1))
}
