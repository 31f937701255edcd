//! The built program on one site: run, killed, resumed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// When the program is killed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Moment {
    /// So long after it was started.
    After(Duration),
    /// When the newest journal has grown by so many lines.
    Lines(usize),
    /// So long after a step with this name, or the beginning of it, was started.
    InStep(&'static str, Duration),
}

/// What a call of the program came to.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; none after a kill.
    pub(crate) code: Option<i32>,
    /// Standard output and error.
    pub(crate) text: String,
}

/// The program on one site.
pub(crate) struct Kit {
    /// The site file.
    pub(crate) site: PathBuf,
    /// `<state>/<site>/runs`.
    pub(crate) runs: PathBuf,
    /// `<backups>/<site>`.
    pub(crate) sets: PathBuf,
    /// Where its output goes.
    pub(crate) output: PathBuf,
    /// Additional environment.
    pub(crate) environment: Vec<(String, String)>,
    /// The command that the program is started by, if it is not started as it is.
    pub(crate) under: Vec<String>,
    /// Kills so far.
    pub(crate) kills: usize,
}

/// Ends the program if its test ends before it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests start the program and the tools around it"
)]
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(program)
}

impl Kit {
    /// The program on the site file `home/site.yaml` of a site of this name.
    pub(crate) fn new(home: &Path, site: &str) -> Self {
        Self {
            site: home.join("site.yaml"),
            runs: home.join("runs").join(site).join("runs"),
            sets: home.join("backups").join(site),
            output: home.join("output.txt"),
            environment: Vec::new(),
            under: Vec::new(),
            kills: 0,
        }
    }

    fn start(&self, arguments: &[&str]) -> Running {
        use std::io::Write;
        let mut output = File::options()
            .create(true)
            .append(true)
            .open(&self.output)
            .unwrap();
        writeln!(output, "$ upgrade-kit {}", arguments.join(" ")).unwrap();
        let program = env!("CARGO_BIN_EXE_upgrade-kit");
        let mut words = self.under.iter().map(String::as_str).chain([program]);
        let mut kit = command(words.next().unwrap());
        kit.args(words)
            .args(arguments)
            .env_remove("UPGRADE_KIT_LOG")
            .env("UPGRADE_KIT_SITE", &self.site)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        Running(kit.spawn().unwrap())
    }

    /// Runs a command of the program to its end.
    pub(crate) fn call(&self, arguments: &[&str]) -> Ended {
        let before = std::fs::metadata(&self.output).map_or(0, |file| file.len());
        let status = self.start(arguments).0.wait().unwrap();
        Ended {
            code: status.code(),
            text: self.text_since(before),
        }
    }

