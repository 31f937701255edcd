//! Reading exports.

use std::io;

use super::super::digest::digest_of_set;
use super::super::inventory::{ArtemisInventory, ArtemisQueue};
use super::contents::{Contents, pass};

fn message(id: i64, queue: &str, properties: &str, body: &str) -> String {
    format!(
        "<message id=\"{id}\" priority=\"4\" expiration=\"0\" timestamp=\"1\" type=\"text\">\
         <properties>{properties}</properties><queues><queue name=\"{queue}\"/></queues>{body}</message>\n"
    )
}

fn export(messages: &str) -> String {
    format!(
        "\n<activemq-journal>\n<bindings><queue-binding address=\"q\" name=\"q\" id=\"1\"/></bindings>\n\
         <messages>{messages}</messages></activemq-journal>"
    )
}

const BODY: &str = "<body><![CDATA[QUJD]]></body>";

fn read(text: &str) -> Result<Contents, String> {
    pass(text.as_bytes(), &mut io::sink(), &|_| true).map_err(|error| error.to_string())
}

#[test]
fn messages_that_are_not_kept_are_left_out() {
    let three: Vec<String> = (1..=3).map(|id| message(id, "q", "", BODY)).collect();
    let text = export(&three.concat());
    let mut kept = Vec::new();
    let contents = pass(text.as_bytes(), &mut kept, &|number| number >= 2).unwrap();
    assert_eq!(contents.messages.len(), 3);
    let kept = String::from_utf8(kept).unwrap();
    let rest = export(&three[2]);
    assert_eq!(kept.replace('\n', ""), rest.replace('\n', ""));
    let ids: Vec<i64> = read(&kept)
        .unwrap()
        .messages
        .iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(ids, [3]);
    let mut all = Vec::new();
    pass(text.as_bytes(), &mut all, &|_| true).unwrap();
    assert_eq!(String::from_utf8(all).unwrap(), text);
}

#[test]
fn an_export_that_is_cut_anywhere_is_no_export() {
    let property = "<property name=\"a\" value=\"b\" type=\"string\"/>";
    let text = export(&message(1, "q", property, BODY));
    assert!(read(&text).is_ok());
    for length in 0..text.len() {
        assert!(
            read(&text[..length]).is_err(),
            "{length}: {}",
            &text[..length]
        );
    }
    let cut = text.find("</message>").unwrap();
    assert_eq!(
        read(&text[..cut]).unwrap_err(),
        format!(
            "byte {cut}: the export is cut short: it ends within <activemq-journal/messages/message>"
        )
    );
}

#[test]
fn what_an_import_would_change_is_told() {
    let large = "<body isLarge=\"true\"></body>";
    let text = export(
        &[
            message(
                1,
                "q",
                "<property name=\"a\" value=\"\u{1}\" type=\"string\"/>",
                BODY,
            ),
            message(2, "q", "<property name=\"c\" value=\"x\"/>", BODY),
            message(
                3,
                "q",
                "<property name=\"n\" value=\"_AMQ_NULL\" type=\"string\"/>",
                BODY,
            ),
            message(
                4,
                "q",
                "<property name=\"n\" value=\"_AMQ_NULL\" type=\"bytes\"/>",
                BODY,
            ),
            message(5, "q", "", large),
        ]
        .concat(),
    );
    assert_eq!(
        read(&text).unwrap().problems,
        [
            "message 1 of queue q: its property \"a\" holds the character U+0001, which XML cannot hold",
            "message 2 of queue q: its property \"c\" is of a type that an export does not know",
            "message 3 of queue q: its property \"n\" holds the text _AMQ_NULL, which an import takes for \
             no value",
            "message 5 of queue q: its body was in a file, and is empty",
        ]
    );
}

#[test]
fn what_does_not_belong_there_is_refused() {
    let problem = |text: &str| read(text).unwrap_err();
    assert!(problem("<a/>").ends_with("<a> does not belong here"));
    assert!(problem(&export("<queue name=\"q\"/>")).ends_with("<queue> does not belong here"));
    let nowhere = "<message id=\"7\" expiration=\"0\"></message>";
    assert!(problem(&export(nowhere)).ends_with("message 7 is in no queue"));
    assert!(problem(&export("<message id=\"x\"/>")).ends_with("<message> has no `id`"));
    let twice = format!("{0}{0}", export(""));
    assert!(problem(&twice).ends_with("<activemq-journal> does not belong here"));
}

#[test]
fn differences_from_a_store() {
    let text = export(&[message(1, "q", "", BODY), message(2, "r", "", BODY)].concat());
    let contents = read(&text).unwrap();
    let queue = |messages, ids: &[i64]| ArtemisQueue {
        messages,
        ids_sha256: digest_of_set(ids.to_vec()),
        ..Default::default()
    };
    let mut store = ArtemisInventory::default();
    store.queues.insert("q".to_owned(), queue(1, &[1]));
    store.queues.insert("r".to_owned(), queue(1, &[3]));
    store.queues.insert("s".to_owned(), queue(2, &[4, 5]));
    store.queues.insert("empty".to_owned(), queue(0, &[]));
    assert_eq!(
        contents.difference(&store),
        [
            "queue r: 1 message as in the store, but not the same ones",
            "queue s: 0 messages in the export, 2 in the store",
        ]
    );
}
