//! Tables as text, for a terminal and for documents alike.

use super::{
    figure::Figure,
    report::{Cell, Machine, Table},
    stats::Spread,
};

/// A table under its title, its columns aligned.
pub fn text(table: &Table) -> String {
    let mut lines = vec![[&[String::new()], table.columns.as_slice()].concat()];
    for row in &table.rows {
        let cells = row.cells.iter().map(show);
        lines.push(std::iter::once(row.label.clone()).chain(cells).collect());
    }
    format!("{}\n\n{}", table.title, aligned(&lines))
}

/// The figures and their goals.
pub fn figures(figures: &[Figure]) -> String {
    let mut lines = vec![["figure", "goal, at most", "measured", ""].map(str::to_owned).to_vec()];
    for Figure { what, goal, measured, unit, verdict } in figures {
        let measured = measured.map_or_else(|| "-".to_owned(), |measured| unit.show(measured));
        lines.push(vec![what.clone(), unit.show(*goal), measured, verdict.show().to_owned()]);
    }
    aligned(&lines)
}

/// The machine, in a few lines.
pub fn machine(machine: &Machine) -> String {
    let Machine { cpu, cpus, memory_bytes, kernel, mitigations, date } = machine;
    let memory = memory_bytes >> 30;
    let mitigations = mitigations.join("; ");
    format!(
        "{date}\n{cpu}, {cpus} CPUs, {memory} GiB\nLinux {kernel}\nmitigations: {mitigations}\n"
    )
}

fn show(cell: &Cell) -> String {
    match cell {
        Cell::None => "-".to_owned(),
        Cell::Number(value) => number(*value),
        Cell::Spread(Spread { min, median, max, .. }) => {
            format!("{} ({}..{})", number(*median), number(*min), number(*max))
        }
        Cell::Text(text) => text.clone(),
    }
}

/// With as many places as say something.
fn number(value: f64) -> String {
    let size = value.abs();
    if value.fract() == 0.0 || size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

/// The first column to the left, all others to the right.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let cells =
            line.iter().zip(&widths).enumerate().map(|(place, (cell, width))| match place {
                0 => format!("{cell:width$}"),
                _ => format!("  {cell:>width$}"),
            });
        text += cells.collect::<String>().trim_end();
        text.push('\n');
    }
    text
}
