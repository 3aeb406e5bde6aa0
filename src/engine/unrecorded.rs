//! Going on while the record cannot be written: only with an operator, and only what they say word by word.
//!
//! Invariant: nothing runs unrecorded that somebody did not type `unrecorded` for. Refuses to know: why it cannot be written.

use super::{Engine, EngineError};
use crate::history::{Event, Fact};
use crate::ident::Seq;
use crate::ports::{Ask, AskInput, Finished, Journal, Kernel, KernelError, Operator, Reply, Request, Talk};

/// What must be typed.
const WORD: &str = "unrecorded";
/// Facts that are in no journal are numbered from here.
const FIRST: u64 = 1 << 48;

impl<S: Kernel + Journal, O: Operator> Engine<'_, S, O> {
    /// Facts could not be recorded. Nothing is done by them, so with an operator the run goes on.
    pub(super) fn go_on_unrecorded(&mut self, facts: Vec<Fact>, why: &str) -> Result<(), EngineError> {
        let is_end = facts.iter().any(|fact| matches!(fact, Fact::RunFinished(_)));
        if !self.settings.mode.is_interactive() || is_end {
            return Err(KernelError::Record(why.to_owned()).into());
        }
        if self.unrecorded == 0 {
            self.operator.tell(&Talk::Warning(&format!("the record cannot be written: {why}")));
        }
        for fact in facts {
            let event = Event { seq: Seq(FIRST + self.unrecorded), at: self.clock.now(), fact };
            self.unrecorded += 1;
            self.state.apply(&event);
        }
        Ok(())
    }

    /// Runs a command. None: its start could not be recorded, and the operator did not want it to run all the same.
    pub(super) fn run_recorded(
        &mut self,
        request: &mut Request,
        next: Option<&Request>,
    ) -> Result<Option<Finished>, EngineError> {
        let why = match self.session.run(request, next, self.operator) {
            Err(KernelError::Record(why)) if self.settings.mode.is_interactive() => why,
            result => return Ok(Some(result?)),
        };
        self.operator.tell(&Talk::Warning(&format!("it was not run: its start cannot be recorded: {why}")));
        let why = format!("type `{WORD}` to run it without a record; anything else does not run it");
        let ask = AskInput { name: "run it", why: &why, ..AskInput::default() };
        match self.operator.ask(&Ask::Input(ask))? {
            Reply::Value(word) if word.trim() == WORD => {
                request.unrecorded = true;
                Ok(Some(self.session.run(request, None, self.operator)?))
            }
            _ => Ok(None),
        }
    }
}
