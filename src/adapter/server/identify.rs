//! Which processes belong to a server.
//!
//! Tomcat's scripts start Java with `-Dcatalina.base=…` and `-Dcatalina.home=…`, WildFly's with
//! `-Djboss.server.base.dir=…`, Carbon's with `-Dcarbon.home=…`. Several instances may share one home, so the base decides where it is
//! given. A script that runs in the foreground is known by its path. A pid file is believed only if its
//! process is not younger than the file: after a reboot the number in a stale file belongs to a stranger.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::target::{Kind, Target};
use crate::adapter::Failure;
use crate::host::{Host, HostError, ProcessIdentity};

/// More of a command line is not looked at; Java's can be long.
const COMMAND_LINE: u64 = 4 << 20;

/// Clock ticks a second in `/proc/PID/stat`. The kernel reports this value on every architecture
/// that Linux runs servers on, whatever its timer does.
const TICKS: u64 = 100;

/// The scripts that are shells around a WildFly: the one that starts it, and the shipped one for services.
const WILDFLY_SCRIPTS: &[&str] = &["standalone.sh", "launch.sh"];

/// The script that is a shell around a Carbon.
const CARBON_SCRIPT: &str = "wso2server.sh";

/// A process of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerProcess {
    pub(super) identity: ProcessIdentity,
    /// Name of its program.
    pub(super) name: String,
}

impl std::fmt::Display for ServerProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} ({})", self.identity.pid, self.name)
    }
}

/// Living processes of the server, by number.
pub(super) fn processes(
    target: &Target<'_>,
    host: &dyn Host,
) -> Result<Vec<ServerProcess>, Failure> {
    let recorded = recorded(target, host)?;
    let mut found = Vec::new();
    for pid in numbers(host)? {
        if pid == std::process::id() {
            continue;
        }
        let argv = command_line(pid, host);
        let ours = match instance(target.kind, &argv) {
            Some(instance) => same_directory(Path::new(instance), &target.base, host),
            // Carbon never removes its pid file: a number alone proves nothing.
            None if target.kind == Kind::Carbon => runs_script(pid, &argv, target, host),
            None => recorded == Some(pid) || runs_script(pid, &argv, target, host),
        };
        if ours && let Some(identity) = host.process(pid) {
            let name = name(&argv);
            found.push(ServerProcess { identity, name });
        }
    }
    Ok(found)
}

/// `process 123 (java)` of any process; `a process that the system does not name` for 0.
pub(super) fn describe(pid: u32, host: &dyn Host) -> String {
    if pid == 0 {
        return "a process that the system does not name".to_owned();
    }
    format!("process {pid} ({})", name(&command_line(pid, host)))
}

