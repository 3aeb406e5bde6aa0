//! The first parser, `shuck`, which alone gives byte ranges down to the parts of words.
//!
//! Invariant: no type of `shuck` leaves this file and the files `full`, `simple` and `words` beside it. The spans of
//! statements are never used as boundaries, because they leave out heredocs. Refuses to know: the second parser, and the
//! meaning of any program.

use super::masking::Masked;
use super::reading::{Awaits, Found, Function, Place, Reading, Refusal, Seat, Variable};
use crate::shell::programs::session::names_set;
use crate::shell::{Program, Simple};
use shuck_ast::{
    BinaryOp, CaseCommand, Command, CompoundCommand, ConditionalExpr, ForCommand, FunctionDef, IfCommand, Redirect,
    RedirectKind, Span, Stmt, StmtSeq, StmtTerminator, Word,
};
use shuck_parser::parser::{ParseResult, Parser};
use std::ops::Range;

/// Parses a masked text. Fails with a reason if it has a syntax error.
pub(crate) fn read(text: &Masked<'_>) -> Result<Reading, Refusal> {
    walked(text, false)
}

/// Parses a masked text and keeps every word of every simple command, where a mark replaces each expansion.
pub(crate) fn read_in_full(text: &Masked<'_>) -> Result<Reading, Refusal> {
    walked(text, true)
}

fn walked(text: &Masked<'_>, in_full: bool) -> Result<Reading, Refusal> {
    let Some(result) = parse(text.masked()) else {
        return Err(Refusal { message: "the parser failed".to_owned(), awaits: Awaits::Anything });
    };
    if let Some(first) = result.diagnostics.first() {
        return Err(refusal(&first.message, first.span, text.masked()));
    }
    if !result.is_ok() {
        return Err(Refusal { message: "no shell".to_owned(), awaits: Awaits::Anything });
    }
    let mut walk = Walk::new(text, in_full);
    walk.sequence(&result.file.body);
    walk.out.pipeline = walk.whole_pipeline(&result.file.body);
    walk.out.status_alone = result.file.body.stmts.last().is_some_and(status_alone);
    walk.account();
    Ok(walk.out)
}

/// Parses a masked text and passes the tree to a walk of another kind. Fails with a reason on a syntax error.
pub(crate) fn with_tree<'t, T>(
    text: &'t Masked<'t>,
    walk: impl FnOnce(&StmtSeq, &Walk<'t>) -> T,
) -> Result<T, Refusal> {
    let refused = |message: &str| Refusal { message: message.to_owned(), awaits: Awaits::Nothing };
    let result = parse(text.masked()).ok_or_else(|| refused("the parser failed"))?;
    if let Some(first) = result.diagnostics.first() {
        return Err(refusal(&first.message, first.span, text.masked()));
    }
    if !result.is_ok() {
        return Err(refused("no shell"));
    }
    Ok(walk(&result.file.body, &Walk::new(text, false)))
}

/// Parses a text. None if the parser panics, which no text should cause.
fn parse(text: &str) -> Option<ParseResult> {
    std::panic::catch_unwind(|| Parser::new(text).parse()).ok()
}

/// True if a text has no syntax error.
pub(crate) fn accepts(text: &str) -> bool {
    parse(text).is_some_and(|result| result.is_ok())
}

/// Translates the parser's first error: the reason for an operator, and the kind of line that could complete the text.
fn refusal(message: &str, span: Span, text: &str) -> Refusal {
    let message = message.trim_start_matches("syntax error: ").to_owned();
    let is_before_end = span.start.offset() < text.trim_end().len();
    let awaits = match message.as_str() {
        "expected command" if is_before_end => Awaits::Nothing,
        "unterminated double quote" => Awaits::Text("\"".to_owned()),
        "unterminated single quote" => Awaits::Text("'".to_owned()),
        _ => {
            let expected = message.strip_prefix("expected '").and_then(|rest| rest.split_once('\''));
            expected.map_or(Awaits::Anything, |(sign, _)| Awaits::Text(sign.to_owned()))
        }
    };
    Refusal { message: in_words(&message), awaits }
}

