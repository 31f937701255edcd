//! From the site file of an OX cluster to its resolved site. Everything that is missing or contradicts
//! itself is reported at once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::document::{NodeDocument, OxDocument, OxSiteDocument, Procedure};
use super::names::{PLAIN_NAME, duplicates, is_plain_name, names_of};
use super::resolved::{
    Balancer, Hazelcast, Node, NodeFile, Ox, OxSchema, OxSite, OxTools, PutBack,
};
use crate::site::{Connection, absolute};

/// Reads a text file; the error says why not.
pub type ReadText<'a> = &'a dyn Fn(&Path) -> Result<String, String>;

/// Where the tools are installed by the packages.
const TOOLS: &str = "/opt/open-xchange/sbin";

/// The site, or what its file must say.
pub fn resolve(
    document: &OxSiteDocument,
    directory: &Path,
    read: ReadText<'_>,
) -> Result<OxSite, Vec<String>> {
    let mut wrong = Vec::new();
    let resolver = Resolver {
        document: &document.ox,
        directory,
    };
    let ox = resolver.cluster(read, &mut wrong);
    match ox {
        Some(ox) if wrong.is_empty() => Ok(OxSite {
            name: document.site.clone(),
            product: document.product.clone(),
            ox,
            values: Value::Object(document.values.clone()),
        }),
        _ => Err(wrong),
    }
}

struct Resolver<'a> {
    document: &'a OxDocument,
    directory: &'a Path,
}

