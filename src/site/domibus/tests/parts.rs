use super::*;

fn conf(path: &str) -> PathBuf {
    Path::new(CONF).join(path)
}

#[test]
fn a_broker_outside() {
    let main = MAIN.replace("activeMQ.embedded.configurationFile=file", "#");
    for content in [
        main,
        format!("{MAIN}activeMQ.embedded.configurationFile=\n"),
    ] {
        let found = Files::plain().conf("domibus.properties", &content).found();
        assert!(!found.broker.embedded);
        assert_eq!(found.broker.kahadb_dir, None);
        assert_one(
            &notes(&found, Severity::Refuse),
            &["the broker runs outside of Domibus"],
        );
    }
}

#[test]
fn unusual_brokers() {
    let broker = |from: &str, to: &str| {
        assert!(BROKER.contains(from), "{from}");
        Files::plain().conf("internal/activemq.xml", &BROKER.replace(from, to))
    };
    let found = broker("useJmx=\"true\"", "useJmx=\"${activeMQ.jmx.active:false}\"").found();
    assert_eq!(found.broker.ports.jmx, None);
    let found = broker("schedulerSupport=\"true\"", "").found();
    assert_eq!(found.broker.scheduler_dir, None);
    let found = broker("\"${activeMQ.brokerName}\"", "\"node 1\"").found();
    let scheduler = conf("work/activemq_data/node#201/scheduler");
    assert_eq!(found.broker.scheduler_dir, Some(scheduler));
    let found = broker("${activeMQ.persistent}", "false").found();
    assert!(!found.broker.persistent);
    assert_one(
        &notes(&found, Severity::Warning),
        &["activemq.xml:5", "keeps no messages on disk"],
    );
    let found = broker("<kahaDB directory", "<mKahaDB directory").found();
    assert_eq!(found.broker.kahadb_dir, None);
    assert_one(
        &notes(&found, Severity::Refuse),
        &["activemq.xml:15", "not in one KahaDB"],
    );
    let found = broker(
        "ignore-unresolvable",
        "location=\"file:/x\" ignore-unresolvable",
    )
    .found();
    assert_one(
        &notes(&found, Severity::Refuse),
        &["activemq.xml:4", "from another file"],
    );
}

#[test]
fn unreadable_brokers() {
    let broken = Files::plain().conf("internal/activemq.xml", "<beans>\n<broker>\n</beans>");
    assert_one(
        &broken.refused(),
        &["activemq.xml:3", "not a readable broker configuration"],
    );
    let typed = format!(
        "<!DOCTYPE x [<!ENTITY y 'z'>]>{}",
        &BROKER[BROKER.find("<spring").unwrap()..]
    );
    let typed = Files::plain().conf("internal/activemq.xml", &typed);
    assert_one(&typed.refused(), &["not a readable broker configuration"]);
    let missing = Files::plain().main("activeMQ.embedded.configurationFile=file:/x.xml\n");
    assert_one(
        &missing.refused(),
        &[
            "domibus.properties:5",
            "leads to /x.xml, which cannot be read",
        ],
    );
    let inside =
        Files::plain().main("activeMQ.embedded.configurationFile=classpath:activemq.xml\n");
    assert_one(
        &inside.refused(),
        &["domibus.properties:5", "no file: address"],
    );
    let unknown = BROKER.replace("${activeMQ.connectorPort}", "${activeMQ.jmx.port}");
    let unknown = Files::plain().conf("internal/activemq.xml", &unknown);
    assert_one(
        &unknown.refused(),
        &["activemq.xml:9: connectorPort: the placeholder ${activeMQ.jmx.port}"],
    );
}

#[test]
fn data_inside_the_configuration_folder_is_left_out_of_it() {
    let files = Files::plain().jar("fs-plugin").main(
        "domibus.attachment.storage.location=${domibus.config.location}/payloads\n\
         domibus.earchive.storage.location=/data/archive\n\
         domibus.work.location=${domibus.config.location}/broker\n\
         domibus.datasource.url=jdbc:h2:file:${domibus.config.location}/h2/domibus;MODE=MySQL\n",
    );
    let files = files.conf(
        "plugins/config/fs-plugin.properties",
        &format!("fsplugin.messages.location={CONF}/payloads/fs"),
    );
    let found = files.found();
    assert_eq!(found.database.kind, DatabaseKind::H2);
    assert_eq!(found.database.h2_file, Some(conf("h2/domibus.mv.db")));
    let expected = [
        "broker/temp",
        "broker/work/activemq_data",
        "broker/work/kahadb",
        "h2/domibus.mv.db",
        "payloads",
        "temp",
        "work",
    ];
    assert_eq!(found.exclude_from_config, expected.map(conf));
    assert_one(
        &notes(&found, Severity::Warning),
        &["FS plugin folder of default is inside the payload folder"],
    );
    let around = Files::plain()
        .main("domibus.attachment.storage.location=/opt/tomcat\n")
        .found();
    assert_one(
        &notes(&around, Severity::Refuse),
        &["payload folder of default holds the configuration folder"],
    );
}

