//! `/metrics`: what is counted, in the format that whoever asks says it reads.

use super::{Surface, blocking};
use crate::metrics::Format;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

pub(super) async fn metrics(State(surface): State<Arc<Surface>>, headers: HeaderMap) -> Response {
    let (handles, uptime, format) = (surface.handles.clone(), surface.begun.elapsed(), wanted(&headers));
    match blocking(move || Ok(handles.metrics.text(&handles, uptime, format))).await {
        Ok(text) => (StatusCode::OK, [(header::CONTENT_TYPE, format.media_type())], text).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// OpenMetrics for who names it, the older text format for everybody else.
fn wanted(headers: &HeaderMap) -> Format {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    let mut kinds = accepted.flat_map(|accept| accept.split(','));
    if kinds.any(|kind| kind.trim_start().starts_with("application/openmetrics-text")) {
        Format::OpenMetrics
    } else {
        Format::Plain
    }
}
