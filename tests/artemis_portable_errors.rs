//! What an operator reads when WildFly's exporter or importer does not do what it reports.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use upgrade_kit::adapter::{Failure, registry};
use upgrade_kit::backup::{PartialSet, SealedSet, VerifyWatch};
use upgrade_kit::event::{ArtifactRecord, Level, Outcome};
use upgrade_kit::host::scripted::{Play, ScriptedHost};

use crate::broker_stores::copy;
use crate::tree_world::{Step, World, sha256};

/// The whole failure as text; the world's place is left out.
fn told(world: &World, failure: &Failure) -> String {
    let place = world.directory.path().to_string_lossy().into_owned();
    crate::stage::told(failure).replace(&place, "WORLD")
}

fn message(id: i64, queue: &str, property: &str, body: &str) -> String {
    format!(
        "<message id=\"{id}\" priority=\"4\" expiration=\"0\" timestamp=\"1\" type=\"text\"><properties>\
         <property name=\"p\" value=\"{property}\" type=\"string\"/></properties>\
         <queues><queue name=\"{queue}\"/></queues>{body}</message>\n"
    )
}

const BODY: &str = "<body>\n<![CDATA[QUJD]]></body>";

fn export(messages: &[String]) -> String {
    format!(
        "\n<activemq-journal>\n<bindings></bindings>\n<messages>\n{}</messages>\n</activemq-journal>",
        messages.concat()
    )
}

/// What a client prints that has done all that it was given: an answer for each of four operations.
const EXPORTED: &str = "{\"outcome\" : \"success\"}\n{\"outcome\" : \"success\"}\n\
                        {\"outcome\" : \"success\"}\n{\"outcome\" : \"success\"}\n";

/// An exporter that ends well and writes that.
fn exporter(text: &str) -> ScriptedHost {
    let text = text.to_owned();
    let write = move |call: &upgrade_kit::host::scripted::Call| {
        let directory = call.invocation.directory.clone().unwrap();
        let stores = directory.join("instance/data/activemq");
        fs::write(stores.join("journal-20261128-dump.xml"), &text).unwrap();
    };
    let play = Play::of("jboss-cli.sh").with("--file=export.cli");
    ScriptedHost::new().expect(play.prints(EXPORTED).does(write))
}

/// The copied stores of a real broker, and what an export of them by that exporter comes to.
fn exported(host: &ScriptedHost) -> String {
    let mut world = World::new();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/artemis/2.44.0");
    copy(&fixture, &world.path("data"));
    let set = PartialSet::create(&world.backups(), "set-1").unwrap();
    let stores = json!({
        "journal": world.path("data/journal"), "bindings": world.path("data/bindings"),
        "paging": world.path("data/paging"), "large_messages": world.path("data/large-messages"),
        "artifact": "jms",
    });
    let options = json!({"home": "/opt/wildfly", "copy": "jms", "artifact": "jms-export"});
    let export = Step::new("export", "artemis.export", &options).writing(&set);
    let early = world.perform(&export).unwrap_err();
    assert_eq!(
        early.to_string(),
        "no step of this run has copied the stores as `jms`"
    );
    let copied = world.perform(&Step::new("copy", "artemis.backup", &stores).writing(&set));
    world.done("copy", &copied.unwrap());
    let failure = world.perform_on(host, &export).unwrap_err();
    host.assert_finished();
    told(&world, &failure)
}