/// The parser's message in words for an operator.
fn in_words(message: &str) -> String {
    if let Some(what) = message.strip_prefix("unterminated ") {
        return format!("a {what} that never ends");
    }
    if let Some((sign, _)) = message.strip_prefix("expected '").and_then(|rest| rest.split_once('\'')) {
        return format!("`{sign}` is missing");
    }
    match message {
        "expected command" => "no command where one must stand".to_owned(),
        "expected word" => "a word is missing".to_owned(),
        other => other.to_owned(),
    }
}

/// The byte range of a span. Empty, if the span ends before it starts.
pub(crate) fn range(span: Span) -> Range<usize> {
    span.start.offset()..span.end.offset().max(span.start.offset())
}

/// Walk over one syntax tree, which fills a reading.
pub(crate) struct Walk<'a> {
    pub(crate) text: &'a Masked<'a>,
    pub(crate) out: Reading,
    /// Context of the commands that are walked now.
    pub(crate) place: Place,
    /// True while the second parser sees the same commands, so that word counts are comparable.
    pub(crate) comparable: bool,
    /// True if words are kept in full.
    pub(crate) in_full: bool,
    /// Number of pipelines walked so far.
    pipes: usize,
}

impl<'a> Walk<'a> {
    fn new(text: &'a Masked<'a>, in_full: bool) -> Self {
        let top_level = Place { seat: None, in_session: true, deferred: false, background: false, fed: false };
        Self { text, out: Reading::default(), place: top_level, comparable: true, in_full, pipes: 0 }
    }

