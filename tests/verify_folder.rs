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
