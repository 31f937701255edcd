//! `schema`, `completions`, `man`: the program describes itself.

use std::io::Write;

use clap::CommandFactory;

use super::arguments::{Arguments, SchemaOf};
use super::exit::Exit;
use super::stop::Stop;
use crate::runbook::{PartDocument, RunbookDocument};
use crate::site::Product;

/// Prints the JSON Schema of a document.
pub(super) fn schema(
    document: SchemaOf,
    product: Product,
    out: &mut dyn Write,
) -> Result<Exit, Stop> {
    let schema = match document {
        SchemaOf::Site => product.schema(),
        SchemaOf::Runbook => schemars::schema_for!(RunbookDocument),
        SchemaOf::Part => schemars::schema_for!(PartDocument),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(std::io::Error::from)?;
    writeln!(out, "{text}")?;
    Ok(Exit::Done)
}

/// Prints a completion script.
pub(super) fn completions(shell: clap_complete::Shell, out: &mut dyn Write) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "upgrade-kit", &mut script);
    _ = out.write_all(&script);
    Exit::Done
}

/// Prints the manual page.
pub(super) fn man(out: &mut dyn Write) -> Result<Exit, Stop> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
    out.write_all(&page)?;
    Ok(Exit::Done)
}
