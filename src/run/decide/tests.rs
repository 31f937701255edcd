//! The schedule against a small model that looks at everything anew each time.

mod model;

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;
use crate::adapter::Effect;
use crate::event::{Outcome, StepState};
use crate::plan::{Phase, PlannedStep};
use model::{Model, Seen};

pub(in crate::run) fn plan(steps: Vec<PlannedStep>) -> Plan {
    Plan {
        format: 1,
        program: String::new(),
        site: "site".to_owned(),
        product: String::new(),
        scenario: String::new(),
        phase: Phase::Backup,
        runbook: String::new(),
        documents: Vec::new(),
        uses_set: None,
        writes_set: false,
        backups: "/nowhere".into(),
        state: "/nowhere".into(),
        values: Value::Null,
        steps,
    }
}

pub(in crate::run) fn step(id: impl Into<String>, after: Vec<usize>) -> PlannedStep {
    let id = id.into();
    PlannedStep {
        step: id.clone(),
        id,
        item: None,
        title: String::new(),
        part: String::new(),
        source: Vec::new(),
        action: "test".to_owned(),
        options: Map::new(),
        after,
        host: "local".to_owned(),
        timeout_ms: None,
        retry: None,
        on_failure: OnFailure::Stop,
        optional: false,
        effect: Effect::Idempotent,
        marks: Vec::new(),
        max_parallel: None,
        queue: None,
        left_out: None,
        preview: Vec::new(),
    }
}

fn one_at_a_time() -> Limits {
    Limits {
        jobs: 1,
        ..Limits::default()
    }
}

/// Ends every step well as soon as it starts; gives the order of starts.
fn run_through(schedule: &mut Schedule) -> (Vec<usize>, RunOutcome) {
    let mut order = Vec::new();
    loop {
        let decisions = schedule.decide();
        if let Some(outcome) = decisions.finished {
            return (order, outcome);
        }
        for step in decisions.start {
            order.push(step);
            schedule.ended(step, StepEnd::Done);
        }
    }
}

#[test]
fn a_chain_of_a_hundred_thousand_steps_takes_linear_time() {
    let mut steps = vec![step("0", Vec::new())];
    steps.extend((1..100_000).map(|at| step(at.to_string(), vec![at - 1])));
    let plan = plan(steps);
    let mut schedule = Schedule::new(&plan, &RunState::new(), Limits::default());
    let (order, outcome) = run_through(&mut schedule);
    assert_eq!(outcome, RunOutcome::Done);
    assert!(order.iter().copied().eq(0..100_000));
}

#[test]
fn a_failure_at_the_head_of_a_long_chain_reaches_its_end() {
    let mut steps = vec![step("0", Vec::new())];
    steps.extend((1..100_000).map(|at| step(at.to_string(), vec![at - 1])));
    // Left-out steps pass the failure on and are not told of again.
    steps[500].left_out = Some(Because::SkippedByOperator);
    let plan = plan(steps);
    let mut schedule = Schedule::new(&plan, &RunState::new(), Limits::default());
    assert_eq!(schedule.decide().start, [0]);
    schedule.ended(0, StepEnd::Failed);
    let decisions = schedule.decide();
    assert_eq!(decisions.finished, Some(RunOutcome::Failed));
    assert_eq!(decisions.not_run.len(), 99_998);
    let because = Because::UpstreamFailed("0".to_owned());
    assert!(decisions.not_run.iter().all(|(_, why)| *why == because));
}

#[test]
fn a_wide_fan_out_under_a_bound_of_one_takes_linear_time() {
    let mut steps = Vec::new();
    for at in 0..50_000 {
        let mut one = step(format!("fan[{at}]"), Vec::new());
        one.step = "fan".to_owned();
        one.max_parallel = Some(1);
        steps.push(one);
        steps.push(step(format!("free{at}"), Vec::new()));
    }
    let plan = plan(steps);
    let mut schedule = Schedule::new(&plan, &RunState::new(), one_at_a_time());
    let (order, outcome) = run_through(&mut schedule);
    assert_eq!(outcome, RunOutcome::Done);
    assert!(order.iter().copied().eq(0..100_000), "plan order");
}

#[test]
fn a_chain_of_steps_that_are_left_out_does_not_hold_back_what_follows() {
    let mut steps: Vec<PlannedStep> = (0..100_000)
        .map(|at: usize| step(at.to_string(), at.checked_sub(1).into_iter().collect()))
        .collect();
    for left_out in &mut steps[..99_999] {
        left_out.left_out = Some(Because::BeforeStart("99999".to_owned()));
    }
    let plan = plan(steps);
    let mut schedule = Schedule::new(&plan, &RunState::new(), Limits::default());
    assert_eq!(schedule.decide().start, [99_999]);
}

#[test]
fn a_gate_that_waits_holds_back_only_what_comes_after_it() {
    let plan = plan(vec![
        step("gate", vec![]),
        step("behind", vec![0]),
        step("beside", vec![]),
    ]);
    let mut schedule = Schedule::new(&plan, &RunState::new(), one_at_a_time());
    assert_eq!(schedule.decide().start, [0]);
    schedule.ended(0, StepEnd::Waiting);
    assert_eq!(schedule.decide().start, [2]);
    schedule.ended(2, StepEnd::Done);
    let decisions = schedule.decide();
    assert_eq!(decisions.finished, Some(RunOutcome::Waiting));
    assert_eq!(decisions.not_run, [], "`behind` keeps its turn");
}

