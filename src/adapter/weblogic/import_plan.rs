//! What is still to be imported: from what the set holds, what is there, and what the journal of an
//! earlier attempt says. Pure.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use serde::Deserialize;

use super::browse::Place;
use super::record::{Holder, HolderRecord, IndexLine};

/// A batch of more bytes than this ends early.
const BATCH_BYTES: u64 = 8 * 1024 * 1024;

/// A message of the set on its way to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Number of the holder in the set's record: its file.
    pub(super) holder: usize,
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) fingerprint: String,
    pub(super) expiration: u64,
}

/// A queue, member or durable subscriber that messages go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) place: Place,
    pub(super) client: String,
    pub(super) subscription: String,
    selector: Option<String>,
    no_local: u8,
    /// What it shall hold, in order.
    pub(super) items: Vec<Item>,
    /// Fingerprints of what it holds; `None` for a subscriber that is not there.
    pub(super) present: Option<Vec<String>>,
}

/// What tells a target: server, JMS server, name, client, subscription, with tabs between.
pub(super) type Key = String;

/// The key of what holds messages.
pub(super) fn key_of(holder: &Holder) -> Key {
    [
        &holder.server,
        &holder.jms_server,
        &holder.name,
        &holder.client,
        &holder.subscription,
    ]
    .map(String::as_str)
    .join("\t")
}

impl Target {
    pub(super) fn key(&self) -> Key {
        let place = &self.place;
        [
            &place.server,
            &place.jms_server,
            &place.name,
            &self.client,
            &self.subscription,
        ]
        .map(String::as_str)
        .join("\t")
    }

    /// For messages.
    pub(super) fn label(&self) -> String {
        let place = &self.place;
        let subscriber = match self.subscription.as_str() {
            "" => String::new(),
            name => format!(" (subscriber {name} of {})", self.client),
        };
        format!(
            "{}{subscriber} of {} on {}",
            place.name, place.jms_server, place.server
        )
    }
}

/// Finds for everything that the set holds where it goes: the same member if it is there, else
/// another member of the same destination. Also what an operator should know.
pub(super) fn targets(
    holders: &[HolderRecord],
    messages: &[Vec<IndexLine>],
    places: &[Place],
    present: &HashMap<Key, Vec<String>>,
) -> Result<(Vec<Target>, Vec<String>), String> {
    let mut found: BTreeMap<Key, Target> = BTreeMap::new();
    let mut warnings = Vec::new();
    for (number, (one, lines)) in holders.iter().zip(messages).enumerate() {
        let holder = &one.holder;
        let Some((place, exact)) = place_for(holder, places) else {
            if lines.is_empty() {
                warnings.push(format!(
                    "{} has no counterpart; it held no message",
                    holder.label()
                ));
                continue;
            }
            return Err(format!(
                "{} messages of {} have nowhere to go: there is no {}",
                lines.len(),
                holder.label(),
                holder.queue
            ));
        };
        let mut target = Target {
            place: place.clone(),
            client: holder.client.clone(),
            subscription: holder.subscription.clone(),
            selector: holder.selector.clone(),
            no_local: holder.no_local,
            items: Vec::new(),
            present: None,
        };
        let texts = [
            &target.key(),
            target.selector.as_deref().unwrap_or_default(),
        ]
        .concat()
        .replacen('\t', "", 4);
        if texts.contains(['\t', '\n', '\r']) {
            return Err(format!(
                "the name of {} holds a tab or line end",
                holder.label()
            ));
        }
        if !exact && !lines.is_empty() {
            warnings.push(format!(
                "messages of {} go to {}",
                holder.label(),
                target.label()
            ));
        }
        let key = target.key();
        target.present = present.get(&key).cloned();
        let target = found.entry(key).or_insert(target);
        target.items.extend(lines.iter().map(|line| Item {
            holder: number,
            offset: line.offset,
            length: line.length,
            fingerprint: line.fingerprint.clone(),
            expiration: line.expiration,
        }));
    }
    Ok((found.into_values().collect(), warnings))
}

