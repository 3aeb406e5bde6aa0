//! Values as bash words.
//!
//! Invariant: bash reads the word returned as exactly the value given, in any place where a word may stand.
//! Refuses to know: where the word goes; placing by context is the plan's.

/// One bash word for exactly this value: as it is where that is safe, else in single quotes.
pub fn quote(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.,:/@%+=-".contains(c);
    // A leading dash reads as an option, a leading `=` or `%` as a path or a job to some shells and builtins.
    let safe = !value.is_empty() && value.chars().all(plain) && !value.starts_with(['-', '=', '%', '+']);
    if safe && !assigns(value) && !is_reserved(value) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// `a=b` at the start of a command would set a variable.
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

/// A reference to a variable that is one word where it stands, behind this text: in quotes of its own, in those that are
/// open, or, since single quotes would keep it from being read, between two such pieces.
pub fn reference(before: &str, name: &str) -> String {
    match quoting(before) {
        Quoting::None => format!("\"${{{name}}}\""),
        Quoting::Double => format!("${{{name}}}"),
        Quoting::Single => format!("'\"${{{name}}}\"'"),
    }
}

/// What quotes are open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    None,
    Double,
    Single,
}

/// What is open at a text's end. A `$(` begins anew, and its `)` goes back.
fn quoting(text: &str) -> Quoting {
    let mut open = vec![Quoting::None];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let now = open.last().copied().unwrap_or(Quoting::None);
        match (now, c) {
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
