//! Lines over a label such as `second`: the median of the rounds, and the quartiles as a band behind it.

use maud::{Markup, html};

use super::{Look, Plot, Shade, WIDTH, bottom_axis, document, label, names, px, rows_of_grid, text, width};
use crate::{
    report::{
        axis::{Axis, is_wide},
        series::{Point, Series},
        wording::{metric_in_unit, plain},
    },
    results::Metric,
};

const TOP: f64 = 42.0;
const HEIGHT: f64 = 300.0;
/// Between the end of a line and its name.
const LEADER: f64 = 22.0;
const NAME_HEIGHT: f64 = 17.0;
/// With more lines than this their names stand in a legend below.
const MOST_NAMES: usize = (HEIGHT / NAME_HEIGHT) as usize;
/// With more points than this on a line, dots would hide it.
const MOST_DOTS: usize = 60;

/// The axes of one figure.
struct Scales {
    plot: Plot,
    x: Axis,
    y: Axis,
}

/// The figure as an SVG file; `lines` is not empty and no line is.
pub fn draw(title: &str, metric: &Metric, x: &str, lines: &[Series]) -> String {
    let scales = scales(lines);
    let ends: Vec<f64> = lines.iter().filter_map(|line| Some(scales.y.at(line.points.last()?.median))).collect();
    let places =
        names::apart(&ends, NAME_HEIGHT, scales.plot.top, scales.plot.bottom).filter(|_| lines.len() <= MOST_NAMES);
    let legend = if places.is_none() { lines.len().div_ceil(3) as f64 * 20.0 + 10.0 } else { 0.0 };
    let scale = if scales.y.logarithmic { ", logarithmic" } else { "" };
    let drawing = html! {
        (rows_of_grid(&scales.plot, &scales.y, &(metric_in_unit(metric) + scale)))
        (bottom_axis(&scales.plot, &scales.x, &plain(x), false))
        @for line in lines { (band(&scales, line)) }
        @for line in lines { (median(&scales, metric, x, line)) }
        @match places {
            Some(places) => { @for (line, y) in lines.iter().zip(places) { (name(&scales, line, y)) } }
            None => (legend_of(&scales.plot, lines)),
        }
    };
    document(scales.plot.bottom + 56.0 + legend, title, &description(metric, lines), drawing)
}

/// The axis from zero, unless the cases are too far apart for it.
fn scales(lines: &[Series]) -> Scales {
    let points = || lines.iter().flat_map(|line| &line.points);
    let least = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
    let most = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = (least(&mut points().map(|point| point.q1)), most(&mut points().map(|point| point.q3)));
    let upwards = (TOP + HEIGHT, TOP);
    let medians = || lines.iter().map(Series::median);
    let y = match low > 0.0 && is_wide(least(&mut medians()), most(&mut medians())) {
        true => Axis::logarithmic(low, high, upwards),
        false => Axis::from_zero(high, upwards),
    };
    let ticks = y.ticks.iter().map(|tick| width(&y.print(*tick))).fold(0.0, f64::max);
    let beside = lines.iter().filter(|_| lines.len() <= MOST_NAMES);
    let names = beside.map(|line| width(&label(line.case, line.valid))).fold(0.0, f64::max);
    let plot = Plot { left: ticks + 14.0, right: WIDTH - LEADER - names - 14.0, top: TOP, bottom: TOP + HEIGHT };
    let x = (least(&mut points().map(|point| point.x)), most(&mut points().map(|point| point.x)));
    Scales { x: Axis::exactly(x.0, x.1, (plot.left + 10.0, plot.right - 4.0)), plot, y }
}

fn band(scales: &Scales, line: &Series) -> Markup {
    let look = Look::of(line.place, line.valid);
    let corner = |point: &Point, value: f64| format!("{},{}", px(scales.x.at(point.x)), px(scales.y.at(value)));
    let upper = line.points.iter().map(|point| corner(point, point.q3));
    let lower = line.points.iter().rev().map(|point| corner(point, point.q1));
    let points = upper.chain(lower).collect::<Vec<_>>().join(" ");
    let has_width = line.valid && line.points.len() > 1 && line.rounds() > 1;
    html! {
        @if has_width {
            polygon class=(look.fill_class) points=(points) fill=(look.stroke) fill-opacity="0.16" {}
        }
    }
}

