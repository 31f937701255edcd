//! WildFly's own configuration, `standalone-full.xml`.
//!
//! Entities and document types are refused by the XML reader, not expanded. Names of subsystems are told by
//! their namespaces, of which every release has another version.

use std::path::{Path, PathBuf};

use roxmltree::{Document, Node};

use super::super::notes::{Findings, Place};
use super::super::sources::Sources;
use super::super::xml::{child, children, has_name};
use crate::site::files::normalized;

/// Paths that refer to each other are followed no further.
const MOST_PATHS: usize = 16;

/// One configuration file being read.
pub(super) struct Reader<'all, 'text> {
    pub(super) document: &'all Document<'text>,
    pub(super) path: &'all Path,
    /// What expressions see: system properties and the environment.
    pub(super) expressions: &'all Sources,
    pub(super) findings: &'all mut Findings,
}

/// The document; a problem if it is none, or none of a standalone server.
pub(super) fn parse<'text>(
    text: &'text str,
    path: &Path,
    findings: &mut Findings,
) -> Option<Document<'text>> {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            findings.problem(
                Some(Place::new(path, error.pos().row)),
                format!("not a readable server configuration: {error}"),
                "it must be XML without a document type; WildFly cannot start with it either",
            );
            return None;
        }
    };
    let root = document.root_element();
    let namespace = root.tag_name().namespace().unwrap_or_default();
    if root.tag_name().name() == "server" && namespace.starts_with("urn:jboss:domain:") {
        return Some(document);
    }
    findings.problem(
        Some(Place::new(path, document.text_pos_at(root.range().start).row)),
        format!(
            "begins with <{}>, which is not the configuration of a standalone WildFly",
            root.tag_name().name()
        ),
        "set `server.configuration_file` to the file that WildFly is started with; a managed domain is not \
         supported",
    );
    None
}

impl<'all, 'text> Reader<'all, 'text> {
    /// The subsystem of this name.
    pub(super) fn subsystem(&self, name: &str) -> Option<Node<'all, 'text>> {
        let profile = child(self.document.root_element(), "profile")?;
        profile.children().find(|node| {
            let namespace = node.tag_name().namespace().unwrap_or_default();
            has_name(*node, "subsystem") && namespace.split(':').any(|part| part == name)
        })
    }

    /// The elements directly below the root that lie in `group`.
    pub(super) fn group(
        &self,
        group: &str,
        name: &'static str,
    ) -> impl Iterator<Item = Node<'all, 'text>> + use<'all, 'text> {
        let group = child(self.document.root_element(), group);
        group
            .into_iter()
            .flat_map(move |group| children(group, name))
    }

    /// An attribute with its expressions replaced.
    pub(super) fn attribute(&mut self, node: Node<'_, '_>, name: &str) -> Option<String> {
        let raw = node.attribute(name)?;
        let place = self.place(node);
        self.resolve(raw, name, &place)
    }

    /// A text with its expressions replaced.
    pub(super) fn resolve(&mut self, raw: &str, what: &str, place: &Place) -> Option<String> {
        let found = self
            .expressions
            .resolve(raw, what, Some(place), self.findings);
        found.map(|value| value.trim().to_owned())
    }

    pub(super) fn flag(&mut self, node: Node<'_, '_>, name: &str, otherwise: bool) -> bool {
        self.attribute(node, name)
            .map_or(otherwise, |value| value.eq_ignore_ascii_case("true"))
    }

    /// The directory that an element describes by `path` and `relative-to`, as WildFly resolves it: nothing
    /// said about it means `otherwise` in the data directory.
    pub(super) fn directory(
        &mut self,
        node: Option<Node<'_, '_>>,
        otherwise: &str,
    ) -> Option<PathBuf> {
        let (path, relative_to) = match node {
            Some(node) => (
                self.said(node, "path", otherwise)?,
                self.said(node, "relative-to", "jboss.server.data.dir")?,
            ),
            None => (otherwise.to_owned(), "jboss.server.data.dir".to_owned()),
        };
        let root = self.document.root_element();
        let place = self.place(node.unwrap_or(root));
        self.below(&path, &relative_to, &place, 0)
    }

