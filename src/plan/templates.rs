//! Finds `{{ name }}` and `{{ name | filter }}` of declared inputs; every other brace belongs to the command.
//!
//! Invariant: text that is no template of a declared name stays byte for byte. Refuses to know: quoting.

use crate::interpolate::Filter;
use std::ops::Range;

/// Longest expression between the braces, in bytes.
const LONGEST: usize = 200;

/// An expression in double braces: its span, name and more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TemplateMatch {
    /// A template that takes a value.
    Template(Range<usize>, String, Filter),
    /// A name that resembles a declared one, with that one.
    NearMiss(Range<usize>, String, String),
    /// A declared name with a filter that does not exist.
    UnknownFilter(Range<usize>, String),
}

/// The templates of a text. `is_declared` is true for a declared name; `nearest` gives the one that was probably meant.
pub(super) fn find_templates(
    text: &str,
    is_declared: &dyn Fn(&str) -> bool,
    nearest: &dyn Fn(&str) -> Option<String>,
) -> Vec<TemplateMatch> {
    let mut out = Vec::new();
    let mut from = 0;
    while let Some(open) = text.get(from..).and_then(|rest| rest.find("{{")).map(|at| from + at) {
        // `{a,{{x}}}` opens with one brace more than the template; `${{ x }}` is a workflow's.
        let inner_open = open + text.get(open..).map_or(0, |rest| rest.bytes().take_while(|b| *b == b'{').count()) - 2;
        let workflow = open > 0 && text.as_bytes().get(open - 1) == Some(&b'$');
        from = inner_open + 2;
        let Some(inner) = text.get(from..) else { break };
        if workflow {
            continue;
        }
        let Some(close) = inner.bytes().take(LONGEST).position(|b| matches!(b, b'}' | b'{' | b'\n')) else { continue };
        let Some(expression) = inner.get(..close).filter(|_| inner.get(close..).is_some_and(|r| r.starts_with("}}")))
        else {
            continue;
        };
        let span = inner_open..inner_open + close + 4;
        let (name, filter) = expression.split_once('|').unwrap_or((expression, ""));
        let name = name.trim();
        if !is_identifier(name) {
            continue;
        }
        from = span.end;
        if is_declared(name) {
            out.push(match filter.trim() {
                "" => TemplateMatch::Template(span, name.to_owned(), Filter::None),
                "sh" => TemplateMatch::Template(span, name.to_owned(), Filter::Sh),
                "sql" => TemplateMatch::Template(span, name.to_owned(), Filter::Sql),
                "raw" => TemplateMatch::Template(span, name.to_owned(), Filter::Raw),
                other => TemplateMatch::UnknownFilter(span, other.to_owned()),
            });
        } else if let Some(meant) = nearest(name) {
            out.push(TemplateMatch::NearMiss(span, name.to_owned(), meant));
        }
    }
    out
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// The name nearest to a misspelt one: at most one or two edits away, by length.
pub(super) fn nearest_name<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let most = if name.chars().count() < 5 { 1 } else { 2 };
    let near =
        names.filter(|known| known.len().abs_diff(name.len()) <= most).map(|known| (edit_distance(name, known), known));
    near.filter(|(distance, _)| *distance <= most).min().map(|(_, known)| known.to_owned())
}

/// The edit distance with swaps: letters to change, add, leave out or exchange with their neighbour.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |up: usize, left: usize| {
                rows.len()
                    .checked_sub(up)
                    .and_then(|r| rows.get(r))
                    .and_then(|r| r.get(j + 1 - left))
                    .copied()
                    .unwrap_or(usize::MAX - 1)
            };
            let mut best = (at(1, 0) + 1).min(row.last().copied().unwrap_or(0) + 1).min(at(1, 1) + usize::from(x != y));
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                let before = i.checked_sub(1).and_then(|r| rows.get(r)).and_then(|r| r.get(j - 1)).copied();
                best = best.min(before.unwrap_or(usize::MAX - 1) + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{TemplateMatch, find_templates, nearest_name};
    use crate::interpolate::Filter;

    fn found(text: &str) -> Vec<TemplateMatch> {
        let near = |name: &str| nearest_name(name, ["backup_file", "host"].into_iter());
        find_templates(text, &|name| matches!(name, "backup_file" | "host"), &near)
    }

    #[test]
    fn only_declared_names_are_templates() {
        assert_eq!(
            found("cat {{ backup_file }}"),
            [TemplateMatch::Template(4..21, "backup_file".to_owned(), Filter::None)]
        );
        assert_eq!(found("{{host|raw}}"), [TemplateMatch::Template(0..12, "host".to_owned(), Filter::Raw)]);
        assert_eq!(found("{a,{{host}}}"), [TemplateMatch::Template(3..11, "host".to_owned(), Filter::None)]);
        for text in [
            "{{.Names}}",
            "{{ $labels.instance }}",
            "${{ github.sha }}",
            "${{ host }}",
            "{{ range .items }}",
            "${#a[@]}",
            "{% if host %}",
            "{# host #}",
            "{{ host.name }}",
            "{{ lookup('env', 'host') }}",
            "{{",
            "}}",
            "{{ host",
            "{{host\n}}",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn a_misspelt_name_is_told() {
        let near = TemplateMatch::NearMiss(0..17, "backup_flie".to_owned(), "backup_file".to_owned());
        assert_eq!(found("{{ backup_flie }}"), [near]);
        assert_eq!(found("{{ NAMESPACE }}"), []);
        assert_eq!(found("{{ host | upper }}"), [TemplateMatch::UnknownFilter(0..18, "upper".to_owned())]);
    }

    #[test]
    fn deep_braces_take_no_time() {
        assert_eq!(found(&"{".repeat(200_000)), []);
        assert_eq!(found(&"{{ ".repeat(70_000)), []);
    }
}
