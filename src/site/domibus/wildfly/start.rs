//! What WildFly is started with: `bin/standalone.conf`, the environment, the start command.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::notes::{Findings, Severity};
use super::super::property_files::bounded;
use super::super::server::{self, MOST_SCRIPT_BYTES, ServerPlace};
use super::super::sources::{Origin, Setting, Sources};
use crate::site::files::{FileSource, normalized};
use crate::site::startup_args;

/// What is known from the start script and the start command.
pub(super) struct Started {
    pub(super) base: PathBuf,
    pub(super) startup_file: Option<PathBuf>,
    pub(super) sources: Sources,
}

impl Started {
    /// A directory that [`add_directories`] has set.
    pub(super) fn directory(&self, name: &str) -> PathBuf {
        let setting = self.sources.system.get(name);
        let value = setting.and_then(|setting| setting.value.as_deref());
        normalized(Path::new(value.unwrap_or_default()))
    }
}

pub(super) fn started(
    files: &dyn FileSource,
    place: &ServerPlace<'_>,
    environment: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> Started {
    let home = place.home;
    let told = server::told_base(place, environment, "JBOSS_BASE_DIR");
    let mut environment = environment.clone();
    environment.insert("JBOSS_HOME".to_owned(), home.display().to_string());
    if let Some(base) = &told {
        environment.insert("JBOSS_BASE_DIR".to_owned(), base.display().to_string());
    }
    // The shipped script sets them unless the environment does; they hold no option of Domibus.
    for name in ["JBOSS_JAVA_SIZING", "JBOSS_MODULES_SYSTEM_PKGS"] {
        environment.entry(name.to_owned()).or_default();
    }
    let script = match environment.get("RUN_CONF").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => home.join("bin/standalone.conf"),
    };
    let read = bounded(files, &script, MOST_SCRIPT_BYTES, findings);
    let startup_file = read.is_some().then_some(script);
    let text = String::from_utf8_lossy(&read.unwrap_or_default()).into_owned();
    let arguments = startup_args::read(&text, &environment);
    server::note_doubts(&arguments, startup_file.as_deref(), findings);
    let mut system = server::system_properties(&arguments, startup_file.as_deref());
    add_arguments(place.arguments, &mut system, findings);
    let base = add_directories(home, told, &arguments.environment, &mut system, findings);
    Started {
        base,
        startup_file,
        sources: Sources {
            system,
            environment: arguments.environment,
            ..Sources::default()
        },
    }
}

/// `-Dname=value` behind the program, which comes after those of the Java machine and wins.
fn add_arguments(
    arguments: &[String],
    system: &mut BTreeMap<String, Setting>,
    findings: &mut Findings,
) {
    for argument in arguments {
        if let Some(option) = argument.strip_prefix("-D") {
            let (name, value) = option.split_once('=').unwrap_or((option, "true"));
            let setting = Setting {
                value: Some(value.to_owned()),
                origin: Origin::System(None),
            };
            system.insert(name.to_owned(), setting);
        } else if argument.starts_with("-P") || argument.starts_with("--properties") {
            findings.note(
                Severity::Warning,
                None,
                format!("`server.start` has {argument}: that file of properties is not read"),
                "write the properties as -Dname=value",
            );
        }
    }
}

/// Sets the names of the server's directories, as `org.jboss.as.server.ServerEnvironment` does, and gives the
/// base.
fn add_directories(
    home: &Path,
    told: Option<PathBuf>,
    environment: &BTreeMap<String, Option<String>>,
    system: &mut BTreeMap<String, Setting>,
    findings: &mut Findings,
) -> PathBuf {
    const BASE: &str = "jboss.server.base.dir";
    let known = |system: &BTreeMap<String, Setting>, name: &str| {
        let value = system.get(name)?.value.clone()?;
        Some(PathBuf::from(value)).filter(|path| path.is_absolute())
    };
    let variable = |name: &str| {
        let value = environment.get(name)?.clone()?;
        Some(PathBuf::from(value)).filter(|path| path.is_absolute())
    };
    let written = known(system, BASE);
    if let (Some(written), Some(told)) = (&written, &told)
        && normalized(written) != normalized(told)
    {
        let place = system.get(BASE).and_then(|setting| setting.origin.place());
        findings.note(
            Severity::Warning,
            place,
            format!(
                "the start options set {BASE} to {}, not to the base that was asked about",
                written.display()
            ),
            "check which base runs this Domibus, and set `server.base` to it",
        );
    }
    let base = told
        .or(written)
        .or_else(|| variable("JBOSS_BASE_DIR"))
        .unwrap_or_else(|| home.join("standalone"));
    let mut set = |name: &str, told: Option<PathBuf>, usual: PathBuf| {
        let path = known(system, name).or(told).unwrap_or(usual);
        let setting = Setting {
            value: Some(normalized(&path).display().to_string()),
            origin: Origin::System(None),
        };
        system.insert(name.to_owned(), setting);
        path
    };
    set("jboss.home.dir", Some(home.to_owned()), home.to_owned());
    let log = base.join("log");
    set("jboss.server.log.dir", variable("JBOSS_LOG_DIR"), log);
    let configuration = base.join("configuration");
    set(
        "jboss.server.config.dir",
        variable("JBOSS_CONFIG_DIR"),
        configuration,
    );
    let data = set("jboss.server.data.dir", None, base.join("data"));
    set("jboss.server.deploy.dir", None, data.join("content"));
    set("jboss.server.temp.dir", None, base.join("tmp"));
    system.insert(
        BASE.to_owned(),
        Setting {
            value: Some(normalized(&base).display().to_string()),
            origin: Origin::System(None),
        },
    );
    base
}
