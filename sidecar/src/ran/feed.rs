//! Feeds the dead-man of `tx-guard` as long as the loop is closed.

use super::shared::Shared;
use crate::clock::mono_ns;
use crate::tx::{Ask, TxClient};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Time between two feeds; the dead-man waits for 200 ms.
const FEED: Duration = Duration::from_millis(40);
/// A guard that is away is looked for this often, in feeds.
const LOOK: u32 = 10;
/// A loop that has shown nothing for so long is not closed, ns.
const FRESH_NS: u64 = 150_000_000;

/// Whether the fast loop runs and hears the cell.
fn is_closed(shared: &Shared) -> bool {
    let view = shared.view();
    view.phase == "tracking" && mono_ns().saturating_sub(view.mono_ns) < FRESH_NS
}

/// Feeds the guard at `address` until `ran` ends. One that is away or refuses is looked for again.
pub(super) fn feed(address: &str, shared: &Shared) {
    let mut guard: Option<TxClient> = None;
    let mut pause = 0;
    while !shared.stop.load(Ordering::Relaxed) {
        if guard.is_none() && pause == 0 {
            guard = TxClient::connect(address).ok();
            pause = LOOK;
        }
        pause = pause.saturating_sub(1);
        if let Some(client) = &mut guard {
            let told = if is_closed(shared) { client.tell(&Ask::Feed) } else { Ok(()) };
            // what it says is not for us; that it is gone is
            let heard = client.wait(Duration::ZERO, |_| true).map(drop);
            if told.and(heard).is_err() {
                tracing::info!(address, "tx-guard is gone");
                guard = None;
            }
        }
        std::thread::sleep(FEED);
    }
}
