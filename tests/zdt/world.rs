//! A domain whose nodes are directories: node0 is this machine, node1 and node2 are reached through
//! scripts that stand for ssh and scp. Oracle homes hold the simulated tools of `tests/rig/oracle-home`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use upgrade_kit::adapter::{CheckContext, Failure, Finding};
use upgrade_kit::host::{Control, LocalHost, Masker};

use crate::stage::{decode, told};
use crate::weblogic::rig::{Domain, PASSWORD, set_mode};

/// The patch that every home has, and the one that is rolled out.
pub(crate) const OLD: &str = "28186730";
pub(crate) const NEW: &str = "29204678";

pub(crate) struct World {
    pub(crate) domain: Domain,
}

impl World {
    pub(crate) fn new(jython: &str) -> Option<Self> {
        let world = Self {
            domain: Domain::new(jython)?,
        };
        for node in ["node1", "node2"] {
            world.lay_out_node(node);
        }
        for (server, node) in [("AdminServer", "node0"), ("ms1", "node1"), ("ms2", "node2")] {
            world.domain.change(
                &format!("<server name=\"{server}\" state"),
                &format!("<server name=\"{server}\" machine=\"{node}\" state"),
            );
        }
        let machine = |node: &str| {
            let root = world.root(node);
            format!(
                "<machine name=\"{node}\" root=\"{}\" home=\"{}\"/>",
                root.display(),
                world.path("u01/oracle/home").display()
            )
        };
        let machines = format!(
            "<machine name=\"node0\"/>{}{}</domain>",
            machine("node1"),
            machine("node2")
        );
        world.domain.change("</domain>", &machines);
        let app = world.path("u01/applications/shop.war");
        world.domain.change(
            "<app name=\"domibus\">",
            &format!("<app name=\"domibus\" source=\"{}\">", app.display()),
        );
        world.lay_out_home(&world.path("u01/oracle/home"));
        world.write("u01/java/jdk8/bin/java", "");
        world.write("u01/java/jdk11/bin/java", "11");
        world.write("u01/java/jdk11/release", "JAVA_VERSION=11");
        world.write("u01/applications/shop-2.war", "shop 2");
        world.write("u01/domain/config/config.xml", "<domain/>");
        world.write(
            "patch/etc/config/inventory.xml",
            &format!("<oneoff_inventory><reference_id number=\"{NEW}\"/></oneoff_inventory>"),
        );
        world.write(
            "patch/etc/config/patchdeploy.xml",
            "<deploy patch-uptime-option=\"FMW_ROLLING_ORACLE_HOME\"/>",
        );
        Some(world)
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.domain.directory.path().join(relative)
    }

    /// What stands for the root directory of a node.
    pub(crate) fn root(&self, node: &str) -> PathBuf {
        self.path("nodes").join(node)
    }

    /// Where a path of this machine is on a node.
    pub(crate) fn on(&self, node: &str, relative: &str) -> PathBuf {
        let inner = self.path(relative);
        self.root(node).join(inner.strip_prefix("/").unwrap())
    }

    pub(crate) fn write(&self, relative: &str, text: &str) {
        put(&self.path(relative), text);
    }

    fn lay_out_home(&self, home: &Path) {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/oracle-home");
        for (tool, place) in [
            ("copyBinary.sh", "oracle_common/bin"),
            ("pasteBinary.sh", "oracle_common/bin"),
            ("opatch", "OPatch"),
        ] {
            fs::create_dir_all(home.join(place)).unwrap();
            fs::copy(tools.join(tool), home.join(place).join(tool)).unwrap();
        }
        put(&home.join("patches"), &format!("{OLD};OPATCH\n"));
    }

