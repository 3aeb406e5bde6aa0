//! One cell → drafts of steps. A comment titles the commands below it; lines that are no shell become a task.
//!
//! Invariant: every line of shell in the cell is in exactly one draft. Refuses to know: headings, lists, numbers of others.

use super::command::{Analysis, Command};
use super::comments::{Comment, stated_condition};
use super::model::{StepKind, TaskReason};
use crate::document::{Cell, CellIndex, CellKind, LineRole};
use crate::shell::{CommandFacts, NotACommand, ShellPart};
use std::collections::HashMap;

/// A step of a cell, before it has headings, a number shown and a name.
#[derive(Clone, Debug)]
pub(super) struct CellStep {
    pub(super) kind: StepKind,
    pub(super) title: String,
    /// The number that its own comment begins with.
    pub(super) number: Option<String>,
    /// Number and title of the last numbered comment, for a step without a number of its own.
    pub(super) head: Option<(String, String)>,
    pub(super) conditional: Option<String>,
    pub(super) commands: Vec<Command>,
    /// Further lines of the comment, or the lines of a task.
    pub(super) body: String,
    pub(super) why: Option<TaskReason>,
    pub(super) line: u32,
    pub(super) end_line: u32,
}

impl CellStep {
    /// A step without commands, number or text, on these lines of the document (from 1, inclusive).
    pub(super) fn new(kind: StepKind, title: String, lines: (u32, u32)) -> Self {
        Self {
            kind,
            title,
            number: None,
            head: None,
            conditional: None,
            commands: Vec::new(),
            body: String::new(),
            why: None,
            line: lines.0,
            end_line: lines.1,
        }
    }
}

/// A part of a cell with its first and last line in the document.
struct CellPart {
    first: u32,
    last: u32,
    what: CellPartKind,
}

enum CellPartKind {
    Comments(Vec<String>),
    Command(Box<Command>),
    /// Lines that are no command, and the reason.
    Pasted(String, TaskReason),
}

/// Cache of the steps of a document's cells, so that planning procedure by procedure cuts each cell once. Sharing it between
/// two threads was measured and gains nothing: starting a thread costs as much as reading the cells.
#[derive(Default)]
pub(super) struct CellCache {
    cut: HashMap<CellIndex, Vec<CellStep>>,
}

impl CellCache {
    /// The steps of a command or guessed cell. `is_file` is true for a path that names a file.
    pub(super) fn steps_of_cell(
        &mut self,
        index: CellIndex,
        cell: &Cell,
        is_file: &dyn Fn(&str) -> bool,
    ) -> Vec<CellStep> {
        self.cut.entry(index).or_insert_with(|| cut_cell(cell, is_file)).clone()
    }
}

fn cut_cell(cell: &Cell, is_file: &dyn Fn(&str) -> bool) -> Vec<CellStep> {
    let kind = if cell.kind == CellKind::Guessed { StepKind::Guessed } else { StepKind::Command };
    if let Some(interpreter) = cell.attributes.get("interpreter") {
        return vec![interpreter_step(cell, interpreter, kind)];
    }
    let mut cutter = CellCutter { kind, steps: Vec::new(), open: None, head: None };
    let parts = locate_parts(cell, is_file);
    for (i, part) in parts.iter().enumerate() {
        cutter.take_part(part, i.checked_sub(1).and_then(|before| parts.get(before)), parts.get(i + 1));
    }
    cutter.close_step();
    // A list grows to room for four, and most steps have one command. They are kept as long as the document.
    cutter.steps.iter_mut().for_each(|step| step.commands.shrink_to_fit());
    cutter.steps.shrink_to_fit();
    cutter.steps
}

