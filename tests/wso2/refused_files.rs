//! Homes and configuration files that cannot be worked with: what an operator reads then, whole.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use insta::assert_snapshot;

use super::databases;
use super::world::{H2, World, shown};

const CONF: &str = "new/repository/conf";

/// What `check upgrade` finds; nothing is stopped by it.
fn checked(world: &World) -> String {
    world
        .sandbox
        .write("old/repository/database/WSO2CARBON_DB.mv.db", "a database");
    let said = world
        .sandbox
        .run(&["check", "upgrade", "--scenario", "carbon"]);
    assert_eq!(said.code(), 4, "{said}");
    shown(world, &said.both())
}

#[test]
fn homes_that_are_not_there() {
    let world = World::new(H2);
    let script = world.sandbox.path("old/bin/wso2server.sh");
    fs::set_permissions(script, fs::Permissions::from_mode(0o644)).unwrap();
    for home in ["node2", "new"] {
        let port = world.sandbox.read(&format!("{home}/port"));
        fs::remove_dir_all(world.sandbox.path(home)).unwrap();
        // Only so that the test can read it.
        world.sandbox.write(&format!("{home}/port"), &port);
    }
    assert_snapshot!(checked(&world), @r#"
    REFUSED  stop-server[old]: the program `[SITE]/old/bin/wso2server.sh` may not be executed
             to do: give it the right to be (chmod +x), or correct its path in the site file
    REFUSED  stop-server[node2]: the program `[SITE]/node2/bin/wso2server.sh` was not found
             to do: install it, or name its path in the site file
    REFUSED  stop-new-server: the program `[SITE]/new/bin/wso2server.sh` was not found
             to do: install it, or name its path in the site file
    REFUSED  connect-datasource: [SITE]/new/repository/conf/datasources/master-datasources.xml does not exist
             to do: check the product's home in the site, and the file there
    REFUSED  connect-user-management: [SITE]/new/repository/conf/user-mgt.xml does not exist
             to do: check the product's home in the site, and the file there
    REFUSED  connect-registry: [SITE]/new/repository/conf/registry.xml does not exist
             to do: check the product's home in the site, and the file there
    REFUSED  carry-super-tenant: [SITE]/new/repository/deployment does not exist
             to do: correct the path, or make the directory
    REFUSED  carry-super-tenant: [SITE]/new/repository/deployment/server does not exist
             to do: unpack the release there, or correct the path
    REFUSED  carry-tenants: [SITE]/new/repository does not exist
             to do: correct the path, or make the directory
    REFUSED  start-server: the program `[SITE]/new/bin/wso2server.sh` was not found
             to do: install it, or name its path in the site file

    10 things stand in the way
    "#);
}

#[test]
fn xml_files_that_are_not_there_or_are_none() {
    let world = World::new(H2);
    let path = |name: &str| world.sandbox.path(CONF).join(name);
    fs::remove_file(path("datasources/master-datasources.xml")).unwrap();
    fs::remove_file(path("user-mgt.xml")).unwrap();
    fs::create_dir(path("user-mgt.xml")).unwrap();
    fs::write(
        path("registry.xml"),
        "<wso2registry>\n  <dbConfig>\n</wso2registry>\n",
    )
    .unwrap();
    world.start("old");
    assert_snapshot!(checked(&world), @r#"
    REFUSED  connect-datasource: [SITE]/new/repository/conf/datasources/master-datasources.xml does not exist
             to do: check the product's home in the site, and the file there
    REFUSED  connect-user-management: [SITE]/new/repository/conf/user-mgt.xml is no file
             to do: check the product's home in the site, and the file there
    REFUSED  connect-registry: [SITE]/new/repository/conf/registry.xml cannot be edited: line 3, column 1: expected 'dbConfig' tag, not 'wso2registry'
             to do: correct the file, or what the site and its runbook say of it
    info     stop-server[old]: process [PID] (sh) runs, process [PID] (python3) runs, port <port of old> is open
    info     stop-server[node2]: the server does not run
    info     stop-new-server: the server does not run

    3 things stand in the way
    "#);
    assert!(world.runs("old"));
}

#[test]
fn xml_files_that_say_something_else() {
    let world = World::new(H2);
    let path = |name: &str| world.sandbox.path(CONF).join(name);
    world.sandbox.change(
        &format!("{CONF}/datasources/master-datasources.xml"),
        "            <name>WSO2_CARBON_DB</name>",
        "            <name>OTHER</name>",
    );
    fs::write(path("user-mgt.xml"), b"<UserManager>\xe9</UserManager>").unwrap();
    fs::write(path("registry.xml"), "\n").unwrap();
    assert_snapshot!(checked(&world), @r#"
    REFUSED  connect-datasource: [SITE]/new/repository/conf/datasources/master-datasources.xml cannot be edited:
               datasources-configuration/datasources/datasource[name='WSO2_CARBON_DB']/jndiConfig/name: there is no such element
               datasources-configuration/datasources/datasource[name='WSO2_CARBON_DB']/definition/configuration/url: there is no such element
               datasources-configuration/datasources/datasource[name='WSO2_CARBON_DB']/definition/configuration/driverClassName: there is no such element
             to do: correct the file, or what the site and its runbook say of it
    REFUSED  connect-user-management: [SITE]/new/repository/conf/user-mgt.xml is not in UTF-8
             to do: convert it, or edit it by hand and disable this step with a reason
    REFUSED  connect-registry: [SITE]/new/repository/conf/registry.xml cannot be edited: it has no element
             to do: correct the file, or what the site and its runbook say of it
    info     stop-server[old]: the server does not run
    info     stop-server[node2]: the server does not run
    info     stop-new-server: the server does not run

    3 things stand in the way
    "#);
}

/// In bounded time and memory, whatever stands in the files.
#[test]
fn xml_files_that_would_do_harm() {
    let world = World::new(H2);
    let path = |name: &str| world.sandbox.path(CONF).join(name);
    let large = fs::File::create(path("datasources/master-datasources.xml")).unwrap();
    large.set_len(100 << 20).unwrap();
    let deep = 1_000_000;
    let nested = "<a>".repeat(deep) + &"</a>".repeat(deep);
    let text = format!("<UserManager>{nested}</UserManager>");
    fs::write(path("user-mgt.xml"), text).unwrap();
    let laughs = "<!DOCTYPE wso2registry [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;\">]>\n\
                  <wso2registry><dbConfig name='wso2registry'><dataSource>&b;</dataSource></dbConfig>\
                  </wso2registry>";
    fs::write(path("registry.xml"), laughs).unwrap();
    let begun = Instant::now();
    let check = "ulimit -v 1000000; exec \"$KIT\" check upgrade --scenario carbon";
    let said = world.sandbox.shell(check);
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert_snapshot!(shown(&world, &said.both()), @r#"
    REFUSED  connect-datasource: [SITE]/new/repository/conf/datasources/master-datasources.xml is no configuration file: it has 100.00 MiB, and more than 16.00 MiB are not read
             to do: check the product's home in the site, and the file there
    REFUSED  connect-user-management: [SITE]/new/repository/conf/user-mgt.xml cannot be edited: UserManager/Realm/Configuration/Property[@name='dataSource']: there is no such element
             to do: correct the file, or what the site and its runbook say of it
    REFUSED  connect-registry: [SITE]/new/repository/conf/registry.xml cannot be edited: it has a document type declaration (<!DOCTYPE …>), whose entities could stand for anything; such a file is not read
             to do: correct the file, or what the site and its runbook say of it
    info     stop-server[old]: the server does not run
    info     stop-server[node2]: the server does not run
    info     stop-new-server: the server does not run

    3 things stand in the way
    "#);
}

#[test]
fn a_password_in_the_secure_vault_is_not_overwritten() {
    let Some(database) = databases::h2("carbon", "mv.db") else {
        return;
    };
    let world = databases::world(&database);
    world.sandbox.change(
        &format!("{CONF}/datasources/master-datasources.xml"),
        "<password>wso2carbon",
        "<password svns:secretAlias=\"Datasources.WSO2_CARBON_DB.Configuration.Password\">wso2carbon",
    );
    let said = world
        .sandbox
        .run(&["check", "upgrade", "--scenario", "carbon"]);
    assert_eq!(said.code(), 4, "{said}");
    assert_snapshot!(shown(&world, &said.both()), @r#"
    REFUSED  connect-datasource: [SITE]/new/repository/conf/datasources/master-datasources.xml cannot be edited: datasources-configuration/datasources/datasource[name='WSO2_CARBON_DB']/definition/configuration/password: its value is in the secure vault (`secretAlias`): put the new one there, and take the attribute off or this change out of the runbook
             to do: correct the file, or what the site and its runbook say of it
    info     stop-server[old]: the server does not run
    info     stop-server[node2]: the server does not run
    info     stop-new-server: the server does not run
    info     connect-user-management: [SITE]/new/repository/conf/user-mgt.xml will change:
               6 - <Property name="dataSource">jdbc/OldCarbonDB</Property>
               6 + <Property name="dataSource">jdbc/WSO2CarbonDB</Property>
    info     connect-registry: [SITE]/new/repository/conf/registry.xml will change:
               6 - <dataSource>jdbc/OldCarbonDB</dataSource>
               6 + <dataSource>jdbc/WSO2CarbonDB</dataSource>

    1 thing stands in the way
    "#);
}