    /// Runs a command that must succeed.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let ended = self.call(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}\n{}", ended.text);
        ended.text
    }

    fn text_since(&self, before: u64) -> String {
        let bytes = std::fs::read(&self.output).unwrap();
        String::from_utf8_lossy(&bytes[usize::try_from(before).unwrap()..]).into_owned()
    }

    /// Starts a command and kills it with SIGKILL at a moment, with the tools that it runs if `tools`
    /// says so. It may end before that.
    pub(crate) fn kill(&mut self, arguments: &[&str], moment: Moment, tools: bool) -> Ended {
        let before = std::fs::metadata(&self.output).map_or(0, |file| file.len());
        let lines = self.journal_lines();
        let mut kit = self.start(arguments);
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = kit.0.try_wait().unwrap() {
                break status;
            }
            let is_time = match moment {
                Moment::After(delay) => begun.elapsed() >= delay,
                Moment::Lines(more) => self.has_grown(&lines, more),
                Moment::InStep(step, delay) => {
                    let is_time = self.has_started(&lines, step);
                    if is_time {
                        std::thread::sleep(delay);
                    }
                    is_time
                }
            };
            if is_time {
                self.shoot(&mut kit.0, tools);
                break kit.0.wait().unwrap();
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        Ended {
            code: status.code(),
            text: self.text_since(before),
        }
    }

    fn shoot(&mut self, kit: &mut Child, tools: bool) {
        let groups = if tools {
            groups_of(kit.id())
        } else {
            Vec::new()
        };
        kit.kill().unwrap();
        for group in groups {
            // It may have ended by itself.
            _ = kill_process_group(group, Signal::KILL);
        }
        self.kills += 1;
    }

    /// The newest run and the length of its journal.
    fn journal_lines(&self) -> (String, usize) {
        let began = |run: &String| {
            let folder = std::fs::metadata(self.runs.join(run));
            folder.and_then(|folder| folder.created()).ok()
        };
        let newest = names(&self.runs)
            .into_iter()
            .max_by_key(began)
            .unwrap_or_default();
        let lines = self.lines_of(&newest);
        (newest, lines)
    }

    /// The journal of the newest run.
    pub(crate) fn newest_journal(&self) -> String {
        let (run, _) = self.journal_lines();
        std::fs::read_to_string(self.runs.join(run).join("journal.jsonl")).unwrap()
    }

    fn lines_of(&self, run: &str) -> usize {
        let journal = std::fs::read(self.runs.join(run).join("journal.jsonl"));
        journal.map_or(0, |text| text.iter().filter(|byte| **byte == b'\n').count())
    }

    fn has_started(&self, before: &(String, usize), step: &str) -> bool {
        let (run, _) = self.journal_lines();
        let skipped = if run == before.0 { before.1 } else { 0 };
        let journal = std::fs::read_to_string(self.runs.join(&run).join("journal.jsonl"));
        let started = format!("\"event\":\"step-started\",\"step\":\"{step}");
        journal.is_ok_and(|text| {
            text.lines()
                .skip(skipped)
                .any(|line| line.contains(&started))
        })
    }

    fn has_grown(&self, before: &(String, usize), more: usize) -> bool {
        let (run, lines) = self.journal_lines();
        let old = if run == before.0 { before.1 } else { 0 };
        lines >= old + more
    }

    /// Carries a phase to its end through kills: begins it, resumes it, and kills it each time until
    /// `next` has no more moment. Resumptions must never fail.
    pub(crate) fn through(
        &mut self,
        phase: &[&str],
        next: impl FnMut(usize) -> Option<(Moment, bool)>,
    ) {
        let ended = self.until(phase, next);
        assert_eq!(ended.code, Some(0), "{phase:?}\n{}", self.whole_output());
    }

    /// As [`Kit::through`], and what ends by itself, in whatever way, is the end.
    pub(crate) fn until(
        &mut self,
        phase: &[&str],
        mut next: impl FnMut(usize) -> Option<(Moment, bool)>,
    ) -> Ended {
        let mut rounds = 0;
        let old = names(&self.runs);
        loop {
            let begun = self.has_begun(&old);
            let arguments: &[&str] = if begun { &["resume", "--yes"] } else { phase };
            let mut ended = match next(rounds) {
                Some((moment, tools)) => self.kill(arguments, moment, tools),
                None => self.call(arguments),
            };
            match ended.code {
                None => rounds += 1,
                // Everything was done when the shot fell, only the program had not ended yet.
                Some(4) if begun && ended.text.contains("nothing to resume") => {
                    ended.code = Some(0);
                    return ended;
                }
                Some(_) => return ended,
            }
        }
    }

    /// Whether a run was begun beside those. A program that was killed before its run reached the disk
    /// has done nothing.
    pub(crate) fn has_begun(&self, old: &[String]) -> bool {
        let runs = names(&self.runs);
        runs.iter()
            .any(|run| !old.contains(run) && self.lines_of(run) > 0)
    }

    /// What the program said so far, in all calls.
    pub(crate) fn whole_output(&self) -> String {
        std::fs::read_to_string(&self.output).unwrap()
    }

    /// The newest sealed set.
    pub(crate) fn newest_set(&self) -> String {
        let mut sets = names(&self.sets);
        sets.retain(|name| {
            self.sets.join(name).join("manifest.json").is_file() && !name.contains(".partial")
        });
        let sealed = |name: &String| {
            let manifest = std::fs::metadata(self.sets.join(name).join("manifest.json"));
            manifest.and_then(|manifest| manifest.modified()).ok()
        };
        sets.into_iter().max_by_key(sealed).unwrap()
    }
}

/// Process groups that the living children of a process lead. A child that was only just started is
/// still in the group of the program, which is that of the tests.
fn groups_of(parent: u32) -> Vec<Pid> {
    processes()
        .into_iter()
        .filter(|one| one.parent == parent && one.group == one.pid)
        .filter_map(|one| Pid::from_raw(i32::try_from(one.group).unwrap()))
        .collect()
}

/// Names in a folder, sorted; none if it is not there.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A process as `/proc` shows it.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    group: u32,
    /// Its arguments, joined by blanks.
    pub(crate) command: String,
}

/// Every living process.
pub(crate) fn processes() -> Vec<Process> {
    names(Path::new("/proc"))
        .iter()
        .filter_map(|name| name.parse().ok())
        .filter_map(process)
        .collect()
}

fn process(pid: u32) -> Option<Process> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    if fields[0] == "Z" {
        return None;
    }
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    Some(Process {
        pid,
        parent: fields[1].parse().ok()?,
        group: fields[2].parse().ok()?,
        command: String::from_utf8_lossy(&command)
            .replace('\0', " ")
            .trim()
            .to_owned(),
    })
}

/// Kills everything whose command line names a folder, at the end of a test.
pub(crate) fn sweep(folder: &Path) {
    let folder = folder.display().to_string();
    for process in processes() {
        if process.command.contains(&folder) && process.pid != std::process::id() {
            let pid = Pid::from_raw(i32::try_from(process.pid).unwrap()).unwrap();
            _ = kill_process(pid, Signal::KILL);
        }
    }
}
