//! Rows in columns for a terminal, without lines between them.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// Between two columns.
const GAP: u16 = 2;

/// Bytes as people say them: `27 kB`, `1.4 GB`.
pub fn bytes(bytes: u64) -> String {
    let steps = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    match steps.into_iter().find(|(_, step)| bytes as f64 >= *step) {
        None => format!("{bytes} B"),
        Some((unit, step)) if bytes as f64 / step < 9.95 => format!("{:.1} {unit}", bytes as f64 / step),
        Some((unit, step)) => format!("{:.0} {unit}", bytes as f64 / step),
    }
}

/// Columns under their headings; those of `numbers` are aligned right. Folded to `width` where one is given.
pub fn columns(headings: &[&str], rows: &[Vec<String>], numbers: &[usize], width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    match width {
        // The space after the last column is taken off again.
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width + GAP),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    table.set_header(headings.to_vec());
    for row in rows {
        table.add_row(row.clone());
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, GAP));
        if numbers.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}
