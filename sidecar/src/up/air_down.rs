//! What to tell a person when `air` has died.

use crate::config::{Config, ProcessName};

/// Who waits for ever on an `air` that went away, and who must be restarted by hand.
///
/// ZeroMQ's REQ/REP radios keep no state that survives the loss of a reply: gNB and UE wait for it without a timeout.
#[must_use]
pub fn what_waits_on_air(config: &Config) -> String {
    let mut by_hand: Vec<String> = Vec::new();
    let restarted: Vec<&str> =
        config.up.extra.iter().filter(|e| e.restart_with == Some(ProcessName::Air)).map(|e| e.name.as_str()).collect();
    if restarted.is_empty() {
        if config.air.gnb.play.is_none() {
            by_hand.push(format!("the gNB with tx_port={} rx_port={}", config.air.gnb.tx.join(","), config.air.gnb.rx));
        }
        for ue in &config.air.ues {
            if let (Some(tx), Some(rx)) = (&ue.tx, &ue.rx) {
                by_hand.push(format!("UE `{}` with tx_port={tx} rx_port={rx}", ue.name));
            }
        }
    }
    let mut text =
        "air died, and with it every connection it held; the radios of gNB and UEs wait for ever on the reply it owed them. air is started again".to_owned();
    if !restarted.is_empty() {
        text.push_str(&format!(", and with it: {}", restarted.join(", ")));
    }
    if !by_hand.is_empty() {
        text.push_str(&format!(". Restart by hand: {}", by_hand.join("; ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ExtraProcess;

    #[test]
    fn it_names_who_to_restart() {
        let mut config = Config::default();
        let text = what_waits_on_air(&config);
        assert!(text.contains("Restart by hand: the gNB with tx_port=tcp://127.0.0.1:2000"), "{text}");
        assert!(text.contains("UE `ue1`"), "{text}");
        config.up.extra.push(ExtraProcess {
            name: "lab".into(),
            command: vec!["lab".into()],
            restart_with: Some(ProcessName::Air),
            essential: false,
        });
        let text = what_waits_on_air(&config);
        assert!(text.ends_with("and with it: lab"), "{text}");
    }
}
