//! `runbook run --dry-run`: the plan as the operator would meet it, with its risks. Nothing runs.
//!
//! Invariant: bash is asked for its syntax alone, and programs are looked up without starting them.

use super::environment::Environment;
use super::open::Opened;
use crate::kernel::{BashSyntax, PathProbe, find_program};
use crate::plan::{Alternative, Command, Gate, Level, Missing, Node, Pass, Plan, Policy, Shadows, Step, approval};
use crate::ports::{Probe as _, Syntax as _, Verdict};
use crate::session::BASH_SETS;
use crate::term::{Color, Style, sanitize, sanitize_code};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A reviewed plan.
pub(super) struct DryRun<'a> {
    plan: &'a Plan,
    file: String,
    policy: &'a Policy,
    entries: Vec<Entry<'a>>,
    missing: Vec<Missing>,
    findings: Vec<String>,
}

enum Entry<'a> {
    /// A choice that comes first, and its depth.
    Choice(usize, &'a str),
    Option(usize, &'a Alternative),
    Step(usize, Reviewed<'a>),
}

struct Reviewed<'a> {
    step: &'a Step,
    commands: Vec<Line<'a>>,
    /// Why the operator is asked beyond Enter for the step itself.
    asks: Option<String>,
    /// Why an unattended run leaves it out.
    left_out: Option<String>,
    approval: Option<Result<String, String>>,
}

struct Line<'a> {
    command: &'a Command,
    text: String,
    gate: Gate,
    /// Why it cannot run as it stands.
    refused: Option<String>,
    /// Variables it reads that nothing has set.
    unset: Vec<String>,
    /// Programs it needs that are not there.
    absent: Vec<String>,
    programs: Vec<String>,
}

/// Reviews a plan.
pub(super) fn review<'a>(plan: &'a Plan, opened: &Opened, policy: &'a Policy, environment: &Environment) -> DryRun<'a> {
    let path = environment.get("PATH");
    let mut syntax = BashSyntax::new(find_program("bash", path));
    let commands =
        plan.reachable().into_iter().filter_map(|place| plan.steps.get(place)).flat_map(|step| &step.commands);
    syntax.prefetch(
        commands
            .filter_map(|command| command.bind(&policy.values).ok())
            .map(|runnable| runnable.text().to_owned())
            .collect(),
    );
    let is_set = |name: &str| environment.all().keys().any(|known| known == name) || BASH_SETS.contains(&name);
    let missing = policy.missing(plan, &is_set, &mut |text| rejects(&mut syntax, text));
    let lines: (u32, u32) = span(plan);
    let findings = super::check::findings(opened, environment);
    let findings = findings.iter().filter(|finding| (lines.0..=lines.1).contains(&finding.line));
    let findings = findings
        .map(|finding| {
            format!(
                "{}:{}: {}[{}]: {}",
                opened.file_name(),
                finding.line,
                finding.severity.as_str(),
                finding.code,
                finding.message
            )
        })
        .collect();
    let mut reviewer = Reviewer {
        plan,
        policy,
        syntax,
        probe: PathProbe::new(path.map(ToOwned::to_owned)),
        set: BTreeSet::new(),
        shadows: Shadows::default(),
        is_set: &is_set,
    };
    let mut entries = Vec::new();
    reviewer.nodes(&plan.root, 0, &mut entries);
    DryRun { plan, file: opened.file_name(), policy, entries, missing, findings }
}

/// The lines that the plan's steps stand on.
fn span(plan: &Plan) -> (u32, u32) {
    let steps: Vec<&Step> = plan.reachable().into_iter().filter_map(|place| plan.steps.get(place)).collect();
    let first = steps.iter().map(|step| step.line).min().unwrap_or(0);
    (first.saturating_sub(1), steps.iter().map(|step| step.end_line).max().unwrap_or(0))
}

fn rejects(syntax: &mut BashSyntax, text: &str) -> Option<String> {
    match syntax.check(text) {
        Verdict::Accepted => None,
        Verdict::Rejected { message, .. } => Some(message),
        Verdict::Unavailable(why) => Some(why),
    }
}

