//! The fields of a call: from the address, and from the body of a POST.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Multipart, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

/// Fields one call may have.
const MAX_FIELDS: usize = 128;

/// Fields by name; of two with one name the later counts.
pub(crate) type Fields = BTreeMap<String, String>;

/// Reads them. A body must be multipart/form-data, as with VOIP.MS, and may have [`MAX_FIELDS`].
pub(crate) async fn read(request: Request) -> Result<Fields, Response> {
    let refused = |code: StatusCode, text: &'static str| (code, text).into_response();
    let of_address = Query::<Vec<(String, String)>>::try_from_uri(request.uri());
    let of_address = of_address.map_err(IntoResponse::into_response)?;
    let mut fields: Fields = of_address.0.into_iter().collect();
    if request.method() == Method::POST {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("multipart/form-data") {
            return Err(refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send a POST as multipart/form-data\n"));
        }
        let mut parts = Multipart::from_request(request, &()).await.map_err(IntoResponse::into_response)?;
        while let Some(part) = parts.next_field().await.map_err(IntoResponse::into_response)? {
            let name = part.name().unwrap_or_default().to_owned();
            fields.insert(name, part.text().await.map_err(IntoResponse::into_response)?);
            if fields.len() > MAX_FIELDS {
                break;
            }
        }
    }
    if fields.len() > MAX_FIELDS {
        return Err(refused(StatusCode::PAYLOAD_TOO_LARGE, "a call has too many fields\n"));
    }
    Ok(fields)
}
