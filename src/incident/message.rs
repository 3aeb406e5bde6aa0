//! The message cells of a runbook as templates for status updates, and the choices that their lines offer.
//!
//! Invariant: pure. A line of words separated by ` / ` is a choice only if a label precedes them. Refuses to know: the answers,
//! and where a message is sent.

use super::rules::read_rules;
use crate::document::{Cell, CellKind, Runbook};

/// A message cell, to be filled in for a status update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageTemplate {
    /// The cell's text with its fields unfilled.
    pub text: String,
    /// Line of the cell in the document, from 1.
    pub line: u32,
    /// Title of the section that contains it.
    pub heading: String,
    /// Anchor of that section.
    pub anchor: String,
}

/// A line that offers several answers: `Status: Looking / Fixing / Over`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageChoice {
    /// Text before the colon.
    pub label: String,
    /// The answers offered, two or more.
    pub options: Vec<String>,
}

/// Lists the messages of a document, the likeliest one for status updates first.
pub fn list_messages(runbook: &Runbook) -> Vec<MessageTemplate> {
    let updates = read_rules(runbook).rules.updates.map(|every| every.line);
    let message = |cell: &Cell| {
        let section = runbook.sections.get(cell.section);
        MessageTemplate {
            text: cell.joined_text(),
            line: cell.line,
            heading: section.map(|section| section.title.clone()).unwrap_or_default(),
            anchor: section.map(|section| section.anchor.as_str().to_owned()).unwrap_or_default(),
        }
    };
    let mut found: Vec<MessageTemplate> =
        runbook.cells.iter().filter(|cell| cell.kind == CellKind::Message).map(message).collect();
    found.sort_by_key(|message| {
        let heading = message.heading.to_lowercase();
        let says_so = ["status", "update", "communicat", "say what"].iter().any(|word| heading.contains(word));
        // A message up to 20 lines below the sentence on how often to send updates is the likeliest.
        let below = updates.map_or(u32::MAX, |line| message.line.checked_sub(line).unwrap_or(u32::MAX));
        (below > 20, !says_so, message.line)
    });
    found
}

/// Lists the lines of a message that offer a choice.
pub fn list_choices(text: &str) -> Vec<MessageChoice> {
    text.lines().filter_map(parse_choice).collect()
}

fn parse_choice(line: &str) -> Option<MessageChoice> {
    let (label, rest) = line.split_once(": ")?;
    let options: Vec<String> = rest.split(" / ").map(|option| option.trim().to_owned()).collect();
    let plain = |option: &String| !option.is_empty() && option.len() < 60 && !option.contains(['[', ']', '`']);
    let label = label.trim().trim_matches('*').trim();
    let is_one = options.len() > 1 && !label.is_empty() && label.len() < 60 && options.iter().all(plain);
    is_one.then(|| MessageChoice { label: label.to_owned(), options })
}

/// Replaces a choice's options with the answer.
pub fn fill_choice(text: &str, label: &str, answer: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match parse_choice(line.trim_end()) {
            Some(found) if found.label == label => {
                let (head, _) = line.split_once(':').unwrap_or((line, ""));
                out.push_str(head);
                out.push_str(": ");
                out.push_str(&answer.split_whitespace().collect::<Vec<_>>().join(" "));
                out.push('\n');
            }
            _ => out.push_str(line),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_labelled_line_of_alternatives_is_a_choice() {
        let text =
            "**Orders - [TIME]**\n\nState: Looking / Fixing / Over\nLook at https://a / b\nImpact: [x] / none\nplain\n";
        let found = list_choices(text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].options, ["Looking", "Fixing", "Over"]);
        assert!(fill_choice(text, "State", "Fixing\nnow").contains("\nState: Fixing now\nLook at"));
    }

    #[test]
    fn the_message_below_the_interval_is_the_one_for_updates() {
        let text = "# R\n\n## A letter\n\n```markdown\nDear [NAME]\n```\n\n## Tell\n\n**Update the customers every 10 minutes:**\n\n```markdown\nNow: [WHAT]\n```\n";
        let found = list_messages(&Runbook::parse_bytes(text.as_bytes()));
        assert_eq!(found.iter().map(|message| message.anchor.as_str()).collect::<Vec<_>>(), ["tell", "a-letter"]);
    }
}
