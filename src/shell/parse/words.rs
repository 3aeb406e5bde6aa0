//! Words of the first parser's tree: their fixed text, the variables they read, the commands inside them.
//!
//! Invariant: a text is called fixed only if bash would produce exactly that text. Globs and a leading tilde stay as
//! written. Refuses to know: statements.

use super::reading::{CommandContext, VariableUse};
use super::shuck::{TreeWalk, span_range};
use shuck_ast::{
    ArithmeticExpr, ArithmeticExprNode, ArithmeticLvalue, ArrayElem, Assignment, AssignmentValue,
    BourneParameterExpansion, CommandSubstitutionSyntax, HeredocBody, HeredocBodyMode, HeredocBodyPart, LiteralText,
    ParameterExpansion, ParameterExpansionSyntax, ParameterOp, Pattern, PatternPart, Span, StmtSeq, VarRef, Word,
    WordPart, WordPartNode,
};

impl TreeWalk<'_> {
    /// The text of a word after quote removal, if it contains no expansion. Placeholders stay as written.
    pub(crate) fn fixed_text(&self, word: &Word) -> Option<String> {
        if word.has_active_brace_expansion() {
            return None;
        }
        let mut out = String::new();
        self.append_fixed_text(&word.parts, false, &mut out).then_some(out)
    }

    /// The text of `NAME=value` as one word, if the value contains no expansion.
    pub(super) fn fixed_assignment_text(&self, assignment: &Assignment) -> Option<String> {
        let AssignmentValue::Scalar(value) = &assignment.value else { return None };
        let name = self.masked.original_slice(span_range(assignment.target.span).start..value.span.start.offset());
        Some(format!("{name}{}", self.fixed_text(value)?))
    }

    /// Appends the text of the parts after quote removal. Returns false if a part is an expansion.
    pub(super) fn append_fixed_text(&self, parts: &[WordPartNode], quoted: bool, out: &mut String) -> bool {
        parts.iter().all(|part| match &part.kind {
            WordPart::Literal(text) => {
                let span = span_range(part.span);
                match text {
                    // The offsets of a nested tree may be wrong. Only then the text stored in the tree is used.
                    LiteralText::Owned(text) if self.masked_text().get(span.clone()) != Some(&**text) => {
                        out.push_str(text);
                    }
                    _ => append_unescaped(self.masked.original_slice(span), quoted, out),
                }
                true
            }
            WordPart::SingleQuoted { value, dollar } => {
                let span = span_range(value.span());
                let text = if value.is_source_backed() {
                    self.masked.original_slice(span)
                } else {
                    value.slice(self.masked_text())
                };
                out.push_str(text);
                !dollar || !text.contains('\\')
            }
            WordPart::DoubleQuoted { parts, .. } => self.append_fixed_text(parts, true, out),
            _ => false,
        })
    }

    /// Walks a word whose parts the second parser sees too.
    pub(super) fn walk_word(&mut self, word: &Word) {
        self.walk_parts(&word.parts, false);
    }

    /// Walks a word that the second parser keeps as text.
    pub(super) fn walk_inner_word(&mut self, word: &Word) {
        self.without_word_counts(|walk| walk.walk_word(word));
    }

    fn walk_parts(&mut self, parts: &[WordPartNode], quoted: bool) {
        for part in parts {
            self.walk_part(part, quoted);
        }
    }

    fn walk_part(&mut self, part: &WordPartNode, quoted: bool) {
        match &part.kind {
            WordPart::Literal(_) if quoted => {}
            WordPart::Literal(_) => self.check_literal(part.span),
            WordPart::SingleQuoted { .. } => self.parsed.extent.inert_ranges.push(span_range(part.span)),
            WordPart::PrefixMatch { .. } => {}
            WordPart::DoubleQuoted { parts, .. } => self.walk_parts(parts, true),
            WordPart::Variable(name) => self.record_read(name.as_str(), false),
            WordPart::CommandSubstitution { body, syntax } => self.walk_substitution(body, *syntax, part.span),
            WordPart::ProcessSubstitution { body, .. } => self.walk_inner_commands(body, part.span),
            WordPart::ArithmeticExpansion { expression_ast, expression_word_ast, .. } => {
                self.parsed.extent.expansion_offsets.push(part.span.start.offset());
                match expression_ast {
                    Some(expression) => self.walk_arithmetic(Some(expression)),
                    None => self.walk_unsplit_word(expression_word_ast),
                }
            }
            WordPart::Parameter(parameter) => self.walk_parameter(parameter),
            WordPart::ParameterExpansion { reference, operator, operand_word_ast, .. } => {
                self.walk_operation(reference, operator, operand_word_ast.as_deref());
            }
            WordPart::Length(reference)
            | WordPart::ArrayAccess(reference)
            | WordPart::ArrayLength(reference)
            | WordPart::ArrayIndices(reference)
            | WordPart::Transformation { reference, .. } => self.walk_reference(reference, false),
            WordPart::Substring { reference, offset_word_ast, length_word_ast, .. }
            | WordPart::ArraySlice { reference, offset_word_ast, length_word_ast, .. } => {
                self.walk_reference(reference, false);
                self.walk_unsplit_word(offset_word_ast);
                if let Some(word) = length_word_ast {
                    self.walk_unsplit_word(word);
                }
            }
            WordPart::IndirectExpansion { reference, operand_word_ast, .. } => {
                self.walk_reference(reference, false);
                if let Some(word) = operand_word_ast {
                    self.walk_unsplit_word(word);
                }
            }
            // Bash has no such glob and may read commands in it.
            WordPart::ZshQualifiedGlob(_) => self.parsed.suspect_span = Some(span_range(part.span)),
        }
    }

    /// Checks that an unquoted stretch contains no character that ends a word in bash.
    fn check_literal(&mut self, span: Span) {
        if self.parsed.suspect_span.is_some() {
            return;
        }
        let mut escaped = false;
        for byte in span.slice(self.masked_text()).bytes() {
            if escaped {
                escaped = false;
            } else if byte == b'\\' {
                escaped = true;
            } else if matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>') {
                self.parsed.suspect_span = Some(span_range(span));
                return;
            }
        }
    }

    /// Walks the commands in `$( )` or backticks.
    fn walk_substitution(&mut self, body: &StmtSeq, syntax: CommandSubstitutionSyntax, span: Span) {
        self.parsed.extent.expansion_offsets.push(span.start.offset());
        if syntax == CommandSubstitutionSyntax::Backtick {
            self.parsed.extent.expansion_offsets.push(span.end.offset().saturating_sub(1));
            // Bash removes backslashes before it parses the content of backticks. The parsers do not.
            if span.slice(self.masked_text()).contains('\\') {
                self.parsed.suspect_span.get_or_insert(span_range(span));
            }
        }
        self.walk_inner_commands(body, span);
    }

    /// Walks the commands in a substitution. The parser returns an empty one without an error if it cannot parse the content.
    fn walk_inner_commands(&mut self, body: &StmtSeq, span: Span) {
        let text = span.slice(self.masked_text());
        let is_unparsed = body.stmts.is_empty() && !text.trim_matches(['$', '<', '>', '(', ')', '`']).trim().is_empty();
        if is_unparsed {
            self.parsed.suspect_span.get_or_insert(span_range(span));
        }
        let change = |context: &mut CommandContext| {
            context.in_session = false;
            context.pipeline_position = None;
        };
        self.with_context(change, |walk| walk.walk_sequence(body));
    }

    /// Walks a word whose blanks do not separate words: an operand or an expression.
    fn walk_unsplit_word(&mut self, word: &Word) {
        self.without_word_counts(|walk| walk.walk_parts(&word.parts, true));
    }

    fn walk_parameter(&mut self, parameter: &ParameterExpansion) {
        let ParameterExpansionSyntax::Bourne(bourne) = &parameter.syntax else {
            self.parsed.suspect_span.get_or_insert(span_range(parameter.span));
            return;
        };
        match bourne {
            BourneParameterExpansion::Access { reference }
            | BourneParameterExpansion::Length { reference }
            | BourneParameterExpansion::Indices { reference }
            | BourneParameterExpansion::Indirect { reference, .. }
            | BourneParameterExpansion::Slice { reference, .. }
            | BourneParameterExpansion::Transformation { reference, .. } => self.walk_reference(reference, false),
            BourneParameterExpansion::PrefixMatch { .. } => {}
            BourneParameterExpansion::Operation { reference, operator, operand_word_ast, .. } => {
                self.walk_operation(reference, operator, operand_word_ast.as_deref());
            }
        }
        let inner = [bourne.operand_word_ast(), bourne.offset_word_ast(), bourne.length_word_ast()];
        if !matches!(bourne, BourneParameterExpansion::Operation { .. }) {
            for word in inner.into_iter().flatten() {
                self.walk_unsplit_word(word);
            }
        }
    }

    /// Walks an expansion with an operator, such as `${x:-y}` or `${x%y}`.
    fn walk_operation(&mut self, reference: &VarRef, operator: &ParameterOp, operand: Option<&Word>) {
        let has_default = matches!(
            operator,
            ParameterOp::UseDefault | ParameterOp::AssignDefault | ParameterOp::UseReplacement | ParameterOp::Error
        );
        self.walk_reference(reference, has_default);
        if let Some(word) = operand {
            self.walk_unsplit_word(word);
        }
        match operator {
            ParameterOp::RemovePrefixShort { pattern }
            | ParameterOp::RemovePrefixLong { pattern }
            | ParameterOp::RemoveSuffixShort { pattern }
            | ParameterOp::RemoveSuffixLong { pattern } => self.walk_pattern(pattern),
            ParameterOp::ReplaceFirst { pattern, replacement_word_ast, .. }
            | ParameterOp::ReplaceAll { pattern, replacement_word_ast, .. } => {
                self.walk_pattern(pattern);
                self.walk_unsplit_word(replacement_word_ast);
            }
            _ => {}
        }
        if matches!(operator, ParameterOp::AssignDefault) {
            self.record_set(reference.name.as_str(), None, span_range(reference.span));
        }
    }

    fn walk_reference(&mut self, reference: &VarRef, has_default: bool) {
        self.record_read(reference.name.as_str(), has_default);
        self.walk_subscript(reference);
    }

    pub(super) fn walk_subscript(&mut self, reference: &VarRef) {
        if let Some(word) = reference.subscript.as_ref().and_then(|subscript| subscript.word_ast.as_ref()) {
            self.walk_unsplit_word(word);
        }
    }

    /// Records that a variable is read. Positional and special parameters are left out.
    fn record_read(&mut self, name: &str, has_default: bool) {
        let is_variable = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name != "_";
        if is_variable {
            self.parsed.variable_uses.push(VariableUse::Read { name: name.to_owned(), has_default });
        }
    }

    pub(super) fn walk_pattern(&mut self, pattern: &Pattern) {
        for part in &pattern.parts {
            match &part.kind {
                PatternPart::Word(word) => self.walk_unsplit_word(word),
                PatternPart::Group { patterns, .. } => patterns.iter().for_each(|pattern| self.walk_pattern(pattern)),
                PatternPart::Literal(_) | PatternPart::AnyString | PatternPart::AnyChar | PatternPart::CharClass(_) => {
                }
            }
        }
    }

    pub(super) fn walk_heredoc(&mut self, body: &HeredocBody) {
        if body.mode == HeredocBodyMode::Literal {
            self.parsed.extent.inert_ranges.push(span_range(body.span));
        }
        for part in &body.parts {
            match &part.kind {
                HeredocBodyPart::Literal(_) => {}
                HeredocBodyPart::Variable(name) => self.record_read(name.as_str(), false),
                HeredocBodyPart::CommandSubstitution { body, syntax } => {
                    self.walk_substitution(body, *syntax, part.span);
                }
                HeredocBodyPart::ArithmeticExpansion { expression_ast, .. } => {
                    self.parsed.extent.expansion_offsets.push(part.span.start.offset());
                    self.walk_arithmetic(expression_ast.as_deref());
                }
                HeredocBodyPart::Parameter(parameter) => self.walk_parameter(parameter),
            }
        }
    }

    pub(super) fn walk_value(&mut self, value: &AssignmentValue) {
        match value {
            AssignmentValue::Scalar(word) => self.walk_word(word),
            AssignmentValue::Compound(array) => {
                for element in &array.elements {
                    if let ArrayElem::Keyed { key, .. } | ArrayElem::KeyedAppend { key, .. } = element
                        && let Some(word) = &key.word_ast
                    {
                        self.walk_unsplit_word(word);
                    }
                    self.walk_inner_word(element.value());
                }
            }
        }
    }

    /// Records the assignment of a variable. `NAME+=value` reads the variable first.
    pub(super) fn record_assignment(&mut self, assignment: &Assignment) {
        let (literal, span) = match &assignment.value {
            AssignmentValue::Scalar(word) => {
                (self.fixed_value_text(word).filter(|_| !assignment.append), span_range(word.span))
            }
            AssignmentValue::Compound(array) => (None, span_range(array.span)),
        };
        let literal = literal.filter(|_| assignment.target.subscript.is_none());
        self.walk_subscript(&assignment.target);
        if assignment.append {
            self.record_read(assignment.target.name.as_str(), true);
        }
        self.record_set(assignment.target.name.as_str(), literal, span);
    }

    /// The text of an assigned value, if no expansion makes it. Bash expands tildes there, but not braces.
    fn fixed_value_text(&self, word: &Word) -> Option<String> {
        let source = self.masked_text().get(span_range(word.span)).unwrap_or("");
        if source.starts_with('~') || source.contains(":~") {
            return None;
        }
        let mut out = String::new();
        self.append_fixed_text(&word.parts, false, &mut out).then_some(out)
    }

    pub(super) fn walk_arithmetic(&mut self, expression: Option<&ArithmeticExprNode>) {
        // Long chains lean to the left, so nodes wait in a list, not on the stack.
        let mut pending = expression.into_iter().collect::<Vec<_>>();
        while let Some(node) = pending.pop() {
            match &node.kind {
                ArithmeticExpr::Number(_) | ArithmeticExpr::Variable(_) => {}
                ArithmeticExpr::Indexed { index, .. } => pending.push(index),
                ArithmeticExpr::ShellWord(word) => self.walk_unsplit_word(word),
                ArithmeticExpr::Parenthesized { expression } => pending.push(expression),
                ArithmeticExpr::Unary { expr, .. } | ArithmeticExpr::Postfix { expr, .. } => pending.push(expr),
                ArithmeticExpr::Binary { left: a, right: b, .. } => pending.extend([&**b, &**a]),
                ArithmeticExpr::Conditional { condition, then_expr, else_expr } => {
                    pending.extend([&**else_expr, &**then_expr, &**condition]);
                }
                ArithmeticExpr::Assignment { target, value, .. } => {
                    match target {
                        ArithmeticLvalue::Variable(name) => self.record_set(name.as_str(), None, span_range(node.span)),
                        ArithmeticLvalue::Indexed { index, .. } => pending.push(index),
                    }
                    pending.push(value);
                }
            }
        }
    }
}

/// Appends a text without its escaping backslashes. In double quotes, only those before `$`, a backtick, `"` or `\` escape.
fn append_unescaped(text: &str, quoted: bool, out: &mut String) {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('\n') => {}
            Some(next) => {
                if quoted && !matches!(next, '$' | '`' | '"' | '\\') {
                    out.push('\\');
                }
                out.push(next);
            }
            None => out.push('\\'),
        }
    }
}
