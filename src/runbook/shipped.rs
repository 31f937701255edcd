//! The runbooks that the program carries.

/// Name and text of every shipped document, sorted by name. A test holds the list to `runbooks/`.
pub static SHIPPED: &[(&str, &str)] = &[
    (
        "domibus/backup-set",
        include_str!("../../runbooks/domibus/backup-set.yaml"),
    ),
    (
        "domibus/broker-artemis",
        include_str!("../../runbooks/domibus/broker-artemis.yaml"),
    ),
    (
        "domibus/broker-kahadb",
        include_str!("../../runbooks/domibus/broker-kahadb.yaml"),
    ),
    (
        "domibus/broker-weblogic",
        include_str!("../../runbooks/domibus/broker-weblogic.yaml"),
    ),
    (
        "domibus/configuration",
        include_str!("../../runbooks/domibus/configuration.yaml"),
    ),
    (
        "domibus/database-h2",
        include_str!("../../runbooks/domibus/database-h2.yaml"),
    ),
    (
        "domibus/database-mysql",
        include_str!("../../runbooks/domibus/database-mysql.yaml"),
    ),
    (
        "domibus/database-oracle",
        include_str!("../../runbooks/domibus/database-oracle.yaml"),
    ),
    (
        "domibus/folders",
        include_str!("../../runbooks/domibus/folders.yaml"),
    ),
    (
        "domibus/new-server",
        include_str!("../../runbooks/domibus/new-server.yaml"),
    ),
    (
        "domibus/same-server",
        include_str!("../../runbooks/domibus/same-server.yaml"),
    ),
    (
        "domibus/server",
        include_str!("../../runbooks/domibus/server.yaml"),
    ),
    (
        "domibus/server-process",
        include_str!("../../runbooks/domibus/server-process.yaml"),
    ),
    (
        "domibus/server-weblogic",
        include_str!("../../runbooks/domibus/server-weblogic.yaml"),
    ),
    (
        "ox/database",
        include_str!("../../runbooks/ox/database.yaml"),
    ),
    ("ox/frame", include_str!("../../runbooks/ox/frame.yaml")),
    ("ox/nodes", include_str!("../../runbooks/ox/nodes.yaml")),
    (
        "ox/rolling-upgrade",
        include_str!("../../runbooks/ox/rolling-upgrade.yaml"),
    ),
    (
        "ox/schemata",
        include_str!("../../runbooks/ox/schemata.yaml"),
    ),
    (
        "weblogic/zdt-applications",
        include_str!("../../runbooks/weblogic/zdt-applications.yaml"),
    ),
    (
        "weblogic/zdt-domain",
        include_str!("../../runbooks/weblogic/zdt-domain.yaml"),
    ),
    (
        "weblogic/zdt-home",
        include_str!("../../runbooks/weblogic/zdt-home.yaml"),
    ),
    (
        "weblogic/zdt-java",
        include_str!("../../runbooks/weblogic/zdt-java.yaml"),
    ),
    (
        "weblogic/zdt-patching",
        include_str!("../../runbooks/weblogic/zdt-patching.yaml"),
    ),
    (
        "weblogic/zdt-rollout",
        include_str!("../../runbooks/weblogic/zdt-rollout.yaml"),
    ),
    (
        "weblogic/zdt-services",
        include_str!("../../runbooks/weblogic/zdt-services.yaml"),
    ),
    (
        "weblogic/zdt-windows",
        include_str!("../../runbooks/weblogic/zdt-windows.yaml"),
    ),
    (
        "wso2/carbon",
        include_str!("../../runbooks/wso2/carbon.yaml"),
    ),
    (
        "wso2/database-h2",
        include_str!("../../runbooks/wso2/database-h2.yaml"),
    ),
    (
        "wso2/database-mysql",
        include_str!("../../runbooks/wso2/database-mysql.yaml"),
    ),
    (
        "wso2/database-oracle",
        include_str!("../../runbooks/wso2/database-oracle.yaml"),
    ),
    (
        "wso2/database-postgres",
        include_str!("../../runbooks/wso2/database-postgres.yaml"),
    ),
    ("wso2/dss", include_str!("../../runbooks/wso2/dss.yaml")),
    ("wso2/frame", include_str!("../../runbooks/wso2/frame.yaml")),
    (
        "wso2/product",
        include_str!("../../runbooks/wso2/product.yaml"),
    ),
    (
        "wso2/servers",
        include_str!("../../runbooks/wso2/servers.yaml"),
    ),
    ("wso2/tests", include_str!("../../runbooks/wso2/tests.yaml")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_carried() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
        let mut names: Vec<String> = walkdir::WalkDir::new(&root)
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                let inner = entry.path().strip_prefix(&root).unwrap().with_extension("");
                inner.to_str().unwrap().to_owned()
            })
            .collect();
        names.sort();
        let shipped: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        assert_eq!(shipped, names);
    }
}
