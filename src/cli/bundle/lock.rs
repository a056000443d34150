//! `labkit bundle lock`

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

use argh::FromArgs;
use serde_json::json;

use crate::{
    bundle::{self, Lock, Moved, Question, Source, Wanted},
    cli::output,
    disk,
    error::{Context, Error, Result},
    http::Client,
    machine::own_architecture,
    progress::Progress,
    recipe::{self, Recipe},
    signal,
};

/// Pin everything that recipes need offline, each thing by its digest: packages with all that they depend on, images, files.
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "lock",
    example = "labkit bundle lock node --arch amd64,arm64 --package jq",
    example = "labkit bundle lock --file manifest:calico.yaml=https://example.org/calico.yaml",
    note = "What is named is added to what the lock has; `--anew` begins with nothing. Without anything named, everything is looked up again."
)]
pub struct BundleLock {
    /// recipes whose packages and images are wanted
    #[argh(positional, arg_name = "recipe")]
    recipes: Vec<String>,

    /// architectures, with commas between: amd64, arm64; this machine's unless given
    #[argh(option)]
    arch: Option<String>,

    /// a package besides: jq, kubeadm=1.32.8-1.1; may be repeated, or with commas
    #[argh(option)]
    package: Vec<String>,

    /// a package for images that `labkit bundle image` makes, with all of a root file system
    #[argh(option)]
    image_package: Vec<String>,

    /// an image besides: registry.k8s.io/pause:3.10
    #[argh(option)]
    image: Vec<String>,

    /// a file besides: [chart|file|keyring|manifest:][NAME=]URL
    #[argh(option)]
    file: Vec<String>,

    /// a file in the form of deb822 (.sources) with the archives that packages come from; this machine's own unless given
    #[argh(option, arg_name = "FILE")]
    sources: Vec<String>,

    /// where a registry is asked: docker.io=http://127.0.0.1:5000
    #[argh(option, arg_name = "NAME=URL")]
    registry: Vec<String>,

    /// forget what the lock has
    #[argh(switch)]
    anew: bool,

    /// only tell what moved since it was written; exits 3 if anything did
    #[argh(switch)]
    check: bool,

    /// the lock; lab.lock unless given
    #[argh(option, short = 'o', default = "String::from(\"lab.lock\")", arg_name = "FILE")]
    output: String,

    /// set a parameter of the recipes: name=value; may be repeated
    #[argh(option)]
    set: Vec<String>,

    /// seconds for which a connection may be silent
    #[argh(option, default = "30")]
    patience: u64,

    /// for machines
    #[argh(switch)]
    json: bool,
}

impl BundleLock {
    pub fn run(self) -> Result<()> {
        signal::listen()?;
        let path = Path::new(&self.output);
        let old = match path.exists() {
            true => Some(Lock::read(path)?),
            false if self.check => return Err(Lock::read(path).err().unwrap_or_else(|| Error::usage("no lock"))),
            false => None,
        };
        let wanted = self.wanted(old.as_ref())?;
        let recipes = self.gather(&wanted)?;
        let progress = Progress::new(self.json);
        let client = Client::new(Duration::from_secs(self.patience.max(1)));
        let question = Question { wanted: &wanted, recipes: &recipes, client: &client, progress: &progress };
        let resolved = bundle::resolve(&question);
        progress.end();
        let lock = resolved?;
        let moved = old.as_ref().map_or_else(Vec::new, |old| bundle::compare(old, &lock));
        if self.check {
            return self.tell(&moved);
        }
        disk::replace(path, lock.text()?.as_bytes())?;
        self.told(&lock, old.is_some().then_some(&moved))
    }

