use super::*;
use serde_json::json;

fn evaluator() -> Evaluator {
    let names = json!({
        "site": {
            "name": "acme",
            "server": { "kind": "tomcat", "home": "/opt/tomcat", "health": null },
            "schemas": [{ "name": "general" }, { "name": "a" }],
            "ports": [8080, 8443]
        },
        "phase": "backup"
    });
    match names {
        Value::Object(names) => Evaluator::new(names),
        _ => unreachable!(),
    }
}

fn text(text: &str) -> Value {
    evaluator().text(text).unwrap().value
}

#[test]
fn whole_expressions_keep_their_type() {
    assert_eq!(text("${ site.ports }"), json!([8080, 8443]));
    assert_eq!(text("${ site.server }")["kind"], json!("tomcat"));
    assert_eq!(text("${ site.schemas | length }"), json!(2));
    assert_eq!(text("${ site.server.health == none }"), json!(true));
}

#[test]
fn texts_are_pasted() {
    assert_eq!(
        text("${ site.server.home }/conf"),
        json!("/opt/tomcat/conf")
    );
    assert_eq!(
        text("a$${b} $HOME {{x}} {% y %} ${ site.name }"),
        json!("a${b} $HOME {{x}} {% y %} acme")
    );
    assert_eq!(text("${ \"}\" ~ site.name }!"), json!("}acme!"));
    assert_eq!(text("$${whole}"), json!("${whole}"));
}

#[test]
fn outputs_stay_for_the_run() {
    let resolved = evaluator()
        .text("n=${ steps.export-jms[a].count } of ${ site.name }")
        .unwrap();
    assert_eq!(
        resolved.value,
        json!("n=${ steps.export-jms[a].count } of acme")
    );
    assert_eq!(resolved.outputs.len(), 1);
    assert_eq!(resolved.outputs[0].step, "export-jms[a]");
    let Value::Object(options) = json!({ "x": ["${ steps.s.count }", "n=${ steps.s.count }"] })
    else {
        unreachable!()
    };
    let filled = fill_outputs(&options, &|step, name| {
        (step == "s" && name == "count").then(|| json!(7))
    })
    .unwrap();
    assert_eq!(Value::Object(filled), json!({ "x": [7, "n=7"] }));
    assert!(
        fill_outputs(&options, &|_, _| None)
            .unwrap_err()
            .contains("no output `count`")
    );
}

#[test]
fn faults_have_a_place_and_a_hint() {
    let error = evaluator().text("x ${ site.sever.kind }").unwrap_err();
    assert_eq!(error.message, "unknown name `site.sever`");
    assert_eq!(error.help.as_deref(), Some("did you mean `site.server`?"));
    assert_eq!(&"x ${ site.sever.kind }"[error.range], "site.sever.kind");
    assert!(
        evaluator()
            .text("${ site.name")
            .unwrap_err()
            .message
            .contains("without")
    );
    assert!(evaluator().text("${ site..name }").is_err());
    assert!(
        evaluator()
            .condition("site.name")
            .unwrap_err()
            .message
            .contains("a text")
    );
    assert!(
        evaluator()
            .text("x ${ site.ports }")
            .unwrap_err()
            .message
            .contains("a list")
    );
    assert!(evaluator().text("${ steps.a + 1 }").is_err());
    for (source, place, what) in [
        ("${ [1] * 100000000 }", "*", "`*`"),
        ("${ 9 ** 9 }", "*", "`*`"),
        ("${ [1][5:9:-1] }", ":", "slices"),
    ] {
        let error = evaluator().text(source).unwrap_err();
        assert_eq!(error.message, format!("expressions have no {what}"));
        assert_eq!(&source[error.range], place);
    }
    assert_eq!(
        text(r#"${ {"a": "*[:\"*"}["a"] }"#),
        json!("*[:\"*"),
        "in a quoted text and in a map"
    );
    assert!(
        evaluator()
            .condition("site.server.kind == \"tomcat\" and phase == \"backup\"")
            .unwrap()
    );
}
