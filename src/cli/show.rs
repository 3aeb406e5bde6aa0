//! `runbook show`: a procedure to read, in the order in which a run would take its steps.
//!
//! Invariant: text of the document reaches the terminal only through `term`.

use super::error::Failure;
use super::list::step_json;
use super::open::{self, Target};
use crate::plan::{Node, Plan, Planner, Step};
use crate::term::{Color, Style, sanitize, sanitize_code};
use serde_json::json;
use std::fmt::Write as _;

/// Plans the procedure that was asked for. Also returns the document's file name and its notices. Fails when the document cannot be
/// read or has no such procedure or step.
pub(super) fn plan(word: &str, second: Option<&str>) -> Result<(Plan, String, Vec<String>), Failure> {
    let target = Target::read(word, second)?;
    let opened = open::open(&target.path)?;
    let (section, step) = opened.select(&target.procedure)?;
    let is_file = |path: &str| std::path::Path::new(path).is_file();
    let mut plan = Planner::new(&opened.runbook, &is_file).plan(section);
    if let Some(step) = step {
        let place = plan.find(&step).map_err(|error| Failure::usage(error.to_string()))?;
        plan.keep(&|other| other == place);
    }
    Ok((plan, opened.file_name(), opened.findings()))
}

/// The procedure as JSON, schema 1.
pub(super) fn json(plan: &Plan) -> String {
    let steps: Vec<_> = plan.reachable().into_iter().filter_map(|place| plan.steps.get(place)).map(step_json).collect();
    let value = json!({
        "schema": 1,
        "anchor": plan.procedure.anchor,
        "title": plan.procedure.title,
        "line": plan.procedure.line,
        "steps": steps,
    });
    format!("{value:#}\n")
}

/// Colour and width of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// `Always` to print styles.
    pub(super) color: Color,
    /// Width of the terminal, in columns.
    pub(super) width: usize,
}

impl Look {
    fn paint(self, style: Style, text: &str) -> String {
        self.color.paint(style, &sanitize(text))
    }

    fn markdown(self, text: &str) -> String {
        crate::term::markdown(text, self.width, self.color)
    }
}

/// The procedure as text for a terminal.
pub(super) fn text(plan: &Plan, file: &str, term: Look) -> String {
    let mut out = String::new();
    let place = format!("{file}:{}", plan.procedure.line);
    let _ = writeln!(out, "{}  {}", term.paint(Style::Heading, &plan.procedure.title), term.paint(Style::Dim, &place));
    let mut headings: Vec<String> = Vec::new();
    nodes(&mut out, plan, &plan.root, file, term, &mut headings);
    for prose in &plan.closing {
        let _ = writeln!(out, "\n{}", term.markdown(&prose.text).trim_end());
    }
    out
}

fn nodes(out: &mut String, plan: &Plan, list: &[Node], file: &str, term: Look, headings: &mut Vec<String>) {
    for node in list {
        match node {
            Node::Step(place) => {
                if let Some(step) = plan.steps.get(*place) {
                    write_step(out, step, file, term, headings);
                }
            }
            Node::Choice(choice) => {
                let _ = writeln!(out, "\n{}", term.paint(Style::Heading, &format!("Choice: {}", choice.title)));
                for (i, option) in choice.options.iter().enumerate() {
                    let title = format!("{}) {}", i + 1, option.title);
                    let _ = writeln!(out, "\n{}", term.paint(Style::Heading, &title));
                    nodes(out, plan, &option.nodes, file, term, headings);
                }
            }
        }
    }
}

fn write_step(out: &mut String, step: &Step, file: &str, term: Look, headings: &mut Vec<String>) {
    if headings != &step.source.headings {
        if let Some(last) =
            step.source.headings.last().filter(|_| step.source.headings.len() > headings.len() || !headings.is_empty())
        {
            let _ = writeln!(out, "\n{}", term.paint(Style::Dim, &format!("── {last}")));
        }
        headings.clone_from(&step.source.headings);
    }
    for prose in &step.source.prose {
        let _ = writeln!(out, "\n{}", term.markdown(&prose.text).trim_end());
    }
    let title = format!("{} {}", step.number, step.title);
    let place = format!("{file}:{}", step.source.line);
    let _ = writeln!(out, "\n{}  {}", term.paint(Style::StepHeading, &title), term.paint(Style::Dim, &place));
    if let Some(condition) = &step.conditional {
        let _ = writeln!(out, "  {}", term.paint(Style::Warning, &format!("asks first: {condition}")));
    }
    if let Some(why) = &step.why {
        let _ = writeln!(out, "  {}", term.paint(Style::Dim, &format!("a task: {}", why.text)));
    }
    if step.commands.is_empty() {
        for line in step.body.lines() {
            let _ = writeln!(out, "  {}", term.paint(Style::Prose, line));
        }
    }
    for command in &step.commands {
        for line in command.text.lines() {
            let _ = writeln!(out, "    {}", term.color.paint(Style::Command, &sanitize_code(line)));
        }
    }
}
