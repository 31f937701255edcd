//! Texts that are not YAML, or not the YAML of the kit.

use insta::assert_snapshot;

use super::{problems, read};

#[test]
fn tab() {
    assert_snapshot!(problems("part: a\nsteps:\n\t- id: a\n"), @r"
    error[UK0102]: a tab stands in the indentation
     --> part.yaml:3:1
      |
    3 |     - id: a
      | ^ tab
      |
      = help: YAML is indented with spaces only; set your editor to insert spaces
    ");
}

#[test]
fn tab_after_a_value() {
    assert_snapshot!(problems("part: a\n\tversion: 2\n"), @r"
    error[UK0102]: a tab stands in the indentation
     --> part.yaml:2:1
      |
    2 |     version: 2
      | ^ tab
      |
      = help: YAML is indented with spaces only; set your editor to insert spaces
    ");
}

#[test]
fn item_key_out_of_line() {
    assert_snapshot!(problems("steps:\n  - id: one\n   uses: command\n"), @r"
    error[UK0103]: this line is indented like none of its neighbours
     --> part.yaml:3:4
      |
    2 |   - id: one
      |   --------- 2 spaces
    3 |    uses: command
      |    ^^^^^^^^^^^^^ 3 spaces
      |
      = help: indent it by 4 spaces if it belongs to the list item above, by 2 and with `- ` if it is an item of its own
    ");
}

#[test]
fn key_too_deep() {
    assert_snapshot!(problems("part: a\n  version: 1\n"), @r"
    error[UK0103]: this line is indented like none of its neighbours
     --> part.yaml:2:3
      |
    1 | part: a
      | ------- 0 spaces
    2 |   version: 1
      |   ^^^^^^^^^^ 2 spaces
      |
      = help: indent it by 0 spaces, as the line above, if it stands beside that
    ");
}

#[test]
fn root_indented() {
    assert_snapshot!(problems("  part: a\nversion: 1\n"), @r"
    error[UK0103]: this line is indented like none of its neighbours
     --> part.yaml:2:1
      |
    1 |   part: a
      |   ------- 2 spaces
    2 | version: 1
      | ^^^^^^^^^^ 0 spaces
      |
      = help: indent it by 2 spaces, as the line above, if it stands beside that
    ");
}

#[test]
fn unclosed_quote() {
    assert_snapshot!(problems("part: 'a\nversion: 1\n"), @r"
    error[UK0104]: this quote is never closed
     --> part.yaml:1:7
      |
    1 | part: 'a
      |       ^^ opened here
      |
      = help: close it at the end of the text it belongs to
    ");
}

#[test]
fn unclosed_quote_closed_by_the_next() {
    assert_snapshot!(problems("part: 'a\nversion: '1'\n"), @r"
    error[UK0104]: this quote is never closed
     --> part.yaml:1:7
      |
    1 | part: 'a
      |       ^^ opened here
      |
      = help: close it at the end of the text it belongs to
    ");
}

#[test]
fn quote_inside_a_quoted_text() {
    assert_snapshot!(problems("part: 'it's'\n"), @r#"
    error[UK0104]: the text goes on after its closing quote
     --> part.yaml:1:11
      |
    1 | part: 'it's'
      |           ^^ not part of the quoted text
      |
      = help: inside '…' write the quote twice: 'it''s'; or put the whole text in "…"
    "#);
}

#[test]
fn unknown_escape() {
    assert_snapshot!(problems("part: \"C:\\data\"\n"), @r#"
    error[UK0104]: this escape does not exist in "…"
     --> part.yaml:1:9
      |
    1 | part: "C:\data"
      |         ^^
      |
      = help: double the backslash, or use '…', where a backslash is only a backslash
    "#);
}

#[test]
fn missing_space_after_colon() {
    assert_snapshot!(problems("part:a\nversion: 1\n"), @r"
    error[UK0105]: a space is missing after the colon
     --> part.yaml:1:5
      |
    1 | part:a
      |     ^
      |
      = help: write `key: value`
    ");
}

#[test]
fn colon_in_a_bare_text() {
    assert_snapshot!(problems("part: jms: the broker\n"), @r"
    error[UK0105]: a bare text cannot contain `: `
     --> part.yaml:1:7
      |
    1 | part: jms: the broker
      |       ^^^^^^^^^^^^^^^
      |
      = help: put the text in quotes
    ");
}

#[test]
fn key_without_colon() {
    assert_snapshot!(problems("part: a\nsteps\n"), @r"
    error[UK0105]: a key without `: ` and a value
     --> part.yaml:2:1
      |
    2 | steps
      | ^^^^^
      |
      = help: write `key: value`; if it belongs to the text above, indent it as far as that
    ");
}

#[test]
fn key_without_colon_in_between() {
    assert_snapshot!(problems("part\nversion: 1\n"), @r"
    error[UK0105]: a key without `: ` and a value
     --> part.yaml:1:1
      |
    1 | part
      | ^^^^
      |
      = help: write `key: value`
    ");
}

#[test]
fn list_on_the_line_of_its_key() {
    assert_snapshot!(problems("part: a\nsteps: - id: a\n"), @r"
    error[UK0103]: a list cannot begin on the line of its key
     --> part.yaml:2:8
      |
    2 | steps: - id: a
      |        ^^^^^^^
      |
      = help: put `- …` on a line of its own below the key, or write the list as [a, b]
    ");
}

#[test]
fn unclosed_bracket() {
    assert_snapshot!(problems("part: a\nsteps: [{id: a, uses: b}\ndatabases: {}\n"), @r"
    error[UK0104]: this `[` is never closed
     --> part.yaml:2:8
      |
    2 | steps: [{id: a, uses: b}
      |        ^ opened here
    3 | databases: {}
      | ------------- still inside it here
      |
      = help: close it with `]`, and put a comma between two entries
    ");
}

#[test]
fn bare_expression_in_braces() {
    assert_snapshot!(problems("part: a\nsteps:\n  - id: a\n    with: { store: ${ site.x } }\n"), @r#"
    error[UK0104]: an expression stands bare in `{ … }` or `[ … ]`
     --> part.yaml:4:20
      |
    4 |     with: { store: ${ site.x } }
      |                    ^^^^^^^^^^^^^
      |
      = help: put the expression in quotes: "${ … }"
    "#);
}

#[test]
fn forbidden_first_character() {
    assert_snapshot!(problems("part: @home\n"), @r"
    error[UK0101]: a bare text cannot start with `@`
     --> part.yaml:1:7
      |
    1 | part: @home
      |       ^^^^^
      |
      = help: put the text in quotes
    ");
}

#[test]
fn control_character() {
    assert_snapshot!(problems("part: a\u{1}b\n"), @r#"
    error[UK0101]: a control character stands in the text
     --> part.yaml:1:8
      |
    1 | part: a␁b
      |        ^
      |
      = help: remove it; in "…" it can be written as \xNN
    "#);
}

#[test]
fn alias() {
    assert_snapshot!(problems("part: &a x\nversion: *a\nsteps: []\n"), @r"
    error[UK0107]: `*a` is not possible here
     --> part.yaml:2:10
      |
    2 | version: *a
      |          ^^
      |
      = help: aliases are not part of the language; write the value out, or put text that starts with `*` in quotes
    ");
}

#[test]
fn alias_to_nothing() {
    assert_snapshot!(problems("part: *star\n"), @r"
    error[UK0107]: aliases (`*name`) are not part of the language
     --> part.yaml:1:7
      |
    1 | part: *star
      |       ^^^^^
      |
      = help: write the value out, or put text that starts with `*` in quotes
    ");
}

#[test]
fn merge_key() {
    assert_snapshot!(problems("<<: { part: a }\n"), @r"
    error[UK0107]: `<<` is not possible here
     --> part.yaml:1:1
      |
    1 | <<: { part: a }
      | ^^
      |
      = help: merge keys are not part of the language; write the keys out
    ");
}

#[test]
fn two_documents() {
    assert_snapshot!(problems("part: a\n---\npart: b\n"), @r"
    error[UK0111]: a second document begins here
     --> part.yaml:2:1
      |
    2 | ---
      | ^^^
      |
      = help: one file holds one document: remove the `---` or split the file
    ");
}

#[test]
fn nothing_at_all() {
    assert_snapshot!(problems(""), @r"
    error[UK0110]: part.yaml is empty
     --> part.yaml:1:1
      |
    1 |
      | ^
      |
      = help: a comment is not enough: the document must have keys
    ");
    assert_snapshot!(problems("# only a comment\n"), @r"
    error[UK0110]: part.yaml is empty
     --> part.yaml:1:1
      |
    1 | # only a comment
      | ^
      |
      = help: a comment is not enough: the document must have keys
    ");
}

#[test]
fn byte_order_mark_and_windows_lines() {
    let document = read("\u{feff}part: a\r\nversion: '1'\r\n").unwrap();
    assert_eq!(document.version.as_deref(), Some("1"));
    assert_snapshot!(problems("\u{feff}part: ä\r\nverzion: '1'\r\n"), @r"
    error[UK0201]: unknown key `verzion`
     --> part.yaml:2:1
      |
    2 | verzion: '1'
      | ^^^^^^^
      |
      = help: did you mean `version`?
    ");
}

#[test]
fn characters_that_nobody_sees() {
    assert_snapshot!(problems("# a\u{feff}b\nparts: a\n").replace('\u{feff}', "[U+FEFF]"), @r"
    error[UK0101]: an invisible character (a byte order mark, U+FEFF) stands in the text
     --> part.yaml:1:4
      |
    1 | # a[U+FEFF]b
      |    ^ before this place
      |
      = help: delete this part of the line and type it again
    ");
    assert_snapshot!(problems("part: a\n\u{feff}version: '1'\n").replace('\u{feff}', "[U+FEFF]"), @r"
    error[UK0101]: an invisible character (a byte order mark, U+FEFF) stands in the text
     --> part.yaml:2:1
      |
    2 | [U+FEFF]version: '1'
      | ^ before this place
      |
      = help: delete this part of the line and type it again
    ");
    assert_snapshot!(problems("part: \"a\u{80}b\"\n").replace('\u{80}', "[U+80]"), @r#"
    error[UK0101]: a control character stands in the text
     --> part.yaml:1:9
      |
    1 | part: "a[U+80]b"
      |         ^
      |
      = help: remove it; in "…" it can be written as \xNN
    "#);
}

#[test]
fn escapes_of_characters_of_several_bytes() {
    assert_snapshot!(problems("part: \"a\\éb\"\n"), @r#"
    error[UK0104]: this escape does not exist in "…"
     --> part.yaml:1:8
      |
    1 | part: "a\éb"
      |        ^^
      |
      = help: double the backslash, or use '…', where a backslash is only a backslash
    "#);
}
