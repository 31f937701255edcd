//! stub
#![allow(missing_docs, clippy::all, clippy::pedantic)]
pub mod check_view {
    use crate::adapter::Finding;
    #[derive(serde::Serialize)]
    pub struct StepFindings {
        pub step: String,
        pub findings: Vec<Finding>,
    }
    pub fn text(f: &[StepFindings]) -> String {
        f.iter()
            .flat_map(|s| {
                s.findings.iter().map(move |x| {
                    format!("{:?} {}: {} {:?}\n", x.severity, s.step, x.message, x.hint)
                })
            })
            .collect()
    }
    pub fn json(f: &[StepFindings]) -> String {
        serde_json::to_string(f).unwrap_or_default()
    }
}
pub mod plan_view {
    use crate::plan::Plan;
    use std::io::{Result, Write};
    pub fn tree(p: &Plan, out: &mut dyn Write) -> Result<()> {
        for s in &p.steps {
            writeln!(
                out,
                "{} {:?} after {:?} {:?}",
                s.id,
                s.left_out,
                s.after.iter().map(|&a| &p.steps[a].id).collect::<Vec<_>>(),
                s.preview
            )?;
        }
        Ok(())
    }
    pub fn json(p: &Plan, out: &mut dyn Write) -> Result<()> {
        writeln!(out, "{}", serde_json::to_string(p)?)
    }
    pub use tree as mermaid;
    pub use tree as dot;
    pub use tree as markdown;
}
pub mod runs_view {
    #[derive(serde::Serialize, Debug)]
    pub struct Row {
        pub at_work: bool,
        pub run: String,
        pub phase: String,
        pub scenario: String,
        pub set: Option<String>,
        pub started: jiff::Timestamp,
        pub latest: jiff::Timestamp,
        pub steps: usize,
        pub outcome: Option<crate::event::RunOutcome>,
    }
    pub fn text(r: &[Row]) -> String {
        r.iter().map(|r| format!("{r:?}\n")).collect()
    }
    pub fn json(r: &[Row]) -> String {
        serde_json::to_string(r).unwrap_or_default()
    }
}
pub mod sets_view {
    use crate::backup::*;
    use std::path::Path;
    pub struct Row {
        pub id: String,
        pub status: String,
        pub time: jiff::Timestamp,
        pub manifest: Option<Manifest>,
    }
    pub fn list(r: &[Row]) -> String {
        r.iter()
            .map(|r| format!("{} {}\n", r.id, r.status))
            .collect()
    }
    pub fn list_json(r: &[Row]) -> String {
        list(r)
    }
    pub fn set(m: &Manifest, _: &Path) -> String {
        serde_json::to_string_pretty(m).unwrap_or_default()
    }
    pub fn set_json(m: &Manifest, p: &Path) -> String {
        set(m, p)
    }
    pub fn verification(_: &str, v: &Verification) -> String {
        serde_json::to_string_pretty(v).unwrap_or_default()
    }
    pub fn verification_json(s: &str, v: &Verification) -> String {
        verification(s, v)
    }
}
