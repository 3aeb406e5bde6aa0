//! Steps → the inputs they need, and the positions in each command where values go.
//!
//! Invariant: each name has one input over all steps; uses in a command never overlap. Refuses to know: which values are given.

use super::command::{Command, InputUse, Values};
use super::inputs::{Input, InputRules, InputSource, InputUseSite, canonical_name};
use super::model::{Plan, Step, StepKind};
use super::templates::{self, TemplateMatch};
use crate::document::{DocumentFinding, Runbook};
use crate::ident::{InputName, is_secret_name};
use crate::interpolate::Filter;
use crate::shell::HoleKind;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

/// Sets the uses of each command; returns the inputs that are used, and findings about them.
pub(super) fn find_uses(runbook: &Runbook, steps: &mut [Step]) -> (Vec<Input>, Vec<DocumentFinding>) {
    let assigned: BTreeSet<String> = steps
        .iter()
        .flat_map(|step| &step.commands)
        .flat_map(|c| &c.facts.assignments)
        .map(|a| a.name.clone())
        .collect();
    let mut finder = UseFinder { runbook, assigned, inputs: Vec::new(), by_name: HashMap::new(), findings: Vec::new() };
    finder.add_declared_inputs();
    let mut set: BTreeSet<String> = runbook.front_matter.env.keys().cloned().collect();
    for (step_index, step) in steps.iter_mut().enumerate() {
        if !matches!(step.kind, StepKind::Command | StepKind::Guessed) {
            continue;
        }
        let prompts = matches!(step.cell.attributes.get("promptEnv"), Some("true" | "yes" | "1"));
        for (index, command) in step.commands.iter_mut().enumerate() {
            let at = InputUseSite { step: step_index, command: index, line: command.line };
            finder.set_uses(command, at, prompts);
            finder.add_variable_inputs(command, at, &mut set);
        }
        let after = step.commands.len();
        if let Some(until) = step.repeat.until.as_deref_mut() {
            let at = InputUseSite { step: step_index, command: after, line: until.line };
            finder.set_uses(until, at, false);
            finder.add_variable_inputs(until, at, &mut set);
        }
    }
    finder.inputs.retain(|input| !input.uses.is_empty());
    (finder.inputs, finder.findings)
}

/// Findings reported for one command at most.
const MOST_FINDINGS: usize = 10;

struct UseFinder<'a> {
    runbook: &'a Runbook,
    /// Variables that some step sets.
    assigned: BTreeSet<String>,
    inputs: Vec<Input>,
    by_name: HashMap<InputName, usize>,
    findings: Vec<DocumentFinding>,
}

/// True if a value there would be assigned to a variable whose name says that it holds a secret: `API_TOKEN=<paste it here>`.
fn becomes_secret(command: &Command, span: &std::ops::Range<usize>) -> bool {
    let mut assignments = command.facts.assignments.iter();
    assignments.any(|assign| {
        assign.value_span.start <= span.start && span.end <= assign.value_span.end && is_secret_name(&assign.name)
    })
}

