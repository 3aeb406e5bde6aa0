//! Our first runbook does its work on this machine.

mod support;

use support::Home;

#[test]
fn the_host_check_up_looks_loses_restores_starts_and_stops() {
    let home = Home::new();
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/runbooks/host-checkup.md#host-check-up");
    // All but the last step: what it removes is known only then, so it wants an operator.
    let steps = "1.1,1.2,1.3,2.1,2.2,3.1,3.2,3.3,3.3.1,3.4,4.1,4.2,4.3";
    let flags = ["run", document, "--yes", "--allow", "unknown", "--allow", "destructive", "--only", steps];
    let output = home.runbook(&flags).exits(0);
    let output = output.prints("MemTotal").prints("processors").prints("backup/orders.csv: OK").prints("5000 data");
    assert!(output.stdout.contains("started") && output.stdout.contains("stopped"), "{}", output.stdout);
    drop(home.runbook(&["run", document, "--yes"]).exits(2).says("needs an operator"));
    drop(home.runbook(&["list", document]).exits(0).prints("3.3   Bring it back"));
}
