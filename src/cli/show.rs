//! `runbook show`: a procedure to read, in the order in which a run would take its steps.
//!
//! Invariant: text of the document reaches the terminal only through `term`.

use super::error::Failure;
use super::list::step_json;
use super::open::{self, ProcedureTarget};
use crate::plan::{Input, Node, Plan, Planner, Step};
use crate::term::{Color, Style, sanitize_code, sanitize_text};
use serde_json::json;
use std::fmt::Write as _;

/// Plans the procedure that was asked for. Also returns the document's file name and its notices. Fails when the document cannot be
/// read or has no such procedure or step.
pub(super) fn plan_procedure(word: &str, second: Option<&str>) -> Result<(Plan, String, Vec<String>), Failure> {
    let target = ProcedureTarget::from_arguments(word, second)?;
    let opened = open::open_document(&target.path)?;
    let (section, step) = opened.select_section(&target.procedure)?;
    let is_file = |path: &str| std::path::Path::new(path).is_file();
    let mut plan = Planner::new(&opened.runbook, &is_file).plan_section(section);
    if let Some(step) = step {
        let index = plan.find_step(&step).map_err(|error| Failure::usage_error(error.to_string()))?;
        plan.retain_steps(&|other| other == index);
    }
    Ok((plan, opened.file_name(), opened.parser_findings()))
}

/// The procedure as JSON, schema 1.
pub(super) fn procedure_json(plan: &Plan) -> String {
    let steps: Vec<_> =
        plan.reachable_steps().into_iter().filter_map(|index| plan.steps.get(index)).map(step_json).collect();
    let value = json!({
        "schema": 1,
        "anchor": plan.procedure.anchor,
        "title": plan.procedure.title,
        "line": plan.procedure.line,
        "environment": plan.environment.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "steps": steps,
    });
    format!("{value:#}\n")
}

/// Colour and width of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShowLook {
    /// `Always` to print styles.
    pub(super) color: Color,
    /// Width of the terminal, in columns.
    pub(super) width: usize,
}

impl ShowLook {
    fn paint_text(self, style: Style, text: &str) -> String {
        self.color.paint_text(style, &sanitize_text(text))
    }

    fn render_markdown(self, text: &str) -> String {
        crate::term::render_markdown(text, self.width, self.color)
    }
}

/// The procedure as text for a terminal.
pub(super) fn procedure_text(plan: &Plan, file: &str, term: ShowLook) -> String {
    let mut out = String::new();
    let location = format!("{file}:{}", plan.procedure.line);
    let _ = writeln!(
        out,
        "{}  {}",
        term.paint_text(Style::Heading, &plan.procedure.title),
        term.paint_text(Style::Dim, &location)
    );
    for (name, value) in &plan.environment {
        let _ = writeln!(out, "{}", term.paint_text(Style::Dim, &format!("sets {name}={value}")));
    }
    let mut headings: Vec<String> = Vec::new();
    write_nodes(&mut out, plan, &plan.root, file, term, &mut headings);
    for prose in &plan.closing {
        let _ = writeln!(out, "\n{}", term.render_markdown(&prose.text).trim_end());
    }
    out
}

fn write_nodes(out: &mut String, plan: &Plan, list: &[Node], file: &str, term: ShowLook, headings: &mut Vec<String>) {
    for node in list {
        match node {
            Node::Step(index) => {
                if let Some(step) = plan.steps.get(*index) {
                    write_step(out, plan, step, file, term, headings);
                }
            }
            Node::Choice(choice) => {
                let _ = writeln!(out, "\n{}", term.paint_text(Style::Heading, &format!("Choice: {}", choice.title)));
                for (i, option) in choice.options.iter().enumerate() {
                    let title = format!("{}) {}", i + 1, option.title);
                    let _ = writeln!(out, "\n{}", term.paint_text(Style::Heading, &title));
                    write_nodes(out, plan, &option.nodes, file, term, headings);
                }
            }
        }
    }
}

fn write_step(out: &mut String, plan: &Plan, step: &Step, file: &str, term: ShowLook, headings: &mut Vec<String>) {
    if headings != &step.source.headings {
        if let Some(last) =
            step.source.headings.last().filter(|_| step.source.headings.len() > headings.len() || !headings.is_empty())
        {
            let _ = writeln!(out, "\n{}", term.paint_text(Style::Dim, &format!("── {last}")));
        }
        headings.clone_from(&step.source.headings);
    }
    for prose in &step.source.prose {
        let _ = writeln!(out, "\n{}", term.render_markdown(&prose.text).trim_end());
    }
    let title = format!("{} {}", step.number, step.title);
    let location = format!("{file}:{}", step.source.line);
    let _ =
        writeln!(out, "\n{}  {}", term.paint_text(Style::StepHeading, &title), term.paint_text(Style::Dim, &location));
    if let Some(condition) = &step.conditional {
        let _ = writeln!(out, "  {}", term.paint_text(Style::Warning, &format!("asks first: {condition}")));
    }
    if let Some(why) = &step.task_reason {
        let _ = writeln!(out, "  {}", term.paint_text(Style::Dim, &format!("a task: {}", why.text)));
    }
    if step.commands.is_empty() {
        for line in step.body.lines() {
            let _ = writeln!(out, "  {}", term.paint_text(Style::Prose, line));
        }
    }
    for (input, from) in offering_commands(plan, step) {
        let label = format!("offers the lines of this for `{input}`:");
        let _ = writeln!(out, "  {}", term.paint_text(Style::Dim, &label));
        write_command(out, from, term);
    }
    for command in &step.commands {
        write_command(out, &command.text, term);
    }
    if let Some(until) = &step.repeat.until {
        let _ = writeln!(out, "  {}", term.paint_text(Style::Dim, "waits until this succeeds:"));
        write_command(out, &until.text, term);
    }
}

/// The commands whose lines are offered for the inputs that a step uses, each with the input.
fn offering_commands<'p>(plan: &'p Plan, step: &Step) -> Vec<(&'p str, &'p str)> {
    let is_used =
        |input: &Input| input.uses.iter().any(|at| plan.steps.get(at.step).is_some_and(|other| other.id == step.id));
    let offering = plan.inputs.iter().filter(|input| is_used(input));
    offering.filter_map(|input| Some((input.name.as_str(), input.rules.from.as_deref()?))).collect()
}

fn write_command(out: &mut String, text: &str, term: ShowLook) {
    for line in text.lines() {
        let _ = writeln!(out, "    {}", term.color.paint_text(Style::Command, &sanitize_code(line)));
    }
}