    pub(crate) fn source(&self) -> &'a str {
        self.text.masked()
    }

    /// Walks in a changed context, then restores the context.
    pub(crate) fn placed(&mut self, change: impl FnOnce(&mut Place), walk: impl FnOnce(&mut Self)) {
        let before = self.place;
        change(&mut self.place);
        walk(self);
        self.place = before;
    }

    /// Walks a part that the second parser does not look into, so that its words are not counted.
    pub(crate) fn incomparable(&mut self, walk: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.comparable, false);
        walk(self);
        self.comparable = before;
    }

    /// Walks statements in order, and checks that a separator or a newline stands between them.
    pub(crate) fn sequence(&mut self, sequence: &StmtSeq) {
        self.comments(&sequence.leading_comments);
        for pair in sequence.stmts.windows(2) {
            if let [a, b] = pair {
                let between = a.span.start.offset()..b.span.start.offset();
                let lines = self.source().get(between).unwrap_or("\n");
                self.out.crowded |= a.terminator.is_none() && !lines.contains('\n');
            }
        }
        for stmt in &sequence.stmts {
            self.statement(stmt);
        }
        self.comments(&sequence.trailing_comments);
    }

    fn comments(&mut self, comments: &[shuck_ast::Comment]) {
        self.out.extent.comments.extend(comments.iter().map(|comment| {
            let range = comment.range;
            usize::try_from(range.start().to_u32()).unwrap_or(0)..usize::try_from(range.end().to_u32()).unwrap_or(0)
        }));
    }

    fn statement(&mut self, stmt: &Stmt) {
        self.comments(&stmt.leading_comments);
        let background = matches!(stmt.terminator, Some(StmtTerminator::Background(_)));
        let fed = stmt.redirects.iter().any(|redirect| {
            let input = matches!(
                redirect.kind,
                RedirectKind::Input | RedirectKind::HereDoc | RedirectKind::HereDocStrip | RedirectKind::HereString
            );
            input && redirect.fd.unwrap_or(0) == 0
        });
        let change = |context: &mut Place| {
            context.background |= background;
            context.in_session &= !background;
            context.fed |= fed;
        };
        self.placed(change, |walk| walk.command(&stmt.command, &stmt.redirects));
        self.comments(stmt.inline_comment.as_slice());
    }

    fn command(&mut self, command: &Command, redirects: &[Redirect]) {
        match command {
            Command::Simple(simple) => return self.simple(simple, redirects),
            Command::Builtin(builtin) => return self.builtin(builtin, redirects),
            Command::Decl(_) => return self.declaration(command, redirects),
            Command::Binary(_) => self.binary(command),
            Command::Compound(compound) => self.compound(compound),
            Command::Function(function) => self.function(function),
            Command::AnonymousFunction(function) => self.statement(&function.body),
        }
        if self.in_full {
            let loose: Vec<_> = redirects.iter().map(|redirect| self.redirection(redirect)).collect();
            self.out.full.loose.extend(loose);
        }
        self.redirects(redirects);
    }

    /// Walks a chain of `&&`, `||` and pipes, in order of the text.
    fn binary(&mut self, command: &Command) {
        let members = chain_members(command);
        let mut rest = members.as_slice();
        while let Some(((first, _), tail)) = rest.split_first() {
            let piped = tail.iter().take_while(|(_, is_piped)| *is_piped).count();
            if piped == 0 {
                self.statement(first);
            } else {
                self.pipe(rest.get(..=piped).unwrap_or(rest));
            }
            rest = tail.get(piped..).unwrap_or(&[]);
        }
    }

    fn pipe(&mut self, members: &[(&Stmt, bool)]) {
        let pipe = self.pipes;
        self.pipes += 1;
        for (index, (stmt, _)) in members.iter().enumerate() {
            let change = |context: &mut Place| {
                context.seat = Some(Seat { pipe, index });
                context.in_session = false;
                context.fed |= index > 0;
            };
            self.placed(change, |walk| walk.statement(stmt));
        }
    }

    fn compound(&mut self, compound: &CompoundCommand) {
        match compound {
            CompoundCommand::If(node) => self.walk_if(node),
            CompoundCommand::For(node) => self.walk_for(node),
            CompoundCommand::Select(node) => {
                for word in &node.words {
                    self.word(word);
                }
                self.set(node.variable.as_str(), None, range(node.variable_span));
                self.sequence(&node.body);
            }
            CompoundCommand::While(node) => self.repeat(&node.condition, &node.body, &["true", ":"]),
            CompoundCommand::Until(node) => self.repeat(&node.condition, &node.body, &["false"]),
            CompoundCommand::Case(node) => self.walk_case(node),
            CompoundCommand::Subshell(body) => {
                self.placed(|context| context.in_session = false, |walk| walk.sequence(body));
            }
            CompoundCommand::BraceGroup(body) => self.sequence(body),
            CompoundCommand::Time(node) => node.command.iter().for_each(|stmt| self.statement(stmt)),
            CompoundCommand::Coproc(node) => {
                let change = |context: &mut Place| {
                    context.in_session = false;
                    context.background = true;
                };
                self.placed(change, |walk| walk.statement(&node.body));
            }
            CompoundCommand::Conditional(node) => {
                self.push(Program::Named("[[".to_owned()), Vec::new(), range(node.span));
                self.incomparable(|walk| walk.condition(&node.expression));
            }
            CompoundCommand::Arithmetic(node) => self.arithmetic(node.expr_ast.as_ref()),
            CompoundCommand::ArithmeticFor(node) => {
                for part in [&node.init_ast, &node.condition_ast, &node.step_ast] {
                    self.arithmetic(part.as_ref());
                }
                let ends = node.condition_span.is_some_and(|span| !span.slice(self.source()).trim().is_empty());
                self.looped(!ends, |walk| walk.sequence(&node.body));
            }
            // Only zsh has these. Bash reads them differently.
            CompoundCommand::Repeat(_) | CompoundCommand::Foreach(_) | CompoundCommand::Always(_) => {
                self.out.crowded = true;
            }
        }
    }

    fn walk_if(&mut self, node: &IfCommand) {
        self.sequence(&node.condition);
        self.sequence(&node.then_branch);
        for (condition, branch) in &node.elif_branches {
            self.sequence(condition);
            self.sequence(branch);
        }
        if let Some(branch) = &node.else_branch {
            self.sequence(branch);
        }
    }

    fn walk_for(&mut self, node: &ForCommand) {
        for word in node.words.iter().flatten() {
            self.word(word);
        }
        for target in &node.targets {
            self.set(target.name.as_ref().map_or("", |name| name.as_str()), None, range(target.span));
        }
        self.sequence(&node.body);
    }

    fn walk_case(&mut self, node: &CaseCommand) {
        self.word(&node.word);
        for case in &node.cases {
            for pattern in &case.patterns {
                self.pattern(pattern);
            }
            self.sequence(&case.body);
        }
    }

    /// Walks a `while` or `until` loop. It never ends by itself if the condition is one of the `endless` programs.
    fn repeat(&mut self, condition: &StmtSeq, body: &StmtSeq, endless: &[&str]) {
        let is_endless = self.bare_program(condition).is_some_and(|name| endless.contains(&name.as_str()));
        self.sequence(condition);
        self.looped(is_endless, |walk| walk.sequence(body));
    }

    /// The name of the program, if the sequence is a single program without arguments.
    fn bare_program(&self, sequence: &StmtSeq) -> Option<String> {
        let [stmt] = sequence.stmts.as_slice() else { return None };
        match &stmt.command {
            Command::Simple(simple) if simple.args.is_empty() && !stmt.negated => self.fixed(&simple.name),
            _ => None,
        }
    }

    /// Walks the body of a loop. If the condition never ends the loop, only a command in the body can.
    fn looped(&mut self, is_endless: bool, walk: impl FnOnce(&mut Self)) {
        let first_in_body = self.out.found.len();
        walk(self);
        let ends = self.out.found.iter().skip(first_in_body).any(|found| {
            matches!(&found.simple.program, Program::Named(name) if matches!(name.as_str(), "break" | "exit" | "return"))
        });
        self.out.loops_for_ever |= is_endless && !ends && !self.place.background && !self.place.deferred;
    }

    fn function(&mut self, function: &FunctionDef) {
        self.out.shell.defines |= self.place.in_session;
        let (span, in_session) = (range(function.span), self.place.in_session);
        let named = |name: &str| Function { name: name.to_owned(), span: span.clone(), in_session };
        self.out.functions.extend(function.static_names().map(|name| named(name.as_str())));
        let change = |context: &mut Place| {
            context.in_session = false;
            context.deferred = true;
        };
        self.placed(change, |walk| walk.statement(&function.body));
    }

    /// Walks the expression of `[[ … ]]`.
    pub(crate) fn condition(&mut self, expression: &ConditionalExpr) {
        match expression {
            ConditionalExpr::Binary(node) => {
                self.condition(&node.left);
                self.condition(&node.right);
            }
            ConditionalExpr::Unary(node) => self.condition(&node.expr),
            ConditionalExpr::Parenthesized(node) => self.condition(&node.expr),
            ConditionalExpr::Word(word) | ConditionalExpr::Regex(word) => self.inner_word(word),
            ConditionalExpr::Pattern(pattern) => self.pattern(pattern),
            ConditionalExpr::VarRef(reference) => self.subscript(reference),
        }
    }

    pub(crate) fn program(&self, word: &Word) -> Program {
        self.fixed(word).map_or(Program::Dynamic, Program::Named)
    }

    /// Records the word count of a command for the comparison with the second parser.
    pub(crate) fn count(&mut self, words: usize) {
        if self.comparable && words > 0 {
            self.out.signature.push(words);
        }
    }

    /// Adds a simple command in the current context. Returns the index of the command.
    pub(crate) fn push(&mut self, program: Program, words: Vec<Option<String>>, span: Range<usize>) -> usize {
        let index = self.out.found.len();
        self.out.found.push(Found { simple: Simple { program, words, span }, place: self.place });
        if self.in_full {
            self.out.full.details.resize_with(index + 1, Default::default);
        }
        index
    }

    /// Records the variables that a builtin such as `read` sets by its arguments.
    pub(crate) fn set_by_builtin(&mut self, index: usize) {
        let Some(found) = self.out.found.get(index) else { return };
        let end = found.simple.span.end;
        for name in names_set(&found.simple) {
            self.set(&name, None, end..end);
        }
    }

    /// Records that a variable is set. `value` is the byte range of the value.
    pub(crate) fn set(&mut self, name: &str, literal: Option<String>, value: Range<usize>) {
        if !name.is_empty() {
            let in_session = self.place.in_session;
            self.out.variables.push(Variable::Set { name: name.to_owned(), literal, value, in_session });
        }
    }

    /// Checks that every substitution was walked. Otherwise the tree left out a part, kept it as text, or has wrong offsets
    /// there, and the rest of the text may hide commands.
    fn account(&mut self) {
        if self.out.hides.is_none()
            && let Some(start) = self.first_unwalked_substitution()
        {
            self.out.hides = Some(start..self.source().len());
        }
    }

    /// Offset of the first `$(`, `$[` or backtick that is live and was not walked.
    fn first_unwalked_substitution(&self) -> Option<usize> {
        let text = self.source();
        if !text.contains(['`', '$']) {
            return None;
        }
        let bytes = text.as_bytes();
        let expanded: std::collections::HashSet<usize> = self.out.extent.expanded.iter().copied().collect();
        let mut inert: Vec<&Range<usize>> = self.out.extent.inert.iter().chain(&self.out.extent.comments).collect();
        inert.sort_by_key(|range| range.start);
        let mut inert = inert.into_iter().peekable();
        let mut inert_until = 0;
        let mut escaped = false;
        for (at, byte) in bytes.iter().enumerate() {
            while let Some(range) = inert.next_if(|range| range.start <= at) {
                inert_until = inert_until.max(range.end);
            }
            if at < inert_until {
                escaped = false;
                continue;
            }
            let opens = *byte == b'`' || (*byte == b'$' && matches!(bytes.get(at + 1), Some(b'(' | b'[')));
            if opens && !escaped && !expanded.contains(&at) {
                return Some(at);
            }
            escaped = *byte == b'\\' && !escaped;
        }
        None
    }

    /// Indices of the members among the simple commands, if the whole text is one pipeline of simple commands.
    fn whole_pipeline(&self, body: &StmtSeq) -> Option<Vec<usize>> {
        let [stmt] = body.stmts.as_slice() else { return None };
        let members = pipe_members(timed_statement(stmt)?)?;
        if !members.iter().all(|stmt| is_simple(&stmt.command)) {
            return None;
        }
        let index_of = |seat: Option<Seat>| self.out.found.iter().position(|found| found.place.seat == seat);
        if members.len() == 1 {
            return index_of(None).map(|index| vec![index]);
        }
        // The outermost pipeline is walked first, and each member is pushed before the commands inside it.
        (0..members.len()).map(|index| index_of(Some(Seat { pipe: 0, index }))).collect()
    }
}

