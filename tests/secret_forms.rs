//! Forms of a registered secret in a run: nothing of it is in the output, the record or the transcript.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the record fails")]

mod support;

use std::fs;
use std::path::Path;
use support::Home;

const SECRET: &str = "hunter2hunter2QQzz";

/// All files of a folder as text.
fn read_folder(folder: &Path, out: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() && !entry.is_symlink() {
            read_folder(&entry, out);
        } else if entry.is_file() {
            out.push_str(&String::from_utf8_lossy(&fs::read(&entry).unwrap()));
        }
    }
}

#[test]
fn a_secret_in_lines_columns_or_overstruck_is_in_no_record() {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("secret", SECRET);
    home.write(
        "r.md",
        "# R\n\n```bash\n: \"$DB_PASSWORD\"\nprintf 'the password is %s and more text after it' \"$DB_PASSWORD\" > f\nbase64 -w12 f\n\
         od -c f\nod -An -tx1 f\nfold -w 9 f\nsed 's/./&\\x08&/g' f\nsed 's/./\\&#x68;/' f > /dev/null\n```\n",
    );
    let ran = home.runbook(&[
        "run",
        "r.md",
        "--yes",
        "--allow",
        "unknown",
        "--allow",
        "destructive",
        "--input",
        "DB_PASSWORD=@secret",
    ]);
    let mut record = ran.stdout.clone();
    read_folder(&home.runs().pop().unwrap(), &mut record);
    record.push_str(&home.runbook(&["transcript"]).stdout);
    assert!(record.matches("[masked:DB_PASSWORD]").count() >= 5, "{record}");
    for part in ["hunter", "QQzz", "h   u   n", "68 75 6e 74", "h\u{8}hu", "aHVudGVy"] {
        assert!(!record.contains(part), "{part}: {record}");
    }
}

#[test]
fn a_password_in_a_command_is_in_no_step_id() {
    let home = Home::new().env("NO_COLOR", "1");
    home.write(
        "r.md",
        "# A\n\n```bash\necho postgres://u:hunter2secret@127.0.0.1:1/db\n```\n\nThen:\n\n```bash\necho ghp_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789\n```\n",
    );
    drop(home.runbook(&["run", "r.md", "--yes", "--allow", "unknown"]));
    let mut record = String::new();
    read_folder(&home.runs().pop().unwrap(), &mut record);
    let steps: Vec<&str> = record.split("\"step\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(steps.len() >= 2, "{record}");
    assert!(steps.iter().all(|step| !step.contains("hunter2") && !step.contains("abcdef")), "{steps:?}");
}
