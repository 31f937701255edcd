//! YAML that is not the document that was asked for.

use insta::assert_snapshot;

use super::{problems, read};
use crate::diagnostic::{Code, Problem, Problems, Rendering, SourceFile};

#[test]
fn unknown_key_with_a_near_name() {
    assert_snapshot!(problems("part: a\nsteps:\n  - id: one\n    usess: command\n    uses: b\n"), @"");
}

#[test]
fn unknown_key_without_a_near_name() {
    assert_snapshot!(problems("part: a\nsteps:\n  - { id: one, uses: b, colour: red }\n"), @"");
}

#[test]
fn missing_key_of_an_item() {
    assert_snapshot!(problems("part: a\nsteps:\n  - after: []\n    id: one\n"), @"");
}

#[test]
fn wrong_type_deep_inside() {
    assert_snapshot!(problems(
        "part: a\nsteps:\n  - id: one\n    uses: x\n    retry: { limit: lots, delay: 5 }\n"
    ), @"");
}

#[test]
fn value_left_out() {
    assert_snapshot!(problems("part: a\nsteps:\n"), @"");
}

#[test]
fn many_mistakes_are_reported_at_once() {
    assert_snapshot!(problems(
        "prat: a
version: 1.20
steps:
  - id: one
    comand: echo
    optional: yes
    retry: { limit: lots, delai: 5 }
  - id: [two]
    uses: x
    after: one
    on-failure: stpo
  - just text
  - id: three
    uses: x
    id: four
    env: { a: 1.10, b: [x] }
    with: { store: a, store: b }
databases:
  one: 1
  one: many
  two: -2
"
    ), @"");
}

#[test]
fn a_duplicate_in_a_map_alone_is_seen() {
    assert_snapshot!(problems("part: a\ndatabases: { ä: 1, ä: 2 }\n"), @"");
}

#[test]
fn a_list_where_a_mapping_belongs() {
    assert_snapshot!(problems("- part: a\n"), @"");
}

#[test]
fn no_space_after_the_colon_of_the_only_key() {
    assert_snapshot!(problems("part:a\n"), @"");
}

#[test]
fn fifty_problems_are_enough() {
    let text = format!(
        "part: a\nsteps:\n{}",
        "  - { id: a, uses: b, x: 1 }\n".repeat(80)
    );
    assert_eq!(read(&text).unwrap_err().len(), 50);
}

#[test]
fn a_patched_required_value_is_not_called_missing() {
    let problems = read("part: [a]\nsteps:\n  - id: {}\n    uses: [x]\n  - id: b\n    uses: {}\n")
        .unwrap_err();
    let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [Code::WRONG_TYPE; 4]);
}

#[test]
fn bare_texts_stay_texts_while_others_are_patched() {
    let problems = read(
        "part: 1.20\nversion: 0755\nx: 1\nsteps:\n  - {id: ~, uses: 'a: [b]', env: {a: 1e3, b: -x y, c: '', d: no}}\n",
    )
    .unwrap_err();
    assert_eq!(problems.len(), 1, "{problems}");
}

#[test]
fn places_of_other_rooms() {
    let file = SourceFile::new(
        "part.yaml",
        "# ü\npart: a\nsteps:\n  - id: ö\n    uses: b\n    with:\n      store: \"${ site.stor }/${ site.stor }\"\n\
         \x20     text: |\n        one\n        two ${ x }\n      none:\n    after: [x, y]\n",
    );
    let text = |span: crate::diagnostic::Span| file.text()[span.range].to_owned();
    let store = ["steps", "0", "with", "store"];
    assert_eq!(text(file.key_at(&store)), "store");
    assert_eq!(
        text(file.value_at(&store)),
        "\"${ site.stor }/${ site.stor }\""
    );
    assert_eq!(text(file.part_at(&store, 18..27)), "site.stor");
    assert_eq!(file.part_at(&store, 18..27).line_column(), (7, 33));
    assert_eq!(
        text(file.part_at(&["steps", "0", "with", "text"], 10..11)),
        "x"
    );
    assert_eq!(text(file.value_at(&["steps", "0", "after", "1"])), "y");
    assert_eq!(text(file.value_at(&["steps", "0", "with", "none"])), "none");
    assert_eq!(text(file.key_at(&["steps", "0"])), "id: ö");
    assert_eq!(text(file.value_at(&["steps", "7"])), "steps");
    assert_eq!(
        text(file.value_at(&["steps", "0", "with", "absent"])),
        "with"
    );
    assert_eq!(text(file.value_at(&["nothing"])), "part");
    assert!(file.has(&store) && !file.has(&["steps", "1"]));
    assert!(text(file.value_at(&["steps", "0"])).ends_with("[x, y]"));
}

#[test]
fn two_files_colour_and_json() {
    let site = SourceFile::new("site.yaml", "server: x\n");
    let part = SourceFile::new("part.yaml", "part: a\nsteps: []\n");
    let mut problems = Problems::new();
    problems.push(
        Problem::error(Code::UNKNOWN_NAME, "the site has no `sever`")
            .at(part.value_at(&["part"]), "read here")
            .and(site.key_at(&["server"]), "this is near")
            .help("did you mean `server`?"),
    );
    problems.push(Problem::warning(
        Code::UNKNOWN_STEP,
        "nothing to skip\u{1b}[31m",
    ));
    assert_snapshot!(problems.to_string(), @"");
    assert_snapshot!(serde_json::to_string_pretty(&problems.to_json()).unwrap(), @"");
    let coloured = problems.render(Rendering {
        colour: true,
        width: 80,
    });
    assert!(coloured.contains("\u{1b}[1m") && !coloured.contains("\u{1b}[31mnothing"));
}
