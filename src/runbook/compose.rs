//! From documents to one runbook: parts collected, overlays applied, every piece with its origin.

use std::path::Path;

use serde_json::{Map, Value};

use crate::diagnostic::{Code, Problem, Problems, SourceFile, decode, suggest};

use super::document::{ChangeDocument, PartDocument, PhaseName, RunbookDocument, StepDocument};
use super::library::{Library, LibraryError};

/// Where a piece of a runbook was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Position in [`Runbook::documents`].
    pub document: usize,
    /// Keys and list positions from the document's root.
    pub path: Vec<String>,
}

impl Origin {
    /// A place further inside.
    #[must_use]
    pub fn join<'a>(&self, inner: impl IntoIterator<Item = &'a str>) -> Self {
        let mut path = self.path.clone();
        path.extend(inner.into_iter().map(str::to_owned));
        Self {
            document: self.document,
            path,
        }
    }
}

/// A step with its origin and what overlays changed.
#[derive(Debug, Clone)]
pub struct Step {
    /// As written, overlays applied.
    pub document: StepDocument,
    /// Where it was written.
    pub origin: Origin,
    /// Where each top-level option was written by an overlay, if one set it.
    pub option_origins: Vec<(String, Origin)>,
    /// Why an overlay disabled it.
    pub disabled: Option<String>,
}

impl Step {
    /// Where an option was written.
    pub fn option_origin(&self, path: &[String]) -> Origin {
        let inner = path.iter().map(String::as_str);
        let changed = path.first().and_then(|key| {
            self.option_origins
                .iter()
                .rev()
                .find(|(changed, _)| changed == key)
        });
        match changed {
            Some((_, origin)) => origin.join(inner.skip(1)),
            None => self.origin.join(["with"]).join(inner),
        }
    }
}

/// A part with its steps.
#[derive(Debug, Clone)]
pub struct Part {
    /// Name.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// Its condition.
    pub when: Option<String>,
    /// Where it was written.
    pub origin: Origin,
    /// Its steps by phase, in the order of [`PhaseName::ALL`].
    pub steps: [Vec<Step>; 3],
}

/// A runbook, put together.
#[derive(Debug, Clone)]
pub struct Runbook {
    /// Name.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// Product that it is for.
    pub product: String,
    /// Scenario that it is for.
    pub scenario: String,
    /// Every document that it was made from.
    pub documents: Vec<SourceFile>,
    /// Its parts; a runbook's own steps form a last part that bears its name.
    pub parts: Vec<Part>,
}

/// How deep overlays may stand on overlays.
const DEEPEST: usize = 8;

impl Runbook {
    /// Reads the runbook of that name and everything it is made of.
    pub fn load(name: &str, base: Option<&Path>, library: &Library) -> Result<Self, Problems> {
        let mut composer = Composer {
            library,
            documents: Vec::new(),
            problems: Problems::new(),
        };
        let runbook = composer.runbook(name, base, None, 0);
        if let Some(runbook) = &runbook {
            composer.check_head(runbook);
        }
        match runbook {
            Some(mut runbook) if !composer.problems.has_errors() => {
                runbook.documents = composer.documents;
                Ok(runbook)
            }
            _ => Err(composer.problems),
        }
    }

    /// Steps of a phase with their parts, in order.
    pub fn steps(&self, phase: PhaseName) -> impl Iterator<Item = (&Part, &Step)> {
        self.parts.iter().flat_map(move |part| {
            part.steps[phase as usize]
                .iter()
                .map(move |step| (part, step))
        })
    }
}

struct Composer<'a> {
    library: &'a Library,
    documents: Vec<SourceFile>,
    problems: Problems,
}

