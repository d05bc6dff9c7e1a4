//! Rate limits per UE at the user plane. Open5GS's UPF enforces none itself, so this is a shaper beside it.

use super::ActError;
use crate::http::Http;
use serde::{Deserialize, Serialize};

/// A UE as the shaper sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserPlaneUe {
    /// Permanent identity.
    pub supi: String,
    /// Limit in force, bit/s; `None` = no limit.
    #[serde(default, alias = "dl_bit_per_s")]
    pub limit_bit_per_s: Option<f64>,
    /// Delivered towards the UE, bit/s; `None` = not observed.
    #[serde(default)]
    pub delivered_bit_per_s: Option<f64>,
}

/// Something that limits what a UE gets.
pub trait UserPlane: Send + Sync {
    /// Limits the downlink of a UE; `None` lifts the limit.
    ///
    /// # Errors
    /// [`ActError`].
    fn set_limit(&self, supi: &str, dl_bit_per_s: Option<f64>) -> impl Future<Output = Result<(), ActError>> + Send;

    /// Every UE with its limit and rate.
    ///
    /// # Errors
    /// [`ActError`].
    fn list(&self) -> impl Future<Output = Result<Vec<UserPlaneUe>, ActError>> + Send;
}

/// A shaper behind HTTP: `PUT /userplane/limit`, `GET /userplane`.
#[derive(Debug, Clone)]
pub struct HttpUserPlane {
    http: Http,
    base: String,
}

#[derive(Serialize)]
struct Limit<'a> {
    supi: &'a str,
    dl_bit_per_s: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum List {
    Plain(Vec<UserPlaneUe>),
    Items { items: Vec<UserPlaneUe> },
}

impl HttpUserPlane {
    /// `base` as in `http://127.0.0.1:9095`.
    #[must_use]
    pub fn new(http: Http, base: &str) -> Self {
        Self { http, base: base.trim_end_matches('/').to_owned() }
    }
}

impl UserPlane for HttpUserPlane {
    async fn set_limit(&self, supi: &str, dl_bit_per_s: Option<f64>) -> Result<(), ActError> {
        if let Some(limit) = dl_bit_per_s.filter(|x| !x.is_finite() || *x <= 0.0) {
            return Err(ActError::Limit(limit.to_string()));
        }
        self.http.put_json(&format!("{}/userplane/limit", self.base), &Limit { supi, dl_bit_per_s }).await?;
        Ok(())
    }

    async fn list(&self) -> Result<Vec<UserPlaneUe>, ActError> {
        let text = self.http.get(&format!("{}/userplane", self.base)).await?;
        match serde_json::from_str(&text) {
            Ok(List::Plain(items) | List::Items { items }) => Ok(items),
            Err(e) => Err(ActError::List(e.to_string())),
        }
    }
}