#[test]
fn left_over_broker_data_is_noticed() {
    let files = Files::plain().main("domibus.work.location=/var/domibus\n");
    assert_eq!(notes(&files.found(), Severity::Warning), [""; 0]);
    let found = files.conf("work/kahadb/db-1.log", "").found();
    assert_one(
        &notes(&found, Severity::Warning),
        &["conf/domibus/work: broker data lies here"],
    );
    assert_eq!(found.exclude_from_config, ["temp", "work"].map(conf));
}

#[test]
fn keys_of_encrypted_passwords() {
    let keys = |found: &DomibusInstallation| -> Vec<(PathBuf, bool)> {
        let folders = found.encryption_key_dirs.iter();
        folders
            .map(|folder| (folder.path.clone(), folder.saved_with_config))
            .collect()
    };
    let files = Files::plain()
        .main("domibus.datasource.password=ENC(abc=)\n")
        .conf("internal/encrypt/encrypted.key", "");
    let found = files.found();
    assert!(found.database.password_encrypted);
    assert_eq!(keys(&found), [(conf("internal/encrypt"), true)]);
    for (location, path, saved) in [
        ("/etc/domibus/keys", "/etc/domibus/keys", false),
        (
            "${domibus.config.location}/work/keys",
            "/opt/tomcat/conf/domibus/work/keys",
            false,
        ),
    ] {
        let found = Files::plain().main(&format!(
            "domibus.password.encryption.active=true\ndomibus.password.encryption.key.location={location}\n"
        ));
        assert_eq!(keys(&found.found()), [(PathBuf::from(path), saved)]);
    }
}

#[test]
fn folders_that_cannot_be_saved() {
    let found = Files::plain()
        .jar("fs-plugin")
        .main("domibus.attachment.storage.location=payloads\n")
        .conf(
            "plugins/config/fs-plugin.properties",
            "\nfsplugin.messages.location=smb://host/share\n",
        )
        .found();
    assert_eq!(found.domains[0].payload_location, None);
    let refusals = notes(&found, Severity::Refuse);
    assert_one(
        &refusals,
        &[
            "domibus.properties:5",
            "\"payloads\", which is not an absolute path",
        ],
    );
    assert_one(
        &refusals,
        &["fs-plugin.properties:2", "on another machine (smb)"],
    );
}

#[test]
fn oracle_and_disagreeing_schemas() {
    let main = MAIN.replace("domibus.database.schema=domibus\n", "");
    let oracle = Files::plain().conf(
        "domibus.properties",
        &format!("{main}domibus.datasource.url=jdbc:oracle:thin:@${{domibus.database.serverName}}:1521/XE\ndomibus.datasource.user=edelivery\n"),
    );
    let found = oracle.found();
    assert_eq!(found.database.kind, DatabaseKind::Oracle);
    assert_eq!(found.database.schemas, ["edelivery"]);
    let found = Files::plain()
        .main("domibus.datasource.url=jdbc:mysql://db/real\n")
        .found();
    assert_eq!(found.database.schemas, ["real"]);
    assert_one(
        &notes(&found, Severity::Warning),
        &["domibus.database.schema is domibus", "leads to real"],
    );
}

#[test]
fn small_things_are_said() {
    let found = Files::plain()
        .main("domibus.work.location=/data \ndomibus.deployment.clustered=true\ndomibus.quartz.datasource.url=jdbc:mysql://q/x\n# \u{e9}\n")
        .found();
    let warnings = notes(&found, Severity::Warning);
    assert_one(&warnings, &["domibus.properties:5", "ends with a blank"]);
    assert_one(
        &warnings,
        &["domibus.properties:6", "one node of a cluster"],
    );
    assert_one(
        &warnings,
        &["domibus.properties:7", "scheduler has a database address"],
    );
}
