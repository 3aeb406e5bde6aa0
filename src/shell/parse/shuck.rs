//! The first parser, `shuck`, which alone gives byte ranges down to the parts of words.
//!
//! Invariant: no type of `shuck` leaves this file and the files `full`, `simple` and `words` beside it. The spans of
//! statements are never used as boundaries, because they leave out heredocs. Refuses to know: the second parser, and the
//! meaning of any program.

use super::masking::MaskedText;
use super::reading::{
    AwaitedLine, CommandContext, CommandInContext, FunctionDefinition, ParseError, ParsedText, PipelinePosition,
    VariableUse,
};
use crate::shell::programs::session::assigned_names;
use crate::shell::{ProgramName, SimpleCommand};
use shuck_ast::{
    BinaryOp, CaseCommand, Command, CompoundCommand, ConditionalExpr, ForCommand, FunctionDef, IfCommand, Redirect,
    RedirectKind, Span, Stmt, StmtSeq, StmtTerminator, Word,
};
use shuck_parser::parser::{ParseResult, Parser};
use std::ops::Range;

/// Parses a masked text. Fails with a reason if it has a syntax error.
pub(crate) fn parse_text(text: &MaskedText<'_>) -> Result<ParsedText, ParseError> {
    parse_and_walk(text, false)
}

/// Parses a masked text and keeps every word of every simple command, where a mark replaces each expansion.
pub(crate) fn parse_text_in_full(text: &MaskedText<'_>) -> Result<ParsedText, ParseError> {
    parse_and_walk(text, true)
}

fn parse_and_walk(text: &MaskedText<'_>, in_full: bool) -> Result<ParsedText, ParseError> {
    let Some(result) = parse_tree(text.masked_text()) else {
        return Err(ParseError { message: "the parser failed".to_owned(), awaited: AwaitedLine::Anything });
    };
    if let Some(first) = result.diagnostics.first() {
        return Err(error_from_diagnostic(&first.message, first.span, text.masked_text()));
    }
    if !result.is_ok() {
        return Err(ParseError { message: "no shell".to_owned(), awaited: AwaitedLine::Anything });
    }
    let mut walk = TreeWalk::new(text, in_full);
    walk.walk_sequence(&result.file.body);
    walk.parsed.pipeline_members = walk.whole_pipeline_members(&result.file.body);
    walk.parsed.own_status_only = result.file.body.stmts.last().is_some_and(has_own_status_only);
    walk.check_all_walked();
    Ok(walk.parsed)
}

/// Parses a masked text and passes the tree to a walk of another kind. Fails with a reason on a syntax error.
pub(crate) fn with_tree<'t, T>(
    text: &'t MaskedText<'t>,
    walk: impl FnOnce(&StmtSeq, &TreeWalk<'t>) -> T,
) -> Result<T, ParseError> {
    let refused = |message: &str| ParseError { message: message.to_owned(), awaited: AwaitedLine::Nothing };
    let result = parse_tree(text.masked_text()).ok_or_else(|| refused("the parser failed"))?;
    if let Some(first) = result.diagnostics.first() {
        return Err(error_from_diagnostic(&first.message, first.span, text.masked_text()));
    }
    if !result.is_ok() {
        return Err(refused("no shell"));
    }
    Ok(walk(&result.file.body, &TreeWalk::new(text, false)))
}

/// Parses a text. None if the parser panics, which no text should cause.
fn parse_tree(text: &str) -> Option<ParseResult> {
    std::panic::catch_unwind(|| Parser::new(text).parse()).ok()
}

/// True if a text has no syntax error.
pub(crate) fn parses_cleanly(text: &str) -> bool {
    parse_tree(text).is_some_and(|result| result.is_ok())
}

