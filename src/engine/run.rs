//! One run: the engine's parts, and how it records.
//!
//! Invariant: what is buffered is on disk before anything runs and before anybody is asked. Refuses to know: steps and commands.

use super::earlier::Earlier;
use super::known_values::KnownValues;
use super::progress::Progress;
use super::send_ahead::SendAhead;
use super::settings::{EngineError, Settings};
use crate::history::{Event, Fact, RunState};
use crate::ident::{Clock, InputName};
use crate::plan::Plan;
use crate::ports::{Journal, Kernel, KernelError, Operator, Syntax};

/// One run of a plan, with the ports that it acts through.
pub struct Engine<'a, S, O> {
    pub(super) progress: Progress<'a>,
    pub(super) session: &'a mut S,
    pub(super) operator: &'a mut O,
    pub(super) syntax: &'a mut dyn Syntax,
    pub(super) known: KnownValues,
    /// Facts that wait for the next append.
    pub(super) buffered: Vec<Fact>,
    pub(super) send_ahead: SendAhead,
    pub(super) earlier: Earlier,
    /// How many facts could not be recorded.
    pub(super) unrecorded: u64,
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Creates the engine of a run whose start is already recorded in `events`.
    pub fn new(
        plan: &'a Plan,
        settings: &'a Settings,
        session: &'a mut S,
        operator: &'a mut O,
        syntax: &'a mut dyn Syntax,
        clock: &'a dyn Clock,
        events: &[Event],
    ) -> Self {
        Self {
            progress: Progress::new(plan, settings, clock, events),
            session,
            operator,
            syntax,
            known: KnownValues::new(settings.policy.values.clone()),
            buffered: Vec::new(),
            send_ahead: SendAhead::default(),
            earlier: Earlier::default(),
            unrecorded: 0,
        }
    }

    /// The state that the events so far add up to.
    pub fn run_state(&self) -> &RunState {
        &self.progress.state
    }

    /// True if the value of this input must be in no text.
    pub(super) fn is_secret(&self, name: &InputName) -> bool {
        self.known.is_secret(self.progress.plan, name)
    }

    /// Records a fact now, after the buffered ones.
    pub(super) fn record_fact(&mut self, fact: Fact) -> Result<(), EngineError> {
        let mut facts = std::mem::take(&mut self.buffered);
        facts.push(fact);
        match self.session.append_facts(facts.clone()) {
            Ok(events) => {
                self.operator.on_durable();
                for event in &events {
                    self.progress.state.apply_event(event);
                }
            }
            Err(KernelError::Record(why)) => self.go_on_unrecorded(facts, &why)?,
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Leaves a fact to the next append. For facts that nobody acts on by themselves: a step was entered or left.
    pub(super) fn buffer_fact(&mut self, fact: Fact) {
        self.buffered.push(fact);
    }

    /// Records the buffered facts.
    pub(super) fn flush_buffered(&mut self) -> Result<(), EngineError> {
        match self.buffered.pop() {
            Some(last) => self.record_fact(last),
            None => Ok(()),
        }
    }

    /// Records the buffered facts if an operator is to be asked, who may think about the answer for an hour.
    pub(super) fn flush_before_question(&mut self) -> Result<(), EngineError> {
        if self.progress.is_interactive() { self.flush_buffered() } else { Ok(()) }
    }
}
