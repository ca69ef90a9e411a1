//! A curve as a picture: speed above, memory below, both over the same axis.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::Line;

const SPEED: RGBColor = RGBColor(0x1b, 0x6e, 0xc2);
const MEMORY: RGBColor = RGBColor(0x8a, 0x8f, 0x98);

/// Draws a curve.
pub fn draw(line: &Line, path: &Path) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(path, (860, 620)).into_drawing_area();
    area.fill(&WHITE)?;
    let (above, below) = area.split_vertically(320);
    let values = |of: fn(&super::Measured) -> f64| {
        line.points.iter().map(move |measured| (measured.point.at, of(measured)))
    };
    let speeds = values(|measured| measured.speed.median).collect();
    let memory = values(|measured| measured.resident_bytes as f64 / f64::from(1 << 20)).collect();
    chart(&above, "million messages a second", line, speeds, SPEED)?;
    chart(&below, "MiB of memory", line, memory, MEMORY)?;
    area.present()?;
    Ok(())
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn chart(
    area: &Area,
    what: &str,
    line: &Line,
    points: Vec<(u64, f64)>,
    colour: RGBColor,
) -> Result<(), Box<dyn Error>> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
    let most = points.iter().map(|point| point.1).fold(1e-9, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(format!("{what}; {}", line.curve.rest), ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d((first.0..last.0 + 1).log_scale(), 0.0..most * 1.05)?;
    chart.configure_mesh().light_line_style(TRANSPARENT).x_desc(line.curve.axis).draw()?;
    chart.draw_series([PathElement::new(points.clone(), colour.stroke_width(2))])?;
    chart.draw_series(points.into_iter().map(|point| Circle::new(point, 3, colour.filled())))?;
    Ok(())
}
