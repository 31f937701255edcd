//! A site for each combination: files that discovery reads, and nothing that runs.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// The parts of a WildFly configuration that say where Domibus keeps what.
const STANDALONE_FULL: &str = include_str!("standalone-full.xml");

/// Kinds of application server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    Tomcat,
    Wildfly,
}

/// Kinds of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Database {
    Mysql,
    Oracle,
}

/// One of all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Combination {
    server: Server,
    database: Database,
    tenants: bool,
    new_server: bool,
    new_configuration: bool,
    /// Messages are imported into the new server, not copied.
    imports: bool,
}

/// A directory with a `site.yaml`, removed when it is dropped.
pub(super) struct Place(tempfile::TempDir);

impl std::ops::Deref for Place {
    type Target = Path;

    fn deref(&self) -> &Path {
        self.0.path()
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tomcat => "tomcat",
            Self::Wildfly => "wildfly",
        })
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mysql => "mysql",
            Self::Oracle => "oracle",
        })
    }
}

impl Combination {
    pub(super) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for server in [Server::Tomcat, Server::Wildfly] {
            for database in [Database::Mysql, Database::Oracle] {
                for tenants in [false, true] {
                    for new_server in [false, true] {
                        for new_configuration in [false, true] {
                            all.push(Self {
                                server,
                                database,
                                tenants,
                                new_server,
                                new_configuration,
                                imports: false,
                            });
                        }
                    }
                }
            }
        }
        all.push(Self {
            server: Server::Wildfly,
            database: Database::Mysql,
            tenants: false,
            new_server: true,
            new_configuration: true,
            imports: true,
        });
        all
    }

    pub(super) fn scenario(self) -> &'static str {
        if self.new_server {
            "new-server"
        } else {
            "same-server"
        }
    }

    pub(super) fn name(self) -> String {
        let tenancy = if self.tenants { "tenants" } else { "single" };
        let location = if self.new_configuration {
            "new-configuration"
        } else {
            "original-configuration"
        };
        let (server, database) = (self.server, self.database);
        let imports = if self.imports { "-import" } else { "" };
        format!(
            "{server}-{database}-{tenancy}-{}-{location}{imports}",
            self.scenario()
        )
    }

    /// Writes the installations and the site.
    pub(super) fn lay_out(self) -> Place {
        let place = tempfile::Builder::new()
            .prefix("upgrade-kit-")
            .tempdir()
            .unwrap();
        let root = place.path();
        let present = Installation {
            combination: self,
            home: root.join("present"),
            configuration: root.join("present/conf/domibus"),
            database: "present",
        };
        present.write();
        let mut site = format!(
            "site: combination\nproduct: domibus\nserver:\n{}database:\n{}installation:\n  version: 5.1.0\n",
            self.server_section("present", "  "),
            self.database_section("  "),
        );
        site.push_str("upgrade:\n  to: 5.1.1\n  scripts:\n    general: [general.sql]\n    domain: [domain.sql]\n");
        if self.new_server {
            let shares = !self.new_configuration;
            let next = Installation {
                combination: self,
                home: root.join("next"),
                configuration: if shares {
                    present.configuration.clone()
                } else {
                    root.join("next/conf/domibus")
                },
                database: if shares { "present" } else { "next" },
            };
            next.write();
            site.push_str(&format!(
                "target:\n  server:\n{}  database:\n{}",
                self.server_section("next", "    "),
                self.database_section("    "),
            ));
            if self.imports {
                site.push_str("  messages: export\n");
            }
            if shares {
                site.push_str("  share: [configuration, stores, folders, database]\n");
            }
        } else if self.new_configuration {
            let next = Installation {
                configuration: root.join("next"),
                ..present
            };
            next.write_configuration();
            let leads_to = root.join("present/conf/domibus-5.1.1");
            write(&root.join("start"), &next.startup(&leads_to));
            site.push_str(
                "  config: next\n  config_location: present/conf/domibus-5.1.1\n  startup_arguments: start\n",
            );
        } else {
            site.push_str("  config: next\n  plugins: next-plugins\n  war: new.war\n");
        }
        write(&root.join("site.yaml"), &site);
        Place(place)
    }

    fn server_section(self, home: &str, indent: &str) -> String {
        let server = self.server;
        format!("{indent}kind: {server}\n{indent}home: {home}\n{indent}ports: [8080]\n")
    }

    fn database_section(self, indent: &str) -> String {
        let password = "password: { env: DATABASE_PASSWORD }";
        match self.database {
            Database::Mysql => format!(
                "{indent}user: backup\n{indent}{password}\n{indent}dump_program: mysqldump\n\
                 {indent}client_program: mysql\n"
            ),
            Database::Oracle => format!(
                "{indent}user: backup\n{indent}{password}\n{indent}directory: DATA_PUMP_DIR\n{indent}directory_path: /dumps\n"
            ),
        }
    }
}

