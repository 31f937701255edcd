//! `config/config.xml`: servers, deployments, and the descriptors of resources.

use std::path::{Path, PathBuf};

use roxmltree::{Document, Node};

use super::super::installation::{
    WeblogicDeployment, WeblogicLayout, WeblogicModule, WeblogicServer,
};
use super::super::notes::{Findings, Place, Severity};
use super::super::xml::{child, children, has_name, text};
use crate::site::files::normalized;

/// What the file says.
pub(super) struct Configured {
    pub(super) layout: WeblogicLayout,
    /// The descriptor of each module of the layout.
    pub(super) module_files: Vec<PathBuf>,
    pub(super) data_source_files: Vec<PathBuf>,
    /// Options with which Node Manager starts a server: its name, the options, where they are.
    pub(super) arguments: Vec<(String, String, Place)>,
}

/// The file, read; nothing if it is none of a domain.
pub(super) fn read(
    content: &str,
    path: &Path,
    base: &Path,
    findings: &mut Findings,
) -> Option<Configured> {
    let document = match Document::parse(content) {
        Ok(document) => document,
        Err(error) => {
            findings.problem(
                Some(Place::new(path, error.pos().row)),
                format!("not a readable domain configuration: {error}"),
                "WebLogic cannot start with it either; `servers/domain_bak` and `configArchive` may hold an \
                 earlier one",
            );
            return None;
        }
    };
    let root = document.root_element();
    let (Some(name), true) = (text(root, "name"), has_name(root, "domain")) else {
        findings.problem(
            Some(Place::new(path, 1)),
            format!(
                "begins with <{}>, which is not the configuration of a WebLogic domain with a name",
                root.tag_name().name()
            ),
            "`server.base` must be the directory of the domain, DOMAIN_HOME",
        );
        return None;
    };
    let reader = Reader { root, path, base };
    let (jms_modules, module_files) = reader.jms_modules();
    let admin_server = reader.admin_server(findings)?;
    reader.note_dynamic(findings);
    let named = |server: &Node<'_, '_>| text(*server, "name") == Some(admin_server.as_str());
    let admin = children(root, "server").find(named);
    Some(Configured {
        layout: WeblogicLayout {
            name: name.to_owned(),
            version: text(root, "domain-version").map(ToOwned::to_owned),
            url: reader.url(admin),
            servers: reader.servers(&admin_server),
            deployments: reader.deployments(),
            admin_server,
            jms_modules,
        },
        module_files,
        data_source_files: reader
            .descriptors("jdbc-system-resource")
            .map(|(_, file)| file)
            .collect(),
        arguments: reader.arguments(),
    })
}

struct Reader<'all, 'text> {
    root: Node<'all, 'text>,
    path: &'all Path,
    base: &'all Path,
}

impl<'all, 'text> Reader<'all, 'text> {
    fn place(&self, node: Node<'_, '_>) -> Place {
        let line = node.document().text_pos_at(node.range().start).row;
        Place::new(self.path, line)
    }

    fn admin_server(&self, findings: &mut Findings) -> Option<String> {
        let said = text(self.root, "admin-server-name").map(ToOwned::to_owned);
        let mut servers = children(self.root, "server").filter_map(|one| text(one, "name"));
        let only = servers.next().filter(|_| servers.next().is_none());
        let name = said.or_else(|| only.map(ToOwned::to_owned));
        if name.is_none() {
            findings.problem(
                Some(Place::new(self.path, 0)),
                "no <admin-server-name> says which server is the Admin Server",
                "start the Admin Server once, which writes it; `server.base` must be the domain of the Admin \
                 Server, not the copy of a managed one",
            );
        }
        name
    }

