//! Steps that undo others: cells marked `{rollback=STEP}`, and the steps below a heading "Rollback".
//!
//! Invariant: a rollback step is in no sequence. It runs after a failure, when somebody asks for it, or when it is named.
//! Refuses to know: which steps were done.

use super::model::{Node, Plan, RollbackTarget, Step};
use crate::document::{DocumentFinding, Runbook};
use crate::ident::StepId;

/// The mark of a rollback step, before steps have names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RollbackMark {
    /// The value of the cell's `rollback` attribute; empty or `true` means the step before it.
    Cell(String),
    /// The step is below a heading such as "Rollback".
    Heading,
}

/// True if a heading says that the steps below it undo those before it.
pub(super) fn is_rollback_title(plain: &str) -> bool {
    let title = plain.trim().to_lowercase().replace(['-', ' '], "");
    ["rollback", "rollingback", "backout", "backingout"].iter().any(|word| title.starts_with(word))
}

/// Sets the targets of the marked steps and removes those steps from the sequences. A target that does not exist becomes a
/// finding.
pub(super) fn resolve_rollbacks(
    runbook: &Runbook,
    steps: &mut [Step],
    marked: &[Option<RollbackMark>],
    root: &mut Vec<Node>,
) -> Vec<DocumentFinding> {
    let mut findings = Vec::new();
    if marked.iter().all(Option::is_none) {
        return findings;
    }
    let known: Vec<(StepId, String, bool)> = steps
        .iter()
        .zip(marked)
        .map(|(step, marked)| (step.id.clone(), step.number.clone(), marked.is_some()))
        .collect();
    for (step_index, mark) in marked.iter().enumerate() {
        let undoes = match mark {
            None => continue,
            Some(RollbackMark::Heading) => Some(RollbackTarget::Procedure),
            Some(RollbackMark::Cell(name)) if matches!(name.as_str(), "" | "true") => known
                .iter()
                .take(step_index)
                .rev()
                .find(|(.., rollback)| !rollback)
                .map(|(id, ..)| RollbackTarget::Step(id.clone())),
            Some(RollbackMark::Cell(name)) => known
                .iter()
                .find(|(id, number, rollback)| !rollback && (id.as_str() == name || number == name))
                .map(|(id, ..)| RollbackTarget::Step(id.clone())),
        };
        let Some(step) = steps.get_mut(step_index) else { continue };
        if undoes.is_none() {
            let line = step.source.line;
            let name = match mark {
                Some(RollbackMark::Cell(name)) => name.as_str(),
                _ => "",
            };
            findings.push(DocumentFinding {
                code: "malformed-attributes",
                line,
                span: runbook.line_span(line, line),
                message: format!("`rollback={name}` names no step of this procedure"),
                help: "name the step by its `name` attribute or its number".to_owned(),
            });
        }
        // A step whose target is unknown is still no part of the sequence.
        step.rollback_target = Some(undoes.unwrap_or(RollbackTarget::Procedure));
    }
    remove_marked_nodes(root, marked);
    findings
}

/// Removes cells marked as a rollback. Steps below a rollback heading are not in the nodes to begin with.
fn remove_marked_nodes(nodes: &mut Vec<Node>, marked: &[Option<RollbackMark>]) {
    nodes.retain_mut(|node| match node {
        Node::Step(step_index) => !matches!(marked.get(*step_index), Some(Some(RollbackMark::Cell(_)))),
        Node::Choice(choice) => {
            choice.options.iter_mut().for_each(|option| remove_marked_nodes(&mut option.nodes, marked));
            choice.options.retain(|option| !option.nodes.is_empty());
            !choice.options.is_empty()
        }
    });
}

impl Plan {
    /// Indexes of the steps that undo others, in order of the document.
    pub fn rollback_steps(&self) -> Vec<usize> {
        (0..self.steps.len())
            .filter(|&step_index| self.steps.get(step_index).is_some_and(|s| s.rollback_target.is_some()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Planner;

    fn plan(text: &str) -> Plan {
        let runbook = Runbook::parse_bytes(text.as_bytes());
        Planner::new(&runbook, &|_| false).plan_section(1)
    }

    fn runs(plan: &Plan) -> Vec<String> {
        plan.reachable_steps()
            .into_iter()
            .filter_map(|step_index| plan.steps.get(step_index))
            .map(|s| s.title.clone())
            .collect()
    }

    #[test]
    fn a_cell_that_undoes_a_step_is_not_run_in_order() {
        let plan = plan(
            "# P\n\n```bash {name=scale}\nscale up\n```\n\n```bash {rollback=scale}\nscale down\n```\n\n```bash\ncheck\n```\n",
        );
        assert_eq!(runs(&plan), ["scale up", "check"]);
        let undoes: Vec<_> = plan.steps.iter().map(|step| step.rollback_target.clone()).collect();
        assert_eq!(undoes, [None, Some(RollbackTarget::Step(StepId::new("scale"))), None]);
    }

    #[test]
    fn a_bare_mark_undoes_the_step_before_it() {
        let plan = plan("# P\n\n```bash\nmigrate\n```\n\n```bash {rollback}\nunmigrate\n```\n");
        let first = plan.steps.first().map(|step| step.id.clone()).unwrap();
        assert_eq!(plan.steps.get(1).and_then(|step| step.rollback_target.clone()), Some(RollbackTarget::Step(first)));
    }

    #[test]
    fn a_section_called_rollback_is_not_run_after_the_steps_above_it() {
        let numbered = plan("# P\n\n## 1. Go\n\n```bash\ngo\n```\n\n## 2. Rollback\n\n```bash\nback\n```\n");
        assert_eq!(runs(&numbered), ["go"]);
        let numbers: Vec<_> = numbered.steps.iter().map(|step| step.number.as_str()).collect();
        assert_eq!(numbers, ["1", "2"]);
        let last = plan("# P\n\n## 1. Go\n\n```bash\ngo\n```\n\n## Rollback\n\n```bash\nback\n```\n");
        let numbers: Vec<_> = last.steps.iter().map(|step| step.number.as_str()).collect();
        assert_eq!(numbers, ["1", "R"]);
        let below = plan("# P\n\n```bash\ngo\n```\n\n## Rollback plan\n\n```bash\nback\n```\n");
        assert_eq!(runs(&below), ["go"]);
        assert_eq!(below.steps.get(1).and_then(|step| step.rollback_target.clone()), Some(RollbackTarget::Procedure));
    }

    #[test]
    fn among_others_to_choose_from_it_can_be_chosen() {
        let menu = plan("# P\n\n## Deploy\n\n```bash\ngo\n```\n\n## Rollback\n\n```bash\nback\n```\n");
        assert_eq!(runs(&menu), ["go", "back"]);
    }

    #[test]
    fn run_by_itself_it_is_a_procedure_like_any() {
        let text = "# P\n\n```bash\ngo\n```\n\n## Rollback\n\n```bash\nback\n```\n";
        let runbook = Runbook::parse_bytes(text.as_bytes());
        let plan = Planner::new(&runbook, &|_| false).plan_section(2);
        assert_eq!(runs(&plan), ["back"]);
        assert_eq!(plan.rollback_steps(), Vec::<usize>::new());
    }

    #[test]
    fn a_rollback_of_nothing_is_a_finding() {
        let plan = plan("# P\n\n```bash\ngo\n```\n\n```bash {rollback=nosuch}\nback\n```\n");
        let messages: Vec<_> = plan.findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(messages, ["`rollback=nosuch` names no step of this procedure"]);
        assert_eq!(runs(&plan), ["go"]);
    }
}
