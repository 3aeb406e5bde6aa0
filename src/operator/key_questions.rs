//! The questions about commands, failures and tasks, and the keys of each.
//!
//! Invariant: Enter runs only a command that needs no confirmation. At a gate Enter declines and only `y` runs; after a
//! failure Enter does nothing. Refuses to know: how keys are read.

use super::at_terminal::TerminalOperator;
use super::display;
use super::key_menu::{KeyAction, KeyMenu};
use super::look::one_line;
use crate::plan::Consent;
use crate::plan::RequiredAnswer;
use crate::ports::AskCommand;
use crate::ports::AskFailure;
use crate::ports::AskTask;
use crate::ports::OperatorError;
use crate::ports::Reply;
use crate::ports::ShownStep;
use crate::term::Style;
use crate::term::StyledSpan;

impl TerminalOperator {
    pub(super) fn ask_command(&mut self, ask: &AskCommand<'_>) -> Result<Reply, OperatorError> {
        let needs_confirmation = !ask.confirm.is_empty();
        self.begin_question(&ask.shown.position, needs_confirmation);
        let body = self.command_body(ask);
        let menu = if let Some(reason) = &ask.refused {
            refused_command_menu(ask, reason)
        } else if needs_confirmation {
            gated_command_menu(ask)
        } else {
            plain_command_menu(ask)
        };
        let reply = self.ask_by_key(&menu, &body)?;
        self.visible.set_confirmed_text(match &reply {
            Reply::Run(_) | Reply::RunRest => Some(ask.text.to_owned()),
            Reply::Edit(text) => Some(text.clone()),
            _ => None,
        });
        Ok(reply)
    }

    /// Text above the keys: the command as it would run, unless it is on the screen already, and remarks about it.
    fn command_body(&mut self, ask: &AskCommand<'_>) -> String {
        let (look, columns) = (self.look, self.text_columns());
        let ShownStep { step, file, .. } = ask.shown;
        let count = step.commands.len();
        let is_as_written = ask.text == ask.command.text;
        let mut body = String::from("\n");
        // A condition, or a command that offers values, is none of those that the step has shown.
        let is_of_step = ask.index < count && ask.command.line != 0;
        if count > 1 || !is_of_step || !self.visible.is_step_fresh(&step.id) || !is_as_written {
            let location = display::format_location(file, ask.command.line);
            let is_own_command = ask.command.line == 0;
            let which = if is_own_command {
                "own command  ".to_owned()
            } else if count > 1 && is_of_step {
                format!("command {} of {count}  ", ask.index + 1)
            } else {
                String::new()
            };
            let interpolated = if is_as_written { "" } else { "with its values in place  " };
            let heading = format!("{which}{interpolated}{location}\n");
            body.push_str(&look.paint_text(Style::Dim, &heading));
            body.push_str(&display::render_command(ask.text, ask.command.note.as_deref(), look, columns));
        }
        self.visible.mark_step_stale();
        if !ask.values.is_empty() {
            let values = format!("values: {}", one_line(&ask.values.join(", ")));
            body.push_str(&look.render_paragraph(&[StyledSpan::new(Style::Dim, values)], columns, "  "));
        }
        body.push_str(&display::render_facts(ask.command, look, columns));
        if let Some(reason) = &ask.refused {
            body.push_str(&display::render_remark(
                &format!("cannot run as it stands: {}", one_line(reason)),
                look,
                columns,
            ));
        }
        for reason in &ask.confirm {
            body.push_str(&display::render_remark(&one_line(reason), look, columns));
        }
        body
    }

    pub(super) fn ask_failure(&mut self, ask: &AskFailure<'_>) -> Result<Reply, OperatorError> {
        self.begin_question(&ask.shown.position, false);
        let mut menu = failure_menu(ask);
        let mut body = String::new();
        if !ask.rollbacks.is_empty() {
            let steps: Vec<_> = ask.rollbacks.iter().map(|(n, title)| format!("{n} {title}")).collect();
            let help = "undoes what was done, last first, each with a yes of its own";
            menu = menu.with_key('u', "undo what was done", help, KeyAction::Reply(Reply::RollBack));
            let text = format!("u undoes what was done: {}", one_line(&steps.join(", then ")));
            body = self.look.render_paragraph(&[StyledSpan::new(Style::Dim, text)], self.text_columns(), "  ");
        }
        self.ask_by_key(&menu, &body)
    }

