//! The files that Domibus ships. They are not ours to copy, so these tests run only where a copy lies in
//! `shared/samples/` beside the checkout.

use std::fs;

use super::*;
use crate::site::files::{LocalFiles, Mapped};

fn sample() -> Option<PathBuf> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let candidates = checkout
        .ancestors()
        .map(|above| above.join("shared/samples/domibus-5.2-tomcat"));
    candidates.into_iter().find(|path| path.is_dir())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::write(target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

#[test]
fn the_shipped_configuration() {
    let Some(sample) = sample() else {
        return;
    };
    let stage = tempfile::tempdir().unwrap();
    copy(&sample, &stage.path().join("conf/domibus"));
    fs::create_dir(stage.path().join("bin")).unwrap();
    fs::write(stage.path().join("bin/setenv.sh"), SETENV).unwrap();
    let mapped = Mapped::default().and(Path::new("/opt/tomcat"), stage.path());
    let found = discover(&mapped, &tomcat("/opt/tomcat"), &BTreeMap::new()).unwrap();
    assert_eq!(found.config_location, path(CONF));
    assert!(!found.multi_tenant);
    assert_eq!(found.database.schemas, ["domibus"]);
    assert_eq!(
        found.broker.kahadb_dir,
        Some(path(CONF).join("work/kahadb"))
    );
    assert_eq!(found.broker.ports.jmx, Some(1199));
    assert_eq!(found.queues.len(), 8);
    assert_eq!(found.notes, []);

    let main = stage.path().join("conf/domibus/domibus.properties");
    let several = fs::read_to_string(&main).unwrap().replace(
        "domibus.database.schema=domibus",
        "domibus.database.general.schema=general\n\
         domibus.datasource.url=jdbc:mysql://${domibus.database.serverName}/${domibus.database.general.schema}",
    );
    fs::write(&main, several).unwrap();
    let here = discover(
        &LocalFiles,
        &ServerPlace::new(ServerKind::Tomcat, stage.path()),
        &BTreeMap::new(),
    )
    .unwrap();
    assert_eq!(here.config_location, stage.path().join("conf/domibus"));
    assert_eq!(
        here.database.schemas,
        ["general", "default_domain_schema", "domain_name_schema"]
    );
}
