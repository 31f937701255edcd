//! A simulated cluster of its own for every test, and the built program on it.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) const PASSWORD: &str = "Geheim#9x@y";

/// The master administrator's password.
pub(crate) fn password() -> String {
    crate::planted::instead_of(PASSWORD, "")
}

/// The id that the tools give to the new server.
pub(crate) const NEW: &str = "8";

/// Every tool of the cluster.
const TOOLS: [&str; 11] = [
    "listserver",
    "registerserver",
    "listdatabaseschema",
    "disableschema",
    "enableschema",
    "changeserver",
    "runupdate",
    "listUpdateTasks",
    "checkdatabase",
    "reloadconfiguration",
    "upgradeschemata",
];

/// A server.properties with what an editor could spoil.
pub(crate) const PROPERTIES: &str = "# Server\r\n\
    com.openexchange.a = 1\r\n\
    ! com.openexchange.server.migrationRedirectURL=no\r\n\
    long:\\\r\n   continued\r\n\
    umlaut=\u{fc}";

/// What the program came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.text);
        self
    }
}

/// A cluster of three nodes with its schemata, a site file, and room for runs.
pub(crate) struct Rig {
    directory: tempfile::TempDir,
    schemata: Vec<String>,
}

impl Rig {
    /// With that many schemata, of two update tasks each, and a site of the automatic procedure.
    pub(crate) fn new(schemata: usize) -> Self {
        Self::of((1..=schemata).map(|at| format!("oxdatabase_{at}")))
    }

