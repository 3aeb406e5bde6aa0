//! What came back, beside what the document expects.
//!
//! Invariant: the comparison is recorded before anybody acts on it; it makes a success a failure, and never a failure a success.
//! Refuses to know: how likeness is measured.

use super::candidate::Candidate;
use super::position::CommandPosition;
use super::run::Engine;
use super::settings::EngineError;
use crate::history::{CommandFinished, CommandSource, Fact, Outcome, OutputCompared};
use crate::plan::{COMPARED_BYTES, ExpectedOutput};
use crate::ports::{Journal, Kernel, Notice, Operator};

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Compares the output of a step's last command. An expectation that decides and is not met makes it a failure.
    pub(super) fn compare_output(
        &mut self,
        at: CommandPosition<'a>,
        candidate: &Candidate,
        finished: CommandFinished,
    ) -> Result<CommandFinished, EngineError> {
        // An edited command prints something else.
        let is_as_written = matches!(candidate.source, CommandSource::Document);
        if !at.is_last() || !is_as_written || finished.outcome != Outcome::Succeeded {
            return Ok(finished);
        }
        let Some(expected) = at.step.expected_output() else { return Ok(finished) };
        let kept = finished.output.inline.clone();
        let printed = kept.unwrap_or_else(|| self.session.read_output(finished.started, COMPARED_BYTES));
        let compared = expected.compare_output(&printed);
        self.record_fact(Fact::OutputCompared(OutputCompared {
            command: finished.started,
            expected: expected.shown_text().to_owned(),
            percent: compared.percent,
            met: compared.met,
            decides: compared.decides,
        }))?;
        if compared.met {
            return Ok(finished);
        }
        let words = match &expected {
            ExpectedOutput::Contains(text) => format!("`{text}` is expected in the output, and is not there"),
            ExpectedOutput::Like { percent, decides: true, .. } => {
                format!("{} % of the expected output came back; {percent} % are wanted", compared.percent)
            }
            ExpectedOutput::Like { .. } => {
                format!("{} % of the output that the document shows came back", compared.percent)
            }
        };
        if !compared.decides {
            self.operator.show_notice(&Notice::Info(&words));
            return Ok(finished);
        }
        self.operator.show_notice(&Notice::Warning(&words));
        Ok(CommandFinished { outcome: Outcome::Failed, ..finished })
    }
}
