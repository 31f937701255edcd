//! What of a rollout is on a node, read from the node itself. Neither the workflows of the domain nor the
//! kit's own memory can tell it: a dry run is a workflow too, and workflows can be deleted.
//!
//! A rollout moves the present Oracle home, and the present version of an application, to the backup place
//! that it was given: what lies there tells that it came by. A way back moves the backup home home again,
//! and what it replaces to a place of its own. Which Java a server uses, its process tells.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::node;
use crate::adapter::Failure;
use crate::host::{Control, Host, Invocation, shell_word};
use crate::site::weblogic::{Application, Node, Platform, Staging, Topology};

const LIMIT: Duration = Duration::from_secs(600);

/// Names every server that runs, and its program.
const SERVERS: &str =
    "ps -eo args | sed -n 's/^\\([^ ]*\\) .*-Dweblogic\\.Name=\\([^ ]*\\).*/server \\2 \\1/p'; ";

/// Whether a part of a rollout is on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrived {
    Yes,
    No,
    /// No server of the node runs that could tell.
    Unknown,
}

/// A part of a rollout on a node.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) node: String,
    pub(super) name: String,
    pub(super) application: bool,
    pub(super) arrived: Arrived,
    /// What a rollout, or the way back, leaves behind and would find in its way.
    pub(super) left: Vec<String>,
}

/// A node, and what there is to look for on it.
pub(super) struct Place<'a> {
    pub(super) node: &'a Node,
    home: Option<[&'a Path; 2]>,
    java: Option<(&'a Path, Vec<&'a str>)>,
    applications: Vec<(&'a Application, &'a str)>,
}

/// The nodes that can tell something. `way_back` is the rollout that takes `topology`'s back. Nodes with
/// Windows cannot be asked.
pub(super) fn places<'a>(topology: &'a Topology, way_back: &'a Topology) -> Vec<Place<'a>> {
    if topology.platform == Platform::Windows {
        return Vec::new();
    }
    let admin = topology.server(&topology.admin_server);
    let place = |node: &'a Node| {
        let updated = || topology.updated().filter(|one| one.node == node.name);
        let is_updated = updated().next().is_some();
        let has_admin = admin.is_some_and(|one| one.node == node.name);
        let home = topology.home.as_ref().zip(way_back.home.as_ref());
        let java = topology.java_home.as_deref();
        let pairs = topology.applications.iter().zip(&way_back.applications);
        let here = pairs.filter(|(one, _)| match one.staging.unwrap_or(Staging::Stage) {
            Staging::Stage => has_admin,
            Staging::NoStage | Staging::ExternalStage => is_updated,
        });
        Place {
            node,
            home: home
                .filter(|_| is_updated)
                .map(|(home, back)| [home.backup.as_path(), back.backup.as_path()]),
            java: java
                .filter(|java| is_updated && *java != topology.present_java_home)
                .map(|java| (java, updated().map(|one| one.name.as_str()).collect())),
            applications: here
                .map(|(one, back)| (one, back.backup_location.as_str()))
                .collect(),
        }
    };
    let asked = |place: &Place<'_>| {
        place.home.is_some() || place.java.is_some() || !place.applications.is_empty()
    };
    topology.nodes.iter().map(place).filter(asked).collect()
}

impl Place<'_> {
    /// The places that are looked at, each with a word for the answer.
    fn paths(&self) -> Vec<(String, String)> {
        let mut paths = Vec::new();
        if let Some([backup, replaced]) = self.home {
            paths.push(("home".to_owned(), backup.to_string_lossy().into_owned()));
            paths.push((
                "home-back".to_owned(),
                replaced.to_string_lossy().into_owned(),
            ));
        }
        for (at, (one, replaced)) in self.applications.iter().enumerate() {
            paths.push((format!("application-{at}"), one.backup_location.clone()));
            paths.push((format!("application-{at}-back"), (*replaced).to_owned()));
        }
        paths
    }

    pub(super) fn command(&self) -> Invocation {
        let mut text = String::new();
        for (word, path) in self.paths() {
            _ = write!(text, "test -e {} && echo there {word}; ", shell_word(&path));
        }
        if self.java.is_some() {
            text.push_str(SERVERS);
        }
        text.push_str("echo looked");
        node::command(self.node, &text, LIMIT)
    }

    pub(super) fn look(&self, host: &dyn Host, control: &Control) -> Result<Vec<Part>, Failure> {
        let text = node::look(self.node, host, control, &self.command())?;
        let there = |word: &str| {
            text.lines()
                .any(|line| line.strip_prefix("there ") == Some(word))
        };
        let paths = self.paths();
        let part = |name: String, word: Option<&str>, arrived| {
            let back = word.map(|word| format!("{word}-back"));
            let ours = |one: &str| word == Some(one) || back.as_deref() == Some(one);
            let left = paths.iter().filter(|(one, _)| ours(one) && there(one));
            Part {
                node: self.node.name.clone(),
                name,
                application: word.is_some_and(|word| word != "home"),
                arrived,
                left: left.map(|(_, path)| path.clone()).collect(),
            }
        };
        let arrived = |yes| if yes { Arrived::Yes } else { Arrived::No };
        let mut parts = Vec::new();
        if self.home.is_some() {
            let name = "the Oracle home".to_owned();
            parts.push(part(name, Some("home"), arrived(there("home"))));
        }
        if let Some((java, servers)) = &self.java {
            parts.push(part("Java".to_owned(), None, java_of(&text, java, servers)));
        }
        for (at, (one, _)) in self.applications.iter().enumerate() {
            let word = format!("application-{at}");
            // What was moved away is copied back, and stays: the other place tells that it was.
            let yes = there(&word) && !there(&format!("{word}-back"));
            let name = format!("the application {}", one.application_name);
            parts.push(part(name, Some(&word), arrived(yes)));
        }
        Ok(parts)
    }
}

/// Whether one of the servers runs with that Java.
fn java_of(text: &str, java: &Path, servers: &[&str]) -> Arrived {
    let programs: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("server "))
        .filter_map(|line| line.split_once(' '))
        .filter(|(name, _)| servers.contains(name))
        .map(|(_, program)| program)
        .collect();
    if programs.is_empty() {
        Arrived::Unknown
    } else if programs
        .iter()
        .any(|program| Path::new(program).starts_with(java))
    {
        Arrived::Yes
    } else {
        Arrived::No
    }
}