    fn lay_out_node(&self, node: &str) {
        let root = self.root(node);
        self.lay_out_home(&self.on(node, "u01/oracle/home"));
        put(&self.on(node, "u01/applications/shop.war"), "shop 1");
        let server = node.replace("node", "ms");
        put(
            &root.join("processes"),
            &format!(
                "java weblogic.NodeManager\n{}/bin/java -Xmx1g -Dweblogic.Name={server} weblogic.Server\n",
                self.path("u01/java/jdk8").display()
            ),
        );
        put(
            &root.join("bin/ps"),
            &format!("#!/bin/sh\ncat '{}'\n", root.join("processes").display()),
        );
        let (inner, shown) = (self.path(""), root.display());
        // A trailing slash keeps the node's own directory out of it.
        let moved = format!("s#{0}u01#{shown}{0}u01#g", inner.display());
        put(
            &root.join("ssh"),
            &format!(
                "#!/bin/sh\nif [ -e '{shown}/down' ]; then\n  \
                 echo 'ssh: connect to host {node} port 22: Connection refused' >&2\n  exit 255\nfi\nPATH='{shown}/bin':$PATH\nexport PATH\n\
                 exec /bin/sh -c \"$(printf %s \"$1\" | sed '{moved}')\"\n"
            ),
        );
        put(
            &root.join("scp"),
            &format!(
                "#!/bin/sh\nto=$(printf %s \"$2\" | sed '{moved}')\ncp -rp \"$1\" \"$to\" || exit 1\n\
                 if [ -e '{shown}/bad-disk' ]; then echo x >>\"$(find \"$to\" -type f | head -1)\"; fi\n"
            ),
        );
        for program in ["bin/ps", "ssh", "scp"] {
            set_mode(&root.join(program), 0o755);
        }
    }

    /// A node as the actions take it.
    pub(crate) fn node(&self, name: &str) -> Value {
        let root = self.root(name);
        json!({
            "name": name, "oracle_home": self.path("u01/oracle/home"),
            "run": [root.join("ssh")], "copy": [root.join("scp"), "{from}", "{to}"],
        })
    }

    /// The site file, with this under `rollout:`.
    pub(crate) fn site(&self, rollout: &str) -> String {
        let path = |relative: &str| self.path(relative).display().to_string();
        let node = |name: &str| {
            let root = self.root(name);
            format!(
                "    {name}:\n      run: [{0}/ssh]\n      copy: [{0}/scp, \"{{from}}\", \"{{to}}\"]\n",
                root.display()
            )
        };
        format!(
            "site: shop\nproduct: weblogic\nweblogic:\n  version: 12.2.1.4.0\n  connection:\n    \
             wlst: {}\n    url: t3://127.0.0.1:7001\n    user: weblogic\n    password: {{ env: WEBLOGIC_PASSWORD }}\n  \
             domain:\n    name: domibus\n    home: {}\n  oracle_home: {}\n  java_home: {}\n  nodes:\n    \
             node0: {{}}\n{}{}  servers:\n    AdminServer: {{ node: node0 }}\n    \
             ms1: {{ node: node1, cluster: cluster1 }}\n    ms2: {{ node: node2, cluster: cluster1 }}\n  \
             rollout:\n    targets: [cluster1]\n    delay_between_nodes: 0s\n{rollout}",
            path("wlst.sh"),
            path("u01/domain"),
            path("u01/oracle/home"),
            path("u01/java/jdk8"),
            node("node1"),
            node("node2"),
        )
    }

    /// What builds and rolls out a patched home.
    pub(crate) fn home_rollout(&self) -> String {
        let path = |relative: &str| self.path(relative).display().to_string();
        format!(
            "    oracle_home:\n      archive: {}\n      backup: {}\n      patch_ids: [\"{NEW}\"]\n      \
             build:\n        second_home: {}\n        base_archive: {}\n        patches: [{}]\n",
            path("u01/oracle/patched.jar"),
            path("u01/oracle/backup"),
            path("u01/oracle/second"),
            path("u01/oracle/base.jar"),
            path("patch"),
        )
    }

