//! Tables without lines: columns are told apart by blanks, so that `awk` can read them too.

use comfy_table::{Cell, CellAlignment, Table, presets};

/// Which way the cells of a column lean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lean {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// A table with a heading, each line indented by `indent` blanks, without blanks at line ends.
pub(super) fn table(heading: &[(&str, Lean)], rows: &[Vec<String>], indent: usize) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let cell = |text: &str, lean: Lean| {
        Cell::new(text).set_alignment(match lean {
            Lean::Left => CellAlignment::Left,
            Lean::Right => CellAlignment::Right,
        })
    };
    if heading.iter().any(|(name, _)| !name.is_empty()) {
        table.set_header(heading.iter().map(|(name, lean)| cell(name, *lean)));
    }
    for row in rows {
        table.add_row(
            row.iter()
                .zip(heading)
                .map(|(text, (_, lean))| cell(text, *lean)),
        );
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let margin = " ".repeat(indent);
    table.lines().fold(String::new(), |text, line| {
        text + &margin + line.trim_end() + "\n"
    })
}
