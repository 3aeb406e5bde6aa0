//! How fast it is. Not run by itself: `cargo test --release --test session_speed -- --ignored --nocapture`.

mod session_support;

use runbook::history::Mode;
use runbook::recorder::protocol::{WireReply, WireRequest};
use session_support::{Client, session};
use std::time::Instant;

#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a measurement")]
fn two_hundred_recorded_commands() {
    for mode in [Mode::Attended, Mode::Unattended] {
        for text in ["echo hi", "true"] {
            let (_recorder, mut client) = session(mode);
            client.run(text);
            let mut times: Vec<_> = (0..200)
                .map(|_| {
                    let start = Instant::now();
                    client.send(&WireRequest::Run(Box::new(Client::command(text))), b"");
                    assert!(matches!(client.reply(), WireReply::Finished(_)));
                    start.elapsed()
                })
                .collect();
            let total: std::time::Duration = times.iter().sum();
            times.sort();
            println!("{mode:?} `{text}` × 200: {total:?}, median {:?}, p95 {:?}", times[100], times[190]);
        }
    }
    let start = Instant::now();
    let (_recorder, mut client) = session(Mode::Attended);
    client.run("true");
    println!("first command, from the start of the recorder: {:?}", start.elapsed());
    for mode in [Mode::Attended, Mode::Unattended] {
        let (recorder, mut client) = session(mode);
        let start = Instant::now();
        client.send(&WireRequest::Run(Box::new(Client::command("head -c 200000000 /dev/zero"))), b"");
        assert!(matches!(client.reply(), WireReply::Finished(_)));
        println!("{mode:?} 200 MB of output: {:?}", start.elapsed());
        let status = std::fs::read_to_string(format!("/proc/{}/status", recorder.process.id())).unwrap();
        println!("  recorder's memory: {:?}", status.lines().find(|line| line.starts_with("VmHWM")));
    }
    let temp = tempfile::tempdir().unwrap();
    let mut file = std::fs::File::create(temp.path().join("sync")).unwrap();
    let start = Instant::now();
    for _ in 0..400 {
        std::io::Write::write_all(&mut file, &[b'x'; 600]).unwrap();
        file.sync_data().unwrap();
    }
    println!("400 × append of 600 bytes and fdatasync: {:?}", start.elapsed());
}
