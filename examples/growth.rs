//! Measures how time and memory grow with hostile documents: each shape at a size and at four times that size.
//!
//!     cargo run --release --example growth -- [--markdown] [--program PATH] [SHAPE …]
//!
//! A shape fails when four times the size takes more than five times the processor time, or when a command takes more than
//! 200 MB of memory. Times below 0.2 s are too short to compare.

#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::unwrap_used, reason = "a program for the terminal")]

#[path = "growth/shapes.rs"]
mod shapes;

use shapes::SHAPES;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Most memory that a command may take, in KiB.
const MEMORY_KIB: u64 = 200 * 1024;
/// Most time that four times the size may take, as a multiple.
const TIMES: f64 = 5.0;
/// Shorter times are taken for this long, in seconds.
const SHORTEST_SECONDS: f64 = 0.2;
/// A command is ended after this time, or at this memory.
const LIMIT: Duration = Duration::from_mins(1);
const MEMORY_LIMIT_KIB: u64 = 2 << 20;
/// Clock ticks a second in `/proc/PID/stat`, the same on every Linux of today.
const TICKS: f64 = 100.0;
const COMMANDS: &[(&str, &[&str])] = &[("check", &["check"]), ("list", &["list"]), ("dry run", &["run", "--dry-run"])];

/// Cost of one command.
#[derive(Clone, Copy, Default)]
struct Cost {
    seconds: f64,
    memory_kib: u64,
    was_ended: bool,
}

fn main() -> ExitCode {
    let mut program = PathBuf::from("target/release/runbook");
    if let Some(folder) = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.parent()?.to_owned())) {
        program = folder.join("runbook");
    }
    let (mut wanted, mut is_markdown) = (Vec::new(), false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--markdown" => is_markdown = true,
            "--program" => program = arguments.next().unwrap_or_default().into(),
            _ => wanted.push(argument),
        }
    }
    let folder = tempfile::tempdir().unwrap();
    if is_markdown {
        println!("| shape | size | `check` | `list` | dry run | memory |\n|---|--:|--:|--:|--:|--:|");
    }
    let mut failed = 0;
    for shape in SHAPES.iter().filter(|shape| wanted.is_empty() || wanted.iter().any(|name| name == shape.name)) {
        let (small, large) = ((shape.make)(shape.size), (shape.make)(4 * shape.size));
        let mut cells = Vec::new();
        let (mut memory, mut is_bad) = (0, false);
        for (name, arguments) in COMMANDS {
            let before = measure_command(&program, folder.path(), arguments, &small);
            let after = measure_command(&program, folder.path(), arguments, &large);
            let ratio = after.seconds.max(SHORTEST_SECONDS) / before.seconds.max(SHORTEST_SECONDS);
            memory = memory.max(after.memory_kib);
            is_bad |= ratio > TIMES || after.was_ended || after.memory_kib > MEMORY_KIB;
            let ended = if after.was_ended { " ended" } else { "" };
            cells.push(if is_markdown {
                format!("{:.2} s → {:.2} s", before.seconds, after.seconds)
            } else {
                format!("{name} {:.2} → {:.2} s (× {ratio:.1}){ended}", before.seconds, after.seconds)
            });
        }
        failed += usize::from(is_bad);
        let (size, memory) = (large.len() / 1024, memory / 1024);
        if is_markdown {
            println!("| {} | {size} KiB | {} | {memory} MiB |", shape.name, cells.join(" | "));
        } else {
            let verdict = if is_bad { "FAILS" } else { "holds" };
            println!("{verdict} {:<24} {size:>5} KiB  {}  {memory} MiB", shape.name, cells.join("  "));
        }
    }
    println!("{failed} shapes fail");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the program on a document and measures it. Ends it at the limits.
fn measure_command(program: &Path, folder: &Path, arguments: &[&str], document: &str) -> Cost {
    let path = folder.join("RUNBOOK.md");
    std::fs::write(&path, document).unwrap();
    let mut child = Command::new(program)
        .args(arguments)
        .arg(&path)
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut cost, started) = (Cost::default(), Instant::now());
    let process = format!("/proc/{}", child.id());
    loop {
        let stat = std::fs::read_to_string(format!("{process}/stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        cost.seconds = (ticks(11) + ticks(12)) / TICKS;
        let status = std::fs::read_to_string(format!("{process}/status")).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_ascii_whitespace().next());
        cost.memory_kib = cost.memory_kib.max(peak.and_then(|peak| peak.parse().ok()).unwrap_or(0));
        if fields.first().is_none_or(|state| *state == "Z") {
            break;
        }
        if started.elapsed() > LIMIT || cost.memory_kib > MEMORY_LIMIT_KIB {
            cost.was_ended = true;
            drop(child.kill());
            break;
        }
        std::thread::sleep(Duration::from_millis(4));
    }
    drop(child.wait());
    cost
}
