//! Keeps the words of the first parser's tree in full: their fixed text, with a mark for each expansion.
//!
//! Invariant: a text without expansion marks is exactly what bash passes on. Refuses to know: the meaning of the words.

use super::shuck::{Walk, range};
use crate::shell::simple_command::{Arg, Detail, Flow, HOLE, Redirection};
use shuck_ast::{
    Assignment, AssignmentValue, DeclClause, DeclOperand, Heredoc, HeredocBodyPart, LiteralText, Redirect,
    RedirectKind, RedirectTarget, Span, Word, WordPart, WordPartNode,
};

impl Walk<'_> {
    /// Keeps the simple command that was pushed last in full.
    pub(super) fn detail<'w>(
        &mut self,
        words: impl Iterator<Item = &'w Word>,
        assigns: &[Assignment],
        redirects: &[Redirect],
    ) {
        let words = words.map(|word| self.full(word)).collect();
        let assigns =
            assigns.iter().map(|assignment| (assignment.target.name.as_str().to_owned(), self.full_value(assignment)));
        let assigns = assigns.collect();
        let redirects = redirects.iter().map(|redirect| self.redirection(redirect)).collect();
        self.keep(Detail { words, assigns, redirects });
    }

    /// Keeps a builtin in full whose name is not a word of the tree. `begin` is the offset of the name.
    pub(super) fn named_detail<'w>(
        &mut self,
        name: &str,
        begin: usize,
        args: impl Iterator<Item = &'w Word>,
        redirects: &[Redirect],
    ) {
        let name = named(name, begin);
        let words = std::iter::once(name).chain(args.map(|word| self.full(word))).collect();
        let redirects = redirects.iter().map(|redirect| self.redirection(redirect)).collect();
        self.keep(Detail { words, assigns: Vec::new(), redirects });
    }

    /// Keeps `export`, `declare` and similar commands in full. `begin` is the offset of the name.
    pub(super) fn declared_detail(&mut self, clause: &DeclClause, begin: usize, redirects: &[Redirect]) {
        let operand = |operand: &DeclOperand| match operand {
            DeclOperand::Flag(word) | DeclOperand::Dynamic(word) => self.full(word),
            DeclOperand::Name(name) => {
                let text = self.text.original(range(name.span)).to_owned();
                Arg { raw: text.clone(), text, span: range(name.span) }
            }
            DeclOperand::Assignment(assignment) => {
                let value = self.full_value(assignment);
                Arg {
                    text: format!("{}={}", assignment.target.name.as_str(), value.text),
                    raw: self.text.original(range(assignment.span)).to_owned(),
                    span: range(assignment.span),
                }
            }
        };
        let mut words = vec![named(clause.variant.as_str(), begin)];
        words.extend(clause.operands.iter().map(operand));
        let redirects = redirects.iter().map(|redirect| self.redirection(redirect)).collect();
        self.keep(Detail { words, assigns: Vec::new(), redirects });
    }

    /// Replaces the empty detail that was added with the last command.
    fn keep(&mut self, detail: Detail) {
        if let Some(last) = self.out.full.details.last_mut() {
            *last = detail;
        }
    }

    /// A word with its fixed text. A brace expansion, which can make several words of it, gets a leading expansion mark.
    fn full(&self, word: &Word) -> Arg {
        let mut text = String::new();
        self.fill(&word.parts, false, &mut text);
        let raw = self.raw(word.span);
        if word.has_active_brace_expansion() && !text.starts_with('-') {
            text.insert(0, HOLE);
        }
        Arg { text, raw, span: range(word.span) }
    }

    fn raw(&self, span: Span) -> String {
        self.text.original(range(span)).to_owned()
    }

    fn full_value(&self, assignment: &Assignment) -> Arg {
        match &assignment.value {
            AssignmentValue::Scalar(word) => {
                let mut text = String::new();
                self.fill(&word.parts, false, &mut text);
                Arg { text, raw: self.raw(word.span), span: range(word.span) }
            }
            AssignmentValue::Compound(array) => {
                Arg { text: HOLE.to_string(), raw: self.raw(array.span), span: range(array.span) }
            }
        }
    }

    /// Appends the fixed text of the parts, and an expansion mark for each part that is an expansion.
    fn fill(&self, parts: &[WordPartNode], quoted: bool, out: &mut String) {
        for part in parts {
            let one = std::slice::from_ref(part);
            if let WordPart::DoubleQuoted { parts, .. } = &part.kind {
                self.fill(parts, true, out);
                continue;
            }
            let len_before = out.len();
            if !self.fix(one, quoted, out) {
                out.truncate(len_before);
                out.push(HOLE);
            }
        }
    }

    /// A redirection with its target in full.
    pub(super) fn redirection(&self, redirect: &Redirect) -> Redirection {
        let (flow, target) = match &redirect.target {
            RedirectTarget::Heredoc(heredoc) => (Flow::Text, self.full_heredoc(heredoc)),
            RedirectTarget::Word(word) => {
                let target = self.full(word);
                (flow_of(redirect.kind, &target.text), target)
            }
        };
        Redirection { flow, fd: redirect.fd, target }
    }

    /// The body of a heredoc, with leading tabs removed for `<<-`.
    fn full_heredoc(&self, heredoc: &Heredoc) -> Arg {
        let mut text = String::new();
        for part in &heredoc.body.parts {
            match &part.kind {
                HeredocBodyPart::Literal(literal) => match literal {
                    LiteralText::Owned(owned) if self.source().get(range(part.span)) != Some(&**owned) => {
                        text.push_str(owned);
                    }
                    _ => text.push_str(self.text.original(range(part.span))),
                },
                _ => text.push(HOLE),
            }
        }
        if heredoc.delimiter.strip_tabs {
            text = text.lines().map(|line| line.trim_start_matches('\t')).collect::<Vec<_>>().join("\n");
        }
        Arg { raw: text.clone(), text, span: range(heredoc.body.span) }
    }
}

/// The kind of a redirection to or from a word. `>& 2` copies a descriptor, `>& file` writes a file.
fn flow_of(kind: RedirectKind, target: &str) -> Flow {
    let is_descriptor = !target.is_empty() && target.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    match kind {
        RedirectKind::Output | RedirectKind::Clobber | RedirectKind::OutputBoth => Flow::Over,
        RedirectKind::Append => Flow::Behind,
        RedirectKind::ReadWrite => Flow::Both,
        RedirectKind::HereString => Flow::Text,
        RedirectKind::DupOutput if !is_descriptor => Flow::Over,
        RedirectKind::DupOutput | RedirectKind::DupInput => Flow::Copy,
        RedirectKind::Input | RedirectKind::HereDoc | RedirectKind::HereDocStrip => Flow::From,
    }
}

/// A name that is not a word of the tree, as a word.
fn named(name: &str, begin: usize) -> Arg {
    Arg { text: name.to_owned(), raw: name.to_owned(), span: begin..begin + name.len() }
}
