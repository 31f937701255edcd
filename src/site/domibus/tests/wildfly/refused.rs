//! Brokers that cannot be saved and configurations that cannot be read.

use super::*;

#[test]
fn a_broker_that_cannot_be_saved() {
    let refusal = |files: Files, parts: &[&str]| {
        let found = files.wildfly_found();
        assert_one(&notes(&found, Severity::Refuse), parts);
        found
    };
    let at = "standalone-full.xml:";
    let server =
        |more: &str| Files::wildfly().xml("<http-acceptor", &format!("{more}\n<http-acceptor"));
    refusal(
        server("<journal datasource=\"jmsDs\"/>"),
        &["standalone-full.xml:24", "keeps its messages in a database"],
    );
    let found = refusal(
        Files::wildfly().xml("domain:messaging-activemq:", "domain:other:"),
        &[at, "no subsystem messaging-activemq"],
    );
    assert!(!found.broker.embedded);
    refusal(
        Files::wildfly().xml("<server name=\"default\">", "<server name=\"mine\">"),
        &["standalone-full.xml:22", "no server named default"],
    );
    let found = server("")
        .xml(
            "<server name=\"default\">",
            "<server name=\"default\" persistence-enabled=\"false\">",
        )
        .wildfly_found();
    assert!(!found.broker.persistent);
    assert_one(
        &notes(&found, Severity::Warning),
        &[at, "keeps no messages on disk"],
    );
    let found = Files::wildfly()
        .xml(
            "<object-store",
            "<jdbc-store datasource-jndi-name=\"java:/x\"/><object-store",
        )
        .wildfly_found();
    assert_eq!(found.broker.transactions_dir, None);
    assert_one(
        &notes(&found, Severity::Warning),
        &[at, "log of distributed transactions in a database"],
    );
    refusal(
        Files::wildfly().xml("scan-interval=\"5000\"", "auto-deploy-zipped=\"false\""),
        &[at, "does not deploy an archive by itself"],
    );
    refusal(
        Files::wildfly().xml(
            "  <interfaces>",
            "<deployments><deployment name=\"domibus.war\" runtime-name=\"x.war\"/></deployments><interfaces>",
        ),
        &[at, "domibus.war was deployed by management"],
    );
}

#[test]
fn broken_configurations_are_refused_with_their_line() {
    let broken = |files: Files, parts: &[&str]| assert_one(&files.wildfly_refused(), parts);
    let whole = |content: &str| Files::wildfly().with(XML, content);
    broken(
        whole("<server>\n</x>"),
        &["standalone-full.xml:2: not a readable server configuration"],
    );
    broken(whole(""), &["standalone-full.xml:1: not a readable"]);
    // What else is wrong is found all the same.
    let further = whole("").with("/opt/wildfly/conf/domibus/domibus.properties", "a=\\u12");
    broken(further, &["domibus.properties:1"]);
    let entity = CONFIGURATION.replace(
        "<server xmlns",
        "<!DOCTYPE s [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>\n<server xmlns",
    );
    broken(whole(&entity), &["not a readable server configuration"]);
    broken(
        whole("<domain xmlns=\"urn:jboss:domain:19.0\"/>"),
        &[
            "standalone-full.xml:1: begins with <domain>",
            "server.configuration_file",
        ],
    );
    let binary = String::from_utf8_lossy(&[b'<', 0xff]).into_owned();
    broken(whole(&binary), &["not a readable server configuration"]);
    let mut files = Files::wildfly();
    files.0.insert(path(XML), vec![b'<', 0xff, 0xfe]);
    broken(files, &["standalone-full.xml: not UTF-8"]);
    let mut files =
        Files::wildfly().with("/opt/wildfly/standalone/configuration/standalone.xml", "");
    files.0.remove(Path::new(XML));
    broken(
        files,
        &[
            "standalone-full.xml: there is no such file",
            "there are standalone.xml",
        ],
    );
    broken(
        Files::wildfly().xml("java:/jdbc/cipaeDeliveryDs", "java:/jdbc/other"),
        &["standalone-full.xml: no data source has the JNDI name java:/jdbc/cipaeDeliveryDs"],
    );
    broken(
        Files::wildfly().xml("${env.DB_HOST:db.example}", "${db.host}"),
        &["standalone-full.xml:13: connection-url: the placeholder ${db.host} has no value"],
    );
}

#[test]
fn all_problems_of_a_configuration_at_once() {
    let xml = CONFIGURATION
        .replace("${jboss.http.port:8080}", "eighty")
        .replace("port-offset=\"${jboss.socket.binding.port-offset:0}\"", "port-offset=\"60000\"")
        .replace("${env.DB_HOST:db.example}", "${db.host}")
        .replace("<http-acceptor", "<journal-directory path=\"j\" relative-to=\"nowhere\"/><bindings-directory path=\"${b}\"/><http-acceptor");
    let problems = Files::wildfly().with(XML, &xml).wildfly_refused();
    for parts in [
        ["standalone-full.xml:42", "port is \"eighty\""],
        [
            "standalone-full.xml:43",
            "8443 with the offset 60000 is no port",
        ],
        ["standalone-full.xml:13", "${db.host}"],
        [
            "standalone-full.xml:24",
            "relative-to names the path \"nowhere\"",
        ],
        ["standalone-full.xml:24", "${b}"],
    ] {
        assert_one(&problems, &parts);
    }
    let around = CONFIGURATION.replace(
        "  <management>",
        "<paths><path name=\"a\" path=\"x\" relative-to=\"b\"/><path name=\"b\" path=\"y\" relative-to=\"a\"/></paths><management>",
    );
    let around = around.replace(
        "<http-acceptor",
        "<journal-directory path=\"j\" relative-to=\"a\"/><http-acceptor",
    );
    let problems = Files::wildfly().with(XML, &around).wildfly_refused();
    assert_one(&problems, &["relative-to names the path"]);
}
