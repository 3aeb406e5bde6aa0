//! Shell cut into stretches for display.
//!
//! Invariant: lexical, total and linear; the tokens of any text are in order and do not overlap. A wrong guess colours a
//! word, it never changes what runs. Refuses to know: colours, and whether the text is shell at all.

use super::parse::masking::Masked;
use super::{Token, TokenClass};
use std::ops::Range;

const KEYWORDS: &[&str] = &[
    "!", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select", "then",
    "time", "until", "while", "{", "}", "[[", "]]",
];
/// Programs before a program.
const PREFIXES: &[&str] = &["sudo", "doas", "nohup", "command", "exec", "builtin", "env", "nice", "xargs"];
/// How far the end of an expansion is looked for.
const REACH: usize = 512;

/// The stretches of a text that have a class, in order.
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

/// What the next word is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    Program,
    Argument,
    /// A file, and then what was expected before.
    Target {
        then_program: bool,
    },
}

struct Lexer<'a> {
    bytes: &'a [u8],
    holes: Vec<Range<usize>>,
    hole: usize,
    at: usize,
    out: Vec<Token>,
    expects: Expects,
    /// Open parentheses: whether each is a substitution's.
    frames: Vec<bool>,
    /// Heredocs announced on this line: the word that ends each.
    heredocs: Vec<Vec<u8>>,
}

impl Lexer<'_> {
    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn starts(&self, prefix: &[u8]) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(prefix))
    }

    /// Emits the next `len` bytes, cut around placeholders.
    fn emit(&mut self, len: usize, class: TokenClass) {
        let end = (self.at + len).min(self.bytes.len());
        while self.at < end {
            let hole = self.next_hole().filter(|hole| hole.start < end);
            match hole {
                Some(hole) if hole.start <= self.at => {
                    self.push(self.at..hole.end, TokenClass::Placeholder);
                    self.at = hole.end;
                }
                Some(hole) => {
                    self.push(self.at..hole.start, class);
                    self.at = hole.start;
                }
                None => {
                    self.push(self.at..end, class);
                    self.at = end;
                }
            }
        }
    }

    fn next_hole(&mut self) -> Option<Range<usize>> {
        while self.holes.get(self.hole).is_some_and(|hole| hole.end <= self.at) {
            self.hole += 1;
        }
        self.holes.get(self.hole).cloned()
    }

    fn push(&mut self, span: Range<usize>, class: TokenClass) {
        self.out.push(Token { span, class });
    }

    fn step(&mut self) {
        if self.next_hole().is_some_and(|hole| hole.start <= self.at) {
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

    fn line_end(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or(&[]);
        rest.iter().position(|&b| b == b'\n').map_or(self.bytes.len(), |at| from + at)
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
        let substitution = self.byte(1) == b'(';
        if substitution && self.byte(0) != b'&' {
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

    /// Takes note of the word that ends a heredoc.
    fn announce(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let word = rest.iter().skip_while(|b| matches!(b, b' ' | b'\t'));
        let word = word.take_while(|b| !matches!(b, b' ' | b'\t' | b'\n' | b';' | b'|' | b'&' | b'<' | b'>' | b')'));
        let word: Vec<u8> = word.copied().filter(|b| !matches!(b, b'\'' | b'"' | b'\\')).collect();
        if !word.is_empty() {
            self.heredocs.push(word);
        }
    }

    /// The bodies of the heredocs announced on the line that has just ended.
    fn bodies(&mut self) {
        for word in std::mem::take(&mut self.heredocs) {
            let start = self.at;
            let mut line = start;
            loop {
                let end = self.line_end(line);
                let body = self.bytes.get(line..end).unwrap_or(&[]);
                let last = body.trim_ascii_start() == word.as_slice();
                if last || end >= self.bytes.len() {
                    self.emit(end - start, TokenClass::Quoted);
                    break;
                }
                line = end + 1;
            }
            if self.at < self.bytes.len() {
                self.at += 1;
            }
        }
    }

    /// One word, in its pieces.
    fn word(&mut self) {
        let start = self.at;
        let first = self.out.len();
        let class = self.class_of_word();
        while self.at < self.bytes.len() {
            if self.next_hole().is_some_and(|hole| hole.start <= self.at) {
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
        if self.at == start {
            self.at += 1;
        }
        self.after_word(start, first, class);
    }

    /// The class of the plain stretches of the word that begins here.
    fn class_of_word(&mut self) -> Option<TokenClass> {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let plain = rest.iter().take(REACH).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let ends = rest.iter().take(REACH).take_while(|b| !b.is_ascii_whitespace() && !b"|&;()<>".contains(b)).count();
        let word = rest.get(..ends).unwrap_or(&[]);
        let before_redirection =
            ends > 0 && word.iter().all(u8::is_ascii_digit) && matches!(rest.get(ends), Some(b'<' | b'>'));
        if before_redirection {
            return Some(TokenClass::Operator);
        }
        match self.expects {
            Expects::Program => {
                let assigns = plain > 0
                    && !word.first().is_some_and(u8::is_ascii_digit)
                    && (rest.get(plain) == Some(&b'=') || rest.get(plain..plain + 2) == Some(b"+="));
                if assigns {
                    self.emit(plain, TokenClass::Name);
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

    fn after_word(&mut self, start: usize, first: usize, class: Option<TokenClass>) {
        let word = self.bytes.get(start..self.at).unwrap_or(&[]);
        let named = self.out.get(first).is_some_and(|token| token.class == TokenClass::Name);
        self.expects = match (self.expects, class) {
            (Expects::Target { then_program: true }, _) => Expects::Program,
            (expects, Some(TokenClass::Operator)) => expects,
            (Expects::Program, None) if named => Expects::Program,
            (Expects::Program, Some(TokenClass::Keyword))
                if !matches!(word, b"for" | b"case" | b"select" | b"function" | b"[[") =>
            {
                Expects::Program
            }
            (Expects::Program, Some(TokenClass::Program)) if PREFIXES.iter().any(|p| p.as_bytes() == word) => {
                Expects::Program
            }
            // `sudo -u x id`: an option before the program, perhaps with a value.
            (Expects::Program, Some(TokenClass::Program)) if word.first() == Some(&b'-') => {
                let valued = matches!(word, b"-u" | b"-g" | b"-n" | b"-I" | b"-P" | b"-L");
                if let Some(token) = self.out.get_mut(first) {
                    token.class = TokenClass::Flag;
                }
                if valued { Expects::Target { then_program: true } } else { Expects::Program }
            }
            _ => Expects::Argument,
        };
    }

    fn plain(&mut self, class: Option<TokenClass>) {
        let stop = self.next_hole().map_or(self.bytes.len(), |hole| hole.start);
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

    /// From a sign to the next of its kind, or to the end.
    fn enclosed(&mut self, sign: u8) {
        let class = if sign == b'`' { TokenClass::Expansion } else { TokenClass::Quoted };
        let rest = self.bytes.get(self.at + 1..).unwrap_or(&[]);
        let len = rest.iter().position(|&b| b == sign).map_or(rest.len() + 1, |at| at + 2);
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

    /// An expansion outside quotes. True if commands follow in it.
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

    /// How long the expansion at `from` is; 1 for a dollar that expands nothing.
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
