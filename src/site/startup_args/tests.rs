use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn environment() -> BTreeMap<String, String> {
    BTreeMap::from([
        ("CATALINA_HOME".to_owned(), "/opt/tomcat".to_owned()),
        ("CATALINA_BASE".to_owned(), "/opt/tomcat".to_owned()),
    ])
}

fn value(script: &str, name: &str) -> Option<String> {
    read(script, &environment())
        .options
        .get(name)?
        .value
        .clone()
}

/// Line, and whether it matters.
fn doubts(script: &str) -> Vec<(u32, bool)> {
    let arguments = read(script, &environment());
    let uncertain = arguments.uncertain.iter();
    uncertain.map(|doubt| (doubt.line, doubt.matters)).collect()
}

fn sure(script: &str, expected: &str) {
    assert_eq!(value(script, "p").as_deref(), Some(expected), "{script}");
    assert_eq!(doubts(script), [], "{script}");
}

#[test]
fn straight_scripts_are_followed() {
    for (script, expected) in [
        ("JAVA_OPTS=-Dp=1", "1"),
        ("export JAVA_OPTS='-Dp=1'", "1"),
        (
            "JAVA_OPTS=\"$JAVA_OPTS -Xmx1g -Dp=$CATALINA_HOME/conf\"",
            "/opt/tomcat/conf",
        ),
        (
            "CATALINA_OPTS=\"$CATALINA_OPTS \\\n  -Dp=${CATALINA_BASE}/a\"",
            "/opt/tomcat/a",
        ),
        ("A=1; B=$A$A\nexport JAVA_OPTS=\"-Dp=$B\" C=2", "11"),
        ("JAVA_OPTS=-Dp=1\nJAVA_OPTS+=\" -Dp=2\"", "2"),
        ("CATALINA_OPTS=-Dp=late JAVA_OPTS=-Dp=early", "late"),
        ("D=${DATA:-/var/data}\nJAVA_OPTS=-Dp=$D", "/var/data"),
        ("D=1\nJAVA_OPTS=-Dp=${D:+set}${E:+not}", "set"),
        ("JAVA_OPTS=-Dp=1 # -Dp=2\n#JAVA_OPTS=-Dp=3", "1"),
        ("JAVA_OPTS='-Dp=\"a b\"'", "a b"),
        ("JAVA_OPTS=\"-Dp=\\\"a b\\\" -Dq=1\"", "a b"),
        ("A=1\nJAVA_OPTS='-Dp=$A'", "1"),
        ("OTHER='-Dq=1 -Dp=2'\nJAVA_OPTS='$OTHER'", "2"),
        ("A=1 && export JAVA_OPTS=-Dp=1", "1"),
        (
            "umask 027; ulimit -n 65535\nJAVA_OPTS=-Dp=1\necho started >> /tmp/x",
            "1",
        ),
        ("JAVA_OPTS=-Dp=1\n(JAVA_OPTS=x | cat)", "1"),
        ("cat > x <<END\nJAVA_OPTS=-Dp=2\nEND\nJAVA_OPTS=-Dp=1", "1"),
        ("cat <<-'END'\n\tit's\n\tEND\nJAVA_OPTS=-Dp=1", "1"),
        ("if [ -t 0 ]; then echo hello; fi\nJAVA_OPTS=-Dp=1", "1"),
        ("[ -d /x ] && echo yes || echo no\nJAVA_OPTS=-Dp=1", "1"),
        ("JAVA_OPTS=-Dp=1\r\n", "1"),
        ("JAVA_OPTS=-Dp", ""),
        ("JAVA_OPTS=-Dp=a=b", "a=b"),
        ("JAVA_OPTS=-Dp=~/x", "~/x"),
        ("JAVA_OPTS=-Dp=1\nexit 0\n\n", "1"),
    ] {
        sure(script, expected);
    }
}

