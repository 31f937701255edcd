//! What `SHOW GRANTS` says.

use std::collections::BTreeSet;

type Privileges = BTreeSet<String>;

/// The privileges of an account, as far as this room needs them: global ones, those on schemas and
/// those on whole tables. Privileges on single columns do not count: they dump no table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Grants {
    global: Privileges,
    schemas: Vec<(String, Privileges)>,
    tables: Vec<((String, String), Privileges)>,
    revoked: Vec<(String, Privileges)>,
    roles: bool,
}

impl Grants {
    /// Takes in one line of `SHOW GRANTS`; lines of other kinds (`SET DEFAULT ROLE`) change nothing.
    pub(super) fn add_line(&mut self, line: &str) {
        let (rest, revoke) = match (line.strip_prefix("GRANT "), line.strip_prefix("REVOKE ")) {
            (Some(rest), _) => (rest, false),
            (_, Some(rest)) => (rest, true),
            _ => return,
        };
        let Some(at) = find_outside_quotes(rest, " ON ") else {
            self.roles = true;
            return;
        };
        let privileges = privileges(&rest[..at]);
        let object = rest[at + 4..].trim_start_matches("TABLE ");
        let Some((schema, name)) = object_of(object) else {
            return;
        };
        match (schema.as_str(), name.as_str(), revoke) {
            ("*", "*", false) => self.global.extend(privileges),
            (_, "*", false) => self.schemas.push((schema, privileges)),
            (_, "*", true) => self.revoked.push((schema, privileges)),
            (.., false) => self.tables.push(((schema, name), privileges)),
            (.., true) => {}
        }
    }

    /// Whether the account was granted a role.
    pub(super) fn has_roles(&self) -> bool {
        self.roles
    }

    /// Whether the account has the privilege everywhere.
    pub(super) fn globally(&self, privilege: &str) -> bool {
        covers(&self.global, privilege)
    }

    /// Whether the account has the privilege on every object of the schema.
    pub(super) fn on_schema(&self, schema: &str, privilege: &str) -> bool {
        let revoked = self
            .revoked
            .iter()
            .any(|(of, privileges)| of == schema && covers(privileges, privilege));
        if self.globally(privilege) && !revoked {
            return true;
        }
        let Some(pattern) = self.pattern_of(schema) else {
            return false;
        };
        // Lines of roles repeat a pattern and add up.
        self.schemas
            .iter()
            .filter(|(other, _)| specificity(other) == specificity(pattern))
            .filter(|(other, _)| matches(other, schema))
            .any(|(_, privileges)| covers(privileges, privilege))
    }

    /// The entry that decides for a schema: the server takes the most specific one that matches and
    /// looks no further. A privilege that is granted on anything else than this pattern would hide
    /// the present ones.
    pub(super) fn pattern_of(&self, schema: &str) -> Option<&str> {
        self.schemas
            .iter()
            .map(|(pattern, _)| pattern.as_str())
            .filter(|pattern| matches(pattern, schema))
            .max_by_key(|pattern| specificity(pattern))
    }

    /// Whether the account has the privilege on that table.
    pub(super) fn on_table(&self, schema: &str, table: &str, privilege: &str) -> bool {
        let direct = self
            .tables
            .iter()
            .any(|((of, name), set)| of == schema && name == table && covers(set, privilege));
        direct || self.on_schema(schema, privilege)
    }
}

fn covers(privileges: &Privileges, privilege: &str) -> bool {
    privileges.contains(privilege) || privileges.contains("ALL PRIVILEGES")
}

/// Splits at commas outside of parentheses; a privilege with a column list is left out.
fn privileges(text: &str) -> Privileges {
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|privilege| !privilege.contains('('))
    .map(str::to_uppercase)
    .collect()
}

