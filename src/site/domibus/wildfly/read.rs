//! From the start script and the configuration file to what is known of the server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::installation::WildflyLayout;
use super::super::notes::{Findings, Place, Severity};
use super::super::property_files::bounded;
use super::super::server::{Server, ServerPlace, Wildfly};
use super::super::sources::{Origin, Setting, Sources};
use super::super::xml::{child, children};
use super::standalone_xml::{self, Reader};
use super::start::{Started, started};
use super::{broker, data_sources};
use crate::site::files::{EntryKind, FileSource, MOST_BYTES};

/// The profile with messaging, which Domibus needs.
const USUAL_FILE: &str = "standalone-full.xml";

/// Reads everything that is known before the configuration folder of Domibus is; nothing if the server's own
/// configuration cannot be read.
pub(in crate::site::domibus) fn read(
    files: &dyn FileSource,
    place: &ServerPlace<'_>,
    environment: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> Server {
    let mut started = started(files, place, environment, findings);
    let wildfly = configured(files, place, &mut started, findings);
    Server {
        base: started.base,
        startup_file: started.startup_file,
        sources: started.sources,
        wildfly,
        weblogic: None,
    }
}

fn configured(
    files: &dyn FileSource,
    place: &ServerPlace<'_>,
    started: &mut Started,
    findings: &mut Findings,
) -> Option<Wildfly> {
    let configuration = started.directory("jboss.server.config.dir");
    let name = configuration_file(place);
    let file = configuration.join(&name);
    let text = configuration_text(files, &configuration, &name, findings)?;
    let document = standalone_xml::parse(&text, &file, findings)?;
    add_system_properties(&document, &file, &mut started.sources);
    let expressions = expressions(&started.sources);
    let mut reader = Reader {
        document: &document,
        path: &file,
        expressions: &expressions,
        findings,
    };
    let broker = broker::read(&mut reader);
    let data_sources = data_sources::read(&reader);
    let management = management(&mut reader);
    let mut ports = listeners(&mut reader);
    ports.extend(management.as_ref().map(|(_, port)| *port));
    let deployments_dir = deployments(&mut reader);
    note_managed(&mut reader);
    let applications = applications(files, deployments_dir.as_deref(), findings);
    let layout = WildflyLayout {
        log_dir: started.directory("jboss.server.log.dir"),
        configuration_dir: configuration,
        configuration_file: file.clone(),
        deployments_dir,
        applications,
        ports,
        management,
    };
    Some(Wildfly {
        layout,
        broker,
        data_sources,
    })
}

/// The name of the configuration file: what the site says, else what the start command says.
fn configuration_file(place: &ServerPlace<'_>) -> String {
    if let Some(name) = place.configuration_file {
        return name.to_owned();
    }
    let mut arguments = place.arguments.iter();
    while let Some(argument) = arguments.next() {
        let value = argument
            .strip_prefix("--server-config=")
            .or_else(|| argument.strip_prefix("-c="));
        if let Some(value) = value {
            return value.to_owned();
        }
        if argument == "-c" || argument == "--server-config" {
            return arguments.next().cloned().unwrap_or_default();
        }
    }
    USUAL_FILE.to_owned()
}

fn configuration_text(
    files: &dyn FileSource,
    folder: &Path,
    name: &str,
    findings: &mut Findings,
) -> Option<String> {
    let path = folder.join(name);
    let before = findings.problems.len();
    let Some(bytes) = bounded(files, &path, MOST_BYTES, findings) else {
        if findings.problems.len() == before {
            let entries = files.list(folder).unwrap_or_default();
            let others: Vec<String> = entries
                .into_iter()
                .filter_map(|entry| entry.name.into_string().ok())
                .filter(|name| {
                    let kind = Path::new(name).extension();
                    name.starts_with("standalone") && kind.is_some_and(|kind| kind == "xml")
                })
                .collect();
            let there = if others.is_empty() {
                "`server.home` must be the WildFly directory, `server.base` its instance".to_owned()
            } else {
                format!("there are {}", others.join(", "))
            };
            findings.problem(
                Some(Place::new(&path, 0)),
                "there is no such file",
                format!("set `server.configuration_file` to the file that WildFly is started with; {there}"),
            );
        }
        return None;
    };
    let Ok(text) = String::from_utf8(bytes) else {
        findings.problem(
            Some(Place::new(&path, 0)),
            "not UTF-8, as WildFly writes it",
            "save the file as UTF-8",
        );
        return None;
    };
    Some(text)
}

/// `<system-properties>`: set when the server starts, over a `-D`.
fn add_system_properties(document: &roxmltree::Document<'_>, path: &Path, sources: &mut Sources) {
    let section = child(document.root_element(), "system-properties");
    for property in section
        .into_iter()
        .flat_map(|section| children(section, "property"))
    {
        let Some(name) = property.attribute("name") else {
            continue;
        };
        let line = document.text_pos_at(property.range().start).row;
        let setting = Setting {
            value: Some(property.attribute("value").unwrap_or_default().to_owned()),
            origin: Origin::System(Some(Place::new(path, line))),
        };
        sources.system.insert(name.to_owned(), setting);
    }
}

/// What `${name:default}` sees in the configuration: system properties, and the environment as `env.NAME`; the
/// other spelling, `A_B` for `a.b`, is also Spring's (`org.jboss.dmr.ValueExpressionResolver`).
fn expressions(sources: &Sources) -> Sources {
    let mut expressions = Sources {
        system: sources.system.clone(),
        environment: sources.environment.clone(),
        ..Sources::default()
    };
    for (name, value) in &sources.environment {
        let setting = Setting {
            value: value.clone(),
            origin: Origin::Environment(name.clone()),
        };
        let name = format!("env.{name}");
        expressions.system.entry(name).or_insert(setting);
    }
    expressions
}

/// The ports of the web server, HTTP first, and of the broker where it listens by itself.
fn listeners(reader: &mut Reader<'_, '_>) -> Vec<u16> {
    let mut bindings = Vec::new();
    let servers = reader
        .subsystem("undertow")
        .into_iter()
        .flat_map(|subsystem| children(subsystem, "server"));
    for server in servers {
        for kind in ["http-listener", "https-listener", "ajp-listener"] {
            bindings
                .extend(children(server, kind).filter_map(|node| node.attribute("socket-binding")));
        }
    }
    let brokers = reader
        .subsystem("messaging-activemq")
        .into_iter()
        .flat_map(|subsystem| children(subsystem, "server"));
    for broker in brokers {
        let acceptors = ["acceptor", "remote-acceptor"].into_iter();
        let acceptors = acceptors.flat_map(|kind| children(broker, kind));
        bindings.extend(acceptors.filter_map(|node| node.attribute("socket-binding")));
    }
    let mut ports = Vec::new();
    for binding in bindings {
        let port = reader.port(binding).filter(|port| !ports.contains(port));
        ports.extend(port);
    }
    ports
}

/// Host and port of the management interface. One that listens everywhere is reached on this machine.
fn management(reader: &mut Reader<'_, '_>) -> Option<(String, u16)> {
    let interfaces = reader.group("management", "management-interfaces").next()?;
    let interface = child(interfaces, "http-interface")?;
    let binding = child(interface, "socket-binding")?;
    let name = binding
        .attribute("http")
        .or_else(|| binding.attribute("https"))?;
    let port = reader.port(name)?;
    let address = reader
        .group("interfaces", "interface")
        .find(|node| node.attribute("name") == Some("management"))
        .and_then(|interface| child(interface, "inet-address"));
    let address = address.and_then(|node| reader.attribute(node, "value"));
    let host = address
        .filter(|address| !matches!(address.as_str(), "" | "0.0.0.0" | "::"))
        .unwrap_or_else(|| "127.0.0.1".to_owned());
    Some((host, port))
}

/// The folder that the deployment scanner watches.
fn deployments(reader: &mut Reader<'_, '_>) -> Option<PathBuf> {
    let scanner = reader
        .subsystem("deployment-scanner")
        .and_then(|subsystem| child(subsystem, "deployment-scanner"))?;
    let place = reader.place(scanner);
    if !reader.flag(scanner, "scan-enabled", true)
        || !reader.flag(scanner, "auto-deploy-zipped", true)
    {
        reader.findings.note(
            Severity::Refuse,
            Some(place),
            "the deployment scanner does not deploy an archive by itself",
            "a replaced application would never be deployed: set scan-enabled and auto-deploy-zipped to true",
        );
    }
    reader.directory(Some(scanner), "deployments")
}

/// Archives that the server keeps in its own store: to replace them in the folder has no effect.
fn note_managed(reader: &mut Reader<'_, '_>) {
    for deployment in reader.group("deployments", "deployment") {
        let names = ["name", "runtime-name"]
            .into_iter()
            .filter_map(|name| deployment.attribute(name));
        let Some(name) = names.into_iter().find(|name| is_domibus(name)) else {
            continue;
        };
        let place = reader.place(deployment);
        reader.findings.note(
            Severity::Refuse,
            Some(place),
            format!("{name} was deployed by management and is in the server's own store of contents"),
            "undeploy it there and put the archive into the deployments folder; the kit saves and replaces it \
             in that folder",
        );
    }
}

/// Archives get renamed in the field, but not beyond recognition.
fn is_domibus(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("domibus")
        && Path::new(&name)
            .extension()
            .is_some_and(|kind| kind == "war")
}

fn applications(
    files: &dyn FileSource,
    folder: Option<&Path>,
    findings: &mut Findings,
) -> Vec<PathBuf> {
    let Some(folder) = folder else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in files.list(folder).unwrap_or_default() {
        let Some(name) = entry.name.to_str().filter(|name| is_domibus(name)) else {
            continue;
        };
        let path = folder.join(name);
        if entry.kind == EntryKind::File {
            found.push(path);
        } else {
            findings.note(
                Severity::Warning,
                Some(Place::new(&path, 0)),
                "this is an unpacked application, which is not taken for Domibus",
                "deploy the archive itself",
            );
        }
    }
    found
}
