//! The first parser's tree → the stretches of text that take a value, and those that must not.
//!
//! Invariant: a stretch that no rule names is in no leaf, and takes nothing. Refuses to know: values.

use super::refusal::Why;
use super::render::Context;
use crate::shell::parse::masking::Masked;
use crate::shell::parse::reading::Refusal;
use crate::shell::parse::shuck::{self, Walk, range};
use shuck_ast::{
    ArrayElem, Assignment, AssignmentValue, BinaryOp, BuiltinCommand, Command, CommandSubstitutionSyntax,
    CompoundCommand, ConditionalBinaryOp, ConditionalExpr, ConditionalUnaryOp, DeclOperand, Heredoc, HeredocBodyPart,
    LiteralText, Pattern, PatternPart, Redirect, RedirectKind, RedirectTarget, SimpleCommand, Stmt, StmtSeq, Word,
    WordPart, WordPartNode,
};
use std::ops::Range;

/// A stretch of text and what goes there.
#[derive(Debug)]
pub(super) struct Leaf {
    pub range: Range<usize>,
    pub takes: Result<Context, Why>,
}

/// The text of a heredoc.
#[derive(Debug)]
pub(super) struct Body {
    pub range: Range<usize>,
    pub delimiter: String,
    pub strips_tabs: bool,
    pub expands: bool,
}

/// A simple command with its words, for finding out who reads them again.
#[derive(Debug)]
pub(super) struct Simple {
    /// Each word's place, and its text where no expansion makes it.
    pub words: Vec<(Range<usize>, Option<String>)>,
    /// Heredocs and here-strings it reads.
    pub fed: Vec<Range<usize>>,
    /// The pipelines it is a member of, with its place in each.
    pub seats: Vec<(usize, usize)>,
}

/// Everything a placing needs to know of a text.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub leaves: Vec<Leaf>,
    pub bodies: Vec<Body>,
    pub simple: Vec<Simple>,
    /// How many members each pipeline has.
    pub pipes: usize,
}

/// Variables whose values bash runs, expands or reads as it reads commands.
const EVALUATED: &[&str] =
    &["PROMPT_COMMAND", "PS0", "PS1", "PS2", "PS4", "BASH_ENV", "ENV", "IFS", "SHELLOPTS", "BASHOPTS"];

/// Finds them in a masked text.
pub(super) fn find(masked: &Masked<'_>) -> Result<Found, Why> {
    let unreadable = |refusal: Refusal| Why::Unreadable(refusal.message);
    shuck::with_tree(masked, |tree, walk| {
        let mut finder = Finder { walk, source: masked.masked(), out: Found::default(), seats: Vec::new() };
        finder.sequence(tree);
        finder.out
    })
    .map_err(unreadable)
}

struct Finder<'a> {
    walk: &'a Walk<'a>,
    source: &'a str,
    out: Found,
    seats: Vec<(usize, usize)>,
}

