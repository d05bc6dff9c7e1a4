//! What decisions rest on: one typed picture made of all agents' reports. `None` is "not observed".

use serde::Serialize;

/// One UE across all layers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct UeView {
    /// Subscriber, `imsi-…`.
    pub supi: String,
    /// Index at the gNB.
    pub ue: Option<u32>,
    /// Slice: service type and differentiator.
    pub slice: Option<(u8, Option<u32>)>,
    /// Predicted demand of the application, bit/s.
    pub demand_bit_per_s: Option<f64>,
    /// Predicted capacity: what the radio could give this UE at its even share, bit/s.
    pub capacity_bit_per_s: Option<f64>,
    /// Rate the application offers now, bit/s.
    pub offered_bit_per_s: Option<f64>,
    /// Rate that arrives now, bit/s.
    pub delivered_bit_per_s: Option<f64>,
    /// Resolution in force.
    pub resolution: Option<String>,
    /// Rate limit in force, bit/s.
    pub limit_bit_per_s: Option<f64>,
    /// Whether its video stands still now.
    pub stalled: bool,
    /// Share of recent time its video stood still, 0…1.
    pub stall_ratio: Option<f64>,
    /// When the values were measured.
    pub at: Measured,
}

/// When the values of a UE were measured, host-monotonic ns; `None` where they were not, or are known without a measurement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// Offered, delivered, resolution, stalled.
    pub app_ns: Option<u64>,
    /// Demand.
    pub demand_ns: Option<u64>,
    /// Capacity.
    pub capacity_ns: Option<u64>,
    /// Rate limit, as the core sees it.
    pub limit_ns: Option<u64>,
}

impl UeView {
    /// Delivered over offered, 0…1; 1 where one of them is not observed or nothing is offered.
    #[must_use]
    pub fn served_part(&self) -> f64 {
        match (self.offered_bit_per_s, self.delivered_bit_per_s) {
            (Some(o), Some(d)) if o > 0.0 => (d / o).clamp(0.0, 1.0),
            _ => 1.0,
        }
    }
}

/// One slice at the gNB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SliceView {
    /// Slice/service type.
    pub sst: u8,
    /// Slice differentiator.
    pub sd: Option<u32>,
    /// Priority share in force, percent.
    pub min: u8,
    /// Hard cap in force, percent.
    pub max: u8,
}

/// The cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CellView {
    /// Capacity that nobody uses, bit/s.
    pub spare_bit_per_s: Option<f64>,
    /// When the oldest of what that comes from was measured, host-monotonic ns.
    pub spare_ns: Option<u64>,
}

/// Everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct World {
    /// UEs, by subscriber.
    pub ues: Vec<UeView>,
    /// Slices.
    pub slices: Vec<SliceView>,
    /// The cell.
    pub cell: CellView,
}
