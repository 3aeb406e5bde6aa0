//! `runbook inputs`: the values that a procedure asks for, and a file to fill in.

use super::args::{InputsArgs, InputsFormat};
use super::environment::Environment;
use super::error::Failure;
use super::open::{self, ProcedureTarget};
use crate::plan::{Input, InputSource, Plan, Planner};
use crate::term::sanitize_text;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Lists the inputs of a procedure in the format that was asked for. Fails when the document cannot be read or has no such
/// procedure.
pub(super) fn list_inputs(args: &InputsArgs, environment: &Environment) -> Result<String, Failure> {
    let target = ProcedureTarget::from_arguments(&args.file, args.procedure.as_deref())?;
    let opened = open::open_document(&target.path)?;
    let (section, step) = opened.select_section(&target.procedure)?;
    let is_file = |path: &str| std::path::Path::new(path).is_file();
    let plan = Planner::new(&opened.runbook, &is_file).plan_section(section);
    let mut wanted: BTreeSet<usize> = plan.reachable_steps().into_iter().collect();
    if let Some(step) = step {
        let index = plan.find_step(&step).map_err(|error| Failure::usage_error(error.to_string()))?;
        wanted.retain(|other| *other == index);
    }
    let inputs: Vec<&Input> =
        plan.inputs.iter().filter(|input| input.uses.iter().any(|at| wanted.contains(&at.step))).collect();
    let hash = if plan.procedure.anchor.as_str().is_empty() { "" } else { "#" };
    let name = format!("{}{hash}{}", target.path.display(), plan.procedure.anchor);
    Ok(match args.format {
        InputsFormat::Text => inputs_text(&name, &plan, &inputs, environment),
        InputsFormat::Json => inputs_json(&plan, &inputs, environment),
        InputsFormat::Yaml => inputs_template(&name, &plan, &inputs),
    })
}

/// Value that the environment gives to an input; `None` for a secret.
fn current_value(input: &Input, environment: &Environment) -> Option<String> {
    let variable = matches!(input.origin, InputSource::Variable);
    environment.get_text(input.name.as_str()).filter(|_| variable && !input.rules.secret)
}

fn used_lines(input: &Input) -> Vec<u32> {
    let lines: BTreeSet<u32> = input.uses.iter().map(|at| at.line).collect();
    lines.into_iter().collect()
}

fn format_used_lines(input: &Input) -> String {
    let lines: Vec<String> = used_lines(input).iter().map(u32::to_string).collect();
    format!("{} {}", if lines.len() == 1 { "line" } else { "lines" }, lines.join(", "))
}

fn inputs_text(name: &str, plan: &Plan, inputs: &[&Input], environment: &Environment) -> String {
    let mut out = String::new();
    let count = match inputs.len() {
        0 => "it asks for no value".to_owned(),
        1 => "it asks for 1 value".to_owned(),
        n => format!("it asks for {n} values"),
    };
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}: {count}", sanitize_text(name));
    let width = inputs.iter().map(|input| input.name.as_str().chars().count()).max().unwrap_or(0).min(40);
    for input in inputs {
        let mut facts = vec![input.origin.as_str().to_owned()];
        facts.extend(input.rules.secret.then(|| "secret".to_owned()));
        if matches!(input.origin, InputSource::Placeholder(_)) && !input.blocks {
            facts.push("may stay as it is".to_owned());
        }
        facts.push(format_used_lines(input));
        facts
            .extend(input.default.as_deref().filter(|_| !input.rules.secret).map(|value| format!("default `{value}`")));
        facts.extend(current_value(input, environment).map(|value| format!("the environment has `{value}`")));
        facts.extend(input.rules.from.as_deref().map(|from| format!("offers the lines of `{from}`")));
        facts.extend(input.rules.description.clone());
        let _ = writeln!(out, "  {:<width$}  {}", sanitize_text(input.name.as_str()), sanitize_text(&facts.join("; ")));
    }
    for finding in &plan.findings {
        let _ = writeln!(
            out,
            "line {}: {} ({})",
            finding.line,
            sanitize_text(&finding.message),
            sanitize_text(&finding.help)
        );
    }
    out
}

fn inputs_json(plan: &Plan, inputs: &[&Input], environment: &Environment) -> String {
    let one = |input: &&Input| {
        let uses = input.uses.iter().map(|at| {
            let step = plan.steps.get(at.step).map(|step| &step.id);
            json!({ "step": step, "command": at.command, "line": at.line })
        });
        json!({
            "name": input.name,
            "origin": input.origin.as_str(),
            "placeholder": match input.origin { InputSource::Placeholder(kind) => Value::from(kind.as_str()), _ => Value::Null },
            "shown": input.shown,
            "required": input.blocks,
            "secret": input.rules.secret,
            "type": input.rules.kind.as_str(),
            "description": input.rules.description,
            "choices": input.rules.choices,
            "pattern": input.rules.pattern,
            "from": input.rules.from,
            "default": input.default,
            "value": current_value(input, environment),
            "uses": uses.collect::<Vec<_>>(),
        })
    };
    let findings = plan.findings.iter().map(|finding| {
        json!({ "code": finding.code, "line": finding.line, "message": finding.message, "help": finding.help })
    });
    let value = json!({
        "schema": 1,
        "anchor": plan.procedure.anchor,
        "title": plan.procedure.title,
        "inputs": inputs.iter().map(one).collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

/// A YAML file for `run --inputs`. Strings are written as JSON, which is YAML too.
fn inputs_template(name: &str, plan: &Plan, inputs: &[&Input]) -> String {
    let mut out = format!("# The inputs of {}; fill it in and give it with --inputs FILE.\n", sanitize_text(name));
    for input in inputs {
        let what = input.rules.description.clone().unwrap_or_else(|| {
            let command = input.uses.first().and_then(|at| plan.steps.get(at.step)?.commands.get(at.command));
            command.and_then(|command| command.text.lines().next()).unwrap_or_default().trim().to_owned()
        });
        let _ = writeln!(out, "\n# {}: {}", format_used_lines(input), sanitize_text(&what.replace('\n', " ")));
        if !input.rules.choices.is_empty() {
            let _ = writeln!(out, "# one of: {}", sanitize_text(&input.rules.choices.join(", ")));
        }
        let key = Value::from(input.name.as_str());
        if input.rules.secret {
            let _ = writeln!(out, "# {key}: a secret; give it with {}", input.input_flag());
        } else {
            let _ = writeln!(out, "{key}: {}", Value::from(input.default.clone().unwrap_or_default()));
        }
    }
    out
}
