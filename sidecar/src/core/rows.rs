//! Rows that `core` records.

use core_bridge::act::UserPlaneUe;
use serde::Serialize;

/// A sample of a core's metric that is about sessions or UEs.
#[derive(Debug, Serialize)]
pub(super) struct MetricRow<'a> {
    pub source: &'static str,
    pub name: &'a str,
    pub value: f64,
}

/// A change of an endpoint.
#[derive(Debug, Serialize)]
pub(super) struct EndpointRow<'a> {
    pub source: &'static str,
    pub state: &'static str,
    pub reason: &'a str,
}

/// A UE at the user plane.
#[derive(Debug, Serialize)]
pub(super) struct UserPlaneRow<'a> {
    pub supi: &'a str,
    pub limit_bit_per_s: Option<f64>,
    pub delivered_bit_per_s: Option<f64>,
}

impl<'a> From<&'a UserPlaneUe> for UserPlaneRow<'a> {
    fn from(ue: &'a UserPlaneUe) -> Self {
        Self { supi: &ue.supi, limit_bit_per_s: ue.limit_bit_per_s, delivered_bit_per_s: ue.delivered_bit_per_s }
    }
}