fn find_outside_quotes(text: &str, wanted: &str) -> Option<usize> {
    let mut quote = None;
    text.char_indices().find_map(|(at, c)| {
        match (quote, c) {
            (None, '`' | '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        (quote.is_none() && text[at..].starts_with(wanted)).then_some(at)
    })
}

/// `*.*`, `` `schema`.* `` or `` `schema`.`table` `` at the start of the text. `PROXY` accounts and
/// single routines are no object here.
fn object_of(text: &str) -> Option<(String, String)> {
    let (schema, rest) = part(text)?;
    let (name, _) = part(rest.strip_prefix('.')?)?;
    Some((schema, name))
}

fn part(text: &str) -> Option<(String, &str)> {
    if let Some(rest) = text.strip_prefix('*') {
        return Some(("*".to_owned(), rest));
    }
    let open = text
        .chars()
        .next()
        .filter(|c| matches!(c, '`' | '\'' | '"'))?;
    let mut name = String::new();
    let mut rest = &text[1..];
    loop {
        let end = rest.find(open)?;
        name.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix(open) {
            Some(after) => {
                name.push(open);
                rest = after;
            }
            None => return Some((name, rest)),
        }
    }
}

/// Length of the pattern before its first wildcard; without one it is the most specific of all.
fn specificity(pattern: &str) -> usize {
    let mut escaped = false;
    for (at, c) in pattern.char_indices() {
        match c {
            '%' | '_' if !escaped => return at,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    usize::MAX
}

/// Whether a schema's name fits a pattern: `%` any text, `_` any character, `\` takes their meaning.
fn matches(pattern: &str, name: &str) -> bool {
    let mut pattern = pattern.chars();
    let mut name = name.chars();
    loop {
        match pattern.next() {
            None => return name.next().is_none(),
            Some('%') => {
                let rest = pattern.as_str();
                return (0..=name.as_str().len())
                    .filter(|&at| name.as_str().is_char_boundary(at))
                    .any(|at| matches(rest, &name.as_str()[at..]));
            }
            Some('_') => {
                if name.next().is_none() {
                    return false;
                }
            }
            Some(c) => {
                let literal = if c == '\\' {
                    pattern.next().unwrap_or('\\')
                } else {
                    c
                };
                if name.next() != Some(literal) {
                    return false;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(lines: &[&str]) -> Grants {
        let mut grants = Grants::default();
        for line in lines {
            grants.add_line(line);
        }
        grants
    }

    #[test]
    fn the_lines_of_both_families_are_understood() {
        let mariadb = grants(&[
            "GRANT SET USER ON *.* TO `domibus`@`localhost` IDENTIFIED BY PASSWORD '*F0 ON X'",
            "GRANT ALL PRIVILEGES ON `domibus\\_%`.* TO `domibus`@`localhost`",
            "GRANT SELECT ON `mysql`.`proc` TO `domibus`@`localhost`",
            "GRANT PROXY ON ``@`%` TO `root`@`localhost` WITH GRANT OPTION",
        ]);
        assert!(mariadb.globally("SET USER") && !mariadb.globally("SELECT"));
        assert!(mariadb.on_schema("domibus_a", "TRIGGER"));
        assert!(!mariadb.on_schema("domibusXa", "TRIGGER"));
        assert!(mariadb.on_table("mysql", "proc", "SELECT"));
        assert!(!mariadb.has_roles());

        let mysql = grants(&[
            "GRANT USAGE ON *.* TO 'bk'@'10.%'",
            "GRANT SELECT (`a`, `b`), SHOW VIEW, TRIGGER ON `dom on`.* TO 'bk'@'10.%'",
            "GRANT EXECUTE ON PROCEDURE `dom`.`p` TO 'bk'@'10.%'",
            "GRANT `reader`@`%` TO `bk`@`10.%`",
        ]);
        assert!(mysql.on_schema("dom on", "SHOW VIEW") && mysql.has_roles());
        assert!(!mysql.on_schema("dom on", "SELECT"));
        assert!(!mysql.on_schema("dom", "EXECUTE"));
    }

    #[test]
    fn the_most_specific_schema_decides() {
        let lines = [
            "GRANT ALL PRIVILEGES ON `domibus\\_%`.* TO `u`@`%`",
            "GRANT SELECT ON `domibus\\_a`.* TO `u`@`%`",
        ];
        let grants = grants(&lines);
        assert!(!grants.on_schema("domibus_a", "TRIGGER"));
        assert!(grants.on_schema("domibus_a", "SELECT"));
        assert!(grants.on_schema("domibus_b", "TRIGGER"));
        assert_eq!(grants.pattern_of("domibus_a"), Some("domibus\\_a"));
        assert_eq!(grants.pattern_of("domibus_b"), Some("domibus\\_%"));
        assert_eq!(grants.pattern_of("other"), None);
    }

    #[test]
    fn a_partial_revoke_takes_a_global_privilege_back() {
        let grants = grants(&[
            "GRANT SELECT, TRIGGER ON *.* TO `u`@`%`",
            "REVOKE TRIGGER ON `dom`.* FROM `u`@`%`",
        ]);
        assert!(grants.on_schema("dom", "SELECT") && !grants.on_schema("dom", "TRIGGER"));
        assert!(grants.on_schema("other", "TRIGGER"));
    }

    #[test]
    fn odd_names_are_read() {
        let grants = grants(&["GRANT EVENT ON `a``b-c d`.* TO `u`@`%`"]);
        assert!(grants.on_schema("a`b-c d", "EVENT"));
    }

    #[test]
    fn patterns_match_as_the_server_does() {
        for (pattern, name, expected) in [
            ("%", "", true),
            ("a%c", "abbc", true),
            ("a%c", "abbd", false),
            ("a\\_b", "a_b", true),
            ("a\\_b", "axb", false),
            ("a_b", "aéb", true),
            ("%é", "caffé", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
