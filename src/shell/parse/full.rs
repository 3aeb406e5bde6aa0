//! Words of the first parser's tree in full: what stands fixed in them, and a hole for each expansion.
//!
//! Invariant: a text without holes is what bash gives. Refuses to know: what the words mean.

use super::shuck::{Walk, range};
use crate::shell::simple_command::{Arg, Detail, Flow, HOLE, Redirection};
use shuck_ast::{
    Assignment, AssignmentValue, DeclClause, DeclOperand, HeredocBodyPart, LiteralText, Redirect, RedirectKind,
    RedirectTarget, Span, Word, WordPart, WordPartNode,
};

impl Walk<'_> {
    /// Keeps a simple command in full, at the place it was just pushed to.
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

    /// The same for a builtin whose name is no word of the tree.
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

    /// The same for `export`, `declare` and the like.
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

    fn keep(&mut self, detail: Detail) {
        if let Some(last) = self.out.full.details.last_mut() {
            *last = detail;
        }
    }

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

    fn fill(&self, parts: &[WordPartNode], quoted: bool, out: &mut String) {
        for part in parts {
            let one = std::slice::from_ref(part);
            if let WordPart::DoubleQuoted { parts, .. } = &part.kind {
                self.fill(parts, true, out);
                continue;
            }
            let before = out.len();
            if !self.fix(one, quoted, out) {
                out.truncate(before);
                out.push(HOLE);
            }
        }
    }

    /// A redirection in full.
    pub(super) fn redirection(&self, redirect: &Redirect) -> Redirection {
        let (flow, target) = match &redirect.target {
            RedirectTarget::Heredoc(heredoc) => {
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
                (Flow::Text, Arg { raw: text.clone(), text, span: range(heredoc.body.span) })
            }
            RedirectTarget::Word(word) => {
                let target = self.full(word);
                let descriptor =
                    !target.text.is_empty() && target.text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
                let flow = match redirect.kind {
                    RedirectKind::Output | RedirectKind::Clobber | RedirectKind::OutputBoth => Flow::Over,
                    RedirectKind::Append => Flow::Behind,
                    RedirectKind::ReadWrite => Flow::Both,
                    RedirectKind::HereString => Flow::Text,
                    RedirectKind::DupOutput if !descriptor => Flow::Over,
                    RedirectKind::DupOutput | RedirectKind::DupInput => Flow::Copy,
                    RedirectKind::Input | RedirectKind::HereDoc | RedirectKind::HereDocStrip => Flow::From,
                };
                (flow, target)
            }
        };
        Redirection { flow, fd: redirect.fd, target }
    }
}

fn named(name: &str, begin: usize) -> Arg {
    Arg { text: name.to_owned(), raw: name.to_owned(), span: begin..begin + name.len() }
}