    pub(crate) fn password() -> &'static str {
        PASSWORD
    }

    /// Options of a rollout of the patched home.
    pub(crate) fn rollout(&self, more: Value) -> Value {
        let mut options = json!({
            "home": {
                "rolled_out": self.path("u01/oracle/patched.jar"),
                "backup": self.path("u01/oracle/backup"),
            },
            "options": { "session_compatible": true, "delay_between_nodes": "0s" },
            "servers": ["ms1", "ms2"],
            "timeout": "60s",
        });
        for (name, value) in more.as_object().unwrap() {
            options[name] = value.clone();
        }
        options
    }

    /// A site's topology as the actions take it, with more of it, and the way back.
    pub(crate) fn topology(&self, more: &Value) -> Value {
        let server = |name: &str, node: &str, cluster: Option<&str>| json!({ "name": name, "node": node, "cluster": cluster });
        let mut topology = json!({
            "version": "12.2.1.4.0", "platform": "unix", "domain": "domibus",
            "domain_home": self.path("u01/domain"), "admin_server": "AdminServer",
            "nodes": [
                { "name": "node0", "oracle_home": self.path("u01/oracle/home"), "run": null, "copy": null },
                self.node("node1"), self.node("node2"),
            ],
            "servers": [
                server("AdminServer", "node0", None),
                server("ms1", "node1", Some("cluster1")), server("ms2", "node2", Some("cluster1")),
            ],
            "clusters": [{ "name": "cluster1", "singletons": null }],
            "targets": ["cluster1"], "wlst": { "oracle_home": null, "node": null },
            "home": null, "java_home": null, "present_java_home": self.path("u01/java/jdk8"),
            "applications": [], "migrations": [], "session_compatible": true,
            "shutdown_timeout": null, "files": self.path("u01/domain/upgrade-kit"),
        });
        for (name, value) in more.as_object().unwrap() {
            topology[name] = value.clone();
        }
        topology
    }

    /// Everything that an operator is told of a failure.
    pub(crate) fn told(&self, failure: &Failure) -> String {
        self.shortened(&told(failure))
    }

    /// A text without what differs from run to run and from machine to machine.
    pub(crate) fn shortened(&self, text: &str) -> String {
        let world = self.path("").display().to_string();
        text.replace(world.trim_end_matches('/'), "[WORLD]")
    }

    /// What the check of an action finds.
    pub(crate) fn found(&self, action: &str, options: &Value) -> String {
        let control = Control::unattended(Masker::default());
        let found = decode(action, options).check(&CheckContext {
            step: "step",
            host: &LocalHost,
            control: &control,
            secret: &|_| panic!("no secret is asked for"),
            backups: self.domain.directory.path(),
            using: None,
        });
        let text = |finding: &Finding| {
            let hint = finding.hint.as_deref().unwrap_or_default();
            format!("{:?} {}\n  = {hint}\n", finding.severity, finding.message)
        };
        self.shortened(&found.iter().map(text).collect::<String>())
    }

    /// Puts an archive of a patched home onto both nodes.
    pub(crate) fn deliver_archive(&self) {
        let patched = self.path("patched-home");
        self.lay_out_home(&patched);
        put(
            &patched.join("patches"),
            &format!("{OLD};OPATCH\n{NEW};A patch\n"),
        );
        let script = format!(
            "import os, zipfile\nhome = {patched:?}\nwith zipfile.ZipFile({:?}, 'w') as jar:\n  \
             for folder, _, names in os.walk(home):\n    for name in names:\n      \
             path = os.path.join(folder, name)\n      jar.write(path, os.path.relpath(path, home))\n",
            self.path("patched.jar")
        );
        let said = std::process::Command::new("python3")
            .args(["-c", &script])
            .status()
            .unwrap();
        assert!(said.success());
        for node in ["node1", "node2"] {
            fs::copy(
                self.path("patched.jar"),
                self.on(node, "u01/oracle/patched.jar"),
            )
            .unwrap();
        }
    }

    /// The patches of a node's Oracle home.
    pub(crate) fn patches(&self, node: &str) -> String {
        let text = fs::read_to_string(self.on(node, "u01/oracle/home/patches")).unwrap();
        let ids: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split(';').next())
            .collect();
        ids.join(" ")
    }

    /// The workflows of the domain: `rolloutOracleHome SUCCESS`.
    pub(crate) fn workflows(&self) -> Vec<String> {
        let world = self.domain.world();
        let document = roxmltree::Document::parse(&world).unwrap();
        document
            .descendants()
            .filter(|node| node.has_tag_name("workflow"))
            .map(|node| {
                let get = |name: &str| node.attribute(name).unwrap_or_default();
                let dry = if get("options").contains("isDryRun=true") {
                    "dry "
                } else {
                    ""
                };
                format!("{dry}{} {}", get("type"), get("status"))
            })
            .collect()
    }
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
