//! What an expression may not do: repeat. `[1] * 100000000` is a few bytes in a runbook and gigabytes when
//! it is evaluated, and minijinja's slices are not proof against any numbers.

use super::pieces::unquoted;
use super::{ExpressionError, Fault};

/// Refuses multiplication, powers and slices.
pub(super) fn bounded(source: &str) -> Result<(), ExpressionError> {
    let mut open = Vec::new();
    for (at, byte) in unquoted(source.as_bytes(), 0) {
        let what = match byte {
            b'*' => "`*`",
            b':' if open.last() == Some(&b'[') => "slices",
            b'[' | b'{' | b'(' => {
                open.push(byte);
                continue;
            }
            b']' | b'}' | b')' => {
                open.pop();
                continue;
            }
            _ => continue,
        };
        return Err(ExpressionError {
            message: format!("expressions have no {what}"),
            help: Some("write the value itself, or let a step's command work it out".to_owned()),
            range: at..at + 1,
            fault: Fault::Syntax,
        });
    }
    Ok(())
}