#[test]
fn a_no_is_not_tolerated_even_of_an_optional_gate() {
    let mut gate = step("gate", vec![]);
    gate.optional = true;
    let plan = plan(vec![gate, step("behind", vec![0])]);
    let mut schedule = Schedule::new(&plan, &RunState::new(), one_at_a_time());
    schedule.decide();
    schedule.ended(0, StepEnd::Declined);
    let decisions = schedule.decide();
    assert_eq!(decisions.finished, Some(RunOutcome::Failed));
    let because = Because::UpstreamFailed("gate".to_owned());
    assert_eq!(decisions.not_run, [(1, because)]);
}

/// A run of which earlier stretches have done these steps.
pub(in crate::run) fn resumed(plan: &Plan, done: impl Fn(usize) -> bool) -> RunState {
    let mut state = RunState::new();
    for (at, card) in plan.cards().into_iter().enumerate() {
        let status = if done(at) {
            StepStatus::Done {
                outcome: Outcome::default(),
                elapsed_ms: 0,
            }
        } else {
            StepStatus::Pending
        };
        state.steps.push(StepState {
            card,
            status,
            attempts: 0,
            tools: Vec::new(),
            started: None,
            ended: None,
        });
    }
    state
}

/// A power cut took what `copy` wrote. What counts on the copy waits for it, although a milestone
/// between them was passed before.
#[test]
fn a_step_that_was_opened_again_holds_back_what_comes_after_done_steps_behind_it() {
    let plan = plan(vec![
        step("copy", vec![]),
        step("milestone", vec![0]),
        step("seal", vec![1]),
    ]);
    let state = resumed(&plan, |at| at == 1);
    let mut schedule = Schedule::new(&plan, &state, Limits::default());
    assert_eq!(schedule.decide().start, [0]);
    schedule.ended(0, StepEnd::Done);
    assert_eq!(schedule.decide().start, [2]);
    let mut schedule = Schedule::new(&plan, &state, Limits::default());
    schedule.decide();
    schedule.ended(0, StepEnd::Failed);
    let because = Because::UpstreamFailed("copy".to_owned());
    assert_eq!(schedule.decide().not_run, [(2, because)]);
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let one = (
        proptest::collection::vec(any::<prop::sample::Index>(), 0..3),
        0..4_u8,
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.3),
        any::<bool>(),
        0..6_u8,
    );
    proptest::collection::vec(one, 1..14).prop_map(|drawn| {
        let mut steps = Vec::new();
        for (at, drawn) in drawn.into_iter().enumerate() {
            let (after, family, left_out, optional, goes_on, far, queue) = drawn;
            let mut before: Vec<usize> = match at {
                0 => Vec::new(),
                _ => after.iter().map(|index| index.index(at)).collect(),
            };
            before.sort_unstable();
            before.dedup();
            let mut one = step(format!("s{at}"), before);
            if family > 1 {
                one.step = format!("family{family}");
                one.max_parallel = Some(usize::from(family) - 1);
            }
            // The plan's order is that of turns: an item is some neighbours.
            if queue < 3 {
                one.queue = Some(format!("queue{}", queue % 2));
                one.item = Some((at / 3).to_string());
                one.max_parallel = None;
            }
            one.left_out = left_out.then_some(Because::SkippedByOperator);
            one.optional = optional;
            one.host = if far { "far" } else { "local" }.to_owned();
            if goes_on {
                one.on_failure = OnFailure::Continue;
            }
            steps.push(one);
        }
        plan(steps)
    })
}

fn any_end() -> impl Strategy<Value = StepEnd> {
    prop_oneof![
        8 => Just(StepEnd::Done),
        3 => Just(StepEnd::Failed),
        1 => Just(StepEnd::Declined),
        1 => Just(StepEnd::Waiting),
        1 => Just(StepEnd::Interrupted),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_schedule_decides_as_the_model_does(
        plan in any_plan(),
        jobs in 1..5_usize,
        per_host in 1..4_usize,
        keep_going: bool,
        story in proptest::collection::vec((any::<prop::sample::Index>(), any_end()), 14),
        stop_at in proptest::option::weighted(0.3, 0..14_usize),
        done in proptest::collection::vec(prop::bool::weighted(0.2), 14),
    ) {
        let limits = Limits { jobs, per_host, keep_going };
        let state = resumed(&plan, |at| done[at]);
        let mut schedule = Schedule::new(&plan, &state, limits);
        let mut model = Model {
            plan: &plan,
            done: done.clone(),
            limits,
            status: vec![Seen::Pending; plan.steps.len()],
            halted: None,
            stopped: false,
        };
        let mut not_run = Vec::new();
        for turn in 0.. {
            let mut decided = schedule.decide();
            let mut expected = model.decide(std::mem::take(&mut not_run));
            decided.not_run.sort_by_key(|(at, _)| *at);
            expected.not_run.sort_by_key(|(at, _)| *at);
            prop_assert_eq!(&decided, &expected);
            if decided.finished.is_some() {
                break;
            }
            if stop_at == Some(turn) && !model.stopped {
                model.stopped = true;
                model.stop();
                schedule.stop();
                continue;
            }
            let running: Vec<usize> = (0..plan.steps.len())
                .filter(|&at| model.status[at] == Seen::Running)
                .collect();
            let (which, end) = &story[turn % story.len()];
            let at = running[which.index(running.len())];
            schedule.ended(at, *end);
            not_run = model.end(at, *end);
        }
    }
}
