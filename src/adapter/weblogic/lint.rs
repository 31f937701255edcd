//! What Jython 2.2.1 cannot parse or does not have.
//!
//! Not a parser: the generated scripts are short and plain, so it is enough to know the tokens, the
//! brackets and the indentation. It refuses rather too much than too little.

/// Something in a script that one of the Jythons would not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// Functions and methods that came after 2.2.
const MISSING: &[&str] = &[
    "sorted",
    "reversed",
    "set",
    "frozenset",
    "any",
    "all",
    "sum",
    "next",
    "format",
    "rsplit",
    "partition",
    "rpartition",
    "bytes",
    "bytearray",
];

/// Statements that 2.2 does not know, or knows only with a future import.
const STATEMENTS: &[&str] = &["with", "yield", "nonlocal", "async", "await"];

/// Modules that both have without the library of CPython, and WebLogic's own packages.
const MODULES: &[&str] = &["sys", "time", "jarray"];
const PACKAGES: &[&str] = &["java", "javax", "org", "weblogic"];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    /// A text literal with the letters before its quote.
    Text(String),
    Sign(char),
}

/// All faults of a script, in the order of its lines.
pub fn lint(script: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut brackets = Vec::new();
    let mut tries = Vec::new();
    for (at, text) in script.lines().enumerate() {
        let mut report = |what: String| faults.push(Fault { line: at + 1, what });
        if text.contains('\t') {
            report("a tab".to_owned());
        }
        if !text.is_ascii() {
            report("a character that is not ASCII".to_owned());
        }
        let tokens = tokens(text);
        if brackets.is_empty() {
            let indent = text.len() - text.trim_start().len();
            statement(&tokens, indent, &mut tries, &mut report);
        }
        line(&tokens, &mut brackets, &mut report);
    }
    faults
}

/// Tokens of a line up to its comment. A text literal ends on its line.
fn tokens(line: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '#' {
            break;
        }
        if c.is_ascii_alphanumeric() || c == '_' {
            let mut word = c.to_string();
            while let Some(&c) = rest.peek()
                && (c.is_ascii_alphanumeric() || c == '_')
            {
                word.push(c);
                rest.next();
            }
            tokens.push(Token::Word(word));
        } else if c == '\'' || c == '"' {
            while let Some(inner) = rest.next()
                && inner != c
            {
                if inner == '\\' {
                    rest.next();
                }
            }
            let prefix = match tokens.last() {
                Some(Token::Word(word)) if word.len() <= 2 && is_prefix(word) => word.clone(),
                _ => String::new(),
            };
            if !prefix.is_empty() {
                tokens.pop();
            }
            tokens.push(Token::Text(prefix));
        } else if !c.is_whitespace() {
            tokens.push(Token::Sign(c));
        }
    }
    tokens
}

fn is_prefix(word: &str) -> bool {
    word.chars().all(|c| "bBrRuUfF".contains(c))
}

/// Rules about the first words of a statement.
fn statement(
    tokens: &[Token],
    indent: usize,
    tries: &mut Vec<(usize, bool)>,
    report: &mut impl FnMut(String),
) {
    let Some(first) = tokens.first() else { return };
    tries.retain(|&(depth, _)| depth <= indent);
    let word = match first {
        Token::Word(word) => word.as_str(),
        Token::Sign('@') => return report("a decorator".to_owned()),
        _ => "",
    };
    match word {
        "try" => {
            tries.retain(|&(depth, _)| depth < indent);
            tries.push((indent, false));
        }
        "except" => {
            if let Some(open) = tries.iter_mut().find(|open| open.0 == indent) {
                open.1 = true;
            }
            if tokens.iter().any(|token| is_word(token, "as")) {
                report("`except … as`: write `except KIND, name`".to_owned());
            }
        }
        "finally" if tries.contains(&(indent, true)) => {
            report("`except` and `finally` of one `try`: nest two".to_owned());
        }
        "from" | "import" => import(tokens, report),
        _ if STATEMENTS.contains(&word) => report(format!("the statement `{word}`")),
        _ => {}
    }
    if !matches!(word, "except" | "finally" | "else") {
        tries.retain(|&(depth, _)| depth < indent || word == "try" && depth == indent);
    }
}

