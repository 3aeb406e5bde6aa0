//! `runbook verify` on folders that are not what a run left behind.

mod support;

use support::Home;

#[test]
fn verify_names_an_emptied_journal_another_runs_journal_and_another_document() {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("r.md", "# R\n\n```bash\necho one\n```\n");
    for _ in 0..2 {
        home.runbook(&["run", "--yes", "r.md"]).exits(0);
    }
    let runs = home.runs();
    let name = |index: usize| runs[index].file_name().unwrap().to_str().unwrap().to_owned();
    home.runbook(&["verify", &name(0)]).exits(0);

    let document = runs[0].join("runbook.md");
    let kept = std::fs::read(&document).unwrap();
    std::fs::write(&document, "# R\n\n```bash\necho two\n```\n").unwrap();
    home.runbook(&["verify", &name(0)]).exits(1).says("`runbook.md` is not the document that ran");
    std::fs::remove_file(&document).unwrap();
    home.runbook(&["verify", &name(0)]).exits(1).says("`runbook.md`, the document that ran, cannot be read");
    std::fs::write(&document, kept).unwrap();

    let journal = runs[0].join("journal.jsonl");
    let own = std::fs::read_to_string(&journal).unwrap();
    std::fs::copy(runs[1].join("journal.jsonl"), &journal).unwrap();
    home.runbook(&["verify", &name(0)]).exits(1).says(&format!("the journal is that of `{}`", name(1)));
    let header = own.lines().next().unwrap();
    for text in [String::new(), format!("{header}\n")] {
        std::fs::write(&journal, text).unwrap();
        home.runbook(&["verify", &name(0)]).exits(1).says("the journal has no event");
    }
    std::fs::write(&journal, own).unwrap();
    home.runbook(&["verify", &name(0)]).exits(0);
}

#[test]
fn verify_names_a_changed_a_longer_and_a_missing_transcript_and_accepts_what_the_record_renders() {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("r.md", "# R\n\n```bash\necho one\nseq 3000\n```\n");
    home.runbook(&["run", "--yes", "r.md"]).exits(0);
    let run = home.runs().pop().unwrap();
    let name = run.file_name().unwrap().to_str().unwrap().to_owned();
    home.runbook(&["verify", &name]).exits(0).prints("transcript: as the record renders it");

    let path = run.join("transcript.md");
    let kept = std::fs::read_to_string(&path).unwrap();
    let line = kept.lines().position(|line| line.contains("echo one")).unwrap() + 1;
    std::fs::write(&path, kept.replacen("echo one", "echo two", 1)).unwrap();
    let wrong = format!("`transcript.md` is not what the record renders, from line {line} on");
    home.runbook(&["verify", &name]).exits(1).says(&wrong).says("`runbook transcript`");
    home.runbook(&["verify", run.join("journal.jsonl").to_str().unwrap()]).exits(1).says(&wrong);
    for changed in [kept.clone() + "\n", kept.trim_end().to_owned(), String::new(), format!("\n{kept}")] {
        std::fs::write(&path, changed).unwrap();
        home.runbook(&["verify", &name]).exits(1).says("`transcript.md` is not what the record renders");
    }
    std::fs::remove_file(&path).unwrap();
    home.runbook(&["verify", &name]).exits(1).says("`transcript.md` is missing");
    home.runbook(&["transcript", &name, "--output", path.to_str().unwrap()]).exits(0);
    home.runbook(&["verify", &name]).exits(0);
}

#[test]
fn verify_and_transcript_refuse_a_pipe_or_a_device_in_the_place_of_any_file() {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("r.md", "# R\n\n```bash\nseq 3000\n```\n");
    home.runbook(&["run", "--yes", "r.md"]).exits(0);
    let run = home.runs().pop().unwrap();
    let name = run.file_name().unwrap().to_str().unwrap().to_owned();
    let output = std::fs::read_dir(run.join("output")).unwrap().next().unwrap().unwrap().path();
    for path in [run.join("transcript.md"), run.join("runbook.md"), output, run.join("journal.jsonl")] {
        let kept = run.join("kept");
        std::fs::rename(&path, &kept).unwrap();
        let status = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(status.success());
        let verified = home.runbook(&["verify", &name]).says("it is no ordinary file");
        assert_ne!(verified.status, Some(0), "{}", path.display());
        // Nothing waits for the pipe's other end.
        drop(home.runbook(&["transcript", &name]));
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        let verified = home.runbook(&["verify", &name]).says("it is no ordinary file");
        assert_ne!(verified.status, Some(0), "{}", path.display());
        drop(home.runbook(&["transcript", &name]));
        std::fs::remove_file(&path).unwrap();
        std::fs::rename(&kept, &path).unwrap();
    }
    home.runbook(&["verify", &name]).exits(0);
}

#[test]
fn an_output_that_differs_from_its_digest_has_the_mark_of_verify_in_every_format() {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("r.md", "# R\n\n```bash\nseq 3000\necho short\n```\n");
    home.runbook(&["run", "--yes", "r.md"]).exits(0);
    let run = home.runs().pop().unwrap();
    let name = run.file_name().unwrap().to_str().unwrap().to_owned();
    let formats = ["markdown", "html", "text", "json", "asciicast", "asciicast-v2", "junit"];
    let is_marked = |format: &str, what: &str| {
        let shown = home.runbook(&["transcript", &name, "--format", format]).exits(0).stdout;
        let shown = shown.replace("&#39;", "'").replace('\\', "");
        (shown.contains(what), shown)
    };
    for format in formats {
        let (marked, shown) = is_marked(format, "not as recorded");
        assert!(!marked && !shown.contains("mismatch\":"), "{format}: {shown}");
    }
    let output = std::fs::read_dir(run.join("output")).unwrap().next().unwrap().unwrap().path();
    let kept = std::fs::read_to_string(&output).unwrap();
    for (changed, mark) in [
        (Some(kept.replacen("17", "71", 1)), "its output file was changed"),
        (Some(kept.replacen("2999", "", 1)), "bytes, and"),
        (Some(kept.clone() + "3001\n"), "bytes, and"),
        (None, "its output file cannot be read"),
    ] {
        match changed {
            Some(changed) => std::fs::write(&output, changed).unwrap(),
            None => std::fs::remove_file(&output).unwrap(),
        }
        let verified = home.runbook(&["verify", &name]).exits(1).says(mark);
        let reason = verified.stderr.lines().find(|line| line.contains(mark)).unwrap().to_owned();
        let (_, reason) = reason.split_once("event ").unwrap().1.split_once(": ").unwrap();
        for format in formats {
            let (marked, shown) = is_marked(format, reason);
            assert!(marked, "{format} lacks `{reason}`: {shown}");
        }
        std::fs::write(&output, &kept).unwrap();
    }
    home.runbook(&["verify", &name]).exits(0);
}