    /// Nothing only if an expression cannot be resolved.
    fn said(&mut self, node: Node<'_, '_>, name: &str, otherwise: &str) -> Option<String> {
        match node.attribute(name) {
            Some(_) => self.attribute(node, name),
            None => Some(otherwise.to_owned()),
        }
    }

    fn below(
        &mut self,
        path: &str,
        relative_to: &str,
        place: &Place,
        depth: usize,
    ) -> Option<PathBuf> {
        let own = Path::new(path);
        if own.is_absolute() {
            return Some(normalized(own));
        }
        let parent = self.named_path(relative_to, place, depth)?;
        Some(normalized(&parent.join(own)))
    }

    /// One of the server's own directories, or a `<path>` of the configuration.
    fn named_path(&mut self, name: &str, place: &Place, depth: usize) -> Option<PathBuf> {
        if let Some(setting) = self.expressions.system.get(name)
            && is_directory(name)
        {
            let value = setting.value.as_deref().map(Path::new);
            return value.filter(|path| path.is_absolute()).map(normalized);
        }
        let mut paths = self.group("paths", "path");
        let found = paths.find(|path| path.attribute("name") == Some(name));
        let Some(found) = found.filter(|_| depth < MOST_PATHS) else {
            self.findings.problem(
                Some(place.clone()),
                format!(
                    "relative-to names the path {name:?}, which the configuration does not have"
                ),
                "write the whole path, or a path name that WildFly knows",
            );
            return None;
        };
        let path = self.said(found, "path", "")?;
        let relative_to = self.said(found, "relative-to", "jboss.server.base.dir")?;
        let place = self.place(found);
        self.below(&path, &relative_to, &place, depth + 1)
    }

    /// The port of a socket binding, with the offset of the server.
    pub(super) fn port(&mut self, binding: &str) -> Option<u16> {
        let group = child(self.document.root_element(), "socket-binding-group")?;
        let found = children(group, "socket-binding")
            .find(|node| node.attribute("name") == Some(binding))?;
        let port = self.number(found, "port", None)?;
        let offset = if self.flag(found, "fixed-port", false) {
            0
        } else {
            self.number(group, "port-offset", Some(0))?
        };
        let sum = u16::try_from(port + offset).ok().filter(|_| port > 0);
        if sum.is_none() && port != 0 {
            let place = self.place(found);
            self.findings.problem(
                Some(place),
                format!("the port {port} with the offset {offset} is no port"),
                "write numbers whose sum is between 1 and 65535",
            );
        }
        sum
    }

    fn number(&mut self, node: Node<'_, '_>, name: &str, otherwise: Option<i64>) -> Option<i64> {
        if node.attribute(name).is_none() && otherwise.is_some() {
            return otherwise;
        }
        let value = self.attribute(node, name)?;
        let number = value
            .parse::<i64>()
            .ok()
            .filter(|number| number.abs() < 65_536);
        if number.is_none() {
            let place = self.place(node);
            self.findings.problem(
                Some(place),
                format!("{name} is {value:?}, which is no port number"),
                "write a number below 65536",
            );
        }
        number
    }

    pub(super) fn place(&self, node: Node<'_, '_>) -> Place {
        let line = self.document.text_pos_at(node.range().start).row;
        Place::new(self.path, line)
    }
}

/// The names that WildFly gives to its own directories and takes in `relative-to`.
fn is_directory(name: &str) -> bool {
    let rest = name
        .strip_prefix("jboss.")
        .and_then(|rest| rest.strip_suffix(".dir"));
    rest.is_some() || matches!(name, "user.home" | "user.dir" | "java.home")
}
