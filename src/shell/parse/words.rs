//! Words of the first parser's tree: their fixed text, the variables they read, the commands inside them.
//!
//! Invariant: a text is called fixed only if bash would produce exactly that text. Globs and a leading tilde stay as
//! written. Refuses to know: statements.

use super::reading::{Place, Variable};
use super::shuck::{Walk, range};
use shuck_ast::{
    ArithmeticExpr, ArithmeticExprNode, ArithmeticLvalue, ArrayElem, Assignment, AssignmentValue,
    BourneParameterExpansion, CommandSubstitutionSyntax, HeredocBody, HeredocBodyMode, HeredocBodyPart, LiteralText,
    ParameterExpansion, ParameterExpansionSyntax, ParameterOp, Pattern, PatternPart, Span, StmtSeq, VarRef, Word,
    WordPart, WordPartNode,
};

impl Walk<'_> {
    /// The text of a word after quote removal, if it contains no expansion. Placeholders stay as written.
    pub(crate) fn fixed(&self, word: &Word) -> Option<String> {
        if word.has_active_brace_expansion() {
            return None;
        }
        let mut out = String::new();
        self.fix(&word.parts, false, &mut out).then_some(out)
    }

    /// The text of `NAME=value` as one word, if the value contains no expansion.
    pub(super) fn fixed_assignment(&self, assignment: &Assignment) -> Option<String> {
        let AssignmentValue::Scalar(value) = &assignment.value else { return None };
        let name = self.text.original(range(assignment.target.span).start..value.span.start.offset());
        Some(format!("{name}{}", self.fixed(value)?))
    }

    /// Appends the text of the parts after quote removal. Returns false if a part is an expansion.
    pub(super) fn fix(&self, parts: &[WordPartNode], quoted: bool, out: &mut String) -> bool {
        parts.iter().all(|part| match &part.kind {
            WordPart::Literal(text) => {
                let span = range(part.span);
                match text {
                    // The offsets of a nested tree may be wrong. Only then the text stored in the tree is used.
                    LiteralText::Owned(text) if self.source().get(span.clone()) != Some(&**text) => {
                        out.push_str(text);
                    }
                    _ => unescape(self.text.original(span), quoted, out),
                }
                true
            }
            WordPart::SingleQuoted { value, dollar } => {
                let span = range(value.span());
                let text = if value.is_source_backed() { self.text.original(span) } else { value.slice(self.source()) };
                out.push_str(text);
                !dollar || !text.contains('\\')
            }
            WordPart::DoubleQuoted { parts, .. } => self.fix(parts, true, out),
            _ => false,
        })
    }

    /// Walks a word whose parts the second parser sees too.
    pub(super) fn word(&mut self, word: &Word) {
        self.parts(&word.parts, false);
    }

    /// Walks a word that the second parser keeps as text.
    pub(super) fn inner_word(&mut self, word: &Word) {
        self.incomparable(|walk| walk.word(word));
    }

    fn parts(&mut self, parts: &[WordPartNode], quoted: bool) {
        for part in parts {
            self.part(part, quoted);
        }
    }

    fn part(&mut self, part: &WordPartNode, quoted: bool) {
        match &part.kind {
            WordPart::Literal(_) if quoted => {}
            WordPart::Literal(_) => self.literal(part.span),
            WordPart::SingleQuoted { .. } => self.out.extent.inert.push(range(part.span)),
            WordPart::PrefixMatch { .. } => {}
            WordPart::DoubleQuoted { parts, .. } => self.parts(parts, true),
            WordPart::Variable(name) => self.read(name.as_str(), false),
            WordPart::CommandSubstitution { body, syntax } => self.substitution(body, *syntax, part.span),
            WordPart::ProcessSubstitution { body, .. } => self.inside(body, part.span),
            WordPart::ArithmeticExpansion { expression_ast, expression_word_ast, .. } => {
                self.out.extent.expanded.push(part.span.start.offset());
                match expression_ast {
                    Some(expression) => self.arithmetic(Some(expression)),
                    None => self.quoted_word(expression_word_ast),
                }
            }
            WordPart::Parameter(parameter) => self.parameter(parameter),
            WordPart::ParameterExpansion { reference, operator, operand_word_ast, .. } => {
                self.operation(reference, operator, operand_word_ast.as_deref());
            }
            WordPart::Length(reference)
            | WordPart::ArrayAccess(reference)
            | WordPart::ArrayLength(reference)
            | WordPart::ArrayIndices(reference)
            | WordPart::Transformation { reference, .. } => self.reference(reference, false),
            WordPart::Substring { reference, offset_word_ast, length_word_ast, .. }
            | WordPart::ArraySlice { reference, offset_word_ast, length_word_ast, .. } => {
                self.reference(reference, false);
                self.quoted_word(offset_word_ast);
                if let Some(word) = length_word_ast {
                    self.quoted_word(word);
                }
            }
            WordPart::IndirectExpansion { reference, operand_word_ast, .. } => {
                self.reference(reference, false);
                if let Some(word) = operand_word_ast {
                    self.quoted_word(word);
                }
            }
            // Bash has no such glob and may read commands in it.
            WordPart::ZshQualifiedGlob(_) => self.out.hides = Some(range(part.span)),
        }
    }

    /// Checks that an unquoted stretch contains no character that ends a word in bash.
    fn literal(&mut self, span: Span) {
        if self.out.hides.is_some() {
            return;
        }
        let mut escaped = false;
        for byte in span.slice(self.source()).bytes() {
            if escaped {
                escaped = false;
            } else if byte == b'\\' {
                escaped = true;
            } else if matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>') {
                self.out.hides = Some(range(span));
                return;
            }
        }
    }

    /// Walks the commands in `$( )` or backticks.
    fn substitution(&mut self, body: &StmtSeq, syntax: CommandSubstitutionSyntax, span: Span) {
        self.out.extent.expanded.push(span.start.offset());
        if syntax == CommandSubstitutionSyntax::Backtick {
            self.out.extent.expanded.push(span.end.offset().saturating_sub(1));
            // Bash removes backslashes before it parses the content of backticks. The parsers do not.
            if span.slice(self.source()).contains('\\') {
                self.out.hides.get_or_insert(range(span));
            }
        }
        self.inside(body, span);
    }

    /// Walks the commands in a substitution. The parser returns an empty one without an error if it cannot parse the content.
    fn inside(&mut self, body: &StmtSeq, span: Span) {
        let text = span.slice(self.source());
        let is_unparsed = body.stmts.is_empty() && !text.trim_matches(['$', '<', '>', '(', ')', '`']).trim().is_empty();
        if is_unparsed {
            self.out.hides.get_or_insert(range(span));
        }
        let change = |context: &mut Place| {
            context.in_session = false;
            context.seat = None;
        };
        self.placed(change, |walk| walk.sequence(body));
    }

    /// Walks a word whose blanks do not separate words: an operand or an expression.
    fn quoted_word(&mut self, word: &Word) {
        self.incomparable(|walk| walk.parts(&word.parts, true));
    }

    fn parameter(&mut self, parameter: &ParameterExpansion) {
        let ParameterExpansionSyntax::Bourne(bourne) = &parameter.syntax else {
            self.out.hides.get_or_insert(range(parameter.span));
            return;
        };
        match bourne {
            BourneParameterExpansion::Access { reference }
            | BourneParameterExpansion::Length { reference }
            | BourneParameterExpansion::Indices { reference }
            | BourneParameterExpansion::Indirect { reference, .. }
            | BourneParameterExpansion::Slice { reference, .. }
            | BourneParameterExpansion::Transformation { reference, .. } => self.reference(reference, false),
            BourneParameterExpansion::PrefixMatch { .. } => {}
            BourneParameterExpansion::Operation { reference, operator, operand_word_ast, .. } => {
                self.operation(reference, operator, operand_word_ast.as_deref());
            }
        }
        let inner = [bourne.operand_word_ast(), bourne.offset_word_ast(), bourne.length_word_ast()];
        if !matches!(bourne, BourneParameterExpansion::Operation { .. }) {
            for word in inner.into_iter().flatten() {
                self.quoted_word(word);
            }
        }
    }

    /// Walks an expansion with an operator, such as `${x:-y}` or `${x%y}`.
    fn operation(&mut self, reference: &VarRef, operator: &ParameterOp, operand: Option<&Word>) {
        let has_default = matches!(
            operator,
            ParameterOp::UseDefault | ParameterOp::AssignDefault | ParameterOp::UseReplacement | ParameterOp::Error
        );
        self.reference(reference, has_default);
        if let Some(word) = operand {
            self.quoted_word(word);
        }
        match operator {
            ParameterOp::RemovePrefixShort { pattern }
            | ParameterOp::RemovePrefixLong { pattern }
            | ParameterOp::RemoveSuffixShort { pattern }
            | ParameterOp::RemoveSuffixLong { pattern } => self.pattern(pattern),
            ParameterOp::ReplaceFirst { pattern, replacement_word_ast, .. }
            | ParameterOp::ReplaceAll { pattern, replacement_word_ast, .. } => {
                self.pattern(pattern);
                self.quoted_word(replacement_word_ast);
            }
            _ => {}
        }
        if matches!(operator, ParameterOp::AssignDefault) {
            self.set(reference.name.as_str(), None, range(reference.span));
        }
    }

    fn reference(&mut self, reference: &VarRef, has_default: bool) {
        self.read(reference.name.as_str(), has_default);
        self.subscript(reference);
    }

    pub(super) fn subscript(&mut self, reference: &VarRef) {
        if let Some(word) = reference.subscript.as_ref().and_then(|subscript| subscript.word_ast.as_ref()) {
            self.quoted_word(word);
        }
    }

    /// Records that a variable is read. Positional and special parameters are left out.
    fn read(&mut self, name: &str, has_default: bool) {
        let is_variable = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name != "_";
        if is_variable {
            self.out.variables.push(Variable::Read { name: name.to_owned(), has_default });
        }
    }

    pub(super) fn pattern(&mut self, pattern: &Pattern) {
        for part in &pattern.parts {
            match &part.kind {
                PatternPart::Word(word) => self.quoted_word(word),
                PatternPart::Group { patterns, .. } => patterns.iter().for_each(|pattern| self.pattern(pattern)),
                PatternPart::Literal(_) | PatternPart::AnyString | PatternPart::AnyChar | PatternPart::CharClass(_) => {
                }
            }
        }
    }

    pub(super) fn heredoc(&mut self, body: &HeredocBody) {
        if body.mode == HeredocBodyMode::Literal {
            self.out.extent.inert.push(range(body.span));
        }
        for part in &body.parts {
            match &part.kind {
                HeredocBodyPart::Literal(_) => {}
                HeredocBodyPart::Variable(name) => self.read(name.as_str(), false),
                HeredocBodyPart::CommandSubstitution { body, syntax } => {
                    self.substitution(body, *syntax, part.span);
                }
                HeredocBodyPart::ArithmeticExpansion { expression_ast, .. } => {
                    self.out.extent.expanded.push(part.span.start.offset());
                    self.arithmetic(expression_ast.as_deref());
                }
                HeredocBodyPart::Parameter(parameter) => self.parameter(parameter),
            }
        }
    }

    pub(super) fn value(&mut self, value: &AssignmentValue) {
        match value {
            AssignmentValue::Scalar(word) => self.word(word),
            AssignmentValue::Compound(array) => {
                for element in &array.elements {
                    if let ArrayElem::Keyed { key, .. } | ArrayElem::KeyedAppend { key, .. } = element
                        && let Some(word) = &key.word_ast
                    {
                        self.quoted_word(word);
                    }
                    self.inner_word(element.value());
                }
            }
        }
    }

    /// Records the assignment of a variable. `NAME+=value` reads the variable first.
    pub(super) fn assign(&mut self, assignment: &Assignment) {
        let (literal, span) = match &assignment.value {
            AssignmentValue::Scalar(word) => (self.assigned(word).filter(|_| !assignment.append), range(word.span)),
            AssignmentValue::Compound(array) => (None, range(array.span)),
        };
        let literal = literal.filter(|_| assignment.target.subscript.is_none());
        self.subscript(&assignment.target);
        if assignment.append {
            self.read(assignment.target.name.as_str(), true);
        }
        self.set(assignment.target.name.as_str(), literal, span);
    }

    /// The text of an assigned value, if no expansion makes it. Bash expands tildes there, but not braces.
    fn assigned(&self, word: &Word) -> Option<String> {
        let source = self.source().get(range(word.span)).unwrap_or("");
        if source.starts_with('~') || source.contains(":~") {
            return None;
        }
        let mut out = String::new();
        self.fix(&word.parts, false, &mut out).then_some(out)
    }

    pub(super) fn arithmetic(&mut self, expression: Option<&ArithmeticExprNode>) {
        // Long chains lean to the left, so nodes wait in a list, not on the stack.
        let mut pending = expression.into_iter().collect::<Vec<_>>();
        while let Some(node) = pending.pop() {
            match &node.kind {
                ArithmeticExpr::Number(_) | ArithmeticExpr::Variable(_) => {}
                ArithmeticExpr::Indexed { index, .. } => pending.push(index),
                ArithmeticExpr::ShellWord(word) => self.quoted_word(word),
                ArithmeticExpr::Parenthesized { expression } => pending.push(expression),
                ArithmeticExpr::Unary { expr, .. } | ArithmeticExpr::Postfix { expr, .. } => pending.push(expr),
                ArithmeticExpr::Binary { left: a, right: b, .. } => pending.extend([&**b, &**a]),
                ArithmeticExpr::Conditional { condition, then_expr, else_expr } => {
                    pending.extend([&**else_expr, &**then_expr, &**condition]);
                }
                ArithmeticExpr::Assignment { target, value, .. } => {
                    match target {
                        ArithmeticLvalue::Variable(name) => self.set(name.as_str(), None, range(node.span)),
                        ArithmeticLvalue::Indexed { index, .. } => pending.push(index),
                    }
                    pending.push(value);
                }
            }
        }
    }
}

/// Appends a text without its escaping backslashes. In double quotes, only those before `$`, a backtick, `"` or `\` escape.
fn unescape(text: &str, quoted: bool, out: &mut String) {
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
