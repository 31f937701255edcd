//! `http.check`: an address answers as it should.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Deserialize;

use super::action::{Action, Effect, OutputKind, OutputSpec, Preview, PreviewLine};
use super::context::StepContext;
use super::duration::HumanDuration;
use super::failure::Failure;
use crate::event::Outcome;
use crate::host::HttpAnswer;

/// One attempt has at most this long.
const ATTEMPT: Duration = Duration::from_secs(10);

/// How often a wait says that it still waits.
const SAY_EVERY: Duration = Duration::from_secs(15);

/// Asks an address by GET until it answers as it should. Redirects are not followed: a redirect is
/// an answer, and often the one that shows health (Domibus answers 302).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpCheck {
    /// The address, `http://…`.
    pub url: String,
    /// Status codes that are right.
    #[serde(default = "ok")]
    pub expect_status: Vec<u16>,
    /// A text that the first 64 KiB of the body must hold.
    #[serde(default)]
    pub body_contains: Option<String>,
    /// How long it may take until the answer is right; `0s` asks once.
    #[serde(default = "at_once")]
    pub wait: HumanDuration,
    /// Pause between two attempts.
    #[serde(default = "two_seconds")]
    pub interval: HumanDuration,
}

fn ok() -> Vec<u16> {
    vec![200]
}

fn at_once() -> HumanDuration {
    HumanDuration::seconds(0)
}

fn two_seconds() -> HumanDuration {
    HumanDuration::seconds(2)
}

impl HttpCheck {
    /// What is wrong with the answer, if anything is.
    fn judge(&self, answer: &HttpAnswer) -> Result<(), String> {
        if !self.expect_status.contains(&answer.status) {
            return Err(format!(
                "answered {}, not {}",
                answer.status,
                one_of(&self.expect_status)
            ));
        }
        match &self.body_contains {
            Some(text) if !String::from_utf8_lossy(&answer.body).contains(text.as_str()) => {
                Err(format!("answered without `{text}` in its body"))
            }
            _ => Ok(()),
        }
    }
}

fn one_of(statuses: &[u16]) -> String {
    let texts: Vec<String> = statuses.iter().map(u16::to_string).collect();
    texts.join(" or ")
}

impl Action for HttpCheck {
    const NAME: &'static str = "http.check";
    const SUMMARY: &'static str = "Waits until an HTTP address answers as it should";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = &[OutputSpec {
        name: "status",
        kind: OutputKind::Number,
        about: "status code of the answer",
    }];

    fn validate(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if !self.url.starts_with("http://") {
            wrong.push("url: only an http:// address can be asked".to_owned());
        }
        if self.expect_status.is_empty() {
            wrong.push("expect_status: the list is empty".to_owned());
        }
        if self.interval.get().is_zero() {
            wrong.push("interval: it must be longer than nothing".to_owned());
        }
        wrong
    }

    fn preview(&self) -> Preview {
        let body = match &self.body_contains {
            Some(text) => format!(" with `{text}` in its body"),
            None => String::new(),
        };
        let wait = if self.wait.get().is_zero() {
            String::new()
        } else {
            format!(" within {}", self.wait)
        };
        vec![PreviewLine::Checks(format!(
            "GET {} answers {}{body}{wait}",
            self.url,
            one_of(&self.expect_status)
        ))]
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let start = Instant::now();
        let mut said = start;
        loop {
            let left = self.wait.get().saturating_sub(start.elapsed());
            let limit = if self.wait.get().is_zero() {
                ATTEMPT
            } else {
                left.clamp(Duration::from_secs(1), ATTEMPT)
            };
            let wrong = match context.host.http_get(&self.url, limit) {
                Ok(answer) => match self.judge(&answer) {
                    Ok(()) => return Ok(done(&self.url, answer.status, start.elapsed())),
                    Err(wrong) => format!("{} {wrong}", self.url),
                },
                Err(error) => error.to_string(),
            };
            let left = self.wait.get().saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(self.failure(wrong));
            }
            if said.elapsed() >= SAY_EVERY {
                said = Instant::now();
                let left = HumanDuration::seconds(left.as_secs());
                (context.say)(format!("waiting up to {left} more: {wrong}"));
            }
            if !context.control.pause(self.interval.get().min(left)) {
                return Err(Failure::stopped());
            }
        }
    }
}

impl HttpCheck {
    fn failure(&self, wrong: String) -> Failure {
        let wrong = if self.wait.get().is_zero() {
            wrong
        } else {
            format!("{wrong} (after {})", self.wait)
        };
        Failure::verification(wrong).hint(
            "look at the server's log for why; if it is only slow, give it a longer `wait` and resume",
        )
    }
}

fn done(url: &str, status: u16, took: Duration) -> Outcome {
    let mut outcome = Outcome {
        summary: format!("{url} answered {status} after {:.1} s", took.as_secs_f64()),
        ..Outcome::default()
    };
    outcome.outputs.insert("status".to_owned(), status.into());
    outcome
}
