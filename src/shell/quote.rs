//! Values as bash words.
//!
//! Invariant: bash reads the returned word as exactly the given value, wherever a word is allowed.
//! Refuses to know: where the word goes. Choosing a form by context is the job of `interpolate`.

/// Returns one bash word for exactly this value: unchanged if that is safe, otherwise in single quotes.
pub fn quote(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.,:/@%+=-".contains(c);
    // A leading dash or plus looks like an option. Some shells and builtins read a leading
    // `=` or `%` as a path or a job.
    let safe = !value.is_empty() && value.chars().all(plain) && !value.starts_with(['-', '=', '%', '+']);
    if safe && !assigns(value) && !is_reserved(value) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// True for `a=b`, which would set a variable at the start of a command.
fn assigns(value: &str) -> bool {
    value.split_once('=').is_some_and(|(name, _)| {
        let name = name.strip_suffix('+').unwrap_or(name);
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

fn is_reserved(value: &str) -> bool {
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
pub fn reference(before: &str, name: &str) -> String {
    match quoting(before) {
        Quoting::None => format!("\"${{{name}}}\""),
        Quoting::Double => format!("${{{name}}}"),
        Quoting::Single => format!("'\"${{{name}}}\"'"),
    }
}

/// Kind of quotes that are still open at some point of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    None,
    Double,
    Single,
}

/// Finds the quotes that are open at the end of a text. A `$(` starts a fresh context, which its `)` ends.
fn quoting(text: &str) -> Quoting {
    let mut open = vec![Quoting::None];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let innermost = open.last().copied().unwrap_or(Quoting::None);
        match (innermost, c) {
            (Quoting::Single, '\'') | (Quoting::Double, '"') => drop(open.pop()),
            (Quoting::Single, _) => {}
            (_, '\\') => drop(chars.next()),
            (_, '$') if chars.next_if_eq(&'(').is_some() => open.push(Quoting::None),
            (Quoting::None, ')') if open.len() > 1 => drop(open.pop()),
            (Quoting::None, '\'') => open.push(Quoting::Single),
            (Quoting::None, '"') => open.push(Quoting::Double),
            _ => {}
        }
    }
    open.last().copied().unwrap_or(Quoting::None)
}

#[cfg(test)]
mod tests {
    use super::{quote, reference};

    #[test]
    fn a_reference_is_one_word_in_whatever_quotes_it_stands() {
        assert_eq!(reference("mysql -p", "PW"), r#""${PW}""#);
        assert_eq!(reference("curl -H \"X: ", "PW"), "${PW}");
        assert_eq!(reference("curl -H 'X: ", "PW"), r#"'"${PW}"'"#);
        assert_eq!(reference("a \"$(b ", "PW"), r#""${PW}""#);
        assert_eq!(reference("a \"$(b) ", "PW"), "${PW}");
        assert_eq!(reference("a 'it' \"\\\" ", "PW"), "${PW}");
    }

    #[test]
    fn a_value_becomes_one_word() {
        assert_eq!(quote("backups/db_2025.sql.gz"), "backups/db_2025.sql.gz");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("two words"), "'two words'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote("-rf"), "'-rf'");
        assert_eq!(quote("~root"), "'~root'");
        assert_eq!(quote("$(id)"), "'$(id)'");
        assert_eq!(quote("A=1"), "'A=1'");
        assert_eq!(quote("é"), "'é'");
    }
}
