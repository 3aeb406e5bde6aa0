//! After a command that did not succeed, or did not run: a person decides.
//!
//! Invariant: nothing of a step runs after a failure unless somebody says so. Refuses to know: what a failure looks like.

use super::command::{Candidate, Fate, edited};
use super::unset::Unset;
use super::walk::{Aside, Turn};
use super::{Engine, EngineError, shown};
use crate::history::{CommandFinished, Decision, Outcome};
use crate::plan::Step;
use crate::ports::{Ask, AskFailure, Journal, Kernel, Operator, Reply, Talk};

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    pub(super) fn skip_rest(&mut self, step: &'a Step, from: usize, reason: &str) -> Result<(), EngineError> {
        if !self.settings.mode.is_interactive() {
            self.operator.tell(&Talk::Skipped { step, reason });
        }
        for index in from..step.commands.len() {
            let number = u32::try_from(index).unwrap_or(u32::MAX);
            self.decide(step, Some(number), Decision::Skip, reason.to_owned())?;
        }
        Ok(())
    }

    /// After a command that did not succeed, or that was declined at its gate, which has the same keys. None: its question is
    /// asked again, or it was retried and the loop goes on.
    pub(super) fn after_failure(
        &mut self,
        step: &'a Step,
        place: usize,
        index: usize,
        candidate: &mut Candidate,
        finished: Option<&CommandFinished>,
    ) -> Result<Option<Fate>, EngineError> {
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let mut finished = finished.cloned();
        loop {
            let ran = self.state.commands.last().map(|command| command.started.text.clone());
            let ran = ran.filter(|_| finished.is_some());
            let ask = AskFailure {
                shown: shown(self.plan, self.settings, &self.state, &self.order, place, self.elapsed(), step),
                index: Some(index),
                text: ran.as_deref().unwrap_or(&candidate.command.text),
                outcome: finished.as_ref().map(|finished| &finished.outcome),
                status: finished.as_ref().and_then(|finished| finished.status),
                rollbacks: self.offered_rollbacks(),
            };
            match self.operator.ask(&Ask::Failure(ask))? {
                Reply::RollBack => {
                    if let Some(turn) = self.roll_back(step, number)? {
                        return Ok(Some(Fate::Turn(turn)));
                    }
                }
                // A gate that was declined is asked again.
                Reply::Retry if finished.is_none() => return Ok(None),
                Reply::Retry => match self.ready(&candidate.command) {
                    Ok(runnable) => {
                        // The shell may be a new one, without the secrets of the old.
                        match self.values_for(step, place, &candidate.command)? {
                            Unset::None => {}
                            Unset::AskAgain => continue,
                            Unset::End(ending) => return Ok(Some(Fate::Turn(Turn::End(ending)))),
                        }
                        let again = match step.repeat.until.as_deref().filter(|_| self.waited()) {
                            Some(until) => self.wait_until(step, number, until)?,
                            None => self.perform(step, number, candidate, &runnable, Decision::Retry)?,
                        };
                        let Some(again) = again else { continue };
                        if again.outcome.goes_on() {
                            return Ok(Some(Fate::Done));
                        }
                        finished = Some(again);
                    }
                    Err(_) => return Ok(None),
                },
                Reply::GoOn => {
                    let Some(finished) = &finished else {
                        self.decide(step, Some(number), Decision::Skip, "declined at its gate".to_owned())?;
                        return Ok(Some(Fate::Skipped));
                    };
                    self.decide(step, Some(number), Decision::GoOn, String::new())?;
                    // `exit` ends the step; any other failure is passed over, and the step goes on.
                    let ends_step = finished.outcome == Outcome::Exited;
                    return Ok(Some(if ends_step { Fate::StepDone } else { Fate::PassedOver }));
                }
                Reply::Edit(text) => {
                    if text != candidate.command.text
                        && let Some(written) = step.commands.get(index)
                    {
                        *candidate = edited(written, &text);
                    }
                    return Ok(None);
                }
                Reply::Done(how) => {
                    self.decide(step, Some(number), Decision::Done, how)?;
                    return Ok(Some(Fate::Done));
                }
                Reply::SkipRest(reason) => {
                    self.skip_rest(step, index, &reason)?;
                    return Ok(Some(Fate::RestSkipped));
                }
                other => match self.aside(step, place, other)? {
                    Aside::Again => {}
                    Aside::Skip(reason) => {
                        self.skip_rest(step, index + usize::from(finished.is_some()), &reason)?;
                        return Ok(Some(Fate::RestSkipped));
                    }
                    Aside::Turn(turn) => return Ok(Some(Fate::Turn(turn))),
                },
            }
        }
    }
}
