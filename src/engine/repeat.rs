//! What runs again without anybody asking: retries, the condition a step waits for, the samples of a monitor.
//!
//! Invariant: each time is a command of its own, recorded before and after; nothing that failed behind a gate runs a second
//! time by itself. Refuses to know: how a wait looks.

use super::candidate::{Attempt, Candidate};
use super::outcome::may_be_better;
use super::permission::{Grounds, Permission};
use super::position::CommandPosition;
use super::repetition::RepetitionVerdict;
use super::run::Engine;
use super::settings::{Ending, EngineError};
use super::wait::{WaitReason, Waited};
use crate::history::{CommandFinished, CommandSource, CommandState, Decision, Outcome};
use crate::ident::StepId;
use crate::plan::{Command, Monitor, Retry, Step};
use crate::ports::{Journal, Kernel, Notice, Operator, Pause, Paused};
use std::time::Duration;

/// How long a `watch` that becomes a monitor goes on when an operator is there to end it.
const ATTENDED_MONITOR_LASTS: Duration = Duration::from_hours(1);

/// Result of a permitted command.
pub(super) enum Attempted {
    /// It ran, for the last time with this end.
    Finished(CommandFinished),
    /// It did not run: its start could not be recorded, or its gate is closed. It is asked about again.
    NotRun,
    /// The run ends.
    End(Ending),
}

/// A command to sample, how often and how long.
struct Sampling {
    monitor: Monitor,
    command: Command,
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Runs a permitted command, and runs it again as the document says.
    pub(super) fn run_with_repeats(
        &mut self,
        at: CommandPosition<'a>,
        attempt: &Attempt<'_>,
        permission: &Permission,
    ) -> Result<Attempted, EngineError> {
        if let Some(sampling) = self.sampling_of(at.step, attempt.candidate) {
            return self.take_samples(at, attempt, sampling, permission);
        }
        let Some(finished) = self.execute_attempt(attempt, permission)? else { return Ok(Attempted::NotRun) };
        let mut finished = self.compare_output(at, attempt.candidate, finished)?;
        let repeat = &at.step.repeat;
        if let Some(retry) = repeat.retry.filter(|_| repeat.until.is_none()) {
            let again = self.try_again(at, attempt, retry, finished, permission)?;
            let Some(last) = again else { return Ok(Attempted::NotRun) };
            finished = last;
        }
        match at.awaited_condition() {
            Some(condition) if finished.outcome.allows_next_command() => {
                Ok(match self.wait_until(at, condition, WaitReason::After(permission))? {
                    Waited::Finished(finished) => Attempted::Finished(finished),
                    // The command itself came back well.
                    Waited::NotTried => Attempted::Finished(finished),
                    Waited::End(ending) => Attempted::End(ending),
                })
            }
            _ => Ok(Attempted::Finished(finished)),
        }
    }

    /// Runs a command again as often as the document says, until it comes back well.
    fn try_again(
        &mut self,
        at: CommandPosition<'a>,
        attempt: &Attempt<'_>,
        Retry { times, every }: Retry,
        mut finished: CommandFinished,
        permission: &Permission,
    ) -> Result<Option<CommandFinished>, EngineError> {
        let attempt = Attempt { decision: Decision::Retry, ..*attempt };
        for time in 1..=times {
            if !may_be_better(&finished.outcome) {
                break;
            }
            let runnable = permission.runnable();
            let gate = self.gate_of_command(at.step, at.index, runnable.text())?;
            let grounds = Grounds::Repetition { earlier: permission };
            let Some(permission) = self.judge_permission(at.step, runnable, &gate, grounds) else {
                let notice = "the document says to try again, but this command needs its own confirmation each time";
                self.operator.show_notice(&Notice::Info(notice));
                break;
            };
            if self.pause_before(&format!("try {time} of {times}"), "trying again", every)? == Paused::Enough {
                break;
            }
            let Some(again) = self.execute_attempt(&attempt, &permission)? else { return Ok(None) };
            finished = self.compare_output(at, attempt.candidate, again)?;
        }
        Ok(Some(finished))
    }

    /// True if a step's last command has run and the condition behind it was not tried since.
    pub(super) fn has_untried_condition(&self, at: CommandPosition<'a>) -> bool {
        let attempts = self.progress.state.attempts_in_step(&at.step.id);
        let last = attempts.rev().find(|attempt| attempt.started.command == Some(at.recorded_index()));
        at.awaited_condition().is_some() && last.is_some_and(|last| last.started.source != CommandSource::Until)
    }

    /// True if the last command that ran was a condition.
    pub(super) fn tried_condition_last(&self) -> bool {
        self.progress.state.commands.last().is_some_and(|command| command.started.source == CommandSource::Until)
    }

