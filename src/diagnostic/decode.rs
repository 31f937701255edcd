//! From a document to a value, or to all of its problems.

use serde::de::{DeserializeOwned, IgnoredAny};

use super::code::Code;
use super::limits;
use super::problem::{Problem, Problems};
use super::repair::Repair;
use super::source::SourceFile;
use super::syntax;
use super::tree::{SyntaxFault, Tree};

/// The value of a document, or every problem it has at once.
///
/// A document without problems costs the plain decode and one pass over its bytes. With one, the text
/// is read again with places, and decoded again and again with each found problem patched over, so
/// that the author sees all of them. Up to fifty are reported.
///
/// Types should be plain structs with `deny_unknown_fields`: what serde flattens or tries untagged
/// loses the place inside. Maps should refuse repeated keys with [`super::unique`]; structs do anyway.
pub fn decode<T: DeserializeOwned>(file: &SourceFile) -> Result<T, Problems> {
    limits::check(file)?;
    match serde_yaml::from_str::<T>(file.text()) {
        Ok(value) => Ok(value),
        Err(error) => Err(explain::<T>(file, &error)),
    }
}

fn explain<T: DeserializeOwned>(file: &SourceFile, error: &serde_yaml::Error) -> Problems {
    let syntax = serde_yaml::from_str::<IgnoredAny>(file.text()).err();
    let problems = match (file.parsed(), syntax) {
        (
            Ok(Tree {
                second_document: Some(at),
                ..
            }),
            _,
        ) => second_document(file, *at),
        (_, Some(syntax)) => syntax::explain(file, &syntax).into(),
        (Ok(Tree { root: None, .. }), None) => empty(file),
        (Ok(tree), None) if is_nothing(tree) => empty(file),
        (Ok(tree), None) => Repair::new(file, tree).all_problems::<T>(),
        // The stricter parser refuses what the decoder took: its words are all there is.
        (Err(SyntaxFault::Syntax { info, offset }), None) => {
            let other = || {
                Problem::error(Code::SYNTAX, format!("this is not YAML: {info}"))
                    .at(file.span(*offset..offset + 1), "")
            };
            syntax::byte_order_mark(file, *offset)
                .unwrap_or_else(other)
                .into()
        }
        (Err(SyntaxFault::TooDeep(offset)), None) => {
            Problem::error(Code::TOO_DEEP, "the document is nested too deeply")
                .at(file.span(*offset..offset + 1), "")
                .into()
        }
    };
    if problems.has_errors() {
        return problems;
    }
    // The patched text decodes although the text does not. Better an unphrased problem than none.
    let at = error.location().map_or(0, |location| {
        file.offset(location.line(), location.column())
    });
    Problem::error(Code::WRONG_VALUE, error.to_string())
        .at(file.span(at..at + 1), "")
        .into()
}

fn is_nothing(tree: &Tree) -> bool {
    tree.root
        .is_some_and(|root| tree.node(root).range.is_empty() && tree.scalar(root) == Some(""))
}

fn empty(file: &SourceFile) -> Problems {
    Problem::error(Code::EMPTY, format!("{} is empty", file.name()))
        .at(file.span(0..0), "")
        .help("a comment is not enough: the document must have keys")
        .into()
}

fn second_document(file: &SourceFile, at: usize) -> Problems {
    Problem::error(Code::SEVERAL_DOCUMENTS, "a second document begins here")
        .at(file.span(at..at + 3), "")
        .help("one file holds one document: remove the `---` or split the file")
        .into()
}