struct Reviewer<'a, 'r> {
    plan: &'a Plan,
    policy: &'a Policy,
    syntax: BashSyntax,
    probe: PathProbe,
    set: BTreeSet<String>,
    /// The functions and aliases that the steps before define.
    shadows: Shadows,
    is_set: &'r dyn Fn(&str) -> bool,
}

impl<'a> Reviewer<'a, '_> {
    fn nodes(&mut self, nodes: &'a [Node], depth: usize, entries: &mut Vec<Entry<'a>>) {
        for node in nodes {
            match node {
                Node::Step(place) => {
                    if let Some(step) = self.plan.steps.get(*place) {
                        let reviewed = self.step(step);
                        entries.push(Entry::Step(depth, reviewed));
                    }
                }
                Node::Choice(choice) => {
                    entries.push(Entry::Choice(depth, &choice.title));
                    for option in &choice.options {
                        entries.push(Entry::Option(depth + 1, option));
                        self.nodes(&option.nodes, depth + 2, entries);
                    }
                }
            }
        }
    }

    fn step(&mut self, step: &'a Step) -> Reviewed<'a> {
        let commands: Vec<Line<'a>> = step.commands.iter().map(|command| self.line(step, command)).collect();
        let last_resort = commands.iter().any(|line| line.gate.risk.level == Level::Irreversible);
        Reviewed {
            step,
            asks: step.conditional.as_ref().map(|condition| format!("only if it applies: {condition}")),
            left_out: self.policy.leaves_out(step),
            approval: last_resort.then(|| approval(self.plan, step, &self.policy.values, &self.policy.place)),
            commands,
        }
    }

    fn line(&mut self, step: &Step, command: &'a Command) -> Line<'a> {
        let bound = command.bind(&self.policy.values);
        let text = bound.as_ref().map_or_else(|_| command.text.clone(), |runnable| runnable.text().to_owned());
        let refused = match &bound {
            Err(refusal) => Some(refusal.to_string()),
            Ok(runnable) => rejects(&mut self.syntax, runnable.text()).map(|message| format!("bash says: {message}")),
        };
        let given = |name: &String| self.policy.values.keys().any(|known| known.as_str() == name);
        let unset = command
            .needs()
            .into_iter()
            .filter(|name| !given(name) && !(self.is_set)(name) && !self.set.contains(name))
            .collect();
        let programs = command.programs();
        let absent =
            programs.iter().filter(|name| !is_builtin(name) && !self.probe.is_executable(name)).cloned().collect();
        self.set.extend(command.facts.assigns.iter().map(|assign| assign.name.clone()));
        let gate = Gate::of(step, &text, &self.policy.place.host, &self.shadows);
        self.shadows.learn(&command.facts);
        Line { command, text, gate, refused, unset, absent, programs }
    }
}

/// From bash's manual, section "Shell Builtin Commands"; reserved words too.
fn is_builtin(name: &str) -> bool {
    const BUILTINS: &[&str] = &[
        ".",
        ":",
        "[",
        "[[",
        "alias",
        "bg",
        "bind",
        "break",
        "builtin",
        "caller",
        "cd",
        "command",
        "compgen",
        "complete",
        "compopt",
        "continue",
        "declare",
        "dirs",
        "disown",
        "echo",
        "enable",
        "eval",
        "exec",
        "exit",
        "export",
        "false",
        "fc",
        "fg",
        "getopts",
        "hash",
        "help",
        "history",
        "jobs",
        "kill",
        "let",
        "local",
        "logout",
        "mapfile",
        "popd",
        "printf",
        "pushd",
        "pwd",
        "read",
        "readarray",
        "readonly",
        "return",
        "set",
        "shift",
        "shopt",
        "source",
        "suspend",
        "test",
        "times",
        "trap",
        "true",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
    ];
    BUILTINS.contains(&name)
}

impl Line<'_> {
    /// `2 destroys or stops, unknown`.
    fn level(&self) -> String {
        let risk = &self.gate.risk;
        let unknown = if risk.unknown { ", and not known beyond" } else { "" };
        format!("{} {}{unknown}", risk.level.number(), risk.level.as_str())
    }

    /// What the operator answers with.
    fn operator(&self) -> String {
        match &self.gate.pass {
            Pass::Enter => "Enter".to_owned(),
            Pass::Yes => "y".to_owned(),
            Pass::Typed(name) => format!("y, then `{name}` typed"),
        }
    }

    /// The flags that let it run unattended.
    fn unattended(&self, approval: Option<&Result<String, String>>, number: &str) -> String {
        let risk = &self.gate.risk;
        let mut flags = vec!["--yes".to_owned()];
        if risk.unknown {
            flags.push("--allow unknown".to_owned());
        }
        match (risk.level, approval) {
            (Level::Destroys, _) => flags.push("--allow destructive".to_owned()),
            (Level::Irreversible, Some(Ok(digest))) => flags.push(format!("--approve {number}@{digest}")),
            (Level::Irreversible, Some(Err(why))) => return format!("cannot be approved beforehand: {why}"),
            _ => {}
        }
        flags.join(" ")
    }

    /// Everything else worth a line.
    fn facts(&self) -> Vec<String> {
        let mut facts = Vec::new();
        let mut list = |lead: &str, names: &[String]| {
            if !names.is_empty() {
                facts.push(format!(
                    "{lead} {}",
                    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
                ));
            }
        };
        list("asks first for", &self.unset);
        list("not on this machine:", &self.absent);
        if let Some(why) = self.command.facts.never_ends.as_ref().or(self.command.facts.interactive.as_ref()) {
            facts.push(why.clone());
        }
        if let Some(input) = &self.command.input {
            facts.push(format!("`{input}` is a value to confirm: --input {input}=VALUE"));
        }
        if let Some(why) = &self.refused {
            facts.push(format!("cannot run as it stands: {why}"));
        }
        facts
    }
}

