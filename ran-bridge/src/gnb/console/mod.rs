//! The console that a gNB reads from its standard input, without I/O: commands with their exact text, replies as the gNB words them, and a
//! session that has one command at a time under way and tells what became of it.
//!
//! Source: srsRAN Project, `apps/services/cmdline/cmdline_command_dispatcher.cpp` and the commands beside it. The gNB reads what is there until
//! there is no more; `;` ends a command, newlines are deleted, more than 768 bytes are refused, an empty command prints the help. Replies are
//! lines of text among all else that it prints. `q`, which ends the gNB, cannot be expressed here.

mod command;
mod lines;
mod reply;
mod session;
#[cfg(test)]
mod tests;
mod value;

pub use command::{ConsoleCommand, LogLayer, LogLevel, MAX_BATCH_BYTES, Table};
pub use lines::Lines;
pub use reply::{Reply, Verdict, Why, parse};
pub use session::{ConsoleEvent, NotTaken, Session, SessionState, Timing};
pub use value::{Pci, Rnti, Thousandths, ValueError};
