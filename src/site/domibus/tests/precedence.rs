use super::*;

#[test]
fn start_options_win_over_files() {
    let files = Files::plain().setenv(
        "JAVA_OPTS=\"$JAVA_OPTS -Ddomibus.database.serverName=other -Ddomibus.work.location=$CATALINA_HOME\"\n\
         CATALINA_OPTS=\"-DactiveMQ.connectorPort=2199\"\n",
    );
    let found = files.found();
    assert_eq!(found.database.host.as_deref(), Some("other"));
    assert_eq!(found.work_location, path("/opt/tomcat"));
    assert_eq!(
        found.broker.kahadb_dir,
        Some(path("/opt/tomcat/work/kahadb"))
    );
    assert_eq!(found.broker.ports.jmx, Some(2199));
    let url = Files::plain()
        .main("domibus.datasource.url=jdbc:mysql://file/x\n")
        .setenv("JAVA_OPTS=\"$JAVA_OPTS -Ddomibus.datasource.url=jdbc:mysql://option/x\"\n");
    let found = url.found();
    assert_eq!(found.database.host.as_deref(), Some("option"));
    assert_one(
        &notes(&found, Severity::Info),
        &[
            "domibus.properties:5: domibus.datasource.url is overridden by a -D at",
            "setenv.sh:2",
        ],
    );
}

#[test]
fn later_files_win_and_plugin_defaults_come_between() {
    let files = Files::plain()
        .jar("fs-plugin")
        .main("domibus.database.serverName=second\nfsplugin.messages.location=/hidden\n");
    let found = files.found();
    assert_eq!(found.database.host.as_deref(), Some("second"));
    let location = FsLocation::Local(path("/home/domibus/fs_plugin_data/MAIN"));
    assert_eq!(found.domains[0].fs_plugin_location, Some(location));
    assert_one(
        &notes(&found, Severity::Warning),
        &[
            "domibus.properties:6",
            "fsplugin.messages.location has no effect here",
        ],
    );
    let set = files.conf(
        "plugins/config/fs-plugin.properties",
        "fsplugin.messages.location=file:///data/fs\n",
    );
    let location = FsLocation::Local(path("/data/fs"));
    assert_eq!(set.found().domains[0].fs_plugin_location, Some(location));
}

#[test]
fn all_layers_in_order() {
    let key = "domibus.database.serverName";
    let context = format!("<Context>\n<Parameter name=\"{key}\" value=\"context\"/>\n</Context>");
    let mut files = Files::plain();
    let host = |files: &Files, environment: &[(&str, &str)]| {
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let found = discover(files, &tomcat("/opt/tomcat"), &environment).unwrap();
        found.database.host.unwrap()
    };
    let variable = [("DOMIBUS_DATABASE_SERVERNAME", "variable")];
    assert_eq!(host(&files, &[]), "db.example");
    assert_eq!(host(&files, &variable), "variable");
    files = files.setenv("export domibus_database_serverName=exported\n");
    assert_eq!(host(&files, &[]), "exported");
    let outside = [("JAVA_OPTS", "-Ddomibus.database.serverName=unit")];
    assert_eq!(host(&files, &outside), "unit");
    files = files.with(
        "/opt/tomcat/conf/catalina.properties",
        &format!("{key}=catalina"),
    );
    assert_eq!(host(&files, &outside), "catalina");
    files = files.with("/opt/tomcat/conf/Catalina/localhost/domibus.xml", &context);
    assert_eq!(host(&files, &outside), "context");
}

#[test]
fn the_configuration_folder_from_a_context_parameter() {
    let web = "<web-app><context-param>\n<param-name>domibus.config.location</param-name>\
               <param-value>${catalina.base}/conf/domibus/</param-value></context-param></web-app>";
    let files = Files::plain()
        .with(
            "/opt/tomcat/bin/setenv.sh",
            "JAVA_OPTS=-Ddomibus.config.location=/nowhere",
        )
        .with("/opt/tomcat/conf/web.xml", web);
    assert_eq!(files.found().config_location, path(CONF));
}

