//! Readers of our forms that are not ours: what `.ci/readers` fetches, and a browser.
//!
//! Invariant: a reader that is missing skips the test by name, or fails it where it is required. Refuses to know: what is read.

use super::needs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What `.ci/readers` fetches and names by a variable: the file, or none, and then the test is skipped by name, or fails where
/// `RUNBOOK_TEST_REQUIRE` names the variable (or says `all`).
pub fn tool(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.exists());
    if found.is_none() {
        let required = std::env::var("RUNBOOK_TEST_REQUIRE").unwrap_or_default();
        let is_required = required.split(',').any(|name| name == variable || name == "all");
        assert!(!is_required, "`{variable}` is required and names no file: eval \"$(.ci/readers)\"");
        println!("skipped: `{variable}` names no file");
    }
    found
}

/// Runs a program on files and fails the test with what it said.
pub fn accepts(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "`{} {arguments:?}`:\n{said}", program.display());
    said
}

/// Opens pages in Chromium, each at two widths, light and dark, and fails the test with what a reader must never meet: see
/// `.ci/browser.py`. Where there is no browser the test is skipped by name.
pub fn a_browser_finds_nothing(pages: &[(&str, String)]) {
    let (Some(python), Some(axe)) = (tool("RUNBOOK_TEST_PYTHON"), tool("RUNBOOK_TEST_AXE")) else { return };
    if !needs("chromium") || !needs("chromedriver") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let check = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/browser.py");
    let mut arguments = vec![check, axe];
    for (name, page) in pages {
        let path = folder.path().join(format!("{name}.html"));
        std::fs::write(&path, page).unwrap();
        arguments.push(path);
    }
    if let Some(pictures) = std::env::var_os("RUNBOOK_TEST_PICTURES") {
        arguments.extend([PathBuf::from("--pictures"), PathBuf::from(pictures)]);
    }
    let arguments: Vec<&str> = arguments.iter().map(|path| path.to_str().unwrap()).collect();
    accepts(&python, &arguments);
}
