//! The home of a simulated domain: configuration, start scripts, the servers' processes.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::rig::{Domain, set_mode};

/// The deployment is at line 6, between what must stay as it is.
pub(crate) const CONFIG: &str = "<?xml version='1.0' encoding='UTF-8'?>
<domain xmlns=\"http://xmlns.oracle.com/weblogic/domain\">
  <name>domibus</name>
  <server><name>AdminServer</name></server>
  <server><name>ms1</name></server>
  <app-deployment>
    <name>domibus</name>
    <target>ms1</target>
    <module-type>war</module-type>
    <source-path>DOMAIN/deploy/domibus.war</source-path>
  </app-deployment>
  <admin-server-name>AdminServer</admin-server-name>
</domain>
";

/// Writes the start scripts of a domain; the one that stops it lies, as Oracle's does.
pub(crate) fn write_scripts(home: &Path) {
    let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/weblogic/server.py");
    let (server, shown) = (server.display(), home.display());
    std::fs::create_dir_all(home.join("bin")).unwrap();
    for (name, body) in [
        (
            "startWebLogic.sh",
            format!("exec python3 '{server}' -Dweblogic.Name=AdminServer '-Ddomain.home={shown}'"),
        ),
        (
            "startManagedWebLogic.sh",
            format!("exec python3 '{server}' \"-Dweblogic.Name=$1\" '-Ddomain.home={shown}'"),
        ),
        ("stopWebLogic.sh", "echo Done".to_owned()),
    ] {
        let path = home.join("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        set_mode(&path, 0o755);
    }
}

impl Domain {
    /// Lays the home out for the two servers AdminServer and ms1, neither of which runs.
    pub(crate) fn lay_out(&self) {
        let home = self.directory.path();
        std::fs::create_dir(home.join("config")).unwrap();
        std::fs::write(self.config(), CONFIG).unwrap();
        write_scripts(home);
        self.change(
            "<target name=\"cluster1\" state=\"STATE_ACTIVE\"/>",
            "<target name=\"ms1\" state=\"\"/>",
        );
        self.change("<server name=\"ms2\"/>", "");
        let world = self.world();
        let second = world.find("<server name=\"ms2\" state").unwrap();
        let world = format!("{}</domain>", &world[..second]);
        let world = world.replace("state=\"RUNNING\"", "state=\"SHUTDOWN\"");
        std::fs::write(home.join("world.xml"), world).unwrap();
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("config/config.xml")
    }

    /// Options of actions on the whole domain.
    pub(crate) fn servers(&self, more: Value) -> Value {
        let mut domain = json!({
            "home": self.directory.path(), "name": "domibus", "admin_server": "AdminServer",
            "managed_servers": ["ms1"],
        });
        for (name, value) in more.as_object().unwrap() {
            domain[name] = value.clone();
        }
        json!({ "connection": self.options(json!({}))["connection"], "domain": domain, "timeout": "60s" })
    }

    /// The same without a connection.
    pub(crate) fn of_deployment(&self) -> Value {
        let options = self.servers(json!({}));
        json!({ "domain": options["domain"], "deployment": "domibus" })
    }

    /// Messages that an active application received.
    pub(crate) fn delivered(&self) -> usize {
        let log = std::fs::read_to_string(self.directory.path().join("delivered.log"));
        log.unwrap_or_default().lines().count()
    }
}
