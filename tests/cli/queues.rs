//! Fan-outs that share a queue, and order that an expression names.

use super::harness::Sandbox;

const QUEUE: &str = "backup:
  - { id: one, uses: milestone, for_each: site.values.all, queue: turn }
  - { id: two, uses: milestone, for_each: site.values.all, queue: turn, after: [one] }
  - { id: last, uses: milestone, after: [\"${ 'two[' ~ site.values.all[1] ~ ']' }\", \"${ none }\"] }
";

fn sandbox(document: &str) -> Sandbox {
    let sandbox = Sandbox::own(document);
    sandbox.change(
        "site.yaml",
        "practice:\n",
        "values: { all: [b, a, c] }\npractice:\n",
    );
    sandbox
}

#[test]
fn items_take_their_turns_in_the_order_of_the_list() {
    let text = sandbox(QUEUE)
        .run(&["plan", "backup", "--scenario", "same-server"])
        .to_string();
    let steps: Vec<&str> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            words.next()?.parse::<usize>().ok()?;
            words.next().filter(|word| *word != "steps")
        })
        .collect();
    assert_eq!(
        steps,
        [
            "one[b]", "two[b]", "one[a]", "two[a]", "one[c]", "two[c]", "last"
        ],
        "{text}"
    );
    assert!(!text.contains("in parallel"), "{text}");
}

#[test]
fn what_is_wrong_with_a_queue_is_told_with_its_place() {
    let text = sandbox(
        "backup:
  - { id: one, uses: milestone, queue: turn }
  - { id: two, uses: milestone, for_each: site.values.all, queue: one, max_parallel: 2 }
  - { id: three, uses: milestone, after: [\"${ 7 }\", \"${ 'nowhere' }\", \"${ site.nothing }\"] }
",
    )
    .run(&["plan", "backup", "--scenario", "same-server"])
    .to_string();
    for expected in [
        "`queue` is for steps with `for_each`",
        "`queue` and `max_parallel` exclude each other: items take their turns",
        "`one` is the name of a step already",
        "this must give the name of a step, or `none`",
        "unknown name `site.nothing`",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn a_barrier_inside_a_queue_is_a_circle() {
    let document = QUEUE.replace(
        "  - { id: last, uses: milestone, after",
        "  - { id: all, uses: milestone, after: [one], before: [two] }\n  - { id: last, uses: milestone, after",
    );
    let text = sandbox(&document)
        .run(&["plan", "backup", "--scenario", "same-server"])
        .to_string();
    assert!(text.contains("these steps wait for each other"), "{text}");
    assert!(
        text.contains("the items of queue `turn` take their turns"),
        "{text}"
    );
}

#[test]
fn an_item_is_left_out_by_the_name_of_its_queue() {
    let text = sandbox(QUEUE)
        .run(&[
            "plan",
            "backup",
            "--scenario",
            "same-server",
            "--skip",
            "turn[a]",
        ])
        .to_string();
    assert!(text.contains("5 steps to run, 2 left out"), "{text}");
    let text = sandbox(QUEUE)
        .run(&[
            "plan",
            "backup",
            "--scenario",
            "same-server",
            "--start-at",
            "turn[c]",
        ])
        .to_string();
    assert!(text.contains("3 steps to run, 4 left out"), "{text}");
}
