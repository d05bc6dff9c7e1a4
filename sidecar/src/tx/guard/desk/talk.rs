//! What the desk hears from its clients, and what it says to them.

use super::Desk;
use crate::air::Refusal;
use crate::tx::guard::arming::{No, no};
use crate::tx::guard::calibrating::Calibrating;
use crate::tx::guard::status::status;
use crate::tx::messages::{Answer, Ask};
use crate::wire::clients::{ClientId, Frame};
use crate::wire::{Agent, Kind, Message, WireError};
use governor::{Feeder, Stop};
use ran_bridge::iq::BYTES_PER_SAMPLE;

impl Desk<'_> {
    pub(super) fn hear(&mut self, from: ClientId, frame: Result<Frame, WireError>) {
        let message = match frame.and_then(|(header, payload)| Message::decode(&header, payload)) {
            Ok(message) => message,
            Err(error) => return self.refuse(from, None, No { code: "malformed".into(), reason: error.to_string() }),
        };
        self.clients.know(from);
        let seq = Some(message.header.seq);
        let said = match message.header.kind {
            Kind::Command => match message.parse::<Ask>() {
                Ok(ask) => self.obey(from, &ask),
                Err(error) => Err(No { code: "malformed".into(), reason: error.to_string() }),
            },
            Kind::Snippet => self.take_samples(from, &message).map(|()| None),
            other => Err(No { code: "kind".into(), reason: format!("tx-guard takes no message of kind {other:?}") }),
        };
        match said {
            Ok(Some(answer)) => self.answer(from, &answer),
            Ok(None) => {}
            Err(no) => self.refuse(from, seq, no),
        }
    }

    /// Samples of a stream: only from who fired it, and no more than was asked for. Whoever of them breaks that ends the burst.
    fn take_samples(&self, from: ClientId, message: &Message) -> Result<(), No> {
        let no = |reason: &str| Err(No { code: "credit".into(), reason: reason.to_owned() });
        let mut core = self.shared.core();
        let Some((asker, left)) = core.credit else { return no("no burst waits for samples") };
        if asker != from {
            return no("the burst on air is another's");
        }
        let Some(left) = left.checked_sub((message.payload.len() / BYTES_PER_SAMPLE) as u64) else {
            core.stop(Stop::BadPiece);
            return no("more samples than were asked for: the burst is stopped");
        };
        core.credit = Some((asker, left));
        drop(core);
        // the sender is there as long as the desk is, or the radio is lost
        let _ = self.stream.send(message.to_cf32());
        Ok(())
    }

    fn obey(&mut self, from: ClientId, ask: &Ask) -> Result<Option<Answer>, No> {
        let is_sending = !matches!(ask, Ask::Status | Ask::Stop | Ask::Feed { .. });
        if is_sending && self.calibrating.is_some() {
            return Err(no("state", "the transmit chains are being measured: try again in a second"));
        }
        let arming = self.arming();
        match ask {
            Ask::Status => {
                let status = status(self.shared, self.config, &self.radio, self.band);
                Ok(Some(Answer::Status(Box::new(status))))
            }
            Ask::Arm(order) => arming.arm(order).map(Some),
            Ask::Fire(order) => {
                let fired = arming.fire(order, from)?;
                // who hands over samples, or waits for the end, keeps the burst alive
                self.feeders.insert(from);
                Ok(Some(fired))
            }
            Ask::Relay(order) => {
                let fired = arming.relay(order, from)?;
                self.feeders.insert(from);
                Ok(Some(fired))
            }
            Ask::Renew { token, order } => arming.renew(*token, order).map(Some),
            Ask::Calibrate(order) => {
                let calibrating = Calibrating::new(order, from, &arming)?;
                self.feeders.insert(from);
                self.calibrating = Some(calibrating);
                Ok(None)
            }
            Ask::Stop => {
                let now_ns = self.shared.now_ns();
                let mut core = self.shared.core();
                if self.stoppers.iter().all(|(who, ..)| *who != from) {
                    self.stoppers.push((from, core.governor.state(), now_ns));
                }
                core.stop(Stop::Asked);
                Ok(None)
            }
            Ask::Feed { alive_ns } => {
                self.feeders.insert(from);
                let now_ns = self.shared.now_ns();
                self.shared.core().governor.feed(Feeder::Loop, alive_ns.map_or(now_ns, |at| at.min(now_ns)));
                Ok(None)
            }
        }
    }

    fn send(&mut self, to: ClientId, kind: Kind, value: &impl serde::Serialize) {
        let Ok(mut message) = Message::json(kind, Agent::Other, value) else { return };
        self.seq += 1;
        message.header.run = self.config.run;
        message.header.seq = self.seq;
        message.header.sent_mono_ns = self.shared.now_ns();
        // who does not read does without
        self.clients.send(to, &message.header, &message.payload);
    }

    pub(super) fn answer(&mut self, to: ClientId, answer: &Answer) {
        self.send(to, Kind::Status, answer);
    }

    pub(super) fn refuse(&mut self, to: ClientId, seq: Option<u64>, no: No) {
        self.refused.tell(&no, self.shared.now_ns());
        self.send(to, Kind::Refuse, &Refusal { code: no.code, seq, reason: no.reason });
    }
}