#[test]
fn the_misspelled_option_is_taken_with_a_warning() {
    let files = Files::plain().with(
        "/opt/tomcat/bin/setenv.sh",
        "\nJAVA_OPTS=\"-Ddomibus.conf.location=$CATALINA_HOME/conf/domibus\"",
    );
    let found = files.found();
    assert_eq!(found.config_location, path(CONF));
    assert_one(
        &notes(&found, Severity::Warning),
        &["setenv.sh:2: -Ddomibus.conf.location is taken for -Ddomibus.config.location"],
    );
}

#[test]
fn the_base_may_differ_from_the_home() {
    let script = "JAVA_OPTS=-Ddomibus.config.location=$CATALINA_BASE/../tomcat/conf/domibus";
    let files = Files::plain().with("/opt/tomcat/bin/setenv.sh", "JAVA_OPTS=-Dunused=1");
    let environment = BTreeMap::from([("CATALINA_BASE".to_owned(), "/opt/node1".to_owned())]);
    assert!(discover(&files, &tomcat("/opt/tomcat"), &environment).is_err());
    let files = files.with("/opt/node1/bin/setenv.sh", script);
    let found = discover(&files, &tomcat("/opt/tomcat"), &environment).unwrap();
    assert_eq!(found.server_base, path("/opt/node1"));
    assert_eq!(found.config_location, path(CONF));
}

#[test]
fn nothing_is_guessed_from_a_script() {
    let conditional = Files::plain().setenv(
        "if [ -d /data ]; then\n  JAVA_OPTS=\"$JAVA_OPTS -Ddomibus.work.location=/data\"\nfi\n",
    );
    let problems = conditional.refused();
    assert_one(
        &problems,
        &["setenv.sh:3: the value of domibus.work.location is known only when"],
    );
    let unread = Files::plain()
        .setenv("[ -t 0 ] && JAVA_OPTS=\"$JAVA_OPTS -Dnot.asked.for=1\"\n. ./more.sh\n");
    let found = unread.found();
    assert_one(
        &notes(&found, Severity::Warning),
        &["setenv.sh:2", "condition", "JAVA_OPTS"],
    );
    assert_one(
        &notes(&found, Severity::Warning),
        &["setenv.sh:3", "text from elsewhere"],
    );
    let computed = Files::plain().with(
        "/opt/tomcat/bin/setenv.sh",
        "JAVA_OPTS=-Ddomibus.config.location=$(dirname $0)/../conf",
    );
    assert_one(
        &computed.refused(),
        &["setenv.sh:1", "domibus.config.location is known only when"],
    );
}

#[test]
fn all_problems_at_once() {
    let files = Files::plain()
        .main("domibus.work.location=${nowhere}/x\ndomibus.datasource.url=${a}\na=${b}\nb=x${a}\n")
        .conf(
            "plugins/config/fs-plugin.properties",
            "\nfsplugin.x=\\u12\n",
        );
    let problems = files.refused();
    assert_one(
        &problems,
        &[
            "domibus.properties:5",
            "the placeholder ${nowhere} has no value",
        ],
    );
    assert_one(
        &problems,
        &["domibus.properties:6", "in a circle: a → b → a"],
    );
    assert_one(
        &problems,
        &["fs-plugin.properties:2", "malformed \\u escape"],
    );
}

#[test]
fn what_is_missing_is_said() {
    assert_one(
        &Files::default().refused(),
        &[
            "no start option -Ddomibus.config.location was found",
            "service unit",
        ],
    );
    let empty = Files::default().with("/opt/tomcat/bin/setenv.sh", SETENV);
    assert_one(
        &empty.refused(),
        &["domibus.properties: there is no such file"],
    );
    let relative = Files::default().with(
        "/opt/tomcat/bin/setenv.sh",
        "JAVA_OPTS=-Ddomibus.config.location=conf",
    );
    assert_one(
        &relative.refused(),
        &["setenv.sh:1", "not an absolute path"],
    );
}

#[test]
fn files_of_impossible_size_are_refused() {
    let long = "#".repeat(1024 * 1024 + 1);
    let files = Files::plain().with("/opt/tomcat/bin/setenv.sh", &long);
    assert_one(&files.refused(), &["setenv.sh: larger than 1024 KiB"]);
    let files = Files::plain().main(&long.repeat(4));
    assert_one(
        &files.refused(),
        &["domibus.properties: larger than 4096 KiB"],
    );
}