impl DryRun<'_> {
    /// The text for people.
    pub(super) fn text(&self, color: Color) -> String {
        let paint = |style: Style, text: &str| color.paint(style, &sanitize(text));
        let mut out = String::new();
        let place = format!(
            "{}:{}, {} in {}",
            self.file, self.plan.procedure.line, self.policy.place.host, self.policy.place.cwd
        );
        let _ = writeln!(out, "{}  {}", paint(Style::Heading, &self.plan.procedure.title), paint(Style::Dim, &place));
        let _ = writeln!(out, "{}", paint(Style::Dim, "a dry run: nothing is run"));
        for entry in &self.entries {
            match entry {
                Entry::Choice(depth, title) => {
                    let _ = writeln!(out, "\n{}choice: {}", "  ".repeat(*depth), paint(Style::StepHeading, title));
                }
                Entry::Option(depth, option) => {
                    let _ = writeln!(out, "\n{}- {}", "  ".repeat(*depth), paint(Style::StepHeading, &option.title));
                }
                Entry::Step(depth, step) => self.step_text(&mut out, &"  ".repeat(*depth), step, color),
            }
        }
        let _ = writeln!(out, "\n{}", paint(Style::Heading, "Unattended (--yes)"));
        if self.missing.is_empty() {
            let _ = writeln!(out, "  every question is answered");
        }
        for lack in &self.missing {
            let flag =
                lack.flag.as_ref().map_or_else(|| "needs an operator".to_owned(), |flag| format!("give `{flag}`"));
            let _ = writeln!(out, "  {}", sanitize(&format!("{}:{}: {}; {flag}", self.file, lack.line, lack.found)));
        }
        if !self.findings.is_empty() {
            let _ = writeln!(out, "\n{}", paint(Style::Heading, "Findings"));
        }
        for finding in &self.findings {
            let _ = writeln!(out, "  {}", sanitize(finding));
        }
        out
    }

    fn step_text(&self, out: &mut String, indent: &str, reviewed: &Reviewed<'_>, color: Color) {
        let step = reviewed.step;
        let paint = |style: Style, text: &str| color.paint(style, &sanitize(text));
        let head = format!("{} {}", step.number, step.title);
        let place = format!("{}:{}", self.file, step.line);
        let _ = writeln!(out, "\n{indent}{}  {}", paint(Style::StepHeading, &head), paint(Style::Dim, &place));
        for why in reviewed.asks.iter().chain(&reviewed.left_out) {
            let _ = writeln!(out, "{indent}  {}", paint(Style::Warning, why));
        }
        if step.commands.is_empty() {
            for line in step.body.lines() {
                let _ = writeln!(out, "{indent}  {}", sanitize(line));
            }
        }
        for line in &reviewed.commands {
            for (number, text) in line.text.lines().enumerate() {
                let mark = if number == 0 { "$ " } else { "  " };
                let _ = writeln!(out, "{indent}  {mark}{}", color.paint(Style::Command, &sanitize_code(text)));
            }
            let style = match line.gate.risk.level {
                Level::Irreversible => Style::Failure,
                Level::Destroys => Style::Warning,
                _ => Style::Dim,
            };
            let _ = writeln!(out, "{indent}      {}", paint(style, &line.summary()));
            for reason in line.reasons() {
                let _ = writeln!(out, "{indent}      {}", sanitize(&reason));
            }
            if line.gate.is_closed() {
                let unattended = line.unattended(reviewed.approval.as_ref(), &step.number);
                let _ = writeln!(
                    out,
                    "{indent}      operator: {}; unattended: {}",
                    sanitize(&line.operator()),
                    sanitize(&unattended)
                );
            }
            for fact in line.facts() {
                let _ = writeln!(out, "{indent}      {}", sanitize(&fact));
            }
        }
    }

    /// The same as Markdown.
    pub(super) fn markdown(&self) -> String {
        let mut out = format!("# Dry run: {}\n\n", md(&self.plan.procedure.title));
        let _ = writeln!(
            out,
            "`{}`, line {}, on {} in {}. Nothing was run.\n",
            self.file,
            self.plan.procedure.line,
            md(&self.policy.place.host),
            md(&self.policy.place.cwd)
        );
        for entry in &self.entries {
            match entry {
                Entry::Choice(_, title) => {
                    let _ = writeln!(out, "## Choice: {}\n", md(title));
                }
                Entry::Option(_, option) => {
                    let _ = writeln!(out, "### {}\n", md(&option.title));
                }
                Entry::Step(_, reviewed) => step_markdown(&mut out, reviewed),
            }
        }
        out.push_str("## Unattended\n\n");
        for lack in &self.missing {
            let flag = lack.flag.as_ref().map_or_else(|| "needs an operator".to_owned(), |flag| format!("`{flag}`"));
            let _ = writeln!(out, "- line {}: {}; {flag}", lack.line, md(&lack.found));
        }
        if self.missing.is_empty() {
            out.push_str("Every question is answered.\n");
        }
        if !self.findings.is_empty() {
            out.push_str("\n## Findings\n\n");
        }
        for finding in &self.findings {
            let _ = writeln!(out, "- {}", md(finding));
        }
        out
    }

    /// The same as JSON.
    pub(super) fn json(&self) -> Value {
        let steps = self.entries.iter().filter_map(|entry| match entry {
            Entry::Step(_, reviewed) => Some(step_json(reviewed)),
            Entry::Choice(..) | Entry::Option(..) => None,
        });
        json!({
            "schema": 1,
            "file": self.file,
            "procedure": { "anchor": self.plan.procedure.anchor, "title": self.plan.procedure.title, "line": self.plan.procedure.line },
            "host": self.policy.place.host,
            "cwd": self.policy.place.cwd,
            "steps": steps.collect::<Vec<_>>(),
            "unattended": {
                "answered": self.missing.is_empty(),
                "missing": self.missing.iter().map(|lack| json!({ "line": lack.line, "found": lack.found, "flag": lack.flag })).collect::<Vec<_>>(),
            },
            "findings": self.findings,
        })
    }
}

