//! The reviewed plan for programs.
//!
//! Invariant: within one `schema` number, fields are only ever added. Refuses to know: how the plan was reviewed.

use super::line::ReviewedCommand;
use super::model::{DryRun, PlanEntry, ReviewedStep};
use crate::risk::{Level, Touched};
use serde_json::{Value, json};

impl DryRun<'_> {
    /// The reviewed plan as JSON, schema 1.
    pub(in crate::cli) fn to_json(&self) -> Value {
        let steps = self.entries.iter().filter_map(|entry| match entry {
            PlanEntry::Step(_, reviewed) => Some(step_json(reviewed)),
            PlanEntry::Choice(..) | PlanEntry::Option(..) => None,
        });
        json!({
            "schema": 1,
            "file": self.file,
            "procedure": { "anchor": self.plan.procedure.anchor, "title": self.plan.procedure.title, "line": self.plan.procedure.line },
            "host": self.policy.place.host,
            "cwd": self.policy.place.cwd,
            "environment": self.plan.environment.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "steps": steps.collect::<Vec<_>>(),
            "unattended": {
                "answered": self.missing.is_empty(),
                "missing": self.missing.iter().map(|lack| json!({ "line": lack.line, "found": lack.found, "flag": lack.flag })).collect::<Vec<_>>(),
            },
            "findings": self.findings,
        })
    }
}

fn step_json(reviewed: &ReviewedStep<'_>) -> Value {
    let step = reviewed.step;
    let (approve, refusal) = match &reviewed.approval {
        Some(Ok(digest)) => (Some(format!("{}@{digest}", step.number)), None),
        Some(Err(why)) => (None, Some(why.clone())),
        None => (None, None),
    };
    json!({
        "id": step.id,
        "number": step.number,
        "title": step.title,
        "kind": step.kind.as_str(),
        "line": step.source.line,
        "condition": step.conditional,
        "left_out": reviewed.left_out,
        "approve": approve,
        "not_approvable": refusal,
        "commands": reviewed.commands.iter().map(line_json).collect::<Vec<_>>(),
    })
}

fn line_json(line: &ReviewedCommand<'_>) -> Value {
    let risk = &line.gate.risk;
    let touched = |list: &[Touched]| {
        let one = |one: &Touched| json!({ "kind": one.kind, "name": one.name, "within": one.within });
        list.iter().map(one).collect::<Vec<_>>()
    };
    json!({
        "text": line.text,
        "line": line.command.line,
        "level": risk.level.as_number(),
        "unknown": risk.unknown,
        "flags": risk.flags.iter().map(|flag| flag.as_str()).collect::<Vec<_>>(),
        "reasons": risk.reasons.iter().map(|reason| json!({ "text": reason.text, "begin": reason.span.start, "end": reason.span.end, "level": reason.level.map(Level::as_number) })).collect::<Vec<_>>(),
        "objects": risk.objects.iter().map(|object| json!({ "kind": object.kind, "name": object.name, "level": object.level.as_number() })).collect::<Vec<_>>(),
        "object": risk.object_to_type().map(|object| json!({ "kind": object.kind, "name": object.name })),
        "shadowed": risk.shadowed.iter().map(|shadowed| shadowed.name.as_str()).collect::<Vec<_>>(),
        "reads": touched(&risk.effects.reads),
        "writes": touched(&risk.effects.writes),
        "talks_to": risk.effects.talks_to,
        "needs": line.needs.iter().map(|(name, there)| json!({ "program": name, "present": there })).collect::<Vec<_>>(),
        "unchecked": line.unchecked,
        "operator": line.operator_answer(),
        "unattended": line.unattended,
        "wanted": line.wanted,
        "unset": line.unset,
        "refused": line.refused,
        "input": line.command.input,
        "never_ends": line.command.facts.never_ends_reason,
        "interactive": line.command.facts.interactive_reason,
    })
}
