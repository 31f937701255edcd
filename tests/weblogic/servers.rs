//! Starting and stopping the servers of a domain, with and without its application.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};
use upgrade_kit::adapter::Failure;
use upgrade_kit::event::{FailureKind, Outcome};

use super::home::CONFIG;
use super::rig::{Domain, PASSWORD, set_mode, words};
use crate::stage::decode;

const START: &str = "weblogic.start-servers";
const STOP: &str = "weblogic.stop-servers";

fn laid_out(jython: &str) -> Option<Domain> {
    let domain = Domain::new(jython)?;
    domain.lay_out();
    Some(domain)
}

/// Options that are all there is.
fn act(domain: &Domain, action: &str, options: &Value) -> Result<Outcome, Failure> {
    let action = decode(action, options);
    assert_eq!(action.validate(), Vec::<String>::new());
    domain.act(None, None, |context| action.perform(context))
}

fn start(domain: &Domain) -> Result<Outcome, Failure> {
    act(domain, START, &domain.servers(json!({})))
}

fn stop(domain: &Domain) -> Result<Outcome, Failure> {
    act(domain, STOP, &domain.servers(json!({})))
}

/// How many processes of the domain there are.
fn processes(home: &Path) -> usize {
    let ours = format!("-Ddomain.home={}", home.display());
    let entries = std::fs::read_dir("/proc").unwrap();
    let lines = entries.filter_map(|one| std::fs::read(one.unwrap().path().join("cmdline")).ok());
    lines
        .filter(|line| String::from_utf8_lossy(line).contains(&ours))
        .count()
}

#[test]
fn a_held_application_does_not_start_with_its_domain() {
    for jython in ["2.2.1", "2.7.3"] {
        let Some(domain) = laid_out(jython) else {
            return;
        };
        let held = domain.of_deployment();
        set_mode(&domain.config(), 0o604);
        let attributes = || {
            let config = std::fs::metadata(domain.config()).unwrap();
            (config.permissions().mode(), config.modified().unwrap())
        };
        let before = attributes();
        act(&domain, "weblogic.hold-application", &held).unwrap();
        assert_eq!(attributes().0, before.0);
        domain.next_step();
        start(&domain).unwrap();
        domain.assert_shown(&*decode(START, &domain.servers(json!({}))));
        assert_eq!(
            (processes(domain.directory.path()), domain.delivered()),
            (2, 0)
        );
        // It counts as stopped, and a wrong name does not.
        let application = json!({ "deployment": "domibus", "targets": ["ms1"] });
        domain
            .perform("weblogic.stop-application", application)
            .unwrap();
        let wrong = json!({ "deployment": "domibuss", "targets": ["ms1"] });
        domain
            .perform("weblogic.stop-application", wrong)
            .unwrap_err();
        let early = act(&domain, "weblogic.release-application", &held).unwrap_err();
        assert!(words(&early).contains("the domain is not stopped"));
        domain.next_step();
        stop(&domain).unwrap();
        domain.assert_shown(&*decode(STOP, &domain.servers(json!({}))));
        assert_eq!(processes(domain.directory.path()), 0);
        act(&domain, "weblogic.release-application", &held).unwrap();
        assert_eq!(std::fs::read_to_string(domain.config()).unwrap(), CONFIG);
        assert_eq!(attributes(), before);
        start(&domain).unwrap();
        // Two queues; a topic's subscribers are no queues.
        assert_eq!(domain.delivered(), 5);
        assert_eq!(start(&domain).unwrap().outputs["servers"], 2);
        stop(&domain).unwrap();
        assert_eq!(stop(&domain).unwrap().outputs["was_running"], false);
    }
}

