//! A real installation of the rig: Tomcat with an embedded broker and MariaDB.

use std::path::{Path, PathBuf};

use super::kit::{Kit, command, processes, sweep};

/// The installation, its database server and the program.
pub(super) struct Real {
    /// Holds everything; short, because a socket's path must be.
    pub(super) home: tempfile::TempDir,
    pub(super) kit: Kit,
    /// The database's password.
    pub(super) password: String,
    /// The schemas, the general one first.
    pub(super) schemas: Vec<String>,
}

impl Drop for Real {
    fn drop(&mut self) {
        sweep(self.home.path());
    }
}

fn rig(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/rig")
        .join(script)
}

/// Whether the rig is there. `UPGRADE_KIT_REAL=1` makes its absence a failure; without it these
/// tests, which take minutes, are left out.
pub(super) fn is_wanted(test: &str) -> bool {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.cache/fetched");
    if std::env::var("UPGRADE_KIT_REAL").as_deref() != Ok("1") {
        println!("skipped: {test} needs UPGRADE_KIT_REAL=1 (tests/run sets it)");
        return false;
    }
    assert!(
        fetched.is_file(),
        "UPGRADE_KIT_REAL is set and tests/rig/fetch has not run"
    );
    true
}

impl Real {
    /// Starts a database with so many tenants beside the default domain, and Tomcat.
    pub(super) fn start(tenants: usize) -> Self {
        let home = tempfile::Builder::new()
            .prefix("upk-real-")
            .tempdir()
            .unwrap();
        let real = Self {
            kit: Kit::new(home.path(), "real"),
            home,
            password: String::new(),
            schemas: Vec::new(),
        };
        let database = real.path("mariadb");
        let database = database.to_str().unwrap();
        real.rig_call("mariadb", &["start", database]);
        real.rig_call("mariadb", &["seed", database, &tenants.to_string()]);
        real.rig_call("installation", &[real.home()]);
        real.postpone_redeliveries();
        real.rig_call("tomcat", &["start", real.home()]);
        real.described()
    }

    /// What waits for redelivery must still wait when the test looks again.
    fn postpone_redeliveries(&self) {
        let file = self.path("tomcat/conf/domibus/internal/activemq.xml");
        let text = std::fs::read_to_string(&file).unwrap();
        let later = text.replace("redeliveryDelay=\"300000\"", "redeliveryDelay=\"7200000\"");
        assert_ne!(text, later);
        let new = file.with_extension("new");
        std::fs::write(&new, later).unwrap();
        std::fs::rename(new, file).unwrap();
    }

