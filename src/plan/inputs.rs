//! The values a procedure needs: their names, origins and rules.
//!
//! Invariant: each name has one input; a secret's rules mark it as one wherever it was found. Refuses to know: who gives a value.

use crate::ident::InputName;
use regex::Regex;
use std::collections::BTreeMap;

/// A value that a procedure needs.
#[derive(Clone, Debug)]
pub struct Input {
    /// Name to give the value under.
    pub name: InputName,
    /// Where the document asks for it.
    pub origin: InputSource,
    /// Spelling in the document: `<pod-name>`, `{{ backup_file }}`, `$NAMESPACE`.
    pub shown: String,
    /// The document's own value.
    pub default: Option<String>,
    /// True if commands cannot run without the value. A doubtful placeholder may stay as written.
    pub blocks: bool,
    /// Rules that a value must meet.
    pub rules: InputRules,
    /// The commands that need the value, in order.
    pub uses: Vec<InputUseSite>,
}

/// Where an input was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputSource {
    /// In the front matter.
    Declared,
    /// A placeholder of this kind in a command.
    Placeholder(crate::shell::HoleKind),
    /// A variable that is read and never set.
    Variable,
    /// A literal that one command assigns and later ones read.
    Assignment,
    /// An assignment in a cell with the attribute `promptEnv`.
    Attribute,
}

impl InputSource {
    /// The origin as JSON output spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Placeholder(_) => "placeholder",
            Self::Variable | Self::Assignment => "variable",
            Self::Attribute => "attribute",
        }
    }
}

/// A command that needs an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputUseSite {
    /// Index of the step in the plan.
    pub step: usize,
    /// Index of the command in the step; one past the last for the `until` condition.
    pub command: usize,
    /// Line of the command in the document, from 1.
    pub line: u32,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputKind {
    /// Any text without a NUL byte.
    #[default]
    Text,
    /// A whole number of at most 18 digits.
    Int,
    /// A path, relative or absolute.
    Path,
    /// A host name or IP address.
    Host,
    /// A URL with a scheme and a host.
    Url,
    /// The word `true` or `false`.
    Bool,
}

impl InputKind {
    /// The type as the front matter spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Int => "int",
            Self::Path => "path",
            Self::Host => "host",
            Self::Url => "url",
            Self::Bool => "bool",
        }
    }
}

/// The rules that an input's value must meet.
#[derive(Clone, Debug, Default)]
pub struct InputRules {
    /// Explanation for the operator.
    pub description: Option<String>,
    /// The only values allowed; empty allows any.
    pub choices: Vec<String>,
    /// The pattern that the whole value must match.
    pub pattern: Option<String>,
    /// Type of the value.
    pub kind: InputKind,
    /// A command whose output lines are offered as values.
    pub from: Option<String>,
    /// True for a secret: never in a text, an argument or the record.
    pub secret: bool,
    /// True if the value is a path that must exist.
    pub exists: bool,
}

/// Why a value does not meet the rules of its input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(String);

impl InvalidValue {
    /// The error for a path that must exist and does not. A secret path is not named.
    pub fn missing_path(path: &std::path::Path, secret: bool) -> Self {
        Self(if secret { "no such file is there".to_owned() } else { format!("`{}` is not there", path.display()) })
    }
}

/// The keys a declared input may have.
pub(super) const PROPERTIES: &[&str] =
    &["description", "default", "choices", "pattern", "type", "from", "secret", "exists"];

/// Longest pattern, in bytes.
const LONGEST_PATTERN: usize = 1_000;

impl InputRules {
    /// Reads an input's properties from the front matter, with a message for each mistake.
    pub(super) fn parse_properties(properties: &BTreeMap<String, String>) -> (Self, Vec<String>) {
        let text = |key: &str| properties.get(key).filter(|text| !text.trim().is_empty()).cloned();
        let yes = |key: &str| matches!(properties.get(key).map(String::as_str), Some("true" | "yes" | "1"));
        let mut wrong = Vec::new();
        let kind = match properties.get("type").map_or("string", String::as_str) {
            "string" | "text" | "secret" => InputKind::Text,
            "int" | "integer" | "number" => InputKind::Int,
            "path" | "file" => InputKind::Path,
            "host" => InputKind::Host,
            "url" => InputKind::Url,
            "bool" | "boolean" => InputKind::Bool,
            other => {
                wrong.push(format!("`type: {other}` is none of string, int, path, host, url, bool, secret"));
                InputKind::Text
            }
        };
        let pattern = text("pattern").filter(|pattern| {
            let readable = compile_full_match(pattern);
            if let Err(why) = &readable {
                wrong.push(format!("`pattern: {pattern}` cannot be read: {why}"));
            }
            readable.is_ok()
        });
        wrong.extend(
            properties
                .keys()
                .filter(|key| !PROPERTIES.contains(&key.as_str()))
                .map(|key| format!("`{key}` says nothing about an input; the keys are {}", PROPERTIES.join(", "))),
        );
        let choices = text("choices").map(|list| list.lines().map(ToOwned::to_owned).collect()).unwrap_or_default();
        let secret = yes("secret") || properties.get("type").is_some_and(|kind| kind == "secret");
        let exists = yes("exists");
        (Self { description: text("description"), choices, pattern, kind, from: text("from"), secret, exists }, wrong)
    }

