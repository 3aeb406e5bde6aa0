//! Cuts shell text into tokens for highlighting.
//!
//! Invariant: lexical, total and linear. The tokens of any text are in order and do not overlap. A wrong guess only colours
//! a word wrongly; it never changes a command that runs. Refuses to know: colours, and if the text is shell at all.

use super::parse::masking::MaskedText;
use super::{HighlightToken, TokenClass};
use std::ops::Range;

/// Words highlighted as keywords at the start of a command.
const SHELL_KEYWORDS: &[&str] = &[
    "!", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select", "then",
    "time", "until", "while", "{", "}", "[[", "]]",
];
/// Programs that run another program named after them.
const PREFIX_PROGRAMS: &[&str] = &["sudo", "doas", "nohup", "command", "exec", "builtin", "env", "nice", "xargs"];
/// How many bytes are searched for the end of a word or an expansion.
const MAX_LOOKAHEAD_BYTES: usize = 512;

/// The tokens of a text, in order. Text without a class, such as plain arguments, has no token.
pub fn highlight_tokens(text: &str) -> Vec<HighlightToken> {
    let masked = MaskedText::new(text);
    let mut lexer = HighlightLexer {
        bytes: text.as_bytes(),
        placeholders: masked.placeholder_spans().collect(),
        placeholder_index: 0,
        offset: 0,
        tokens: Vec::new(),
        expected: ExpectedWord::Program,
        open_parens: Vec::new(),
        pending_heredocs: Vec::new(),
    };
    while lexer.offset < lexer.bytes.len() {
        lexer.lex_next();
    }
    lexer.tokens.retain(|token| text.get(token.span.clone()).is_some_and(|stretch| !stretch.is_empty()));
    lexer.tokens
}

/// The role that the next word plays in its command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ExpectedWord {
    Program,
    Argument,
    /// A word after a redirection operator or an option. Then a program may still follow.
    Target {
        then_program: bool,
    },
}

struct HighlightLexer<'a> {
    bytes: &'a [u8],
    /// Placeholders in the text, in order.
    placeholders: Vec<Range<usize>>,
    /// Index of the first placeholder that may still lie ahead.
    placeholder_index: usize,
    /// Offset of the next byte to read.
    offset: usize,
    tokens: Vec<HighlightToken>,
    expected: ExpectedWord,
    /// Open parentheses, outermost first: true for one that opened a substitution.
    open_parens: Vec<bool>,
    /// Delimiters of the heredocs whose bodies begin on the next line.
    pending_heredocs: Vec<Vec<u8>>,
}

