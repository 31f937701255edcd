//! From a runbook and a site to a plan. Collects every problem before it gives up.

mod template;

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::options::{self, Options};
use super::order;
use super::references::References;
use super::select::Selection;
use super::types::{Phase, Plan, PlannedStep, RunbookFile};
use crate::adapter::{ActionEntry, Effect};
use crate::diagnostic::{Code, Problem, Problems, suggest};
use crate::event::Because;
use crate::runbook::expression::{Evaluator, ExpressionError};
use crate::runbook::{Origin, Part, PhaseName, Runbook, Step};

/// The machine that the program runs on.
const LOCAL: &str = "local";

/// Everything that a plan is made from.
pub struct PlanRequest<'a> {
    /// The runbook.
    pub runbook: &'a Runbook,
    /// Phase.
    pub phase: Phase,
    /// The resolved site, as expressions see it.
    pub site: Value,
    /// Name of the site.
    pub site_name: &'a str,
    /// Documents besides the runbook's own (the site file).
    pub documents: Vec<RunbookFile>,
    /// Where backup sets of this site are.
    pub backups: PathBuf,
    /// Where runs of this site are.
    pub state: PathBuf,
    /// The backup set that upgrade and restore use.
    pub uses_set: Option<String>,
    /// What the operator leaves out.
    pub selection: Selection,
    /// Looks up actions.
    pub actions: &'a dyn Fn(&str) -> Option<&'static ActionEntry>,
    /// Names of all actions, for suggestions.
    pub action_names: Vec<&'static str>,
}

/// A step before order is settled: the planned step and what it says about order.
pub(super) struct Draft<'a> {
    pub(super) planned: PlannedStep,
    pub(super) source: &'a Step,
    pub(super) outputs: Vec<options::Read>,
    pub(super) references: References,
}

/// Makes the plan, or says everything that is wrong.
pub fn resolve(request: &PlanRequest<'_>) -> Result<Plan, Problems> {
    let mut resolver = Resolver {
        request,
        problems: Problems::new(),
        evaluator: evaluator(request),
    };
    let drafts = resolver.drafts();
    let steps = order::settle(drafts, request, &mut resolver.problems);
    if resolver.problems.has_errors() {
        return Err(resolver.problems);
    }
    let writes_set = steps
        .iter()
        .any(|step| step.left_out.is_none() && step.action == crate::adapter::SEAL_ACTION);
    let mut documents = request.documents.clone();
    documents.extend(request.runbook.documents.iter().map(RunbookFile::of));
    Ok(Plan {
        format: 1,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        site: request.site_name.to_owned(),
        product: request.runbook.product.clone(),
        scenario: request.runbook.scenario.clone(),
        phase: request.phase,
        runbook: request.runbook.name.clone(),
        documents,
        uses_set: request.uses_set.clone(),
        writes_set,
        backups: request.backups.clone(),
        state: request.state.clone(),
        values: request.site.clone(),
        steps,
    })
}

fn evaluator(request: &PlanRequest<'_>) -> Evaluator {
    let mut names = Map::new();
    names.insert("site".to_owned(), request.site.clone());
    names.insert(
        "scenario".to_owned(),
        Value::from(request.runbook.scenario.clone()),
    );
    names.insert("phase".to_owned(), Value::from(request.phase.as_str()));
    Evaluator::new(names)
}

struct Resolver<'a> {
    request: &'a PlanRequest<'a>,
    problems: Problems,
    evaluator: Evaluator,
}

