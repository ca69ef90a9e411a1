//! How much to try, and how much was.

use std::fmt;

/// How much to try in each scene.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Real kills at instructions that are evenly spread, and as many at instructions that change
    /// the segment.
    pub kills: u64,
    /// Trials beside another process, in scenes that have them, at instructions that change the
    /// segment: kills while it sleeps, or stops while it is in the middle of something.
    pub in_company: u64,
    /// Stops, at instructions chosen as for the kills.
    pub freezes: u64,
    /// Whether only the scenes of the short form are tried.
    pub is_short: bool,
}

/// What was tried.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tally {
    /// Instructions after which a death was considered.
    pub points: u64,
    /// Distinct images that were recovered and audited.
    pub images: u64,
    /// Real kills.
    pub kills: u64,
    /// Trials beside another process, which went on.
    pub in_company: u64,
    /// Real stops.
    pub freezes: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { points, images, kills, in_company, freezes } = self;
        write!(f, "kill points {points}, distinct images {images}, ")?;
        write!(f, "real kills {kills}, in company {in_company}, freezes {freezes}")
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.points += other.points;
        self.images += other.images;
        self.kills += other.kills;
        self.in_company += other.in_company;
        self.freezes += other.freezes;
    }
}
