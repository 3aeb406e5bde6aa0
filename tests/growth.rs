//! Hostile documents take neither all memory nor all time. `cargo run --release --example growth` measures every shape.

#![expect(clippy::unwrap_used, reason = "helpers outside a #[test] fn are not covered by clippy.toml")]

#[allow(dead_code, clippy::allow_attributes, reason = "the example uses the whole table")]
#[path = "../examples/growth/shapes.rs"]
mod shapes;
mod support;

use shapes::SHAPES;
use support::Home;

/// Address space in KiB: far more than a command needs, and a third of what `sudo sudo …` took.
const ADDRESS_KIB: u64 = 1_500_000;
/// Processor time in seconds: generous, and a small part of what these shapes took.
const SECONDS: u64 = 60;

/// Runs a command on a shape of four times its size within both limits.
fn stays_within_limits(home: &Home, name: &str, arguments: &str) {
    let shape = SHAPES.iter().find(|shape| shape.name == name).unwrap();
    home.write("RUNBOOK.md", (shape.make)(4 * shape.size));
    let script = format!(
        "ulimit -v {ADDRESS_KIB}; ulimit -t {SECONDS}; exec {} {arguments} RUNBOOK.md",
        env!("CARGO_BIN_EXE_runbook")
    );
    let ended = home.run(std::path::Path::new("/bin/bash"), &["-c", &script], b"");
    // 0, or 1 with findings. A signal, a panic or a failed allocation is neither.
    assert!(matches!(ended.status, Some(0 | 1)), "{name}, {arguments}: {:?}\n{}", ended.status, ended.stderr);
}

#[test]
fn a_document_of_any_hostile_shape_is_checked_within_bounded_time_and_memory() {
    let home = Home::new().env("NO_COLOR", "1");
    for name in
        ["prefix-words", "mixed-prefixes", "braces-in-word", "variables-in-word", "heredocs", "digits", "stand-ins"]
    {
        stays_within_limits(&home, name, "check");
    }
}

#[test]
fn a_program_behind_too_many_others_is_not_known_to_be_harmless() {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("RUNBOOK.md", format!("# R\n\n```bash\n{}ls\n```\n", "sudo ".repeat(30)));
    let shown = home.runbook(&["run", "--dry-run", "RUNBOOK.md"]).exits(0);
    drop(shown.prints("more programs that run a program than are read"));
    home.write("RUNBOOK.md", format!("# R\n\n```bash\n{}rm -rf /srv/x\n```\n", "sudo nice ".repeat(4)));
    drop(home.runbook(&["run", "--dry-run", "RUNBOOK.md"]).exits(0).prints("/srv/x"));
}