impl UseFinder<'_> {
    fn add_declared_inputs(&mut self) {
        for (name, properties) in &self.runbook.front_matter.inputs {
            let (rules, wrong) = InputRules::parse_properties(properties);
            for wrong in wrong {
                let span = self.runbook.front_matter.span.clone();
                self.findings.push(DocumentFinding {
                    code: "malformed-input",
                    line: self.runbook.line_of(span.start),
                    span,
                    message: format!("the input `{name}`: {wrong}"),
                    help: "correct the front matter".to_owned(),
                });
            }
            let default = properties.get("default").cloned();
            if let Some((default, why)) = default.as_ref().and_then(|d| rules.check_value(d).err().map(|why| (d, why)))
            {
                let span = self.runbook.front_matter.span.clone();
                self.findings.push(DocumentFinding {
                    code: "malformed-input",
                    line: self.runbook.line_of(span.start),
                    span,
                    message: format!("the default `{default}` of the input `{name}` does not fit: {why}"),
                    help: "correct the front matter".to_owned(),
                });
            }
            self.input_index(
                InputName::new(name.clone()),
                InputSource::Declared,
                &format!("{{{{ {name} }}}}"),
                default,
                rules,
            );
        }
    }

    /// Index of the input of this name, added if it is new.
    fn input_index(
        &mut self,
        name: InputName,
        origin: InputSource,
        shown: &str,
        default: Option<String>,
        rules: InputRules,
    ) -> usize {
        if let Some(&known) = self.by_name.get(&name) {
            return known;
        }
        let blocks = match origin {
            InputSource::Placeholder(kind) => kind.blocks_running(),
            _ => true,
        };
        let secret = rules.secret || is_secret_name(name.as_str());
        let rules = InputRules { secret, ..rules };
        self.by_name.insert(name.clone(), self.inputs.len());
        self.inputs.push(Input { name, origin, shown: shown.to_owned(), default, blocks, rules, uses: Vec::new() });
        self.inputs.len() - 1
    }

    fn record_use(&mut self, input: usize, at: InputUseSite) {
        // Commands are visited in order, so a repeated use is the last one.
        if let Some(input) = self.inputs.get_mut(input)
            && input.uses.last() != Some(&at)
        {
            input.uses.push(at);
        }
    }

    /// Sets the uses of a command: templates, placeholders and, with `promptEnv`, assigned values.
    fn set_uses(&mut self, command: &mut Command, at: InputUseSite, prompts: bool) {
        let mut uses = self.template_uses(command, at);
        let taken = |uses: &[InputUse], span: &std::ops::Range<usize>| {
            uses.iter().any(|input_use| input_use.span.start < span.end && span.start < input_use.span.end)
        };
        for hole in crate::shell::find_holes(&command.text) {
            let known = hole.kind == HoleKind::Capitals && self.assigned.contains(&hole.name);
            if known || taken(&uses, &hole.span) {
                continue;
            }
            let shown = command.text.get(hole.span.clone()).unwrap_or_default().to_owned();
            // Two elisions (`...`) stand for different values, so the line makes the name unique.
            let name = if hole.kind == HoleKind::Elision { format!("...:{}", at.line) } else { hole.name.clone() };
            let rules = InputRules { secret: becomes_secret(command, &hole.span), ..InputRules::default() };
            let secret = rules.secret;
            let input = self.input_index(
                InputName::new(name.clone()),
                InputSource::Placeholder(hole.kind),
                &shown,
                None,
                rules,
            );
            if let Some(input) = self.inputs.get_mut(input).filter(|_| secret) {
                input.rules.secret = true;
            }
            self.record_use(input, at);
            uses.push(self.new_use(input, hole.span, Filter::None, hole.kind.blocks_running()));
        }
        if prompts {
            for assign in command.facts.assignments.clone() {
                let span = assign.value_span.clone();
                let Some(written) = command.text.get(span.clone()).filter(|text| !text.is_empty()) else { continue };
                if taken(&uses, &span) {
                    continue;
                }
                let default = literal_value(written);
                let shown = format!("${}", assign.name);
                let name = InputName::new(assign.name.clone());
                let input = self.input_index(name, InputSource::Attribute, &shown, default, InputRules::default());
                self.record_use(input, at);
                uses.push(self.new_use(input, span, Filter::None, false));
            }
        }
        uses.sort_by_key(|input_use| input_use.span.start);
        self.reject_unplaceable_uses(command, &mut uses);
        command.uses = uses;
    }

    fn new_use(&self, input: usize, span: std::ops::Range<usize>, filter: Filter, blocks: bool) -> InputUse {
        let (name, secret) = self
            .inputs
            .get(input)
            .map_or_else(|| (InputName::new(""), false), |input| (input.name.clone(), input.rules.secret));
        InputUse { span, name, filter, blocks, secret, reject_reason: None }
    }

    fn template_uses(&mut self, command: &Command, at: InputUseSite) -> Vec<InputUse> {
        let declared = &self.runbook.front_matter.inputs;
        if declared.is_empty() || !command.text.contains("{{") {
            return Vec::new();
        }
        let nearest = |name: &str| templates::nearest_name(name, declared.keys().map(String::as_str));
        let found = templates::find_templates(&command.text, &|name| declared.contains_key(name), &nearest);
        let mut uses = Vec::new();
        for braces in found {
            match braces {
                TemplateMatch::Template(span, name, filter) => {
                    if let Some(&input) = self.by_name.get(&InputName::new(name)) {
                        self.record_use(input, at);
                        uses.push(self.new_use(input, span, filter, true));
                    }
                }
                TemplateMatch::NearMiss(span, name, meant) => {
                    let message = format!("`{{{{ {name} }}}}` is no declared input");
                    self.report_finding(
                        "unknown-input",
                        command,
                        &span,
                        message,
                        format!("did you mean `{{{{ {meant} }}}}`?"),
                    );
                }
                TemplateMatch::UnknownFilter(span, filter) => {
                    let message = format!("`| {filter}` is no filter; the text stays as it is");
                    let help = "the filters are `| sh`, `| sql` and `| raw`".to_owned();
                    self.report_finding("unknown-filter", command, &span, message, help);
                }
            }
        }
        uses
    }

    /// Marks the uses where no value can be interpolated, and reports them.
    fn reject_unplaceable_uses(&mut self, command: &Command, uses: &mut [InputUse]) {
        let placed: Vec<&mut InputUse> = uses.iter_mut().filter(|input_use| input_use.filter != Filter::Raw).collect();
        if placed.is_empty() {
            return;
        }
        let spans: Vec<_> = placed.iter().map(|input_use| input_use.span.clone()).collect();
        let mut reported = BTreeSet::new();
        for (input_use, why) in placed.into_iter().zip(crate::interpolate::find_reject_reasons(&command.text, &spans)) {
            let Some(why) = why.map(|why| why.to_string()) else { continue };
            let shown = command.text.get(input_use.span.clone()).unwrap_or_default();
            if reported.insert((shown, why.clone())) && reported.len() <= MOST_FINDINGS {
                let message = format!("no value can be placed for `{shown}`: {why}");
                let help = "write it so that the value stands in an argument, or edit the command when it runs";
                self.report_finding("no-place", command, &input_use.span, message, help.to_owned());
            }
            input_use.reject_reason = Some(why);
        }
    }

    fn report_finding(
        &mut self,
        code: &'static str,
        command: &Command,
        span: &std::ops::Range<usize>,
        message: String,
        help: String,
    ) {
        let above = command.text.get(..span.start).map_or(0, |text| text.matches('\n').count());
        let line =
            command.line.saturating_add(u32::try_from(above).unwrap_or(0)).min(command.end_line.max(command.line));
        let whole = self.runbook.line_span(line, line);
        // Point at the text itself if its line has it only once.
        let text = self.runbook.text.get(whole.clone()).unwrap_or_default();
        let shown = command.text.get(span.clone()).unwrap_or_default();
        let span = match text.split_once(shown) {
            Some((before, after)) if !after.contains(shown) => {
                whole.start + before.len()..whole.start + before.len() + shown.len()
            }
            _ => whole,
        };
        self.findings.push(DocumentFinding { code, line, span, message, help });
    }

    /// Adds an input for each variable that the command reads and nothing before it has set.
    fn add_variable_inputs(&mut self, command: &Command, at: InputUseSite, set: &mut BTreeSet<String>) {
        if let Some(name) = &command.input {
            let default = command.default_value().map(ToOwned::to_owned);
            let shown = format!("${name}");
            let input = self.input_index(name.clone(), InputSource::Assignment, &shown, default, InputRules::default());
            self.record_use(input, at);
        }
        for name in command.needed_variables() {
            let assigned = self.by_name.get(&InputName::new(name.clone())).copied();
            if let Some(input) =
                assigned.filter(|&i| self.inputs.get(i).is_some_and(|i| i.origin == InputSource::Assignment))
            {
                self.record_use(input, at);
                continue;
            }
            if set.contains(&name) || EVERYWHERE.contains(name.as_str()) {
                continue;
            }
            let shown = format!("${name}");
            let input =
                self.input_index(InputName::new(name), InputSource::Variable, &shown, None, InputRules::default());
            self.record_use(input, at);
        }
        set.extend(command.facts.assignments.iter().map(|assign| assign.name.clone()));
    }
}

