//! What a restart of the machine undid of steps that are done.

use crate::adapter::Transient;
use crate::event::{RunState, StepStatus};
use crate::plan::Plan;

/// Done steps that have to be done again because the machine was restarted, each with the reason. One
/// whose effect a later step has ended is left as it is: a server that was stopped to be upgraded and
/// runs again is not stopped once more.
pub(super) fn undone(
    plan: &Plan,
    state: &RunState,
    transient: impl Fn(&str) -> Option<Transient>,
) -> Vec<(String, String)> {
    // What done steps that come after a step do. Steps stand behind those that they come after.
    let mut later = vec![Later::default(); plan.steps.len()];
    let mut undone = Vec::new();
    for (at, step) in plan.steps.iter().enumerate().rev() {
        let is_done = (state.steps.get(at))
            .is_some_and(|step| matches!(step.status, StepStatus::Done { .. }));
        let does = transient(&step.action).filter(|_| is_done);
        let mut from_here = later[at];
        match does {
            Some(Transient::Up) => from_here.up = true,
            Some(Transient::Down) => from_here.down = true,
            Some(Transient::Free) => from_here.free = true,
            Some(Transient::Held) | None => {}
        }
        if let Some(because) = does.and_then(|does| later[at].leaves_open(does)) {
            undone.push((step.id.clone(), because.to_owned()));
        }
        for &before in &step.after {
            later[before].join(from_here);
        }
    }
    undone.reverse();
    undone
}

#[derive(Clone, Copy, Default)]
struct Later {
    up: bool,
    down: bool,
    free: bool,
}

impl Later {
    fn join(&mut self, other: Self) {
        self.up |= other.up;
        self.down |= other.down;
        self.free |= other.free;
    }

    /// Why a step that did this is to be done again.
    fn leaves_open(self, does: Transient) -> Option<&'static str> {
        let (ended, because) = match does {
            Transient::Up => (self.down, "what it started does not outlive a restart"),
            Transient::Down => (self.up, "the machine may have started it again"),
            Transient::Held => (
                self.free || self.down,
                "what it holds back is free after a restart",
            ),
            Transient::Free => return None,
        };
        (!ended).then_some(because)
    }
}

#[cfg(test)]
mod tests {
    use super::super::decide::tests::{plan, resumed, step};
    use super::*;

    /// Of a chain of these actions, of which so many are done, those that are done again.
    fn again(chain: &[&str], done: usize) -> Vec<String> {
        let mut steps = Vec::new();
        for (at, action) in chain.iter().enumerate() {
            let mut one = step(
                format!("{at}-{action}"),
                at.checked_sub(1).into_iter().collect(),
            );
            (*action).clone_into(&mut one.action);
            steps.push(one);
        }
        let plan = plan(steps);
        let state = resumed(&plan, |at| at < done);
        let transient = |action: &str| match action {
            "start" => Some(Transient::Up),
            "stop" => Some(Transient::Down),
            "pause" => Some(Transient::Held),
            "resume" => Some(Transient::Free),
            _ => None,
        };
        let undone = undone(&plan, &state, transient);
        undone.into_iter().map(|(step, _)| step).collect()
    }

    #[test]
    fn only_the_last_word_on_a_server_counts() {
        let chain = ["stop", "copy", "start", "check"];
        assert_eq!(again(&chain, 0), [""; 0]);
        assert_eq!(again(&chain, 2), ["0-stop"]);
        assert_eq!(again(&chain, 4), ["2-start"]);
    }

    #[test]
    fn a_pause_is_made_again_in_a_server_that_is_started_again() {
        let chain = ["start", "pause", "export", "stop", "copy", "start"];
        assert_eq!(again(&chain, 3), ["0-start", "1-pause"]);
        assert_eq!(again(&chain, 5), ["3-stop"]);
        assert_eq!(again(&chain, 6), ["5-start"]);
        let chain = ["start", "pause", "import", "resume", "check"];
        assert_eq!(again(&chain, 3), ["0-start", "1-pause"]);
        assert_eq!(again(&chain, 5), ["0-start"]);
    }
}
