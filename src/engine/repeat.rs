//! What runs again without anybody asking: retries, the condition a step waits for, the samples of a monitor.
//!
//! Invariant: each time is a command of its own, recorded before and after; nothing behind a gate runs a second time by
//! itself. Refuses to know: how a wait looks.

use super::command::Candidate;
use super::{Engine, EngineError};
use crate::history::{CommandFinished, CommandSource, Decision, Outcome};
use crate::ident::StepId;
use crate::plan::{Command, Gate, Monitor, Refusal, Retry, Runnable, Step};
use crate::ports::{Journal, Kernel, Operator, Pause, Paused, Talk};
use std::time::Duration;

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Runs a command that was said yes to, and whatever the document says about running it again. None: it was not run,
    /// since its start cannot be recorded.
    pub(super) fn perform(
        &mut self,
        step: &'a Step,
        number: u32,
        candidate: &Candidate,
        runnable: &Runnable,
        decision: Decision,
    ) -> Result<Option<CommandFinished>, EngineError> {
        if let Some(monitor) = self.monitor_of(step, candidate) {
            return self.monitor(step, number, candidate, monitor, decision);
        }
        let Some(finished) = self.execute(step, Some(number), candidate, runnable, decision)? else {
            return Ok(None);
        };
        let mut finished = self.compare(step, number, candidate, finished)?;
        let retry = step.repeat.retry.filter(|_| step.repeat.until.is_none());
        if let Some(Retry { times, every }) = retry {
            let shadows = self.session.shadows()?;
            let gate = Gate::of(step, runnable.text(), &self.settings.host, &shadows);
            if !finished.outcome.goes_on() && gate.is_closed() {
                let notice = "the document says to try again, but what needs a yes runs again only with another";
                self.operator.tell(&Talk::Notice(notice));
                return Ok(Some(finished));
            }
            for time in 1..=times {
                if !may_be_better(&finished.outcome)
                    || self.wait(&format!("try {time} of {times}"), "trying again", every)? == Paused::Enough
                {
                    break;
                }
                let Some(again) = self.execute(step, Some(number), candidate, runnable, Decision::Retry)? else {
                    return Ok(None);
                };
                finished = self.compare(step, number, candidate, again)?;
            }
        }
        let is_last = usize::try_from(number).is_ok_and(|number| number + 1 == step.commands.len());
        match step.repeat.until.as_deref() {
            Some(until) if is_last && finished.outcome.goes_on() => self.wait_until(step, number, until),
            _ => Ok(Some(finished)),
        }
    }

    /// Whether the last command of a step has run, and what the document waits for was not tried since.
    pub(super) fn is_to_wait(&self, step: &Step, number: u32) -> bool {
        let last = self.state.attempts(&step.id).rev().find(|attempt| attempt.started.command == Some(number));
        step.repeat.until.is_some()
            && usize::try_from(number).is_ok_and(|number| number + 1 == step.commands.len())
            && last.is_some_and(|last| last.started.source != CommandSource::Until)
    }

    /// Whether what was tried last is what the document waits for.
    pub(super) fn waited(&self) -> bool {
        self.state.commands.last().is_some_and(|command| command.started.source == CommandSource::Until)
    }

    /// Tries what the document waits for, until it succeeds, there were enough tries, or the operator says so.
    pub(super) fn wait_until(
        &mut self,
        step: &'a Step,
        number: u32,
        until: &Command,
    ) -> Result<Option<CommandFinished>, EngineError> {
        let candidate = Candidate { command: until.clone(), source: CommandSource::Until, decision: Decision::Until };
        let Ok(runnable) = self.ready(until) else { return Ok(None) };
        let Retry { times, every } = step.repeat.polling();
        let mut time = 0;
        loop {
            let finished = self.execute(step, Some(number), &candidate, &runnable, Decision::Until)?;
            let Some(finished) = finished else { return Ok(None) };
            let again = time < times && may_be_better(&finished.outcome);
            time += 1;
            if !again || self.wait(&format!("try {time} of {times}"), "waiting", every)? == Paused::Enough {
                return Ok(Some(finished));
            }
        }
    }

    /// Why the condition of a step cannot run as it stands.
    pub(super) fn cannot_wait(&mut self, step: &Step, index: usize) -> Option<Refusal> {
        let until = step.repeat.until.as_deref().filter(|_| index + 1 == step.commands.len())?;
        let refusal = self.ready(until).err()?;
        Some(Refusal::NotShell(format!("what it waits for, `{}`, cannot run: {refusal}", until.text)))
    }

    /// The samples a command is: as its cell says, or what a `watch` would show nobody when no one is there.
    fn monitor_of(&self, step: &Step, candidate: &Candidate) -> Option<(Monitor, Command)> {
        if let CommandSource::Sampled(_) = candidate.source {
            let watched = self.watched(step, &candidate.command);
            return watched.or_else(|| step.repeat.monitor.map(|monitor| (monitor, candidate.command.clone())));
        }
        if let Some(monitor) = step.repeat.monitor.filter(|_| candidate.source != CommandSource::Own) {
            let lasts = self.settings.monitor_for.unwrap_or(monitor.lasts).min(monitor.lasts);
            return Some((Monitor { lasts, ..monitor }, candidate.command.clone()));
        }
        if !self.settings.mode.is_interactive() {
            return self.watched(step, &candidate.command);
        }
        None
    }

    /// What a `watch` watches, as a monitor.
    fn watched(&self, step: &Step, command: &Command) -> Option<(Monitor, Command)> {
        let text = command.bind(&self.values).map_or_else(|_| command.text.clone(), |bound| bound.text().to_owned());
        let watched = crate::plan::watched(&text)?;
        let attended = self.settings.mode.is_interactive();
        let lasts = if attended { MONITOR_LASTS } else { self.settings.monitor_for.unwrap_or(super::MONITOR_FOR) };
        let lasts = step.repeat.monitor.map_or(lasts, |monitor| monitor.lasts);
        Some((Monitor { lasts, every: watched.every }, Command::typed(&watched.text, command.line)))
    }

    fn monitor(
        &mut self,
        step: &'a Step,
        number: u32,
        candidate: &Candidate,
        (monitor, command): (Monitor, Command),
        decision: Decision,
    ) -> Result<Option<CommandFinished>, EngineError> {
        let source = CommandSource::Sampled(candidate.command.text.clone());
        let sample = Candidate { command, source, decision };
        let Ok(runnable) = self.ready(&sample.command) else { return Ok(None) };
        let began = self.elapsed();
        let of = samples(monitor);
        let mut taken = 0_u64;
        loop {
            let decision = if taken == 0 { decision } else { Decision::Sample };
            let Some(finished) = self.execute(step, Some(number), &sample, &runnable, decision)? else {
                return Ok(None);
            };
            taken += 1;
            let next = began + monitor.every.saturating_mul(u32::try_from(taken).unwrap_or(u32::MAX));
            let ends = matches!(finished.outcome, Outcome::Interrupted | Outcome::Exited | Outcome::ShellEnded)
                || taken >= of
                || next.saturating_sub(began) > monitor.lasts;
            let lasts = next.saturating_sub(self.elapsed());
            if ends || self.wait(&format!("sample {} of {of}", taken + 1), "the monitor", lasts)? == Paused::Enough {
                self.operator.tell(&Talk::Notice(&sampled(taken, &self.outcomes(&step.id, number, taken))));
                return Ok(Some(finished));
            }
        }
    }

    /// The outcomes of the last samples of a command, in order.
    fn outcomes(&self, step: &StepId, number: u32, taken: u64) -> Vec<Outcome> {
        let taken = usize::try_from(taken).unwrap_or(usize::MAX);
        let all = self.state.attempts(step).filter(|attempt| attempt.started.command == Some(number));
        let mut last: Vec<_> = all.rev().take(taken).map(crate::history::CommandState::outcome).collect();
        last.reverse();
        last
    }

    fn wait(&mut self, next: &str, what: &str, lasts: Duration) -> Result<Paused, EngineError> {
        self.session.settle()?;
        self.operator.settled();
        Ok(self.operator.pause(&Pause { next, what, lasts })?)
    }
}

/// A `watch` that becomes a monitor goes on for as long as somebody could wait for something.
const MONITOR_LASTS: Duration = Duration::from_hours(1);

/// How many samples there are, the one at the beginning and the one at the end included.
fn samples(monitor: Monitor) -> u64 {
    let every = monitor.every.as_nanos().max(1);
    u64::try_from(monitor.lasts.as_nanos() / every).unwrap_or(u64::MAX).saturating_add(1)
}

/// Whether another try may come out better: it failed or answered no, and nobody ended it.
fn may_be_better(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed | Outcome::Negative(_) | Outcome::TimedOut)
}

/// What the samples were, in a line.
fn sampled(taken: u64, outcomes: &[Outcome]) -> String {
    let bad = outcomes.iter().filter(|outcome| !outcome.goes_on()).count();
    let noun = if taken == 1 { "sample" } else { "samples" };
    match bad {
        0 => format!("{taken} {noun}, none of them failed"),
        1 => format!("{taken} {noun}, 1 of them failed"),
        _ => format!("{taken} {noun}, {bad} of them failed"),
    }
}
