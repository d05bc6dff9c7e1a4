//! The controller's HTTP interface is what its description says.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a test that cannot set up its world fails")]

use serde_json::{Value, json};
use sidecar::controller::http::{Served, routes};
use sidecar::controller::openapi;
use sidecar::controller::state::{
    AgentInfo, ApiState, ConsoleRow, ErrorRow, Goal, KindCounts, PredictionRow, StreamState, UeRow,
};
use sidecar::controller::transmitter::TransmitterState;
use sidecar::tx::{Standing, Stopped};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Why `value` is not what `schema` says, with the place; keywords that are not known here are a reason, too.
fn broken(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let Some(rules) = schema.as_object() else { return (schema != true).then(|| format!("{at}: nothing is allowed")) };
    let all = |schemas: &Value| schemas.as_array().unwrap().clone();
    rules.iter().find_map(|(keyword, rule)| match keyword.as_str() {
        "title" | "description" | "default" | "format" => None,
        "$ref" => {
            let there = root.pointer(rule.as_str().unwrap().trim_start_matches('#'));
            there.map_or(Some(format!("{at}: {rule} leads nowhere")), |there| broken(root, there, value, at))
        }
        "anyOf" | "oneOf" => {
            let fits = all(rule).iter().filter(|s| broken(root, s, value, at).is_none()).count();
            (fits != 1).then(|| format!("{at}: {value} fits {fits} of {rule}"))
        }
        "type" => {
            let is = |name: &Value| match name.as_str().unwrap() {
                "null" => value.is_null(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64() || value.is_u64(),
                "number" => value.is_number(),
                "string" => value.is_string(),
                "array" => value.is_array(),
                "object" => value.is_object(),
                _ => false,
            };
            let good = rule.as_array().map_or_else(|| is(rule), |any| any.iter().any(is));
            (!good).then(|| format!("{at}: {value} is no {rule}"))
        }
        "const" => (rule != value).then(|| format!("{at}: {value} is not {rule}")),
        "enum" => (!all(rule).contains(value)).then(|| format!("{at}: {value} is none of {rule}")),
        "minimum" => (value.as_f64()? < rule.as_f64().unwrap()).then(|| format!("{at}: {value} is below {rule}")),
        "maximum" => (value.as_f64()? > rule.as_f64().unwrap()).then(|| format!("{at}: {value} is above {rule}")),
        "minItems" => (value.as_array()?.len() < rule.as_u64().unwrap() as usize).then(|| format!("{at}: too short")),
        "maxItems" => (value.as_array()?.len() > rule.as_u64().unwrap() as usize).then(|| format!("{at}: too long")),
        "items" => value.as_array()?.iter().find_map(|v| broken(root, rule, v, &format!("{at}[]"))),
        "prefixItems" => {
            all(rule).iter().zip(value.as_array()?).find_map(|(s, v)| broken(root, s, v, &format!("{at}()")))
        }
        "required" => all(rule)
            .iter()
            .find(|k| value.as_object().is_some_and(|o| !o.contains_key(k.as_str().unwrap())))
            .map(|k| format!("{at}: {k} is missing")),
        "additionalProperties" => {
            value.as_object()?.iter().find_map(|(k, v)| broken(root, rule, v, &format!("{at}.{k}")))
        }
        "properties" => value.as_object()?.iter().find_map(|(k, v)| match rule.get(k) {
            Some(schema) => broken(root, schema, v, &format!("{at}.{k}")),
            None => Some(format!("{at}: {k} is not described")),
        }),
        other => Some(format!("{at}: the keyword {other} is not known to this test")),
    })
}

/// A state in which everything is there at least once.
fn full() -> ApiState {
    let phase = json!({"phase": "total", "mean_ns": 4.5e5, "p50_ns": 4e5, "p99_ns": 9e5, "max_ns": 1e6});
    let effect = json!({
        "id": 1, "kind": "rate_limit", "target": "imsi-1", "action": "limit", "why": "greedy",
        "observable": "delivered_bit_per_s", "observed_target": "imsi-2", "before": 1e6, "after": null,
        "verdict": "no_effect", "approved_mono_ns": 5, "mono_ns": 6,
    });
    let burst = json!({
        "id": 2, "samples": 9, "sent": 8, "underflows": 0, "why": {"dead_man": "monitor"}, "began_ns": null, "ended_ns": 7,
    });
    let guard = json!({
        "state": "on_air", "radio_is_safe": false, "pid": 1, "radio": "X310 1", "band": {"low_hz": 1e9, "high_hz": 2e9},
        "rate_hz": 1e6, "transmit_channels": 2, "receive_channels": 1, "mode": "conducted", "policy": null, "who": "Jane Doe", "until": null, "armed_ms": 5,
        "on_air": {"id": 3, "samples": 9, "sent": 1}, "fed_ms": {"loop": null, "monitor": 3}, "recent": [burst],
        "last_stop": "asked", "stops": 1, "bursts": 3, "sent_samples": 9, "underflows": 0, "refusals": {"cap": 2},
        "reception": {"samples": 5, "lost": 0, "peak_dbfs": -40.5}, "log_lines": 9, "log_head": "ab",
    });
    let transmitter = TransmitterState {
        state: Standing::OnAir,
        headline: "ON AIR".into(),
        asked_s: Some(0.1),
        guard: Some(serde_json::from_value(guard).unwrap()),
        stop_by: vec!["sidecar tx stop".into()],
    };
    let mut state = ApiState {
        transmitter,
        run: "r".into(),
        acting: true,
        mono_ns: u64::MAX,
        goal: Some(Goal { text: "fair".into(), kind: "fairness".into() }),
        agents: vec![AgentInfo { agent: "ran".into(), present: true, ..AgentInfo::default() }],
        ues: vec![
            UeRow::default(),
            UeRow { console: ConsoleRow { cqi: Some(15), ..ConsoleRow::default() }, ..UeRow::default() },
        ],
        streams: vec![StreamState { cfo_hz: Some(-3.5), ..StreamState::default() }],
        predictions: vec![PredictionRow::default()],
        errors: vec![ErrorRow::default()],
        actions: vec![serde_json::from_value(effect).unwrap()],
        ..ApiState::default()
    };
    state.fast.latency = vec![serde_json::from_value(phase).unwrap()];
    state.fast.drops.insert("late".into(), 3);
    state.counts.insert("rate_limit".into(), KindCounts::default());
    state.rounds.losses.insert("ran".into(), 0.5);
    state
}

async fn served(token: Option<&str>) -> (String, watch::Sender<Arc<ApiState>>) {
    let (show, state) = watch::channel(Arc::new(full()));
    let (goals, mut stated) = mpsc::channel::<sidecar::controller::http::GoalRequest>(8);
    tokio::spawn(async move {
        while let Some((text, answer)) = stated.recv().await {
            let _gone = answer.send(Goal { text, kind: "fairness".into() });
        }
    });
    let (stops, mut asked) = mpsc::channel::<sidecar::controller::http::StopRequest>(8);
    tokio::spawn(async move {
        while let Some(answer) = asked.recv().await {
            let _gone = answer.send(Ok(Stopped { was: governor::State::OnAir, took_ns: 3 }));
        }
    });
    (serve(Served { state, goals, stops: Some(stops), token: token.map(Arc::from) }).await, show)
}

async fn serve(served: Served) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes(served)).await.unwrap() });
    base
}

