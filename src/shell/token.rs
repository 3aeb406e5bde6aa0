//! Cuts shell text into tokens for highlighting.
//!
//! Invariant: lexical, total and linear. The tokens of any text are in order and do not overlap. A wrong guess only colours
//! a word wrongly; it never changes a command that runs. Refuses to know: colours, and if the text is shell at all.

use super::parse::masking::Masked;
use super::{Token, TokenClass};
use std::ops::Range;

/// Words highlighted as keywords at the start of a command.
const KEYWORDS: &[&str] = &[
    "!", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select", "then",
    "time", "until", "while", "{", "}", "[[", "]]",
];
/// Programs that run another program named after them.
const PREFIXES: &[&str] = &["sudo", "doas", "nohup", "command", "exec", "builtin", "env", "nice", "xargs"];
/// How many bytes are searched for the end of a word or an expansion.
const REACH: usize = 512;

/// The tokens of a text, in order. Text without a class, such as plain arguments, has no token.
pub fn tokens(text: &str) -> Vec<Token> {
    let masked = Masked::new(text);
    let mut lexer = Lexer {
        bytes: text.as_bytes(),
        holes: masked.placeholders().collect(),
        hole: 0,
        at: 0,
        out: Vec::new(),
        expects: Expects::Program,
        frames: Vec::new(),
        heredocs: Vec::new(),
    };
    while lexer.at < lexer.bytes.len() {
        lexer.step();
    }
    lexer.out.retain(|token| text.get(token.span.clone()).is_some_and(|stretch| !stretch.is_empty()));
    lexer.out
}

/// The role that the next word plays in its command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    Program,
    Argument,
    /// A word after a redirection operator or an option. Then a program may still follow.
    Target {
        then_program: bool,
    },
}

struct Lexer<'a> {
    bytes: &'a [u8],
    /// Placeholders in the text, in order.
    holes: Vec<Range<usize>>,
    /// Index of the first placeholder that may still lie ahead.
    hole: usize,
    /// Offset of the next byte to read.
    at: usize,
    out: Vec<Token>,
    expects: Expects,
    /// Open parentheses, outermost first: true for one that opened a substitution.
    frames: Vec<bool>,
    /// Delimiters of the heredocs whose bodies begin on the next line.
    heredocs: Vec<Vec<u8>>,
}