/// The cell's parts with their lines in the document, without printed output. Adjacent comments are joined, and adjacent pasted
/// lines too.
fn locate_parts(cell: &Cell, is_file: &dyn Fn(&str) -> bool) -> Vec<CellPart> {
    let mut text = String::new();
    for line in &cell.content {
        if line.role == LineRole::Shell {
            text.push_str(&line.text);
        }
        text.push('\n');
    }
    let document_line = |index: usize| cell.content.get(index).map_or(cell.line, |line| line.line);
    let mut out: Vec<CellPart> = Vec::new();
    for part in crate::shell::split_commands(&text) {
        let (first, last, what) = match part {
            ShellPart::Comment(comment) => {
                let line = document_line(comment.line);
                (line, line, CellPartKind::Comments(vec![comment.text]))
            }
            ShellPart::NotShell(pasted) => (
                document_line(pasted.lines.first),
                document_line(pasted.lines.last),
                CellPartKind::Pasted(
                    pasted.text,
                    TaskReason {
                        text: format!("these lines are no shell: {}", pasted.reason),
                        is_unread: pasted.not_analysed,
                    },
                ),
            ),
            ShellPart::Command(found) => {
                let (first, last) = (document_line(found.lines.first), document_line(found.lines.last));
                let table = found.in_table.then_some("a table that a program printed, not shell");
                match table.or_else(|| reason_not_command(&found.facts, is_file)) {
                    Some(why) => (
                        first,
                        last,
                        CellPartKind::Pasted(found.text, TaskReason { text: why.to_owned(), is_unread: false }),
                    ),
                    None => (first, last, CellPartKind::Command(Box::new(command_from_shell(found, first, last)))),
                }
            }
        };
        match (out.last_mut(), what) {
            (
                Some(CellPart { last: before, what: CellPartKind::Comments(lines), .. }),
                CellPartKind::Comments(more),
            ) if *before + 1 == first => {
                lines.extend(more);
                *before = last;
            }
            (
                Some(CellPart { last: before, what: CellPartKind::Pasted(lines, ..), .. }),
                CellPartKind::Pasted(more, ..),
            ) if *before + 1 == first => {
                lines.push('\n');
                lines.push_str(&more);
                *before = last;
            }
            (_, what) => out.push(CellPart { first, last, what }),
        }
    }
    out
}

fn command_from_shell(found: Box<crate::shell::ShellCommand>, line: u32, end_line: u32) -> Command {
    let found = *found;
    Command {
        text: found.text,
        line,
        end_line,
        note: found.trailing_comment,
        facts: found.facts,
        input: None,
        uses: Vec::new(),
        analysis: Analysis::default(),
    }
}

/// The reason why text that parses is still no command.
fn reason_not_command(facts: &CommandFacts, is_file: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    match facts.not_a_command.as_ref()? {
        NotACommand::Yaml => Some("pasted YAML, not shell"),
        NotACommand::Cron => Some("a line for a crontab, not a command"),
        NotACommand::Slash(word) if is_file(word) => None,
        NotACommand::Slash(_) => Some("a chat command, not shell"),
    }
}

struct CellCutter {
    kind: StepKind,
    steps: Vec<CellStep>,
    open: Option<CellStep>,
    /// Number and title of the last numbered comment.
    head: Option<(String, String)>,
}

impl CellCutter {
    fn take_part(&mut self, part: &CellPart, before: Option<&CellPart>, after: Option<&CellPart>) {
        match &part.what {
            CellPartKind::Comments(lines) => self.take_comments(lines, part, before, after),
            CellPartKind::Command(command) => {
                // Commands after pasted lines begin a step.
                if self.open.is_none() || before.is_some_and(|b| matches!(b.what, CellPartKind::Pasted(..))) {
                    self.close_step();
                    let title = first_text_line(&command.text);
                    self.open = Some(self.new_step(title, None, part));
                }
                if let Some(step) = &mut self.open {
                    step.end_line = part.last;
                    step.commands.push((**command).clone());
                }
            }
            CellPartKind::Pasted(text, why) => {
                // An open step without commands is a comment directly above, which titles the pasted lines.
                let titled = self.open.take_if(|step| step.commands.is_empty());
                self.close_step();
                let mut task = titled.unwrap_or_else(|| self.new_step(first_text_line(text), None, part));
                task.kind = StepKind::Task;
                task.end_line = part.last;
                append_line(&mut task.body, text);
                task.why = Some(why.clone());
                self.steps.push(task);
            }
        }
    }

