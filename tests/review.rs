//! The review of documents: what is found, where exactly, and in which form.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "helpers outside a #[test] fn are not covered by allow-unwrap-in-tests"
)]

mod support;

use runbook::document::Runbook;
use runbook::review::{CODES, Finding, Probes, Review};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use support::{Home, needs};

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
    let runbook = Runbook::parse_bytes(text.as_bytes());
    let mut given = Probes {
        syntax_error: &mut |_| None,
        is_program_installed: &|_| false,
        path_exists: &|_| Some(false),
        is_variable_set: &|name| name == "HOME",
    };
    let findings = Review::new(&runbook).run_checks(&mut given);
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

/// The schema of SARIF 2.1.0, from a package that is never built and stands in the lock file for this alone.
fn sarif_schema() -> Option<PathBuf> {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    let package = metadata["packages"].as_array()?.iter().find(|package| package["name"] == "serde-sarif")?;
    let schema = Path::new(package["manifest_path"].as_str()?).parent()?.join("src/schema.json");
    schema.is_file().then_some(schema)
}

#[test]
fn sarif_is_valid_by_its_schema() {
    if !needs("jsonschema") {
        return;
    }
    let Some(schema) = sarif_schema() else {
        assert!(std::env::var_os("RUNBOOK_TEST_REQUIRE").is_none(), "no schema of SARIF is there");
        return println!("skipped: no schema of SARIF is there");
    };
    let home = Home::new();
    let valid = |name: &str, log: &str| {
        let instance = home.write(name, log);
        let output = std::process::Command::new("jsonschema").arg("--instance").arg(&instance).arg(&schema).output();
        let output = output.unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for document in ["fixtures/review/shop.md", "fixtures/runbooks/warehouse.md", "fixtures/document/err_odd_bytes.md"]
    {
        let log = program(&["check", "--format", "sarif", document]);
        let (is_valid, said) = valid("log.sarif", &log);
        assert!(is_valid, "{document}: {said}");
    }
    let log = program(&["check", "--format", "sarif", "fixtures/review/shop.md"]);
    assert!(!valid("bad.sarif", &log.replace("\"ruleId\"", "\"rule\"")).0, "the schema knows its properties");
}

/// What each finding of a document is about, without what a list or a quote puts before its lines.
fn marked(text: &str) -> Vec<(&'static str, String)> {
    let mut places: Vec<_> = found(text)
        .into_iter()
        .map(|(code, text)| {
            let lines = text.lines().map(|line| line.trim_start_matches(['>', ' ', '\t']).trim_end());
            (code, lines.collect::<Vec<_>>().join("\n"))
        })
        .collect();
    places.sort();
    places
}

#[test]
fn every_finding_is_about_the_same_text_in_a_list_in_a_quote_and_with_other_line_ends() {
    let lines = [
        "kubectl logs <pod>",
        "curl https://shop.example.com/health",
        "sha256sum -c f",
        "docker-compose exec db psql -c 'DROP DATABASE shop'",
        "top",
        "gunzip -c b.gz | \\",
        "  psql shop",
        "export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEX",
        "COPY=b_20240131.gz",
        "sudo systemctl restart web",
        "ls $UNSET_THING",
        "cat <<EOF",
        "x",
        "EOF",
        "/incident create x",
        "kubctl get pods",
    ];
    let body = |before: &str| lines.map(|line| format!("{before}{line}")).join("\n");
    let plain = marked(&format!("# T\n\n```bash\n{}\n```\n", body("")));
    assert!(plain.len() >= 10, "{plain:?}");
    for (what, text) in [
        ("a list", format!("# T\n\n1. One\n\n   ```bash\n{}\n   ```\n", body("   "))),
        ("a list in a list", format!("# T\n\n- One\n  - Two\n\n    ```bash\n{}\n    ```\n", body("    "))),
        ("a quote", format!("# T\n\n> ```bash\n{}\n> ```\n", body("> "))),
        ("a quote in a quote", format!("# T\n\n> > ```bash\n{}\n> > ```\n", body("> > "))),
    ] {
        assert_eq!(marked(&text), plain, "{what}: {text}");
    }
    let crlf = format!("# T\n\n```bash\n{}\n```\n", body("")).replace('\n', "\r\n");
    let others = |places: Vec<(&'static str, String)>| {
        places.into_iter().filter(|(code, _)| *code != "crlf").collect::<Vec<_>>()
    };
    assert_eq!(others(marked(&crlf)), plain);
    let tabs = format!("# T\n\n```bash\n{}\n```\n", body("").replace("kubectl logs <pod>", "\tkubectl\tlogs\t<pod>"));
    assert!(marked(&tabs).contains(&("placeholder", "<pod>".to_owned())));
}

/// The processor time that a check of a document takes, in milliseconds.
fn processor_time(home: &Home, text: &str) -> f64 {
    home.write("big.md", text);
    let script = "\"$0\" check big.md > /dev/null 2>&1; code=$?; times > times; tail -n 1 times; exit $((code > 1))";
    let output = home.run(Path::new("/bin/bash"), &["-c", script, env!("CARGO_BIN_EXE_runbook")], b"").exits(0);
    let times = output.stdout.split_whitespace().map(|time| {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
        minutes.parse::<f64>().unwrap() * 60_000.0 + seconds.parse::<f64>().unwrap() * 1_000.0
    });
    times.sum()
}

#[test]
fn a_document_of_twice_the_size_takes_no_four_times_the_work() {
    type Make = fn(usize) -> String;
    let home = Home::new();
    let kinds: [(&str, Make, usize); 8] = [
        ("depth", |n| cell(&"$(".repeat(n)), 100_000),
        ("heredocs", |n| cell(&"cat <<E\nx\nE\n".repeat(n)), 1_500),
        ("lists", |n| cell(&"a; ".repeat(n)), 40_000),
        ("a cell", |n| cell(&"ls -l /srv\n".repeat(n)), 3_000),
        ("a line", |n| cell(&"echo ".repeat(n)), 25_000),
        ("cells", |n| cell("rm -rf x\n\n# two\n\nls").repeat(n), 300),
        ("links", |n| format!("# T\n\n{}", "[x](#y) `a b` ".repeat(n)), 10_000),
        ("headings", |n| "## S\n\ntext\n\n".repeat(n), 5_000),
    ];
    for (what, make, size) in kinds {
        let (once, twice) = (processor_time(&home, &make(size)), processor_time(&home, &make(2 * size)));
        println!("{what}: {once:.0} ms, twice the size {twice:.0} ms");
        // Square growth would be four times; what takes next to nothing proves nothing either way.
        assert!(twice < 3.4 * once + 150.0, "{what}: {once:.0} ms, twice the size {twice:.0} ms");
    }
}

#[test]
fn a_repository_allows_and_denies_findings_and_grants_nothing() {
    let home = Home::new();
    home.write("docs/r.md", cell("docker exec -it db ls"));
    let check = |arguments: &[&str]| home.runbook(&[&["check"], arguments].concat());
    drop(check(&["docs/r.md"]).exits(0).prints("terminal-needed"));
    home.write(".runbook.toml", "[check]\ndeny = [\"terminal-needed\"]\n");
    drop(check(&["docs/r.md"]).exits(1).prints("error[terminal-needed]"));
    home.write(".runbook.toml", "[check.paths]\n\"docs/\" = [\"terminal-needed\"]\n");
    assert!(!check(&["docs/r.md"]).exits(0).stdout.contains("terminal-needed"));
    home.write(".runbook.toml", "[check]\nallow = [\"terminal-neded\"]\n");
    drop(check(&["docs/r.md"]).exits(2).says("there is no finding `terminal-neded`"));
    home.write(".runbook.toml", "[run]\nyes = true\n");
    drop(check(&["docs/r.md"]).exits(2).says("grants nothing"));
    drop(home.runbook(&["run", "docs/r.md"]).exits(2).says("--yes"));
}
