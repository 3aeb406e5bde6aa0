//! Tokens of SQL, by the quoting rules of each database.
//!
//! Invariant: no byte of a string, a comment or a quoted name becomes a word. The work is linear.
//! Refuses to know: what the words mean.

use crate::shell::simple_command::EXPANSION_MARK;

/// Quoting rules of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SqlDialect {
    /// Backslashes escape in `E''` alone, comments nest, `$tag$` quotes.
    Postgres,
    /// Backslashes escape, `"` quotes strings, `#` begins a comment, and `/*! … */` is executed.
    MySql,
    /// Standard strings, and names in backticks as well.
    Sqlite,
    /// Any of them: the caller reads the text by several rules.
    Other,
}

/// A token that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SqlToken {
    /// A word, as written.
    Word(String),
    /// Name in double quotes or backticks.
    Name(String),
    /// A string or a number.
    Value(String),
    /// Shell expansion that is not known beforehand.
    Hole,
    /// Command of the client, without its backslash.
    Meta(String),
    Sign(char),
    End,
}

impl SqlToken {
    pub(super) fn is_keyword(&self, word: &str) -> bool {
        matches!(self, Self::Word(text) if text.eq_ignore_ascii_case(word))
    }
}

/// Splits a text into tokens.
pub(super) fn tokenize_sql(text: &str, dialect: SqlDialect) -> Vec<SqlToken> {
    let mysql = dialect == SqlDialect::MySql;
    let postgres = dialect == SqlDialect::Postgres;
    let mut out = Vec::new();
    let mut rest = text;
    let mut tag_ends = true;
    while let Some(c) = rest.chars().next() {
        let mut after = rest.get(c.len_utf8()..).unwrap_or("");
        match c {
            '-' if after.starts_with('-') && (!mysql || begins_mysql_comment(after)) => {
                after = line_end(after, postgres);
            }
            '#' if mysql => after = line_end(after, false),
            '/' if mysql && (after.starts_with("*!") || after.starts_with("*M!")) => {
                after = after.trim_start_matches(['*', 'M', '!']).trim_start_matches(|c: char| c.is_ascii_digit());
            }
            '*' if mysql && after.starts_with('/') => after = after.get(1..).unwrap_or(""),
            '/' if after.starts_with('*') => after = comment_end(after.get(1..).unwrap_or(""), postgres),
            '\'' => {
                let escapes = mysql || (postgres && is_escape_string(&mut out));
                let (inner, next) = split_quoted(after, '\'', escapes);
                out.push(SqlToken::Value(inner.to_owned()));
                after = next;
            }
            '"' | '`' => {
                let (inner, next) = split_quoted(after, c, mysql && c == '"');
                out.push(SqlToken::Name(inner.to_owned()));
                after = next;
            }
            '$' if postgres && tag_ends => match dollar_quote(after) {
                DollarQuote::Closed(next) => {
                    out.push(SqlToken::Value(String::new()));
                    after = next;
                }
                // No later quote can be searched for again: the rest is one string.
                DollarQuote::Open => tag_ends = false,
                DollarQuote::None => {}
            },
            '\\' if !mysql => after = read_backslash(after, &mut out),
            '\\' => {
                // `\G`, `\g` and `\;` end a statement of mysql.
                out.push(SqlToken::End);
                after = after.get(after.chars().next().map_or(0, char::len_utf8)..).unwrap_or("");
            }
            ';' => out.push(SqlToken::End),
            EXPANSION_MARK => out.push(SqlToken::Hole),
            c if c.is_alphabetic() || c == '_' || c == '@' || c == '<' => after = read_word(c, after, &mut out),
            c if c.is_ascii_digit() => {
                let end = after.find(|c: char| !c.is_alphanumeric() && c != '.').unwrap_or(after.len());
                out.push(SqlToken::Value(format!("{c}{}", after.get(..end).unwrap_or(""))));
                after = after.get(end..).unwrap_or("");
            }
            c if c.is_whitespace() => {}
            c => out.push(SqlToken::Sign(c)),
        }
        rest = after;
    }
    out
}

