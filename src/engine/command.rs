//! One command after the other: shown, decided, recorded, run, judged.
//!
//! Invariant: each command is its own unit; a failure stops the step until somebody decides, an answer does not.

use super::resume::Before;
use super::unset::Unset;
use super::walk::{Aside, Turn};
use super::{Ending, Engine, EngineError, shown};
use crate::history::{
    Answer, Answers, CommandFinished, CommandSource, CommandStarted, Decided, Decision, End, Fact, Outcome, RunResult,
    StepResult,
};
use crate::ident::InputName;
use crate::plan::{Command, Gate, Level, Refusal, Runnable, Step, StepKind};
use crate::ports::{Ask, AskCommand, AskFailure, Journal, Kernel, Operator, Reply, Request, Talk, Verdict};

/// What became of one command of a step.
pub(super) enum Fate {
    Done,
    PassedOver,
    Skipped,
    /// The rest of the step is left out.
    RestSkipped,
    /// The whole step is done by other means.
    StepDone,
    Turn(Turn),
}

/// A command as it would run now.
pub(super) struct Candidate {
    pub(super) command: Command,
    pub(super) source: CommandSource,
    pub(super) decision: Decision,
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    pub(super) fn commands(&mut self, step: &'a Step, place: usize) -> Result<Turn, EngineError> {
        let (mut ran, mut skipped, mut passed) = (0_usize, 0_usize, 0_usize);
        // Set by "run the rest": no question until something is not a plain success.
        let mut rest = false;
        let mut taking_up = self.take_up(step);
        for index in 0..step.commands.len() {
            let number = u32::try_from(index).unwrap_or(u32::MAX);
            self.way.is_straight = ran == index && !taking_up;
            let before = if taking_up { self.before(step, number) } else { Before::New };
            let fate = match before {
                Before::Ran if self.is_to_wait(step, number) => self.take_up_wait(step, place, index)?,
                Before::Ran => Fate::Done,
                Before::PassedOver => Fate::PassedOver,
                Before::Skipped => Fate::Skipped,
                Before::Open(finished, edited) => {
                    self.command(step, place, index, &mut rest, Some((&finished, edited)))?
                }
                Before::New => {
                    taking_up = false;
                    self.command(step, place, index, &mut rest, None)?
                }
            };
            match fate {
                Fate::Done => ran += 1,
                Fate::PassedOver => passed += 1,
                Fate::Skipped => skipped += 1,
                Fate::RestSkipped => {
                    skipped += step.commands.len() - index;
                    break;
                }
                Fate::StepDone => return Ok(self.leave(step, StepResult::Done)),
                Fate::Turn(Turn::End(ending)) => {
                    if ending.result == RunResult::Failed {
                        self.leave(step, StepResult::Failed);
                    }
                    return Ok(Turn::End(ending));
                }
                Fate::Turn(turn) => return Ok(turn),
            }
        }
        let result = match (ran, passed, skipped) {
            (_, 1.., _) => StepResult::DoneWithFailures,
            (0, 0, 1..) => StepResult::Skipped,
            (_, 0, 1..) => StepResult::PartlyRun,
            _ => StepResult::Done,
        };
        Ok(self.leave(step, result))
    }

