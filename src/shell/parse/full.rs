//! Keeps the words of the first parser's tree in full: their fixed text, with a mark for each expansion.
//!
//! Invariant: a text without expansion marks is exactly what bash passes on. Refuses to know: the meaning of the words.

use super::shuck::{TreeWalk, span_range};
use crate::shell::simple_command::{CommandWord, DetailedCommand, EXPANSION_MARK, Redirection, RedirectionKind};
use shuck_ast::{
    Assignment, AssignmentValue, DeclClause, DeclOperand, Heredoc, HeredocBodyPart, LiteralText, Redirect,
    RedirectKind, RedirectTarget, Span, Word, WordPart, WordPartNode,
};

impl TreeWalk<'_> {
    /// Keeps the simple command that was pushed last in full.
    pub(super) fn keep_simple_in_full<'w>(
        &mut self,
        words: impl Iterator<Item = &'w Word>,
        assigns: &[Assignment],
        redirects: &[Redirect],
    ) {
        let words = words.map(|word| self.full_word(word)).collect();
        let assigns =
            assigns.iter().map(|assignment| (assignment.target.name.as_str().to_owned(), self.full_value(assignment)));
        let assigns = assigns.collect();
        let redirects = redirects.iter().map(|redirect| self.full_redirection(redirect)).collect();
        self.replace_last_detail(DetailedCommand { words, assignments: assigns, redirections: redirects });
    }

    /// Keeps a builtin in full whose name is not a word of the tree. `begin` is the offset of the name.
    pub(super) fn keep_builtin_in_full<'w>(
        &mut self,
        name: &str,
        begin: usize,
        args: impl Iterator<Item = &'w Word>,
        redirects: &[Redirect],
    ) {
        let name = name_as_word(name, begin);
        let words = std::iter::once(name).chain(args.map(|word| self.full_word(word))).collect();
        let redirects = redirects.iter().map(|redirect| self.full_redirection(redirect)).collect();
        self.replace_last_detail(DetailedCommand { words, assignments: Vec::new(), redirections: redirects });
    }

    /// Keeps `export`, `declare` and similar commands in full. `begin` is the offset of the name.
    pub(super) fn keep_declaration_in_full(&mut self, clause: &DeclClause, begin: usize, redirects: &[Redirect]) {
        let operand = |operand: &DeclOperand| match operand {
            DeclOperand::Flag(word) | DeclOperand::Dynamic(word) => self.full_word(word),
            DeclOperand::Name(name) => {
                let text = self.masked.original_slice(span_range(name.span)).to_owned();
                CommandWord { raw: text.clone(), text, span: span_range(name.span) }
            }
            DeclOperand::Assignment(assignment) => {
                let value = self.full_value(assignment);
                CommandWord {
                    text: format!("{}={}", assignment.target.name.as_str(), value.text),
                    raw: self.masked.original_slice(span_range(assignment.span)).to_owned(),
                    span: span_range(assignment.span),
                }
            }
        };
        let mut words = vec![name_as_word(clause.variant.as_str(), begin)];
        words.extend(clause.operands.iter().map(operand));
        let redirects = redirects.iter().map(|redirect| self.full_redirection(redirect)).collect();
        self.replace_last_detail(DetailedCommand { words, assignments: Vec::new(), redirections: redirects });
    }

    /// Replaces the empty detail that was added with the last command.
    fn replace_last_detail(&mut self, detail: DetailedCommand) {
        if let Some(last) = self.parsed.full_words.commands.last_mut() {
            *last = detail;
        }
    }

    /// A word with its fixed text. A brace expansion, which can make several words of it, gets a leading expansion mark.
    fn full_word(&self, word: &Word) -> CommandWord {
        let mut text = String::new();
        self.append_with_marks(&word.parts, false, &mut text);
        let raw = self.original_text(word.span);
        if word.has_active_brace_expansion() && !text.starts_with('-') {
            text.insert(0, EXPANSION_MARK);
        }
        CommandWord { text, raw, span: span_range(word.span) }
    }

    fn original_text(&self, span: Span) -> String {
        self.masked.original_slice(span_range(span)).to_owned()
    }

    fn full_value(&self, assignment: &Assignment) -> CommandWord {
        match &assignment.value {
            AssignmentValue::Scalar(word) => {
                let mut text = String::new();
                self.append_with_marks(&word.parts, false, &mut text);
                CommandWord { text, raw: self.original_text(word.span), span: span_range(word.span) }
            }
            AssignmentValue::Compound(array) => CommandWord {
                text: EXPANSION_MARK.to_string(),
                raw: self.original_text(array.span),
                span: span_range(array.span),
            },
        }
    }

    /// Appends the fixed text of the parts, and an expansion mark for each part that is an expansion.
    fn append_with_marks(&self, parts: &[WordPartNode], quoted: bool, out: &mut String) {
        for part in parts {
            let one = std::slice::from_ref(part);
            if let WordPart::DoubleQuoted { parts, .. } = &part.kind {
                self.append_with_marks(parts, true, out);
                continue;
            }
            let len_before = out.len();
            if !self.append_fixed_text(one, quoted, out) {
                out.truncate(len_before);
                out.push(EXPANSION_MARK);
            }
        }
    }

    /// A redirection with its target in full.
    pub(super) fn full_redirection(&self, redirect: &Redirect) -> Redirection {
        let (flow, target) = match &redirect.target {
            RedirectTarget::Heredoc(heredoc) => (RedirectionKind::HereText, self.full_heredoc(heredoc)),
            RedirectTarget::Word(word) => {
                let target = self.full_word(word);
                (redirection_kind(redirect.kind, &target.text), target)
            }
        };
        Redirection { kind: flow, fd: redirect.fd, target }
    }

    /// The body of a heredoc, with leading tabs removed for `<<-`.
    fn full_heredoc(&self, heredoc: &Heredoc) -> CommandWord {
        let mut text = String::new();
        for part in &heredoc.body.parts {
            match &part.kind {
                HeredocBodyPart::Literal(literal) => match literal {
                    LiteralText::Owned(owned) if self.masked_text().get(span_range(part.span)) != Some(&**owned) => {
                        text.push_str(owned);
                    }
                    _ => text.push_str(self.masked.original_slice(span_range(part.span))),
                },
                _ => text.push(EXPANSION_MARK),
            }
        }
        if heredoc.delimiter.strip_tabs {
            text = text.lines().map(|line| line.trim_start_matches('\t')).collect::<Vec<_>>().join("\n");
        }
        CommandWord { raw: text.clone(), text, span: span_range(heredoc.body.span) }
    }
}

/// The kind of a redirection to or from a word. `>& 2` copies a descriptor, `>& file` writes a file.
fn redirection_kind(kind: RedirectKind, target: &str) -> RedirectionKind {
    let is_descriptor = !target.is_empty() && target.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    match kind {
        RedirectKind::Output | RedirectKind::Clobber | RedirectKind::OutputBoth => RedirectionKind::Overwrite,
        RedirectKind::Append => RedirectionKind::Append,
        RedirectKind::ReadWrite => RedirectionKind::ReadWrite,
        RedirectKind::HereString => RedirectionKind::HereText,
        RedirectKind::DupOutput if !is_descriptor => RedirectionKind::Overwrite,
        RedirectKind::DupOutput | RedirectKind::DupInput => RedirectionKind::Duplicate,
        RedirectKind::Input | RedirectKind::HereDoc | RedirectKind::HereDocStrip => RedirectionKind::Read,
    }
}

/// A name that is not a word of the tree, as a word.
fn name_as_word(name: &str, begin: usize) -> CommandWord {
    CommandWord { text: name.to_owned(), raw: name.to_owned(), span: begin..begin + name.len() }
}
