//! The front matter: YAML between `---` lines at the start of a document.
//!
//! Invariant: broken or foreign front matter never hides the document behind it. Refuses to know: how the values are used.

use super::lines::Lines;
use super::nearest::{is_word_of, nearest_word};
use super::yaml::{self, Yaml, YamlEntry};
use super::{DocumentFinding, FrontMatter, Span};
use std::collections::BTreeMap;

const KEYS: &[&str] = &["title", "inputs", "cwd", "timeout", "env", "severity", "message_command", "incident"];

/// Keys of other tools, which are ignored.
const FOREIGN: &str = "runme shell skipPrompts tag tags category categories layout description summary slug date lastmod updated \
    author authors owner owners owner_slack team weight draft keywords permalink id version status type name url \
    aliases redirect_from parent parents nav_order has_children has_toc menu toc hide hide_title sidebar \
    sidebar_position sidebar_label pagination_next pagination_prev custom_edit_url image images lang language \
    section source_url last_reviewed_on review_in review_by jupytext kernelspec myst html_meta orphan css theme \
    output template terminalRows audience product service topic titleSuffix ms editor index order position icon \
    subtitle linkTitle label labels meta";

/// Variables that a document may not set, because they change how bash reads or finds every later command.
const KEPT_FROM_ENV: &[&str] = &[
    "PATH",
    "ENV",
    "IFS",
    "SHELLOPTS",
    "BASHOPTS",
    "PROMPT_COMMAND",
    "PS0",
    "PS1",
    "PS2",
    "PS3",
    "PS4",
    "CDPATH",
    "GLOBIGNORE",
    "EXECIGNORE",
    "FIGNORE",
    "HOME",
    "SHELL",
    "TMOUT",
    "POSIXLY_CORRECT",
    "HISTFILE",
    "INPUTRC",
    "GCONV_PATH",
    "LOCPATH",
    "NLSPATH",
    "GLIBC_TUNABLES",
    "GETCONF_DIR",
    "PWD",
    "OLDPWD",
];
const KEPT_PREFIXES: &[&str] = &["LD_", "BASH_", "DYLD_", "MALLOC_", "__rb_", "RUNBOOK_"];

/// Reads the front matter of a document; default values when there is none.
pub(super) fn read_front_matter(document: &str, lines: &Lines, findings: &mut Vec<DocumentFinding>) -> FrontMatter {
    let mut reader = FrontMatterReader { front: FrontMatter::default(), lines, findings };
    if let Some((body, span)) = span_between_marks(document, "+++", &["+++"]) {
        reader.report_span(
            "toml-front-matter",
            1,
            body,
            "TOML front matter is not read".to_owned(),
            "write it as YAML between `---` lines",
        );
        reader.front.span = span;
        return reader.front;
    }
    let Some((body, span)) = span_between_marks(document, "---", &["---", "..."]) else { return reader.front };
    let text = document.get(body.clone()).unwrap_or("");
    match yaml::read_document(text) {
        Ok(Some(Yaml::Map(entries))) => {
            reader.front.span = span;
            reader.read_entries(entries);
        }
        Ok(None) => reader.front.span = span,
        // Prose between two horizontal rules.
        Ok(Some(Yaml::Text(_) | Yaml::List(_))) => {}
        Err(_) if holds_markdown(text) => {}
        Err(bad) => {
            reader.front.span = span;
            let message = format!("the front matter cannot be read: {}", bad.reason);
            reader.report_key(
                "malformed-front-matter",
                bad.line,
                message,
                "correct the YAML; none of it counts until then",
            );
        }
    }
    reader.front
}

/// The bytes between the opening and the closing line, and those with both lines.
fn span_between_marks(document: &str, opening: &str, closings: &[&str]) -> Option<(Span, Span)> {
    let mut at = 0;
    for (index, line) in document.split_inclusive('\n').enumerate() {
        let text = line.trim_end();
        if index == 0 {
            if text != opening {
                return None;
            }
        } else if closings.contains(&text) {
            let start = document.find('\n').map_or(at, |end| end + 1);
            return Some((start..at, 0..at + line.len()));
        }
        at += line.len();
    }
    None
}

