//! A bar for each rival.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{is_ours, number, ranked};
use crate::measure::{Row, Table};
use crate::rival::Between;

const WIDTH: u32 = 860;
const ROW: i32 = 22;
const LEFT: i32 = 260;
const TOP: i32 = 50;

/// Where bars are drawn.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws the figures of a workload.
pub fn bars(table: &Table, path: &Path) -> Result<(), Box<dyn Error>> {
    let rows = ranked(table);
    let area = SVGBackend::new(path, (WIDTH, height(rows.len()))).into_drawing_area();
    area.fill(&WHITE)?;
    draw(&area, table, table.workload.title, &rows)?;
    area.present()?;
    Ok(())
}

/// How high a chart of so many bars is.
pub fn height(bars: usize) -> u32 {
    (TOP + ROW * bars as i32 + 12) as u32
}

/// Draws some rows of a workload.
pub fn draw(
    area: &Area,
    table: &Table,
    title: &str,
    rows: &[(&Row, f64)],
) -> Result<(), Box<dyn Error>> {
    let kind = table.workload.kind;
    let better = if kind.is_cost() { "less" } else { "more" };
    let plain = ("sans-serif", 14).into_font();
    let right = TextStyle::from(plain.clone()).pos(Pos::new(HPos::Right, VPos::Center));
    let left = TextStyle::from(plain.clone()).pos(Pos::new(HPos::Left, VPos::Center));
    area.draw_text(title, &TextStyle::from(("sans-serif", 17).into_font()), (12, 8))?;
    area.draw_text(
        &format!("{}, {better} is better", kind.unit()),
        &TextStyle::from(plain),
        (12, 29),
    )?;
    let figures =
        || rows.iter().filter_map(|(row, _)| row.figure.as_ref().ok().map(|figure| (row, figure)));
    let most = figures().map(|(_, figure)| figure.max).fold(1e-9, f64::max);
    let at = |value: f64| LEFT + (f64::from(WIDTH as i32 - LEFT - 90) * value / most) as i32;
    for (place, (row, figure)) in figures().enumerate() {
        let middle = TOP + ROW * place as i32 + ROW / 2;
        let colour = match row.about.between {
            _ if is_ours(row) => RGBColor(0x1b, 0x6e, 0xc2),
            Between::Processes => RGBColor(0x8a, 0x8f, 0x98),
            Between::Forked | Between::Threads => RGBColor(0xc9, 0xcd, 0xd3),
        };
        area.draw_text(row.about.name, &right, (LEFT - 8, middle))?;
        area.draw(&Rectangle::new(
            [(LEFT, middle - 8), (at(figure.median), middle + 8)],
            colour.filled(),
        ))?;
        area.draw(&PathElement::new([(at(figure.min), middle), (at(figure.max), middle)], BLACK))?;
        area.draw_text(&number(figure.median), &left, (at(figure.max) + 6, middle))?;
    }
    Ok(())
}
