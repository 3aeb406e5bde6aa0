//! A post-mortem's template: Markdown with `{{ part }}` where a part goes.
//!
//! Why not a template engine: parts are whole texts, so no loops or conditions are needed. A parser of sixty lines leaves every
//! other brace alone, and the texts that it inserts are never parsed as a template.
//!
//! Invariant: a part alone on its line is put between marks, so that it can be replaced later without touching what people wrote
//! around it. Within a line it is plain text. A blank is marked too. Refuses to know: what a part says.

use super::merge::{wrap_blank, wrap_facts};
use std::collections::BTreeMap;

/// Reason for which a template cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The template asks for a part that does not exist.
    #[error("line {line}: there is no part `{name}`; the parts are {known}, and `write NAME` for what people write")]
    UnknownPart {
        /// Line in the template, from 1.
        line: usize,
        /// Name asked for.
        name: String,
        /// Names of the parts that exist, in backticks.
        known: String,
    },
    /// The template asks for a part twice, each time alone on a line.
    #[error("line {line}: the part `{name}` stands there twice")]
    RepeatedPart {
        /// Line of the second, from 1.
        line: usize,
        /// Name of the part.
        name: String,
    },
}

/// Texts that replace the names in a template.
#[derive(Clone, Debug, Default)]
pub(super) struct TemplateParts {
    /// Facts by name, each of one or more lines.
    pub(super) facts: BTreeMap<&'static str, String>,
    /// Text of a blank until somebody fills it in, by name.
    pub(super) hints: BTreeMap<String, String>,
}

/// Renders a template. Fails if it asks for an unknown part, or for a part twice on lines of its own.
pub(super) fn render_template(template: &str, parts: &TemplateParts) -> Result<String, TemplateError> {
    let mut out = String::new();
    let mut used: Vec<String> = Vec::new();
    for (at, line) in template.lines().enumerate() {
        let number = at + 1;
        let name = line.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).map(str::trim);
        if let Some(name) = name.filter(|name| is_part_name(name.strip_prefix("write ").unwrap_or(name).trim())) {
            if used.iter().any(|known| known == name) {
                return Err(TemplateError::RepeatedPart { line: number, name: name.to_owned() });
            }
            used.push(name.to_owned());
            out.push_str(&render_block(name, parts).ok_or_else(|| unknown_part(number, name, parts))?);
        } else {
            out.push_str(&fill_inline(line, number, parts)?);
        }
        out.push('\n');
    }
    Ok(out)
}

fn render_block(name: &str, parts: &TemplateParts) -> Option<String> {
    if let Some(blank) = name.strip_prefix("write ").map(str::trim).filter(|blank| is_part_name(blank)) {
        let hint = parts.hints.get(blank).map_or("To be written.", String::as_str);
        return Some(wrap_blank(blank, &format!("_{hint}_")));
    }
    parts.facts.get(name).map(|text| wrap_facts(name, text))
}

fn fill_inline(line: &str, number: usize, parts: &TemplateParts) -> Result<String, TemplateError> {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { break };
        let name = name.trim();
        // Braces around anything but a name stay as they are.
        if is_part_name(name) {
            let text = parts.facts.get(name).ok_or_else(|| unknown_part(number, name, parts))?;
            out.push_str(before);
            out.push_str(text.lines().next().unwrap_or_default());
        } else {
            out.push_str(before);
            out.push_str("{{");
            out.push_str(after.get(..after.len() - behind.len()).unwrap_or_default());
        }
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

fn is_part_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn unknown_part(line: usize, name: &str, parts: &TemplateParts) -> TemplateError {
    let known: Vec<_> = parts.facts.keys().map(|name| format!("`{name}`")).collect();
    TemplateError::UnknownPart { line, name: name.to_owned(), known: known.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> TemplateParts {
        TemplateParts {
            facts: [("title", "down {{ timeline }}".to_owned()), ("timeline", "| a |".to_owned())].into(),
            hints: BTreeMap::new(),
        }
    }

    #[test]
    fn parts_are_put_in_and_never_read_again() {
        let text = render_template(
            "# {{ title }}, {{ a.b }} {{x y}} ${{ github }}\n\n{{ timeline }}\n\n{{ write why }}\n",
            &parts(),
        );
        let text = text.unwrap_err();
        assert!(matches!(text, TemplateError::UnknownPart { line: 1, ref name, .. } if name == "github"), "{text}");
        let text = render_template("# {{ title }}, {{ a.b }} {{x y}}\n\n{{ timeline }}\n\n{{ write why }}\n", &parts())
            .unwrap();
        assert!(text.starts_with("# down {{ timeline }}, {{ a.b }} {{x y}}\n\n<!-- runbook:facts timeline "), "{text}");
        assert!(text.contains("| a |\n"), "{text}");
        assert!(text.contains("<!-- runbook:write why -->"), "{text}");
    }

    #[test]
    fn an_unknown_part_and_a_doubled_one_are_named_with_their_line() {
        assert_eq!(
            render_template("a\n{{ nonsense }}\n", &parts()).unwrap_err().to_string(),
            "line 2: there is no part `nonsense`; the parts are `timeline`, `title`, and `write NAME` for what people write"
        );
        assert!(render_template("{{ timeline }}\n{{ timeline }}\n", &parts()).is_err());
    }
}
