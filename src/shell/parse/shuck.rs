//! The first parser: `shuck`, which alone gives spans down to parts of words.
//!
//! Invariant: no type of `shuck` leaves this file and those beside it, `full`, `simple` and `words`. Statements' own spans are never used for
//! boundaries: they leave out heredocs. Refuses to know: the second parser, and what any program does.

use super::masking::Masked;
use super::reading::{Awaits, Found, Function, Place, Reading, Refusal, Seat, Variable};
use crate::shell::programs::session::names_set;
use crate::shell::{Program, Simple};
use shuck_ast::{
    BinaryOp, Command, CompoundCommand, ConditionalExpr, FunctionDef, Redirect, RedirectKind, Span, Stmt, StmtSeq,
    StmtTerminator, Word,
};
use shuck_parser::parser::{ParseResult, Parser};
use std::ops::Range;

/// Reads a masked text, or says why not.
pub(crate) fn read(text: &Masked<'_>) -> Result<Reading, Refusal> {
    walked(text, false)
}

/// The same with every word of every simple command, expansions as holes.
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

/// Parses a masked text for a walk of another kind.
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

/// Parses; None if the parser panics, which no text should make it do.
fn parse(text: &str) -> Option<ParseResult> {
    std::panic::catch_unwind(|| Parser::new(text).parse()).ok()
}

/// Whether a text has no syntax error, nothing more.
pub(crate) fn accepts(text: &str) -> bool {
    parse(text).is_some_and(|result| result.is_ok())
}

fn refusal(message: &str, span: Span, text: &str) -> Refusal {
    let message = message.trim_start_matches("syntax error: ").to_owned();
    let inside = span.start.offset() < text.trim_end().len();
    let awaits = match message.as_str() {
        "expected command" if inside => Awaits::Nothing,
        "unterminated double quote" => Awaits::Text("\"".to_owned()),
        "unterminated single quote" => Awaits::Text("'".to_owned()),
        _ => {
            let expected = message.strip_prefix("expected '").and_then(|rest| rest.split_once('\''));
            expected.map_or(Awaits::Anything, |(sign, _)| Awaits::Text(sign.to_owned()))
        }
    };
    Refusal { message: in_words(&message), awaits }
}

/// The parser's message as an operator would put it.
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

pub(crate) fn range(span: Span) -> Range<usize> {
    span.start.offset()..span.end.offset().max(span.start.offset())
}

/// The walk over one tree.
pub(crate) struct Walk<'a> {
    pub(crate) text: &'a Masked<'a>,
    pub(crate) out: Reading,
    pub(crate) place: Place,
    /// The second parser descends here as well.
    pub(crate) comparable: bool,
    /// Whether words are kept whole.
    pub(crate) in_full: bool,
    pipes: usize,
}

impl<'a> Walk<'a> {
    fn new(text: &'a Masked<'a>, in_full: bool) -> Self {
        let place = Place { seat: None, in_session: true, deferred: false, background: false, fed: false };
        Self { text, out: Reading::default(), place, comparable: true, in_full, pipes: 0 }
    }

