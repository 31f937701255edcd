//! Which processes belong to a server.
//!
//! Tomcat's scripts start Java with `-Dcatalina.base=…` and `-Dcatalina.home=…`. Several instances
//! may share one home, so the base decides where it is given. A script that runs in the foreground
//! is known by its path. A pid file is believed only if its process is not younger than the file:
//! after a reboot the number in a stale file belongs to a stranger.

use std::path::Path;

use super::target::Target;
use crate::adapter::Failure;
use crate::host::{Host, HostError, ProcessIdentity};

/// More of a command line is not looked at; Java's can be long.
const COMMAND_LINE: u64 = 4 << 20;

/// Clock ticks a second in `/proc/PID/stat`. The kernel reports this value on every architecture
/// that Linux runs servers on, whatever its timer does.
const TICKS: u64 = 100;

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
        let ours = match instance(&argv) {
            Some(instance) => same_directory(Path::new(instance), target.base, host),
            None => recorded == Some(pid) || is_script(&argv, target.base, host),
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

/// The instance directory that Java was started with.
fn instance(argv: &[String]) -> Option<&str> {
    let value = |name: &str| argv.iter().find_map(|word| word.strip_prefix(name));
    value("-Dcatalina.base=").or_else(|| value("-Dcatalina.home="))
}

/// A script of the instance: run directly or by a shell. An editor or pager that shows one is not.
fn is_script(argv: &[String], base: &Path, host: &dyn Host) -> bool {
    const SHELLS: &[&str] = &["ash", "bash", "busybox", "dash", "ksh", "sh", "zsh"];
    let first = argv.iter().take(1);
    let shell = SHELLS.contains(&name(argv).trim_start_matches('-'));
    let script = argv
        .iter()
        .skip(1)
        .find(|word| !word.starts_with('-'))
        .filter(|_| shell);
    let scripts = base.join("bin");
    first.chain(script).any(|word| {
        let path = Path::new(word);
        path.is_absolute()
            && path
                .parent()
                .is_some_and(|folder| same_directory(folder, &scripts, host))
    })
}

/// The process of the pid file, if it can be the one that was recorded.
fn recorded(target: &Target<'_>, host: &dyn Host) -> Result<Option<u32>, HostError> {
    let Some(path) = target.pid_file else {
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
        assert_eq!(instance(&both), Some("/srv/a"));
        assert_eq!(instance(&argv(&["java", "-Dcatalina.home=/t"])), Some("/t"));
        assert_eq!(instance(&argv(&["java", "-jar", "x"])), None);
    }

    #[test]
    fn a_script_is_known_by_its_path_and_an_editor_is_no_script() {
        let script = |words: &[&str]| is_script(&argv(words), Path::new("/srv/a"), &LocalHost);
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
