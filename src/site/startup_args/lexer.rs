//! From letters to words and operators: quotes, escapes, comments, here-documents.

use super::text::{Letter, Text};
use super::tokens::{Otherwise, Part, Token, Unfinished, Word, is_name};

/// Deeper than anyone writes; the recursion through `${a:-${b:-…}}` must end before the stack does.
const MOST_LEVELS: usize = 32;

const OPERATORS: [&str; 17] = [
    "<<<", "<<-", "&>>", ";;", "&&", "||", "<<", ">>", "&>", ">|", "<", ">", "|", "&", ";", "(",
    ")",
];

/// All tokens; if the script ends inside a quote, those before it and where it began.
pub(super) fn tokens(letters: &[Letter]) -> (Vec<Token>, Option<Unfinished>) {
    let mut lexer = Lexer { letters, at: 0 };
    let mut tokens = Vec::new();
    let mut here_documents: Vec<(String, bool)> = Vec::new();
    loop {
        match lexer.token() {
            Ok(Some(token)) => {
                if let (Some(Token::Operator(operator @ ("<<" | "<<-"), _)), Token::Word(word)) =
                    (tokens.last(), &token)
                {
                    here_documents.push((delimiter(word), *operator == "<<-"));
                }
                let ends_line = token == Token::Newline;
                tokens.push(token);
                if ends_line {
                    for (end, tabs) in here_documents.drain(..) {
                        if let Err(unfinished) = lexer.skip_here_document(&end, tabs) {
                            return (tokens, Some(unfinished));
                        }
                    }
                }
            }
            Ok(None) => return (tokens, None),
            Err(unfinished) => return (tokens, Some(unfinished)),
        }
    }
}

fn delimiter(word: &Word) -> String {
    let literals = word.parts.iter().filter_map(|part| match part {
        Part::Literal { text, .. } => Some(text),
        _ => None,
    });
    literals.flatten().map(|letter| letter.value).collect()
}

