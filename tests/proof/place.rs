//! The directory of an installation of the rig, and its database server.

use std::path::{Path, PathBuf};

use super::kit::{command, sweep};

/// Holds everything; short, because a socket's path must be. What runs in it ends with it.
pub(super) struct Place(tempfile::TempDir);

impl Drop for Place {
    fn drop(&mut self) {
        sweep(self.0.path());
    }
}

impl Place {
    pub(super) fn new(prefix: &str) -> Self {
        Self(tempfile::Builder::new().prefix(prefix).tempdir().unwrap())
    }

    /// Starts the database server and fills it, with so many tenants beside the default domain.
    pub(super) fn start_database(&self, tenants: &str) {
        let database = self.path("mariadb");
        let database = database.to_str().unwrap();
        self.rig("mariadb", &["start", database]);
        self.rig("mariadb", &["seed", database, tenants]);
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn home(&self) -> &str {
        self.0.path().to_str().unwrap()
    }

    /// A value of `rig.env`.
    pub(super) fn value(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.path("rig.env")).unwrap();
        let start = format!("{name}=");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap().to_owned()
    }

    pub(super) fn schemas(&self) -> Vec<String> {
        let schemas = self.value("mariadb_schemas");
        schemas.split(' ').map(str::to_owned).collect()
    }

    /// Writes the password of the database account into the file `password`.
    pub(super) fn write_password(&self) {
        let secret = self.path("password");
        std::fs::write(&secret, format!("{}\n", self.value("mariadb_password"))).unwrap();
        let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&secret, only_owner).unwrap();
    }

    pub(super) fn rig(&self, script: &str, arguments: &[&str]) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/rig")
            .join(script);
        let output = command(&script).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let success = output.status.success();
        assert!(success, "{} {arguments:?}: {text}{said}", script.display());
        text
    }

    pub(super) fn sql(&self, statements: &str) -> String {
        let database = self.path("mariadb");
        let database = database.to_str().unwrap();
        let arguments = ["root", database, "--skip-column-names", "-e", statements];
        self.rig("mariadb", &arguments)
    }

    /// The newest version that each schema says.
    pub(super) fn assert_schemas(&self, version: &str) {
        for schema in self.schemas() {
            let sql = format!(
                "SELECT VERSION FROM {schema}.TB_VERSION ORDER BY CREATION_TIME DESC, VERSION DESC LIMIT 1"
            );
            assert_eq!(self.sql(&sql).trim(), version, "{schema}");
        }
    }

    /// Files with mode, owner, time and hash; every table's checksum, every definition.
    pub(super) fn fingerprint(&self) -> Vec<String> {
        let rest = self.rig("fingerprint", &[self.home()]);
        let holders = ["data/fs_plugin", "data/payloads", "data"];
        let installed = rest.lines().map(|line| {
            let mut words: Vec<&str> = line.split(' ').collect();
            if words[0] == "folder" && holders.contains(&words[words.len() - 1]) {
                words[3] = "-";
            }
            words.join(" ")
        });
        installed.collect()
    }
}