/// Translates the parser's first error: the reason for an operator, and the kind of line that could complete the text.
fn error_from_diagnostic(message: &str, span: Span, text: &str) -> ParseError {
    let message = message.trim_start_matches("syntax error: ").to_owned();
    let is_before_end = span.start.offset() < text.trim_end().len();
    let awaits = match message.as_str() {
        "expected command" if is_before_end => AwaitedLine::Nothing,
        "unterminated double quote" => AwaitedLine::Text("\"".to_owned()),
        "unterminated single quote" => AwaitedLine::Text("'".to_owned()),
        _ => {
            let expected = message.strip_prefix("expected '").and_then(|rest| rest.split_once('\''));
            expected.map_or(AwaitedLine::Anything, |(sign, _)| AwaitedLine::Text(sign.to_owned()))
        }
    };
    ParseError { message: explain_message(&message), awaited: awaits }
}

/// The parser's message in words for an operator.
fn explain_message(message: &str) -> String {
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
pub(crate) fn span_range(span: Span) -> Range<usize> {
    span.start.offset()..span.end.offset().max(span.start.offset())
}

/// Walk over one syntax tree, which fills a reading.
pub(crate) struct TreeWalk<'a> {
    pub(crate) masked: &'a MaskedText<'a>,
    pub(crate) parsed: ParsedText,
    /// Context of the commands that are walked now.
    pub(crate) context: CommandContext,
    /// True while the second parser sees the same commands, so that word counts are comparable.
    pub(crate) counts_words: bool,
    /// True if words are kept in full.
    pub(crate) keeps_full_words: bool,
    /// Number of pipelines walked so far.
    pipeline_count: usize,
}

impl<'a> TreeWalk<'a> {
    fn new(masked: &'a MaskedText<'a>, keeps_full_words: bool) -> Self {
        let top_level = CommandContext {
            pipeline_position: None,
            in_session: true,
            in_function_body: false,
            in_background: false,
            has_redirected_input: false,
        };
        Self {
            masked,
            parsed: ParsedText::default(),
            context: top_level,
            counts_words: true,
            keeps_full_words,
            pipeline_count: 0,
        }
    }

