//! An installation on WebLogic for the proof: real Jython with stand-ins for WebLogic's beans, a process for
//! each server, a real MariaDB.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::kit::{Kit, command, names, processes};
use super::place::Place;
use super::real::State;
use crate::weblogic::home::write_scripts;
use crate::weblogic::rig::{PASSWORD, message, set_mode, text};

const SERVERS: [&str; 3] = ["AdminServer", "ms1", "ms2"];

/// The installation, its database server and the program.
pub(super) struct OnWeblogic {
    place: Place,
    pub(super) kit: Kit,
}

impl std::ops::Deref for OnWeblogic {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

impl OnWeblogic {
    /// A domain at work: its servers run, Domibus is active, messages wait.
    pub(super) fn start(jython: &str) -> Self {
        let real = Self::laid_out(jython);
        real.goes_to_work();
        real
    }

    /// A domain of which nothing runs.
    pub(super) fn laid_out(jython: &str) -> Self {
        let place = Place::new("upk-wl-");
        let mut real = Self {
            kit: Kit::new(&place.path(""), "weblogic"),
            place,
        };
        let password = ("WEBLOGIC_PASSWORD".to_owned(), PASSWORD.to_owned());
        real.kit.environment.push(password);
        real.start_database("0");
        real.rig("domibus-weblogic", &[real.home()]);
        real.write_password();
        real.lay_out_domain("domain", 7001, jython);
        fs::write(real.path("site.yaml"), real.site()).unwrap();
        real
    }

    pub(super) fn goes_to_work(&self) {
        self.start_servers();
        self.put_messages();
    }

    /// A second domain, `next`, that shares folders and database with the first.
    pub(super) fn lay_out_next(&self, jython: &str) {
        let made = "cd \"$0\" && cp -a domain next && sed -i 's,/domain,/next,g' next/bin/set*.sh && \
                    sed -i 's,<name>AdminServer</name>,&<listen-port>7101</listen-port>,' next/config/config.xml";
        let mut shell = command("sh");
        shell.args(["-c", made, self.home()]);
        assert!(shell.status().unwrap().success());
        self.lay_out_domain("next", 7101, jython);
        let target = "target:
  server:
    kind: weblogic
    home: next-oracle
    base: next
    weblogic: { user: weblogic, password: { env: WEBLOGIC_PASSWORD } }
  database: { kind: mysql, socket: mariadb/mysql.sock, user: domibus, password: { file: password } }
  share: [folders, database]
";
        fs::write(self.path("site.yaml"), self.site() + target).unwrap();
    }

    /// What plays WebLogic: its servers' scripts, its WLST, its state.
    pub(super) fn lay_out_domain(&self, domain: &str, port: u16, jython: &str) {
        let home = self.path(domain);
        write_scripts(&home);
        let wlst = self.path(&format!("{domain}-oracle/oracle_common/common/bin/wlst.sh"));
        fs::create_dir_all(wlst.parent().unwrap()).unwrap();
        let rig = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/weblogic/wlst.sh");
        let shown = home.display();
        let wrapper = format!(
            "#!/bin/sh\nexport RIG_WEBLOGIC_WORLD='{shown}/world.xml' RIG_WEBLOGIC_DOMAIN='{shown}' \
             RIG_WEBLOGIC_JYTHON={jython}\nexec '{}' \"$@\"\n",
            rig.display()
        );
        fs::write(&wlst, wrapper).unwrap();
        set_mode(&wlst, 0o755);
        let queue = |name: &str| format!("<destination name=\"eDelivery!{name}\" type=\"Queue\"/>");
        let world = format!(
            "<domain name=\"domibus\" version=\"14.1.1.0.0\" adminServer=\"AdminServer\" next=\"1000\" \
             url=\"t3://127.0.0.1:{port}\" user=\"weblogic\" password=\"{PASSWORD}\">\
             <cluster name=\"cluster1\"><server name=\"ms1\"/><server name=\"ms2\"/></cluster>\
             <module name=\"eDelivery\"><uniformQueue name=\"Send\" jndi=\"jms/domibus.internal.dispatch.queue\"/>\
             <queue name=\"Notify\" jndi=\"jms/domibus.notification.webservice\"/>\
             <topic name=\"Command\" jndi=\"jms/domibus.internal.command\"/></module>\
             <app name=\"domibus\"><target name=\"ms1\" state=\"\"/><target name=\"ms2\" state=\"\"/></app>\
             <server name=\"AdminServer\" state=\"SHUTDOWN\"/>\
             <server name=\"ms1\" state=\"SHUTDOWN\"><jmsServer name=\"JMS1\">{}{}\
             <destination name=\"eDelivery!Command\" type=\"Topic\">\
             <subscriber clientId=\"c1\" name=\"one\" selector=\"a = 'b'\"/></destination></jmsServer></server>\
             <server name=\"ms2\" state=\"SHUTDOWN\"><jmsServer name=\"JMS2\">{}</jmsServer></server></domain>",
            queue("JMS1@Send"),
            queue("Notify"),
            queue("JMS2@Send"),
        );
        fs::write(home.join("world.xml"), world).unwrap();
    }

