//! The number by which a step is shown and selected: the author's where there is one, else its position.
//!
//! Invariant: within one procedure no two steps have the same number.

use super::build::StepDraft;
use std::collections::HashMap;
use std::collections::HashSet;

/// A container or draft directly inside a numbered container, in order of the document.
struct NumberedChild {
    /// The author's number.
    number: Option<String>,
    /// The numbered comment above it: the comment's number and the first line of its cell.
    head: Option<(String, u32)>,
    what: ChildKind,
}

enum ChildKind {
    /// A container, by its instance.
    Container(usize),
    /// A draft, by its index.
    Draft(usize),
}

/// The numbers of drafts, in the same order.
pub(super) fn assign_numbers(drafts: &[StepDraft]) -> Vec<String> {
    let mut tree: HashMap<(usize, usize), Vec<NumberedChild>> = HashMap::new();
    let mut seen: HashSet<usize> = HashSet::new();
    let mut options: HashSet<usize> = HashSet::new();
    let mut procedures: Vec<usize> = Vec::new();
    for (i, draft) in drafts.iter().enumerate() {
        if procedures.last() != Some(&draft.procedure) && !procedures.contains(&draft.procedure) {
            procedures.push(draft.procedure);
        }
        let mut outer = 0;
        for container in &draft.containers {
            if seen.insert(container.instance) {
                if container.option {
                    options.insert(container.instance);
                }
                tree.entry((draft.procedure, outer)).or_default().push(NumberedChild {
                    number: Some(container.number.clone()),
                    head: None,
                    what: ChildKind::Container(container.instance),
                });
            }
            outer = container.instance;
        }
        tree.entry((draft.procedure, outer)).or_default().push(NumberedChild {
            number: draft.cell.number.clone(),
            head: draft.cell.head.as_ref().map(|(number, _)| (number.clone(), draft.cell_line)),
            what: ChildKind::Draft(i),
        });
    }
    let mut numbers = vec![String::new(); drafts.len()];
    for procedure in procedures {
        let mut taken = HashSet::new();
        let mut walk = vec![(0, String::new(), false)];
        // Outer numbers first, so that a step never takes one its author gave to another.
        while let Some((container, prefix, option)) = walk.pop() {
            let children = tree.remove(&(procedure, container)).unwrap_or_default();
            let alone = children.len() == 1 && !prefix.is_empty() && !option;
            for (child, local) in children.iter().zip(local_numbers(&children, &options)) {
                let full = match child.what {
                    ChildKind::Draft(_) if alone && child.number.is_none() => prefix.clone(),
                    _ if prefix.is_empty() => local,
                    _ => format!("{prefix}.{local}"),
                };
                match child.what {
                    ChildKind::Container(inner) => walk.push((inner, full, options.contains(&inner))),
                    ChildKind::Draft(i) => {
                        if let Some(slot) = numbers.get_mut(i) {
                            *slot = unique_number(full, &mut taken);
                        }
                    }
                }
            }
        }
    }
    numbers
}

/// The numbers of a container's children, relative to it.
fn local_numbers(children: &[NumberedChild], options: &HashSet<usize>) -> Vec<String> {
    let is_option = |child: &NumberedChild| matches!(child.what, ChildKind::Container(c) if options.contains(&c));
    let any_number = children.iter().any(|child| child.number.is_some() && !is_option(child));
    let before = children.iter().take_while(|child| child.number.is_none() && child.head.is_none()).count();
    let mut last: Option<String> = None;
    let mut below = 0;
    let mut position = 0;
    children
        .iter()
        .map(|child| {
            if let Some(number) = &child.number {
                if !is_option(child) {
                    last = Some(number.clone());
                    below = 0;
                }
                return number.clone();
            }
            position += 1;
            if !any_number {
                return position.to_string();
            }
            match (&child.head, &last) {
                (Some((head, _)), _) if last.as_ref() != Some(head) => {
                    last = Some(head.clone());
                    below = 1;
                    format!("{head}.1")
                }
                (_, Some(last)) => {
                    below += 1;
                    format!("{last}.{below}")
                }
                (_, None) if before == 1 => "0".to_owned(),
                (_, None) => format!("0.{position}"),
            }
        })
        .collect()
}

/// The number, or with a letter or count behind it if it is taken.
fn unique_number(number: String, taken: &mut HashSet<String>) -> String {
    if taken.insert(number.clone()) {
        return number;
    }
    let letters = ('b'..='z').map(|letter| format!("{number}{letter}"));
    let counted = (2_u32..).map(|n| format!("{number}-{n}"));
    for other in letters.chain(counted) {
        if taken.insert(other.clone()) {
            return other;
        }
    }
    number
}