fn import(tokens: &[Token], report: &mut impl FnMut(String)) {
    let Some(Token::Word(module)) = tokens.get(1) else {
        return report("an import of nothing".to_owned());
    };
    let inner = tokens.get(2) == Some(&Token::Sign('.'));
    let known = MODULES.contains(&module.as_str()) && !inner
        || PACKAGES.contains(&module.as_str()) && inner;
    if !known {
        report(format!(
            "the module `{module}`, which not both Jythons have"
        ));
    }
    if tokens.contains(&Token::Sign('(')) {
        report("an import in parentheses".to_owned());
    }
}

/// Rules about any place of a line.
fn line(tokens: &[Token], brackets: &mut Vec<char>, report: &mut impl FnMut(String)) {
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        let called = next == Some(&Token::Sign('('));
        match token {
            Token::Sign(c @ ('(' | '[' | '{')) => brackets.push(*c),
            Token::Sign(')' | ']' | '}') => {
                brackets.pop();
            }
            Token::Text(prefix) if prefix.contains(['b', 'B', 'f', 'F']) => {
                report(format!("a text with the prefix `{prefix}`"));
            }
            Token::Word(word) => match word.as_str() {
                "for" if matches!(brackets.last(), Some('(' | '{')) => {
                    report("a generator, or a comprehension that makes no list".to_owned());
                }
                "else" if at > 0 => report("`… if … else …` as a value".to_owned()),
                "print" if called => {
                    report("`print(…)`: it prints a tuple".to_owned());
                }
                "__name__" => {
                    report("`__name__`, which differs between the versions".to_owned());
                }
                word if called && MISSING.contains(&word) => {
                    report(format!("`{word}()`, which 2.2 does not have"));
                }
                _ => {}
            },
            _ => {}
        }
    }
}

fn is_word(token: &Token, text: &str) -> bool {
    matches!(token, Token::Word(word) if word == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(script: &str) -> String {
        let whats: Vec<_> = lint(script).into_iter().map(|fault| fault.what).collect();
        whats.join("; ")
    }

    #[test]
    fn what_jython_2_2_does_not_take_is_refused() {
        let cases = [
            (
                "try:\n    a()\nexcept E, e:\n    b()\nfinally:\n    c()",
                "nest two",
            ),
            (
                "try:\n    a()\nexcept E as e:\n    b()",
                "except KIND, name",
            ),
            ("a = 1 if b else 2", "as a value"),
            ("a = sum(x for x in y)", "a generator"),
            ("a = {x: 1 for x in y}", "a comprehension"),
            ("a = f(1,\n      x for x in y)", "a generator"),
            ("with a as b:\n    c()", "the statement `with`"),
            ("@d\ndef f():\n    pass", "a decorator"),
            ("def f():\n    yield 1", "the statement `yield`"),
            ("a = b'x'", "prefix `b`"),
            ("a = f'x'", "prefix `f`"),
            ("from a import b", "the module `a`"),
            ("from java.lang import (A, B)", "in parentheses"),
            (
                "from __future__ import print_function",
                "the module `__future__`",
            ),
            ("import json", "the module `json`"),
            ("import os", "the module `os`"),
            ("a = sorted(b)", "`sorted()`"),
            ("a = '{}'.format(b)", "`format()`"),
            ("print('a', 'b')", "prints a tuple"),
            ("if __name__ == 'main':\n    a()", "differs between"),
            ("\ta()", "a tab"),
            ("a = 'ü'", "not ASCII"),
        ];
        for (script, expected) in cases {
            assert!(
                whats(script).contains(expected),
                "{script:?}: {}",
                whats(script)
            );
        }
    }

    #[test]
    fn what_both_take_passes() {
        let script = "import sys\nfrom java.lang import System, Thread\n\
            a = [x for x in (1, 2) if x]  # set(1) else sorted(2)\n\
            try:\n    try:\n        a()\n    except Kind, value:\n        b('print(1) \\' else')\n    \
            except:\n        c()\nfinally:\n    d()\n\
            if a:\n    pass\nelse:\n    print 'all(x)'\ndef set_it(format):\n    return u'x'\n\
            try:\n    a()\nexcept:\n    b()\ntry:\n    c()\nfinally:\n    d()\n";
        assert_eq!(lint(script), []);
        assert_eq!(lint("a()\nimport re")[0].line, 2);
    }
}
