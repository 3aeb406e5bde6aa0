//! Steps → the inputs they need, and the positions in each command where values go.
//!
//! Invariant: each name has one input over all steps; uses in a command never overlap. Refuses to know: which values are given.

use super::command::{Command, Use, Values};
use super::inputs::{Input, Origin, Rules, UsedAt, canonical, is_secret_name};
use super::model::{Plan, Step, StepKind};
use super::templates::{self, Braces};
use crate::document::{Finding, Runbook};
use crate::ident::InputName;
use crate::interpolate::Filter;
use crate::shell::HoleKind;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

/// Sets the uses of each command; returns the inputs that are used, and findings about them.
pub(super) fn find(runbook: &Runbook, steps: &mut [Step]) -> (Vec<Input>, Vec<Finding>) {
    let assigned: BTreeSet<String> =
        steps.iter().flat_map(|step| &step.commands).flat_map(|c| &c.facts.assigns).map(|a| a.name.clone()).collect();
    let mut finder = Finder { runbook, assigned, inputs: Vec::new(), by_name: HashMap::new(), findings: Vec::new() };
    finder.declarations();
    let mut set: BTreeSet<String> = runbook.front_matter.env.keys().cloned().collect();
    for (step_index, step) in steps.iter_mut().enumerate() {
        if !matches!(step.kind, StepKind::Command | StepKind::Guessed) {
            continue;
        }
        let prompts = matches!(step.cell.attributes.get("promptEnv"), Some("true" | "yes" | "1"));
        for (index, command) in step.commands.iter_mut().enumerate() {
            let at = UsedAt { step: step_index, command: index, line: command.line };
            finder.places(command, at, prompts);
            finder.variables(command, at, &mut set);
        }
        let after = step.commands.len();
        if let Some(until) = step.repeat.until.as_deref_mut() {
            let at = UsedAt { step: step_index, command: after, line: until.line };
            finder.places(until, at, false);
            finder.variables(until, at, &mut set);
        }
    }
    finder.inputs.retain(|input| !input.uses.is_empty());
    (finder.inputs, finder.findings)
}

/// Findings reported for one command at most.
const MOST_FINDINGS: usize = 10;

struct Finder<'a> {
    runbook: &'a Runbook,
    /// Variables that some step sets.
    assigned: BTreeSet<String>,
    inputs: Vec<Input>,
    by_name: HashMap<InputName, usize>,
    findings: Vec<Finding>,
}

