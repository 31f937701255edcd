//! A simulated domain in a file, its WLST, and the surroundings of a step.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use upgrade_kit::adapter::weblogic::lint;
use upgrade_kit::adapter::{
    AnyAction, CheckContext, Failure, Finding, PreviewLine, Probe, StepContext,
};
use upgrade_kit::backup::{PartialSet, SealFacts, SealedSet, seal};
use upgrade_kit::event::{ArtifactRecord, Outcome, RunState};
use upgrade_kit::host::{Control, LocalHost, Masker, Secret};
use upgrade_kit::site::SecretRef;

use crate::stage::decode;

pub(crate) const PASSWORD: &str = "weblogic-Passw0rd";

/// The administrator's password.
pub(crate) fn password() -> String {
    // Java reads the environment in the locale of the tests.
    crate::planted::instead_of(PASSWORD, "ü")
}

/// A domain with everything around a step.
pub(crate) struct Domain {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) log: Arc<Mutex<Vec<u8>>>,
    control: Control,
    commands: Arc<Mutex<Vec<String>>>,
}

/// What the domain looks like at first: two servers in a cluster, a distributed queue, a plain queue
/// and a topic with two durable subscribers.
fn first() -> String {
    let queue = |name: &str, kind: &str, inner: &str| {
        format!("<destination name=\"{name}\" type=\"{kind}\">{inner}</destination>")
    };
    let send: String = (1..=5)
        .map(|n| {
            message(
                n,
                "visible",
                &format!("send {n} payload"),
                &text("payload <&> ]]> ä€𝄞"),
            )
        })
        .collect();
    let others = [
        message(
            11,
            "visible",
            "bytes",
            "<mes:Body><mes:Bytes>AAEC/w==</mes:Bytes></mes:Body>",
        ),
        message(12, "visible", "empty", "<mes:Body/>"),
        message(13, "delayed", "delayed", &text("wait for it")),
    ]
    .concat();
    let subscriber = |name: &str, inner: &str| {
        format!(
            "<subscriber clientId=\"c1\" name=\"{name}\" selector=\"a = 'b'\">{inner}</subscriber>"
        )
    };
    let kept = message(21, "visible", "event", &text("a command"));
    let topic = subscriber("one", &kept) + &subscriber("two", "");
    format!(
        "<domain name=\"domibus\" version=\"12.2.1.4.0\" adminServer=\"AdminServer\" next=\"1\" \
         url=\"t3://127.0.0.1:7001\" user=\"weblogic\" password=\"{}\">\
         <cluster name=\"cluster1\"><server name=\"ms1\"/><server name=\"ms2\"/></cluster>\
         <module name=\"eDelivery\"><uniformQueue name=\"Send\" jndi=\"jms/domibus.send\"/>\
         <queue name=\"Notify\" jndi=\"jms/domibus.notify\"/>\
         <topic name=\"Command\" jndi=\"jms/domibus.command\"/></module>\
         <app name=\"domibus\"><target name=\"cluster1\" state=\"STATE_ACTIVE\"/></app>\
         <server name=\"AdminServer\" state=\"RUNNING\"/>\
         <server name=\"ms1\" state=\"RUNNING\"><jmsServer name=\"JMS1\">{}{}{}\
         {}</jmsServer></server>\
         <server name=\"ms2\" state=\"RUNNING\"><jmsServer name=\"JMS2\">{}</jmsServer></server>\
         </domain>",
        escaped(&password()).replace('"', "&quot;"),
        queue("eDelivery!JMS1@Send", "Queue", &send),
        queue("eDelivery!Notify", "Queue", ""),
        queue("eDelivery!Command", "Topic", &topic),
        queue("other!Foreign", "Queue", ""),
        queue("eDelivery!JMS2@Send", "Queue", &others),
    )
}