impl HighlightLexer<'_> {
    fn peek_byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.offset + ahead).copied().unwrap_or(0)
    }

    fn rest_starts_with(&self, prefix: &[u8]) -> bool {
        self.bytes.get(self.offset..).is_some_and(|rest| rest.starts_with(prefix))
    }

    /// Emits the next `len` bytes as tokens of a class, except that placeholders become tokens of their own.
    fn emit_bytes(&mut self, len: usize, class: TokenClass) {
        let end = (self.offset + len).min(self.bytes.len());
        while self.offset < end {
            let placeholder = self.next_placeholder().filter(|placeholder| placeholder.start < end);
            match placeholder {
                Some(placeholder) if placeholder.start <= self.offset => {
                    self.push_token(self.offset..placeholder.end, TokenClass::Placeholder);
                    self.offset = placeholder.end;
                }
                Some(placeholder) => {
                    self.push_token(self.offset..placeholder.start, class);
                    self.offset = placeholder.start;
                }
                None => {
                    self.push_token(self.offset..end, class);
                    self.offset = end;
                }
            }
        }
    }

    /// The first placeholder that ends after the current offset.
    fn next_placeholder(&mut self) -> Option<Range<usize>> {
        while self.placeholders.get(self.placeholder_index).is_some_and(|placeholder| placeholder.end <= self.offset) {
            self.placeholder_index += 1;
        }
        self.placeholders.get(self.placeholder_index).cloned()
    }

    fn push_token(&mut self, span: Range<usize>, class: TokenClass) {
        self.tokens.push(HighlightToken { span, class });
    }

    fn lex_next(&mut self) {
        if self.next_placeholder().is_some_and(|placeholder| placeholder.start <= self.offset) {
            return self.lex_word();
        }
        match self.peek_byte(0) {
            b'\n' => {
                self.offset += 1;
                self.expected = ExpectedWord::Program;
                self.lex_heredoc_bodies();
            }
            b' ' | b'\t' | b'\r' => self.offset += 1,
            b'\\' if self.peek_byte(1) == b'\n' => self.offset += 2,
            b'#' => {
                let end = self.line_end(self.offset);
                self.push_token(self.offset..end, TokenClass::Comment);
                self.offset = end;
            }
            b'|' | b'&' | b';' | b'(' | b')' => self.lex_control_operator(),
            b'<' | b'>' => self.lex_redirection(),
            _ => self.lex_word(),
        }
    }

    /// Offset of the next newline at or after `from`, or the end of the text.
    fn line_end(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or(&[]);
        rest.iter().position(|&b| b == b'\n').map_or(self.bytes.len(), |len| from + len)
    }

    fn lex_control_operator(&mut self) {
        let class = match self.peek_byte(0) {
            b'(' => {
                self.open_parens.push(false);
                TokenClass::Operator
            }
            b')' if self.open_parens.pop() == Some(true) => {
                self.emit_bytes(1, TokenClass::Expansion);
                self.expected = ExpectedWord::Argument;
                return;
            }
            _ => TokenClass::Operator,
        };
        if self.rest_starts_with(b"&>") {
            return self.lex_redirection();
        }
        let double: [&[u8]; 5] = [b"||", b"&&", b";;", b"|&", b";&"];
        let len = if double.iter().any(|operator| self.rest_starts_with(operator)) { 2 } else { 1 };
        self.emit_bytes(len, class);
        self.expected = ExpectedWord::Program;
    }

    fn lex_redirection(&mut self) {
        let is_process_substitution = self.peek_byte(1) == b'(' && self.peek_byte(0) != b'&';
        if is_process_substitution {
            self.open_parens.push(true);
            self.emit_bytes(2, TokenClass::Expansion);
            self.expected = ExpectedWord::Program;
            return;
        }
        let operators: [&[u8]; 12] =
            [b"<<<", b"<<-", b"&>>", b"&>", b">>", b"<<", b">&", b"<&", b">|", b"<>", b"<", b">"];
        let operator = operators.into_iter().find(|operator| self.rest_starts_with(operator)).unwrap_or(b"<");
        self.emit_bytes(operator.len(), TokenClass::Operator);
        if matches!(operator, b"<<" | b"<<-") {
            self.record_heredoc();
        }
        self.expected = ExpectedWord::Target { then_program: self.expected == ExpectedWord::Program };
    }

    /// Remembers the delimiter of a heredoc, without its quotes.
    fn record_heredoc(&mut self) {
        let rest = self.bytes.get(self.offset..).unwrap_or(&[]);
        let word = rest.iter().skip_while(|b| matches!(b, b' ' | b'\t'));
        let word = word.take_while(|b| !matches!(b, b' ' | b'\t' | b'\n' | b';' | b'|' | b'&' | b'<' | b'>' | b')'));
        let word: Vec<u8> = word.copied().filter(|b| !matches!(b, b'\'' | b'"' | b'\\')).collect();
        if !word.is_empty() {
            self.pending_heredocs.push(word);
        }
    }

    /// Emits the bodies of the heredocs whose operators stood on the line that has just ended.
    fn lex_heredoc_bodies(&mut self) {
        for delimiter in std::mem::take(&mut self.pending_heredocs) {
            let start = self.offset;
            let mut line_start = start;
            loop {
                let end = self.line_end(line_start);
                let line = self.bytes.get(line_start..end).unwrap_or(&[]);
                let is_last = line.trim_ascii_start() == delimiter.as_slice();
                if is_last || end >= self.bytes.len() {
                    self.emit_bytes(end - start, TokenClass::Quoted);
                    break;
                }
                line_start = end + 1;
            }
            if self.offset < self.bytes.len() {
                self.offset += 1;
            }
        }
    }

    /// Emits one word, which may consist of several tokens.
    fn lex_word(&mut self) {
        let start = self.offset;
        let first_token = self.tokens.len();
        let class = self.classify_word();
        while self.offset < self.bytes.len() {
            if self.next_placeholder().is_some_and(|placeholder| placeholder.start <= self.offset) {
                self.emit_bytes(1, TokenClass::Placeholder);
                continue;
            }
            match self.peek_byte(0) {
                b' ' | b'\t' | b'\n' | b'\r' | b'|' | b'&' | b';' | b'(' | b')' | b'<' | b'>' => break,
                b'\'' => self.lex_single_quotes(),
                b'"' => self.lex_double_quotes(),
                b'`' => self.lex_enclosed(b'`'),
                b'$' => {
                    if self.lex_dollar() {
                        return;
                    }
                }
                _ => self.lex_plain_text(class),
            }
        }
        // Always move on, so that lexing ends.
        if self.offset == start {
            self.offset += 1;
        }
        self.expect_after_word(start, first_token, class);
    }

    /// The class of the plain text in the word that begins here. The name of an assignment is emitted at once.
    fn classify_word(&mut self) -> Option<TokenClass> {
        let rest = self.bytes.get(self.offset..).unwrap_or(&[]);
        let name_len =
            rest.iter().take(MAX_LOOKAHEAD_BYTES).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let word_len = rest
            .iter()
            .take(MAX_LOOKAHEAD_BYTES)
            .take_while(|b| !b.is_ascii_whitespace() && !b"|&;()<>".contains(b))
            .count();
        let word = rest.get(..word_len).unwrap_or(&[]);
        let is_descriptor =
            word_len > 0 && word.iter().all(u8::is_ascii_digit) && matches!(rest.get(word_len), Some(b'<' | b'>'));
        if is_descriptor {
            return Some(TokenClass::Operator);
        }
        match self.expected {
            ExpectedWord::Program => {
                let is_assignment = name_len > 0
                    && !word.first().is_some_and(u8::is_ascii_digit)
                    && (rest.get(name_len) == Some(&b'=') || rest.get(name_len..name_len + 2) == Some(b"+="));
                if is_assignment {
                    self.emit_bytes(name_len, TokenClass::Name);
                    return None;
                }
                if SHELL_KEYWORDS.iter().any(|keyword| keyword.as_bytes() == word) {
                    return Some(TokenClass::Keyword);
                }
                Some(TokenClass::Program)
            }
            ExpectedWord::Argument if word.first() == Some(&b'-') && word.len() > 1 => Some(TokenClass::Flag),
            ExpectedWord::Argument if matches!(word, b"in" | b"]]") => Some(TokenClass::Keyword),
            ExpectedWord::Argument | ExpectedWord::Target { .. } => None,
        }
    }

    /// Decides the role of the next word after one that began at `start` and emitted its tokens from `first_token` on.
    fn expect_after_word(&mut self, start: usize, first_token: usize, class: Option<TokenClass>) {
        let word = self.bytes.get(start..self.offset).unwrap_or(&[]);
        let is_assignment = self.tokens.get(first_token).is_some_and(|token| token.class == TokenClass::Name);
        self.expected = match (self.expected, class) {
            (ExpectedWord::Target { then_program: true }, _) => ExpectedWord::Program,
            (expects, Some(TokenClass::Operator)) => expects,
            (ExpectedWord::Program, None) if is_assignment => ExpectedWord::Program,
            (ExpectedWord::Program, Some(TokenClass::Keyword))
                if !matches!(word, b"for" | b"case" | b"select" | b"function" | b"[[") =>
            {
                ExpectedWord::Program
            }
            (ExpectedWord::Program, Some(TokenClass::Program))
                if PREFIX_PROGRAMS.iter().any(|p| p.as_bytes() == word) =>
            {
                ExpectedWord::Program
            }
            // `sudo -u x id`: an option before the program, which may take a value.
            (ExpectedWord::Program, Some(TokenClass::Program)) if word.first() == Some(&b'-') => {
                let takes_value = matches!(word, b"-u" | b"-g" | b"-n" | b"-I" | b"-P" | b"-L");
                if let Some(token) = self.tokens.get_mut(first_token) {
                    token.class = TokenClass::Flag;
                }
                if takes_value { ExpectedWord::Target { then_program: true } } else { ExpectedWord::Program }
            }
            _ => ExpectedWord::Argument,
        };
    }

    /// Passes over plain text up to a quote, an expansion, a placeholder or the end of the word.
    fn lex_plain_text(&mut self, class: Option<TokenClass>) {
        let stop = self.next_placeholder().map_or(self.bytes.len(), |placeholder| placeholder.start);
        let rest = self.bytes.get(self.offset..stop).unwrap_or(&[]);
        let mut len = 0;
        while let Some(byte) = rest.get(len) {
            if byte.is_ascii_whitespace() || b"|&;()<>'\"`$".contains(byte) {
                break;
            }
            len += if *byte == b'\\' { 2 } else { 1 };
        }
        let len = len.clamp(1, rest.len().max(1));
        match class {
            Some(class) => self.emit_bytes(len, class),
            None => self.offset += len,
        }
    }

    fn lex_single_quotes(&mut self) {
        self.lex_enclosed(b'\'');
    }

    /// Emits the text between two equal delimiters, or up to the end of the text.
    fn lex_enclosed(&mut self, delimiter: u8) {
        let class = if delimiter == b'`' { TokenClass::Expansion } else { TokenClass::Quoted };
        let rest = self.bytes.get(self.offset + 1..).unwrap_or(&[]);
        let len = rest.iter().position(|&b| b == delimiter).map_or(rest.len() + 1, |inner_len| inner_len + 2);
        self.emit_bytes(len, class);
    }

    fn lex_double_quotes(&mut self) {
        let mut len = 1;
        loop {
            match self.peek_byte(len) {
                b'\\' => len += 2,
                b'"' => {
                    self.emit_bytes(len + 1, TokenClass::Quoted);
                    return;
                }
                b'$' => {
                    let expansion = self.expansion_len(self.offset + len);
                    if expansion > 1 {
                        self.emit_bytes(len, TokenClass::Quoted);
                        self.emit_bytes(expansion, TokenClass::Expansion);
                        len = 0;
                    } else {
                        len += 1;
                    }
                }
                _ => len += 1,
            }
            if self.offset + len >= self.bytes.len() {
                self.emit_bytes(len, TokenClass::Quoted);
                return;
            }
        }
    }

    /// Emits an expansion outside quotes. Returns true after a `$(`, which commands follow.
    fn lex_dollar(&mut self) -> bool {
        if self.rest_starts_with(b"$'") {
            self.push_token(self.offset..self.offset + 1, TokenClass::Quoted);
            self.offset += 1;
            self.lex_ansi_quotes();
            return false;
        }
        if self.rest_starts_with(b"$(") && !self.rest_starts_with(b"$((") {
            self.open_parens.push(true);
            self.emit_bytes(2, TokenClass::Expansion);
            self.expected = ExpectedWord::Program;
            return true;
        }
        let len = self.expansion_len(self.offset).max(1);
        self.emit_bytes(len, TokenClass::Expansion);
        false
    }

    fn lex_ansi_quotes(&mut self) {
        let mut len = 1;
        while self.offset + len < self.bytes.len() && self.peek_byte(len) != b'\'' {
            len += if self.peek_byte(len) == b'\\' { 2 } else { 1 };
        }
        self.emit_bytes(len + 1, TokenClass::Quoted);
    }

    /// Length in bytes of the expansion at offset `from`; 1 for a dollar sign that expands nothing.
    fn expansion_len(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or(&[]);
        let (open, close) = match rest.get(1) {
            Some(b'{') => (b'{', b'}'),
            Some(b'(') => (b'(', b')'),
            Some(b) if b.is_ascii_alphabetic() || *b == b'_' => {
                return 1 + rest.iter().skip(1).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
            }
            Some(b) if b.is_ascii_digit() || b"@*#?$!-".contains(b) => return 2,
            _ => return 1,
        };
        let mut depth = 0_usize;
        for (at, &byte) in rest.iter().enumerate().take(MAX_LOOKAHEAD_BYTES) {
            if byte == open {
                depth += 1;
            } else if byte == close {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
        }
        2
    }
}