    /// The administration port if there is one, else the plain one, else the one for TLS. One that listens
    /// everywhere is reached on this machine.
    fn url(&self, admin: Option<Node<'_, '_>>) -> String {
        let is = |node: Option<Node<'_, '_>>, name: &str, otherwise: bool| {
            node.and_then(|node| text(node, name))
                .map_or(otherwise, |value| value == "true")
        };
        let number = |node: Option<Node<'_, '_>>, name: &str, otherwise: u16| {
            let said = node.and_then(|node| text(node, name));
            said.and_then(|port| port.parse().ok()).unwrap_or(otherwise)
        };
        let host = admin
            .and_then(|admin| text(admin, "listen-address"))
            .filter(|host| *host != "0.0.0.0")
            .unwrap_or("127.0.0.1");
        if is(Some(self.root), "administration-port-enabled", false) {
            let port = number(Some(self.root), "administration-port", 9002);
            return format!("t3s://{host}:{port}");
        }
        let tls = admin.and_then(|admin| child(admin, "ssl"));
        if !is(admin, "listen-port-enabled", true) && is(tls, "enabled", false) {
            return format!("t3s://{host}:{}", number(tls, "listen-port", 7002));
        }
        format!("t3://{host}:{}", number(admin, "listen-port", 7001))
    }

    fn servers(&self, admin_server: &str) -> Vec<WeblogicServer> {
        let all = children(self.root, "server").filter_map(|server| {
            Some(WeblogicServer {
                name: text(server, "name")?.to_owned(),
                cluster: text(server, "cluster").map(ToOwned::to_owned),
                machine: text(server, "machine").map(ToOwned::to_owned),
            })
        });
        all.filter(|server| server.name != admin_server).collect()
    }

    /// Their servers are made when the domain runs, and stand nowhere.
    fn note_dynamic(&self, findings: &mut Findings) {
        for cluster in children(self.root, "cluster") {
            let dynamic = child(cluster, "dynamic-servers");
            let number = dynamic.and_then(|dynamic| {
                text(dynamic, "dynamic-cluster-size")
                    .or_else(|| text(dynamic, "maximum-dynamic-server-count"))
            });
            if number.is_some_and(|number| number != "0") {
                let name = text(cluster, "name").unwrap_or_default();
                findings.note(
                    Severity::Refuse,
                    Some(self.place(cluster)),
                    format!(
                        "the cluster {name} has dynamic servers, which config.xml does not name"
                    ),
                    "the kit must know every server that holds messages: configure them one by one",
                );
            }
        }
    }

    fn targets(node: Node<'_, '_>) -> Vec<String> {
        let text = text(node, "target").unwrap_or_default();
        text.split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(ToOwned::to_owned)
            .collect()
    }

    fn deployments(&self) -> Vec<WeblogicDeployment> {
        let all = children(self.root, "app-deployment").filter_map(|one| {
            let source = Path::new(text(one, "source-path")?);
            Some(WeblogicDeployment {
                name: text(one, "name")?.to_owned(),
                source: normalized(&self.base.join(source)),
                targets: Self::targets(one),
            })
        });
        all.collect()
    }

    fn jms_modules(&self) -> (Vec<WeblogicModule>, Vec<PathBuf>) {
        let all = self
            .descriptors("jms-system-resource")
            .filter_map(|(node, file)| {
                let module = WeblogicModule {
                    name: text(node, "name")?.to_owned(),
                    targets: Self::targets(node),
                    of_domibus: false,
                };
                Some((module, file))
            });
        all.unzip()
    }

    /// Resources with the files that describe them, below `config`.
    fn descriptors(
        &self,
        kind: &'static str,
    ) -> impl Iterator<Item = (Node<'all, 'text>, PathBuf)> {
        let folder = self.base.join("config");
        children(self.root, kind).filter_map(move |node| {
            let file = Path::new(text(node, "descriptor-file-name")?);
            Some((node, normalized(&folder.join(file))))
        })
    }

    fn arguments(&self) -> Vec<(String, String, Place)> {
        let all = children(self.root, "server").filter_map(|server| {
            let start = child(server, "server-start")?;
            let arguments = text(start, "arguments")?.to_owned();
            let name = text(server, "name")?.to_owned();
            Some((name, arguments, self.place(child(start, "arguments")?)))
        });
        all.collect()
    }
}