/// Variables that bash sets itself, or that are set in every session.
static EVERYWHERE: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    "BASH BASHOPTS BASHPID BASH_SOURCE BASH_VERSION BASH_VERSINFO COLUMNS DIRSTACK EPOCHREALTIME EPOCHSECONDS EUID \
     FUNCNAME GROUPS HOME HOSTNAME HOSTTYPE IFS LANG LINENO LINES LOGNAME MACHTYPE OLDPWD OPTARG OPTERR OPTIND OSTYPE \
     PATH PIPESTATUS PPID PWD RANDOM REPLY SECONDS SHELL SHELLOPTS SHLVL SRANDOM TERM TMPDIR UID USER"
        .split_ascii_whitespace()
        .collect()
});

/// A written value without its quotes; none if it holds an expansion.
fn literal_value(written: &str) -> Option<String> {
    let inner = match written.as_bytes() {
        [b'\'', .., b'\''] | [b'"', .., b'"'] => written.get(1..written.len() - 1)?,
        _ => written,
    };
    (!inner.contains(['$', '`', '\\', '"', '\''])).then(|| inner.to_owned())
}

impl Plan {
    /// The input of this exact name.
    pub fn find_input(&self, name: &InputName) -> Option<&Input> {
        self.inputs.iter().find(|input| &input.name == name)
    }

