//! Resolution of a UE's video at the application.

use super::ActError;
use crate::app::Resolution;
use crate::http::Http;
use serde::Serialize;

/// Something that sets what an application sends.
pub trait AppControl: Send + Sync {
    /// Sets the resolution of a UE's video.
    ///
    /// # Errors
    /// [`ActError`].
    fn set_resolution(&self, supi: &str, resolution: Resolution) -> impl Future<Output = Result<(), ActError>> + Send;
}

/// An application behind HTTP: `PUT /app/resolution`.
#[derive(Debug, Clone)]
pub struct HttpAppControl {
    http: Http,
    base: String,
}

#[derive(Serialize)]
struct Wanted<'a> {
    supi: &'a str,
    resolution: Resolution,
}

impl HttpAppControl {
    /// `base` as in `http://127.0.0.1:9096`.
    #[must_use]
    pub fn new(http: Http, base: &str) -> Self {
        Self { http, base: base.trim_end_matches('/').to_owned() }
    }
}

impl AppControl for HttpAppControl {
    async fn set_resolution(&self, supi: &str, resolution: Resolution) -> Result<(), ActError> {
        self.http.put_json(&format!("{}/app/resolution", self.base), &Wanted { supi, resolution }).await?;
        Ok(())
    }
}
