//! The gate of a command at this moment: its text, values, directory and the definitions of the live shell.
//!
//! Invariant: the name to type is that of the live object; where nobody knows it, the step and the host are typed. Refuses to
//! know: how a gate is passed.

use super::first_line::first_line;
use super::permission::{Grounds, Permission, judge_grounds};
use super::run::Engine;
use super::settings::EngineError;
use crate::ident::InputName;
use crate::plan::{
    Command, Gate, KnownVariables, OpeningFlags, Refusal, RunPlace, Runnable, Step, VariableValues, locate_object,
};
use crate::ports::{Journal, Kernel, Operator};
use crate::risk::Level;
use std::collections::BTreeSet;
use std::path::Path;

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

    /// Asks the live shell what the variables of a command stand for: the gate is raised by what the command would do with them, and
    /// names the object itself. Returns lines for the operator. Refuses the command if a value from outside does not fit where it is
    /// read, or if a variable of a command that destroys is empty, as in `rm -r "$DIR/"`.
    pub(super) fn judge_live_values(
        &mut self,
        step: &Step,
        command: &Command,
        text: &str,
        gate: &mut Gate,
    ) -> Result<Result<Vec<String>, Refusal>, EngineError> {
        let tracked = self.tracked_variables(text);
        let mut names = tracked.clone();
        if gate.risk.level >= Level::Destroys {
            names.extend(command.needed_variables());
        }
        if names.is_empty() && command.uses.is_empty() {
            self.resolve_object(step, gate, &VariableValues::new());
            return Ok(Ok(Vec::new()));
        }
        let names: Vec<String> = names.into_iter().collect();
        let live = if names.is_empty() { Vec::new() } else { self.session.read_variables(&names)? };
        let known = live.into_iter().filter_map(|live| Some((live.name, live.value?)));
        let live: VariableValues = known.collect();
        let outside = live.iter().filter(|(name, _)| tracked.contains(*name));
        let outside: VariableValues = outside.map(|(name, value)| (name.clone(), value.clone())).collect();
        if let Some(refusal) = self.unfit_value(command, text, &outside) {
            return Ok(Err(refusal));
        }
        let is_raised = self.raise_by_live_values(step, command, text, &outside, gate)?;
        let mut lines = Vec::new();
        if gate.risk.level >= Level::Destroys || is_raised {
            if let Some((name, _)) =
                live.iter().find(|(_, value)| value.is_empty()).filter(|_| gate.risk.level >= Level::Destroys)
            {
                let why = format!("`{name}` is empty, and it stands in a command that destroys");
                return Ok(Err(Refusal::NotShell(why)));
            }
            lines.extend(live.iter().map(|(name, value)| self.describe_live_value(name, value)));
        } else if let Some((name, value)) = outside.iter().find(|(_, value)| value.starts_with('-') && value.len() > 1)
        {
            let described = self.describe_live_value(name, value);
            lines.push(format!("{described}: it begins with a dash, so a program may take it for an option"));
        }
        let shown = live.into_iter().filter(|(name, _)| !self.is_secret(&InputName::new(name.clone()))).collect();
        self.resolve_object(step, gate, &shown);
        Ok(Ok(lines))
    }

    /// Names of the variables that this text may read and that carry values from outside.
    pub(super) fn tracked_variables(&mut self, text: &str) -> BTreeSet<String> {
        let Self { known, progress, .. } = self;
        let names = known.tracked_names(progress.plan, &progress.settings.policy.variables);
        names.iter().filter(|name| may_read(text, name)).cloned().collect()
    }

    fn unfit_value(&self, command: &Command, text: &str, outside: &VariableValues) -> Option<Refusal> {
        let unfit = command.judge_expansions(text, &self.known.values, outside).unfit.into_iter().next()?;
        Some(Refusal::NotPlaced(format!("${}", unfit.name), format!("its value does not fit: {}", unfit.why)))
    }

    /// Raises a gate by what the command would do with the values of its variables. Returns true if that made it stricter.
    fn raise_by_live_values(
        &mut self,
        step: &Step,
        command: &Command,
        text: &str,
        outside: &VariableValues,
        gate: &mut Gate,
    ) -> Result<bool, EngineError> {
        let before = (gate.risk.level, gate.risk.unknown);
        let definitions = self.session.shell_definitions()?;
        let shown: VariableValues = outside
            .iter()
            .filter(|(name, _)| !self.is_secret(&InputName::new((*name).clone())))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let host = &self.progress.settings.host;
        let known = KnownVariables { values: &self.known.values, variables: &shown };
        gate.raise_by_values(command, text, &known, |expanded| Gate::for_text(step, expanded, host, &definitions));
        Ok(before != (gate.risk.level, gate.risk.unknown))
    }

    fn describe_live_value(&self, name: &str, value: &str) -> String {
        if self.is_secret(&InputName::new(name.to_owned())) {
            format!("`{name}` is a secret of {} characters", value.chars().count())
        } else {
            format!("`{name}` is `{}`", first_line(value))
        }
    }

    /// Replaces the name to type by that of the live object.
    fn resolve_object(&mut self, step: &Step, gate: &mut Gate, live: &VariableValues) {
        let host = &self.progress.settings.host;
        let (cwd, session) = (Path::new(&self.progress.state.cwd), &mut *self.session);
        let live_value = |name: &str| live.get(name).cloned();
        gate.resolve_name(step, host, live_value, |path| locate_object(cwd, path, |path| session.resolve_path(path)));
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

/// True if the text may read the variable: as `$NAME` or `${NAME…}`, or without a `$` where bash evaluates arithmetic.
fn may_read(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_evaluated = text.contains("((") || text.contains('[') || text.contains("let ") || text.contains("declare ");
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).unwrap_or("").chars().next_back();
        let after = text.get(at + name.len()..).unwrap_or("").chars().next();
        let is_whole = !after.is_some_and(is_word) && !before.is_some_and(is_word);
        is_whole && (matches!(before, Some('$' | '{' | '!' | '#')) || is_evaluated)
    })
}

#[cfg(test)]
mod tests {
    use super::may_read;

    #[test]
    fn a_name_within_a_word_is_no_variable_that_is_read() {
        for text in [
            "ls $backup",
            "ls ${backup%.gz}",
            "echo ${!backup}",
            "((backup > 1))",
            "[[ backup -gt 1 ]]",
            "let backup+1",
        ] {
            assert!(may_read(text, "backup"), "{text}");
        }
        for text in ["ls -lht backups/", "docker-compose exec -T backup ls", "ls $backups", "ls my_backup"] {
            assert!(!may_read(text, "backup"), "{text}");
        }
    }
}