impl Line<'_> {
    fn summary(&self) -> String {
        let flags: Vec<&str> = self.gate.risk.flags.iter().map(|flag| flag.as_str()).collect();
        let flags = if flags.is_empty() { String::new() } else { format!(" ({})", flags.join(", ")) };
        let object = match self.gate.risk.object() {
            Some(object) if object.level == self.gate.risk.level => format!(", {} `{}`", object.kind, object.name),
            _ => String::new(),
        };
        format!("{}{object}{flags}", self.level())
    }

    fn reasons(&self) -> Vec<String> {
        let mut reasons: Vec<String> = self.gate.risk.decisive().map(|reason| reason.text.clone()).collect();
        reasons.dedup();
        reasons.truncate(4);
        reasons
    }
}

fn step_markdown(out: &mut String, reviewed: &Reviewed<'_>) {
    let step = reviewed.step;
    let _ = writeln!(out, "## {} {}\n", md(&step.number), md(&step.title));
    for why in reviewed.asks.iter().chain(&reviewed.left_out) {
        let _ = writeln!(out, "*{}*\n", md(why));
    }
    if step.commands.is_empty() && !step.body.is_empty() {
        let _ = writeln!(out, "{}\n", md(&step.body));
    }
    for line in &reviewed.commands {
        let longest = line.text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat((longest + 1).max(3));
        let _ = writeln!(out, "{fence}bash\n{}\n{fence}\n", line.text);
        let _ = writeln!(out, "- risk: {}", md(&line.summary()));
        for reason in line.reasons().into_iter().chain(line.facts()) {
            let _ = writeln!(out, "- {}", md(&reason));
        }
        let unattended = line.unattended(reviewed.approval.as_ref(), &step.number);
        let _ = writeln!(out, "- operator: {}; unattended: `{}`\n", md(&line.operator()), unattended.replace('`', ""));
    }
}

