//! A table of costs as a picture: a group of bars for each column, a bar for each row.

use std::error::Error;

use plotters::prelude::*;

use super::{
    report::{Cell, Table},
    stats::Spread,
};

const SIZE: (u32, u32) = (1000, 480);
/// Of the space of a group, what stays free.
const GAP: f64 = 0.2;
/// Distinct also for most who do not see all colours (Okabe and Ito, 2008).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(0, 158, 115),
    RGBColor(120, 120, 120),
];

/// An SVG document. Bars are medians, lines go from the least to the most that was measured.
pub fn bars(table: &Table) -> Result<String, Box<dyn Error>> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let (groups, rows) = (table.columns.len(), table.rows.len().max(1));
        let cells = table.rows.iter().flat_map(|row| &row.cells);
        let highest = cells.filter_map(range).map(|[_, _, max]| max).fold(1.0, f64::max);
        let mut chart = ChartBuilder::on(&area)
            .caption(&table.title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(30)
            .y_label_area_size(50)
            .build_cartesian_2d(0.0..groups as f64, 0.0..highest * 1.05)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .x_labels(2 * groups + 1)
            .x_label_formatter(&|&place| column_name(table, place))
            .y_label_formatter(&|value| format!("{value:.0}"))
            .draw()?;
        let width = (1.0 - GAP) / rows as f64;
        for ((place, row), colour) in table.rows.iter().enumerate().zip(COLOURS.iter().cycle()) {
            let left = |group: usize| group as f64 + GAP / 2.0 + place as f64 * width;
            let ranges = row
                .cells
                .iter()
                .enumerate()
                .filter_map(|(group, cell)| Some((group, range(cell)?)));
            let bar = |(group, [_, median, _]): (usize, [f64; 3])| {
                let corners = [(left(group), 0.0), (left(group) + width * 0.9, median.max(0.0))];
                Rectangle::new(corners, colour.filled())
            };
            chart
                .draw_series(ranges.clone().map(bar))?
                .label(&row.label)
                .legend(|(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], colour.filled()));
            let line = |(group, [min, _, max]): (usize, [f64; 3])| {
                let middle = left(group) + width * 0.45;
                PathElement::new([(middle, min.max(0.0)), (middle, max)], BLACK)
            };
            chart.draw_series(ranges.map(line))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.2))
            .draw()?;
        area.present()?;
    }
    Ok(svg)
}

/// The axis is in groups; only their middles are named.
fn column_name(table: &Table, place: f64) -> String {
    let is_middle = |group: usize| (group as f64 + 0.5 - place).abs() < 1e-6;
    let named = table.columns.iter().enumerate().find(|(group, _)| is_middle(*group));
    named.map(|(_, name)| name.clone()).unwrap_or_default()
}

fn range(cell: &Cell) -> Option<[f64; 3]> {
    match cell {
        Cell::Spread(Spread { min, median, max, .. }) => Some([*min, *median, *max]),
        Cell::Number(number) => Some([*number; 3]),
        Cell::None | Cell::Text(_) => None,
    }
}