struct Lexer<'text> {
    letters: &'text [Letter],
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.letters.get(self.at + ahead).map(|letter| letter.value)
    }

    fn line(&self) -> u32 {
        let at = self.at.min(self.letters.len().saturating_sub(1));
        self.letters.get(at).map_or(0, |letter| letter.line)
    }

    fn starts_with(&self, wanted: &str) -> bool {
        wanted
            .chars()
            .enumerate()
            .all(|(ahead, letter)| self.peek(ahead) == Some(letter))
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&wanted) {
            self.at += 1;
        }
    }

    fn skip_here_document(&mut self, end: &str, tabs: bool) -> Result<(), Unfinished> {
        let first = self.line();
        while self.at < self.letters.len() {
            let start = self.at;
            self.skip_while(|letter| letter != '\n');
            let line = self.letters[start..self.at].iter();
            let line: String = line.map(|letter| letter.value).collect();
            self.at += 1;
            let line = if tabs {
                line.trim_start_matches('\t')
            } else {
                &line
            };
            if line == end {
                return Ok(());
            }
        }
        Err(unfinished("a here-document", first))
    }

    fn token(&mut self) -> Result<Option<Token>, Unfinished> {
        loop {
            match self.peek(0) {
                None => return Ok(None),
                Some(' ' | '\t') => self.at += 1,
                Some('\\') if self.peek(1) == Some('\n') => self.at += 2,
                Some('#') => self.skip_while(|letter| letter != '\n'),
                Some('\n') => {
                    self.at += 1;
                    return Ok(Some(Token::Newline));
                }
                Some(_) => break,
            }
        }
        let line = self.line();
        for operator in OPERATORS {
            if self.starts_with(operator) {
                self.at += operator.len();
                return Ok(Some(Token::Operator(operator, line)));
            }
        }
        let parts = self.parts(Until::EndOfWord, 0)?;
        Ok(Some(Token::Word(Word { line, parts })))
    }

    fn parts(&mut self, until: Until, level: usize) -> Result<Vec<Part>, Unfinished> {
        let start = self.line();
        let mut parts = Vec::new();
        loop {
            let line = self.line();
            match (self.peek(0), until) {
                (None, Until::EndOfWord) => return Ok(parts),
                (None, Until::Quote) => return Err(unfinished("a \" quote", start)),
                (None, Until::Brace { .. }) => return Err(unfinished("a ${", start)),
                (Some(letter), Until::EndOfWord) if ends_word(letter) => return Ok(parts),
                (Some('"'), Until::Quote) | (Some('}'), Until::Brace { .. }) => {
                    self.at += 1;
                    return Ok(parts);
                }
                (Some('"'), _) => {
                    self.at += 1;
                    // "" is an empty word, not none.
                    parts.push(literal(Text::new(), true));
                    parts.extend(self.parts(Until::Quote, level)?);
                }
                (Some('\''), Until::EndOfWord | Until::Brace { quoted: false }) => {
                    parts.push(self.single_quoted(line)?);
                }
                (Some('\\'), _) => self.backslash(until.quoted(), &mut parts),
                (Some('`'), _) => parts.push(self.backquoted(line)?),
                (Some('$'), _) => self.dollar(until, level, &mut parts)?,
                (Some('~'), Until::EndOfWord) if at_tilde(&parts) => {
                    self.at += 1;
                    parts.push(unknown("~", line));
                }
                (Some(_), _) => {
                    push_literal(&mut parts, self.letters[self.at], until.quoted());
                    self.at += 1;
                }
            }
        }
    }

    fn single_quoted(&mut self, line: u32) -> Result<Part, Unfinished> {
        self.at += 1;
        let start = self.at;
        self.skip_while(|letter| letter != '\'');
        let text = self.letters[start..self.at].to_vec();
        if self.peek(0).is_none() {
            return Err(unfinished("a ' quote", line));
        }
        self.at += 1;
        Ok(literal(text, true))
    }

    fn backslash(&mut self, quoted: bool, parts: &mut Vec<Part>) {
        match self.peek(1) {
            Some('\n') => self.at += 2,
            Some(letter) if !quoted || matches!(letter, '$' | '`' | '"' | '\\') => {
                push_literal(parts, self.letters[self.at + 1], true);
                self.at += 2;
            }
            _ => {
                push_literal(parts, self.letters[self.at], true);
                self.at += 1;
            }
        }
    }

    fn backquoted(&mut self, line: u32) -> Result<Part, Unfinished> {
        self.at += 1;
        while let Some(letter) = self.peek(0) {
            self.at += if letter == '\\' { 2 } else { 1 };
            if letter == '`' {
                return Ok(unknown("a command substitution", line));
            }
        }
        Err(unfinished("a ` substitution", line))
    }

    fn dollar(
        &mut self,
        until: Until,
        level: usize,
        parts: &mut Vec<Part>,
    ) -> Result<(), Unfinished> {
        let line = self.line();
        let part = match self.peek(1) {
            Some('(') => {
                self.at += 1;
                self.parenthesized(line)?;
                unknown("a command substitution", line)
            }
            Some('{') => {
                self.at += 2;
                self.braced(until, level, line)?
            }
            Some(letter) if letter.is_ascii_alphabetic() || letter == '_' => {
                self.at += 1;
                Part::Variable {
                    name: self.name(),
                    line,
                    quoted: until.quoted(),
                    otherwise: None,
                }
            }
            Some(letter) if letter.is_ascii_digit() || "@*#?$!-".contains(letter) => {
                self.at += 2;
                unknown("a parameter of the shell", line)
            }
            Some('\'') if !until.quoted() => {
                self.at += 1;
                self.single_quoted(line)?;
                unknown("a $'…' quote", line)
            }
            Some('"') if !until.quoted() => {
                self.at += 1;
                return Ok(());
            }
            _ => {
                push_literal(parts, self.letters[self.at], until.quoted());
                self.at += 1;
                return Ok(());
            }
        };
        parts.push(part);
        Ok(())
    }

    fn name(&mut self) -> String {
        let start = self.at;
        self.skip_while(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let name = &self.letters[start..self.at];
        name.iter().map(|letter| letter.value).collect()
    }

    fn braced(&mut self, until: Until, level: usize, line: u32) -> Result<Part, Unfinished> {
        if level > MOST_LEVELS {
            self.at = self.letters.len();
            return Err(unfinished("a ${ that nests too deeply", line));
        }
        let name = self.name();
        let empty_too = self.peek(0) == Some(':');
        let operator = self.peek(usize::from(empty_too));
        let inner = Until::Brace {
            quoted: until.quoted(),
        };
        match operator {
            Some('}') if !empty_too && is_name(&name) => {
                self.at += 1;
                Ok(Part::Variable {
                    name,
                    line,
                    quoted: until.quoted(),
                    otherwise: None,
                })
            }
            Some(operator @ ('-' | '=' | '+')) if is_name(&name) => {
                self.at += 1 + usize::from(empty_too);
                let parts = self.parts(inner, level + 1)?;
                Ok(Part::Variable {
                    name,
                    line,
                    quoted: until.quoted(),
                    otherwise: Some(Otherwise {
                        operator,
                        empty_too,
                        parts,
                    }),
                })
            }
            _ => {
                self.parts(inner, level + 1)?;
                Ok(unknown("a ${…} that edits or measures a value", line))
            }
        }
    }

    /// Skips to the matching `)`, quotes and escapes respected.
    fn parenthesized(&mut self, line: u32) -> Result<(), Unfinished> {
        let mut open = 0_usize;
        while let Some(letter) = self.peek(0) {
            self.at += 1;
            match letter {
                '(' => open += 1,
                ')' if open == 1 => return Ok(()),
                ')' => open -= 1,
                '\\' => self.at += 1,
                '\'' | '"' => {
                    while let Some(inside) = self.peek(0) {
                        self.at += if inside == '\\' && letter == '"' {
                            2
                        } else {
                            1
                        };
                        if inside == letter {
                            break;
                        }
                    }
                }
                _ => {}
            }
        }
        Err(unfinished("a $( substitution", line))
    }
}

#[derive(Clone, Copy)]
enum Until {
    EndOfWord,
    Quote,
    Brace { quoted: bool },
}

impl Until {
    const fn quoted(self) -> bool {
        matches!(self, Self::Quote | Self::Brace { quoted: true })
    }
}

/// `~` means a home folder at the start of a word or of an assigned value.
fn at_tilde(parts: &[Part]) -> bool {
    match parts {
        [] => true,
        [
            Part::Literal {
                text,
                quoted: false,
            },
        ] => {
            let before: String = text.iter().map(|letter| letter.value).collect();
            before.strip_suffix('=').is_some_and(is_name)
        }
        _ => false,
    }
}

fn ends_word(letter: char) -> bool {
    matches!(
        letter,
        ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')'
    )
}

const fn unfinished(what: &'static str, line: u32) -> Unfinished {
    Unfinished { what, line }
}

const fn unknown(what: &'static str, line: u32) -> Part {
    Part::Unknown { what, line }
}

const fn literal(text: Text, quoted: bool) -> Part {
    Part::Literal { text, quoted }
}

fn push_literal(parts: &mut Vec<Part>, letter: Letter, quoted: bool) {
    match parts.last_mut() {
        Some(Part::Literal { text, quoted: last }) if *last == quoted => text.push(letter),
        _ => parts.push(literal(vec![letter], quoted)),
    }
}