/// Text that stays text in Markdown: backticks stay, for they are ours.
fn md(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in sanitize(text).chars() {
        if matches!(c, '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#') {
            out.push('\\');
        }
        out.push(if c == '\n' { ' ' } else { c });
    }
    // Within backticks nothing is escaped.
    let parts: Vec<String> = out
        .split('`')
        .enumerate()
        .map(|(i, part)| if i % 2 == 1 { part.replace('\\', "") } else { part.to_owned() })
        .collect();
    parts.join("`")
}

fn step_json(reviewed: &Reviewed<'_>) -> Value {
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
        "line": step.line,
        "condition": step.conditional,
        "left_out": reviewed.left_out,
        "approve": approve,
        "not_approvable": refusal,
        "commands": reviewed.commands.iter().map(|line| line_json(line, reviewed)).collect::<Vec<_>>(),
    })
}

fn line_json(line: &Line<'_>, reviewed: &Reviewed<'_>) -> Value {
    let risk = &line.gate.risk;
    json!({
        "text": line.text,
        "line": line.command.line,
        "level": risk.level.number(),
        "unknown": risk.unknown,
        "flags": risk.flags.iter().map(|flag| flag.as_str()).collect::<Vec<_>>(),
        "reasons": risk.reasons.iter().map(|reason| json!({ "text": reason.text, "begin": reason.span.start, "end": reason.span.end, "level": reason.level.map(Level::number) })).collect::<Vec<_>>(),
        "objects": risk.objects.iter().map(|object| json!({ "kind": object.kind, "name": object.name, "level": object.level.number() })).collect::<Vec<_>>(),
        "object": risk.object().map(|object| json!({ "kind": object.kind, "name": object.name })),
        "operator": line.operator(),
        "unattended": line.unattended(reviewed.approval.as_ref(), &reviewed.step.number),
        "programs": line.programs,
        "absent": line.absent,
        "unset": line.unset,
        "refused": line.refused,
        "input": line.command.input,
        "never_ends": line.command.facts.never_ends,
        "interactive": line.command.facts.interactive,
    })
}
