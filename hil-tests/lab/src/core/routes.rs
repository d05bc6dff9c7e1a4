//! Which function answers which path.
use super::info;
use super::metrics::{self, Function};
use crate::http::{Handler, Request, Response};
use crate::traffic::Resolution;
use crate::world::SharedWorld;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// Answers of one core function.
#[must_use]
pub fn function(function: Function, world: SharedWorld) -> Handler {
    Arc::new(move |request: &Request| {
        if request.method != "GET" {
            return Response::bad_request();
        }
        match (request.path.as_str(), function) {
            ("/", _) => Response::text(200, "OK\n"),
            ("/metrics", _) => Response::metrics(metrics::text(function, &world.lock())),
            ("/ue-info", Function::Amf) => Response::json(info::ue_info(&world.lock(), &request.query)),
            ("/gnb-info", Function::Amf) => Response::json(info::gnb_info(&world.lock(), &request.query)),
            ("/pdu-info", Function::Smf) => Response::json(info::pdu_info(&world.lock(), &request.query)),
            _ => Response::bad_request(),
        }
    })
}

fn refused(reason: &str) -> Response {
    Response { status: 400, ..Response::json(json!({ "error": reason }).to_string()) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    supi: String,
    dl_bit_per_s: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Play {
    supi: String,
    resolution: Resolution,
}

/// User plane control: `PUT /userplane/limit`, `GET /userplane`.
#[must_use]
pub fn userplane(world: SharedWorld) -> Handler {
    Arc::new(move |request: &Request| match (request.method.as_str(), request.path.as_str()) {
        ("PUT", "/userplane/limit") => {
            let limit: Limit = match serde_json::from_slice(&request.body) {
                Ok(limit) => limit,
                Err(e) => return refused(&e.to_string()),
            };
            if limit.dl_bit_per_s.is_some_and(|l| !(l >= 0.0 && l.is_finite())) {
                return refused("dl_bit_per_s must be a number from 0 up, or null for no limit");
            }
            let mut world = world.lock();
            let Some(ue) = world.ues.iter_mut().find(|u| u.supi == limit.supi && !u.eavesdropper) else {
                return refused("no such supi");
            };
            ue.bucket.set(limit.dl_bit_per_s);
            Response::json(json!({"supi": limit.supi, "dl_bit_per_s": limit.dl_bit_per_s}).to_string())
        }
        ("GET", "/userplane") => {
            let world = world.lock();
            let items: Vec<_> = world
                .ues
                .iter()
                .filter(|u| !u.eavesdropper)
                .map(|u| {
                    let (offered, delivered) = u.rates_bit_per_s();
                    json!({"supi": u.supi, "dl_bit_per_s": u.bucket.limit_bit_per_s(),
                           "offered_bit_per_s": offered, "delivered_bit_per_s": delivered})
                })
                .collect();
            Response::json(json!({"t_s": world.time_s(), "items": items}).to_string())
        }
        _ => Response::bad_request(),
    })
}

/// Application control: `PUT /app/resolution`, `GET /app`.
#[must_use]
pub fn application(world: SharedWorld) -> Handler {
    Arc::new(move |request: &Request| match (request.method.as_str(), request.path.as_str()) {
        ("PUT", "/app/resolution") => {
            let play: Play = match serde_json::from_slice(&request.body) {
                Ok(play) => play,
                Err(e) => return refused(&e.to_string()),
            };
            let mut world = world.lock();
            let Some(ue) = world.ues.iter_mut().find(|u| u.supi == play.supi && !u.eavesdropper) else {
                return refused("no such supi");
            };
            ue.resolution = play.resolution;
            Response::json(json!({"supi": play.supi, "resolution": play.resolution}).to_string())
        }
        ("GET", "/app") => Response::json(world.lock().rates().to_string()),
        _ => Response::bad_request(),
    })
}

/// The lab's own view: `GET /world`, `POST /world/ue/{i}` with `{"state":"on"|"off"|"dead"}`.
#[must_use]
pub fn world(world: SharedWorld) -> Handler {
    Arc::new(move |request: &Request| match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/world") => Response::json(world.lock().view().to_string()),
        ("POST", path) => {
            let index = path.strip_prefix("/world/ue/").and_then(|i| i.parse::<usize>().ok());
            let body: Result<serde_json::Value, _> = serde_json::from_slice(&request.body);
            let Some(index) = index else { return refused("no such terminal") };
            let state = body.as_ref().ok().and_then(|b| b["state"].as_str()).unwrap_or_default();
            let known = match state {
                "on" | "off" => world.lock().switch(index, state == "on"),
                "dead" => world.lock().kill(index),
                _ => return refused("the body must be {\"state\": \"on\"}, \"off\" or \"dead\""),
            };
            if known {
                Response::json(json!({"ue": index, "on": state == "on"}).to_string())
            } else {
                refused("no such terminal")
            }
        }
        _ => Response::bad_request(),
    })
}