fn holds_markdown(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("```") || line.starts_with("~~~") || line.starts_with("##"))
}

struct FrontMatterReader<'a> {
    front: FrontMatter,
    lines: &'a Lines,
    findings: &'a mut Vec<DocumentFinding>,
}

impl FrontMatterReader<'_> {
    fn report_span(&mut self, code: &'static str, line: u32, span: Span, message: String, help: &str) {
        self.findings.push(DocumentFinding { code, line, span, message, help: help.to_owned() });
    }

    fn report_key(&mut self, code: &'static str, yaml_line: usize, message: String, help: &str) {
        // The YAML begins on the document's second line.
        let line = u32::try_from(yaml_line + 1).unwrap_or(u32::MAX);
        let span = self.lines.span_of_lines(line, line);
        self.report_span(code, self.lines.line_of(span.start), span, message, help);
    }

    fn read_entries(&mut self, entries: Vec<YamlEntry>) {
        for YamlEntry { key, line, value } in entries {
            match key.as_str() {
                "title" => self.front.title = self.single_value(&key, line, value),
                "cwd" => self.front.cwd = self.single_value(&key, line, value),
                "timeout" => self.front.timeout = self.single_value(&key, line, value),
                "severity" => self.front.severity = self.single_value(&key, line, value),
                "message_command" => self.front.message_command = self.single_value(&key, line, value),
                "env" => self.read_env(line, value),
                "incident" => match value {
                    Yaml::Map(entries) => self.front.incident = entries,
                    Yaml::Text(_) | Yaml::List(_) => self.report_wrong_shape(&key, line, "a map of names and values"),
                },
                "inputs" => self.read_inputs(line, value),
                _ => self.report_unknown_key(&key, line),
            }
        }
    }

    fn report_unknown_key(&mut self, key: &str, line: usize) {
        let meant = nearest_word(key, KEYS);
        if meant.is_none() && (is_word_of(FOREIGN, key) || key.starts_with("ms.") || key.starts_with("x-")) {
            return;
        }
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the keys are {}", list_quoted(KEYS)),
        };
        self.report_key("unknown-front-matter", line, format!("`{key}` in the front matter says nothing here"), &help);
    }

    fn single_value(&mut self, key: &str, line: usize, value: Yaml) -> Option<String> {
        if let Yaml::Text(text) = value {
            return Some(text);
        }
        self.report_wrong_shape(key, line, "a single value");
        None
    }

    fn report_wrong_shape(&mut self, key: &str, line: usize, wanted: &str) {
        let message = format!("`{key}` in the front matter is not {wanted}");
        self.report_key("malformed-front-matter", line, message, &format!("give it {wanted}"));
    }

    fn read_env(&mut self, line: usize, value: Yaml) {
        let Yaml::Map(entries) = value else {
            return self.report_wrong_shape("env", line, "names with values");
        };
        for YamlEntry { key, line, value } in entries {
            let Some(text) = self.single_value(&key, line, value) else { continue };
            if is_kept_from_env(&key, &text) {
                let message = format!("the front matter may not set `{key}`; it is left out");
                self.report_key(
                    "env-not-allowed",
                    line,
                    message,
                    "set it in the shell you start from, if it is needed",
                );
            } else if is_variable_name(&key) {
                self.front.env.insert(key, text);
            } else {
                let message = format!("`{key}` is no name of a variable; it is left out");
                self.report_key("env-not-allowed", line, message, "use letters, digits and `_`");
            }
        }
    }

    fn read_inputs(&mut self, line: usize, value: Yaml) {
        match value {
            Yaml::Map(entries) => {
                for YamlEntry { key, line, value } in entries {
                    let properties = self.read_properties(&key, line, value);
                    self.front.inputs.insert(key, properties);
                }
            }
            Yaml::List(nodes) => {
                for node in nodes {
                    self.read_listed_input(line, node);
                }
            }
            Yaml::Text(_) => self.report_wrong_shape("inputs", line, "names with values"),
        }
    }

    /// Adds an input written as `- name`, or as `- name: x` with properties.
    fn read_listed_input(&mut self, line: usize, node: Yaml) {
        if let Yaml::Text(name) = node {
            self.front.inputs.insert(name, BTreeMap::new());
            return;
        }
        let mut properties = self.read_properties("inputs", line, node);
        match properties.remove("name") {
            Some(name) => {
                self.front.inputs.insert(name, properties);
            }
            None => self.report_wrong_shape("inputs", line, "a name for each input"),
        }
    }

    fn read_properties(&mut self, name: &str, line: usize, value: Yaml) -> BTreeMap<String, String> {
        match value {
            // `name:` alone declares an input without a default.
            Yaml::Text(text) if text.is_empty() => BTreeMap::new(),
            Yaml::Text(text) => BTreeMap::from([("default".to_owned(), text)]),
            Yaml::List(_) => {
                self.report_wrong_shape(name, line, "a default or properties");
                BTreeMap::new()
            }
            Yaml::Map(entries) => {
                let mut properties = BTreeMap::new();
                for YamlEntry { key, line, value } in entries {
                    match value.flattened_text() {
                        Some(text) => {
                            properties.insert(key, text);
                        }
                        None => self.report_wrong_shape(&key, line, "a single value or a list of them"),
                    }
                }
                properties
            }
        }
    }
}

