//! The practice site, changed so that its new version goes to another place.

use std::path::Path;

use crate::proof::kit::command;

/// The site's upgrade goes to `installation/tomcat/conf/domibus-5.1.1`. What the new version needs lies in
/// `next`. `home` is the folder of `site.yaml` and `template`.
pub(crate) fn new_location(home: &Path) {
    shell(
        home,
        "mkdir next && cp -r template/tomcat/conf/domibus next/conf && rm -r next/conf/work \
         && cp template/release-5.1.1/conf/domibus.properties next/conf/ \
         && rm next/conf/plugins/lib/* && cp template/release-5.1.1/plugins/lib/* next/conf/plugins/lib/ \
         && sed 's,conf/domibus,conf/domibus-5.1.1,' template/tomcat/bin/setenv.sh > next/setenv.sh",
    );
    after(
        home,
        "  config: ",
        "  config: next/conf
  config_location: installation/tomcat/conf/domibus-5.1.1
  startup_arguments: next/setenv.sh
",
    );
}

/// A second installation in `new`, beside the first: the new version, configured and never started.
pub(crate) fn new_server(home: &Path) {
    shell(
        home,
        "mkdir -p new/data && cp -r template/tomcat new/tomcat \
         && rm -r new/tomcat/conf/domibus/work new/tomcat/webapps/domibus \
         && cp template/release-5.1.1/domibus.war new/tomcat/webapps/ \
         && cp -r template/release-5.1.1/conf/. new/tomcat/conf/domibus/ \
         && rm new/tomcat/conf/domibus/plugins/lib/* \
         && cp template/release-5.1.1/plugins/lib/* new/tomcat/conf/domibus/plugins/lib/",
    );
    after(
        home,
        "upgrade:",
        "upgrade:
  to: 5.1.1
target:
  server:
    kind: tomcat
    home: new/tomcat
    pid_file: new/tomcat/run/catalina.pid
    ports: []
",
    );
}

fn shell(home: &Path, line: &str) {
    let done = command("sh").args(["-ec", line]).current_dir(home).status();
    assert!(done.unwrap().success(), "{line}");
}

/// Replaces everything of the site file from a text on.
fn after(home: &Path, text: &str, with: &str) {
    let file = home.join("site.yaml");
    let site = std::fs::read_to_string(&file).unwrap();
    let (kept, _) = site.split_once(text).unwrap();
    std::fs::write(file, format!("{kept}{with}")).unwrap();
}
