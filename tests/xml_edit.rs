//! `xml.edit` on real files: values change, bytes, owner and mode stay, secrets are not shown.

use serde_json::json;
use upgrade_kit::adapter::Action;
use upgrade_kit::adapter::xml::XmlEdit;
use upgrade_kit::event::FailureKind;

use crate::database_stage::{Stage, text};

const TEXT: &str =
    "<?xml version='1.0'?>\r\n<a>\r\n  <b x=\"1\">old</b> <!-- b -->\r\n  <p>was</p>\r\n</a>\r\n";

fn edit(file: &std::path::Path) -> XmlEdit {
    let action: XmlEdit = serde_json::from_value(json!({
        "file": file,
        "set": [
            { "at": "a/b", "to": "n&w" },
            { "at": "a/b/@x", "to": "2" },
            { "at": "a/p", "secret": { "env": "DB_PASSWORD" } },
        ],
    }))
    .unwrap();
    assert_eq!(action.validate(), Vec::<String>::new());
    action
}

#[test]
fn values_change_and_nothing_else() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::new("hunter<2>");
    let file = stage.directory.path().join("conf.xml");
    std::fs::write(&file, TEXT).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let action = edit(&file);
    let findings = stage.check(&action, None);
    assert!(
        findings[0]
            .message
            .contains("3 - <b x=\"1\">old</b> <!-- b -->"),
        "{findings:?}"
    );
    assert!(
        findings[0]
            .message
            .contains("3 + <b x=\"2\">n&amp;w</b> <!-- b -->"),
        "{findings:?}"
    );
    assert!(
        findings[0].message.contains("4 + <p>***</p>"),
        "{findings:?}"
    );
    assert!(!findings[0].message.contains("was"), "{findings:?}");

    let outcome = stage
        .step(None, None, |context| action.perform(context))
        .unwrap();
    assert_eq!(outcome.summary, "2 lines changed");
    let expected = TEXT
        .replace("x=\"1\">old", "x=\"2\">n&amp;w")
        .replace("was", "hunter&lt;2&gt;");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o7777,
        0o640
    );
    let kept = outcome.outputs["replaced"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(kept).unwrap(), TEXT);

    // Again after a kill: the first attempt's swap is found, and nothing is done twice.
    let outcome = stage
        .step(None, None, |context| action.perform(context))
        .unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
    assert_eq!(outcome.outputs["replaced"], kept);
}

#[test]
fn what_cannot_be_edited_stays_as_it_is() {
    let stage = Stage::new("x");
    let file = stage.directory.path().join("conf.xml");
    for (content, problem) in [
        ("<a><b x='1'>o</b><p>w</p>", "line 1, column"),
        (
            "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a><b x='1'>&e;</b><p>w</p></a>",
            "<!DOCTYPE",
        ),
        ("<a><b>o</b><p>w</p></a>", "it has no attribute `x`"),
        (
            "<a><b x='1'>o</b><b x='1'>o</b><p/></a>",
            "there are 2 such elements",
        ),
    ] {
        std::fs::write(&file, content).unwrap();
        let failure = stage
            .step(None, None, |context| edit(&file).perform(context))
            .unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Refused);
        assert!(text(&failure).contains(problem), "{}", text(&failure));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), content);
    }
    std::fs::write(&file, b"<a>\xe9</a>").unwrap();
    let failure = stage.step(None, None, |context| edit(&file).perform(context));
    assert!(text(&failure.unwrap_err()).contains("is not in UTF-8"));
    let wrong: XmlEdit = serde_json::from_value(json!({
        "file": "conf.xml", "set": [{ "at": "/a", "to": "x\ny" }, { "at": "a" }],
    }))
    .unwrap();
    assert_eq!(wrong.validate().len(), 4);
}