    /// One command of a step. `open`: it was started before, and this came of it; with its text where that was edited.
    #[expect(clippy::too_many_lines, reason = "one loop over one question: its answers belong side by side")]
    fn command(
        &mut self,
        step: &'a Step,
        place: usize,
        index: usize,
        rest: &mut bool,
        open: Option<(&CommandFinished, Option<String>)>,
    ) -> Result<Fate, EngineError> {
        let Some(written) = step.commands.get(index) else { return Ok(Fate::Done) };
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let mut candidate =
            Candidate { command: written.clone(), source: CommandSource::Document, decision: Decision::Run };
        if let Some((finished, text)) = open {
            if let Some(text) = text {
                candidate = edited(written, &text);
            }
            if let Some(fate) = self.after_failure(step, place, index, &mut candidate, Some(finished))? {
                return Ok(fate);
            }
        }
        loop {
            let mut unanswered = self.fill(step, place, &candidate.command)?;
            let until = step.repeat.until.as_deref().filter(|_| index + 1 == step.commands.len());
            if let (None, Some(until)) = (&unanswered, until) {
                unanswered = self.fill(step, place, until)?;
            }
            let mut bound = self.ready(&candidate.command);
            let text = bound.as_ref().map_or(candidate.command.text.as_str(), |runnable| runnable.text()).to_owned();
            let shadows = self.session.shadows()?;
            let gate = Gate::of_command(step, index, &text, &self.values, &self.settings.host, &shadows);
            let mut confirm = confirm(step, index, &gate);
            if bound.as_ref().is_ok_and(Runnable::is_raw) {
                confirm
                    .push("a value stands in it as part of the command, because the document says `| raw`".to_owned());
            }
            confirm.extend(self.dashes(&candidate.command));
            confirm.extend(self.kept_as_written(&candidate.command));
            if let Some(refusal) = bound.is_ok().then(|| self.cannot_wait(step, index)).flatten() {
                bound = Err(refusal);
            }
            if bound.is_ok() {
                match self.live(&candidate.command, &gate)? {
                    Ok(lines) => confirm.extend(lines),
                    Err(empty) => bound = Err(empty),
                }
            }
            let reply = match &bound {
                _ if unanswered.is_some() => unanswered.unwrap_or(Reply::Decline),
                Ok(_) if *rest && confirm.is_empty() => Reply::RunRest,
                _ => {
                    let ask = AskCommand {
                        shown: shown(self.plan, self.settings, &self.state, &self.order, place, self.elapsed(), step),
                        command: &candidate.command,
                        index,
                        text: &text,
                        refused: bound.as_ref().err().map(ToString::to_string),
                        confirm,
                        gate: gate.clone(),
                    };
                    self.operator.ask(&Ask::Command(ask))?
                }
            };
            match (reply, bound) {
                (Reply::Run | Reply::RunRest | Reply::Monitor, Err(refusal)) => {
                    let reason = refusal.to_string();
                    self.decide(step, Some(number), Decision::Decline, reason.clone())?;
                    if !self.settings.mode.is_interactive() {
                        let reason = format!("`{}` cannot run: {reason}", head(&candidate.command.text));
                        return Ok(end(RunResult::Stopped, reason, step));
                    }
                    self.operator.tell(&Talk::Warning(&format!("it cannot run as it stands: {reason}")));
                }
                (reply @ (Reply::Run | Reply::RunRest | Reply::Monitor), Ok(runnable)) => {
                    *rest = reply == Reply::RunRest;
                    if reply == Reply::Monitor {
                        candidate.source = CommandSource::Sampled(candidate.command.text.clone());
                    }
                    if let Some(fate) = self.across_a_negative(step, number, &candidate.command, &gate)? {
                        return Ok(fate);
                    }
                    let mut unset = self.values_for(step, place, &candidate.command)?;
                    if let (Unset::None, Some(until)) = (&unset, until) {
                        unset = self.values_for(step, place, until)?;
                    }
                    match unset {
                        Unset::None => {}
                        Unset::AskAgain => continue,
                        Unset::End(ending) => return Ok(Fate::Turn(Turn::End(ending))),
                    }
                    let decision = if *rest { Decision::RunRest } else { candidate.decision };
                    let Some(finished) = self.perform(step, number, &candidate, &runnable, decision)? else {
                        *rest = false;
                        continue;
                    };
                    if finished.outcome.goes_on() {
                        *rest = *rest && finished.outcome == Outcome::Succeeded;
                        return Ok(Fate::Done);
                    }
                    *rest = false;
                    if step.cell.attributes.is_set("continue") && may_be_left(&finished.outcome) {
                        self.decide(step, Some(number), Decision::GoOn, "the document says `continue`".to_owned())?;
                        return Ok(Fate::PassedOver);
                    }
                    if let Some(fate) = self.after_failure(step, place, index, &mut candidate, Some(&finished))? {
                        return Ok(fate);
                    }
                }
                (Reply::Edit(text), _) => {
                    if text != candidate.command.text {
                        candidate = edited(written, &text);
                    }
                }
                (Reply::Done(how), _) => {
                    self.decide(step, Some(number), Decision::Done, how)?;
                    return Ok(Fate::StepDone);
                }
                (Reply::Decline, _) if !self.settings.mode.is_interactive() => {
                    let reason = format!("`{}` was not let through: {}", head(&text), gate.reasons().join("; "));
                    self.decide(step, Some(number), Decision::Decline, reason.clone())?;
                    return Ok(end(RunResult::Stopped, reason, step));
                }
                (Reply::Decline, _) => {
                    *rest = false;
                    self.decide(step, Some(number), Decision::Decline, String::new())?;
                    if let Some(fate) = self.after_failure(step, place, index, &mut candidate, None)? {
                        return Ok(fate);
                    }
                }
                (Reply::SkipRest(reason), _) => {
                    self.skip_rest(step, index, &reason)?;
                    return Ok(Fate::RestSkipped);
                }
                (other, _) => match self.aside(step, place, other)? {
                    Aside::Again => {}
                    // A condition that does not hold does not hold for the rest of the step either.
                    Aside::Skip(reason) if index == 0 && step.conditional.is_some() => {
                        self.skip_rest(step, index, &reason)?;
                        return Ok(Fate::RestSkipped);
                    }
                    Aside::Skip(reason) => {
                        self.decide(step, Some(number), Decision::Skip, reason)?;
                        return Ok(Fate::Skipped);
                    }
                    Aside::Turn(turn) => return Ok(Fate::Turn(turn)),
                },
            }
        }
    }

