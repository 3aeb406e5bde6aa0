//! Simple commands of the first parser's tree: words, assignments, redirections, builtins.
//!
//! Invariant: each command is pushed once, in order of the text, before the commands inside it. Refuses to know: the
//! meaning of any program.

use super::shuck::{TreeWalk, span_range};
use crate::shell::ProgramName;
use crate::shell::programs::session::steers_programs;
use shuck_ast::{
    BuiltinCommand, Command, DeclOperand, LiteralText, Redirect, RedirectKind, RedirectTarget, SimpleCommand, Span,
    Word, WordPart,
};
use std::ops::Range;

impl TreeWalk<'_> {
    pub(super) fn walk_simple(&mut self, simple: &SimpleCommand, redirects: &[Redirect]) {
        let has_no_program = has_no_program(simple);
        let program = if has_no_program { ProgramName::None } else { self.program_of_word(&simple.name) };
        let args: Vec<&Word> = simple.args.iter().filter(|word| !self.is_descriptor(word)).collect();
        let words = args.iter().map(|word| self.fixed_text(word)).collect();
        let mut span = span_range(simple.span);
        span.end = simple.args.last().map_or(simple.name.span.end.offset(), |word| word.span.end.offset());
        self.record_word_count(usize::from(!has_no_program) + args.len());
        let index =
            self.push_command(program, words, widen_span(span, simple.assignments.iter().map(|a| a.span), redirects));
        if self.keeps_full_words {
            let name = (!has_no_program).then_some(&simple.name);
            self.keep_simple_in_full(name.into_iter().chain(&simple.args), &simple.assignments, redirects);
        }
        for assignment in &simple.assignments {
            self.parsed.shell_effects.sets_steering_variable |= steers_programs(assignment.target.name.as_str());
            self.walk_value(&assignment.value);
        }
        if !has_no_program {
            self.walk_word(&simple.name);
        }
        for word in args {
            self.walk_word(word);
        }
        self.walk_redirects(redirects);
        // With a program, the assignments hold only for that program.
        if has_no_program {
            for assignment in &simple.assignments {
                self.record_assignment(assignment);
            }
        }
        self.record_sets_by_builtin(index);
    }

    /// True for the number of `3<<EOF`, which the parser takes for a word.
    pub(crate) fn is_descriptor(&self, word: &Word) -> bool {
        let span = span_range(word.span);
        let rest = self.masked_text().get(span.end..).unwrap_or("");
        let number = self.masked_text().get(span).unwrap_or("");
        rest.starts_with("<<") && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    }

    pub(super) fn walk_builtin(&mut self, builtin: &BuiltinCommand, redirects: &[Redirect]) {
        let (name, first, rest, span) = match builtin {
            BuiltinCommand::Break(node) => ("break", &node.depth, &node.extra_args, node.span),
            BuiltinCommand::Continue(node) => ("continue", &node.depth, &node.extra_args, node.span),
            BuiltinCommand::Return(node) => ("return", &node.code, &node.extra_args, node.span),
            BuiltinCommand::Exit(node) => ("exit", &node.code, &node.extra_args, node.span),
        };
        let args: Vec<&Word> = first.iter().chain(rest).collect();
        self.record_word_count(1 + args.len());
        let mut span = span_range(span);
        span.end = args.last().map_or(span.start + name.len(), |word| word.span.end.offset());
        let words = args.iter().map(|word| self.fixed_text(word)).collect();
        let begin = span.start;
        self.push_command(ProgramName::Named(name.to_owned()), words, widen_span(span, std::iter::empty(), redirects));
        if self.keeps_full_words {
            self.keep_builtin_in_full(name, begin, args.iter().copied(), redirects);
        }
        for word in &args {
            self.walk_word(word);
        }
        self.walk_redirects(redirects);
    }

    pub(super) fn walk_declaration(&mut self, command: &Command, redirects: &[Redirect]) {
        let Command::Decl(clause) = command else { return };
        let mut words = Vec::with_capacity(clause.operands.len());
        let mut span = span_range(clause.variant_span);
        for operand in &clause.operands {
            let (text, operand_span) = match operand {
                DeclOperand::Flag(word) | DeclOperand::Dynamic(word) => (self.fixed_text(word), word.span),
                DeclOperand::Name(name) => {
                    (Some(self.masked.original_slice(span_range(name.span)).to_owned()), name.span)
                }
                DeclOperand::Assignment(assignment) => (self.fixed_assignment_text(assignment), assignment.span),
            };
            span.end = span.end.max(operand_span.end.offset());
            words.push(text);
        }
        self.record_word_count(1 + words.len());
        let name = clause.variant.as_str().to_owned();
        let assigned = clause.assignments.iter().map(|a| a.span);
        let begin = span.start;
        let index = self.push_command(ProgramName::Named(name), words, widen_span(span, assigned, redirects));
        if self.keeps_full_words {
            self.keep_declaration_in_full(clause, begin, redirects);
        }
        for operand in &clause.operands {
            match operand {
                DeclOperand::Flag(word) | DeclOperand::Dynamic(word) => self.walk_word(word),
                DeclOperand::Name(name) => self.walk_subscript(name),
                DeclOperand::Assignment(assignment) => {
                    self.walk_value(&assignment.value);
                    self.record_assignment(assignment);
                }
            }
        }
        self.walk_redirects(redirects);
        self.record_sets_by_builtin(index);
    }

    pub(super) fn walk_redirects(&mut self, redirects: &[Redirect]) {
        for redirect in redirects {
            match &redirect.target {
                RedirectTarget::Word(word) => {
                    let target = self.fixed_text(word);
                    self.parsed.shell_effects.writes_file |= writes_file(redirect.kind, target.as_deref());
                    self.walk_word(word);
                }
                RedirectTarget::Heredoc(heredoc) => self.without_word_counts(|walk| walk.walk_heredoc(&heredoc.body)),
            }
            if let Some(name) = &redirect.fd_var {
                self.record_set(name.as_str(), None, span_range(redirect.span));
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
fn widen_span(span: Range<usize>, assigned: impl Iterator<Item = Span>, redirects: &[Redirect]) -> Range<usize> {
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
