//! A server that falls at a certain moment.

use std::path::{Path, PathBuf};

use super::{MIGRATION, Product};
use crate::fake_tools::Tools;
use crate::rig_server::command;

/// When a server falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// While the dump program reads rows.
    Dump,
    /// While the client loads a dump.
    Load,
    /// After the first statement of a script.
    Script,
    /// Before a question is asked.
    Question,
}

/// How it falls.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fall {
    /// `kill -9` for all its processes.
    Killed,
    /// It is stopped as an administrator would, and started again at once.
    Restarted,
}

/// A server of the rig that is this test's alone.
pub(super) struct Server {
    pub(super) script: PathBuf,
    pub(super) directory: PathBuf,
    pub(super) pid_file: PathBuf,
    /// A variable of the script, and its value.
    pub(super) options: (&'static str, &'static str),
}

impl Server {
    /// Starts it unless it runs.
    pub(super) fn start(&self) {
        let (name, value) = self.options;
        let started = command(&self.script)
            .arg("start")
            .arg(&self.directory)
            .env(name, value)
            .status();
        assert!(started.unwrap().success(), "the server does not come back");
    }

    /// Lines for a shell that bring it down. What is started there is not of the run.
    pub(super) fn fall(&self, how: Fall) -> String {
        let pid_file = self.pid_file.display();
        let (script, directory) = (self.script.display(), self.directory.display());
        let (name, value) = self.options;
        match how {
            Fall::Killed => format!(
                "p=$(head -n 1 '{pid_file}')\nkill -9 $p $(cat /proc/$p/task/$p/children)\n\
                 while grep -q '^State:[[:space:]]*[^Z]' /proc/$p/status 2>/dev/null; do sleep 0.02; done\n"
            ),
            Fall::Restarted => format!(
                "for order in stop start; do\n\
                 env -i PATH=\"$PATH\" {name}='{value}' '{script}' $order '{directory}' \
                 </dev/null >/dev/null 2>&1\ndone\n"
            ),
        }
    }
}

/// A client that lets the server fall once, when it is armed.
pub(super) struct Trap {
    pub(super) tools: Tools,
    pub(super) moment: Moment,
}

impl Trap {
    pub(super) fn set(product: &impl Product, moment: Moment, how: Fall) -> Self {
        let trap = Self {
            tools: Tools::new(),
            moment,
        };
        let (program, arguments) = product.program(moment);
        let fall = product.server().fall(how);
        let first = MIGRATION.find('\n').unwrap() + 1;
        let work = match moment {
            Moment::Dump => format!(
                "{program} \"$@\" | {{ head -c 300000\n{fall}cat\n}}\nexit ${{PIPESTATUS[0]}}"
            ),
            Moment::Load | Moment::Script => {
                let part = if moment == Moment::Load {
                    300_000
                } else {
                    first
                };
                format!(
                    "{{ head -c {part}\nsleep 0.5\n{fall}cat\n}} | {program} \"$@\"\n\
                     exit ${{PIPESTATUS[1]}}"
                )
            }
            Moment::Question => format!("{fall}exec {program} \"$@\""),
        };
        let armed = trap.armed();
        trap.tools.write(
            "client",
            &format!(
                "#!/bin/bash\ncase \"$*\" in {arguments}) if mv '{armed}' '{armed}.used' 2>/dev/null; then\n\
                 {work}\nfi ;; esac\nexec {program} \"$@\"\n"
            ),
        );
        trap
    }

    pub(super) fn armed(&self) -> String {
        self.tools.path("armed")
    }

    pub(super) fn arm(&self) {
        std::fs::write(self.armed(), "").unwrap();
    }

    pub(super) fn has_sprung(&self) -> bool {
        Path::new(&format!("{}.used", self.armed())).exists()
    }

    pub(super) fn option(&self) -> &'static str {
        match self.moment {
            Moment::Dump => "dump_program",
            _ => "client_program",
        }
    }
}
