//! What `runbook list` makes of a document with every hazard that the field's runbooks have.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot read its fixture fails, and a skipped one says so"
)]

mod support;

use serde_json::Value;
use support::Home;

fn fixture() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/runbooks/warehouse.md")).unwrap()
}

fn listed() -> Value {
    let home = Home::new();
    home.write("warehouse.md", fixture());
    let output = home.runbook(&["list", "--format", "json", "warehouse.md"]).exits(0);
    serde_json::from_str(&output.stdout).unwrap()
}

fn steps(listed: &Value, anchor: &str) -> Vec<String> {
    let procedures = listed["procedures"].as_array().unwrap();
    let found = procedures.iter().find(|procedure| procedure["anchor"] == anchor);
    let Some(procedure) = found else { return vec![format!("no procedure `{anchor}`")] };
    let line = |step: &Value| {
        let commands = step["commands"].as_array().unwrap().len();
        let asks = if step["conditional"].as_bool().unwrap() { " asks" } else { "" };
        format!(
            "{} {} [{} {commands}{asks}]",
            step["number"].as_str().unwrap(),
            step["title"].as_str().unwrap(),
            step["kind"].as_str().unwrap()
        )
    };
    procedure["steps"].as_array().unwrap().iter().map(line).collect()
}

#[test]
fn each_fence_has_the_kind_a_careful_person_would_give_it() {
    let listed = listed();
    let mut cells: Vec<(u64, String)> = Vec::new();
    for procedure in listed["procedures"].as_array().unwrap() {
        for cell in procedure["cells"].as_array().unwrap() {
            cells.push((cell["line"].as_u64().unwrap(), cell["kind"].as_str().unwrap().to_owned()));
        }
    }
    cells.sort();
    cells.dedup();
    let kinds: Vec<&str> = cells.iter().map(|(_, kind)| kind.as_str()).collect();
    let (c, m, r) = ("command", "message", "reference");
    assert_eq!(kinds, [c, c, c, m, c, c, c, c, c, r, c, c, c, c, c, c, c, c, c, r, c]);
    let fences = fixture().lines().filter(|line| line.trim_start().starts_with("```")).count();
    assert_eq!(cells.len() * 2, fences);
}

#[test]
fn a_numbered_comment_heads_the_unnumbered_ones_after_it() {
    assert_eq!(
        steps(&listed(), "the-database-from-a-copy"),
        [
            "1 Close the shop [command 1]",
            "2 Find the newest copy [command 1]",
            "3 Bring it back [command 1]",
            "3.1 Verify the checksum [command 1]",
            "3.2 Throw the old one away [command 2]",
            "3.3 Fill the new one [command 1]",
            "4 Migrate [command 1]",
            "5 Open the shop [command 1]",
            "6 Verify [command 1]",
        ]
    );
}

#[test]
fn commands_without_a_comment_of_their_own_stay_in_the_step_across_blank_lines() {
    assert_eq!(
        steps(&listed(), "everything-from-nothing"),
        [
            "0 cd /srv/warehouse [command 1]",
            "1 Put everything down [command 1]",
            "2 Is Docker itself well? [command 2]",
            "3 Up again, in order [command 5]",
            "4 Is everything there? [command 1]",
            "5 Keep an eye on it [command 1]",
        ]
    );
}

#[test]
fn numbered_headings_are_one_sequence_with_tasks_and_messages() {
    assert_eq!(
        steps(&listed(), "the-way-through-an-incident"),
        [
            "1.1 Is it true? [command 1]",
            "1.2 What is running? [command 1]",
            "1.3 What did it say last? [command 1]",
            "2 How bad is it? [task 0]",
            "3.1 Chat [task 0]",
            "3.2 Tell the status page [task 0]",
            "4.1 A quick look [command 3]",
            "4.2 If the shop is down, restart it [command 1 asks]",
            "4.3 If it is the database [command 1 asks]",
            "4.4 Look again [command 2]",
            "5 Message: Orders - [TIME] [message 0]",
            "6 Do what the cause asks for [task 0]",
            "7.1 Healthy? [command 1]",
            "7.2 Order something yourself [task 0]",
            "7.3 Watch for a quarter of an hour [command 1]",
            "8 Write it up [task 0]",
        ]
    );
}

#[test]
fn alternatives_are_a_choice_and_pasted_yaml_is_a_task() {
    let listed = listed();
    assert_eq!(
        steps(&listed, "trouble-1-orders-fail-with-500"),
        [
            "1 What does the shop say [command 1]",
            "2 Look through the error tracker [task 0]",
            "3 Does it reach the database [command 1]",
            "1.1 See the pool [command 1]",
            "1.2 Widen it in compose.live.yml [task 0]",
            "1.3 docker-compose -f compose.live.yml restart web [command 1]",
            "2.1 See the memory [command 1]",
            "2.2 Raise the limit [task 0]",
            "2.3 docker-compose -f compose.live.yml up -d [command 1]",
            "3.1 The cache forgets too soon [task 0]",
            "4.1 A bug [task 0]",
        ]
    );
    let procedures = listed["procedures"].as_array().unwrap();
    let trouble = procedures.iter().find(|p| p["anchor"] == "trouble-1-orders-fail-with-500").unwrap();
    let choice = &trouble["choices"][0];
    assert_eq!(choice["title"], "Causes & fixes");
    assert_eq!(choice["options"].as_array().unwrap().len(), 4);
}

