use super::*;

fn place(server: &str, jms_server: &str, queue: &str, topic: u8) -> Place {
    Place {
        server: server.to_owned(),
        jms_server: jms_server.to_owned(),
        member: jms_server.to_owned(),
        name: format!("m!{jms_server}@{queue}"),
        queue: queue.to_owned(),
        topic,
    }
}

fn record(place: &Place, messages: u64) -> HolderRecord {
    HolderRecord {
        holder: Holder {
            server: place.server.clone(),
            jms_server: place.jms_server.clone(),
            member: place.member.clone(),
            name: place.name.clone(),
            queue: place.queue.clone(),
            jndi: None,
            client: String::new(),
            subscription: String::new(),
            selector: None,
            no_local: 0,
            file: String::new(),
        },
        messages,
        delayed: 0,
    }
}

fn lines(holder: usize, fingerprints: &str) -> Vec<IndexLine> {
    fingerprints
        .chars()
        .enumerate()
        .map(|(at, fingerprint)| IndexLine {
            holder,
            offset: at as u64 * 10,
            length: 9,
            id: String::new(),
            fingerprint: fingerprint.to_string(),
            expiration: if fingerprint == 'x' { 1000 } else { 0 },
        })
        .collect()
}

/// A queue that shall hold `items`, one character a message, and holds `present`.
fn target(items: &str, present: &str) -> Target {
    let place = place("s", "j", "q", 0);
    let holder = record(&place, items.len() as u64);
    let there = present.chars().map(String::from).collect();
    let present = HashMap::from([(key_of(&holder.holder), there)]);
    let (mut targets, warnings) =
        targets(&[holder], &[lines(0, items)], &[place], &present).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    targets.remove(0)
}

fn standing(items: &str, present: &str, done: usize, open: usize) -> Option<Standing> {
    stand(&target(items, present), Some(&Begun { done, open }), 500).ok()
}

#[test]
fn only_what_is_proven_to_be_there_is_left_out() {
    use Standing::{Complete, Holds};
    // Items, what is there, done, open.
    let cases = [
        ("abc", "", 0, 0, Some(Holds(0))),
        ("abc", "abc", 0, 0, Some(Complete)),
        ("abc", "cab", 0, 0, Some(Complete)),
        ("", "", 0, 0, Some(Complete)),
        // Without a journal nobody knows where a part comes from.
        ("abc", "a", 0, 0, None),
        ("abc", "abcd", 0, 0, None),
        ("aab", "aabb", 3, 0, None),
        // A batch of two after one message: none, one or both of it.
        ("abcd", "a", 1, 2, Some(Holds(1))),
        ("abcd", "ab", 1, 2, Some(Holds(2))),
        ("abcd", "abc", 1, 2, Some(Holds(3))),
        ("abcd", "ac", 1, 2, None),
        ("abcd", "", 1, 2, None),
        ("abcd", "abx", 1, 2, None),
        ("abcd", "abcd", 1, 2, Some(Complete)),
        // The same contents twice are two messages.
        ("aaa", "aa", 0, 2, Some(Holds(2))),
        ("aaa", "aaaa", 0, 3, None),
    ];
    for (items, present, done, open, expected) in cases {
        let found = standing(items, present, done, open);
        assert_eq!(found, expected, "{items} {present} {done} {open}");
    }
}

#[test]
fn what_has_expired_may_be_missing() {
    let target = target("axb", "ab");
    assert!(stand(&target, None, 999).is_err());
    assert_eq!(stand(&target, None, 1000), Ok(Standing::Complete));
}

#[test]
fn the_journal_tells_what_is_certain_and_what_is_open() {
    let line = |kind: &str, first: usize, messages: usize| {
        format!(
            "{{\"kind\":\"{kind}\",\"batch\":1,\"target\":\"t\",\"first\":{first},\
             \"messages\":{messages},\"before\":0}}\n"
        )
    };
    let of = |text: String| read_journal(&text).unwrap().remove("t").unwrap_or_default();
    let begun = |done, open| Begun { done, open };
    assert_eq!(of(String::new()), begun(0, 0));
    assert_eq!(of(line("begin", 0, 3)), begun(0, 3));
    let two = line("begin", 0, 3) + &line("done", 0, 3) + &line("begin", 3, 2);
    assert_eq!(of(two.clone()), begun(3, 2));
    // The resumed attempt goes on inside of that batch.
    assert_eq!(of(two.clone() + &line("begin", 4, 3)), begun(4, 3));
    assert_eq!(of(two + "{\"kind\":\"do"), begun(3, 2));
    assert!(read_journal("x\n").is_err());
}

#[test]
fn a_message_finds_its_member_or_another() {
    let old = place("ms1", "J1", "q", 0);
    let other = place("ms2", "J2", "q", 0);
    let one = record(&old, 1);
    let find = |places: &[Place]| {
        let found = targets(
            std::slice::from_ref(&one),
            &[lines(0, "a")],
            places,
            &HashMap::new(),
        );
        found.map(|(targets, warnings)| (targets[0].place.server.clone(), warnings.len()))
    };
    assert_eq!(
        find(&[other.clone(), old.clone()]),
        Ok(("ms1".to_owned(), 0))
    );
    assert_eq!(
        find(&[other.clone(), place("ms3", "J1", "q", 0)]),
        Ok(("ms3".to_owned(), 1))
    );
    assert_eq!(
        find(std::slice::from_ref(&other)),
        Ok(("ms2".to_owned(), 1))
    );
    assert!(find(&[place("ms1", "J1", "r", 0), place("ms1", "J1", "q", 1)]).is_err());

    // Two members that go to one: their messages follow each other.
    let both = [one.clone(), record(&other, 2)];
    let messages = [lines(0, "a"), lines(1, "bc")];
    let (found, _) = targets(&both, &messages, &[old], &HashMap::new()).unwrap();
    let items: String = found[0]
        .items
        .iter()
        .map(|item| item.fingerprint.as_str())
        .collect();
    assert_eq!((found.len(), items.as_str()), (1, "abc"));
    let plan = plan_text(&[(&found[0], 0)], 10);
    assert_eq!(
        plan,
        "0\tms1\tJ1\tm!J1@q\t\t\t\t0\t0\timport-0.xml\t0+9\n\
         1\tms1\tJ1\tm!J1@q\t\t\t\t0\t1\timport-1.xml\t0+9\t10+9\n"
    );
}

#[test]
fn a_plan_begins_where_the_target_is() {
    let target = target("abcde", "");
    let numbers = |first, batch| {
        plan_text(&[(&target, first)], batch)
            .lines()
            .map(|line| {
                let fields: Vec<_> = line.split('\t').collect();
                format!("{}:{}", fields[8], fields.len() - 10)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(0, 2), ["0:2", "2:2", "4:1"]);
    assert_eq!(numbers(3, 5), ["3:2"]);
}