#[test]
fn unknown_pieces_stay_unknown_and_name_their_line() {
    for (script, lines) in [
        ("JAVA_OPTS=\"-Dp=$(hostname)\"", vec![(1, true)]),
        ("\nH=`hostname -f`\nJAVA_OPTS=-Dp=$H", vec![(2, true)]),
        ("JAVA_OPTS=-Dp=$DATA/x", vec![(1, true)]),
        ("JAVA_OPTS=-Dp=${CATALINA_HOME%/*}", vec![(1, true)]),
        ("JAVA_OPTS=-Dp=$1", vec![(1, true)]),
        ("H=~\nJAVA_OPTS=-Dp=$H", vec![(1, true)]),
        (
            "H=a\nif true; then\n H=b\nfi\nJAVA_OPTS=-Dp=$H",
            vec![(2, false)],
        ),
        ("H=a\n[ -d /x ] && H=b\nJAVA_OPTS=-Dp=$H", vec![(2, false)]),
        (
            "for H in a b; do :; done\nJAVA_OPTS=-Dp=$H",
            vec![(1, false)],
        ),
        ("read H < /x\nJAVA_OPTS=-Dp=$H", vec![]),
        (
            "JAVA_OPTS=-Dp=1\nif x; then JAVA_OPTS=\"$JAVA_OPTS -Dp=2\"; fi",
            vec![(2, true)],
        ),
        (
            "case $1 in\n a) JAVA_OPTS=-Dp=1;;\n (b) ;;\nesac",
            vec![(1, true)],
        ),
        ("f() {\n JAVA_OPTS=-Dp=1\n}\nf", vec![(1, true), (4, true)]),
        ("JAVA_OPTS=(-Dp=1)", vec![(1, true)]),
    ] {
        let arguments = read(script, &environment());
        let unknown = arguments
            .options
            .get("p")
            .is_none_or(|option| option.value.is_none());
        assert!(unknown, "{script}");
        let reported: Vec<_> = doubts(script);
        for line in lines {
            assert!(reported.contains(&line), "{script}: {reported:?}");
        }
    }
}

#[test]
fn conditions_spare_the_options_that_they_do_not_touch() {
    let script = "JAVA_OPTS=-Dp=1\nif x; then\n  JAVA_OPTS=\"$JAVA_OPTS -Dq=2\"\nfi\nJAVA_OPTS=\"$JAVA_OPTS -Dr=3\"";
    assert_eq!(value(script, "p").as_deref(), Some("1"));
    assert_eq!(value(script, "r").as_deref(), Some("3"));
    assert!(read(script, &environment()).options["q"].value.is_none());
    assert_eq!(doubts(script), [(2, true)]);
    let settled = format!("{script}\nJAVA_OPTS=\"$JAVA_OPTS -Dq=4\"");
    assert_eq!(value(&settled, "q").as_deref(), Some("4"));
}

#[test]
fn other_text_is_reported() {
    assert_eq!(doubts(". /etc/default/tomcat"), [(1, true)]);
    assert_eq!(doubts("\n[ -r /x ] && . /x"), [(2, true)]);
    assert_eq!(doubts("eval \"$X\""), [(1, true)]);
    assert_eq!(doubts("return 0\nJAVA_OPTS=-Dp=1"), [(1, true)]);
    assert_eq!(value("return 0\nJAVA_OPTS=-Dp=1", "p"), None);
    assert_eq!(doubts("A=1\nJAVA_OPTS=\"-Dp=1"), [(2, true)]);
    assert_eq!(doubts("JAVA_OPTS=@/etc/java.args"), [(1, true)]);
    assert_eq!(doubts("A=1\nif true; then :\n"), [(2, true)]);
    assert_eq!(doubts("cat <<END\nA=1\n"), [(2, true)]);
    assert_eq!(doubts("JAVA_OPTS=\"$JAVA_OPTS $MORE\""), [(1, true)]);
}

#[test]
fn the_second_reading_by_eval_is_followed() {
    let script = "JAVA_OPTS=\"-Durl=jdbc:mysql://h/d?a=1&b=2 -Dp=1\"";
    assert_eq!(
        value(script, "url").as_deref(),
        Some("jdbc:mysql://h/d?a=1")
    );
    assert_eq!(value(script, "p"), None);
    assert_eq!(doubts(script), [(1, true)]);
    let quoted = "JAVA_OPTS=\"-Durl='jdbc:mysql://h/d?a=1&b=2' -Dp=1\"";
    assert_eq!(
        value(quoted, "url").as_deref(),
        Some("jdbc:mysql://h/d?a=1&b=2")
    );
    assert_eq!(value(quoted, "p").as_deref(), Some("1"));
}

#[test]
fn options_know_their_line_and_the_environment_takes_part() {
    let mut given = environment();
    given.insert("JAVA_OPTS".to_owned(), "-Dp=1 -Dq=1".to_owned());
    given.insert(
        "JDK_JAVA_OPTIONS".to_owned(),
        "\"-Dr=a b\" -Dq=0".to_owned(),
    );
    given.insert("_JAVA_OPTIONS".to_owned(), "-Ds=1".to_owned());
    let arguments = read(
        "\nJAVA_OPTS=\"$JAVA_OPTS \\\n -Dq=2 -Ds=2\"\nexport X=1\nY=2\n",
        &given,
    );
    let option = |name: &str| {
        let option = &arguments.options[name];
        (option.value.clone().unwrap(), option.line)
    };
    assert_eq!(option("p"), ("1".to_owned(), 0));
    assert_eq!(option("q"), ("2".to_owned(), 3));
    assert_eq!(option("r"), ("a b".to_owned(), 0));
    assert_eq!(option("s"), ("1".to_owned(), 0));
    assert_eq!(arguments.environment["X"].as_deref(), Some("1"));
    assert!(!arguments.environment.contains_key("Y"));
}

