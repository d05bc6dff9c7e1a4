//! One file a figure or table: which runs it needs, and what it makes of them.

mod common;
mod fig1;
mod fig10;
mod fig11;
mod fig12;
mod fig5_6;
mod fig7_9;
mod table3;

pub(super) use common::csv;
pub(super) use fig1::fig1;
pub(super) use fig5_6::{fig5, fig6};
pub(super) use fig7_9::{fig7, fig8, fig9};
pub(super) use fig10::fig10;
pub(super) use fig11::fig11;
pub(super) use fig12::fig12;
pub(super) use table3::table3;
