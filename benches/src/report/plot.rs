//! A bar for each rival.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{number, sorted, title};
use crate::measure::Table;
use crate::workload::Kind;

const WIDTH: u32 = 860;
const ROW: i32 = 22;
const LEFT: i32 = 260;
const TOP: i32 = 50;

/// Draws the figures of a workload.
pub fn bars(table: &Table, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let rows: Vec<_> =
        sorted(table).into_iter().filter_map(|row| row.figure.as_ref().ok().map(|figure| (row, figure))).collect();
    let most = rows.iter().map(|(_, figure)| figure.max).fold(1e-9, f64::max);
    let size = (WIDTH, (TOP + ROW * rows.len() as i32 + 12) as u32);
    let area = SVGBackend::new(path, size).into_drawing_area();
    area.fill(&WHITE)?;
    let unit = match table.workload.kind {
        Kind::Throughput => "million messages a second, more is better",
        Kind::RoundTrip => "microseconds (p50), less is better",
    };
    let plain = ("sans-serif", 14).into_font();
    let right = TextStyle::from(plain.clone()).pos(Pos::new(HPos::Right, VPos::Center));
    let left = TextStyle::from(plain.clone()).pos(Pos::new(HPos::Left, VPos::Center));
    area.draw_text(&title(table), &TextStyle::from(("sans-serif", 17).into_font()), (12, 8))?;
    area.draw_text(unit, &TextStyle::from(plain), (12, 29))?;
    for (place, (row, figure)) in rows.iter().enumerate() {
        let middle = TOP + ROW * place as i32 + ROW / 2;
        let at = |value: f64| LEFT + (f64::from(WIDTH as i32 - LEFT - 90) * value / most) as i32;
        let colour = match (row.name.starts_with("ringway"), row.between) {
            (true, _) => RGBColor(0x1b, 0x6e, 0xc2),
            (false, "processes") => RGBColor(0x8a, 0x8f, 0x98),
            (false, _) => RGBColor(0xc9, 0xcd, 0xd3),
        };
        area.draw_text(&row.name, &right, (LEFT - 8, middle))?;
        area.draw(&Rectangle::new([(LEFT, middle - 8), (at(figure.median), middle + 8)], colour.filled()))?;
        area.draw(&PathElement::new([(at(figure.min), middle), (at(figure.max), middle)], BLACK))?;
        area.draw_text(&number(figure.median), &left, (at(figure.max) + 6, middle))?;
    }
    area.present()?;
    Ok(())
}