impl<'a> Resolver<'a> {
    fn drafts(&mut self) -> Vec<Draft<'a>> {
        let phase = phase_name(self.request.phase);
        let runbook = self.request.runbook;
        let mut drafts = Vec::new();
        let mut first_of: HashMap<&str, &Step> = HashMap::new();
        for part in &runbook.parts {
            let steps = &part.steps[phase as usize];
            if steps.is_empty() {
                continue;
            }
            let part_out = part
                .when
                .as_deref()
                .and_then(|when| self.condition(when, &part.origin.join(["when"])));
            for step in steps {
                let id = step.document.id.as_str();
                if let Some(first) = first_of.insert(id, step) {
                    self.duplicate(step, first);
                    continue;
                }
                self.check_id(step);
                self.step(part, step, part_out.clone(), &mut drafts);
            }
        }
        if drafts.is_empty() && !self.problems.has_errors() {
            let message = format!(
                "runbook `{}` has no steps for phase {}",
                runbook.name, self.request.phase
            );
            let has: Vec<&str> = PhaseName::ALL
                .into_iter()
                .filter(|&phase| runbook.steps(phase).next().is_some())
                .map(PhaseName::as_str)
                .collect();
            let help = (!has.is_empty()).then(|| format!("it has steps for: {}", has.join(", ")));
            self.problems
                .push(Problem::error(Code::UNKNOWN_SELECTION, message).maybe_help(help));
        }
        drafts
    }

    /// `Some` reason if the condition is false.
    fn condition(&mut self, when: &str, origin: &Origin) -> Option<Because> {
        match self.evaluator.condition(when) {
            Ok(true) => None,
            Ok(false) => Some(Because::WhenFalse(when.to_owned())),
            Err(error) => {
                self.expression_problem(&error, origin);
                None
            }
        }
    }

    fn step(
        &mut self,
        part: &'a Part,
        step: &'a Step,
        part_out: Option<Because>,
        drafts: &mut Vec<Draft<'a>>,
    ) {
        let document = &step.document;
        let Some(entry) = (self.request.actions)(&document.uses) else {
            self.unknown_action(step);
            // It stays a name that others may refer to: one fault, one problem.
            let planned = self.template(part, step, Effect::Pure);
            drafts.push(Draft {
                planned,
                source: step,
                outputs: Vec::new(),
                references: References::AsWritten,
            });
            return;
        };
        let out = part_out
            .or_else(|| step.disabled.clone().map(Because::Disabled))
            .or_else(|| match (&document.when, &document.for_each) {
                (Some(when), None) => self.condition(when, &step.origin.join(["when"])),
                _ => None,
            });
        let template = self.template(part, step, entry.effect);
        if out.is_some() {
            drafts.push(Draft {
                planned: PlannedStep {
                    left_out: out,
                    ..template
                },
                source: step,
                outputs: Vec::new(),
                references: self.references(step, step.document.for_each.is_none()),
            });
            return;
        }
        match &document.for_each {
            None => {
                let mut planned = template;
                let outputs = self.fill(&mut planned, step, entry);
                drafts.push(Draft {
                    planned,
                    source: step,
                    outputs,
                    references: self.references(step, true),
                });
            }
            Some(list) => self.fan_out(list, step, entry, template, drafts),
        }
    }

    fn fan_out(
        &mut self,
        list: &str,
        step: &'a Step,
        entry: &'static ActionEntry,
        template: PlannedStep,
        drafts: &mut Vec<Draft<'a>>,
    ) {
        let origin = step.origin.join(["for_each"]);
        let items = match self.evaluator.evaluate(list) {
            Ok(Value::Array(items)) => items,
            Ok(_) => {
                let problem = Problem::error(Code::EVALUATION, "`for_each` needs a list");
                self.push_at(problem, &origin);
                return;
            }
            Err(error) => return self.expression_problem(&error, &origin),
        };
        if items.is_empty() {
            drafts.push(Draft {
                planned: PlannedStep {
                    left_out: Some(Because::NoItems),
                    ..template
                },
                source: step,
                outputs: Vec::new(),
                references: self.references(step, false),
            });
            return;
        }
        let mut seen = std::collections::HashSet::new();
        for item in items {
            let Some(name) = item_name(&item) else {
                let problem = Problem::error(
                    Code::EVALUATION,
                    "an item of `for_each` must be a text, or a map with a `name`",
                );
                return self.push_at(problem, &origin);
            };
            if !seen.insert(name.clone()) {
                let message = format!("two items of `for_each` have the name `{name}`");
                return self.push_at(Problem::error(Code::DUPLICATE_STEP, message), &origin);
            }
            let mut planned = PlannedStep {
                id: format!("{}[{name}]", template.id),
                title: format!("{} {name}", template.title),
                item: Some(name),
                ..template.clone()
            };
            let outer = self.evaluator.with_item(&item);
            let outer = std::mem::replace(&mut self.evaluator, outer);
            planned.left_out = match &step.document.when {
                Some(when) => self.condition(when, &step.origin.join(["when"])),
                None => None,
            };
            let outputs = if planned.left_out.is_none() {
                self.fill(&mut planned, step, entry)
            } else {
                Vec::new()
            };
            let references = self.references(step, true);
            self.evaluator = outer;
            drafts.push(Draft {
                planned,
                source: step,
                outputs,
                references,
            });
        }
    }

    /// The order that the step names. Without an item (`known` false) what depends on one names nothing.
    fn references(&mut self, step: &Step, known: bool) -> References {
        let mut wrong = Vec::new();
        let references = References::of(&step.document, &self.evaluator, known, &mut wrong);
        for (path, error) in wrong {
            let origin = step.origin.join([path.0, &path.1.to_string()]);
            self.expression_problem(&error, &origin);
        }
        references
    }

    /// Resolves, decodes and previews the options of one step or instance.
    fn fill(
        &mut self,
        planned: &mut PlannedStep,
        step: &Step,
        entry: &'static ActionEntry,
    ) -> Vec<options::Read> {
        let mut problems = Vec::new();
        let Options { values, reads } =
            options::resolve(&step.document.with, &self.evaluator, &mut problems);
        // What is left of the options says nothing about those that could not be resolved.
        if !problems.is_empty() {
            for problem in problems {
                let origin = step.option_origin(&problem.path);
                self.expression_problem(&problem.error, &origin);
            }
            return reads;
        }
        let action_of = |id: &str| self.action_of(id);
        let sample = if reads.is_empty() {
            values.clone()
        } else {
            options::sample(&values, &action_of)
        };
        match entry.decode(sample) {
            Ok(action) => {
                for fault in action.validate() {
                    let key = fault.split([' ', ':', '`']).find(|word| !word.is_empty());
                    let path: Vec<String> = key
                        .filter(|key| values.contains_key(*key))
                        .map(|key| vec![key.to_owned()])
                        .unwrap_or_default();
                    let problem = Problem::error(Code::OPTIONS, fault);
                    self.push_at(problem, &step.option_origin(&path));
                }
                planned.preview = action.preview();
            }
            Err(error) => self.option_problem(&error, step, entry),
        }
        planned.options = values;
        reads
    }

    /// The action of another step of the phase, named as `steps.ID` names it.
    fn action_of(&self, id: &str) -> Option<&'static ActionEntry> {
        let id = id.split('[').next().unwrap_or(id);
        let (_, step) = self
            .request
            .runbook
            .steps(phase_name(self.request.phase))
            .find(|(_, step)| step.document.id == id)?;
        (self.request.actions)(&step.document.uses)
    }

    fn check_id(&mut self, step: &Step) {
        let id = &step.document.id;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || !id.chars().all(fits) {
            let problem = Problem::error(Code::WRONG_VALUE, format!("`{id}` is not a step id"))
                .help("use lower-case letters, digits and dashes");
            self.push_at(problem, &step.origin.join(["id"]));
        }
    }

    fn duplicate(&mut self, step: &Step, first: &Step) {
        let documents = &self.request.runbook.documents;
        let other = first.origin.join(["id"]);
        let problem = Problem::error(
            Code::DUPLICATE_STEP,
            format!("two steps are called `{}`", step.document.id),
        )
        .and(
            documents[other.document].value_at(&other.path),
            "the first one is here",
        );
        self.push_at(problem, &step.origin.join(["id"]));
    }

    fn unknown_action(&mut self, step: &Step) {
        let uses = &step.document.uses;
        let mut problem =
            Problem::error(Code::UNKNOWN_ACTION, format!("there is no action `{uses}`"));
        problem = problem
            .maybe_help(did_you_mean(suggest(
                uses,
                self.request.action_names.iter().copied(),
            )))
            .help("`upgrade-kit actions` lists them all");
        self.push_at(problem, &step.origin.join(["uses"]));
    }

    fn option_problem(
        &mut self,
        error: &crate::adapter::DecodeError,
        step: &Step,
        entry: &ActionEntry,
    ) {
        let origin = step.option_origin(&error.path);
        let document = &self.request.runbook.documents[origin.document];
        let problem =
            crate::diagnostic::option_problem(document, &origin.path, &error.message).help(
                format!("`upgrade-kit actions {}` shows its options", entry.name),
            );
        self.problems.push(problem);
    }

    fn expression_problem(&mut self, error: &ExpressionError, origin: &Origin) {
        let document = &self.request.runbook.documents[origin.document];
        let problem = Problem::error(error.code(), error.message.clone())
            .maybe_help(error.help.clone())
            .at(document.part_at(&origin.path, error.range.clone()), "");
        self.problems.push(problem);
    }

    fn push_at(&mut self, problem: Problem, origin: &Origin) {
        let document = &self.request.runbook.documents[origin.document];
        self.problems
            .push(problem.at(document.value_at(&origin.path), ""));
    }
}

fn phase_name(phase: Phase) -> PhaseName {
    match phase {
        Phase::Backup => PhaseName::Backup,
        Phase::Upgrade => PhaseName::Upgrade,
        Phase::Restore => PhaseName::Restore,
    }
}

/// A help line for a near name.
pub(super) fn did_you_mean(near: Option<&str>) -> Option<String> {
    near.map(|near| format!("did you mean `{near}`?"))
}

/// The name of an item: the text itself, or its `name`.
fn item_name(item: &Value) -> Option<String> {
    match item {
        Value::String(name) => Some(name.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(members) => match members.get("name") {
            Some(Value::String(name)) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}
