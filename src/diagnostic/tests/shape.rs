//! YAML that is not the document that was asked for.

use insta::assert_snapshot;

use super::{problems, read};
use crate::diagnostic::{Code, Problem, Problems, Rendering, SourceFile};

#[test]
fn unknown_key_with_a_near_name() {
    assert_snapshot!(problems("part: a\nsteps:\n  - id: one\n    usess: command\n    uses: b\n"), @r"
    error[UK0201]: unknown key `usess`
     --> part.yaml:4:5
      |
    4 |     usess: command
      |     ^^^^^
      |
      = help: did you mean `uses`?
    ");
}

#[test]
fn unknown_key_without_a_near_name() {
    assert_snapshot!(problems("part: a\nsteps:\n  - { id: one, uses: b, colour: red }\n"), @r"
    error[UK0201]: unknown key `colour`
     --> part.yaml:3:25
      |
    3 |   - { id: one, uses: b, colour: red }
      |                         ^^^^^^
      |
      = help: possible here: `id`, `uses`, `after`, `optional`, `retry`, `on-failure`, `with`, `env`
    ");
}

#[test]
fn missing_key_of_an_item() {
    assert_snapshot!(problems("part: a\nsteps:\n  - after: []\n    id: one\n"), @r"
    error[UK0202]: the key `uses` is missing in `steps[0]`
     --> part.yaml:4:5
      |
    4 |     id: one
      |     ^^^^^^^ `uses` belongs here
      |
      = help: add `uses: …`
    ");
}

#[test]
fn wrong_type_deep_inside() {
    assert_snapshot!(problems(
        "part: a\nsteps:\n  - id: one\n    uses: x\n    retry: { limit: lots, delay: 5 }\n"
    ), @r"
    error[UK0203]: expected a whole number (0 or more), found the text `lots`
     --> part.yaml:5:21
      |
    5 |     retry: { limit: lots, delay: 5 }
      |                     ^^^^
    ");
}

#[test]
fn value_left_out() {
    assert_snapshot!(problems("part: a\nsteps:\n  - id: one\n    uses: x\n    retry: { limit: , delay: 5 }\n"), @r"
    error[UK0203]: expected a whole number (0 or more), found nothing
     --> part.yaml:5:14
      |
    5 |     retry: { limit: , delay: 5 }
      |              ^^^^^
    ");
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
    ), @r"
    error[UK0201]: unknown key `prat`
     --> part.yaml:1:1
      |
    1 | prat: a
      | ^^^^
      |
      = help: did you mean `part`?

    error[UK0202]: the key `uses` is missing in `steps[0]`
     --> part.yaml:4:5
      |
    4 |   - id: one
      |     ^^^^^^^ `uses` belongs here
      |
      = help: add `uses: …`

    error[UK0201]: unknown key `comand`
     --> part.yaml:5:5
      |
    5 |     comand: echo
      |     ^^^^^^
      |
      = help: possible here: `id`, `uses`, `after`, `optional`, `retry`, `on-failure`, `with`, `env`

    error[UK0203]: expected `true` or `false`, found the text `yes`
     --> part.yaml:6:15
      |
    6 |     optional: yes
      |               ^^^
      |
      = help: write `true` or `false`

    error[UK0203]: expected a whole number (0 or more), found the text `lots`
     --> part.yaml:7:21
      |
    7 |     retry: { limit: lots, delai: 5 }
      |                     ^^^^

    error[UK0201]: unknown key `delai`
     --> part.yaml:7:27
      |
    7 |     retry: { limit: lots, delai: 5 }
      |                           ^^^^^
      |
      = help: did you mean `delay`?

    error[UK0203]: expected a text, found a list
     --> part.yaml:8:9
      |
    8 |   - id: [two]
      |         ^^^^^

    error[UK0203]: expected a list, found the text `one`
      --> part.yaml:10:12
       |
    10 |     after: one
       |            ^^^
       |
       = help: write it as a list: [one]

    error[UK0204]: `stpo` is not possible here
      --> part.yaml:11:17
       |
    11 |     on-failure: stpo
       |                 ^^^^
       |
       = help: did you mean `stop`?

    error[UK0203]: expected a mapping of keys and values, found the text `just text`
      --> part.yaml:12:5
       |
    12 |   - just text
       |     ^^^^^^^^^

    error[UK0106]: the key `id` is there twice
      --> part.yaml:15:5
       |
    13 |   - id: three
       |     -- first here
    14 |     uses: x
    15 |     id: four
       |     ^^ again here
       |
       = help: keep one of them

    error[UK0203]: expected a text, found a list
      --> part.yaml:16:24
       |
    16 |     env: { a: 1.10, b: [x] }
       |                        ^^^

    error[UK0106]: the key `store` is there twice
      --> part.yaml:17:23
       |
    17 |     with: { store: a, store: b }
       |             -----     ^^^^^ again here
       |             |
       |             first here
       |
       = help: keep one of them

    error[UK0106]: the key `one` is there twice
      --> part.yaml:20:3
       |
    19 |   one: 1
       |   --- first here
    20 |   one: many
       |   ^^^ again here
       |
       = help: keep one of them

    error[UK0203]: expected a whole number (0 or more), found the number -2
      --> part.yaml:21:8
       |
    21 |   two: -2
       |        ^^

    15 errors
    ");
}

#[test]
fn a_duplicate_in_a_map_alone_is_seen() {
    assert_snapshot!(problems("part: a\ndatabases: { ä: 1, ä: 2 }\n"), @r"
    error[UK0106]: the key `ä` is there twice
     --> part.yaml:2:20
      |
    2 | databases: { ä: 1, ä: 2 }
      |              -     ^ again here
      |              |
      |              first here
      |
      = help: keep one of them
    ");
}

#[test]
fn a_list_where_a_mapping_belongs() {
    assert_snapshot!(problems("- part: a\n"), @r"
    error[UK0203]: expected a mapping of keys and values, found a list
     --> part.yaml:1:1
      |
    1 | - part: a
      | ^^^^^^^^^
    ");
}

#[test]
fn no_space_after_the_colon_of_the_only_key() {
    assert_snapshot!(problems("part:a\n"), @r"
    error[UK0203]: expected a mapping of keys and values, found the text `part:a`
     --> part.yaml:1:1
      |
    1 | part:a
      | ^^^^^^
      |
      = help: a space is needed after the colon: `key: value`
    ");
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
        text(file.part_at(&["steps", "0", "with", "text"], 11..12)),
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
    assert_eq!(text(file.value_at(&["nothing"])), "part: a");
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
    assert_snapshot!(problems.to_string(), @r"
    warning[UK0301]: nothing to skip␛[31m

    error[UK0402]: the site has no `sever`
     --> part.yaml:1:7
      |
    1 | part: a
      |       ^ read here
      |
     ::: site.yaml:1:1
      |
    1 | server: x
      | ------ this is near
      |
      = help: did you mean `server`?

    1 error, 1 warning
    ");
    assert_snapshot!(serde_json::to_string_pretty(&problems.to_json()).unwrap(), @r#"
    [
      {
        "code": "UK0301",
        "severity": "warning",
        "message": "nothing to skip\u001b[31m",
        "help": []
      },
      {
        "code": "UK0402",
        "severity": "error",
        "message": "the site has no `sever`",
        "file": "part.yaml",
        "line": 1,
        "column": 7,
        "end_line": 1,
        "end_column": 8,
        "label": "read here",
        "related": [
          {
            "file": "site.yaml",
            "line": 1,
            "column": 1,
            "end_line": 1,
            "end_column": 7,
            "label": "this is near"
          }
        ],
        "help": [
          "did you mean `server`?"
        ]
      }
    ]
    "#);
    let coloured = problems.render(Rendering {
        colour: true,
        width: 80,
    });
    assert!(coloured.contains("\u{1b}[1m") && !coloured.contains("\u{1b}[31mnothing"));
}