/// A body of text.
pub(crate) fn text(content: &str) -> String {
    format!(
        "<mes:Body><mes:Text>{}</mes:Text></mes:Body>",
        escaped(content)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A message as the domain's file holds it.
pub(crate) fn message(number: u64, state: &str, correlation: &str, body: &str) -> String {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <mes:WLJMSMessage xmlns:mes=\"http://www.bea.com/WLS/JMS/Message\"><mes:Header>\
         <mes:JMSMessageID>ID:&lt;{number}.0&gt;</mes:JMSMessageID>\
         <mes:JMSDeliveryMode>PERSISTENT</mes:JMSDeliveryMode>\
         <mes:JMSExpiration>0</mes:JMSExpiration><mes:JMSPriority>4</mes:JMSPriority>\
         <mes:JMSTimestamp>1700000000000</mes:JMSTimestamp>\
         <mes:JMSCorrelationID>{}</mes:JMSCorrelationID>\
         <mes:Properties><mes:property name=\"MESSAGE_ID\"><mes:String>m-{number}@x</mes:String>\
         </mes:property></mes:Properties></mes:Header>{body}</mes:WLJMSMessage>",
        escaped(correlation)
    );
    format!(
        "<message handle=\"{number}\" state=\"{state}\">{}</message>",
        escaped(&xml)
    )
}

impl Domain {
    /// A fresh domain whose WLST is that Jython; `None` where the rig was not fetched.
    pub(crate) fn new(jython: &str) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        if !root.join(".cache/weblogic/built").exists() {
            let real = std::env::var_os("UPGRADE_KIT_REAL").is_some();
            assert!(
                !real,
                "UPGRADE_KIT_REAL is set and the WebLogic rig was not fetched"
            );
            println!("skipped: there is no Jython (tests/rig/fetch)");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().display();
        let wrapper = format!(
            "#!/bin/sh\nexport RIG_WEBLOGIC_WORLD='{path}/world.xml' RIG_WEBLOGIC_DOMAIN='{path}' RIG_WEBLOGIC_JYTHON={jython}\n\
             exec '{}/rig/weblogic/wlst.sh' \"$@\"\n",
            root.display()
        );
        std::fs::write(directory.path().join("wlst.sh"), wrapper).unwrap();
        set_mode(&directory.path().join("wlst.sh"), 0o755);
        std::fs::write(directory.path().join("world.xml"), first()).unwrap();
        let log: Arc<Mutex<Vec<u8>>> = Arc::default();
        let commands: Arc<Mutex<Vec<String>>> = Arc::default();
        let started = Arc::clone(&commands);
        let mut control = Control::unattended(Masker::default());
        control.log = Some(log.clone());
        control.on_tool = Box::new(move |tool| started.lock().unwrap().push(tool.command));
        Some(Self {
            directory,
            log,
            control,
            commands,
        })
    }

    /// One on each Jython.
    pub(crate) fn both() -> impl Iterator<Item = Self> {
        ["2.2.1", "2.7.3"].into_iter().filter_map(Self::new)
    }

    pub(crate) fn world(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("world.xml")).unwrap()
    }

    /// Changes the domain's file, which must hold `from`.
    pub(crate) fn change(&self, from: &str, to: &str) {
        let world = self.world();
        assert!(world.contains(from), "{from} is not there");
        std::fs::write(
            self.directory.path().join("world.xml"),
            world.replace(from, to),
        )
        .unwrap();
    }

    /// Makes the domain misbehave.
    pub(crate) fn fault(&self, attribute: &str) {
        self.change("<domain ", &format!("<domain {attribute} "));
    }

    /// Ends the misbehaviour.
    pub(crate) fn mend(&self, attribute: &str) {
        self.change(attribute, "");
    }

    /// Options with the connection, the module, the deployment's cluster.
    pub(crate) fn options(&self, more: Value) -> Value {
        let mut options = json!({
            "connection": {
                "wlst": self.directory.path().join("wlst.sh"),
                "url": "t3://127.0.0.1:7001",
                "user": "weblogic",
                "password": { "env": "WEBLOGIC_PASSWORD" },
            },
            "targets": ["cluster1"],
        });
        for (name, value) in more.as_object().unwrap() {
            options[name] = value.clone();
        }
        options
    }

    pub(crate) fn scratch(&self) -> PathBuf {
        self.directory.path().join("scratch")
    }

    /// Forgets what a step left: the next one is another step.
    pub(crate) fn next_step(&self) {
        _ = std::fs::remove_dir_all(self.scratch());
        self.commands.lock().unwrap().clear();
    }

    pub(crate) fn act<R>(
        &self,
        writing: Option<&PartialSet>,
        using: Option<&SealedSet>,
        act: impl FnOnce(&StepContext<'_>) -> R,
    ) -> R {
        let result = act(&StepContext {
            step: "a-step",
            host: &LocalHost,
            control: &self.control,
            progress: &|_| {},
            say: &|_| {},
            secret: &|reference| Ok(self.secret(reference)),
            scratch: &self.scratch(),
            run_directory: self.directory.path(),
            writing,
            using,
            state: &RunState::new,
        });
        self.judge_scripts();
        result
    }

    fn secret(&self, _: &SecretRef) -> Secret {
        let secret = Secret::new(password());
        self.control.masker.add(&secret);
        secret
    }

    /// Every script that was generated is one that both Jythons take, and holds no secret; nor does
    /// anything else in the step's directory, nor a command.
    fn judge_scripts(&self) {
        let Ok(entries) = std::fs::read_dir(self.scratch()) else {
            return;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let content = std::fs::read(&path).unwrap();
            let content = String::from_utf8_lossy(&content);
            assert!(!content.contains(&password()), "{}", path.display());
            if path.extension() == Some("py".as_ref()) {
                assert_eq!(lint(&content), [], "{}", path.display());
            }
        }
        for command in self.commands.lock().unwrap().iter() {
            assert!(!command.contains(&password()), "{command}");
        }
    }

    pub(crate) fn perform(&self, action: &str, more: Value) -> Result<Outcome, Failure> {
        let action = decode(action, &self.options(more));
        assert_eq!(action.validate(), Vec::<String>::new());
        self.act(None, None, |context| action.perform(context))
    }

    pub(crate) fn check(&self, action: &str, more: Value) -> Vec<Finding> {
        let action = decode(action, &self.options(more));
        action.check(&CheckContext {
            step: "a-step",
            host: &LocalHost,
            control: &self.control,
            secret: &|reference| Ok(self.secret(reference)),
            backups: self.directory.path(),
            using: None,
        })
    }

    /// Commands and scripts of the preview are those that ran.
    pub(crate) fn assert_shown(&self, action: &dyn AnyAction) {
        let ran: BTreeSet<String> = self.commands.lock().unwrap().drain(..).collect();
        let preview = action.preview();
        let shown: BTreeSet<String> = preview
            .iter()
            .filter_map(|line| match line {
                PreviewLine::Command(command) => Some(command.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(ran, shown);
        let lines: Vec<&str> = preview
            .iter()
            .filter_map(|line| match line {
                PreviewLine::Note(text) => text.strip_prefix("| "),
                _ => None,
            })
            .collect();
        let shown = lines.join("\n");
        for entry in std::fs::read_dir(self.scratch()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension() == Some("py".as_ref()) {
                let script = std::fs::read_to_string(&path).unwrap();
                let lines: Vec<_> = script
                    .lines()
                    .filter(|line| !line.trim().is_empty())
                    .collect();
                assert!(shown.contains(&lines.join("\n")), "{}", path.display());
            }
        }
    }

    /// How many messages the destination or subscriber of that name holds.
    pub(crate) fn holds(&self, name: &str) -> usize {
        let world = self.world();
        let document = roxmltree::Document::parse(&world).unwrap();
        let kinds = ["destination", "subscriber"];
        let mut nodes = document.descendants().filter(|node| {
            kinds.contains(&node.tag_name().name()) && node.attribute("name") == Some(name)
        });
        let node = nodes
            .next()
            .unwrap_or_else(|| panic!("nothing is named {name}"));
        node.children()
            .filter(|child| child.has_tag_name("message"))
            .count()
    }

    pub(crate) fn partial(&self, id: &str) -> PartialSet {
        PartialSet::create(&self.directory.path().join("backups"), id).unwrap()
    }

    pub(crate) fn seal(&self, set: &PartialSet, artifacts: Vec<ArtifactRecord>) -> SealedSet {
        let facts = SealFacts {
            site: "site".to_owned(),
            product: "domibus".to_owned(),
            versions: BTreeMap::new(),
            phase: "backup".to_owned(),
            scenario: "same-server".to_owned(),
            run: "run".to_owned(),
            plan: "0".repeat(64),
            window_opened: None,
            window_closed: None,
            tools: BTreeMap::new(),
            artifacts,
            site_yaml: Vec::new(),
            plan_json: b"{}".to_vec(),
        };
        seal(set, &facts).unwrap().set
    }

    pub(crate) fn probe(&self, action: &dyn AnyAction, using: &SealedSet) -> Probe {
        self.act(None, Some(using), |context| action.probe(context))
            .unwrap()
    }
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Everything that a failure says.
pub(crate) fn words(failure: &Failure) -> String {
    format!(
        "{} | {} | {:?}",
        failure,
        failure.0.causes.join(" | "),
        failure.0.hint
    )
}
