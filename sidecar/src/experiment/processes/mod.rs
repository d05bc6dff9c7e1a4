//! Three agents and the controller as four processes, over links that lose messages, and killed in turn; beside the same rounds in one process.

mod crew;
mod page;

pub(super) use page::processes;