    pub(crate) fn masked_text(&self) -> &'a str {
        self.masked.masked_text()
    }

    /// Walks in a changed context, then restores the context.
    pub(crate) fn with_context(&mut self, change: impl FnOnce(&mut CommandContext), walk: impl FnOnce(&mut Self)) {
        let before = self.context;
        change(&mut self.context);
        walk(self);
        self.context = before;
    }

    /// Walks a part that the second parser does not look into, so that its words are not counted.
    pub(crate) fn without_word_counts(&mut self, walk: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.counts_words, false);
        walk(self);
        self.counts_words = before;
    }

    /// Walks statements in order, and checks that a separator or a newline stands between them.
    pub(crate) fn walk_sequence(&mut self, sequence: &StmtSeq) {
        self.record_comments(&sequence.leading_comments);
        for pair in sequence.stmts.windows(2) {
            if let [a, b] = pair {
                let between = a.span.start.offset()..b.span.start.offset();
                let lines = self.masked_text().get(between).unwrap_or("\n");
                self.parsed.has_unseparated_statements |= a.terminator.is_none() && !lines.contains('\n');
            }
        }
        for stmt in &sequence.stmts {
            self.walk_statement(stmt);
        }
        self.record_comments(&sequence.trailing_comments);
    }

    fn record_comments(&mut self, comments: &[shuck_ast::Comment]) {
        self.parsed.extent.comments.extend(comments.iter().map(|comment| {
            let range = comment.range;
            usize::try_from(range.start().to_u32()).unwrap_or(0)..usize::try_from(range.end().to_u32()).unwrap_or(0)
        }));
    }

    fn walk_statement(&mut self, stmt: &Stmt) {
        self.record_comments(&stmt.leading_comments);
        let background = matches!(stmt.terminator, Some(StmtTerminator::Background(_)));
        let fed = stmt.redirects.iter().any(|redirect| {
            let input = matches!(
                redirect.kind,
                RedirectKind::Input | RedirectKind::HereDoc | RedirectKind::HereDocStrip | RedirectKind::HereString
            );
            input && redirect.fd.unwrap_or(0) == 0
        });
        let change = |context: &mut CommandContext| {
            context.in_background |= background;
            context.in_session &= !background;
            context.has_redirected_input |= fed;
        };
        self.with_context(change, |walk| walk.walk_command(&stmt.command, &stmt.redirects));
        self.record_comments(stmt.inline_comment.as_slice());
    }

    fn walk_command(&mut self, command: &Command, redirects: &[Redirect]) {
        match command {
            Command::Simple(simple) => return self.walk_simple(simple, redirects),
            Command::Builtin(builtin) => return self.walk_builtin(builtin, redirects),
            Command::Decl(_) => return self.walk_declaration(command, redirects),
            Command::Binary(_) => self.walk_chain(command),
            Command::Compound(compound) => self.walk_compound(compound),
            Command::Function(function) => self.walk_function(function),
            Command::AnonymousFunction(function) => self.walk_statement(&function.body),
        }
        if self.keeps_full_words {
            let loose: Vec<_> = redirects.iter().map(|redirect| self.full_redirection(redirect)).collect();
            self.parsed.full_words.compound_redirections.extend(loose);
        }
        self.walk_redirects(redirects);
    }

    /// Walks a chain of `&&`, `||` and pipes, in order of the text.
    fn walk_chain(&mut self, command: &Command) {
        let members = chain_members(command);
        let mut rest = members.as_slice();
        while let Some(((first, _), tail)) = rest.split_first() {
            let piped = tail.iter().take_while(|(_, is_piped)| *is_piped).count();
            if piped == 0 {
                self.walk_statement(first);
            } else {
                self.walk_pipeline(rest.get(..=piped).unwrap_or(rest));
            }
            rest = tail.get(piped..).unwrap_or(&[]);
        }
    }

    fn walk_pipeline(&mut self, members: &[(&Stmt, bool)]) {
        let pipe = self.pipeline_count;
        self.pipeline_count += 1;
        for (index, (stmt, _)) in members.iter().enumerate() {
            let change = |context: &mut CommandContext| {
                context.pipeline_position = Some(PipelinePosition { pipeline: pipe, member_index: index });
                context.in_session = false;
                context.has_redirected_input |= index > 0;
            };
            self.with_context(change, |walk| walk.walk_statement(stmt));
        }
    }

    fn walk_compound(&mut self, compound: &CompoundCommand) {
        match compound {
            CompoundCommand::If(node) => self.walk_if(node),
            CompoundCommand::For(node) => self.walk_for(node),
            CompoundCommand::Select(node) => {
                for word in &node.words {
                    self.walk_word(word);
                }
                self.record_set(node.variable.as_str(), None, span_range(node.variable_span));
                self.walk_sequence(&node.body);
            }
            CompoundCommand::While(node) => self.walk_while_loop(&node.condition, &node.body, &["true", ":"]),
            CompoundCommand::Until(node) => self.walk_while_loop(&node.condition, &node.body, &["false"]),
            CompoundCommand::Case(node) => self.walk_case(node),
            CompoundCommand::Subshell(body) => {
                self.with_context(|context| context.in_session = false, |walk| walk.walk_sequence(body));
            }
            CompoundCommand::BraceGroup(body) => self.walk_sequence(body),
            CompoundCommand::Time(node) => node.command.iter().for_each(|stmt| self.walk_statement(stmt)),
            CompoundCommand::Coproc(node) => {
                let change = |context: &mut CommandContext| {
                    context.in_session = false;
                    context.in_background = true;
                };
                self.with_context(change, |walk| walk.walk_statement(&node.body));
            }
            CompoundCommand::Conditional(node) => {
                self.push_command(ProgramName::Named("[[".to_owned()), Vec::new(), span_range(node.span));
                self.without_word_counts(|walk| walk.walk_condition(&node.expression));
            }
            CompoundCommand::Arithmetic(node) => self.walk_arithmetic(node.expr_ast.as_ref()),
            CompoundCommand::ArithmeticFor(node) => {
                for part in [&node.init_ast, &node.condition_ast, &node.step_ast] {
                    self.walk_arithmetic(part.as_ref());
                }
                let ends = node.condition_span.is_some_and(|span| !span.slice(self.masked_text()).trim().is_empty());
                self.walk_loop_body(!ends, |walk| walk.walk_sequence(&node.body));
            }
            // Only zsh has these. Bash reads them differently.
            CompoundCommand::Repeat(_) | CompoundCommand::Foreach(_) | CompoundCommand::Always(_) => {
                self.parsed.has_unseparated_statements = true;
            }
        }
    }

    fn walk_if(&mut self, node: &IfCommand) {
        self.walk_sequence(&node.condition);
        self.walk_sequence(&node.then_branch);
        for (condition, branch) in &node.elif_branches {
            self.walk_sequence(condition);
            self.walk_sequence(branch);
        }
        if let Some(branch) = &node.else_branch {
            self.walk_sequence(branch);
        }
    }

    fn walk_for(&mut self, node: &ForCommand) {
        for word in node.words.iter().flatten() {
            self.walk_word(word);
        }
        for target in &node.targets {
            self.record_set(target.name.as_ref().map_or("", |name| name.as_str()), None, span_range(target.span));
        }
        self.walk_sequence(&node.body);
    }

    fn walk_case(&mut self, node: &CaseCommand) {
        self.walk_word(&node.word);
        for case in &node.cases {
            for pattern in &case.patterns {
                self.walk_pattern(pattern);
            }
            self.walk_sequence(&case.body);
        }
    }

    /// Walks a `while` or `until` loop. It never ends by itself if the condition is one of the `endless` programs.
    fn walk_while_loop(&mut self, condition: &StmtSeq, body: &StmtSeq, endless: &[&str]) {
        let is_endless = self.bare_program(condition).is_some_and(|name| endless.contains(&name.as_str()));
        self.walk_sequence(condition);
        self.walk_loop_body(is_endless, |walk| walk.walk_sequence(body));
    }

    /// The name of the program, if the sequence is a single program without arguments.
    fn bare_program(&self, sequence: &StmtSeq) -> Option<String> {
        let [stmt] = sequence.stmts.as_slice() else { return None };
        match &stmt.command {
            Command::Simple(simple) if simple.args.is_empty() && !stmt.negated => self.fixed_text(&simple.name),
            _ => None,
        }
    }

    /// Walks the body of a loop. If the condition never ends the loop, only a command in the body can.
    fn walk_loop_body(&mut self, is_endless: bool, walk: impl FnOnce(&mut Self)) {
        let first_in_body = self.parsed.commands.len();
        walk(self);
        let ends = self.parsed.commands.iter().skip(first_in_body).any(|found| {
            matches!(&found.command.program, ProgramName::Named(name) if matches!(name.as_str(), "break" | "exit" | "return"))
        });
        self.parsed.loops_forever |=
            is_endless && !ends && !self.context.in_background && !self.context.in_function_body;
    }

    fn walk_function(&mut self, function: &FunctionDef) {
        self.parsed.shell_effects.defines_function |= self.context.in_session;
        let (span, in_session) = (span_range(function.span), self.context.in_session);
        let named = |name: &str| FunctionDefinition { name: name.to_owned(), span: span.clone(), in_session };
        self.parsed.functions.extend(function.static_names().map(|name| named(name.as_str())));
        let change = |context: &mut CommandContext| {
            context.in_session = false;
            context.in_function_body = true;
        };
        self.with_context(change, |walk| walk.walk_statement(&function.body));
    }

    /// Walks the expression of `[[ … ]]`.
    pub(crate) fn walk_condition(&mut self, expression: &ConditionalExpr) {
        match expression {
            ConditionalExpr::Binary(node) => {
                self.walk_condition(&node.left);
                self.walk_condition(&node.right);
            }
            ConditionalExpr::Unary(node) => self.walk_condition(&node.expr),
            ConditionalExpr::Parenthesized(node) => self.walk_condition(&node.expr),
            ConditionalExpr::Word(word) | ConditionalExpr::Regex(word) => self.walk_inner_word(word),
            ConditionalExpr::Pattern(pattern) => self.walk_pattern(pattern),
            ConditionalExpr::VarRef(reference) => self.walk_subscript(reference),
        }
    }

    pub(crate) fn program_of_word(&self, word: &Word) -> ProgramName {
        self.fixed_text(word).map_or(ProgramName::Dynamic, ProgramName::Named)
    }

    /// Records the word count of a command for the comparison with the second parser.
    pub(crate) fn record_word_count(&mut self, words: usize) {
        if self.counts_words && words > 0 {
            self.parsed.word_counts.push(words);
        }
    }

    /// Adds a simple command in the current context. Returns the index of the command.
    pub(crate) fn push_command(
        &mut self,
        program: ProgramName,
        words: Vec<Option<String>>,
        span: Range<usize>,
    ) -> usize {
        let index = self.parsed.commands.len();
        self.parsed
            .commands
            .push(CommandInContext { command: SimpleCommand { program, words, span }, context: self.context });
        if self.keeps_full_words {
            self.parsed.full_words.commands.resize_with(index + 1, Default::default);
        }
        index
    }

    /// Records the variables that a builtin such as `read` sets by its arguments.
    pub(crate) fn record_sets_by_builtin(&mut self, index: usize) {
        let Some(found) = self.parsed.commands.get(index) else { return };
        let end = found.command.span.end;
        for name in assigned_names(&found.command) {
            self.record_set(&name, None, end..end);
        }
    }

    /// Records that a variable is set. `value` is the byte range of the value.
    pub(crate) fn record_set(&mut self, name: &str, literal: Option<String>, value: Range<usize>) {
        if !name.is_empty() {
            let in_session = self.context.in_session;
            self.parsed.variable_uses.push(VariableUse::Set { name: name.to_owned(), literal, value, in_session });
        }
    }

    /// Checks that every substitution was walked. Otherwise the tree left out a part, kept it as text, or has wrong offsets
    /// there, and the rest of the text may hide commands.
    fn check_all_walked(&mut self) {
        if self.parsed.suspect_span.is_none()
            && let Some(start) = self.first_unwalked_substitution()
        {
            self.parsed.suspect_span = Some(start..self.masked_text().len());
        }
    }

    /// Offset of the first `$(`, `$[` or backtick that is live and was not walked.
    fn first_unwalked_substitution(&self) -> Option<usize> {
        let text = self.masked_text();
        if !text.contains(['`', '$']) {
            return None;
        }
        let bytes = text.as_bytes();
        let expanded: std::collections::HashSet<usize> = self.parsed.extent.expansion_offsets.iter().copied().collect();
        let mut inert: Vec<&Range<usize>> =
            self.parsed.extent.inert_ranges.iter().chain(&self.parsed.extent.comments).collect();
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
    fn whole_pipeline_members(&self, body: &StmtSeq) -> Option<Vec<usize>> {
        let [stmt] = body.stmts.as_slice() else { return None };
        let members = pipe_members(timed_statement(stmt)?)?;
        if !members.iter().all(|stmt| is_simple_command(&stmt.command)) {
            return None;
        }
        let index_of = |seat: Option<PipelinePosition>| {
            self.parsed.commands.iter().position(|found| found.context.pipeline_position == seat)
        };
        if members.len() == 1 {
            return index_of(None).map(|index| vec![index]);
        }
        // The outermost pipeline is walked first, and each member is pushed before the commands inside it.
        (0..members.len()).map(|index| index_of(Some(PipelinePosition { pipeline: 0, member_index: index }))).collect()
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

fn is_simple_command(command: &Command) -> bool {
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
fn has_own_status_only(stmt: &Stmt) -> bool {
    let is_compound = match &stmt.command {
        Command::Compound(CompoundCommand::Time(_) | CompoundCommand::Conditional(_)) => false,
        Command::Compound(_) => true,
        _ => false,
    };
    is_compound || stmt.negated
}
