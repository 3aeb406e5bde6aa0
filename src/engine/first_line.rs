//! Commands as messages name them.

/// Most characters of a command in a message.
const MOST_CHARACTERS: usize = 70;

/// First line of a command, cut to fit into a message; an ellipsis marks what was left out.
pub(super) fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let is_cut = line.chars().count() > MOST_CHARACTERS || text.lines().count() > 1;
    if is_cut { line.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect() } else { line.to_owned() }
}