    pub(super) fn site(&self) -> String {
        r#"site: weblogic
product: domibus
server:
  kind: weblogic
  home: domain-oracle
  base: domain
  weblogic:
    user: weblogic
    password: { env: WEBLOGIC_PASSWORD }
database:
  kind: mysql
  socket: mariadb/mysql.sock
  user: domibus
  password: { file: password }
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
"#
        .to_owned()
    }

    /// As an operator starts them.
    pub(super) fn start_servers(&self) {
        for server in SERVERS {
            let script = if server == "AdminServer" {
                "startWebLogic.sh"
            } else {
                "startManagedWebLogic.sh"
            };
            let start = "setsid \"$0\" \"$1\" >/dev/null 2>&1 &";
            let mut shell = command("sh");
            shell
                .args(["-c", start])
                .arg(self.path("domain/bin").join(script));
            assert!(shell.arg(server).status().unwrap().success());
        }
        let begun = Instant::now();
        while self.world().matches("state=\"RUNNING\"").count() < SERVERS.len() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{}",
                self.world()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(super) fn world(&self) -> String {
        self.world_of("domain")
    }

    pub(super) fn world_of(&self, domain: &str) -> String {
        // It is replaced as a whole, and looked at until there is one.
        loop {
            if let Ok(world) = fs::read_to_string(self.path(domain).join("world.xml")) {
                return world;
            }
        }
    }

    pub(super) fn change_world(&self, change: impl Fn(&str) -> String) {
        let new = self.path("domain/world.new");
        fs::write(&new, change(&self.world())).unwrap();
        fs::rename(new, self.path("domain/world.xml")).unwrap();
    }

    /// Puts messages into a destination, numbered from there.
    pub(super) fn put(
        &self,
        destination: &str,
        numbers: std::ops::Range<u64>,
        state: &str,
        body: &str,
    ) {
        let mut messages = String::new();
        for number in numbers {
            let correlation = format!("<{number}> & ä€𝄞");
            write!(messages, "{}", message(number, state, &correlation, body)).unwrap();
        }
        self.change_world(|world| {
            let name = world.find(&format!("name=\"{destination}\"")).unwrap();
            let start = world[..name].rfind('<').unwrap();
            let end = start + world[start..].find('>').unwrap();
            let (head, rest) = (&world[..end], &world[end + 1..]);
            match head.strip_suffix('/').or_else(|| head.strip_suffix(" /")) {
                Some(open) => {
                    let kind = if open[start..].starts_with("<sub") {
                        "subscriber"
                    } else {
                        "destination"
                    };
                    format!("{open}>{messages}</{kind}>{rest}")
                }
                None => format!("{head}>{messages}{rest}"),
            }
        });
    }

    pub(super) fn put_messages(&self) {
        self.put(
            "eDelivery!JMS1@Send",
            1..121,
            "visible",
            &text("payload <&> ]]> ä€𝄞"),
        );
        self.put(
            "eDelivery!JMS2@Send",
            201..281,
            "visible",
            &text(&"x".repeat(3000)),
        );
        let bytes = "<mes:Body><mes:Bytes>AAEC/w==</mes:Bytes></mes:Body>";
        self.put("eDelivery!Notify", 301..331, "visible", bytes);
        self.put("eDelivery!Notify", 331..336, "delayed", "<mes:Body/>");
        self.put("one", 401..404, "visible", &text("a command"));
    }

    /// What Domibus has received since the last call: destination, number, hash of all but the id.
    pub(super) fn received(&self) -> Vec<String> {
        self.received_in("domain")
    }

    pub(super) fn received_in(&self, domain: &str) -> Vec<String> {
        let log = self.path(domain).join("delivered.log");
        let text = fs::read_to_string(&log).unwrap_or_default();
        _ = fs::remove_file(log);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        // Each destination keeps its order; servers are at work beside each other.
        lines.sort_by(|one, other| one.split(' ').next().cmp(&other.split(' ').next()));
        lines
    }

    /// The messages of the subscriber, which nobody receives, by what they say.
    pub(super) fn subscribed(&self) -> Vec<String> {
        let world = self.world();
        let document = roxmltree::Document::parse(&world).unwrap();
        let kept = document.descendants().filter(|node| {
            node.has_tag_name("message") && node.parent().unwrap().has_tag_name("subscriber")
        });
        kept.map(|node| content(node.text().unwrap())).collect()
    }

    /// One process a server, one database server, and nothing that a run left at work.
    pub(super) fn expect_processes(&self) {
        let all: Vec<_> = processes()
            .into_iter()
            .filter(|process| process.command.contains(self.home()))
            .collect();
        let count = |part: &str| all.iter().filter(|one| one.command.contains(part)).count();
        let servers = count("-Dweblogic.Name=");
        assert_eq!(
            (servers, count("mariadbd "), all.len()),
            (3, 1, 4),
            "{all:#?}"
        );
    }

    pub(super) fn assert_version(&self, version: &str) {
        self.expect_processes();
        self.assert_schemas(version);
        let archive = |path: &Path| fs::read(path).unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR"));
        let shipped = shipped.join(format!("tests/.cache/domibus-{version}.war"));
        assert_eq!(
            archive(&self.path("domain/deploy/domibus-weblogic.war")),
            archive(&shipped)
        );
        let plugins = names(&self.path("domain/conf/domibus/plugins/lib"));
        let suffix = format!("-{version}.jar");
        assert!(
            plugins.iter().all(|name| name.ends_with(&suffix)),
            "{plugins:?}"
        );
        assert!(
            self.world().matches("state=\"STATE_ACTIVE\"").count() == 2,
            "{}",
            self.world()
        );
        for left in ["config.xml.upgrade-kit-held", "config.xml.upgrade-kit-new"] {
            assert!(!self.path("domain").join(left).exists(), "{left}");
        }
    }

    /// Where the application was replaced, nothing that a server had made of the other one is left.
    pub(super) fn expect_nothing_staged(&self) {
        for server in ["ms1", "ms2"] {
            let made = format!("domain/servers/{server}/stage/domibus");
            assert!(!self.path(&made).exists(), "{made}");
        }
    }

    pub(super) fn expect_refusal_of_a_wrong_password(&mut self) {
        let right = std::mem::take(&mut self.kit.environment);
        let wrong = ("WEBLOGIC_PASSWORD".to_owned(), "Wrong-Passw0rd".to_owned());
        self.kit.environment.push(wrong);
        for command in [&["check", "backup"][..], &["backup"][..]] {
            let ended = self.kit.call(command);
            assert_eq!(ended.code, Some(4), "{}", ended.text);
            let said = "User failed to be authenticated";
            assert!(ended.text.contains(said), "{}", ended.text);
            assert!(!ended.text.contains("Wrong-Passw0rd"), "{}", ended.text);
        }
        self.kit.environment = right;
    }

    /// What a new version in production does to all that was saved.
    pub(super) fn damage(&self) {
        self.put(
            "eDelivery!JMS1@Send",
            501..541,
            "visible",
            &text("of the new version"),
        );
        self.put(
            "eDelivery!Notify",
            541..544,
            "delayed",
            &text("of the new version"),
        );
        let one = regex::Regex::new("(?s)(<subscriber [^>]*>)<message .*?</message>").unwrap();
        self.change_world(|world| one.replace(world, "$1").into_owned());
        let schemas = self.schemas();
        let (general, tenant) = (&schemas[0], &schemas[1]);
        self.sql(&format!(
            "CREATE TABLE {general}.TB_NEW (A INT); SET foreign_key_checks = 0; \
             DELETE FROM {tenant}.TB_USER_MESSAGE LIMIT 100; DROP VIEW {tenant}.V_AUDIT"
        ));
        let write = |path: &str, text: &str| fs::write(self.path(path), text).unwrap();
        write("data/fs_plugin/default/OUT/new", "new");
        write("data/fs_plugin/default/OUT/linked-1", "no longer the same");
        fs::remove_dir_all(self.path("data/payloads/default")).unwrap();
        write("domain/conf/domibus/logback.xml", "<changed/>");
        // The way back must not depend on what has become of the startup arguments.
        write("domain/bin/setUserOverrides.sh", "exit 1\n");
        write("domain/config/jdbc/eDeliveryDs-jdbc.xml", "<broken");
    }

    pub(super) fn state(&self, messages: Vec<String>) -> State {
        State {
            messages,
            installed: self.place.fingerprint(),
        }
    }
}

/// Every text of a message but its id.
fn content(message: &str) -> String {
    let document = roxmltree::Document::parse(message).unwrap();
    let texts = document.descendants().filter(|node| node.is_text());
    let kept = texts.filter(|text| text.parent().unwrap().tag_name().name() != "JMSMessageID");
    let texts: Vec<&str> = kept.filter_map(|text| text.text()).collect();
    texts.join("|")
}
