//! The gate of a command at this moment: its text, values, directory and the definitions of the live shell.
//!
//! Invariant: the name to type is that of the live object; where nobody knows it, the step and the host are typed. Refuses to
//! know: how a gate is passed.

use super::first_line::first_line;
use super::permission::{Grounds, Permission, judge_grounds};
use super::run::Engine;
use super::settings::EngineError;
use crate::ident::InputName;
use crate::plan::{Command, Gate, OpeningFlags, Refusal, RunPlace, Runnable, Step, locate_object};
use crate::ports::{Journal, Kernel, Operator};
use crate::risk::Level;
use std::collections::BTreeMap;
use std::path::Path;

/// Values that the variables of a destructive command have in the shell now.
#[derive(Default)]
struct LiveValues {
    /// One line a variable, for the operator.
    lines: Vec<String>,
    /// Values by name, without secrets.
    values: BTreeMap<String, String>,
}

impl<S: Kernel + Journal, O: Operator> Engine<'_, S, O> {
    /// Gate of a step's command, in the shell as it is now. A condition behind it has its own.
    pub(super) fn gate_of_command(&mut self, step: &Step, index: usize, text: &str) -> Result<Gate, EngineError> {
        let definitions = self.session.shell_definitions()?;
        Ok(Gate::for_command(step, index, text, &self.progress.settings.host, &definitions))
    }

    /// Gate of a text alone, in the shell as it is now.
    pub(super) fn gate_of_text(&mut self, step: &Step, text: &str) -> Result<Gate, EngineError> {
        let definitions = self.session.shell_definitions()?;
        Ok(Gate::for_text(step, text, &self.progress.settings.host, &definitions))
    }

    /// Asks the live shell what a command that destroys is about: the gate then names the object itself. Returns a line for each
    /// variable. Refuses the command if a variable in it is empty, as in `rm -r "$DIR/"`.
    pub(super) fn name_live_object(
        &mut self,
        step: &Step,
        command: &Command,
        gate: &mut Gate,
    ) -> Result<Result<Vec<String>, Refusal>, EngineError> {
        let live = match self.read_live_values(command, gate)? {
            Ok(live) => live,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let host = &self.progress.settings.host;
        let (cwd, session) = (Path::new(&self.progress.state.cwd), &mut *self.session);
        let live_value = |name: &str| live.values.get(name).cloned();
        gate.resolve_name(step, host, live_value, |path| locate_object(cwd, path, |path| session.resolve_path(path)));
        Ok(Ok(live.lines))
    }

    fn read_live_values(&mut self, command: &Command, gate: &Gate) -> Result<Result<LiveValues, Refusal>, EngineError> {
        let needs = command.needed_variables();
        let mut live = LiveValues::default();
        if needs.is_empty() || gate.risk.level < Level::Destroys {
            return Ok(Ok(live));
        }
        for value in self.session.read_variables(&needs)? {
            match value.value.as_deref() {
                Some("") => {
                    let why = format!("`{}` is empty, and it stands in a command that destroys", value.name);
                    return Ok(Err(Refusal::NotShell(why)));
                }
                Some(text) if self.is_secret(&InputName::new(value.name.clone())) => {
                    live.lines.push(format!("`{}` is a secret of {} characters", value.name, text.chars().count()));
                }
                Some(text) => {
                    live.lines.push(format!("`{}` is `{}`", value.name, first_line(text)));
                    live.values.insert(value.name.clone(), text.to_owned());
                }
                None => {}
            }
        }
        Ok(Ok(live))
    }

    /// Judges if a command may run through its gate now.
    pub(super) fn judge_permission(
        &mut self,
        step: &Step,
        runnable: &Runnable,
        gate: &Gate,
        grounds: Grounds<'_>,
    ) -> Option<Permission> {
        judge_grounds(runnable, gate, grounds, || self.opening_flags(step, gate))
    }

    /// The flags that open a gate where the shell stands now.
    fn opening_flags(&mut self, step: &Step, gate: &Gate) -> Option<OpeningFlags> {
        let settings = self.progress.settings;
        if self.progress.is_interactive() {
            return None;
        }
        let approved = &settings.policy.place;
        // The shell and the flags may name one directory differently.
        let cwd = self.progress.state.cwd.clone();
        let is_same = cwd == approved.cwd || {
            let here = self.session.resolve_path(Path::new(&cwd));
            here.is_some() && here == self.session.resolve_path(Path::new(&approved.cwd))
        };
        let place = RunPlace { host: settings.host.clone(), cwd: if is_same { approved.cwd.clone() } else { cwd } };
        settings.policy.opening_flags(self.progress.plan, step, gate, &place)
    }
}
