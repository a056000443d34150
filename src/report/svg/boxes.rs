//! A box per case, lying, so that names of any length have room: quartiles, median, extremes and every sample.

use maud::{Markup, html};

use super::{GREY, Look, Plot, Shade, WIDTH, bottom_axis, document, label, px, rule, text, width};
use crate::{
    report::{
        axis::{Axis, is_wide},
        series::Spread,
        wording::{metric_in_unit, plain},
    },
    results::Metric,
};

const ROW: f64 = 46.0;
const TOP: f64 = 34.0;
/// Half the height of a box.
const HALF: f64 = 11.0;
/// More samples than this are drawn as one path, without a value to each.
const MOST_DOTS: usize = 60;

/// The figure as an SVG file; `cases` is not empty and no case is. `id` is unlike that of every other figure.
pub fn draw(title: &str, id: &str, metric: &Metric, cases: &[Spread]) -> String {
    let plot = plot(metric, cases);
    let axis = axis(cases, &plot);
    let hatch = format!("{id}-hatch");
    let drawing = html! {
        (hatching(&hatch))
        (bottom_axis(&plot, &axis, &axis_title(metric, &axis), true))
        (text(WIDTH - 2.0, TOP - 14.0, "end", Shade::Muted, "median, n"))
        @for (at, case) in cases.iter().enumerate() {
            @let y = TOP + (at as f64 + 0.5) * ROW;
            (row(&plot, &axis, metric, case, y, &hatch))
        }
    };
    document(plot.bottom + 56.0, title, &description(metric, cases), drawing)
}

fn plot(metric: &Metric, cases: &[Spread]) -> Plot {
    let names = cases.iter().map(|case| width(&label(case.case, case.valid))).fold(0.0, f64::max);
    let counts = cases.iter().map(|case| width(&figures(metric, case))).fold(width("median, n"), f64::max);
    let bottom = TOP + cases.len() as f64 * ROW;
    Plot { left: names + 16.0, right: WIDTH - counts - 18.0, top: TOP, bottom }
}

fn figures(metric: &Metric, case: &Spread) -> String {
    format!("{}, {}", metric.print(case.quantile(0.5)), case.values.len())
}

fn axis(cases: &[Spread], plot: &Plot) -> Axis {
    let ends = |q: f64| cases.iter().map(move |case| case.quantile(q));
    let (low, high) = (ends(0.0).fold(f64::INFINITY, f64::min), ends(1.0).fold(f64::NEG_INFINITY, f64::max));
    let pixels = (plot.left, plot.right);
    match is_wide(low, high) {
        true => Axis::logarithmic(low, high, pixels),
        false => Axis::around(low, high, pixels),
    }
}

fn axis_title(metric: &Metric, axis: &Axis) -> String {
    let scale = match (axis.logarithmic, axis.begins_at_zero()) {
        (true, _) => ", logarithmic",
        (_, true) => "",
        (_, false) => ", the axis does not begin at 0",
    };
    metric_in_unit(metric) + scale
}

fn hatching(id: &str) -> Markup {
    html! {
        defs {
            pattern id=(id) width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                line.sx x1="0" y1="0" x2="0" y2="6" stroke=(GREY) stroke-width="1.6" {}
            }
        }
    }
}

fn row(plot: &Plot, axis: &Axis, metric: &Metric, case: &Spread, y: f64, hatch: &str) -> Markup {
    html! {
        (rule((plot.left, y + ROW / 2.0), (plot.right, y + ROW / 2.0), false))
        g {
            title { (hover(metric, case)) }
            (text(plot.left - 10.0, y + 4.5, "end", Shade::Ink, &label(case.case, case.valid)))
            (text(WIDTH - 2.0, y + 4.5, "end", Shade::Ink, &figures(metric, case)))
            (box_of(axis, case, y, hatch))
        }
        (dots(axis, metric, case, y))
    }
}

fn box_of(axis: &Axis, case: &Spread, y: f64, hatch: &str) -> Markup {
    let look = Look::of(case.place, case.valid);
    let [low, q1, median, q3, high] = [0.0, 0.25, 0.5, 0.75, 1.0].map(|q| axis.at(case.quantile(q)));
    let (fill, opacity, class) = match case.valid {
        true => (look.stroke.to_owned(), "0.2", look.fill_class),
        false => (format!("url(#{hatch})"), "1", "hatched"),
    };
    let end = |x: f64| format!("M{} {}v10", px(x), px(y - 5.0));
    let whiskers =
        format!("M{} {}H{}M{} {}H{}{}{}", px(low), px(y), px(q1), px(q3), px(y), px(high), end(low), end(high));
    html! {
        path class=(look.stroke_class) d=(whiskers) fill="none" stroke=(look.stroke) stroke-width="1.5" {}
        rect class=(class) x=(px(q1)) y=(px(y - HALF)) width=(px(q3 - q1)) height=(px(2.0 * HALF)) fill=(fill)
            fill-opacity=(opacity) {}
        rect class=(look.stroke_class) x=(px(q1)) y=(px(y - HALF)) width=(px(q3 - q1)) height=(px(2.0 * HALF))
            fill="none" stroke=(look.stroke) stroke-width="1.5" stroke-dasharray=[look.dashes] {}
        line class=(look.stroke_class) x1=(px(median)) x2=(px(median)) y1=(px(y - HALF)) y2=(px(y + HALF))
            stroke=(look.stroke) stroke-width="3" {}
    }
}

/// Every sample, moved a little up or down so that equal ones are seen to be several.
fn dots(axis: &Axis, metric: &Metric, case: &Spread, y: f64) -> Markup {
    let look = Look::of(case.place, case.valid);
    let places = case.values.iter().enumerate().map(|(at, value)| (*value, px(axis.at(*value)), px(y + aside(at))));
    if case.values.len() <= MOST_DOTS {
        return html! {
            @for (value, cx, cy) in places {
                circle class=(look.fill_class) cx=(cx) cy=(cy) r="2.4" fill=(look.stroke) fill-opacity="0.5" {
                    title { (plain(case.case)) ": " (metric.print_with_unit(value)) }
                }
            }
        };
    }
    // A point is a stroke of no length with round ends: a tenth of the size of as many circles.
    let path: String = places.map(|(_, x, y)| format!("M{x} {y}h0")).collect();
    html! {
        path class=(look.stroke_class) d=(path) fill="none" stroke=(look.stroke) stroke-opacity="0.25"
            stroke-width="3.6" stroke-linecap="round" pointer-events="none" {}
    }
}

/// Between -8 and 8, evenly filled by any run of neighbours: multiples of the golden ratio.
fn aside(at: usize) -> f64 {
    ((at as f64 * 0.618_033_988_75).fract() - 0.5) * 16.0
}

fn hover(metric: &Metric, case: &Spread) -> String {
    let [low, q1, median, q3, high] = [0.0, 0.25, 0.5, 0.75, 1.0].map(|q| metric.print(case.quantile(q)));
    let validity = if case.valid { "" } else { " (invalid)" };
    let (name, unit, n) = (plain(case.case), metric.unit, case.values.len());
    format!("{name}{validity}: median {median} {unit}, quartiles {q1}–{q3}, from {low} to {high}, n = {n}")
}

fn description(metric: &Metric, cases: &[Spread]) -> String {
    cases.iter().map(|case| hover(metric, case)).collect::<Vec<_>>().join("; ")
}
