//! What every effect on the machine is made of: looked at, noted with its way back, made, looked at again.

use std::path::Path;

use serde::Serialize;

use super::{Extent, Lab, Line, Mode};
use crate::{
    error::{Error, Kind, Result},
    journal::{Before, Change, Thing},
};

/// One thing of the machine that a recipe wants to be so.
pub trait Operation {
    /// What the thing is now.
    type Seen: PartialEq;

    /// The thing in words: ``file `/etc/hosts` ``.
    fn title(&self) -> String;

    /// The file it writes, and how much of it.
    fn claim(&self) -> Option<(&Path, Extent)> {
        None
    }

    /// What it is about, as the way back names it.
    fn things(&self) -> Vec<Thing> {
        Vec::new()
    }

    /// Looks at it, and changes nothing.
    fn look(&self, lab: &Lab) -> Result<Self::Seen>;

    /// What would have to change; none where it is so already.
    fn difference(&self, seen: &Self::Seen) -> Option<Difference>;

    /// How it was, kept so that it can be so again.
    fn before(&self, seen: &Self::Seen, lab: &mut Lab) -> Result<Before>;

    /// Makes it so. Cut short anywhere, it can be done again.
    fn apply(&self, seen: &Self::Seen, lab: &Lab) -> Result<()>;

    /// What it runs may leave something running in the background.
    fn may_leave_programs(&self) -> bool {
        false
    }

    /// Packages that must be had from somewhere, as apt-get takes them.
    fn packages(&self) -> Vec<String> {
        Vec::new()
    }

    /// What a person would type.
    fn explain(&self) -> Vec<String>;
}

/// What would change, in words and line by line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `create it`, `mode 0644, was 0600`
    pub words: String,
    /// Lines that begin with `+`, `-` or a space.
    pub lines: Vec<String>,
}

impl Difference {
    pub fn of(words: impl Into<String>) -> Difference {
        Difference { words: words.into(), lines: Vec::new() }
    }
}

/// Brings a thing into the state that is wanted, or says what that would take. True where it was, or would be, changed.
pub fn bring<O: Operation>(lab: &mut Lab, operation: &O) -> Result<bool> {
    lab.begin_work()?;
    if lab.mode == Mode::Explain {
        operation.explain().into_iter().for_each(|command| lab.shell(command));
        lab.work.changed.push(operation.title());
        return Ok(true);
    }
    if lab.mode == Mode::Gather {
        lab.wants.packages.extend(operation.packages());
        return Ok(true);
    }
    let title = operation.title();
    if lab.is_enclosed() {
        return Err(Error::usage("the lab's own network is up, and what is done to the machine comes before it")
            .hint("put the host.* calls above the first net.* call that builds or proves")
            .context(title));
    }
    if let Some((path, extent)) = operation.claim() {
        lab.claim(path, extent).map_err(|error| error.context(&title))?;
    }
    let seen = match operation.look(lab).map_err(|error| error.context(&title)) {
        // What is missing may be what an earlier call would have brought.
        Err(error) if lab.mode == Mode::Plan && error.kind() == Kind::Failed && !lab.work.changed.is_empty() => {
            let words = format!("not to be told before the changes above are made ({error})");
            lab.lines.push(Line::Change { title: title.clone(), difference: Difference::of(words) });
            lab.work.changed.push(title);
            return Ok(true);
        }
        seen => seen?,
    };
    let Some(difference) = operation.difference(&seen) else {
        lab.work.same += 1;
        return share(lab, operation.things(), &title).map(|()| false);
    };
    if lab.mode == Mode::Plan {
        lab.lines.push(Line::Change { title: title.clone(), difference });
        lab.work.changed.push(title);
        return Ok(true);
    }
    lab.progress.doing(&title);
    make(lab, operation, &seen, &title).map_err(|error| error.context(&title))?;
    lab.progress.line(&format!("changed   {title}: {}", difference.words));
    lab.work.changed.push(title);
    Ok(true)
}

/// What another recipe made so is this one's as well from now on: undone the other way round, it would be missing.
fn share(lab: &mut Lab, things: Vec<Thing>, title: &str) -> Result<()> {
    if !lab.acts() {
        return Ok(());
    }
    let (own, others): (Vec<&Change>, Vec<&Change>) = lab.changes().iter().partition(|change| lab.made(change));
    // That another has lines of its own in a file does not make the rest of the file its work.
    let is_theirs = |thing: &Thing| others.iter().any(|change| change.before.things().contains(thing));
    let is_own = |thing: &Thing| own.iter().any(|change| change.touches(thing));
    let shared = things.into_iter().filter(|thing| is_theirs(thing) && !is_own(thing));
    let things: Vec<Thing> = shared.collect();
    if things.is_empty() { Ok(()) } else { lab.note_change(title, Before::Same { things }).map(|_| ()) }
}

fn make<O: Operation>(lab: &mut Lab, operation: &O, seen: &O::Seen, title: &str) -> Result<()> {
    let before = operation.before(seen, lab)?;
    let touched = before.things();
    let untouched = operation.things().into_iter().filter(|thing| !touched.contains(thing));
    share(lab, untouched.collect(), title)?;
    let id = lab.note_change(title, before)?;
    let made = operation.apply(seen, lab).and_then(|()| verify(lab, operation));
    if operation.may_leave_programs() {
        lab.ledger()?.renew();
    }
    let Err(error) = made else { return Ok(()) };
    // What was never made is not for undo to take back: somebody else may make the same later.
    match operation.look(lab) {
        Ok(now) if now == *seen => match lab.ledger()?.reverted(id) {
            Ok(()) => Err(error),
            Err(later) => Err(error.then(&later)),
        },
        _ => {
            lab.work.unfinished += 1;
            Err(error)
        }
    }
}

/// Looks whether a thing really became so.
fn verify<O: Operation>(lab: &Lab, operation: &O) -> Result<()> {
    match operation.difference(&operation.look(lab)?) {
        None => Ok(()),
        Some(left) => {
            let lines = left.lines.iter().map(|line| format!("\n    {line}"));
            Err(Error::failed(format!("it did not become so: {}{}", left.words, lines.collect::<String>())))
        }
    }
}
