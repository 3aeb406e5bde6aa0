//! YAML as text: every scalar stays as written, `no` and `0644` included.
//!
//! Invariant: depth is bounded and aliases are refused, so that nothing grows beyond the text. Refuses to know: the meaning of keys.

use serde_saphyr::granit_parser::{Event, Parser};

/// Nesting beyond this is an error.
const DEEPEST: usize = 16;

/// A YAML value of any shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yaml {
    /// A scalar, as it was written.
    Text(String),
    /// A sequence of values.
    List(Vec<Yaml>),
    /// A mapping, in the order of its keys.
    Map(Vec<YamlEntry>),
}

impl Yaml {
    /// A value, or the values of a list, one a line; none for anything nested deeper.
    pub(super) fn flattened_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::List(nodes) => {
                let text = |node| if let Self::Text(text) = node { Some(text) } else { None };
                Some(nodes.into_iter().map(text).collect::<Option<Vec<String>>>()?.join("\n"))
            }
            Self::Map(_) => None,
        }
    }
}

/// A key of a mapping with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlEntry {
    /// Key as written.
    pub key: String,
    /// The key's line in the YAML text, from 1.
    pub line: usize,
    /// Value of the key.
    pub value: Yaml,
}

/// The reason and line of YAML that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadYaml {
    pub(super) line: usize,
    pub(super) reason: String,
}

/// A node whose end the parser has not reached; for a map, with the key whose value comes next.
enum OpenNode {
    List(Vec<Yaml>),
    Map(Vec<YamlEntry>, Option<(String, usize)>),
}

/// Reads one document; `None` when it is empty. Fails on malformed YAML, aliases and deep nesting.
pub(super) fn read_document(text: &str) -> Result<Option<Yaml>, BadYaml> {
    Ok(read_first(text)?.map(|(node, _)| node))
}

/// Reads the first node of a text, which may be JSON, and the byte offset of its end.
pub(super) fn read_first(text: &str) -> Result<Option<(Yaml, usize)>, BadYaml> {
    let mut open: Vec<OpenNode> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| BadYaml { line: error.marker().line(), reason: error.info().clone() })?;
        let line = span.start.line();
        let bad = |reason: &str| BadYaml { line, reason: reason.to_owned() };
        let node = match event {
            // The parser puts `~` where no value is written.
            Event::Scalar(text, ..) if text == "~" && span.start.index() == span.end.index() => {
                Yaml::Text(String::new())
            }
            Event::Scalar(text, ..) => Yaml::Text(text.into_owned()),
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= DEEPEST => {
                return Err(bad("it is nested too deep"));
            }
            Event::SequenceStart(..) => {
                open.push(OpenNode::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(OpenNode::Map(Vec::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(OpenNode::List(nodes)) => Yaml::List(nodes),
                Some(OpenNode::Map(entries, _)) => Yaml::Map(entries),
                None => return Err(bad("it is not balanced")),
            },
            Event::Alias(_) => return Err(bad("aliases (`*name`) are not read here; write the value out")),
            _ => continue,
        };
        match open.last_mut() {
            None => return Ok(Some((node, span.end.byte_offset().unwrap_or(text.len())))),
            Some(OpenNode::List(nodes)) => nodes.push(node),
            Some(OpenNode::Map(entries, waiting)) => match waiting.take() {
                Some((key, line)) => entries.push(YamlEntry { key, line, value: node }),
                None => match node {
                    Yaml::Text(key) => *waiting = Some((key, line)),
                    Yaml::List(_) | Yaml::Map(_) => return Err(bad("a key must be a word")),
                },
            },
        }
    }
    Ok(None)
}

/// Reads names and values from YAML or JSON, each value as written. Fails with the reason and line.
pub fn read_values(text: &str) -> Result<Vec<(String, String)>, String> {
    let at = |line: usize, reason: &str| format!("line {line}: {reason}");
    let entries = match read_document(text).map_err(|bad| at(bad.line, &bad.reason))? {
        None => return Ok(Vec::new()),
        Some(Yaml::Map(entries)) => entries,
        Some(Yaml::Text(_) | Yaml::List(_)) => return Err(at(1, "it has no names with values")),
    };
    let value = |entry: YamlEntry| match entry.value {
        Yaml::Text(text) => Ok((entry.key, text)),
        Yaml::List(_) | Yaml::Map(_) => Err(at(entry.line, &format!("`{}` is not a single value", entry.key))),
    };
    entries.into_iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_stay_as_they_were_written() {
        let text = "mode: 0644\nanswer: no\nnothing:\nwhen: 2026-01-02\nlist: [1, 1.0, 'yes']\n";
        let Ok(Some(Yaml::Map(entries))) = read_document(text) else { panic!("a map") };
        let words: Vec<_> = entries.iter().map(|e| (e.key.as_str(), e.line, e.value.clone())).collect();
        let text = |t: &str| Yaml::Text(t.to_owned());
        assert_eq!(words[0], ("mode", 1, text("0644")));
        assert_eq!(words[1], ("answer", 2, text("no")));
        assert_eq!(words[2], ("nothing", 3, text("")));
        assert_eq!(words[3], ("when", 4, text("2026-01-02")));
        assert_eq!(words[4].2, Yaml::List(vec![text("1"), text("1.0"), text("yes")]));
    }

    #[test]
    fn json_is_read_to_its_end() {
        let json = r#"{"a":"x\"y","b":true,"c":[1,2]} rest"#;
        let Ok(Some((Yaml::Map(entries), end))) = read_first(json) else { panic!("a map") };
        assert_eq!(json.get(end..), Some(" rest"));
        assert_eq!(entries.iter().map(|e| e.key.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(entries[0].value, Yaml::Text("x\"y".to_owned()));
    }

    #[test]
    fn an_alias_bomb_and_deep_nesting_are_refused() {
        assert!(read_document("a: &a [x]\nb: [*a, *a]\n").is_err());
        assert!(read_document(&"[".repeat(5000)).is_err());
        assert!(read_document("a: [").is_err());
    }
}
