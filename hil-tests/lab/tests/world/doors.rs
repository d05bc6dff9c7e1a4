//! WebSocket and HTTP against recordings of the real ones.
use super::effects::{pass, world};
use futures_util::{SinkExt, StreamExt};
use lab::core::{self, Function};
use lab::world::SharedWorld;
use lab::{http, ws};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

const COMMANDS: &str = include_str!("recorded/commands.jsonl");

/// Every path in `value` with its JSON type; numbers are one type, lists count by their first entry.
fn shape(value: &Value, path: &str, out: &mut BTreeSet<String>) {
    let kind = match value {
        Value::Object(map) => {
            map.iter().for_each(|(k, v)| shape(v, &format!("{path}/{k}"), out));
            "object"
        }
        Value::Array(list) => {
            if let Some(first) = list.first() {
                shape(first, &format!("{path}[]"), out);
            }
            "array"
        }
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Null => "null",
    };
    out.insert(format!("{path}: {kind}"));
}

fn shape_of(text: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    shape(&serde_json::from_str(text).unwrap(), "", &mut out);
    out
}

#[test]
fn every_recorded_command_gets_its_recorded_reply() {
    let mut w = world();
    for line in COMMANDS.lines() {
        let pair: Value = serde_json::from_str(line).unwrap();
        let (request, want) = (pair["request"].as_str().unwrap(), pair["response"].as_str().unwrap());
        let recorded: Value = serde_json::from_str(want).unwrap();
        let stamp = recorded["timestamp"].as_str().unwrap();
        let got = match request.strip_prefix("(binary frame)") {
            Some(_) => ws::binary_reply(stamp),
            None => ws::handle(request, &mut w, stamp).0,
        };
        assert_eq!(got, want, "to {request}");
    }
}

#[test]
fn metrics_have_the_recorded_fields() {
    let mut w = world();
    pass(&mut w, 900, 15.0);
    let texts = ws::period_report(&mut w).texts();
    let find = |kind: &str| texts.iter().find(|t| t.contains(&format!("\"{kind}\":"))).unwrap();
    let mut cells = shape_of(find("cells"));
    cells.retain(|l| !l.contains("event_list"));
    // No uplink was heard: the SNR is absent, an idle UE's RSRP stands in, as recorded of the real one.
    let mut recorded = shape_of(include_str!("recorded/cells.json"));
    recorded.remove("/cells[]/ue_list[]/pusch_snr_db: number");
    recorded.insert("/cells[]/ue_list[]/pusch_rsrp_db: number".into());
    assert_eq!(cells, recorded);
    assert_eq!(shape_of(find("rlc_metrics")), shape_of(include_str!("recorded/rlc_metrics.json")));
    let kinds: BTreeSet<String> = texts
        .iter()
        .flat_map(|t| serde_json::from_str::<serde_json::Map<String, Value>>(t).unwrap().into_iter().map(|(k, _)| k))
        .collect();
    let want = [
        "app_resource_usage",
        "buffer_pool",
        "cells",
        "cu-cp",
        "cu-up",
        "du",
        "du_low",
        "executor_metrics",
        "rlc_metrics",
        "timestamp",
    ];
    assert!(kinds.iter().map(String::as_str).eq(want), "{kinds:?}");
    let cell: Value = serde_json::from_str(find("cells")).unwrap();
    let ue = &cell["cells"][0]["ue_list"][0];
    assert_eq!((&ue["cqi"], &ue["rnti"]), (&Value::from(11), &Value::from(17_921)));
    assert!(ue["dl_brate"].as_f64().unwrap() > 1e6);
}

