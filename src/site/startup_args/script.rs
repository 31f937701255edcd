//! The statements of the script, in order, without running any: assignments and exports take effect, what
//! stands under a condition makes unknown what it may set.

use std::collections::BTreeSet;

use super::conditions;
use super::text::Text;
use super::tokens::{Part, Token, Word, is_name};
use super::variables::{Variables, holds_options};

/// What the script leaves behind.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) variables: Variables,
    functions: BTreeSet<String>,
    ended: bool,
}

impl Script {
    pub(super) fn new(variables: Variables) -> Self {
        Self {
            variables,
            functions: BTreeSet::new(),
            ended: false,
        }
    }

    pub(super) fn follow(&mut self, tokens: &[Token]) {
        let mut rest = tokens;
        while !rest.is_empty() && !self.ended {
            let (end, finished) = end_of_statement(rest);
            if !finished {
                let line = line_of(&rest[0]);
                let text = "the command that begins here does not end".to_owned();
                self.variables.doubt(line, text, true);
            }
            let background = matches!(rest.get(end), Some(Token::Operator("&", _)));
            let (statement, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            // In the background, as in a pipe, assignments happen in another process.
            if !background {
                self.statement(
                    statement,
                    !rest.iter().all(|token| *token == Token::Newline),
                );
            }
        }
    }

    fn statement(&mut self, statement: &[Token], more_follows: bool) {
        let Some(first) = statement.first() else {
            return;
        };
        if let Some(function) = function_name(statement) {
            self.functions.insert(function);
        }
        if is_subshell(statement) {
            return;
        }
        if let Some(branch) = conditions::decided(statement, &mut self.variables) {
            self.follow(branch);
            return;
        }
        if let Some(what) = compound(statement) {
            self.perhaps(statement, what, first);
            return;
        }
        let is_and_or = |token: &Token| matches!(token, Token::Operator("&&" | "||", _));
        let mut commands = statement.split_inclusive(is_and_or);
        while let Some(command) = commands.next() {
            let (command, operator) = match command.split_last() {
                Some((Token::Operator(operator @ ("&&" | "||"), _), command)) => {
                    (command, Some(*operator))
                }
                _ => (command, None),
            };
            let harmless = self.command(command, more_follows);
            if operator.is_some() && !(harmless && operator == Some("&&")) {
                for command in commands {
                    self.perhaps(command, "condition", first);
                }
                return;
            }
        }
    }

    /// Whether the command surely succeeds.
    fn command(&mut self, command: &[Token], more_follows: bool) -> bool {
        if command
            .iter()
            .any(|token| matches!(token, Token::Operator("|", _)))
        {
            return false;
        }
        let words = words(command);
        let assignments = words
            .iter()
            .take_while(|word| word.assignment().is_some())
            .count();
        let Some((name, arguments)) = words[assignments..].split_first() else {
            for word in words {
                self.assign(word, false);
            }
            return true;
        };
        let line = name.line;
        match name.plain().as_deref() {
            Some("export" | "declare" | "typeset" | "readonly" | "local") => {
                let exports = name.plain().as_deref() == Some("export")
                    || arguments
                        .iter()
                        .any(|word| word.plain().as_deref() == Some("-x"));
                for word in arguments {
                    self.assign(word, exports);
                }
                return true;
            }
            Some("unset") => {
                for name in arguments.iter().filter_map(|word| word.plain()) {
                    self.variables.all.remove(&name);
                }
            }
            Some(":" | "true") => return true,
            Some(name) => self.builtin(name, arguments, line, more_follows),
            None => self
                .variables
                .doubt(line, "a command known only when the script runs", false),
        }
        false
    }

    /// Commands after which something is no longer known. Other programs cannot change a variable.
    fn builtin(&mut self, name: &str, arguments: &[&Word], line: u32, more_follows: bool) {
        match name {
            "." | "source" | "eval" => self.variables.doubt(
                line,
                format!("`{name}` runs text from elsewhere, which may set anything"),
                true,
            ),
            "exit" | "return" | "exec" => {
                self.ended = true;
                if more_follows {
                    let text = format!("nothing after this `{name}` is read");
                    self.variables.doubt(line, text, true);
                }
            }
            "read" | "mapfile" | "readarray" | "getopts" | "let" => {
                let names = arguments.iter().filter_map(|word| word.plain());
                for name in names.filter(|name| is_name(name)) {
                    self.set_perhaps(&name, &[], line);
                }
            }
            name if self.functions.contains(name) => {
                let text = format!("the function {name} may set anything");
                self.variables.doubt(line, text, true);
            }
            _ => {}
        }
    }

    fn assign(&mut self, word: &Word, exported: bool) {
        if let Some((name, appends, parts)) = word.assignment() {
            let text = self.variables.expand(&parts, Some(&name));
            if appends {
                self.variables.append(&name, &text, exported, word.line);
            } else {
                self.variables.set(&name, text, exported, word.line);
            }
        } else if let Some(variable) = word
            .plain()
            .and_then(|name| self.variables.all.get_mut(&name))
        {
            variable.exported |= exported;
        }
    }

    /// Statements that may or may not run: everything they may set becomes unknown.
    fn perhaps(&mut self, tokens: &[Token], what: &str, first: &Token) {
        let mut touched = BTreeSet::new();
        let mut calls_out = false;
        let mut line = line_of(first);
        let mut previous: Option<String> = None;
        for word in words(tokens) {
            let plain = word.plain();
            if line == 0 {
                line = word.line;
            }
            if let Some((name, appends, parts)) = word.assignment() {
                self.assign_perhaps(&name, appends, &parts, word.line);
                touched.insert(name);
            } else if let (Some(name), Some("for" | "select" | "read" | "unset")) =
                (&plain, previous.as_deref())
                && is_name(name)
            {
                self.set_perhaps(name, &[], word.line);
                touched.insert(name.clone());
            }
            calls_out |= plain.as_ref().is_some_and(|name| {
                matches!(name.as_str(), "." | "source" | "eval") || self.functions.contains(name)
            });
            previous = plain;
        }
        if touched.is_empty() && !calls_out {
            return;
        }
        let mut effects: Vec<String> = touched.iter().cloned().collect();
        if calls_out {
            effects.push("what other text sets".to_owned());
        }
        let matters = calls_out || touched.iter().any(|name| holds_options(name));
        let text = format!(
            "this {what} is decided only when the script runs; it may change {}",
            effects.join(", ")
        );
        self.variables.doubt(line, text, matters);
    }

    fn assign_perhaps(&mut self, name: &str, appends: bool, parts: &[Part], line: u32) {
        // The doubt is reported once, for the whole construct.
        let doubts = self.variables.uncertain.len();
        let mut text = self.variables.expand(parts, None);
        self.variables.uncertain.truncate(doubts);
        if appends {
            let before = self
                .variables
                .all
                .get(name)
                .map(|variable| variable.text.clone());
            let mut whole: Text = before.unwrap_or_default();
            whole.append(&mut text);
            text = whole;
        }
        self.set_perhaps(name, &text, line);
    }

    fn set_perhaps(&mut self, name: &str, text: &[super::text::Letter], line: u32) {
        self.variables.set_perhaps(name, text, line);
    }
}

fn line_of(token: &Token) -> u32 {
    match token {
        Token::Word(word) => word.line,
        Token::Operator(_, line) => *line,
        Token::Newline => 0,
    }
}

/// The words of a command without its redirections.
fn words(command: &[Token]) -> Vec<&Word> {
    let mut words = Vec::new();
    let mut redirected = false;
    for token in command {
        match token {
            Token::Word(_) if redirected => redirected = false,
            Token::Word(word) => words.push(word),
            Token::Operator(operator, _) => redirected = operator.contains(['<', '>']),
            Token::Newline => {}
        }
    }
    words
}

/// What kind of compound command stands in the statement, if any.
fn compound(statement: &[Token]) -> Option<&'static str> {
    let mut starts = true;
    for token in statement {
        match token {
            Token::Operator("(", _) => return Some("( )"),
            Token::Operator(_, _) | Token::Newline => starts = true,
            Token::Word(word) if starts => match word.plain().as_deref() {
                Some("if") => return Some("`if`"),
                Some("case") => return Some("`case`"),
                Some("for" | "while" | "until" | "select") => return Some("loop"),
                Some("{" | "function") => return Some("group or function"),
                Some("!" | "time") => {}
                _ => starts = false,
            },
            Token::Word(_) => {}
        }
    }
    None
}

