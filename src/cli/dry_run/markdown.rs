//! The reviewed plan as a document for a review.
//!
//! Invariant: text of the document is escaped, and stays text. Refuses to know: how the plan was reviewed.

use super::model::{DryRun, PlanEntry, ReviewedStep};
use crate::term::sanitize_text;
use std::fmt::Write as _;

impl DryRun<'_> {
    /// The reviewed plan as a Markdown document.
    pub(in crate::cli) fn to_markdown(&self) -> String {
        let mut out = format!("# Dry run: {}\n\n", escape_markdown(&self.plan.procedure.title));
        let _ = writeln!(
            out,
            "`{}`, line {}, on {} in {}. Nothing was run.\n",
            self.file,
            self.plan.procedure.line,
            escape_markdown(&self.policy.place.host),
            escape_markdown(&self.policy.place.cwd)
        );
        for (name, value) in &self.plan.environment {
            let _ = writeln!(out, "The document sets {}={}.\n", escape_markdown(name), escape_markdown(value));
        }
        for entry in &self.entries {
            match entry {
                PlanEntry::Choice(_, title) => {
                    let _ = writeln!(out, "## Choice: {}\n", escape_markdown(title));
                }
                PlanEntry::Option(_, option) => {
                    let _ = writeln!(out, "### {}\n", escape_markdown(&option.title));
                }
                PlanEntry::Step(_, reviewed) => step_markdown(&mut out, reviewed),
            }
        }
        out.push_str("## Unattended\n\n");
        for lack in &self.missing {
            let flag = lack.flag.as_ref().map_or_else(|| "needs an operator".to_owned(), |flag| format!("`{flag}`"));
            let _ = writeln!(out, "- line {}: {}; {flag}", lack.line, escape_markdown(&lack.found));
        }
        if self.missing.is_empty() {
            out.push_str("Every question is answered.\n");
        }
        if !self.findings.is_empty() {
            out.push_str("\n## Findings\n\n");
        }
        for finding in &self.findings {
            let _ = writeln!(out, "- {}", escape_markdown(finding));
        }
        out
    }
}

fn step_markdown(out: &mut String, reviewed: &ReviewedStep<'_>) {
    let step = reviewed.step;
    let _ = writeln!(out, "## {} {}\n", escape_markdown(&step.number), escape_markdown(&step.title));
    for why in reviewed.asks.iter().chain(&reviewed.left_out) {
        let _ = writeln!(out, "*{}*\n", escape_markdown(why));
    }
    if step.commands.is_empty() && !step.body.is_empty() {
        let _ = writeln!(out, "{}\n", escape_markdown(&step.body));
    }
    for line in &reviewed.commands {
        let longest = line.text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat((longest + 1).max(3));
        let _ = writeln!(out, "{fence}bash\n{}\n{fence}\n", line.text);
        let _ = writeln!(out, "- risk: {}", escape_markdown(&line.risk_summary()));
        for said in line.risk_reasons().into_iter().chain(line.further_remarks()) {
            let _ = writeln!(out, "- {}", escape_markdown(&said));
        }
        for (field, values) in line.known_effects() {
            let _ = writeln!(out, "- {field}: {}", escape_markdown(&values.join(", ")));
        }
        let _ = writeln!(out, "- operator: {}", escape_markdown(&line.operator_answer()));
        let _ = writeln!(out, "- `--yes`: {}\n", escape_markdown(&line.unattended));
    }
}

/// Escapes text for Markdown. Backticks are kept: our own words use them.
fn escape_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in sanitize_text(text).chars() {
        if matches!(c, '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#') {
            out.push('\\');
        }
        out.push(if c == '\n' { ' ' } else { c });
    }
    // Backslashes are literal inside backticks, so take the escapes out again there.
    let parts: Vec<String> = out
        .split('`')
        .enumerate()
        .map(|(i, part)| if i % 2 == 1 { part.replace('\\', "") } else { part.to_owned() })
        .collect();
    parts.join("`")
}
