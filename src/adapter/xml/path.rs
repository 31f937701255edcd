//! Where in a document: `a/b[name='x']/c`, `a/b[@id='x']/@attribute`. Names are local ones, whatever
//! their namespace: it differs between releases.

use roxmltree::Node;

/// A condition on an element: an attribute's or a child's text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    attribute: bool,
    name: String,
    value: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    name: String,
    conditions: Vec<Condition>,
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    steps: Vec<Step>,
    /// The attribute, if it is not the element's text that is meant.
    pub(super) attribute: Option<String>,
}

impl Place {
    /// Reads a path.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let mut steps = Vec::new();
        loop {
            if let Some(name) = rest.strip_prefix('@') {
                if steps.is_empty() || !is_name(name) {
                    return Err(format!("`{rest}` is no attribute of an element"));
                }
                let attribute = Some(name.to_owned());
                return Ok(Self { steps, attribute });
            }
            let end = rest.find(['/', '[']).unwrap_or(rest.len());
            let name = &rest[..end];
            if !is_name(name) {
                return Err(format!("`{name}` is no name of an element"));
            }
            rest = &rest[end..];
            let mut conditions = Vec::new();
            while let Some(inner) = rest.strip_prefix('[') {
                let (condition, after) = condition(inner)?;
                conditions.push(condition);
                rest = after;
            }
            let name = name.to_owned();
            steps.push(Step { name, conditions });
            match rest.strip_prefix('/') {
                Some(next) => rest = next,
                None if rest.is_empty() => {
                    let attribute = None;
                    return Ok(Self { steps, attribute });
                }
                None => return Err(format!("`{rest}` does not continue a path")),
            }
        }
    }

    /// The elements that it means.
    pub(super) fn find<'a, 'input>(&self, root: Node<'a, 'input>) -> Vec<Node<'a, 'input>> {
        let mut found = vec![root];
        let mut steps = self.steps.iter();
        if !steps.next().is_some_and(|first| first.fits(root)) {
            return Vec::new();
        }
        for step in steps {
            found = found
                .iter()
                .flat_map(Node::children)
                .filter(|child| step.fits(*child))
                .collect();
        }
        found
    }
}

impl Step {
    fn fits(&self, node: Node<'_, '_>) -> bool {
        node.is_element()
            && node.tag_name().name() == self.name
            && self.conditions.iter().all(|one| one.holds(node))
    }
}

impl Condition {
    fn holds(&self, node: Node<'_, '_>) -> bool {
        if self.attribute {
            return node
                .attributes()
                .any(|one| one.name() == self.name && one.value() == self.value);
        }
        node.children().any(|child| {
            child.is_element()
                && child.tag_name().name() == self.name
                && child.text().unwrap_or_default().trim() == self.value
        })
    }
}

/// `name='value']…`: the condition, and what follows its bracket.
fn condition(inner: &str) -> Result<(Condition, &str), String> {
    let wrong = || format!("`[{inner}` is no condition: write [name='value'] or [@name='value']");
    let (left, right) = inner.split_once('=').ok_or_else(wrong)?;
    let name = left.strip_prefix('@').unwrap_or(left);
    let quote = right.chars().next().filter(|c| "'\"".contains(*c));
    let quote = quote.ok_or_else(wrong)?;
    let (value, after) = right[1..].split_once(quote).ok_or_else(wrong)?;
    let after = after.strip_prefix(']').ok_or_else(wrong)?;
    if !is_name(name) {
        return Err(wrong());
    }
    let condition = Condition {
        attribute: left.starts_with('@'),
        name: name.to_owned(),
        value: value.to_owned(),
    };
    Ok((condition, after))
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    name.chars().all(fits)
        && name
            .chars()
            .next()
            .is_some_and(|c| c.is_alphabetic() || c == '_')
}
