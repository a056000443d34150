//! What mpirun and its ranks write to standard error: which of many lines is the cause, and what to do about it.

mod message;
mod signs;

use std::collections::BTreeSet;

use crate::results::{Reading, Verdict};
use message::{Message, RULE, messages};
use signs::{Place, SIGNS, Sign, Weight};

/// True for a text that begins as only mpirun, its ranks, or the ssh below it write.
pub fn recognise(head: &str) -> bool {
    let lines: Vec<&str> = head.lines().map(message::untagged).collect();
    messages(&lines).any(|message| {
        let is_behind_rule = message.at > 1 && lines[message.at - 2].starts_with(RULE);
        let counts = |sign: &Sign| match sign.place {
            Place::Line => true,
            Place::Block => is_behind_rule,
            Place::Within => message.first().starts_with('['),
        };
        SIGNS.iter().any(|sign| counts(sign) && sign.fits(&message))
    })
}

/// One sign and the message it was found in.
struct Found<'a> {
    sign: &'static Sign,
    message: Message<'a>,
    says: String,
}

/// A text without a known failure is no proof of success: nothing is claimed of it.
pub fn read(text: &str) -> Reading {
    let mut reading = Reading::of("mpirun");
    let lines: Vec<&str> = text.lines().map(message::untagged).collect();
    if !text.trim_end_matches('\0').ends_with('\n') {
        reading.warnings.push(format!("line {}: it has no end: what it names may be cut", lines.len()));
    }
    let found = found(&lines);
    let fails = found.iter().any(|one| one.sign.weight.fails());
    // Of equal weight the first: what follows are its consequences.
    let cause = found
        .iter()
        .filter(|one| one.sign.weight.fails() || (fails && one.sign.weight == Weight::Suspect))
        .min_by_key(|one| (one.sign.weight, one.message.at));
    let Some(cause) = cause else {
        reading.warnings.extend(found.iter().map(Found::with_line));
        let why = format!("line {}: nothing in it says that it failed, nor that it ended well", lines.len());
        return reading.ended(Verdict::Unverified, why);
    };
    reading.fact("cause", cause.sign.name);
    reading.fact("line", cause.message.at);
    for (name, value) in cause.objects() {
        reading.fact(name, value);
    }
    let others = found.iter().filter(|one| one.message.at != cause.message.at && one.sign.weight != Weight::Symptom);
    let (fatal, rest): (Vec<&Found>, Vec<&Found>) = others.partition(|one| one.sign.weight.fails());
    reading.warnings.extend(rest.into_iter().map(Found::with_line));
    let mut reading = reading.ended(verdict(cause.sign.weight), &cause.says);
    reading.why.push(format!("try: {}", cause.sign.advice));
    reading.why.extend(fatal.into_iter().map(Found::with_line));
    reading
}

fn verdict(weight: Weight) -> Verdict {
    match weight {
        Weight::Input => Verdict::Mismatch,
        Weight::Stopped => Verdict::Incomplete,
        _ => Verdict::Failed,
    }
}

/// Every message once: ranks repeat each other.
fn found<'a>(lines: &'a [&'a str]) -> Vec<Found<'a>> {
    let mut seen = BTreeSet::new();
    let all = messages(lines).filter_map(|message| {
        let known = SIGNS.iter().find(|sign| sign.fits(&message));
        let sign = known.or_else(|| message.opens.then_some(&signs::UNKNOWN))?;
        Some(Found { sign, says: sign.says(&message), message })
    });
    all.filter(|one| seen.insert(one.says.clone())).collect()
}

impl Found<'_> {
    fn with_line(&self) -> String {
        format!("line {}: {}", self.message.at, self.says)
    }

    fn objects(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.sign.objects.iter().filter_map(|(name, pick)| Some((*name, pick.of(&self.message)?)))
    }
}