#[test]
fn an_export_that_is_cut_short() {
    let whole = export(&[message(1, "q", "x", BODY)]);
    let cut = &whole[..whole.find("</message>").unwrap()];
    insta::assert_snapshot!(exported(&exporter(cut)), @r#"
    Verification: WildFly reported success, but its export is none: WORLD/run/steps/export/instance/data/activemq/journal-20261128-dump.xml: byte 256: the export is cut short: it ends within <activemq-journal/messages/message>
      hint: the step's log says what the exporter met; the copy of the stores in the set holds all messages, and a newer WildFly (`home`) may export them
    "#);
}

#[test]
fn an_export_with_a_line_of_a_log_in_it() {
    let whole = export(&[message(1, "q", "x", BODY)]);
    let text = whole.replace("<messages>", "AMQ222038: Starting paging\n<messages>");
    insta::assert_snapshot!(exported(&exporter(&text)), @r#"
    Verification: WildFly reported success, but its export is none: WORLD/run/steps/export/instance/data/activemq/journal-20261128-dump.xml: byte 42: there is text between the elements
      hint: the step's log says what the exporter met; the copy of the stores in the set holds all messages, and a newer WildFly (`home`) may export them
    "#);
}

#[test]
fn an_export_that_does_not_hold_the_messages() {
    let text = export(&[message(1, "journal.queue", "x", BODY)]);
    insta::assert_snapshot!(exported(&exporter(&text)), @r#"
    Verification: WildFly reported success, but its export does not hold the messages of the stores: queue journal.queue: 1 message in the export, 32 in the store
      because: queue large.queue: 0 messages in the export, 1 in the store
      because: queue paged.large: 0 messages in the export, 131 in the store
      because: queue paged.queue: 0 messages in the export, 90 in the store
      because: queue retried.queue: 0 messages in the export, 9 in the store
      hint: the copy of the stores in the set holds all messages; export with a newer WildFly (`home`)
    "#);
}

#[test]
fn an_exporter_that_fails() {
    let answer = "{\n    \"outcome\" : \"failed\",\n    \"failure-description\" : \"WFLYMSGAMQ0083: no\",\n    \
                  \"rolled-back\" : true\n}\n";
    let play = Play::of("jboss-cli.sh").prints(answer).exits(1);
    insta::assert_snapshot!(exported(&ScriptedHost::new().expect(play)), @r#"
    Tool: WildFly could not export the messages
      because: WFLYMSGAMQ0083: no
      command: JBOSS_HOME=/opt/wildfly /opt/wildfly/bin/jboss-cli.sh -Djboss.server.base.dir=instance --file=export.cli --output-json
      ended: exit code 1
      hint: the step's log says what the exporter met; the copy of the stores in the set holds all messages, and a newer WildFly (`home`) may export them
    "#);
    let silent = Play::of("jboss-cli.sh").prints(EXPORTED);
    insta::assert_snapshot!(exported(&ScriptedHost::new().expect(silent)), @r#"
    Verification: WildFly reported success and wrote 0 exports instead of one
      command: JBOSS_HOME=/opt/wildfly /opt/wildfly/bin/jboss-cli.sh -Djboss.server.base.dir=instance --file=export.cli --output-json
      hint: the step's log says what the exporter met; the copy of the stores in the set holds all messages, and a newer WildFly (`home`) may export them
    "#);
}

#[test]
fn an_exporter_whose_answers_are_cut() {
    let half = Play::of("jboss-cli.sh").prints(&EXPORTED[..EXPORTED.len() / 2]);
    insta::assert_snapshot!(exported(&ScriptedHost::new().expect(half)), @r#"
    Verification: WildFly could not export the messages: jboss-cli ended well, with 2 of 4 answers
      command: JBOSS_HOME=/opt/wildfly /opt/wildfly/bin/jboss-cli.sh -Djboss.server.base.dir=instance --file=export.cli --output-json
      hint: the step's log says what the exporter met; the copy of the stores in the set holds all messages, and a newer WildFly (`home`) may export them
    "#);
}

/// A set with an export of three messages of q, as the step would have written it.
fn set_with(world: &mut World, text: &str) -> SealedSet {
    use std::io::Write;
    let set = PartialSet::create(&world.backups(), "set-1").unwrap();
    let mut writer = set.compressed("jms-export/messages.xml.zst").unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    let file = writer.finish().unwrap().file;
    let details = json!({
        "export_format": 1, "messages": 3, "mended": 0, "by_hand": [],
        "queues": {"q": {"messages": 3, "large": 0, "ids_sha256": sha256(b"1\n2\n3\n")}},
    });
    let artifact = ArtifactRecord {
        name: "jms-export".to_owned(),
        kind: "artemis-export".to_owned(),
        files: vec![file],
        source: "/data/journal".to_owned(),
        source_bytes: 1,
        level: Level::L3,
        details,
    };
    let outcome = Outcome {
        artifacts: vec![artifact],
        ..Outcome::default()
    };
    world.done("export", &outcome);
    world.sealed(&set)
}

fn three() -> String {
    export(&[1, 2, 3].map(|id| message(id, "q", "x", BODY)))
}

fn answer(result: Value) -> String {
    format!("{}\n", json!({"outcome": "success", "result": result}))
}

/// What a server with that queue says.
fn counts(mode: &str, queue: &str, messages: u64, consumers: u64) -> String {
    let of_queue = |number: u64| {
        let address = json!([{"runtime-queue": queue}]);
        answer(json!([{"address": address, "outcome": "success", "result": number}]))
    };
    [
        answer(json!(mode)),
        answer(json!("running")),
        answer(json!([{"outcome": "success", "result": "read-attribute"}])),
        of_queue(messages),
        of_queue(consumers),
    ]
    .concat()
}

fn counting(printed: String) -> Play {
    Play::of("jboss-cli.sh")
        .with("runtime-queue")
        .prints(printed)
}

fn importing() -> Play {
    Play::of("jboss-cli.sh").with("import-journal")
}

struct Import {
    world: World,
    set: SealedSet,
}

impl Import {
    fn new() -> Self {
        let mut world = World::new();
        fs::create_dir(world.path("tmp")).unwrap();
        let set = set_with(&mut world, &three());
        Self { world, set }
    }

    fn perform(&self, host: &ScriptedHost) -> Result<Outcome, Failure> {
        let options = json!({
            "home": "/opt/wildfly", "artifact": "jms-export", "staging": self.world.path("tmp"),
        });
        let step = Step::new("import", "artemis.import", &options).using(&self.set);
        let outcome = self.world.perform_on(host, &step);
        host.assert_finished();
        assert!(!self.world.path("tmp/upgrade-kit-import.xml").exists());
        outcome
    }

    fn fails(&self, host: &ScriptedHost) -> String {
        told(&self.world, &self.perform(host).unwrap_err())
    }
}

#[test]
fn a_server_that_is_not_in_the_state_for_an_import() {
    let import = Import::new();
    let refused = |printed: String| import.fails(&ScriptedHost::new().expect(counting(printed)));
    let text = [
        refused(counts("ADMIN_ONLY", "q", 0, 0)),
        refused(counts("NORMAL", "other", 0, 0)),
        refused(counts("NORMAL", "q", 0, 2)),
        refused(counts("NORMAL", "q", 3, 0)),
        refused("no JSON\n".to_owned()),
    ];
    insta::assert_snapshot!(text.concat(), @r#"
    Refused: the server runs in the mode ADMIN_ONLY, in which its broker is off and counts nothing
      hint: `jboss-cli.sh --connect --command=':reload(start-mode=normal)'`, then resume the run
    Refused: the server has no queue q
      hint: nothing may put or take messages during the import: undeploy the application, and make its queues by its own script; then resume the run
    Refused: queue q has 2 consumers: what is imported would be taken at once
      hint: nothing may put or take messages during the import: undeploy the application, and make its queues by its own script; then resume the run
    Refused: queue q holds 3 messages already
      hint: messages are imported into empty queues only: an import must not be repeated; find out whose they are, empty the queues, then resume the run
    Verification: jboss-cli gives an answer that is not understood
      command: JBOSS_HOME=/opt/wildfly /opt/wildfly/bin/jboss-cli.sh --connect --timeout=60000 --output-json '--commands=:read-attribute(name=running-mode),:read-attribute(name=server-state),/core-service=management/service=management-operations/active-operation=*:read-attribute(name=operation),/subsystem=messaging-activemq/server=default/runtime-queue=*:read-attribute(name=message-count),/subsystem=messaging-activemq/server=default/runtime-queue=*:read-attribute(name=consumer-count)'
      hint: look whether the server has the messaging subsystem with the server `default`, then resume the run
    "#);
    let away = Play::of("jboss-cli.sh")
        .complains("Failed to connect to the controller\n")
        .exits(1);
    insta::assert_snapshot!(import.fails(&ScriptedHost::new().expect(away)), @r#"
    Tool: the server does not tell what its queues hold
      said: Failed to connect to the controller
      command: JBOSS_HOME=/opt/wildfly /opt/wildfly/bin/jboss-cli.sh --connect --timeout=60000 --output-json '--commands=:read-attribute(name=running-mode),:read-attribute(name=server-state),/core-service=management/service=management-operations/active-operation=*:read-attribute(name=operation),/subsystem=messaging-activemq/server=default/runtime-queue=*:read-attribute(name=message-count),/subsystem=messaging-activemq/server=default/runtime-queue=*:read-attribute(name=consumer-count)'
      ended: exit code 1
      hint: start the server, without the application, then resume the run
    "#);
    assert!(!import.world.path("run/steps/import/import.json").exists());
}

/// Reports a failure, and has imported two messages; the next attempt gives it the third.
#[test]
fn an_import_that_fails_half_way_is_gone_on_with() {
    let import = Import::new();
    let failed = "{\"outcome\" : \"failed\", \"failure-description\" : \"AMQ219013: Timed out\", \
                  \"rolled-back\" : true}\n";
    let host = ScriptedHost::new()
        .expect(counting(counts("NORMAL", "q", 0, 0)))
        .expect(importing().prints(failed).exits(1));
    insta::assert_snapshot!(import.fails(&host), @r#"
    Tool: the server could not import the messages
      because: AMQ219013: Timed out
      command: JBOSS_HOME=/opt/wildfly /opt/wildfly/bin/jboss-cli.sh --connect --timeout=60000 --output-json '--command=/subsystem=messaging-activemq/server=default:import-journal(file="WORLD/tmp/upgrade-kit-import.xml")'
      ended: exit code 1
      hint: the server keeps what it has imported; remove the cause (its log names it), then resume the run: it goes on after what is there
    "#);
    let staged = import.world.path("tmp/upgrade-kit-import.xml");
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let look = move |_: &upgrade_kit::host::scripted::Call| {
        let text = fs::read_to_string(&staged).unwrap();
        assert!(text.contains("id=\"3\""), "{text}");
        count.store(text.matches("<message ").count(), Ordering::SeqCst);
    };
    let host = ScriptedHost::new()
        .expect(counting(counts("NORMAL", "q", 2, 0)))
        .expect(
            importing()
                .prints("{\"outcome\" : \"success\"}\n")
                .does(look),
        )
        .expect(counting(counts("NORMAL", "q", 3, 0)));
    let outcome = import.perform(&host).unwrap();
    assert_eq!(seen.load(Ordering::SeqCst), 1);
    assert_eq!(
        outcome.summary,
        "3 messages as in the export, 1 of them imported now"
    );
}

#[test]
fn an_importer_that_reports_more_than_it_did() {
    let import = Import::new();
    let host = ScriptedHost::new()
        .expect(counting(counts("NORMAL", "q", 0, 0)))
        .expect(importing().prints("{\"outcome\" : \"success\"}\n"))
        .expect(counting(counts("NORMAL", "q", 2, 0)));
    let less = import.fails(&host);
    let host = ScriptedHost::new().expect(counting(counts("NORMAL", "q", 6, 0)));
    let more = import.fails(&host);
    insta::assert_snapshot!([less, more].concat(), @r#"
    Verification: 2 of 3 messages are there after the import, although the server reported success
      hint: look at the server's log, then resume the run: it goes on after what is there
    NeedsOperator: queue q holds 6 messages, the export has 3
      hint: an import would double or lose messages: compare the queues with the export in the backup set; empty them (`jms-queue=…:remove-messages()`) to import all of it anew, then resume the run
    "#);
}

/// Hashes that were made over a damaged export are right; what it holds is not.
#[test]
fn a_set_with_an_export_that_is_not_the_recorded_one() {
    let mut world = World::new();
    let set = set_with(
        &mut world,
        &export(&[1, 2].map(|id| message(id, "q", "x", BODY))),
    );
    let found = set
        .verify(Level::L3, registry::FORMAT_CHECKS, &VerifyWatch::none())
        .unwrap();
    let problems: Vec<String> = found
        .problems
        .iter()
        .map(|one| format!("{one:?}"))
        .collect();
    assert!(
        problems[0].contains("its messages of queue q are not the recorded ones"),
        "{problems:?}"
    );
    fs::create_dir(world.path("tmp")).unwrap();
    let import = Import { world, set };
    insta::assert_snapshot!(import.fails(&ScriptedHost::new()), @r#"
    DamagedSet: jms-export/messages.xml.zst of the backup set is damaged: its messages of queue q are not the recorded ones
      hint: nothing was imported: use another backup set
    "#);
}
