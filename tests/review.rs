//! The review of documents: what is found, where exactly, and in which form.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "helpers outside a #[test] fn are not covered by allow-unwrap-in-tests"
)]

use runbook::document::Runbook;
use runbook::review::{CODES, Finding, Given, review};
use std::fmt::Write as _;

/// What the program prints, from the repository's folder, with nothing of the environment but `PATH`.
fn program(arguments: &[&str]) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_runbook"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Reviews without asking bash or the machine.
fn reviewed(text: &str) -> (Runbook, Vec<Finding>) {
    let runbook = Runbook::parse(text.as_bytes());
    let mut given = Given {
        rejects: &mut |_| None,
        is_program: &|_| false,
        exists: &|_| Some(false),
        is_set: &|name| name == "HOME",
    };
    let findings = review(&runbook, &mut given);
    (runbook, findings)
}

fn found(text: &str) -> Vec<(&'static str, String)> {
    let (runbook, findings) = reviewed(text);
    findings.iter().map(|finding| (finding.code, runbook.text[finding.span.clone()].to_owned())).collect()
}

fn cell(text: &str) -> String {
    format!("# T\n\n```bash\n{text}\n```\n")
}

#[test]
fn the_review_of_a_document_with_every_hazard_reads_as_a_colleague_would_write_it() {
    let output = program(&["check", "fixtures/review/shop.md"]);
    insta::assert_snapshot!(output);
}

#[test]
fn a_pipe_that_was_told_to_fail_hides_nothing() {
    let restore = "gunzip -c copy.gz | psql shop";
    assert!(found(&cell(restore)).iter().any(|(code, _)| *code == "pipe-hides-failure"));
    let told = found(&cell(&format!("set -o pipefail\n{restore}")));
    assert!(told.iter().all(|(code, _)| *code != "pipe-hides-failure"), "{told:?}");
}

#[test]
fn what_the_front_matter_sets_is_set() {
    let text = format!("---\nenv:\n  SHOP: one\n---\n{}", cell("ls \"$SHOP\" \"$NOBODY\""));
    let unset: Vec<_> = found(&text).into_iter().filter(|(code, _)| *code == "unset-variable").collect();
    assert_eq!(unset, [("unset-variable", "$NOBODY".to_owned())]);
}

#[test]
fn a_span_is_the_very_text_it_is_about_in_lists_quotes_crlf_and_tabs() {
    for (text, wanted) in [
        (cell("kubectl logs <pod>"), "<pod>"),
        (
            "# T\n\n1. One\n\n   - two\n\n     ```bash\n     kubectl logs \\\n       <pod>\n     ```\n".to_owned(),
            "<pod>",
        ),
        ("# T\n\n> > ```bash\n> > kubectl logs <pod>\n> > ```\n".to_owned(), "<pod>"),
        (cell("kubectl logs <pod>").replace('\n', "\r\n"), "<pod>"),
        (cell("\tkubectl\tlogs\t<pod>"), "<pod>"),
        (cell("echo 'é ü 漢'; kubectl logs <pod>"), "<pod>"),
    ] {
        let places = found(&text);
        assert!(places.contains(&("placeholder", wanted.to_owned())), "{text:?}: {places:?}");
    }
}

#[test]
fn a_check_that_stops_nothing_is_named_before_what_it_should_have_kept() {
    let drop = "docker-compose exec -T db psql -c 'DROP DATABASE shop'";
    let codes = |text: &str| found(&cell(text)).into_iter().map(|(code, _)| code).collect::<Vec<_>>();
    assert!(codes(&format!("sha256sum -c f\n{drop}")).contains(&"unchecked-destruction"));
    for text in [
        format!("set -e\nsha256sum -c f\n{drop}"),
        format!("sha256sum -c f && {drop}"),
        "sha256sum -c f\nls".to_owned(),
    ] {
        assert!(!codes(&text).contains(&"unchecked-destruction"), "{text}");
    }
}

#[test]
fn a_comment_allows_a_finding_on_its_line_and_the_next() {
    assert_eq!(found(&cell("docker exec -it db ls # runbook: allow terminal-needed")), []);
    assert_eq!(found(&cell("# runbook: allow terminal-needed\ndocker exec -it db ls")), []);
    assert_eq!(found(&cell("# runbook: allow placeholder\ndocker exec -it db ls")).len(), 1);
    assert_eq!(found(&format!("<!-- runbook: allow terminal-needed -->\n\n{}", cell("docker exec -it db ls"))), []);
}

#[test]
fn an_ordinary_careful_runbook_is_left_in_peace() {
    let text = "# Deploy\n\nSee [below](#check).\n\n```bash\nkubectl -n shop rollout restart deploy/web\nkubectl -n shop rollout status deploy/web\n```\n\n## Check\n\n```bash\ncurl -fsS https://shop.example.com/healthz\n```\n";
    assert_eq!(found(text), []);
}

#[test]
fn every_code_is_documented_and_the_page_is_made_from_the_table() {
    let mut page = String::from(
        "# Findings\n\nWhat `runbook check` finds. `runbook check --explain CODE` says the same. To allow one on a line, write `# runbook: allow CODE`\nbehind the command or above it; `<!-- runbook: allow CODE -->` allows it in the whole document.\n",
    );
    for code in CODES {
        write!(
            page,
            "\n## {}\n\n*{}*: {}.\n\n{} For example: {}.\n\nWhat to do: {}.\n",
            code.name,
            code.severity.as_str(),
            code.title,
            code.why,
            code.example,
            code.help
        )
        .unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/findings.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), page, "run the test once with UPDATE_DOCS=1");
    let mut names: Vec<&str> = CODES.iter().map(|code| code.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, CODES.iter().map(|code| code.name).collect::<Vec<_>>(), "in order, each once");
}

#[test]
fn sarif_has_what_its_schema_asks_for() {
    let log: serde_json::Value =
        serde_json::from_str(&program(&["check", "--format", "sarif", "fixtures/review/shop.md"])).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(results.len() > 10);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "fixtures/review/shop.md");
        let region = &place["region"];
        let at = |name: &str| region[name].as_u64().unwrap();
        assert!(at("startLine") >= 1 && at("startColumn") >= 1);
        assert!((at("endLine"), at("endColumn")) >= (at("startLine"), at("startColumn")));
    }
}

#[test]
fn a_hostile_document_is_a_finding_and_no_hang() {
    for text in [
        cell(&"$(".repeat(200_000)),
        cell(&"cat <<E\nx\nE\n".repeat(3_000)),
        cell(&"a; ".repeat(80_000)),
        cell(&"echo ".repeat(50_000)),
        format!("# T\n\n{}", "[x](#y)`".repeat(20_000)),
        "`a b` ".repeat(30_000),
        "## S\n".repeat(5_000),
    ] {
        reviewed(&text);
    }
}