#[tokio::test]
async fn the_socket_subscribes_answers_and_quits() {
    let shared = SharedWorld::new(world());
    let (metrics, _) = tokio::sync::broadcast::channel(64);
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let listener = http::listen("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/any", listener.local_addr().unwrap());
    tokio::spawn(ws::serve(listener, ws::Remote { world: shared, metrics: metrics.clone(), stop: stop.clone() }));
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let mut next = async |send: Option<Message>| {
        if let Some(send) = send {
            socket.send(send).await.unwrap();
        }
        loop {
            if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
                return text.as_str().to_owned();
            }
        }
    };
    let reply = next(Some(Message::text(r#"{"cmd":"metrics_subscribe"}"#))).await;
    assert!(reply.starts_with(r#"{"cmd":"metrics_subscribe","timestamp":""#), "{reply}");
    assert_eq!(metrics.receiver_count(), 1);
    metrics.send("one".into()).unwrap();
    assert_eq!(next(None).await, "one");
    let reply = next(Some(Message::binary(vec![1, 2]))).await;
    assert!(reply.contains("only supports opcode TEXT"), "{reply}");
    let reply = next(Some(Message::text(r#"{"cmd":"quit"}"#))).await;
    assert!(reply.starts_with(r#"{"cmd":"quit""#));
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert!(stop.load(std::sync::atomic::Ordering::Relaxed));
}

async fn ask(handler: http::Handler, request: &str) -> (String, String) {
    let listener = http::listen("127.0.0.1:0").await.unwrap();
    let mut stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    tokio::spawn(http::serve(listener, handler));
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[tokio::test]
async fn the_core_answers_as_recorded() {
    let mut w = world();
    pass(&mut w, 900, 15.0);
    let shared = SharedWorld::new(w);
    let get = async |function, path: &str| {
        ask(core::function(function, shared.clone()), &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await
    };
    let (head, body) = get(Function::Amf, "/").await;
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\nDate: ") && head.ends_with("Connection: close\r\nContent-Length: 3"),
        "{head}"
    );
    assert_eq!(body, "OK\n");
    for (function, path) in [(Function::Amf, "/nonexistent"), (Function::Smf, "/ue-info"), (Function::Upf, "/pdu-info")]
    {
        let (head, body) = get(function, path).await;
        assert!(head.starts_with("HTTP/1.1 400 Bad Request") && head.ends_with("Content-Length: 12"), "{head}");
        assert_eq!(body, "Bad Request\n");
    }
    let (head, body) = get(Function::Amf, "/ue-info").await;
    assert!(head.contains("Content-Type: application/json\r\nAccess-Control-Allow-Origin: *\r\n"), "{head}");
    assert_eq!(shape_of(&body), shape_of(include_str!("recorded/amf_ue-info.json")));
    assert!(body.contains("imsi-001010123456780") && body.contains("imsi-001010123456781"));
    let (_, body) = get(Function::Smf, "/pdu-info").await;
    assert_eq!(shape_of(&body), shape_of(include_str!("recorded/smf_pdu-info.json")));
    let (_, body) = get(Function::Amf, "/gnb-info").await;
    assert_eq!(shape_of(&body), shape_of(include_str!("recorded/amf_gnb-info.json")));
    let (_, body) = get(Function::Amf, "/ue-info?page=5").await;
    assert_eq!(body, r#"{"items":[],"pager":{"page":5,"page_size":100,"count":0,"prev":"/ue-info?page=4"}}"#);

    let (head, body) = get(Function::Amf, "/metrics").await;
    assert!(head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8"));
    assert!(
        body.contains("\nran_ue 2\n") && body.contains("registeredsubnbr{plmnid=\"00101\",snssai=\"2\"} 1\n"),
        "{body}"
    );
    let (_, body) = get(Function::Smf, "/metrics").await;
    assert!(
        body.contains("creationreq{plmnid=\"\",snssai=\"\"} 2\n")
            && body.contains("creationsucc{plmnid=\"00101\",snssai=\"1\"} 2\n")
    );
}

#[tokio::test]
async fn user_plane_application_and_world_are_steered() {
    let shared = SharedWorld::new(world());
    let send = async |handler, line: &str, body: &str| {
        ask(handler, &format!("{line} HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await
    };
    let userplane = || core::userplane(shared.clone());
    let (head, _) =
        send(userplane(), "PUT /userplane/limit", r#"{"supi":"imsi-001010123456781","dl_bit_per_s":4000000}"#).await;
    assert!(head.starts_with("HTTP/1.1 200"));
    assert_eq!(shared.lock().ues[1].bucket.limit_bit_per_s(), Some(4e6));
    let (_, body) = send(userplane(), "GET /userplane", "").await;
    let list: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(list["items"][1]["dl_bit_per_s"], 4e6);
    for bad in
        [r#"{"supi":"imsi-9","dl_bit_per_s":1}"#, r#"{"supi":"imsi-001010123456781","dl_bit_per_s":-1}"#, "{", ""]
    {
        let (head, _) = send(userplane(), "PUT /userplane/limit", bad).await;
        assert!(head.starts_with("HTTP/1.1 400"), "{bad}");
    }
    send(userplane(), "PUT /userplane/limit", r#"{"supi":"imsi-001010123456781","dl_bit_per_s":null}"#).await;
    assert_eq!(shared.lock().ues[1].bucket.limit_bit_per_s(), None);

    let play = r#"{"supi":"imsi-001010123456780","resolution":"480p"}"#;
    send(core::application(shared.clone()), "PUT /app/resolution", play).await;
    assert_eq!(shared.lock().view()["ues"][0]["resolution"], "480p");
    let door = || core::world(shared.clone());
    let (head, _) = send(door(), "POST /world/ue/1", r#"{"state":"off"}"#).await;
    assert!(head.starts_with("HTTP/1.1 200") && !shared.lock().ues[1].on);
    for (state, is) in [("dead", (false, true)), ("on", (true, false)), ("off", (false, false))] {
        send(door(), "POST /world/ue/1", &format!(r#"{{"state":"{state}"}}"#)).await;
        let world = shared.lock();
        assert_eq!((world.ues[1].on, world.ues[1].dead), is, "{state}");
    }
    let (head, _) = send(door(), "POST /world/ue/1", r#"{"state":"gone"}"#).await;
    assert!(head.starts_with("HTTP/1.1 400"));
    let (head, _) = send(door(), "POST /world/ue/7", r#"{"state":"off"}"#).await;
    assert!(head.starts_with("HTTP/1.1 400"));
}