#[cfg(test)]
mod tests {
    use super::highlight_tokens;
    use crate::shell::TokenClass::{Comment, Expansion, Flag, Keyword, Name, Operator, Placeholder, Program, Quoted};

    #[test]
    fn each_stretch_has_its_class() {
        let text =
            "A=1 sudo -u me kubectl logs <pod> \"$x y\" -f 2>&1 | wc -l # end\nfor x in $(ls a); do echo '$x'; done";
        let found: Vec<_> =
            highlight_tokens(text).into_iter().map(|t| (text.get(t.span).unwrap_or(""), t.class)).collect();
        assert_eq!(
            found,
            [
                ("A", Name),
                ("sudo", Program),
                ("-u", Flag),
                ("kubectl", Program),
                ("<pod>", Placeholder),
                ("\"", Quoted),
                ("$x", Expansion),
                (" y\"", Quoted),
                ("-f", Flag),
                ("2", Operator),
                (">&", Operator),
                ("|", Operator),
                ("wc", Program),
                ("-l", Flag),
                ("# end", Comment),
                ("for", Keyword),
                ("in", Keyword),
                ("$(", Expansion),
                ("ls", Program),
                (")", Expansion),
                (";", Operator),
                ("do", Keyword),
                ("echo", Program),
                ("'$x'", Quoted),
                (";", Operator),
                ("done", Keyword),
            ]
        );
    }

    #[test]
    fn heredocs_are_quoted_to_their_end() {
        let text = "cat <<'EOF' | wc\n$x <id>\nEOF\nls";
        let found: Vec<_> =
            highlight_tokens(text).into_iter().map(|t| (text.get(t.span).unwrap_or(""), t.class)).collect();
        assert!(found.contains(&("$x ", Quoted)) && found.contains(&("<id>", Placeholder)), "{found:?}");
        assert_eq!(found.last(), Some(&("ls", Program)));
    }
}
