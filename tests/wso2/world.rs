//! A product with its database, the next version beside it, and a site that says so.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::harness::{Sandbox, redact, wait_until};
use crate::rig_server::command;

/// Sections of an embedded H2, of which nothing is there yet.
pub(super) const H2: &str = "  database: { kind: h2, file: old/repository/database/WSO2CARBON_DB.mv.db }\n  \
                             staging: { kind: h2, file: new/repository/database/WSO2CARBON_DB.mv.db }\n";

/// Paths of the test's own place and its ports are not the same twice.
pub(super) fn shown(world: &World, text: &str) -> String {
    let mut text = redact(text, world.sandbox.root());
    for home in ["old", "node2", "new"] {
        let port = world.sandbox.read(&format!("{home}/port"));
        text = text.replace(&port, &format!("<port of {home}>"));
    }
    text
}

/// The surroundings of a test.
pub(super) struct World {
    pub(super) sandbox: Sandbox,
}

impl World {
    /// With both versions unpacked in `old` and `new`, and this section `database` and `staging`.
    pub(super) fn new(databases: &str) -> Self {
        let mut sandbox = Sandbox::new();
        let path = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
        sandbox.set("PATH", path);
        let world = Self { sandbox };
        for (home, version) in [("old", "4.4.6"), ("node2", "4.4.6"), ("new", "4.4.7")] {
            world.unpack(home, version);
        }
        world.sandbox.write(
            "old/repository/deployment/server/dataservices/orders.dbs",
            "<data/>",
        );
        world
            .sandbox
            .write("old/repository/tenants/1/axis2services/a.aar", "tenant 1");
        let port = |home: &str| world.sandbox.read(&format!("{home}/port"));
        let site = format!(
            "site: carbon\nproduct: wso2\nwso2:\n  from: 4.4.6\n  to: 4.4.7\n{databases}  servers:\n  \
             - {{ home: old, ports: [{}] }}\n  - {{ home: node2, ports: [{}] }}\n  new:\n    \
             home: new\n    ports: [{}]\n    health: http://127.0.0.1:{}/carbon/\n  tenants: true\n",
            port("old"),
            port("node2"),
            port("new"),
            port("new"),
        );
        world.sandbox.write("site.yaml", &site);
        world
    }

    fn unpack(&self, home: &str, version: &str) {
        let rig = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/carbon");
        for entry in walkdir::WalkDir::new(&rig) {
            let entry = entry.unwrap();
            let below = entry.path().strip_prefix(&rig).unwrap();
            let to = self.sandbox.path(home).join(below);
            if entry.file_type().is_dir() {
                fs::create_dir_all(to).unwrap();
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
        self.sandbox
            .write(&format!("{home}/bin/version.txt"), version);
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr();
        self.sandbox
            .write(&format!("{home}/port"), &port.unwrap().port().to_string());
    }

    /// Starts a server as an operator does, and waits until it is up.
    pub(super) fn start(&self, home: &str) {
        let script = self.sandbox.path(home).join("bin/wso2server.sh");
        assert!(command(script).arg("start").status().unwrap().success());
        wait_until("the server", || self.runs(home));
    }

    /// Whether the server answers.
    pub(super) fn runs(&self, home: &str) -> bool {
        let port: u16 = self.sandbox.read(&format!("{home}/port")).parse().unwrap();
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    }

    /// Every file below a folder, without what a server writes while it runs.
    pub(super) fn files(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let top = self.sandbox.path(folder);
        let written = [
            "wso2carbon.pid",
            "wso2carbon.log",
            "WSO2CARBON_DB.mv.db",
            "WSO2CARBON_DB.h2.db",
        ];
        walkdir::WalkDir::new(&top)
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().is_file())
            .filter(|entry| !written.iter().any(|name| entry.file_name() == *name))
            .map(|entry| {
                let below = entry.path().strip_prefix(&top).unwrap().to_owned();
                (below, fs::read(entry.path()).unwrap())
            })
            .collect()
    }
}

/// Ends what a test left running: what its own pid files name.
impl Drop for World {
    fn drop(&mut self) {
        for home in ["old", "node2", "new"] {
            let file = self.sandbox.path(home).join("wso2carbon.pid");
            let text = fs::read_to_string(file).unwrap_or_default();
            let pid = text
                .trim()
                .parse()
                .ok()
                .and_then(rustix::process::Pid::from_raw);
            let line = |pid: rustix::process::Pid| {
                fs::read_to_string(format!("/proc/{}/cmdline", pid.as_raw_nonzero()))
            };
            let home = self.sandbox.path(home).display().to_string();
            if let Some(pid) = pid
                && line(pid).is_ok_and(|line| line.contains(&home))
            {
                _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
}
