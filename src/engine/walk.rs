//! From step to step: sequences, choices, back, the end.
//!
//! Invariant: a choice comes back after each option; nothing after it starts before the operator says go on.

use super::choice::Pick;
use super::outcome::Next;
use super::run::Engine;
use super::settings::{Ending, EngineError};
use crate::history::{Fact, RunFinished, RunResult, StepResult};
use crate::plan::Node;
use crate::ports::{Journal, Kernel, KernelError, Notice, Operator};
use std::collections::BTreeMap;

/// A position in the plan: lists of nodes and an index into each, outermost first.
type Cursor<'p> = Vec<(&'p [Node], usize)>;

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Walks the plan to its end, records how it ended, and tells the operator. Fails when the session, the record or the
    /// operator is lost.
    pub fn run_plan(&mut self) -> Result<Ending, EngineError> {
        let ended = self.walk_and_close();
        // Deferred output is shown, unless nobody knows whether it is recorded.
        if !matches!(ended, Err(EngineError::Kernel(KernelError::Lost(_)))) {
            self.operator.on_durable();
        }
        ended
    }

    fn walk_and_close(&mut self) -> Result<Ending, EngineError> {
        self.tell_opening();
        self.register_given_secrets()?;
        let ending = self.walk_plan()?;
        self.record_fact(Fact::RunFinished(RunFinished {
            result: ending.result,
            reason: ending.reason.clone(),
            next: ending.next.clone(),
        }))?;
        self.tell_closing(&ending);
        Ok(ending)
    }

    /// Tells what the run is about, and what is worth knowing of its plan.
    fn tell_opening(&mut self) {
        let (plan, settings) = (self.progress.plan, self.progress.settings);
        self.operator.show_notice(&Notice::Opening {
            plan,
            file: &settings.file,
            host: &settings.host,
            user: &settings.user,
            cwd: &settings.cwd,
            mode: settings.mode,
            record: &settings.record,
        });
        for finding in &plan.findings {
            let location = format!("{}:{}", settings.file_name, finding.line);
            self.operator.show_notice(&Notice::Warning(&format!("{location}: {} ({})", finding.message, finding.help)));
        }
        for (name, number) in plan.variables_set_elsewhere() {
            let notice = format!(
                "`{name}` is set by step {number}, which is not part of this run; it is asked for where it is read"
            );
            self.operator.show_notice(&Notice::Info(&notice));
        }
        let undoing = plan.rollback_steps().len();
        if undoing > 0 && self.progress.is_interactive() {
            let steps = if undoing == 1 { "1 step undoes".to_owned() } else { format!("{undoing} steps undo") };
            let notice = format!("{steps} what others do: u runs them after a failure, last first");
            self.operator.show_notice(&Notice::Info(&notice));
        }
    }

    fn tell_closing(&mut self, ending: &Ending) {
        let Self { progress, operator, .. } = self;
        for prose in progress.plan.closing.iter().filter(|_| ending.result == RunResult::Completed) {
            operator.show_notice(&Notice::Info(&prose.text));
        }
        let done = progress.state.steps.iter().filter(|(id, step)| {
            let undoes = || progress.plan.steps.iter().any(|step| step.id == **id && step.rollback_target.is_some());
            matches!(step.result, Some(StepResult::Done | StepResult::DoneWithFailures)) && !undoes()
        });
        operator.show_notice(&Notice::Closing {
            result: ending.result,
            reason: &ending.reason,
            done: done.count(),
            of: progress.step_count(),
            unresolved: progress.state.unresolved_commands(),
            elapsed: progress.elapsed_time(),
        });
    }

    fn walk_plan(&mut self) -> Result<Ending, EngineError> {
        let mut cursor: Cursor<'a> = vec![(self.progress.plan.root.as_slice(), 0)];
        // The steps that were visited, for going back.
        let mut trail: Vec<Cursor<'a>> = Vec::new();
        // Which options of a choice were taken, by the choice's line and title.
        let mut taken: BTreeMap<(u32, &'a str), Vec<bool>> = BTreeMap::new();
        while let Some((nodes, at)) = cursor.last().copied() {
            let next = match nodes.get(at) {
                None => {
                    cursor.pop();
                    continue;
                }
                Some(Node::Step(step_index)) => {
                    trail.push(cursor.clone());
                    self.run_step_unless_finished(*step_index, nodes.get(at + 1))?
                }
                Some(Node::Choice(choice)) => {
                    let taken = taken
                        .entry((choice.line, choice.title.as_str()))
                        .or_insert_with(|| vec![false; choice.options.len()]);
                    match self.pick_option(choice, taken)? {
                        Pick::Option(nodes) => {
                            cursor.push((nodes, 0));
                            continue;
                        }
                        Pick::Leave(next) => next,
                    }
                }
            };
            match next {
                Next::Forward => {
                    if let Some((_, at)) = cursor.last_mut() {
                        *at += 1;
                    }
                }
                Next::Back => {
                    if matches!(nodes.get(at), Some(Node::Step(_))) {
                        trail.pop();
                    }
                    match trail.pop() {
                        Some(before) => cursor = before,
                        None => self.operator.show_notice(&Notice::Info("this is the first step")),
                    }
                }
                Next::End(ending) => return Ok(ending),
            }
        }
        Ok(self.completed_ending())
    }

    fn run_step_unless_finished(&mut self, step_index: usize, after: Option<&Node>) -> Result<Next, EngineError> {
        let step = self.progress.plan.steps.get(step_index);
        if step.is_some_and(|step| self.was_finished(step)) {
            return Ok(Next::Forward);
        }
        self.send_ahead.next_step_index = match after {
            Some(Node::Step(next)) => Some(*next),
            _ => None,
        };
        self.run_step(step_index)
    }

    fn completed_ending(&self) -> Ending {
        let mut steps = self.progress.state.steps.values();
        let has_failures = steps.any(|step| step.result == Some(StepResult::DoneWithFailures));
        let reason = if has_failures { "failures were passed over" } else { "" };
        Ending { result: RunResult::Completed, reason: reason.to_owned(), next: None }
    }
}
