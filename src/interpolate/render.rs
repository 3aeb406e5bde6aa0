//! A value as text of one context, such that bash reads exactly that value.
//!
//! Invariant: what is returned holds no character that means something in its context. Refuses to know: where contexts
//! come from.

/// How bash reads the place where a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// An unquoted part of a word.
    Bare,
    /// `"…"`.
    Double,
    /// `'…'`.
    Single,
    /// `$'…'`.
    Ansi,
    /// A heredoc that is expanded.
    Open,
    /// A heredoc that is not.
    Literal,
    /// A comment.
    Comment,
    /// Arithmetic: whole numbers alone.
    Number,
}

/// The value itself, quoted for its context. `before` and `after` are the characters next to it.
pub(super) fn inline(context: Context, value: &str, before: Option<char>, after: Option<char>) -> String {
    match context {
        Context::Bare if may_stand_bare(value, before, after) => value.to_owned(),
        Context::Bare => format!("'{}'", value.replace('\'', r"'\''")),
        Context::Double => escaped(value, &['\\', '"', '$', '`']),
        Context::Single => value.replace('\'', r"'\''"),
        Context::Ansi => escaped(value, &['\\', '\'']),
        Context::Open => escaped(value, &['\\', '$', '`']),
        Context::Literal | Context::Comment | Context::Number => value.to_owned(),
    }
}

/// A reference to a variable of the session that holds the value; none where bash expands nothing.
pub(super) fn reference(context: Context, variable: &str) -> Option<String> {
    Some(match context {
        Context::Bare => format!("\"${{{variable}}}\""),
        Context::Double | Context::Open | Context::Comment => format!("${{{variable}}}"),
        Context::Single => format!("'\"${{{variable}}}\"'"),
        Context::Ansi => format!("'\"${{{variable}}}\"$'"),
        Context::Literal | Context::Number => return None,
    })
}

fn escaped(value: &str, special: &[char]) -> String {
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
        && (!word || crate::shell::quote(value) == value)
}

/// Whether a value can go into a text that a second interpreter reads.
pub(super) fn is_plain_word(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || "_.,:/@%+-".contains(c))
}

/// `0`, `42`; `-3` where nothing stands before it that it could be read with.
pub(super) fn is_number(value: &str, before: Option<char>, after: Option<char>) -> bool {
    let apart = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '#' | '$'));
    let signed = value.strip_prefix('-');
    let digits = signed.unwrap_or(value);
    let room = signed.is_none() || before.is_none_or(|c| c.is_ascii_whitespace() || matches!(c, '(' | '='));
    let number = digits == "0" || (!digits.starts_with('0') && digits.chars().all(|c| c.is_ascii_digit()));
    number && !digits.is_empty() && digits.len() <= 18 && room && apart(before) && apart(after)
}

/// The value for SQL: within quotes their inside, else a literal of its own. None where no dialect is sure to read it so.
pub(super) fn sql(value: &str, quoted: bool) -> Option<String> {
    if value.chars().any(|c| c == '\\' || c.is_control()) {
        return None;
    }
    let inside = value.replace('\'', "''");
    Some(if quoted { inside } else { format!("'{inside}'") })
}

#[cfg(test)]
mod tests {
    use super::{Context, inline, is_number, sql};

    #[test]
    fn a_digit_before_a_redirection_is_quoted() {
        assert_eq!(inline(Context::Bare, "2", Some(' '), Some('>')), "'2'");
        assert_eq!(inline(Context::Bare, "2", Some(' '), Some(' ')), "2");
        assert_eq!(inline(Context::Bare, "then", Some(' '), None), "'then'");
    }

    #[test]
    fn whole_numbers_stand_alone_in_arithmetic() {
        assert!(is_number("42", Some(' '), Some(')')));
        assert!(!is_number("042", None, None));
        assert!(!is_number("-1", Some('-'), None));
        assert!(!is_number("1", Some('a'), None));
        assert!(!is_number("a", None, None));
    }

    #[test]
    fn a_quote_in_sql_is_doubled() {
        assert_eq!(sql("O'Hara", true).as_deref(), Some("O''Hara"));
        assert_eq!(sql("O'Hara", false).as_deref(), Some("'O''Hara'"));
        assert_eq!(sql("\\", true), None);
    }
}
