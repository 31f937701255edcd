//! The program `upgrade-kit`.

use std::process::ExitCode;

fn main() -> ExitCode {
    upgrade_kit::cli::main()
}