    pub(super) fn ask_task(&mut self, ask: &AskTask<'_>) -> Result<Reply, OperatorError> {
        self.begin_question(&ask.shown.position, false);
        self.visible.mark_step_stale();
        let menu = KeyMenu::new("")
            .with_enter("done", "records that you have done it", KeyAction::Reply(Reply::Done(String::new())))
            .with_key('d', "", "the same", KeyAction::Reply(Reply::Done(String::new())))
            .with_key(
                'D',
                if asks_question(&ask.shown.step.body) { "done, with the answer" } else { "" },
                "the same, with words about how",
                KeyAction::DoneWithWords,
            )
            .with_key('s', "skip", "goes on without it", KeyAction::Reply(Reply::Skip(String::new())))
            .with_key('S', "", "the same, with a reason", KeyAction::SkipWithReason);
        let menu = with_common_keys(with_note_key(menu, 'n'));
        self.ask_by_key(&menu, "\n")
    }
}

/// True if a task asks a question, so that its answer belongs in the record.
fn asks_question(body: &str) -> bool {
    body.lines().any(|line| line.trim_end().ends_with('?'))
}

/// The keys after a failure, or after a command was declined at its gate.
fn failure_menu(ask: &AskFailure<'_>) -> KeyMenu {
    let was_declined = ask.outcome.is_none();
    let (hint, again, past) = if was_declined {
        let hint = "it was declined, and Enter does nothing: r asks about it again, g goes on without it";
        (hint, ("ask again", "asks about this command again"), "go on without it")
    } else {
        let hint = "after a failure Enter does nothing: r runs it again, g goes on past it";
        (hint, ("retry", "runs this command again"), "go on past it")
    };
    let menu = KeyMenu::new(ask.text)
        .with_key('r', again.0, again.1, KeyAction::Reply(Reply::Retry))
        .with_key('g', past, "goes on with the next command; recorded", KeyAction::Reply(Reply::GoOn))
        .with_key('e', "edit", "opens the command for a change, then runs that", KeyAction::EditCommand)
        .with_key('s', "skip", "skips the rest of this step", KeyAction::Reply(Reply::Skip(String::new())))
        .with_key('S', "", "the same, with a reason", KeyAction::SkipWithReason)
        .with_enter("", "", KeyAction::Hint(hint.to_owned()));
    with_common_keys(with_done_keys(with_note_key(menu, 'n')))
}

/// The keys of a command that needs no confirmation.
fn plain_command_menu(ask: &AskCommand<'_>) -> KeyMenu {
    let menu =
        KeyMenu::new(ask.text).with_enter("run", "runs this command", KeyAction::Reply(Reply::Run(Consent::Enter)));
    let menu = if ask.index + 1 < ask.shown.step.commands.len() {
        let help = "runs this and the rest of the step, until something fails, is no plain success, or needs a yes";
        let one = "one by one is how it goes; a runs the rest of the step";
        menu.with_key('a', "run the rest", help, KeyAction::Reply(Reply::RunRest)).with_key(
            'c',
            "",
            "command by command, which is how it goes anyway",
            KeyAction::Hint(one.to_owned()),
        )
    } else {
        let last = "this is the step's last command; Enter runs it";
        menu.with_key('a', "", "", KeyAction::Reply(Reply::RunRest)).with_key(
            'c',
            "",
            "",
            KeyAction::Hint(last.to_owned()),
        )
    };
    let menu = match crate::shell::parse_watch(ask.text) {
        Some(_) => {
            let help = "runs what it watches again and again instead, and records each time";
            menu.with_key('m', "record it as a monitor", help, KeyAction::Reply(Reply::Monitor))
        }
        None => menu,
    };
    with_common_keys(with_done_keys(with_note_key(with_skip_and_edit_keys(menu), 'n')))
}

