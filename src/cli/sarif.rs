//! Findings in SARIF 2.1.0, as code hosts take them.
//!
//! Invariant: only properties of the schema are used; columns count code points, as the log declares.

use super::findings::{Checked, position};
use super::open::Opened;
use crate::review::{CODES, Code, Finding, Severity};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A SARIF log with one run, over all documents that were checked.
pub(super) fn log(checked: &[Checked]) -> Value {
    let results: Vec<Value> =
        checked.iter().flat_map(|one| one.findings.iter().map(|finding| result(&one.opened, finding))).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "runbook",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": CODES.iter().map(rule).collect::<Vec<_>>(),
                }
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.name,
        "shortDescription": { "text": code.title },
        "fullDescription": { "text": code.why },
        "help": { "text": code.help },
        "defaultConfiguration": { "level": level(code.severity) },
    })
}

fn level(severity: Severity) -> &'static str {
    severity.as_str()
}

fn result(opened: &Opened, finding: &Finding) -> Value {
    let index = CODES.iter().position(|code| code.name == finding.code);
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": { "text": format!("{}. {}", finding.message, sentence(&finding.help)) },
        "locations": [location(opened, &finding.span, None)],
    });
    if let (Some(index), Some(fields)) = (index, result.as_object_mut()) {
        fields.insert("ruleIndex".to_owned(), json!(index));
    }
    if !finding.also.is_empty()
        && let Some(fields) = result.as_object_mut()
    {
        let also: Vec<Value> = finding.also.iter().map(|(span, words)| location(opened, span, Some(words))).collect();
        fields.insert("relatedLocations".to_owned(), json!(also));
    }
    result
}

fn sentence(help: &str) -> String {
    let mut chars = help.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

fn location(opened: &Opened, span: &std::ops::Range<usize>, words: Option<&str>) -> Value {
    let (line, column) = position(opened, span.start);
    let (end_line, end_column) = position(opened, span.end);
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&opened.path.to_string_lossy()) },
            "region": { "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column },
        }
    });
    if let (Some(words), Some(fields)) = (words, location.as_object_mut()) {
        fields.insert("message".to_owned(), json!({ "text": words }));
    }
    location
}

/// A path as a URI reference, percent-encoded; absolute paths become `file://` URIs.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.trim_start_matches("./").bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    if path.starts_with('/') { format!("file://{out}") } else { out }
}
