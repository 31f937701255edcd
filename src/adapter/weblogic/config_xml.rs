//! The targets of a deployment in `config.xml`: taken out and put back, every other byte as it was.
//! Pure.

use std::ops::Range;

use roxmltree::{Document, Node};

/// What `config.xml` says of a deployment's targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// It has none.
    Already,
    /// The text without them, and the element that was taken out.
    Without { text: String, target: String },
}

/// Takes the targets of a deployment out.
pub(super) fn without_target(text: &str, deployment: &str) -> Result<Held, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let node = find(&document, deployment)?;
    let inner = |node: Node<'_, '_>| node.has_tag_name_of("sub-deployment");
    if node.children().any(inner) {
        return Err(format!(
            "the deployment {deployment} has parts with targets of their own (sub-deployment)"
        ));
    }
    let Some(target) = node.children().find(|node| node.has_tag_name_of("target")) else {
        return Ok(Held::Already);
    };
    let range = with_line(text, target.range());
    let mut without = text.to_owned();
    without.replace_range(range, "");
    Ok(Held::Without {
        text: without,
        target: text[target.range()].to_owned(),
    })
}

/// Puts the element back, where the schema wants it: behind the name.
pub(super) fn with_target(text: &str, deployment: &str, target: &str) -> Result<String, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let node = find(&document, deployment)?;
    if node.children().any(|node| node.has_tag_name_of("target")) {
        return Ok(text.to_owned());
    }
    let name = node.children().find(|node| node.has_tag_name_of("name"));
    let end = name.map_or(node.range().end, |name| name.range().end);
    let mut with = text.to_owned();
    with.insert_str(end, target);
    Ok(with)
}

trait Named {
    fn has_tag_name_of(&self, name: &str) -> bool;
}

/// Whatever the namespace is: it differs between releases.
impl Named for Node<'_, '_> {
    fn has_tag_name_of(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

fn find<'a>(document: &'a Document<'a>, deployment: &str) -> Result<Node<'a, 'a>, String> {
    let is_it = |node: &Node<'_, '_>| {
        let name = node.children().find(|node| node.has_tag_name_of("name"));
        name.and_then(|name| name.text()).map(str::trim) == Some(deployment)
    };
    let mut deployments = document
        .root_element()
        .children()
        .filter(|node| node.has_tag_name_of("app-deployment"));
    deployments
        .find(is_it)
        .ok_or_else(|| format!("it has no deployment {deployment}"))
}

/// The range with the blanks before and the line end behind, if nothing else is on the line.
fn with_line(text: &str, range: Range<usize>) -> Range<usize> {
    let blank = |c: char| c == ' ' || c == '\t' || c == '\r';
    let start = text[..range.start].trim_end_matches(blank).len();
    let rest = text[range.end..].trim_start_matches(blank);
    let begins_line = start == 0 || text[..start].ends_with('\n');
    match rest.strip_prefix('\n') {
        Some(rest) if begins_line => start..text.len() - rest.len(),
        _ => range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<?xml version='1.0'?>\n<domain xmlns=\"http://xmlns.oracle.com/weblogic/domain\">\n  \
        <app-deployment>\n    <name>other</name>\n    <target>ms1</target>\n  </app-deployment>\n  \
        <app-deployment>\n    <name>domibus</name>\n    <target>AdminServer,ms1</target>\n    \
        <module-type>war</module-type>\n  </app-deployment>\n</domain>\n";

    #[test]
    fn only_the_target_of_that_deployment_goes_and_comes_back() {
        let Held::Without { text, target } = without_target(TEXT, "domibus").unwrap() else {
            panic!("it has one");
        };
        assert_eq!(target, "<target>AdminServer,ms1</target>");
        assert_eq!(
            text,
            TEXT.replace("    <target>AdminServer,ms1</target>\n", "")
        );
        assert_eq!(without_target(&text, "domibus").unwrap(), Held::Already);
        let back = with_target(&text, "domibus", &target).unwrap();
        assert!(back.contains("<name>domibus</name><target>AdminServer,ms1</target>"));
        assert_eq!(with_target(TEXT, "domibus", &target).unwrap(), TEXT);
    }

    #[test]
    fn what_cannot_be_held_is_refused() {
        assert!(
            without_target(TEXT, "none")
                .unwrap_err()
                .contains("no deployment none")
        );
        let parts = TEXT.replace(
            "<module-type>war",
            "<sub-deployment><name>a</name></sub-deployment><module-type>war",
        );
        assert!(
            without_target(&parts, "domibus")
                .unwrap_err()
                .contains("sub-deployment")
        );
        assert!(without_target("<a", "domibus").is_err());
    }
}
