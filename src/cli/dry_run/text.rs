//! The reviewed plan for people at a terminal.
//!
//! Invariant: text of the document is sanitised before it is printed. Refuses to know: how the plan was reviewed.

use super::model::{DryRun, PlanEntry, ReviewedStep};
use crate::risk::Level;
use crate::term::{Color, Style, sanitize_code, sanitize_text};
use std::fmt::Write as _;

impl DryRun<'_> {
    /// The reviewed plan as text for a terminal.
    pub(in crate::cli) fn to_text(&self, color: Color) -> String {
        let paint = |style: Style, text: &str| color.paint_text(style, &sanitize_text(text));
        let mut out = String::new();
        let subtitle = format!(
            "{}:{}, {} in {}",
            self.file, self.plan.procedure.line, self.policy.place.host, self.policy.place.cwd
        );
        let _ =
            writeln!(out, "{}  {}", paint(Style::Heading, &self.plan.procedure.title), paint(Style::Dim, &subtitle));
        let _ = writeln!(out, "{}", paint(Style::Dim, "a dry run: nothing is run"));
        for (name, value) in &self.plan.environment {
            let _ = writeln!(out, "{}", paint(Style::Dim, &format!("the document sets {name}={value}")));
        }
        for entry in &self.entries {
            match entry {
                PlanEntry::Choice(depth, title) => {
                    let _ = writeln!(out, "\n{}choice: {}", "  ".repeat(*depth), paint(Style::StepHeading, title));
                }
                PlanEntry::Option(depth, option) => {
                    let _ = writeln!(out, "\n{}- {}", "  ".repeat(*depth), paint(Style::StepHeading, &option.title));
                }
                PlanEntry::Step(depth, step) => self.step_text(&mut out, &"  ".repeat(*depth), step, color),
            }
        }
        let _ = writeln!(out, "\n{}", paint(Style::Heading, "Unattended (--yes)"));
        if self.missing.is_empty() {
            let _ = writeln!(out, "  every question is answered");
        }
        for lack in &self.missing {
            let flag =
                lack.flag.as_ref().map_or_else(|| "needs an operator".to_owned(), |flag| format!("give `{flag}`"));
            let _ =
                writeln!(out, "  {}", sanitize_text(&format!("{}:{}: {}; {flag}", self.file, lack.line, lack.found)));
        }
        if !self.findings.is_empty() {
            let _ = writeln!(out, "\n{}", paint(Style::Heading, "Findings"));
        }
        for finding in &self.findings {
            let _ = writeln!(out, "  {}", sanitize_text(finding));
        }
        out
    }

    fn step_text(&self, out: &mut String, indent: &str, reviewed: &ReviewedStep<'_>, color: Color) {
        let step = reviewed.step;
        let paint = |style: Style, text: &str| color.paint_text(style, &sanitize_text(text));
        let head = format!("{} {}", step.number, step.title);
        let location = format!("{}:{}", self.file, step.source.line);
        let _ = writeln!(out, "\n{indent}{}  {}", paint(Style::StepHeading, &head), paint(Style::Dim, &location));
        for why in reviewed.asks.iter().chain(&reviewed.left_out) {
            let _ = writeln!(out, "{indent}  {}", paint(Style::Warning, why));
        }
        if step.commands.is_empty() {
            for line in step.body.lines() {
                let _ = writeln!(out, "{indent}  {}", sanitize_text(line));
            }
        }
        for line in &reviewed.commands {
            for (number, text) in line.text.lines().enumerate() {
                let mark = if number == 0 { "$ " } else { "  " };
                let _ = writeln!(out, "{indent}  {mark}{}", color.paint_text(Style::Command, &sanitize_code(text)));
            }
            let style = match line.gate.risk.level {
                Level::Irreversible => Style::Failure,
                Level::Destroys => Style::Warning,
                _ => Style::Dim,
            };
            let _ = writeln!(out, "{indent}      {}", paint(style, &line.risk_summary()));
            for said in line.risk_reasons().into_iter().chain(line.further_remarks()) {
                let _ = writeln!(out, "{indent}      {}", sanitize_text(&said));
            }
            for (field, values) in line.known_effects() {
                let _ = writeln!(out, "{indent}      {}", sanitize_text(&format!("{field:<9} {}", values.join(", "))));
            }
            let _ = writeln!(out, "{indent}      operator  {}", sanitize_text(&line.operator_answer()));
            let _ = writeln!(out, "{indent}      --yes     {}", sanitize_text(&line.unattended));
        }
    }
}
