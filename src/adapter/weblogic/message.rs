//! One message as WebLogic writes it: `<WLJMSMessage>` with a header and a body.

use std::io::{Read, Write};

use crate::backup::hex;
use roxmltree::{Document, Node};
use sha2::{Digest, Sha256};

const NAMESPACE: &str = "http://www.bea.com/WLS/JMS/Message";

/// What every exported file begins with; the console's own export has the same outer element.
pub(super) const FRAME_START: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<JMSMessageExport>\n";

/// What every exported file ends with.
pub(super) const FRAME_END: &str = "</JMSMessageExport>\n";

/// A message larger than this is a damaged index.
const LARGEST: u64 = 1 << 30;

/// A message, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// `JMSMessageID`. An import gives the message another one.
    pub(super) id: String,
    /// SHA-256 of what an import keeps: correlation id, type, properties, body.
    pub(super) fingerprint: String,
    /// When it expires, milliseconds since the epoch; 0 for never.
    pub(super) expiration: u64,
    /// Whether it has an element for its body.
    pub(super) has_body: bool,
}

impl Message {
    /// Reads one. A document type is refused, so no entity leads anywhere.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let document = Document::parse(text).map_err(|error| error.to_string())?;
        let root = document.root_element();
        if root.tag_name().name() != "WLJMSMessage"
            || root.tag_name().namespace() != Some(NAMESPACE)
        {
            return Err(format!(
                "<{}> is no message of WebLogic",
                root.tag_name().name()
            ));
        }
        let header = child(root, "Header").ok_or("it has no header")?;
        let text = |name| child(header, name).map(content).unwrap_or_default();
        let id = text("JMSMessageID");
        if id.is_empty() {
            return Err("it has no JMSMessageID".to_owned());
        }
        let expiration = match text("JMSExpiration").trim() {
            "" => 0,
            number => number
                .parse()
                .map_err(|_| format!("its expiration is `{number}`"))?,
        };
        let mut hash = Sha256::new();
        let mut field = |name: &str, value: &str| {
            for part in [name, value] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part.as_bytes());
            }
        };
        field("correlation", &text("JMSCorrelationID"));
        field("type", &text("JMSType"));
        for (name, kind, value) in properties(header) {
            field(&name, &kind);
            field("", &value);
        }
        let body = child(root, "Body");
        if let Some(body) = body {
            add_tree(body, &mut field);
        }
        Ok(Self {
            id,
            fingerprint: hex(&hash.finalize()),
            expiration,
            has_body: body.is_some(),
        })
    }
}

fn child<'a, 'b>(node: Node<'a, 'b>, name: &str) -> Option<Node<'a, 'b>> {
    node.children()
        .find(|child| child.is_element() && child.tag_name().name() == name)
}

fn content(node: Node<'_, '_>) -> String {
    node.descendants()
        .filter(Node::is_text)
        .filter_map(|text| text.text())
        .collect()
}

/// Properties of the application, sorted: name, kind, value. Those that the provider counts up with
/// each delivery are left out.
fn properties(header: Node<'_, '_>) -> Vec<(String, String, String)> {
    let mut found: Vec<_> = child(header, "Properties")
        .iter()
        .flat_map(Node::children)
        .filter(Node::is_element)
        .filter_map(|property| {
            let name = property.attribute("name")?.to_owned();
            let value = property.children().find(Node::is_element)?;
            Some((name, value.tag_name().name().to_owned(), content(value)))
        })
        .filter(|(name, ..)| !name.starts_with("JMSX") && !name.starts_with("JMS_BEA_"))
        .collect();
    found.sort();
    found
}

/// Elements, attributes and texts in order. White space between elements may change on the way
/// through a server, that inside a text may not.
fn add_tree(body: Node<'_, '_>, field: &mut impl FnMut(&str, &str)) {
    let mut left = vec![Some(body)];
    while let Some(next) = left.pop() {
        let Some(node) = next else {
            field("close", "");
            continue;
        };
        if node.is_element() {
            field("open", node.tag_name().name());
            let mut attributes: Vec<_> = node
                .attributes()
                .map(|attribute| (attribute.name(), attribute.value()))
                .collect();
            attributes.sort_unstable();
            for (name, value) in attributes {
                field(name, value);
            }
            left.push(None);
            left.extend(node.children().rev().map(Some));
        } else if node.is_text() {
            let text = node.text().unwrap_or_default();
            let between = node
                .parent()
                .is_some_and(|parent| parent.children().any(|child| child.is_element()));
            if !(between && text.trim().is_empty()) {
                field("text", text);
            }
        }
    }
}

