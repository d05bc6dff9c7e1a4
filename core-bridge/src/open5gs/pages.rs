//! All pages of one path.

use super::info::{self, InfoError, Page};
use crate::http::{Http, HttpError};

/// Most pages that are asked for: 100 000 UEs.
const MAX_PAGES: usize = 1000;

/// Why the list is not complete.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Page `page` is no page.
    #[error("{url}: {source}")]
    Info {
        /// Asked URL.
        url: String,
        /// What is wrong with it.
        source: InfoError,
    },
    /// The core names a next page that is not on it, or goes in circles.
    #[error("{url}: the next page '{next}' leads elsewhere or round in circles")]
    Next {
        /// Asked URL.
        url: String,
        /// What the pager names.
        next: String,
    },
}

/// Gets `path` (such as `/ue-info`) of `base` (such as `http://127.0.0.5:9090`) page by page.
///
/// # Errors
/// [`PageError`]; a list is complete or it is an error.
pub async fn get_all<T: serde::de::DeserializeOwned>(
    http: &Http,
    base: &str,
    path: &str,
    page_size: u32,
) -> Result<Vec<T>, PageError> {
    let base = base.trim_end_matches('/');
    let mut items = Vec::new();
    for number in 0..MAX_PAGES {
        // The number is ours and not the pager's, so that no answer can lead us to another host or in circles.
        let url = format!("{base}{path}?page={number}&page_size={page_size}");
        let text = http.get(&url).await?;
        let page: Page<T> = info::parse(&text).map_err(|source| PageError::Info { url: url.clone(), source })?;
        let empty = page.items.is_empty();
        items.extend(page.items);
        match page.pager.next {
            None => return Ok(items),
            Some(next) if empty || !next.starts_with(path) => return Err(PageError::Next { url, next }),
            Some(_) => {}
        }
    }
    Err(PageError::Next { url: format!("{base}{path}"), next: format!("page {MAX_PAGES}") })
}
