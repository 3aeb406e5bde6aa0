//! A value as text of one context, such that bash reads exactly that value.
//!
//! Invariant: what is returned holds no character that means something in its context. Refuses to know: where contexts
//! come from.

/// How bash reads the place where a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuotingContext {
    /// An unquoted part of a word.
    Bare,
    /// Inside double quotes.
    Double,
    /// Inside single quotes.
    Single,
    /// Inside ANSI-C quotes, `$'…'`.
    Ansi,
    /// A heredoc that is expanded.
    Open,
    /// A heredoc that is not.
    Literal,
    /// Inside a comment.
    Comment,
    /// Arithmetic: whole numbers alone.
    Number,
}

/// The value itself, quoted for its context. `before` and `after` are the characters next to it.
pub(super) fn quote_inline(context: QuotingContext, value: &str, before: Option<char>, after: Option<char>) -> String {
    match context {
        QuotingContext::Bare if may_stand_bare(value, before, after) => value.to_owned(),
        QuotingContext::Bare => format!("'{}'", value.replace('\'', r"'\''")),
        QuotingContext::Double => escape_chars(value, &['\\', '"', '$', '`']),
        QuotingContext::Single => value.replace('\'', r"'\''"),
        QuotingContext::Ansi => escape_chars(value, &['\\', '\'']),
        QuotingContext::Open => escape_chars(value, &['\\', '$', '`']),
        QuotingContext::Literal | QuotingContext::Comment | QuotingContext::Number => value.to_owned(),
    }
}

/// A reference to a variable of the session that holds the value; none where bash expands nothing.
pub(super) fn variable_reference(context: QuotingContext, variable: &str) -> Option<String> {
    Some(match context {
        QuotingContext::Bare => format!("\"${{{variable}}}\""),
        QuotingContext::Double | QuotingContext::Open | QuotingContext::Comment => format!("${{{variable}}}"),
        QuotingContext::Single => format!("'\"${{{variable}}}\"'"),
        QuotingContext::Ansi => format!("'\"${{{variable}}}\"$'"),
        QuotingContext::Literal | QuotingContext::Number => return None,
    })
}

fn escape_chars(value: &str, special: &[char]) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    for c in value.chars() {
        if special.contains(&c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Without quotes only where the value means nothing by itself, nor together with what stands next to it: `2` before `>`
/// would be a descriptor.
fn may_stand_bare(value: &str, before: Option<char>, after: Option<char>) -> bool {
    let beside = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric() || " \t\n\"'/._-:@);|&=".contains(c));
    let word = before.is_none_or(|c| c.is_ascii_whitespace()) && after.is_none_or(|c| c.is_ascii_whitespace());
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.:/@-".contains(c);
    let starts = value.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/' || c == '_' || c == '.');
    beside(before)
        && beside(after)
        && starts
        && value.chars().all(plain)
        && (!word || crate::shell::quote_value(value) == value)
}

/// True if a value is safe in a text that a second interpreter reads.
pub(super) fn is_plain_word(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || "_.,:/@%+-".contains(c))
}

/// `0`, `42`; `-3` where nothing stands before it that it could be read with.
pub(super) fn is_plain_number(value: &str, before: Option<char>, after: Option<char>) -> bool {
    let apart = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '#' | '$'));
    let signed = value.strip_prefix('-');
    let digits = signed.unwrap_or(value);
    let room = signed.is_none() || before.is_none_or(|c| c.is_ascii_whitespace() || matches!(c, '(' | '='));
    let number = digits == "0" || (!digits.starts_with('0') && digits.chars().all(|c| c.is_ascii_digit()));
    number && !digits.is_empty() && digits.len() <= 18 && room && apart(before) && apart(after)
}

/// The value for SQL: within quotes their inside, else a literal of its own. None where no dialect is sure to read it so.
pub(super) fn quote_sql(value: &str, quoted: bool) -> Option<String> {
    if value.chars().any(|c| c == '\\' || c.is_control()) {
        return None;
    }
    let inside = value.replace('\'', "''");
    Some(if quoted { inside } else { format!("'{inside}'") })
}

#[cfg(test)]
mod tests {
    use super::{QuotingContext, is_plain_number, quote_inline, quote_sql};

    #[test]
    fn a_digit_before_a_redirection_is_quoted() {
        assert_eq!(quote_inline(QuotingContext::Bare, "2", Some(' '), Some('>')), "'2'");
        assert_eq!(quote_inline(QuotingContext::Bare, "2", Some(' '), Some(' ')), "2");
        assert_eq!(quote_inline(QuotingContext::Bare, "then", Some(' '), None), "'then'");
    }

    #[test]
    fn whole_numbers_stand_alone_in_arithmetic() {
        assert!(is_plain_number("42", Some(' '), Some(')')));
        assert!(!is_plain_number("042", None, None));
        assert!(!is_plain_number("-1", Some('-'), None));
        assert!(!is_plain_number("1", Some('a'), None));
        assert!(!is_plain_number("a", None, None));
    }

    #[test]
    fn a_quote_in_sql_is_doubled() {
        assert_eq!(quote_sql("O'Hara", true).as_deref(), Some("O''Hara"));
        assert_eq!(quote_sql("O'Hara", false).as_deref(), Some("'O''Hara'"));
        assert_eq!(quote_sql("\\", true), None);
    }
}