    /// A command that ran before, and behind which the condition was not tried.
    fn take_up_wait(&mut self, step: &'a Step, place: usize, index: usize) -> Result<Fate, EngineError> {
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let (Some(until), Some(written)) = (step.repeat.until.as_deref(), step.commands.get(index)) else {
            return Ok(Fate::Done);
        };
        let Some(finished) = self.wait_until(step, number, until)? else { return Ok(Fate::Done) };
        if finished.outcome.goes_on() {
            return Ok(Fate::Done);
        }
        let mut candidate =
            Candidate { command: written.clone(), source: CommandSource::Document, decision: Decision::Run };
        let fate = self.after_failure(step, place, index, &mut candidate, Some(&finished))?;
        fate.map_or_else(|| self.command(step, place, index, &mut false, None), Ok)
    }

    /// What the variables of a command that destroys stand for now, a line each; an empty one is refused: `rm -r "$DIR/"`.
    fn live(&mut self, command: &Command, gate: &Gate) -> Result<Result<Vec<String>, Refusal>, EngineError> {
        let needs = command.needs();
        if needs.is_empty() || gate.risk.level < Level::Destroys {
            return Ok(Ok(Vec::new()));
        }
        let mut lines = Vec::new();
        for value in self.session.values(&needs)? {
            match value.value.as_deref() {
                Some("") => {
                    let why = format!("`{}` is empty, and it stands in a command that destroys", value.name);
                    return Ok(Err(Refusal::NotShell(why)));
                }
                Some(text) if self.is_secret(&InputName::new(value.name.clone())) => {
                    lines.push(format!("`{}` is a secret of {} characters", value.name, text.chars().count()));
                }
                Some(text) => lines.push(format!("`{}` is `{}`", value.name, head(text))),
                None => {}
            }
        }
        Ok(Ok(lines))
    }

    /// Bound, and accepted by bash itself. What is no shell to us is refused in bash's own words.
    pub(super) fn ready(&mut self, command: &Command) -> Result<Runnable, Refusal> {
        let bound = command.bind(&self.values);
        let text = match &bound {
            Ok(runnable) => runnable.text(),
            Err(Refusal::NotShell(_)) => command.text.as_str(),
            Err(_) => return bound,
        };
        match self.syntax.check(text) {
            Verdict::Accepted => bound,
            Verdict::Rejected { message, line } => {
                Err(Refusal::NotShell(format!("bash rejects it (line {}): {message}", command.line.max(1) + line - 1)))
            }
            Verdict::Unavailable(why) => Err(Refusal::NotShell(format!("bash could not be asked about it: {why}"))),
        }
    }

