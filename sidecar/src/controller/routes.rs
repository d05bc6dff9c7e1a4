//! What the HTTP interface answers: one table makes the routes and their description.

use super::state::{AgentInfo, ApiState, ErrorRow, Goal, KindCounts, LoopState, PredictionRow, RoundState, UeRow};
use super::transmitter::TransmitterState;
use crate::effect::Effect;
use schemars::{Schema, SchemaGenerator};
use std::collections::BTreeMap;

/// What is behind a path.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// The page.
    Page,
    /// `GET` of a part of the state, and the schema of it.
    Part(fn(&ApiState) -> serde_json::Result<serde_json::Value>, fn(&mut SchemaGenerator) -> Schema),
    /// `POST` of a goal.
    SetGoal,
    /// `POST` that stops the transmitter.
    Stop,
    /// Each new state as a server-sent event.
    Events,
    /// The description of all this.
    Description,
}

/// One path with one method.
pub(super) struct Route {
    /// The path.
    pub path: &'static str,
    /// What it is, for people.
    pub about: &'static str,
    /// What is behind it.
    pub answer: Answer,
}

/// `Answer::Part` of a type: the expression must be of it, and its schema is that of the type.
macro_rules! part {
    ($type:ty, $part:expr) => {
        Answer::Part(
            |state| {
                let part: fn(&ApiState) -> $type = $part;
                serde_json::to_value(part(state))
            },
            |generator| generator.subschema_for::<$type>(),
        )
    };
}

/// Every route.
pub(super) const ROUTES: &[Route] = &[
    Route {
        path: "/",
        about: "A page that shows the state, takes goals and stops the transmitter",
        answer: Answer::Page,
    },
    Route { path: "/api", about: "The state of everything", answer: part!(&ApiState, |a| a) },
    Route { path: "/api/agents", about: "The agents", answer: part!(&Vec<AgentInfo>, |a| &a.agents) },
    Route {
        path: "/api/actions",
        about: "Fate of the actions by kind, and the last judged ones, newest last",
        answer: part!((&BTreeMap<String, KindCounts>, &Vec<Effect>), |a| (&a.counts, &a.actions)),
    },
    Route {
        path: "/api/predictions",
        about: "Last predictions, and how well the models predicted",
        answer: part!((&Vec<PredictionRow>, &Vec<ErrorRow>), |a| (&a.predictions, &a.errors)),
    },
    Route { path: "/api/ues", about: "The UEs across all layers", answer: part!(&Vec<UeRow>, |a| &a.ues) },
    Route { path: "/api/loop", about: "The fast loop", answer: part!(&LoopState, |a| &a.fast) },
    Route {
        path: "/api/rounds",
        about: "The coordination rounds: how many trained, the errors, the training run under way",
        answer: part!(&RoundState, |a| &a.rounds),
    },
    Route {
        path: "/api/goal",
        about: "The goal in force; null where there is none",
        answer: part!(&Option<Goal>, |a| &a.goal),
    },
    Route { path: "/api/goal", about: "States a goal and gives back what was made of it", answer: Answer::SetGoal },
    Route {
        path: "/api/transmitter",
        about: "The radio that transmits: safe, armed, on air, or not observed",
        answer: part!(&TransmitterState, |a| &a.transmitter),
    },
    Route {
        path: "/api/transmitter/stop",
        about: "Stops whatever is transmitted; answers once its guard says that the radio is in the safe state",
        answer: Answer::Stop,
    },
    Route {
        path: "/api/events",
        about: "Server-sent events: each `state` event carries the state of everything as JSON, about five a second, and at once where the transmitter stands otherwise",
        answer: Answer::Events,
    },
    Route { path: "/api/openapi.json", about: "This description, OpenAPI 3.1", answer: Answer::Description },
];
