//! The HTTP interface's description (OpenAPI 3.1), made from the table of routes and the types they answer with.

use super::http::GoalText;
use super::routes::{Answer, ROUTES, Route};
use super::state::{ApiState, Goal};
use crate::tx::Stopped;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// The document, as `GET /api/openapi.json` gives it. Schemas are JSON Schema 2020-12 under `components/schemas`.
#[must_use]
pub fn openapi() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|s| {
        s.definitions_path = "/components/schemas".into();
        s.meta_schema = None;
    });
    let mut generator = settings.with_transform(RecursiveTransform(without_links)).into_generator();
    let mut paths = Map::new();
    for route in ROUTES {
        let (method, operation) = operation(route, &mut generator);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[method] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "sidecar controller",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "State, goals and events of the loop. `null` is \"not observed\". On loopback without a token unless \
                            `controller.token` is set; anywhere else only with it.",
        },
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    })
}

/// Descriptions come from comments in the code, whose links lead nowhere here.
fn without_links(schema: &mut Schema) {
    if let Some(Value::String(words)) = schema.get_mut("description") {
        *words = words.replace("[`", "`").replace("`]", "`");
    }
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> (&'static str, Value) {
    let answers = |media: &str, schema: Value| {
        let mut answers = Map::new();
        answers.insert("200".into(), json!({"description": route.about, "content": {media: {"schema": schema}}}));
        if !matches!(route.answer, Answer::Page) {
            answers.insert("401".into(), in_words("the token is missing or wrong"));
        }
        answers
    };
    let mut operation = json!({"summary": route.about});
    let (method, responses) = match route.answer {
        Answer::Page => {
            operation["security"] = json!([]);
            ("get", answers("text/html", json!({"type": "string"})))
        }
        Answer::Part(_, schema) => ("get", answers("application/json", schema(generator).to_value())),
        Answer::Description => ("get", answers("application/json", json!({"type": "object"}))),
        Answer::Events => {
            let state = generator.subschema_for::<ApiState>();
            let lines = json!({"type": "string", "contentMediaType": "application/json", "contentSchema": state});
            ("get", answers("text/event-stream", lines))
        }
        Answer::SetGoal => {
            let (text, goal) = (generator.subschema_for::<GoalText>(), generator.subschema_for::<Goal>());
            operation["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": text}}});
            let mut answers = answers("application/json", goal.to_value());
            for (status, words) in [
                ("400", "the body is no JSON"),
                ("413", "the body is larger than 2 MiB"),
                ("415", "the body is not marked as application/json"),
                ("422", "the body has no `text`, or it is blank or longer than 1000 characters"),
                ("503", "the controller is ending"),
            ] {
                answers.insert(status.into(), in_words(words));
            }
            ("post", answers)
        }
        Answer::Stop => {
            let mut answers = answers("application/json", generator.subschema_for::<Stopped>().to_value());
            answers.insert("409".into(), in_words("no radio that transmits is configured"));
            answers.insert("504".into(), in_words("not confirmed by its guard; the text names other ways"));
            ("post", answers)
        }
    };
    operation["responses"] = Value::Object(responses);
    (method, operation)
}

fn in_words(what: &str) -> Value {
    json!({"description": what, "content": {"text/plain": {"schema": {"type": "string"}}}})
}