    /// An unattended run never carries an answer like "no match" into a command that may change something.
    fn across_a_negative(
        &mut self,
        step: &'a Step,
        number: u32,
        command: &Command,
        gate: &Gate,
    ) -> Result<Option<Fate>, EngineError> {
        if self.settings.mode.is_interactive() || !gate.is_closed() {
            return Ok(None);
        }
        let Some(negative) = self.state.unsettled().into_iter().find_map(|earlier| match earlier.outcome() {
            Outcome::Negative(meaning) => Some((head(&earlier.started.text), meaning)),
            // What the document itself lets pass is let pass up to here.
            Outcome::Failed | Outcome::TimedOut => Some((head(&earlier.started.text), "a failure".to_owned())),
            _ => None,
        }) else {
            return Ok(None);
        };
        let reason = format!(
            "`{}` came back with {}, and `{}` may destroy something",
            negative.0,
            negative.1,
            head(&command.text)
        );
        self.decide(step, Some(number), Decision::Decline, reason.clone())?;
        Ok(Some(end(RunResult::Failed, reason, step)))
    }

    pub(super) fn execute(
        &mut self,
        step: &Step,
        number: Option<u32>,
        candidate: &Candidate,
        runnable: &Runnable,
        decision: Decision,
    ) -> Result<Option<CommandFinished>, EngineError> {
        let command = &candidate.command;
        self.record_given(step, command)?;
        for passed in runnable.variables() {
            self.session.set(&passed.variable, &passed.value)?;
        }
        let before = self.held.drain(..).collect();
        let mut request = self.request(before, step, number, candidate, runnable, decision);
        self.operator.tell(&Talk::Started { text: &request.started.text, line: request.started.line });
        let next = self.ahead(step, number, &request, decision)?;
        let Some(result) = self.run_recorded(&mut request, next.as_ref())? else { return Ok(None) };
        // What was told before stood in the record before this was run.
        self.operator.settled();
        if !result.settled {
            self.operator.hold_back();
        }
        let begun = result.before.iter().chain([&result.started]);
        for event in begun.chain(&result.meanwhile).chain([&result.finished]) {
            self.state.apply(event);
        }
        let Fact::CommandFinished(finished) = result.finished.fact else {
            return Err(crate::ports::KernelError::Lost("it answered with another event".to_owned()).into());
        };
        let detail = finished.pipestatus.iter().position(|&status| status != 0).and_then(|i| command.member(i));
        self.operator.tell(&Talk::Finished {
            finished: &finished,
            text: &request.started.text,
            detail: detail.as_deref().filter(|_| finished.outcome.needs_naming()),
        });
        if let Some(how) = &result.respawned {
            self.operator.tell(&Talk::Respawned { how });
        }
        if !result.left_running.is_empty() {
            self.operator.tell(&Talk::Warning(&format!("still running: {}", result.left_running.join(", "))));
        }
        Ok(Some(finished))
    }

    /// What is asked of the session for a command that was said yes to.
    pub(super) fn request(
        &self,
        mut before: Vec<Fact>,
        step: &Step,
        number: Option<u32>,
        candidate: &Candidate,
        runnable: &Runnable,
        decision: Decision,
    ) -> Request {
        let command = &candidate.command;
        let source = match &candidate.source {
            CommandSource::Document if runnable.is_placed() => CommandSource::Placed(command.text.clone()),
            source => source.clone(),
        };
        let waits = source == CommandSource::Until;
        let started = CommandStarted {
            step: step.id.clone(),
            command: number,
            of: u32::try_from(step.commands.len()).unwrap_or(u32::MAX),
            attempt: if number.is_none() { 1 } else { self.state.attempts_at(&step.id, number, &source) + 1 },
            source,
            text: runnable.text().to_owned(),
            line: command.line,
            never_ends: command.facts.never_ends.is_some(),
            // A condition that answers no is not met, whatever such an answer means elsewhere.
            answers: if waits { Answers::default() } else { answers(command) },
        };
        let unattended = !self.settings.mode.is_interactive();
        let limit = if started.never_ends {
            unattended.then_some(self.settings.monitor_for.unwrap_or(super::MONITOR_FOR))
        } else {
            step.timeout().or(self.settings.timeout)
        };
        before.push(Fact::Decided(Decided { step: step.id.clone(), command: number, decision, reason: String::new() }));
        Request {
            before,
            started,
            text: runnable.clone(),
            name: self.settings.file_name.clone(),
            limit,
            unrecorded: false,
            // An operator thinks for longer than a disk takes.
            goes_on: unattended,
        }
    }

