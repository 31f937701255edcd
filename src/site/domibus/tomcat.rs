//! What Tomcat tells Domibus: start options, `catalina.properties`, context parameters.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::notes::{Findings, Place, Severity};
use super::property_files::bounded;
use super::server::{self, MOST_SCRIPT_BYTES, Server, ServerPlace};
use super::sources::{Origin, Setting, Sources};
use crate::site::files::{EntryKind, FileSource, MOST_BYTES, normalized};
use crate::site::properties;
use crate::site::startup_args::{self, StartupArguments};

/// Reads everything that is known before the configuration folder is.
pub(super) fn read(
    files: &dyn FileSource,
    place: &ServerPlace<'_>,
    environment: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> Server {
    let home = place.home;
    let base =
        server::told_base(place, environment, "CATALINA_BASE").unwrap_or_else(|| home.to_owned());
    let mut environment = environment.clone();
    for (name, path) in [("CATALINA_HOME", home), ("CATALINA_BASE", base.as_path())] {
        environment.insert(name.to_owned(), path.display().to_string());
    }
    let (startup_file, script) = start_script(files, home, &base, findings);
    let arguments = startup_args::read(&script, &environment);
    server::note_doubts(&arguments, startup_file.as_deref(), findings);
    let mut system = system_properties(&arguments, home, &base, startup_file.as_deref());
    add_catalina_properties(files, &base, &mut system, findings);
    note_other_home(
        &arguments.environment,
        home,
        startup_file.as_deref(),
        findings,
    );
    let context = context_parameters(files, &base, findings);
    Server {
        base,
        startup_file,
        sources: Sources {
            context,
            system,
            environment: arguments.environment,
            ..Sources::default()
        },
        wildfly: None,
        weblogic: None,
    }
}

fn system_properties(
    arguments: &StartupArguments,
    home: &Path,
    base: &Path,
    script: Option<&Path>,
) -> BTreeMap<String, Setting> {
    let mut system = server::system_properties(arguments, script);
    // catalina.sh puts these behind JAVA_OPTS, so they win.
    let told = arguments.environment.get("CATALINA_TMPDIR").cloned();
    let temporary = told.unwrap_or_else(|| Some(base.join("temp").display().to_string()));
    for (name, value) in [
        ("catalina.home", Some(home.display().to_string())),
        ("catalina.base", Some(base.display().to_string())),
        ("java.io.tmpdir", temporary),
    ] {
        let origin = Origin::System(None);
        system.insert(name.to_owned(), Setting { value, origin });
    }
    system
}

/// catalina.sh reads the one in the base and, only if there is none, the one in the home.
fn start_script(
    files: &dyn FileSource,
    home: &Path,
    base: &Path,
    findings: &mut Findings,
) -> (Option<PathBuf>, String) {
    for folder in [base, home] {
        let path = folder.join("bin/setenv.sh");
        if let Some(bytes) = bounded(files, &path, MOST_SCRIPT_BYTES, findings) {
            return (Some(path), String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    (None, String::new())
}

/// Tomcat makes every line of this file a system property, even over a `-D`
/// (Tomcat `CatalinaProperties.loadProperties`). Java reads it as ISO-8859-1.
fn add_catalina_properties(
    files: &dyn FileSource,
    base: &Path,
    system: &mut BTreeMap<String, Setting>,
    findings: &mut Findings,
) {
    if let Some(elsewhere) = system.get("catalina.config") {
        findings.note(
            Severity::Warning,
            elsewhere.origin.place(),
            "catalina.config moves catalina.properties elsewhere; it is not read",
            "check that it holds no property of Domibus",
        );
        return;
    }
    let path = base.join("conf/catalina.properties");
    let Some(bytes) = bounded(files, &path, MOST_BYTES, findings) else {
        return;
    };
    match properties::parse_latin1(&bytes) {
        Ok(file) => {
            for entry in file.entries {
                let origin = Origin::System(Some(Place::new(&path, entry.line)));
                let value = Some(entry.value);
                system.insert(entry.key, Setting { value, origin });
            }
        }
        Err(problems) => findings.malformed(&path, problems),
    }
}

fn note_other_home(
    environment: &BTreeMap<String, Option<String>>,
    home: &Path,
    script: Option<&Path>,
    findings: &mut Findings,
) {
    let set = environment.get("CATALINA_HOME").cloned().flatten();
    if let (Some(set), Some(script)) = (set, script)
        && normalized(Path::new(&set)) != normalized(home)
    {
        findings.note(
            Severity::Warning,
            Some(Place::new(script, 0)),
            format!("sets CATALINA_HOME to {set}, not to the Tomcat that was asked about"),
            "check which Tomcat runs this Domibus",
        );
    }
}

/// `<context-param>` of the server-wide web.xml and `<Parameter>` of the context files; the application's
/// own file wins.
fn context_parameters(
    files: &dyn FileSource,
    base: &Path,
    findings: &mut Findings,
) -> BTreeMap<String, Setting> {
    let mut paths = vec![base.join("conf/web.xml"), base.join("conf/context.xml")];
    let applications = base.join("conf/Catalina/localhost");
    for entry in files.list(&applications).unwrap_or_default() {
        let name = Path::new(&entry.name);
        if entry.kind == EntryKind::File && name.extension().is_some_and(|suffix| suffix == "xml") {
            paths.push(applications.join(name));
        }
    }
    let mut parameters = BTreeMap::new();
    for path in paths {
        let Some(bytes) = bounded(files, &path, MOST_BYTES, findings) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        match roxmltree::Document::parse(&text) {
            Ok(document) => add_parameters(&document, &path, &mut parameters),
            Err(error) => findings.note(
                Severity::Warning,
                Some(Place::new(&path, error.pos().row)),
                format!("not read: {error}"),
                "check that it holds no parameter of Domibus",
            ),
        }
    }
    parameters
}

fn add_parameters(
    document: &roxmltree::Document<'_>,
    path: &Path,
    parameters: &mut BTreeMap<String, Setting>,
) {
    for node in document.descendants() {
        let child = |name: &str| {
            let mut children = node.children();
            let found = children.find(|child| child.tag_name().name() == name)?;
            found.text().map(str::trim)
        };
        let (name, value) = match node.tag_name().name() {
            "Parameter" => (node.attribute("name"), node.attribute("value")),
            "context-param" => (child("param-name"), child("param-value")),
            _ => continue,
        };
        if let (Some(name), Some(value)) = (name, value) {
            let line = document.text_pos_at(node.range().start).row;
            let setting = Setting {
                value: Some(value.to_owned()),
                origin: Origin::Context(Place::new(path, line)),
            };
            parameters.insert(name.to_owned(), setting);
        }
    }
}
