//! `labkit bundle ls`

use argh::FromArgs;
use serde_json::json;

use crate::{
    bundle::{self, Item},
    cli::output,
    columns::{self, columns},
    error::Result,
};

/// List what a bundle holds.
#[derive(FromArgs)]
#[argh(subcommand, name = "ls")]
pub struct BundleLs {
    /// the bundle; the one that is found unless given
    #[argh(positional)]
    bundle: Option<String>,

    /// for machines
    #[argh(switch)]
    json: bool,
}

impl BundleLs {
    pub fn run(self) -> Result<()> {
        let bundle = bundle::need(self.bundle.as_deref())?;
        let items = bundle::items(&bundle.layout)?;
        let digest = bundle.layout.digest()?;
        if self.json {
            return output::json(&json!({ "bundle": bundle.place, "digest": digest, "items": items }));
        }
        let rows: Vec<Vec<String>> = items.iter().map(row).collect();
        let table = columns(&["KIND", "NAME", "ARCH", "SIZE", "FOR"], &rows, &[3], None);
        output::print(&output::plain(&format!(
            "{table}\n{}: {} items, {digest}\n",
            bundle.place.display(),
            items.len()
        )))
    }
}

fn row(item: &Item) -> Vec<String> {
    let name = match item.layers.last() {
        Some(layer) if !layer.title.is_empty() => layer.title.clone(),
        _ => item.name.clone(),
    };
    vec![
        item.kind.map_or("artifact".to_owned(), |kind| kind.to_string()),
        name,
        if item.architecture.is_empty() { "all".to_owned() } else { item.architecture.clone() },
        columns::bytes(item.size),
        item.wanted_by.iter().cloned().collect::<Vec<_>>().join(", "),
    ]
}
