//! A real installation on WildFly: its embedded Artemis, its data source on MariaDB.

use std::time::Duration;

use super::kit::{Kit, Moment, command, names, processes};
use super::place::Place;
use super::random::Random;
use super::real::{State, is_wanted};
use super::sets;

/// What the rig's WildFly is.
const VERSION: &str = "26.1.3.Final";

/// The installation, its database server and the program.
struct OnWildfly {
    place: Place,
    kit: Kit,
}

impl std::ops::Deref for OnWildfly {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

impl OnWildfly {
    /// Starts a database and WildFly, and fills the queues.
    fn start() -> Self {
        let place = Place::new("upk-wf-");
        let real = Self {
            kit: Kit::new(&place.path(""), "wildfly"),
            place,
        };
        real.start_database("0");
        real.rig("domibus-wildfly", &[real.home(), VERSION]);
        real.write_password();
        std::fs::write(real.path("site.yaml"), real.site()).unwrap();
        real.rig("wildfly", &["start", real.home()]);
        real.fill_queues();
        // Of a message that waits for its time, a broker shows that time only until it is started again.
        real.rig("wildfly", &["stop", real.home()]);
        real.rig("wildfly", &["start", real.home()]);
        real
    }

    fn site(&self) -> String {
        format!(
            r#"site: wildfly
product: domibus
server:
  kind: wildfly
  home: wildfly
  stop_grace: 90s
  health: {{ url: "{}", status: [200], wait: 90s }}
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

    /// In words of the rig's client; queues by the name of their resource.
    fn jms(&self, words: &str) -> String {
        let words = words.replace("Domibus", "jms.queue.Domibus");
        let words: Vec<&str> = words.split(' ').collect();
        self.rig(
            "wildfly",
            &[&["jms", self.home()], words.as_slice()].concat(),
        )
    }

    /// Thousands of messages: small ones, ones with a file of their own, a queue that has gone to pages,
    /// ones that wait for their time, ones that were given back.
    fn fill_queues(&self) {
        self.jms("send DomibusSendMessageQueue 900 3000");
        self.jms("send DomibusBusinessMessageOutQueue 900 1000");
        self.jms("send DomibusNotifyBackendWebServiceQueue 800 20000");
        self.jms("send DomibusDLQ 20 400000");
        self.jms("vary DomibusBusinessMessageInQueue 200");
        self.jms("schedule DomibusEArchiveNotificationQueue 150 86400");
        self.jms("nack DomibusBusinessMessageOutQueue 100");
        let pages = names(&self.path("wildfly/standalone/data/activemq/paging"));
        assert_eq!(pages.len(), 1, "nothing has gone to pages");
        let large = names(&self.path("wildfly/standalone/data/activemq/largemessages"));
        assert!(large.len() >= 20, "{large:?}");
    }

    /// Every message with id, body hash and all properties; every file with mode, owner, time and hash;
    /// every table's checksum, every definition.
    fn fingerprint(&self) -> State {
        let mut messages: Vec<String> = self.jms("list").lines().map(str::to_owned).collect();
        messages.extend(self.jms("contents").lines().map(str::to_owned));
        State {
            messages,
            installed: self.place.fingerprint(),
        }
    }

    /// One WildFly with the shell around it, one database server, and nothing that a run left at work.
    fn expect_processes(&self) {
        let all: Vec<_> = processes()
            .into_iter()
            .filter(|process| process.command.contains(self.home()))
            .collect();
        let count = |part: &str| all.iter().filter(|one| one.command.contains(part)).count();
        let java = count("-D[Standalone]");
        let shells = count("/bin/standalone.sh");
        let databases = count("mariadbd ");
        assert_eq!(
            (java, shells, databases, all.len()),
            (1, 1, 1, 3),
            "{all:#?}"
        );
    }

    fn assert_version(&self, version: &str) {
        self.expect_processes();
        self.assert_schemas(version);
        let answer = command("curl")
            .args(["-s", "-m", "20"])
            .arg(self.value("url"))
            .output();
        assert_eq!(
            String::from_utf8_lossy(&answer.unwrap().stdout).trim(),
            version
        );
        let plugins = names(&self.path("wildfly/conf/domibus/plugins/lib"));
        let suffix = format!("-{version}.jar");
        assert!(
            plugins.iter().all(|name| name.ends_with(&suffix)),
            "{plugins:?}"
        );
        let test = "/subsystem=datasources/data-source=eDeliveryMysqlDS:test-connection-in-pool";
        let tested = self.rig("wildfly", &["cli", self.home(), test]);
        assert!(tested.contains("\"outcome\" => \"success\""), "{tested}");
    }

    /// What a new version in production does to all that was saved, and worse.
    fn damage(&self) {
        self.jms("consume DomibusBusinessMessageOutQueue 250");
        self.jms("consume DomibusNotifyBackendWebServiceQueue 300");
        self.jms("consume DomibusDLQ 5");
        self.jms("send DomibusPullMessageQueue 40");
        self.jms("schedule DomibusEArchiveNotificationQueue 5 86400");
        let schemas = self.schemas();
        let general = &schemas[0];
        self.sql(&format!("CREATE TABLE {general}.TB_NEW (A INT)"));
        let tenant = &schemas[1];
        self.sql(&format!(
            "SET foreign_key_checks = 0; DELETE FROM {tenant}.TB_USER_MESSAGE LIMIT 100; DROP VIEW {tenant}.V_AUDIT"
        ));
        let write = |path: &str, text: &str| std::fs::write(self.path(path), text).unwrap();
        write("data/fs_plugin/default/OUT/new", "new");
        write("data/fs_plugin/default/OUT/linked-1", "no longer the same");
        std::fs::remove_dir_all(self.path("data/payloads/default")).unwrap();
        write("wildfly/conf/domibus/logback.xml", "<changed/>");
        // The way back must not depend on what has become of the configuration.
        write(
            "wildfly/standalone/configuration/standalone-full.xml",
            "<broken",
        );
        write("wildfly/bin/standalone.conf", "exit 1\n");
    }
}

#[test]
fn an_installation_on_wildfly_comes_back_exactly() {
    if !is_wanted("an installation on WildFly") {
        return;
    }
    let real = OnWildfly::start();
    let before = real.fingerprint();
    real.kit.succeed(&["backup", "--scenario", "same-server"]);
    let set = real.kit.newest_set();
    sets::check(&real.kit, &set);
    real.kit
        .succeed(&["upgrade", "--scenario", "same-server", "--yes"]);
    real.assert_version("5.1.1");
    real.damage();
    let restore = [
        "restore",
        "--scenario",
        "same-server",
        "--yes",
        "--from",
        &set,
    ];
    real.kit.succeed(&restore);
    real.assert_version("5.1.0");
    before.same(&real.fingerprint(), "after the restore");
    sets::check(&real.kit, &set);
    sets::check(&real.kit, &real.kit.newest_set());
    sets::no_remnants(&real.kit);
    let lines = before.messages.len() + before.installed.len();
    println!("WildFly {VERSION}: {lines} lines of state equal");
}

/// Kills of one phase, in order: the step, the longest delay from its start in milliseconds.
type Kills = &'static [(&'static str, u64)];

const BACKUP: Kills = &[("stop-server", 2000), ("copy-artemis", 1500), ("seal", 60)];
/// Not beside `migrate-database`: what a cut-off migration asks for is tested on Tomcat.
const UPGRADE: Kills = &[("check-artemis-queues", 300), ("start-server", 8000)];
const RESTORE: Kills = &[
    ("safety-artemis", 1500),
    ("restore-database", 900),
    ("restore-artemis", 1000),
    ("restore-artemis", 2500),
    ("start-server", 8000),
    ("discard-replaced", 50),
];

#[test]
fn kills_in_every_phase_on_wildfly_leave_no_trace() {
    if !is_wanted("kills on WildFly") {
        return;
    }
    let mut random = Random::of("WildFly", 12);
    let mut real = OnWildfly::start();
    let before = real.fingerprint();
    through(&mut real, &["backup"], BACKUP, &mut random);
    let set = real.kit.newest_set();
    sets::check(&real.kit, &set);
    sets::no_remnants(&real.kit);
    through(&mut real, &["upgrade", "--yes"], UPGRADE, &mut random);
    real.assert_version("5.1.1");
    real.jms("consume DomibusDLQ 5");
    let restore = ["restore", "--yes", "--from", &set];
    through(&mut real, &restore, RESTORE, &mut random);
    real.assert_version("5.1.0");
    before.same(&real.fingerprint(), "after a restore with kills");
    sets::no_remnants(&real.kit);
    println!("WildFly {VERSION}: {} kills", real.kit.kills);
    // Up to 11; a moment near the end of a short step may come too late.
    assert!(real.kit.kills >= 4, "only {} kills", real.kit.kills);
}

fn through(real: &mut OnWildfly, phase: &[&str], kills: Kills, random: &mut Random) {
    real.kit.through(phase, |kill| {
        let (step, longest) = *kills.get(kill)?;
        let delay = random.moment(Duration::from_millis(longest));
        Some((Moment::InStep(step, delay), random.coin()))
    });
}