/// Numbers of all processes, ascending.
pub(super) fn numbers(host: &dyn Host) -> Result<Vec<u32>, HostError> {
    let mut numbers: Vec<u32> = host
        .list(Path::new("/proc"))?
        .iter()
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Empty for a process that is gone and for kernel threads.
fn command_line(pid: u32, host: &dyn Host) -> Vec<String> {
    let path = format!("/proc/{pid}/cmdline");
    let Ok(line) = host.read(Path::new(&path), COMMAND_LINE) else {
        return Vec::new();
    };
    let line = line.strip_suffix(&[0]).unwrap_or(&line);
    line.split(|&byte| byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

fn name(argv: &[String]) -> String {
    let program = argv.first().map_or("", String::as_str);
    match program.rsplit('/').next() {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => "unknown".to_owned(),
    }
}

/// The instance directory that Java was started with, or WildFly's script, which hands its arguments on.
fn instance(kind: Kind, argv: &[String]) -> Option<&str> {
    let value = |name: &str| argv.iter().rev().find_map(|word| word.strip_prefix(name));
    match kind {
        Kind::Tomcat => value("-Dcatalina.base=").or_else(|| value("-Dcatalina.home=")),
        Kind::Wildfly => value("-Djboss.server.base.dir="),
        Kind::Carbon => value("-Dcarbon.home="),
    }
}

/// A script that is part of the server.
fn runs_script(pid: u32, argv: &[String], target: &Target<'_>, host: &dyn Host) -> bool {
    match target.kind {
        Kind::Tomcat => script(argv, &target.base, host).is_some(),
        // The script stays as the shell around Java, and starts it anew when it asks for that.
        Kind::Carbon => script(argv, target.home, host).is_some_and(|name| name == CARBON_SCRIPT),
        // All instances share the home with its scripts, and its other tools are no part of a server.
        Kind::Wildfly => {
            script(argv, target.home, host)
                .is_some_and(|name| WILDFLY_SCRIPTS.contains(&name.as_str()))
                && same_directory(&told_base(pid, target, host), &target.base, host)
        }
    }
}

/// The instance that WildFly's script works for, as its environment says.
fn told_base(pid: u32, target: &Target<'_>, host: &dyn Host) -> PathBuf {
    let path = format!("/proc/{pid}/environ");
    let variables = host
        .read(Path::new(&path), COMMAND_LINE)
        .unwrap_or_default();
    let told = variables
        .split(|&byte| byte == 0)
        .find_map(|variable| variable.strip_prefix(b"JBOSS_BASE_DIR="))
        .filter(|told| !told.is_empty());
    told.map_or_else(
        || target.home.join("standalone"),
        |told| PathBuf::from(OsStr::from_bytes(told)),
    )
}

/// The name of a script in `bin` of the folder: run directly or by a shell. An editor or pager that shows one
/// is not running it.
fn script(argv: &[String], folder: &Path, host: &dyn Host) -> Option<String> {
    const SHELLS: &[&str] = &["ash", "bash", "busybox", "dash", "ksh", "sh", "zsh"];
    let first = argv.iter().take(1);
    let shell = SHELLS.contains(&name(argv).trim_start_matches('-'));
    let script = argv
        .iter()
        .skip(1)
        .find(|word| !word.starts_with('-'))
        .filter(|_| shell);
    let scripts = folder.join("bin");
    first.chain(script).find_map(|word| {
        let path = Path::new(word);
        let in_bin = path.is_absolute()
            && path
                .parent()
                .is_some_and(|folder| same_directory(folder, &scripts, host));
        let name = path.file_name().filter(|_| in_bin)?;
        Some(name.to_string_lossy().into_owned())
    })
}

/// The process of the pid file, if it can be the one that was recorded.
pub(super) fn recorded(target: &Target<'_>, host: &dyn Host) -> Result<Option<u32>, HostError> {
    let Some(path) = target.pid_file.as_deref() else {
        return Ok(None);
    };
    let Some(file) = host.stat(path)? else {
        return Ok(None);
    };
    let content = host.read(path, 4096)?;
    let number = String::from_utf8_lossy(&content).trim().parse().ok();
    let Some(identity) = number.and_then(|pid| host.process(pid)) else {
        return Ok(None);
    };
    let booted = boot_time(host).unwrap_or(0);
    let started = booted + (identity.start_time / TICKS) as i64;
    // The boot time is given in whole seconds.
    Ok((started <= file.mtime.0 + 1).then_some(identity.pid))
}

/// Seconds since the epoch.
fn boot_time(host: &dyn Host) -> Option<i64> {
    let content = host.read(Path::new("/proc/stat"), 16 << 20).ok()?;
    let text = String::from_utf8_lossy(&content);
    let line = text.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

/// Whether both paths lead to one directory. The dot makes the last component be followed.
fn same_directory(one: &Path, other: &Path, host: &dyn Host) -> bool {
    if one.components().eq(other.components()) {
        return true;
    }
    let identity = |path: &Path| host.stat(&path.join(".")).ok().flatten();
    match (identity(one), identity(other)) {
        (Some(one), Some(other)) => one.identity == other.identity,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::LocalHost;

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn the_base_decides_where_homes_are_shared() {
        let both = argv(&["java", "-Dcatalina.home=/opt/t", "-Dcatalina.base=/srv/a"]);
        let tomcat = |argv: &[String]| instance(Kind::Tomcat, argv).map(str::to_owned);
        assert_eq!(tomcat(&both).as_deref(), Some("/srv/a"));
        let home = argv(&["java", "-Dcatalina.home=/t"]);
        assert_eq!(tomcat(&home).as_deref(), Some("/t"));
        assert_eq!(tomcat(&argv(&["java", "-jar", "x"])), None);
        let wildfly = argv(&[
            "java",
            "-Djboss.home.dir=/w",
            "-Djboss.server.base.dir=/w/a",
        ]);
        assert_eq!(instance(Kind::Wildfly, &wildfly), Some("/w/a"));
        let carbon = argv(&[
            "java",
            "-Dcarbon.home=/opt/dss",
            "-Dwso2.server.standalone=true",
        ]);
        assert_eq!(instance(Kind::Carbon, &carbon), Some("/opt/dss"));
        assert_eq!(tomcat(&wildfly), None);
    }

    #[test]
    fn a_script_is_known_by_its_path_and_an_editor_is_no_script() {
        let script =
            |words: &[&str]| script(&argv(words), Path::new("/srv/a"), &LocalHost).is_some();
        assert!(script(&["sh", "/srv/a/bin/catalina.sh", "run"]));
        assert!(script(&["/bin/bash", "-e", "/srv/a/bin/catalina.sh"]));
        assert!(script(&["/srv/a/bin/daemon"]));
        assert!(!script(&["vi", "/srv/a/bin/setenv.sh"]));
        assert!(!script(&["sh", "/srv/b/bin/catalina.sh"]));
        assert!(!script(&["sh", "-c", "/srv/a/bin/../x"]));
        assert!(!script(&[]));
    }

    #[test]
    fn a_directory_is_known_through_links() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        std::fs::create_dir(&real).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(same_directory(&link, &real, &LocalHost));
        assert!(same_directory(&real.join("."), &real, &LocalHost));
        assert!(!same_directory(folder.path(), &real, &LocalHost));
        assert!(!same_directory(
            &folder.path().join("no"),
            &real,
            &LocalHost
        ));
    }
}
