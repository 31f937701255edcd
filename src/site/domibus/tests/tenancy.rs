use super::*;

fn codes(found: &DomibusInstallation) -> Vec<&str> {
    found
        .domains
        .iter()
        .map(|domain| domain.code.as_str())
        .collect()
}

fn two_domains() -> Files {
    let main = MAIN.replace(
        "domibus.database.schema=domibus",
        "domibus.database.general.schema=general",
    );
    Files::plain()
        .conf(
            "domibus.properties",
            &format!(
                "{main}domibus.datasource.url=jdbc:mysql://${{domibus.database.serverName}}/${{domibus.database.general.schema}}\n\
                 domibus.attachment.storage.location=/global/payloads\n"
            ),
        )
        .conf(
            "domains/default/default-domibus.properties",
            "default.domibus.database.schema=first\ndefault.domibus.attachment.storage.location=/data/default\n",
        )
        .conf(
            "domains/red/red-domibus.properties",
            "red.domibus.database.schema=second\nred.domibus.earchive.storage.location=/data/archive\n",
        )
        .conf("domains/empty/readme.txt", "")
}

#[test]
fn domains_of_5() {
    let found = two_domains().jar("fs-plugin").found();
    assert!(found.multi_tenant);
    assert_eq!(codes(&found), ["default", "red"]);
    assert_eq!(found.database.schemas, ["general", "first", "second"]);
    assert_eq!(found.general_schema.as_deref(), Some("general"));
    assert_eq!(
        found.domains[0].payload_location,
        Some(path("/data/default"))
    );
    assert_eq!(found.domains[1].payload_location, None);
    assert_eq!(
        found.domains[1].earchive_location,
        Some(path("/data/archive"))
    );
    assert_eq!(
        found.domains[0].fs_plugin_location, None,
        "no fallback to the global folder"
    );
    assert_eq!(notes(&found, Severity::Warning), [""; 0]);
}

#[test]
fn an_address_with_the_schema_that_several_domains_leave_out() {
    let main = MAIN.replace(
        "domibus.database.schema=domibus",
        "domibus.database.general.schema=general",
    );
    let address =
        "domibus.datasource.url=jdbc:mysql://db:3307/${domibus.database.schema}?useSSL=false\n";
    let found = two_domains()
        .conf("domibus.properties", &format!("{main}{address}"))
        .found();
    assert_eq!(found.database.schemas, ["general", "first", "second"]);
    assert_eq!(found.database.host.as_deref(), Some("db"));
    assert_eq!(found.database.port, Some(3307));
}

#[test]
fn queues_of_domains_and_routing_rules() {
    let files = two_domains()
        .jar("jms-plugin")
        .conf(
            "plugins/config/jms-plugin.properties",
            "jmsplugin.queue.in.concurrency=5-20\njmsplugin.queue.out=general.out\n\
             jmsplugin.queue.out.routing.rule.1=Text\njmsplugin.queue.out.routing.rule.1.service=S\n\
             jmsplugin.queue.out.routing.rule.1.queue=general.out.one\n",
        )
        .conf(
            "plugins/config/domains/red/red-jms-plugin.properties",
            "red.jmsplugin.queue.out=red.out\n\
             red.jmsplugin.queue.producer.notification.error.routing.r2.queue=red.errors\n\
             red.jspugin.queue.reply=x\njmssplugin.queue.in=y\n",
        );
    let found = files.found();
    let queues: Vec<_> = found
        .queues
        .iter()
        .filter_map(|queue| {
            let place = queue.place.as_ref()?;
            Some((
                queue.name.as_str(),
                queue.domain.as_deref(),
                queue.rule.as_deref(),
                place.line,
            ))
        })
        .collect();
    assert_eq!(
        queues,
        [
            ("general.out", None, None, 2),
            ("general.out.one", None, Some("rule.1"), 5),
            ("red.out", Some("red"), None, 1),
            ("red.errors", Some("red"), Some("r2"), 2),
        ]
    );
    let warnings = notes(&found, Severity::Warning);
    assert_one(
        &warnings,
        &["red-jms-plugin.properties:3: red.jspugin.queue.reply has no effect"],
    );
    assert_one(
        &warnings,
        &["red-jms-plugin.properties:4: jmssplugin.queue.in has no effect"],
    );
    assert_eq!(warnings.len(), 2);
}

#[test]
fn domains_that_domibus_does_not_start_with() {
    let files = two_domains()
        .conf("domains/Blue/Blue-domibus.properties", "")
        .conf(
            "domains/green/other-domibus.properties",
            "green.domibus.database.schema=second\n",
        );
    let found = files.found();
    let refusals = notes(&found, Severity::Refuse);
    assert_one(&refusals, &["\"Blue\" is no domain code"]);
    assert_one(&refusals, &["without its file green-domibus.properties"]);
    assert_one(&refusals, &["the domain Blue has no database schema"]);
    assert_one(&refusals, &["the schema second is used twice"]);
    assert_eq!(refusals.len(), 4);
}

fn flat() -> Files {
    let main = "domibus.database.serverName=db
domibus.database.general.schema=general
domibus.datasource.xa.property.user=edelivery
domibus.datasource.xa.property.url=jdbc:mysql://${domibus.database.serverName}:3306/${domibus.database.general.schema}
domibus.work.location=/var/domibus
activeMQ.embedded.configurationFile=file:///${domibus.config.location}/internal/activemq.xml
";
    Files::default()
        .with("/opt/tomcat/bin/setenv.sh", SETENV)
        .conf("domibus.properties", main)
        .conf("internal/activemq.xml", BROKER)
        .conf("default-domibus.properties", "default.domibus.database.schema=first\n")
        .conf("red-domibus.properties", "red.domibus.database.schema=second\n")
        .conf("super-domibus.properties", "super.x=1\n")
        .conf(
            "plugins/config/fs-plugin.properties",
            "fsplugin.messages.location=/fs/main\nfsplugin.domains.red.messages.location=/fs/red\n\
             fsplugin.domains.BRIS.messages.location=/fs/bris\nfsplugin.domains.BRIS.messages.user=u\n",
        )
}

#[test]
fn domains_of_4() {
    let found = flat().found();
    assert_eq!(found.version_layout, VersionLayout::Flat4);
    assert_eq!(codes(&found), ["default", "red"]);
    assert_eq!(found.database.schemas, ["general", "first", "second"]);
    assert_eq!(found.database.user.as_deref(), Some("edelivery"));
    let local = |text: &str| Some(FsLocation::Local(path(text)));
    assert_eq!(found.domains[0].fs_plugin_location, local("/fs/main"));
    assert_eq!(found.domains[1].fs_plugin_location, local("/fs/red"));
    assert_eq!(
        found.further_fs_locations.get("BRIS").cloned(),
        local("/fs/bris")
    );
    assert_eq!(
        found.broker.transactions_dir,
        Some(path("/var/domibus/work/transactions"))
    );
    assert_eq!(found.queues, [], "no plugin has defaults in its jar in 4.x");
}

#[test]
fn traces_of_both_layouts() {
    let found = flat()
        .conf(
            "domains/red/red-domibus.properties",
            "red.domibus.database.schema=third\n",
        )
        .conf(
            "domibus.properties",
            &format!("{MAIN}domibus.datasource.xa.maxPoolSize=1\n"),
        );
    let found = found.found();
    assert_eq!(found.version_layout, VersionLayout::Domains5);
    assert_one(
        &notes(&found, Severity::Warning),
        &["default-domibus.properties: a trace of Domibus 4.x"],
    );
}