    pub(crate) fn source(&self) -> &'a str {
        self.text.masked()
    }

    /// Walks with another place, and comes back.
    pub(crate) fn placed(&mut self, change: impl FnOnce(&mut Place), walk: impl FnOnce(&mut Self)) {
        let before = self.place;
        change(&mut self.place);
        walk(self);
        self.place = before;
    }

    pub(crate) fn incomparable(&mut self, walk: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.comparable, false);
        walk(self);
        self.comparable = before;
    }

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
        let change = |place: &mut Place| {
            place.background |= background;
            place.in_session &= !background;
            place.fed |= fed;
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

    /// Chains lean to the left a thousand deep: their spine is walked in a loop.
    fn binary(&mut self, command: &Command) {
        let mut links = Vec::new();
        let mut first = None;
        let mut next = Some(command);
        while let Some(Command::Binary(binary)) = next {
            links.push((binary.op, &*binary.right));
            let bare = binary.left.redirects.is_empty() && binary.left.terminator.is_none() && !binary.left.negated;
            first = Some(&*binary.left);
            next = bare.then_some(&binary.left.command);
        }
        let is_pipe = |op: BinaryOp| matches!(op, BinaryOp::Pipe | BinaryOp::PipeAll);
        let mut members: Vec<(&Stmt, bool)> = Vec::with_capacity(links.len() + 1);
        members.extend(first.map(|stmt| (stmt, false)));
        members.extend(links.iter().rev().map(|(op, stmt)| (*stmt, is_pipe(*op))));
        let mut rest = members.as_slice();
        while let Some(((head, _), tail)) = rest.split_first() {
            let piped = tail.iter().take_while(|(_, pipe)| *pipe).count();
            if piped == 0 {
                self.statement(head);
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
            let change = |place: &mut Place| {
                // A pipeline within a pipeline's member keeps the outer seat's head.
                place.seat = Some(Seat { pipe, index });
                place.in_session = false;
                place.fed |= index > 0;
            };
            self.placed(change, |walk| walk.statement(stmt));
        }
    }

    fn compound(&mut self, compound: &CompoundCommand) {
        match compound {
            CompoundCommand::If(node) => {
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
            CompoundCommand::For(node) => {
                for word in node.words.iter().flatten() {
                    self.word(word);
                }
                for target in &node.targets {
                    self.set(target.name.as_ref().map_or("", |name| name.as_str()), None, range(target.span));
                }
                self.sequence(&node.body);
            }
            CompoundCommand::Select(node) => {
                for word in &node.words {
                    self.word(word);
                }
                self.set(node.variable.as_str(), None, range(node.variable_span));
                self.sequence(&node.body);
            }
            CompoundCommand::While(node) => self.repeat(&node.condition, &node.body, &["true", ":"]),
            CompoundCommand::Until(node) => self.repeat(&node.condition, &node.body, &["false"]),
            CompoundCommand::Case(node) => {
                self.word(&node.word);
                for case in &node.cases {
                    for pattern in &case.patterns {
                        self.pattern(pattern);
                    }
                    self.sequence(&case.body);
                }
            }
            CompoundCommand::Subshell(body) => self.placed(|p| p.in_session = false, |walk| walk.sequence(body)),
            CompoundCommand::BraceGroup(body) => self.sequence(body),
            CompoundCommand::Time(node) => node.command.iter().for_each(|stmt| self.statement(stmt)),
            CompoundCommand::Coproc(node) => {
                let change = |place: &mut Place| {
                    place.in_session = false;
                    place.background = true;
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
            // Only zsh has the others; bash reads them otherwise.
            CompoundCommand::Repeat(_) | CompoundCommand::Foreach(_) | CompoundCommand::Always(_) => {
                self.out.crowded = true;
            }
        }
    }

    fn repeat(&mut self, condition: &StmtSeq, body: &StmtSeq, endless: &[&str]) {
        let bare = match condition.stmts.as_slice() {
            [stmt] => match &stmt.command {
                Command::Simple(simple) if simple.args.is_empty() && !stmt.negated => {
                    self.fixed(&simple.name).is_some_and(|name| endless.contains(&name.as_str()))
                }
                _ => false,
            },
            _ => false,
        };
        self.sequence(condition);
        self.looped(bare, |walk| walk.sequence(body));
    }

    /// A loop without a condition that fails ends only by a command in it.
    fn looped(&mut self, endless: bool, walk: impl FnOnce(&mut Self)) {
        let first = self.out.found.len();
        walk(self);
        let ends = self.out.found.iter().skip(first).any(|found| {
            matches!(&found.simple.program, Program::Named(name) if matches!(name.as_str(), "break" | "exit" | "return"))
        });
        self.out.loops_for_ever |= endless && !ends && !self.place.background && !self.place.deferred;
    }

    fn function(&mut self, function: &FunctionDef) {
        self.out.shell.defines |= self.place.in_session;
        let (span, in_session) = (range(function.span), self.place.in_session);
        let named = |name: &str| Function { name: name.to_owned(), span: span.clone(), in_session };
        self.out.functions.extend(function.static_names().map(|name| named(name.as_str())));
        let change = |place: &mut Place| {
            place.in_session = false;
            place.deferred = true;
        };
        self.placed(change, |walk| walk.statement(&function.body));
    }

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

    pub(crate) fn count(&mut self, words: usize) {
        if self.comparable && words > 0 {
            self.out.signature.push(words);
        }
    }

    pub(crate) fn push(&mut self, program: Program, words: Vec<Option<String>>, span: Range<usize>) -> usize {
        let at = self.out.found.len();
        self.out.found.push(Found { simple: Simple { program, words, span }, place: self.place });
        if self.in_full {
            self.out.full.details.resize_with(at + 1, Default::default);
        }
        at
    }

    pub(crate) fn set_by_builtin(&mut self, at: usize) {
        let Some(found) = self.out.found.get(at) else { return };
        let end = found.simple.span.end;
        for name in names_set(&found.simple) {
            self.set(&name, None, end..end);
        }
    }

    pub(crate) fn set(&mut self, name: &str, literal: Option<String>, value: Range<usize>) {
        if !name.is_empty() {
            let in_session = self.place.in_session;
            self.out.variables.push(Variable::Set { name: name.to_owned(), literal, value, in_session });
        }
    }

    /// Every `$(` and backtick must have been walked, unless quotes make it plain: whatever the tree leaves out, a part
    /// kept as text or a place that was lost, may hide commands.
    fn account(&mut self) {
        let text = self.source();
        if self.out.hides.is_some() || !text.contains(['`', '$']) {
            return;
        }
        let bytes = text.as_bytes();
        let expanded: std::collections::HashSet<usize> = self.out.extent.expanded.iter().copied().collect();
        let mut inert: Vec<&Range<usize>> = self.out.extent.inert.iter().chain(&self.out.extent.comments).collect();
        inert.sort_by_key(|range| range.start);
        let mut quiet = inert.into_iter().peekable();
        let mut quiet_to = 0;
        let mut escaped = false;
        for (at, byte) in bytes.iter().enumerate() {
            while let Some(range) = quiet.next_if(|range| range.start <= at) {
                quiet_to = quiet_to.max(range.end);
            }
            if at < quiet_to {
                escaped = false;
                continue;
            }
            let opens = *byte == b'`' || (*byte == b'$' && matches!(bytes.get(at + 1), Some(b'(' | b'[')));
            if opens && !escaped && !expanded.contains(&at) {
                self.out.hides = Some(at..text.len());
                return;
            }
            escaped = *byte == b'\\' && !escaped;
        }
    }

    /// The places of the members, if the whole text is one pipeline of simple commands.
    fn whole_pipeline(&self, body: &StmtSeq) -> Option<Vec<usize>> {
        let [stmt] = body.stmts.as_slice() else { return None };
        let mut stmt = stmt;
        loop {
            if stmt.terminator.is_some_and(|end| matches!(end, StmtTerminator::Background(_))) {
                return None;
            }
            match &stmt.command {
                Command::Compound(CompoundCommand::Time(time)) => stmt = time.command.as_deref()?,
                _ => break,
            }
        }
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
        let single = |stmt: &&Stmt| {
            matches!(
                &stmt.command,
                Command::Simple(_)
                    | Command::Builtin(_)
                    | Command::Decl(_)
                    | Command::Compound(CompoundCommand::Conditional(_))
            )
        };
        if !members.iter().all(single) {
            return None;
        }
        let found = |seat: Option<Seat>| self.out.found.iter().position(|found| found.place.seat == seat);
        if members.len() == 1 {
            return found(None).map(|at| vec![at]);
        }
        // The outermost pipeline is walked first, and each member is pushed before what stands inside it.
        (0..members.len()).map(|index| found(Some(Seat { pipe: 0, index }))).collect()
    }
}

/// Whether only the status of a statement says how it went: what ran last inside a loop or a group is no business of the
/// whole, and a negated pipeline is meant to fail.
fn status_alone(stmt: &Stmt) -> bool {
    let compound = match &stmt.command {
        Command::Compound(CompoundCommand::Time(_) | CompoundCommand::Conditional(_)) => false,
        Command::Compound(_) => true,
        _ => false,
    };
    compound || stmt.negated
}