fn read_word<'t>(first: char, mut after: &'t str, out: &mut Vec<SqlToken>) -> &'t str {
    let mut word = String::from(first);
    // A name may have a dash only within a placeholder.
    let goes_on = |next: char| {
        next.is_alphanumeric() || matches!(next, '_' | '$') || (first == '<' && matches!(next, '-' | '@' | '>'))
    };
    let end = after.find(|next: char| !goes_on(next)).unwrap_or(after.len());
    word.push_str(after.get(..end).unwrap_or(""));
    after = after.get(end..).unwrap_or("");
    if word == "<" {
        out.push(SqlToken::Sign('<'));
    } else if word.starts_with('<') && word.ends_with('>') {
        out.push(SqlToken::Name(word));
    } else {
        out.push(SqlToken::Word(word));
    }
    after
}

/// Text behind a backslash outside quotes: a meta-command of psql, up to the end of the line or `\\`.
fn read_backslash<'t>(after: &'t str, out: &mut Vec<SqlToken>) -> &'t str {
    if let Some(next) = after.strip_prefix(';') {
        out.push(SqlToken::End);
        return next;
    }
    let line = after.find('\n').unwrap_or(after.len());
    let text = after.get(..line).unwrap_or("");
    let shell = text.starts_with('!') || text.contains('|');
    let end = if shell { line } else { text.find("\\\\").unwrap_or(line) };
    out.push(SqlToken::End);
    out.push(SqlToken::Meta(after.get(..end).unwrap_or("").to_owned()));
    out.push(SqlToken::End);
    after.get(end..).unwrap_or("").trim_start_matches('\\')
}

/// True if the word before a quote is `E` or `e`, which is then no word of its own.
fn is_escape_string(out: &mut Vec<SqlToken>) -> bool {
    let prefix = out.pop_if(|token| token.is_keyword("E") || token.is_keyword("B") || token.is_keyword("X"));
    prefix.is_some_and(|token| token.is_keyword("E"))
}

/// `MySQL` takes `--` for a comment only before a blank or the end.
fn begins_mysql_comment(after: &str) -> bool {
    after
        .get(1..)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || c.is_control()))
}

fn line_end(text: &str, at_return: bool) -> &str {
    let end = text.find(|c: char| c == '\n' || (at_return && c == '\r'));
    end.and_then(|end| text.get(end + 1..)).unwrap_or("")
}

/// Text behind a comment. Comments within it count where they nest.
fn comment_end(text: &str, nests: bool) -> &str {
    if !nests {
        return text.split_once("*/").map_or("", |(_, after)| after);
    }
    let mut depth = 1_usize;
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(['*', '/'])).map(|at| at + from) {
        let pair = text.get(at..at + 2).unwrap_or("");
        from = at + if matches!(pair, "/*" | "*/") { 2 } else { 1 };
        match pair {
            "/*" => depth += 1,
            "*/" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(from..).unwrap_or("");
        }
    }
    ""
}

enum DollarQuote<'t> {
    /// The text behind it.
    Closed(&'t str),
    /// Begins, and never ends.
    Open,
    None,
}

/// `$tag$ … $tag$`, behind its first sign.
fn dollar_quote(after: &str) -> DollarQuote<'_> {
    let tag_end = after.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(after.len());
    let tag = after.get(..tag_end).unwrap_or("");
    if !after.get(tag_end..).is_some_and(|rest| rest.starts_with('$')) || tag.starts_with(|c: char| c.is_ascii_digit())
    {
        return DollarQuote::None;
    }
    let body = after.get(tag_end + 1..).unwrap_or("");
    let mark = format!("${tag}$");
    match body.find(&mark).and_then(|end| body.get(end + mark.len()..)) {
        Some(next) => DollarQuote::Closed(next),
        None => DollarQuote::Open,
    }
}

/// Text up to the closing quote, and the text behind it. A doubled quote stands for itself.
fn split_quoted(text: &str, mark: char, escapes: bool) -> (&str, &str) {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find([mark, '\\'])).map(|at| at + from) {
        let after = text.get(at + 1..).unwrap_or("");
        if text.get(at..).is_some_and(|rest| rest.starts_with('\\')) {
            let skipped = after.chars().next().filter(|_| escapes).map_or(0, char::len_utf8);
            from = at + 1 + skipped;
            continue;
        }
        if after.starts_with(mark) {
            from = at + 2;
            continue;
        }
        return (text.get(..at).unwrap_or(""), after);
    }
    (text, "")
}
