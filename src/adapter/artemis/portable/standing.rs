//! How far an import is, told by the counts of the queues.

use super::cli::Counts;
use super::contents::Contents;
use crate::adapter::kahadb::counted;

/// How much of the export is there.
#[derive(Clone, Copy)]
pub(super) enum Standing {
    /// Every message; so many of them have outlived their time and went to the queue for such.
    Complete { expired: u64 },
    /// The messages before this one.
    UpTo(usize),
}

/// Why nothing can be imported now.
pub(super) fn obstacles(counts: &Counts, contents: &Contents) -> Vec<String> {
    let of_queue = |name: &String| {
        let consumers = counts.consumers.get(name).copied().unwrap_or_default();
        if !counts.messages.contains_key(name) {
            // The importer would make one that no application knows.
            Some(format!("the server has no queue {name}"))
        } else if consumers > 0 {
            let consumers = counted(consumers, "consumer");
            Some(format!(
                "queue {name} has {consumers}: what is imported would be taken at once"
            ))
        } else {
            None
        }
    };
    contents.names.iter().filter_map(of_queue).collect()
}

/// How much of the export the queues hold; or in what they differ from every beginning of it. `imported` says that
/// the server has reported the whole import as done.
pub(super) fn stand(
    contents: &Contents,
    present: &dyn Fn(&str) -> u64,
    now: i64,
    imported: bool,
) -> Result<Standing, Vec<String>> {
    let places = contents.names.len();
    let (mut all, mut outlived) = (vec![0; places], vec![0; places]);
    for message in &contents.messages {
        for &place in &message.queues {
            all[place] += 1;
            outlived[place] += u64::from((1..=now).contains(&message.expiration));
        }
    }
    let found: Vec<u64> = contents.names.iter().map(|name| present(name)).collect();
    if found == all {
        return Ok(Standing::Complete { expired: 0 });
    }
    let mut pairs = found.iter().zip(all.iter().zip(&outlived));
    let only_outlived =
        pairs.all(|(found, (all, outlived))| (all - outlived..=*all).contains(found));
    let wanted: u64 = found.iter().sum();
    let mut counts = vec![0; places];
    let mut sum = 0;
    let mut first = 0;
    for message in &contents.messages {
        if sum >= wanted {
            break;
        }
        for &place in &message.queues {
            counts[place] += 1;
            sum += 1;
        }
        first += 1;
    }
    let is_beginning = counts == found;
    match (is_beginning, only_outlived) {
        (_, true) if imported => {
            let expired = all.iter().sum::<u64>() - wanted;
            Ok(Standing::Complete { expired })
        }
        (true, false) => Ok(Standing::UpTo(first)),
        (true, true) if first == 0 => Ok(Standing::UpTo(0)),
        _ => Err(differences(contents, &found, &all)),
    }
}

fn differences(contents: &Contents, found: &[u64], all: &[u64]) -> Vec<String> {
    let numbers = contents.names.iter().zip(found.iter().zip(all));
    let differ = numbers.filter(|(_, (found, all))| found != all);
    let sentences = differ.map(|(name, (found, all))| {
        format!(
            "queue {name} holds {}, the export has {all}",
            counted(*found, "message")
        )
    });
    sentences.collect()
}

#[cfg(test)]
mod tests {
    use super::super::contents::Exported;
    use super::*;

    /// Messages as (queue, expiration).
    fn contents(messages: &[(usize, i64)]) -> Contents {
        let message = |&(queue, expiration): &(usize, i64)| Exported {
            queues: vec![queue],
            expiration,
            ..Exported::default()
        };
        Contents {
            names: vec!["a".to_owned(), "b".to_owned()],
            messages: messages.iter().map(message).collect(),
            ..Contents::default()
        }
    }

    fn standing(contents: &Contents, a: u64, b: u64, imported: bool) -> String {
        let present = |name: &str| if name == "a" { a } else { b };
        match stand(contents, &present, 1000, imported) {
            Ok(Standing::Complete { expired }) => format!("complete, {expired} expired"),
            Ok(Standing::UpTo(first)) => format!("up to {first}"),
            Err(problems) => problems.join("; "),
        }
    }

    #[test]
    fn what_is_there_is_a_beginning_or_nothing_that_can_be_gone_on_with() {
        let export = contents(&[(0, 0), (1, 0), (1, 0), (0, 0)]);
        assert_eq!(standing(&export, 0, 0, false), "up to 0");
        assert_eq!(standing(&export, 1, 1, false), "up to 2");
        assert_eq!(standing(&export, 1, 2, false), "up to 3");
        assert_eq!(standing(&export, 2, 2, false), "complete, 0 expired");
        assert_eq!(
            standing(&export, 2, 0, false),
            "queue b holds 0 messages, the export has 2"
        );
        assert_eq!(
            standing(&export, 4, 4, false),
            "queue a holds 4 messages, the export has 2; queue b holds 4 messages, the export has 2"
        );
        // A server that reported success and has less: no message has outlived its time.
        assert_eq!(standing(&export, 1, 2, true), "up to 3");
    }

    #[test]
    fn messages_that_outlived_their_time_may_be_gone_when_the_import_was_whole() {
        let export = contents(&[(0, 0), (1, 0), (0, 2000), (1, 900)]);
        assert_eq!(standing(&export, 2, 1, true), "complete, 1 expired");
        assert_eq!(standing(&export, 1, 1, true), "up to 2");
        // Cut off or expired: nobody can tell.
        assert_eq!(
            standing(&export, 2, 1, false),
            "queue b holds 1 message, the export has 2"
        );
        let only = contents(&[(0, 900)]);
        assert_eq!(standing(&only, 0, 0, false), "up to 0");
    }

    #[test]
    fn obstacles_are_told_all_at_once() {
        let mut counts = Counts::default();
        counts.messages.insert("a".to_owned(), 0);
        counts.consumers.insert("a".to_owned(), 2);
        assert_eq!(
            obstacles(&counts, &contents(&[(0, 0)])),
            [
                "queue a has 2 consumers: what is imported would be taken at once",
                "the server has no queue b",
            ]
        );
    }
}
