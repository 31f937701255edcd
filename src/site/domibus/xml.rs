//! Elements by their names, whatever the namespace: it differs between releases of a server.

use roxmltree::Node;

pub(super) fn has_name(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

/// The first child element of this name.
pub(super) fn child<'all, 'text>(node: Node<'all, 'text>, name: &str) -> Option<Node<'all, 'text>> {
    node.children().find(|child| has_name(*child, name))
}

/// All child elements of this name.
pub(super) fn children<'all, 'text>(
    node: Node<'all, 'text>,
    name: &'static str,
) -> impl Iterator<Item = Node<'all, 'text>> + use<'all, 'text> {
    node.children().filter(move |child| has_name(*child, name))
}

/// The text of the first child element of this name, without blanks around it; none if it is empty.
pub(super) fn text<'all>(node: Node<'all, '_>, name: &str) -> Option<&'all str> {
    let text = child(node, name)?.text()?.trim();
    (!text.is_empty()).then_some(text)
}
