//! Hand-written JSON files of a rollout, and what is wrong with them.

use insta::assert_snapshot;

use super::weblogic_zdt_site::{changed, documents};

#[test]
fn hand_written_files_are_read_with_line_and_column() {
    let sandbox = changed(&[(
        "java_home: /u01/java/jdk11",
        "migrations_file: migrations.json\n    applications_file: applications.json",
    )]);
    sandbox.write(
        "migrations.json",
        "{\"migrations\":[ # services\n  { \"source\":\"ms1\", \"destination\":\"ms2\", \"migrationType\":\"jsm\" },\n  \
         { \"source\":\"ms2\", \"migrationTyp\":\"none\" /* none */ }\n]}\n",
    );
    sandbox.write(
        "applications.json",
        "{\"applications\":[\n  { \"applicationName\":\"Shop\" \"patchedLocation\":\"/a\" }\n]}\n",
    );
    assert_snapshot!(documents(&sandbox), @r#"
    exit 3
    -- stderr
    error[UK0101]: a comma is missing
     --> [SITE]/applications.json:2:30
      |
    2 |   { "applicationName":"Shop" "patchedLocation":"/a" }
      |                              ^ it belongs before this
      |
      = help: put `,` between two entries of a list, and between two keys of an entry

    error[UK0204]: `jsm` is not possible here
     --> [SITE]/migrations.json:2:58
      |
    2 |   { "source":"ms1", "destination":"ms2", "migrationType":"jsm" },
      |                                                          ^^^^^
      |
      = help: did you mean `jms`?

    error[UK0201]: unknown key `migrationTyp`
     --> [SITE]/migrations.json:3:21
      |
    3 |   { "source":"ms2", "migrationTyp":"none" /* none */ }
      |                     ^^^^^^^^^^^^^^
      |
      = help: did you mean `migrationType`?

    3 errors
    "#);
}

/// What the program says of a migrations file.
fn migrations_file(content: impl AsRef<[u8]>) -> String {
    let file = (
        "java_home: /u01/java/jdk11",
        "migrations_file: migrations.json",
    );
    let sandbox = changed(&[file]);
    std::fs::write(sandbox.path("migrations.json"), content).unwrap();
    documents(&sandbox)
}

#[test]
fn slips_in_hand_written_files_are_called_by_their_names() {
    let said = [
        "{\"migrations\":[\n  { \"source\":\"ms1\", \"migrationType\":\"none\", },\n]}",
        "{\"migrations\":[\n  { \"source\":\"ms1\", \"migrationType\":\"none\" }\n  { \"source\":\"ms2\", \"migrationType\":\"none\" }\n]}",
        "{\"migrations\":[\n  { \"source\":\"ms1\", \"migrationType\":\"none\"\n]}",
        "{\"migrations\":[\n  { \"source\":\"ms1\", \"migrationType\":\"none\" }\n]\n",
        "{\"migrations\":[\n  { \"source\":\"ms1, \"migrationType\":\"none\" }\n]}",
        "{\"migrations\":[\n  { source:\"ms1\", \"migrationType\":\"none\" }\n]}",
        "{\"migrations\":[\n  /* none yet\n]}",
        "{\"migrations\":[]}\n]",
    ];
    assert_snapshot!(said.map(migrations_file).join("\n\n"), @r#"
    exit 3
    -- stderr
    error[UK0101]: nothing follows this comma
     --> [SITE]/migrations.json:2:43
      |
    2 |   { "source":"ms1", "migrationType":"none", },
      |                                           ^
      |
      = help: take the comma out: JSON has none behind the last entry


    exit 3
    -- stderr
    error[UK0101]: a comma is missing
     --> [SITE]/migrations.json:3:3
      |
    3 |   { "source":"ms2", "migrationType":"none" }
      |   ^ it belongs before this
      |
      = help: put `,` between two entries of a list, and between two keys of an entry


    exit 3
    -- stderr
    error[UK0101]: this bracket closes another one than was opened last
     --> [SITE]/migrations.json:3:1
      |
    2 |   { "source":"ms1", "migrationType":"none"
      |   - this one wants `}` first
    3 | ]}
      | ^


    exit 3
    -- stderr
    error[UK0104]: this `{` is never closed
     --> [SITE]/migrations.json:1:1
      |
    1 | {"migrations":[
      | ^
      |
      = help: close it with `}`


    exit 3
    -- stderr
    error[UK0101]: a comma is missing
     --> [SITE]/migrations.json:2:21
      |
    2 |   { "source":"ms1, "migrationType":"none" }
      |                     ^ it belongs before this
      |
      = help: put `,` between two entries of a list, and between two keys of an entry
      = help: or a `"` is missing: each text has two of them


    exit 3
    -- stderr
    error[UK0101]: a key stands in quotes
     --> [SITE]/migrations.json:2:5
      |
    2 |   { source:"ms1", "migrationType":"none" }
      |     ^
      |
      = help: write `"key": "value"`


    exit 3
    -- stderr
    error[UK0101]: this comment is never closed
     --> [SITE]/migrations.json:2:3
      |
    2 |   /* none yet
      |   ^^
      |
      = help: close it with `*/`


    exit 3
    -- stderr
    error[UK0101]: the file goes on behind its end
     --> [SITE]/migrations.json:2:1
      |
    2 | ]
      | ^ not part of it
      |
      = help: take out what stands behind the last `}`
    "#);
}

#[test]
fn hand_written_files_of_the_wrong_shape() {
    let said = [
        "",
        "# nothing but a comment\n",
        "ä",
        "[]",
        "{}",
        "{\"migrations\":{\"source\":\"ms1\"}}",
        "{\"migrations\":[[],\"ms1\",{\"source\":1,\"destination\":null,\"migrationType\":[],\"failback\":\"maybe\"}]}",
        "{\"migrations\":[],\"migrations\":[]}",
    ];
    assert_snapshot!(said.map(migrations_file).join("\n\n"), @r#"
    exit 3
    -- stderr
    error[UK0110]: [SITE]/migrations.json is empty
     --> [SITE]/migrations.json:1:1
      |
    1 |
      | ^
      |
      = help: a comment is not enough: the document must have keys


    exit 3
    -- stderr
    error[UK0110]: [SITE]/migrations.json is empty
     --> [SITE]/migrations.json:1:1
      |
    1 | # nothing but a comment
      | ^
      |
      = help: a comment is not enough: the document must have keys


    exit 3
    -- stderr
    error[UK0101]: a JSON file begins with `{`
     --> [SITE]/migrations.json:1:1
      |
    1 | ä
      | ^
      |
      = help: begin it with `{"migrations":[` and end it with `]}`


    exit 3
    -- stderr
    error[UK0101]: a JSON file begins with `{`
     --> [SITE]/migrations.json:1:1
      |
    1 | []
      | ^
      |
      = help: begin it with `{"migrations":[` and end it with `]}`


    exit 3
    -- stderr
    error[UK0202]: the key `migrations` is missing
     --> [SITE]/migrations.json:1:1
      |
    1 | {}
      | ^^ `migrations` belongs here
      |
      = help: add `"migrations": …`


    exit 3
    -- stderr
    error[UK0203]: expected a list, found a mapping of keys and values
     --> [SITE]/migrations.json:1:15
      |
    1 | {"migrations":{"source":"ms1"}}
      |               ^^^^^^^^^^^^^^^^
      |
      = help: put the entries between `[` and `]`


    exit 3
    -- stderr
    error[UK0203]: expected a mapping of keys and values, found a list
     --> [SITE]/migrations.json:1:16
      |
    1 | {"migrations":[[],"ms1",{"source":1,"destination":null,"migrationType":[],"failback":"maybe"}]}
      |                ^^

    error[UK0203]: expected a mapping of keys and values, found the text `ms1`
     --> [SITE]/migrations.json:1:19
      |
    1 | {"migrations":[[],"ms1",{"source":1,"destination":null,"migrationType":[],"failback":"maybe"}]}
      |                   ^^^^^

    error[UK0203]: expected a word, found a list
     --> [SITE]/migrations.json:1:72
      |
    1 | {"migrations":[[],"ms1",{"source":1,"destination":null,"migrationType":[],"failback":"maybe"}]}
      |                                                                        ^^

    error[UK0204]: expected `true` or `false`, found the text `maybe`
     --> [SITE]/migrations.json:1:86
      |
    1 | {"migrations":[[],"ms1",{"source":1,"destination":null,"migrationType":[],"failback":"maybe"}]}
      |                                                                                      ^^^^^^^

    4 errors

    exit 3
    -- stderr
    error[UK0106]: the key `migrations` is there twice
     --> [SITE]/migrations.json:1:18
      |
    1 | {"migrations":[],"migrations":[]}
      |  ------------    ^^^^^^^^^^^^ again here
      |  |
      |  first here
      |
      = help: keep one of them
    "#);
    assert_snapshot!(migrations_file(b"{\"migrations\":[\xff]}"), @r#"
    exit 3
    -- stderr
    error[UK0204]: failed to read [SITE]/migrations.json: it is not UTF-8 text
      --> site.yaml:25:22
       |
    25 |     migrations_file: migrations.json
       |                      ^^^^^^^^^^^^^^^
       |
       = help: name a JSON file that begins with `{"migrations":[`
    "#);
}

/// Nobody waits for a file that cannot be meant.
#[test]
fn hand_written_files_that_are_too_much() {
    let began = std::time::Instant::now();
    let deep = format!(
        "{{\"migrations\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert_snapshot!(migrations_file(deep).replace(&"[".repeat(40), ""), @"
    exit 3
    -- stderr
    error[UK0109]: the file is nested too deeply
     --> [SITE]/migrations.json:1:141
      |
    1 | ...[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[...
      |                                                          ^
      |
      = help: it has a list of entries, and nothing below them
    ");
    assert_snapshot!(migrations_file("[".repeat(100_000)).replace(&"[".repeat(40), ""), @r#"
    exit 3
    -- stderr
    error[UK0101]: a JSON file begins with `{`
     --> [SITE]/migrations.json:1:1
      |
    1 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[...
      | ^
      |
      = help: begin it with `{"migrations":[` and end it with `]}`
    "#);
    let entry = "{\"source\":\"ms1\",\"migrationType\":\"none\"},";
    let large = format!(
        "{{\"migrations\":[{}",
        entry.repeat(100 * 1024 * 1024 / entry.len())
    );
    assert_snapshot!(migrations_file(large), @r#"
    exit 3
    -- stderr
    error[UK0204]: failed to read [SITE]/migrations.json: it is larger than 4 MiB
      --> site.yaml:25:22
       |
    25 |     migrations_file: migrations.json
       |                      ^^^^^^^^^^^^^^^
       |
       = help: name a JSON file that begins with `{"migrations":[`
    "#);
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}
