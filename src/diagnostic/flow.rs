//! A tree written out as text again.

use super::tree::{Kind, NodeId, Tree};

/// Writes a node in flow style, so that the decoder reads every scalar as it reads the original; instead
/// of a node that `stand_in` has a text for, that text.
pub(super) fn write(
    tree: &Tree,
    id: NodeId,
    stand_in: &dyn Fn(NodeId) -> Option<&'static str>,
    out: &mut String,
) {
    if let Some(text) = stand_in(id) {
        out.push_str(text);
        return;
    }
    let node = tree.node(id);
    if let Some(tag) = &node.tag {
        out.push_str(tag);
        out.push(' ');
    }
    match &node.kind {
        Kind::Scalar { text, plain: true } if is_plain_in_flow(text) => out.push_str(text),
        Kind::Scalar { text, plain: true } if text.is_empty() => out.push('~'),
        Kind::Scalar { text, .. } => {
            out.push_str(&serde_json::Value::from(text.as_str()).to_string());
        }
        Kind::Sequence(items) => {
            out.push('[');
            for &item in items {
                write(tree, item, stand_in, out);
                out.push_str(" ,\n");
            }
            out.push(']');
        }
        Kind::Mapping(entries) => {
            out.push('{');
            for &(key, value) in entries {
                write(tree, key, stand_in, out);
                out.push_str(" : ");
                write(tree, value, stand_in, out);
                out.push_str(" ,\n");
            }
            out.push('}');
        }
        Kind::Alias => out.push('~'),
    }
}

/// Whether a bare text may stay bare between brackets. Those that may not are texts in any case: a
/// number, a boolean or null has none of these letters.
fn is_plain_in_flow(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(['[', ']', '{', '}', ',', '"', '\'', '#', '\n', '\\'])
        && !text.starts_with(['-', '?', ':'])
        || text.parse::<f64>().is_ok()
}