    /// Checks a value. Fails with the first rule that it breaks.
    pub fn check_value(&self, value: &str) -> Result<(), InvalidValue> {
        let unfit = |why: String| Err(InvalidValue(why));
        if value.contains('\0') {
            return unfit("it has a NUL byte, which no shell can hold".to_owned());
        }
        if !self.choices.is_empty() && !self.choices.iter().any(|choice| choice == value) {
            return unfit(format!("it is none of {}", self.choices.join(", ")));
        }
        let fits = match self.kind {
            InputKind::Text | InputKind::Path => true,
            InputKind::Int => {
                let digits = value.strip_prefix('-').unwrap_or(value);
                !digits.is_empty() && digits.len() <= 18 && digits.bytes().all(|b| b.is_ascii_digit())
            }
            InputKind::Host => is_host(value),
            InputKind::Url => is_url(value),
            InputKind::Bool => matches!(value, "true" | "false"),
        };
        if !fits {
            return unfit(match self.kind {
                InputKind::Int => "it is no whole number".to_owned(),
                InputKind::Host => "it is no host: a name like `db1.internal`, or an address".to_owned(),
                InputKind::Url => "it is no URL like `https://host/path`".to_owned(),
                _ => "it is neither `true` nor `false`".to_owned(),
            });
        }
        match self.pattern.as_deref().map(compile_full_match) {
            Some(Ok(pattern)) if !pattern.is_match(value) => {
                unfit(format!("it does not match `{}`", self.pattern.as_deref().unwrap_or_default()))
            }
            _ => Ok(()),
        }
    }
}

/// Compiles a pattern to match the whole value. Fails with the reason it is no pattern.
fn compile_full_match(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LONGEST_PATTERN {
        return Err("it is too long".to_owned());
    }
    regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(1 << 20)
        .build()
        .map_err(|error| error.to_string().lines().last().unwrap_or("no pattern").trim().to_owned())
}

fn is_host(value: &str) -> bool {
    let address = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(value);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    address.parse::<std::net::IpAddr>().is_ok()
        || (value.len() <= 253 && value.strip_suffix('.').unwrap_or(value).split('.').all(label))
}

fn is_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
    named && !rest.is_empty() && !rest.starts_with('/') && !value.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// A name in the form used to compare names: `<pod-name>`, `POD_NAME` and `Pod Name` are the same.
pub fn canonical_name(name: &str) -> String {
    let inner = name.trim().trim_matches(['<', '>', '[', ']', '{', '}', '$', ' ']);
    inner.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::{InputRules, canonical_name};
    use std::collections::BTreeMap;

    fn rules(list: &[(&str, &str)]) -> InputRules {
        let map: BTreeMap<String, String> = list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let (rules, wrong) = InputRules::parse_properties(&map);
        assert!(wrong.is_empty(), "{wrong:?}");
        rules
    }

    #[test]
    fn a_value_is_held_to_its_type_its_choices_and_its_pattern() {
        assert!(rules(&[("type", "int")]).check_value("-12").is_ok());
        assert!(rules(&[("type", "int")]).check_value("12a").is_err());
        assert!(rules(&[("type", "host")]).check_value("db-1.internal").is_ok());
        assert!(rules(&[("type", "host")]).check_value("::1").is_ok());
        assert!(rules(&[("type", "host")]).check_value("a b").is_err());
        assert!(rules(&[("type", "url")]).check_value("https://a/b").is_ok());
        assert!(rules(&[("type", "url")]).check_value("a/b").is_err());
        assert!(rules(&[("choices", "a\nb")]).check_value("c").is_err());
        let pattern = rules(&[("pattern", "[a-z]+\\.gz")]);
        assert!(pattern.check_value("db.gz").is_ok());
        assert_eq!(pattern.check_value("db.gz; rm").unwrap_err().to_string(), "it does not match `[a-z]+\\.gz`");
    }

    #[test]
    fn what_a_declaration_cannot_say_is_told() {
        let map = BTreeMap::from([("type".to_owned(), "x".to_owned()), ("defualt".to_owned(), "y".to_owned())]);
        assert_eq!(InputRules::parse_properties(&map).1.len(), 2);
        let map = BTreeMap::from([("pattern".to_owned(), "(".to_owned())]);
        assert_eq!(InputRules::parse_properties(&map).1.len(), 1);
    }

    #[test]
    fn names_are_compared_as_people_mean_them() {
        assert_eq!(canonical_name("<pod-name>"), canonical_name("POD_NAME"));
    }
}