fn median(scales: &Scales, metric: &Metric, x: &str, line: &Series) -> Markup {
    let look = Look::of(line.place, line.valid);
    let at = |point: &Point| (px(scales.x.at(point.x)), px(scales.y.at(point.median)));
    let weight = if line.points.len() > 4 * MOST_DOTS { 1.2 } else { 2.0 };
    let corners: Vec<String> = line.points.iter().map(at).map(|(x, y)| format!("{x},{y}")).collect();
    html! {
        g {
            title { (plain(line.case)) ": median " (metric.print_with_unit(line.median())) }
            polyline class=(look.stroke_class) points=(corners.join(" ")) fill="none" stroke=(look.stroke)
                stroke-width=(weight) stroke-linejoin="round" stroke-linecap="round" stroke-dasharray=[look.dashes] {}
        }
        @if line.points.len() <= MOST_DOTS {
            @for point in &line.points {
                @let (cx, cy) = at(point);
                circle class=(look.fill_class) cx=(cx) cy=(cy) r="3" fill=(look.stroke) {
                    title { (hover(metric, x, line, point)) }
                }
            }
        }
    }
}

fn hover(metric: &Metric, x: &str, line: &Series, point: &Point) -> String {
    let quartiles = match point.n {
        1 => String::new(),
        n => format!(" [{}–{}], n = {n}", metric.print(point.q1), metric.print(point.q3)),
    };
    let name = plain(line.case);
    format!("{name}, {} {}: {}{quartiles}", plain(x), point.x, metric.print_with_unit(point.median))
}

/// The name stands in ink, for not every colour is legible as text; a leader in its colour joins it to the line.
fn name(scales: &Scales, line: &Series, y: f64) -> Markup {
    let look = Look::of(line.place, line.valid);
    let end = line.points.last().map_or((0.0, 0.0), |last| (scales.x.at(last.x), scales.y.at(last.median)));
    let from = scales.plot.right + 2.0;
    // A line that ends early must not seem to go on.
    let is_far = from - end.0 > 2.0 * LEADER;
    let bends = format!("{},{} {},{} {},{}", px(end.0), px(end.1), px(from), px(y), px(from + LEADER - 8.0), px(y));
    html! {
        polyline class=(look.stroke_class) points=(bends) fill="none" stroke=(look.stroke) stroke-width="1"
            stroke-opacity="0.6" stroke-dasharray=[is_far.then_some("1 4")] {}
        g {
            title { (plain(line.case)) }
            (text(from + LEADER - 4.0, y + 4.5, "start", Shade::Ink, &label(line.case, line.valid)))
        }
    }
}

fn legend_of(plot: &Plot, lines: &[Series]) -> Markup {
    html! {
        @for (at, line) in lines.iter().enumerate() {
            @let look = Look::of(line.place, line.valid);
            @let x = 14.0 + (at % 3) as f64 * WIDTH / 3.0;
            @let y = plot.bottom + 72.0 + (at / 3) as f64 * 20.0;
            line class=(look.stroke_class) x1=(px(x)) x2=(px(x + 24.0)) y1=(px(y)) y2=(px(y)) stroke=(look.stroke)
                stroke-width="3" stroke-dasharray=[look.dashes] {}
            (text(x + 32.0, y + 4.5, "start", Shade::Ink, &label(line.case, line.valid)))
        }
    }
}

fn description(metric: &Metric, lines: &[Series]) -> String {
    let cases: Vec<String> = lines
        .iter()
        .map(|line| format!("{}: median {}", label(line.case, line.valid), metric.print_with_unit(line.median())))
        .collect();
    cases.join("; ")
}