    fn take_comments(
        &mut self,
        lines: &[String],
        part: &CellPart,
        before: Option<&CellPart>,
        after: Option<&CellPart>,
    ) {
        self.close_step();
        let Some(first) = lines.iter().position(|line| !line.is_empty()) else { return };
        let Some(comment) = lines.get(first).map(|line| Comment::parse_line(line)) else { return };
        let followed_directly = after.is_some_and(|a| a.first == part.last + 1);
        let next_is_comment = after.is_some_and(|a| matches!(a.what, CellPartKind::Comments(_)));
        if comment.number.is_some() {
            self.head = comment.number.clone().map(|number| (number, comment.title.clone()));
        }
        let rest = lines.get(first + 1..).unwrap_or_default().join("\n");
        let mut step = self.new_step(comment.title.clone(), comment.number.clone(), part);
        step.body.clone_from(&rest);
        step.conditional = lines.get(first).and_then(|line| stated_condition(line));
        match after {
            // Commands or pasted lines follow: the comment titles them.
            Some(next) if !next_is_comment && (followed_directly || matches!(next.what, CellPartKind::Command(_))) => {
                self.open = Some(step);
            }
            // A numbered comment that is only a heading for the unnumbered ones after it.
            Some(CellPart { what: CellPartKind::Comments(next), .. })
                if comment.number.is_some()
                    && next.iter().find(|l| !l.is_empty()).is_some_and(|l| Comment::parse_line(l).number.is_none()) => {
            }
            _ => {
                // A comment right below a command says what the command will need, such as the text to add in its editor.
                // So it is shown with that command too.
                if let (Some(above), Some(before)) = (self.steps.last_mut(), before)
                    && before.last + 1 == part.first
                    && matches!(before.what, CellPartKind::Command(_))
                {
                    append_line(&mut above.body, &lines.join("\n"));
                }
                step.kind = StepKind::Task;
                step.body = lines.get(first..).unwrap_or_default().join("\n");
                self.steps.push(step);
            }
        }
    }

    fn new_step(&self, title: String, number: Option<String>, part: &CellPart) -> CellStep {
        let head = if number.is_some() { None } else { self.head.clone() };
        CellStep { number, head, ..CellStep::new(self.kind, title, (part.first, part.last)) }
    }

    fn close_step(&mut self) {
        self.steps.extend(self.open.take());
    }
}

/// The step of a cell for another interpreter: one command that passes it the text as a heredoc. The heredoc is on
/// descriptor 3, so that standard input stays the operator's.
fn interpreter_step(cell: &Cell, interpreter: &str, kind: StepKind) -> CellStep {
    let body = cell.joined_text();
    let mut fence = String::from("RUNBOOK");
    while body.lines().any(|line| line == fence) {
        fence.push('_');
    }
    let text = format!("{interpreter} /dev/fd/3 3<<'{fence}'\n{body}{fence}");
    let (line, end_line) =
        (cell.content.first().map_or(cell.line, |l| l.line), cell.content.last().map_or(cell.line, |l| l.line));
    let facts = crate::shell::describe_command(&text);
    let title = format!("{} for `{interpreter}`", cell.attributes.get("name").unwrap_or("a script"));
    let command = Command {
        text,
        line,
        end_line,
        note: None,
        facts,
        input: None,
        uses: Vec::new(),
        analysis: Analysis::default(),
    };
    CellStep { commands: vec![command], ..CellStep::new(kind, title, (line, end_line)) }
}

fn first_text_line(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default()
        .trim_end_matches('\\')
        .trim_end()
        .to_owned()
}

fn append_line(body: &mut String, text: &str) {
    if !body.is_empty() {
        body.push('\n');
    }
    body.push_str(text);
}
