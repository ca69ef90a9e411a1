//! The plot of the project's first page: all rivals, one to one, two to two and four to four, under
//! each other.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use super::{plot, ranked};
use crate::measure::Table;

const WORKLOADS: [&str; 3] = ["1:1", "2:2", "4:4"];

/// Draws those workloads that were measured; without any there is no plot.
pub fn throughput(tables: &[Table], path: &Path) -> Result<(), Box<dyn Error>> {
    let charts: Vec<_> = WORKLOADS
        .iter()
        .filter_map(|name| tables.iter().find(|table| table.workload.name == *name))
        .map(|table| (table, ranked(table)))
        .collect();
    if charts.is_empty() {
        return Ok(());
    }
    let heights: Vec<u32> = charts.iter().map(|(_, rows)| plot::height(rows.len())).collect();
    let size = (860, heights.iter().sum());
    let mut rest = SVGBackend::new(path, size).into_drawing_area();
    rest.fill(&WHITE)?;
    for ((table, rows), height) in charts.iter().zip(heights) {
        let (area, below) = rest.split_vertically(height);
        plot::draw(&area, table, table.workload.title, rows)?;
        rest = below;
    }
    rest.present()?;
    Ok(())
}