/// `( … )` alone: whatever it sets, it sets in another process.
fn is_subshell(statement: &[Token]) -> bool {
    let mut open = 0_usize;
    for (at, token) in statement.iter().enumerate() {
        match token {
            Token::Operator("(", _) => open += 1,
            Token::Operator(")", _) => open = open.saturating_sub(1),
            _ => {}
        }
        if open == 0 {
            return at > 0 && at + 1 == statement.len();
        }
    }
    false
}

fn function_name(statement: &[Token]) -> Option<String> {
    match statement {
        [
            Token::Word(name),
            Token::Operator("(", _),
            Token::Operator(")", _),
            ..,
        ] => name.plain(),
        [Token::Word(word), Token::Word(name), ..]
            if word.plain().as_deref() == Some("function") =>
        {
            name.plain()
        }
        _ => None,
    }
}

/// Where the statement at the start of these tokens ends: at a `;`, `&` or line end outside of all
/// compound commands. Not finished, if a compound command is still open at the end.
fn end_of_statement(tokens: &[Token]) -> (usize, bool) {
    let mut open: Vec<&'static str> = Vec::new();
    let mut starts = true;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Newline | Token::Operator(";" | "&", _) if open.is_empty() => {
                // A line end after `&&` continues the statement.
                let continued = *token == Token::Newline
                    && at > 0
                    && matches!(tokens[at - 1], Token::Operator("&&" | "||" | "|", _));
                if !continued {
                    return (at, true);
                }
                starts = true;
            }
            // Patterns of a `case` end with an unpaired `)`.
            Token::Operator("(" | ")", _) if open.last() == Some(&"esac") => starts = true,
            Token::Operator("(", _) => {
                open.push(")");
                starts = true;
            }
            Token::Operator(")", _) => {
                if open.last() == Some(&")") {
                    open.pop();
                }
                starts = true;
            }
            Token::Operator(_, _) | Token::Newline => starts = true,
            Token::Word(word) if starts => starts = reserved(word.plain().as_deref(), &mut open),
            Token::Word(_) => {}
        }
    }
    (tokens.len(), open.is_empty())
}

/// Whether another command can start right after this word.
fn reserved(word: Option<&str>, open: &mut Vec<&'static str>) -> bool {
    match word {
        Some("if") => open.push("fi"),
        Some("while" | "until") => open.push("done"),
        Some("{") => open.push("}"),
        Some("for" | "select") => {
            open.push("done");
            return false;
        }
        Some("case") => {
            open.push("esac");
            return false;
        }
        Some("then" | "else" | "elif" | "do" | "!" | "time") => {}
        Some(word @ ("fi" | "done" | "esac" | "}")) => {
            if open.last() == Some(&word) {
                open.pop();
            }
            return false;
        }
        _ => return false,
    }
    true
}