impl Resolver<'_> {
    fn cluster(&self, read: ReadText<'_>, wrong: &mut Vec<String>) -> Option<Ox> {
        let document = self.document;
        self.check_version(wrong);
        self.check_words(wrong);
        let nodes = self.nodes(wrong);
        let schema_names = self.schemata(read, wrong);
        let restore = self.restore(&nodes, &schema_names, wrong);
        let (first, last) = (nodes.first()?, nodes.last()?);
        if nodes.len() > 1 && first.tools == last.tools {
            wrong.push(format!(
                "`ox.nodes`: {} and {} are reached in the same way; give each its `rmi` address, or its \
                 own `tools`",
                first.name, last.name
            ));
        }
        let schemata = schema_names.iter().enumerate().map(|(at, name)| OxSchema {
            name: name.clone(),
            alone: at == 0 && document.procedure == Procedure::Manual,
        });
        Some(Ox {
            version: document.version.clone(),
            to: document.to.clone(),
            procedure: document.procedure,
            server_name: document.server_name.clone(),
            old_server_name: document.old_server_name.clone(),
            already_registered: document.already_registered,
            migration_url: document.migration_url.clone(),
            old: last.tools.clone(),
            new: first.tools.clone(),
            first_node: first.name.clone(),
            first_schema: schema_names.first().cloned().unwrap_or_default(),
            schemata: schemata.collect(),
            leave_alone: document.leave_alone.clone(),
            ignore_tasks: document.ignore_tasks.clone(),
            end_sessions_on: document.end_sessions_on.clone(),
            hazelcast: Hazelcast::from(document.hazelcast.clone()),
            main_balancer: Balancer {
                add: document.main_balancer.add.clone(),
                remove: document.main_balancer.remove.clone(),
            },
            second_balancer: Balancer {
                add: document.second_balancer.add.clone(),
                remove: document.second_balancer.remove.clone(),
            },
            retire_second_balancer: document.retire_second_balancer.clone(),
            upgrade_node: document.upgrade_node.clone(),
            check_node: document.check_node.clone(),
            downgrade_node: document.downgrade_node.clone(),
            files: self.files(),
            database: self.database(),
            restore,
            schema_names,
            nodes,
        })
    }

    fn check_version(&self, wrong: &mut Vec<String>) {
        let numbers: Vec<Option<u32>> = self
            .document
            .version
            .split(['.', '-'])
            .map(|part| part.parse().ok())
            .collect();
        match numbers.as_slice() {
            [Some(major), Some(minor), ..] if (*major, *minor) >= (7, 10) => {}
            [Some(_), Some(_), ..] => wrong.push(format!(
                "`ox.version` is {}: only 7.10.0 and newer can be upgraded without downtime (older ones do \
                 not know the redirect)",
                self.document.version
            )),
            _ => wrong.push(format!(
                "`ox.version` is `{}`, which is no version: write it as `7.10.0`",
                self.document.version
            )),
        }
    }

    fn check_words(&self, wrong: &mut Vec<String>) {
        let document = self.document;
        for (key, text) in [
            ("server_name", &document.server_name),
            ("migration_url", &document.migration_url),
        ] {
            if text.trim().is_empty() {
                wrong.push(format!("`ox.{key}` is empty"));
            }
        }
        if document.old_server_name.as_ref() == Some(&document.server_name) {
            wrong.push(
                "`ox.old_server_name` is `ox.server_name`: old and new nodes need different names"
                    .to_owned(),
            );
        }
        if let Some(hazelcast) = &document.hazelcast
            && hazelcast.old == hazelcast.new
        {
            wrong.push(
                "`ox.hazelcast`: `old` and `new` are the same, so both versions would form one cluster"
                    .to_owned(),
            );
        }
        let commands = [
            ("main_balancer.add", &document.main_balancer.add),
            ("main_balancer.remove", &document.main_balancer.remove),
            ("second_balancer.add", &document.second_balancer.add),
            ("second_balancer.remove", &document.second_balancer.remove),
            ("retire_second_balancer", &document.retire_second_balancer),
            ("upgrade_node", &document.upgrade_node),
            ("check_node", &document.check_node),
            ("downgrade_node", &document.downgrade_node),
        ];
        for (key, command) in commands {
            if command.as_ref().is_some_and(Vec::is_empty) {
                wrong.push(format!("`ox.{key}` names no program"));
            }
        }
    }

    fn nodes(&self, wrong: &mut Vec<String>) -> Vec<Node> {
        let documents = &self.document.nodes;
        let keep = self.document.keep_old.unwrap_or(1);
        if documents.len() < 2 {
            wrong.push(format!(
                "`ox.nodes` names {}: a rolling upgrade needs at least two nodes, one that is upgraded and \
                 one that goes on",
                match documents.len() {
                    0 => "none",
                    _ => "one",
                }
            ));
        } else if !(1..documents.len()).contains(&keep) {
            wrong.push(format!(
                "`ox.keep_old` is {keep}: from 1 to {} of the {} nodes can stay",
                documents.len() - 1,
                documents.len()
            ));
        }
        duplicates(
            "ox.nodes",
            documents.iter().map(|node| node.name.as_str()),
            wrong,
        );
        let first_late = documents.len().saturating_sub(keep);
        documents
            .iter()
            .enumerate()
            .map(|(at, node)| self.node(node, at == 0, at >= first_late))
            .collect()
    }

    fn node(&self, node: &NodeDocument, first: bool, late: bool) -> Node {
        let tools = node.tools.as_ref().or(self.document.tools.as_ref());
        let admin = &self.document.admin;
        Node {
            name: node.name.clone(),
            tools: OxTools {
                directory: self.path(tools.map_or(Path::new(TOOLS), PathBuf::as_path)),
                rmi: node.rmi.clone(),
                user: admin
                    .user
                    .clone()
                    .unwrap_or_else(|| "oxadminmaster".to_owned()),
                password: admin
                    .password
                    .clone()
                    .map(|secret| secret.below(self.directory)),
            },
            first,
            late,
            server_properties: self.optional(node.server_properties.as_ref()),
            system_properties: self.optional(node.system_properties.as_ref()),
            hazelcast_properties: self.optional(node.hazelcast_properties.as_ref()),
        }
    }

    fn schemata(&self, read: ReadText<'_>, wrong: &mut Vec<String>) -> Vec<String> {
        let document = self.document;
        let names = match (&document.schemata_file, document.schemata.is_empty()) {
            (Some(_), false) => {
                wrong.push(
                    "`ox.schemata` and `ox.schemata_file` exclude each other: leave one of them out"
                        .to_owned(),
                );
                return Vec::new();
            }
            (None, _) => document.schemata.clone(),
            (Some(file), true) => {
                let path = self.path(file);
                match read(&path) {
                    Ok(text) => names_of(&text),
                    Err(reason) => {
                        wrong.push(format!("`ox.schemata_file`: {}: {reason}", path.display()));
                        return Vec::new();
                    }
                }
            }
        };
        if names.is_empty() {
            wrong.push(
                "`ox.schemata` names none: `listdatabaseschema --csv` shows those that there are"
                    .to_owned(),
            );
        }
        duplicates("ox.schemata", names.iter().map(String::as_str), wrong);
        for name in names.iter().filter(|name| !is_plain_name(name)) {
            wrong.push(format!(
                "`ox.schemata`: `{}` is no name of a schema: {PLAIN_NAME}",
                name.escape_debug()
            ));
        }
        let alone: BTreeSet<&String> = document.leave_alone.iter().collect();
        for name in names.iter().filter(|name| alone.contains(name)) {
            wrong.push(format!(
                "schema `{name}` is in `ox.schemata` and in `ox.leave_alone`"
            ));
        }
        names
    }

    fn restore(&self, nodes: &[Node], schemata: &[String], wrong: &mut Vec<String>) -> PutBack {
        let document = &self.document.restore;
        let unknown_nodes = document
            .nodes
            .iter()
            .filter(|name| !nodes.iter().any(|node| node.name == **name));
        wrong.extend(
            unknown_nodes.map(|name| format!("`ox.restore.nodes`: there is no node `{name}`")),
        );
        let unknown = document
            .schemata
            .iter()
            .filter(|name| !schemata.contains(name));
        wrong.extend(
            unknown.map(|name| format!("`ox.restore.schemata`: there is no schema `{name}`")),
        );
        if !document.schemata.is_empty() {
            for (key, is_there, why) in [
                (
                    "database",
                    self.document.database.is_some(),
                    "where the dumps go back to",
                ),
                (
                    "old_server_name",
                    self.document.old_server_name.is_some(),
                    "the server that the contexts point to again",
                ),
            ] {
                if !is_there {
                    wrong.push(format!(
                        "`ox.{key}` is missing: a restore of schemata needs it, {why}"
                    ));
                }
            }
        }
        PutBack {
            nodes: nodes
                .iter()
                .filter(|node| document.nodes.contains(&node.name))
                .cloned()
                .collect(),
            schemata: document.schemata.clone(),
        }
    }

    fn files(&self) -> Vec<NodeFile> {
        let mut files = Vec::new();
        for node in &self.document.nodes {
            for (name, path) in [
                ("server.properties", &node.server_properties),
                ("system.properties", &node.system_properties),
                ("hazelcast.properties", &node.hazelcast_properties),
                ("configuration", &node.configuration),
            ] {
                if let Some(path) = path {
                    files.push(NodeFile {
                        name: format!("{}-{name}", node.name),
                        node: node.name.clone(),
                        path: self.path(path),
                        restored: self.document.restore.nodes.contains(&node.name),
                    });
                }
            }
        }
        files
    }

    fn database(&self) -> Option<Connection> {
        let given = self.document.database.as_ref()?;
        let program =
            |given: &Option<String>, usual: &str| given.clone().unwrap_or_else(|| usual.to_owned());
        Some(Connection {
            host: given.host.clone(),
            port: given.port,
            socket: self.optional(given.socket.as_ref()),
            user: given.user.clone(),
            password: given
                .password
                .clone()
                .map(|secret| secret.below(self.directory)),
            dump_program: program(&given.dump_program, "mysqldump"),
            client_program: program(&given.client_program, "mysql"),
        })
    }

    fn path(&self, path: &Path) -> PathBuf {
        absolute(self.directory, path)
    }

    fn optional(&self, path: Option<&PathBuf>) -> Option<PathBuf> {
        path.map(|path| self.path(path))
    }
}
