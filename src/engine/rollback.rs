//! Undoing what was done, last first.
//!
//! Invariant: each rollback is a step like any, with its own yes; what was not begun is not undone. Refuses to know: what a
//! rollback does.

use super::outcome::Next;
use super::progress::Progress;
use super::run::Engine;
use super::send_ahead::SendAhead;
use super::settings::{Ending, EngineError};
use crate::history::{Decision, RunResult, StepResult};
use crate::ident::{Seq, StepId};
use crate::plan::{RollbackTarget, Step};
use crate::ports::{Journal, Kernel, Notice, Operator};

impl<'a> Progress<'a> {
    /// Indices of the steps that undo what was done and was not undone since, in the order they are to run: those that undo a
    /// single step, last first, then those that undo the whole procedure, in document order.
    fn due_rollbacks(&self) -> Vec<usize> {
        let last = |step: &StepId| self.state.attempts_in_step(step).next_back().map(|attempt| attempt.seq);
        let mut single: Vec<(Seq, usize)> = Vec::new();
        let mut whole = Vec::new();
        for index in self.plan.rollback_steps() {
            let Some(step) = self.plan.steps.get(index) else { continue };
            let undone = last(&step.id);
            match &step.rollback_target {
                Some(RollbackTarget::Step(of)) => {
                    single.extend(last(of).filter(|done| undone < Some(*done)).map(|done| (done, index)));
                }
                Some(RollbackTarget::Procedure) => {
                    let others = self.plan.steps.iter().filter(|other| other.rollback_target.is_none());
                    let done = others.filter_map(|other| last(&other.id)).max();
                    whole.extend(done.filter(|done| undone < Some(*done)).map(|_| index));
                }
                None => {}
            }
        }
        single.sort_unstable_by(|a, b| b.cmp(a));
        single.into_iter().map(|(_, index)| index).chain(whole).collect()
    }

    /// Number and title of the steps that would undo what was done.
    pub(super) fn offered_rollbacks(&self) -> Vec<(&'a str, &'a str)> {
        let plan = self.plan;
        let steps = self.due_rollbacks().into_iter().filter_map(|index| plan.steps.get(index));
        steps.map(|step| (step.number.as_str(), step.title.as_str())).collect()
    }
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Runs the steps that undo what was done. Returns where the run goes if it does not come back to what failed.
    pub(super) fn roll_back(&mut self, failed: &'a Step, command: u32) -> Result<Option<Next>, EngineError> {
        let due = self.progress.due_rollbacks();
        let why = self.progress.failure_reason();
        self.record_decision(failed, Some(command), Decision::RollBack, String::new())?;
        // After a rollback the run comes back here, not to the next step of the plan.
        self.send_ahead = SendAhead::default();
        let mut done = 0;
        for index in &due {
            match self.run_step(*index)? {
                Next::Forward => {}
                Next::Back => break,
                end @ Next::End(_) => return Ok(Some(end)),
            }
            self.flush_buffered()?;
            let step = self.progress.plan.steps.get(*index);
            let step_state = step.and_then(|step| self.progress.state.steps.get(&step.id));
            done += usize::from(step_state.is_some_and(|state| state.result != Some(StepResult::Skipped)));
        }
        let notice = format!("rolled back: {done} of {} steps; back at what failed", due.len());
        self.operator.show_notice(&Notice::Info(&notice));
        if !self.progress.is_interactive() {
            let reason = format!("{why}; what was done is undone");
            return Ok(Some(Next::End(Ending { result: RunResult::Failed, reason, next: Some(failed.id.clone()) })));
        }
        Ok(None)
    }
}