impl Composer<'_> {
    fn runbook(
        &mut self,
        name: &str,
        base: Option<&Path>,
        asked_by: Option<&Origin>,
        depth: usize,
    ) -> Option<Runbook> {
        let (mut document, at) = self.read::<RunbookDocument>(name, base, asked_by)?;
        let root = Origin {
            document: at,
            path: Vec::new(),
        };
        if depth >= DEEPEST {
            self.problem(
                Code::OVERLAY,
                "overlays stand on overlays too deep or in a circle",
                &root.join(["extends"]),
            );
            return None;
        }
        let directory = Path::new(self.documents[at].name())
            .parent()
            .map(Path::to_owned);
        let mut runbook = match &document.extends {
            Some(extended) => {
                let asked_by = root.join(["extends"]);
                self.runbook(extended, directory.as_deref(), Some(&asked_by), depth + 1)?
            }
            None => Runbook {
                name: String::new(),
                title: String::new(),
                product: String::new(),
                scenario: String::new(),
                documents: Vec::new(),
                parts: Vec::new(),
            },
        };
        runbook.name.clone_from(&document.runbook);
        if !document.title.is_empty() {
            runbook.title.clone_from(&document.title);
        }
        if let Some(product) = &document.product {
            runbook.product.clone_from(product);
        }
        if let Some(scenario) = &document.scenario {
            runbook.scenario.clone_from(scenario);
        }
        for (position, part) in document.parts.iter().enumerate() {
            let asked_by = root.join(["parts", &position.to_string()]);
            if let Some(part) = self.part(part, directory.as_deref(), &asked_by) {
                runbook.parts.push(part);
            }
        }
        self.apply_changes(&mut runbook, &document, &root);
        let own = PhaseName::ALL.map(|phase| steps_of(document.take_steps(phase), phase, &root));
        if own.iter().any(|steps| !steps.is_empty()) {
            runbook.parts.push(Part {
                name: document.runbook.clone(),
                title: document.title.clone(),
                when: None,
                origin: root,
                steps: own,
            });
        }
        Some(runbook)
    }

    fn part(&mut self, name: &str, base: Option<&Path>, asked_by: &Origin) -> Option<Part> {
        let (mut document, at) = self.read::<PartDocument>(name, base, Some(asked_by))?;
        let root = Origin {
            document: at,
            path: Vec::new(),
        };
        Some(Part {
            steps: PhaseName::ALL.map(|phase| steps_of(document.take_steps(phase), phase, &root)),
            name: document.part,
            title: document.title,
            when: document.when,
            origin: root,
        })
    }

    fn read<T: serde::de::DeserializeOwned>(
        &mut self,
        name: &str,
        base: Option<&Path>,
        asked_by: Option<&Origin>,
    ) -> Option<(T, usize)> {
        let source = match self.library.find(name, base) {
            Ok(source) => source,
            Err(error) => {
                let problem = self.not_found(&error, asked_by);
                self.problems.push(problem);
                return None;
            }
        };
        match decode::<T>(&source) {
            Ok(document) => {
                self.documents.push(source);
                Some((document, self.documents.len() - 1))
            }
            Err(problems) => {
                self.problems.extend(problems);
                None
            }
        }
    }

    fn not_found(&self, error: &LibraryError, asked_by: Option<&Origin>) -> Problem {
        let code = match error {
            LibraryError::Unknown { .. } => Code::UNKNOWN_RUNBOOK,
            LibraryError::Read { .. } => Code::UNREADABLE,
        };
        let mut problem = Problem::error(code, error.to_string());
        if let Some(origin) = asked_by {
            problem = problem.at(self.documents[origin.document].value_at(&origin.path), "");
        }
        match error {
            LibraryError::Unknown { looked, near, .. } => {
                if let Some(near) = near {
                    problem = problem.help(format!("did you mean `{near}`?"));
                }
                problem.help(format!("looked in {}", looked.join(", ")))
            }
            LibraryError::Read { source, .. } => problem.help(reason(source)),
        }
    }

    fn apply_changes(&mut self, runbook: &mut Runbook, document: &RunbookDocument, root: &Origin) {
        for phase in PhaseName::ALL {
            for (id, change) in document.change.of(phase) {
                let origin = root.join(["change", phase.as_str(), id]);
                let found = runbook
                    .parts
                    .iter_mut()
                    .flat_map(|part| &mut part.steps[phase as usize])
                    .find(|step| step.document.id == *id);
                if let Some(step) = found {
                    apply(step, change, &origin);
                    continue;
                }
                let known: Vec<&str> = runbook
                    .steps(phase)
                    .map(|(_, step)| step.document.id.as_str())
                    .collect();
                let near = suggest(id, known);
                let problem = Problem::error(
                    Code::OVERLAY,
                    format!(
                        "there is no step `{id}` in phase {} to change",
                        phase.as_str()
                    ),
                )
                .at(self.documents[origin.document].key_at(&origin.path), "")
                .maybe_help(near.map(|near| format!("did you mean `{near}`?")));
                self.problems.push(problem);
            }
        }
    }

    /// What it is for must be said somewhere, by itself or by what it extends.
    fn check_head(&mut self, runbook: &Runbook) {
        for (key, value) in [
            ("product", &runbook.product),
            ("scenario", &runbook.scenario),
        ] {
            if value.is_empty() {
                let message = format!("runbook `{}` does not say its {key}", runbook.name);
                let problem = Problem::error(Code::MISSING_KEY, message)
                    .at(self.documents[0].key_at(&["runbook"]), "")
                    .help(format!(
                        "add `{key}: …`, or `extends: …` if it changes another one"
                    ));
                self.problems.push(problem);
            }
        }
    }

    fn problem(&mut self, code: Code, message: &str, origin: &Origin) {
        let problem = Problem::error(code, message)
            .at(self.documents[origin.document].value_at(&origin.path), "");
        self.problems.push(problem);
    }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::InvalidData => "it is no text: save it as UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

fn steps_of(documents: Vec<StepDocument>, phase: PhaseName, root: &Origin) -> Vec<Step> {
    documents
        .into_iter()
        .enumerate()
        .map(|(position, document)| Step {
            document,
            origin: root.join([phase.as_str(), &position.to_string()]),
            option_origins: Vec::new(),
            disabled: None,
        })
        .collect()
}

fn apply(step: &mut Step, change: &ChangeDocument, origin: &Origin) {
    for (name, value) in &change.with {
        step.option_origins
            .push((name.clone(), origin.join(["with", name])));
        merge(&mut step.document.with, name, value);
    }
    if change.timeout.is_some() {
        step.document.timeout.clone_from(&change.timeout);
    }
    if change.retry.is_some() {
        step.document.retry.clone_from(&change.retry);
    }
    if change.disable.is_some() {
        step.disabled.clone_from(&change.disable);
    }
}

/// Sets a value; a map is merged into a map that is there.
fn merge(options: &mut Map<String, Value>, key: &str, value: &Value) {
    match (options.get_mut(key), value) {
        (Some(Value::Object(present)), Value::Object(changes)) => {
            for (inner, value) in changes {
                merge(present, inner, value);
            }
        }
        _ => _ = options.insert(key.to_owned(), value.clone()),
    }
}