/// Reads an exported file to its end: the frame, and the messages at their places (offset and
/// length) with nothing but a line end between. Copies every byte to `copy`.
pub(super) fn walk(
    mut reader: impl Read,
    pieces: impl IntoIterator<Item = (u64, u64)>,
    copy: &mut dyn Write,
    mut each: impl FnMut(&str, Message) -> Result<(), String>,
) -> Result<(), String> {
    expect(&mut reader, FRAME_START, copy)?;
    let mut at = FRAME_START.len() as u64;
    let mut bytes = Vec::new();
    for (number, (offset, length)) in pieces.into_iter().enumerate() {
        let here = |problem: String| format!("message {}: {problem}", number + 1);
        if offset != at || length > LARGEST {
            return Err(here(format!(
                "its place is given as {offset}, {length} bytes"
            )));
        }
        bytes.resize(length as usize, 0);
        reader
            .read_exact(&mut bytes)
            .and_then(|()| copy.write_all(&bytes))
            .map_err(|error| here(error.to_string()))?;
        let text = std::str::from_utf8(&bytes).map_err(|error| here(error.to_string()))?;
        Message::parse(text)
            .and_then(|message| each(text, message))
            .map_err(here)?;
        expect(&mut reader, "\n", copy).map_err(here)?;
        at += length + 1;
    }
    expect(&mut reader, FRAME_END, copy)?;
    match reader.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err("there is more after its end".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn expect(reader: &mut impl Read, text: &str, copy: &mut dyn Write) -> Result<(), String> {
    let mut bytes = vec![0; text.len()];
    reader
        .read_exact(&mut bytes)
        .and_then(|()| copy.write_all(&bytes))
        .map_err(|error| error.to_string())?;
    if bytes == text.as_bytes() {
        Ok(())
    } else {
        Err(format!("`{}` is missing at its place", text.trim_end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str, properties: &str, body: &str) -> String {
        format!(
            "<m:WLJMSMessage xmlns:m=\"{NAMESPACE}\"><m:Header><m:JMSMessageID>{id}</m:JMSMessageID>\
             <m:JMSExpiration>0</m:JMSExpiration><m:Properties>{properties}</m:Properties>\
             </m:Header>{body}</m:WLJMSMessage>"
        )
    }

    fn fingerprint(properties: &str, body: &str) -> String {
        let text = message("ID:&lt;1&gt;", properties, body);
        Message::parse(&text).unwrap().fingerprint
    }

    #[test]
    fn the_fingerprint_is_of_what_an_import_keeps() {
        let property = |name: &str, value: &str| {
            format!("<m:property name=\"{name}\"><m:String>{value}</m:String></m:property>")
        };
        let (a, b) = (property("a", "1"), property("b", "2"));
        let text = |text: &str| format!("<m:Body><m:Text>{text}</m:Text></m:Body>");
        let first = fingerprint(&format!("{a}{b}"), &text("x &lt; y"));
        let redelivered = property("JMSXDeliveryCount", "3");
        let same = format!("{b}{redelivered}{a}");
        let body = "<m:Body>\n  <m:Text><![CDATA[x < y]]></m:Text>\n</m:Body>";
        assert_eq!(first, fingerprint(&same, body));
        for (properties, body) in [
            (format!("{a}{b}"), text("x &lt; y ")),
            (
                format!("{a}{b}"),
                "<m:Body><m:Bytes>x &lt; y</m:Bytes></m:Body>".to_owned(),
            ),
            (a.clone(), text("x &lt; y")),
            (format!("{a}{}", property("b", "3")), text("x &lt; y")),
            (format!("{a}{b}"), String::new()),
        ] {
            assert_ne!(
                first,
                fingerprint(&properties, &body),
                "{properties} {body}"
            );
        }
        let other = message("ID:&lt;2&gt;", &format!("{a}{b}"), &text("x &lt; y"));
        let other = Message::parse(&other).unwrap();
        assert_eq!((other.fingerprint, other.id.as_str()), (first, "ID:<2>"));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let dtd = format!("<!DOCTYPE a [<!ENTITY b 'c'>]>{}", message("1", "", ""));
        for (text, problem) in [
            ("<a/>", "no message of WebLogic"),
            (dtd.as_str(), "DTD"),
            (&message("", "", ""), "no JMSMessageID"),
            (&message("1", "", "")[..40], ""),
        ] {
            let error = Message::parse(text).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn a_file_is_read_to_its_end() {
        let one = message("1", "", "");
        let start = FRAME_START.len() as u64;
        let pieces = [(start, one.len() as u64)];
        let whole = format!("{FRAME_START}{one}\n{FRAME_END}");
        let read = |text: &str, pieces: &[(u64, u64)]| {
            let mut copy = Vec::new();
            let mut ids = Vec::new();
            walk(
                text.as_bytes(),
                pieces.iter().copied(),
                &mut copy,
                |_, message| {
                    ids.push(message.id);
                    Ok(())
                },
            )?;
            assert_eq!(copy, text.as_bytes());
            Ok::<_, String>(ids)
        };
        assert_eq!(read(&whole, &pieces).unwrap(), ["1"]);
        assert!(read(&whole, &[]).is_err());
        assert!(read(&whole[..whole.len() - 1], &pieces).is_err());
        assert!(read(&format!("{whole}x"), &pieces).is_err());
        assert!(read(&whole, &[(start, one.len() as u64), (start, 1)]).is_err());
        assert!(read(&whole.replace("</m:Header>", "<m:Header/>"), &pieces).is_err());
    }
}
