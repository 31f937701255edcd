//! `command`, `http`, `gate` and `milestone` against real programs and a real listener.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use upgrade_kit::adapter::{PreviewLine, Probe, registry};
use upgrade_kit::event::{FailureKind, StopLevel};

use crate::stage::{Stage, decode};

#[test]
fn actions_are_sorted_and_named_once() {
    let names: Vec<&str> = registry::ACTIONS.iter().map(|entry| entry.name).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
}

#[test]
fn a_command_gives_its_code_and_the_beginning_of_its_output() {
    let stage = Stage::new();
    let options = json!({
        "argv": ["sh", "-c", "pwd; printenv GREETING; cat; exit 3"],
        "directory": "/", "environment": {"GREETING": "hello world"},
        "stdin": "from the runbook", "success_codes": [0, 3],
    });
    let outcome = stage.perform("command.run", &options).unwrap();
    assert_eq!(
        outcome.outputs["stdout"],
        "/\nhello world\nfrom the runbook"
    );
    assert_eq!(outcome.outputs["exit_code"], 3);
    assert_eq!(outcome.summary, "exit code 3");
    let long = json!({"argv": ["sh", "-c", "yes äöü | head -c 9000"]});
    let outcome = stage.perform("command.run", &long).unwrap();
    let text = outcome.outputs["stdout"].as_str().unwrap();
    assert!(text.len() <= 4096 && text.len() > 4090 && !text.contains('\u{fffd}'));
}

#[test]
fn a_failed_command_shows_what_it_said() {
    let stage = Stage::new();
    let options = json!({"argv": ["sh", "-c", "echo the cause >&2; exit 3"]});
    let failure = stage.perform("command.run", &options).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Tool);
    assert_eq!(failure.0.exit.as_deref(), Some("exit code 3"));
    assert_eq!(failure.0.stderr, ["the cause"]);
    let absent = json!({"argv": ["no-such-tool"]});
    let failure = stage.perform("command.run", &absent).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    assert_eq!(
        failure.to_string(),
        "the program `no-such-tool` was not found"
    );
}

#[test]
fn a_command_s_secrets_are_in_its_environment_only() {
    let stage = Stage::new();
    let options = json!({
        "argv": ["sh", "-c", "echo got $TOKEN"],
        "secret_environment": {"TOKEN": {"command": ["echo", "swordfish"]}},
    });
    let action = decode("command.run", &options);
    assert_eq!(action.secrets().len(), 1);
    let wanted = "TOKEN=*** sh -c 'echo got $TOKEN'".to_owned();
    assert_eq!(action.preview(), [PreviewLine::Command(wanted)]);
    let outcome = stage.perform("command.run", &options).unwrap();
    assert_eq!(outcome.outputs["stdout"], "got ***");
    assert_eq!(stage.log.lock().unwrap().as_slice(), b"got ***\n");
}

#[test]
fn after_a_crash_a_command_is_never_blindly_repeated() {
    let stage = Stage::new();
    let probe = |script: &str| {
        let options = json!({"argv": ["false"], "probe_argv": ["sh", "-c", script]});
        stage.probe("command.run", &options).unwrap()
    };
    assert!(matches!(probe("exit 0"), Probe::Present(_)));
    assert_eq!(probe("exit 1"), Probe::Absent);
    assert!(matches!(probe("exit 2"), Probe::Unknown(_)));
    assert!(matches!(probe("kill -9 $$"), Probe::Unknown(_)));
    let without = stage.probe("command.run", &json!({"argv": ["false"]}));
    assert!(matches!(without.unwrap(), Probe::Unknown(_)));
}

#[test]
fn a_check_judges_code_and_output() {
    let stage = Stage::new();
    let options = json!({"argv": ["echo", "version 5.1"], "stdout_contains": "5.1"});
    stage.perform("command.check", &options).unwrap();
    let options = json!({"argv": ["echo", "version 5.0"], "stdout_contains": "5.1"});
    let failure = stage.perform("command.check", &options).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Verification);
    assert_eq!(failure.0.stderr, ["version 5.0"]);
    let failure = stage.perform("command.check", &json!({"argv": ["false"]}));
    assert_eq!(failure.unwrap_err().kind(), FailureKind::Tool);
}