struct Installation {
    combination: Combination,
    home: PathBuf,
    configuration: PathBuf,
    /// Host of the database.
    database: &'static str,
}

impl Installation {
    fn write(&self) {
        self.write_configuration();
        match self.combination.server {
            Server::Tomcat => {
                write(
                    &self.home.join("bin/setenv.sh"),
                    &self.startup(&self.configuration),
                );
                write(&self.home.join("webapps/domibus.war"), "");
            }
            Server::Wildfly => {
                write(
                    &self.home.join("bin/standalone.conf"),
                    &self.startup(&self.configuration),
                );
                write(
                    &self
                        .home
                        .join("standalone/configuration/standalone-full.xml"),
                    &STANDALONE_FULL.replace("DATA_SOURCE_URL", &self.url()),
                );
                write(
                    &self.home.join("standalone/deployments/domibus-wildfly.war"),
                    "",
                );
            }
        }
    }

    fn startup(&self, configuration: &Path) -> String {
        format!(
            "JAVA_OPTS=\"$JAVA_OPTS -Ddomibus.config.location={}\"\n",
            configuration.display()
        )
    }

    fn write_configuration(&self) {
        let quickstart = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("examples/quickstart/template/tomcat/conf/domibus/internal/activemq.xml");
        let activemq = fs::read_to_string(quickstart).unwrap();
        let at = |path: &str| self.configuration.join(path);
        write(&at("internal/activemq.xml"), &activemq);
        write(&at("plugins/lib/domibus-default-fs-plugin-5.1.0.jar"), "");
        write(&at("plugins/lib/domibus-default-jms-plugin-5.1.0.jar"), "");
        write(&at("domibus.properties"), &self.properties());
        let folders = self.home.join("data");
        let of_domain = |prefix: &str, name: &str| {
            format!(
                "{prefix}fsplugin.messages.location={0}/fs/{name}\n",
                folders.display()
            )
        };
        let fs_plugin = "plugins/config/fs-plugin.properties";
        if !self.combination.tenants {
            return write(&at(fs_plugin), &of_domain("", "main"));
        }
        write(&at(fs_plugin), "");
        for domain in ["default", "red"] {
            let schema = format!(
                "{domain}.domibus.database.schema=domibus_{domain}\n\
                 {domain}.domibus.attachment.storage.location={}/payloads/{domain}\n",
                folders.display()
            );
            write(
                &at(&format!("domains/{domain}/{domain}-domibus.properties")),
                &schema,
            );
            let of_plugin =
                format!("plugins/config/domains/{domain}/{domain}-fs-plugin.properties");
            write(&at(&of_plugin), &of_domain(&format!("{domain}."), domain));
        }
    }

    fn properties(&self) -> String {
        let mut text = String::from(
            "activeMQ.broker.host=localhost\nactiveMQ.brokerName=localhost\n\
             activeMQ.embedded.configurationFile=file:///${domibus.config.location}/internal/activemq.xml\n\
             activeMQ.connectorPort=1199\nactiveMQ.persistent=true\n",
        );
        if self.combination.tenants {
            text.push_str("domibus.database.general.schema=domibus_general\n");
        } else {
            text.push_str(&format!(
                "domibus.attachment.storage.location={}/data/payloads\n",
                self.home.display()
            ));
        }
        if self.combination.server == Server::Tomcat {
            text.push_str(&format!(
                "domibus.datasource.url={}\ndomibus.datasource.user=domibus\n",
                self.url()
            ));
        }
        text
    }

    /// Address of the data source.
    fn url(&self) -> String {
        let host = self.database;
        let schema = if self.combination.tenants {
            "domibus_general"
        } else {
            "domibus"
        };
        match self.combination.database {
            Database::Mysql => format!("jdbc:mysql://{host}.example:3306/{schema}"),
            Database::Oracle => format!("jdbc:oracle:thin:@//{host}.example:1521/DOMIBUS"),
        }
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
