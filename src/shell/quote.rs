//! Values as bash words.
//!
//! Invariant: bash reads the returned word as exactly the given value, wherever a word is allowed.
//! Refuses to know: where the word goes. Choosing a form by context is the job of `interpolate`.

/// Returns one bash word for exactly this value: unchanged if that is safe, otherwise in single quotes.
pub fn quote_value(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.,:/@%+=-".contains(c);
    // A leading dash or plus looks like an option. Some shells and builtins read a leading
    // `=` or `%` as a path or a job.
    let safe = !value.is_empty() && value.chars().all(plain) && !value.starts_with(['-', '=', '%', '+']);
    if safe && !looks_like_assignment(value) && !is_reserved_word(value) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// True for `a=b`, which would set a variable at the start of a command.
fn looks_like_assignment(value: &str) -> bool {
    value.split_once('=').is_some_and(|(name, _)| {
        let name = name.strip_suffix('+').unwrap_or(name);
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

fn is_reserved_word(value: &str) -> bool {
    matches!(
        value,
        "if" | "then"
            | "elif"
            | "else"
            | "fi"
            | "do"
            | "done"
            | "case"
            | "esac"
            | "for"
            | "while"
            | "until"
            | "select"
            | "in"
            | "function"
            | "time"
            | "coproc"
    )
}

/// Returns a reference to a variable that expands to a single word when appended to the text `before`.
///
/// Outside quotes it brings its own double quotes. Inside double quotes it needs none. Inside single quotes, which
/// prevent expansion, it closes them and reopens them afterwards.
pub fn variable_reference(before: &str, name: &str) -> String {
    match open_quotes_at_end(before) {
        OpenQuotes::None => format!("\"${{{name}}}\""),
        OpenQuotes::Double => format!("${{{name}}}"),
        OpenQuotes::Single => format!("'\"${{{name}}}\"'"),
    }
}

/// Kind of quotes that are still open at some point of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OpenQuotes {
    None,
    Double,
    Single,
}

/// Finds the quotes that are open at the end of a text. A `$(` starts a fresh context, which its `)` ends.
fn open_quotes_at_end(text: &str) -> OpenQuotes {
    let mut open = vec![OpenQuotes::None];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let innermost = open.last().copied().unwrap_or(OpenQuotes::None);
        match (innermost, c) {
            (OpenQuotes::Single, '\'') | (OpenQuotes::Double, '"') => drop(open.pop()),
            (OpenQuotes::Single, _) => {}
            (_, '\\') => drop(chars.next()),
            (_, '$') if chars.next_if_eq(&'(').is_some() => open.push(OpenQuotes::None),
            (OpenQuotes::None, ')') if open.len() > 1 => drop(open.pop()),
            (OpenQuotes::None, '\'') => open.push(OpenQuotes::Single),
            (OpenQuotes::None, '"') => open.push(OpenQuotes::Double),
            _ => {}
        }
    }
    open.last().copied().unwrap_or(OpenQuotes::None)
}

#[cfg(test)]
mod tests {
    use super::{quote_value, variable_reference};

    #[test]
    fn a_reference_is_one_word_in_whatever_quotes_it_stands() {
        assert_eq!(variable_reference("mysql -p", "PW"), r#""${PW}""#);
        assert_eq!(variable_reference("curl -H \"X: ", "PW"), "${PW}");
        assert_eq!(variable_reference("curl -H 'X: ", "PW"), r#"'"${PW}"'"#);
        assert_eq!(variable_reference("a \"$(b ", "PW"), r#""${PW}""#);
        assert_eq!(variable_reference("a \"$(b) ", "PW"), "${PW}");
        assert_eq!(variable_reference("a 'it' \"\\\" ", "PW"), "${PW}");
    }

    #[test]
    fn a_value_becomes_one_word() {
        assert_eq!(quote_value("backups/db_2025.sql.gz"), "backups/db_2025.sql.gz");
        assert_eq!(quote_value(""), "''");
        assert_eq!(quote_value("two words"), "'two words'");
        assert_eq!(quote_value("it's"), r"'it'\''s'");
        assert_eq!(quote_value("-rf"), "'-rf'");
        assert_eq!(quote_value("~root"), "'~root'");
        assert_eq!(quote_value("$(id)"), "'$(id)'");
        assert_eq!(quote_value("A=1"), "'A=1'");
        assert_eq!(quote_value("é"), "'é'");
    }
}
