//! Recorders that are killed lose nothing that was acknowledged. `cargo run --release --example crash-loop -- --kills 10000`
//! does the same for longer.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot start a recorder fails, and its clock is the machine's"
)]

mod crash_loop;

use std::path::Path;
use std::time::Duration;

#[test]
fn five_hundred_killed_recorders_lose_nothing_and_run_nothing_twice() {
    let tally = crash_loop::crash(Path::new(env!("CARGO_BIN_EXE_runbook")), 500, Duration::from_secs(90), 20_261_124);
    assert!(tally.faults.is_empty(), "{tally:#?}");
    assert!(tally.kills > 50 && tally.acknowledged > 100 && tally.points.len() == 7, "{tally:#?}");
}