    /// The values under the names that the plan uses: one given as `POD_NAME` is returned as `<pod-name>`.
    #[must_use]
    pub fn with_plan_names(&self, given: &Values) -> Values {
        let name = |given: &InputName| {
            let wanted = canonical_name(given.as_str());
            let alike = || self.inputs.iter().find(|input| canonical_name(input.name.as_str()) == wanted);
            self.find_input(given).or_else(alike).map_or_else(|| given.clone(), |input| input.name.clone())
        };
        given.iter().map(|(given, value)| (name(given), value.clone())).collect()
    }

    /// None if a step needs or reads a value of this name. Otherwise the name that was probably meant, if any.
    pub fn suggest_for_unknown_value(&self, name: &str) -> Option<Option<String>> {
        let commands = self.steps.iter().flat_map(|step| &step.commands);
        let read = commands.flat_map(|command| &command.facts.variable_reads).map(|read| read.name.as_str());
        let known: BTreeSet<&str> = self.inputs.iter().map(|input| input.name.as_str()).chain(read).collect();
        let wanted = canonical_name(name);
        if known.iter().any(|known| canonical_name(known) == wanted) {
            return None;
        }
        let by_form: HashMap<String, &str> = known.iter().map(|known| (canonical_name(known), *known)).collect();
        let near = templates::nearest_name(&wanted, by_form.keys().map(String::as_str));
        // People often remember only a part of a name.
        let part = || {
            let mut parts = known.iter().filter(|known| wanted.len() > 2 && canonical_name(known).contains(&wanted));
            parts.next().filter(|_| parts.next().is_none())
        };
        Some(near.and_then(|near| by_form.get(&near).copied()).or_else(|| part().copied()).map(ToOwned::to_owned))
    }

    /// Makes these inputs secret, with all their uses.
    pub fn mark_secret(&mut self, names: &[String]) {
        let wanted: BTreeSet<String> = names.iter().map(|name| canonical_name(name)).collect();
        let is_meant = |name: &InputName| wanted.contains(&canonical_name(name.as_str()));
        self.inputs.iter_mut().filter(|input| is_meant(&input.name)).for_each(|input| input.rules.secret = true);
        let commands = self.steps.iter_mut().flat_map(|step| {
            let until = step.repeat.until.as_deref_mut();
            step.commands.iter_mut().chain(until)
        });
        let uses = commands.flat_map(|command| &mut command.uses);
        uses.filter(|input_use| is_meant(&input_use.name)).for_each(|input_use| input_use.secret = true);
    }

    /// Variables that a reachable step reads but only an unreachable one sets, each with that step's number.
    pub fn variables_set_elsewhere(&self) -> Vec<(String, String)> {
        let kept: BTreeSet<usize> = self.reachable_steps().into_iter().collect();
        let mut set: BTreeSet<&str> = BTreeSet::new();
        let mut found: Vec<(String, String)> = Vec::new();
        for step in kept.iter().filter_map(|&index| self.steps.get(index)) {
            for command in &step.commands {
                for name in command.needed_variables() {
                    let known = set.contains(name.as_str()) || found.iter().any(|(other, _)| *other == name);
                    let sets =
                        |step: &&Step| step.commands.iter().any(|c| c.facts.assignments.iter().any(|a| a.name == name));
                    let others = self.steps.iter().enumerate().filter(|(index, _)| !kept.contains(index));
                    if let Some(other) = others.map(|(_, step)| step).find(sets).filter(|_| !known) {
                        found.push((name, other.number.clone()));
                    }
                }
                set.extend(command.facts.assignments.iter().map(|assign| assign.name.as_str()));
            }
        }
        found
    }

    /// Default values from the front matter that meet the rules of their inputs.
    pub fn default_values(&self) -> Values {
        let declared = self.inputs.iter().filter(|input| input.origin == InputSource::Declared);
        let fits =
            |input: &&Input| input.default.as_ref().is_some_and(|default| input.rules.check_value(default).is_ok());
        declared.filter(fits).filter_map(|input| Some((input.name.clone(), input.default.clone()?))).collect()
    }
}