    /// A command of the operator's own, in the same shell. An ending, when the operator ends the run after it failed.
    pub(super) fn own(&mut self, step: &'a Step, place: usize, text: &str) -> Result<Option<Ending>, EngineError> {
        let mut text = text.to_owned();
        loop {
            let command = Command::typed(&text, 0);
            let candidate = Candidate { command, source: CommandSource::Own, decision: Decision::Own };
            let runnable = match self.ready(&candidate.command) {
                Ok(runnable) => runnable,
                Err(refusal) => {
                    let reason = format!("`{}`: {refusal}", head(&text));
                    self.operator.tell(&Talk::Warning(&reason));
                    self.decide(step, None, Decision::Decline, reason)?;
                    return Ok(None);
                }
            };
            let shadows = self.session.shadows()?;
            let gate = Gate::of(step, runnable.text(), &self.settings.host, &shadows);
            if gate.is_closed() {
                let ask = AskCommand {
                    shown: shown(self.plan, self.settings, &self.state, &self.order, place, self.elapsed(), step),
                    command: &candidate.command,
                    index: 0,
                    text: runnable.text(),
                    refused: None,
                    confirm: gate.reasons(),
                    gate,
                };
                match self.operator.ask(&Ask::Command(ask))? {
                    Reply::Run | Reply::RunRest => {}
                    Reply::Edit(changed) => {
                        text = changed;
                        continue;
                    }
                    Reply::Secret(secret) => {
                        self.take_secret(step, &secret)?;
                        continue;
                    }
                    _ => {
                        self.decide(step, None, Decision::Decline, format!("`{}` was not confirmed", head(&text)))?;
                        return Ok(None);
                    }
                }
            }
            return self.run_own(step, place, &candidate, &runnable);
        }
    }

    fn run_own(
        &mut self,
        step: &'a Step,
        place: usize,
        candidate: &Candidate,
        runnable: &Runnable,
    ) -> Result<Option<Ending>, EngineError> {
        let Some(finished) = self.execute(step, None, candidate, runnable, Decision::Own)? else {
            return Ok(None);
        };
        if finished.end == End::Exited {
            let ask = AskFailure {
                shown: shown(self.plan, self.settings, &self.state, &self.order, place, self.elapsed(), step),
                index: None,
                text: &candidate.command.text,
                outcome: Some(&finished.outcome),
                status: finished.status,
                rollbacks: Vec::new(),
            };
            if self.operator.ask(&Ask::Failure(ask))? == Reply::Stop {
                self.decide(step, None, Decision::Stop, String::new())?;
                return Ok(Some(self.stopped(Some(step))));
            }
        }
        Ok(None)
    }
}

/// A failure that a document may let pass: an end that nobody chose.
fn may_be_left(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed | Outcome::TimedOut)
}

fn end(result: RunResult, reason: String, step: &Step) -> Fate {
    Fate::Turn(Turn::End(Ending { result, reason, next: Some(step.id.clone()) }))
}

pub(super) fn edited(written: &Command, text: &str) -> Candidate {
    if text == written.text {
        return Candidate { command: written.clone(), source: CommandSource::Document, decision: Decision::Run };
    }
    Candidate {
        command: Command { end_line: written.end_line, ..Command::typed(text, written.line) },
        source: CommandSource::Edited(written.text.clone()),
        decision: Decision::Edit,
    }
}

/// Why Enter is not enough for a command. Only a step's first command asks for the step's own reasons.
fn confirm(step: &Step, index: usize, gate: &Gate) -> Vec<String> {
    let mut reasons = Vec::new();
    if index == 0 {
        if let Some(condition) = &step.conditional {
            reasons.push(format!("only if it applies: {condition}"));
        }
        if step.kind == StepKind::Guessed {
            reasons.push("the document does not say that this is shell".to_owned());
        }
        if step.cell.attributes.is_set("confirm") {
            reasons.push("the document asks for a confirmation".to_owned());
        }
        if step.undoes.is_some() {
            reasons.push("it undoes what was done".to_owned());
        }
    }
    reasons.extend(gate.reasons());
    reasons
}

fn answers(command: &Command) -> Answers {
    let list = command.answers().into_iter().map(|member| {
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

pub(super) fn head(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let cut = line.chars().count() > 70 || text.lines().count() > 1;
    if cut { line.chars().take(69).chain(['…']).collect() } else { line.to_owned() }
}