fn is_kept_from_env(name: &str, value: &str) -> bool {
    KEPT_FROM_ENV.contains(&name)
        || KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || value.trim_start().starts_with("()")
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

pub(super) fn list_quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(document: &str) -> (FrontMatter, Vec<(&'static str, u32)>) {
        let mut findings = Vec::new();
        let front = read_front_matter(document, &Lines::from_text(document), &mut findings);
        (front, findings.iter().map(|finding| (finding.code, finding.line)).collect())
    }

    #[test]
    fn values_are_text_and_inputs_take_a_default_or_properties() {
        let (front, findings) = reading(
            "---\ntitle: Restore\ntimeout: 30\nenv:\n  MODE: 0644\n  DRY: no\ninputs:\n  host: db1\n  file:\n    choices: [a, b]\n    type: path\n  bare:\n---\ntext\n",
        );
        assert_eq!(findings, []);
        assert_eq!(front.title.as_deref(), Some("Restore"));
        assert_eq!(front.timeout.as_deref(), Some("30"));
        assert_eq!(front.env.get("MODE").map(String::as_str), Some("0644"));
        assert_eq!(front.env.get("DRY").map(String::as_str), Some("no"));
        assert_eq!(front.inputs["host"]["default"], "db1");
        assert_eq!(front.inputs["file"]["choices"], "a\nb");
        assert!(front.inputs["bare"].is_empty());
    }

    #[test]
    fn a_document_may_not_change_how_commands_are_found_or_read() {
        let (front, findings) = reading(
            "---\nenv:\n  PATH: /tmp\n  LD_PRELOAD: x\n  BASH_ENV: y\n  F: '() { :; }'\n  a-b: c\n  OK: fine\n---\n",
        );
        assert_eq!(front.env.keys().collect::<Vec<_>>(), ["OK"]);
        assert_eq!(findings, [3, 4, 5, 6, 7].map(|line| ("env-not-allowed", line)));
    }

    #[test]
    fn broken_yaml_is_a_finding_and_a_rule_is_no_front_matter() {
        let (front, findings) = reading("---\ntitle: [\n---\n# Text\n");
        assert_eq!((front.span, findings), (0..17, vec![("malformed-front-matter", 2)]));
        let (front, findings) = reading("---\n\nSome prose.\n\n---\n");
        assert_eq!((front.span, findings), (0..0, vec![]));
        let (front, findings) = reading("---\nno end\n");
        assert_eq!((front.span, findings), (0..0, vec![]));
        let (front, findings) = reading("---\nA: b: c\n\n```bash\nls\n```\n\n---\n");
        assert_eq!((front.span, findings), (0..0, vec![]));
    }

    #[test]
    fn a_misspelt_key_is_found_and_a_foreign_one_is_left_alone() {
        let (_, findings) = reading("---\nrunme:\n  id: x\nlayout: page\nms.date: 1\ninput: {a: b}\n---\n");
        assert_eq!(findings, [("unknown-front-matter", 6)]);
    }
}
