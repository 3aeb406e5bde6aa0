//! One step: entered, shown, done, left.
//!
//! Invariant: a step that was entered is left with a result, unless the run goes elsewhere. Refuses to know: which step comes next.

use super::outcome::{Next, SideAction};
use super::progress::step_finished;
use super::run::Engine;
use super::settings::EngineError;
use crate::history::{Decided, Decision, Fact, MessageFilled, NoteAdded, StepResult};
use crate::plan::{Step, StepKind};
use crate::ports::{Ask, AskMessage, AskTask, Journal, Kernel, Notice, Operator, Reply};

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Shows a step and does what it is about.
    pub(super) fn run_step(&mut self, step_index: usize) -> Result<Next, EngineError> {
        let plan = self.progress.plan;
        let Some(step) = plan.steps.get(step_index) else { return Ok(Next::Forward) };
        self.buffer_fact(self.progress.step_entered(step, step_index));
        self.flush_before_question()?;
        self.operator.show_notice(&Notice::Step(self.progress.shown_step(step, step_index)));
        match step.kind {
            StepKind::Command | StepKind::Guessed => self.run_commands(step, step_index),
            StepKind::Task => self.ask_about_task(step, step_index),
            StepKind::Message => self.fill_message(step, step_index),
        }
    }

    fn ask_about_task(&mut self, step: &'a Step, step_index: usize) -> Result<Next, EngineError> {
        loop {
            let shown = self.progress.shown_step(step, step_index);
            let reply = self.operator.ask_question(&Ask::Task(AskTask { shown }))?;
            let (decision, reason, result) = match reply {
                Reply::Done(how) => (Decision::Done, how, StepResult::Done),
                Reply::Run(_) | Reply::RunRest => (Decision::Done, String::new(), StepResult::Done),
                other => match self.side_action(step, step_index, other)? {
                    SideAction::AskAgain => continue,
                    SideAction::Skip(reason) => (Decision::Skip, reason, StepResult::Skipped),
                    SideAction::Leave(next) => return Ok(next),
                },
            };
            self.record_decision(step, None, decision, reason)?;
            return Ok(self.leave_step(step, result));
        }
    }

    fn fill_message(&mut self, step: &'a Step, step_index: usize) -> Result<Next, EngineError> {
        loop {
            let shown = self.progress.shown_step(step, step_index);
            let fields = crate::plan::message_fields(&step.body);
            match self.operator.ask_question(&Ask::Message(AskMessage { shown, fields }))? {
                Reply::Filled(text) => {
                    self.record_fact(Fact::MessageFilled(MessageFilled { step: step.id.clone(), text }))?;
                    return Ok(self.leave_step(step, StepResult::Done));
                }
                Reply::Done(how) => {
                    self.record_decision(step, None, Decision::Done, how)?;
                    return Ok(self.leave_step(step, StepResult::Done));
                }
                other => match self.side_action(step, step_index, other)? {
                    SideAction::AskAgain => {}
                    SideAction::Skip(reason) => {
                        self.record_decision(step, None, Decision::Skip, reason)?;
                        return Ok(self.leave_step(step, StepResult::Skipped));
                    }
                    SideAction::Leave(next) => return Ok(next),
                },
            }
        }
    }

    /// Acts on the answers that mean the same at every question.
    pub(super) fn side_action(
        &mut self,
        step: &'a Step,
        step_index: usize,
        reply: Reply,
    ) -> Result<SideAction, EngineError> {
        Ok(match reply {
            Reply::Note(text) => {
                self.record_note(Some(step), text)?;
                SideAction::AskAgain
            }
            Reply::Secret(secret) => {
                self.accept_typed_secret(step, &secret)?;
                SideAction::AskAgain
            }
            Reply::Own(text) => match self.run_own_command(step, step_index, &text)? {
                Some(ending) => SideAction::Leave(Next::End(ending)),
                None => SideAction::AskAgain,
            },
            Reply::Skip(reason) | Reply::SkipRest(reason) => {
                if !self.progress.is_interactive() {
                    self.operator.show_notice(&Notice::Skipped { step, reason: &reason });
                }
                SideAction::Skip(reason)
            }
            Reply::Back => {
                self.record_decision(step, None, Decision::Back, String::new())?;
                SideAction::Leave(Next::Back)
            }
            Reply::Stop => {
                self.record_decision(step, None, Decision::Stop, String::new())?;
                SideAction::Leave(Next::End(self.progress.stopped_ending(Some(step))))
            }
            _ => SideAction::AskAgain,
        })
    }

    pub(super) fn record_note(&mut self, step: Option<&Step>, text: String) -> Result<(), EngineError> {
        self.record_fact(Fact::NoteAdded(NoteAdded { step: step.map(|step| step.id.clone()), text }))
    }

    /// Records a decision about a step, or about the command of it with this index.
    pub(super) fn record_decision(
        &mut self,
        step: &Step,
        command: Option<u32>,
        decision: Decision,
        reason: String,
    ) -> Result<(), EngineError> {
        self.record_fact(Fact::Decided(Decided { step: step.id.clone(), command, decision, reason }))
    }

    /// Leaves a step with its result; the run goes forward.
    pub(super) fn leave_step(&mut self, step: &Step, result: StepResult) -> Next {
        self.buffer_fact(step_finished(step, result));
        Next::Forward
    }
}
