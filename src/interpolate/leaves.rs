//! The first parser's tree → the stretches of text that take a value, and those that must not.
//!
//! Invariant: a stretch that no rule names is in no leaf, and takes nothing. Refuses to know: values.

use super::refusal::RejectReason;
use super::render::QuotingContext;
use crate::shell::parse::masking::MaskedText;
use crate::shell::parse::reading::ParseError;
use crate::shell::parse::shuck::{self, TreeWalk, span_range};
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
    pub takes: Result<QuotingContext, RejectReason>,
}

/// The text of a heredoc.
#[derive(Debug)]
pub(super) struct HeredocBody {
    pub range: Range<usize>,
    pub delimiter: String,
    pub strips_tabs: bool,
    pub expands: bool,
}

/// A simple command with its words, for finding out who reads them again.
#[derive(Debug)]
pub(super) struct SimpleWords {
    /// Each word's place, and its text where no expansion makes it.
    pub words: Vec<(Range<usize>, Option<String>)>,
    /// Heredocs and here-strings it reads.
    pub fed: Vec<Range<usize>>,
    /// Files that its output goes to, where no expansion names them.
    pub written: Vec<String>,
    /// The pipelines it is a member of, with its place in each.
    pub seats: Vec<(usize, usize)>,
}

/// Everything a placing needs to know of a text.
#[derive(Debug, Default)]
pub(super) struct FoundLeaves {
    pub leaves: Vec<Leaf>,
    pub bodies: Vec<HeredocBody>,
    pub simple: Vec<SimpleWords>,
    /// Stretches that bash neither splits nor matches against file names: values of assignments, `[[ … ]]`, here-strings.
    pub unsplit: Vec<Range<usize>>,
    /// Lists of loops, which are meant to be split.
    pub lists: Vec<Range<usize>>,
    /// Patterns of `case` and `[[ … ]]`.
    pub patterns: Vec<Range<usize>>,
    /// How many members each pipeline has.
    pub pipes: usize,
}

/// Variables whose values bash runs, expands or reads as it reads commands.
const EVALUATED_VARIABLES: &[&str] =
    &["PROMPT_COMMAND", "PS0", "PS1", "PS2", "PS4", "BASH_ENV", "ENV", "IFS", "SHELLOPTS", "BASHOPTS"];

/// Finds them in a masked text.
pub(super) fn find_leaves(masked: &MaskedText<'_>) -> Result<FoundLeaves, RejectReason> {
    let unreadable = |refusal: ParseError| RejectReason::Unreadable(refusal.message);
    shuck::with_tree(masked, |tree, walk| {
        let mut finder =
            LeafFinder { walk, source: masked.masked_text(), out: FoundLeaves::default(), seats: Vec::new() };
        finder.visit_sequence(tree);
        finder.out
    })
    .map_err(unreadable)
}

struct LeafFinder<'a> {
    walk: &'a TreeWalk<'a>,
    source: &'a str,
    out: FoundLeaves,
    seats: Vec<(usize, usize)>,
}

