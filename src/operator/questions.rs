//! The questions about commands, failures and tasks: which key does what.
//!
//! Invariant: Enter runs only what is plain; at a gate it declines, and only `y` runs; after a failure it does nothing.

use super::at_terminal::AtTerminal;
use super::display;
use super::look::one_line;
use super::question::{Action, Question};
use crate::plan::Pass;
use crate::ports::AskCommand;
use crate::ports::AskFailure;
use crate::ports::AskTask;
use crate::ports::OperatorError;
use crate::ports::Reply;
use crate::ports::Shown;
use crate::term::Span;
use crate::term::Style;

impl AtTerminal {
    pub(super) fn ask_command(&mut self, ask: &AskCommand<'_>) -> Result<Reply, OperatorError> {
        let gate = !ask.confirm.is_empty();
        self.begin_question(&ask.shown.standing, gate);
        let body = self.command_body(ask);
        let question = if let Some(reason) = &ask.refused {
            refused(ask, reason)
        } else if gate {
            gated(ask)
        } else {
            open(ask)
        };
        let reply = self.put(&question, &body)?;
        self.agreed = match &reply {
            Reply::Run | Reply::RunRest => Some(ask.text.to_owned()),
            Reply::Edit(text) => Some(text.clone()),
            _ => None,
        };
        Ok(reply)
    }

    /// What stands above the keys: the command as it would run, unless it stands there already, and what is to be known of it.
    fn command_body(&mut self, ask: &AskCommand<'_>) -> String {
        let (look, columns) = (self.look, self.columns());
        let Shown { step, file, .. } = ask.shown;
        let of = step.commands.len();
        let fresh = self.fresh_step.as_ref() == Some(&step.id);
        let as_written = ask.text == ask.command.text;
        let mut body = String::from("\n");
        if of > 1 || !fresh || !as_written {
            let place = display::location(file, ask.command.line);
            let own = ask.command.line == 0;
            let which = if own {
                "own command  ".to_owned()
            } else if of > 1 {
                format!("command {} of {of}  ", ask.index + 1)
            } else {
                String::new()
            };
            let placed = if as_written { "" } else { "with its values in place  " };
            let which = format!("{which}{placed}{place}\n");
            body.push_str(&look.paint(Style::Dim, &which));
            body.push_str(&display::command(ask.text, ask.command.note.as_deref(), look, columns));
        }
        self.fresh_step = None;
        body.push_str(&display::marks(ask.command, look, columns));
        if let Some(reason) = &ask.refused {
            body.push_str(&display::remark(&format!("cannot run as it stands: {}", one_line(reason)), look, columns));
        }
        for reason in &ask.confirm {
            body.push_str(&display::remark(&one_line(reason), look, columns));
        }
        body
    }

    pub(super) fn ask_failure(&mut self, ask: &AskFailure<'_>) -> Result<Reply, OperatorError> {
        self.begin_question(&ask.shown.standing, false);
        let declined = ask.outcome.is_none();
        let (hint, again, past) = if declined {
            let hint = "it was declined, and Enter does nothing: r asks about it again, g goes on without it";
            (hint, ("ask again", "asks about this command again"), "go on without it")
        } else {
            let hint = "after a failure Enter does nothing: r runs it again, g goes on past it";
            (hint, ("retry", "runs this command again"), "go on past it")
        };
        let question = Question::new(ask.text)
            .key('r', again.0, again.1, Action::Reply(Reply::Retry))
            .key('g', past, "goes on with the next command; recorded", Action::Reply(Reply::GoOn))
            .key('e', "edit", "opens the command for a change, then runs that", Action::Edit)
            .key('s', "skip", "skips the rest of this step", Action::Reply(Reply::Skip(String::new())))
            .key('S', "", "the same, with a reason", Action::SkipBecause)
            .enter("", "", Action::Hint(hint.to_owned()));
        let mut question = with_common(with_done(with_note(question, 'n')));
        let mut body = String::new();
        if !ask.rollbacks.is_empty() {
            let steps: Vec<_> = ask.rollbacks.iter().map(|(n, title)| format!("{n} {title}")).collect();
            let help = "undoes what was done, last first, each with a yes of its own";
            question = question.key('u', "undo what was done", help, Action::Reply(Reply::RollBack));
            let text = format!("u undoes what was done: {}", one_line(&steps.join(", then ")));
            body = self.look.paragraph(&[Span::new(Style::Dim, text)], self.columns(), "  ");
        }
        self.put(&question, &body)
    }

    pub(super) fn ask_task(&mut self, ask: &AskTask<'_>) -> Result<Reply, OperatorError> {
        self.begin_question(&ask.shown.standing, false);
        self.fresh_step = None;
        let question = Question::new("")
            .enter("done", "records that you have done it", Action::Reply(Reply::Done(String::new())))
            .key('d', "", "the same", Action::Reply(Reply::Done(String::new())))
            .key(
                'D',
                if asks(&ask.shown.step.body) { "done, with the answer" } else { "" },
                "the same, with words about how",
                Action::DoneBy,
            )
            .key('s', "skip", "goes on without it", Action::Reply(Reply::Skip(String::new())))
            .key('S', "", "the same, with a reason", Action::SkipBecause);
        let question = with_common(with_note(question, 'n'));
        self.put(&question, "\n")
    }
}

