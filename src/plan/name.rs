//! Step ids: from the heading path and the content, so that an unrelated edit keeps them.
//!
//! Invariant: within one plan no two steps have the same id.

use super::build::StepDraft;
use crate::ident::Digest;
use crate::ident::StepId;
use crate::mask::Masker;
use std::collections::HashMap;

/// Characters of a title in an id.
const SLUG_CHARS: usize = 32;

/// The ids of drafts, in the same order. Equal ones get a number.
pub(super) fn assign_ids(drafts: &[StepDraft]) -> Vec<StepId> {
    // Tokens and passwords that show what they are. Registered secrets are not known here: an id is the same in a list, in a
    // dry run and in a run.
    let masker = Masker::new();
    let mut taken: HashMap<String, u32> = HashMap::new();
    drafts
        .iter()
        .map(|draft| {
            let base = base_id(draft, &masker);
            let count = taken.entry(base.clone()).and_modify(|n| *n += 1).or_insert(1);
            StepId::new(if *count == 1 { base } else { format!("{base}-{count}") })
        })
        .collect()
}

fn base_id(draft: &StepDraft, masker: &Masker) -> String {
    if let Some(name) = draft
        .settings
        .attributes
        .get("name")
        .filter(|name| is_plain_name(name) && masker.mask_if_secret(name).is_none())
    {
        return name.to_owned();
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    for heading in &draft.source.headings {
        parts.push(heading.as_bytes());
        parts.push(b"\0");
    }
    parts.push(draft.cell.title.as_bytes());
    for command in &draft.cell.commands {
        parts.push(b"\0");
        parts.push(command.text.as_bytes());
    }
    let digest = Digest::of_parts(&parts).to_string();
    let tail: String = digest.chars().take(6).collect();
    let slug = title_slug(&masker.mask_text(&draft.cell.title));
    if slug.is_empty() { format!("step-{tail}") } else { format!("{slug}-{tail}") }
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && !name.chars().all(|c| c.is_ascii_digit() || c == '.')
}

fn title_slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars() {
        if slug.len() >= SLUG_CHARS {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_matches('-').to_owned()
}
