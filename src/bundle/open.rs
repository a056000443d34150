//! A bundle, wherever it is: a directory, one file, parts of one, or behind a program.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use crate::{
    error::{Context, Error, Result},
    oci::Layout,
    volume::{Stretch, open_plain},
};

/// Open, and only read from.
pub struct Bundle {
    pub layout: Layout,
    /// Where it was found.
    pub place: PathBuf,
}

/// What a program ends with that carries a bundle: this, and before it the place where the bundle begins.
pub const MARK: &[u8; 16] = b"labkit+bundle/1\n";
/// Parts of one bundle.
pub const MOST_PARTS: usize = 999;
/// Bytes of the mark and of the place.
const TRAILER: u64 = 24;

impl Bundle {
    /// A directory, a file, a program that carries one, or the first of several parts (`….001`).
    pub fn open(path: &Path) -> Result<Bundle> {
        // Whoever names it may do so by a link; nothing within it is reached by one.
        let real = path.canonicalize();
        let real = real.as_deref().unwrap_or(path);
        let layout = || match () {
            () if real.is_dir() => Layout::directory(real),
            () if real.extension().is_some_and(|end| end == "001") => parts(real),
            () => {
                let file = open_plain(real)?;
                let stretch = Stretch::of_file(file.try_clone()?)?;
                Layout::packed(&carried(&stretch)?.unwrap_or(stretch))
            }
        };
        let layout = layout().context(|| format!("open the bundle `{}`", path.display()))?;
        Ok(Bundle { layout, place: path.to_owned() })
    }

    /// The bundle that a program carries; none where it carries none.
    pub fn of_program(path: &Path) -> Result<Option<Bundle>> {
        let (_, Some(stretch)) = carried_by(path)? else { return Ok(None) };
        let layout = Layout::packed(&stretch).context(|| format!("open the bundle in `{}`", path.display()))?;
        Ok(Some(Bundle { layout, place: path.to_owned() }))
    }
}

/// A program itself, and the bundle that it carries.
pub fn carried_by(path: &Path) -> Result<(Stretch, Option<Stretch>)> {
    let all = Stretch::of_file(File::open(path).context(|| format!("open `{}`", path.display()))?)?;
    Ok(match carried(&all)? {
        Some(bundle) => (all.cut(0, all.length() - TRAILER - bundle.length()), Some(bundle)),
        None => (all, None),
    })
}

/// All parts one behind the other, from the first to the last that is there. Which are missing or were cut short shows in
/// the others: all but the last are of one size.
fn parts(first: &Path) -> Result<Layout> {
    let named = |number: usize| first.with_extension(format!("{number:03}"));
    let last = (1..=MOST_PARTS).rev().find(|number| named(*number).exists()).unwrap_or(1);
    let (mut all, mut whole) = (Stretch::default(), 0);
    for number in 1..=last {
        let part = Stretch::of_file(open_plain(&named(number))?)?;
        if number == 1 {
            whole = part.length();
        }
        let short = match part.length() {
            length if length > whole => Some(1),
            length if length < whole && number < last => Some(number),
            _ => None,
        };
        if let Some(short) = short {
            return Err(Error::failed(format!("part `{}` is cut short", named(short).display())));
        }
        all.push(part);
    }
    Layout::packed(&all).map_err(|error| match error.to_string().contains("it ends early") {
        true => error.hint(format!(
            "is `{}` cut short, or is there a `{}` that is missing here?",
            named(last).display(),
            named(last + 1).display()
        )),
        false => error,
    })
}

/// What stands between a program's end and its trailer.
fn carried(of: &Stretch) -> Result<Option<Stretch>> {
    let length = of.length();
    let Some(end) = length.checked_sub(TRAILER) else { return Ok(None) };
    let mut trailer = Vec::new();
    of.cut(end, TRAILER).reader().read_to_end(&mut trailer)?;
    let Some((begin, mark)) = trailer.split_first_chunk::<8>() else { return Ok(None) };
    if mark != MARK {
        return Ok(None);
    }
    match end.checked_sub(u64::from_be_bytes(*begin)) {
        Some(bytes) => Ok(Some(of.cut(u64::from_be_bytes(*begin), bytes))),
        None => Err(Error::failed("it carries a bundle that begins behind its end")),
    }
}