impl Finder<'_> {
    fn leaf(&mut self, range: Range<usize>, takes: Result<Context, Why>) {
        self.out.leaves.push(Leaf { range, takes });
    }

    fn refuse(&mut self, range: Range<usize>, why: Why) {
        self.leaf(range, Err(why));
    }

    fn sequence(&mut self, sequence: &StmtSeq) {
        self.comments(&sequence.leading_comments);
        sequence.stmts.iter().for_each(|stmt| self.statement(stmt));
        self.comments(&sequence.trailing_comments);
    }

    fn comments(&mut self, comments: &[shuck_ast::Comment]) {
        for comment in comments {
            let start = usize::try_from(comment.range.start().to_u32()).unwrap_or(usize::MAX);
            let end = usize::try_from(comment.range.end().to_u32()).unwrap_or(usize::MAX);
            // A nested reading may have lost its place.
            let text = self.source.get(start..end).unwrap_or("");
            if text.starts_with('#') && !text.contains('\n') {
                self.leaf(start..end, Ok(Context::Comment));
            }
        }
    }

    fn statement(&mut self, stmt: &Stmt) {
        self.comments(&stmt.leading_comments);
        self.comments(stmt.inline_comment.as_slice());
        match &stmt.command {
            Command::Simple(simple) => return self.simple(simple, &stmt.redirects),
            Command::Builtin(builtin) => self.builtin(builtin, &stmt.redirects),
            Command::Decl(clause) => {
                let mut words = vec![(range(clause.variant_span), Some(clause.variant.as_str().to_owned()))];
                for operand in &clause.operands {
                    match operand {
                        DeclOperand::Flag(word) | DeclOperand::Dynamic(word) => {
                            self.refuse(range(word.span), Why::Name);
                        }
                        DeclOperand::Name(name) => self.refuse(range(name.span), Why::Name),
                        DeclOperand::Assignment(assignment) => {
                            words.push((range(assignment.span), None));
                            self.assignment(assignment);
                        }
                    }
                }
                clause.assignments.iter().for_each(|assignment| self.assignment(assignment));
                self.command(words, &stmt.redirects);
            }
            Command::Binary(_) => self.binary(&stmt.command),
            Command::Compound(compound) => self.compound(compound),
            Command::Function(function) => {
                self.refuse(function.span.start.offset()..function.body.span.start.offset(), Why::Name);
                self.statement(&function.body);
            }
            Command::AnonymousFunction(_) => {}
        }
        self.redirects(&stmt.redirects);
    }

    /// Chains lean to the left a thousand deep: their spine is walked in a loop.
    fn binary(&mut self, command: &Command) {
        let mut links = Vec::new();
        let mut first = None;
        let mut next = Some(command);
        while let Some(Command::Binary(binary)) = next {
            links.push((binary.op, &*binary.right));
            first = Some(&*binary.left);
            next = binary.left.redirects.is_empty().then_some(&binary.left.command);
        }
        let is_pipe = |op: BinaryOp| matches!(op, BinaryOp::Pipe | BinaryOp::PipeAll);
        let mut members: Vec<(&Stmt, bool)> = first.map(|stmt| (stmt, false)).into_iter().collect();
        members.extend(links.iter().rev().map(|(op, stmt)| (*stmt, is_pipe(*op))));
        let (mut pipe, mut seat) = (0, 0);
        for (stmt, piped) in members {
            if piped {
                seat += 1;
            } else {
                self.out.pipes += 1;
                (pipe, seat) = (self.out.pipes, 0);
            }
            self.seats.push((pipe, seat));
            self.statement(stmt);
            self.seats.pop();
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
                node.else_branch.iter().for_each(|branch| self.sequence(branch));
            }
            CompoundCommand::For(node) => {
                node.targets.iter().for_each(|target| self.refuse(range(target.span), Why::Name));
                node.words.iter().flatten().for_each(|word| self.word(word));
                self.sequence(&node.body);
            }
            CompoundCommand::Select(node) => {
                self.refuse(range(node.variable_span), Why::Name);
                node.words.iter().for_each(|word| self.word(word));
                self.sequence(&node.body);
            }
            CompoundCommand::While(node) => {
                self.sequence(&node.condition);
                self.sequence(&node.body);
            }
            CompoundCommand::Until(node) => {
                self.sequence(&node.condition);
                self.sequence(&node.body);
            }
            CompoundCommand::Case(node) => {
                self.word(&node.word);
                for case in &node.cases {
                    case.patterns.iter().for_each(|pattern| self.pattern(pattern));
                    self.sequence(&case.body);
                }
            }
            CompoundCommand::Subshell(body) | CompoundCommand::BraceGroup(body) => self.sequence(body),
            CompoundCommand::Time(node) => node.command.iter().for_each(|stmt| self.statement(stmt)),
            CompoundCommand::Coproc(node) => self.statement(&node.body),
            CompoundCommand::Conditional(node) => self.condition(&node.expression),
            CompoundCommand::Arithmetic(node) => self.leaf(range(node.span), Ok(Context::Number)),
            CompoundCommand::ArithmeticFor(node) => {
                let header = node.left_paren_span.start.offset()..node.right_paren_span.end.offset();
                self.leaf(header, Ok(Context::Number));
                self.sequence(&node.body);
            }
            CompoundCommand::Repeat(_) | CompoundCommand::Foreach(_) | CompoundCommand::Always(_) => {}
        }
    }

    fn condition(&mut self, expression: &ConditionalExpr) {
        match expression {
            ConditionalExpr::Binary(node) => {
                let arithmetic = matches!(
                    node.op,
                    ConditionalBinaryOp::ArithmeticEq
                        | ConditionalBinaryOp::ArithmeticNe
                        | ConditionalBinaryOp::ArithmeticLe
                        | ConditionalBinaryOp::ArithmeticGe
                        | ConditionalBinaryOp::ArithmeticLt
                        | ConditionalBinaryOp::ArithmeticGt
                );
                if arithmetic {
                    return self.leaf(range(node.span()), Ok(Context::Number));
                }
                self.condition(&node.left);
                self.condition(&node.right);
            }
            ConditionalExpr::Unary(node) => {
                let named = matches!(
                    node.op,
                    ConditionalUnaryOp::OptionSet
                        | ConditionalUnaryOp::VariableSet
                        | ConditionalUnaryOp::ReferenceVariable
                );
                if named {
                    return self.refuse(range(node.span()), Why::Name);
                }
                // `-t` is arithmetic to some versions.
                if node.op == ConditionalUnaryOp::FdTerminal {
                    return self.refuse(range(node.span()), Why::Descriptor);
                }
                self.condition(&node.expr);
            }
            ConditionalExpr::Parenthesized(node) => self.condition(&node.expr),
            ConditionalExpr::Word(word) | ConditionalExpr::Regex(word) => self.word(word),
            ConditionalExpr::Pattern(pattern) => self.pattern(pattern),
            ConditionalExpr::VarRef(reference) => self.refuse(range(reference.span), Why::Name),
        }
    }

    fn simple(&mut self, simple: &SimpleCommand, redirects: &[Redirect]) {
        let name = range(simple.name.span);
        simple.assignments.iter().for_each(|assignment| self.assignment(assignment));
        let mut words = Vec::with_capacity(simple.args.len() + 1);
        if !name.is_empty() {
            self.refuse(name.clone(), Why::CommandName);
            self.word(&simple.name);
        }
        words.push((name, self.walk.fixed(&simple.name)));
        for word in simple.args.iter().filter(|word| !self.walk.is_descriptor(word)) {
            words.push((range(word.span), self.walk.fixed(word)));
            self.word(word);
        }
        self.command(words, redirects);
        self.redirects(redirects);
    }

    fn builtin(&mut self, builtin: &BuiltinCommand, redirects: &[Redirect]) {
        let span = match builtin {
            BuiltinCommand::Break(node) => node.span,
            BuiltinCommand::Continue(node) => node.span,
            BuiltinCommand::Return(node) => node.span,
            BuiltinCommand::Exit(node) => node.span,
        };
        // `exit {{x}}` and `break {{x}}` take numbers, which no expansion may make.
        self.leaf(range(span), Ok(Context::Number));
        self.command(Vec::new(), redirects);
    }

    fn command(&mut self, words: Vec<(Range<usize>, Option<String>)>, redirects: &[Redirect]) {
        let fed = redirects.iter().filter_map(|redirect| match (&redirect.target, redirect.kind) {
            (RedirectTarget::Heredoc(heredoc), _) => Some(range(heredoc.body.span)),
            (RedirectTarget::Word(word), RedirectKind::HereString) => Some(range(word.span)),
            _ => None,
        });
        let simple = Simple { words, fed: fed.collect(), seats: self.seats.clone() };
        self.out.simple.push(simple);
    }

    fn redirects(&mut self, redirects: &[Redirect]) {
        for redirect in redirects {
            if let Some(span) = redirect.fd_var_span {
                self.refuse(range(span), Why::Name);
            }
            match &redirect.target {
                RedirectTarget::Word(word) => {
                    if matches!(redirect.kind, RedirectKind::DupOutput | RedirectKind::DupInput) {
                        self.refuse(range(word.span), Why::Descriptor);
                    }
                    self.word(word);
                }
                RedirectTarget::Heredoc(heredoc) => self.heredoc(heredoc),
            }
        }
    }

    fn heredoc(&mut self, heredoc: &Heredoc) {
        let (delimiter, body) = (&heredoc.delimiter, &heredoc.body);
        self.refuse(range(delimiter.span), Why::Delimiter);
        self.out.bodies.push(Body {
            range: range(body.span),
            delimiter: delimiter.cooked.to_string(),
            strips_tabs: delimiter.strip_tabs,
            expands: delimiter.expands_body,
        });
        if !delimiter.expands_body {
            return self.leaf(range(body.span), Ok(Context::Literal));
        }
        for part in &body.parts {
            let span = range(part.span);
            match &part.kind {
                HeredocBodyPart::Literal(text) => self.literal(span, text, Context::Open),
                HeredocBodyPart::Variable(_) => self.refuse(span, Why::Glued),
                HeredocBodyPart::CommandSubstitution { body, syntax } => self.substitution(body, *syntax, span),
                HeredocBodyPart::ArithmeticExpansion { .. } => self.leaf(span, Ok(Context::Number)),
                HeredocBodyPart::Parameter(_) => self.refuse(span, Why::Operand),
            }
        }
    }

    fn substitution(&mut self, body: &StmtSeq, syntax: CommandSubstitutionSyntax, span: Range<usize>) {
        if syntax == CommandSubstitutionSyntax::Backtick {
            return self.refuse(span, Why::Backticks);
        }
        self.sequence(body);
    }

    fn assignment(&mut self, assignment: &Assignment) {
        let value = match &assignment.value {
            AssignmentValue::Scalar(word) => word.span,
            AssignmentValue::Compound(array) => array.span,
        };
        if EVALUATED.contains(&assignment.target.name.as_str()) {
            self.refuse(range(assignment.span), Why::Interpreted("bash"));
        }
        // The target's own span may cover the value too.
        self.refuse(assignment.span.start.offset()..value.start.offset(), Why::Name);
        match &assignment.value {
            AssignmentValue::Scalar(word) => self.word(word),
            AssignmentValue::Compound(array) => {
                for element in &array.elements {
                    if let ArrayElem::Keyed { key, .. } | ArrayElem::KeyedAppend { key, .. } = element {
                        self.refuse(range(key.span()), Why::Subscript);
                    }
                    self.word(element.value());
                }
            }
        }
    }

    fn word(&mut self, word: &Word) {
        self.parts(&word.parts, Context::Bare);
    }

    fn parts(&mut self, parts: &[WordPartNode], context: Context) {
        for part in parts {
            let span = range(part.span);
            match &part.kind {
                WordPart::Literal(text) => self.literal(span, text, context),
                WordPart::SingleQuoted { dollar, .. } => {
                    let context = if *dollar { Context::Ansi } else { Context::Single };
                    let opens = if *dollar { "$'" } else { "'" };
                    if self.source.get(span.clone()).is_some_and(|text| text.starts_with(opens)) {
                        self.leaf(span, Ok(context));
                    }
                }
                WordPart::DoubleQuoted { parts, .. } => self.parts(parts, Context::Double),
                WordPart::Variable(_) => self.refuse(span, Why::Glued),
                WordPart::CommandSubstitution { body, syntax } => self.substitution(body, *syntax, span),
                WordPart::ProcessSubstitution { body, .. } => self.sequence(body),
                WordPart::ArithmeticExpansion { .. } => self.leaf(span, Ok(Context::Number)),
                WordPart::ZshQualifiedGlob(_) => self.refuse(span, Why::NoContext),
                _ => self.refuse(span, Why::Operand),
            }
        }
    }

    /// A stretch kept as text, if it is where the parser says.
    fn literal(&mut self, span: Range<usize>, text: &LiteralText, context: Context) {
        let there = self.source.get(span.clone()).unwrap_or("");
        let agrees = match text {
            LiteralText::Source => true,
            LiteralText::Owned(text) | LiteralText::CookedSource(text) => {
                super::token::count(text) == super::token::count(there)
            }
        };
        if agrees {
            self.leaf(span, Ok(context));
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        for part in &pattern.parts {
            match &part.kind {
                PatternPart::Literal(text) => self.literal(range(part.span), text, Context::Bare),
                PatternPart::Word(word) => self.word(word),
                PatternPart::CharClass(_) => self.refuse(range(part.span), Why::Bracket),
                PatternPart::Group { patterns, .. } => patterns.iter().for_each(|pattern| self.pattern(pattern)),
                PatternPart::AnyString | PatternPart::AnyChar => {}
            }
        }
    }
}
