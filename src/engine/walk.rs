//! From step to step: sequences, choices, back, the end.
//!
//! Invariant: a choice comes back after each option; nothing after it starts before the operator says go on.

use super::{Ending, Engine, EngineError, shown, standing};
use crate::history::{
    ChoiceMade, Decided, Decision, Fact, MessageFilled, Mode, NoteAdded, Outcome, RunFinished, RunResult, StepEntered,
    StepFinished, StepForm, StepResult,
};
use crate::plan::{Choice, Node, Step, StepKind};
use crate::ports::{Ask, AskChoice, AskMessage, AskTask, Chosen, Journal, Kernel, KernelError, Operator, Reply, Talk};
use std::collections::BTreeMap;

/// Where the run goes after a step.
pub(super) enum Turn {
    /// To the next.
    Next,
    /// To the one before.
    Back,
    /// Nowhere.
    End(Ending),
}

/// A place in the plan: nodes and how far in them, outermost first.
type Cursor<'p> = Vec<(&'p [Node], usize)>;

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Walks the plan to its end, records how it ended, and tells the operator.
    pub fn run(&mut self) -> Result<Ending, EngineError> {
        let ended = self.walk_and_close();
        // What waits to be told is told, unless nobody knows whether it is recorded.
        if !matches!(ended, Err(EngineError::Kernel(KernelError::Lost(_)))) {
            self.operator.settled();
        }
        ended
    }

    fn walk_and_close(&mut self) -> Result<Ending, EngineError> {
        self.operator.tell(&Talk::Opening {
            plan: self.plan,
            file: &self.settings.file,
            host: &self.settings.host,
            user: &self.settings.user,
            cwd: &self.settings.cwd,
            mode: self.settings.mode,
            record: &self.settings.record,
        });
        for finding in &self.plan.findings {
            let place = format!("{}:{}", self.settings.file_name, finding.line);
            self.operator.tell(&Talk::Warning(&format!("{place}: {} ({})", finding.message, finding.help)));
        }
        for (name, number) in self.plan.set_by_others() {
            let notice = format!(
                "`{name}` is set by step {number}, which is not part of this run; it is asked for where it is read"
            );
            self.operator.tell(&Talk::Notice(&notice));
        }
        let undoing = self.plan.rollbacks().len();
        if undoing > 0 && self.settings.mode.is_interactive() {
            let steps = if undoing == 1 { "1 step undoes".to_owned() } else { format!("{undoing} steps undo") };
            let notice = format!("{steps} what others do: u runs them after a failure, last first");
            self.operator.tell(&Talk::Notice(&notice));
        }
        self.hide_given()?;
        let ending = self.walk()?;
        self.record(Fact::RunFinished(RunFinished {
            result: ending.result,
            reason: ending.reason.clone(),
            next: ending.next.clone(),
        }))?;
        for prose in self.plan.closing.iter().filter(|_| ending.result == RunResult::Completed) {
            self.operator.tell(&Talk::Notice(&prose.text));
        }
        let done = self.state.steps.iter().filter(|(id, step)| {
            let undoes = || self.plan.steps.iter().any(|step| step.id == **id && step.undoes.is_some());
            matches!(step.result, Some(StepResult::Done | StepResult::DoneWithFailures)) && !undoes()
        });
        self.operator.tell(&Talk::Closing {
            result: ending.result,
            reason: &ending.reason,
            done: done.count(),
            of: self.order.len(),
            unsettled: self.state.unsettled(),
            elapsed: self.elapsed(),
        });
        Ok(ending)
    }

    fn walk(&mut self) -> Result<Ending, EngineError> {
        let plan = self.plan;
        let mut cursor: Cursor<'a> = vec![(plan.root.as_slice(), 0)];
        let mut trail: Vec<Cursor<'a>> = Vec::new();
        // Which options of a choice were taken, by the choice's line and title.
        let mut taken: BTreeMap<(u32, &'a str), Vec<bool>> = BTreeMap::new();
        while let Some((nodes, at)) = cursor.last().copied() {
            let turn = match nodes.get(at) {
                None => {
                    cursor.pop();
                    continue;
                }
                Some(Node::Step(place)) => {
                    trail.push(cursor.clone());
                    if plan.steps.get(*place).is_some_and(|step| self.was_finished(step)) {
                        Turn::Next
                    } else {
                        self.way.then = match nodes.get(at + 1) {
                            Some(Node::Step(next)) => Some(*next),
                            _ => None,
                        };
                        self.step(*place)?
                    }
                }
                Some(Node::Choice(choice)) => {
                    let taken = taken
                        .entry((choice.line, choice.title.as_str()))
                        .or_insert_with(|| vec![false; choice.options.len()]);
                    let chosen = self.was_chosen(choice).map(|option| chosen_before(choice, option, taken));
                    match chosen.map_or_else(|| self.choose(choice, taken), Ok)? {
                        Pick::Option(nodes) => {
                            cursor.push((nodes, 0));
                            continue;
                        }
                        Pick::Turn(turn) => turn,
                    }
                }
            };
            match turn {
                Turn::Next => {
                    if let Some((_, at)) = cursor.last_mut() {
                        *at += 1;
                    }
                }
                Turn::Back => {
                    if matches!(nodes.get(at), Some(Node::Step(_))) {
                        trail.pop();
                    }
                    match trail.pop() {
                        Some(before) => cursor = before,
                        None => self.operator.tell(&Talk::Notice("this is the first step")),
                    }
                }
                Turn::End(ending) => return Ok(ending),
            }
        }
        let failed = self.state.steps.values().any(|step| step.result == Some(StepResult::DoneWithFailures));
        let reason = if failed { "failures were passed over" } else { "" };
        Ok(Ending { result: RunResult::Completed, reason: reason.to_owned(), next: None })
    }

    fn choose(&mut self, choice: &'a Choice, taken: &mut [bool]) -> Result<Pick<'a>, EngineError> {
        self.settle_for_operator()?;
        loop {
            let ask = AskChoice {
                standing: standing(self.plan, self.settings, &self.state, &self.order, None, self.elapsed()),
                kind: choice.kind,
                title: &choice.title,
                options: choice
                    .options
                    .iter()
                    .zip(taken.iter())
                    .map(|(option, &taken)| {
                        let mut places = Vec::new();
                        crate::plan::collect(&option.nodes, &mut places);
                        (option.title.as_str(), places.len(), taken)
                    })
                    .collect(),
                anchors: choice
                    .options
                    .iter()
                    .map(|option| option.anchor.as_ref().map(crate::ident::Anchor::as_str))
                    .collect(),
            };
            let (option, line, pick) = match self.operator.ask(&Ask::Choice(ask))? {
                Reply::Chosen(Chosen::Option(i)) => match (choice.options.get(i), taken.get_mut(i)) {
                    (Some(option), Some(slot)) => {
                        *slot = true;
                        (Some(option.title.clone()), option.line, Pick::Option(option.nodes.as_slice()))
                    }
                    _ => continue,
                },
                Reply::Chosen(Chosen::GoOn) | Reply::GoOn => (None, choice.line, Pick::Turn(Turn::Next)),
                Reply::Note(text) => {
                    self.note(None, text)?;
                    continue;
                }
                Reply::Back => return Ok(Pick::Turn(Turn::Back)),
                Reply::Stop => return Ok(Pick::Turn(Turn::End(self.stopped(None)))),
                _ => continue,
            };
            self.record(Fact::ChoiceMade(ChoiceMade { question: choice.title.clone(), option, line }))?;
            return Ok(pick);
        }
    }

    pub(super) fn step(&mut self, place: usize) -> Result<Turn, EngineError> {
        let plan = self.plan;
        let Some(step) = plan.steps.get(place) else { return Ok(Turn::Next) };
        self.hold(self.entered(step, place));
        self.settle_for_operator()?;
        let shown = shown(self.plan, self.settings, &self.state, &self.order, place, self.elapsed(), step);
        self.operator.tell(&Talk::Step(shown));
        match step.kind {
            StepKind::Command | StepKind::Guessed => self.commands(step, place),
            StepKind::Task => self.task(step, place),
            StepKind::Message => self.message(step, place),
        }
    }

    /// That a step is shown.
    pub(super) fn entered(&self, step: &Step, place: usize) -> Fact {
        let position = self.order.iter().position(|&p| p == place).map_or(0, |i| i + 1);
        Fact::StepEntered(StepEntered {
            step: step.id.clone(),
            number: step.number.clone(),
            position: u32::try_from(position).unwrap_or(u32::MAX),
            form: form(step.kind),
            headings: step.source.headings.clone(),
            title: step.title.clone(),
            line: step.source.line,
            end_line: step.source.end_line,
            prose: step.source.prose.iter().map(|prose| prose.lines).collect(),
        })
    }

    fn task(&mut self, step: &'a Step, place: usize) -> Result<Turn, EngineError> {
        loop {
            let shown = shown(self.plan, self.settings, &self.state, &self.order, place, self.elapsed(), step);
            let reply = self.operator.ask(&Ask::Task(AskTask { shown }))?;
            let (decision, reason, result) = match reply {
                Reply::Done(how) => (Decision::Done, how, StepResult::Done),
                Reply::Run | Reply::RunRest => (Decision::Done, String::new(), StepResult::Done),
                other => match self.aside(step, place, other)? {
                    Aside::Again => continue,
                    Aside::Skip(reason) => (Decision::Skip, reason, StepResult::Skipped),
                    Aside::Turn(turn) => return Ok(turn),
                },
            };
            self.decide(step, None, decision, reason)?;
            return Ok(self.leave(step, result));
        }
    }

    fn message(&mut self, step: &'a Step, place: usize) -> Result<Turn, EngineError> {
        loop {
            let shown = shown(self.plan, self.settings, &self.state, &self.order, place, self.elapsed(), step);
            let fields = crate::plan::fields(&step.body);
            match self.operator.ask(&Ask::Message(AskMessage { shown, fields }))? {
                Reply::Filled(text) => {
                    self.record(Fact::MessageFilled(MessageFilled { step: step.id.clone(), text }))?;
                    return Ok(self.leave(step, StepResult::Done));
                }
                Reply::Done(how) => {
                    self.decide(step, None, Decision::Done, how)?;
                    return Ok(self.leave(step, StepResult::Done));
                }
                other => match self.aside(step, place, other)? {
                    Aside::Again => {}
                    Aside::Skip(reason) => {
                        self.decide(step, None, Decision::Skip, reason)?;
                        return Ok(self.leave(step, StepResult::Skipped));
                    }
                    Aside::Turn(turn) => return Ok(turn),
                },
            }
        }
    }

    /// The answers that mean the same at every question.
    pub(super) fn aside(&mut self, step: &'a Step, place: usize, reply: Reply) -> Result<Aside, EngineError> {
        Ok(match reply {
            Reply::Note(text) => {
                self.note(Some(step), text)?;
                Aside::Again
            }
            Reply::Secret(secret) => {
                self.take_secret(step, &secret)?;
                Aside::Again
            }
            Reply::Own(text) => match self.own(step, place, &text)? {
                Some(ending) => Aside::Turn(Turn::End(ending)),
                None => Aside::Again,
            },
            Reply::Skip(reason) | Reply::SkipRest(reason) => {
                if !self.settings.mode.is_interactive() {
                    self.operator.tell(&Talk::Skipped { step, reason: &reason });
                }
                Aside::Skip(reason)
            }
            Reply::Back => {
                self.decide(step, None, Decision::Back, String::new())?;
                Aside::Turn(Turn::Back)
            }
            Reply::Stop => {
                self.decide(step, None, Decision::Stop, String::new())?;
                Aside::Turn(Turn::End(self.stopped(Some(step))))
            }
            _ => Aside::Again,
        })
    }

    pub(super) fn note(&mut self, step: Option<&Step>, text: String) -> Result<(), EngineError> {
        self.record(Fact::NoteAdded(NoteAdded { step: step.map(|step| step.id.clone()), text }))
    }

    pub(super) fn decide(
        &mut self,
        step: &Step,
        command: Option<u32>,
        decision: Decision,
        reason: String,
    ) -> Result<(), EngineError> {
        self.record(Fact::Decided(Decided { step: step.id.clone(), command, decision, reason }))
    }

    pub(super) fn leave(&mut self, step: &Step, result: StepResult) -> Turn {
        self.hold(left(step, result));
        Turn::Next
    }

    pub(super) fn stopped(&self, step: Option<&Step>) -> Ending {
        let last = self.state.commands.last().map(crate::history::CommandState::outcome);
        let (result, reason) = match (self.settings.mode, last) {
            (Mode::Unattended, Some(Outcome::Interrupted)) => (RunResult::Interrupted, "interrupted".to_owned()),
            (Mode::Unattended, Some(outcome)) if !outcome.goes_on() => (RunResult::Failed, self.failure_reason()),
            _ => (RunResult::Stopped, "the operator stopped it".to_owned()),
        };
        Ending { result, reason, next: step.map(|step| step.id.clone()) }
    }

    pub(super) fn failure_reason(&self) -> String {
        self.state.commands.last().map_or_else(String::new, |command| {
            let first = command.started.text.lines().next().unwrap_or_default();
            let status = command.finished.as_ref().and_then(|finished| finished.status);
            match status {
                Some(status) => format!("`{first}` failed with exit {status}"),
                None => format!("`{first}` failed"),
            }
        })
    }
}

/// That a step is left behind.
pub(super) fn left(step: &Step, result: StepResult) -> Fact {
    Fact::StepFinished(StepFinished { step: step.id.clone(), result })
}

/// What an answer that is not about the question leads to.
pub(super) enum Aside {
    /// Ask again.
    Again,
    /// The step, or the command, is skipped.
    Skip(String),
    /// The run goes elsewhere.
    Turn(Turn),
}

enum Pick<'p> {
    Option(&'p [Node]),
    Turn(Turn),
}

fn chosen_before<'p>(choice: &'p Choice, option: Option<usize>, taken: &mut [bool]) -> Pick<'p> {
    let Some((place, option)) = option.and_then(|place| choice.options.get(place).map(|option| (place, option))) else {
        return Pick::Turn(Turn::Next);
    };
    if let Some(slot) = taken.get_mut(place) {
        *slot = true;
    }
    Pick::Option(option.nodes.as_slice())
}

fn form(kind: StepKind) -> StepForm {
    match kind {
        StepKind::Command => StepForm::Command,
        StepKind::Guessed => StepForm::Guessed,
        StepKind::Task => StepForm::Task,
        StepKind::Message => StepForm::Message,
    }
}
