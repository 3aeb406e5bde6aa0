//! `.runbook.toml`, and the operator's own `config.toml`: the findings that `check` leaves out or treats as errors.
//!
//! Invariant: no key of such a file permits a run more; a key that would is rejected. Refuses to know: the meaning of the codes.

use super::environment::Environment;
use super::error::Failure;
use crate::review::{Finding, Severity, find_code};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// File name of a repository's configuration. The nearest one in a folder above the document is read.
const CONFIG_FILE_NAME: &str = ".runbook.toml";

/// Settings of `check` for one document, gathered from all configuration files.
#[derive(Debug, Default)]
pub(super) struct CheckConfig {
    allow: Vec<String>,
    deny: Vec<String>,
    /// True if any warning makes the check fail.
    pub(super) deny_warnings: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConfigFile {
    check: CheckSection,
    /// Kept only to reject it: a file must not permit a run anything.
    run: Option<toml::Table>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CheckSection {
    /// Codes that are left out.
    allow: Vec<String>,
    /// Codes that are errors; `warnings`: all warnings make the check fail.
    deny: Vec<String>,
    /// Codes that are left out below a folder, or in a file, by path from this file's folder.
    paths: BTreeMap<String, Vec<String>>,
}

impl CheckConfig {
    /// Reads the configuration files that apply to a document. Fails when one cannot be read or parsed, names an unknown code, or
    /// has a `[run]` table.
    pub(super) fn for_document(document: &Path, environment: &Environment) -> Result<Self, Failure> {
        let document = std::path::absolute(document).unwrap_or_else(|_| document.to_owned());
        let mut config = Self::default();
        let above =
            document.ancestors().skip(1).map(|folder| folder.join(CONFIG_FILE_NAME)).find(|file| file.is_file());
        for file in above.into_iter().chain(own_config_path(environment)) {
            config.read_file(&file, &document)?;
        }
        Ok(config)
    }

    fn read_file(&mut self, path: &Path, document: &Path) -> Result<(), Failure> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::usage_error(format!("`{shown}` cannot be read: {error}")))?;
        let file: ConfigFile = toml::from_str(&text).map_err(|error| {
            Failure::usage_error(format!("`{shown}` cannot be understood: {}", error.to_string().trim_end()))
                .with_help("under `[check]` stand `allow`, `deny` and `paths`")
        })?;
        if file.run.is_some() {
            return Err(Failure::usage_error(format!("`[run]` in `{shown}` grants nothing"))
                .with_help("only the flags of whoever runs a procedure loosen it; remove the table"));
        }
        let CheckSection { allow, deny, paths } = file.check;
        let below = document.strip_prefix(path.parent().unwrap_or(Path::new(""))).unwrap_or(document);
        let here = paths.into_iter().filter(|(prefix, _)| below.starts_with(prefix)).flat_map(|(_, codes)| codes);
        let allow: Vec<String> = allow.into_iter().chain(here).collect();
        for name in allow.iter().chain(&deny).filter(|name| *name != "warnings") {
            if find_code(name).is_none() {
                return Err(Failure::usage_error(format!("there is no finding `{name}`, which `{shown}` names"))
                    .with_help("docs/findings.md lists them"));
            }
        }
        self.deny_warnings |= deny.iter().any(|name| name == "warnings");
        self.allow.extend(allow);
        self.deny.extend(deny);
        Ok(())
    }

    /// Removes the findings that are allowed, and raises those that are denied to errors.
    pub(super) fn apply_to_findings(&self, findings: &mut Vec<Finding>) {
        findings.retain(|finding| !self.allow.iter().any(|name| name == finding.code));
        for finding in findings.iter_mut().filter(|finding| self.deny.iter().any(|name| name == finding.code)) {
            finding.severity = Severity::Error;
        }
    }
}

/// Path of the operator's own configuration file, if there is one.
fn own_config_path(environment: &Environment) -> Option<PathBuf> {
    let config = environment.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || environment.get("HOME").map(|home| PathBuf::from(home).join(".config"));
    config.or_else(home).map(|folder| folder.join("runbook/config.toml")).filter(|file| file.is_file())
}
