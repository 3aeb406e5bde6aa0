//! Simple commands of the first parser's tree: words, assignments, redirections, builtins.
//!
//! Invariant: each command is pushed once, in order of the text, before the commands inside it. Refuses to know: the
//! meaning of any program.

use super::shuck::{Walk, range};
use crate::shell::Program;
use crate::shell::programs::session::steers;
use shuck_ast::{
    BuiltinCommand, Command, DeclOperand, LiteralText, Redirect, RedirectKind, RedirectTarget, SimpleCommand, Span,
    Word, WordPart,
};
use std::ops::Range;

impl Walk<'_> {
    pub(super) fn simple(&mut self, simple: &SimpleCommand, redirects: &[Redirect]) {
        let has_no_program = has_no_program(simple);
        let program = if has_no_program { Program::None } else { self.program(&simple.name) };
        let args: Vec<&Word> = simple.args.iter().filter(|word| !self.is_descriptor(word)).collect();
        let words = args.iter().map(|word| self.fixed(word)).collect();
        let mut span = range(simple.span);
        span.end = simple.args.last().map_or(simple.name.span.end.offset(), |word| word.span.end.offset());
        self.count(usize::from(!has_no_program) + args.len());
        let index = self.push(program, words, widened(span, simple.assignments.iter().map(|a| a.span), redirects));
        if self.in_full {
            let name = (!has_no_program).then_some(&simple.name);
            self.detail(name.into_iter().chain(&simple.args), &simple.assignments, redirects);
        }
        for assignment in &simple.assignments {
            self.out.shell.steers |= steers(assignment.target.name.as_str());
            self.value(&assignment.value);
        }
        if !has_no_program {
            self.word(&simple.name);
        }
        for word in args {
            self.word(word);
        }
        self.redirects(redirects);
        // With a program, the assignments hold only for that program.
        if has_no_program {
            for assignment in &simple.assignments {
                self.assign(assignment);
            }
        }
        self.set_by_builtin(index);
    }

    /// True for the number of `3<<EOF`, which the parser takes for a word.
    pub(crate) fn is_descriptor(&self, word: &Word) -> bool {
        let span = range(word.span);
        let rest = self.source().get(span.end..).unwrap_or("");
        let number = self.source().get(span).unwrap_or("");
        rest.starts_with("<<") && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    }

    pub(super) fn builtin(&mut self, builtin: &BuiltinCommand, redirects: &[Redirect]) {
        let (name, first, rest, span) = match builtin {
            BuiltinCommand::Break(node) => ("break", &node.depth, &node.extra_args, node.span),
            BuiltinCommand::Continue(node) => ("continue", &node.depth, &node.extra_args, node.span),
            BuiltinCommand::Return(node) => ("return", &node.code, &node.extra_args, node.span),
            BuiltinCommand::Exit(node) => ("exit", &node.code, &node.extra_args, node.span),
        };
        let args: Vec<&Word> = first.iter().chain(rest).collect();
        self.count(1 + args.len());
        let mut span = range(span);
        span.end = args.last().map_or(span.start + name.len(), |word| word.span.end.offset());
        let words = args.iter().map(|word| self.fixed(word)).collect();
        let begin = span.start;
        self.push(Program::Named(name.to_owned()), words, widened(span, std::iter::empty(), redirects));
        if self.in_full {
            self.named_detail(name, begin, args.iter().copied(), redirects);
        }
        for word in &args {
            self.word(word);
        }
        self.redirects(redirects);
    }

    pub(super) fn declaration(&mut self, command: &Command, redirects: &[Redirect]) {
        let Command::Decl(clause) = command else { return };
        let mut words = Vec::with_capacity(clause.operands.len());
        let mut span = range(clause.variant_span);
        for operand in &clause.operands {
            let (text, operand_span) = match operand {
                DeclOperand::Flag(word) | DeclOperand::Dynamic(word) => (self.fixed(word), word.span),
                DeclOperand::Name(name) => (Some(self.text.original(range(name.span)).to_owned()), name.span),
                DeclOperand::Assignment(assignment) => (self.fixed_assignment(assignment), assignment.span),
            };
            span.end = span.end.max(operand_span.end.offset());
            words.push(text);
        }
        self.count(1 + words.len());
        let name = clause.variant.as_str().to_owned();
        let assigned = clause.assignments.iter().map(|a| a.span);
        let begin = span.start;
        let index = self.push(Program::Named(name), words, widened(span, assigned, redirects));
        if self.in_full {
            self.declared_detail(clause, begin, redirects);
        }
        for operand in &clause.operands {
            match operand {
                DeclOperand::Flag(word) | DeclOperand::Dynamic(word) => self.word(word),
                DeclOperand::Name(name) => self.subscript(name),
                DeclOperand::Assignment(assignment) => {
                    self.value(&assignment.value);
                    self.assign(assignment);
                }
            }
        }
        self.redirects(redirects);
        self.set_by_builtin(index);
    }

    pub(super) fn redirects(&mut self, redirects: &[Redirect]) {
        for redirect in redirects {
            match &redirect.target {
                RedirectTarget::Word(word) => {
                    let target = self.fixed(word);
                    self.out.shell.writes |= writes_file(redirect.kind, target.as_deref());
                    self.word(word);
                }
                RedirectTarget::Heredoc(heredoc) => self.incomparable(|walk| walk.heredoc(&heredoc.body)),
            }
            if let Some(name) = &redirect.fd_var {
                self.set(name.as_str(), None, range(redirect.span));
            }
        }
    }
}

/// True for a command of assignments or redirections only, whose name is an empty word of the tree.
fn has_no_program(simple: &SimpleCommand) -> bool {
    simple.args.is_empty()
        && simple.name.span.start.offset() == simple.name.span.end.offset()
        && matches!(
            simple.name.parts.as_slice(),
            [] | [shuck_ast::WordPartNode { kind: WordPart::Literal(LiteralText::Owned(_)), .. }]
        )
}

/// The range that covers a command with all its assignments and redirections.
fn widened(span: Range<usize>, assigned: impl Iterator<Item = Span>, redirects: &[Redirect]) -> Range<usize> {
    let others = assigned.chain(redirects.iter().map(|redirect| redirect.span));
    others.fold(span, |all, other| all.start.min(other.start.offset())..all.end.max(other.end.offset()))
}

/// True if a redirection writes a file, apart from `/dev/null`. An unknown target counts as a file.
fn writes_file(kind: RedirectKind, target: Option<&str>) -> bool {
    match kind {
        RedirectKind::Output | RedirectKind::Clobber | RedirectKind::Append | RedirectKind::OutputBoth => {
            target != Some("/dev/null")
        }
        RedirectKind::ReadWrite => true,
        // `>&2` and `>&-` copy a descriptor; `>& file` writes.
        RedirectKind::DupOutput => !target
            .is_some_and(|target| target == "/dev/null" || target.bytes().all(|b| b.is_ascii_digit() || b == b'-')),
        RedirectKind::Input
        | RedirectKind::HereDoc
        | RedirectKind::HereDocStrip
        | RedirectKind::HereString
        | RedirectKind::DupInput => false,
    }
}