impl Lexer<'_> {
    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn starts(&self, prefix: &[u8]) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(prefix))
    }

    /// Emits the next `len` bytes as tokens of a class, except that placeholders become tokens of their own.
    fn emit(&mut self, len: usize, class: TokenClass) {
        let end = (self.at + len).min(self.bytes.len());
        while self.at < end {
            let placeholder = self.next_hole().filter(|placeholder| placeholder.start < end);
            match placeholder {
                Some(placeholder) if placeholder.start <= self.at => {
                    self.push(self.at..placeholder.end, TokenClass::Placeholder);
                    self.at = placeholder.end;
                }
                Some(placeholder) => {
                    self.push(self.at..placeholder.start, class);
                    self.at = placeholder.start;
                }
                None => {
                    self.push(self.at..end, class);
                    self.at = end;
                }
            }
        }
    }

    /// The first placeholder that ends after the current offset.
    fn next_hole(&mut self) -> Option<Range<usize>> {
        while self.holes.get(self.hole).is_some_and(|placeholder| placeholder.end <= self.at) {
            self.hole += 1;
        }
        self.holes.get(self.hole).cloned()
    }

    fn push(&mut self, span: Range<usize>, class: TokenClass) {
        self.out.push(Token { span, class });
    }

    fn step(&mut self) {
        if self.next_hole().is_some_and(|placeholder| placeholder.start <= self.at) {
            return self.word();
        }
        match self.byte(0) {
            b'\n' => {
                self.at += 1;
                self.expects = Expects::Program;
                self.bodies();
            }
            b' ' | b'\t' | b'\r' => self.at += 1,
            b'\\' if self.byte(1) == b'\n' => self.at += 2,
            b'#' => {
                let end = self.line_end(self.at);
                self.push(self.at..end, TokenClass::Comment);
                self.at = end;
            }
            b'|' | b'&' | b';' | b'(' | b')' => self.control(),
            b'<' | b'>' => self.redirection(),
            _ => self.word(),
        }
    }

    /// Offset of the next newline at or after `from`, or the end of the text.
    fn line_end(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or(&[]);
        rest.iter().position(|&b| b == b'\n').map_or(self.bytes.len(), |len| from + len)
    }

    fn control(&mut self) {
        let class = match self.byte(0) {
            b'(' => {
                self.frames.push(false);
                TokenClass::Operator
            }
            b')' if self.frames.pop() == Some(true) => {
                self.emit(1, TokenClass::Expansion);
                self.expects = Expects::Argument;
                return;
            }
            _ => TokenClass::Operator,
        };
        if self.starts(b"&>") {
            return self.redirection();
        }
        let double: [&[u8]; 5] = [b"||", b"&&", b";;", b"|&", b";&"];
        let len = if double.iter().any(|operator| self.starts(operator)) { 2 } else { 1 };
        self.emit(len, class);
        self.expects = Expects::Program;
    }

    fn redirection(&mut self) {
        let is_process_substitution = self.byte(1) == b'(' && self.byte(0) != b'&';
        if is_process_substitution {
            self.frames.push(true);
            self.emit(2, TokenClass::Expansion);
            self.expects = Expects::Program;
            return;
        }
        let operators: [&[u8]; 12] =
            [b"<<<", b"<<-", b"&>>", b"&>", b">>", b"<<", b">&", b"<&", b">|", b"<>", b"<", b">"];
        let operator = operators.into_iter().find(|operator| self.starts(operator)).unwrap_or(b"<");
        self.emit(operator.len(), TokenClass::Operator);
        if matches!(operator, b"<<" | b"<<-") {
            self.announce();
        }
        self.expects = Expects::Target { then_program: self.expects == Expects::Program };
    }

    /// Remembers the delimiter of a heredoc, without its quotes.
    fn announce(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let word = rest.iter().skip_while(|b| matches!(b, b' ' | b'\t'));
        let word = word.take_while(|b| !matches!(b, b' ' | b'\t' | b'\n' | b';' | b'|' | b'&' | b'<' | b'>' | b')'));
        let word: Vec<u8> = word.copied().filter(|b| !matches!(b, b'\'' | b'"' | b'\\')).collect();
        if !word.is_empty() {
            self.heredocs.push(word);
        }
    }

    /// Emits the bodies of the heredocs whose operators stood on the line that has just ended.
    fn bodies(&mut self) {
        for delimiter in std::mem::take(&mut self.heredocs) {
            let start = self.at;
            let mut line_start = start;
            loop {
                let end = self.line_end(line_start);
                let line = self.bytes.get(line_start..end).unwrap_or(&[]);
                let is_last = line.trim_ascii_start() == delimiter.as_slice();
                if is_last || end >= self.bytes.len() {
                    self.emit(end - start, TokenClass::Quoted);
                    break;
                }
                line_start = end + 1;
            }
            if self.at < self.bytes.len() {
                self.at += 1;
            }
        }
    }

    /// Emits one word, which may consist of several tokens.
    fn word(&mut self) {
        let start = self.at;
        let first_token = self.out.len();
        let class = self.class_of_word();
        while self.at < self.bytes.len() {
            if self.next_hole().is_some_and(|placeholder| placeholder.start <= self.at) {
                self.emit(1, TokenClass::Placeholder);
                continue;
            }
            match self.byte(0) {
                b' ' | b'\t' | b'\n' | b'\r' | b'|' | b'&' | b';' | b'(' | b')' | b'<' | b'>' => break,
                b'\'' => self.single_quotes(),
                b'"' => self.double_quotes(),
                b'`' => self.enclosed(b'`'),
                b'$' => {
                    if self.dollar() {
                        return;
                    }
                }
                _ => self.plain(class),
            }
        }
        // Always move on, so that lexing ends.
        if self.at == start {
            self.at += 1;
        }
        self.after_word(start, first_token, class);
    }

    /// The class of the plain text in the word that begins here. The name of an assignment is emitted at once.
    fn class_of_word(&mut self) -> Option<TokenClass> {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let name_len = rest.iter().take(REACH).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let word_len =
            rest.iter().take(REACH).take_while(|b| !b.is_ascii_whitespace() && !b"|&;()<>".contains(b)).count();
        let word = rest.get(..word_len).unwrap_or(&[]);
        let is_descriptor =
            word_len > 0 && word.iter().all(u8::is_ascii_digit) && matches!(rest.get(word_len), Some(b'<' | b'>'));
        if is_descriptor {
            return Some(TokenClass::Operator);
        }
        match self.expects {
            Expects::Program => {
                let is_assignment = name_len > 0
                    && !word.first().is_some_and(u8::is_ascii_digit)
                    && (rest.get(name_len) == Some(&b'=') || rest.get(name_len..name_len + 2) == Some(b"+="));
                if is_assignment {
                    self.emit(name_len, TokenClass::Name);
                    return None;
                }
                if KEYWORDS.iter().any(|keyword| keyword.as_bytes() == word) {
                    return Some(TokenClass::Keyword);
                }
                Some(TokenClass::Program)
            }
            Expects::Argument if word.first() == Some(&b'-') && word.len() > 1 => Some(TokenClass::Flag),
            Expects::Argument if matches!(word, b"in" | b"]]") => Some(TokenClass::Keyword),
            Expects::Argument | Expects::Target { .. } => None,
        }
    }

    /// Decides the role of the next word after one that began at `start` and emitted its tokens from `first_token` on.
    fn after_word(&mut self, start: usize, first_token: usize, class: Option<TokenClass>) {
        let word = self.bytes.get(start..self.at).unwrap_or(&[]);
        let is_assignment = self.out.get(first_token).is_some_and(|token| token.class == TokenClass::Name);
        self.expects = match (self.expects, class) {
            (Expects::Target { then_program: true }, _) => Expects::Program,
            (expects, Some(TokenClass::Operator)) => expects,
            (Expects::Program, None) if is_assignment => Expects::Program,
            (Expects::Program, Some(TokenClass::Keyword))
                if !matches!(word, b"for" | b"case" | b"select" | b"function" | b"[[") =>
            {
                Expects::Program
            }
            (Expects::Program, Some(TokenClass::Program)) if PREFIXES.iter().any(|p| p.as_bytes() == word) => {
                Expects::Program
            }
            // `sudo -u x id`: an option before the program, which may take a value.
            (Expects::Program, Some(TokenClass::Program)) if word.first() == Some(&b'-') => {
                let takes_value = matches!(word, b"-u" | b"-g" | b"-n" | b"-I" | b"-P" | b"-L");
                if let Some(token) = self.out.get_mut(first_token) {
                    token.class = TokenClass::Flag;
                }
                if takes_value { Expects::Target { then_program: true } } else { Expects::Program }
            }
            _ => Expects::Argument,
        };
    }

    /// Passes over plain text up to a quote, an expansion, a placeholder or the end of the word.
    fn plain(&mut self, class: Option<TokenClass>) {
        let stop = self.next_hole().map_or(self.bytes.len(), |placeholder| placeholder.start);
        let rest = self.bytes.get(self.at..stop).unwrap_or(&[]);
        let mut len = 0;
        while let Some(byte) = rest.get(len) {
            if byte.is_ascii_whitespace() || b"|&;()<>'\"`$".contains(byte) {
                break;
            }
            len += if *byte == b'\\' { 2 } else { 1 };
        }
        let len = len.clamp(1, rest.len().max(1));
        match class {
            Some(class) => self.emit(len, class),
            None => self.at += len,
        }
    }

    fn single_quotes(&mut self) {
        self.enclosed(b'\'');
    }

    /// Emits the text between two equal delimiters, or up to the end of the text.
    fn enclosed(&mut self, delimiter: u8) {
        let class = if delimiter == b'`' { TokenClass::Expansion } else { TokenClass::Quoted };
        let rest = self.bytes.get(self.at + 1..).unwrap_or(&[]);
        let len = rest.iter().position(|&b| b == delimiter).map_or(rest.len() + 1, |inner_len| inner_len + 2);
        self.emit(len, class);
    }

    fn double_quotes(&mut self) {
        let mut len = 1;
        loop {
            match self.byte(len) {
                b'\\' => len += 2,
                b'"' => {
                    self.emit(len + 1, TokenClass::Quoted);
                    return;
                }
                b'$' => {
                    let expansion = self.expansion_len(self.at + len);
                    if expansion > 1 {
                        self.emit(len, TokenClass::Quoted);
                        self.emit(expansion, TokenClass::Expansion);
                        len = 0;
                    } else {
                        len += 1;
                    }
                }
                _ => len += 1,
            }
            if self.at + len >= self.bytes.len() {
                self.emit(len, TokenClass::Quoted);
                return;
            }
        }
    }

    /// Emits an expansion outside quotes. Returns true after a `$(`, which commands follow.
    fn dollar(&mut self) -> bool {
        if self.starts(b"$'") {
            self.push(self.at..self.at + 1, TokenClass::Quoted);
            self.at += 1;
            self.ansi_quotes();
            return false;
        }
        if self.starts(b"$(") && !self.starts(b"$((") {
            self.frames.push(true);
            self.emit(2, TokenClass::Expansion);
            self.expects = Expects::Program;
            return true;
        }
        let len = self.expansion_len(self.at).max(1);
        self.emit(len, TokenClass::Expansion);
        false
    }

    fn ansi_quotes(&mut self) {
        let mut len = 1;
        while self.at + len < self.bytes.len() && self.byte(len) != b'\'' {
            len += if self.byte(len) == b'\\' { 2 } else { 1 };
        }
        self.emit(len + 1, TokenClass::Quoted);
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
        for (at, &byte) in rest.iter().enumerate().take(REACH) {
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
    use super::tokens;
    use crate::shell::TokenClass::{Comment, Expansion, Flag, Keyword, Name, Operator, Placeholder, Program, Quoted};

    #[test]
    fn each_stretch_has_its_class() {
        let text =
            "A=1 sudo -u me kubectl logs <pod> \"$x y\" -f 2>&1 | wc -l # end\nfor x in $(ls a); do echo '$x'; done";
        let found: Vec<_> = tokens(text).into_iter().map(|t| (text.get(t.span).unwrap_or(""), t.class)).collect();
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
        let found: Vec<_> = tokens(text).into_iter().map(|t| (text.get(t.span).unwrap_or(""), t.class)).collect();
        assert!(found.contains(&("$x ", Quoted)) && found.contains(&("<id>", Placeholder)), "{found:?}");
        assert_eq!(found.last(), Some(&("ls", Program)));
    }
}