    fn described(mut self) -> Self {
        self.password = self.value("mariadb_password");
        self.schemas = self
            .value("mariadb_schemas")
            .split(' ')
            .map(str::to_owned)
            .collect();
        let secret = self.path("password");
        std::fs::write(&secret, format!("{}\n", self.password)).unwrap();
        let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&secret, only_owner).unwrap();
        std::fs::write(self.path("site.yaml"), self.site()).unwrap();
        self
    }

    fn site(&self) -> String {
        let (http, shutdown) = (self.value("http_port"), self.value("shutdown_port"));
        format!(
            r#"site: real
product: domibus
server:
  kind: tomcat
  home: tomcat
  pid_file: tomcat/run/catalina.pid
  ports: [{http}, {shutdown}]
  stop_grace: 30s
  health: {{ url: "{}", wait: 90s }}
database:
  kind: mysql
  socket: mariadb/mysql.sock
  user: domibus
  password: {{ file: password }}
installation:
  version: "5.1.0"
upgrade:
  to: "5.1.1"
  war: release-5.1.1/webapps/domibus.war
  config: release-5.1.1/conf/domibus
  remove:
    - plugins/lib/domibus-default-fs-plugin-5.1.0.jar
    - plugins/lib/domibus-default-jms-plugin-5.1.0.jar
    - plugins/lib/domibus-default-ws-plugin-5.1.0.jar
  scripts:
    general: [release-5.1.1/sql/mysql-5.1-to-5.1.1-multi-tenancy-upgrade.ddl]
    domain: [release-5.1.1/sql/mysql-5.1-to-5.1.1-upgrade.ddl]
"#,
            self.value("url")
        )
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(super) fn home(&self) -> &str {
        self.home.path().to_str().unwrap()
    }

    /// A value of the rig's description of the installation.
    pub(super) fn value(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.path("rig.env")).unwrap();
        let start = format!("{name}=");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap().to_owned()
    }

    /// Runs a script of the rig; its output.
    pub(super) fn rig_call(&self, script: &str, arguments: &[&str]) -> String {
        let output = command(rig(script)).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success(),
            "{script} {arguments:?}: {text}{said}"
        );
        text
    }

    pub(super) fn jms(&self, arguments: &[&str]) -> String {
        self.rig_call("jms", &[&[self.home()], arguments].concat())
    }

    /// SQL as root of the database.
    pub(super) fn sql(&self, statements: &str) -> String {
        let database = self.path("mariadb");
        let arguments = [
            "root",
            database.to_str().unwrap(),
            "--skip-column-names",
            "-e",
            statements,
        ];
        self.rig_call("mariadb", &arguments)
    }

    /// Thousands of messages in several queues, hundreds of them waiting for redelivery.
    pub(super) fn fill_queues(&self) {
        self.jms(&["send", "domibus.internal.dispatch.queue", "900", "3000"]);
        self.jms(&["send", "domibus.backend.jms.outQueue", "900", "1000"]);
        self.jms(&["send", "domibus.notification.webservice", "700", "500"]);
        self.jms(&["send", "domibus.DLQ", "20", "400000"]);
        self.jms(&["nack", "domibus.backend.jms.outQueue", "300"]);
    }

    /// Every message with the hash of its body, every scheduled job, every file with mode, owner, time
    /// and hash, every table's checksum, every definition. Left out is what a started server writes
    /// by itself (logs, work, temp, pid file, the unpacked application, the stores' own files: of these the
    /// messages count), and the times of folders that hold what is saved without being saved.
    pub(super) fn fingerprint(&self) -> State {
        let messages = self.jms(&["list"]);
        let rest = self.rig_call("fingerprint", &[self.home()]);
        let holders = [
            "data/fs_plugin",
            "data/payloads",
            "data",
            "tomcat/bin",
            "tomcat/conf",
        ];
        let installed = rest.lines().map(|line| {
            let mut words: Vec<&str> = line.split(' ').collect();
            if words[0] == "folder" && holders.contains(&words[words.len() - 1]) {
                words[3] = "-";
            }
            words.join(" ")
        });
        State {
            messages: messages.lines().map(str::to_owned).collect(),
            installed: installed.collect(),
        }
    }

    /// One Tomcat, one database server, and nothing that a run left at work.
    pub(super) fn expect_processes(&self) {
        let all: Vec<_> = processes()
            .into_iter()
            .filter(|process| process.command.contains(self.home()))
            .collect();
        let is_tomcat = |command: &str| command.contains("org.apache.catalina.startup.Bootstrap");
        let tomcats = all.iter().filter(|one| is_tomcat(&one.command)).count();
        let databases = all
            .iter()
            .filter(|one| one.command.starts_with("mariadbd "))
            .count();
        assert_eq!((tomcats, databases, all.len()), (1, 1, 2), "{all:#?}");
    }
}

/// A state that can be compared.
pub(super) struct State {
    pub(super) messages: Vec<String>,
    pub(super) installed: Vec<String>,
}

impl State {
    /// Fails with the differences.
    pub(super) fn same(&self, after: &Self, what: &str) {
        lines(&self.messages, &after.messages, what);
        lines(&self.installed, &after.installed, what);
    }
}

fn lines(before: &[String], after: &[String], what: &str) {
    let missing: Vec<_> = before
        .iter()
        .filter(|line| !after.contains(line))
        .take(20)
        .collect();
    let more: Vec<_> = after
        .iter()
        .filter(|line| !before.contains(line))
        .take(20)
        .collect();
    assert!(
        missing.is_empty() && more.is_empty() && before.len() == after.len(),
        "{what}: {} lines became {}\nmissing: {missing:#?}\nmore: {more:#?}",
        before.len(),
        after.len()
    );
}
