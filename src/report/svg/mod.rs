//! The parts that figures are drawn from. Colours are set twice: as attributes, for a file that stands alone on
//! white paper, and by class, so that the page's style sheet can change them in the dark.

pub mod boxes;
pub mod interval;
pub mod line;
mod names;

use maud::{Markup, html};

use super::wording::{printable, short};
use crate::report::axis::Axis;

/// Width of every figure in its own units, of which text is about 13 high.
pub const WIDTH: f64 = 760.0;

const FONT: &str = "system-ui, 'Helvetica Neue', Arial, sans-serif";
const INK: &str = "#1b1f24";
const MUTED: &str = "#59626e";
const GRID: &str = "#e1e5ea";
/// Of what is not valid, and of nothing else.
const GREY: &str = "#7a828c";

/// Okabe and Ito's colours, the most legible first; told apart with every kind of colour blindness.
const COLOURS: [&str; 8] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#D6C800"];

/// Where the data lie in a figure.
#[derive(Debug, Clone, Copy)]
struct Plot {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// How a case is drawn everywhere: its colour, or grey and dashed where it is not valid.
#[derive(Debug, Clone, Copy)]
struct Look {
    stroke: &'static str,
    stroke_class: &'static str,
    fill_class: &'static str,
    dashes: Option<&'static str>,
}

impl Look {
    fn of(place: usize, valid: bool) -> Look {
        const STROKES: [&str; 8] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"];
        const FILLS: [&str; 8] = ["f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7"];
        let at = place % COLOURS.len();
        match valid {
            false => Look { stroke: GREY, stroke_class: "sx", fill_class: "fx", dashes: Some("6 4") },
            true => Look {
                stroke: COLOURS[at],
                stroke_class: STROKES[at],
                fill_class: FILLS[at],
                // Colours come round again with the ninth case.
                dashes: (place >= COLOURS.len()).then_some("1.5 3"),
            },
        }
    }
}

/// A whole SVG file around the drawing; the title and the description are for those who cannot see it.
pub fn document(height: f64, title: &str, description: &str, drawing: Markup) -> String {
    let size = format!("0 0 {WIDTH} {}", px(height));
    let markup = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(size) width=(WIDTH) height=(px(height)) role="img"
            aria-label=(format!("{title}. {description}")) font-family=(FONT) font-size="13" {
            title { (title) }
            desc { (description) }
            rect.paper width="100%" height="100%" fill="#ffffff" {}
            (drawing)
        }
    };
    printable(&markup.into_string())
}

/// A figure without data: a frame that says why.
pub fn empty(title: &str, message: &str) -> String {
    let drawing = html! {
        rect.grid x="1" y="1" width=(WIDTH - 2.0) height="118" rx="6" fill="none" stroke=(GRID) stroke-width="1.5"
            stroke-dasharray="4 5" {}
        (text(WIDTH / 2.0, 65.0, "middle", Shade::Muted, message))
    };
    document(120.0, title, message, drawing)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shade {
    Ink,
    Muted,
}

fn text(x: f64, y: f64, anchor: &str, shade: Shade, words: &str) -> Markup {
    let (class, fill) = if shade == Shade::Ink { ("ink", INK) } else { ("muted", MUTED) };
    html! { text class=(class) x=(px(x)) y=(px(y)) text-anchor=(anchor) fill=(fill) { (words) } }
}

fn rule(from: (f64, f64), to: (f64, f64), strong: bool) -> Markup {
    let (class, stroke) = if strong { ("rule", MUTED) } else { ("grid", GRID) };
    html! { line class=(class) x1=(px(from.0)) y1=(px(from.1)) x2=(px(to.0)) y2=(px(to.1)) stroke=(stroke) {} }
}

/// Horizontal lines at the ticks of a value axis that runs upwards, with its title above.
fn rows_of_grid(plot: &Plot, axis: &Axis, title: &str) -> Markup {
    html! {
        (text(2.0, plot.top - 16.0, "start", Shade::Muted, title))
        @for tick in &axis.ticks {
            (rule((plot.left, axis.at(*tick)), (plot.right, axis.at(*tick)), *tick == 0.0))
            (text(plot.left - 8.0, axis.at(*tick) + 4.5, "end", Shade::Muted, &axis.print(*tick)))
        }
    }
}

/// Ticks and title of an axis along the bottom; `lines` draws them through the plot.
fn bottom_axis(plot: &Plot, axis: &Axis, title: &str, lines: bool) -> Markup {
    html! {
        @for tick in &axis.ticks {
            @let top = if lines { plot.top } else { plot.bottom };
            (rule((axis.at(*tick), top), (axis.at(*tick), plot.bottom + 5.0), lines && *tick == 0.0))
            (text(axis.at(*tick), plot.bottom + 20.0, "middle", Shade::Muted, &axis.print(*tick)))
        }
        (text((plot.left + plot.right) / 2.0, plot.bottom + 42.0, "middle", Shade::Muted, title))
    }
}

/// A coordinate to a tenth of a unit, which is finer than any screen.
fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// The name of a case as it stands in a figure.
fn label(case: &str, valid: bool) -> String {
    let name = short(case, 26);
    if valid { name } else { name + " (invalid)" }
}

/// About how wide a text of size 13 is; the font is the reader's.
fn width(text: &str) -> f64 {
    text.chars()
        .map(|c| {
            if c > '\u{2e80}' {
                13.5
            } else if c.is_uppercase() {
                9.0
            } else {
                7.3
            }
        })
        .sum()
}
