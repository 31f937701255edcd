//! What a check tells of a domain.

use serde_json::json;
use upgrade_kit::adapter::Severity;

use super::rig::Domain;
use crate::stage::decode;

const SURVEY: &str = "weblogic.survey";

#[test]
fn a_check_tells_what_was_found() {
    let mut versions = Vec::new();
    for domain in Domain::both() {
        let options = json!({ "jms_module": "eDelivery", "deployment": "domibus" });
        let findings = domain.check(SURVEY, options.clone());
        let texts: Vec<_> = findings.iter().map(|one| one.message.as_str()).collect();
        let all = texts.join("\n");
        versions.push(texts[0].to_owned());
        for expected in [
            "server ms1: RUNNING, WebLogic Server 12.2.1.4.0",
            "domibus on cluster1: STATE_ACTIVE",
            "eDelivery!JMS2@Send of JMS2 on ms2: 2 messages, 1 pending (1 delayed)",
            "17 operations that the kit relies on are there",
        ] {
            assert!(all.contains(expected), "{expected} in {all}");
        }
        assert!(
            findings.iter().all(|one| one.severity == Severity::Info),
            "{findings:?}"
        );
        let outcome = domain.perform(SURVEY, options.clone()).unwrap();
        assert_eq!(
            outcome.outputs["findings"].as_array().unwrap().len(),
            texts.len()
        );
        domain.assert_shown(&*decode(SURVEY, &domain.options(options.clone())));

        domain.change("<server name=\"AdminServer\" state=\"RUNNING\"",
            "<server name=\"old\" state=\"SHUTDOWN\"/><server name=\"AdminServer\" state=\"RUNNING\"");
        let findings = domain.check(SURVEY, options.clone());
        assert!(findings.iter().any(|one| one.severity == Severity::Warning));
        domain.change(
            "<server name=\"ms1\" state=\"RUNNING\"",
            "<server name=\"ms1\" state=\"FAILED\"",
        );
        let findings = domain.check(SURVEY, options);
        assert_eq!(findings[0].severity, Severity::Refuse);
        assert!(
            findings[0].message.contains("ms1 does not run"),
            "{findings:?}"
        );
    }
    if !versions.is_empty() {
        assert_eq!(
            versions,
            ["WLST runs Jython 2.2.1", "WLST runs Jython 2.7.3"]
        );
    }
}