/// The statements of a chain of `&&`, `||` and pipes in order, each with true if a pipe leads into it.
///
/// Chains lean to the left and can be a thousand deep, so a loop follows them, not recursion.
fn chain_members(command: &Command) -> Vec<(&Stmt, bool)> {
    let mut links = Vec::new();
    let mut first = None;
    let mut next = Some(command);
    while let Some(Command::Binary(binary)) = next {
        let is_piped = matches!(binary.op, BinaryOp::Pipe | BinaryOp::PipeAll);
        links.push((&*binary.right, is_piped));
        let is_bare = binary.left.redirects.is_empty() && binary.left.terminator.is_none() && !binary.left.negated;
        first = Some(&*binary.left);
        next = is_bare.then_some(&binary.left.command);
    }
    first.map(|stmt| (stmt, false)).into_iter().chain(links.into_iter().rev()).collect()
}

/// The statement that `time` measures, or the statement itself without `time`. None for a background job.
fn timed_statement(stmt: &Stmt) -> Option<&Stmt> {
    let mut stmt = stmt;
    loop {
        if matches!(stmt.terminator, Some(StmtTerminator::Background(_))) {
            return None;
        }
        match &stmt.command {
            Command::Compound(CompoundCommand::Time(time)) => stmt = time.command.as_deref()?,
            _ => return Some(stmt),
        }
    }
}

/// The members of a pipeline, last one first. None if `&&` or `||` is among them.
fn pipe_members(stmt: &Stmt) -> Option<Vec<&Stmt>> {
    let mut members = Vec::new();
    let mut next = stmt;
    while let Command::Binary(binary) = &next.command {
        if !matches!(binary.op, BinaryOp::Pipe | BinaryOp::PipeAll) {
            return None;
        }
        members.push(&*binary.right);
        next = &binary.left;
    }
    members.push(next);
    Some(members)
}

fn is_simple(command: &Command) -> bool {
    matches!(
        command,
        Command::Simple(_)
            | Command::Builtin(_)
            | Command::Decl(_)
            | Command::Compound(CompoundCommand::Conditional(_))
    )
}

/// True if only the statement's own status tells how it went. Statuses inside a loop or a group do not describe the whole,
/// and a negated pipeline is meant to fail.
fn status_alone(stmt: &Stmt) -> bool {
    let is_compound = match &stmt.command {
        Command::Compound(CompoundCommand::Time(_) | CompoundCommand::Conditional(_)) => false,
        Command::Compound(_) => true,
        _ => false,
    };
    is_compound || stmt.negated
}