    /// How a command is to be sampled: as its cell says, or as the `watch` in it would do if nobody is there to see it.
    fn sampling_of(&self, step: &Step, candidate: &Candidate) -> Option<Sampling> {
        let command = &candidate.command;
        if let CommandSource::Sampled(_) = candidate.source {
            let of_cell = || step.repeat.monitor.map(|monitor| Sampling { monitor, command: command.clone() });
            return self.watched_command(step, command).or_else(of_cell);
        }
        if let Some(monitor) = step.repeat.monitor.filter(|_| candidate.source != CommandSource::Own) {
            let lasts = self.progress.settings.policy.monitor_for.unwrap_or(monitor.lasts).min(monitor.lasts);
            return Some(Sampling { monitor: Monitor { lasts, ..monitor }, command: command.clone() });
        }
        if !self.progress.is_interactive() {
            return self.watched_command(step, command);
        }
        None
    }

    /// The command that a `watch` repeats, to be sampled in its stead.
    fn watched_command(&self, step: &Step, command: &Command) -> Option<Sampling> {
        let bound = command.bind_values(&self.known.values);
        let text = bound.map_or_else(|_| command.text.clone(), |bound| bound.text().to_owned());
        let watched = crate::shell::parse_watch(&text)?;
        let is_attended = self.progress.is_interactive();
        let lasts = if is_attended { ATTENDED_MONITOR_LASTS } else { self.progress.settings.unattended_limit() };
        let lasts = step.repeat.monitor.map_or(lasts, |monitor| monitor.lasts);
        let monitor = Monitor { lasts, every: watched.every };
        Some(Sampling { monitor, command: Command::from_typed_text(&watched.text, command.line) })
    }

    /// Runs the samples of a monitor until its time is over, there are enough, or somebody ends it.
    fn take_samples(
        &mut self,
        at: CommandPosition<'a>,
        attempt: &Attempt<'_>,
        Sampling { monitor, command }: Sampling,
        permission: &Permission,
    ) -> Result<Attempted, EngineError> {
        let first = attempt.decision;
        let source = CommandSource::Sampled(attempt.candidate.command.text.clone());
        let sample = Candidate { command, source, decision: first };
        let began = self.progress.elapsed_time();
        let most = most_samples(monitor);
        let mut taken = 0_u64;
        let mut last = None;
        loop {
            let (decision, grounds) = match taken {
                0 => (first, Grounds::InsteadOf { earlier: permission }),
                _ => (Decision::Sample, Grounds::Repetition { earlier: permission }),
            };
            let why = "the samples of the monitor run this";
            let permission = match self.permit_repetition(at, &sample.command, Some(grounds), why)? {
                RepetitionVerdict::Permitted(permission) => permission,
                RepetitionVerdict::Declined => return Ok(last.map_or(Attempted::NotRun, Attempted::Finished)),
                RepetitionVerdict::End(ending) => return Ok(Attempted::End(ending)),
            };
            let attempt = Attempt { candidate: &sample, decision, ..*attempt };
            let executed = self.execute_attempt(&attempt, &permission)?;
            let Some(finished) = executed else { return Ok(Attempted::NotRun) };
            taken += 1;
            let next = began + monitor.every.saturating_mul(u32::try_from(taken).unwrap_or(u32::MAX));
            let ends = matches!(finished.outcome, Outcome::Interrupted | Outcome::Exited | Outcome::ShellEnded)
                || taken >= most
                || next.saturating_sub(began) > monitor.lasts;
            let lasts = next.saturating_sub(self.progress.elapsed_time());
            let is_over = ends || {
                let what_next = format!("sample {} of {most}", taken + 1);
                self.pause_before(&what_next, "the monitor", lasts)? == Paused::Enough
            };
            if is_over {
                let outcomes = self.last_outcomes(&at.step.id, at.recorded_index(), taken);
                self.operator.show_notice(&Notice::Info(&describe_samples(taken, &outcomes)));
                return Ok(Attempted::Finished(finished));
            }
            last = Some(finished);
        }
    }

    /// Outcomes of the last runs of a command, in order.
    fn last_outcomes(&self, step: &StepId, command: u32, count: u64) -> Vec<Outcome> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let attempts = self.progress.state.attempts_in_step(step);
        let of_command = attempts.filter(|attempt| attempt.started.command == Some(command));
        let mut last: Vec<_> = of_command.rev().take(count).map(CommandState::known_outcome).collect();
        last.reverse();
        last
    }

    /// Waits before a repetition. All that came before is durable and told by then.
    pub(super) fn pause_before(&mut self, next: &str, what: &str, lasts: Duration) -> Result<Paused, EngineError> {
        self.session.flush_record()?;
        self.operator.on_durable();
        Ok(self.operator.wait_pause(&Pause { next, what, lasts })?)
    }
}

/// How many samples a monitor takes at most, the first and the last included.
fn most_samples(monitor: Monitor) -> u64 {
    let every = monitor.every.as_nanos().max(1);
    u64::try_from(monitor.lasts.as_nanos() / every).unwrap_or(u64::MAX).saturating_add(1)
}

/// How many samples there were and how many of them failed.
fn describe_samples(taken: u64, outcomes: &[Outcome]) -> String {
    let bad = outcomes.iter().filter(|outcome| !outcome.allows_next_command()).count();
    let noun = if taken == 1 { "sample" } else { "samples" };
    match bad {
        0 => format!("{taken} {noun}, none of them failed"),
        1 => format!("{taken} {noun}, 1 of them failed"),
        _ => format!("{taken} {noun}, {bad} of them failed"),
    }
}