#[test]
fn what_the_server_wrote_into_its_configuration_stays() {
    let Some(domain) = laid_out("2.2.1") else {
        return;
    };
    let held = domain.of_deployment();
    for _ in 0..2 {
        act(&domain, "weblogic.hold-application", &held).unwrap();
    }
    let text = std::fs::read_to_string(domain.config()).unwrap();
    assert!(!text.contains("<target>"));
    let changed = text.replace(
        "</domain>",
        "<domain-version>12.2.1.4.0</domain-version></domain>",
    );
    std::fs::write(domain.config(), changed).unwrap();
    let outcome = act(&domain, "weblogic.release-application", &held).unwrap();
    assert_eq!(outcome.warnings.len(), 1);
    let text = std::fs::read_to_string(domain.config()).unwrap();
    assert!(text.contains("<target>ms1</target>") && text.contains("<domain-version>"));
    // Again is no harm.
    act(&domain, "weblogic.release-application", &held).unwrap();
    assert!(
        !domain
            .directory
            .path()
            .join("config.xml.upgrade-kit-held")
            .exists()
    );
}

#[test]
fn a_node_manager_starts_the_admin_server_and_that_the_others() {
    let Some(domain) = laid_out("2.2.1") else {
        return;
    };
    domain.fault("nodeManager=\"plain:127.0.0.1:5556\"");
    let manager = json!({ "node_manager": { "host": "127.0.0.1", "port": 5556, "type": "plain" } });
    let options = domain.servers(manager);
    assert_eq!(act(&domain, START, &options).unwrap().outputs["servers"], 2);
    act(&domain, STOP, &options).unwrap();
    assert_eq!(processes(domain.directory.path()), 0);
}

#[test]
fn a_server_that_stays_is_noticed() {
    let Some(domain) = laid_out("2.2.1") else {
        return;
    };
    start(&domain).unwrap();
    domain.fault("swallow=\"shutdown\"");
    let mut options = domain.servers(json!({}));
    options["timeout"] = json!("2s");
    let failure = act(&domain, STOP, &options).unwrap_err();
    assert!(
        words(&failure).contains("ms1 was asked to stop and still runs"),
        "{}",
        words(&failure)
    );
    let stopped = json!({ "domain": options["domain"] });
    let failure = act(&domain, "weblogic.check-stopped", &stopped).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Verification);
    domain.mend("swallow=\"shutdown\"");
    stop(&domain).unwrap();
    act(&domain, "weblogic.check-stopped", &stopped).unwrap();
}

#[test]
fn an_account_that_nobody_knows_ends_the_wait() {
    let Some(domain) = laid_out("2.2.1") else {
        return;
    };
    domain.change(&format!("password=\"{PASSWORD}\""), "password=\"another\"");
    let mut options = domain.servers(json!({}));
    options["timeout"] = json!("10m");
    let failure = act(&domain, START, &options).unwrap_err();
    let said = words(&failure);
    assert!(said.contains("does not know the account"), "{said}");
    domain.change("password=\"another\"", &format!("password=\"{PASSWORD}\""));
    stop(&domain).unwrap();
}

#[test]
fn what_an_attempt_that_was_cut_off_left_is_gone() {
    let Some(domain) = laid_out("2.2.1") else {
        return;
    };
    let held = domain.of_deployment();
    let home = domain.directory.path();
    let new = home.join("config.xml.upgrade-kit-new");
    std::fs::write(&new, "half of").unwrap();
    std::fs::write(home.join("config.xml.upgrade-kit-held"), "{}").unwrap();
    act(&domain, "weblogic.hold-application", &held).unwrap();
    std::fs::write(&new, "half of").unwrap();
    act(&domain, "weblogic.release-application", &held).unwrap();
    assert_eq!(std::fs::read_to_string(domain.config()).unwrap(), CONFIG);
    assert!(!new.exists());
}

#[test]
fn a_start_that_nobody_answers_is_a_failure() {
    let Some(domain) = laid_out("2.2.1") else {
        return;
    };
    let mut options = domain.servers(json!({}));
    options["timeout"] = json!("3s");
    std::fs::write(
        domain.directory.path().join("bin/startWebLogic.sh"),
        "#!/bin/sh\nexit 0\n",
    )
    .unwrap();
    let failure = act(&domain, START, &options).unwrap_err();
    assert!(
        words(&failure).contains("cannot be reached"),
        "{}",
        words(&failure)
    );
}