/// The keys of a command that needs a `y`, or its target typed.
fn gated_command_menu(ask: &AskCommand<'_>) -> KeyMenu {
    let no = "does not run it; the step waits as after a failure";
    let menu = KeyMenu::new(ask.text).with_enter("no", no, KeyAction::Reply(Reply::Decline));
    let menu = match &ask.gate.required_answer {
        RequiredAnswer::Typed(name) => {
            let help = "asks for the name of what is at stake, and runs this command when it is typed";
            menu.with_key('y', "yes, type its name", help, KeyAction::ConfirmByName(name.clone()))
        }
        RequiredAnswer::Yes | RequiredAnswer::Enter => {
            menu.with_key('y', "yes, run it", "runs this command", KeyAction::Reply(Reply::Run(Consent::Yes)))
        }
    };
    let menu = menu.with_key('n', "", "the same as Enter", KeyAction::Reply(Reply::Decline)).with_key(
        'a',
        "",
        "",
        KeyAction::Hint("this one is asked about by itself: y runs it, n does not".to_owned()),
    );
    with_common_keys(with_done_keys(with_note_key(with_skip_and_edit_keys(menu), 'N')))
}

/// The keys of a command that cannot run as it stands.
fn refused_command_menu(ask: &AskCommand<'_>, reason: &str) -> KeyMenu {
    let why = format!("it cannot run as it stands: {}; e edits it, s skips it", one_line(reason));
    let menu = KeyMenu::new(ask.text).with_enter("", "", KeyAction::Hint(why.clone()));
    let menu = ['y', 'a'].into_iter().fold(menu, |q, key| q.with_key(key, "", "", KeyAction::Hint(why.clone())));
    with_common_keys(with_done_keys(with_note_key(with_skip_and_edit_keys(menu), 'n')))
}

fn with_skip_and_edit_keys(menu: KeyMenu) -> KeyMenu {
    menu.with_key('s', "skip", "goes on without this command", KeyAction::Reply(Reply::Skip(String::new())))
        .with_key('S', "", "the same, with a reason", KeyAction::SkipWithReason)
        .with_key('e', "edit", "opens the command for a change, then runs that", KeyAction::EditCommand)
}

/// `key` is `n`, except at a gate, where `n` means no and the note moves to `N`.
fn with_note_key(menu: KeyMenu, key: char) -> KeyMenu {
    menu.with_key(key, "note", "writes something down in the record", KeyAction::TakeNote)
}

fn with_done_keys(menu: KeyMenu) -> KeyMenu {
    menu.with_key('d', "mark done", "records it as done by other means", KeyAction::Reply(Reply::Done(String::new())))
        .with_key('D', "", "the same, with words about how", KeyAction::DoneWithWords)
}

fn with_common_keys(menu: KeyMenu) -> KeyMenu {
    menu.with_key(
        '!',
        "own command",
        "runs a command of your own in the same shell, recorded",
        KeyAction::TypeOwnCommand,
    )
    .with_key('b', "back", "returns to the step before", KeyAction::Reply(Reply::Back))
    .with_key('q', "stop", "stops the run; the record stays", KeyAction::Reply(Reply::Stop))
}

/// The keys of a filled message that waits to be recorded.
pub(super) fn message_menu(text: &str) -> KeyMenu {
    let menu = KeyMenu::new(text)
        .with_enter("record it", "records the text as it stands", KeyAction::Reply(Reply::Filled(text.to_owned())))
        .with_key('e', "edit", "opens the whole text for a change", KeyAction::EditMessage)
        .with_key('s', "skip", "goes on without it", KeyAction::Reply(Reply::Skip(String::new())))
        .with_key('S', "", "the same, with a reason", KeyAction::SkipWithReason);
    with_common_keys(with_note_key(menu, 'n'))
}

/// The keys after the entry of a value was cancelled. Enter asks for it again.
pub(super) fn input_menu() -> KeyMenu {
    let menu = KeyMenu::new("")
        .with_enter("give the value", "asks for it again", KeyAction::Reply(Reply::Retry))
        .with_key('s', "skip", "goes on without the value", KeyAction::Reply(Reply::Skip(String::new())))
        .with_key('S', "", "the same, with a reason", KeyAction::SkipWithReason);
    with_common_keys(with_note_key(menu, 'n'))
}
