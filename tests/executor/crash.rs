//! Random plans, crashed at any byte of their journal.

use proptest::prelude::*;
use serde_json::json;
use upgrade_kit::adapter::Effect;
use upgrade_kit::event::{Event, EventKind, RunOutcome, RunState, StepStatus};
use upgrade_kit::plan::{OnFailure, Retry};
use upgrade_kit::run::Limits;

use super::fake::locked;
use super::world::Stage;

/// A step as it is drawn.
#[derive(Debug, Clone)]
struct Drawn {
    after: Vec<prop::sample::Index>,
    fails: u32,
    retries: bool,
    effect: Effect,
    optional: bool,
    goes_on: bool,
}

fn any_step() -> impl Strategy<Value = Drawn> {
    (
        proptest::collection::vec(any::<prop::sample::Index>(), 0..3),
        prop_oneof![4 => Just(0_u32), 1 => Just(1), 1 => Just(3)],
        any::<bool>(),
        prop_oneof![1 => Just(Effect::Pure), 1 => Just(Effect::Idempotent), 2 => Just(Effect::Once)],
        prop::bool::weighted(0.2),
        any::<bool>(),
    )
        .prop_map(|(after, fails, retries, effect, optional, goes_on)| Drawn {
            after,
            fails,
            retries,
            effect,
            optional,
            goes_on,
        })
}

fn stage(drawn: &[Drawn], jobs: usize, keep_going: bool) -> Stage {
    let mut stage = Stage::new();
    stage.limits = Limits {
        jobs,
        keep_going,
        ..Limits::default()
    };
    for (at, one) in drawn.iter().enumerate() {
        let mut after: Vec<usize> = match at {
            0 => Vec::new(),
            _ => one.after.iter().map(|index| index.index(at)).collect(),
        };
        after.sort_unstable();
        after.dedup();
        let step = stage.step(&format!("s{at}"), &after, json!({ "fails": one.fails }));
        step.effect = one.effect;
        step.optional = one.optional;
        if one.retries {
            step.retry = Some(Retry {
                attempts: 2,
                delay_ms: 0,
                backoff: 1.0,
            });
        }
        if one.goes_on {
            step.on_failure = OnFailure::Continue;
        }
    }
    stage
}

/// No step starts before those it comes after have passed.
fn check_order(stage: &Stage, events: &[Event]) -> Result<(), TestCaseError> {
    let mut state = RunState::new();
    for event in events {
        if let EventKind::StepStarted { step, .. } = &event.kind {
            let at = state.position(step).unwrap();
            for &before in &stage.plan.steps[at].after {
                let passed = match &state.steps[before].status {
                    StepStatus::Done { .. } => true,
                    StepStatus::Failed { .. } => stage.plan.steps[before].optional,
                    _ => false,
                };
                prop_assert!(passed, "{step} started before step {before} had passed");
            }
        }
        state.apply(event);
    }
    Ok(())
}

/// Puts the world where a crash after the events of `state` may have left it. `happened` decides
/// for each step that was at work whether its effect was there already.
fn set_world(stage: &Stage, state: &RunState, happened: u32) {
    let mut effects = locked(&stage.world.effects);
    effects.clear();
    for (at, step) in state.steps.iter().enumerate() {
        let is_there = match step.status {
            StepStatus::Done { .. } => true,
            StepStatus::Running { .. } => happened & (1 << at) != 0,
            _ => false,
        };
        if is_there {
            effects.insert(step.card.id.clone(), 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_story_of_a_random_run_holds_and_its_resumption_ends_it(
        drawn in proptest::collection::vec(any_step(), 1..9),
        jobs in 1..5_usize,
        keep_going: bool,
    ) {
        let mut stage = stage(&drawn, jobs, keep_going);
        // `run` compares journal, events and live state.
        let (mut state, mut outcome, mut events) = stage.run();
        check_order(&stage, &events)?;
        for _ in 0..12 {
            if outcome == RunOutcome::Done {
                break;
            }
            prop_assert_eq!(outcome, RunOutcome::Failed);
            let (next, ended, more) = stage.go_on(&state.run);
            (state, outcome) = (next, ended);
            events.extend(more);
            check_order(&stage, &events)?;
        }
        prop_assert_eq!(outcome, RunOutcome::Done);
        for step in &state.steps {
            let optional = step.card.optional;
            let effects = stage.world.effects_of(&step.card.id);
            prop_assert!(effects == 1 || optional && effects == 0, "{}: {effects}", step.card.id);
        }
    }

    #[test]
    fn a_run_that_was_cut_off_anywhere_is_finished_and_nothing_happens_twice(
        drawn in proptest::collection::vec(any_step(), 1..6),
        jobs in 1..4_usize,
        happened: u32,
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 12),
    ) {
        let mut stage = stage(&drawn, jobs, true);
        let (state, ..) = stage.run();
        let run = state.run;
        let directory = upgrade_kit::journal::RunDirectory::open(&stage.plan.state, &run).unwrap();
        let journal = std::fs::read(directory.journal_path()).unwrap();
        for cut in cuts {
            let cut = cut.index(journal.len());
            std::fs::write(directory.journal_path(), &journal[..cut]).unwrap();
            let crashed = directory.state().unwrap();
            set_world(&stage, &crashed, happened);
            // A resumption may get no further than to one of the failures that are still to come.
            let failures: u32 = drawn.iter().map(|one| one.fails).sum();
            for _ in 0..=failures {
                match stage.resume(&run).0 {
                    Ok(report) if report.outcome == RunOutcome::Done => break,
                    Ok(_) => {}
                    // The cut took nothing but a part of the last line of a run that was done.
                    Err(error) => prop_assert!(false, "{error}"),
                }
            }
            let state = directory.state().unwrap();
            for (step, drawn) in state.steps.iter().zip(&drawn) {
                let id = &step.card.id;
                let effects = stage.world.effects_of(id);
                match (&step.status, drawn.effect) {
                    (StepStatus::Done { .. }, Effect::Once) => {
                        prop_assert_eq!(effects, 1, "{}, cut at {}", id, cut);
                    }
                    (StepStatus::Done { .. }, _) => prop_assert!(effects >= 1, "{id}, cut at {cut}"),
                    (StepStatus::Failed { .. }, _) => prop_assert!(drawn.optional),
                    (status, _) => prop_assert!(false, "{id} is {status:?}, cut at {cut}"),
                }
            }
        }
    }
}
