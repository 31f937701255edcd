//! Asks the person at the terminal.

use std::io::{BufRead, IsTerminal, Write};

use crate::host::StopFlag;
use crate::run::{Gate, GateAnswer, GateKeeper, Verdict};

/// Gates are answered by `--yes`, by the person at the terminal, or not at all.
pub(super) struct Gates {
    yes: bool,
    terminal: bool,
}

impl Gates {
    /// With the operator's answer in advance.
    pub(super) fn new(yes: bool) -> Self {
        Self {
            yes,
            terminal: is_at_a_terminal(),
        }
    }
}

impl GateKeeper for Gates {
    fn asks_a_person(&self) -> bool {
        self.terminal && !self.yes
    }

    fn answer(&self, gate: &Gate, _: &StopFlag) -> GateAnswer {
        if self.yes {
            return GateAnswer::Yes;
        }
        if !self.terminal {
            return GateAnswer::Wait;
        }
        match ask(gate, "yes / no / later", &["yes", "no", "later"]).as_deref() {
            Some("yes") => GateAnswer::Yes,
            Some("no") => GateAnswer::No,
            _ => GateAnswer::Wait,
        }
    }

    fn verdict(&self, gate: &Gate, _: &StopFlag) -> Verdict {
        if !self.terminal {
            return Verdict::Wait;
        }
        match ask(gate, "done / repeat / later", &["done", "repeat", "later"]).as_deref() {
            Some("done") => Verdict::Done,
            Some("repeat") => Verdict::Repeat,
            _ => Verdict::Wait,
        }
    }
}

/// Asks until one of the words comes; `None` at the end of input.
fn ask(gate: &Gate, choice: &str, words: &[&str]) -> Option<String> {
    let mut stderr = std::io::stderr();
    _ = writeln!(stderr, "\n{} ({})", gate.question, gate.step);
    for line in &gate.details {
        _ = writeln!(stderr, "  {line}");
    }
    loop {
        _ = write!(stderr, "{choice}: ");
        _ = stderr.flush();
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => return None,
            Ok(_) => {
                let word = line.trim().to_lowercase();
                if let Some(known) = words.iter().find(|known| **known == word) {
                    return Some((*known).to_owned());
                }
            }
        }
    }
}

/// Whether a person can be asked.
fn is_at_a_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// One question with yes or no, at the terminal; `None` without one.
pub(super) fn asked(question: &str) -> Option<bool> {
    if !is_at_a_terminal() {
        return None;
    }
    let mut stderr = std::io::stderr();
    _ = write!(stderr, "{question} [y/N] ");
    _ = stderr.flush();
    let mut line = String::new();
    Some(match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => false,
        Ok(_) => matches!(line.trim().to_lowercase().as_str(), "y" | "yes"),
    })
}
