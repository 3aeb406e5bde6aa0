//! Findings in SARIF 2.1.0, as code hosts take them.
//!
//! Invariant: only properties of the schema are used; columns count code points, as the log declares.

use super::findings::{CheckedDocument, line_and_column};
use super::open::OpenedDocument;
use crate::review::{CODES, Code, Finding, Severity};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A SARIF log with one run, over all documents that were checked.
pub(super) fn sarif_log(checked: &[CheckedDocument]) -> Value {
    let results: Vec<Value> =
        checked.iter().flat_map(|one| one.findings.iter().map(|finding| sarif_result(&one.opened, finding))).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "runbook",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": CODES.iter().map(sarif_rule).collect::<Vec<_>>(),
                }
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn sarif_rule(code: &Code) -> Value {
    json!({
        "id": code.name,
        "shortDescription": { "text": code.title },
        "fullDescription": { "text": code.why },
        "help": { "text": code.help },
        "defaultConfiguration": { "level": sarif_level(code.severity) },
    })
}

fn sarif_level(severity: Severity) -> &'static str {
    severity.as_str()
}

fn sarif_result(opened: &OpenedDocument, finding: &Finding) -> Value {
    let index = CODES.iter().position(|code| code.name == finding.code);
    let mut result = json!({
        "ruleId": finding.code,
        "level": sarif_level(finding.severity),
        "message": { "text": format!("{}. {}", finding.message, as_sentence(&finding.help)) },
        "locations": [sarif_location(opened, &finding.span, None)],
    });
    if let (Some(index), Some(fields)) = (index, result.as_object_mut()) {
        fields.insert("ruleIndex".to_owned(), json!(index));
    }
    if !finding.related.is_empty()
        && let Some(fields) = result.as_object_mut()
    {
        let also: Vec<Value> =
            finding.related.iter().map(|(span, words)| sarif_location(opened, span, Some(words))).collect();
        fields.insert("relatedLocations".to_owned(), json!(also));
    }
    result
}

fn as_sentence(help: &str) -> String {
    let mut chars = help.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

fn sarif_location(opened: &OpenedDocument, span: &std::ops::Range<usize>, words: Option<&str>) -> Value {
    let (line, column) = line_and_column(opened, span.start);
    let (end_line, end_column) = line_and_column(opened, span.end);
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": path_to_uri(&opened.path.to_string_lossy()) },
            "region": { "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column },
        }
    });
    if let (Some(words), Some(fields)) = (words, location.as_object_mut()) {
        fields.insert("message".to_owned(), json!({ "text": words }));
    }
    location
}

/// A path as a URI reference, percent-encoded; absolute paths become `file://` URIs.
fn path_to_uri(path: &str) -> String {
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
