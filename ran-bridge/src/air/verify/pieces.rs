//! Weights over time, as the capture noted them.

use crate::air::{Direction, TruthPiece};
use num_complex::Complex64;

/// Weights that are straight lines from `first` to `end`.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// First sample.
    pub first: u64,
    /// One after the last.
    pub end: u64,
    from: Vec<Complex64>,
    to: Vec<Complex64>,
}

impl Piece {
    /// The weights at a sample, antennas × inputs.
    pub fn at(&self, n: u64) -> impl Iterator<Item = Complex64> {
        let share = (n - self.first) as f64 / (self.end - self.first) as f64;
        self.from.iter().zip(&self.to).map(move |(from, to)| from + (to - from) * share)
    }

    /// Sum of all squares at the larger end: what errors of a gain are relative to.
    pub fn power(&self) -> f64 {
        let sum = |w: &[Complex64]| w.iter().map(Complex64::norm_sqr).sum::<f64>();
        sum(&self.from).max(sum(&self.to))
    }

    fn is_constant(&self) -> bool {
        self.from == self.to
    }
}

/// All pieces of one direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Pieces {
    list: Vec<Piece>,
    /// Inputs that have a weight at any time.
    pub used: Vec<bool>,
    /// The first inputs are at some time the antennas' streams.
    pub by_antenna: bool,
    /// Noise was drawn at the receiver.
    pub has_receiver_noise: bool,
}

impl Pieces {
    /// From the lines of `truth.jsonl`; equal neighbours become one.
    ///
    /// # Errors
    /// The number of the line that is none.
    pub fn parse(text: &str, direction: Direction, antennas: usize) -> Result<Self, String> {
        let mut all = Self { list: Vec::new(), used: Vec::new(), by_antenna: false, has_receiver_noise: false };
        for (i, line) in text.lines().enumerate() {
            let piece: TruthPiece = serde_json::from_str(line).map_err(|e| format!("line {}: {e}", i + 1))?;
            if piece.direction == direction {
                all.add(&piece, antennas).map_err(|e| format!("line {}: {e}", i + 1))?;
            }
        }
        Ok(all)
    }

    fn add(&mut self, truth: &TruthPiece, antennas: usize) -> Result<(), String> {
        let columns = truth.from.len() / antennas;
        if columns == 0
            || truth.from.len() != antennas * columns
            || truth.to.len() != truth.from.len()
            || truth.len == 0
        {
            return Err(format!("{} weights for {antennas} antennas", truth.from.len()));
        }
        if self.used.len() < columns {
            self.used.resize(columns, false);
        }
        for w in [&truth.from, &truth.to] {
            for (i, w) in w.iter().enumerate() {
                self.used[i % columns] |= w.norm_sqr() > 0.0;
            }
        }
        self.by_antenna |= truth.by_antenna;
        self.has_receiver_noise |= truth.noise != (0.0, 0.0);
        let wide = |w: &[num_complex::Complex32]| -> Vec<Complex64> {
            w.iter().map(|z| Complex64::new(f64::from(z.re), f64::from(z.im))).collect()
        };
        let piece =
            Piece { first: truth.first, end: truth.first + truth.len, from: wide(&truth.from), to: wide(&truth.to) };
        match self.list.last_mut() {
            Some(last)
                if last.end == piece.first && last.is_constant() && last.from == piece.from && last.to == piece.to =>
            {
                last.end = piece.end;
            }
            _ => self.list.push(piece),
        }
        Ok(())
    }

    /// The piece that a sample lies in.
    pub fn of(&self, n: u64) -> Option<&Piece> {
        let at = self.list.partition_point(|p| p.end <= n);
        self.list.get(at).filter(|p| p.first <= n)
    }
}
