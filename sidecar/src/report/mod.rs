//! `report.html`: one file that stands alone, with plots as SVG inside.

mod html;
mod input;
mod page;
mod plots;

pub use html::{escape, table};
pub use input::ReportInput;
pub use page::html;
pub use plots::{Line, bars, lines, marked_lines};
