//! A site for each combination: files that discovery reads, and nothing that runs.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Kinds of application server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    Tomcat,
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
        for server in [Server::Tomcat] {
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
                            });
                        }
                    }
                }
            }
        }
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
        format!(
            "{server}-{database}-{tenancy}-{}-{location}",
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
        let host = self.database;
        let mut text = format!(
            "activeMQ.broker.host=localhost\nactiveMQ.brokerName=localhost\n\
             activeMQ.embedded.configurationFile=file:///${{domibus.config.location}}/internal/activemq.xml\n\
             activeMQ.connectorPort=1199\nactiveMQ.persistent=true\ndomibus.database.serverName={host}.example\n"
        );
        let schema = if self.combination.tenants {
            text.push_str("domibus.database.general.schema=domibus_general\n");
            "${domibus.database.general.schema}"
        } else {
            text.push_str(&format!(
                "domibus.attachment.storage.location={}/data/payloads\n",
                self.home.display()
            ));
            "domibus"
        };
        text.push_str(&match self.combination.database {
            Database::Mysql => format!(
                "domibus.datasource.url=jdbc:mysql://${{domibus.database.serverName}}:3306/{schema}\n"
            ),
            Database::Oracle => "domibus.datasource.url=\
                 jdbc:oracle:thin:@//${domibus.database.serverName}:1521/DOMIBUS\n\
                 domibus.datasource.user=domibus\n"
                .to_owned(),
        });
        text
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