fn schema_of<'a>(operation: &'a Value, media: &str) -> Option<&'a Value> {
    operation["responses"]["200"]["content"].get(media).map(|m| &m["schema"])
}

#[tokio::test]
async fn every_route_answers_as_described() {
    let (base, show) = served(None).await;
    let client = reqwest::Client::new();
    let document: Value = client.get(format!("{base}/api/openapi.json")).send().await.unwrap().json().await.unwrap();
    assert_eq!(document, openapi());
    assert!(!document.to_string().contains("[`"), "a link of the code's documentation is left");
    let mut seen = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            seen.push(format!("{method} {path}"));
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{path}");
            let url = format!("{base}{path}");
            let request =
                if method == "post" { client.post(url).json(&json!({"text": "fair"})) } else { client.get(url) };
            let mut answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 200, "{method} {path}");
            let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
            let media = kind.split(';').next().unwrap();
            let schema = schema_of(operation, media).unwrap_or_else(|| panic!("{path}: {media} is not described"));
            let value = match media {
                "application/json" => answer.json().await.unwrap(),
                "text/event-stream" => {
                    show.send_replace(Arc::new(full()));
                    let event = String::from_utf8(answer.chunk().await.unwrap().unwrap().to_vec()).unwrap();
                    let data = event.lines().find_map(|l| l.strip_prefix("data: ")).unwrap();
                    let state = serde_json::from_str(data).unwrap();
                    assert_eq!(broken(&document, &schema["contentSchema"], &state, path), None);
                    continue;
                }
                _ => Value::String(answer.text().await.unwrap()),
            };
            assert_eq!(broken(&document, schema, &value, path), None, "{value}");
        }
    }
    let described = [
        "get /",
        "get /api",
        "get /api/actions",
        "get /api/agents",
        "get /api/events",
        "get /api/goal",
        "post /api/goal",
        "get /api/loop",
        "get /api/openapi.json",
        "get /api/predictions",
        "get /api/rounds",
        "get /api/transmitter",
        "post /api/transmitter/stop",
        "get /api/ues",
    ];
    assert_eq!(seen, described);
    // What is not described is not there.
    assert_eq!(client.get(format!("{base}/api/nothing")).send().await.unwrap().status(), 404);
    assert_eq!(client.post(format!("{base}/api/ues")).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn what_a_goal_may_not_be_is_described() {
    let (base, _show) = served(None).await;
    let answers = openapi()["paths"]["/api/goal"]["post"]["responses"].clone();
    let client = reqwest::Client::new();
    let post = |kind: &'static str, body: String| {
        client.post(format!("{base}/api/goal")).header("content-type", kind).body(body).send()
    };
    let (blank, long) = (r#"{"text":" "}"#.to_owned(), json!({"text": "x".repeat(1001)}).to_string());
    let json = "application/json";
    for (kind, body, status) in [
        (json, "{".to_owned(), "400"),
        ("text/plain", r#"{"text":"x"}"#.to_owned(), "415"),
        (json, "{}".to_owned(), "422"),
        (json, blank, "422"),
        (json, long, "422"),
    ] {
        let answer = post(kind, body).await.unwrap();
        assert_eq!(answer.status().as_str(), status);
        assert!(answers.get(status).is_some(), "{status} is not described");
    }
}

/// A stop that is not confirmed never looks like one that is.
#[tokio::test]
async fn what_is_not_known_to_be_stopped_is_not_said_to_be() {
    let (_show, state) = watch::channel(Arc::new(full()));
    let (goals, _stated) = mpsc::channel(8);
    let served = |stops| Served { state: state.clone(), goals: goals.clone(), stops, token: None };
    let client = reqwest::Client::new();
    let post = async |base: String| {
        let answer = client.post(format!("{base}/api/transmitter/stop")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let described = openapi()["paths"]["/api/transmitter/stop"]["post"]["responses"].clone();
    let (status, text) = post(serve(served(None)).await).await;
    assert!(status == 409 && text.contains("tx.radio") && described.get("409").is_some(), "{status} {text}");
    // the guard is away
    let (stops, mut asked) = mpsc::channel::<sidecar::controller::http::StopRequest>(8);
    tokio::spawn(async move { asked.recv().await.unwrap().send(Err("nobody listens".into())).unwrap() });
    let (status, text) = post(serve(served(Some(stops))).await).await;
    assert_eq!(
        (status, text.as_str()),
        (504, "NOT CONFIRMED: nobody listens. Stop it by other means: sidecar tx stop\n")
    );
    assert!(described.get("504").is_some());
    // it says nothing at all
    let (stops, _silent) = mpsc::channel(8);
    let (status, text) = post(serve(served(Some(stops))).await).await;
    assert!(status == 504 && text.starts_with("NOT CONFIRMED: tx-guard does not answer"), "{status} {text}");
}

#[tokio::test]
async fn with_a_token_only_the_page_is_open() {
    let (base, _show) = served(Some("secret")).await;
    let client = reqwest::Client::new();
    for (path, methods) in openapi()["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let url = format!("{base}{path}");
            let request =
                if method == "post" { client.post(url).json(&json!({"text": "fair"})) } else { client.get(url) };
            let status = request.try_clone().unwrap().send().await.unwrap().status();
            let open = operation.get("security").is_some();
            assert_eq!(open, path == "/");
            assert_eq!(status, if open { 200 } else { 401 }, "{method} {path}");
            assert_eq!(request.bearer_auth("secret").send().await.unwrap().status(), 200, "{method} {path}");
        }
    }
}

#[test]
fn the_check_of_this_test_refuses() {
    let document = openapi();
    let state = &document["paths"]["/api"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    let good = serde_json::to_value(full()).unwrap();
    assert_eq!(broken(&document, state, &good, ""), None);
    for (place, wrong) in [
        ("/mono_ns", json!(-1)),
        ("/goal", json!(3)),
        ("/agents/0/present", json!("yes")),
        ("/actions/0/verdict", json!("good")),
        ("/loop/latency/0", json!({"phase": "total"})),
        ("/ues/0/console", json!({"colour": 3})),
        ("/counts/rate_limit", json!(null)),
        ("/transmitter/state", json!("fine")),
        ("/transmitter/guard/recent/0/why", json!({"dead_man": "nobody"})),
        ("/transmitter/guard/fed_ms/loop", json!("never")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = wrong;
        assert!(broken(&document, state, &bad, "").is_some(), "{place}");
    }
}