/// Whether a task puts questions: what was found is worth a word in the record.
fn asks(body: &str) -> bool {
    body.lines().any(|line| line.trim_end().ends_with('?'))
}

/// A command that may run at once.
fn open(ask: &AskCommand<'_>) -> Question {
    let question = Question::new(ask.text).enter("run", "runs this command", Action::Reply(Reply::Run));
    let question = if ask.index + 1 < ask.shown.step.commands.len() {
        let help = "runs this and the rest of the step, until something fails, is no plain success, or needs a yes";
        let one = "one by one is how it goes; a runs the rest of the step";
        question.key('a', "run the rest", help, Action::Reply(Reply::RunRest)).key(
            'c',
            "",
            "command by command, which is how it goes anyway",
            Action::Hint(one.to_owned()),
        )
    } else {
        let last = "this is the step's last command; Enter runs it";
        question.key('a', "", "", Action::Reply(Reply::RunRest)).key('c', "", "", Action::Hint(last.to_owned()))
    };
    let question = match crate::plan::watched(ask.text) {
        Some(_) => {
            let help = "runs what it watches again and again instead, and records each time";
            question.key('m', "record it as a monitor", help, Action::Reply(Reply::Monitor))
        }
        None => question,
    };
    with_common(with_done(with_note(with_skip_and_edit(question), 'n')))
}

/// A command that needs a yes.
fn gated(ask: &AskCommand<'_>) -> Question {
    let no = "does not run it; the step waits as after a failure";
    let question = Question::new(ask.text).enter("no", no, Action::Reply(Reply::Decline));
    let question = match &ask.gate.pass {
        Pass::Typed(name) => {
            let help = "asks for the name of what is at stake, and runs this command when it is typed";
            question.key('y', "yes, type its name", help, Action::Typed(name.clone()))
        }
        Pass::Yes | Pass::Enter => question.key('y', "yes, run it", "runs this command", Action::Reply(Reply::Run)),
    };
    let question = question.key('n', "", "the same as Enter", Action::Reply(Reply::Decline)).key(
        'a',
        "",
        "",
        Action::Hint("this one is asked about by itself: y runs it, n does not".to_owned()),
    );
    with_common(with_done(with_note(with_skip_and_edit(question), 'N')))
}

/// A command that cannot run as it stands.
fn refused(ask: &AskCommand<'_>, reason: &str) -> Question {
    let why = format!("it cannot run as it stands: {}; e edits it, s skips it", one_line(reason));
    let question = Question::new(ask.text).enter("", "", Action::Hint(why.clone()));
    let question = ['y', 'a'].into_iter().fold(question, |q, key| q.key(key, "", "", Action::Hint(why.clone())));
    with_common(with_done(with_note(with_skip_and_edit(question), 'n')))
}

fn with_skip_and_edit(question: Question) -> Question {
    question
        .key('s', "skip", "goes on without this command", Action::Reply(Reply::Skip(String::new())))
        .key('S', "", "the same, with a reason", Action::SkipBecause)
        .key('e', "edit", "opens the command for a change, then runs that", Action::Edit)
}

/// At a gate `n` is no, and the note moves to `N`.
fn with_note(question: Question, key: char) -> Question {
    question.key(key, "note", "writes something down in the record", Action::Note)
}

fn with_done(question: Question) -> Question {
    question.key('d', "mark done", "records it as done by other means", Action::Reply(Reply::Done(String::new()))).key(
        'D',
        "",
        "the same, with words about how",
        Action::DoneBy,
    )
}

fn with_common(question: Question) -> Question {
    question
        .key('!', "own command", "runs a command of your own in the same shell, recorded", Action::Own)
        .key('b', "back", "returns to the step before", Action::Reply(Reply::Back))
        .key('q', "stop", "stops the run; the record stays", Action::Reply(Reply::Stop))
}

/// The keys of a message that waits to be recorded, and of an input that was not given.
pub(super) fn message_question(text: &str) -> Question {
    let question = Question::new(text)
        .enter("record it", "records the text as it stands", Action::Reply(Reply::Filled(text.to_owned())))
        .key('e', "edit", "opens the whole text for a change", Action::EditText)
        .key('s', "skip", "goes on without it", Action::Reply(Reply::Skip(String::new())))
        .key('S', "", "the same, with a reason", Action::SkipBecause);
    with_common(with_note(question, 'n'))
}

/// The keys when a value was asked for and none was given. Enter asks again.
pub(super) fn input_question() -> Question {
    let question = Question::new("")
        .enter("give the value", "asks for it again", Action::Reply(Reply::Retry))
        .key('s', "skip", "goes on without the value", Action::Reply(Reply::Skip(String::new())))
        .key('S', "", "the same, with a reason", Action::SkipBecause);
    with_common(with_note(question, 'n'))
}