fn place_for<'a>(holder: &Holder, places: &'a [Place]) -> Option<(&'a Place, bool)> {
    let topic = u8::from(!holder.subscription.is_empty());
    let fits: Vec<&Place> = places
        .iter()
        .filter(|place| place.queue == holder.queue && place.topic == topic)
        .collect();
    let same_jms = |place: &&&Place| place.jms_server == holder.jms_server;
    let exact = fits
        .iter()
        .filter(same_jms)
        .find(|place| place.server == holder.server && place.member == holder.member);
    let nearest = exact
        .or_else(|| fits.iter().find(same_jms))
        .or(fits.first())?;
    Some((nearest, exact.is_some()))
}

/// What an attempt wrote of a target before it was cut off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Begun {
    /// So many messages of it are there for certain.
    pub(super) done: usize,
    /// And up to so many more of a batch whose end was not written.
    pub(super) open: usize,
}

#[derive(Deserialize)]
struct JournalLine {
    kind: String,
    target: Key,
    first: usize,
    messages: usize,
}

/// Reads the journal. Its last line may be torn.
pub(super) fn read_journal(text: &str) -> Result<BTreeMap<Key, Begun>, String> {
    let mut found: BTreeMap<Key, Begun> = BTreeMap::new();
    for line in text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
    {
        let line: JournalLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let begun = found.entry(line.target).or_default();
        if line.kind == "begin" {
            // What comes before its first message was seen there when the batch was planned.
            begun.done = begun.done.max(line.first);
            begun.open = line.messages;
        } else {
            begun.done = line.first + line.messages;
            begun.open = 0;
        }
    }
    Ok(found)
}

/// How far a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Everything is there, imported or never gone.
    Complete,
    /// The first so many are there.
    Holds(usize),
}

/// Compares what is there with what shall be. `now` in milliseconds since the epoch: messages that
/// have expired may be missing. The error says why nobody can go on.
pub(super) fn stand(target: &Target, begun: Option<&Begun>, now: u64) -> Result<Standing, String> {
    let mut left: HashMap<&str, i64> = HashMap::new();
    for fingerprint in target.present.iter().flatten() {
        *left.entry(fingerprint).or_default() += 1;
    }
    let present: i64 = left.values().sum();
    let mut missing = 0;
    let mut whole = left.clone();
    for item in &target.items {
        let count = whole.entry(&item.fingerprint).or_default();
        if *count > 0 {
            *count -= 1;
        } else if item.expiration == 0 || item.expiration > now {
            missing += 1;
        }
    }
    let foreign: i64 = whole.values().sum();
    if missing == 0 && foreign == 0 && target.present.is_some() {
        return Ok(Standing::Complete);
    }
    let begun = begun.cloned().unwrap_or_default();
    let count = usize::try_from(present).unwrap_or_default();
    let possible = (begun.done..=begun.done + begun.open).contains(&count);
    let prefix = target.items.get(..count).filter(|_| possible);
    let fits = prefix.is_some_and(|items| {
        items.iter().all(|item| {
            let count = left.entry(&item.fingerprint).or_default();
            *count -= 1;
            *count >= 0
        })
    });
    if fits {
        return Ok(Standing::Holds(count));
    }
    Err(format!(
        "{} shall hold {} messages and holds {present}, of which {foreign} are not those of the set; \
         {} are known to be imported, {} more may be",
        target.label(),
        target.items.len(),
        begun.done,
        begun.open
    ))
}

/// The plan that the script reads: one line a batch, fields with tabs between.
pub(super) fn plan_text(targets: &[(&Target, usize)], batch: usize) -> String {
    let mut text = String::new();
    let mut number = 0;
    for (target, first) in targets {
        let mut first = *first;
        // A subscriber without messages still gets one line: it is made.
        loop {
            let items = &target.items[first..];
            let (mut count, mut bytes) = (0, 0);
            for item in items.iter().take(batch) {
                if count > 0
                    && (bytes + item.length > BATCH_BYTES || item.holder != items[0].holder)
                {
                    break;
                }
                bytes += item.length;
                count += 1;
            }
            let file = items.first().map_or(0, |item| item.holder);
            _ = write!(
                text,
                "{number}\t{}\t{}\t{}\t{first}\timport-{file}.xml",
                target.key(),
                target.selector.as_deref().unwrap_or_default(),
                target.no_local
            );
            for item in &items[..count] {
                _ = write!(text, "\t{}+{}", item.offset, item.length);
            }
            text.push('\n');
            number += 1;
            first += count;
            if first >= target.items.len() {
                break;
            }
        }
    }
    text
}

#[cfg(test)]
#[path = "import_plan_tests.rs"]
mod tests;
