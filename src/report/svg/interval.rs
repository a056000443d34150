//! A ratio and its interval drawn into a cell of a table, against 1 and against what the control makes of 1.

use maud::{Markup, html};

use super::{GREY, INK, MUTED, px};
use crate::{
    report::axis::Axis,
    results::comparison::{Row, Verdict},
};

const WIDTH: f64 = 132.0;
const HEIGHT: f64 = 20.0;
/// Least distance of the ends from 1, so that noise does not look like a difference.
const MARGIN: f64 = 1.1;

/// What the cells of one table share.
pub struct Strip {
    axis: Axis,
    noise: Option<(f64, f64)>,
}

impl Strip {
    /// From the rows of a table; nothing where they have no ratios.
    pub fn of(rows: &[Row]) -> Option<Strip> {
        let ratios: Vec<_> = rows.iter().filter_map(|row| row.ratio).collect();
        let low = ratios.iter().map(|ratio| ratio.low).fold(1.0 / MARGIN, f64::min);
        let high = ratios.iter().map(|ratio| ratio.high).fold(MARGIN, f64::max);
        let control = rows.iter().find(|row| row.verdict == Verdict::Control);
        let noise = control.and_then(|row| row.ratio).map(|ratio| (ratio.low.min(1.0), ratio.high.max(1.0)));
        let axis = Axis::ratios(low, high, (6.0, WIDTH - 6.0));
        (!ratios.is_empty()).then_some(Strip { axis, noise })
    }

    /// The head of the column: where 1 is.
    pub fn head(&self) -> Markup {
        cell(html! {
            text.muted x=(px(self.axis.at(1.0))) y="14" text-anchor="middle" fill=(MUTED) font-size="12" { "1" }
        })
    }

    /// One row: the noise as a band, 1 as a line, the interval with its median; empty of these without a ratio.
    pub fn row(&self, row: &Row) -> Markup {
        cell(html! {
            @if let Some((low, high)) = self.noise {
                @let (low, high) = (self.axis.at(low), self.axis.at(high));
                rect.noise x=(px(low)) y="0" width=(px(high - low)) height=(HEIGHT) fill=(GREY) fill-opacity="0.18" {}
            }
            (upright(self.axis.at(1.0)))
            @if let Some(ratio) = row.ratio {
                @let [low, median, high] = [ratio.low, ratio.median, ratio.high].map(|ratio| self.axis.at(ratio));
                @if row.verdict != Verdict::TooFewRounds {
                    line.strong x1=(px(low)) x2=(px(high)) y1="10" y2="10" stroke=(INK) stroke-width="2" {}
                }
                circle.ink cx=(px(median)) cy="10" r="3.5" fill=(INK) {}
            }
        })
    }
}

fn upright(x: f64) -> Markup {
    html! { line.rule x1=(px(x)) x2=(px(x)) y1="0" y2=(HEIGHT) stroke=(MUTED) stroke-width="1" {} }
}

/// The numbers stand in the cells beside it, so a reader that speaks passes over the drawing.
fn cell(drawing: Markup) -> Markup {
    let size = format!("0 0 {WIDTH} {HEIGHT}");
    html! { svg.strip viewBox=(size) width=(WIDTH) height=(HEIGHT) aria-hidden="true" { (drawing) } }
}
