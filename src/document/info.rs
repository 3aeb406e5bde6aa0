//! The info string of a fence: a language, and attributes in either notation.
//!
//! Invariant: any text gives a result; malformed parts become faults beside what could be read. Refuses to know: what a language or an
//! attribute means.

use super::Attributes;
use super::nearest::{is_word_of, nearest_word};
use super::yaml::{self, Yaml, YamlEntry};

/// The attributes we know: Runme's, then ours.
pub(super) const KNOWN: &[&str] = &[
    "name",
    "cwd",
    "interactive",
    "background",
    "interpreter",
    "excludeFromRunAll",
    "tag",
    "category",
    "promptEnv",
    "timeout",
    "retry",
    "every",
    "until",
    "monitor",
    "expect",
    "risk",
    "confirm",
    "when",
    "continue",
    "rollback",
];

/// Attributes of other tools, which are kept without a finding.
const FOREIGN: &str = "id mimeType terminalRows closeTerminalOnSuccess openTerminalOnError transform title linenums linenostart \
    lineNumbers numberLines showLineNumbers hl_lines highlight filename file caption class lang copy wrap editable \
    startLine startFrom lineAnchors lineNos linenos echo eval include results label no_run ignore noplayground skip indent source subs \
    emphasize-lines";

/// Directives whose argument is the language of the code.
const CODE_DIRECTIVES: &[&str] = &["code", "code-block", "sourcecode"];

/// The parts of one info string.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct InfoString {
    pub(super) language: String,
    pub(super) attributes: Attributes,
    pub(super) faults: Vec<InfoFault>,
}

/// A mistake in an info string.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum InfoFault {
    /// An attribute that no tool we know of has, with the known one that it resembles.
    Unknown { name: String, nearest: Option<&'static str> },
    /// The attributes could not be read to their end.
    Malformed(String),
}

/// Reads an info string; mistakes are in the result.
pub(super) fn parse_info_string(info: &str) -> InfoString {
    let info = info.trim();
    let mut read = InfoString::default();
    let end = info.find(|c: char| c.is_whitespace() || matches!(c, ',' | '{')).unwrap_or(info.len());
    let (word, rest) = info.split_at_checked(end).unwrap_or((info, ""));
    // An info string may hold attributes alone: `interpreter=python3`.
    let rest = if word.contains('=') {
        info
    } else {
        word.clone_into(&mut read.language);
        rest
    };
    read.read_attributes(rest);
    read
}

impl InfoString {
    fn read_attributes(&mut self, text: &str) {
        let mut rest = text.trim_start_matches(is_separator);
        while !rest.is_empty() {
            rest = match rest.strip_prefix('{') {
                Some(inner) if inner.trim_start().starts_with(['"', '\'', '}']) => self.read_json(rest),
                Some(inner) => self.read_braced(inner),
                None => self.read_pair(rest, false),
            };
            rest = rest.trim_start_matches(is_separator);
        }
    }

    /// Reads `{"name":"x"}`; returns the text after it.
    fn read_json<'t>(&mut self, text: &'t str) -> &'t str {
        let (entries, end) = match yaml::read_first(text) {
            Ok(Some((Yaml::Map(entries), end))) if end > 0 => (entries, end),
            Ok(_) => return "",
            Err(bad) => {
                self.faults.push(InfoFault::Malformed(bad.reason));
                return "";
            }
        };
        for YamlEntry { key, value, .. } in entries {
            match value.flattened_text() {
                Some(value) => self.add_attribute(&key, value, true),
                None => self.faults.push(InfoFault::Malformed(format!("`{key}` holds more than a value"))),
            }
        }
        text.get(end..).unwrap_or("")
    }

    /// Reads `name=x background}`, behind the opening brace; returns the text after the closing one.
    fn read_braced<'t>(&mut self, text: &'t str) -> &'t str {
        let mut rest = text.trim_start_matches(is_separator);
        // `{.bash}` and `{bash}` name the language; `{note}` is another tool's block, and stays what it is.
        if self.language.is_empty() {
            let end = rest.find(|c: char| is_separator(c) || c == '}').unwrap_or(rest.len());
            let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            if !word.contains('=') && !KNOWN.contains(&word) && !word.starts_with('#') {
                word.trim_start_matches('.').clone_into(&mut self.language);
                if !word.starts_with('.') && after.starts_with('}') {
                    self.language = super::kinds::rmarkdown_language(word);
                }
                // `{code-block} bash`: a directive of reStructuredText, as MyST writes it.
                if CODE_DIRECTIVES.contains(&word)
                    && let Some(argument) = after.strip_prefix('}')
                {
                    let end = argument.trim_start().find(is_separator).unwrap_or(argument.trim_start().len());
                    let (language, after) = argument.trim_start().split_at_checked(end).unwrap_or((argument, ""));
                    language.clone_into(&mut self.language);
                    return after;
                }
                rest = after;
            }
        }
        loop {
            rest = rest.trim_start_matches(is_separator);
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
            if rest.is_empty() {
                self.faults.push(InfoFault::Malformed("`{` is never closed".to_owned()));
                return rest;
            }
            rest = self.read_pair(rest, true);
        }
    }

    /// Reads one `key=value`, `key="value"` or bare `key`; returns the text after it, always shorter than `text`.
    fn read_pair<'t>(&mut self, text: &'t str, in_braces: bool) -> &'t str {
        let ends = |c: char| is_separator(c) || c == '=' || c == '{' || c == '}';
        let end = text.find(ends).unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        let Some(rest) = rest.strip_prefix('=') else {
            self.add_bare_word(name, in_braces);
            // Skip a stray brace, so that each call consumes something.
            return if name.is_empty() { after_first_char(rest) } else { rest };
        };
        let (value, rest) = if let Some(quote @ ('"' | '\'')) = rest.chars().next() {
            self.read_quoted(after_first_char(rest), quote)
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || (in_braces && c == '}')).unwrap_or(rest.len());
            let (value, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
            (value.trim_end_matches(',').to_owned(), rest)
        };
        if !name.is_empty() {
            self.add_attribute(name, value, true);
        }
        rest
    }

    fn read_quoted<'t>(&mut self, text: &'t str, quote: char) -> (String, &'t str) {
        let mut value = String::new();
        let mut escaped = false;
        for (at, c) in text.char_indices() {
            if escaped {
                value.push(c);
                escaped = false;
            } else if c == '\\' && quote == '"' {
                escaped = true;
            } else if c == quote {
                return (value, after_first_char(text.get(at..).unwrap_or("")));
            } else {
                value.push(c);
            }
        }
        self.faults.push(InfoFault::Malformed(format!("`{quote}` is never closed")));
        (value, "")
    }

    /// Takes a word without a value. Outside braces it may be anything (`bash copy`), so only a near miss is a fault.
    fn add_bare_word(&mut self, name: &str, in_braces: bool) {
        let is_line_numbers = name.chars().all(|c| c.is_ascii_digit() || c == '-');
        if name.is_empty() || is_line_numbers || name.starts_with('.') {
            return;
        }
        if let Some(id) = name.strip_prefix('#') {
            self.add_attribute("id", id.to_owned(), false);
        } else {
            self.add_attribute(name, "true".to_owned(), in_braces || nearest_word(name, KNOWN).is_some());
        }
    }

    fn add_attribute(&mut self, name: &str, value: String, remark: bool) {
        let is_ours = KNOWN.contains(&name) || is_word_of(FOREIGN, name) || name.starts_with("data-");
        if remark && !is_ours {
            self.faults.push(InfoFault::Unknown { name: name.to_owned(), nearest: nearest_word(name, KNOWN) });
        }
        self.attributes.all.insert(name.to_owned(), value);
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || c == ','
}