impl Finder<'_> {
    fn declarations(&mut self) {
        for (name, properties) in &self.runbook.front_matter.inputs {
            let (rules, wrong) = Rules::read(properties);
            for wrong in wrong {
                let span = self.runbook.front_matter.span.clone();
                self.findings.push(Finding {
                    code: "malformed-input",
                    line: self.runbook.line_of(span.start),
                    span,
                    message: format!("the input `{name}`: {wrong}"),
                    help: "correct the front matter".to_owned(),
                });
            }
            let default = properties.get("default").cloned();
            if let Some((default, why)) = default.as_ref().and_then(|d| rules.check(d).err().map(|why| (d, why))) {
                let span = self.runbook.front_matter.span.clone();
                self.findings.push(Finding {
                    code: "malformed-input",
                    line: self.runbook.line_of(span.start),
                    span,
                    message: format!("the default `{default}` of the input `{name}` does not fit: {why}"),
                    help: "correct the front matter".to_owned(),
                });
            }
            self.input(InputName::new(name.clone()), Origin::Declared, &format!("{{{{ {name} }}}}"), default, rules);
        }
    }

    /// Index of the input of this name, added if it is new.
    fn input(&mut self, name: InputName, origin: Origin, shown: &str, default: Option<String>, rules: Rules) -> usize {
        if let Some(&known) = self.by_name.get(&name) {
            return known;
        }
        let blocks = match origin {
            Origin::Placeholder(kind) => kind.blocks(),
            _ => true,
        };
        let secret = rules.secret || is_secret_name(name.as_str());
        let rules = Rules { secret, ..rules };
        self.by_name.insert(name.clone(), self.inputs.len());
        self.inputs.push(Input { name, origin, shown: shown.to_owned(), default, blocks, rules, uses: Vec::new() });
        self.inputs.len() - 1
    }

    fn used(&mut self, input: usize, at: UsedAt) {
        // Commands are visited in order, so a repeated use is the last one.
        if let Some(input) = self.inputs.get_mut(input)
            && input.uses.last() != Some(&at)
        {
            input.uses.push(at);
        }
    }

    /// Sets the uses of a command: templates, placeholders and, with `promptEnv`, assigned values.
    fn places(&mut self, command: &mut Command, at: UsedAt, prompts: bool) {
        let mut uses = self.templates(command, at);
        let taken = |uses: &[Use], span: &std::ops::Range<usize>| {
            uses.iter().any(|input_use| input_use.span.start < span.end && span.start < input_use.span.end)
        };
        for hole in crate::shell::holes(&command.text) {
            let known = hole.kind == HoleKind::Capitals && self.assigned.contains(&hole.name);
            if known || taken(&uses, &hole.span) {
                continue;
            }
            let shown = command.text.get(hole.span.clone()).unwrap_or_default().to_owned();
            // Two elisions (`...`) stand for different values, so the line makes the name unique.
            let name = if hole.kind == HoleKind::Elision { format!("...:{}", at.line) } else { hole.name.clone() };
            let input = self.input(
                InputName::new(name.clone()),
                Origin::Placeholder(hole.kind),
                &shown,
                None,
                Rules::default(),
            );
            self.used(input, at);
            uses.push(self.place(input, hole.span, Filter::None, hole.kind.blocks()));
        }
        if prompts {
            for assign in command.facts.assigns.clone() {
                let span = assign.value_span.clone();
                let Some(written) = command.text.get(span.clone()).filter(|text| !text.is_empty()) else { continue };
                if taken(&uses, &span) {
                    continue;
                }
                let default = unquoted(written);
                let shown = format!("${}", assign.name);
                let name = InputName::new(assign.name.clone());
                let input = self.input(name, Origin::Attribute, &shown, default, Rules::default());
                self.used(input, at);
                uses.push(self.place(input, span, Filter::None, false));
            }
        }
        uses.sort_by_key(|input_use| input_use.span.start);
        self.cannot_go(command, &mut uses);
        command.uses = uses;
    }

    fn place(&self, input: usize, span: std::ops::Range<usize>, filter: Filter, blocks: bool) -> Use {
        let (name, secret) = self
            .inputs
            .get(input)
            .map_or_else(|| (InputName::new(""), false), |input| (input.name.clone(), input.rules.secret));
        Use { span, name, filter, blocks, secret, no_place: None }
    }

    fn templates(&mut self, command: &Command, at: UsedAt) -> Vec<Use> {
        let declared = &self.runbook.front_matter.inputs;
        if declared.is_empty() || !command.text.contains("{{") {
            return Vec::new();
        }
        let nearest = |name: &str| templates::nearest(name, declared.keys().map(String::as_str));
        let found = templates::find(&command.text, &|name| declared.contains_key(name), &nearest);
        let mut uses = Vec::new();
        for braces in found {
            match braces {
                Braces::Place(span, name, filter) => {
                    if let Some(&input) = self.by_name.get(&InputName::new(name)) {
                        self.used(input, at);
                        uses.push(self.place(input, span, filter, true));
                    }
                }
                Braces::NearMiss(span, name, meant) => {
                    let message = format!("`{{{{ {name} }}}}` is no declared input");
                    self.odd("unknown-input", command, &span, message, format!("did you mean `{{{{ {meant} }}}}`?"));
                }
                Braces::Unknown(span, filter) => {
                    let message = format!("`| {filter}` is no filter; the text stays as it is");
                    let help = "the filters are `| sh`, `| sql` and `| raw`".to_owned();
                    self.odd("unknown-filter", command, &span, message, help);
                }
            }
        }
        uses
    }

    /// Marks the uses where no value can be interpolated, and reports them.
    fn cannot_go(&mut self, command: &Command, uses: &mut [Use]) {
        let placed: Vec<&mut Use> = uses.iter_mut().filter(|input_use| input_use.filter != Filter::Raw).collect();
        if placed.is_empty() {
            return;
        }
        let spans: Vec<_> = placed.iter().map(|input_use| input_use.span.clone()).collect();
        let mut reported = BTreeSet::new();
        for (input_use, why) in placed.into_iter().zip(crate::interpolate::refusals(&command.text, &spans)) {
            let Some(why) = why.map(|why| why.to_string()) else { continue };
            let shown = command.text.get(input_use.span.clone()).unwrap_or_default();
            if reported.insert((shown, why.clone())) && reported.len() <= MOST_FINDINGS {
                let message = format!("no value can be placed for `{shown}`: {why}");
                let help = "write it so that the value stands in an argument, or edit the command when it runs";
                self.odd("no-place", command, &input_use.span, message, help.to_owned());
            }
            input_use.no_place = Some(why);
        }
    }

    fn odd(
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
        self.findings.push(Finding { code, line, span, message, help });
    }

    /// Adds an input for each variable that the command reads and nothing before it has set.
    fn variables(&mut self, command: &Command, at: UsedAt, set: &mut BTreeSet<String>) {
        if let Some(name) = &command.input {
            let default = command.default_value().map(ToOwned::to_owned);
            let shown = format!("${name}");
            let input = self.input(name.clone(), Origin::Assignment, &shown, default, Rules::default());
            self.used(input, at);
        }
        for name in command.needs() {
            let assigned = self.by_name.get(&InputName::new(name.clone())).copied();
            if let Some(input) =
                assigned.filter(|&i| self.inputs.get(i).is_some_and(|i| i.origin == Origin::Assignment))
            {
                self.used(input, at);
                continue;
            }
            if set.contains(&name) || EVERYWHERE.contains(name.as_str()) {
                continue;
            }
            let shown = format!("${name}");
            let input = self.input(InputName::new(name), Origin::Variable, &shown, None, Rules::default());
            self.used(input, at);
        }
        set.extend(command.facts.assigns.iter().map(|assign| assign.name.clone()));
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
fn unquoted(written: &str) -> Option<String> {
    let inner = match written.as_bytes() {
        [b'\'', .., b'\''] | [b'"', .., b'"'] => written.get(1..written.len() - 1)?,
        _ => written,
    };
    (!inner.contains(['$', '`', '\\', '"', '\''])).then(|| inner.to_owned())
}

impl Plan {
    /// The input of this exact name.
    pub fn input(&self, name: &InputName) -> Option<&Input> {
        self.inputs.iter().find(|input| &input.name == name)
    }

    /// The values under the names that the plan uses: one given as `POD_NAME` is returned as `<pod-name>`.
    #[must_use]
    pub fn named(&self, given: &Values) -> Values {
        let name = |given: &InputName| {
            let wanted = canonical(given.as_str());
            let alike = || self.inputs.iter().find(|input| canonical(input.name.as_str()) == wanted);
            self.input(given).or_else(alike).map_or_else(|| given.clone(), |input| input.name.clone())
        };
        given.iter().map(|(given, value)| (name(given), value.clone())).collect()
    }

    /// None if a step needs or reads a value of this name. Otherwise the name that was probably meant, if any.
    pub fn not_asked(&self, name: &str) -> Option<Option<String>> {
        let commands = self.steps.iter().flat_map(|step| &step.commands);
        let read = commands.flat_map(|command| &command.facts.reads).map(|read| read.name.as_str());
        let known: BTreeSet<&str> = self.inputs.iter().map(|input| input.name.as_str()).chain(read).collect();
        let wanted = canonical(name);
        if known.iter().any(|known| canonical(known) == wanted) {
            return None;
        }
        let by_form: HashMap<String, &str> = known.iter().map(|known| (canonical(known), *known)).collect();
        let near = templates::nearest(&wanted, by_form.keys().map(String::as_str));
        // People often remember only a part of a name.
        let part = || {
            let mut parts = known.iter().filter(|known| wanted.len() > 2 && canonical(known).contains(&wanted));
            parts.next().filter(|_| parts.next().is_none())
        };
        Some(near.and_then(|near| by_form.get(&near).copied()).or_else(|| part().copied()).map(ToOwned::to_owned))
    }

    /// Makes these inputs secret, with all their uses.
    pub fn keep_secret(&mut self, names: &[String]) {
        let wanted: BTreeSet<String> = names.iter().map(|name| canonical(name)).collect();
        let is_meant = |name: &InputName| wanted.contains(&canonical(name.as_str()));
        self.inputs.iter_mut().filter(|input| is_meant(&input.name)).for_each(|input| input.rules.secret = true);
        let commands = self.steps.iter_mut().flat_map(|step| {
            let until = step.repeat.until.as_deref_mut();
            step.commands.iter_mut().chain(until)
        });
        let uses = commands.flat_map(|command| &mut command.uses);
        uses.filter(|input_use| is_meant(&input_use.name)).for_each(|input_use| input_use.secret = true);
    }

    /// Variables that a reachable step reads but only an unreachable one sets, each with that step's number.
    pub fn set_by_others(&self) -> Vec<(String, String)> {
        let kept: BTreeSet<usize> = self.reachable().into_iter().collect();
        let mut set: BTreeSet<&str> = BTreeSet::new();
        let mut found: Vec<(String, String)> = Vec::new();
        for step in kept.iter().filter_map(|&index| self.steps.get(index)) {
            for command in &step.commands {
                for name in command.needs() {
                    let known = set.contains(name.as_str()) || found.iter().any(|(other, _)| *other == name);
                    let sets =
                        |step: &&Step| step.commands.iter().any(|c| c.facts.assigns.iter().any(|a| a.name == name));
                    let others = self.steps.iter().enumerate().filter(|(index, _)| !kept.contains(index));
                    if let Some(other) = others.map(|(_, step)| step).find(sets).filter(|_| !known) {
                        found.push((name, other.number.clone()));
                    }
                }
                set.extend(command.facts.assigns.iter().map(|assign| assign.name.as_str()));
            }
        }
        found
    }

    /// Default values from the front matter that meet the rules of their inputs.
    pub fn defaults(&self) -> Values {
        let declared = self.inputs.iter().filter(|input| input.origin == Origin::Declared);
        let fits = |input: &&Input| input.default.as_ref().is_some_and(|default| input.rules.check(default).is_ok());
        declared.filter(fits).filter_map(|input| Some((input.name.clone(), input.default.clone()?))).collect()
    }
}