impl LeafFinder<'_> {
    fn add_leaf(&mut self, range: Range<usize>, takes: Result<QuotingContext, RejectReason>) {
        self.out.leaves.push(Leaf { range, takes });
    }

    fn refuse_range(&mut self, range: Range<usize>, why: RejectReason) {
        self.add_leaf(range, Err(why));
    }

    fn visit_sequence(&mut self, sequence: &StmtSeq) {
        self.visit_comments(&sequence.leading_comments);
        sequence.stmts.iter().for_each(|stmt| self.visit_statement(stmt));
        self.visit_comments(&sequence.trailing_comments);
    }

    fn visit_comments(&mut self, comments: &[shuck_ast::Comment]) {
        for comment in comments {
            let start = usize::try_from(comment.range.start().to_u32()).unwrap_or(usize::MAX);
            let end = usize::try_from(comment.range.end().to_u32()).unwrap_or(usize::MAX);
            // A nested reading may have lost its place.
            let text = self.source.get(start..end).unwrap_or("");
            if text.starts_with('#') && !text.contains('\n') {
                self.add_leaf(start..end, Ok(QuotingContext::Comment));
            }
        }
    }

    fn visit_statement(&mut self, stmt: &Stmt) {
        self.visit_comments(&stmt.leading_comments);
        self.visit_comments(stmt.inline_comment.as_slice());
        match &stmt.command {
            Command::Simple(simple) => return self.visit_simple(simple, &stmt.redirects),
            Command::Builtin(builtin) => self.visit_builtin(builtin, &stmt.redirects),
            Command::Decl(clause) => {
                let mut words = vec![(span_range(clause.variant_span), Some(clause.variant.as_str().to_owned()))];
                for operand in &clause.operands {
                    match operand {
                        DeclOperand::Flag(word) | DeclOperand::Dynamic(word) => {
                            self.refuse_range(span_range(word.span), RejectReason::Name);
                        }
                        DeclOperand::Name(name) => self.refuse_range(span_range(name.span), RejectReason::Name),
                        DeclOperand::Assignment(assignment) => {
                            words.push((span_range(assignment.span), None));
                            self.visit_assignment(assignment);
                        }
                    }
                }
                clause.assignments.iter().for_each(|assignment| self.visit_assignment(assignment));
                self.visit_command(words, &stmt.redirects);
            }
            Command::Binary(_) => self.visit_binary(&stmt.command),
            Command::Compound(compound) => self.visit_compound(compound),
            Command::Function(function) => {
                self.refuse_range(function.span.start.offset()..function.body.span.start.offset(), RejectReason::Name);
                self.visit_statement(&function.body);
            }
            Command::AnonymousFunction(_) => {}
        }
        self.visit_redirects(&stmt.redirects);
    }

    /// Chains lean to the left a thousand deep: their spine is walked in a loop.
    fn visit_binary(&mut self, command: &Command) {
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
            self.visit_statement(stmt);
            self.seats.pop();
        }
    }

    fn visit_compound(&mut self, compound: &CompoundCommand) {
        match compound {
            CompoundCommand::If(node) => {
                self.visit_sequence(&node.condition);
                self.visit_sequence(&node.then_branch);
                for (condition, branch) in &node.elif_branches {
                    self.visit_sequence(condition);
                    self.visit_sequence(branch);
                }
                node.else_branch.iter().for_each(|branch| self.visit_sequence(branch));
            }
            CompoundCommand::For(node) => {
                node.targets.iter().for_each(|target| self.refuse_range(span_range(target.span), RejectReason::Name));
                self.out.lists.extend(node.words.iter().flatten().map(|word| span_range(word.span)));
                node.words.iter().flatten().for_each(|word| self.visit_word(word));
                self.visit_sequence(&node.body);
            }
            CompoundCommand::Select(node) => {
                self.refuse_range(span_range(node.variable_span), RejectReason::Name);
                node.words.iter().for_each(|word| self.visit_word(word));
                self.visit_sequence(&node.body);
            }
            CompoundCommand::While(node) => {
                self.visit_sequence(&node.condition);
                self.visit_sequence(&node.body);
            }
            CompoundCommand::Until(node) => {
                self.visit_sequence(&node.condition);
                self.visit_sequence(&node.body);
            }
            CompoundCommand::Case(node) => {
                self.out.unsplit.push(span_range(node.word.span));
                self.visit_word(&node.word);
                for case in &node.cases {
                    case.patterns.iter().for_each(|pattern| self.visit_pattern(pattern));
                    self.visit_sequence(&case.body);
                }
            }
            CompoundCommand::Subshell(body) | CompoundCommand::BraceGroup(body) => self.visit_sequence(body),
            CompoundCommand::Time(node) => node.command.iter().for_each(|stmt| self.visit_statement(stmt)),
            CompoundCommand::Coproc(node) => self.visit_statement(&node.body),
            CompoundCommand::Conditional(node) => self.visit_condition(&node.expression),
            CompoundCommand::Arithmetic(node) => self.add_leaf(span_range(node.span), Ok(QuotingContext::Number)),
            CompoundCommand::ArithmeticFor(node) => {
                let header = node.left_paren_span.start.offset()..node.right_paren_span.end.offset();
                self.add_leaf(header, Ok(QuotingContext::Number));
                self.visit_sequence(&node.body);
            }
            CompoundCommand::Repeat(_) | CompoundCommand::Foreach(_) | CompoundCommand::Always(_) => {}
        }
    }

    fn visit_condition(&mut self, expression: &ConditionalExpr) {
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
                    return self.add_leaf(span_range(node.span()), Ok(QuotingContext::Number));
                }
                self.visit_condition(&node.left);
                self.visit_condition(&node.right);
            }
            ConditionalExpr::Unary(node) => {
                let named = matches!(
                    node.op,
                    ConditionalUnaryOp::OptionSet
                        | ConditionalUnaryOp::VariableSet
                        | ConditionalUnaryOp::ReferenceVariable
                );
                if named {
                    return self.refuse_range(span_range(node.span()), RejectReason::Name);
                }
                // `-t` is arithmetic to some versions.
                if node.op == ConditionalUnaryOp::FdTerminal {
                    return self.refuse_range(span_range(node.span()), RejectReason::Descriptor);
                }
                self.visit_condition(&node.expr);
            }
            ConditionalExpr::Parenthesized(node) => self.visit_condition(&node.expr),
            ConditionalExpr::Word(word) => {
                self.out.unsplit.push(span_range(word.span));
                self.visit_word(word);
            }
            ConditionalExpr::Regex(word) => {
                self.out.patterns.push(span_range(word.span));
                self.visit_word(word);
            }
            ConditionalExpr::Pattern(pattern) => self.visit_pattern(pattern),
            ConditionalExpr::VarRef(reference) => self.refuse_range(span_range(reference.span), RejectReason::Name),
        }
    }

    fn visit_simple(&mut self, simple: &SimpleCommand, redirects: &[Redirect]) {
        let name = span_range(simple.name.span);
        simple.assignments.iter().for_each(|assignment| self.visit_assignment(assignment));
        let mut words = Vec::with_capacity(simple.args.len() + 1);
        if !name.is_empty() {
            self.refuse_range(name.clone(), RejectReason::CommandName);
            self.visit_word(&simple.name);
        }
        words.push((name, self.walk.fixed_text(&simple.name)));
        for word in simple.args.iter().filter(|word| !self.walk.is_descriptor(word)) {
            words.push((span_range(word.span), self.walk.fixed_text(word)));
            self.visit_word(word);
        }
        self.visit_command(words, redirects);
        self.visit_redirects(redirects);
    }

    fn visit_builtin(&mut self, builtin: &BuiltinCommand, redirects: &[Redirect]) {
        let span = match builtin {
            BuiltinCommand::Break(node) => node.span,
            BuiltinCommand::Continue(node) => node.span,
            BuiltinCommand::Return(node) => node.span,
            BuiltinCommand::Exit(node) => node.span,
        };
        // `exit {{x}}` and `break {{x}}` take numbers, which no expansion may make.
        self.add_leaf(span_range(span), Ok(QuotingContext::Number));
        self.visit_command(Vec::new(), redirects);
    }

    fn visit_command(&mut self, words: Vec<(Range<usize>, Option<String>)>, redirects: &[Redirect]) {
        let fed = redirects.iter().filter_map(|redirect| match (&redirect.target, redirect.kind) {
            (RedirectTarget::Heredoc(heredoc), _) => Some(span_range(heredoc.body.span)),
            (RedirectTarget::Word(word), RedirectKind::HereString) => Some(span_range(word.span)),
            _ => None,
        });
        let written = redirects.iter().filter_map(|redirect| match (&redirect.target, redirect.kind) {
            (
                RedirectTarget::Word(word),
                RedirectKind::Output | RedirectKind::Append | RedirectKind::Clobber | RedirectKind::OutputBoth,
            ) => self.walk.fixed_text(word),
            _ => None,
        });
        let (fed, written) = (fed.collect(), written.collect());
        let simple = SimpleWords { words, fed, written, seats: self.seats.clone() };
        self.out.simple.push(simple);
    }

    fn visit_redirects(&mut self, redirects: &[Redirect]) {
        for redirect in redirects {
            if let Some(span) = redirect.fd_var_span {
                self.refuse_range(span_range(span), RejectReason::Name);
            }
            match &redirect.target {
                RedirectTarget::Word(word) => {
                    if redirect.kind == RedirectKind::HereString {
                        self.out.unsplit.push(span_range(word.span));
                    }
                    if matches!(redirect.kind, RedirectKind::DupOutput | RedirectKind::DupInput) {
                        self.refuse_range(span_range(word.span), RejectReason::Descriptor);
                    }
                    self.visit_word(word);
                }
                RedirectTarget::Heredoc(heredoc) => self.visit_heredoc(heredoc),
            }
        }
    }

    fn visit_heredoc(&mut self, heredoc: &Heredoc) {
        let (delimiter, body) = (&heredoc.delimiter, &heredoc.body);
        self.refuse_range(span_range(delimiter.span), RejectReason::Delimiter);
        self.out.bodies.push(HeredocBody {
            range: span_range(body.span),
            delimiter: delimiter.cooked.to_string(),
            strips_tabs: delimiter.strip_tabs,
            expands: delimiter.expands_body,
        });
        if !delimiter.expands_body {
            return self.add_leaf(span_range(body.span), Ok(QuotingContext::Literal));
        }
        for part in &body.parts {
            let span = span_range(part.span);
            match &part.kind {
                HeredocBodyPart::Literal(text) => self.visit_literal(span, text, QuotingContext::Open),
                HeredocBodyPart::Variable(_) => self.refuse_range(span, RejectReason::Glued),
                HeredocBodyPart::CommandSubstitution { body, syntax } => self.visit_substitution(body, *syntax, span),
                HeredocBodyPart::ArithmeticExpansion { .. } => self.add_leaf(span, Ok(QuotingContext::Number)),
                HeredocBodyPart::Parameter(_) => self.refuse_range(span, RejectReason::Operand),
            }
        }
    }

    fn visit_substitution(&mut self, body: &StmtSeq, syntax: CommandSubstitutionSyntax, span: Range<usize>) {
        if syntax == CommandSubstitutionSyntax::Backtick {
            return self.refuse_range(span, RejectReason::Backticks);
        }
        self.visit_sequence(body);
    }

    fn visit_assignment(&mut self, assignment: &Assignment) {
        let value = match &assignment.value {
            AssignmentValue::Scalar(word) => word.span,
            AssignmentValue::Compound(array) => array.span,
        };
        if EVALUATED_VARIABLES.contains(&assignment.target.name.as_str()) {
            self.refuse_range(span_range(assignment.span), RejectReason::Interpreted("bash"));
        }
        // The target's own span may cover the value too.
        self.refuse_range(assignment.span.start.offset()..value.start.offset(), RejectReason::Name);
        match &assignment.value {
            AssignmentValue::Scalar(word) => {
                self.out.unsplit.push(span_range(word.span));
                self.visit_word(word);
            }
            AssignmentValue::Compound(array) => {
                for element in &array.elements {
                    if let ArrayElem::Keyed { key, .. } | ArrayElem::KeyedAppend { key, .. } = element {
                        self.refuse_range(span_range(key.span()), RejectReason::Subscript);
                    }
                    self.visit_word(element.value());
                }
            }
        }
    }

    fn visit_word(&mut self, word: &Word) {
        self.visit_parts(&word.parts, QuotingContext::Bare);
    }

    fn visit_parts(&mut self, parts: &[WordPartNode], context: QuotingContext) {
        for part in parts {
            let span = span_range(part.span);
            match &part.kind {
                WordPart::Literal(text) => self.visit_literal(span, text, context),
                WordPart::SingleQuoted { dollar, .. } => {
                    let context = if *dollar { QuotingContext::Ansi } else { QuotingContext::Single };
                    let opens = if *dollar { "$'" } else { "'" };
                    if self.source.get(span.clone()).is_some_and(|text| text.starts_with(opens)) {
                        self.add_leaf(span, Ok(context));
                    }
                }
                WordPart::DoubleQuoted { parts, .. } => self.visit_parts(parts, QuotingContext::Double),
                WordPart::Variable(_) => self.refuse_range(span, RejectReason::Glued),
                WordPart::CommandSubstitution { body, syntax } => self.visit_substitution(body, *syntax, span),
                WordPart::ProcessSubstitution { body, .. } => self.visit_sequence(body),
                WordPart::ArithmeticExpansion { .. } => self.add_leaf(span, Ok(QuotingContext::Number)),
                WordPart::ZshQualifiedGlob(_) => self.refuse_range(span, RejectReason::NoContext),
                _ => self.refuse_range(span, RejectReason::Operand),
            }
        }
    }

    /// A stretch kept as text, if it is where the parser says.
    fn visit_literal(&mut self, span: Range<usize>, text: &LiteralText, context: QuotingContext) {
        let there = self.source.get(span.clone()).unwrap_or("");
        let agrees = match text {
            LiteralText::Source => true,
            LiteralText::Owned(text) | LiteralText::CookedSource(text) => {
                super::token::count_tokens(text) == super::token::count_tokens(there)
            }
        };
        if agrees {
            self.add_leaf(span, Ok(context));
        }
    }

    fn visit_pattern(&mut self, pattern: &Pattern) {
        self.out.patterns.push(span_range(pattern.span));
        for part in &pattern.parts {
            match &part.kind {
                PatternPart::Literal(text) => self.visit_literal(span_range(part.span), text, QuotingContext::Bare),
                PatternPart::Word(word) => self.visit_word(word),
                PatternPart::CharClass(_) => self.refuse_range(span_range(part.span), RejectReason::Bracket),
                PatternPart::Group { patterns, .. } => patterns.iter().for_each(|pattern| self.visit_pattern(pattern)),
                PatternPart::AnyString | PatternPart::AnyChar => {}
            }
        }
    }
}
