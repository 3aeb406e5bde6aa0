//! A disk that fills up while a command runs, on a real small file system.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot set up its file system fails")]

mod session_support;

use runbook::history::{Fact, Mode};
use runbook::journal;
use runbook::recorder::protocol::{Failure, WireReply};
use session_support::{Client, Recorder};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of its own, unmounted when dropped.
struct Small(tempfile::TempDir);

impl Small {
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size},mode=700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            println!("skipped: a small file system cannot be mounted here (that needs root)");
        }
        mounted.then(|| Self(folder))
    }

    fn run(&self) -> PathBuf {
        let folder = self.0.path().join("run");
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0.path()).output());
    }
}

fn facts(folder: &Path) -> Vec<Fact> {
    journal::read_journal(folder).unwrap().events.into_iter().map(|event| event.fact).collect()
}

#[test]
fn a_command_on_a_full_disk_is_neither_killed_nor_blocked_and_the_next_is_refused_until_there_is_room() {
    let Some(small) = Small::mount("1m") else { return };
    let folder = small.run();
    let recorder = Recorder::start_with(Mode::Attended, |options| options.folder.clone_from(&folder));
    let mut client = Client::drive_in(&recorder, &folder);
    let ran = client.run("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo the end; touch finished; (exit 3)");
    assert!(recorder.dir().join("finished").exists());
    let output = &ran.finished.output;
    assert_eq!((ran.finished.status, output.length_bytes), (Some(3), 3_000_000 + 11));
    assert!(output.kept_bytes < 1 << 20, "{}", output.kept_bytes);
    assert!(ran.text().ends_with("xxx\r\nthe end\r\n") && ran.output.len() > 1 << 20, "the last MiB is shown");
    assert!(facts(&folder).iter().any(|fact| matches!(fact, Fact::CommandFinished(end) if end.status == Some(3))));

    // The disk may take a little more yet, out of what is reserved.
    let refused = (0..400).find_map(|_| client.try_run(Client::command("echo more; touch ran"), &[]).err());
    assert!(matches!(refused, Some(WireReply::Failed { what: Failure::Record, .. })), "{refused:?}");
    std::fs::remove_file(recorder.dir().join("ran")).unwrap();
    assert!(client.try_run(Client::command("touch ran"), &[]).is_err());
    assert!(!recorder.dir().join("ran").exists(), "nothing runs without a record");
    let mut unrecorded = Client::command("touch ran; echo shown and not kept");
    unrecorded.unrecorded = true;
    let ran = client.run_with(unrecorded, &[]);
    assert_eq!(ran.text(), "shown and not kept\r\n");
    assert!(recorder.dir().join("ran").exists(), "the operator has said so");
    let before = facts(&folder);

    let output = std::fs::read_dir(folder.join("output")).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(output).unwrap();
    assert_eq!(client.run("echo there is room again").text(), "there is room again\r\n");
    let after = facts(&folder);
    assert_eq!(after[..before.len()], before);
    assert!(matches!(&after[before.len()], Fact::RecordFailed(failed) if failed.lost_events == 2), "{after:?}");
}