#[test]
fn a_crontab_line_and_a_comment_without_a_command_are_tasks() {
    assert_eq!(
        steps(&listed(), "trouble-2-it-leaks"),
        [
            "1 See it grow [command 1]",
            "2 Count what is alive [command 1]",
            "1.1 docker-compose -f compose.live.yml restart web [command 1]",
            "2.1 Into the crontab [task 0]",
            "3.1 Order it (from the hosting provider) [task 0]",
        ]
    );
}

#[test]
fn bold_numbered_lines_and_checklists_are_steps() {
    let listed = listed();
    assert_eq!(
        steps(&listed, "a-planned-night"),
        [
            "1 Announce it [task 0]",
            "2.1 Copy the database [command 1]",
            "2.2 Try the way back [task 0]",
            "3 Afterwards [task 0]",
        ]
    );
    assert_eq!(
        steps(&listed, "once-a-month"),
        ["1 Change the keys [task 0]", "2 Update what we depend on (poetry update) [task 0]", "3 Try a copy [task 0]",]
    );
    assert_eq!(
        steps(&listed, "keys-have-leaked"),
        ["1 New keys [command 2]", "2 Nobody stays logged in [command 1]", "3 Tell the customers [task 0]"]
    );
}

#[test]
fn an_unrelated_edit_keeps_the_ids() {
    let ids = |text: String| {
        let home = Home::new();
        home.write("r.md", text);
        let output = home.runbook(&["list", "--format", "json", "r.md#the-database-from-a-copy"]).exits(0);
        let listed: Value = serde_json::from_str(&output.stdout).unwrap();
        let steps = listed["procedures"][0]["steps"].as_array().unwrap().clone();
        steps.iter().map(|step| step["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let before = ids(fixture());
    let after = ids(fixture()
        .replace("docker-compose run --rm web alembic upgrade head", "docker-compose run --rm web alembic upgrade 42")
        .replace("Read the part you need", "Read all of it"));
    let changed: Vec<_> = before.iter().zip(&after).filter(|(a, b)| a != b).collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
}

#[test]
fn a_file_that_is_missing_a_folder_or_binary_gives_a_clear_answer() {
    let home = Home::new();
    home.runbook(&["list", "none.md"]).exits(2).says("there is no file `none.md`");
    home.runbook(&["list", "."]).exits(2).says("`.` is a folder");
    home.write("binary.md", [0, 159, 146, 150, 0, 1, 2]);
    home.runbook(&["list", "binary.md"]).exits(0).says("`binary.md` has no step to run");
    home.write("r.md", fixture());
    home.runbook(&["list", "r.md#the-databse-from-a-copy"]).exits(2).says("the-database-from-a-copy");
}

#[test]
fn every_public_document_lists_as_text_and_as_json() {
    let Some(corpus) = support::corpus() else { return };
    let home = Home::new();
    let mut folders = vec![corpus];
    let mut documents = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let path = path.to_str().unwrap();
                drop(home.runbook(&["list", path]).exits(0));
                let json = home.runbook(&["list", "--format", "json", path]).exits(0).stdout;
                drop(serde_json::from_str::<Value>(&json).unwrap());
                documents += 1;
            }
        }
    }
    assert!(documents > 60, "{documents}");
}

#[test]
fn the_operations_runbook_has_the_fences_and_steps_a_careful_person_sees() {
    let Some(corpus) = support::corpus() else { return };
    let document = corpus.join("../seed/RUNBOOK.md");
    if !document.is_file() {
        println!("skipped: the operations runbook is not there");
        return;
    }
    let output = Home::new().runbook(&["list", "--format", "json", document.to_str().unwrap()]).exits(0);
    let listed: Value = serde_json::from_str(&output.stdout).unwrap();
    let mut kinds = std::collections::BTreeMap::new();
    for procedure in listed["procedures"].as_array().unwrap() {
        for cell in procedure["cells"].as_array().unwrap() {
            kinds.insert(cell["line"].as_u64().unwrap(), cell["kind"].as_str().unwrap().to_owned());
        }
    }
    let count = |kind: &str| kinds.values().filter(|k| *k == kind).count();
    assert_eq!((count("command"), count("message"), count("reference")), (38, 1, 3));
    let recovery = steps(&listed, "database-recovery");
    assert_eq!(recovery.len(), 9);
    assert_eq!(recovery[3], "3.1 Verify checksum [command 1]");
    assert_eq!(recovery[4], "3.2 Drop and recreate database [command 2]");
    assert_eq!(steps(&listed, "monthly-maintenance-checklist").len(), 9);
}
