//! Changing values in the text of a document, and showing what changed. Pure.

use std::fmt::Write;
use std::ops::Range;

use roxmltree::{Document, Node};

use super::path::Place;

/// What the text shall say somewhere.
pub(super) struct Wanted<'a> {
    pub(super) at: &'a str,
    pub(super) place: &'a Place,
    pub(super) value: &'a str,
}

/// The text with every value in its place. All problems at once.
pub(super) fn edited(text: &str, wanted: &[Wanted<'_>]) -> Result<String, Vec<String>> {
    let document = Document::parse(text).map_err(|error| vec![ill_formed(&error)])?;
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    let mut problems = Vec::new();
    for one in wanted {
        match change(text, &document, one) {
            Ok(Some(change)) => changes.push(change),
            Ok(None) => {}
            Err(problem) => problems.push(format!("{}: {problem}", one.at)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // From the end, so that earlier places stay where they are.
    changes.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let overlap = changes.windows(2).any(|two| two[0].0.start < two[1].0.end);
    if overlap {
        return Err(vec!["two of the changes are at one place".to_owned()]);
    }
    let mut new = text.to_owned();
    for (range, value) in changes {
        new.replace_range(range, &value);
    }
    verify(&new, wanted)?;
    Ok(new)
}

/// Why a text is not read, with the place.
fn ill_formed(error: &roxmltree::Error) -> String {
    match error {
        roxmltree::Error::DtdDetected => {
            "it has a document type declaration (<!DOCTYPE …>), whose entities could stand for anything; \
             such a file is not read"
                .to_owned()
        }
        roxmltree::Error::NoRootNode => "it has no element".to_owned(),
        error => {
            let place = error.pos();
            let text = error.to_string();
            let text = text.strip_suffix(&format!(" at {place}")).unwrap_or(&text);
            format!("line {}, column {}: {text}", place.row, place.col)
        }
    }
}

/// What was written must read as it was wanted.
fn verify(text: &str, wanted: &[Wanted<'_>]) -> Result<(), Vec<String>> {
    let document = Document::parse(text).map_err(|error| vec![ill_formed(&error)])?;
    let problems: Vec<String> = wanted
        .iter()
        .filter(|one| {
            let read = only(&document, one.place).map(|node| value_of(node, one.place));
            read != Ok(Some(one.value.to_owned()))
        })
        .map(|one| format!("{}: it would not read as it is wanted", one.at))
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

fn only<'a, 'input>(
    document: &'a Document<'input>,
    place: &Place,
) -> Result<Node<'a, 'input>, String> {
    match place.find(document.root_element()).as_slice() {
        [one] => Ok(*one),
        [] => Err("there is no such element".to_owned()),
        many => Err(format!("there are {} such elements", many.len())),
    }
}

fn value_of(node: Node<'_, '_>, place: &Place) -> Option<String> {
    match &place.attribute {
        Some(name) => node
            .attributes()
            .find(|one| one.name() == name)
            .map(|one| one.value().to_owned()),
        None => Some(node.text().unwrap_or_default().trim().to_owned()),
    }
}

type Change = (Range<usize>, String);

fn change(
    text: &str,
    document: &Document<'_>,
    wanted: &Wanted<'_>,
) -> Result<Option<Change>, String> {
    let node = only(document, wanted.place)?;
    let children: Vec<_> = node.children().collect();
    let of_element = wanted.place.attribute.is_none();
    // Of what holds more than a text, the text is only a part of the value.
    if of_element && children.iter().any(|child| !child.is_text()) {
        return Err("the element holds more than a text".to_owned());
    }
    // WSO2's products then take the value from the vault, and what stands here is not used.
    if of_element && node.attributes().any(|one| one.name() == "secretAlias") {
        return Err(
            "its value is in the secure vault (`secretAlias`): put the new one there, and take the \
             attribute off or this change out of the runbook"
                .to_owned(),
        );
    }
    if value_of(node, wanted.place).as_deref() == Some(wanted.value) {
        return Ok(None);
    }
    let value = escaped(wanted.value);
    if let Some(name) = &wanted.place.attribute {
        let attribute = node.attributes().find(|one| one.name() == name);
        let attribute = attribute.ok_or_else(|| format!("it has no attribute `{name}`"))?;
        return Ok(Some((attribute.range_value(), value)));
    }
    let whole = node.range();
    if let (Some(first), Some(last)) = (children.first(), children.last()) {
        let content = first.range().start..last.range().end;
        let old = &text[content.clone()];
        // White space around a plain value is layout, and stays.
        let left = old.len() - old.trim_start().len();
        let right = old.trim_end().len().max(left);
        let content = content.start + left..content.start + right;
        return Ok(Some((content, value)));
    }
    let source = &text[whole.clone()];
    let Some(start) = source.strip_suffix("/>") else {
        let at = whole.start + source.rfind("</").unwrap_or(source.len());
        return Ok(Some((at..at, value)));
    };
    let name: String = source[1..]
        .chars()
        .take_while(|c| !c.is_whitespace() && *c != '/')
        .collect();
    let at = whole.start + start.trim_end().len();
    Ok(Some((at..whole.end, format!(">{value}</{name}>"))))
}

fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&apos;"),
            other if other.is_ascii() => text.push(other),
            // Right in a file of whatever encoding.
            other => {
                let _ = write!(text, "&#x{:X};", u32::from(other));
            }
        }
    }
    text
}

/// The lines that differ, as `-` and `+`, with their numbers. Both texts have as many lines, because
/// values are one line each.
pub(super) fn difference(old: &str, new: &str) -> Vec<String> {
    let pairs = old.lines().zip(new.lines()).enumerate();
    pairs
        .filter(|(_, (old, new))| old != new)
        .flat_map(|(at, (old, new))| {
            let number = at + 1;
            let (old, new) = (old.trim(), new.trim());
            [format!("{number} - {old}"), format!("{number} + {new}")]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<?xml version=\"1.0\"?>\r\n<!-- é <url>no</url> -->\n<d:ds xmlns:d='u'>\n  <one>\
        <name>A</name><url a=\"x\" b='y'>\n    old &amp; &#x41;\n  </url><e/><f  /><g></g></one>\n  <one>\
        <name>B</name><url><![CDATA[b]]></url><h>x<!-- c --></h></one>\n  \
        <v d:secretAlias='A'>p</v></d:ds>\n";

    fn edit(pairs: &[(&str, &str)]) -> Result<String, Vec<String>> {
        let places: Vec<Place> = pairs
            .iter()
            .map(|(at, _)| Place::parse(at).unwrap())
            .collect();
        let wanted: Vec<Wanted<'_>> = pairs
            .iter()
            .zip(&places)
            .map(|((at, value), place)| Wanted { at, place, value })
            .collect();
        edited(TEXT, &wanted)
    }

    #[test]
    fn only_the_values_change() {
        let new = edit(&[
            ("ds/one[name='B']/url", "b<&>\"'"),
            ("ds/one[name='A']/url", "new"),
            ("ds/one[name='A']/url/@b", "z'"),
            ("ds/one[name='A']/e", "1"),
            ("ds/one[name='A']/f", "2"),
            ("ds/one[name=\"A\"]/g", "3"),
            ("ds/one[name='A']/url[@a='x']/@a", "x"),
        ]);
        let expected = TEXT
            .replace("<![CDATA[b]]>", "b&lt;&amp;&gt;&quot;&apos;")
            .replace("old &amp; &#x41;", "new")
            .replace("b='y'", "b='z&apos;'")
            .replace("<e/>", "<e>1</e>")
            .replace("<f  />", "<f>2</f>")
            .replace("<g></g>", "<g>3</g>");
        assert_eq!(new.unwrap(), expected);
        assert_eq!(edit(&[("ds/one[name='A']/url", "old & A")]).unwrap(), TEXT);
    }

    #[test]
    fn what_cannot_be_changed_is_said_all_at_once() {
        let problems = edit(&[
            ("ds/one/url", "x"),
            ("ds/two", "x"),
            ("ds/one[name='B']/h", "x"),
            ("ds/one[name='B']", "x"),
            ("ds/one[name='A']/e/@no", "x"),
            ("ds/v", "x"),
        ])
        .unwrap_err();
        assert_eq!(
            problems,
            [
                "ds/one/url: there are 2 such elements",
                "ds/two: there is no such element",
                "ds/one[name='B']/h: the element holds more than a text",
                "ds/one[name='B']: the element holds more than a text",
                "ds/one[name='A']/e/@no: it has no attribute `no`",
                "ds/v: its value is in the secure vault (`secretAlias`): put the new one there, and take \
                 the attribute off or this change out of the runbook",
            ]
        );
        let twice = edit(&[("ds/one[name='A']/g", "1"), ("ds/one[name='A']/g", "2")]);
        assert!(twice.is_err());
    }

    #[test]
    fn a_difference_names_lines() {
        let new = edit(&[("ds/one[name='A']/url", "new")]).unwrap();
        assert_eq!(difference(TEXT, &new), ["5 - old &amp; &#x41;", "5 + new"]);
    }

    #[test]
    fn paths_are_read() {
        for wrong in [
            "",
            "/a",
            "a/",
            "a[b]",
            "a[b='c'",
            "a[b=c]",
            "@a",
            "a/@b/c",
            "a b",
            "a[b='c']d",
        ] {
            assert!(Place::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Place::parse("a[b='/]'][@c=\"d'\"]/e-f.g/@h").is_ok());
    }
}
