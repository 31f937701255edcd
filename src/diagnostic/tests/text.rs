//! Texts that are not YAML, or not the YAML of the kit.

use insta::assert_snapshot;

use super::{problems, read};

#[test]
fn tab() {
    assert_snapshot!(problems("part: a\nsteps:\n\t- id: a\n"), @"");
}

#[test]
fn tab_after_a_value() {
    assert_snapshot!(problems("part: a\n\tversion: 2\n"), @"");
}

#[test]
fn item_key_out_of_line() {
    assert_snapshot!(problems("steps:\n  - id: one\n   uses: command\n"), @"");
}

#[test]
fn key_too_deep() {
    assert_snapshot!(problems("part: a\n  version: 1\n"), @"");
}

#[test]
fn root_indented() {
    assert_snapshot!(problems("  part: a\nversion: 1\n"), @"");
}

#[test]
fn unclosed_quote() {
    assert_snapshot!(problems("part: 'a\nversion: 1\n"), @"");
}

#[test]
fn unclosed_quote_closed_by_the_next() {
    assert_snapshot!(problems("part: 'a\nversion: '1'\n"), @"");
}

#[test]
fn quote_inside_a_quoted_text() {
    assert_snapshot!(problems("part: 'it's'\n"), @"");
}

#[test]
fn unknown_escape() {
    assert_snapshot!(problems("part: \"C:\\data\"\n"), @"");
}

#[test]
fn missing_space_after_colon() {
    assert_snapshot!(problems("part:a\nversion: 1\n"), @"");
}

#[test]
fn colon_in_a_bare_text() {
    assert_snapshot!(problems("part: jms: the broker\n"), @"");
}

#[test]
fn key_without_colon() {
    assert_snapshot!(problems("part: a\nsteps\n"), @"");
}

#[test]
fn key_without_colon_in_between() {
    assert_snapshot!(problems("part\nversion: 1\n"), @"");
}

#[test]
fn list_on_the_line_of_its_key() {
    assert_snapshot!(problems("part: a\nsteps: - id: a\n"), @"");
}

#[test]
fn unclosed_bracket() {
    assert_snapshot!(problems("part: a\nsteps: [{id: a, uses: b}\ndatabases: {}\n"), @"");
}

#[test]
fn bare_expression_in_braces() {
    assert_snapshot!(problems("part: a\nsteps:\n  - id: a\n    with: { store: ${ site.x } }\n"), @"");
}

#[test]
fn forbidden_first_character() {
    assert_snapshot!(problems("part: @home\n"), @"");
}

#[test]
fn control_character() {
    assert_snapshot!(problems("part: a\u{1}b\n"), @"");
}

#[test]
fn alias() {
    assert_snapshot!(problems("part: &a x\nversion: *a\nsteps: []\n"), @"");
}

#[test]
fn alias_to_nothing() {
    assert_snapshot!(problems("part: *star\n"), @"");
}

#[test]
fn merge_key() {
    assert_snapshot!(problems("<<: { part: a }\n"), @"");
}

#[test]
fn two_documents() {
    assert_snapshot!(problems("part: a\n---\npart: b\n"), @"");
}

#[test]
fn nothing_at_all() {
    assert_snapshot!(problems(""), @"");
    assert_snapshot!(problems("# only a comment\n"), @"");
}

#[test]
fn byte_order_mark_and_windows_lines() {
    let document = read("\u{feff}part: a\r\nversion: '1'\r\n").unwrap();
    assert_eq!(document.version.as_deref(), Some("1"));
    assert_snapshot!(problems("\u{feff}part: ä\r\nverzion: '1'\r\n"), @"");
}
