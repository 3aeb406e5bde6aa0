//! Going on while the record cannot be written: only with an operator, and only what they confirm word by word.
//!
//! Invariant: nothing runs unrecorded unless somebody typed `unrecorded` for it. Refuses to know: why it cannot be written.

use super::run::Engine;
use super::settings::EngineError;
use crate::history::{Event, Fact};
use crate::ident::Seq;
use crate::ports::{Ask, AskInput, Finished, Journal, Kernel, KernelError, Notice, Operator, Reply, Request};

/// The word that must be typed.
const WORD: &str = "unrecorded";
/// First number of the facts that are in no journal; no journal is as long.
const FIRST_UNRECORDED: u64 = 1 << 48;

impl<S: Kernel + Journal, O: Operator> Engine<'_, S, O> {
    /// Takes in facts that could not be recorded. They run nothing by themselves, so with an operator the run goes on.
    pub(super) fn go_on_unrecorded(&mut self, facts: Vec<Fact>, why: &str) -> Result<(), EngineError> {
        let is_end = facts.iter().any(|fact| matches!(fact, Fact::RunFinished(_)));
        if !self.progress.is_interactive() || is_end {
            return Err(KernelError::Record(why.to_owned()).into());
        }
        if self.unrecorded == 0 {
            self.operator.show_notice(&Notice::Warning(&format!("the record cannot be written: {why}")));
        }
        for fact in facts {
            let seq = Seq(FIRST_UNRECORDED + self.unrecorded);
            let event = Event { seq, at: self.progress.clock.now(), fact };
            self.unrecorded += 1;
            self.progress.state.apply_event(&event);
        }
        Ok(())
    }

    /// Runs a command. `None`: its start could not be recorded, and the operator did not want it to run all the same.
    pub(super) fn run_recorded(
        &mut self,
        request: &mut Request,
        next: Option<&Request>,
    ) -> Result<Option<Finished>, EngineError> {
        let why = match self.session.run_request(request, next, self.operator) {
            Err(KernelError::Record(why)) if self.progress.is_interactive() => why,
            result => return Ok(Some(result?)),
        };
        self.operator.show_notice(&Notice::Warning(&format!("it was not run: its start cannot be recorded: {why}")));
        let why = format!("type `{WORD}` to run it without a record; anything else does not run it");
        let ask = AskInput { name: "run it", why: &why, ..AskInput::default() };
        match self.operator.ask_question(&Ask::Input(ask))? {
            Reply::Value(word) if word.trim() == WORD => {
                request.may_run_unrecorded = true;
                Ok(Some(self.session.run_request(request, None, self.operator)?))
            }
            _ => Ok(None),
        }
    }
}
