//! A step as far as its document alone says it: limits, retries, queue, machine.

use serde_json::Map;

use super::{LOCAL, Resolver};
use crate::adapter::{Effect, HumanDuration};
use crate::diagnostic::{Code, Problem};
use crate::plan::types::{OnFailure, PlannedStep, Retry};
use crate::runbook::{OnFailureDocument, Origin, Part, RetryDocument, Step, StepDocument};

impl Resolver<'_> {
    /// The step without its options and its order.
    pub(super) fn template(&mut self, part: &Part, step: &Step, effect: Effect) -> PlannedStep {
        let document = &step.document;
        PlannedStep {
            id: document.id.clone(),
            step: document.id.clone(),
            item: None,
            title: if document.title.is_empty() {
                document.id.clone()
            } else {
                document.title.clone()
            },
            part: part.name.clone(),
            source: document.source.0.clone(),
            action: document.uses.clone(),
            options: Map::new(),
            after: Vec::new(),
            host: self.host(document, step),
            timeout_ms: document
                .timeout
                .as_deref()
                .and_then(|text| self.duration(text, || step.origin.join(["timeout"]))),
            retry: document
                .retry
                .as_ref()
                .and_then(|retry| self.retry(retry, step)),
            on_failure: match document.on_failure {
                Some(OnFailureDocument::Continue) => OnFailure::Continue,
                Some(OnFailureDocument::Stop) | None => OnFailure::Stop,
            },
            optional: document.optional,
            effect,
            marks: document.marks.clone(),
            max_parallel: self.max_parallel(document, step),
            queue: self.queue(document, step),
            left_out: None,
            preview: Vec::new(),
        }
    }

    /// The machine that the step acts on. Sites have no others yet.
    fn host(&mut self, document: &StepDocument, step: &Step) -> String {
        let host = document.on.as_deref().unwrap_or(LOCAL);
        if host != LOCAL {
            let problem = Problem::error(Code::UNKNOWN_HOST, format!("there is no host `{host}`"))
                .help(format!("steps act on `{LOCAL}`; leave `on` out"));
            self.push_at(problem, &step.origin.join(["on"]));
        }
        host.to_owned()
    }

    fn max_parallel(&mut self, document: &StepDocument, step: &Step) -> Option<usize> {
        if document.max_parallel == Some(0) {
            let problem = Problem::error(Code::WRONG_VALUE, "`max_parallel` must be at least 1");
            self.push_at(problem, &step.origin.join(["max_parallel"]));
        }
        document.max_parallel
    }

    /// The queue of a fan-out. `QUEUE[ITEM]` selects, so the name must be no step's.
    fn queue(&mut self, document: &StepDocument, step: &Step) -> Option<String> {
        let name = document.queue.as_ref()?;
        let is_step = self.action_of(name).is_some();
        for (is_wrong, message) in [
            (
                document.for_each.is_none(),
                "`queue` is for steps with `for_each`".to_owned(),
            ),
            (
                document.max_parallel.is_some(),
                "`queue` and `max_parallel` exclude each other: items take their turns".to_owned(),
            ),
            (is_step, format!("`{name}` is the name of a step already")),
        ] {
            if is_wrong {
                let problem = Problem::error(Code::WRONG_VALUE, message);
                self.push_at(problem, &step.origin.join(["queue"]));
            }
        }
        Some(name.clone())
    }

    fn retry(&mut self, retry: &RetryDocument, step: &Step) -> Option<Retry> {
        let origin = |key| step.origin.join(["retry", key]);
        if !(2..=20).contains(&retry.attempts) {
            let problem = Problem::error(Code::WRONG_VALUE, "`attempts` must be from 2 to 20");
            self.push_at(problem, &origin("attempts"));
        }
        let backoff = retry.backoff.unwrap_or(2.0);
        if !(1.0..=10.0).contains(&backoff) {
            let problem = Problem::error(Code::WRONG_VALUE, "`backoff` must be from 1 to 10");
            self.push_at(problem, &origin("backoff"));
        }
        let delay_ms = match &retry.delay {
            Some(text) => self.duration(text, || origin("delay"))?,
            None => 5_000,
        };
        Some(Retry {
            attempts: retry.attempts,
            delay_ms,
            backoff,
        })
    }

    /// The place is made only for a problem: most of ten thousand steps have a time limit and none.
    fn duration(&mut self, text: &str, origin: impl FnOnce() -> Origin) -> Option<u64> {
        match text.parse::<HumanDuration>() {
            Ok(time) => Some(u64::try_from(time.get().as_millis()).unwrap_or(u64::MAX)),
            Err(message) => {
                let problem = Problem::error(Code::WRONG_VALUE, message);
                self.push_at(problem, &origin());
                None
            }
        }
    }
}
