//! Choices: which option the run goes into.
//!
//! Invariant: a choice that was made is recorded before the run goes into the option. Refuses to know: where the run goes after it.

use super::outcome::Next;
use super::run::Engine;
use super::settings::EngineError;
use crate::history::{ChoiceMade, Fact};
use crate::ident::Anchor;
use crate::plan::{Choice, Node};
use crate::ports::{Ask, AskChoice, Chosen, Journal, Kernel, Operator, Reply};

/// The operator's pick at a choice, or the one made before the run was resumed.
pub(super) enum Pick<'p> {
    /// An option, with the nodes to walk.
    Option(&'p [Node]),
    /// No option: the run goes elsewhere.
    Leave(Next),
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Picks the option that was chosen before the run was resumed, or asks. Marks the option in `taken`.
    pub(super) fn pick_option(&mut self, choice: &'a Choice, taken: &mut [bool]) -> Result<Pick<'a>, EngineError> {
        match self.earlier_choice(choice) {
            Some(option) => Ok(pick_again(choice, option, taken)),
            None => self.ask_for_choice(choice, taken),
        }
    }

    fn ask_for_choice(&mut self, choice: &'a Choice, taken: &mut [bool]) -> Result<Pick<'a>, EngineError> {
        self.flush_before_question()?;
        loop {
            let ask = AskChoice {
                position: self.progress.run_position(None),
                kind: choice.kind,
                title: &choice.title,
                options: list_options(choice, taken),
                anchors: choice.options.iter().map(|option| option.anchor.as_ref().map(Anchor::as_str)).collect(),
            };
            let (option, line, pick) = match self.operator.ask_question(&Ask::Choice(ask))? {
                Reply::Chosen(Chosen::Option(index)) => match (choice.options.get(index), taken.get_mut(index)) {
                    (Some(option), Some(slot)) => {
                        *slot = true;
                        (Some(option.title.clone()), option.line, Pick::Option(option.nodes.as_slice()))
                    }
                    _ => continue,
                },
                Reply::Chosen(Chosen::GoOn) | Reply::GoOn => (None, choice.line, Pick::Leave(Next::Forward)),
                Reply::Note(text) => {
                    self.record_note(None, text)?;
                    continue;
                }
                Reply::Back => return Ok(Pick::Leave(Next::Back)),
                Reply::Stop => return Ok(Pick::Leave(Next::End(self.progress.stopped_ending(None)))),
                _ => continue,
            };
            self.record_fact(Fact::ChoiceMade(ChoiceMade { question: choice.title.clone(), option, line }))?;
            return Ok(pick);
        }
    }
}

/// The options as they are asked about: title, number of steps, whether it was taken before.
fn list_options<'c>(choice: &'c Choice, taken: &[bool]) -> Vec<(&'c str, usize, bool)> {
    let with_taken = choice.options.iter().zip(taken);
    with_taken
        .map(|(option, &is_taken)| {
            let mut step_indices = Vec::new();
            crate::plan::collect_steps(&option.nodes, &mut step_indices);
            (option.title.as_str(), step_indices.len(), is_taken)
        })
        .collect()
}

/// The option that was chosen before the run was resumed; without one, the run goes forward.
fn pick_again<'p>(choice: &'p Choice, option: Option<usize>, taken: &mut [bool]) -> Pick<'p> {
    let Some((index, option)) = option.and_then(|index| choice.options.get(index).map(|option| (index, option))) else {
        return Pick::Leave(Next::Forward);
    };
    if let Some(slot) = taken.get_mut(index) {
        *slot = true;
    }
    Pick::Option(option.nodes.as_slice())
}
