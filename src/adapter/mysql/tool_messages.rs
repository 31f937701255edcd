//! What the vendors' programs say on standard error, and what it means.

use std::fmt::Write;

use super::connection::Connection;
use super::server_errors::meaning;
use crate::adapter::Failure;
use crate::adapter::database::{KEPT_LINES, Said, Source};
use crate::event::FailureKind;
use crate::host::{Exit, ExitStatus, Invocation, clipped};

/// Longest quoted text that is shown.
const KEPT_QUOTED: usize = 64;

/// Sorts the lines. Both programs write errors that do not end them as `NAME: …`.
pub(super) fn sort_lines(program: &str, exit: &Exit, source: Source) -> Said {
    let name = program.rsplit('/').next().unwrap_or(program);
    let mut lines = shown_lines(exit, source);
    lines.retain(|line| !is_benign(line));
    Said::sorted(lines, exit, |line| {
        let speaker = line.split(": ").next().unwrap_or_default();
        let speaker = speaker.rsplit('/').next().unwrap_or_default();
        let by_program = [name, "mysqldump", "mariadb-dump", "mysql", "mariadb"].contains(&speaker);
        by_program
            || line.starts_with("ERROR")
            || line.starts_with("Error")
            || line.contains("World-writable config file")
    })
}

/// Known noise, each seen with a complete result.
pub(super) fn is_benign(line: &str) -> bool {
    let loose = (line.contains("unknown option '--loose-")
        || line.contains("unknown variable 'loose-"))
        && line.to_lowercase().contains("warning");
    loose
        || line.contains("Deprecated program name")
        || line.contains("column statistics not supported by the server")
        || line.contains("Warning: A partial dump from a server that has GTIDs")
        || line.contains("MYSQL_OPT_RECONNECT is deprecated")
}

/// The lines as they may be shown: statements that a client echoes between rulers are left out, long
/// quoted texts too, and for a dump everything that quotes a row.
pub(super) fn shown_lines(exit: &Exit, source: Source) -> Vec<String> {
    let text = exit.stderr.text();
    let mut lines = Vec::new();
    let mut statement = false;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let ruler = line.len() >= 8 && line.bytes().all(|byte| byte == b'-');
        if ruler {
            if !statement {
                lines.push("[a statement, left out]".to_owned());
            }
            statement = !statement;
        } else if !statement || line.starts_with("ERROR ") {
            lines.push(redact(line, source));
            statement = false;
        }
    }
    lines
}

fn redact(line: &str, source: Source) -> String {
    let mut shown = line.to_owned();
    for before in ["Duplicate entry '", "value: '", "near '"] {
        if source == Source::Dump || before != "near '" {
            shown = hide_between(&shown, before);
        }
    }
    clipped(hide_long_quotes(&shown))
}

/// Everything from `before` to the last single quote of the line: the quoted text is not escaped.
fn hide_between(line: &str, before: &str) -> String {
    let Some(start) = line.find(before).map(|at| at + before.len()) else {
        return line.to_owned();
    };
    let rest = &line[start..];
    let end = ["' for key", "' for column", "' at line"]
        .iter()
        .filter_map(|after| rest.rfind(after))
        .max()
        .unwrap_or(rest.len());
    format!("{}…{}", &line[..start], &rest[end..])
}

fn hide_long_quotes(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = rest.find(['\'', '"']) {
        let quote = &rest[open..=open];
        let Some(length) = rest[open + 1..].find(quote) else {
            break;
        };
        let quoted = &rest[open + 1..open + 1 + length];
        shown.push_str(&rest[..=open]);
        match quoted.chars().count() {
            count if count > KEPT_QUOTED => {
                let _ = write!(shown, "[{count} characters]");
            }
            _ => shown.push_str(quoted),
        }
        shown.push_str(quote);
        rest = &rest[open + length + 2..];
    }
    // A quote that the cap cut off, or an apostrophe: what follows it is short or a statement.
    match rest.find(['\'', '"']) {
        Some(open) if rest.len() - open > KEPT_QUOTED => {
            shown.push_str(&rest[..=open]);
            shown.push('…');
        }
        _ => shown.push_str(rest),
    }
    shown
}

/// Ends with a failure unless the client ended with exit code 0 and named no error.
pub(super) fn judge_client(
    connection: &Connection,
    invocation: &Invocation,
    exit: &Exit,
    source: Source,
) -> Result<Said, Failure> {
    let said = sort_lines(&invocation.program, exit, source);
    if exit.success() && said.failures.is_empty() {
        return Ok(said);
    }
    let message = match exit.status {
        ExitStatus::Code(0) => "the client ended well but reported errors".to_owned(),
        ExitStatus::Signal(_) => format!(
            "the client was killed while it asked the server at {}",
            connection.address()
        ),
        ExitStatus::Code(_) => format!("the server at {} refused", connection.address()),
    };
    Err(tool_failure(message, connection, invocation, exit, source))
}

/// A failed tool with what its messages mean.
pub(super) fn tool_failure(
    message: impl Into<String>,
    connection: &Connection,
    invocation: &Invocation,
    exit: &Exit,
    source: Source,
) -> Failure {
    let mut failure = Failure::tool(message, invocation, exit);
    let mut lines = shown_lines(exit, source);
    lines.retain(|line| !is_benign(line));
    let code = lines.iter().find_map(|line| error_code(line));
    failure.0.stderr = lines.split_off(lines.len().saturating_sub(KEPT_LINES));
    if let Some(known) = code.and_then(meaning) {
        failure.0.message = format!("{} ({})", known.text, connection.address());
        if known.refused && failure.kind() == FailureKind::Tool {
            failure.0.kind = FailureKind::Refused;
        }
        failure = failure.hint(known.hint);
    }
    failure
}

/// The server's error number in a line of either program.
pub(super) fn error_code(line: &str) -> Option<u32> {
    let digits = |text: &str| -> Option<u32> {
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        text[..end].parse().ok()
    };
    for before in ["ERROR ", "error: ", "Error "] {
        if let Some(at) = line.find(before)
            && let Some(code) = digits(&line[at + before.len()..])
        {
            return Some(code);
        }
    }
    let end = line.trim_end().strip_suffix(')')?;
    digits(&end[end.rfind('(')? + 1..])
}

/// What a dump program's exit code says, from its source and seen.
pub(super) fn dump_exit_meaning(status: ExitStatus) -> &'static str {
    match status {
        ExitStatus::Code(0) => "ended well",
        ExitStatus::Code(1) => "was called wrongly",
        ExitStatus::Code(2) => "was refused by the server",
        ExitStatus::Code(3) => "lost the server or its snapshot in the middle",
        ExitStatus::Code(4) => "ran out of memory",
        ExitStatus::Code(5) => "could not write its output",
        ExitStatus::Code(6) => "did not find a table",
        ExitStatus::Code(7) => "does not know an option",
        ExitStatus::Code(_) => "failed",
        ExitStatus::Signal(_) => "was killed",
    }
}

#[cfg(test)]
#[path = "tool_messages_tests.rs"]
mod tests;