#[test]
fn options_that_cannot_work_are_named() {
    let wrong = |action: &str, options: serde_json::Value| decode(action, &options).validate();
    assert_eq!(
        wrong("command.run", json!({"argv": []})),
        ["argv: name a program"]
    );
    assert_eq!(
        wrong(
            "command.check",
            json!({"argv": ["true"], "success_codes": []})
        ),
        ["success_codes: the list is empty"]
    );
    assert_eq!(
        wrong("http.check", json!({"url": "https://x/", "interval": "0s"})),
        [
            "url: only an http:// address can be asked",
            "interval: it must be longer than nothing"
        ]
    );
    assert_eq!(
        wrong("gate", json!({"question": " "})),
        ["question: it is empty"]
    );
    let number = json!({"url": "http://x/", "wait": 90});
    let serde_json::Value::Object(number) = number else {
        unreachable!()
    };
    let error = registry::find("http.check")
        .unwrap()
        .decode(number)
        .err()
        .unwrap();
    assert_eq!(error.path, ["wait"]);
    assert!(
        error.message.contains("a length of time with its unit"),
        "{error}"
    );
}

#[test]
fn a_milestone_does_nothing_and_a_gate_is_not_for_threads() {
    let stage = Stage::new();
    stage.perform("milestone", &json!({})).unwrap();
    let gate = json!({"question": "Is the partner told?", "details": ["call 112"]});
    let failure = stage.perform("gate", &gate).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Refused);
    let preview = decode("gate", &gate).preview();
    assert_eq!(preview[1], PreviewLine::Note("call 112".to_owned()));
}

/// Answers 503 `failures` times, then 302.
fn slow_starter(failures: u32) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/domibus/", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let Ok(mut connection) = connection else {
                return;
            };
            let _ = connection.read(&mut [0; 4096]);
            let status = if count.fetch_add(1, Ordering::SeqCst) < failures {
                "503 Service Unavailable"
            } else {
                "302 Found\r\nLocation: http://127.0.0.1:1/"
            };
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    (url, asked)
}

#[test]
fn http_waits_until_the_answer_is_right() {
    let stage = Stage::new();
    let (url, asked) = slow_starter(3);
    let options = json!({
        "url": url, "expect_status": [200, 302], "body_contains": "hell",
        "wait": "20s", "interval": "20ms",
    });
    let outcome = stage.perform("http.check", &options).unwrap();
    assert_eq!(outcome.outputs["status"], 302);
    assert_eq!(asked.load(Ordering::SeqCst), 4);
}

#[test]
fn http_says_what_was_wrong() {
    let stage = Stage::new();
    let (url, _) = slow_starter(u32::MAX);
    let once = json!({"url": url, "expect_status": [200, 302]});
    let failure = stage.perform("http.check", &once).unwrap_err();
    assert_eq!(
        failure.to_string(),
        format!("{url} answered 503, not 200 or 302")
    );
    let options = json!({"url": url, "wait": "300ms", "interval": "50ms"});
    let failure = stage.perform("http.check", &options).unwrap_err();
    let wanted = format!("{url} answered 503, not 200 (after 300ms)");
    assert_eq!(failure.to_string(), wanted);
    let (url, _) = slow_starter(0);
    let options = json!({"url": url, "expect_status": [302], "body_contains": "Domibus"});
    let failure = stage.perform("http.check", &options).unwrap_err();
    assert!(
        failure
            .to_string()
            .ends_with("answered without `Domibus` in its body")
    );
    let closed = json!({"url": "http://127.0.0.1:1/"});
    let failure = stage.perform("http.check", &closed).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Verification);
    assert!(
        failure
            .to_string()
            .starts_with("failed to reach http://127.0.0.1:1/")
    );
}

#[test]
fn a_stop_request_ends_an_http_wait() {
    let stage = Stage::new();
    let stop = stage.control.stop.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        stop.raise(StopLevel::Ask);
    });
    let start = Instant::now();
    let options = json!({"url": "http://127.0.0.1:1/", "wait": "60s", "interval": "30s"});
    let failure = stage.perform("http.check", &options).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Stopped);
    assert!(start.elapsed() < Duration::from_secs(5));
}
