//! What decides whether the command after the one that runs can be sent ahead.

/// How far the run goes straight on from the step that it is at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SendAhead {
    /// Index of the step that comes next in the plan, if a step and no choice comes next.
    pub(super) next_step_index: Option<usize>,
    /// True while all commands of the step so far have run, in their order, in this run.
    pub(super) is_straight: bool,
}
