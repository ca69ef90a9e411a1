//! How much to try, and how much was.

use std::fmt;

/// How much to try in each scene.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Real kills at instructions that are evenly spread, and as many at instructions that change
    /// the segment.
    pub kills: u64,
    /// Real kills beside a sleeper, where a process can sleep, at instructions that change the
    /// segment.
    pub sleepers: u64,
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
    /// Real kills beside a sleeper, which went on.
    pub sleepers: u64,
    /// Real stops.
    pub freezes: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { points, images, kills, sleepers, freezes } = self;
        write!(f, "kill points {points}, distinct images {images}, ")?;
        write!(f, "real kills {kills} and {sleepers} beside sleepers, freezes {freezes}")
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.points += other.points;
        self.images += other.images;
        self.kills += other.kills;
        self.sleepers += other.sleepers;
        self.freezes += other.freezes;
    }
}