    /// The same with schemata of these names.
    pub(crate) fn of(schemata: impl IntoIterator<Item = String>) -> Self {
        let rig = Self {
            directory: tempfile::tempdir().unwrap(),
            schemata: schemata.into_iter().collect(),
        };
        for name in [
            "sim/schemata",
            "sim/faults",
            "sbin",
            "bin",
            "balancer",
            "runs-new",
        ] {
            std::fs::create_dir_all(rig.path(name)).unwrap();
        }
        rig.write("sim/password", &password());
        rig.write("sim/servers", "3 oxserver\n");
        rig.write("sim/next-id", &format!("{NEW}\n"));
        rig.write("sim/new-node", "n1");
        rig.write("sim/calls", "");
        rig.write("password", &format!("{}\n", password()));
        std::fs::set_permissions(rig.path("password"), PermissionsExt::from_mode(0o600)).unwrap();
        for schema in &rig.schemata {
            rig.write(&format!("sim/schemata/{schema}/enabled"), "yes\n");
            rig.write(&format!("sim/schemata/{schema}/server"), "3\n");
            rig.write(
                &format!("sim/schemata/{schema}/pending"),
                "AddColumnTask\nFillColumnTask\n",
            );
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ox/sim/ox.sh");
        for tool in TOOLS {
            let text = format!("exec sh {} {tool} \"$@\"", script.display());
            rig.program(&format!("sbin/{tool}"), &text);
        }
        rig.program("bin/balancer", "sh \"$OX_SIM/../bin/balance\" \"$@\"");
        rig.program(
            "bin/balance",
            "echo \"balancer $*\" >>\"$OX_SIM/calls\"\ncd \"$OX_SIM/../balancer\"\n\
             case $2 in add) : >\"$1-$3\" ;; remove) rm -f \"$1-$3\" ;; esac",
        );
        rig.program(
            "bin/upgrade",
            "echo \"upgrade $*\" >>\"$OX_SIM/calls\"\n: >\"$OX_SIM/../runs-new/$1\"",
        );
        rig.program("bin/runs-new", "[ -e \"$OX_SIM/../runs-new/$1\" ]");
        for node in ["n1", "n2", "n3"] {
            rig.write(&format!("balancer/main-{node}"), "");
            rig.write(&format!("etc/{node}/server.properties"), PROPERTIES);
            rig.write(
                &format!("etc/{node}/system.properties"),
                "SERVER_NAME=oxserver\n",
            );
            rig.write(&format!("etc/{node}/hazelcast.properties"), "g=old\n");
        }
        rig.write("site.yaml", &rig.site("automatic"));
        rig
    }

    /// The site file of the cluster.
    pub(crate) fn site(&self, procedure: &str) -> String {
        let nodes: String = ["n1", "n2", "n3"]
            .map(|node| {
                let etc = format!("etc/{node}");
                format!(
                    "    - name: {node}\n      rmi: {node}\n      server_properties: {etc}/server.properties\n      \
                     system_properties: {etc}/system.properties\n      \
                     hazelcast_properties: {etc}/hazelcast.properties\n"
                )
            })
            .concat();
        let bin = self.path("bin");
        let bin = bin.display();
        format!(
            "site: cluster\nproduct: ox\nox:\n  version: 7.10.0\n  procedure: {procedure}\n  \
             server_name: oxserver-new\n  old_server_name: oxserver\n  already_registered: abort\n  \
             migration_url: http://second.example/\n  admin: {{ password: {{ file: password }} }}\n  \
             tools: sbin\n  nodes:\n{nodes}  hazelcast: {{ key: g, old: old, new: new }}\n  \
             schemata: [{}]\n  main_balancer: {{ add: [{bin}/balancer, main, add], remove: [{bin}/balancer, main, remove] }}\n  \
             second_balancer: {{ add: [{bin}/balancer, second, add], remove: [{bin}/balancer, second, remove] }}\n  \
             retire_second_balancer: [{bin}/balancer, second, retire]\n  upgrade_node: [{bin}/upgrade]\n  \
             check_node: [{bin}/runs-new]\n",
            self.schemata.join(", ")
        )
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    /// Replaces a text of the site file.
    #[track_caller]
    pub(crate) fn change_site(&self, from: &str, to: &str) {
        let site = self.read("site.yaml");
        assert!(site.contains(from), "{site}");
        self.write("site.yaml", &site.replacen(from, to, 1));
    }

    pub(crate) fn program(&self, name: &str, script: &str) {
        let sim = self.path("sim");
        let text = format!("#!/bin/sh\nexport OX_SIM='{}'\n{script}\n", sim.display());
        self.write(name, &text);
        std::fs::set_permissions(self.path(name), PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// What a tool does before its work, as shell.
    pub(crate) fn fault(&self, tool: &str, script: &str) {
        self.write(&format!("sim/faults/{tool}"), script);
    }

    /// The tasks of a schema that fail, once for each naming.
    pub(crate) fn breaks(&self, schema: &str, tasks: &[&str]) {
        self.write(
            &format!("sim/schemata/{schema}/broken"),
            &(tasks.join("\n") + "\n"),
        );
    }

    /// Runs the program in the cluster's folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let output = Command::new(env!("CARGO_BIN_EXE_upgrade-kit"))
            .args(arguments)
            .args(["--site", "site.yaml"])
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("COLUMNS", "120")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ended {
            code: output.status.code(),
            text: String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr),
        }
    }

    pub(crate) fn backup(&self) -> Ended {
        self.run(&[
            "backup",
            "--scenario",
            "rolling-upgrade",
            "--yes",
            "--output",
            "lines",
        ])
    }

    pub(crate) fn upgrade(&self, more: &[&str]) -> Ended {
        let mut arguments = vec![
            "upgrade",
            "--scenario",
            "rolling-upgrade",
            "--yes",
            "--output",
            "lines",
        ];
        arguments.extend(more);
        self.run(&arguments)
    }

    pub(crate) fn resume(&self, more: &[&str]) -> Ended {
        let mut arguments = vec!["resume", "--yes", "--output", "lines"];
        arguments.extend(more);
        self.run(&arguments)
    }

    /// Every call of a tool or a command of the site.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.read("sim/calls").lines().map(str::to_owned).collect()
    }

    pub(crate) fn count(&self, call: &str) -> usize {
        self.calls()
            .iter()
            .filter(|line| line.starts_with(call))
            .count()
    }

    /// Position of the one call that begins so.
    #[track_caller]
    pub(crate) fn at(&self, call: &str) -> usize {
        let calls = self.calls();
        let mut found = (0..calls.len()).filter(|&at| calls[at].starts_with(call));
        let first = found.next();
        assert!(
            first.is_some() && found.next().is_none(),
            "{call}: {calls:#?}"
        );
        first.unwrap()
    }

    fn schema(&self, schema: &str, file: &str) -> String {
        self.read(&format!("sim/schemata/{schema}/{file}"))
            .trim()
            .to_owned()
    }

    /// Asserts the state of every schema: all are updated, enabled and served by the new server, but for
    /// those that are named: `disabled` ones point to the new server and are half updated, `untouched`
    /// ones are as they were. No task ran twice with success.
    #[track_caller]
    pub(crate) fn assert_schemata(&self, disabled: &[&str], untouched: &[&str]) {
        let mut wrong: BTreeMap<&str, String> = BTreeMap::new();
        for schema in &self.schemata {
            let name = schema.as_str();
            let state = |file| self.schema(name, file);
            let (enabled, server, pending) = (state("enabled"), state("server"), state("pending"));
            let executed = state("executed");
            let once: BTreeSet<&str> = executed.lines().collect();
            let fits = if disabled.contains(&name) {
                enabled == "no" && server == NEW && once.len() < 2
            } else if untouched.contains(&name) {
                enabled == "yes" && server == "3" && once.is_empty()
            } else {
                enabled == "yes" && server == NEW && pending.is_empty() && once.len() == 2
            };
            if !fits || executed.lines().count() != once.len() {
                let found =
                    format!("enabled {enabled}, server {server}, left {pending}, done {executed}");
                wrong.insert(name, found);
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// Asserts that every node is where the end of the upgrade has it.
    #[track_caller]
    pub(crate) fn assert_nodes_done(&self) {
        let mut there: Vec<String> = std::fs::read_dir(self.path("balancer"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        let expected = [
            "main-n1",
            "main-n2",
            "main-n3",
            "second-n1",
            "second-n2",
            "second-n3",
        ];
        assert_eq!(there, expected);
        assert_eq!(self.count("balancer second retire"), 1);
        for node in ["n1", "n2", "n3"] {
            assert_eq!(
                self.read(&format!("etc/{node}/server.properties")),
                PROPERTIES.to_owned() + "\r\n"
            );
            assert_eq!(
                self.read(&format!("etc/{node}/system.properties")),
                "SERVER_NAME=oxserver-new\n"
            );
            assert_eq!(
                self.read(&format!("etc/{node}/hazelcast.properties")),
                "g=new\n"
            );
        }
    }
}
