//! The number each step is shown and selected by: its author's where there is one, else its place.
//!
//! Invariant: within one procedure no two steps have the same number.

use super::build::Draft;
use std::collections::HashMap;
use std::collections::HashSet;

/// A child of a numbered thing, in order of the document.
struct Child {
    /// Its own number, when its author gave one.
    number: Option<String>,
    /// The numbered comment it stands under: comment number and cell.
    head: Option<(String, u32)>,
    /// The numbered thing it is, or the draft it is.
    what: What,
}

enum What {
    Container(usize),
    Draft(usize),
}

/// The numbers of drafts, by their place.
pub(super) fn numbers(drafts: &[Draft]) -> Vec<String> {
    let mut tree: HashMap<(usize, usize), Vec<Child>> = HashMap::new();
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
                tree.entry((draft.procedure, outer)).or_default().push(Child {
                    number: Some(container.number.clone()),
                    head: None,
                    what: What::Container(container.instance),
                });
            }
            outer = container.instance;
        }
        tree.entry((draft.procedure, outer)).or_default().push(Child {
            number: draft.cell.number.clone(),
            head: draft.cell.head.as_ref().map(|(number, _)| (number.clone(), draft.cell_line)),
            what: What::Draft(i),
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
            for (child, local) in children.iter().zip(locals(&children, &options)) {
                let full = match child.what {
                    What::Draft(_) if alone && child.number.is_none() => prefix.clone(),
                    _ if prefix.is_empty() => local,
                    _ => format!("{prefix}.{local}"),
                };
                match child.what {
                    What::Container(inner) => walk.push((inner, full, options.contains(&inner))),
                    What::Draft(i) => {
                        if let Some(slot) = numbers.get_mut(i) {
                            *slot = unique(full, &mut taken);
                        }
                    }
                }
            }
        }
    }
    numbers
}

/// The numbers of the children of one thing, relative to it.
fn locals(children: &[Child], options: &HashSet<usize>) -> Vec<String> {
    let is_option = |child: &Child| matches!(child.what, What::Container(c) if options.contains(&c));
    let any_number = children.iter().any(|child| child.number.is_some() && !is_option(child));
    let before = children.iter().take_while(|child| child.number.is_none() && child.head.is_none()).count();
    let mut last: Option<String> = None;
    let mut below = 0;
    let mut place = 0;
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
            place += 1;
            if !any_number {
                return place.to_string();
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
                (_, None) => format!("0.{place}"),
            }
        })
        .collect()
}

fn unique(number: String, taken: &mut HashSet<String>) -> String {
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