fn after_first_char(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(info: &str) -> String {
        let read = parse_info_string(info);
        let pairs: Vec<_> = read.attributes.all.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        let faults = if read.faults.is_empty() { String::new() } else { format!(" !{:?}", read.faults) };
        format!("{} [{}]{faults}", read.language, pairs.join(" "))
    }

    #[test]
    fn both_notations_and_their_mixtures_are_read() {
        let table = [
            ("", " []"),
            ("bash", "bash []"),
            ("{.bash}", "bash []"),
            ("{.bash .numberLines startLine=3}", "bash [startLine=\"3\"]"),
            ("{bash}", "bash []"),
            ("{note}", "{note} []"),
            ("bash,editable", "bash [editable=\"true\"]"),
            ("bash {name=x timeout=30s background=true}", "bash [background=\"true\" name=\"x\" timeout=\"30s\"]"),
            ("bash{name=x, background}", "bash [background=\"true\" name=\"x\"]"),
            ("sh { name='drain node' when=\"a \\\"b\\\"\" }", "sh [name=\"drain node\" when=\"a \\\"b\\\"\"]"),
            (
                r#"sh {"name":"x","timeout":"30s","background":true,"retry":3}"#,
                r#"sh [background="true" name="x" retry="3" timeout="30s"]"#,
            ),
            ("sh name=x timeout=5m", "sh [name=\"x\" timeout=\"5m\"]"),
            ("interpreter=python3", " [interpreter=\"python3\"]"),
            (r#"{"interpreter":"python3"}"#, r#" [interpreter="python3"]"#),
            ("{name=x}", " [name=\"x\"]"),
            ("bash {1,3-5}", "bash []"),
            ("bash copy", "bash [copy=\"true\"]"),
            ("bash run this first", "bash [first=\"true\" run=\"true\" this=\"true\"]"),
        ];
        for (info, expected) in table {
            assert_eq!(shown(info), expected, "{info}");
        }
    }

    #[test]
    fn a_misspelt_attribute_is_named_with_the_one_it_resembles() {
        let unknown = |name: &str, nearest| InfoFault::Unknown { name: name.to_owned(), nearest };
        assert_eq!(parse_info_string("bash {timout=3s}").faults, [unknown("timout", Some("timeout"))]);
        assert_eq!(parse_info_string("bash {Name=x}").faults, [unknown("Name", Some("name"))]);
        assert_eq!(parse_info_string("bash intractive").faults, [unknown("intractive", Some("interactive"))]);
        assert_eq!(parse_info_string(r#"bash {"zebra":"1"}"#).faults, [unknown("zebra", None)]);
    }

    #[test]
    fn malformed_attributes_keep_the_language_and_what_was_read() {
        for info in ["bash {name=x", "bash {\"name\":", "bash {name=\"x", "bash { ", "bash {\"a\":1"] {
            let read = parse_info_string(info);
            assert_eq!(read.language, "bash", "{info}");
            assert!(matches!(read.faults.as_slice(), [.., InfoFault::Malformed(_)]), "{info}: {:?}", read.faults);
        }
        assert_eq!(parse_info_string("bash {name=x").attributes.get("name"), Some("x"));
    }
}
