//! From an order of the controller to an approved action, and back to its outcome.

use crate::controller::state::{Order, Outcome};
use crate::guard::{Action, ActionKind, Approved, Guard, GuardCounts, Limits};
use crate::wire::{Agent, Kind, Message, WireError};

/// Takes orders: reads them, passes them through the guard, remembers which were done, so that a repeated one is not done twice.
#[derive(Debug)]
pub struct Orders {
    guard: Guard,
    kind: ActionKind,
    last: Option<(u64, Message)>,
}

impl Orders {
    /// For an agent that can do actions of one kind.
    #[must_use]
    pub fn new(kind: ActionKind, limits: Limits) -> Self {
        Self { guard: Guard::new(limits), kind, last: None }
    }

    /// The action to do now and its number; or the answer to send at once, where the order is a repetition or is refused.
    ///
    /// # Errors
    /// [`WireError`] where the message is no order.
    pub fn take(
        &mut self,
        message: &Message,
        agent: Agent,
        now_mono_ns: u64,
    ) -> Result<Result<(u64, Approved<Action>), Message>, WireError> {
        let order: Order = message.parse()?;
        if let Some((_, answer)) = self.last.as_ref().filter(|(id, _)| *id == order.id) {
            return Ok(Err(answer.clone()));
        }
        let kind = order.action.kind();
        if kind != self.kind {
            let reason = format!("{} does not do {}", agent.name(), kind.name());
            return Ok(Err(self.done(agent, order.id, Err(reason))?));
        }
        let age_ns = order.age_at_ns(&message.header, now_mono_ns);
        match self.guard.check(order.action, now_mono_ns, age_ns) {
            Ok(approved) => Ok(Ok((order.id, approved))),
            Err(refusal) => Ok(Err(self.done(agent, order.id, Err(refusal.to_string()))?)),
        }
    }

    /// The answer to an order.
    ///
    /// # Errors
    /// [`WireError::Json`], not in practice.
    pub fn done(&mut self, agent: Agent, id: u64, result: Result<(), String>) -> Result<Message, WireError> {
        let message = answer(agent, id, result)?;
        self.last = Some((id, message.clone()));
        Ok(message)
    }

    /// What the guard let pass and what not.
    #[must_use]
    pub fn counts(&self) -> &GuardCounts {
        self.guard.counts()
    }
}

/// The outcome of an order as a message.
///
/// # Errors
/// [`WireError::Json`], not in practice.
pub fn answer(agent: Agent, id: u64, result: Result<(), String>) -> Result<Message, WireError> {
    let outcome = Outcome::Done { id, ok: result.is_ok(), reason: result.err().unwrap_or_default() };
    Message::json(Kind::Outcome, agent, &outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(id: u64, action: Action) -> Message {
        Message::json(Kind::Action, Agent::Controller, &Order { id, action, inputs_age_ns: 0 }).unwrap()
    }

    fn limit(bit_per_s: f64) -> Action {
        Action::RateLimit { supi: "imsi-001010123456780".into(), bit_per_s: Some(bit_per_s) }
    }

    fn outcome(message: &Message) -> (u64, bool) {
        match message.parse().unwrap() {
            Outcome::Done { id, ok, .. } => (id, ok),
            Outcome::Judged(_) => panic!(),
        }
    }

    #[test]
    fn an_order_passes_once_and_a_foreign_or_wild_one_not_at_all() {
        let mut orders = Orders::new(ActionKind::RateLimit, Limits::default());
        let message = order(1, limit(4e6));
        let (id, approved) = orders.take(&message, Agent::Core, 1).unwrap().unwrap();
        assert_eq!((id, approved.into_action()), (1, limit(4e6)));
        orders.done(Agent::Core, 1, Ok(())).unwrap();
        // The same order again: the same answer, nothing to do.
        assert_eq!(outcome(&orders.take(&message, Agent::Core, 2).unwrap().unwrap_err()), (1, true));
        let wild = order(2, limit(f64::MAX));
        assert_eq!(outcome(&orders.take(&wild, Agent::Core, 3).unwrap().unwrap_err()), (2, false));
        // What it rests on grew old on the way: 4 s since it was sent.
        let resting = Order { id: 4, action: limit(4e6), inputs_age_ns: 1 };
        let mut slow = Message::json(Kind::Action, Agent::Controller, &resting).unwrap();
        slow.header.sent_mono_ns = 1;
        assert_eq!(outcome(&orders.take(&slow, Agent::Core, 4_000_000_001).unwrap().unwrap_err()), (4, false));
        // What takes back an action rests on nothing that could.
        let mut undo = order(5, limit(6e6));
        undo.header.sent_mono_ns = 1;
        assert!(orders.take(&undo, Agent::Core, 4_000_000_002).unwrap().is_ok());
        let foreign = order(3, Action::Power { db: -3.0 });
        assert_eq!(outcome(&orders.take(&foreign, Agent::Core, 4).unwrap().unwrap_err()), (3, false));
        assert!(orders.take(&Message::empty(Kind::Action, Agent::Controller), Agent::Core, 5).is_err());
    }
}