#[test]
fn the_home_that_was_told_outlives_a_script_that_computes_it() {
    let script = "CATALINA_HOME=$(cd ..; pwd)\nif x; then CATALINA_BASE=/y; fi\nJAVA_OPTS=-Dp=$CATALINA_HOME$CATALINA_BASE";
    assert_eq!(
        value(script, "p").as_deref(),
        Some("/opt/tomcat/opt/tomcat")
    );
    assert_eq!(
        value("CATALINA_HOME=/new; JAVA_OPTS=-Dp=$CATALINA_HOME", "p").as_deref(),
        Some("/new")
    );
}

#[test]
fn growth_and_depth_are_bounded() {
    let doubling = "A=xxxxxxxx\n".to_owned() + &"A=$A$A\n".repeat(2000) + "JAVA_OPTS=-Dp=$A";
    assert_eq!(value(&doubling, "p"), None);
    let deep = "JAVA_OPTS=".to_owned() + &"${A:-".repeat(50_000) + &"}".repeat(50_000);
    assert_eq!(value(&deep, "p"), None);
    assert_eq!(doubts(&deep), [(1, true)]);
}

proptest! {
    #[test]
    fn never_panics(script in any::<String>()) {
        read(&script, &environment());
    }

    #[test]
    fn never_panics_on_its_own_punctuation(
        script in "([aD=\"'`$(){}\\\\;&|<> \n\t#:~@+-]|JAVA_OPTS=|if |then |fi|case |in |esac|\\$A|<<E\n|export |A=){0,40}"
    ) {
        read(&script, &environment());
    }

    /// What a script says in single quotes is what Java gets, whatever it is.
    #[test]
    fn quoted_values_come_back(text in "[^'\u{ffff}\r]{0,40}") {
        prop_assume!(!text.contains('"'));
        let inner = text.replace('\\', "\\\\").replace('$', "\\$").replace('`', "\\`");
        let script = format!("JAVA_OPTS='-Dp=\"{inner}\"'");
        let found = value(&script, "p");
        prop_assert_eq!(found.as_deref(), Some(text.as_str()));
    }
}

#[test]
fn comparisons_of_known_texts_are_decided() {
    for (script, expected) in [
        (
            "A=x\nif [ \"$A\" = \"x\" ]; then JAVA_OPTS=-Dp=1; else JAVA_OPTS=-Dp=2; fi",
            "1",
        ),
        (
            "A=y\nif [ \"$A\" = \"x\" ]; then\nJAVA_OPTS=-Dp=1\nelse\nJAVA_OPTS=-Dp=2\nfi",
            "2",
        ),
        (
            "if [ \"x$JAVA_OPTS\" = \"x\" ]\nthen\n  JAVA_OPTS=-Dp=1\nfi",
            "1",
        ),
        (
            "JAVA_OPTS=-Dp=0\nif [ -z \"$JAVA_OPTS\" ]; then JAVA_OPTS=-Dp=1; fi",
            "0",
        ),
        (
            "JAVA_OPTS=-Dp=0\nif [ -n \"$JAVA_OPTS\" ]; then JAVA_OPTS=-Dp=1; fi",
            "1",
        ),
        (
            "if [ a != b ]; then if [ a = b ]; then JAVA_OPTS=-Dp=1; else JAVA_OPTS=-Dp=2; fi; fi",
            "2",
        ),
        (
            "if [ a = a ]; then echo if else fi; JAVA_OPTS=-Dp=1; fi",
            "1",
        ),
        ("if [ a = b ]; then exit 1; fi\nJAVA_OPTS=-Dp=1", "1"),
    ] {
        sure(script, expected);
    }
    for undecided in [
        "if [ \"$UNKNOWN\" = x ]; then JAVA_OPTS=-Dp=1; fi",
        "if [ a = a ] && test -f x; then JAVA_OPTS=-Dp=1; fi",
        "if [ a = b ]; then JAVA_OPTS=-Dp=1; elif [ a = a ]; then JAVA_OPTS=-Dp=2; fi",
        "if [ a -nt a ]; then JAVA_OPTS=-Dp=1; fi",
        "if [ a = a ]; then JAVA_OPTS=-Dp=1; fi | cat",
    ] {
        assert_eq!(value(undecided, "p"), None, "{undecided}");
    }
}
