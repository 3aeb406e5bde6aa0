//! Sending a permitted command to the session, and taking in what came of it.
//!
//! Invariant: nothing is sent without a [`Permission`], and the decision is recorded together with the start. Refuses to
//! know: why the command is permitted.

use super::candidate::Attempt;
use super::permission::Permission;
use super::run::Engine;
use super::settings::EngineError;
use crate::history::{Answer, Answers, CommandFinished, CommandSource, Decided, Fact};
use crate::plan::Command;
use crate::ports::{CommandStart, Finished, Journal, Kernel, KernelError, Notice, Operator, Request};

impl<S: Kernel + Journal, O: Operator> Engine<'_, S, O> {
    /// Runs a command and records it. `None`: it was not run, because its start could not be recorded.
    pub(super) fn execute_attempt(
        &mut self,
        attempt: &Attempt<'_>,
        permission: &Permission,
    ) -> Result<Option<CommandFinished>, EngineError> {
        self.record_used_values(attempt.step, &attempt.candidate.command)?;
        for passed in permission.runnable().passed_variables() {
            self.session.set_variable(&passed.variable, &passed.value)?;
        }
        let before = self.buffered.drain(..).collect();
        let mut request = self.build_request(before, attempt, permission);
        self.operator.show_notice(&Notice::Started { text: request.runnable.text(), line: request.start.line });
        let next = self.request_ahead(attempt, &request)?;
        let Some(result) = self.run_recorded(&mut request, next.as_ref())? else { return Ok(None) };
        // The record of this start also made everything before it durable.
        self.operator.on_durable();
        if !result.is_durable {
            self.operator.defer_until_durable();
        }
        let begun = result.before.iter().chain([&result.started]);
        for event in begun.chain(&result.meanwhile).chain([&result.finished]) {
            self.progress.state.apply_event(event);
        }
        let Fact::CommandFinished(finished) = &result.finished.fact else {
            return Err(KernelError::Lost("it answered with another event".to_owned()).into());
        };
        self.tell_finished(&request, &attempt.candidate.command, finished, &result);
        Ok(Some(finished.clone()))
    }

    fn tell_finished(&mut self, request: &Request, command: &Command, finished: &CommandFinished, result: &Finished) {
        let failed_member = finished.pipestatus.iter().position(|&status| status != 0);
        let detail = failed_member.and_then(|index| command.pipeline_program(index));
        self.operator.show_notice(&Notice::Finished {
            finished,
            text: request.runnable.text(),
            detail: detail.as_deref().filter(|_| finished.outcome.needs_naming_at_gate()),
        });
        if let Some(how) = &result.respawned {
            self.operator.show_notice(&Notice::Respawned { how });
        }
        if !result.left_running.is_empty() {
            self.operator.show_notice(&Notice::Warning(&format!("still running: {}", result.left_running.join(", "))));
        }
    }

    /// Builds the request for a permitted command; `before` is recorded with its start, and so is how its gate was opened.
    pub(super) fn build_request(
        &self,
        mut before: Vec<Fact>,
        attempt: &Attempt<'_>,
        permission: &Permission,
    ) -> Request {
        let Attempt { step, command_index, candidate, decision } = *attempt;
        let runnable = permission.runnable();
        let (command, settings) = (&candidate.command, self.progress.settings);
        let source = match &candidate.source {
            CommandSource::Document if runnable.is_interpolated() => CommandSource::Placed(command.text.clone()),
            source => source.clone(),
        };
        // A condition that answers no is not met, whatever such an answer means elsewhere.
        let is_condition = source == CommandSource::Until;
        let answers = if is_condition { Answers::default() } else { answers_of_members(command) };
        let never_ends = command.facts.never_ends_reason.is_some();
        let earlier = command_index.map_or(0, |_| self.progress.state.count_attempts(&step.id, command_index, &source));
        let start = CommandStart {
            step: step.id.clone(),
            command: command_index,
            of: u32::try_from(step.commands.len()).unwrap_or(u32::MAX),
            attempt: earlier + 1,
            source,
            line: command.line,
            level: permission.level(),
            never_ends,
            answers,
            unechoed: command.facts.unechoed_variables(),
        };
        let is_unattended = !self.progress.is_interactive();
        let limit = if never_ends {
            is_unattended.then(|| settings.unattended_limit())
        } else {
            step.command_timeout().or(settings.timeout)
        };
        let decided = Decided { step: step.id.clone(), command: command_index, decision, reason: String::new() };
        before.push(Fact::Decided(decided));
        before.extend(permission.passed_gate(&step.id, command_index).map(Fact::GatePassed));
        Request {
            before,
            start,
            runnable: runnable.clone(),
            file_name: settings.file_name.clone(),
            time_limit: limit,
            may_run_unrecorded: false,
            // An operator thinks for longer than a disk takes, so only an unattended run gains by it.
            goes_on: is_unattended,
        }
    }
}

/// Meanings of the exit statuses of a command's members.
fn answers_of_members(command: &Command) -> Answers {
    let list = command.answer_statuses().into_iter().map(|member| {
        member
            .into_iter()
            .map(|answer| Answer {
                status: answer.status,
                meaning: answer.meaning.to_owned(),
                only_if_printed: answer.only_if_printed.map(ToOwned::to_owned),
            })
            .collect()
    });
    Answers(list.collect())
}
