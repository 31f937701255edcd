//! One side of a row, in a process of its own. Prints what it measured as one JSON line.

use serde::Serialize;

use super::{database, files, plan, run};

/// Runs a side.
pub(crate) fn main(arguments: &[String]) {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments.as_slice() {
        ["plan", shape, steps, rounds] => {
            print(&plan::both_sides(shape, number(steps), number(rounds)));
        }
        ["plan-memory", shape, steps] => print(&plan::once(shape, number(steps))),
        ["run", action, steps, directory] => print(&run::ours(action, number(steps), directory)),
        ["spawn", steps, directory] => print(&run::spawn_loop(number(steps), directory)),
        ["files", source, directory] => print(&files::ours(source, directory)),
        ["dump", server, directory, schemas, at_once] => {
            print(&database::dump(server, directory, schemas, number(at_once)));
        }
        ["seal", server, directory, schemas] => print(&database::seal(server, directory, schemas)),
        ["restore", server, directory, schemas, at_once] => {
            print(&database::restore(
                server,
                directory,
                schemas,
                number(at_once),
            ));
        }
        _ => panic!("there is no side {arguments:?}"),
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("the argument is a number")
}

fn print(measured: &impl Serialize) {
    println!(
        "{}",
        serde_json::to_string(measured).expect("samples are plain numbers")
    );
}