    /// What the lock has and what is named.
    fn wanted(&self, old: Option<&Lock>) -> Result<Wanted> {
        let mut wanted = match old.filter(|_| !self.anew) {
            Some(old) => old.wanted.clone(),
            None => Wanted::default(),
        };
        add(&mut wanted.recipes, &self.recipes);
        add(&mut wanted.packages, &split(&self.package));
        add(&mut wanted.image_packages, &split(&self.image_package));
        add(&mut wanted.images, &self.image);
        add(&mut wanted.files, &self.file);
        for file in &self.sources {
            let text = fs::read_to_string(file).context(|| format!("read `{file}`"))?;
            let name = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
            let source = Source::read(&name, &text).map_err(|error| error.context(format!("read `{file}`")))?;
            wanted.sources.retain(|other| other.name != source.name);
            wanted.sources.push(source);
        }
        wanted.sources.sort();
        for pair in &self.registry {
            let Some((name, url)) = pair.split_once('=').filter(|(_, url)| url.starts_with("http")) else {
                return Err(Error::usage(format!("`{pair}` is no registry: NAME=http://… or NAME=https://…")));
            };
            wanted.registries.insert(name.to_owned(), url.trim_end_matches('/').to_owned());
        }
        match &self.arch {
            Some(arch) => wanted.architectures = split(std::slice::from_ref(arch)),
            None if wanted.architectures.is_empty() => wanted.architectures = vec![own_architecture().to_owned()],
            None => {}
        }
        wanted.architectures.sort();
        wanted.architectures.dedup();
        match wanted.is_empty() {
            true => Err(Error::usage("nothing is wanted").hint("labkit bundle lock node")),
            false => wanted.checked(),
        }
    }

    /// What each recipe needs, found out without running it.
    fn gather(&self, wanted: &Wanted) -> Result<BTreeMap<String, crate::lab::Wants>> {
        let one = |name: &String| {
            let recipe = Recipe::find(name)?;
            let wants =
                recipe::gather(&recipe, &self.set).map_err(|error| error.context(format!("recipe `{name}`")))?;
            Ok((recipe.name, wants))
        };
        wanted.recipes.iter().map(one).collect()
    }

    fn tell(&self, moved: &[Moved]) -> Result<()> {
        match self.json {
            true => output::json(&json!({ "moved": moved }))?,
            false => output::print(&lines(moved))?,
        }
        match moved.len() {
            0 if self.json => Ok(()),
            0 => output::print("nothing moved: everything is as the lock has it\n"),
            _ => Err(Error::changes()),
        }
    }

    fn told(&self, lock: &Lock, moved: Option<&Vec<Moved>>) -> Result<()> {
        if self.json {
            return output::json(&json!({ "lock": lock, "moved": moved }));
        }
        let bytes = lock.debs.iter().map(|deb| deb.size).sum::<u64>()
            + lock.files.iter().map(|file| file.size).sum::<u64>()
            + lock.images.iter().map(|image| image.size).sum::<u64>();
        let mut text = moved.map(|moved| lines(moved)).unwrap_or_default();
        let architectures: BTreeSet<&str> = lock.wanted.architectures.iter().map(String::as_str).collect();
        text += &format!(
            "locked    {} packages, {} images, {} files for {}: {} to fetch at most\nwrote     {}\n",
            lock.debs.len(),
            lock.images.len(),
            lock.files.len(),
            architectures.into_iter().collect::<Vec<_>>().join(", "),
            crate::columns::bytes(bytes),
            self.output
        );
        output::print(&text)
    }
}

fn lines(moved: &[Moved]) -> String {
    let lines = moved.iter().map(|moved| match (&moved.from, &moved.to) {
        (Some(from), Some(to)) => format!("~ {}: {from} → {to}\n", moved.what),
        (None, to) => format!("+ {} {}\n", moved.what, to.as_deref().unwrap_or_default()),
        (from, None) => format!("- {} {}\n", moved.what, from.as_deref().unwrap_or_default()),
    });
    lines.collect()
}

fn split(words: &[String]) -> Vec<String> {
    words
        .iter()
        .flat_map(|words| words.split(','))
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// In order, each once.
fn add(to: &mut Vec<String>, more: &[String]) {
    let all: BTreeSet<String> = to.drain(..).chain(more.iter().cloned()).collect();
    to.extend(all);
}
